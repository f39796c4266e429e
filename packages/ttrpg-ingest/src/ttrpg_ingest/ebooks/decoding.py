"""The text of a web page from its bytes, and markup that would trip the reader made harmless."""

import codecs
import html
import re
import unicodedata
from collections.abc import Callable

from ttrpg_core.documents import HEAD_BYTES
from ttrpg_ingest.formats import HTML, encoding, kind

FEW = 4
"""Control characters that any page may have."""

_DECLARED = re.compile(
    rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})|<meta[^>]{0,300}?charset\s*=\s*["']?\s*([\w.:-]{1,40})""",
    re.IGNORECASE,
)
_DOCTYPE = re.compile(r"<!DOCTYPE[^>\[]{0,1000}\[[^\]]{0,20000}\]\s*>", re.IGNORECASE)
_CDATA, _CDATA_END = "<![CDATA[", "]]>"
_MARKED = re.compile(r"<!\[[^>]*>?|<!(?!--|doctype)[^>]*>?", re.IGNORECASE)


def decoded(data: bytes, *, default: str = "utf-8") -> str:
    """The text: by its byte order mark, by what it declares, else UTF-8, else Windows-1252."""
    wide, unit = encoding(data)
    if wide:
        return data[: len(data) - len(data) % unit].decode(wide, "replace")
    found = _DECLARED.search(data[:4096])
    declared = (found[1] or found[2]).decode("ascii") if found else ""
    for name in (declared, default, "utf-8"):
        try:
            return _text_codec(name)(data)
        except (LookupError, ValueError):
            continue
    return data.decode("cp1252", "replace")


def is_markup(data: bytes) -> bool:
    """Whether bytes that should be a page can be one: no picture, archive or ciphertext."""
    head = data[:HEAD_BYTES]
    if kind(head) not in {"", HTML}:
        return False
    text = decoded(head)
    odd = sum(unicodedata.category(char) == "Cc" and not char.isspace() for char in text)
    return odd <= FEW + len(text) // 50


def harmless(text: str) -> str:
    """Markup without entity declarations and marked sections; its lines stay where they are."""
    if "<!" in text:
        if "[" in text[:100_000]:
            text = _DOCTYPE.sub(_lines_of, text, count=1)
        text = _without_cdata(text)
        text = _MARKED.sub(_lines_of, text)
    last = text.rfind(">") + 1  # what follows the last end of a tag is no tag
    return (text[:last] + text[last:].replace("<", "&lt;")).replace("\0", "")


def _without_cdata(text: str) -> str:
    """Text with what stands in CDATA sections written out."""
    parts: list[str] = []
    done = 0
    while (start := text.find(_CDATA, done)) >= 0:
        end = text.find(_CDATA_END, start)
        if end < 0:
            break
        inside = html.escape(text[start + len(_CDATA) : end], quote=False)
        parts += [text[done:start], inside]
        done = end + len(_CDATA_END)
    return "".join([*parts, text[done:]])


def _lines_of(found: re.Match[str]) -> str:
    return "\n" * found[0].count("\n")


def _text_codec(name: str) -> Callable[[bytes], str]:
    info = codecs.lookup(name)
    if not info._is_text_encoding or info.name.startswith(("utf-16", "utf-32", "utf-7", "idna")):  # noqa: SLF001 - as bytes.decode does
        raise LookupError(name)
    return lambda data: data.decode(info.name)
