"""Reading a file in a child process, with limits that the parent enforces.

``read`` starts the child, hands on what it finds and ends it, whatever happens: at the end of the
book, at an error, at Ctrl-C, when the caller stops asking. Whatever goes wrong in the child is a
ParseError here.
"""

import contextlib
import json
import os
import queue
import re
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, TypeAlias

import attrs

from ttrpg_core.documents import Document, Notice, Section
from ttrpg_core.errors import ParseError
from ttrpg_ingest import wire
from ttrpg_ingest.processes import environ_of

Events: TypeAlias = Generator[Document | Section | Notice, None, None]
"""A document, then its sections, and notices among them."""

PDF = "ttrpg_ingest.pdf:Pdf"
"""The parser that is told the passwords of locked books."""
OPENING = 4
"""How many pages' time a parser has before its first section: it may have to look around."""
POLL_SECONDS = 0.2
"""How often whoever waits looks whether it should stop."""
MAX_LINE = 64_000_000
"""Longest line that a child may say, in bytes."""
MAX_TEXT = 200_000_000
"""Most that a parser may say of a book, in bytes; the longest rule books have a hundredth of it."""
MOST_SECTIONS = 200_000
"""Most sections and notices of a book; a thousand pages of rules have ten thousand."""
LONGEST_SECTION = 100_000
"""Characters after which a section is told in parts."""

_SECRET = re.compile(r"key|token|secret|passw|credential|auth", re.IGNORECASE)
_MALFORMED = (ValueError, TypeError, LookupError, OverflowError, RecursionError)
"""What a line raises that is no JSON, or none that a parser may say."""
_TAIL = 2000


@attrs.frozen
class Limits:
    """Seconds for one page, and megabytes for the whole reading."""

    seconds: float
    megabytes: int


@attrs.frozen
class _Ended:
    """The child closed its output."""


def read(
    target: str,
    path: Path,
    start: int,
    limits: Limits,
    halt: threading.Event | None = None,
    passwords: str = "",
) -> Events:
    """The document, then its sections. Close the iterator to stop reading.

    Another thread stops it by setting ``halt``. ``passwords``, one a line, are the secret of our
    own PDF parser, and no other is told them; they go through a pipe, as others may see arguments
    and environment. Raises ParseError for everything that can go wrong, with the page where it is
    known.
    """
    told = passwords if target == PDF else ""
    with (
        tempfile.TemporaryDirectory(prefix="ttrpg-", ignore_cleanup_errors=True) as folder,
        _child(target, path, start, limits, folder, told) as child,
    ):
        yield from _listen(child, path, limits, halt or threading.Event())


def sniffs(target: str, path: Path, limits: Limits) -> bool:
    """Whether a parser says that a file is of its format, asked in a child.

    Raises ParseError when it cannot say, or takes longer than ``limits.seconds``.
    """
    with (
        tempfile.TemporaryDirectory(prefix="ttrpg-", ignore_cleanup_errors=True) as folder,
        _child(target, path, wire.LOOK, limits, folder) as child,
    ):
        try:
            line = child.hear(limits.seconds, threading.Event())
        except queue.Empty:
            raise ParseError(
                f"{path.name}: looking at it took longer than {limits.seconds:g} seconds",
                source=path.name,
            ) from None
        if isinstance(line, _Ended):
            raise child.died(path, None, limits)
        try:
            kind, said, *_ = json.loads(line)
        except _MALFORMED as error:
            raise ParseError(
                f"{path.name}: no answer of a parser: {line[:40]!r}", source=path.name
            ) from error
        if kind == "error":
            raise ParseError(str(said), source=path.name)
        return said is True


def _listen(child: "_Child", path: Path, limits: Limits, halt: threading.Event) -> Events:
    page: int | None = None
    size = count = 0
    allowed = OPENING * limits.seconds
    while True:
        try:
            line = child.hear(allowed, halt)
        except queue.Empty:
            if halt.is_set():
                return
            raise ParseError(
                f"{path.name}: {_after(page)} took longer than {allowed:g} seconds",
                "Allow more: ttrpg config set library.parse_seconds N",
                source=path.name,
                page=page,
            ) from None
        if isinstance(line, _Ended):
            raise child.died(path, page, limits)
        try:
            kind, *rest = json.loads(line)
            if kind == "end":
                return
            found = _told(kind, rest, path.name)
        except _MALFORMED as error:
            raise ParseError(
                f"{path.name}: the parser yields what is no section: {error}",
                "This is a fault of the parser; tell its author",
                source=path.name,
                page=page,
            ) from error
        count += 1
        size += len(line)
        if isinstance(found, Section):
            page = page if found.page is None else found.page
        if size > MAX_TEXT or count > MOST_SECTIONS:
            raise ParseError(
                f"{path.name} has more text than any book", source=path.name, page=page
            )
        if isinstance(found, Section):
            allowed = limits.seconds
            yield from _bounded(found)
        else:
            yield found


def _bounded(section: Section) -> Iterator[Section]:
    """A section, or one longer than any in parts, so that no later step holds a whole book.

    The parts after the first have no heading, and so stand under that of the first.
    """
    text = section.text
    at = 0
    while at == 0 or at < len(text):
        end = len(text)
        if end - at > LONGEST_SECTION:
            most, least = at + LONGEST_SECTION, at + LONGEST_SECTION // 2
            places = (text.rfind(mark, least, most) for mark in ("\n\n", "\n", " "))
            end = next((place for place in places if place > 0), most)
        part = text if end - at == len(text) else text[at:end].strip("\n")
        yield attrs.evolve(section, text=part)
        section = attrs.evolve(section, heading="", level=0)
        at = max(end, 1)


