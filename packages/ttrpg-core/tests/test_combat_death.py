"""At 0 hit points, by system and edition; each row names its rule."""

from random import Random

import pytest

from ttrpg_core.errors import InputError
from ttrpg_core.table.combat import clock, conditions, death, effects, hp, roster, rules, turns
from ttrpg_core.table.combat.arithmetic import Part
from ttrpg_core.table.combat.state import Combatant, Effect, RepeatSave

OLD, NEW, OTHER = (rules.load(name) for name in ("dnd5e-2014", "dnd5e-2024", "other"))
BOTH = pytest.mark.parametrize("law", [OLD, NEW])


def fight_of(law, hp_now=6, hp_max=12, **more):
    fight = roster.new("f", "F", law)
    mara = Combatant("", "Mara", "player", hp=hp_now, hp_max=hp_max, initiative=20, **more)
    for each in (mara, Combatant("", "Orc", hp=15, hp_max=15, initiative=10)):
        fight, _ = roster.add(fight, law, each)
    return turns.start(fight, law, Random(1)).fight


def hit(fight, law, amount, who="mara", **more):
    return hp.hit(fight, law, who, [Part(amount)], Random(1), **more).fight


def dying(law, failures=0, successes=0, **more):
    fight = hit(fight_of(law, **more), law, 6)
    for _ in range(failures):
        fight = death.death_save(fight, law, "mara", Random(1), rolled=5).fight
    for _ in range(successes):
        fight = death.death_save(fight, law, "mara", Random(1), rolled=15).fight
    return fight


def state(fight, who="mara"):
    one = fight.get(who)
    return one.life, one.hp, one.successes, one.failures


@BOTH
@pytest.mark.parametrize(
    ("rule", "amount", "life"),
    [
        ("Falling Unconscious", 6, "dying"),
        ("Instant Death: 12 at most, 6 left, 17 damage: 11 remain", 17, "dying"),
        ("Instant Death: 18 damage: 12 remain, as many as the maximum", 18, "dead"),
    ],
)
def test_massive_damage(law, rule, amount, life):
    assert hit(fight_of(law), law, amount).get("mara").life == life, rule


@BOTH
def test_massive_damage_counts_what_temporary_hit_points_let_through(law):
    assert hit(fight_of(law, temp_hp=1), law, 18).get("mara").life == "dying"


@BOTH
def test_monsters_die_and_characters_do_not(law):
    """SRD 5.1 "Monsters and Death", SRD 5.2.1 "Monster Death"; the GM may say otherwise."""
    fight = hit(fight_of(law), law, 15, "orc")
    assert fight.get("orc").life == "dead"
    boss = Combatant("", "Boss", hp=9, hp_max=9, initiative=1, at_zero="dying")
    fight, _ = roster.add(fight, law, boss)
    assert hit(fight, law, 9, "boss").get("boss").life == "dying"


def test_in_a_plain_system_one_is_out_and_comes_back_by_healing():
    fight = hit(fight_of(OTHER), OTHER, 99)
    assert state(fight) == ("out", 0, 0, 0)
    assert not fight.get("mara").acts
    with pytest.raises(InputError, match="not dying"):
        death.death_save(fight, OTHER, "mara", Random(1))
    fight = hit(fight, OTHER, 5)
    assert fight.get("mara").life == "out"
    assert hp.heal(fight, OTHER, "mara", 3).fight.get("mara").life == "up"


@BOTH
def test_the_dying_are_unconscious_and_prone(law):
    """SRD 5.1 and 5.2.1 "Falling Unconscious", "Unconscious"."""
    fight = dying(law)
    on = conditions.on(fight.get("mara"), law)
    assert {"unconscious", "incapacitated", "prone"} <= set(on)
    fight, _ = hp.heal(fight, law, "mara", 1)
    assert conditions.on(fight.get("mara"), law) == ("prone",)


