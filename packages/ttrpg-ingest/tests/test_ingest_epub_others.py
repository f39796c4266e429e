"""Books read with EbookLib and mobi where these are installed, and what is said without them."""

import importlib.util
import os
import sys
import tempfile
import zipfile

import pytest

from ttrpg_core.context import Context
from ttrpg_core.documents import Section, Source
from ttrpg_core.errors import InputError, NotFound, ParseError
from ttrpg_ingest import reading, shelf
from ttrpg_ingest.ebooks import others
from ttrpg_ingest.ebooks.epub import Epub
from ttrpg_ingest.ebooks.mobi import Mobi
from ttrpg_ingest.ebooks.others import WithEbookLib, WithMobi

EPUB_HEAD = b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/epub+zip"
MOBI_HEAD = bytes(60) + b"BOOKMOBI"
LIMITS = reading.Limits(60, 1500)


def needs(package):
    return pytest.mark.skipif(
        importlib.util.find_spec(package) is None, reason=f"the extra {package} is not installed"
    )


def read(parser, path):
    return [each for each in parser(Context()).parse(Source(path)) if isinstance(each, Section)]


@pytest.mark.parametrize(("parser", "head"), [(WithEbookLib, EPUB_HEAD), (WithMobi, MOBI_HEAD)])
def test_they_take_what_they_can_read(parser, head):
    assert parser(Context()).sniff(head) is True
    assert parser(Context()).sniff(b"text") is False


@pytest.mark.parametrize(
    ("parser", "package", "name"),
    [
        (WithEbookLib, "ebooklib", "ebooks/parity/epictetus.epub"),
        (WithMobi, "mobi", "ebooks/parity/epictetus.mobi"),
    ],
)
def test_what_to_install_is_said(monkeypatch, data, parser, package, name):
    monkeypatch.setattr(others, "_installed", lambda package: False)
    with pytest.raises(ParseError, match=f"{package}, which is not installed") as caught:
        parser(Context()).describe(Source(data(name)))
    assert caught.value.hint == f'pip install "ttrpg-ingest[{package}]"'


@needs("ebooklib")
@pytest.mark.parametrize("name", ["ebooks/parity/epictetus.epub", "rules/ebook/Cairn.epub"])
def test_ebooklib_gives_the_same_text(data, name):
    path = data(name)
    assert read(WithEbookLib, path) == read(Epub, path)
    ours, theirs = (p(Context()).describe(Source(path)) for p in (Epub, WithEbookLib))
    assert (ours.title, ours.authors, ours.language) == (
        theirs.title,
        theirs.authors,
        theirs.language,
    )


@needs("ebooklib")
def test_ebooklib_gets_no_bomb_no_lock_and_no_damage(tmp_path, data):
    bomb = tmp_path / "bomb.epub"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("META-INF/container.xml", bytes(20_000_000))
    empty = tmp_path / "empty.epub"
    with zipfile.ZipFile(empty, "w") as book:
        book.writestr("mimetype", "application/epub+zip")
    for path, said in [
        (bomb, "times its size"),
        (empty, "cannot be read by EbookLib: "),
        (data("ebooks/epub-malformed/epub20_minimal_encryption.epub"), "Adobe ADEPT"),
    ]:
        with pytest.raises(ParseError, match=said):
            WithEbookLib(Context()).describe(Source(path))


@needs("ebooklib")
@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE html [<!ENTITY a "canary"><!ENTITY x "&a;&a;&a;">]>',
    ],
)
def test_ebooklib_expands_no_entities(tmp_path, declared):
    path = tmp_path / "entities.epub"
    opf = (
        f"{declared.replace(' html', ' package')}"
        '<package xmlns="http://www.idpf.org/2007/opf" version="2.0">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>T&x;</dc:title></metadata>'
        '<manifest><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest>'
        '<spine><itemref idref="a"/></spine></package>'
    )
    with zipfile.ZipFile(path, "w") as book:
        book.writestr(
            "META-INF/container.xml",
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="o.opf" media-type="application/oebps-package+xml"/></rootfiles>'
            "</container>",
        )
        book.writestr("o.opf", opf)
        book.writestr("a.xhtml", f"{declared}<html><body><p>text &x;</p></body></html>")
    found = list(reading.read(f"{others.__name__}:WithEbookLib", path, 0, LIMITS))
    assert "root:" not in str(found)
    assert "canary" not in str(found)
    assert found[1].text.startswith("text")


