"""How blocks look: widths, marks, bars, safe characters."""

import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttrpg_cli import drawing, light
from ttrpg_cli.render import Terminal, linear
from ttrpg_core.text import printable
from ttrpg_core.views import Bars, Board, Fields, Quote, Table, Text, Tree

texts = st.text(max_size=60)
blocks = st.one_of(
    st.builds(Text, texts, st.sampled_from(sorted(drawing.STYLES))),
    st.builds(Fields, st.lists(st.tuples(texts, texts), max_size=3)),
    st.builds(
        lambda rows: Table(("A", ""), rows, "none"), st.lists(st.tuples(texts, texts), max_size=3)
    ),
    st.builds(
        Quote, texts, texts, st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=3)
    ),
    st.builds(
        Bars,
        st.lists(st.tuples(st.text("ab", max_size=9), st.floats(0, 1), st.just("5%")), max_size=3),
        texts,
    ),
    st.builds(
        Board,
        st.lists(st.tuples(texts, st.lists(texts, max_size=3)), min_size=1, max_size=5),
        st.just("none"),
    ),
    st.builds(
        Tree, st.lists(st.tuples(st.integers(0, 40), texts, texts), max_size=5), st.just("none")
    ),
)
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def shown(block, columns=None, encoding="utf-8", **switches):
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\n", write_through=True)
    screen = Terminal(out, io.StringIO(), {} if columns is None else {"COLUMNS": str(columns)})
    for name, value in switches.items():
        setattr(screen, name, value)
    screen.show("x/1", {"a": 1}, [block])
    return out.buffer.getvalue().decode(encoding)


@given(blocks, st.sampled_from(["utf-8", "ascii"]), st.booleans())
def test_nothing_that_is_shown_can_move_the_cursor(block, encoding, plain):
    out = shown(block, encoding=encoding, plain=plain)
    assert not CONTROL.search(out)
    assert out == "" or out.endswith("\n")


@given(blocks)
def test_plain_lines_hold_every_word(block):
    out = "\n".join(linear(block))
    if isinstance(block, Quote):
        assert printable(block.text) in out
        assert printable(block.caption) in out
    if isinstance(block, Text):
        assert out == printable(block.text)


@given(
    st.text(max_size=80),
    st.lists(st.tuples(st.integers(0, 80), st.integers(0, 80)).map(sorted).map(tuple), max_size=5),
)
def test_marks_stand_on_their_words(text, marks):
    marks = sorted((start, end) for start, end in marks if end <= len(text))
    drawn = drawing.marked(Quote(text, "", marks))
    assert drawn.plain == printable(text)
    bold = "".join(drawn.plain[s.start : s.end] for s in drawn.spans if "bold" in str(s.style))
    apart = [m for n, m in enumerate(marks) if all(m[0] >= end for _, end in marks[:n])]
    if len(apart) == len(marks):
        assert bold == "".join(printable(text[start:end]) for start, end in marks)


def test_a_quote_has_an_edge_and_a_caption():
    out = shown(Quote("one two three " * 20, "A Book, p. 3"))
    lines = out.splitlines()
    assert all(line.startswith("\N{BOX DRAWINGS LIGHT VERTICAL} ") for line in lines[:-1])
    assert lines[-1] == "A Book, p. 3"
    assert max(map(len, lines)) <= drawing.READING_WIDTH


def test_without_the_letters_it_draws_in_ascii():
    block = Bars([("a", 1.0, "9"), ("b", 0.001, "1"), ("c", 0.0, "0")], "T")
    lines = shown(block, encoding="ascii").splitlines()
    assert lines[0] == "T"
    assert lines[1].startswith("a ####")
    assert lines[2].startswith("b # ")
    assert "#" not in lines[3]
    assert "| " in shown(Quote("x", "y"), encoding="ascii")


@pytest.mark.parametrize("share", [-1.0, 0.0, 0.5, 1.0, 7.0])
@pytest.mark.parametrize("fancy", [True, False])
def test_a_bar_keeps_to_its_room(share, fancy):
    assert len(drawing.bar_of(share, 10, fancy=fancy)) == round(10 * min(1, max(0, share)))


CARDS = Board([("Pending (1)", ["Gate\nmain"]), ("Active (2)", ["Cult", "A long name of a plot"]),
               ("Done (0)", [])], "none")  # fmt: skip


def test_a_board_has_its_columns_beside_each_other_as_far_as_they_fit():
    wide = shown(CARDS, 80).splitlines()
    assert wide[0].split() == ["Pending", "(1)", "\N{BOX DRAWINGS LIGHT VERTICAL}", "Active", "(2)",
                               "\N{BOX DRAWINGS LIGHT VERTICAL}", "Done", "(0)"]  # fmt: skip
    assert wide[2].startswith("Gate ")
    assert "Cult" in wide[2]
    assert wide[3].startswith("main ")
    narrow = shown(CARDS, 30).splitlines()
    assert "Done" not in narrow[0]
    assert any(line.startswith("Done") for line in narrow)
    for width in (20, 30, 41, 80, 200):
        assert max(map(len, shown(CARDS, width).splitlines())) <= width
    assert not re.search("[^\n -~]", shown(CARDS, 80, encoding="ascii"))
    assert shown(Board([("A", [])], "none")) == "none\n"
    assert shown(CARDS, plain=True).splitlines() == [
        "Pending (1): Gate; main", "Active (2): Cult", "Active (2): A long name of a plot"
    ]  # fmt: skip


