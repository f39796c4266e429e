import itertools

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttrpg_core.documents import Section
from ttrpg_ingest.chunks import cut, in_place
from ttrpg_ingest.edges import without_running_lines
from ttrpg_ingest.labels import labelled, learn_labels, numbers, roman, romans


def words(count, name="word"):
    return " ".join(f"{name}{n}" for n in range(count))


def sentences(count):
    return " ".join(f"Sentence {n} has just six words." for n in range(count))


def book(count, foot, label=None):
    return [
        Section(
            f"Body of page {'abcdefghij'[n % 10]}.\n\n{foot(n)}",
            page=n,
            label=label(n) if label else None,
        )
        for n in range(count)
    ]


def test_printed_pages_are_learnt_from_the_feet():
    sections = labelled(book(20, lambda n: f"The Road {n + 13}"))
    assert [section.label for section in sections] == [str(n + 13) for n in range(20)]


def test_a_cover_before_page_one_has_no_printed_page():
    sections = labelled(book(20, lambda n: str(n - 3) if n > 3 else "Preface"))
    assert [section.label for section in sections][:6] == [None, None, None, None, "1", "2"]


@pytest.mark.parametrize(
    "foot",
    [
        lambda n: f"Rolls {n * n % 17}",  # numbers that agree on nothing
        lambda n: "No number",
        lambda n: f"{n + 5}" if n % 2 else f"{n + 40}",  # two counts, neither with a majority
    ],
)
def test_pages_that_do_not_agree_have_no_label(foot):
    assert learn_labels(book(40, foot)) == {}
    assert {section.label for section in labelled(book(40, foot))} == {None}


def test_a_preface_in_roman_figures_and_a_chapter_that_opens_without_a_number():
    def foot(n):
        if n < 8:
            return roman(n + 1) if n > 1 else "Title"
        return str(n - 7) if n % 9 else "A Chapter"

    found = [section.label for section in labelled(book(40, foot))]
    assert found[:8] == ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii"]
    assert found[8:] == [str(n - 7) for n in range(8, 40)]


def test_the_first_page_after_the_preface_prints_no_number():
    def foot(n):
        return f"Preface {roman(n + 1).upper()}" if n < 6 else str(n - 5) if n > 6 else "One"

    def alone(n):
        return foot(n).removeprefix("Preface ")

    assert [section.label for section in labelled(book(20, alone))][4:9] == [
        "V",
        "VI",
        "1",
        "2",
        "3",
    ]


def test_leaves_that_are_missing_move_the_count_from_there_on():
    printed = [49, 50, 52, 53, 54, None, 56, 57, None, None, 70, 71, 72]

    def foot(n):
        return str(printed[n]) if printed[n] else "Plate"

    found = [section.label for section in labelled(book(len(printed), foot))]
    assert found[:8] == ["49", "50", "52", "53", "54", "55", "56", "57"]
    assert found[8:] == [None, None, "70", "71", "72"]


def test_a_number_that_strays_starts_no_count_of_its_own():
    def foot(n):
        return str({7: 900, 8: 901}.get(n, n + 3))

    found = [section.label for section in labelled(book(30, foot))]
    assert found == [str(n + 3) for n in range(30)]


def test_a_cover_of_its_own_before_page_one_keeps_the_labels_of_the_format():
    own = labelled(book(20, lambda n: str(n) if n else "1 lantern", label=lambda n: str(n or "C")))
    assert [section.label for section in own][:3] == ["C", "1", "2"]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("xiv", [(14, "i")]),
        ("IV", [(4, "I")]),
        ("vi Preface", [(6, "i")]),
        ("Preface \u2022 ix", [(9, "i")]),
        ("MIX of XI", []),
        ("iiii", []),
        ("i. Take the oath", []),
        ("i\u2019m", []),
    ],
)
def test_roman_figures_at_the_edges_of_a_line(line, found):
    assert list(romans(line)) == found


def test_labels_of_the_format_stay_unless_the_print_contradicts():
    kept = labelled(book(20, lambda n: "Foot", label=lambda n: f"A-{n}"))
    assert kept[3].label == "A-3"
    assert labelled(book(20, lambda n: f"{n + 9}", label=str))[3].label == "12"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("358", {358}),
        ("Rules 5.1 12", {12}),
        ("| 7 |", {7}),
        ("12 Rules 30", {12, 30}),
        ("a 1,200", set()),
        ("x", set()),
    ],
)
def test_numbers_at_the_edges_of_a_line(line, found):
    assert numbers(line) == found


def test_running_lines_go_and_the_text_stays():
    sections = labelled(book(20, lambda n: f"Chapter {n // 5} of the Road {n + 1}"))
    assert {section.text for section in without_running_lines(sections)} == {
        f"Body of page {letter}." for letter in "abcdefghij"
    }


def test_a_line_that_stands_once_is_text():
    sections = [
        Section(f"Page {name}.", page=n) for n, name in enumerate(["ale", "bee", "cat", "dog"])
    ]
    assert without_running_lines(sections) == sections