@needs("mobi")
@pytest.mark.parametrize(
    "name",
    [
        "ebooks/mobi/pg2852-images.mobi",
        "ebooks/mobi/libmobi-sample-unicode-huffdic.mobi",
    ],
)
def test_mobi_gives_the_same_text_and_leaves_nothing(data, name, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    path = data(name)
    assert [s.text for s in read(WithMobi, path)] == [s.text for s in read(Mobi, path)]
    assert list(tmp_path.iterdir()) == []
    assert tempfile.tempdir == str(tmp_path)
    assert "LOGURU_AUTOINIT" not in os.environ
    assert capfd.readouterr().out == ""


@needs("mobi")
def test_headings_of_an_old_book_by_mobi(data):
    path = data("rules/ebook/Hellebarden-und-Helme.mobi")
    theirs, ours = (
        [(s.level, s.heading, s.text) for s in read(parser, path)] for parser in (WithMobi, Mobi)
    )
    assert theirs[: len(ours)] == ours
    # it does not say which page is the table of contents
    assert [heading for _, heading, _ in theirs[len(ours) :]] == ["Inhaltsverzeichnis"]


@needs("mobi")
def test_mobi_gets_no_lock_and_its_errors_are_ours(data, tmp_path):
    with pytest.raises(ParseError, match="DRM"):
        WithMobi(Context()).describe(
            Source(data("ebooks/mobi/libmobi-sample-drm_pidLTKULBB_5V-v2.mobi"))
        )
    with pytest.raises(ParseError, match="DRM"):
        read(WithMobi, data("ebooks/mobi/libmobi-sample-drm_pidLTKULBB_5V-v2.mobi"))
    with pytest.raises(ParseError, match="cannot be read by mobi: KeyError"):
        read(WithMobi, data("ebooks/mobi/libmobi-sample-textread.mobi"))


@needs("ebooklib")
@needs("mobi")
@pytest.mark.parametrize(
    ("name", "parser"),
    [
        ("rules/ebook/Cairn.epub", "epub-ebooklib"),
        ("rules/ebook/Hellebarden-und-Helme.mobi", "mobi-unpack"),
    ],
)
def test_they_are_chosen_by_name_and_read_in_the_child(app, data, name, parser, monkeypatch):
    for package in ("ebooklib", "mobi", "lxml", "loguru"):
        monkeypatch.setitem(sys.modules, package, None)  # so that none is imported here
    shelf.add(app, data(name))
    ours = [(chunk.path, chunk.text) for chunk in app.library.chunks()]
    with pytest.raises(InputError, match="is on the shelf already") as caught:
        shelf.add(app, data(name), parser=parser)
    assert caught.value.hint == "--if-there update reads it anew"
    again = shelf.add(app, data(name), parser=parser, if_there="update").book
    assert again.parser == parser
    assert [(chunk.path, chunk.text) for chunk in app.library.chunks()][: len(ours)] == ours


def test_a_parser_that_does_not_fit_is_refused(app, tmp_path):
    folder = tmp_path / "vault"
    folder.mkdir()
    (folder / "a.md").write_text("# A\n\nText.\n")
    (folder / "b.md").write_text("# B\n\nMore.\n")
    with pytest.raises(NotFound, match="no parser is called 'ebooklib'") as caught:
        shelf.add(app, folder, parser="ebooklib")
    assert "epub-ebooklib" in caught.value.hint
    with pytest.raises(InputError, match="epub reads files, and vault is a folder"):
        shelf.add(app, folder, parser="epub")
    with pytest.raises(ParseError, match=r"a\.md cannot be read by epub"):
        shelf.add(app, folder / "a.md", parser="epub")
    assert shelf.add(app, folder, parser="vault").book.parser == "vault"
    assert shelf.add(app, folder / "a.md", parser="text").book.parser == "text"
