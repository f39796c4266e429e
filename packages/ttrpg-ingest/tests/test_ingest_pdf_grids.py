"""Tables that are drawn, by rules or by tints, on pages made for the purpose."""

import itertools

from pypdf import PdfReader, PdfWriter
from pypdf.generic import DecodedStreamObject

from ttrpg_core.context import Context
from ttrpg_core.documents import Section, Source
from ttrpg_ingest.pdf import Pdf

WORDS = ["the", "lantern", "bell", "rings", "over", "salt", "water", "while", "nine", "old"]


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


def rows(x, y, table, *, step=12, widths=(90, 90, 90)):
    places = [x + sum(widths[:n]) for n in range(len(table[0]))]
    return [
        (place, y - step * n, "F2" if n == 0 else "F1", 9, cell)
        for n, row in enumerate(table)
        for place, cell in zip(places, row, strict=True)
        if cell
    ]


def grid(section):
    lines = section.text.split("\n")
    assert lines[1] == "|" + " --- |" * (lines[0].count("|") - 1)
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if "---" not in line
    ]


def with_boxes(path, *rects, page=0):
    """Grey boxes drawn on a page, under its text."""

    writer = PdfWriter(clone_from=PdfReader(path))
    drawn = DecodedStreamObject()
    text = writer.pages[page].get_contents().get_data()
    boxes = [b"%d %d %d %d re f\n" % (x0, y0, x1 - x0, y1 - y0) for x0, y0, x1, y1 in rects]
    drawn.set_data(b"0.8 g " + b"".join(boxes) + b"0 g\n" + text)
    writer.pages[page].replace_contents(drawn)
    writer.write(path)
    return path


def test_a_shaded_row_of_several_lines_is_no_box(make_pdf):
    table = [
        ("d6", "What comes"),
        ("1", "A bell that nobody rings and that"),
        ("", "nobody hears, far out over the salt"),
        ("", "water where the ferries wait"),
        ("2", "A crow"),
        ("3", "Rain"),
    ]
    page = [*prose("before", 8, 60, 700), *rows(60, 600, table, widths=(40, 200))]
    path = with_boxes(make_pdf("a.pdf", [page]), (55, 560, 95, 598), (95, 560, 300, 598))
    (found,) = [each for each in read(path) if each.kind == "table"]
    whole = "A bell that nobody rings and that nobody hears, far out over the salt water where the"
    assert grid(found)[1] == ["1", f"{whole} ferries wait"]


def centred(x, y, table, heights):
    """Rows of such heights with the first cell in the middle of its row, in points."""
    found = []
    for (first, *lines), height in zip(table, heights, strict=True):
        found.append((x, y - height / 2 - 3, "F1", 9, first))
        top = y - (height - 12 * len(lines)) / 2 - 9
        found += [(x + 60, top - 12 * n, "F1", 9, line) for n, line in enumerate(lines)]
        y -= height
    return found


OMENS = [
    ("1", "A bell that nobody rings and", "that nobody hears, far out over"),
    ("2", "A crow"),
    ("3", "Rain that falls upwards from the", "river, for as long as the lantern", "burns"),
    ("4", "Nothing"),
]
SAID = [["1", " ".join(OMENS[0][1:])], ["2", "A crow"], ["3", " ".join(OMENS[2][1:])]]


def test_a_table_with_rules_is_read_by_its_cells(make_pdf):
    page = [*prose("before", 8, 60, 700), *centred(64, 600, OMENS, (28, 16, 40, 16))]
    ends = [600, 572, 556, 516, 500]
    level = [(60, y, 320, y + 1) for y in ends]
    upright = [(x, 500, x + 1, 600) for x in (60, 110, 320)]
    path = with_boxes(make_pdf("a.pdf", [[*page, *prose("after", 8, 60, 480)]]), *level, *upright)
    sections = read(path)
    assert [each.kind for each in sections] == ["", "table", ""]
    assert grid(sections[1]) == [*SAID, ["4", "Nothing"]]


def test_rows_between_tinted_rows_belong_to_their_table(make_pdf):
    page = [*prose("before", 8, 60, 700), *centred(64, 600, OMENS, (28, 16, 40, 16))]
    tints = [(60, 572, 110, 600), (110, 572, 320, 600), (60, 516, 110, 556), (110, 516, 320, 556)]
    head = [(64, 604, "F2", 9, "d4"), (124, 604, "F2", 9, "Omen")]
    path = with_boxes(make_pdf("a.pdf", [[*page, *head, *prose("after", 8, 60, 470)]]), *tints)
    sections = read(path)
    assert [each.kind for each in sections] == ["", "table", ""]
    assert grid(sections[1]) == [["d4", "Omen"], *SAID, ["4", "Nothing"]]


def test_tinted_tables_beside_each_other_are_two(make_pdf):
    page = prose("before", 8, 60, 700)
    tints = []
    for x, name in ((60, "left"), (320, "right")):
        for n in range(6):
            y = 600 - 12 * n
            page += [(x + 4, y - 9, "F1", 9, f"{name} {n}"), (x + 104, y - 9, "F1", 9, f"{n} gp")]
            tints += [(x, y - 12, x + 100, y), (x + 100, y - 12, x + 200, y)] if n % 2 else []
    sections = read(with_boxes(make_pdf("a.pdf", [page]), *tints))
    tables = [grid(each) for each in sections if each.kind == "table"]
    assert tables == [[[f"{name} {n}", f"{n} gp"] for n in range(6)] for name in ("left", "right")]


def test_a_page_laid_out_with_rules_is_no_table(make_pdf):
    page = [*prose("left", 30, 60, 700), *prose("right", 30, 320, 700)]
    rules = [(x, 380, x + 1, 720) for x in (50, 310, 570)]
    rules += [(50, y, 570, y + 1) for y in (380, 550, 720)]
    sections = read(with_boxes(make_pdf("a.pdf", [page]), *rules))
    assert not any(each.kind == "table" for each in sections)
    text = sections[0].text
    assert text.index("left29 ") < text.index("right0 ")
