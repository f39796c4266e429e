"""Which parser a file gets, and how one that none reads is refused."""

import os
import sys
import zipfile

import pytest

from ttrpg_core import Parser, hookimpl
from ttrpg_core.errors import InputError, NotFound, ParseError
from ttrpg_ingest import choosing, shelf
from ttrpg_ingest.choosing import choose


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.pdf", b"", "a.pdf is empty"),
        ("a.pdf", b"\x00\x01\x02\x03" * 9, "a.pdf is not a PDF: it begins with"),
        ("a.pdf", b"<html><body>Log in</body></html>", "a.pdf is not a PDF"),
        ("a.epub", b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/epub+zip", "it is cut off"),
        ("a.epub", b"%!PS-Adobe", "a.epub is not an EPUB: it begins with"),
        ("a.txt", bytes(60) + b"BOOKMOBI", "a.txt is no MOBI book"),
        ("a.azw3", b"CONT\x02\0", "a.azw3 is not a MOBI book"),
        ("a.kfx", b"\xeaDRMION\xee", "it is a KFX book (Kindle) locked by Amazon's DRM"),
        ("a.azw1", b"TPZ0", "it is a Topaz book (Kindle)"),
        ("a.zip", b"PK\x03\x04zip", "it is a zip archive"),
        ("a.docx", b"PK\x03\x04" + bytes(26) + b"word/document.xml", "a Word document (DOCX)"),
        ("a.rtf", b"{\\rtf1 x}", "it is a Rich Text file"),
        ("a.djvu", b"AT&TFORM\0\0\0\0DJVM", "it is a DjVu book"),
        ("a.html", b"<!doctype html><script>x</script>", "a.html has no text in it"),
        ("a.png", b"\x89PNG\r\n\x1a\n", "it is a PNG picture"),
        ("a.dat", b"\x00\x07\x08", "it begins with"),
        ("a.md", b"\n \n", "a.md has no text in it"),
    ],
)
def test_what_cannot_be_read_is_named(app, tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ParseError) as caught:
        shelf.add(app, tmp_path / name)
    assert said in caught.value.message
    assert app.library.books() == []


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="names there are Unicode")
def test_a_file_name_that_is_no_text(app, tmp_path):
    path = tmp_path / os.fsdecode(b"rul\xe9s of\nthe_road.md")
    path.write_text("# A\n\nText.\n\n# B\n\nMore.\n")
    book = shelf.add(app, path).book
    assert book.title == "rul s of the_road"
    assert book.path.endswith("rul\\xe9s of\nthe_road.md")


def test_folders_and_missing_files(app, tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        shelf.add(app, tmp_path)
    with pytest.raises(NotFound):
        shelf.add(app, tmp_path / "none.pdf")


@pytest.mark.parametrize(
    ("name", "content", "parser"),
    [
        ("a.txt", b"%PDF-1.7\n", "pdf"),
        ("a.pdf", b"THE ROAD\n\nIt is long.\n", "text"),
        ("a.pdf", b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/epub+zip", "epub"),
        ("a.txt", bytes(60) + b"BOOKMOBI", "mobi"),
        ("a.md", b"<!DOCTYPE html><html><p>x", "html"),
        ("a.md", b"<p align=center>A title</p>\n\n# Rules\n", "markdown"),
        ("a.html", b"<h1>A fragment</h1>", "html"),
        ("a.html", b"no markup at all", "text"),
        ("a.md", "\ufeff# Rules".encode("utf-16"), "markdown"),
        ("rules", b"# Rules", "text"),
        ("rules", b"<html><body>Rules", "html"),
    ],
)
def test_content_decides_and_the_suffix_only_between_texts(app, tmp_path, name, content, parser):
    path = tmp_path / name
    path.write_bytes(content)
    assert choose(app, path).name == parser


@pytest.mark.parametrize(
    ("name", "parser"),
    [
        ("rules/pdf/loner-en.pdf", "pdf"),
        ("ebooks/parity/epictetus.epub", "epub"),
        ("ebooks/parity/epictetus.mobi", "mobi"),
        ("ebooks/parity/epictetus.azw3", "mobi"),
        ("rules/md/cairn/cairn-srd.md", "text"),
    ],
)
@pytest.mark.parametrize("suffix", [".pdf", ".epub", ".mobi", ".azw3", ".txt", ".dat", ""])
def test_a_real_book_under_any_name(app, data, tmp_path, name, parser, suffix):
    path = tmp_path / f"book{suffix}"
    path.symlink_to(data(name))
    assert choose(app, path).name == parser


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("ebooks/parity/epictetus.epub", ".pdf"),
        ("ebooks/parity/epictetus.mobi", ".epub"),
        ("ebooks/parity/epictetus.azw3", ".txt"),
    ],
)
def test_a_book_under_a_wrong_name_is_read_as_what_it_is(app, data, tmp_path, name, suffix):
    path = tmp_path / f"book{suffix}"
    path.write_bytes(data(name).read_bytes())
    book = shelf.add(app, path).book
    assert book.title == "Short Works"
    assert book.chunks > 100


