"""The days of a campaign: one clock, what time ends and gives back, and fights that keep to it."""

from random import Random

import attrs
import pytest

from ttrpg_core import clocks, fights
from ttrpg_core.audience import PARTY
from ttrpg_core.errors import InputError, NotFound, StoreDamaged
from ttrpg_core.fights import Fights, Outcome, characters
from ttrpg_core.table.calendar import almanac, lengths, saying
from ttrpg_core.table.combat import (
    death,
    effects,
    ending,
    hp,
    resources,
    rests,
    roster,
    saves,
    sheet,
    turns,
)
from ttrpg_core.table.combat.arithmetic import Part
from ttrpg_core.table.combat.sheet import Sheet
from ttrpg_core.table.combat.state import Combatant, Duration, Effect, Refresh, Resource
from ttrpg_core.table.world.conditions import Condition
from ttrpg_core.table.world.notes import Note

DICE = resources.hit_dice("Hit Dice", 3, "1d8")
SHEETS = {
    "Mara": Sheet(hp=20, hp_max=24, ac=15, resources=(DICE, resources.per_rest("Second Wind", 1))),
    "Tam": Sheet(hp=9, hp_max=18),
}
MOONS = almanac.content("two-moons")


@pytest.fixture
def days(app, keep):
    """The campaign, with Mara and Tam in it."""
    return keep(app.journal, Random(3), SHEETS)


@pytest.fixture
def kept(days):
    return Fights(days.journal, Random(3))


def hero(days, key="mara"):
    return days.world.get(f"character/{key}").sheet


def put(days, key, **more):
    with days.world.change("character.sheet") as change:
        found = days.world.get(f"character/{key}")
        days.world.save(change, attrs.evolve(found, sheet=attrs.evolve(found.sheet, **more)))


def length(days, *words):
    return lengths.read(words, days.clock.calendar)


def do(kept, fight, command, *args, **more):
    return kept.change("combat.step", fight, "keep", lambda f, law, rng: command(
        f, law, *args, **more))  # fmt: skip


def begin(days, kept, name, *heroes, start=True):
    """A fight of some characters against a goblin."""
    kept.begin(
        lambda key: Outcome(roster.new(key, name, days.law, clock=days.clock.now), ()), name, "keep"
    )
    key = name.casefold()
    for each in heroes:
        do(kept, key, lambda f, law, each=each: roster.add(
            f, law, characters.joining(f, characters.meant(days.world, each)),
            rng=Random(1)))  # fmt: skip
    do(kept, key, lambda f, law: roster.add(
        f, law, Combatant("", "Goblin", hp=7, hp_max=7, initiative=1)))  # fmt: skip
    if start:
        run(days, kept, key)
    return key


def run(days, kept, key):
    moment = days.clock.now
    return kept.change("combat.start", key, "keep", lambda f, law, rng: turns.start(
        f, law, rng, moment))  # fmt: skip


def load(days, key):
    return fights.load(days.connection, key)


def everything(days):
    tables = ("clocks", "calendars", "campaigns", "entities", "fights", "combatants",
              "fight_turns", "fight_effects")  # fmt: skip
    return [
        sorted(map(repr, map(tuple, days.connection.execute(f"SELECT * FROM {table}"))))
        for table in tables
    ]


def test_a_sheet_is_what_a_combatant_has():
    """Each field is one of a combatant, with the same default, and goes there and back."""
    theirs = {each.name: each for each in attrs.fields(Combatant)}
    for each in attrs.fields(Sheet)[:-1]:
        assert each.default == theirs[each.name].default
        assert each.type == theirs[each.name].type
    one = sheet.player("mara", "Mara", 3, SHEETS["Mara"])
    assert sheet.of(one) == SHEETS["Mara"]
    assert attrs.fields(Sheet)[-1].name == "owed"
    assert (one.kind, one.level, one.character) == ("player", 3, "mara")


def test_a_campaign_without_a_calendar_counts_days(days):
    assert (days.clock.now, days.clock.dated, days.clock.say()) == (0, False, "Day 1, 00:00")
    passed = days.advance(length(days, "3", "days", "8", "hours"))
    assert passed.clock.say() == days.clock.say() == "Day 4, 08:00"
    assert days.journal.history(1)[0].prose == "3 d 8 h pass: Day 4, 08:00"
    assert days.journal.history(1)[0].facts["now"] == passed.clock.now


