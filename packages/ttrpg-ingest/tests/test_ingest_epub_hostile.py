"""Archives that mean harm: read in the child as books are, refused or read, never more."""

import contextlib
import os
import struct
import time
import zipfile
from pathlib import Path

import pytest

from ttrpg_core.context import Context
from ttrpg_core.documents import Document, Section, Source
from ttrpg_core.errors import ParseError
from ttrpg_ingest.ebooks import archive, binding
from ttrpg_ingest.ebooks.epub import Epub
from ttrpg_ingest.ebooks.trees import NoTree, tree
from ttrpg_ingest.reading import Limits, read

DATA = Path(os.environ.get("TTRPG_TEST_DATA", Path(__file__).parents[3].parent / "shared" / "data"))
BOOKS = sorted(
    path.relative_to(DATA).as_posix()
    for folder in ("ebooks", "rules/ebook")
    for path in (DATA / folder).rglob("*")
    if path.suffix in {".epub", ".mobi", ".azw3"}
)
LOCKED = {"epub20_minimal_encryption.epub", "libmobi-sample-drm_pidLTKULBB_5V-v2.mobi"}
OPF = (
    '<package xmlns="http://www.idpf.org/2007/opf"><metadata/><manifest>'
    '<item id="a" href="{href}" media-type="application/xhtml+xml"/></manifest>'
    '<spine><itemref idref="a"/></spine></package>'
)
CONTAINER = '<container><rootfiles><rootfile full-path="book.opf"/></rootfiles></container>'


@pytest.fixture
def make(tmp_path):
    def write(page, *, href="a.xhtml", opf=OPF, container=CONTAINER, more=()):
        path = tmp_path / "hostile.epub"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
            book.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
            book.writestr("META-INF/container.xml", container)
            book.writestr("book.opf", opf.replace("{href}", href))
            book.writestr("a.xhtml", page)
            for name, data in more:
                book.writestr(name, data)
        return path

    return write


def in_child(path, target="ttrpg_ingest.ebooks.epub:Epub", megabytes=500):
    """Everything here is read with less than 500 MB of address space, or it would fail."""
    return list(read(target, path, 0, Limits(30, megabytes)))


def text_of(found):
    return "\n".join(each.text for each in found if isinstance(each, Section))


def test_a_bomb_that_declares_its_size_is_refused_unread(make):
    path = make("<p>x</p>", more=[("bomb.xhtml", bytes(40_000_000))])
    began = time.process_time()
    with pytest.raises(ParseError, match=r"unpacks to \d+ times its size"):
        Epub(Context()).describe(Source(path))
    assert time.process_time() - began < 1


def test_a_bomb_below_the_ratio_stops_while_it_is_read(make):
    page = b"<p>" + b"".join(b"%07d " % n for n in range(3_200_000))
    with pytest.raises(ParseError, match="unpacks to more than 24 MB"):
        in_child(make(page))


def test_a_book_with_more_tags_than_any_is_refused(make, monkeypatch):
    monkeypatch.setattr(binding, "MOST_TAGS", 8)
    assert text_of(Epub(Context()).parse(Source(make("<p>x</p>" * 4)))) == "x\n\nx\n\nx\n\nx"
    with pytest.raises(ParseError, match="has more than 8 tags in its text"):
        list(Epub(Context()).parse(Source(make("<p>x</p>" * 5))))


def test_many_parts_may_not_unpack_to_more_than_a_book(make, monkeypatch):
    monkeypatch.setattr(archive, "MOST_READ", 1_000_000)
    monkeypatch.setattr(archive.Archive, "__init__", _with_less(archive.Archive.__init__))
    items = "".join(
        f'<item id="i{n}" href="a.xhtml?{n}" media-type="application/xhtml+xml"/>'
        f'<item id="j{n}" href="b{n}.xhtml" media-type="application/xhtml+xml"/>'
        for n in range(99)
    )
    spine = "".join(f'<itemref idref="i{n}"/><itemref idref="j{n}"/>' for n in range(99))
    opf = f"<package><manifest>{items}</manifest><spine>{spine}</spine></package>"
    with pytest.raises(ParseError, match="unpacks to more than"):
        list(Epub(Context()).parse(Source(make("<p>word " * 4000, opf=opf))))


def _with_less(init):
    def made(self, *args):
        init(self, *args, 1_000_000)

    return made


def test_a_size_that_lies_is_found_out(make):
    path = make("<p>" + "word " * 100_000)
    data = bytearray(path.read_bytes())
    at = data.rfind(b"a.xhtml") - 46  # its entry in the directory
    assert data[at : at + 4] == b"PK\1\2"
    struct.pack_into("<I", data, at + 24, 10)
    path.write_bytes(data)
    with pytest.raises(
        ParseError, match=r"no text that can be read: left out: a\.xhtml is damaged"
    ):
        in_child(path)


