"""Files that mean harm, made here: bombs, loops, lies about sizes, paths that lead out.

Each is small on the disk; what it would like to become is said beside it. Nothing of the test data
is needed for them.
"""

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

MEGABYTE = 1_000_000
CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="o.opf" media-type="application/oebps-package+xml"/></rootfiles>'
    "</container>"
)
OPF = (
    '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata/><manifest>'
    '<item id="a" href="{href}" media-type="application/xhtml+xml"/>{items}</manifest>'
    '<spine><itemref idref="a"/></spine></package>'
)
LAUGHS = (
    '<!DOCTYPE {root} [<!ENTITY a "ha">'
    + "".join(
        f'<!ENTITY {new} "{f"&{old};" * 10}">'
        for old, new in zip("abcdefghi", "bcdefghij", strict=True)
    )
    + "]>"
)
"""Ten thousand million laughs, in ten entities."""
PAGE = "<html><body><h1>A lamp</h1><p>It burns for an hour.</p></body></html>"


def make(folder: Path) -> Iterator[Path]:
    """Write the files into ``folder``, one after the other."""
    for name, data in (*_pdfs(), *_epubs(), *_mobis(), *_texts()):
        path = folder / f"made-{name}"
        path.write_bytes(data)
        yield path
    yield _declares_less(folder / "made-epub-that-declares-less.epub")
    yield _inflates(folder / "made-zip-bomb.epub")


# --- PDF ---


def _pdf(objects: Iterable[bytes], trailer: bytes = b"") -> bytes:
    """A PDF of these objects; HERE in the trailer is where its own table stands."""
    whole = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(whole))
        whole += b"%d 0 obj%b endobj\n" % (number, body)
    start = len(whole)
    whole += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    whole += b"".join(b"%010d 00000 n \n" % place for place in places)
    size, trailer = len(places) + 1, trailer.replace(b"HERE", b"%d" % start)
    whole += b"trailer<</Size %d/Root 1 0 R%b>>\nstartxref\n%d\n%%%%EOF" % (size, trailer, start)
    return bytes(whole)


def _pdfs() -> Iterator[tuple[str, bytes]]:
    stream = zlib.compressobj(9)
    block = b"BT /F1 9 Tf (bomb) Tj ET " * 40_000
    once = b"".join(stream.compress(block) for _ in range(600)) + stream.flush()
    page = (
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R"
        b"/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>"
    )
    tree = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>", page]
    packed = b"<</Filter%b/Length %d>>stream\n%b\nendstream"
    yield "flate-bomb-600-mb.pdf", _pdf([*tree, packed % (b"/FlateDecode", len(once), once)])
    twice = zlib.compress(once, 9)
    filters = b"[/FlateDecode/FlateDecode]"
    yield "flate-bomb-in-a-flate-bomb.pdf", _pdf([*tree, packed % (filters, len(twice), twice)])
    plain = b"<</Length 30>>stream\nBT /F1 9 Tf (lamp) Tj ET\nendstream"
    kids = b"<</Type/Pages/Kids[3 0 R 2 0 R]/Count 2000000000>>"
    yield "page-tree-with-a-loop.pdf", _pdf([tree[0], kids, page, plain])
    yield "xref-with-a-loop.pdf", _pdf([*tree, plain], b"/Prev HERE")
    form = (
        b"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 4 0 R>>>>"
        b"/Length 20>>stream\n/X Do /X Do /X Do /X\nendstream"
    )
    yield (
        "form-in-itself.pdf",
        _pdf([*tree[:2], page.replace(b"/Font", b"/XObject<</X 4 0 R>>/Font"), form]),
    )
    yield "nested-arrays.pdf", _pdf([*tree, plain, b"[" * MEGABYTE])


# --- EPUB ---


def _zip(members: Mapping[str, bytes | str], *, packed: bool = True) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as book:
        book.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        for name, content in members.items():
            book.writestr(name, content)
    return out.getvalue()


def _epub(page: bytes | str = PAGE, *, href: str = "a.xhtml", **more: bytes | str) -> bytes:
    """An EPUB of one page; ``more`` are members, with ``__`` for the dot of their names."""
    named = {name.replace("__", "."): content for name, content in more.items()}
    opf = OPF.format(href=href, items="")
    return _zip({"META-INF/container.xml": CONTAINER, "o.opf": opf, "a.xhtml": page} | named)


