"""The structure of a PDF, read with pypdf: whether it opens, its outline, labels and metadata.

Before anything opens a file its packed streams are looked at: a few kilobytes can unpack to
gigabytes, and PDFium has no limit of ours. A page that needs such a stream is not read.
"""

import logging
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from ttrpg_core.documents import HEAD_BYTES
from ttrpg_core.errors import ParseError
from ttrpg_ingest.folding import fold
from ttrpg_ingest.formats import begins_with, is_pdf
from ttrpg_ingest.plain import first_bytes

if TYPE_CHECKING:
    from pypdf.generic import DictionaryObject

MOST_UNPACKED = 64_000_000
"""Bytes that one stream may unpack to; the pages of real books have some hundred thousand."""
RATIO = 1000
"""How much smaller than that its packed form can be."""
MOST_MARKS = 50_000
"""Entries of an outline that are read."""
DEEPEST = 32
"""Levels of an outline, and references from a page, that are followed."""
MOST_OBJECTS = 3000
"""Objects that are looked at for one page."""

_SILENT = logging.CRITICAL + 1
_STREAM = re.compile(rb"stream\r?\n")
_OBJECT = re.compile(rb"(\d+)\s+\d+\s+obj\b")
_IMAGE = re.compile(rb"/Subtype\s*/Image")
_HOLDER = re.compile(rb"/Type\s*/(?:ObjStm|XRef)")
_HEAD = 2000


@attrs.frozen
class Mark:
    """An entry of the outline: its title, depth from 1 and page index."""

    title: str
    depth: int
    page: int


def check(path: Path) -> frozenset[int]:
    """The numbers of the streams that unpack to too much.

    ParseError when it is no PDF, or cannot be opened without unpacking one of them.
    """
    head = first_bytes(path, HEAD_BYTES)
    if not is_pdf(head):
        raise ParseError(
            f"{path.name} is not a PDF: it begins with {begins_with(head)}", source=path.name
        )
    found: set[int] = set()
    for number, about in _bombs(path.read_bytes()):
        if number is None or _HOLDER.search(about):
            raise ParseError(
                f"{path.name} unpacks to far more than a book has",
                "Print it to a new PDF, and add that",
                source=path.name,
            )
        found.add(number)
    return frozenset(found)


def _bombs(data: bytes) -> Iterator[tuple[int | None, bytes]]:
    """The packed streams that are too large: object number, and the dictionary's bytes."""
    for match in _STREAM.finditer(data):
        begin = match.end()
        if data[match.start() - 3 : match.start()] == b"end":
            continue
        end = data.find(b"endstream", begin)
        end = len(data) if end < 0 else end
        if (end - begin) * RATIO < MOST_UNPACKED and data[begin : begin + 1] != b"x":
            continue
        about = data[max(0, begin - _HEAD) : begin]
        numbers = list(_OBJECT.finditer(about))
        about = about[numbers[-1].start() :] if numbers else about
        layers = about.count(b"/FlateDecode") or about.count(b"/Fl")
        small = (end - begin) * RATIO ** max(1, layers) < MOST_UNPACKED
        if not layers or small or (layers == 1 and _IMAGE.search(about)):
            continue
        if _unpacked(data[begin:end], min(layers, 4)) > MOST_UNPACKED:
            yield (int(numbers[-1][1]) if numbers else None), about


def _unpacked(data: bytes, layers: int) -> int:
    """How much a stream unpacks to, counted until it is too much."""
    tools = [zlib.decompressobj() for _ in range(layers)]
    return sum(map(len, _through(data, tools)))


def _through(data: bytes, tools: "list[zlib._Decompress]") -> Iterator[bytes]:
    total = 0
    parts: Iterator[bytes] = iter([data])
    for tool in tools:
        parts = _pieces(parts, tool)
    for part in parts:
        total += len(part)
        yield part
        if total > MOST_UNPACKED:
            return


def _pieces(parts: Iterator[bytes], tool: "zlib._Decompress") -> Iterator[bytes]:
    for part in parts:
        rest = part
        while rest and not tool.eof:  # its rest stays as it is once the stream has ended
            try:
                piece = tool.decompress(rest, 1 << 20)
            except zlib.error:
                return
            rest = tool.unconsumed_tail
            if piece:
                yield piece


