"""What a file is, told by its first bytes: for choosing a parser and for refusing by name."""

import contextlib
import re
import unicodedata

EPUB, MOBI, HTML, PDF = "an EPUB book", "a MOBI book", "a web page (HTML)", "a PDF"
"""The kinds that a parser of this package reads, in the words of :func:`kind`."""

_PDF = re.compile(rb"(?:\A|[\r\n])\s*%PDF-\d")
_HTML = re.compile(
    r"\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--(?:(?!-->).)*-->\s*)*<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_FRAGMENT = re.compile(
    r"\s*(?:<!--(?:(?!-->).)*-->\s*)*"
    r"<(?:h[1-6]|p|div|table|section|article|main|title|meta|link|center|[uod]l|span|b|i)\b[^<>]*>",
    re.IGNORECASE | re.DOTALL,
)
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig", 1),
    (b"\xff\xfe\0\0", "utf-32", 4),
    (b"\0\0\xfe\xff", "utf-32", 4),
    (b"\xff\xfe", "utf-16", 2),
    (b"\xfe\xff", "utf-16", 2),
)
"""Byte order marks, the encoding that each says, and the bytes of its units."""
FEWEST = 8
"""Bytes from which NULs say an encoding."""
_WIDE, _NARROW = 0.7, 0.05
"""Share of the units of a text in UTF-16 whose upper byte, or whose lower byte, is NUL."""
_SIGNATURES = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF87a", "a GIF picture"),
    (b"GIF89a", "a GIF picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"8BPS", "a Photoshop picture"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90\0", "a program"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xd0\xcf\x11\xe0", "an old Microsoft Office file"),
    (b"AT&TFORM", "a DjVu book"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"TPZ", "a Topaz book (Kindle)"),
    (b"CONT\x01\0", "a KFX book (Kindle)"),
    (b"CONT\x02\0", "a KFX book (Kindle)"),
    (b"\xeaDRMION\xee", "a KFX book (Kindle) locked by Amazon's DRM"),
    (b"ITSF", "a CHM help file"),
    (b"ITOLITLS", "a Microsoft Reader book (LIT)"),
    (b"%!PS", "a PostScript file"),
    (b"ID3", "a sound file"),
    (b"OggS", "a sound file"),
)
_ZIPS = (
    (b"mimetypeapplication/epub+zip", EPUB),
    (b"mimetypeapplication/vnd.oasis.opendocument.text", "an OpenDocument text (ODT)"),
    (b"mimetypeapplication/vnd.oasis.opendocument", "an OpenDocument file"),
    (b"META-INF/container.xml", EPUB),
    (b"OEBPS/", EPUB),
    (b".opf", EPUB),
    (b"word/", "a Word document (DOCX)"),
    (b"xl/", "an Excel workbook (XLSX)"),
    (b"ppt/", "a PowerPoint file (PPTX)"),
    (b"[Content_Types].xml", "a Microsoft Office file"),
)
_PALM = {
    b"BOOKMOBI": MOBI,
    b"TEXtREAd": MOBI,
    b"PNRdPPrs": "an eReader book (PDB)",
    b"PNPdPPrs": "an eReader book (PDB)",
    b".pdfADBE": "an Adobe Reader file of a Palm",
}


def is_pdf(head: bytes) -> bool:
    """Whether a PDF header stands at the start of a line within the first kilobyte."""
    return _PDF.search(head[:1100]) is not None


def is_epub(head: bytes) -> bool:
    """Whether these bytes begin an EPUB: a zip archive that says so, or has an EPUB's parts."""
    return kind(head) == EPUB


def is_mobi(head: bytes) -> bool:
    """Whether these bytes begin a MOBI book: MOBI, PRC, AZW and AZW3 are one container."""
    return kind(head) == MOBI


def is_html(head: bytes) -> bool:
    """Whether these bytes begin a web page, or a part of one."""
    found = kind(head)
    if found or not head:
        return found == HTML
    try:
        return _FRAGMENT.match(decode(head)) is not None
    except ValueError:
        return False


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
    """Text from bytes: by its byte order mark, else UTF-16 by its NULs, UTF-8, Windows-1252.

    Raises ValueError when a NUL or other control characters say that it is no text.
    """
    name, unit = encoding(data)
    if name:
        text = data[: len(data) - len(data) % unit].decode(name, "replace")
    elif b"\0" in data:
        msg = "it has NUL bytes"
        raise ValueError(msg)
    else:
        text = _decode_plain(data)
    odd = sum(
        unicodedata.category(char) == "Cc" and char not in "\t\n\r\f\v\x85" for char in text[:4096]
    )
    if odd > 4 + len(text[:4096]) // 100 or "\0" in text:
        msg = "it has control characters"
        raise ValueError(msg)
    return text.removeprefix("\ufeff")


def encoding(data: bytes) -> tuple[str, int]:
    """The encoding that a byte order mark or NULs in every second place say, and its unit."""
    for mark, name, unit in _BOMS:
        if data.startswith(mark):
            return name, unit
    sample = data[:4096]
    units = len(sample) // 2 if len(sample) >= FEWEST else 0
    upper, lower = sample[1::2].count(0), sample[::2].count(0)
    if units and upper >= _WIDE * units and lower <= _NARROW * units:
        return "utf-16-le", 2
    if units and lower >= _WIDE * units and upper <= _NARROW * units:
        return "utf-16-be", 2
    return "", 1


def _decode_plain(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start >= len(data) - 3 and error.reason == "unexpected end of data":
            return data[: error.start].decode("utf-8")  # a head that was cut within a character
        return data.decode("cp1252", "replace")


def kind(head: bytes) -> str:
    """What the bytes are, in words with their article; empty when nobody can say."""
    if head[:4] in {b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"}:
        return next((name for sign, name in _ZIPS if sign in head), "a zip archive")
    found = next((name for start, name in _SIGNATURES if head.startswith(start)), "")
    found = found or _PALM.get(head[60:68], "")
    if not found and is_pdf(head):
        found = PDF
    return found or _text_kind(head)


def _text_kind(head: bytes) -> str:
    """What is told by words rather than by a number at the beginning."""
    if head[:4] == b"RIFF":
        return "a WebP picture" if head[8:12] == b"WEBP" else "a sound or film"
    if head.lstrip()[:5] == b"{\\rtf":
        return "a Rich Text file"
    if b"multipart/related" in head[:2000] and b"MIME-Version:" in head[:2000]:
        return "a web archive (MHTML)"
    if b"<FictionBook" in head[:1000]:
        return "a FictionBook (FB2)"
    with contextlib.suppress(ValueError):
        return HTML if _HTML.match(decode(head)) else ""
    return ""


def begins_with(head: bytes) -> str:
    """The first bytes, as a person can read them, and what they are when that is known."""
    shown = repr(head[:12].decode("latin-1")) if head[:12].isascii() else head[:8].hex(" ")
    known = kind(head)
    return f"{shown}, as {known} does" if known else shown