def test_a_calendar_dates_the_campaign(days):
    days.use(MOONS, "3 Frostfall 1204, 14:30")
    assert days.clock.say() == "3 Frostfall 1204, 14:30"
    row = days.connection.execute("SELECT game_date FROM campaigns").fetchone()
    assert row["game_date"] == "3 Frostfall 1204"
    days.advance(length(days, "12", "hours"))
    row = days.connection.execute("SELECT game_date FROM campaigns").fetchone()
    assert row["game_date"] == "4 Frostfall 1204"
    days.drop()
    row = days.connection.execute("SELECT game_date FROM campaigns").fetchone()
    assert (row["game_date"], days.clock.dated) == ("", False)
    assert days.clock.now == saying.moment("4 Frostfall 1204, 02:30", almanac.load("two-moons"))


def test_what_the_calendar_says_falls_due(days):
    days.use(MOONS, "13 Highsun 1204")
    for name, more in (
        ("The raid", {"date": "14 Highsun 1204, 09:00"}), ("Later", {"date": "20 Highsun 1204"}),
        ("Odd", {"date": "when the cows come home"}), ("Undated", {}),
    ):  # fmt: skip
        days.world.add(Note, {"name": name, **more})
    passed = days.advance(length(days, "2", "days"))
    assert [(each.kind, each.text) for each in passed.due] == [
        ("holiday", "Sun's Height"), ("note", "The raid"), ("moon", "Ilve is new"),
    ]  # fmt: skip
    assert passed.due[1].ref == "note/the-raid"
    assert days.advance(length(days, "1", "hour")).due == ()


def test_a_moment_falls_due_once(days):
    """What is due at the very moment at which time stops is said then, and not again."""
    days.use(MOONS, "13 Highsun 1204")
    first = days.advance(length(days, "1", "day"))
    second = days.advance(length(days, "1", "day"))
    assert [each.text for each in (*first.due, *second.due) if each.kind != "moon"] == [
        "Sun's Height"
    ]


@pytest.mark.parametrize("words", [("0", "hours"), ("0", "days"), ("99999", "days")])
def test_time_goes_forward_and_not_for_ever(days, words):
    before = everything(days)
    with pytest.raises(InputError):
        days.advance(length(days, *words))
    assert everything(days) == before


def test_effects_on_a_character_run_out_when_time_passes(days, kept):
    key = begin(days, kept, "Ambush", "mara")
    for name, lasts in (
        ("blessed", Duration("minutes", 1)), ("warded", Duration("hours", 8)),
        ("sworn", Duration("permanent")), ("dazed", Duration("end-of-next-turn")),
    ):  # fmt: skip
        do(kept, key, effects.apply, "mara", Effect("", name, duration=lasts))
    end = do(kept, key, ending.end)
    assert "Mara: Dazed ends (time is up)" in [each.prose for each in end.facts]
    assert [each.condition for each in hero(days).effects] == ["blessed", "warded", "sworn"]
    passed = days.advance(length(days, "1", "minute"))
    assert [each.prose for each in passed.facts] == ["Mara: Blessed ends (time is up)"]
    passed = days.advance(length(days, "7", "h", "59", "min"))
    assert [each.condition for each in hero(days).effects] == ["sworn"]
    days.journal.undo(2)
    assert len(hero(days).effects) == 3


def test_the_end_of_a_fight_is_time_for_the_others_too(days, kept):
    put(days, "tam", effects=(Effect("tam.1", "dazed"),), last_effect=1)
    key = begin(days, kept, "Ambush", "tam")
    do(kept, key, effects.apply, "tam", Effect("", "slowed", duration=Duration("rounds", 1)))
    do(kept, key, roster.leave, "tam")
    do(kept, key, lambda f, law: roster.add(f, law, Combatant("", "Orc", hp=9, hp_max=9),
                                            rng=Random(1)))  # fmt: skip
    for _ in range(5):
        do(kept, key, turns.advance, Random(1))
    assert "slowed" in [each.condition for each in hero(days, "tam").effects]
    end = do(kept, key, ending.end)
    assert "Tam: Slowed ends (time is up)" in [each.prose for each in end.facts]
    assert hero(days, "tam").effects == (Effect("tam.1", "dazed"),)


