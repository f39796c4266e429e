"""One book on its way in: which pages are read, by whom, and what was kept of them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeAlias

import attrs

from ttrpg_core import entries
from ttrpg_core.app import App
from ttrpg_core.documents import Document, Notice, Section
from ttrpg_core.errors import ParseError
from ttrpg_ingest.shelf.content import changed
from ttrpg_ingest.shelf.crew import Heard, Part
from ttrpg_ingest.shelf.finding import Found
from ttrpg_ingest.shelf.keeping import Keeper, begin, pruned
from ttrpg_ingest.shelf.shelving import keyword_searcher
from ttrpg_ingest.shelf.titles import title_of

if TYPE_CHECKING:
    from ttrpg_core.views import Progress

PAGES_EACH = 100
"""Pages that are worth a child of their own."""
BYTES_A_PAGE = 4000
"""Bytes that count as a page in the progress, where a format has none."""

Stamp: TypeAlias = tuple[tuple[int, int, int], ...]


@attrs.define(eq=False)
class Job:
    """A book that is to be read, from the file to all of its pages in the database.

    ``replaces`` is the id of the book that it takes the place of. ``shelved`` says that a book with
    this content is on the shelf, ``anew`` that its pages are read once more, ``complete`` that all
    of them are kept. ``digest`` is that of its content, where another copy of it is kept under it.
    """

    found: Found
    sha256: str
    stamp: Stamp
    size: int
    entry: entries.Parser
    start: int = 0
    document: Document | None = None
    title: str = ""
    replaces: str = ""
    shelved: bool = False
    anew: bool = False
    complete: bool = False
    keeper: Keeper | None = None
    parts: list[Part] = attrs.field(factory=list)
    turn: int = 0
    held: dict[int, list[Heard]] = attrs.field(factory=dict)
    reached: dict[int, int] = attrs.field(factory=dict)
    seconds: float = 0.0
    digest: str = ""

    @property
    def name(self) -> str:
        """The name of the file or folder."""
        return self.found.path.name

    @property
    def weight(self) -> int:
        """How much work it is, in pages."""
        pages = self.document.pages if self.document is not None else 0
        return pages or max(1, self.size // BYTES_A_PAGE)

    @property
    def done(self) -> int:
        """How many pages were read, before and now."""
        if self.complete:
            return self.weight
        if self.document is None or not self.document.pages:
            return 0
        return min(self.weight, self.start + sum(self.reached.values()))

    def begin(self, app: App, document: Document) -> bool:
        """Make ready for its pages; False when it must start at its first page after all."""
        self.describe(document)
        at = app.clock().isoformat()
        anew = begin(app.library, self.sha256, self.entry.name, document, at, anew=self.anew)
        if anew and self.start:  # pruned meanwhile, or the parser counts otherwise now
            self.start = 0
            self.parts, self.turn, self.held, self.reached = [], 0, {}, {}
            return False
        self.keeper = Keeper(
            app.library, self.sha256, self.name, self.entry.name, self.start, document.pages
        )
        return True

    def describe(self, document: Document) -> None:
        """What it says of itself."""
        self.document = document
        self.title = self.title or title_of(document, self.found.path, folder=self.found.folder)

    def part(self, start: int, stop: int | None = None) -> Part:
        """A part of it that somebody can read."""
        return Part(self.entry.target, self.found.path, start, stop)

    def split(self, free: int) -> list[Part]:
        """Further parts for children that have nothing else to do; the first one reads less."""
        pages = self.document.pages if self.document is not None else 0
        count = min(free + 1, (pages - self.start) // PAGES_EACH)
        if count < 2 or len(self.parts) > 1:  # noqa: PLR2004 - one part is no split
            return []
        step = -(-(pages - self.start) // count)
        bounds = [*range(self.start, pages, step)]
        self.parts[0].stop = bounds[1]
        stops = [*bounds[2:], None]
        more = [self.part(at, stop) for at, stop in zip(bounds[1:], stops, strict=True)]
        self.parts += more
        return more

    def share(self) -> Part | None:
        """Half of what is left of its last part, for a child that has nothing else to do."""
        if self.keeper is None or self.document is None or self.complete:
            return None
        last = self.parts[-1]
        read = last.start + self.reached.get(len(self.parts) - 1, 0)
        left = self.document.pages - read
        if left < 2 * PAGES_EACH:
            return None
        last.stop = read + left // 2
        self.parts.append(self.part(last.stop))
        return self.parts[-1]

    def hear(self, heard: Heard) -> bool:
        """Keep what came, in the order of the pages; whether that was all of the book."""
        number = self.parts.index(heard.part)
        heard = _up_to(heard, heard.part.stop)
        for found in heard.found:
            page = getattr(found, "page", None)
            if page is not None:
                self.reached[number] = max(self.reached.get(number, 0), page - heard.part.start)
        if number != self.turn:
            self.held.setdefault(number, []).append(heard)
            return False
        self._take(heard)
        while self.turn < len(self.parts) and self.turn in self.held:
            for waiting in self.held.pop(self.turn):
                self._take(waiting)
        if self.turn < len(self.parts):
            return False
        if self.keeper is not None:
            self.keeper.keep_rest()
        return True

    def keep(self) -> int:
        """Keep the pages that are complete, when it must stop; answers how many there are."""
        if self.keeper is None or self.complete:
            return 0
        self.keeper.keep()
        return self.keeper.kept

    def _take(self, heard: Heard) -> None:
        if heard.error is not None:
            self.keep()
            raise heard.error
        for found in heard.found:
            if self.keeper is not None and isinstance(found, (Section, Notice)):
                self.keeper.take(found)
        if heard.ended:
            if heard.part.stop is not None and self.keeper is not None:
                self.keeper.page = max(self.keeper.page, heard.part.stop)
            self.turn += 1

    def check(self, app: App) -> None:
        """ParseError when there is no text in it, or when it or its pages changed meanwhile."""
        if changed(self.found, self.stamp, self.digest or self.sha256):
            self._give_up(app)
            raise ParseError(
                f"{self.name} changed while it was read",
                "Wait until it is whole, and add it again",
                source=self.name,
            )
        now = app.library.reading(self.sha256)
        if now is None or now.done < now.total:
            raise pruned(self.name)
        if not any(section.text.strip() for section in app.library.sections(self.sha256)):
            self._give_up(app)
            raise ParseError(
                f"{self.name}: no text on any page; it is probably scanned",
                "Run text recognition over it first, for instance with OCRmyPDF, and add the"
                " result",
                source=self.name,
            )

    def _give_up(self, app: App) -> None:
        """Forget the reading; a book on the shelf can be found as it was, an orphan is gone."""
        with app.store.transaction():
            if app.library.book_of(self.sha256) is not None:
                app.library.unread(self.sha256)
                return
            searcher = keyword_searcher(app)
            if searcher is not None:
                searcher.remove(self.sha256)
            app.library.forget(self.sha256)


def _up_to(heard: Heard, stop: int | None) -> Heard:
    """What was heard, without the pages that were read before they were given to another part."""
    if stop is None:
        return heard
    own = (each for each in heard.found if isinstance(each, Document) or (each.page or 0) < stop)
    return attrs.evolve(heard, found=tuple(own))


def documents(heard: Heard) -> Iterator[Document]:
    """The descriptions in what was heard: one, at the beginning of a part."""
    for found in heard.found:
        if isinstance(found, Document):
            yield found


class Bar:
    """One bar over all books of a run, in pages."""

    def __init__(self, app: App, title: str, jobs: list[Job]) -> None:
        self.jobs = jobs
        total = sum(job.weight for job in jobs)
        paged = any(job.document is not None and job.document.pages for job in jobs)
        self._context = app.screen.progress(
            title, total if paged or len(jobs) > 1 else 0, self._done()
        )
        self._shown: Progress | None = self._context.__enter__()
        self._last = self._done()

    def update(self, job: Job) -> None:
        """A book went on."""
        done = self._done()
        if self._shown is not None and done > self._last:
            self._last = done
            self._shown.update(done, job.title if len(self.jobs) > 1 else "")

    def close(self) -> None:
        """Take the bar away; for good."""
        if self._shown is not None:
            self._shown = None
            self._context.__exit__(None, None, None)

    def _done(self) -> int:
        return sum(job.done for job in self.jobs)