PLACES = Tree(
    [(0, "Town", "city"), (1, "Inn", ""), (2, "Room", ""), (1, "Well", ""), (0, "Sea", "")]
)


@pytest.mark.parametrize(
    ("how", "drawn"),
    [
        ({}, ["Town  city", "├─ Inn", "│  └─ Room", "└─ Well", "Sea"]),
        ({"encoding": "ascii"}, ["Town  city", "|- Inn", "|  `- Room", "`- Well", "Sea"]),
        ({"plain": True}, ["Town; city", "Level 2: Inn", "Level 3: Room", "Level 2: Well", "Sea"]),
    ],
)
def test_a_tree_is_drawn_with_its_lines(how, drawn):
    assert shown(PLACES, **how).splitlines() == drawn
    assert shown(Tree([], "Nowhere."), **how) == "Nowhere.\n"


def test_a_row_of_a_tree_that_is_too_long_stays_behind_its_lines():
    out = shown(Tree([(0, "A", ""), (1, "one two three four", ""), (1, "B", "")]), 20)
    assert out.splitlines() == ["A", "├─ one two three", "│  four", "└─ B"]


def test_a_deep_tree_leaves_room_for_its_words():
    out = shown(Tree([(depth, f"deep {depth}", "") for depth in range(500)]), 80)
    assert all(f"deep {depth}" in out for depth in range(500))
    assert max(map(len, out.splitlines())) <= 80


def test_an_empty_table_says_so():
    assert shown(Table(("A",), [], "Nothing here.")) == "Nothing here.\n"
    assert shown(Table(("A",), [], "Nothing here."), plain=True) == "Nothing here.\n"


def test_nothing_to_show_prints_nothing():
    out = io.StringIO()
    Terminal(out, io.StringIO(), {}).show("x/1", {}, [])
    assert out.getvalue() == ""


def test_plain_rows_name_their_headings():
    table = Table(("", "Name", "Id"), [("*", "Salt", "salt"), ("", "Road", "")])
    assert shown(table, plain=True) == "*; Name: Salt; Id: salt\nName: Road\n"


def test_a_long_error_is_cut():
    err = io.StringIO()
    Terminal(io.StringIO(), err, {}).error("x" * 1_000_000, "y" * 1_000_000)
    assert len(err.getvalue()) < 5000
    assert err.getvalue().count("...") == 2


