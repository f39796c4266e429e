"""Which parser a file gets, and how one that none reads is refused."""

import os
import shutil
import sys

import pytest

from ttrpg_core.errors import InputError, NotFound, ParseError
from ttrpg_ingest import importing


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.pdf", b"", "a.pdf is empty"),
        ("a.pdf", b"\x00\x01\x02\x03" * 9, "a.pdf is not a PDF: it begins with"),
        ("a.pdf", b"<html><body>Log in</body></html>", "a.pdf is not a PDF"),
        (
            "a.epub",
            b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/epub+zip",
            "EPUB books are not read yet",
        ),
        ("a.txt", bytes(60) + b"BOOKMOBI", "MOBI books are not read yet"),
        ("a.zip", b"PK\x03\x04zip", "zip archives are not read"),
        ("a.html", b"<!doctype html><p>x", "web pages (HTML) are not read yet"),
        ("a.png", b"\x89PNG\r\n\x1a\n", "it is a PNG picture"),
        ("a.dat", b"\x00\x07\x08", "it begins with"),
        ("a.md", b"\n \n", "a.md has no text in it"),
    ],
)
def test_what_cannot_be_read_is_named(app, tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ParseError) as caught:
        importing.add(app, tmp_path / name)
    assert said in caught.value.message
    assert app.library.books() == []


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="names there are Unicode")
def test_a_file_name_that_is_no_text(app, tmp_path):
    path = tmp_path / os.fsdecode(b"rul\xe9s of\nthe_road.md")
    path.write_text("# A\n\nText.\n\n# B\n\nMore.\n")
    book = importing.add(app, path).book
    assert book.title == "rul s of the_road"
    assert book.path.endswith("rul\\xe9s of\nthe_road.md")


def test_folders_and_missing_files(app, tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        importing.add(app, tmp_path)
    with pytest.raises(NotFound):
        importing.add(app, tmp_path / "none.pdf")


def test_content_decides_and_not_the_suffix(app, make_pdf, book_pages, tmp_path):
    pdf = make_pdf("rules.pdf", book_pages(2))
    assert importing.add(app, shutil.copyfile(pdf, tmp_path / "really.txt")).book.parser == "pdf"
    text = tmp_path / "really.pdf"
    text.write_text("THE ROAD\n\nIt is long.\n")
    assert importing.add(app, text).book.parser == "text"
