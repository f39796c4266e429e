"""``ttrpg proposals``: what waits, what it rests on, and what a person makes of it."""

import pytest

from ttrpg_core import records
from ttrpg_core.proposals import Evidence, Proposals


@pytest.fixture
def propose(ttrpg, app):
    """A campaign with Mara in it; answers what makes proposals for it."""
    ttrpg("campaign", "create", "Salt Road")
    ttrpg("npc", "add", "Mara", "--role", "smith")
    campaign = records.current(app.store.connection)
    kept = Proposals(app.journal, app.clock)

    def make(kind, *more, **evidence):
        return getattr(kept, kind)(campaign, *more, chat="talk", evidence=Evidence(**evidence)).id

    return make


def waiting(ttrpg, *more):
    return [each["id"] for each in ttrpg("proposals", "--json", *more).json()["proposals"]]


def test_what_waits_is_listed_with_what_it_rests_on(ttrpg, propose):
    propose(
        "change", "Mara", {"role": "captain"}, said="Who leads?", because="She does", entries=(3,)
    )
    propose("note", "The ferry is gone.\nReally.")
    told = ttrpg("proposals").out
    assert "role of Mara: 'smith' becomes 'captain'" in told
    shown = ttrpg("proposals", "show", "1").out
    for said in ("- smith", "+ captain", "Who leads?", "She does", "#3", "a model", "pending"):
        assert said in shown
    assert "+Really." in ttrpg("proposals", "show", "2").out
    one = ttrpg("proposals", "show", "1", "--json").json()["proposal"]
    assert one["changes"] == {"role": ["smith", "captain"]}
    assert one["evidence"]["because"] == "She does"
    assert [each["id"] for each in ttrpg("chat", "pending", "--json").json()["proposals"]] == [1, 2]


def test_accepted_edited_rejected(ttrpg, propose):
    propose("change", "Mara", {"role": "captain"})
    propose("add", "npc", {"name": "Tom"})
    propose("remove", "Mara")
    propose("edit", {"genre": "road"})
    assert ttrpg("proposals", "edit", "1", "role", "-", input="marshal").code == 0
    done = ttrpg("proposals", "accept", "1", "2")
    assert done.code == 0
    assert "Wrote down 2 proposals" in done.err
    assert ttrpg("npc", "show", "mara", "--json").json()["npc"]["role"] == "marshal"
    newest = ttrpg("history", "--json").json()["entries"][0]
    assert (newest["actor"], newest["facts"]["proposal"]) == ("model", 2)
    stale = ttrpg("proposals", "accept", "4", "3")
    assert stale.code == 4
    assert "was changed since" in stale.err
    assert waiting(ttrpg) == [3, 4], "all or none"
    assert ttrpg("proposals", "reject", "3").code == 0
    assert ttrpg("chat", "accept", "4").code == 0
    assert waiting(ttrpg) == []
    every = ttrpg("proposals", "list", "--all", "--json").json()["proposals"]
    assert [each["state"] for each in every] == ["applied", "applied", "refused", "applied"]
    assert ttrpg("undo", "3").code == 0
    assert ttrpg("npc", "show", "mara", "--json").json()["npc"]["role"] == "smith"


def test_all_at_once(ttrpg, propose):
    for number in range(3):
        propose("note", f"Note {number}")
    assert ttrpg("proposals", "reject").code == 2
    assert ttrpg("proposals", "reject", "1", "--all").code == 2
    refused = ttrpg("proposals", "reject", "--all")
    assert refused.code == 4
    assert waiting(ttrpg) == [1, 2, 3]
    assert ttrpg("proposals", "reject", "--all", "--yes").code == 0
    assert waiting(ttrpg) == []
    assert ttrpg("note", "list", "--json").json()["notes"] == []


def test_all_are_accepted_or_none(ttrpg, propose):
    for number in range(2):
        propose("note", f"Note {number}")
    assert ttrpg("proposals", "accept", "--all").code == 4
    assert waiting(ttrpg) == [1, 2]
    assert ttrpg("proposals", "accept", "--all", "--yes").code == 0
    assert waiting(ttrpg) == []
    assert ttrpg("note", "list", "--json").json()["total"] == 2
    ttrpg("undo", "2")
    assert waiting(ttrpg) == [1, 2]
    propose("change", "Mara", {"role": "captain"})
    ttrpg("npc", "edit", "mara", "--role", "queen")
    assert ttrpg("proposals", "accept", "--all", "--yes").code == 4
    assert waiting(ttrpg) == [1, 2, 3]
    assert ttrpg("note", "list", "--json").json()["total"] == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["show", "9"], 3),
        (["accept", "9"], 3),
        (["accept", "1", "9"], 3),
        (["reject", "9"], 3),
        (["show", "0"], 2),
        (["accept"], 2),
        (["edit", "1", "nope", "x"], 2),
        (["edit", "9", "role", "x"], 3),
        (["list", "--campaign", "nope"], 3),
    ],
)
def test_what_cannot_be(ttrpg, propose, words, code):
    propose("change", "Mara", {"role": "captain"})
    assert ttrpg("proposals", *words).code == code
    assert waiting(ttrpg) == [1]
    assert ttrpg("npc", "show", "mara", "--json").json()["npc"]["role"] == "smith"
