"""What an NPC remembers."""

import pytest

from ttrpg_core.errors import Denied, InputError
from ttrpg_core.talk.memory import FACTS, LINES, RECENT, Memory, telling, told


@pytest.fixture
def mara(store, stopped):
    return Memory(store, stopped, "mara", "salt-road")


def test_the_last_exchanges_stand_as_they_were(mara):
    for number in range(RECENT):
        mara.heard(f"Question {number}?", f"Answer {number}.")
    remembered = mara.all()
    assert len(remembered.recent) == RECENT
    assert remembered.recent[0] == "They said: Question 0?\nYou said: Answer 0."
    assert not remembered.lines


def test_an_older_one_shrinks_to_what_it_says_most(mara):
    mara.heard("Good day. We promise 20 crowns to Mara by the new moon. Fine weather.", "Hm.")
    mara.heard("Hello", "Hello")
    for number in range(RECENT):
        mara.heard(f"Question {number}?", "So.")
    assert mara.all().lines == ("They said: We promise 20 crowns to Mara by the new moon.",)


def test_it_stays_small_whatever_is_said(mara):
    for _ in range(LINES + RECENT + 20):
        mara.heard("I promise 5 things " + "x" * 5000, "Never! " + "y" * 5000)
    remembered = mara.all()
    assert (len(remembered.recent), len(remembered.lines)) == (RECENT, LINES)
    assert sum(map(len, told(remembered))) < 25_000


def test_it_is_that_of_one_npc_in_one_campaign(mara, store, stopped):
    mara.heard("We killed the duke", "Good")
    mara.remember("Tamsin  owes\nme")
    for npc, campaign in (("mara", "far-shore"), ("olm", "salt-road"), ("mara", "")):
        other = Memory(store, stopped, npc, campaign)
        assert not other.all()
        assert other.forget() == 0
    assert mara.all().facts == ("Tamsin owes me",)
    assert mara.forget() == 2
    assert not mara.all()


def test_what_is_taken_back_was_never_heard(mara):
    mara.heard("One", "Two")
    mara.heard("Three", "Four")
    mara.unheard("Three", "Four")
    mara.unheard("Five", "Six")
    assert mara.all().recent == ("They said: One\nYou said: Two",)


def test_facts_have_bounds(mara):
    with pytest.raises(InputError):
        mara.remember("x" * 301)
    for number in range(FACTS):
        mara.remember(f"Fact {number}")
    with pytest.raises(Denied):
        mara.remember("One more")


def test_nothing_of_note():
    assert telling("They said: hm. oh.\nYou said: ah.") == ""
