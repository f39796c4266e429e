"""Proposals: kept with what they rest on, decided by a person, refused where the game changed."""

import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ttrpg_core import records
from ttrpg_core.audience import GM
from ttrpg_core.errors import Denied, InputError, NotFound, TtrpgError
from ttrpg_core.proposals import MOST_PENDING, Evidence, Proposals
from ttrpg_core.sessions import Sessions
from ttrpg_core.table import campaigns
from ttrpg_core.table.world import plots
from ttrpg_core.table.world.kinds import KINDS
from ttrpg_core.table.world.people import Faction, Npc
from ttrpg_core.table.world.plots import Plot
from ttrpg_core.world import World, plotting, relating


@pytest.fixture
def campaign(journal):
    made = campaigns.create("Salt Road", {"description": "It rains."}, (), "2026")
    with journal.change("campaign.create") as change:
        change.insert("campaigns", records.row(made))
    return made


@pytest.fixture
def world(journal, campaign):
    return World(journal, campaign.id)


@pytest.fixture
def kept(journal, stopped):
    return Proposals(journal, stopped)


@pytest.fixture
def mara(world):
    return world.add(Npc, {"name": "Mara", "role": "smith", "tags": ["forge", "town"]})


def test_what_is_proposed_waits_with_its_evidence(kept, campaign, journal, world):
    why = Evidence("What of Mara?", "abc", "she said so", (3, 4), ("The Book, 5",))
    before = journal.history(10)
    made = kept.add(campaign, "npc", {"name": "Mara", "role": "smith"}, "talk", why)
    assert kept.pending() == [made] == kept.all(campaign.id)
    assert kept.one(made.id).evidence == why
    assert kept.all("other") == []
    assert journal.history(10) == before
    assert list(world.all()) == []


@pytest.mark.parametrize(
    ("given", "actor", "by"),
    [
        ({"name": "Mara", "role": "smith"}, "model", "a model"),
        ({"name": "Mara", "tags": "a; b"}, "import", "an import"),
        ({"name": "Mara", "audience": "party"}, "api", "a client"),
    ],
)
def test_accepting_is_one_entry(kept, campaign, journal, world, given, actor, by):
    made = kept.add(campaign, "npc", given, actor=actor)
    done = kept.accept(made.id)
    assert (done.state, kept.one(made.id).state) == ("applied", "applied")
    (entry,) = journal.history(1)
    assert (entry.actor, entry.kind) == (actor, "npc.add")
    assert entry.prose == f"added the NPC 'Mara', proposed by {by}"
    assert (entry.facts["proposal"], entry.facts["ref"]) == (made.id, "npc/mara")
    assert entry.campaign == campaign.id
    found = world.get("npc/mara")
    assert found.tags == (("a", "b") if "tags" in given else ())
    assert found.audience.name == given.get("audience", "gm")
    with pytest.raises(NotFound, match="applied already"):
        kept.accept(made.id)


def test_what_is_undone_waits_again(kept, campaign, world, journal, mara):
    made = kept.change(campaign, "Mara", {"role": "captain"})
    other = kept.note(campaign, '"proposal": 1')
    kept.accept(made.id)
    journal.undo()
    assert kept.pending() == [made, other]
    journal.redo()
    assert kept.one(made.id).state == "applied"
    journal.undo()
    kept.amend(made.id, "role", "marshal")
    kept.accept(made.id)
    assert world.get(mara.ref).role == "marshal"
    number = journal.history(1)[0].id
    kept.accept(other.id)
    journal.undo(entry=number)
    assert (kept.one(made.id).state, kept.one(other.id).state) == ("pending", "applied")
    kept.refuse(made.id)
    journal.undo()
    assert (kept.one(made.id).state, kept.one(other.id).state) == ("refused", "pending")


def test_fields_of_a_thing(kept, campaign, world, mara, journal):
    world.add(Faction, {"name": "The Guild"})
    fields = {"role": "captain", "tags": "war", "factions": "guild", "name": "Mara Vane"}
    made = kept.change(campaign, "mara", fields)
    assert made.lines == [
        "role of Mara: 'smith' becomes 'captain'",
        "tags of Mara: adds war",
        "factions of Mara: adds faction/the-guild",
        "name of Mara: adds 'Vane'",
        "aliases of Mara: adds Mara",
    ]
    kept.accept(made.id)
    found = world.get("npc/mara")
    assert (found.role, found.tags, found.factions) == (
        "captain",
        ("forge", "town", "war"),
        ("faction/the-guild",),
    )
    assert (found.name, found.aliases) == ("Mara Vane", ("Mara",))
    assert journal.history(1)[0].kind == "npc.edit"


