"""Which sentences are quoted, and how a passage is cut and laid out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttrpg_core.documents import Chunk
from ttrpg_core.errors import BudgetExceeded
from ttrpg_core.search import Hit
from ttrpg_search.commands.passages import cut, laid, pieces
from ttrpg_search.commands.sentences import quoted
from ttrpg_search.keyword.tokens import WORD, stems, telling

TORCH = (
    "A rope holds two climbers. Torch. A torch burns for an hour and lights a small room. If you"
    " hit a foe with a burning torch, it takes 1 fire harm. A tent sleeps two."
)
TABLE = "Prices in town.\n\n| Item | Cost |\n|---|---|\n| Rope | 1 gp |\n| Torch | 1 cp |"


def hit(text, question, others=(), heading=""):
    wanted = {*stems(" ".join(telling(question))), *others}
    marks = tuple(
        word.span() for word in WORD.finditer(text) if wanted.intersection(stems(word[0]))
    )
    chunk = Chunk(1, "a" * 64, 0, heading, (), None, None, "", text)
    return Hit(chunk, 1.0, marks)


def answer(text, question, others=(), heading="", embedder=None):
    return list(quoted(question, [hit(text, question, others, heading)], embedder)[0].texts)


def test_the_sentence_with_the_rare_words():
    assert answer(TORCH, "how many climbers") == ["A rope holds two climbers."]


def test_what_stands_for_an_abbreviation_is_what_was_asked():
    text = "Armor Class 25 (its hide). The ogre hits hard. The ogre sleeps. On a 1 the ogre falls."
    said = answer(text, "ogre ac", ["armor", "class"], "Ogre")
    assert said[0] == "Armor Class 25 (its hide)."


def test_what_the_heading_has_does_not_choose_the_excerpt():
    text = (
        "Armor Class 25. " + "It is large and old. " * 60 + "The ogre hits. The ogre sleeps. " * 20
    )
    marks = [(0, 11), *((m.start(), m.end()) for m in WORD.finditer(text) if m[0] == "ogre")]
    assert cut(text, marks, 300, "Ogre")[0].startswith("Armor Class 25.")
    assert "ogre hits" in cut(text, marks, 300)[0]


def test_a_heading_run_into_its_text_goes_with_it():
    assert answer(TORCH, "how long does a torch burn", ["fire"])[0].startswith(
        "Torch. A torch burns for an hour"
    )


def test_another_word_makes_up_for_a_missing_one_alone():
    text = "A torch burns. A torch makes fire of anything near."
    assert answer(text, "torch burn", ["fire", "anyth"]) == ["A torch burns."]


def test_what_leans_on_the_sentence_before_takes_it_along():
    text = "Mud clings. The troll regrows its arms. It stops when fire burns it."
    assert answer(text, "when stops fire") == [
        "The troll regrows its arms. It stops when fire burns it."
    ]


def test_what_the_heading_says_already_counts_little():
    text = "A swarm of rats bites. A swarm of rats squeaks. Armour is 10."
    assert answer(text, "armour of a swarm of rats", heading="Swarm of Rats") == ["Armour is 10."]


def test_a_row_with_its_headings():
    found = quoted("torch cost", [hit(TABLE, "torch")])[0]
    assert found.texts == ("| Torch | 1 cp |",)
    assert TABLE[slice(*found.head)] == "| Item | Cost |\n|---|---|"


def test_an_embedder_decides_where_no_word_is_met():
    class Embedder:
        id = "test/1"
        dimension = 2

        def embed(self, texts):
            return [
                (1.0, 0.0) if "tent" in text or "camp" in text else (0.0, 1.0) for text in texts
            ]

    assert answer(TORCH, "where to camp", embedder=Embedder()) == ["A tent sleeps two."]
    assert answer(TORCH, "where to camp") == ["A rope holds two climbers."]


def test_an_embedder_that_is_refused_takes_no_answer_away():
    class Embedder:
        id = "test/1"
        dimension = 2

        def embed(self, texts):
            raise BudgetExceeded("the day is over", 1.0, 1.0)

    assert answer(TORCH, "where to camp", embedder=Embedder()) == ["A rope holds two climbers."]


def test_without_text_nothing_is_quoted():
    assert answer("", "anything") == []


@given(st.text(alphabet="ab .\n|*-A1", max_size=200), st.text(alphabet="ab A", max_size=20))
def test_quotes_are_spans_in_order(text, question):
    found = quoted(question, [hit(text, question)])[0]
    ends = [0, *(place for span in found.spans for place in span)]
    assert ends == sorted(ends)
    assert all(text[start:end].strip() for start, end in found.spans)
    assert bool(found.spans) == bool(pieces(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ('He said "No." Then left.', ['He said "No."', "Then left."]),
        ("Within 5 ft. of it. Next.", ["Within 5 ft. of it.", "Next."]),
        ("Armor 12\nSpeed 30", ["Armor 12", "Speed 30"]),
        ("x" * 70 + "\nand so on. End.", ["x" * 70 + "\nand so on.", "End."]),
        ("x" * 70 + "\nEnd.", ["x" * 70, "End."]),
        ("", []),
    ],
)
def test_pieces(text, expected):
    assert [text[piece.start : piece.end] for piece in pieces(text)] == expected


def test_a_long_text_is_cut_around_what_is_met():
    text = " ".join(f"Sentence number {n} is here." for n in range(200))
    at = text.index("number 150")
    shown, marks = cut(text, [(at, at + 10)], 300)
    assert len(shown) < 320
    assert [shown[start:end] for start, end in marks] == ["number 150"]
    assert shown.startswith("\u2026")
    assert shown.endswith("\u2026")


def test_a_small_table_is_set_in_columns_and_a_large_one_below():
    set_out = laid(TABLE)
    assert "Rope   1 gp\nTorch  1 cp" in set_out.text
    assert set_out.tables == ()
    many = TABLE + "".join(f"\n| Thing {n} | {n} |" for n in range(9))
    assert laid(many).text == "Prices in town."
    assert len(laid(many).tables[0].rows) == 11


def test_emphasis_is_not_shown_and_marks_stay_where_they_are():
    text = "***Torch***. A **lit** torch, 2 * 3 * 4, a*b*c."
    at = text.index("lit")
    set_out = laid(text, [(at, at + 3), (at + 6, at + 11)])
    assert set_out.text == "Torch. A lit torch, 2 * 3 * 4, a*b*c."
    assert [set_out.text[start:end] for start, end in set_out.marks] == ["lit", "torch"]


def test_a_line_broken_to_fit_a_file_flows_on():
    text = "x" * 70 + "\nand so on.\nSpeed 30"
    assert laid(text).text == "x" * 70 + " and so on.\nSpeed 30"


@given(st.text(alphabet="ab .\n|*-", max_size=200), st.data())
def test_marks_never_leave_the_text(text, data):
    letters = [at for at, letter in enumerate(text) if letter in "ab"]
    spans = [(at, at + 1) for at in letters if data.draw(st.booleans())]
    for shown, marks in (cut(text, spans, 40), (laid(text, spans).text, laid(text, spans).marks)):
        assert all(shown[start:end] in {"a", "b"} for start, end in marks)
