"""What a book is called, and whether two are called the same."""

import re
import unicodedata
from pathlib import Path

from ttrpg_core import text
from ttrpg_core.documents import Document

_USELESS = re.compile(
    r"(?:untitled|unknown|title|layout|document)(?: ?\d+)?|microsoft word - .*", re.IGNORECASE
)
"""Titles that programs put into a file by themselves."""


def title_of(document: Document, path: Path, *, folder: bool = False) -> str:
    """A title that can stand in a list: the document's own, else the name of its file."""
    own = one_line(document.title)
    if own and not _USELESS.fullmatch(own):
        return own
    name = path.name if folder else path.stem
    stem = "".join(char if char.isprintable() else " " for char in name)
    if " " not in stem:
        stem = stem.replace("_", " ").replace("-", " ")
    return " ".join(stem.split())[: text.NAME_MAX].strip() or "book"


def one_line(said: str) -> str:
    """What a file says of itself, as a name: one line, without what moves a cursor."""
    plain = "".join(char if unicodedata.category(char)[0] != "C" else " " for char in said)
    return " ".join(unicodedata.normalize("NFC", plain).split())[: text.NAME_MAX].strip()


def alike(first: str, second: str) -> bool:
    """Whether two titles are the same but for case, accents and marks."""
    return _bare(first) == _bare(second)


def _bare(title: str) -> str:
    folded = unicodedata.normalize("NFKD", title).casefold()
    return "".join(char for char in folded if char.isalnum()) or folded