def test_lines_that_differ_in_a_number_of_the_rules_are_text():
    """Creatures whose hit points are the first line of a page, one page after the other."""
    told = [45, 68, 22, 110, 9, 33]
    sections = [
        Section(f"Hit Points {hp} (6d10 + 12)\n\nSpeed {hp}0 ft. and more of the text.", page=n)
        for n, hp in enumerate(told)
    ]
    assert without_running_lines(sections) == sections


def test_a_heading_that_repeats_at_the_top_is_kept():
    sections = [Section("Bite hurts.", "Actions", 5, n, str(n + 1)) for n in range(6)]
    assert [section.heading for section in without_running_lines(sections)] == ["Actions"] * 6


def test_small_sections_stay_apart():
    sections = [
        Section("", "Conditions", 1, 0, "9"),
        Section("It cannot see.", "Blinded", 2, 0, "9"),
        Section("It cannot move.", "Grappled", 2, 0, "9"),
    ]
    chunks = cut("s", sections, 180)
    assert [(chunk.path, chunk.text, chunk.label) for chunk in chunks] == [
        (("Conditions", "Blinded"), "It cannot see.", "9"),
        (("Conditions", "Grappled"), "It cannot move.", "9"),
    ]
    assert [chunk.ordinal for chunk in chunks] == [0, 1]


def test_a_heading_without_text_or_children_is_a_chunk():
    chunks = cut("s", [Section("", "Map of the Keep", 1, 0), Section("x.", "Rooms", 1, 1)], 180)
    assert [chunk.text for chunk in chunks] == ["Map of the Keep", "x."]


def test_a_page_break_is_mended():
    sections = [
        Section("The goblin hides in the lan-", "Goblin", 1, 4, "5"),
        Section("tern room.\n\nIt sleeps.", page=5, label="6"),
    ]
    (chunk,) = cut("s", sections, 180)
    assert chunk.text == "The goblin hides in the lantern room.\n\nIt sleeps."
    assert (chunk.first_page, chunk.last_page, chunk.label) == (4, 5, "5-6")


def test_long_text_is_cut_between_paragraphs_then_sentences():
    paragraphs = "\n\n".join([sentences(20)] * 4)
    chunks = cut("s", [Section(paragraphs, "A", 1)], 180)
    assert [len(chunk.text.split()) for chunk in chunks] == [120, 120, 120, 120]
    chunks = cut("s", [Section(sentences(200), "A", 1)], 180)
    assert all(len(chunk.text.split()) <= 180 for chunk in chunks)
    assert all(chunk.text.endswith("words.") for chunk in chunks)


def test_a_small_rest_joins_what_is_before_it():
    chunks = cut("s", [Section(f"{words(150)}.\n\n{words(80)}.\n\n{words(5)}.", "A", 1)], 180)
    assert [len(chunk.text.split()) for chunk in chunks] == [150, 85]


def test_a_long_table_is_cut_between_rows():
    table = "\n".join(f"{n} | {words(6)}" for n in range(100))
    chunks = cut("s", [Section(table)], 80)
    rows = [line for chunk in chunks for line in chunk.text.split("\n")]
    assert rows == table.split("\n")
    assert len(chunks) > 5


def test_a_path_separator_in_a_heading_is_no_separator():
    (chunk,) = cut("s", [Section("x.", "Level > 3", 1)], 180)
    assert chunk.path == ("Level / 3",)


def book_text(sections):
    """The text of a book as the library answers it."""
    return "\n\n".join(
        part for section in sections for part in (section.heading, section.text) if part
    )


def letters(text):
    return [char for char in text if char.isalnum()]


def without_header(chunk):
    return chunk.text[chunk.fields.get("repeated", 0) :]


paragraph = st.one_of(
    st.text("abAB .-\n", min_size=1, max_size=300),
    st.sampled_from(
        [
            (
                "Medium beast, unaligned\n\nArmor Class 12\nHit Points 9 (2d8)\nSpeed 30 ft.\n\n"
                "STR DEX CON INT WIS CHA\n10 (+0) 12 (+1) 10 (+0) 2 (-4) 9 (-1) 4 (-3)\n\n"
                "Challenge 1/4 (50 XP)"
            ),
            "*3rd-level evocation*\n\n**Casting Time:** 1 action\n\n**Range:** 60 feet\n\nBoom.",
            "Goblin: AC 6; HD 1-1; hp 3; #AT 1; Dmg 1d6; ML 7",
            "| d6 | Weather |\n| --- | --- |\n"
            + "\n".join(f"| {n} | a b {n} |" for n in range(1, 7)),
            "| Name | Cost |\n|---|---|\n" + "\n".join(f"| b{n} | {n} gp |" for n in range(60)),
            "> You see a dark hall and smell the dust of ages.",
            "Contents . . . . . . . . 4",
            "goes on after the page",
        ]
    ),
)
section = st.builds(
    Section,
    text=st.lists(paragraph, max_size=4).map("\n\n".join),
    heading=st.sampled_from(
        ["", "A", "B c", "Actions", "Goblin", "Variant: A", "Speed 30 ft.", "x" * 250, "1. Hall"]
    ),
    level=st.integers(0, 3),
    page=st.integers(0, 5),
    kind=st.sampled_from(["", "", "", "table", "read_aloud", "sidebar", "note"]),
    file=st.sampled_from(["", "a.md"]),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(section, max_size=8), st.integers(40, 200))
