"""EPUB: order, outline, printed pages, notes, boxes, locks; each book is made here."""

import zipfile

import pytest

from ttrpg_core.context import Context
from ttrpg_core.documents import Notice, Section, Source, headed
from ttrpg_core.errors import ParseError
from ttrpg_core.testing import ParserTests
from ttrpg_core.testing.suites.parser import OTHERS
from ttrpg_ingest.ebooks.epub import Epub

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OPS/book.opf" media-type="application/oebps-package+xml"/>'
    "</rootfiles></container>"
)
METADATA = (
    '<dc:title>The Lantern Rules</dc:title><dc:creator opf:role="aut">A. Writer</dc:creator>'
    '<dc:creator opf:role="ill">B. Painter</dc:creator><dc:language>en</dc:language>'
    "<dc:publisher>Lamp &amp; Co</dc:publisher><dc:date>2019-04-01</dc:date>"
)
NS = 'xmlns:epub="http://www.idpf.org/2007/ops"'


def xhtml(body):
    return f'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml" {NS}>{body}</html>'


def opf(pages, *, metadata=METADATA, more="", toc=""):
    items = "".join(
        f'<item id="p{n}" href="{name}" media-type="application/xhtml+xml"/>'
        for n, name in enumerate(pages)
    )
    spine = "".join(f'<itemref idref="p{n}"/>' for n in range(len(pages)))
    return (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" '
        'xmlns:opf="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<metadata>{metadata}</metadata><manifest>{items}{more}</manifest>"
        f"<spine {toc}>{spine}</spine></package>"
    )


NAV_ITEM = '<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>'
NCX_ITEM = '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'


@pytest.fixture
def make(tmp_path):
    """Write an EPUB with the spine in order: ``make({"a.xhtml": body}, nav=..., files={...})``."""

    def write(pages, *, nav="", ncx="", files=None, metadata=METADATA, name="book.epub"):
        more = (NAV_ITEM if nav else "") + (NCX_ITEM if ncx else "")
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
            book.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
            book.writestr("META-INF/container.xml", CONTAINER)
            toc = 'toc="ncx"' if ncx else ""
            book.writestr("OPS/book.opf", opf(pages, metadata=metadata, more=more, toc=toc))
            for file, body in reversed(pages.items()):  # no reader may go by the zip's order
                book.writestr(f"OPS/{file}", xhtml(body))
            if nav:
                book.writestr("OPS/nav.xhtml", xhtml(nav))
            if ncx:
                book.writestr("OPS/toc.ncx", ncx)
            for file, data in (files or {}).items():
                book.writestr(file, data)
        return path

    return write


def read(path, start=0):
    return [s for s in Epub(Context()).parse(Source(path, start)) if isinstance(s, Section)]


def outline(sections):
    return [(section.level, section.heading) for section in sections if section.heading]


class TestEpub(ParserTests):
    @pytest.fixture
    def parser(self):
        return Epub(Context())

    @pytest.fixture
    def sample(self, make):
        pages = {
            f"p{n}.xhtml": f'<p>{"x" if n else ""}</p><span epub:type="pagebreak" title="{n + 7}"/>'
            f"<h1>Part {n}</h1><p>Text of part {n}.</p>"
            for n in range(4)
        }
        return make(pages)

    @pytest.fixture
    def not_mine(self):
        return {**OTHERS, "a zip": b"PK\x03\x04" + bytes(26) + b"a.txt", "a PDF": b"%PDF-1.7\n"}


def test_the_spine_gives_the_order_and_the_package_the_title(make):
    path = make({"z.xhtml": "<h1>One</h1><p>first</p>", "a.xhtml": "<h1>Two</h1><p>second</p>"})
    assert [s.text for s in read(path)] == ["first", "second"]
    document = Epub(Context()).describe(Source(path))
    assert (document.title, document.authors) == ("The Lantern Rules", ("A. Writer",))
    assert (document.language, document.publisher, document.edition) == ("en", "Lamp & Co", "2019")
    assert document.pages == 0


NAV = (
    '<nav epub:type="toc"><ol><li><a href="a.xhtml">Night</a><ol>'
    '<li><a href="a.xhtml#b">The Road</a></li></ol></li>'
    '<li><a href="b.xhtml">Day</a></li></ol></nav>'
)
NCX = (
    '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint><navLabel><text>Night'
    '</text></navLabel><content src="a.xhtml"/><navPoint><navLabel><text>The Road</text></navLabel>'
    '<content src="a.xhtml#b"/></navPoint></navPoint><navPoint><navLabel><text>Day</text>'
    '</navLabel><content src="b.xhtml"/></navPoint></navMap></ncx>'
)


