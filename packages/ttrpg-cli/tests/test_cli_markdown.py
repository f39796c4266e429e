"""Markdown drawn while it comes."""

import io
import itertools
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttrpg_cli.markdown import Marked, cells_of
from ttrpg_cli.render import Terminal
from ttrpg_cli.waiting import CLEAR, Spinner
from ttrpg_core.views import Markdown, Text

ANSI = re.compile(r"\x1b\[[\d;]*m")
CODES = {"bold": "1", "dim": "2", "italic": "3", "green": "32", "yellow": "33", "cyan": "36"}
REPLY = """# Falling *far*

A **long fall** hurts: `1d6` for each 10 feet, so a fall of fifty feet deals *five* dice of harm
to whoever lands. Two * three, 2*3*4 and not_a_mark stay,\n\\*neither\\* is this.

- one point
- a second one that goes on and on until it has to be broken into two lines of the screen
  1. a number

> Quoted words

| die | harm |
|-----|-----:|
| **d6** | `3.5` |
| d8  | 4.5  |

```python
def fall(feet):  # how far
    return "d6" * (feet // 10)
```

---
The end."""


class Tty(io.TextIOWrapper):
    def __init__(self):
        super().__init__(io.BytesIO(), encoding="utf-8", newline="\n", write_through=True)

    def isatty(self):
        return True

    def text(self):
        return self.buffer.getvalue().decode()


def drawn(pieces, width=60, codes=CODES):
    screen = Terminal(io.StringIO(), io.StringIO(), {"COLUMNS": str(width)})
    out = []
    marked = Marked(
        out.append, lambda: width, lambda table: screen._render([table]), codes, fancy=True
    )
    for piece in pieces:
        marked.write(piece)
    marked.end()
    return "".join(out)


def test_what_it_looks_like():
    assert ANSI.sub("", drawn([REPLY])) == (
        "Falling far\n\n"
        "A long fall hurts: 1d6 for each 10 feet, so a fall of fifty\n"
        "feet deals five dice of harm\n"
        "to whoever lands. Two * three, 2*3*4 and not_a_mark stay,\n"
        "*neither* is this.\n\n"
        "\u2022 one point\n"
        "\u2022 a second one that goes on and on until it has to be broken\n"
        "  into two lines of the screen\n"
        "  1. a number\n\n"
        "\u2502 Quoted words\n\n"
        "die  harm\nd6   3.5\nd8   4.5\n\n"
        '    def fall(feet):  # how far\n        return "d6" * (feet // 10)\n\n'
        + "\u2500" * 60 + "\nThe end.\n"
    )  # fmt: skip


def test_styles_are_where_the_marks_were():
    out = drawn(["**a b** *c* `d` _e_ **f\n\ng\n\n# H"])
    assert "\x1b[1ma\x1b[0m \x1b[1mb\x1b[0m" in out
    for wanted in ("\x1b[3mc\x1b[0m", "\x1b[36md\x1b[0m", "\x1b[3me\x1b[0m", "\x1b[1mf\x1b[0m"):
        assert wanted in out
    assert "\ng\n" in out, "emphasis that was not ended ends with its paragraph"
    assert "\x1b[1mH\x1b[0m" in out


def test_code_is_highlighted():
    out = drawn(['```python\ndef f(): return "x" # y\n```\n'])
    assert "\x1b[1;36mdef\x1b[0m" in out
    assert "\x1b[32m" in out
    assert "\x1b[2m# y\x1b[0m" in out
    plain = drawn(["```nosuchlanguage\n**x** _y_ # z\n```"])
    assert plain == "    **x** _y_ # z\n"


@given(st.lists(st.integers(0, len(REPLY)), max_size=40))
def test_how_it_is_cut_makes_no_difference(cuts):
    marks = sorted({0, len(REPLY), *cuts})
    pieces = [REPLY[a:b] for a, b in itertools.pairwise(marks)]
    assert drawn(pieces) == drawn([REPLY])


markdown = st.text("ab*_`#|->~ \n1.\\[]\u00e9\u4e00\x1b\t\r", max_size=120)


@given(markdown, st.integers(1, 30))
def test_every_text_in_any_pieces_draws_the_same_and_moves_no_cursor(text, size):
    whole = drawn([text], 24)
    assert drawn([text[at : at + size] for at in range(0, len(text), size)], 24) == whole
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", ANSI.sub("", whole))
    assert whole == "" or whole.endswith("\n")


@given(st.text("ab *_`\n", max_size=200))
def test_no_line_of_words_is_too_wide(text):
    out = ANSI.sub("", drawn([text], 24))
    for line in out.splitlines():
        assert cells_of(line) <= 24 or len(line.split()) == 1 or line.startswith("    ")


