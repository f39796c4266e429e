"""Which parser reads a file: told by its content; the suffix only says whom to ask first."""

from pathlib import Path

from ttrpg_core import entries
from ttrpg_core.app import App
from ttrpg_core.documents import HEAD_BYTES, Parser
from ttrpg_core.errors import ParseError, PluginError
from ttrpg_core.plugins import describe
from ttrpg_ingest.formats import begins_with, kind
from ttrpg_ingest.plain import first_bytes


def choose(app: App, path: Path) -> entries.Parser:
    """The parser for a file; ParseError that names what the file is when there is none."""
    head = first_bytes(path, HEAD_BYTES)
    if not head:
        raise ParseError(f"{path.name} is empty", "Get it again", source=path.name)
    known = app.plugins.entries(entries.Parser)
    suffix = path.suffix.lower()
    order = sorted(known.values(), key=lambda each: (suffix not in each.suffixes, -each.priority))
    for entry in order:
        if _accepts(app, entry, head):
            return entry
    raise _refusal(path, head, known)


def _accepts(app: App, entry: entries.Parser, head: bytes) -> bool:
    try:
        return bool(app.make(entries.Parser, entry.name, Parser).sniff(head))  # type: ignore[type-abstract]
    except PluginError:
        return False  # already among the plugins' problems
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything; the next one is asked
        app.plugins.report(entry.name, describe(error), f"sniff of the parser {entry.name}")
        return False


def _refusal(path: Path, head: bytes, known: dict[str, entries.Parser]) -> ParseError:
    found = kind(head)
    readable = ", ".join(sorted(known)) or "none: is ttrpg-ingest installed?"
    if path.suffix.lower() == ".pdf" and found != "a PDF":
        return ParseError(
            f"{path.name} is not a PDF: it begins with {begins_with(head)}",
            "Get it again; a page of an error or of a login was saved instead"
            if "HTML" in found
            else "It may be cut off, or have the wrong name",
            source=path.name,
        )
    plural = {
        "an EPUB book": "EPUB books are not read yet",
        "a MOBI book": "MOBI books are not read yet",
        "a zip archive": "zip archives are not read",
        "a web page (HTML)": "web pages (HTML) are not read yet",
        "a Rich Text file": "Rich Text files are not read",
        "a PDF": "no PDF parser is installed",
    }
    what = plural.get(found, f"it is {found}" if found else f"it begins with {begins_with(head)}")
    return ParseError(
        f"{path.name} cannot be read: {what}",
        f"Formats that are read: {readable}. Convert it to PDF or Markdown",
        source=path.name,
    )
