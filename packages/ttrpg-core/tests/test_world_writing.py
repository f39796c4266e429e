"""Handouts, reveals, links, rulings and the order of lists, as they are kept."""

import pytest

from ttrpg_core.audience import GM, PARTY, PUBLIC, Audience
from ttrpg_core.errors import InputError, NotFound
from ttrpg_core.journal import Journal
from ttrpg_core.rulings import standing
from ttrpg_core.table.world import handouts, kinds
from ttrpg_core.table.world.handouts import Handout
from ttrpg_core.world import World, handing, linking, orders

NOW = "2026-01-02T20:00:00+00:00"
MARA, TAM = Audience("mara"), Audience("tam")


@pytest.fixture
def world(store, stopped):
    journal = Journal(store, stopped)
    with journal.change("campaign.create") as change:
        change.insert("campaigns", {"id": "salt", "name": "Salt Road", "system": "", "genre": "",
                                    "setting": "", "description": "", "game_date": "",
                                    "created_at": NOW, "updated_at": NOW})  # fmt: skip
        change.put("chosen", {"key": "campaign", "value": "salt"})
    return World(journal, "salt")


def added(world, kind, name, **given):
    return world.add(kinds.kind(kind), {"name": name, **given})


@pytest.mark.parametrize(
    ("has", "to", "then"),
    [
        (GM, PARTY, PARTY),
        (GM, MARA, MARA),
        (GM, PUBLIC, PUBLIC),
        (MARA, PARTY, PARTY),
        (MARA, MARA, MARA),
        (PARTY, MARA, PARTY),
        (PARTY, PUBLIC, PUBLIC),
        (PUBLIC, MARA, PUBLIC),
        (MARA, TAM, None),
        (PARTY, Audience("npc/kaz"), None),
        (GM, GM, None),
    ],
)
def test_who_may_read_a_handout_after_it_was_given(has, to, then):
    before = Handout(id="letter", name="Letter", audience=has)
    if then is None:
        with pytest.raises(InputError):
            handouts.given(before, to, NOW, "")
        return
    after = handouts.given(before, to, NOW, "session/one")
    assert after.audience == then
    assert to.sees(after.audience)
    assert has == GM or has.sees(after.audience)
    assert after.given == (handouts.Giving(to.name, NOW, "session/one"),)


def test_the_log_leaves_out_what_was_undone_and_what_others_learnt(world):
    kaz = added(world, "npc", "Kaz", secret="a spy")
    letter = added(world, "handout", "Letter")
    world.reveal(kaz.ref, PARTY)
    world.reveal(kaz.ref, TAM, "secret")
    handing.give(world, letter, MARA)
    world.reveal(kaz.ref, GM)
    world.journal.undo()
    log = [(each.kind, each.name, each.field, each.to) for each in handing.reveals(world)]
    assert log == [
        ("given", "Letter", "", "mara"),
        ("told", "Kaz", "secret", "tam"),
        ("told", "Kaz", "", "party"),
    ]
    assert [each.ref for each in handing.reveals(world, MARA)] == [letter.ref, kaz.ref]
    assert [each.field for each in handing.reveals(world, PARTY)] == [""]
    assert handing.reveals(world, PUBLIC) == []
    world.edit(kaz.ref, {"name": "Kazimir"})
    world.delete(letter.ref)
    assert [each.name for each in handing.reveals(world)] == ["Letter", "Kazimir", "Kazimir"]


def test_a_file_is_known_by_its_hash(world, tmp_path):
    file = tmp_path / "map"
    file.write_bytes(b"one")
    made = handing.attach(world, added(world, "handout", "Map"), str(file))
    assert handing.state(made) == ""
    file.write_bytes(b"two")  # as long as before
    assert "was changed" in handing.state(made)
    file.unlink()
    assert "there is no file" in handing.state(made)
    with pytest.raises(NotFound):
        handing.attach(world, made, str(file))


def test_links_of_both_ends_and_what_is_broken(world):
    mara = added(world, "npc", "Mara", text="Fears [[Tam]] and [[npc/gone]].", audience="party")
    tam = added(world, "npc", "Tam", location="")
    note = added(world, "note", "Tamarisk", text="Nothing of his.")
    told = linking.links_of(world, mara)
    assert [each.ref for each in told.forward] == [tam.ref]
    assert told.broken == ("npc/gone",)
    assert [each.ref for each in linking.links_of(world, tam).back] == [mara.ref]
    assert linking.links_of(world, tam).unlinked == ()
    assert [(each.ref, gone) for each, gone in linking.all_broken(world)] == [
        (mara.ref, ["npc/gone"])
    ]
    world.edit(note.ref, {"text": "Tam was here"})
    assert [each.ref for each in linking.links_of(world, tam).unlinked] == [note.ref]
    assert linking.links_of(world, mara, PARTY) == linking.Links((), ())
    assert linking.links_of(world, tam, PARTY) == linking.Links((), ())
    world.edit(tam.ref, {"audience": "party"})
    assert [each.name for each in linking.links_of(world, mara, PARTY).forward] == ["Tam"]


def test_rulings_that_stand_have_any_of_the_words(world):
    flank = added(world, "ruling", "Flanking gives +2", rule="flanking", text="[[Mara|She]] said")
    added(world, "ruling", "No crits", audience="party")
    connection = world.connection
    found = standing(connection, "salt", ["flanks", "nothing"])
    assert [(each.id, each.rule, each.text) for each in found] == [
        ("flanking-gives-2", "flanking", "She said")
    ]
    assert standing(connection, "salt", ["flank"], PARTY) == []
    assert [each.name for each in standing(connection, "salt", ["crits"], PARTY)] == ["No crits"]
    assert standing(connection, "other", ["crits"]) == standing(connection, "salt", []) == []
    world.edit(flank.ref, {"status": "withdrawn"})
    assert standing(connection, "salt", ["flank"]) == []


def test_lists_have_what_is_of_use_first(world, stopped):
    for name, given in (("A", {}), ("B", {"pinned": True}), ("C", {})):
        added(world, "note", name, **given)
        stopped.move(minutes=1)
    assert [each.name for each in orders.notes(world)] == ["B", "C", "A"]
    for name, given in (
        ("D", {"priority": "background"}),
        ("E", {"urgency": "overdue"}),
        ("F", {"priority": "critical"}),
        ("G", {"urgency": "upcoming"}),
    ):
        added(world, "plot", name, **given)
    assert [each.name for each in orders.plots(world)] == ["F", "E", "G", "D"]
    assert orders.standing(world) == {"pending": 4}
    assert [*orders.plots(world, "active")] == []


@pytest.mark.parametrize(
    ("read", "index"),
    [
        (orders.notes, "entities_pinned"),
        (handing.reveals, "journal_revealed"),
    ],
)
def test_what_is_listed_is_not_sorted_anew_however_much_there_is(world, read, index):
    """An index has it in order; a word changed in one of the two, and the list would be slow."""
    asked = []
    world.connection.set_trace_callback(asked.append)
    list(read(world))
    world.connection.set_trace_callback(None)
    plan = [
        row["detail"]
        for query in asked
        if " ORDER BY " in query
        for row in world.connection.execute(f"EXPLAIN QUERY PLAN {query}")
    ]
    assert any(index in line for line in plan), plan
    assert not any("TEMP B-TREE" in line for line in plan)
