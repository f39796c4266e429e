"""Books and damaged files that nobody here wrote."""

import itertools
import os
from pathlib import Path

import pytest

from ttrpg_core.context import Context
from ttrpg_core.documents import Document, Source, headed
from ttrpg_core.errors import ParseError
from ttrpg_ingest import shelf
from ttrpg_ingest.labels import learn_labels
from ttrpg_ingest.markdown import Markdown
from ttrpg_ingest.pdf import Pdf
from ttrpg_ingest.reading import Limits, read

DATA = Path(os.environ.get("TTRPG_TEST_DATA", Path(__file__).parents[3].parent / "shared" / "data"))
ODD = sorted(path.relative_to(DATA).as_posix() for path in (DATA / "pdf").glob("*/*.pdf"))
LOCKED = {
    "libreoffice-writer-password",
    "r3-user-password",
    "r6-both-passwords",
}
SCANNED = {"pclm-in", "pdfjs-empty"}


@pytest.fixture
def no_recognition(monkeypatch):
    """No program is found, so that pages that are pictures stay so where tesseract is installed."""
    monkeypatch.setenv("PATH", "")


def pages(path, first, last):
    sections = Pdf(Context()).parse(Source(path, first))
    return list(itertools.takewhile(lambda section: section.page <= last, sections))


def test_the_conditions_of_a_real_book(data):
    sections = pages(data("rules/pdf/SRD_CC_v5.1.pdf"), 357, 358)
    texts = {path: section.text for section, path in headed(sections)}
    grappled = texts["Appendix PH-A: Conditions", "Grappled"]
    assert "A grappled creature\u2019s speed becomes 0" in grappled
    names = [path[-1] for path in texts if len(path) == 2]
    assert names[:3] == ["Blinded", "Charmed", "Deafened"]
    assert names[-3:] == ["Restrained", "Stunned", "Unconscious"]
    assert "long-term effects" in " ".join(section.text for section in sections)
    assert sections[-1].text.endswith("System Reference Document 5.1 359")


def test_a_stat_block_of_a_real_book(data):
    sections = pages(data("rules/pdf/SRD_CC_v5.1.pdf"), 260, 260)
    text = next(section.text for section in sections if section.heading == "Aboleth")
    assert (
        "Armor Class 17 (natural armor)\nHit Points 135 (18d10 + 36)\nSpeed 10 ft., swim 40 ft."
        in text
    )
    assert [s.heading for s in sections if s.level == 5][:2] == ["Actions", "Legendary Actions"]


def test_printed_pages_of_a_real_book_are_learnt(data):
    found = learn_labels(pages(data("rules/pdf/SRD_CC_v5.1.pdf"), 340, 350))
    assert found == {page: str(page + 1) for page in range(340, 351)}


def test_a_leaf_that_is_missing_from_a_scanned_book_moves_the_count(data):
    found = learn_labels(pages(data("pdf/layout/seige-of-vicksburg-ocr.pdf"), 0, 5))
    assert list(found.values()) == ["49", "50", "52", "53", "54", "55"]


def test_a_small_book_whole(app, data, no_recognition):
    book = shelf.add(app, data("rules/pdf/loner-en.pdf")).book
    assert (book.title, book.pages) == ("Loner", 26)
    chunks = list(app.library.chunks())
    assert {int(chunk.label.split("-")[0]) - chunk.first_page for chunk in chunks} == {1}
    tools = next(chunk for chunk in chunks if chunk.heading == "Safety Tools")
    assert tools.label == "4"
    assert tools.text.startswith("You will play alone")
    assert not any("LONER" in chunk.text.split("\n") for chunk in chunks)


def test_a_book_with_page_labels_of_its_own(data):
    sections = pages(data("rules/pdf/malleus-deum-core.pdf"), 10, 12)
    assert {(section.page, section.label) for section in sections} == {
        (10, "10"),
        (11, "11"),
        (12, "12"),
    }
    assert ("Character Generation", "Primary Attributes", "Strength") in [
        p for _, p in headed(sections)
    ]


@pytest.mark.skipif(not ODD, reason="no shared data: set TTRPG_TEST_DATA to its folder")
@pytest.mark.parametrize("name", ODD)
def test_odd_files_are_read_or_refused(name, capfd, no_recognition):
    path = DATA / name
    try:
        found = list(read("ttrpg_ingest.pdf:Pdf", path, 0, Limits(30, 1500)))
    except ParseError as error:
        said = error.message
    else:
        assert isinstance(found[0], Document)
        said = f"{path.name} was read"
    assert said.startswith(path.name)
    assert "crashed" not in said
    assert ("needs a password" in said) == (path.stem in LOCKED)
    assert ("scanned" in said) == (path.stem in SCANNED)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("name", "heading"),
    [
        ("rules/md/dnd5e-srd-5.1/Gamemastering/Conditions.md", "Grappled"),
        ("rules/md/cairn/cairn-srd.md", "Scars"),
        ("rules/md/fate/fate-core.md", "Create an Advantage"),
    ],
)
def test_real_markdown(data, name, heading):
    sections = list(Markdown(Context()).parse(Source(data(name))))
    assert heading in [section.heading for section in sections]


@pytest.mark.parametrize(
    ("name", "parser", "title", "author", "headings"),
    [
        ("rules/ebook/Cairn.epub", "epub", "Cairn", "Yochai Gal", {"Scars", "Bestiary"}),
        (
            "rules/ebook/Hellebarden-und-Helme.mobi",
            "mobi",
            "Hellebarden und Helme",
            "Alex Schroeder",
            {"Charaktererschaffung", "Krieger", "6. Zirkel"},
        ),
    ],
)
def test_real_ebooks(app, data, name, parser, title, author, headings):
    book = shelf.add(app, data(name)).book
    assert (book.parser, book.title) == (parser, title)
    assert author in book.authors
    assert headings <= {part for chunk in app.library.chunks() for part in chunk.path}
