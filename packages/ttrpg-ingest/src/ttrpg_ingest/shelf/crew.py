"""Several children reading at once, heard in one place.

Each part of a book is read by a child process and heard by a thread; what they find comes out of
one queue, so the one thread that owns the database takes it a page at a time. A part is a book, or
a range of the pages of a long one.
"""

import contextlib
import queue
import threading
from pathlib import Path
from typing import Self

import attrs

from ttrpg_core.documents import Document, Notice, Section
from ttrpg_ingest.reading import POLL_SECONDS, Limits, read

WAITING = 64
"""Pages that may wait to be taken; whoever reads faster waits."""


@attrs.define(eq=False)
class Part:
    """Pages of one book from ``start`` on, up to ``stop`` where it is given.

    ``stop`` may be set while it is read, when others take over the rest; one that is ``start``
    itself asks for the description alone.
    """

    target: str
    path: Path
    start: int = 0
    stop: int | None = None


@attrs.frozen
class Heard:
    """What came of a part: what stands on a page, or that it ended, and how."""

    part: Part
    found: tuple[Document | Section | Notice, ...] = ()
    ended: bool = False
    error: BaseException | None = None


class Crew:
    """Reads parts at once. Use it in a ``with``: no child outlives the block."""

    def __init__(self, limits: Limits, passwords: str = "") -> None:
        self.limits = limits
        self._passwords = passwords
        self._heard: queue.Queue[Heard] = queue.Queue(WAITING)
        self._halt = threading.Event()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End every child."""
        self._halt.set()
        for thread in self._threads:
            thread.join()

    def start(self, part: Part) -> None:
        """Begin to read a part."""
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=self._work, args=(part,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def listen(self) -> Heard:
        """What was found next, of any part."""
        return self._heard.get()

    def _work(self, part: Part) -> None:
        failed: BaseException | None = None
        try:
            self._read(part)
        except BaseException as error:  # noqa: BLE001 - whoever listens raises it
            failed = error
        self._put(Heard(part, ended=True, error=failed))

    def _read(self, part: Part) -> None:
        page: list[Document | Section | Notice] = []
        here: int | None = None
        reading = read(part.target, part.path, part.start, self.limits, self._halt, self._passwords)
        with contextlib.closing(reading) as events:
            try:
                for found in events:
                    if isinstance(found, Document):
                        self._put(Heard(part, (found,)))
                        if part.stop == part.start:
                            return
                        continue
                    if found.page is not None and found.page != here:
                        if part.stop is not None and found.page >= part.stop:
                            return
                        if page:
                            self._put(Heard(part, tuple(page)))
                            page.clear()
                        here = found.page
                    page.append(found)
            finally:
                if page:
                    self._put(Heard(part, tuple(page)))

    def _put(self, heard: Heard) -> None:
        while not self._halt.is_set():
            try:
                self._heard.put(heard, timeout=POLL_SECONDS)
            except queue.Full:
                continue
            return