def _told(kind: str, rest: list[Any], name: str) -> Document | Section | Notice:
    """What a line of the child carries; ParseError when that is its error."""
    if kind == "error":
        message, hint, page = rest
        said = wire.read_notice(message, page)
        raise ParseError(said.text, str(hint), source=name, page=said.page)
    if kind == "document":
        return wire.read_document(rest[0])
    if kind == "notice":
        return wire.read_notice(*rest)
    return wire.read_section(rest[0])


def _after(page: int | None) -> str:
    """What was being read when page ``page`` was the last that came."""
    return "opening it" if page is None else f"what follows page {page + 1} of the file"


class _Child:
    """The running child and the two threads that listen to it."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self.said: queue.Queue[bytes | _Ended] = queue.Queue(maxsize=500)
        self.tail = b""
        self.stopped = False
        out, err = process.stdout, process.stderr
        assert out is not None and err is not None  # noqa: PT018 - both are pipes
        self.threads = [
            threading.Thread(target=self._listen, args=(out,), daemon=True),
            threading.Thread(target=self._keep_tail, args=(err,), daemon=True),
        ]
        for thread in self.threads:
            thread.start()

    def hear(self, seconds: float, halt: threading.Event) -> bytes | _Ended:
        """What it says next; queue.Empty after so many seconds, or when halted."""
        deadline = time.monotonic() + seconds
        while not halt.is_set():
            left = deadline - time.monotonic()
            try:
                return self.said.get(timeout=max(0.0, min(left, POLL_SECONDS)))
            except queue.Empty:
                if left <= POLL_SECONDS:
                    raise
        raise queue.Empty

    def _listen(self, out: IO[bytes]) -> None:
        held: list[bytes] = []
        size = 0
        for part in self._parts(out):
            first, *more = part.split(b"\n")
            held.append(first)
            size += len(first)
            for line in more:
                self._put(b"".join(held))
                held, size = [line], len(line)
            if size > MAX_LINE:
                self._put(b"".join(held))
                held, size = [], 0
        if size:
            self._put(b"".join(held))
        self._put(_Ended())

    def _parts(self, pipe: IO[bytes]) -> Iterator[bytes]:
        """What comes out of a pipe until it is closed, or until nobody wants more.

        Whoever the child has started may keep the pipe open for ever, so the wait has an end.
        """
        waiting = select.poll() if hasattr(select, "poll") else None
        with contextlib.suppress(ValueError, OSError):  # closed while reading
            if waiting is not None:
                waiting.register(pipe.fileno(), select.POLLIN)
            while not self.stopped:
                if waiting is not None and not waiting.poll(1000 * POLL_SECONDS):
                    continue
                part = os.read(pipe.fileno(), 65536)
                if not part:
                    return
                yield part

    def _put(self, line: bytes | _Ended) -> None:
        while not self.stopped:
            try:
                self.said.put(line, timeout=POLL_SECONDS)
            except queue.Full:
                continue
            return

    def _keep_tail(self, err: IO[bytes]) -> None:
        for part in self._parts(err):
            self.tail = (self.tail + part)[-_TAIL:]

    def died(self, path: Path, page: int | None, limits: Limits) -> ParseError:
        """Why the child ended without saying so."""
        code = self.process.wait()
        self.threads[1].join(timeout=5)
        lines = [line for line in self.tail.decode("utf-8", "replace").splitlines() if line.strip()]
        last = lines[-1].strip()[:200] if lines else ""
        how = f"exit code {code}"
        if code < 0:
            with contextlib.suppress(ValueError):
                how = signal.Signals(-code).name
        where = "" if page is None else f" after page {page + 1} of the file"
        if "MemoryError" in last:
            how = f"it needs more than {limits.megabytes} MB of memory"
        elif last:
            how += f": {last}"
        return ParseError(
            f"{path.name}: the parser crashed{where} ({how})",
            "The file may be damaged. If it opens elsewhere, print it to a new PDF and add that",
            source=path.name,
            page=page,
        )

    def end(self) -> None:
        """Kill it, with whatever it started, and let go of its pipes."""
        self.stopped = True
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):  # it has ended by itself
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        for thread in self.threads:
            thread.join(timeout=5)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


@contextlib.contextmanager
def _child(
    target: str, path: Path, start: int, limits: Limits, folder: str, passwords: str = ""
) -> Iterator[_Child]:
    """A child that is certainly gone afterwards.

    It has a session of its own, so that Ctrl-C reaches the parent alone, which then ends it.
    """
    command = [sys.executable, "-P", "-m", "ttrpg_ingest.worker"]
    try:
        process = subprocess.Popen(
            [*command, target, str(path.absolute()), str(start), str(limits.megabytes)],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(os.environ, folder),
            start_new_session=True,
        )
    except OSError as error:
        raise ParseError(
            f"cannot start the parser: {error.strerror}",
            "Close something and try again",
            source=path.name,
        ) from error
    if process.stdin is not None:
        with contextlib.suppress(OSError):  # it is gone, which is told when it is heard
            process.stdin.write(json.dumps(passwords).encode() + b"\n")
            process.stdin.flush()
    child = _Child(process)
    try:
        yield child
    finally:
        child.end()


def environment(environ: Mapping[str, str], folder: str) -> dict[str, str]:
    """The environment of the child: no secrets, and a temporary folder of its own to work in."""
    kept = environ_of({k: value for k, value in environ.items() if not _SECRET.search(k)})
    return kept | {"TMPDIR": folder, "TEMP": folder, "TMP": folder, "PYTHONIOENCODING": "utf-8"}