def test_a_question_nobody_can_answer(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    screen = Terminal(io.StringIO(), io.StringIO(), {})
    assert screen.ask("Sure?", default=False) is False
    monkeypatch.setattr("sys.stdin", None)
    assert screen.ask("Sure?", default=True) is True


def test_off_a_terminal_a_bar_is_its_title():
    err = io.StringIO()
    with Terminal(io.StringIO(), err, {}).progress("Reading", 3) as bar:
        bar.update(1)
        bar.update(3, "done")
    assert err.getvalue() == "Reading\n"


def streamed(pieces, **switches):
    out, err = io.StringIO(), io.StringIO()
    screen = Terminal(out, err, {})
    for name, value in switches.items():
        setattr(screen, name, value)
    with screen.stream("Waiting") as stream:
        for piece in pieces:
            stream.write(piece)
    assert err.getvalue() == ""  # nobody watches
    return out.getvalue()


def test_what_is_streamed_off_a_terminal_is_what_came_and_ends_its_line():
    assert streamed(["# A ", "fall\r", "\n\n*hur", "ts*"]) == "# A fall\n\n*hurts*\n"
    assert streamed(["hurts\n"], plain=True) == "hurts\n"
    assert streamed([]) == ""
    assert streamed(["hurts"], json=True) == ""


@given(st.lists(texts, max_size=5))
def test_nothing_that_is_streamed_can_move_the_cursor(pieces):
    assert not CONTROL.search(streamed(pieces))


def test_what_was_streamed_ends_its_line_when_it_is_broken_off():
    out = io.StringIO()

    def broken_off():
        with Terminal(out, io.StringIO(), {}).stream() as stream:
            stream.write("half a wo")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken_off()
    assert out.getvalue() == "half a wo\n"


class Tty(io.TextIOWrapper):
    """A stream that says that it is a terminal."""

    def __init__(self):
        super().__init__(io.BytesIO(), encoding="utf-8", newline="\n", write_through=True)

    def isatty(self):
        return True


@given(st.text("ab ./-\n", max_size=200), st.integers(20, 60))
def test_talk_ends_its_lines_between_words(text, width):
    told = light.folded(text, width)
    assert told.split() == text.split(), "no word is broken"
    assert all(len(line) <= width or " " not in line.strip() for line in told.split("\n"))
    short = "\n".join(line for line in text.split("\n") if len(line) <= width)
    assert [line.rstrip() for line in light.folded(short, width).split("\n")] == [
        line.rstrip() for line in short.split("\n")
    ]


def test_errors_and_talk_are_set_on_a_terminal_alone():
    words = "what is wrong with it " * 6
    for stream, most in ((Tty(), 40), (io.TextIOWrapper(io.BytesIO(), "utf-8"), 300)):
        screen = Terminal(io.StringIO(), stream, {"COLUMNS": "40", "TERM": "dumb"})
        screen.say(words)
        screen.error(words, f"/a/{'very-long' * 9}/path and {words}")
        stream.flush()
        lines = stream.buffer.getvalue().decode().splitlines()
        assert max(map(len, lines)) <= max(most, 89)
        assert (len(lines) == 3) is (most == 300)
        assert sum(line.startswith("Error: what") for line in lines) == 1


ANSI = re.compile(r"\x1b\[([\d;]*)m")
printed = st.text("ab .,-\n\u00e9\u2014\u2019", max_size=240)
spans = st.lists(
    st.tuples(st.integers(0, 200), st.integers(0, 240)).filter(lambda m: m[0] < m[1]), max_size=4
)
words = st.text("ab .-\u00e9", max_size=14)
tables = st.integers(1, 4).flatmap(
    lambda columns: st.builds(
        Table,
        st.lists(words, min_size=columns, max_size=columns),
        st.lists(st.lists(words, min_size=columns, max_size=columns), max_size=4),
        printed,
    )
)
light_blocks = st.lists(
    st.one_of(
        st.builds(Fields, st.lists(st.tuples(words, printed), max_size=4)),
        tables,
        st.builds(Text, printed, st.sampled_from(sorted(drawing.STYLES))),
        st.builds(Quote, printed, printed, spans),
    ),
    max_size=3,
)


def both(blocks, columns, terminal, environ):
    """What is drawn without rich, and with it."""
    found = []
    for draws in (light.can_draw, lambda *_, **__: False):
        out = Tty() if terminal else io.TextIOWrapper(io.BytesIO(), "utf-8", newline="\n")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(light, "can_draw", draws)
            for name in ("NO_COLOR", "TERM", "FORCE_COLOR"):
                patch.delenv(name, raising=False)
            for name, value in environ.items():
                patch.setenv(name, value)
            Terminal(out, io.StringIO(), {**environ, "COLUMNS": str(columns)}).show("x", {}, blocks)
        out.flush()
        found.append(out.buffer.getvalue().decode())
    return found


def styled(text):
    """Each character but white space, with the styles that it has on the terminal."""
    said, found, at = frozenset(), [], 0
    for code in [*ANSI.finditer(text), None]:
        found += [
            (char, said) for char in text[at : code.start() if code else None] if char.strip()
        ]
        if code:
            said = frozenset(code[1].split(";")) - {"0", ""}
            at = code.end()
    return found


@given(light_blocks, st.integers(20, 120), st.booleans())
def test_what_is_drawn_without_rich_is_what_rich_draws(blocks, columns, terminal):
    ours, theirs = both(blocks, columns, terminal, {"TERM": "xterm-256color"})
    lines, expected = (ANSI.sub("", text).split("\n") for text in (ours, theirs))
    assert [line.rstrip() for line in lines] == [line.rstrip() for line in expected]
    assert styled(ours) == styled(theirs)


@pytest.mark.parametrize(
    "environ", [{"TERM": "dumb"}, {"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "xterm"}]
)
def test_the_terminal_decides_how_much_style_there_is(environ):
    blocks = [Text("a title", "title"), Text("bad", "bad"), Quote("some words", "p. 3", [(0, 4)])]
    ours, theirs = both(blocks, 80, True, environ)
    assert styled(ours) == styled(theirs)


@pytest.mark.parametrize("text", ["\N{CJK UNIFIED IDEOGRAPH-4E00}", "a\tb", "a\x07", "e\u0301"])
def test_what_is_not_one_column_wide_is_left_to_rich(text):
    assert not light.can_draw([Text(text)], {}, terminal=False)
    assert not light.can_draw([Quote("a", text)], {}, terminal=False)
    assert not light.can_draw([Text("a")], {"FORCE_COLOR": "1"}, terminal=False)
    assert light.can_draw([Text("\u201ca\u201d")], {}, terminal=False)


def test_json_moves_no_cursor_and_says_the_same():
    hostile = "\x1b[2J\x9b2J \x7f \u202egnp\u2066 \udcff \u00e4\u6587"
    out = io.StringIO()
    screen = Terminal(out, io.StringIO(), {})
    screen.json = True
    screen.show("x", {"text": hostile}, [])
    assert not set("\x1b\x9b\x7f\u202e\u2066\udcff") & set(out.getvalue())
    assert json.loads(out.getvalue())["text"] == hostile
