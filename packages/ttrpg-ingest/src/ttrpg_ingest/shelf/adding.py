"""Adding books: found, described, told from what is there, read by several children, shelved.

Ctrl-C or a power cut costs a second of work: pages are kept as they come, and the same command goes
on where it stopped. Only this process's one thread writes to the database.
"""

import os
import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import attrs

from ttrpg_core import entries
from ttrpg_core.app import App
from ttrpg_core.documents import Document
from ttrpg_core.errors import InputError, NotFound, ParseError, TtrpgError
from ttrpg_core.library import Book
from ttrpg_ingest.choosing import choose, named
from ttrpg_ingest.reading import Limits
from ttrpg_ingest.shelf import content
from ttrpg_ingest.shelf.copies import Copies
from ttrpg_ingest.shelf.crew import Crew, Heard, Part
from ttrpg_ingest.shelf.finding import Found, Suffixes, find, gather
from ttrpg_ingest.shelf.jobs import Bar, Job, documents
from ttrpg_ingest.shelf.shelving import Added, Ready, index, keyword_searcher, shelve
from ttrpg_ingest.shelf.titles import alike
from ttrpg_ingest.shelf.wishes import IfThere, Wishes, checked


@attrs.frozen
class Failed:
    """A file or folder that could not be added, and why; ``place`` is that of its argument."""

    path: str
    error: TtrpgError
    place: int = 0


@attrs.frozen
class Skipped:
    """A file left aside, as a book on the shelf has its title and other content."""

    path: str
    book: Book


@attrs.frozen
class Copied:
    """A file with the same content as another one of the same run."""

    path: str
    of: str


Came: TypeAlias = Added | Failed | Skipped | Copied
"""What came of one file."""


def add(app: App, file: str | os.PathLike[str], title: str = "", **wishes: str | int) -> Added:
    """Put one file or folder on the shelf; what is there already is answered as it is.

    Raises NotFound and InputError for the path, ParseError for the file, StoreError. The other
    words are those of :class:`.Wishes`.
    """
    wanted = attrs.evolve(Wishes(title=title, if_there="both"), **wishes)  # type: ignore[arg-type]
    found = find(file, Suffixes.of(app.plugins, each=wanted.each))
    if len(found) != 1:
        raise InputError(f"{file} is a folder with {len(found)} books", "Name one of them")
    adding = Adding(app, checked(app, wanted))
    if "if_there" not in wishes:
        adding.copies.choice = "skip"
    (came,) = adding.run(found)
    if isinstance(came, Failed):
        raise came.error
    if not isinstance(came, Added):
        raise InputError(f"{file} was left aside", 'Say if_there="update" or "both"')
    return came


def add_all(app: App, given: Iterable[str | os.PathLike[str]], wishes: Wishes) -> Iterator[Came]:
    """Put files, folders and what patterns match on the shelf; what came of each, as it comes."""
    wanted = checked(app, wishes)
    found, failed = gather(given, Suffixes.of(app.plugins, each=wanted.each))
    if wanted.title and len(found) > 1:
        raise InputError(f"--title names one book; here are {len(found)}", "Add them one by one")
    for place, path, error in failed:
        yield Failed(path, error, place)
    places = {content.keepable(book.path): place for place, book in found}
    for came in Adding(app, wanted).run(book for _, book in found):
        yield attrs.evolve(came, place=places[came.path]) if isinstance(came, Failed) else came