@pytest.mark.parametrize("outlines", [{"nav": NAV}, {"ncx": NCX}, {"nav": NAV, "ncx": NCX}])
def test_the_outline_gives_headings_where_the_text_has_none(make, outlines):
    pages = {
        "a.xhtml": '<p>It is dark.</p><p id="b"><b>THE ROAD</b></p><p>It is long.</p>',
        "b.xhtml": "<p>It is light.</p>",
    }
    sections = read(make(pages, **outlines))
    assert outline(sections) == [(1, "Night"), (2, "The Road"), (1, "Day")]
    assert [s.text for s in sections] == ["It is dark.", "It is long.", "It is light."]


def test_headings_of_the_text_win_over_the_outline(make):
    pages = {
        "a.xhtml": '<h2>Night<a href="n.xhtml#1" epub:type="noteref">1</a></h2><p>x</p>'
        '<div id="b"><img alt=""/><h3>Road of Ash</h3></div><p>y</p>',
        "b.xhtml": "<p>Day</p><p>z</p>",
    }
    sections = read(make(pages, nav=NAV))
    # "Day" has no heading of its own, and is as deep as the book's chapters are
    assert outline(sections) == [(2, "Night"), (3, "Road of Ash"), (2, "Day")]


def test_a_page_list_gives_printed_pages(make):
    pages = {
        "a.xhtml": '<p>one</p><p>two <a id="p7"/>three</p>',
        "b.xhtml": "<h1>B</h1><p>four</p>",
    }
    nav = (
        '<nav epub:type="page-list" hidden=""><ol><li><a href="a.xhtml">vi</a></li>'
        '<li><a href="a.xhtml#p7">7</a></li><li><a href="b.xhtml">8</a></li></ol></nav>'
    )
    path = make(pages, nav=nav)
    expected = [(0, "vi", "one\n\ntwo"), (1, "7", "three"), (2, "8", "four")]
    assert [(s.page, s.label, s.text) for s in read(path)] == expected
    assert [(s.page, s.label, s.text) for s in read(path, 1)] == expected[1:]
    assert Epub(Context()).describe(Source(path)).pages == 3


def test_page_breaks_in_the_text_are_pages_once(make):
    body = (
        '<p>a<span epub:type="pagebreak" id="page12" title="12"/>b</p>'
        '<div role="doc-pagebreak" aria-label=" Page xiii. "></div><p>c</p>'
        '<span epub:type="pagebreak">14</span><p>d</p>'
    )
    nav = '<nav epub:type="page-list"><ol><li><a href="a.xhtml#page12">12</a></li></ol></nav>'
    found = [(s.page, s.label, s.text) for s in read(make({"a.xhtml": body}, nav=nav))]
    assert found == [(None, None, "a"), (0, "12", "b"), (1, "xiii", "c"), (2, "14", "d")]


def test_notes_and_their_numbers(make):
    body = (
        '<h1>A</h1><p>Torches<a epub:type="noteref" href="#n1">1</a> burn<sup><a href="#n2">2</a>'
        '</sup> 10<sup>2</sup> minutes.</p><aside epub:type="footnote" id="n1"><p>Not in rain. '
        '<a href="#r1">\u21a9\ufe0e</a></p></aside><p>More.</p>'
        '<section epub:type="endnotes"><ol><li id="n2" epub:type="endnote">In oil.</li></ol>'
        "</section>"
    )
    found = [(s.kind, s.text) for s in read(make({"a.xhtml": body}))]
    assert found == [
        ("", "Torches[1] burn[2] 102 minutes."),
        ("note", "Not in rain."),
        ("", "More."),
        ("note", "1. In oil."),
    ]


