"""Which parser reads a file: told by its content; the suffix only says whom to ask first."""

from pathlib import Path

from ttrpg_core import entries
from ttrpg_core.app import App
from ttrpg_core.documents import HEAD_BYTES, Parser
from ttrpg_core.errors import NotFound, ParseError, PluginError
from ttrpg_core.plugins import describe
from ttrpg_ingest.formats import EPUB, HTML, MOBI, PDF, begins_with, kind
from ttrpg_ingest.plain import first_bytes
from ttrpg_ingest.reading import Limits, sniffs

LOOK_SECONDS = 20.0
"""Time that a parser of others may take to say whether a file is its own."""
EPUB_TYPE = "application/epub+zip"
_EXPECTED = {".pdf": PDF, ".epub": EPUB, ".mobi": MOBI, ".azw3": MOBI, ".azw": MOBI}
"""What files of these names are; a web page instead is the message of a shop, and no book."""
_SHORT = {PDF: "a PDF", EPUB: "an EPUB", MOBI: "a MOBI book"}
_ADVICE = {
    "a zip archive": "Unpack it, and add the books that are in it",
    "a Word document (DOCX)": "Save it as PDF, EPUB or HTML",
    "an OpenDocument text (ODT)": "Export it as PDF or EPUB",
    "an old Microsoft Office file": "Save it as PDF or HTML",
    "a Rich Text file": "Save it as PDF or HTML",
    "a DjVu book": "Convert it to PDF: ddjvu -format=pdf book.djvu book.pdf",
    "a web archive (MHTML)": "Save the page as HTML instead",
    "a KFX book (Kindle)": "Get the book as EPUB or PDF; KFX is not read",
    "a KFX book (Kindle) locked by Amazon's DRM": "Get the book as EPUB or PDF without a lock",
    "a Topaz book (Kindle)": "Get the book as EPUB or PDF; Topaz is pictures of words",
    "a FictionBook (FB2)": "Convert it to EPUB",
    "a CHM help file": "Convert it to EPUB or HTML",
    "a Microsoft Reader book (LIT)": "Convert it to EPUB",
    "an eReader book (PDB)": "Convert it to EPUB",
}
"""What to do with a file that is not read, where more can be said than what is read."""


def choose(app: App, path: Path, wanted: str = "") -> entries.Parser:
    """The parser for a file; ParseError that names what the file is when there is none.

    ``wanted`` is the name of the parser that somebody asks for: it is used if it reads the file,
    and NotFound says which there are if there is none of that name.
    """
    known = app.plugins.entries(entries.Parser)
    asked = {wanted: named(app, wanted)} if wanted else known
    head = first_bytes(path, HEAD_BYTES)
    if not head:
        raise ParseError(f"{path.name} is empty", "Get it again", source=path.name)
    suffix = path.suffix.lower()
    if suffix in _EXPECTED and kind(head) == HTML:
        raise _refusal(path, head, known)
    files = [entry for entry in asked.values() if not entry.folders]
    for entry in sorted(files, key=lambda each: (suffix not in each.suffixes, -each.priority)):
        if _accepts(app, entry, path, head):
            return entry
    for entry in files:
        if EPUB_TYPE in entry.media_types and entry.priority >= 0 and _is_epub_inside(path, head):
            return entry
    if wanted:
        raise ParseError(
            f"{path.name} cannot be read by {wanted}", known[wanted].summary, source=path.name
        )
    raise _refusal(path, head, known)


def named(app: App, name: str) -> entries.Parser:
    """The parser of a name; NotFound says which there are."""
    known = app.plugins.entries(entries.Parser)
    if name not in known:
        raise NotFound(f"no parser is called {name!r:.60}", f"There are {', '.join(sorted(known))}")
    return known[name]


def _is_epub_inside(path: Path, head: bytes) -> bool:
    """Whether a zip archive whose first members say nothing is an EPUB by its directory."""
    if kind(head) != "a zip archive":
        return False
    from ttrpg_ingest.ebooks.archive import opened

    try:
        with opened(path) as archive:
            return bool(archive.find("META-INF/container.xml"))
    except ParseError:
        return False


def _accepts(app: App, entry: entries.Parser, path: Path, head: bytes) -> bool:
    """Whether a parser takes a file. Those of others are asked in a child, as anything may happen.

    Ours take a few microseconds for a head and were tried on hostile ones.
    """
    try:
        if not _is_ours(app, entry):
            limits = Limits(LOOK_SECONDS, app.settings.library.parse_megabytes)
            return sniffs(entry.target, path, limits)
        return bool(app.make(entries.Parser, entry.name, Parser).sniff(head))  # type: ignore[type-abstract]
    except PluginError:
        return False  # already among the plugins' problems
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything; the next one is asked
        owner = app.plugins.owned(entry.kind)[entry.name].plugin
        app.plugins.report(owner, describe(error), f"sniff of the parser {entry.name}")
        return False


def _is_ours(app: App, entry: entries.Parser) -> bool:
    owner = app.plugins.owned(entry.kind)[entry.name].plugin
    return any(each.first_party for each in app.plugins.installed if each.name == owner)


def _refusal(path: Path, head: bytes, known: dict[str, entries.Parser]) -> ParseError:
    found = kind(head)
    readable = ", ".join(sorted(known)) or "none: is ttrpg-ingest installed?"
    suffix = path.suffix.lower()
    if suffix in _EXPECTED and found != _EXPECTED[suffix]:
        return ParseError(
            f"{path.name} is not {_SHORT[_EXPECTED[suffix]]}: it begins with {begins_with(head)}",
            "Get it again; a page of an error or of a login was saved instead"
            if found == HTML
            else _ADVICE.get(found, "It may be cut off, or have the wrong name"),
            source=path.name,
        )
    what = f"it is {found}" if found else f"it begins with {begins_with(head)}"
    return ParseError(
        f"{path.name} cannot be read: {what}",
        _ADVICE.get(found, f"Formats that are read: {readable}. Convert it to PDF or Markdown"),
        source=path.name,
    )