def test_words_come_at_once_and_are_printed_once():
    out = []
    marked = Marked(out.append, lambda: 80, str, {}, fancy=True)
    marked.write("Once upon a ")
    assert "".join(out) == "Once upon a"
    marked.write("ti")
    assert "".join(out) == "Once upon a"
    marked.write("me. ")
    assert "".join(out) == "Once upon a time."
    marked.end()
    assert "".join(out) == "Once upon a time.\n"


def test_a_long_reply_stays_cheap():
    """5,000 tokens one by one: each costs about the same at the end as in the beginning."""
    tokens = re.findall(r"\s*\S+|\s+", (REPLY + "\n\n") * 60)[:5000]
    times = []
    marked = Marked(lambda _: None, lambda: 80, lambda _: "", CODES, fancy=True)
    for token in tokens:
        start = time.process_time()
        marked.write(token)
        times.append(time.process_time() - start)
    assert sum(times) < 2.0, f"{sum(times):.2f} s of processor time for 5,000 tokens"
    first, last = sum(times[500:1500]), sum(times[-1000:])
    assert last < 5 * first + 0.05


def test_a_terminal_gets_it_drawn_and_a_pipe_as_it_is():
    tty, err = Tty(), io.StringIO()
    with Terminal(tty, err, {"TERM": "xterm", "COLUMNS": "60"}).stream("Thinking") as stream:
        stream.write("**bold")
        stream.write("** words")
    assert tty.text() == "\x1b[1mbold\x1b[0m words\n"
    assert err.getvalue() == ""
    pipe = io.StringIO()
    with Terminal(pipe, err, {}).stream("Thinking") as stream:
        stream.write("**bold** words")
    assert pipe.getvalue() == "**bold** words\n"


@pytest.mark.parametrize(
    ("environ", "switch", "said"),
    [
        ({"TERM": "dumb"}, "", "Thinking\n"),
        ({"TERM": "xterm"}, "plain", "Thinking\n"),
        ({"TERM": "xterm"}, "quiet", ""),
    ],
)
def test_where_nothing_turns(environ, switch, said):
    out, err = Tty(), Tty()
    screen = Terminal(out, err, environ)
    if switch:
        setattr(screen, switch, True)
    with screen.stream("Thinking") as stream:
        stream.write("word ")
    assert err.text() == said


def test_a_spinner_turns_until_the_first_words_and_leaves_no_trace():
    out, err = Tty(), Tty()
    with Terminal(out, err, {"TERM": "xterm"}).stream("Thinking") as stream:
        time.sleep(0.3)
        assert err.text().count("Thinking") >= 2
        stream.write("Now ")
        before = err.text()
        assert before.endswith(CLEAR)
        time.sleep(0.3)
        stream.write("then")
    assert err.text() == before


def test_a_spinner_ends_with_the_block_whatever_happens():
    out, err = Tty(), Tty()
    with pytest.raises(KeyboardInterrupt), Terminal(out, err, {"TERM": "xterm"}).stream("Hm"):
        raise KeyboardInterrupt
    assert err.text().endswith(CLEAR)
    said = []
    spinner = Spinner(said.append, "x", fancy=False)
    spinner.stop()
    spinner.stop()
    assert said == [CLEAR]


@pytest.mark.parametrize("reply", ["word " * 200_000, "x" * 1_000_000, "# " + "y" * 1_000_000])
def test_a_reply_in_one_piece_costs_no_more_than_its_length(reply):
    began = time.process_time()
    told = ANSI.sub("", drawn([reply]))
    assert "".join(told.split()) == "".join(reply.removeprefix("# ").split())
    assert time.process_time() - began < 20


def test_markdown_that_is_kept_is_drawn_as_it_was_when_it_came():
    out = Tty()
    blocks = [Text("Title", "title"), Markdown("# A\n\n**b** \x1b[2J *c*"), Text("After")]
    Terminal(out, io.StringIO(), {"COLUMNS": "40", "TERM": "xterm"}).show("x", {}, blocks)
    assert ANSI.sub("", out.text()) == "Title\nA\n\nb \\u001b[2J c\nAfter\n"
    pipe = io.StringIO()
    Terminal(pipe, io.StringIO(), {}).show("x", {}, blocks)
    assert pipe.getvalue() == "Title\n# A\n\n**b** \\u001b[2J *c*\nAfter\n"
    plain = Terminal(pipe, io.StringIO(), {})
    plain.plain = True
    plain.show("x", {}, blocks[1:2])
    assert pipe.getvalue().endswith("After\n# A\n\n**b** \\u001b[2J *c*\n")
