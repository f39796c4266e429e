"""What a file is, told by its first bytes: for choosing a parser and for refusing by name."""

import contextlib
import re
import unicodedata

_PDF = re.compile(rb"(?:\A|[\r\n])\s*%PDF-\d")
_HTML = re.compile(
    r"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_SIGNATURES = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF87a", "a GIF picture"),
    (b"GIF89a", "a GIF picture"),
    (b"\x7fELF", "a program"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\xd0\xcf\x11\xe0", "an old Microsoft Office file"),
    (b"AT&TFORM", "a DjVu book"),
    (b"SQLite format 3\0", "an SQLite database"),
)


def is_pdf(head: bytes) -> bool:
    """Whether a PDF header stands at the start of a line within the first kilobyte."""
    return _PDF.search(head[:1100]) is not None


def is_text(head: bytes) -> bool:
    """Whether these bytes are text that can be read as it is, and no format that has a name."""
    if not head or kind(head):
        return False
    try:
        decode(head)
    except ValueError:
        return False
    return True


def decode(data: bytes) -> str:
    """Text from bytes: by its byte order mark, else UTF-8, else Windows-1252.

    Raises ValueError when a NUL or other control characters say that it is no text.
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            whole = data[: len(data) - len(data) % 2] if name == "utf-16" else data
            text = whole.decode(name, "replace")
            break
    else:
        if b"\0" in data:
            msg = "it has NUL bytes"
            raise ValueError(msg)
        text = _decode_plain(data)
    odd = sum(
        unicodedata.category(char) == "Cc" and char not in "\t\n\r\f\v\x85" for char in text[:4096]
    )
    if odd > 4 + len(text[:4096]) // 100 or "\0" in text:
        msg = "it has control characters"
        raise ValueError(msg)
    return text.removeprefix("\ufeff")


def _decode_plain(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start >= len(data) - 3 and error.reason == "unexpected end of data":
            return data[: error.start].decode("utf-8")  # a head that was cut within a character
        return data.decode("cp1252", "replace")


def kind(head: bytes) -> str:
    """What the bytes are, in words with their article; empty when nobody can say."""
    found = next((name for start, name in _SIGNATURES if head.startswith(start)), "")
    if head[:4] in {b"PK\x03\x04", b"PK\x05\x06"}:
        epub = b"application/epub+zip" in head[:200] or b"META-INF/container.xml" in head
        found = "an EPUB book" if epub else "a zip archive"
    elif head[60:68] in {b"BOOKMOBI", b"TEXtREAd"}:
        found = "a MOBI book"
    elif is_pdf(head):
        found = "a PDF"
    elif head.lstrip()[:5] == b"{\\rtf":
        found = "a Rich Text file"
    elif not found:
        with contextlib.suppress(ValueError):
            found = "a web page (HTML)" if _HTML.match(decode(head)) else ""
    return found


def begins_with(head: bytes) -> str:
    """The first bytes, as a person can read them, and what they are when that is known."""
    shown = repr(head[:12].decode("latin-1")) if head[:12].isascii() else head[:8].hex(" ")
    known = kind(head)
    return f"{shown}, as {known} does" if known else shown