@pytest.mark.parametrize("what", ["edit", "delete"])
def test_what_was_changed_since_is_left_alone(kept, campaign, world, mara, what):
    made = (
        kept.change(campaign, "Mara", {"role": "captain"})
        if what == "edit"
        else kept.remove(campaign, "Mara")
    )
    world.edit(mara.ref, {"role": "queen"})
    with pytest.raises(Denied, match="changed since"):
        kept.accept(made.id)
    assert world.get(mara.ref).role == "queen"
    assert kept.one(made.id).state == "pending"
    world.delete(mara.ref)
    with pytest.raises(Denied, match="is gone"):
        kept.accept(made.id)
    assert kept.refuse(made.id).state == "refused"


def test_another_field_may_have_changed(kept, campaign, world, mara):
    made = kept.change(campaign, "Mara", {"role": "captain"})
    world.edit(mara.ref, {"summary": "Tall"})
    kept.accept(made.id)
    found = world.get(mara.ref)
    assert (found.role, found.summary) == ("captain", "Tall")


def test_a_thing_is_deleted(kept, campaign, world, mara, journal):
    made = kept.remove(campaign, "Mara")
    assert made.lines == ["delete 'Mara' (npc/mara)"]
    kept.accept(made.id)
    assert world.peek(mara.ref) is None
    assert journal.history(1)[0].kind == "npc.delete"
    journal.undo()
    assert world.get(mara.ref) == mara


def test_the_same_thing_is_not_added_twice(kept, campaign, world):
    first = kept.add(campaign, "npc", {"name": "Mara"})
    second = kept.add(campaign, "npc", {"name": "MARA"})
    kept.accept(first.id)
    with pytest.raises(Denied, match="already"):
        kept.accept(second.id)
    with pytest.raises(Denied, match="already"):
        kept.add(campaign, "npc", {"name": "Mara"})
    assert [each.name for each in world.all("npc")] == ["Mara"]


def test_a_value_is_changed_before_it_is_accepted(kept, campaign, world, mara):
    made = kept.change(campaign, "Mara", {"role": "captain"})
    amended = kept.amend(made.id, "role", "marshal")
    kept.amend(made.id, "attitude", "friendly")
    assert amended.changes == {"role": ["smith", "marshal"]}
    assert kept.one(made.id).evidence.amended == ("role", "attitude")
    kept.accept(made.id)
    found = world.get(mara.ref)
    assert (found.role, found.attitude) == ("marshal", "friendly")
    new = kept.add(campaign, "npc", {"name": "Tom"})
    assert kept.amend(new.id, "name", "Tomas").name == "Tomas"
    kept.accept(new.id)
    assert world.get("npc/tomas").name == "Tomas"
    field = kept.edit(campaign, {"genre": "road"})
    kept.amend(field.id, "genre", "sea")
    kept.accept(field.id)
    assert records.campaign(kept.journal.store.connection, campaign.id).genre == "sea"
    with pytest.raises(InputError, match="no fields"):
        kept.amend(kept.remove(campaign, "Tomas").id, "role", "x")
    with pytest.raises(NotFound, match="applied"):
        kept.amend(field.id, "genre", "x")


@pytest.mark.parametrize(
    ("kind", "given", "why"),
    [
        ("npc", {}, "no name"),
        ("npc", {"name": " "}, "no name"),
        ("npc", {"name": "x", "nope": "y"}, "no field"),
        ("npc", {"name": "x", "location": "nowhere"}, "nowhere"),
        ("npc", {"name": "x", "attitude": "odd"}, "attitude"),
        ("npc", {"name": "x", "audience": "?"}, "audience"),
        ("character", {"name": "x", "level": "many"}, "whole number|level"),
        ("note", {"name": "x", "pinned": "maybe"}, "yes or no|pinned"),
        ("plot", {"name": "x", "status": "active"}, "cannot be proposed"),
        ("relation", {"name": "seeks", "source": "nobody", "target": "no one"}, "nobody"),
        ("relation", {"name": "seeks", "source": "nobody"}, "of two things"),
        ("session", {"name": "x", "number": "many"}, "whole number"),
        ("session", {"name": "x", "number": "-1"}, "cannot be number -1"),
        ("session", {"name": "x", "status": "active"}, "cannot be proposed"),
        ("dragon", {"name": "x"}, "no kind"),
    ],
)
def test_what_cannot_be_proposed(kept, campaign, kind, given, why):
    with pytest.raises((InputError, NotFound)) as error:
        kept.add(campaign, kind, given)
    assert any(each in str(error.value) + error.value.hint for each in why.split("|"))
    assert kept.all() == []


def test_lists_of_a_campaign_are_not_proposed(kept, campaign):
    for field in ("tags", "players", "id", "archived_at"):
        with pytest.raises(InputError, match="cannot be proposed"):
            kept.edit(campaign, {field: "x"})
    made = kept.edit(campaign, {"genre": "road"})
    with pytest.raises(InputError, match="cannot be proposed"):
        kept.amend(made.id, "tags", "x")


