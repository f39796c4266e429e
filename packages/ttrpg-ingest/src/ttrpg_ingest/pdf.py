"""PDF, read with pypdf: headings from fonts, printed pages from the catalog where it has them."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ttrpg_core.context import Context
from ttrpg_core.documents import HEAD_BYTES, Document, Section, Source
from ttrpg_core.errors import ParseError
from ttrpg_ingest.faces import Style, sample
from ttrpg_ingest.folding import fold
from ttrpg_ingest.formats import begins_with, is_pdf
from ttrpg_ingest.lines import Page, read_page
from ttrpg_ingest.pages import sections
from ttrpg_ingest.plain import first_bytes

if TYPE_CHECKING:
    from pypdf import PdfReader

_SILENT = logging.CRITICAL + 1


class Pdf:
    """Reads PDF; what one call opened is kept for the next, as describing comes before parsing."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._opened: tuple[Path, PdfReader] | None = None

    def sniff(self, head: bytes) -> bool:
        """Whether the header stands at the start of a line; some have junk before it."""
        return is_pdf(head)

    def describe(self, source: Source) -> Document:
        """Title, authors, language and number of pages."""
        reader = self._open(source.path)
        try:
            title, author, language = "", "", ""
            if reader.metadata is not None:
                title = str(reader.metadata.title or "")
                author = str(reader.metadata.author or "")
            language = str(reader.root_object.get("/Lang", ""))
            pages = len(reader.pages)
        except Exception as error:  # pypdf raises anything on a damaged file
            raise _damaged(source.path, error) from error
        if not pages:
            raise ParseError(f"{source.path.name} has no pages", source=source.path.name)
        authors = tuple(name for name in [fold(author)] if name)
        return Document(fold(title), pages, authors, fold(language))

    def parse(self, source: Source) -> Iterator[Section]:
        """The sections from page ``source.start`` on; ParseError when no page has any text."""
        reader = self._open(source.path)
        total = self.describe(source).pages
        chosen = {index: self._page(reader, source, index) for index in sample(total)}
        style = Style.learnt(chosen)
        labels = _labels(reader, total)
        found = False
        for index in range(source.start, total):
            page = chosen.pop(index, None) or self._page(reader, source, index)
            for section in sections(page, style, index, labels[index] if labels else None):
                found = True
                yield section
        if not found and source.start == 0:
            raise no_text(source.path.name)

    def _page(self, reader: "PdfReader", source: Source, index: int) -> Page:
        try:
            return read_page(reader.pages[index])
        except Exception as error:  # pypdf raises anything on a damaged page
            raise ParseError(
                f"{source.path.name}: page {index + 1} of the file cannot be read: {_said(error)}",
                "Print it to a new PDF, or export it again, and add that",
                source=source.path.name,
                page=index,
            ) from error

    def _open(self, path: Path) -> "PdfReader":
        if self._opened is not None and self._opened[0] == path:
            return self._opened[1]
        from pypdf import PdfReader
        from pypdf.errors import DependencyError, WrongPasswordError

        logging.getLogger("pypdf").setLevel(_SILENT)
        head = first_bytes(path, HEAD_BYTES)
        if not is_pdf(head):
            raise ParseError(
                f"{path.name} is not a PDF: it begins with {begins_with(head)}", source=path.name
            )
        try:
            reader = PdfReader(path)
            locked = reader.is_encrypted and not reader.decrypt("")
        except (DependencyError, WrongPasswordError) as error:
            raise _locked(path) from error
        except Exception as error:  # pypdf raises anything on a damaged file
            raise _damaged(path, error) from error
        if locked:
            raise _locked(path)
        self._opened = (path, reader)
        return reader


def no_text(name: str) -> ParseError:
    """What is said of a book that is pictures of pages."""
    return ParseError(
        f"{name}: no text on any page; it is probably scanned",
        "Run text recognition over it first, for instance with OCRmyPDF, and add the result",
        source=name,
    )


def _labels(reader: "PdfReader", total: int) -> list[str] | None:
    """The file's own page labels; None when it has none, or only counts its pages from one."""
    try:
        if "/PageLabels" not in reader.root_object:
            return None
        labels = [fold(str(label)) for label in reader.page_labels]
    except Exception:  # noqa: BLE001 - pypdf raises anything on a damaged tree; labels are a bonus
        return None
    if len(labels) != total or labels == [str(n + 1) for n in range(total)]:
        return None
    return labels


def _locked(path: Path) -> ParseError:
    return ParseError(
        f"{path.name} needs a password",
        "Open it with the password and save a copy without one, then add the copy",
        source=path.name,
    )


def _damaged(path: Path, error: Exception) -> ParseError:
    return ParseError(
        f"{path.name} is damaged or not complete: {_said(error)}",
        "Get it again, or print it to a new PDF",
        source=path.name,
    )


def _said(error: Exception) -> str:
    first = next(iter(str(error).strip().splitlines()), "")
    return f"{type(error).__name__}: {first[:160]}" if first else type(error).__name__