def test_tables_and_boxes_stand_alone_and_the_chapter_goes_on(make):
    body = (
        "<h1>Gear</h1><p>Buy.</p><table><tr><th>Item</th><th>Cost</th></tr>"
        '<tr><td rowspan="2">Rope</td><td>1 | 2</td></tr><tr><td>3</td></tr></table><p>Sell.</p>'
        '<div class="readaloud"><p>You hear</p><p>bells.</p></div>'
        "<aside><h3>Haggling</h3><p>Try.</p></aside><p>End.</p>"
    )
    sections = read(make({"a.xhtml": body}))
    assert [(s.kind, s.level, s.text) for s in sections] == [
        ("", 1, "Buy."),
        ("table", 0, "| Item | Cost |\n| --- | --- |\n| Rope | 1 \\| 2 |\n| Rope | 3 |"),
        ("", 0, "Sell."),
        ("read_aloud", 0, "You hear\n\nbells."),
        ("sidebar", 0, "Haggling\n\nTry."),
        ("", 0, "End."),
    ]
    assert {path for _, path in headed(sections)} == {("Gear",)}


def encryption(algorithm, uri, more=""):
    return (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" '
        'xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData>'
        f'<enc:EncryptionMethod Algorithm="{algorithm}"/>{more}<enc:CipherData>'
        f'<enc:CipherReference URI="{uri}"/></enc:CipherData></enc:EncryptedData></encryption>'
    )


AES = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
LOCKS = {
    "Adobe ADEPT": {
        "META-INF/rights.xml": '<rights xmlns="http://ns.adobe.com/adept"/>',
    },
    "Apple FairPlay": {"META-INF/sinf.xml": "<sinf/>"},
    "Readium LCP": {"META-INF/license.lcpl": "{}"},
    "a lock that is not known": {},
}


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_are_refused_by_name(make, lock):
    files = {"META-INF/encryption.xml": encryption(AES, "OPS/a.xhtml"), **LOCKS[lock]}
    path = make({"a.xhtml": "<p>\x1f\x11garbled</p>"}, files=files)
    for act in (Epub(Context()).describe, lambda source: list(Epub(Context()).parse(source))):
        with pytest.raises(ParseError, match=rf"book.epub is locked by {lock} \(DRM\)"):
            act(Source(path))


@pytest.mark.parametrize(
    ("algorithm", "uri"),
    [
        ("http://www.idpf.org/2008/embedding", "OPS/fonts/lantern.otf"),
        ("http://ns.adobe.com/pdf/enc#RC", "OPS/fonts/lantern.otf"),
        (AES, "OPS/images/map.jpg"),
    ],
)
def test_garbled_fonts_and_pictures_do_not_lock_the_text(make, algorithm, uri):
    files = {"META-INF/encryption.xml": encryption(algorithm, uri)}
    assert [s.text for s in read(make({"a.xhtml": "<p>plain</p>"}, files=files))] == ["plain"]


def test_a_missing_part_is_noticed_and_the_rest_is_read(make, tmp_path):
    path = make({"a.xhtml": "<p>first</p>", "b.xhtml": "<p>second</p>"})
    torn = tmp_path / "torn.epub"
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(torn, "w") as kept:
        for info in whole.infolist():
            if info.filename != "OPS/a.xhtml":
                kept.writestr(info, whole.read(info))
    found = list(Epub(Context()).parse(Source(torn)))
    assert [s.text for s in found if isinstance(s, Section)] == ["second"]
    assert [n.text for n in found if isinstance(n, Notice)] == [
        "left out: OPS/a.xhtml is not in it"
    ]


def test_tables_of_contents_are_no_text(make):
    links = "".join(f'<li><a href="a.xhtml">Chapter number {n}</a></li>' for n in range(9))
    pages = {"a.xhtml": "<h1>A</h1><p>text</p>", "toc.xhtml": f"<h1>Contents</h1><ul>{links}</ul>"}
    nav = (
        '<nav epub:type="toc"><ol><li><a href="a.xhtml">A</a></li></ol></nav>'
        '<nav epub:type="landmarks"><ol><li><a epub:type="toc" href="toc.xhtml">T</a></li></ol>'
        "</nav>"
    )
    assert [s.text for s in read(make(pages, nav=nav))] == ["text"]


def test_a_book_of_pictures_says_so(make):
    path = make({"a.xhtml": '<img src="1.png"/>'})
    with pytest.raises(ParseError, match="has no text that can be read; are its pages pictures"):
        read(path)


def test_names_with_blanks_signs_and_other_case(make):
    files = {"OPS/KAPITEL #1.xhtml": xhtml("<p>by its real name</p>")}
    sections = read(make({"Kapitel%20%231.xhtml": "<p>no link leads here</p>"}, files=files))
    assert [s.text for s in sections] == ["by its real name"]
