"""The PDF parser: a style and an outline for the whole book, then page after page."""

from collections.abc import Iterator
from pathlib import Path

import attrs
import pypdfium2  # type: ignore[import-untyped]  # ctypes, without types
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]  # ctypes, without types

from ttrpg_core.context import Context
from ttrpg_core.documents import Document, Notice, Section, Source
from ttrpg_core.errors import ParseError
from ttrpg_ingest.folding import fold, joined
from ttrpg_ingest.formats import is_pdf
from ttrpg_ingest.pdf import file, ocr
from ttrpg_ingest.pdf.flow import CARRIED, Carried, lines_of, sections_of
from ttrpg_ingest.pdf.ink import Face, Ink, read_ink
from ttrpg_ingest.pdf.outline import Outline, marks_of
from ttrpg_ingest.pdf.style import Style, sample


@attrs.define(eq=False)
class _Opened:
    """A file held open: PDFium's document, pypdf's structure, and what must not be unpacked."""

    path: Path
    document: pypdfium2.PdfDocument | None
    structure: file.Structure
    bombs: frozenset[int]
    faces: dict[tuple[bytes, bool, bool], Face] = attrs.field(factory=dict)


class Pdf:
    """Reads PDF; what one call opened is kept for the next, as describing comes before parsing."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._opened: _Opened | None = None

    def sniff(self, head: bytes) -> bool:
        """Whether the header stands at the start of a line; some have junk before it."""
        return is_pdf(head)

    def describe(self, source: Source) -> Document:
        """Title, authors, publisher, language and number of pages."""
        opened = self._open(source.path)
        pages = _count(opened)
        if not pages:
            raise ParseError(f"{source.path.name} has no pages", source=source.path.name)
        about = opened.structure.about()
        authors = tuple(name for name in [about.get("author", "")] if name)
        return Document(
            about.get("title", ""),
            pages,
            authors,
            about.get("language", ""),
            about.get("publisher", ""),
        )

    def parse(self, source: Source) -> Iterator[Section | Notice]:
        """The sections from page ``source.start`` on; ParseError when no page has any text."""
        opened = self._open(source.path)
        total = self.describe(source).pages
        outline = Outline.of(marks_of(opened.structure.reader), total)
        chosen = {index: self._ink(opened, index) for index in sample(total)}
        style = Style.learnt(
            {index: lines_of(ink) for index, ink in chosen.items() if isinstance(ink, Ink)}
        )
        labels = opened.structure.labels(total)
        carried = Carried()
        found = False
        for index in range(max(0, source.start - CARRIED - 1), total):
            ink = chosen.pop(index, None) or self._ink(opened, index)
            label = labels[index] if labels else None
            for each in self._page(opened, ink, style, outline, index, label, carried):
                if index >= source.start:
                    found = found or isinstance(each, Section)
                    yield each
        if not found and source.start == 0:
            raise file.no_text(source.path.name)

    def _page(
        self,
        opened: _Opened,
        ink: Ink | Notice,
        style: Style,
        outline: Outline,
        index: int,
        label: str | None,
        carried: Carried,
    ) -> Iterator[Section | Notice]:
        if isinstance(ink, Notice):
            yield from _simply(opened, ink, index, label)
            return
        if not ink.words and not ink.asides:
            yield from _pictured(opened, ink, index, label)
            return
        if ink.cut:
            yield Notice("the page has too much text; only its beginning was read", index)
        yield from sections_of(ink, style, outline, index, label, carried)

    def _ink(self, opened: _Opened, index: int) -> Ink | Notice:
        """The ink of a page, or why it cannot be read."""
        if opened.bombs and opened.structure.needs(index, opened.bombs):
            return Notice("the page unpacks to far more than a page has, and was left out", index)
        if opened.document is None:
            return Notice("the page was read in a simpler way, as the file is damaged", index)
        page = pdfium.FPDF_LoadPage(opened.document.raw, index)
        if not page:
            return Notice("the page is damaged, and was read in a simpler way", index)
        try:
            return read_ink(page, opened.faces)
        finally:
            pdfium.FPDF_ClosePage(page)

    def _open(self, path: Path) -> _Opened:
        if self._opened is not None and self._opened.path == path:
            return self._opened
        bombs = file.check(path)
        passwords = tuple(filter(None, (self.context.secret() or "").splitlines()))
        structure = file.Structure(path, passwords)
        document: pypdfium2.PdfDocument | None = None
        refused: Exception | None = None
        for password in (None, *passwords):
            try:
                document = pypdfium2.PdfDocument(path, password=password)
            except pypdfium2.PdfiumError as error:
                refused = error
            else:
                break
        if document is None:
            asked = "password" in str(refused).lower() and structure.reader is None
            if structure.locked or asked:
                raise file.locked(path, tried=bool(passwords)) from refused
            if not structure.pages():
                raise file.damaged(path, structure.error or refused or ParseError("")) from refused
        self._opened = _Opened(path, document, structure, bombs)
        return self._opened


def _count(opened: _Opened) -> int:
    if opened.document is not None:
        count = len(opened.document)
        if count:
            return count
    return opened.structure.pages()


def _simply(
    opened: _Opened, notice: Notice, index: int, label: str | None
) -> Iterator[Section | Notice]:
    """A page that PDFium cannot read, as pypdf reads it: lines in the order of the content."""
    yield notice
    if opened.bombs and "unpacks" in notice.text:
        return
    try:
        text = opened.structure.text(index)
    except Exception as error:  # noqa: BLE001 - pypdf raises anything on a damaged page
        yield Notice(f"the page cannot be read: {file.said(error)}", index)
        return
    lines = [fold(line) for line in text.split("\n")]
    if any(lines):
        yield Section(joined(filter(None, lines)), page=index, label=label)


def _pictured(
    opened: _Opened, ink: Ink, index: int, label: str | None
) -> Iterator[Section | Notice]:
    """A page without text: recognised where that is possible, else said."""
    if not ink.pictures and not ink.drawn:
        yield Notice("the page is empty", index)
        return
    text = ocr.recognised(opened.document, index) if opened.document is not None else ""
    if text:
        yield Notice("the page is a picture; its text was recognised by tesseract", index)
        yield Section(text, page=index, label=label)
    else:
        yield Notice("the page has no text, only a picture", index)
