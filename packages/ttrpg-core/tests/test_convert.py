"""From plain data to typed values: strict, private, and errors that say where."""

from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import attrs
import cattrs
import pytest

from ttrpg_core.convert import explain, make_converter


@attrs.frozen
class Inner:
    count: int
    share: float = 1.0


@attrs.frozen
class Outer:
    name: str
    flag: bool = False
    when: datetime | None = None
    part: Fraction = Fraction(1)
    place: Path = Path()
    inner: Inner | None = None
    many: tuple[Inner, ...] = ()
    words: list[str] = attrs.field(factory=list)
    by_name: dict[str, list[int]] = attrs.field(factory=dict)


FULL = Outer(
    "x",
    True,
    datetime(2026, 1, 2, tzinfo=UTC),
    Fraction(1, 3),
    Path("a/b"),
    Inner(2, 0.5),
    (Inner(1), Inner(2)),
    ["a", "b"],
    {"a": [1, 2]},
)


@pytest.mark.parametrize("value", [FULL, Outer("only a name")])
def test_there_and_back(value):
    converter = make_converter(forbid_extra_keys=True)
    assert converter.structure(converter.unstructure(value), Outer) == value


def test_what_is_written_is_plain_and_leaves_defaults_out():
    converter = make_converter()
    assert converter.unstructure(Outer("x")) == {"name": "x"}
    plain = converter.unstructure(FULL)
    assert (plain["when"], plain["part"], plain["place"]) == (
        "2026-01-02T00:00:00+00:00", "1/3", "a/b"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"name": 1}, "r.name: 1 is not a text"),
        ({"name": None}, "r.name: None is not a text"),
        ({"name": "x", "flag": 1}, "r.flag: 1 is not true or false"),
        ({"name": "x", "inner": {"count": "3"}}, "r.inner.count: '3' is not a whole number"),
        ({"name": "x", "inner": {"count": True}}, "r.inner.count: True is not a whole number"),
        ({"name": "x", "inner": {"count": 1.0}}, "r.inner.count: 1.0 is not a whole number"),
        ({"name": "x", "inner": {"count": 1, "share": "1"}}, "r.inner.share: '1' is not a number"),
        ({"name": "x", "many": [{"count": 1}, {}]}, "r.many[1].count: is missing"),
        ({"name": "x", "words": "ab"}, "r.words: 'ab' is not a list"),
        ({"name": "x", "words": {"a": 1}}, "r.words: {'a': 1} is not a list"),
        ({"name": "x", "by_name": {"k": ["v"]}}, "r.by_name.k[0]: 'v' is not a whole number"),
        ({}, "r.name: is missing"),
        ({"name": "x", "part": "1e999999999"}, "r.part: '1e999999999' is not a fraction"),
        ({"name": "x", "part": "1/0"}, "r.part: "),
        ({"name": "x", "part": True}, "r.part: True is not a fraction"),
        ({"name": "x", "when": "soon"}, "r.when: "),
    ],
)
def test_what_is_wrong_is_said_with_its_place(data, said):
    with pytest.raises(cattrs.BaseValidationError) as caught:
        make_converter().structure(data, Outer)
    (line,) = explain(caught.value, "r")
    assert line.startswith(said)


def test_everything_that_is_wrong_is_said_at_once():
    with pytest.raises(cattrs.BaseValidationError) as caught:
        make_converter(forbid_extra_keys=True).structure(
            {"nmae": "x", "flag": 3, "inner": {"count": "a", "more": 1}}, Outer
        )
    assert set(explain(caught.value, "f.toml")) == {
        "f.toml.name: is missing",
        "f.toml.nmae: there is no such key",
        "f.toml.flag: 3 is not true or false",
        "f.toml.inner.count: 'a' is not a whole number",
        "f.toml.inner.more: there is no such key",
    }


def test_unknown_keys_are_an_error_only_where_that_is_wanted():
    assert make_converter().structure({"name": "x", "more": 1}, Outer) == Outer("x")


def test_a_whole_number_is_a_number():
    assert make_converter().structure({"count": 1, "share": 2}, Inner) == Inner(1, 2.0)


def test_converters_are_private():
    mine = make_converter()
    mine.register_structure_hook(str, lambda value, _: "changed")
    assert make_converter().structure({"name": "x"}, Outer).name == "x"
    assert cattrs.structure("3", int) == 3, "the global one is as cattrs made it"


def test_a_class_may_bring_its_own_way():
    @attrs.frozen
    class Own:
        value: int

        @classmethod
        def _structure(cls, data: Any) -> "Own":
            return cls(data * 2)

        def _unstructure(self) -> int:
            return self.value

    converter = make_converter()
    assert converter.structure(2, Own).value == 4
    assert converter.unstructure(Own(3)) == 3
