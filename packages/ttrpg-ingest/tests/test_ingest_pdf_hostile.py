"""PDF files that want too much: each ends soon, with a plain word, and without much memory."""

import os
import subprocess
import sys
import time
import zlib

import pytest

from ttrpg_core.context import Context
from ttrpg_core.documents import Notice, Section, Source
from ttrpg_core.errors import ParseError
from ttrpg_ingest.pdf import Pdf, ocr
from ttrpg_ingest.reading import Limits, read

CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Times-Roman >>"
TEXT = b"BT /F1 10 Tf 72 600 Td (A bell rings under the water tonight.) Tj ET"


def pdf(objects):
    """A PDF of these objects, numbered from one."""
    out = bytearray(b"%PDF-1.5\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    xref = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer << /Size %d /Root 1 0 R >>\n" % (len(objects) + 1)
    out += b"startxref\n%d\n%%%%EOF\n" % xref
    return bytes(out)


def stream(data, filters=b"/FlateDecode"):
    return b"<< /Length %d /Filter %s >>\nstream\n%s\nendstream" % (len(data), filters, data)


def page(contents):
    return (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792]"
        b" /Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>" % contents
    )


def zeros(megabytes):
    packer = zlib.compressobj(9)
    spaces = b" " * (1 << 20)
    return b"".join(packer.compress(spaces) for _ in range(megabytes)) + packer.flush()


def book(*contents):
    """A book of these content streams, a page each."""
    kids = b" ".join(b"%d 0 R" % (4 + 2 * n) for n in range(len(contents)))
    pages = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(contents), kids)
    objects = [CATALOG, pages, FONT]
    for n, content in enumerate(contents):
        objects += [page(5 + 2 * n), content]
    return pdf(objects)


@pytest.mark.parametrize(
    "bomb",
    [
        stream(zeros(600)),
        stream(zlib.compress(zeros(2000)), b"[/FlateDecode /FlateDecode]"),
    ],
    ids=["once", "twice"],
)
def test_a_page_that_unpacks_to_too_much_is_left_out(tmp_path, bomb):
    path = tmp_path / "bomb.pdf"
    text = stream(zlib.compress(TEXT))
    path.write_bytes(book(text, bomb, text))
    begin = time.monotonic()
    found = list(read("ttrpg_ingest.pdf:Pdf", path, 0, Limits(20, 500)))[1:]
    assert time.monotonic() - begin < 15
    assert [each.page for each in found if isinstance(each, Section)] == [0, 2]
    (notice,) = [each for each in found if isinstance(each, Notice)]
    assert notice.page == 1
    assert "unpacks to far more" in notice.text


def test_a_large_page_between_small_ones_is_measured_and_read(tmp_path):
    lines = b"\n".join(b"%% %d %x" % (n, n * n * 7919) for n in range(90_000))
    path = tmp_path / "large.pdf"
    packed = zlib.compress(lines + b"\n" + TEXT) + b"\n"
    assert len(packed) > 64_000
    path.write_bytes(book(stream(packed)))
    begin = time.monotonic()
    (section,) = Pdf(Context()).parse(Source(path))
    assert time.monotonic() - begin < 10
    assert section.text == "A bell rings under the water tonight."


def test_a_table_of_objects_that_unpacks_to_too_much_is_refused(tmp_path):
    path = tmp_path / "bomb.pdf"
    packed = zeros(300)
    holder = (
        b"<< /Type /ObjStm /N 1 /First 4 /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream"
    )
    path.write_bytes(
        pdf([CATALOG, b"<< /Type /Pages /Count 0 /Kids [] >>", holder % (len(packed), packed)])
    )
    with pytest.raises(ParseError, match="unpacks to far more than a book has"):
        Pdf(Context()).describe(Source(path))


@pytest.mark.parametrize(
    ("pages", "said"),
    [
        (b"<< /Type /Pages /Count 5 /Kids [2 0 R 2 0 R] >>", "no text on any page"),
        (b"<< /Type /Pages /Count -3 /Kids [] >>", "is damaged or not complete"),
    ],
    ids=["loop", "negative"],
)
def test_a_page_tree_that_lies_is_refused(tmp_path, pages, said):
    path = tmp_path / "tree.pdf"
    path.write_bytes(pdf([CATALOG, pages, FONT, page(5), stream(zlib.compress(TEXT))]))
    with pytest.raises(ParseError, match=rf"^tree.pdf:? {said}"):
        list(read("ttrpg_ingest.pdf:Pdf", path, 0, Limits(10, 500)))