@BOTH
@pytest.mark.parametrize(
    ("rule", "before", "rolled", "bonus", "after"),
    [
        ("10 or higher succeeds", (0, 0), 10, 0, ("dying", 0, 1, 0)),
        ("otherwise it fails", (0, 0), 9, 0, ("dying", 0, 0, 1)),
        ("a bonus counts", (0, 0), 9, 1, ("dying", 0, 1, 0)),
        ("rolling 1 is two failures", (0, 0), 1, 0, ("dying", 0, 0, 2)),
        ("rolling 1 is two failures, whatever the bonus", (0, 0), 1, 12, ("dying", 0, 0, 2)),
        ("rolling 20 regains 1 hit point", (2, 2), 20, 0, ("up", 1, 0, 0)),
        ("three failures are death", (2, 0), 2, 0, ("dead", 0, 0, 3)),
        ("rolling 1 after one failure is death", (1, 0), 1, 0, ("dying", 0, 0, 3)),
        ("three failures are all there are", (2, 0), 1, 0, ("dead", 0, 0, 3)),
        ("three successes are stable, and both counts begin anew", (2, 2), 11, 0,
         ("stable", 0, 0, 0)),
    ],
)  # fmt: skip
def test_death_saves(law, rule, before, rolled, bonus, after):
    """SRD 5.1 and 5.2.1 "Death Saving Throws", "Rolling a 1 or 20"."""
    fight = dying(law, *before)
    fight, facts = death.death_save(fight, law, "mara", Random(1), rolled=rolled, bonus=bonus)
    if after[3] == 3:
        after = ("dead", *after[1:])
    assert state(fight) == after, rule
    assert facts[0].kind == "combat.death-save"


@BOTH
@pytest.mark.parametrize(
    ("rule", "amount", "critical", "after"),
    [
        ("damage is a failure", 1, False, ("dying", 0, 0, 1)),
        ("a critical hit is two", 1, True, ("dying", 0, 0, 2)),
        ("none is none", 0, True, ("dying", 0, 0, 0)),
        ("less than the maximum", 11, False, ("dying", 0, 0, 1)),
        ("as much as the maximum kills", 12, False, ("dead", 0, 0, 0)),
    ],
)
def test_damage_at_0_hit_points(law, rule, amount, critical, after):
    """SRD 5.1 and 5.2.1 "Damage at 0 Hit Points"."""
    assert state(hit(dying(law), law, amount, critical=critical)) == after, rule


@BOTH
def test_absorbed_damage_is_damage(law):
    """Sage Advice Compendium, temporary hit points: you are still taking damage."""
    fight, _ = hp.grant_temporary(dying(law), law, "mara", 5)
    assert state(hit(fight, law, 3)) == ("dying", 0, 0, 1)


@BOTH
def test_three_failures_by_damage_are_death(law):
    fight = hit(dying(law, 1), law, 1, critical=True)
    assert state(fight)[0] == "dead"


@BOTH
def test_the_stable_make_no_saves_until_they_are_hurt(law):
    """SRD 5.1 "Stabilizing a Creature", SRD 5.2.1 "Stabilizing a Character"."""
    fight, _ = death.stabilise(dying(law, 2, 1), law, "mara", Random(1))
    assert state(fight) == ("stable", 0, 0, 0)
    assert "unconscious" in conditions.on(fight.get("mara"), law)
    for _ in range(2):
        fight, facts = turns.advance(fight, law, Random(1))
        assert "combat.prompt.death-save" not in [fact.kind for fact in facts]
    fight = hit(fight, law, 1)
    assert state(fight) == ("dying", 0, 0, 1)
    for _ in range(2):
        fight, facts = turns.advance(fight, law, Random(1))
    assert facts[-1].prose == "Mara is dying: death save"
    with pytest.raises(InputError, match="not dying"):
        death.stabilise(hp.heal(fight, law, "mara", 1).fight, law, "mara", Random(1))


@BOTH
def test_the_stable_wake_after_some_hours(law):
    """SRD 5.1 and 5.2.1: a stable creature regains 1 hit point after 1d4 hours."""
    fight, facts = death.stabilise(dying(law), law, "mara", Random(1))
    hours = facts[0].data["hours"]
    assert 1 <= hours <= 4
    early, _ = clock.pass_time(fight, law, hours * 3600 - 1)
    assert early.get("mara").life == "stable"
    late, _ = clock.pass_time(early, law, 1)
    assert state(late) == ("up", 1, 0, 0)


def test_the_stable_wake_in_a_fight_too():
    fight = fight_of(NEW)
    ned = Combatant("", "Ned", "ally", hp=0, hp_max=5, life="stable", wakes_at=6, initiative=1)
    fight, _ = roster.add(fight, NEW, ned)
    for _ in range(3):
        assert fight.get("ned").life == "stable"
        fight, _ = turns.advance(fight, NEW, Random(1))
    assert (fight.round, state(fight, "ned")) == (2, ("up", 1, 0, 0))


