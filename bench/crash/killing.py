"""A command in a process that kills itself just before its n-th write to the disk.

What counts as a write is what can leave something behind: SQLite's own system calls (a page, a
truncation, a file that goes), counted where SQLite offers to have them replaced, and Python's
(a file opened to be written, renamed, removed, linked; a folder made). Nothing of the program is
replaced, and it is imported once: each run is a fork of this process.
"""

import _sqlite3  # the library that Python's sqlite3 speaks with
import contextlib
import ctypes
import importlib
import io
import json
import os
import random
import signal
import sqlite3
import sys
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import seeds

from ttrpg_cli.main import run as program
from ttrpg_core.app import App
from ttrpg_core.plugins import Plugins
from ttrpg_core.testing import fakes

START = datetime(2026, 1, 2, tzinfo=UTC)
PATH_EVENTS = frozenset(
    ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate")
)
SEED = "@"
"""Before the name of a function in ``seeds.py`` that is run in the place of a command."""
WARMED = frozenset(
    ("rich", "pygments", "markdown_it", "sqlite_utils", "tomlkit", "cattrs", "platformdirs", "json")
).union(f"ttrpg_{name}" for name in ("core", "cli", "ingest", "search", "providers"))
"""Packages whose modules are imported where a run has wanted them."""
SAID = 600
"""Bytes of what a command said that are handed on."""
SETTINGS = {
    "TTRPG_DISABLE": "*",
    "TTRPG_MODELS_USE": '["fake/echo"]',
    "TTRPG_SEARCH_EMBEDDER": "none",
    "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


class Counter:
    """The writes of this process; it ends at the ``fatal`` one, and never when that is 0."""

    count = 0
    fatal = 0
    root = ""

    def write(self) -> None:
        """One more; called just before it is done."""
        if not self.root:
            return  # nothing is being watched
        self.count += 1
        if self.count == self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    def audit(self, event: str, arguments: tuple[object, ...]) -> None:
        """Python's own writes below the home."""
        if not self.root:
            return
        if event == "open":
            path, _, flags = arguments
            if not (isinstance(flags, int) and flags & WRITING):
                return
        elif event in PATH_EVENTS:
            path = arguments[0]
        else:
            return
        if isinstance(path, (str, os.PathLike)) and os.fspath(path).startswith(self.root):
            self.write()


counter = Counter()


class _Vfs(ctypes.Structure):
    """``sqlite3_vfs`` of sqlite3.h, as far as what replaces a system call (version 3 and later)."""

    _fields_ = [
        ("version", ctypes.c_int),
        ("file_size", ctypes.c_int),
        ("longest_path", ctypes.c_int),
        ("next", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("data", ctypes.c_void_p),
        *((f"method_{number}", ctypes.c_void_p) for number in range(13)),
        ("set_system_call", ctypes.c_void_p),
        ("get_system_call", ctypes.c_void_p),
        ("next_system_call", ctypes.c_void_p),
    ]


VFS_VERSION = 3
"""The first that lets its system calls be replaced."""
_FD, _SIZE, _OFFSET, _POINTER = ctypes.c_int, ctypes.c_size_t, ctypes.c_int64, ctypes.c_void_p
SYSTEM_CALLS: dict[bytes, tuple[type, ...]] = {
    b"pwrite": (ctypes.c_ssize_t, _FD, _POINTER, _SIZE, _OFFSET),
    b"pwrite64": (ctypes.c_ssize_t, _FD, _POINTER, _SIZE, _OFFSET),
    b"write": (ctypes.c_ssize_t, _FD, _POINTER, _SIZE),
    b"ftruncate": (ctypes.c_int, _FD, _OFFSET),
    b"fallocate": (ctypes.c_int, _FD, _OFFSET, _OFFSET),
    b"unlink": (ctypes.c_int, ctypes.c_char_p),
}
_kept: list[object] = []
"""What C code points at, and Python must not let go."""


def watch() -> bool:
    """Count the writes of SQLite and of Python from now on; False where SQLite's are out of reach.

    Then its statements are counted instead, which is coarser: see :func:`_watch_statements`.
    """
    sys.addaudithook(counter.audit)
    try:
        library = ctypes.CDLL(_sqlite3.__file__)
        library.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
        found = library.sqlite3_vfs_find(None)
    except (AttributeError, OSError):
        found = None
    if not found or found.contents.version < VFS_VERSION or not found.contents.set_system_call:
        _watch_statements()
        return False
    get = ctypes.CFUNCTYPE(_POINTER, _POINTER, ctypes.c_char_p)(found.contents.get_system_call)
    put = ctypes.CFUNCTYPE(ctypes.c_int, _POINTER, ctypes.c_char_p, _POINTER)(
        found.contents.set_system_call
    )
    for name, signature in SYSTEM_CALLS.items():
        address = get(found, name)
        if not address:
            continue
        kind = ctypes.CFUNCTYPE(*signature, use_errno=True)
        counted = kind(_counted(kind(address)))
        _kept.append(counted)
        put(found, name, ctypes.cast(counted, _POINTER))
    return True


def _counted(real: Callable[..., int]) -> Callable[..., int]:
    def call(*arguments: object) -> int:
        counter.write()
        return real(*arguments)

    return call


def _watch_statements() -> None:
    connect = sqlite3.connect
    changing = ("INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "BEGIN", "COMMIT", "RELEASE")

    def traced(statement: str) -> None:
        if statement.lstrip("- ").upper().startswith(changing):
            counter.write()

    def watched(*arguments: object, **named: object) -> sqlite3.Connection:
        connection = connect(*arguments, **named)  # type: ignore[call-overload]
        connection.set_trace_callback(traced)
        return connection

    sqlite3.connect = watched  # type: ignore[assignment]


class Ended(NamedTuple):
    """How a run ended: its exit code (None: killed), its writes, and what it said."""

    code: int | None
    writes: int
    said: str


def run(
    home: Path,
    argv: Sequence[str],
    *,
    step: int = 0,
    fatal: int = 0,
    stdin: str = "",
    days: int = 0,
) -> Ended:
    """One command line in a fork, by the clock of its ``step``; killed at its ``fatal`` write.

    Everything is the same from one run to the next: chance has a seed, and the clock is at the
    step's hour and goes a second at each look.
    """
    receive, send = os.pipe()
    child = os.fork()
    if not child:
        os.close(receive)
        code = 99
        try:
            code = _run_here(
                home, argv, START + timedelta(days=days, hours=step), fatal, stdin, send
            )
        except BaseException:  # noqa: BLE001 - it is told through the pipe
            os.write(send, traceback.format_exc().encode())
        finally:
            os._exit(code)
    os.close(send)
    with os.fdopen(receive, encoding="utf-8", errors="replace") as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        if os.WTERMSIG(status) != signal.SIGKILL:
            return Ended(-os.WTERMSIG(status), 0, told)
        return Ended(None, fatal, told)
    if not told.startswith("{"):
        return Ended(os.WEXITSTATUS(status), 0, told)
    data = json.loads(told)
    _warm(data["modules"])
    return Ended(os.WEXITSTATUS(status), data["writes"], data["said"])


def _warm(modules: Sequence[str]) -> None:
    """Import what a run has imported, so that the next ones need not."""
    for name in modules:
        if name not in sys.modules and name.partition(".")[0] in WARMED:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)


def _run_here(
    home: Path, argv: Sequence[str], now: datetime, fatal: int, stdin: str, send: int
) -> int:
    looks = 0

    def clock() -> datetime:
        nonlocal looks
        looks += 1
        return now + timedelta(seconds=looks)

    os.environ.update(SETTINGS, TTRPG_HOME=str(home))
    os.chdir(home)
    plugins = Plugins.discover()
    plugins.register(fakes, "fakes")  # a model that says back what it hears
    out = io.BytesIO()
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin.encode()))
    sys.stdout = sys.stderr = io.TextIOWrapper(out, write_through=True)
    app = App(plugins=plugins, rng=random.Random(7), clock=clock)
    if argv[0].startswith(SEED):
        getattr(seeds, argv[0].removeprefix(SEED))(app)
        app.close()
        return 0
    counter.count, counter.fatal, counter.root = 0, fatal, str(home)
    code = program(list(argv), app)
    counter.root = ""
    told = {
        "writes": counter.count,
        "said": out.getvalue()[-SAID:].decode(errors="replace"),
        "modules": sorted(sys.modules),
    }
    with os.fdopen(send, "w") as pipe:
        json.dump(told, pipe)
    return code
