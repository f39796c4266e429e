"""Recaps: what the journal says happened, and nothing of it that players must not hear."""

import random

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttrpg_core import records
from ttrpg_core.audience import GM, PARTY, PUBLIC, Audience
from ttrpg_core.fights import Fights
from ttrpg_core.sessions import Sessions
from ttrpg_core.sessions.happened import happened, previously
from ttrpg_core.sessions.preparing import MOST, prepared
from ttrpg_core.settings_tables import SnapshotSettings
from ttrpg_core.snapshots import Snapshots
from ttrpg_core.table.combat import ending, hp, roster, turns
from ttrpg_core.table.combat import rules as laws
from ttrpg_core.table.combat.arithmetic import Part as Damage
from ttrpg_core.table.combat.scene import Outcome
from ttrpg_core.table.combat.state import Combatant
from ttrpg_core.table.recaps import sheet, stories
from ttrpg_core.table.recaps.events import SEVERITIES, Record, at_least, events, weight
from ttrpg_core.table.recaps.sheet import Part
from ttrpg_core.table.recaps.stories import Before
from ttrpg_core.table.recaps.telling import Fact, heaviest
from ttrpg_core.table.world.handouts import Handout
from ttrpg_core.table.world.notes import Note
from ttrpg_core.table.world.people import Character, Npc
from ttrpg_core.table.world.places import Location
from ttrpg_core.table.world.plots import Plot
from ttrpg_core.table.world.rulings import Ruling
from ttrpg_core.table.world.things import Item
from ttrpg_core.world.handing import give
from ttrpg_core.world.plotting import move

LEAK = "CANARY"


@pytest.fixture
def world(salt_road):
    return salt_road


@pytest.fixture
def kept(world):
    return Sessions(world)


@attrs.frozen
class Fight:
    """A fight under way, one command after the other."""

    fights: Fights
    campaign: str

    def do(self, kind, command):
        return self.fights.change(f"combat.{kind}", None, self.campaign, command).fight

    def add(self, name, kind, *, count=1, hidden=False):
        one = Combatant("", name, kind, hp=10, hp_max=10, hidden=hidden, xp=50)
        self.do("add", lambda fight, law, _: roster.add(fight, law, one, count))

    def hit(self, who, amount):
        self.do("damage", lambda fight, law, rng: hp.hit(fight, law, who, [Damage(amount)], rng))

    def start(self):
        self.do("start", turns.start)

    def end(self):
        self.do("end", lambda fight, law, _: ending.end(fight, law))


@pytest.fixture
def fight(journal, world):
    """A fight of Tamsin against two goblins and, hidden, somebody whom nobody may hear of."""
    fights, law = Fights(journal, random.Random(7)), laws.load("dnd5e-2024")
    name = f"{LEAK} Ambush"

    def begin():
        fights.begin(lambda key: Outcome(roster.new(key, name, law), ()), name, world.campaign)
        made = Fight(fights, world.campaign)
        made.add("Tamsin", "player")
        made.add("Goblin", "monster", count=2)
        made.add(f"{LEAK} Stalker", "monster", hidden=True)
        made.start()
        return made

    return begin


def texts(recap):
    return {section.title: [each.text for each in section.facts] for section in recap.sections}


def test_weights():
    assert weight("combat.damage") == "info"
    assert weight("combat.prompt.loot") == "trace"
    assert weight("combat.death") == "important"
    assert weight("world.reveal") == "notable"
    assert weight("no.such.kind") == "info"


def record(number, kind, prose="", **facts):
    return Record(number, "2026", "gm", kind, prose, facts)


def test_a_step_of_a_fight_is_several_events():
    steps = [
        {"kind": "combat.damage", "who": "t", "prose": "Tamsin takes 9", "data": {"amount": 9}},
        {"kind": "combat.dying", "who": "t", "prose": "Tamsin is dying", "secret": True},
    ]
    found = list(events([record(4, "combat.damage", fight="f", facts=steps)], {("f", "t")}))
    assert [(e.entry, e.kind, e.severity, e.who) for e in found] == [
        (4, "combat.damage", "info", "t"),
        (4, "combat.dying", "critical", "t"),
    ]
    assert found[0].data == {"amount": 9}
    assert found[1].secret
    assert [e.severity for e in at_least(found, "notable")] == ["critical"]