def test_every_word_is_kept_and_stands_where_the_chunk_says(sections, size):
    sections = sorted(sections, key=lambda each: each.page)
    chunks = cut("s", sections, size)
    book = book_text(sections)
    assert [chunk.ordinal for chunk in chunks] == list(range(len(chunks)))
    assert all(chunk.text.strip() for chunk in chunks)
    assert all(in_place(chunk, book) for chunk in chunks)
    spans = [(chunk.start, chunk.end) for chunk in chunks]
    assert spans == sorted(spans)
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(spans))
    # what no chunk covers are headings, which stand in the path of what follows them
    outside, place = [], 0
    for start, end in [*spans, (len(book), len(book))]:
        outside += [part.strip() for part in book[place:start].split("\n\n") if part.strip()]
        place = end
    headings = {each.heading for each in sections}
    assert set(outside) <= headings
    inside = [letter for chunk in chunks for letter in letters(without_header(chunk))]
    covered = [letter for start, end in spans for letter in letters(book[start:end])]
    assert inside == covered


def test_a_chunk_that_is_not_in_its_place_is_told():
    sections = [Section("One.\n\nTwo.", "A", 1)]
    (chunk,) = cut("s", sections, 180)
    book = book_text(sections)
    assert book[chunk.start : chunk.end] == "One.\n\nTwo."
    assert in_place(chunk, book)
    assert not in_place(attrs.evolve(chunk, start=chunk.end), book)
    assert not in_place(attrs.evolve(chunk, digest="0" * 64), book)


def test_spans_go_over_a_page_break_and_its_hyphen():
    sections = [
        Section("The goblin hides in the lan-", "Goblin", 1, 4),
        Section("tern room.", page=5),
    ]
    (chunk,) = cut("s", sections, 180)
    assert book_text(sections)[chunk.start : chunk.end] == (
        "The goblin hides in the lan-\n\ntern room."
    )
    assert in_place(chunk, book_text(sections))


def test_a_long_table_repeats_its_header():
    table = "| Name | Cost |\n|---|---|\n" + "\n".join(f"| item{n} | {n} gp |" for n in range(200))
    sections = [Section("Things that can be bought:", "Gear", 1), Section(table, kind="table")]
    chunks = cut("s", sections, 80)
    assert len(chunks) > 4
    assert {chunk.kind for chunk in chunks} == {"table"}
    assert all("| Name | Cost |\n|---|---|\n| item" in chunk.text for chunk in chunks)
    assert chunks[0].text.startswith("Things that can be bought:")
    assert [chunk.fields["part"] for chunk in chunks] == [
        f"{n + 1}/{len(chunks)}" for n in range(len(chunks))
    ]
    rows = [line for chunk in chunks for line in chunk.text.split("\n") if "item" in line]
    assert len(rows) == 200
    assert all(in_place(chunk, book_text(sections)) for chunk in chunks)


def test_a_small_table_stays_in_its_text():
    sections = [
        Section("Before.", "Travel", 1),
        Section("| Pace | Miles |\n|---|---|\n| Fast | 4 |", kind="table"),
        Section("After."),
    ]
    (chunk,) = cut("s", sections, 180)
    assert chunk.kind == "text"
    assert chunk.text.startswith("Before.\n\n| Pace | Miles |")
    assert chunk.text.endswith("After.")


def test_files_of_a_folder_are_kept_apart():
    sections = [
        Section("One.", "A", 1, file="a.md", line=3),
        Section("Two.", file="b.md", line=1),
        Section("Three.", "C", 2, file="b.md", line=9),
    ]
    found = [(chunk.file, chunk.line, chunk.text) for chunk in cut("s", sections, 180)]
    assert found == [("a.md", 3, "One."), ("b.md", 1, "Two."), ("b.md", 9, "Three.")]


@pytest.mark.parametrize(
    "text",
    [
        "竜" * 50_000,
        "x" * 50_000,
        "ab " * 20_000,
        "| a | b |\n|---|---|\n" + "| one | two |\n" * 9_000,
        "| a | b |\n|---|---|\n| " + "one two " * 20_000 + "|",
        "| " + "long header " * 9_000 + "|\n|---|\n| a |",
    ],
)
def test_no_passage_is_endless_whatever_the_script(text):
    chunks = cut("0" * 64, [Section(text)], 180)
    assert all(len(chunk.text) <= 3 * 180 * 16 for chunk in chunks)
    kept = "".join(without_header(chunk) for chunk in chunks)
    assert "".join(kept.split()) == "".join(text.split())
