"""Pages kept as they are read, so that a power cut costs a second of work."""

import time
from typing import TypeAlias

import attrs

from ttrpg_core.documents import Document, Notice, Section
from ttrpg_core.errors import ParseError
from ttrpg_core.library import Library

BATCH_PAGES = 40
"""Pages that are kept together, at the most."""
BATCH_SECONDS = 1.0
"""Seconds after which the pages that were read are kept."""

Piece: TypeAlias = Section | Notice
"""What a reading finds on a page."""


@attrs.define
class Keeper:
    """Keeps whole pages in batches.

    Another process may be reading the same file: whoever keeps a page first has kept it, and the
    other's copy of it is dropped, so that no page is there twice. When it began anew, the pages
    that were kept here are gone, which is an error. ``page`` is the one being read, ``kept`` how
    many are in the database.
    """

    library: Library
    sha256: str
    name: str
    parser: str
    page: int
    pages: int
    waiting: list[Piece] = attrs.field(factory=list)
    kept: int = 0
    since: float = attrs.field(factory=time.monotonic)

    def __attrs_post_init__(self) -> None:
        self.kept = self.page

    def take(self, piece: Piece) -> None:
        """One more section or notice; the pages before its own are complete."""
        if piece.page is not None and piece.page > self.page:
            self.page = piece.page
            late = time.monotonic() - self.since > BATCH_SECONDS
            if late or self.page - self.kept >= BATCH_PAGES:
                self.keep()
        self.waiting.append(piece)

    def keep(self) -> None:
        """Keep the pages that are complete."""
        if self.pages and self.page > self.kept:
            ready = [piece for piece in self.waiting if (piece.page or 0) < self.page]
            self.waiting = [piece for piece in self.waiting if (piece.page or 0) >= self.page]
            self._write(ready, self.page)

    def keep_rest(self) -> None:
        """Keep everything: the reading came to the end."""
        waiting, self.waiting = self.waiting, []
        last = max((piece.page + 1 for piece in waiting if piece.page is not None), default=1)
        self._write(waiting, max(self.pages, self.page, last))

    def _write(self, pieces: list[Piece], done: int) -> None:
        with self.library.store.transaction():
            now = self.library.reading(self.sha256)
            if now is None or now.parser != self.parser or now.done < self.kept:
                raise pruned(self.name)
            if not now.finished and now.done < done:
                fresh = [piece for piece in pieces if (piece.page or 0) >= now.done]
                self.library.keep(
                    self.sha256,
                    [each for each in fresh if isinstance(each, Section)],
                    done,
                    dict.fromkeys(
                        each
                        for each in fresh
                        if isinstance(each, Notice) and each not in now.notices
                    ),
                )
        self.kept, self.since = done, time.monotonic()


def begin(
    library: Library, sha256: str, parser: str, document: Document, at: str, *, anew: bool
) -> bool:
    """Make ready to keep; whether it begins anew, as is wished or what is kept does not fit."""
    with library.store.transaction():
        now = library.reading(sha256)
        if anew or now is None or now.parser != parser or now.total != document.pages:
            anew = True
            library.begin(sha256, parser, document.pages, at)
    return anew


def pruned(name: str) -> ParseError:
    """What is said when another process forgot the pages meanwhile, or began to read them anew."""
    return ParseError(
        f"what was read of {name} was pruned or begun anew meanwhile", "Add it again", source=name
    )