@pytest.mark.parametrize(
    ("kind", "facts", "severity"),
    [
        ("npc.add", {"ref": "npc/a"}, "notable"),
        ("npc.edit", {"ref": "npc/a", "changed": {"summary": ["", "x"]}}, "info"),
        ("npc.edit", {"ref": "npc/a", "changed": {"attitude": ["", "x"]}}, "notable"),
        ("item.edit", {"ref": "item/a", "changed": {"holder": ["", "x"]}}, "notable"),
        ("plot.complete", {"ref": "plot/a", "from": "active", "to": "completed"}, "important"),
        ("plot.edit", {"field": "objectives", "changed": {"status": 1}}, "info"),
        ("note.add", {"ref": "note/a"}, "info"),
    ],
)
def test_what_a_change_of_the_world_weighs(kind, facts, severity):
    (found,) = events([record(1, kind, **facts)])
    assert found.severity == severity


@given(st.lists(st.tuples(st.text(max_size=12), st.dictionaries(st.text(max_size=9), st.none()))))
def test_any_entry_makes_an_event(entries):
    found = list(events([record(n, kind) for n, (kind, _) in enumerate(entries)]))
    assert len(found) == len(entries)
    assert all(each.severity in SEVERITIES for each in found)


def test_an_evening_is_told(world, kept, fight):
    tamsin = world.add(Character, {"name": "Tamsin", "audience": "party"})
    plot = world.add(Plot, {"name": "The Ferry", "audience": "party"})
    kept.start(None)
    world.add(Npc, {"name": "Mara", "role": "smith", "summary": "Tall", "audience": "party"})
    world.add(Location, {"name": "Quay", "type": "harbour", "audience": "party"})
    world.add(Item, {"name": "Lantern", "holder": tamsin.ref, "audience": "party"})
    world.add(Note, {"name": "Late", "text": "[[Mara]] waits", "audience": "party"})
    move(world, plot, "active")
    move(world, plot, "completed")
    one = fight()
    one.hit("goblin-1", 30)
    one.hit("tamsin", 11)
    one.end()
    kept.end({})
    recap = happened(world, kept.find(None)).recap(GM)
    told = texts(recap)
    assert told["What happened"][:2] == ["The Ferry is active", "The Ferry is completed"]
    assert "Tamsin fell, and lay dying" in told["What happened"]
    assert told["Fights"][0].startswith(f"{LEAK} Ambush against ")
    assert told["Fights"][0].endswith("1 round; Goblin 1 fell; Tamsin still down")
    assert told["People"] == ["Mara, smith: Tall"]
    assert told["Places"] == ["Quay, harbour"]
    assert told["Loot"] == ["Lantern, with Tamsin"]
    assert told["From the notes"] == ['"Mara waits"']
    known = {each.id: each for each in world.journal.history(100)}
    for section in recap.sections:
        for fact in section.facts:
            assert fact.entries
            assert all(known[each].campaign == world.campaign for each in fact.entries)
    players = texts(happened(world, kept.find(None)).recap(PARTY))
    assert players["What happened"][:2] == ["The Ferry is active", "The Ferry is completed"]
    assert players["People"] == ["Mara, smith: Tall"]
    assert players["Loot"] == ["Lantern, with Tamsin"]
    assert players["Fights"][0].startswith("A fight against Goblin (2)")
    text = stories.markdown(recap)
    assert "- Quay, harbour [#" in text
    assert "[#" not in stories.markdown(recap, marks=False)


def secrets(world, kept, fight):
    """A session in which everything that can hold a secret holds one, and some is revealed."""
    tamsin = world.add(Character, {"name": "Tamsin", "audience": "party", "secret": LEAK})
    duke = world.add(Npc, {"name": f"Duke {LEAK}", "role": LEAK, "text": LEAK, "audience": "gm"})
    planned = kept.plan(f"{LEAK} title", {"prep": LEAK, "date": LEAK, "tags": [LEAK]})
    kept.start(None)
    kept.attend(planned, [tamsin.ref, f"{LEAK} Player"], [])
    mara = world.add(
        Npc,
        {"name": "Mara", "audience": "party", "secret": LEAK, "aliases": [LEAK], "tags": [LEAK]},
    )
    world.edit(mara.ref, {"secret": f"{LEAK} more"})
    world.edit(duke.ref, {"attitude": "hostile", "name": f"Baron {LEAK}"})
    world.add(Location, {"name": f"{LEAK} Lair"})
    world.add(Item, {"name": "Box", "holder": duke.ref, "audience": "party", "summary": "Small"})
    world.add(Note, {"name": f"{LEAK} note", "text": f"[[Mara]] {LEAK}"})
    world.add(
        Note,
        {"name": "Open", "text": f"[[Baron {LEAK}|the duke]] came", "audience": "party",
         "secret": f"{LEAK} [[Tom]]"},
    )  # fmt: skip
    plot = world.add(Plot, {"name": f"{LEAK} plot", "npcs": [duke.ref]})
    move(world, plot, "active")
    shown = world.add(Plot, {"name": "The Ferry", "audience": "party", "consequences": LEAK})
    move(world, shown, "active")
    world.reveal(plot.ref, Audience("tamsin"))
    world.reveal(plot.ref, GM)
    world.reveal(mara.ref, Audience("ana"), "secret")
    one = fight()
    one.hit(f"{LEAK.lower()}-stalker", 3)
    one.hit("goblin-1", 30)
    one.hit("tamsin", 11)
    one.end()
    return kept.end({"summary": LEAK, "recap": LEAK})