def test_uses_return_at_dawn(days):
    wand = Resource("Wand", 7, 0, (Refresh("dawn"),))
    put(days, "mara", resources=(wand,))
    days.set(5 * 3600)
    days.advance(length(days, "30", "min"))
    assert hero(days).resources[0].left == 0
    passed = days.advance(length(days, "30", "min"))
    assert hero(days).resources[0].left == 7
    assert [each.prose for each in passed.facts] == ["Mara: Wand 7/7"]


def test_a_character_is_one_in_a_fight_and_outside(days, kept):
    before = everything(days)
    key = begin(days, kept, "Ambush", "mara")
    do(kept, key, hp.hit, "mara", [Part(5, "fire")], Random(1))
    assert load(days, key).get("mara").hp == hero(days).hp == 15
    put(days, "mara", hp=11)
    assert load(days, key).get("mara").hp == 11
    do(kept, key, hp.hit, "goblin", [Part(1, "fire")], Random(1))
    assert hero(days).hp == 11
    do(kept, key, ending.end)
    put(days, "mara", hp=24)
    assert load(days, key).get("mara").hp == 11
    days.journal.undo(len([e for e in days.journal.history(50) if e.kind != "campaign.create"]) - 4)
    assert everything(days) == before


def test_a_character_dies_in_a_fight_and_stays_dead(days, kept):
    key = begin(days, kept, "Ambush", "mara")
    do(kept, key, hp.hit, "mara", [Part(99, "fire")], Random(1))
    do(kept, key, ending.end)
    assert (hero(days).life, hero(days).hp) == ("dead", 0)
    days.rest("long")
    assert hero(days).life == "dead"


def test_fights_may_be_prepared_at_once_and_take_the_party_as_it_is_then(days, kept):
    first = begin(days, kept, "Bridge", "mara", start=False)
    second = begin(days, kept, "Tower", "mara", start=False)
    days.rest("long")
    assert load(days, first).get("mara").hp == load(days, second).get("mara").hp == 24
    moment = days.clock.now
    run(days, kept, first)
    assert load(days, first).began == moment == 8 * 3600
    with pytest.raises(InputError, match="Mara is in the fight bridge, which goes on"):
        run(days, kept, second)
    do(kept, first, roster.leave, "mara")
    run(days, kept, second)
    do(kept, second, hp.hit, "mara", [Part(5, "fire")], Random(1))
    assert load(days, first).get("mara").hp == 24
    with pytest.raises(InputError, match="which goes on"):
        do(kept, first, roster.come_back, "mara", Random(1))
    do(kept, second, ending.end)
    do(kept, first, roster.come_back, "mara", Random(1))
    assert load(days, first).get("mara").hp == 19


def test_a_level_that_is_told_later_counts_in_a_fight_that_knew_none(days, kept):
    days.world.edit("character/mara", {"level": None})
    key = begin(days, kept, "Ambush", "mara", start=False)
    assert load(days, key).get("mara").level == 0
    days.world.edit("character/mara", {"level": 4})
    assert load(days, key).get("mara").level == 4


def test_a_name_that_is_taken_in_the_fight(days, kept):
    kept.begin(lambda key: Outcome(roster.new(key, "Ambush", days.law), ()), "Ambush", "keep")
    do(kept, "ambush", roster.add, Combatant("", "Mara", hp=3, hp_max=3))
    with pytest.raises(InputError, match="somebody is called mara"):
        characters.joining(load(days, "ambush"), characters.meant(days.world, "mara"))


def test_a_character_that_is_deleted_fights_on(days, kept):
    key = begin(days, kept, "Ambush", "mara")
    do(kept, key, hp.hit, "mara", [Part(5, "fire")], Random(1))
    days.world.delete("character/mara")
    do(kept, key, hp.hit, "mara", [Part(5, "fire")], Random(1))
    assert load(days, key).get("mara").hp == 10
    do(kept, key, ending.end)


