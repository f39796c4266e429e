"""Front matter: the few lines above a Markdown file that say what it is.

It is YAML; what rule books and vaults use of it is keys with a value or a list of values, and just
that is read, so that no file can make a program of it.
"""

import re
from collections.abc import Sequence

import attrs

from ttrpg_core.documents import Document
from ttrpg_ingest.folding import fold

MOST_LINES = 200
MOST_VALUES = 200
LONGEST = 300
_KEY = re.compile(r"([A-Za-z][\w -]{0,40}?)\s*:(?:\s+(.*))?\Z")
_ITEM = re.compile(r"\s*-\s+(.+)\Z")
_COMMENT = re.compile(r"\s+#.*\Z")
_QUOTED = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)'|([^,\[\]]+))\s*(?:,|\Z)""")


@attrs.frozen
class Front:
    """The keys, in small letters, with their values; ``first`` is the index of the line after."""

    values: dict[str, tuple[str, ...]]
    first: int = 0

    def one(self, *keys: str) -> str:
        """The first value of the first of these keys that has one."""
        return next((self.values[key][0] for key in keys if self.values.get(key)), "")

    @property
    def aliases(self) -> str:
        """The other names of a note, as a line of text; empty where it has none."""
        names = self.values.get("aliases") or self.values.get("alias") or ()
        return f"Aliases: {', '.join(names)}" if names else ""

    def document(self, title: str = "", pages: int = 0) -> Document:
        """What it says of the book; ``title`` where it says none."""
        return Document(
            self.one("title") or title,
            pages,
            authors=next((v for k in ("authors", "author") if (v := self.values.get(k))), ()),
            language=self.one("language", "lang")[:35],
            publisher=self.one("publisher"),
            edition=self.one("edition", "version"),
        )


def front(lines: Sequence[str]) -> Front:
    """The front matter of a file; empty where it has none, or one that does not end."""
    if not lines or lines[0].strip() != "---":
        return Front({})
    values: dict[str, tuple[str, ...]] = {}
    key = ""
    for number, line in enumerate(lines[1:MOST_LINES], 1):
        if line.strip() in {"---", "..."} and not line[:1].isspace():
            return Front(values, number + 1)
        found, item = _KEY.match(line), _ITEM.match(line)
        if item and key:
            if len(values[key]) < MOST_VALUES:
                values[key] += _values(item[1])[:1]
        elif found:
            key = found[1].lower()
            values[key] = _values(found[2] or "")
        elif line[:1].strip():
            key = ""
    return Front({})


def _values(said: str) -> tuple[str, ...]:
    """The value or values of a line."""
    said = said.strip()
    if said.startswith("[") and said.endswith("]"):
        found = [
            _plain(double, single, bare) for double, single, bare in _QUOTED.findall(said[1:-1])
        ]
        return tuple(value for value in found if value)[:MOST_VALUES]
    if said in {"|", ">", "|-", ">-", "null", "~"}:
        return ()
    whole = re.fullmatch(r"""(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)')\s*(?:#.*)?""", said)
    value = _plain(whole[1] or "", whole[2] or "", "") if whole else fold(_COMMENT.sub("", said))
    return (value[:LONGEST],) if value else ()


def _plain(double: str, single: str, bare: str) -> str:
    text = double.replace('\\"', '"').replace("\\\\", "\\") or single.replace("''", "'") or bare
    return fold(text)[:LONGEST]