def test_an_epub_whose_first_members_say_nothing(app, tmp_path):
    path = tmp_path / "odd.zip"
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("a.png", bytes(5000))
        book.writestr("META-INF/container.xml", "<container/>")
    assert choose(app, path).name == "epub"


def test_a_parser_may_be_asked_for_by_name(app, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("# Rules\n")
    assert choose(app, path).name == "text"
    assert choose(app, path, "markdown").name == "markdown"
    with pytest.raises(ParseError, match=r"a\.txt cannot be read by pdf"):
        choose(app, path, "pdf")
    with pytest.raises(NotFound, match="no parser is called 'word'"):
        choose(app, path, "word")


THIRD = """
import os, time
class Odd:
    def __init__(self, context):
        {made}
    def sniff(self, head):
        {sniff}
"""


class Third:
    """Somebody else's parser, which is asked before ours."""

    @hookimpl
    def ttrpg_parsers(self):
        yield Parser("odd", "Odd", "hostile_parsers:Odd", suffixes=(".txt",), priority=50)


@pytest.mark.parametrize(
    ("made", "sniff", "said"),
    [
        ("pass", "while True: pass", "took longer than 1 seconds"),
        ("while True: pass", "return True", "took longer than 1 seconds"),
        ("pass", "os.kill(os.getpid(), 9)", "crashed (SIGKILL)"),
        ("pass", "os._exit(0)", "crashed (exit code 0)"),
        ("raise SystemExit(3)", "return True", "crashed (exit code 3)"),
        ("pass", "return bytes(9_000_000_000)", "memory to read"),
        ("self.x = 1 / 0", "return True", "ZeroDivisionError"),
    ],
)
def test_a_parser_of_others_can_do_no_harm_by_looking(
    make_app, hostile, tmp_path, monkeypatch, made, sniff, said
):
    monkeypatch.setattr(choosing, "LOOK_SECONDS", 1.0)
    hostile(THIRD.format(made=made, sniff=sniff))
    app = make_app(plugins=[Third()])
    path = tmp_path / "a.txt"
    path.write_text("words")
    assert choose(app, path).name == "text"
    (problem,) = app.plugins.problems
    assert (problem.plugin, problem.where) == ("plugin-0", "sniff of the parser odd")
    assert said in problem.error


def test_a_parser_of_others_is_chosen_when_it_says_so(make_app, hostile, tmp_path):
    hostile(THIRD.format(made="pass", sniff="return head == b'words'"))
    app = make_app(plugins=[Third()])
    path = tmp_path / "a.txt"
    path.write_text("words")
    assert choose(app, path).name == "odd"
    path.write_text("other words")
    assert choose(app, path).name == "text"
    assert "hostile_parsers" not in sys.modules


def test_other_peoples_packages_are_never_chosen_by_themselves(app, tmp_path):
    path = tmp_path / "a.epub"
    path.write_bytes(b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/epub+zip")
    known = app.plugins.entries(Parser)
    assert known["epub-ebooklib"].priority < known["epub"].priority == 0
    assert choose(app, path).name == "epub"
