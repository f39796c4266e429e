"""A ``ttrpg`` that has started before it is asked: a process of its own for each command line.

Starting Python and importing takes most of the processor's time of a short command, and most tests
of whole programs ask something else: files, exit codes, what is on the streams, what a kill leaves
behind. Here a server imports everything once and forks a child for each request. The child has
streams, a folder and an environment of its own, and may be killed.

What Python reads before the first line of the program runs, such as LC_ALL or PYTHONPATH, is the
server's: a test that sets these, or is about starting, starts ``ttrpg`` itself.
"""

import atexit
import contextlib
import gc
import importlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

STREAMS = (("stdin", "r", -1), ("stdout", "w", -1), ("stderr", "w", 1))
"""Those of a program, their modes and how they are buffered where there is no terminal."""
HEAD = 8
"""Bytes of a length and of an exit status."""
PIECE = 65_536


class Warm:
    """A server with the environment ``env``, which ends with this process."""

    def __init__(self, env):
        self.path = Path(tempfile.mkdtemp(prefix="warm-")) / "socket"
        self.server = subprocess.Popen(
            [sys.executable, __file__, self.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=env,
        )
        assert self.server.stdout.readline() == b"ready\n"

    def run(self, arguments, *, env, cwd, given=b"", timeout=200.0, first=""):
        """Run ``ttrpg`` to its end, like subprocess.run; ``first`` is code to run before."""
        words = [os.fsencode(word) for word in arguments]
        pairs = [os.fsencode(f"{name}={value}") for name, value in env.items()]
        parts = ([os.fsencode(cwd)], [first.encode()], words, pairs)
        request = b"\0\0".join(b"\0".join(part) for part in parts)
        theirs, ours = [], []
        for _ in STREAMS:
            reading, writing = os.pipe()
            theirs.append(writing if ours else reading)
            ours.append(reading if ours else writing)
        with socket.socket(socket.AF_UNIX) as server:
            server.connect(str(self.path))
            socket.send_fds(server, [len(request).to_bytes(HEAD, "big")], theirs)
            for fd in theirs:
                os.close(fd)
            server.sendall(request)
            said = talk(server, *ours, given, time.monotonic() + timeout)
        if said is None:
            raise subprocess.TimeoutExpired(arguments, timeout)
        status, out, err = said
        code = os.waitstatus_to_exitcode(int.from_bytes(status, "big"))
        return subprocess.CompletedProcess(arguments, code, out, err)

    def close(self):
        """End the server."""
        self.server.communicate()
        self.path.unlink()
        self.path.parent.rmdir()


def talk(server, asking, out, err, given, end):
    """Write what is given, and read all there is; None when the time has passed."""
    found = {each: bytearray() for each in (server.fileno(), out, err)}
    given = memoryview(given)
    with selectors.DefaultSelector() as ready:
        for each in found:
            ready.register(each, selectors.EVENT_READ)
        ready.register(asking, selectors.EVENT_WRITE)
        os.set_blocking(asking, False)
        try:
            while ready.get_map():
                for key, _ in ready.select(max(0.0, end - time.monotonic())):
                    over = False
                    if key.fd == asking:
                        try:
                            given = given[os.write(asking, given) :] if given else given
                        except BrokenPipeError:
                            given = given[:0]
                        over = not given
                    else:
                        piece = os.read(key.fd, PIECE)
                        found[key.fd] += piece
                        over = not piece
                    if over:
                        ready.unregister(key.fd)
                        if key.fd != server.fileno():
                            os.close(key.fd)
                if time.monotonic() > end:
                    return None
        finally:
            for fd in {asking, out, err} & set(ready.get_map()):
                os.close(fd)
    return tuple(bytes(each) for each in found.values())


class Asked(Exception):
    """Raised in a child alone, so that it leaves the server's loop; with the request."""


def serve(path):
    """Fork a child for each request, until who started this has gone; children run the program."""
    del sys.path[0]  # this folder, which the program does not see
    load()
    wake, woken = socket.socketpair()
    for each in (wake, woken):
        each.setblocking(False)
    signal.set_wakeup_fd(woken.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen(64)
    ready = selectors.DefaultSelector()
    callers = {}

    def ask():
        caller, _ = listening.accept()
        pid = fork(caller)
        callers[pid] = caller
        ready.register(caller, selectors.EVENT_READ, lambda: give_up(pid, caller))

    def give_up(pid, caller):  # who asked has gone
        ready.unregister(caller)
        if pid in callers:
            os.kill(pid, signal.SIGKILL)

    ready.register(listening, selectors.EVENT_READ, ask)
    ready.register(wake, selectors.EVENT_READ, lambda: wake.recv(PIECE))
    ready.register(sys.stdin, selectors.EVENT_READ, lambda: os._exit(0))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    try:
        while True:
            for key, _ in ready.select():
                key.data()
            for pid, status in ended(callers):
                answer(callers.pop(pid), status, ready)
    except Asked as asked:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        ready.close()
        for each in (wake, woken, listening, *callers.values()):
            each.close()
        become(*asked.args)
    run()


def fork(caller):
    """A child for the request of a caller; its number, and in the child Asked."""
    request, fds = received(caller)
    pid = os.fork()
    if not pid:
        caller.close()
        raise Asked(request, fds)
    for fd in fds:
        os.close(fd)
    return pid


def ended(callers):
    """The children that have come to their end, with their status."""
    while callers:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        yield pid, status


def answer(caller, status, ready):
    """Tell a caller how its child ended, if it is still there."""
    with caller, contextlib.suppress(OSError):
        if caller.fileno() in ready.get_map():
            ready.unregister(caller)
        caller.sendall(status.to_bytes(HEAD, "big"))


def received(caller):
    """A request, and the three streams that came with it."""
    head, fds, _, _ = socket.recv_fds(caller, HEAD, len(STREAMS))
    size = int.from_bytes(head, "big")
    request = bytearray()
    while len(request) < size:
        request += caller.recv(size - len(request))
    return bytes(request), fds


def become(request, fds):
    """Make this child what the caller asked for."""
    take(fds)
    folder, first, words, pairs = request.split(b"\0\0", 3)
    os.environ.clear()
    for pair in pairs.split(b"\0"):
        name, _, value = pair.partition(b"=")
        os.environb[name] = value
    time.tzset()
    os.chdir(folder)
    sys.argv = ["ttrpg", *map(os.fsdecode, words.split(b"\0") if words else [])]
    exec(first, {})  # the caller is a test


def take(fds):
    """Read and write these streams from here on."""
    for number, (fd, (name, mode, buffering)) in enumerate(zip(fds, STREAMS, strict=True)):
        os.dup2(fd, number)
        os.close(fd)
        old = getattr(sys, name)
        stream = os.fdopen(number, mode, buffering, old.encoding, old.errors, closefd=False)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def run():
    """The program, and its end without taking every module apart, which costs as much again."""
    from ttrpg_cli.main import main

    code = 1
    try:
        main()
    except SystemExit as ended:
        code = ended.code
    except BaseException:  # noqa: BLE001 - as Python ends
        sys.excepthook(*sys.exc_info())
    finally:
        threading._shutdown()
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except OSError:
                code = code or 120
        os._exit(code)


LEARNING = """
campaign create Warm
library add BOOK
search falling
ask how far is a fall
combat new Ambush
undo
history
usage
config
roll 1d6
"""
"""What is run once to see what the program imports; a module that is not here is only slower."""


def load():
    """Import what a child that ran a few commands had imported.

    Not numpy and what needs it: a search goes another way where that is loaded, and a program that
    has just started does not have it.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reading)
        learn(writing)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as names:
        known = names.read().split()
    os.waitpid(pid, 0)
    sys.modules["numpy"] = None  # so that an import of it fails
    for name in known:
        with contextlib.suppress(ImportError):  # typing.io and the like are no modules
            importlib.import_module(name)
    del sys.modules["numpy"]
    gc.freeze()


def learn(writing):
    """Run the commands in a home that goes again, and write the names of what is imported then."""
    from ttrpg_cli import main

    take([os.open(os.devnull, os.O_RDWR) for _ in STREAMS])
    pdf = next(Path(main.__file__).with_name("book").glob("*.pdf"))
    with tempfile.TemporaryDirectory() as home:
        os.environ["TTRPG_HOME"] = home
        for line in LEARNING.strip().splitlines():
            main.run([str(pdf) if word == "BOOK" else word for word in line.split()])
    os.write(writing, "\n".join(sys.modules).encode())


if __name__ == "__main__":
    serve(sys.argv[1])
