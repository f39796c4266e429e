"""Pages of real rule books: nothing lost, and what stands where on the hard ones."""

import re
from collections import Counter

import pypdfium2
import pytest

from ttrpg_core.context import Context
from ttrpg_core.documents import Section, Source
from ttrpg_ingest.folding import fold
from ttrpg_ingest.pdf import Pdf

pytestmark = pytest.mark.long

BOOKS = {
    "rules/pdf/SRD_CC_v5.1.pdf": (60, 126, 201, 208, 249),
    "rules/pdf/malleus-deum-core.pdf": (20, 40, 47, 54, 65, 77),
    "rules/pdf/mdsrd5.pdf": (14, 600),
    "rules/pdf/loner-en.pdf": (3, 10, 20),
    "rules/pdf/darkloch.pdf": (0,),
    "rules/pdf/to-rob-a-witch.pdf": (0, 1),
    "pdf/layout/multicolumn.pdf": (0, 1, 2),
    "pdf/layout/google-doc.pdf": (0,),
    "pdf/layout/seige-of-vicksburg-ocr.pdf": (0, 3),
}
_BROKEN = re.compile("[\x02\ufffe]\\s*")


def page(path, index):
    """The sections of one page."""
    found = []
    for each in Pdf(Context()).parse(Source(path, index)):
        if each.page > index:
            break
        if isinstance(each, Section):
            found.append(each)
    return found


def said(sections):
    return "\n\n".join(f"{each.heading}\n\n{each.text}" for each in sections)


def letters(text):
    return Counter(char for char in text.casefold() if char.isalnum())


@pytest.mark.parametrize("name", BOOKS)
def test_no_letter_of_a_page_is_lost(data, name):
    path = data(name)
    document = pypdfium2.PdfDocument(path)
    for index in BOOKS[name]:
        text = document[index].get_textpage().get_text_range()
        there = letters(fold(_BROKEN.sub("", text)))
        lost = there - letters(said(page(path, index)))
        assert lost.total() <= 0.002 * there.total(), (index, lost)


def test_rows_on_a_tint_are_rows_of_their_table(data):
    text = said(page(data("rules/pdf/SRD_CC_v5.1.pdf"), 201))
    assert (
        "| 36\u201345 | \u201cAchieving my goal is the only thing of interest to me, and I\u2019ll "
        "ignore everything else to pursue it.\u201d |"
    ) in text


def tables(sections):
    return [each.text.split("\n") for each in sections if each.kind == "table"]


def test_a_table_drawn_with_rules(data):
    first, second = tables(page(data("rules/pdf/loner-en.pdf"), 21))
    assert [len(first), len(second)] == [8, 5]
    assert "| Magic School for Young Mages | Horror-Filled Asylum |" in first[5]
    assert second[3] == (
        "| 2 | Epic and grandiose | Suspenseful and thrilling | Mysterious and enigmatic |"
    )


def test_a_table_told_by_its_tints_whose_numbers_stand_between_lines(data):
    short, _ = tables(page(data("rules/pdf/mdsrd5.pdf"), 175))
    assert short[0] == "| d100 | Effect (lasts 1d10 minutes) |"
    rolls = [line.split("|")[1].strip().replace("\u2013", "-") for line in short[2:]]
    assert rolls[:3] == ["01-20", "21-30", "31-40"]
    assert rolls[-2:] == ["81-90", "91-100"]
    assert len(rolls) == 10


def test_tables_side_by_side_stay_apart_and_whole(data):
    left, right = tables(page(data("rules/pdf/SRD_CC_v5.1.pdf"), 68))[:2]
    assert left[:3] == [
        "| Item | Cost | Weight |",
        "| --- | --- | --- |",
        "| Abacus | 2 gp | 2 lb. |",
    ]
    assert right[2] == "| Hourglass | 25 gp | 1 lb. |"


def test_text_that_leans_is_read_along_its_lines(data):
    notes = [
        each.text for each in page(data("rules/pdf/to-rob-a-witch.pdf"), 0) if each.kind == "note"
    ]
    assert notes[0].split("\n") == [
        "There are beasts that live here, preying on wanderers.",
        "With a guide such as Njal, all the encounters can be avoided.",
    ]


def test_icons_stay_out_of_headings(data):
    found = [each.heading for each in page(data("rules/pdf/malleus-deum-core.pdf"), 47)]
    assert {"Club Smash", "Wild Swing", "Smith", "Armour Smith"} <= set(found)


def test_a_one_page_dungeon_keeps_its_map_out_of_its_text(data):
    text = "\n\n".join(each.text for each in page(data("rules/pdf/darkloch.pdf"), 0))
    assert "All orcs should be killed. All humans should be killed." in text
    rooms = [part.split()[0] for part in re.split(r"\n+", text) if re.match(r"\d+ [A-Z]", part)]
    assert rooms == [str(n) for n in range(1, 23)]


def test_the_title_of_a_table_begins_no_entry(data):
    found = {each.heading: each.level for each in page(data("rules/pdf/SRD_CC_v5.1.pdf"), 115)}
    assert found["Animate Objects"] < found["Animated Object Statistics"]


def test_a_line_of_a_stat_block_in_bold_up_to_its_value_is_no_heading(data):
    found = [each.heading for each in page(data("rules/pdf/SRD_CC_v5.1.pdf"), 334)]
    assert "Guardian Naga" in found
    assert not any(each.startswith(("Languages", "Channel Negative")) for each in found)
