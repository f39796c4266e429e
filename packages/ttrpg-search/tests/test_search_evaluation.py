"""Counting how good answers are."""

import json
import math

import pytest

from ttrpg_core.documents import Chunk
from ttrpg_core.errors import InputError
from ttrpg_core.search import Findings, Hit
from ttrpg_search.evaluation import (
    Gold,
    Place,
    compared,
    evaluate,
    lies_on,
    load,
    outcome,
    sections,
)


def chunk(number, file="", line=None, label="", heading="", fields=None, page=None):
    return Chunk(
        id=number,
        sha256="a" * 64,
        ordinal=number,
        heading=heading,
        path=(heading,) if heading else (str(number),),
        first_page=page,
        last_page=page,
        label=label,
        text="text",
        file=file,
        line=line,
        fields=fields or {},
    )


def found(*chunks, answered=True):
    return Findings(tuple(Hit(each, 1.0) for each in chunks), answered, len(chunks))


class Finder:
    """Answers what it was told to."""

    def __init__(self, answers):
        self.answers = answers
        self.asked = []

    def find(self, question):
        self.asked.append(question)
        return self.answers[question.text]

    def close(self):
        pass


RULE = Gold("falling", "natural", (Place("Falling", "rules/a.md", 7, (3,)),), "q1")


def test_a_hit_lies_on_a_place_by_file_and_line():
    place = RULE.places[0]
    assert lies_on(Hit(chunk(1, "rules/a.md", 7), 1), place)
    assert lies_on(Hit(chunk(1, "book/rules/a.md", 7), 1), Place("", "a.md", 7)) is True
    assert not lies_on(Hit(chunk(1, "xrules/a.md", 7), 1), place)
    assert not lies_on(Hit(chunk(1, "rules/a.md", 8), 1), place)
    assert lies_on(Hit(chunk(1, "rules/a.md", 2, fields={"lines": ("2", "7")}), 1), place)


@pytest.mark.parametrize(
    ("label", "page", "right"),
    [
        ("3", None, True),
        ("2-4", None, True),
        ("4", 2, True),
        ("3", 3, False),
        ("", 2, True),
        ("iii", 2, True),
    ],
)
def test_a_hit_lies_on_a_place_by_page(label, page, right):
    assert lies_on(Hit(chunk(1, label=label, page=page), 1), RULE.places[0]) is right


def test_chunks_of_one_section_count_once():
    hits = [Hit(chunk(n, "a.md", line), 1) for n, line in enumerate([1, 1, 2, 1, 3])]
    assert [hit.chunk.line for hit in sections(hits)] == [1, 2, 3]
    passages = found(*(chunk(n, "x.md", 1) for n in range(9)), chunk(10, "rules/a.md", 7))
    assert outcome(RULE, passages).ranks == (2,)


def test_figures():
    golds = [
        Gold("one", "exact", (Place("A", "a.md", 1),)),
        Gold("two", "natural", (Place("B", "b.md", 1), Place("C", "c.md", 1))),
        Gold("three", "natural", (Place("D", "d.md", 1),)),
        Gold("none", "unanswerable", ()),
    ]
    others = [chunk(100 + n, "z.md", n + 1) for n in range(9)]
    finder = Finder(
        {
            "one": found(chunk(1, "a.md", 1)),
            "two": found(others[0], chunk(2, "c.md", 1), *others[1:4], chunk(3, "b.md", 1)),
            "three": found(*others, answered=False),
            "none": found(*others, answered=False),
        }
    )
    ticks = []
    report = evaluate(finder, golds, sources=frozenset({"s"}), progress=ticks.append)
    assert ticks == [1, 2, 3, 4]
    assert all(question.sources == {"s"} for question in finder.asked)
    assert report.overall.recall == {1: 1 / 3, 5: 2 / 3, 10: 2 / 3}
    assert report.overall.mrr == pytest.approx((1 + 1 / 2) / 3)
    gain = (1 / math.log2(3) + 1 / math.log2(7)) / (1 + 1 / math.log2(3))
    assert report.overall.ndcg10 == pytest.approx((1 + gain) / 3)
    assert report.by_kind["natural"].recall[5] == 0.5
    assert report.overall.told == pytest.approx(2 / 3)
    assert report.refused == 1.0
    plain = json.loads(json.dumps(report.plain()))
    assert plain["recall"] == {"1": 0.3333, "5": 0.6667, "10": 0.6667}
    assert set(plain) >= {"recall", "mrr", "ndcg10", "page_accuracy", "by_kind"}
    assert plain["page_accuracy"] is None


def test_the_printed_page_of_right_hits():
    gold = Gold("falling", "exact", (Place("Falling", pages=(3, 4)),))
    right = chunk(1, label="3", heading="Falling")
    wrong = chunk(2, label="9", heading="falling")
    other = chunk(3, label="5", heading="Flying")
    one = outcome(gold, found(wrong, right, other))
    assert (one.pages_right, one.pages_told) == (1, 1)
    two = outcome(gold, found(wrong, other))
    assert (two.pages_right, two.pages_told) == (0, 1)
    assert outcome(gold, found(other)).pages_told == 0


def test_comparing_two():
    finder = Finder({"falling": found(chunk(1, "z.md", 1), chunk(2, "rules/a.md", 7))})
    better = Finder({"falling": found(chunk(2, "rules/a.md", 7))})
    before, after = evaluate(finder, [RULE]), evaluate(better, [RULE])
    assert [(said, one.gold.id) for said, one, _ in compared(before, after)] == [("better", "q1")]
    assert [said for said, _, _ in compared(after, before)] == ["worse"]
    assert compared(after, after) == []


def test_loading(tmp_path):
    path = tmp_path / "gold.jsonl"
    line = {"query": "q", "kind": "exact", "sections": [{"file": "a.md", "line": 3}]}
    path.write_text(json.dumps(line) + "\n\n" + json.dumps({"query": "u"}) + "\n", "utf-8")
    one, two = load(path)
    assert one.places == (Place("", "a.md", 3),)
    assert (two.kind, two.places) == ("other", ())


@pytest.mark.parametrize(
    "line",
    ["nonsense", "[]", "{}", '{"query": 3}', '{"query": ""}', '{"query": "q", "sections": [1]}'],
)
def test_a_wrong_line_is_named(tmp_path, line):
    path = tmp_path / "gold.jsonl"
    path.write_text('{"query": "fine"}\n' + line + "\n", "utf-8")
    with pytest.raises(InputError, match=r"gold\.jsonl, line 2"):
        load(path)


def test_an_empty_file(tmp_path):
    path = tmp_path / "gold.jsonl"
    path.write_text("\n", "utf-8")
    with pytest.raises(InputError, match="no question"):
        load(path)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "not JSON: "),
        ("[1]", "not a question of the form"),
        ("{}", "a question has a 'query'"),
        ('{"query": "x", "sections": [1]}', "not a question of the form"),
        ('{"query": "x", "sections": [{"line": "one"}]}', "not a question of the form"),
    ],
)
def test_a_line_that_is_no_question_is_told_without_pythons_words(tmp_path, line, said):
    path = tmp_path / "gold.jsonl"
    path.write_text(line)
    with pytest.raises(InputError) as caught:
        load(path)
    assert said in caught.value.message
    assert "Error" not in caught.value.message