@pytest.mark.parametrize("viewer", [PARTY, PUBLIC, Audience("tamsin"), Audience("npc/mara")])
def test_nothing_secret_is_told(world, kept, fight, viewer):
    session = secrets(world, kept, fight)
    told = happened(world, session)
    recap = told.recap(viewer)
    before = stories.previously(previously(world, kept.ended(), viewer))
    for said in (repr(recap), stories.markdown(recap), repr(before)):
        assert LEAK.casefold() not in said.casefold()
    assert LEAK in repr(told.recap(GM))
    if viewer.sees(PARTY):
        assert texts(recap)["People"] == ["Mara"]
        assert texts(recap)["Loot"] == ["Box: Small"]
        assert texts(recap)["From the notes"] == ['"the duke came"']
        assert texts(recap)["Plots"] == ["The Ferry, active"]


def test_what_was_not_known_then_is_not_told_of_then(world, kept):
    duke = world.add(Npc, {"name": "Duke"})
    kept.start(None)
    world.edit(duke.ref, {"attitude": "hostile"})
    kept.end({})
    kept.start(None)
    world.reveal(duke.ref, PARTY)
    kept.end({})
    first, second = (happened(world, kept.find(number)).recap(PARTY) for number in ("1", "2"))
    assert first.sections == ()
    assert texts(second) == {"What happened": ["You learned of Duke"], "People": ["Duke, hostile"]}
    assert texts(happened(world, kept.find("1")).recap(GM))["People"] == ["Duke, hostile"]
    world.reveal(duke.ref, GM)
    assert happened(world, kept.find("2")).recap(PARTY).sections == ()


def test_what_is_hidden_and_revealed_again_is_told_once(world, kept):
    mara = world.add(Npc, {"name": "Mara", "secret": "She swims.", "audience": "party"})
    duke = world.add(Npc, {"name": "Duke"})
    abbot = world.add(Npc, {"name": "Abbot"})
    world.add(Character, {"name": "Tamsin", "audience": "party"})
    kept.start(None)
    for to in (PARTY, GM, PARTY):
        world.reveal(mara.ref, to, "secret")
    for to in (PARTY, GM):
        world.reveal(duke.ref, to)
    for to in (Audience("tamsin"), PARTY):
        world.reveal(abbot.ref, to)
    last = max(each.id for each in world.journal.history(9) if "secret" in each.prose)
    kept.end({})
    found = happened(world, kept.find(None))
    told = found.recap(GM).sections[0].facts
    assert [each.text for each in told] == [
        "The party learned of the secret of Mara",
        "tamsin learned of Abbot",
        "The party learned of Abbot",
    ]
    assert told[0].entries == (last,)
    assert texts(found.recap(PARTY))["What happened"] == [
        "You learned of the secret of Mara",
        "You learned of Abbot",
    ]
    assert texts(found.recap(Audience("tamsin"))) == texts(found.recap(PARTY))


def test_a_handout_that_is_taken_back_was_not_got(world, kept):
    kept.start(None)
    letter, map_ = (world.add(Handout, {"name": name}) for name in ("Letter", "Map"))
    for each in (letter, map_, map_):
        give(world, world.get(each.ref), PARTY)
        world.reveal(each.ref, GM)
    give(world, world.get(letter.ref), PARTY)
    kept.end({})
    found = happened(world, kept.find(None))
    assert texts(found.recap(GM))["What happened"].count("The party got Letter") == 1
    assert not [each for each in texts(found.recap(GM))["What happened"] if "got Map" in each]
    assert texts(found.recap(PARTY)) == {"What happened": ["Got Letter"]}


