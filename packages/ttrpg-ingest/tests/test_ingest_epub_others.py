"""Books read with EbookLib and mobi where these are installed, and what is said without them."""

import importlib.util
import os
import tempfile
import zipfile

import pytest

from ttrpg_core.context import Context
from ttrpg_core.documents import Section, Source
from ttrpg_core.errors import ParseError
from ttrpg_ingest.ebooks import others
from ttrpg_ingest.ebooks.epub import Epub
from ttrpg_ingest.ebooks.mobi import Mobi
from ttrpg_ingest.ebooks.others import WithEbookLib, WithMobi

EPUB_HEAD = b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/epub+zip"
MOBI_HEAD = bytes(60) + b"BOOKMOBI"


def needs(package):
    return pytest.mark.skipif(
        importlib.util.find_spec(package) is None, reason=f"the extra {package} is not installed"
    )


def read(parser, path):
    return [each for each in parser(Context()).parse(Source(path)) if isinstance(each, Section)]


@pytest.mark.parametrize(("parser", "head"), [(WithEbookLib, EPUB_HEAD), (WithMobi, MOBI_HEAD)])
def test_without_the_package_they_take_nothing(parser, head, monkeypatch):
    monkeypatch.setattr(others, "_installed", lambda package: True)
    assert parser(Context()).sniff(head) is True
    assert parser(Context()).sniff(b"text") is False
    monkeypatch.setattr(others, "_installed", lambda package: False)
    assert parser(Context()).sniff(head) is False


def test_what_to_install_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr(others, "_installed", lambda package: False)
    with pytest.raises(ParseError, match="ebooklib, which is not installed") as caught:
        WithEbookLib(Context()).describe(Source(tmp_path / "a.epub"))
    assert caught.value.hint == 'pip install "ttrpg-ingest[ebooklib]"'


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


@needs("mobi")
@pytest.mark.parametrize(
    "name", ["ebooks/mobi/pg2852-images.mobi", "ebooks/mobi/libmobi-sample-unicode-huffdic.mobi"]
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
def test_mobi_gets_no_lock_and_its_errors_are_ours(data, tmp_path):
    with pytest.raises(ParseError, match="DRM"):
        read(WithMobi, data("ebooks/mobi/libmobi-sample-drm_pidLTKULBB_5V-v2.mobi"))
    with pytest.raises(ParseError, match="cannot be read by mobi: KeyError"):
        read(WithMobi, data("ebooks/mobi/libmobi-sample-textread.mobi"))