def test_nothing_to_change(kept, campaign, mara):
    for propose in (
        lambda: kept.change(campaign, "Mara", {"role": "smith"}),
        lambda: kept.edit(campaign, {"description": "It rains."}),
    ):
        with pytest.raises(InputError, match="nothing would change"):
            propose()


def test_a_note_has_its_first_line_as_its_name(kept, campaign, world):
    for words, name in (
        ("# The **ferry**\n\nis gone", "The **ferry**"),
        ("short", "short"),
        ("x" * 100, "x" * 76 + " ..."),
        ("#\nrest", "rest"),
        ("[[npc/mara|The smith]] is gone", "The smith is gone"),
    ):
        kept.accept(kept.note(campaign, words).id)
        assert [each for each in world.all("note") if each.name == name], name
    assert all(each.audience == GM for each in world.all("note"))


def test_they_are_bounded(kept, campaign):
    for number in range(MOST_PENDING):
        kept.note(campaign, f"Note {number}")
    with pytest.raises(Denied, match="wait already"):
        kept.note(campaign, "one more")
    kept.refuse(1)
    kept.note(campaign, "one more")


words = st.text(max_size=40)
given_fields = st.dictionaries(
    st.sampled_from(["name", "role", "tags", "level", "pinned", "about", "audience", "x"]), words
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80, deadline=None
)
@given(st.sampled_from([*KINDS, "", "x"]), given_fields, given_fields, words)
def test_whatever_is_proposed_nothing_is_written_before_a_yes(
    kept, campaign, mara, journal, kind, new, other, value
):
    before = journal.history(50)
    for propose in (
        lambda: kept.add(campaign, kind, new),
        lambda: kept.change(campaign, "npc/mara", other),
        lambda: kept.note(campaign, value),
        lambda: kept.amend(kept.pending()[-1].id, next(iter(other), "name"), value),
    ):
        with contextlib.suppress(TtrpgError, IndexError):
            propose()
    assert journal.history(50) == before
    for each in kept.pending():
        assert all(isinstance(line, str) for line in each.lines)
        kept.refuse(each.id)


@pytest.fixture
def siege(world):
    found = world.add(Plot, {"name": "The siege"})
    return plotting.add_value(world, found, "clocks", plots.clock("The flood", 6), "clock")


def test_a_relation_is_proposed_and_checked_twice(kept, campaign, world, mara, journal):
    world.add(Npc, {"name": "Tom"})
    given = {"name": "mentor", "source": "mara", "target": "tom", "strength": "40"}
    made = kept.add(campaign, "relation", given)
    assert (made.name, made.title) == ("Mara mentor of Tom", "Add the relation Mara mentor of Tom")
    other = kept.add(campaign, "relation", {**given, "source": "tom", "target": "mara"})
    again = kept.add(campaign, "relation", {**given, "name": "MentorOf"})
    with pytest.raises(InputError, match="two different"):
        kept.amend(made.id, "target", "mara")
    kept.amend(made.id, "strength", "50")
    kept.accept(made.id)
    found = world.get("relation/mara-mentor-of-tom")
    assert (found.source, found.target, found.strength) == ("npc/mara", "npc/tom", 50)
    assert journal.history(1)[0].kind == "relation.add"
    with pytest.raises(InputError, match="it is known"):
        kept.accept(again.id)
    with pytest.raises(InputError, match="it is known"):
        kept.add(campaign, "relation", given)
    world.delete("npc/tom")
    with pytest.raises(NotFound):
        kept.accept(other.id)
    assert [each.id for each in kept.pending()] == [other.id, again.id]


def test_the_words_of_a_relation_are_proposed(kept, campaign, world, mara):
    world.add(Npc, {"name": "Tom"})
    for words in ("ally of", "enemy of"):
        relating.add(world, "mara", words, "tom", {})
    with pytest.raises(InputError, match="it is known"):
        kept.change(campaign, "relation/mara-enemy-of-tom", {"name": "ally"})
    made = kept.change(campaign, "relation/mara-enemy-of-tom", {"name": "mentor"})
    kept.accept(made.id)
    assert [each.name for each in relating.about(world, mara.ref)] == ["ally of", "mentor of"]


def test_a_session_is_proposed(kept, campaign, world, journal):
    made = kept.add(campaign, "session", {"name": "The ferry", "number": "3", "prep": "Maps"})
    assert made.lines == ["new session: 'The ferry'", "number: 3", "prep: 'Maps'"]
    second = kept.add(campaign, "session", {"name": "The pier", "number": "3"})
    kept.accept(made.id)
    assert world.get("session/3").prep == "Maps"
    assert journal.history(1)[0].kind == "session.plan"
    with pytest.raises(InputError, match="a session 3 already"):
        kept.accept(second.id)
    kept.amend(second.id, "number", "4")
    kept.accept(second.id)
    assert world.get("session/4").name == "The pier"
    with pytest.raises(InputError, match="a session 4 already"):
        kept.add(campaign, "session", {"name": "x", "number": "4"})


