"""Who may know a thing."""

import itertools

import attrs
import pytest

from ttrpg_core.audience import GM, PARTY, PUBLIC, Audience, project
from ttrpg_core.errors import InputError

TAMSIN, MARA = Audience("tamsin"), Audience("npc/mara")
SEES = {
    GM: {GM, PARTY, PUBLIC, TAMSIN, MARA},
    PARTY: {PARTY, PUBLIC},
    PUBLIC: {PUBLIC},
    TAMSIN: {TAMSIN, PARTY, PUBLIC},
    MARA: {MARA, PUBLIC},
}


@attrs.frozen
class Thing:
    audience: Audience


@pytest.mark.parametrize("viewer", SEES, ids=str)
def test_who_sees_what(viewer):
    things = [Thing(each) for each in SEES]
    assert {thing.audience for thing in project(things, viewer)} == SEES[viewer]


def test_what_is_for_the_gm_is_seen_by_nobody_else():
    others = [viewer for viewer in SEES if viewer != GM]
    assert not any(viewer.sees(Audience()) for viewer in others)
    assert not any(a.sees(b) for a, b in itertools.permutations([TAMSIN, MARA, Audience("x")], 2))


@pytest.mark.parametrize(
    ("typed", "name"),
    [("GM", "gm"), (" party ", "party"), ("npc/mara", "npc/mara"), ("Tamsin", "tamsin")],
)
def test_a_word_for_it(typed, name):
    assert str(Audience.of(typed)) == name
    assert Audience.of(typed).npc == ("mara" if "mara" in name else "")


@pytest.mark.parametrize("typed", ["", "npc/", "a b", "x/y", "npc/../gm", "g\0m", "x" * 300])
def test_what_is_no_audience(typed):
    with pytest.raises(InputError):
        Audience.of(typed)


@pytest.mark.parametrize(
    ("was", "to", "then"),
    [
        ("gm", "mara", "mara"),
        ("mara", "party", "party"),
        ("npc/vile", "party", "party"),
        ("party", "mara", "party"),
        ("public", "party", "public"),
        ("party", "public", "public"),
        ("party", "npc/vile", None),
        ("mara", "tam", None),
        ("mara", "gm", "gm"),
    ],
)
def test_who_is_let_know_takes_it_from_nobody(was, to, then):
    if then is None:
        with pytest.raises(InputError, match=f"the well is for {was} alone"):
            Audience(was).widened(Audience(to), "the well")
    else:
        assert Audience(was).widened(Audience(to), "the well") == Audience(then)