@BOTH
def test_a_death_save_is_asked_for_each_turn_and_answered(law):
    fight = dying(law)
    for _ in range(2):
        fight, _ = turns.advance(fight, law, Random(1))
    assert [each.kind for each in fight.prompts] == ["death-save"]
    saved, _ = death.death_save(fight, law, "mara", Random(3))
    assert saved.prompts == ()
    assert hp.heal(fight, law, "mara", 1).fight.prompts == ()
    with pytest.raises(InputError, match="no face"):
        death.death_save(fight, law, "mara", Random(1), rolled=21)


def test_advantage_on_death_saves():
    def mean(luck):
        saves = (death.death_save(dying(NEW), NEW, "mara", Random(n), luck=luck) for n in range(60))
        return sum(each.facts[0].data["face"] for each in saves) / 60

    assert mean("disadvantage") < mean("") < mean("advantage")


@BOTH
def test_healing_ends_the_dying(law):
    fight, facts = hp.heal(dying(law, 2, 2), law, "mara", 4)
    assert state(fight) == ("up", 4, 0, 0)
    assert facts[1].prose == "Mara is up again with 4 hp"


@pytest.mark.parametrize(
    ("rule", "law", "after"),
    [
        ("SRD 5.1 Knocking a Creature Out: unconscious and stable", OLD, ("stable", 0)),
        ("SRD 5.2.1 Knocking out a Creature: 1 hit point, unconscious", NEW, ("up", 1)),
        ("a plain system", OTHER, ("out", 0)),
    ],
)
def test_knocking_out_spares_a_life(rule, law, after):
    fight = hit(fight_of(law), law, 99, "orc", knock_out=True)
    assert state(fight, "orc")[:2] == after, rule
    assert fight.get("orc").tally.downs == 1
    if law is not OTHER:
        assert "unconscious" in conditions.on(fight.get("orc"), law)
        fight, _ = hp.heal(fight, law, "orc", 1)
        assert "unconscious" not in conditions.on(fight.get("orc"), law)
    if law is OLD:
        assert conditions.on(fight.get("orc"), law) == ("prone",)


@BOTH
def test_the_dead_owe_nothing_and_come_back_only_by_reviving(law):
    fight = fight_of(law)
    fight, _ = effects.apply(fight, law, "mara", Effect("", "hexed", save=RepeatSave()))
    fight, facts = death.kill(fight, law, "mara", "a trap")
    assert facts[0].prose == "Mara dies: a trap"
    with pytest.raises(InputError, match="dead already"):
        death.kill(fight, law, "mara")
    fight, facts = turns.advance(fight, law, Random(1))
    assert [fact.kind for fact in facts] == ["combat.turn"]
    with pytest.raises(InputError, match="cannot come back with 13"):
        death.revive(fight, law, "mara", 13)
    fight, _ = death.revive(fight, law, "mara")
    assert state(fight) == ("up", 1, 0, 0)
    with pytest.raises(InputError, match="not dead"):
        death.revive(fight, law, "mara")


def test_the_sixth_level_of_exhaustion_kills_and_the_fourth_halves_in_2014():
    """SRD 5.1 and 5.2.1 "Exhaustion"."""
    for law, most in ((OLD, 6), (NEW, 12)):
        fight = fight_of(law, hp_now=12)
        fight, _ = effects.apply(fight, law, "mara", Effect("", "exhaustion", level=3))
        assert fight.get("mara").hp == 12
        fight, facts = effects.apply(fight, law, "mara", Effect("", "exhaustion"))
        assert fight.get("mara").hp == most
        assert facts[0].prose == "Mara has Exhaustion 4, until it is removed"
        with pytest.raises(InputError, match="no level 7"):
            effects.apply(fight, law, "mara", Effect("", "exhaustion", level=7))
        eased, _ = effects.remove(fight, law, "mara", "exhaustion", levels=1)
        assert hp.heal(eased, law, "mara", 99).fight.get("mara").hp == 12
        gone, facts = effects.remove(fight, law, "mara", "exhaustion", levels=4)
        assert facts[0].prose == "Mara: Exhaustion ends (the last level is gone)"
        assert gone.get("mara").effects == ()
        fight, _ = effects.apply(fight, law, "mara", Effect("", "exhaustion", level=2))
        assert fight.get("mara").life == "dead"