def _epubs() -> Iterator[tuple[str, bytes]]:
    deep = "<a>" * 200_000 + "</a>" * 200_000
    yield "epub-of-laughs.epub", _epub(LAUGHS.format(root="html") + PAGE.replace("hour", "&j;"))
    laughing = LAUGHS.format(root="package") + OPF.format(href="a.xhtml", items="&j;")
    yield "epub-with-a-laughing-package.epub", _epub(o__opf=laughing)
    yield "epub-with-a-deep-package.epub", _epub(o__opf=deep)
    yield "epub-with-a-deep-page.epub", _epub(PAGE.replace("hour", "<div>" * 500_000))
    yield "epub-with-a-page-of-spaces.epub", _epub(PAGE.replace("hour", " " * 20 * MEGABYTE))
    outside = OPF.format(href="../../../../../../etc/passwd", items="")
    yield "epub-that-reads-outside.epub", _epub(o__opf=outside)
    inner = _epub()
    for _ in range(9):
        inner = _zip(
            {
                "META-INF/container.xml": CONTAINER,
                "o.opf": OPF.format(href="b.epub", items=""),
                "b.epub": inner,
            }
        )
    yield "epub-in-an-epub-ten-times.epub", inner
    outward = ("../evil.xhtml", "/tmp/evil.xhtml", "..\\evil.xhtml", "c:\\evil")
    evil = dict.fromkeys(outward, b"evil")
    yield "epub-with-paths-that-lead-out.epub", _epub(href="../evil.xhtml", **evil)
    yield "epub-with-a-link-out.epub", _linked()
    many = {f"{n}": b"" for n in range(60_000)}
    yield "epub-of-60000-files.epub", _epub(**many)
    items = "".join(f'<item id="i{n}" href="a.xhtml" media-type="x"/>' for n in range(190_000))
    yield "epub-of-190000-items.epub", _epub(o__opf=OPF.format(href="a.xhtml", items=items))
    whole = _epub()
    yield "epub-cut-off.epub", whole[:-40]
    end = bytearray(whole)
    struct.pack_into("<HHLL", end, len(end) - 14, 65_535, 65_535, 0x7FFFFFFF, 0)
    yield "epub-with-a-lying-directory.epub", bytes(end)


def _linked() -> bytes:
    out = io.BytesIO(_epub(href="link.xhtml"))
    with zipfile.ZipFile(out, "a") as book:
        link = zipfile.ZipInfo("link.xhtml")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        book.writestr(link, "/etc/passwd")
    return out.getvalue()


