"""Fights that are kept: what is read is what was written, and every step can be taken back."""

import json
from random import Random

import attrs
import pytest

from ttrpg_core import fights, schema
from ttrpg_core.errors import (
    Ambiguous,
    Denied,
    InputError,
    NotFound,
    StoreDamaged,
    UndoRefused,
)
from ttrpg_core.fights import Fights
from ttrpg_core.journal import Journal
from ttrpg_core.table.combat import effects, hp, roster, rules, saves, seen, turns
from ttrpg_core.table.combat import order as orders
from ttrpg_core.table.combat.arithmetic import Part
from ttrpg_core.table.combat.resources import legendary_actions, recharge
from ttrpg_core.table.combat.state import (
    Combatant,
    Duration,
    Effect,
    Recurring,
    RepeatSave,
    Trait,
)


@pytest.fixture
def kept(app, clock):
    return Fights(Journal(app.store, clock), Random(3))


@pytest.fixture
def law():
    return rules.load("dnd5e-2024")


MARA = Combatant("", "Mara", "player", hp=12, hp_max=12, level=3, saves={"con": 2})
DRAKE = Combatant(
    "",
    "Drake",
    hp=40,
    hp_max=40,
    traits=(Trait("resistance", "fire", unless=("magical",)),),
    resources=(legendary_actions(), recharge("Breath")),
    condition_immunities=("poisoned",),
)


def begin(kept, law, name="Ambush", campaign=None):
    return kept.begin(lambda key: fights.Outcome(roster.new(key, name, law), ()), name, campaign)


def ambush(kept, law):
    begin(kept, law)
    for who, number in ((MARA, 1), (DRAKE, 1), (Combatant("", "Goblin", hp=7, hp_max=7), 3)):
        kept.change(
            "combat.add", None, None, lambda f, r, g, w=who, n=number: roster.add(f, r, w, n)
        )
    return kept.change("combat.start", None, None, turns.start)