class Structure:
    """What pypdf says of a file; without a word where it cannot read it."""

    def __init__(self, path: Path, passwords: Sequence[str] = ()) -> None:
        from pypdf import PdfReader
        from pypdf.errors import DependencyError, WrongPasswordError

        logging.getLogger("pypdf").setLevel(_SILENT)
        self.locked = False
        self.error: Exception | None = None
        self.reader: PdfReader | None = None
        try:
            reader = PdfReader(path)
            tried = ("", *passwords)
            self.locked = reader.is_encrypted and not any(map(reader.decrypt, tried))
            self.reader = reader
        except (DependencyError, WrongPasswordError):
            self.locked = True
        except Exception as error:  # noqa: BLE001 - pypdf raises anything on a damaged file
            self.error = error

    def pages(self) -> int:
        """How many pages pypdf counts; 0 when it cannot."""
        try:
            return len(self.reader.pages) if self.reader is not None else 0
        except Exception as error:  # noqa: BLE001 - pypdf raises anything on a damaged tree
            self.error = error
            return 0

    def about(self) -> dict[str, str]:
        """Title, author, language and what else the file says of itself."""
        if self.reader is None:
            return {}
        try:
            info, root = self.reader.metadata, self.reader.root_object
            known = {
                "title": info.title if info else "",
                "author": info.author if info else "",
                "language": value_of(root, "/Lang"),
                "publisher": value_of(info, "/Publisher") if info else "",
            }
        except Exception:  # noqa: BLE001 - pypdf raises anything; metadata is a bonus
            return {}
        return {name: fold(str(value or "")) for name, value in known.items()}

    def labels(self, total: int) -> list[str] | None:
        """The file's own page labels; None without any, or when they only count from one."""
        if self.reader is None:
            return None
        try:
            if "/PageLabels" not in self.reader.root_object:
                return None
            labels = [fold(str(label)) for label in self.reader.page_labels]
        except Exception:  # noqa: BLE001 - pypdf raises anything; labels are a bonus
            return None
        if len(labels) != total or labels == [str(n + 1) for n in range(total)]:
            return None
        return labels

    def text(self, index: int) -> str:
        """The plain text of a page; whatever pypdf raises goes through."""
        return self.reader.pages[index].extract_text() if self.reader is not None else ""

    def needs(self, index: int, numbers: frozenset[int]) -> bool:
        """Whether a page refers to one of these objects."""
        from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

        if self.reader is None:
            return True
        seen: set[int] = set()
        try:
            left: list[tuple[object, int]] = [(self.reader.pages[index], 0)]
            while left and len(seen) < MOST_OBJECTS:
                thing, depth = left.pop()
                if isinstance(thing, IndirectObject):
                    if thing.idnum in numbers:
                        return True
                    if thing.idnum in seen:
                        continue
                    seen.add(thing.idnum)
                    thing = thing.get_object()
                if depth < DEEPEST and isinstance(thing, DictionaryObject):
                    left += [
                        (thing.raw_get(key), depth + 1)
                        for key in thing
                        if key not in ("/Parent", "/Annots", "/B", "/StructParents")
                    ]
                elif depth < DEEPEST and isinstance(thing, ArrayObject):
                    left += [(each, depth + 1) for each in list(thing)[:MOST_OBJECTS]]
        except Exception:  # noqa: BLE001 - pypdf raises anything: better not read than too large
            return True
        return False


def value_of(node: "DictionaryObject", key: str) -> object:
    """What stands under a key, wherever it is kept; None when nothing does."""
    found = node.get(key)
    return None if found is None else found.get_object()


def damaged(path: Path, error: Exception) -> ParseError:
    """What is said of a file that does not open."""
    return ParseError(
        f"{path.name} is damaged or not complete: {said(error)}",
        "Get it again, or print it to a new PDF",
        source=path.name,
    )


def locked(path: Path, *, tried: bool = False) -> ParseError:
    """What is said of a file that only a password opens; ``tried`` when one was given."""
    return ParseError(
        f"{path.name} needs {'another' if tried else 'a'} password",
        "Add it on a terminal, where it is asked for, or with --password-file FILE; or save a copy"
        " without one",
        source=path.name,
    )


def no_text(name: str) -> ParseError:
    """What is said of a book that is pictures of pages."""
    return ParseError(
        f"{name}: no text on any page; it is probably scanned",
        "Run text recognition over it first, for instance with OCRmyPDF, and add the result",
        source=name,
    )


def said(error: Exception) -> str:
    """The first line of an error, with its name."""
    first = next(iter(str(error).strip().splitlines()), "")
    return f"{type(error).__name__}: {first[:160]}" if first else type(error).__name__
