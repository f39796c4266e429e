"""Reading order, tables, boxes and directions, on pages drawn for the purpose."""

import itertools

import pytest
from pypdf import PdfReader, PdfWriter

from ttrpg_core.context import Context
from ttrpg_core.documents import Notice, Section, Source
from ttrpg_ingest.pdf import Pdf

WORDS = [
    "the",
    "lantern",
    "bell",
    "rings",
    "over",
    "salt",
    "water",
    "while",
    "nine",
    "old",
    "ferries",
    "wait",
    "for",
    "dawn",
]


def read(path, start=0):
    found = list(Pdf(Context()).parse(Source(path, start)))
    return [each for each in found if isinstance(each, Section)]


def prose(name, count, x, y, *, size=8, words=7):
    """Lines of text of about 200 points, each with words of its own."""
    source = itertools.cycle(WORDS)
    lines = []
    for n in range(count):
        text = " ".join([f"{name}{n}", *itertools.islice(source, words)])
        lines.append((x, y - 10 * n, "F1", size, text))
    return lines


def starts(sections, *names):
    """Where the first words of these runs of lines stand in the whole text, in order."""
    text = " ".join(section.text for section in sections)
    return [text.find(f"{name}0 ") for name in names]


def in_order(sections, *names):
    places = starts(sections, *names)
    return -1 not in places and places == sorted(places)


def test_two_columns_whatever_the_order_of_drawing(make_pdf):
    left, right = prose("left", 30, 60, 700), prose("right", 30, 320, 700)
    page = [each for pair in zip(right, left, strict=True) for each in pair]
    sections = read(make_pdf("a.pdf", [page]))
    text = sections[0].text
    assert text.index("left29 ") < text.index("right0 ")


def test_three_columns(make_pdf):
    columns = [prose(name, 20, x, 700, size=6) for name, x in (("a", 40), ("b", 230), ("c", 420))]
    page = [each for row in zip(*columns, strict=True) for each in row]
    text = read(make_pdf("a.pdf", [page]))[0].text
    assert text.index("a19 ") < text.index("b0 ") < text.index("b19 ") < text.index("c0 ")


def test_a_heading_over_both_columns_ends_those_above_it(make_pdf):
    page = [
        *prose("one", 10, 60, 700),
        *prose("two", 10, 320, 700),
        (120, 570, "F2", 20, "What waits on the other side of the river"),
        *prose("three", 10, 60, 540),
        *prose("four", 10, 320, 540),
    ]
    sections = read(make_pdf("a.pdf", [page]))
    assert in_order(sections, "one", "two", "three", "four")
    heading = next(each for each in sections if each.heading)
    assert "three0" in heading.text
    assert "two0" not in heading.text


def rows(x, y, table, *, step=12, widths=(90, 90, 90)):
    places = [x + sum(widths[:n]) for n in range(len(table[0]))]
    return [
        (place, y - step * n, "F2" if n == 0 else "F1", 9, cell)
        for n, row in enumerate(table)
        for place, cell in zip(places, row, strict=True)
        if cell
    ]


ARMOR = [
    ("Armor", "Cost", "Weight"),
    ("Quilted coat", "5 gp", "8 lb"),
    ("Ring shirt", "30 gp", "40 lb"),
    ("Tower plate", "90 gp", "65 lb"),
]


def grid(section):
    lines = section.text.split("\n")
    assert lines[1] == "|" + " --- |" * (lines[0].count("|") - 1)
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if "---" not in line
    ]


def test_cells_under_each_other_are_a_table(make_pdf):
    page = [*prose("before", 8, 60, 700), *rows(60, 600, ARMOR), *prose("after", 8, 60, 520)]
    sections = read(make_pdf("a.pdf", [page]))
    (table,) = [each for each in sections if each.kind == "table"]
    assert grid(table) == [list(row) for row in ARMOR]
    assert (table.level, table.heading) == (0, "")
    assert [each.kind for each in sections] == ["", "table", ""]


def test_a_table_over_both_columns_stays_whole(make_pdf):
    page = [
        *rows(60, 700, [(*row, "yes") for row in ARMOR], widths=(130, 130, 130, 100)),
        *prose("left", 20, 60, 600),
        *prose("right", 20, 320, 600),
    ]
    sections = read(make_pdf("a.pdf", [page]))
    (table,) = [each for each in sections if each.kind == "table"]
    assert grid(table) == [[*row, "yes"] for row in ARMOR]
    assert in_order(sections, "left", "right")


def test_a_cell_of_several_lines_is_one(make_pdf):
    table = [
        ("d6", "What comes"),
        ("1", "A bell that nobody rings and"),
        ("", "nobody hears"),
        ("2", "A crow"),
        ("3", "Rain"),
    ]
    page = [*prose("before", 8, 60, 700), *rows(60, 600, table, widths=(40, 200))]
    (found,) = [each for each in read(make_pdf("a.pdf", [page])) if each.kind == "table"]
    assert grid(found)[1] == ["1", "A bell that nobody rings and nobody hears"]


