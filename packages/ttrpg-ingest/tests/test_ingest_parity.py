"""One book as EPUB, MOBI and AZW3: the same headings, and the same words in the same order.

Compared are headings and text as the parsers give them, without case and signs: MOBI 6 has no small
capitals and writes them as capitals, and calibre sets the numbers of notes in another way.
"""

import difflib
import os
import re
import shutil
import subprocess
import zipfile

import pytest

from ttrpg_core.context import Context
from ttrpg_core.documents import Section, Source, headed
from ttrpg_ingest.ebooks.epub import Epub
from ttrpg_ingest.ebooks.mobi import Mobi

ALIKE = 0.999


def read(path):
    parser = Epub(Context()) if path.suffix == ".epub" else Mobi(Context())
    return [each for each in parser.parse(Source(path)) if isinstance(each, Section)]


def headings(sections):
    return [words(section.heading) for section in sections if section.heading]


def paths(sections):
    return [path for each, path in headed(sections) if each.heading]


def words(text):
    return re.findall(r"\w+", text.casefold())


def all_words(sections):
    return words("\n".join(f"{section.heading}\n{section.text}" for section in sections))


def alike(one, other):
    """Share of words that stand in the same order in both."""
    blocks = difflib.SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    return 2 * sum(block.size for block in blocks) / (len(one) + len(other))


def test_a_real_book_in_kf8(data):
    epub = read(data("ebooks/parity/epictetus.epub"))
    kf8 = read(data("ebooks/parity/epictetus.azw3"))
    assert len(headings(epub)) == 243
    assert headings(kf8) == headings(epub)
    assert paths(kf8) == paths(epub)
    assert all_words(kf8) == all_words(epub)


def test_a_real_book_in_mobi_6(data):
    epub = read(data("ebooks/parity/epictetus.epub"))
    mobi = read(data("ebooks/parity/epictetus.mobi"))
    # its title page is a picture: the words "Short Works", and who wrote them, are not in the file
    assert headings(mobi) == headings(epub)[1:]
    assert headings(epub)[0] == ["short", "works"]
    # and so what it knows has no place under them
    assert paths(mobi) == [path[1:] for path in paths(epub)[1:]]
    missing = len(all_words(epub)) - len(all_words(mobi))
    assert missing == 8
    assert all_words(mobi) == all_words(epub)[missing:]
    assert alike(all_words(mobi), all_words(epub)) >= ALIKE


CHAPTERS = 4
PAGE = (
    '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head><body>'
    "<h1>Chapter {n}</h1><p>It is dark in the {n}th night.</p><h2>Torches of {n}</h2>"
    "<p>A torch burns for an hour, or {n} turns.</p><ul><li>one light</li><li>two lights</li></ul>"
    "<table><tr><th>d6</th><th>Weather {n}</th></tr><tr><td>1</td><td>Rain</td></tr>"
    "<tr><td>2</td><td>Sn\u00f6w</td></tr></table><h3>Oil of {n}</h3><p>Oil is dear.</p></body>"
    "</html>"
)


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "lantern.epub"
    numbers = range(1, CHAPTERS + 1)
    items = "".join(
        f'<item id="c{n}" href="c{n}.xhtml" media-type="application/xhtml+xml"/>' for n in numbers
    )
    points = "".join(
        f'<navPoint id="n{n}"><navLabel><text>Chapter {n}</text></navLabel>'
        f'<content src="c{n}.xhtml"/></navPoint>'
        for n in numbers
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr(
            "META-INF/container.xml",
            '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
            '<rootfiles><rootfile full-path="book.opf" '
            'media-type="application/oebps-package+xml"/></rootfiles></container>',
        )
        archive.writestr(
            "book.opf",
            '<package xmlns="http://www.idpf.org/2007/opf" version="2.0" unique-identifier="i">'
            '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Lantern</dc:title>'
            '<dc:language>en</dc:language><dc:identifier id="i">x</dc:identifier></metadata>'
            f'<manifest>{items}<item id="x" href="toc.ncx" '
            'media-type="application/x-dtbncx+xml"/></manifest><spine toc="x">'
            + "".join(f'<itemref idref="c{n}"/>' for n in numbers)
            + "</spine></package>",
        )
        archive.writestr(
            "toc.ncx",
            '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/" version="2005-1">'
            f"<navMap>{points}</navMap></ncx>",
        )
        for n in numbers:
            archive.writestr(f"c{n}.xhtml", PAGE.format(n=n))
    return path


@pytest.mark.skipif(
    shutil.which("ebook-convert") is None, reason="calibre's ebook-convert is absent"
)
@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        (".mobi", ["--mobi-file-type", "old"]),
        (".mobi", ["--mobi-file-type", "both"]),
        (".mobi", ["--mobi-file-type", "new"]),
        (".azw3", []),
    ],
)
def test_a_book_made_by_calibre(book, tmp_path, suffix, options):
    made = tmp_path / f"made{suffix}"
    subprocess.run(
        ["ebook-convert", book, made, *options],
        check=True,
        capture_output=True,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )
    epub, other = read(book), read(made)
    assert paths(other) == paths(epub)
    assert all_words(other) == all_words(epub)
    assert sum(each.kind == "table" for each in other) == CHAPTERS
