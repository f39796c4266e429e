"""What an EPUB says of itself: its files in reading order, its outline, its printed pages.

Both generations are read: the navigation page of EPUB 3 and the NCX of EPUB 2. Where a book has
both, the navigation page is asked first and the NCX for what is missing.
"""

import posixpath
import re
from collections.abc import Iterator
from urllib.parse import unquote

import attrs

from ttrpg_core.documents import Document
from ttrpg_core.errors import ParseError
from ttrpg_ingest.ebooks.archive import DAMAGED, Archive, Unreadable
from ttrpg_ingest.ebooks.blocks import PageMark, Point, clean
from ttrpg_ingest.ebooks.navigation import navigation
from ttrpg_ingest.ebooks.trees import Node, NoTree, tree

CONTAINER = "META-INF/container.xml"
NCX_TYPE = "application/x-dtbncx+xml"
MOST_FILES = 10_000
MOST_POINTS = 50_000
LONGEST_FIELD = 300
_PAGES = frozenset({"application/xhtml+xml", "text/html", "application/xml", "text/xml", ""})
_PAGE_NAME = re.compile(r"\.x?html?\Z", re.IGNORECASE)
_YEAR = re.compile(r"(?:1[4-9]|20)\d\d")


@attrs.define
class Book:
    """The parts of a book in reading order, its outline and what is not quite well.

    ``contents`` are the files of a table of contents, which is no text of the book. ``kept`` is
    what was read already.
    """

    document: Document
    files: list[str] = attrs.field(factory=list)
    points: list[Point] = attrs.field(factory=list)
    marks: list[PageMark] = attrs.field(factory=list)
    contents: set[str] = attrs.field(factory=set)
    notices: list[str] = attrs.field(factory=list)
    encoding: str = "utf-8"


def package(archive: Archive) -> Book:
    """The book in an archive. ParseError when it has no list of its parts."""
    where, root = _root(archive)
    folder = posixpath.dirname(where)
    manifest = {node.get("id"): node for node in root.all("item")}
    book = Book(_document(root))
    _take_spine(book, root, manifest, folder)
    if not book.files:
        raise ParseError(f"{archive.name} lists no pages to read", DAMAGED, source=archive.name)
    items = list(manifest.values())
    spine = root.first("spine")
    nav = next((item for item in items if "nav" in item.get("properties").split()), None)
    ncx = manifest.get(spine.get("toc")) if spine is not None else None
    ncx = ncx or next((item for item in items if item.get("media-type") == NCX_TYPE), None)
    if nav is not None:
        _take_nav(archive, book, resolve(folder, nav.get("href"))[0])
    if ncx is not None and not (book.points and book.marks):
        _take_ncx(archive, book, resolve(folder, ncx.get("href"))[0])
    for node in root.all("reference"):  # the guide of EPUB 2
        if node.get("type").lower() == "toc":
            book.contents.add(resolve(folder, node.get("href"))[0])
    return book


def _take_spine(book: Book, root: Node, manifest: dict[str, Node], folder: str) -> None:
    for reference in root.all("itemref"):
        item = manifest.get(reference.get("idref"))
        if item is None:
            book.notices.append(f"a part that is not in the book: {reference.get('idref')[:60]!r}")
        elif _is_page(item) and len(book.files) < MOST_FILES:
            name = resolve(folder, item.get("href"))[0]
            if name not in book.files[-1:]:
                book.files.append(name)


def resolve(folder: str, href: str) -> tuple[str, str]:
    """The member and the anchor that a link leads to, from a file in ``folder``."""
    path, _, anchor = href.partition("#")
    path = unquote(path.partition("?")[0])
    if re.match(r"[a-zA-Z][\w+.-]*:", path):
        return "", ""
    return posixpath.normpath(posixpath.join(folder, path)).lstrip("/"), unquote(anchor)


def _root(archive: Archive) -> tuple[str, Node]:
    """Where the package is, and the package."""
    wanted = ""
    try:
        container = tree(archive.read(CONTAINER, 1_000_000))
        named = [node for node in container.all("rootfile") if node.get("full-path")]
        of_books = [node for node in named if "oebps-package" in node.get("media-type")]
        wanted = (of_books or named)[0].get("full-path")
    except (NoTree, Unreadable, IndexError):
        wanted = ""
    if not wanted or not archive.find(wanted):
        wanted = next((name for name in archive.names() if name.lower().endswith(".opf")), "")
    if not wanted:
        raise ParseError(
            f"{archive.name} is a zip archive but no EPUB: it has no package file",
            "Unpack it and add what is inside, if it is a book",
            source=archive.name,
        )
    try:
        return wanted, tree(archive.read(wanted))
    except (NoTree, Unreadable) as error:
        raise ParseError(
            f"{archive.name}: its package file {wanted} cannot be read: {error}",
            DAMAGED,
            source=archive.name,
        ) from error