def test_a_table_that_goes_on_has_its_head_again(make_pdf):
    many = [
        ("Level", "Name", "Uses"),
        *[(f"{n}", f"Trick {n}", f"{n} times") for n in range(1, 30)],
    ]
    pages = [
        [*prose("intro", 20, 60, 700), *rows(60, 490, many[:20])],
        [*rows(60, 700, many[20:25])],
        [*rows(60, 700, many[25:]), *prose("end", 8, 60, 500)],
    ]
    for page in pages[1:]:
        page[:] = [(x, y, "F1", size, text) for x, y, _, size, text in page]
    path = make_pdf("a.pdf", pages)
    found = [each for each in read(path) if each.kind == "table"]
    assert [each.page for each in found] == [0, 1, 2]
    assert [grid(each)[0] for each in found] == [["Level", "Name", "Uses"]] * 3
    for start in (1, 2):
        assert read(path, start) == [each for each in read(path) if each.page >= start]


def test_the_lines_of_a_table_of_contents_stay_lines(make_pdf):
    titles = ["Roads", "Ferries and Fords", "Bells"]
    page = [
        (60, 600 - 12 * n, "F1", 9, f"{n + 1} {title} {'. ' * 30}{n + 7}")
        for n, title in enumerate(titles)
    ]
    text = "\n".join(each.text for each in read(make_pdf("a.pdf", [page])))
    assert text == "1 Roads \u2026 7\n2 Ferries and Fords \u2026 8\n3 Bells \u2026 9"


def test_lines_that_hang_under_their_first_are_one_paragraph(make_pdf):
    first = "Scrolls The words on a scroll can be read by all who know the old tongue well."
    rest = ["A scroll burns when it was read, and nothing of it", "is left but the smell of salt."]
    lines = [(60, first), *((80, each) for each in rest)] * 2
    page = [(x, 600 - 12 * n, "F1", 9, text) for n, (x, text) in enumerate(lines)]
    (section,) = read(make_pdf("a.pdf", [page]))
    assert section.text == "\n\n".join([" ".join([first, *rest])] * 2)


def test_a_paragraph_that_goes_up_to_the_next_column_is_not_cut_there(make_pdf):
    left, right = prose("left", 30, 60, 700), prose("right", 30, 320, 700)
    right[0] = (*right[0][:4], right[0][4] + ".")
    (section,) = read(make_pdf("a.pdf", [[*left, *right]]))
    assert "\n\n" not in section.text


def test_numbers_in_bold_begin_paragraphs(make_pdf):
    page = []
    for n in range(4):
        y = 600 - 24 * n
        page += [
            (60, y, "F2", 9, f"{n + 1}"),
            (68, y, "F1", 9, "A long hall leads to the bells and"),
        ]
        page += [(60, y - 12, "F1", 9, "to the drowned stair that nobody ever walks up again.")]
    (section,) = read(make_pdf("a.pdf", [page]))
    assert [each[:8] for each in section.text.split("\n\n")] == [f"{n} A long" for n in range(1, 5)]


def test_the_numbers_on_a_map_are_no_words_of_the_text_beside_it(make_pdf):
    text = prose("text", 30, 60, 700)
    keys = [(300, 655, "4"), (371, 690, "12"), (333, 571, "2"), (402, 480, "C"), (350, 620, "7")]
    page = [*text, *((x, y, "F2", 6, key) for x, y, key in keys)]
    sections = read(make_pdf("a.pdf", [page]))
    assert [each.kind for each in sections] == ["", "note"]
    assert sections[0].text == read(make_pdf("b.pdf", [text]))[0].text
    assert sorted(sections[1].text.split()) == ["12", "2", "4", "7", "C"]


def test_a_list_is_no_table(make_pdf):
    page = [
        each
        for n in range(6)
        for each in (
            (60, 600 - 12 * n, "F1", 9, f"{n + 1}."),
            (90, 600 - 12 * n, "F1", 9, f"Take the oath of day {n}."),
        )
    ]
    sections = read(make_pdf("a.pdf", [[*prose("before", 8, 60, 700), *page]]))
    assert [each.kind for each in sections] == [""]


def test_ability_scores_are_read_by_column(make_pdf):
    names, values = ["STR", "DEX", "CON", "INT", "WIS", "CHA"], ["18 (+4)"] * 6
    page = prose("before", 8, 60, 700)
    page += [(70 + 42 * n, 600, "F2", 9, name) for n, name in enumerate(names)]
    page += [(66 + 42 * n, 586, "F1", 9, value) for n, value in enumerate(values)]
    (table,) = [each for each in read(make_pdf("a.pdf", [page])) if each.kind == "table"]
    assert grid(table) == [names, values]


def with_boxes(path, *rects, page=0):
    """Grey boxes drawn on a page, under its text."""
    from pypdf.generic import DecodedStreamObject

    writer = PdfWriter(clone_from=PdfReader(path))
    drawn = DecodedStreamObject()
    text = writer.pages[page].get_contents().get_data()
    boxes = [b"%d %d %d %d re f\n" % (x0, y0, x1 - x0, y1 - y0) for x0, y0, x1, y1 in rects]
    drawn.set_data(b"0.8 g " + b"".join(boxes) + b"0 g\n" + text)
    writer.pages[page].replace_contents(drawn)
    writer.write(path)
    return path