def rows(app):
    return [
        [tuple(row) for row in app.store.connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2")]
        for table in ("fights", "combatants", "fight_turns")
    ]


def steps(kept):
    def do(kind, command):
        return kept.change(kind, None, None, command)

    poison = Effect(
        "", "poisoned", "drake", note="sting", duration=Duration("rounds", 3),
        save=RepeatSave("con", 12), recurring=Recurring("1d4", "poison"),
    )  # fmt: skip
    do("combat.cond", lambda f, r, _: effects.apply(f, r, "mara", poison))
    do("combat.concentrate", lambda f, r, _: saves.concentrate(f, r, "mara", "Bless"))
    do("combat.damage", lambda f, r, g: hp.hit(f, r, "mara", [Part(5, "fire")], g, source="drake"))
    do("combat.damage", lambda f, r, g: hp.hit(f, r, "goblin-2", [Part(9)], g, source="mara"))
    do("combat.next", turns.advance)
    do("combat.next", turns.advance)
    do("combat.prev", lambda f, r, _: turns.back(f, r))
    do("combat.hide", lambda f, r, _: roster.hide(f, r, "drake"))


def test_what_is_read_is_what_was_written(kept, law, app):
    step = ambush(kept, law)
    assert fights.load(app.store.connection, "ambush") == step.fight
    steps(kept)
    step = kept.change("combat.heal", None, None, lambda f, r, _: hp.heal(f, r, "mara", 1))
    assert fights.load(app.store.connection, "ambush") == step.fight
    assert step.fight.get("mara").effects


def test_undo_of_everything_gives_the_first_state_and_redo_the_last(kept, law, app):
    ambush(kept, law)
    first = rows(app)
    steps(kept)
    last = rows(app)
    kept.journal.undo(8)
    assert rows(app) == first
    kept.journal.redo(8)
    assert rows(app) == last
    kept.journal.undo(13)
    assert rows(app) == [[], [], []]


def test_a_step_touches_only_what_it_changes(kept, law):
    ambush(kept, law)
    kept.change("combat.damage", None, None, lambda f, r, g: hp.hit(f, r, "drake", [Part(3)], g))
    entry = kept.journal.history(1)[0]
    touched = [(row.table, row.key.get("id")) for row in kept.journal.rows(entry.id)]
    assert touched == [("combatants", "drake")]
    assert (entry.kind, entry.prose) == ("combat.damage", "Drake takes 3 (3): 37/40 hp")
    assert entry.facts["facts"][0]["data"]["amount"] == 3


def test_an_older_hit_is_taken_back_by_itself(kept, law, app):
    ambush(kept, law)
    kept.change("combat.damage", None, None, lambda f, r, g: hp.hit(f, r, "drake", [Part(3)], g))
    number = kept.journal.history(1)[0].id
    kept.change("combat.damage", None, None, lambda f, r, g: hp.hit(f, r, "mara", [Part(4)], g))
    kept.journal.undo(entry=number)
    fight = fights.load(app.store.connection, "ambush")
    assert (fight.get("drake").hp, fight.get("mara").hp) == (40, 8)


@pytest.mark.parametrize("seed", range(6))
def test_any_steps_are_kept_and_undoing_all_gives_the_start(kept, law, app, seed):
    ambush(kept, law)
    chance, start, done = Random(seed), rows(app), 0
    for _ in range(60):
        who = chance.choice(["mara", "drake", "goblin-1", "goblin-2", "goblin-3"])
        other = chance.choice(["mara", "drake", "goblin-1"])
        many, word = chance.randint(0, 9), chance.choice(["prone", "stunned", "exhaustion"])
        commands = (
            lambda f, r, g, w=who, n=many, o=other: hp.hit(f, r, w, [Part(n)], g, source=o),
            lambda f, r, _, w=who, n=many, o=other: hp.heal(f, r, w, n, o),
            lambda f, r, _, w=who, c=word, n=many: effects.apply(
                f, r, w, Effect("", c, duration=Duration("rounds", n % 3 + 1))
            ),
            lambda f, r, _, w=who: saves.concentrate(f, r, w, "Bless"),
            lambda f, r, g, w=who: saves.save(f, r, w, g),
            lambda f, r, _, w=who, o=other: orders.place(f, r, w, "before", o),
            lambda f, r, _, w=who: roster.leave(f, r, w),
            lambda f, r, g, w=who: roster.come_back(f, r, w, g),
            lambda f, r, _: turns.back(f, r),
            turns.advance,
            turns.advance,
            turns.delay,
        )
        try:
            step = kept.change("combat.step", None, None, chance.choice(commands))
        except (InputError, Denied):
            continue
        done += step.changed
        assert fights.load(app.store.connection, "ambush") == step.fight
    last = rows(app)
    assert done > 20
    kept.journal.undo(done)
    assert rows(app) == start
    kept.journal.redo(done)
    assert rows(app) == last


def test_whatever_is_taken_back_by_itself_leaves_a_fight(kept, law, app):
    """Each entry in turn is undone alone, where that is allowed; the fight can go on."""
    ambush(kept, law)
    steps(kept)
    late = Combatant("", "Late", hp=3, hp_max=3, initiative=1)
    kept.change("combat.add", None, None, lambda f, r, g: roster.add(f, r, late, 1, g))
    kept.change("combat.next", None, None, turns.advance)
    refused = 0
    for entry in reversed(kept.journal.history(100)):
        try:
            kept.journal.undo(entry=entry.id)
        except UndoRefused:
            refused += 1
            continue
        fight = fights.load(app.store.connection, "ambush")
        assert seen.view(fight, law).combatants
        kept.change("combat.next", None, None, turns.advance)
        kept.journal.undo()
        kept.journal.undo(entry=kept.journal.history(3)[2].id)
    assert 0 < refused < len(kept.journal.history(100))


def test_nobody_leaves_the_rows_whom_the_fight_knows(kept, law):
    begin(kept, law)
    for name in ("Mara", "Tam"):
        one = Combatant("", name, hp=3, hp_max=3, initiative=3)
        kept.change("combat.add", None, None, lambda f, r, _, one=one: roster.add(f, r, one))
    kept.change("combat.start", None, None, turns.start)
    with pytest.raises(UndoRefused, match="Mara joins"):
        kept.journal.undo(entry=2)
    with pytest.raises(UndoRefused, match="prepared the fight"):
        kept.journal.undo(entry=1)


def test_what_is_gone_from_a_fight_is_gone_from_the_rows(kept, law, app):
    ambush(kept, law)
    kept.change("combat.next", None, None, turns.advance)

    def shorten(fight, rules, rng):
        return fights.Outcome(
            attrs.evolve(
                fight, turns=fight.turns[:1], at=0,
                combatants=tuple(c for c in fight.combatants if c.id in fight.order[:2]),
                order=fight.order[:2],
            ), (),
        )  # fmt: skip

    before = rows(app)
    step = kept.change("combat.short", None, None, shorten)
    assert fights.load(app.store.connection, "ambush") == step.fight
    kept.journal.undo()
    assert rows(app) == before


def test_a_command_that_changes_nothing_leaves_no_line(kept, law):
    ambush(kept, law)
    before = kept.journal.history(1)
    step = kept.change("combat.cond", None, None, lambda f, r, _: effects.apply(
        f, r, "drake", Effect("", "poisoned")))  # fmt: skip
    assert not step.changed
    assert kept.journal.history(1) == before


def test_the_fight_that_is_meant(kept, law, app):
    connection = app.store.connection
    with pytest.raises(NotFound, match="no fight goes on"):
        fights.find(connection, None, None)
    begin(kept, law)
    begin(kept, law, "Bridge")
    assert fights.find(connection, None, None) == "bridge"
    kept.use("amb", None)
    assert fights.find(connection, None, None) == "ambush"
    kept.delete("ambush", None)
    assert fights.find(connection, None, None) == "bridge"
    begin(kept, law, "Cave")
    begin(kept, law, "Dell")
    kept.delete("dell", None)
    with pytest.raises(Ambiguous, match="2 fights go on"):
        fights.find(connection, None, None)
    with pytest.raises(NotFound, match="no fight 'x'"):
        fights.find(connection, "x", None)
    assert begin(kept, law, "Cave").fight.id == "cave-2"


def test_a_deleted_fight_comes_back_whole(kept, law, app):
    ambush(kept, law)
    steps(kept)
    before = rows(app)
    kept.delete("ambush", None)
    assert rows(app) == [[], [], []]
    kept.journal.undo()
    assert rows(app) == before


@pytest.mark.parametrize("state", ["{", '{"id": 3}', '{"name": "x"}', "[]", '{"id":"a","x":1}'])
def test_a_row_that_makes_no_fight(kept, law, app, state):
    ambush(kept, law)
    app.store.connection.execute("UPDATE combatants SET state = ? WHERE id = 'mara'", [state])
    with pytest.raises(StoreDamaged, match="the fight ambush cannot be read"):
        fights.load(app.store.connection, "ambush")


def test_a_row_that_is_missing(kept, law, app):
    ambush(kept, law)
    app.store.connection.execute("DELETE FROM combatants WHERE id = 'mara'")
    with pytest.raises(StoreDamaged, match="its combatants are not those that it had"):
        fights.load(app.store.connection, "ambush")


def test_the_converter_is_made_once(kept, law, app, monkeypatch):
    ambush(kept, law)
    made = []
    monkeypatch.setattr(fights.rows, "make_converter", lambda **_: made.append(1))
    fights.load(app.store.connection, "ambush")
    assert not made


@pytest.mark.parametrize(
    ("system", "name"),
    [
        ("", "dnd5e-2024"),
        ("D&D 5e", "dnd5e-2024"),
        ("D&D 5e (2014)", "dnd5e-2014"),
        ("5e (2014)", "dnd5e-2014"),
        ("dnd5e-2014", "dnd5e-2014"),
        ("SRD 5.1", "dnd5e-2014"),
        ("Two Dice", "other"),
    ],
)
def test_rules_of_a_system(system, name):
    assert fights.rules_for(system) == name


def test_a_long_line_is_cut():
    facts = [fights.Fact("combat.x", "", "word " * 30) for _ in range(5)]
    assert len(fights.prose(facts)) == 300
    assert json.dumps(fights.plain(facts))


def test_what_others_hang_on_is_not_taken_back_alone(kept, law, app):
    """Undoing only the concentration would leave a condition that hangs on nothing."""
    fight = ambush(kept, law).fight
    held = kept.change("combat.concentrate", fight.id, None, lambda f, law, _: saves.concentrate(
        f, law, "mara", "Hold Person"))  # fmt: skip
    link = held.facts[-1].data["effect"]
    entry = kept.journal.history(1)[0].id
    kept.change("combat.condition", fight.id, None, lambda f, law, _: effects.apply(
        f, law, "drake", Effect("", "paralyzed", linked_to=link)))  # fmt: skip
    with pytest.raises(UndoRefused, match="needs it"):
        kept.journal.undo(entry=entry)
    assert fights.load(app.store.connection, fight.id).get("drake").effects[0].linked_to == link
    kept.change("combat.damage", fight.id, None, lambda f, law, rng: hp.hit(
        f, law, "drake", [Part(1, "cold")], rng))  # fmt: skip
    kept.journal.undo(3)
    assert fights.load(app.store.connection, fight.id) == fight
    kept.journal.redo(2)
    kept.change("combat.save", fight.id, None, lambda f, law, _: effects.remove(
        f, law, "mara", "concentrating"))  # fmt: skip
    rows = app.store.connection.execute("SELECT COUNT(*) FROM fight_effects").fetchone()
    assert rows[0] == 0


def test_fights_of_before_know_what_hangs_on_what(kept, law, app):
    """The step of the schema that made the table put what there was in it."""
    fight = ambush(kept, law).fight
    kept.change("combat.concentrate", fight.id, None, lambda f, law, _: saves.concentrate(
        f, law, "mara", "Hold Person"))  # fmt: skip
    kept.change("combat.condition", fight.id, None, lambda f, law, _: effects.apply(
        f, law, "drake", Effect("", "paralyzed", linked_to="mara.1")))  # fmt: skip
    connection = app.store.connection
    query = "SELECT fight, id, linked_to FROM fight_effects ORDER BY id"
    now = [tuple(row) for row in connection.execute(query)]
    assert now == [("ambush", "drake.1", "mara.1"), ("ambush", "mara.1", None)]
    connection.execute("DROP TABLE fight_effects")
    schema.effects_of_fights(app.store.db)
    assert [tuple(row) for row in connection.execute(query)] == now
