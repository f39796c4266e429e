"""EPUB: its pages in the order of its spine, with the headings of its outline and printed pages."""

from collections.abc import Iterator

from ttrpg_core.context import Context
from ttrpg_core.documents import Document, Notice, Section, Source
from ttrpg_ingest.ebooks.archive import opened
from ttrpg_ingest.ebooks.binding import Bound
from ttrpg_ingest.ebooks.locks import refuse_locked
from ttrpg_ingest.ebooks.package import package
from ttrpg_ingest.formats import is_epub


class Epub:
    """Reads EPUB 2 and 3 without a lock. No library of other people opens the file."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def sniff(self, head: bytes) -> bool:
        """Whether it is a zip archive that says it is an EPUB, or holds what only an EPUB has."""
        return is_epub(head)

    def describe(self, source: Source) -> Document:
        """What its package says of it, and how many printed pages it knows."""
        with opened(source.path) as archive:
            refuse_locked(archive)
            return Bound(package(archive), archive.read, archive.name).describe()

    def parse(self, source: Source) -> Iterator[Section | Notice]:
        """The sections in the order of the spine."""
        with opened(source.path) as archive:
            refuse_locked(archive)
            bound = Bound(package(archive), archive.read, archive.name)
            yield from bound.sections(source.start)