def _is_page(item: Node) -> bool:
    if item.get("media-type") in _PAGES or _PAGE_NAME.search(item.get("href")):
        return not item.get("href").lower().endswith((".ncx", ".svg"))
    return False


def _take_nav(archive: Archive, book: Book, name: str) -> None:
    try:
        lists = navigation(archive.read(name))
    except Unreadable as error:
        book.notices.append(f"the outline cannot be read: {error}")
        return
    folder = posixpath.dirname(name)
    book.contents.add(name)
    for entry in lists.get("toc", ())[:MOST_POINTS]:
        file, anchor = resolve(folder, entry.href) if entry.href else ("", "")
        book.points.append(Point(entry.title, entry.level, file or name, anchor, entry.parent))
    for entry in lists.get("page-list", ())[:MOST_POINTS]:
        file, anchor = resolve(folder, entry.href)
        book.marks.append(PageMark(entry.title[:16], file, anchor))
    for entry in lists.get("landmarks", ()):
        if "toc" in entry.said:
            book.contents.add(resolve(folder, entry.href)[0] or name)


def _take_ncx(archive: Archive, book: Book, name: str) -> None:
    try:
        root = tree(archive.read(name))
    except (Unreadable, NoTree) as error:
        if not book.points:
            book.notices.append(f"the outline cannot be read: {error}")
        return
    folder = posixpath.dirname(name)
    if not book.points:
        book.points = list(ncx_points(root, folder))
    if not book.marks:
        for target in root.all("pagetarget"):
            file, anchor, label = _ncx_entry(target, folder)
            book.marks.append(PageMark((label or target.get("value"))[:16], file, anchor))


def ncx_points(root: Node, folder: str) -> Iterator[Point]:
    """The entries of an NCX, in order, with their depth."""
    start = root.first("navmap")
    waiting = [(1, node) for node in reversed(start.children)] if start is not None else []
    count = 0
    while waiting and count < MOST_POINTS:
        level, node = waiting.pop()
        if node.name != "navpoint":
            continue
        inner = [child for child in node.children if child.name == "navpoint"]
        waiting.extend((level + 1, child) for child in reversed(inner))
        file, anchor, label = _ncx_entry(node, folder)
        if label:
            count += 1
            yield Point(label, level, file, anchor, bool(inner))


def _ncx_entry(node: Node, folder: str) -> tuple[str, str, str]:
    """File, anchor and label of an entry."""
    label = next((child for child in node.children if child.name == "navlabel"), None)
    said = label.first("text") if label is not None else None
    content = next((child for child in node.children if child.name == "content"), None)
    file, anchor = resolve(folder, content.get("src")) if content is not None else ("", "")
    return file, anchor, clean(said.text)[:LONGEST_FIELD] if said is not None else ""


# --- what it says of itself ---


def _document(root: Node) -> Document:
    metadata = root.first("metadata")
    if metadata is None:
        return Document("")
    refined: dict[str, dict[str, str]] = {}
    own: dict[str, str] = {}
    for node in metadata.all("meta"):
        to = node.get("refines").lstrip("#")
        if to:
            refined.setdefault(to, {})[node.get("property")] = node.text
        elif node.get("property"):
            own.setdefault(node.get("property").rpartition(":")[2].lower(), node.text)
    titles = [node for node in metadata.all("title") if node.text]
    main = [n for n in titles if refined.get(n.get("id"), {}).get("title-type") == "main"]
    return Document(
        _field((main or titles)[0].text) if titles else "",
        authors=tuple(_authors(metadata, refined)),
        language=_field(_text_of(metadata, "language"))[:35],
        publisher=_field(_text_of(metadata, "publisher")),
        edition=_field(own.get("bookedition", "")) or _year(metadata),
    )


def _authors(metadata: Node, refined: dict[str, dict[str, str]]) -> Iterator[str]:
    creators = [
        (node, node.get("role") or refined.get(node.get("id"), {}).get("role", ""))
        for node in metadata.all("creator")
    ]
    named = [node for node, role in creators if role in {"", "aut"}] or [n for n, _ in creators]
    seen: set[str] = set()
    for node in named[:20]:
        name = _field(node.text)
        if name and name not in seen:
            seen.add(name)
            yield name


def _year(metadata: Node) -> str:
    dates = [node for node in metadata.all("date") if node.get("event") != "modification"]
    dates.sort(key=lambda node: node.get("event") not in {"publication", "original-publication"})
    found = _YEAR.search(dates[0].text) if dates else None
    return found[0] if found else ""


def _text_of(metadata: Node, name: str) -> str:
    return next((node.text for node in metadata.all(name) if node.text), "")


def _field(text: str) -> str:
    return "".join(char for char in clean(text) if char.isprintable())[:LONGEST_FIELD].strip()