def test_more_members_than_a_book_are_refused_before_the_directory_is_read(tmp_path):
    path = tmp_path / "many.epub"
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("mimetype", "application/epub+zip")
    data = bytearray(path.read_bytes())
    end = data.rfind(b"PK\5\6")
    struct.pack_into("<H", data, end + 10, 60_000)
    path.write_bytes(data)
    with pytest.raises(ParseError, match="claims 60,000 files"):
        Epub(Context()).describe(Source(path))


def test_an_archive_in_an_archive_is_not_opened(make):
    inner = make("<p>inner</p>").read_bytes()
    path = make(b"PK\x03\x04", href="inner.epub", more=[("inner.epub", inner)])
    with pytest.raises(ParseError, match=r"lists no pages|no text"):
        in_child(path.rename(path.with_name("outer.epub")))


def test_two_hundred_thousand_nested_tags_keep_their_text(make):
    page = "<div>" * 200_000 + "deep" + "</div>" * 200_000 + "<p>after</p>"
    assert text_of(in_child(make(page))) == "deep\n\nafter"
    page = '<aside class="sidebar"><ul><li>' * 60_000 + "deep"
    assert "deep" in text_of(in_child(make(page)))


LAUGHS = (
    "<!DOCTYPE p [<!ENTITY a 'ha'>"
    + "".join(
        f'<!ENTITY {y} "{f"&{x};" * 10}">' for x, y in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]>"
)
SECRET = "<!DOCTYPE p [<!ENTITY i SYSTEM 'file:///etc/passwd'>]>"


@pytest.mark.parametrize("declared", [LAUGHS, SECRET])
def test_entities_are_never_expanded(make, declared):
    found = text_of(in_child(make(f"{declared}<html><p>before &i; after</p></html>")))
    assert found == "before &i; after"
    with pytest.raises(ParseError, match="declares entities"):
        in_child(make("<p>x</p>", opf=declared + OPF.replace("<metadata/>", "<p>&i;</p>")))
    with pytest.raises(NoTree):
        tree(f"{declared}<p>&i;</p>".encode())


@pytest.mark.parametrize("href", ["../../../../etc/passwd", "/etc/passwd", "file:///etc/passwd"])
def test_paths_out_of_the_book_lead_nowhere(make, href):
    with pytest.raises(ParseError, match=r"no text that can be read|lists no pages"):
        in_child(make("<p>x</p>", href=href))


def test_names_that_climb_and_links_write_nothing(make, tmp_path):
    path = make("<p>fine</p>", more=[("../../climbed", "x"), ("/tmp/ttrpg-absolute", "x")])
    with zipfile.ZipFile(path, "a") as book:
        link = zipfile.ZipInfo("OPS/link.xhtml")
        link.external_attr = 0o120777 << 16
        book.writestr(link, "/etc/passwd")
    before = sorted(tmp_path.rglob("*"))
    assert text_of(in_child(path)) == "fine"
    assert sorted(tmp_path.rglob("*")) == before
    assert not Path("/tmp/ttrpg-absolute").exists()


@pytest.mark.parametrize(
    "page",
    [
        "<![CDATA[" * 50_000,
        "<a " * 100_000,
        "<!--" * 100_000,
        "<!DOCTYPE a [" * 50_000,
        "&" * 100_000,
    ],
)
def test_markup_that_never_ends_takes_no_time(make, page):
    began = time.process_time()
    with contextlib.suppress(ParseError):
        list(Epub(Context()).parse(Source(make(page + "<p>x</p>"))))
    assert time.process_time() - began < 5


@pytest.mark.skipif(not BOOKS, reason="no shared data: set TTRPG_TEST_DATA to its folder")
@pytest.mark.parametrize("name", BOOKS)
def test_every_ebook_is_read_or_refused(name, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    path = DATA / name
    target = "epub:Epub" if path.suffix == ".epub" else "mobi:Mobi"
    if path.name in LOCKED or "unreadable" in path.name:
        with pytest.raises(ParseError) as caught:
            in_child(path, f"ttrpg_ingest.ebooks.{target}")
        assert "crashed" not in caught.value.message
        assert (path.name in LOCKED) == ("(DRM)" in caught.value.message)
    else:
        found = in_child(path, f"ttrpg_ingest.ebooks.{target}")
        assert isinstance(found[0], Document)
        assert text_of(found).strip()
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")