def test_a_page_tree_that_promises_too_much(tmp_path):
    path = tmp_path / "tree.pdf"
    pages = b"<< /Type /Pages /Count 100000000 /Kids [4 0 R] >>"
    path.write_bytes(pdf([CATALOG, pages, FONT, page(5), stream(zlib.compress(TEXT))]))
    document, section = read("ttrpg_ingest.pdf:Pdf", path, 0, Limits(10, 500))
    assert document.pages == 1
    assert section.text == "A bell rings under the water tonight."


def test_an_outline_that_bites_its_tail(tmp_path):
    path = tmp_path / "outline.pdf"
    catalog = b"<< /Type /Catalog /Pages 2 0 R /Outlines 6 0 R >>"
    pages = b"<< /Type /Pages /Count 1 /Kids [4 0 R] >>"
    entry = b"<< /Title (Bells) /Parent 6 0 R /Dest [4 0 R /Fit] /Next 7 0 R /First 7 0 R >>"
    objects = [catalog, pages, FONT, page(5), stream(zlib.compress(TEXT))]
    path.write_bytes(pdf([*objects, b"<< /First 7 0 R /Last 7 0 R >>", entry]))
    (section,) = Pdf(Context()).parse(Source(path))
    assert section.text == "A bell rings under the water tonight."


def test_a_page_with_too_much_text_is_cut(tmp_path, monkeypatch):
    monkeypatch.setattr("ttrpg_ingest.pdf.ink.MOST_LETTERS", 1000)
    path = tmp_path / "long.pdf"
    lines = b"\n".join(
        b"BT /F1 6 Tf 1 0 0 1 72 %d Tm (Ring the bell for each of the nine drowned towers.) Tj ET"
        % (780 - 12 * n)
        for n in range(60)
    )
    path.write_bytes(book(stream(zlib.compress(lines))))
    notice, *rest = Pdf(Context()).parse(Source(path))
    assert "too much text" in notice.text
    assert 900 < sum(len(each.text) for each in rest) <= 1100


def picture():
    """A page that is a grey picture."""
    image = b"<< /Type /XObject /Subtype /Image /Width 2 /Height 2 /ColorSpace /DeviceGray"
    image += b" /BitsPerComponent 8 /Length 4 >>\nstream\n\x80\x80\x80\x80\nendstream"
    sheet = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100]"
        b" /Resources << /XObject << /I 3 0 R >> >> /Contents 5 0 R >>"
    )
    drawn = stream(zlib.compress(b"q 200 0 0 100 0 0 cm /I Do Q"))
    return pdf([CATALOG, b"<< /Type /Pages /Count 1 /Kids [4 0 R] >>", image, sheet, drawn])


SCRIPT = """#!{python}
import sys
head = sys.stdin.buffer.read()
assert head.startswith(b"P5 834 417 255\\n"), head[:20]
assert len(head) == len(b"P5 834 417 255\\n") + 834 * 417
print("The bell rings\\nat low wa-\\nter.\\n\\nNobody comes.")
"""


@pytest.mark.skipif(os.name == "nt", reason="needs a script that can be run")
def test_a_picture_of_a_page_is_given_to_tesseract_where_it_is(tmp_path, monkeypatch):
    path = tmp_path / "scan.pdf"
    path.write_bytes(picture())
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ParseError, match="probably scanned"):
        list(Pdf(Context()).parse(Source(path)))
    program = tmp_path / "tesseract"
    program.write_text(SCRIPT.format(python=sys.executable))
    program.chmod(0o755)
    notice, section = Pdf(Context()).parse(Source(path))
    assert section.text == "The bell rings at low water.\n\nNobody comes."
    assert "recognised" in notice.text


def test_text_recognition_that_hangs_or_fails_finds_nothing(tmp_path, monkeypatch):
    import pypdfium2

    path = tmp_path / "scan.pdf"
    path.write_bytes(picture())
    document = pypdfium2.PdfDocument(path)
    monkeypatch.setattr(ocr.shutil, "which", lambda name: sys.executable)
    assert ocr.recognised(document, 0) == ""

    def hang(*args, **options):
        raise subprocess.TimeoutExpired(args, options["timeout"])

    monkeypatch.setattr(ocr.subprocess, "run", hang)
    assert ocr.recognised(document, 0) == ""