@pytest.mark.parametrize(
    ("title", "kind"), [([], "read_aloud"), ([(70, 590, "F2", 9, "Optional Rule")], "sidebar")]
)
def test_what_stands_in_a_box(make_pdf, title, kind):
    inside = [
        (70, 578 - 10 * n, "F1", 8, "You smell salt and hear a bell under the water, far away.")
        for n in range(5)
    ]
    page = [*prose("before", 8, 60, 700), *title, *inside, *prose("after", 8, 60, 500)]
    path = with_boxes(make_pdf("a.pdf", [page]), (60, 530, 310, 602))
    sections = read(path)
    assert [each.kind for each in sections] == ["", kind, ""]
    assert sections[1].text.count("You smell salt") == 5
    assert in_order(sections, "before", "after")


def test_text_askew_is_read_along_its_lines(make_pdf):
    path = make_pdf("a.pdf", [prose("text", 20, 60, 680)])
    writer = PdfWriter(clone_from=PdfReader(path))
    words = ["Here the old ferries wait", "for a bell that never rings"]
    drawn = writer.pages[0].get_contents()
    lines = [
        b"BT /F1 10 Tf 0.9 0.436 -0.436 0.9 %d %d Tm (%s) Tj ET" % (350 + 6 * n, 300 - 13 * n, w)
        for n, w in enumerate(map(str.encode, words))
    ]
    drawn.set_data(drawn.get_data() + b"\n" + b"\n".join(lines))
    writer.pages[0].replace_contents(drawn)
    writer.write(path)
    note = read(path)[-1]
    assert (note.kind, note.text) == ("note", "\n".join(words))


def test_an_icon_is_no_part_of_a_title(make_pdf, monkeypatch):
    monkeypatch.setattr("ttrpg_ingest.pdf.marks._PRIVATE", frozenset("#"))
    page = [(60, 720, "F2", 12, "Smith"), (110, 720, "F1", 12, "#"), *prose("a", 10, 60, 700)]
    assert read(make_pdf("a.pdf", [page]))[0].heading == "Smith"


def test_a_box_beside_other_text_keeps_all_of_its_lines(make_pdf):
    inside = [
        (150, 578 - 10 * n, "F1", 8, f"You smell salt and hear bell {n} under the water.")
        for n in range(5)
    ]
    aside = (66, 578, "F1", 8, "Then:")
    page = [*prose("before", 8, 60, 700), aside, *inside, *prose("after", 8, 60, 500)]
    path = with_boxes(make_pdf("a.pdf", [page]), (140, 530, 360, 602))
    text = " ".join(each.text for each in read(path))
    assert [text.count(f"bell {n} under") for n in range(5)] == [1] * 5
    assert "Then:" in text


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_turned_page_reads_as_before(make_pdf, turn):
    page = [*prose("left", 20, 60, 700), *prose("right", 20, 320, 700)]
    path = make_pdf("a.pdf", [page])
    straight = read(path)[0].text
    writer = PdfWriter(clone_from=PdfReader(path))
    writer.pages[0].rotate(turn).transfer_rotation_to_content()
    writer.write(path)
    assert read(path)[0].text == straight


def test_letters_set_apart_are_words_again(make_pdf):
    title = [(60 + 20 * n + 20 * (n > 2), 720, "F2", 18, each) for n, each in enumerate("THEROAD")]
    sections = read(make_pdf("a.pdf", [[*title, *prose("text", 20, 60, 680)]]))
    assert [each.heading for each in sections if each.heading] == ["THE ROAD"]


def test_a_page_without_text_is_said(make_pdf):
    path = make_pdf("a.pdf", [prose("text", 8, 60, 700), []])
    found = list(Pdf(Context()).parse(Source(path)))
    assert [each for each in found if isinstance(each, Notice)] == [Notice("the page is empty", 1)]


def outlined(path, entries):
    writer = PdfWriter(clone_from=PdfReader(path))
    made = {None: None}
    for title, page, parent in entries:
        made[title] = writer.add_outline_item(title=title, page_number=page, parent=made[parent])
    writer.write(path)
    return path


def test_an_outline_of_all_headings_says_how_deep_they_are(make_pdf):
    page = [
        (60, 720, "F2", 12, "Part One"),
        (60, 700, "F2", 12, "Roads"),
        *prose("a", 10, 60, 680),
        (60, 560, "F2", 12, "Ferries"),
        *prose("b", 10, 60, 540),
        (60, 420, "F2", 12, "Bells"),
        *prose("c", 10, 60, 400),
    ]
    entries = [
        ("Part One", 0, None),
        ("Roads", 0, "Part One"),
        ("Ferries", 0, "Roads"),
        ("Bells", 0, "Part One"),
    ]
    sections = read(outlined(make_pdf("a.pdf", [page]), entries))
    found = [(each.heading, each.level) for each in sections if each.heading]
    assert found == [("Part One", 1), ("Roads", 2), ("Ferries", 3), ("Bells", 2)]