class Adding:
    """One run of adding."""

    def __init__(self, app: App, wishes: Wishes) -> None:
        self.app = app
        self.wishes = wishes
        self.choice: IfThere = wishes.if_there
        self.copies = Copies(app, wishes)
        self.limits = Limits(
            app.settings.library.parse_seconds, app.settings.library.parse_megabytes
        )
        self.most = wishes.jobs or os.cpu_count() or 1
        self.active: dict[Part, Job] = {}
        self.waiting: deque[Job] = deque()
        self.read: list[Job] = []
        self.bar: Bar | None = None

    def run(self, found: Iterable[Found]) -> Iterator[Came]:
        """What comes of each, in the order in which they are ready."""
        keyword_searcher(self.app)  # asked first, so that a wrong setting costs no reading
        jobs: list[Job] = []
        seen: dict[str, Found] = {}
        for each in found:
            try:
                job = self._prepare(each, seen)
            except TtrpgError as error:
                yield Failed(content.keepable(each.path), error)
                continue
            if isinstance(job, Job):
                jobs.append(job)
            else:
                yield job
        with Crew(self.limits, self.wishes.passwords) as crew:
            if len(jobs) > 1:
                yield from self._describe(crew, jobs)
                jobs = [job for job in jobs if job.document is not None]
                for job in list(jobs):
                    left = self._left_aside(job)
                    if left is not None:
                        jobs.remove(job)
                        yield left
                jobs.sort(key=lambda job: -job.weight)  # the longest first, so none is left alone
            yield from self._read(crew, jobs)

    def _prepare(self, found: Found, seen: dict[str, Found]) -> Job | Added | Copied:
        """What is to be done with a book, or what came of it where that is nothing."""
        app = self.app
        stamp = content.stamp(found)
        digest = content.digest_of(found)
        if digest in seen and self.wishes.if_there != "both":
            return Copied(content.keepable(found.path), content.keepable(seen[digest].path))
        seen.setdefault(digest, found)
        there, sha256 = self.copies.place(digest, found)
        reading = app.library.reading(sha256)
        whole = reading is not None and reading.finished
        update = there is not None and self.copies.choice == "update"
        if there is not None and whole and not update:
            return self._there(there, found)
        entry = self._parser(found)
        job = Job(found, sha256, stamp, sum(each[0] for each in stamp), entry)
        job.digest = digest
        if self.wishes.title:
            job.title = self.wishes.title
        read_so = reading is not None and self.wishes.parser in {"", reading.parser}
        if there is not None:
            job.shelved, job.replaces = True, there.id if update else ""
        job.anew = whole and update
        job.complete = whole and read_so and not update
        if reading is not None and not whole and reading.total and reading.parser == entry.name:
            job.start = reading.done
        return job

    def _there(self, book: Book, found: Found) -> Added:
        """It is on the shelf; a searcher that was away when it was added may have come since."""
        if self.wishes.parser not in {"", book.parser}:
            raise InputError(
                f"{found.path.name} is on the shelf already, as {book.parser} reads it",
                "--if-there update reads it anew",
            )
        searcher = keyword_searcher(self.app)
        if searcher is not None and not self.app.library.is_indexed(searcher, book.sha256):
            with self.app.store.transaction():
                index(searcher, book.sha256, list(self.app.library.chunks(book.sha256)))
        return Added(book, new=False, searchable=searcher is not None)

    def _parser(self, found: Found) -> entries.Parser:
        wanted = self.wishes.parser
        if not found.folder:
            return choose(self.app, found.path, wanted)
        if wanted:
            entry = named(self.app, wanted)
            if not entry.folders:
                raise InputError(
                    f"{wanted} reads files, and {found.path.name} is a folder",
                    "Say --each to read every file of it by itself",
                )
            return entry
        known = self.app.plugins.entries(entries.Parser).values()
        return max((e for e in known if e.folders), key=lambda entry: entry.priority)

    def _describe(self, crew: Crew, jobs: list[Job]) -> Iterator[Failed]:
        """Ask every book what it is, before any of them is read."""
        waiting = deque(jobs)
        running: dict[Part, Job] = {}
        while waiting or running:
            while waiting and len(running) < self.most:
                job = waiting.popleft()
                part = job.part(0, 0)
                running[part] = job
                crew.start(part)
            heard = crew.listen()
            job = running[heard.part]
            for document in documents(heard):
                job.describe(document)
            if heard.ended:
                del running[heard.part]
                if job.document is None:
                    yield Failed(content.keepable(job.found.path), _error(heard, job))

    def _read(self, crew: Crew, jobs: list[Job]) -> Iterator[Came]:
        """Read the books, as many at once as there are children; shelve each when it is whole."""
        self.waiting.extend(jobs)
        self.read = jobs
        if len(jobs) > 1:
            resumed = sum(job.start > 0 for job in jobs)
            if resumed:
                self.app.screen.say(f"{resumed} of {len(jobs)} go on where they stopped", "dim")
            self.bar = Bar(self.app, f"Reading {len(jobs)} books", jobs)
        try:
            while self.waiting or self.active:
                self._start(crew)
                heard = crew.listen()
                job = self.active.get(heard.part)
                if job is None:
                    continue  # of a book that was given up
                came = self._hear(crew, job, heard)
                if came is not None:
                    yield came
        except KeyboardInterrupt:
            self._close()
            self._stop()
            raise
        finally:
            self._close()

    def _hear(self, crew: Crew, job: Job, heard: Heard) -> Came | None:
        """Take what came of a book; what came of the book itself, when that is known now."""
        came: Came | None = None
        try:
            for document in documents(heard):
                came = self._begin(crew, job, document)
            if came is None and heard.part in self.active:
                whole = job.hear(heard)
                if self.bar is not None:
                    self.bar.update(job)
                if whole:
                    came = self._shelve(job)
        except TtrpgError as error:
            came = Failed(content.keepable(job.found.path), error)
        if heard.ended or came is not None:
            self._release(job if came is not None else None, heard.part)
        return came

    def _start(self, crew: Crew) -> None:
        while self.waiting and len(self.active) < self.most:
            job = self.waiting.popleft()
            job.seconds = time.monotonic()
            part = job.part(job.start, job.start if job.complete else None)
            job.parts = [part]
            self.active[part] = job
            crew.start(part)
        while len(self.active) < self.most:
            shared = next(((p, j) for j in set(self.active.values()) if (p := j.share())), None)
            if shared is None:
                return
            part, job = shared
            self.active[part] = job
            crew.start(part)

    def _begin(self, crew: Crew, job: Job, document: Document) -> Skipped | None:
        """The first words of a part: the book's own begin it, those of a later part are known."""
        if job.keeper is not None:
            return None
        if job.document is None:  # one book alone was not asked before
            job.describe(document)
            left = self._left_aside(job)
            if left is not None:
                return left
        if job.complete:
            return None
        start = job.start
        if not job.begin(self.app, document):
            self._release(job, None)
            self.waiting.appendleft(job)
            return None
        if self.bar is None:
            if start:
                said = f"continuing at page {start + 1} of {document.pages}"
                self.app.screen.say(said, "dim")
            self.bar = Bar(self.app, job.title, [job])
        free = self.most - len(self.active) - len(self.waiting)
        for part in job.split(max(0, free)):
            self.active[part] = job
            crew.start(part)
        return None

    def _release(self, job: Job | None, part: Part | None) -> None:
        for each in [p for p, owner in self.active.items() if p is part or owner is job]:
            if job is not None:
                each.stop = -1  # whoever still reads it stops at its next page
            del self.active[each]

    def _shelve(self, job: Job) -> Added:
        app = self.app
        job.check(app)
        job.complete = True
        if job.document is None:
            raise ParseError(f"{job.name}: the parser does not describe it", source=job.name)
        added = shelve(
            app,
            Ready(
                job.found,
                job.sha256,
                job.entry.name,
                job.document,
                job.title,
                job.size,
                self.wishes,
                job.replaces,
            ),
        )
        if self.bar is not None:
            self.bar.update(job)
        return attrs.evolve(added, seconds=round(time.monotonic() - job.seconds, 2))

    def _left_aside(self, job: Job) -> Skipped | None:
        """Whether a book is not read, as another of its name is there."""
        copy = job.digest and job.sha256 != job.digest
        there = None if job.shelved or copy else self._namesake(job)
        if there is not None and self._decide(job, there) == "skip":
            return Skipped(content.keepable(job.found.path), there)
        return None

    def _namesake(self, job: Job) -> Book | None:
        """A book on the shelf that this is newer or other content of: same file, or same title."""
        books = [each for each in self.app.library.books() if each.sha256 != job.sha256]
        path = content.keepable(job.found.path)
        same_file = [each for each in books if each.path == path]
        same_title = [
            each for each in books if each.parser == job.entry.name and alike(each.title, job.title)
        ]
        return next(iter(same_file + same_title), None)

    def _decide(self, job: Job, there: Book) -> IfThere:
        """What to do with other content of the same name; asked once, for all."""
        if not self.choice:
            ask = self.app.screen.ask
            about = f'"{there.title}" is on the shelf with other content than {job.name}.'
            if ask(f"{about} Replace what is there?", default=False):
                self.choice = "update"
            elif ask("Keep both?", default=False):
                self.choice = "both"
            else:
                self.choice = "skip"
        if self.choice == "update":
            job.replaces = there.id
        return self.choice

    def _close(self) -> None:
        if self.bar is not None:
            self.bar.close()

    def _stop(self) -> None:
        """Ctrl-C: keep what was read, and say so."""
        kept = sum(job.keep() for job in self.read if job.keeper is not None)
        if kept:
            self.app.screen.say(f"Kept {kept} pages; the same command goes on from there")


def _error(heard: Heard, job: Job) -> TtrpgError:
    """Why a part ended; what is no error of ours is raised."""
    if isinstance(heard.error, TtrpgError):
        return heard.error
    if heard.error is not None:
        raise heard.error
    return NotFound(f"{job.name} does not say what it is", "This is a fault of its parser")
