"""The rule book that ships: its PDF says what its Markdown says, with printed pages of its own."""

import re
from pathlib import Path

import pytest

BOOK = Path(__file__).parents[1] / "packages/ttrpg-cli/src/ttrpg_cli/book/the-lamplit-road.pdf"
TEXT = BOOK.with_suffix(".md").read_text("utf-8")


def _words(text: str) -> list[str]:
    return re.findall(r"[A-Za-z0-9]+", text)


def test_the_pdf_has_every_paragraph_of_the_markdown():
    pypdf = pytest.importorskip("pypdf")
    pages = pypdf.PdfReader(BOOK).pages
    printed = " ".join(_words(" ".join(page.extract_text() for page in pages)))
    for block in TEXT.split("\n\n"):
        if not block.startswith("|"):
            first = " ".join(_words(block)[:8])
            assert first in printed, f"run docs/make_book.py: {first!r} is not in the PDF"


def test_the_printed_page_is_not_the_place_in_the_file():
    pypdf = pytest.importorskip("pypdf")
    pages = pypdf.PdfReader(BOOK).pages
    assert "The Lamplit Road 1" in " ".join(pages[2].extract_text().split())


def test_the_book_states_its_licence():
    assert "CC BY 4.0" in TEXT.split("\n\n")[1]
