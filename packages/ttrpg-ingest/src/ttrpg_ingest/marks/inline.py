"""Marks inside a line, as a reader sees them: links by their text, comments not at all."""

import re

import attrs

from ttrpg_ingest.folding import fold

_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)")
_WIKI = re.compile(r"(!?)\[\[([^\[\]|\\\n]{0,400})(?:\\?\|([^\[\]\n]{0,400}))?\]\]")
_ATTRIBUTES = re.compile(r"\s*\{[#.][^{}]*\}\s*\Z")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_EMPTY = re.compile(r"<(a|p|span|div)\b[^<>]*>\s*</\1>", re.IGNORECASE)
_MARKS = re.compile(r"(\*\*|__|==|~~|[*_`])(?=\S)(.+?)(?<=\S)\1")
_BLOCK_ID = re.compile(r"\^[A-Za-z0-9-]{1,40}\s*\Z")
_FILE = re.compile(
    r"\.(?:png|jpe?g|gif|svg|webp|avif|bmp|pdf|mp[34]|webm|ogg|wav|canvas)\Z", re.IGNORECASE
)
_COMMENTS = (("<!--", "-->"), ("%%", "%%"))
_NOTE = re.compile(r"\[\^[^\[\]\s]{1,40}\]")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")


def plain(heading: str) -> str:
    """A heading without emphasis, links, tags and attributes."""
    text = _NOTE.sub("", _TAG.sub("", _LINK.sub(r"\1", shown(heading))))
    text = _ATTRIBUTES.sub("", text)
    for _ in range(2):
        text = _MARKS.sub(r"\2", text)
    return fold(_ESCAPED.sub(r"\1", text))


def shown(line: str) -> str:
    """A line with the links of a vault as the text that they show, and anchors left out."""
    if "[[" in line:
        line = _WIKI.sub(_wiki, line)
    if "<" in line:
        line = _EMPTY.sub("", line)
    mark = line.rfind("^")
    if mark > 0 and line[mark - 1].isspace() and _BLOCK_ID.match(line, mark):
        return line[:mark].rstrip()
    return line


def _wiki(found: re.Match[str]) -> str:
    """``[[Page]]``, ``[[Page|shown]]``, ``[[Page#Part]]``, ``![[picture.png]]``."""
    embedded, target, text = found.groups()
    if embedded and _FILE.search(target.split("#")[0].strip()):
        return ""
    if text and not embedded:
        return text.strip()
    page, _, part = target.partition("#")
    page = page.strip().rpartition("/")[2].removesuffix(".md")
    part = part.partition("^")[0].strip(" #").replace("#", " > ")
    return f"{page} > {part}" if page and part else page or part


@attrs.define
class Comments:
    """Leaves comments out: ``<!-- -->`` and ``%% %%``, on one line or over several.

    ``last`` says on which line each sign stands last, so that one that nothing closes is text.
    """

    last: dict[str, int]
    open: str = ""

    @classmethod
    def of(cls, lines: list[str]) -> "Comments":
        """For the lines of a file."""
        last: dict[str, int] = {}
        for number, line in enumerate(lines):
            for sign in ("-->", "%%"):
                if sign in line:
                    last[sign] = number
        return cls(last)

    def without(self, line: str, number: int) -> str | None:
        """What is left of a line; None when all of it is comment."""
        if not self.open and "%%" not in line and "<!--" not in line:
            return line
        text = line
        if self.open:
            _, closed, text = text.partition(self.open)
            if not closed:
                return None
            self.open = ""
        for start, end in _COMMENTS:
            text = _without(text, start, end)
        for start, end in _COMMENTS:
            if start in text and self.last.get(end, -1) > number:
                text = text.partition(start)[0]
                self.open = end
        return text if text.strip() else None


def _without(line: str, start: str, end: str) -> str:
    """A line without the comments that begin and end in it."""
    parts: list[str] = []
    done = 0
    while (begins := line.find(start, done)) >= 0:
        ends = line.find(end, begins + len(start))
        if ends < 0:
            break
        parts.append(line[done:begins])
        done = ends + len(end)
    return "".join([*parts, line[done:]])