def test_fights_in_two_places_keep_to_one_clock(days, kept):
    """The campaign's time is that of the fight that is furthest, and never goes back."""
    days.set(600)
    first, second = (begin(days, kept, *each) for each in (("Bridge", "mara"), ("Tower", "tam")))
    assert load(days, first).began == load(days, second).began == 600
    for _ in range(6):
        do(kept, first, turns.advance, Random(1))
    assert days.clock.now == 618
    assert days.behind(days.clock.now) == (("Tower", 18),)
    do(kept, first, turns.back)
    assert days.clock.now == 618
    do(kept, first, ending.end)
    assert clocks.now(days.connection, "keep") == 624
    for _ in range(2):
        do(kept, second, turns.advance, Random(1))
    assert load(days, second).now == 606
    assert days.clock.now == 624
    passed = days.advance(length(days, "1", "minute"))
    assert passed.behind == (("Tower", 78),)
    third = begin(days, kept, "Gate", "mara")
    assert load(days, third).began == 684
    do(kept, second, ending.end)
    assert days.clock.now == 684
    days.journal.undo(1)
    assert load(days, second).status == "active"


def test_setting_the_clock_moves_all_that_is_to_come(days, kept):
    """Nothing passes: what had a minute left has a minute left, in a fight and outside."""
    minute = Effect("", "blessed", duration=Duration("minutes", 1))
    first = begin(days, kept, "Bridge", "mara")
    second = begin(days, kept, "Tower", "tam")
    do(kept, first, effects.apply, "mara", minute)
    do(kept, first, effects.apply, "goblin", minute)
    do(kept, second, effects.apply, "tam", minute)
    do(kept, second, ending.end)
    before = everything(days)
    days.use(MOONS, "3 Frostfall 1204")
    fight, now = load(days, first), days.clock.now
    assert days.clock.say() == "3 Frostfall 1204, 00:00"
    assert days.behind(now) == (("Bridge", 6),)
    for each in (fight.get("mara"), fight.get("goblin")):
        assert [effect.due.at - fight.now for effect in each.effects] == [60]
    assert [effect.due.at - now for effect in hero(days, "tam").effects] == [54]
    days.journal.undo()
    assert everything(days) == before


def test_a_short_rest_of_some(days):
    put(days, "mara", resources=(DICE, attrs.evolve(resources.per_rest("Second Wind", 1), left=0)))
    passed = days.rest("short", ["mara"], {"mara": {"hit": 2}})
    assert passed.clock.now == 3600
    assert passed.facts[0].prose == "Mara takes a short rest"
    assert hero(days).hp == 24
    assert [each.left for each in hero(days).resources] == [1, 1]
    assert hero(days, "tam").hp == 9
    assert days.rest("short").facts[0].prose == "The party takes a short rest"


def test_a_long_rest_gives_back_and_can_be_taken_back(days):
    put(days, "mara", effects=(Effect("mara.1", "cursed", duration=Duration("until-long-rest")),))
    before = everything(days)
    days.rest("long")
    assert (hero(days).hp, hero(days, "tam").hp, hero(days).effects) == (24, 18, ())
    assert days.clock.now == 8 * 3600
    days.journal.undo()
    assert everything(days) == before


def test_who_cannot_rest(days, kept):
    begin(days, kept, "Ambush", "mara")
    with pytest.raises(InputError, match="mara is in the fight ambush"):
        days.rest("short", ["mara"])
    assert days.rest("short").facts[0].prose == "The party takes a short rest"
    assert hero(days).hp == 20
    with pytest.raises(NotFound, match="there is no character 'nobody'"):
        days.rest("short", ["nobody"])
    for key in ("mara", "tam"):
        days.world.delete(f"character/{key}")
    with pytest.raises(NotFound, match="nobody who could rest"):
        days.rest("short")


def test_a_rest_inside_a_fight(days, kept):
    """When both sides hide from one another: time passes there, and the others rest not."""
    key = begin(days, kept, "Siege", "mara", "tam")
    do(kept, key, effects.apply, "goblin", Effect("", "dazed", duration=Duration("minutes", 5)))
    step = do(kept, key, rests.rest, ["tam"], "long", Random(1))
    assert hero(days, "tam").hp == 18
    assert hero(days).hp == 20
    assert "Goblin: Dazed ends (time is up)" in [each.prose for each in step.facts]
    assert days.clock.now == 8 * 3600