def test_a_session_goes_by_its_steps(journal, stopped, campaign, world):
    taken = []
    kept = Proposals(journal, stopped, lambda _, why: taken.append((why, len(journal.history()))))
    Sessions(world).plan("", {})
    Sessions(world).plan("", {})
    for status, kind in (
        ("active", "start"), ("paused", "pause"), ("active", "resume"), ("ended", "end"),
    ):  # fmt: skip
        made = kept.change(campaign, "session/1", {"status": status})
        other = (
            kept.change(campaign, "session/2", {"status": "active"}) if kind == "start" else None
        )
        kept.accept(made.id)
        assert journal.history(1)[0].kind == f"session.{kind}"
        assert world.get("session/1").status == status
        if other is not None:
            with pytest.raises(InputError, match="session 1 is active"):
                kept.accept(other.id)
        with pytest.raises(InputError):
            kept.change(campaign, "session/1", {"status": "planned"})
    assert taken == [("before Session 1", 3), ("before Session 2", 4), ("after Session 1", 7)]
    assert (
        journal.store.connection.execute("SELECT 1 FROM chosen WHERE key = 'session'").fetchone()
        is None
    )


def test_a_plot_goes_by_its_steps(kept, campaign, world, siege, journal):
    later = world.add(Plot, {"name": "The peace", "prerequisites": ["the siege"]})
    for wanted, status in (("siege", "completed"), ("peace", "active"), ("siege", "x")):
        with pytest.raises(InputError):
            kept.change(campaign, wanted, {"status": status})
    with pytest.raises(InputError, match="with others"):
        kept.change(campaign, "siege", {"status": "active", "priority": "main"})
    made = kept.change(campaign, "The siege", {"status": "active"})
    twice = kept.change(campaign, "The siege", {"status": "failed"})
    assert made.lines == ["status of The siege: 'pending' becomes 'active'"]
    with pytest.raises(InputError, match="with others"):
        kept.amend(made.id, "priority", "main")
    kept.accept(made.id)
    (entry,) = journal.history(1)
    assert (entry.kind, entry.facts["to"]) == ("plot.start", "active")
    assert world.get(siege.ref).started_at
    with pytest.raises(Denied, match="changed since"):
        kept.accept(twice.id)
    kept.accept(kept.change(campaign, "siege", {"status": "completed"}).id)
    opened = kept.change(campaign, later.name, {"status": "active"})
    plotting.move(world, world.get(siege.ref), "active")
    with pytest.raises(InputError, match="waits for"):
        kept.accept(opened.id)


def test_a_clock_of_a_plot_is_proposed(kept, campaign, world, siege, journal):
    for value in ("", "The flood", "The flood 7/6", "The flood 2/8", "The flood 0/6", "-Nothing",
                  "New 1/1", "New 5/4", "2/6"):  # fmt: skip
        with pytest.raises(InputError):
            kept.change(campaign, "siege", {"clocks": value})
    made = kept.change(campaign, "siege", {"clocks": "the FLOOD 2/6"})
    assert made.lines == ["clocks of The siege: The flood 0/6 becomes 2/6"]
    stale = kept.change(campaign, "siege", {"clocks": "The flood 3/6"})
    kept.amend(made.id, "clocks", "The flood 4/6")
    kept.accept(made.id)
    (entry,) = journal.history(1)
    assert (entry.kind, entry.facts["filled"]) == ("plot.tick", 4)
    with pytest.raises(Denied, match="changed since"):
        kept.accept(stale.id)
    new = kept.change(campaign, "siege", {"clocks": "2 3/8"})
    other = kept.change(campaign, "siege", {"clocks": "2 1/4"})
    kept.accept(new.id)
    assert journal.history(1)[0].kind == "plot.edit"
    with pytest.raises(Denied, match="changed since"):
        kept.accept(other.id)
    kept.accept(kept.change(campaign, "siege", {"clocks": "2 5/8"}).id)
    kept.accept(kept.change(campaign, "siege", {"clocks": "-The flood"}).id)
    found = [(each.name, each.filled, each.segments) for each in world.get(siege.ref).clocks]
    assert found == [("2", 5, 8)]


def test_the_status_of_an_npc_goes_by_no_steps(kept, campaign, world, mara):
    kept.accept(kept.change(campaign, "Mara", {"status": "missing", "role": "ghost"}).id)
    assert (world.get(mara.ref).status, world.get(mara.ref).role) == ("missing", "ghost")