def test_a_secret_that_is_revealed_is_told(world, kept):
    mara = world.add(Npc, {"name": "Mara", "audience": "party", "secret": "She is a spy"})
    kept.start(None)
    world.edit(mara.ref, {"secret": "She is a queen"})
    assert happened(world, kept.find(None)).recap(PARTY).sections == ()
    world.reveal(mara.ref, PARTY, "secret")
    told = texts(happened(world, kept.find(None)).recap(PARTY))
    assert told["What happened"] == ["You learned of the secret of Mara"]
    assert happened(world, kept.find(None)).recap(Audience("npc/tom")).sections == ()


def test_what_was_undone_or_deleted(world, kept, journal):
    kept.start(None)
    mara = world.add(Npc, {"name": "Mara"})
    world.delete(mara.ref)
    world.add(Npc, {"name": "Tom"})
    journal.undo()
    told = happened(world, kept.find(None))
    assert [each.kind for each in told.events()] == ["session.start", "npc.add", "npc.delete"]
    assert "Tom" not in repr(told.recap(GM))
    assert texts(told.recap(GM)) == {}


def test_a_fight_that_was_deleted_is_left_out(world, kept, fight, journal):
    kept.start(None)
    fight()
    Fights(journal, random.Random(1)).delete("canary-ambush", world.campaign)
    told = happened(world, kept.find(None))
    assert told.fights == {}
    assert "Fights" not in texts(told.recap(GM))
    assert told.recap(PARTY).sections == ()


def test_the_last_sessions_in_a_breath(world, kept):
    for number in range(5):
        kept.start(None)
        world.add(Npc, {"name": f"Npc {number}"})
        kept.end({"summary": f"They met {number}."} if number % 2 else {})
    told, left = stories.previously(previously(world, kept.ended(), GM))
    assert told == [(3, "Npc 2."), (4, "They met 3."), (5, "Npc 4.")]
    assert left == 0


@given(
    st.lists(st.tuples(st.integers(0, 99), st.text(max_size=300)), max_size=8),
    st.lists(st.text(max_size=200), max_size=4),
)
def test_previously_is_short(lines, facts):
    some = tuple(Fact(each, (1,)) for each in facts)
    told, left = stories.previously([Before(n, line, some) for n, line in lines])
    assert sum(len(said.split()) for _, said in told) <= stories.WORDS_MAX + len(told)
    assert len(told) + left == len(lines)
    assert [n for n, _ in told] == sorted(n for n, _ in told)


def test_the_heaviest_facts_stand_in_their_order(world, kept, fight):
    session = secrets(world, kept, fight)
    found = heaviest(happened(world, session).recap(GM).sections, 3)
    assert len(found) == 3
    assert [each.entries for each in found] == sorted(each.entries for each in found)
    assert {each.severity for each in found} >= {"critical"}


def test_a_sheet_is_cut_where_it_matters_least():
    parts = [
        Part("Heavy", 90, ("a" * 40, "b" * 40, "c" * 40)),
        Part("Light", 10, ("d" * 40, "e" * 40)),
        Part("Empty", 99, ()),
    ]
    heavy, light = sheet.fitted(parts, section=100, total=130)
    assert (len(heavy.lines), heavy.left_out) == (2, 1)
    assert (len(light.lines), light.left_out) == (1, 1)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.lists(st.text(max_size=60), max_size=6)), max_size=6),
    st.integers(0, 120),
    st.integers(0, 300),
)
def test_a_sheet_is_bounded(parts, section, total):
    found = sheet.fitted(
        [Part(str(n), weight, tuple(lines)) for n, (weight, lines) in enumerate(parts)],
        section,
        total,
    )
    assert sum(len(line) for each in found for line in each.lines) <= total
    assert all(sum(map(len, each.lines)) <= section for each in found)
    given_lines = sum(len(lines) for _, lines in parts)
    assert sum(len(each.lines) + each.left_out for each in found) == given_lines


def test_what_a_rollback_took_back_did_not_happen(world, kept, journal):
    campaign = records.campaign(world.connection, world.campaign)
    snapshots = Snapshots(journal, SnapshotSettings())
    kept.start(None)
    world.add(Npc, {"name": "Mara"})
    snapshots.create(campaign, "before Tom")
    world.add(Npc, {"name": "Tom"})
    snapshots.rollback(campaign, "before Tom")
    world.add(Npc, {"name": "Ana"})
    told = texts(happened(world, kept.find(None)).recap(GM))
    assert told["People"] == ["Mara", "Ana"]
    kinds = [each.kind for each in happened(world, kept.find(None)).events()]
    assert kinds.count("npc.add") == 2
    assert "snapshot.rollback" in kinds