def test_downtime(days):
    put(days, "tam", effects=(Effect("tam.1", "exhaustion", level=3),))
    passed = days.downtime(length(days, "2", "days"), "crafting a sword", ["mara"])
    assert days.clock.say() == "Day 3, 00:00"
    entry = days.journal.history(1)[0]
    assert entry.prose == "2 d of downtime: crafting a sword (Mara)"
    assert (entry.kind, entry.facts["who"]) == ("time.downtime", ["character/mara"])
    assert hero(days, "tam").hp == 18
    assert hero(days, "tam").effects[0].level == 1
    assert passed.clock.now == 2 * 86400
    days.downtime(length(days, "4", "hours"), "carousing")
    assert days.journal.history(1)[0].prose == "4 h of downtime: carousing"


def test_what_hung_on_somebody_who_stays_behind_ends(days, kept):
    """A goblin's spell ends with the fight; Mara's blessing of Tam when hers does, elsewhere."""
    key = begin(days, kept, "Ambush", "tam")
    do(kept, key, saves.concentrate, "goblin", "Hold Person")
    do(kept, key, effects.apply, "tam", Effect("", "paralyzed", linked_to="goblin.1"))
    end = do(kept, key, ending.end)
    assert "Tam: Paralyzed ends (what it hung on is gone)" in [each.prose for each in end.facts]
    days.step("x", lambda f, law, _: saves.concentrate(f, law, "mara", "Bless"))
    days.step("x", lambda f, law, _: effects.apply(
        f, law, "tam", Effect("", "blessed", linked_to="mara.1")))  # fmt: skip
    key = begin(days, kept, "Bridge", "mara")
    days.advance(length(days, "1", "minute"))
    assert [each.condition for each in hero(days, "tam").effects] == ["blessed"]
    do(kept, key, effects.remove, "mara", "concentrating")
    passed = days.advance(length(days, "1", "minute"))
    assert [each.prose for each in passed.facts] == ["Tam: Blessed ends (what it hung on is gone)"]


def test_conditions_of_the_table_are_among_the_rules(days, kept):
    days.world.add(Condition, {"name": "On fire", "text": "1d6 fire.\n\nWater ends it.",
                               "stops_actions": True, "audience": PARTY})  # fmt: skip
    days.world.add(Condition, {"name": "Marked by Zul"})
    found = days.law.condition("on f")
    assert (found.id, found.text, found.stops_actions) == (
        "on-fire", ("1d6 fire.", "Water ends it."), True,
    )  # fmt: skip
    assert days.law.condition("poisoned").title == "Poisoned"
    assert (found.secret, days.law.condition("marked").secret) == (False, True)
    assert "on-fire" not in [
        each.id for each in fights.law(days.connection, "other", None).conditions
    ]


def test_a_calendar_that_was_damaged_says_what_to_do(days):
    days.use(MOONS)
    days.connection.execute("UPDATE calendars SET content = 'months = 3'")
    with pytest.raises(StoreDamaged, match="the calendar of keep"):
        _ = days.clock


def test_all_is_undone_to_the_first_byte(days, kept):
    before = everything(days)
    entries = len(days.journal.history(200))
    days.use(MOONS, "3 Frostfall 1204")
    key = begin(days, kept, "Ambush", "mara", "tam")
    for _ in range(4):
        do(kept, key, turns.advance, Random(1))
    do(kept, key, hp.hit, "tam", [Part(9, "cold")], Random(1))
    do(kept, key, ending.end)
    with pytest.raises(InputError, match="Tam is dying, and death saves come first"):
        days.advance(length(days, "1", "day"))
    days.step("combat.stable", lambda f, law, rng: death.stabilise(f, law, "tam", rng))
    days.advance(length(days, "1", "day"))
    days.rest("long")
    days.set(days.clock.now - 5)
    days.downtime(length(days, "1", "week"), "nothing much")
    days.drop()
    days.journal.undo(len(days.journal.history(200)) - entries)
    assert everything(days) == before