def _inflates(path: Path) -> Path:
    """A chapter of 1.5 GB in an honest archive of 1.5 MB."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        book.writestr("META-INF/container.xml", CONTAINER)
        book.writestr("o.opf", OPF.format(href="a.xhtml", items=""))
        with book.open("a.xhtml", "w", force_zip64=True) as chapter:
            for _ in range(1500):
                chapter.write(b"<p>" + b"bomb " * 209_714 + b"</p>")
    return path


def _declares_less(path: Path) -> Path:
    """A chapter of 200 MB of which the directory says that it has a thousand bytes."""
    data = bytearray(_epub(b"<p>" + b"bomb " * 40 * MEGABYTE))
    at = data.index(b"PK\1\2", data.rindex(b"o.opf"))
    struct.pack_into("<L", data, at + 24, 1000)
    path.write_bytes(data)
    return path


# --- MOBI ---


def _palm(records: list[bytes], count: int | None = None) -> bytes:
    head = b"lamp".ljust(60, b"\0") + b"BOOKMOBI" + bytes(8)
    head += struct.pack(">H", len(records) if count is None else count)
    at = len(head) + 8 * len(records) + 2
    for number, record in enumerate(records):
        head += struct.pack(">LL", at, number)
        at += len(record)
    return head + bytes(2) + b"".join(records)


def _first(packing: int, length: int, records: int, extra: bytes = b"", **places: int) -> bytes:
    head = bytearray(struct.pack(">HHLHHHH", packing, 0, length, records, 4096, 0, 0))
    head += b"MOBI" + struct.pack(">LLLLL", 264, 2, 65001, 7, 6) + b"\xff" * 240
    struct.pack_into(">H", head, 242, 0)
    for at, value in places.items():
        struct.pack_into(">L", head, int(at[2:]), value)
    return bytes(head) + extra


def _phrases(*phrases: bytes) -> list[bytes]:
    """Packing tables in which the byte 255 means the first phrase, 254 the second."""
    quick = struct.pack(">256L", *([0xFF << 8 | 0x80 | 8] * 256))
    bounds = struct.pack(">64L", *([0, 0xFFFFFFFF] * 32))
    huff = b"HUFF\0\0\0\x18" + struct.pack(">LLLL", 24, 24 + len(quick), 0, 0) + quick + bounds
    body, offsets = b"", b""
    for phrase in phrases:
        offsets += struct.pack(">H", 2 * len(phrases) + len(body))
        body += struct.pack(">H", len(phrase)) + phrase
    cdic = b"CDIC\0\0\0\x10" + struct.pack(">LL", len(phrases), 8) + offsets + body
    return [huff, cdic]


def _mobis() -> Iterator[tuple[str, bytes]]:
    text = PAGE.encode()
    honest = _palm([_first(1, len(text), 1), text])
    for size in (70, 79, 90, 200, len(honest) - 30):
        yield f"mobi-cut-at-{size}.mobi", honest[:size]
    yield "mobi-with-a-lying-count.mobi", _palm([_first(1, len(text), 1), text], 65_535)
    yield "mobi-with-65535-texts.mobi", _palm([_first(1, len(text), 65_535), text])
    yield (
        "mobi-that-repeats-itself.mobi",
        _palm([_first(2, 1 << 31, 60_000), *[b"a" + b"\x80\x0f" * 26_000] * 2000]),
    )
    field = b"EXTH" + struct.pack(">LLLL", 0xFFFFFFFF, 0xFFFFFFFF, 503, 0xFFFFFFF0)
    yield "mobi-with-a-lying-field.mobi", _palm([_first(1, len(text), 1, field), text])
    index = _first(1, len(text), 1, at244=2)
    lying = b"INDX" + struct.pack(">LLLLLL", 192, 0, 0, 0, 192, 0xFFFFFFFF) + bytes(300)
    yield "mobi-with-a-lying-index.mobi", _palm([index, text, lying])
    loop = _first(17480, 4096, 1, at112=2, at116=2)
    yield "mobi-with-a-phrase-in-itself.mobi", _palm([loop, b"\xff" * 99, *_phrases(b"\xff" * 99)])
    towers = [bytes([254 - n]) * 60 for n in range(20)] + [b"end"]
    yield "mobi-with-a-tower-of-phrases.mobi", _palm([loop, b"\xff" * 99, *_phrases(*towers)])
    boundary = b"EXTH" + struct.pack(">LLLLL", 24, 1, 121, 12, 2)
    yield (
        "mobi-with-itself-as-the-newer.mobi",
        _palm(
            [
                _first(1, len(text), 1, boundary),
                b"BOUNDARY",
                _first(1, len(text), 9, boundary),
                text,
            ]
        ),
    )


# --- text ---


def _texts() -> Iterator[tuple[str, bytes]]:
    yield "page-of-laughs.html", (LAUGHS.format(root="html") + PAGE.replace("hour", "&j;")).encode()
    yield "page-of-open-tags.html", b"<html><body><p>lamp" + b"<div><b><table><td>" * MEGABYTE
    yield (
        "page-with-a-huge-attribute.html",
        b'<html><body><p title="' + b"x" * 20 * MEGABYTE + b'">lamp',
    )
    yield "page-of-comments.html", b"<html><body><p>lamp" + b"<!--" * 4 * MEGABYTE
    yield "notes-of-one-line.md", b"# lamp\n" + b"*a [[b " * 3 * MEGABYTE
    yield "notes-of-open-comments.md", b"# lamp\n" + b"<!-- %%\n" * 2 * MEGABYTE
    yield "notes-of-headings.md", b"# a\n" * MEGABYTE
    yield "notes-with-nul.md", b"# lamp\0\n" * 9
    yield "notes-in-utf-16.md", "# lamp\n\nIt burns.\n".encode("utf-16-be")
    yield "text-of-blank-lines.txt", b"lamp" + b"\n" * 20 * MEGABYTE + b"lamp"
    yield "text-of-form-feeds.txt", b"lamp\f" * 2 * MEGABYTE
    yield "text-of-70-mb.txt", b"lamp light " * 6_400_000