def test_a_session_without_entries_has_nothing_to_tell(world, kept):
    kept.start(None)
    kept.end({})
    world.connection.execute("DELETE FROM journal_rows")
    world.connection.execute("DELETE FROM journal")
    told = happened(world, kept.find(None))
    assert told.events() == []
    assert "Nothing was written down of it." in stories.markdown(told.recap(GM))


def test_what_to_have_at_hand(world, kept):
    quay = world.add(Location, {"name": "Quay", "summary": "Wet"})
    duke = world.add(Npc, {"name": "Duke"})
    world.add(Npc, {"name": "Ferryman", "role": "sailor", "location": "quay"})
    world.add(Npc, {"name": "Hermit"})
    for name, more in (
        ("Low", {"priority": "background"}),
        ("High", {"priority": "critical"}),
        ("Over", {}),
        ("Main", {"priority": "main", "npcs": [duke.ref], "locations": [quay.ref]}),
    ):
        plot = world.add(Plot, {"name": name, **more})
        if name in {"Main", "Over"}:
            move(world, plot, "active")
        if name == "Over":
            move(world, plot, "completed")
    world.add(Note, {"name": "Pin", "text": "Mind the [[Quay]]", "pinned": True})
    world.add(Note, {"name": "Loose"})
    world.add(Ruling, {"name": "Falls hurt", "text": "Always"})
    world.add(Ruling, {"name": "Old one", "status": "withdrawn"})
    kept.plan("", {"prep": "Boats"})
    parts = {each.title: each.lines for each in prepared(kept, kept.find(None))}
    assert parts["Prepared"] == ("Boats",)
    assert [each.split(" (")[0] for each in parts["Open plots"]] == ["Main", "High", "Low"]
    assert parts["Likely to appear"] == ("Duke (Main)", "Ferryman, sailor (at Quay)")
    assert parts["Places"] == ("Quay: Wet",)
    assert parts["Pinned notes"] == ("Mind the Quay",)
    assert parts["Rulings"] == ("Falls hurt: Always",)
    assert "Last time" not in parts


def test_the_last_place_is_where_people_are_likely(world, kept):
    kept.start(None)
    quay = world.add(Location, {"name": "Quay"})
    kept.end({"summary": "We came."})
    world.add(Npc, {"name": "Ferryman", "location": quay.ref})
    parts = {each.title: each.lines for each in prepared(kept, None)}
    assert parts["Likely to appear"] == ("Ferryman (at Quay)",)
    assert parts["Last time"] == ("Session 1: We came.",)


def test_more_plots_than_have_room_are_counted(world, kept):
    for number in range(MOST + 5):
        world.add(Plot, {"name": f"Plot {number}"})
    (part,) = prepared(kept, None)
    assert len(part.lines) + part.left_out == MOST + 5


def test_rests_rulings_and_falls_outside_of_fights(world, kept, journal):
    world.add(Character, {"name": "Tamsin", "audience": "party"})
    world.add(Character, {"name": f"{LEAK} Guest", "audience": "gm"})
    kept.start(None)
    world.add(Ruling, {"name": "Falls hurt"})
    for kind, facts in (
        ("time.rest", [{"kind": "combat.rest", "who": "", "data": {"length": "long"}}]),
        ("combat.damage", [{"kind": "combat.dying", "who": "tamsin", "prose": LEAK}]),
        ("combat.damage", [{"kind": "combat.dying", "who": "canary-guest", "prose": LEAK}]),
        ("time.downtime", []),
    ):
        with journal.change(kind, campaign=world.campaign) as change:
            change.put("chosen", {"key": "x", "value": str(journal.history(1)[0].id)})
            change.prose, change.facts = f"{LEAK} {kind}", {"facts": facts, "what": LEAK}
    found = happened(world, kept.find(None))
    assert texts(found.recap(GM))["What happened"] == [
        "Added the ruling 'Falls hurt'",
        "A long rest was taken",
        "Tamsin fell, and lay dying",
        f"{LEAK} Guest fell, and lay dying",
        f"{LEAK} time.downtime",
    ]
    assert texts(found.recap(PARTY)) == {
        "What happened": ["A long rest was taken", "Tamsin fell, and lay dying"]
    }
    assert found.recap(PUBLIC).sections == ()
