"""Stacking, saves that end an effect, concentration and what hangs on it."""

from random import Random

import attrs
import pytest

from ttrpg_core.errors import InputError, NotFound
from ttrpg_core.table.combat import (
    clock,
    conditions,
    death,
    durations,
    effects,
    hp,
    roster,
    rules,
    saves,
    turns,
)
from ttrpg_core.table.combat.arithmetic import Part
from ttrpg_core.table.combat.rules import Condition
from ttrpg_core.table.combat.state import (
    Combatant,
    Duration,
    Effect,
    Recurring,
    RepeatSave,
    Resource,
)

OLD, NEW = rules.load("dnd5e-2014"), rules.load("dnd5e-2024")
AT = {"ann": 20, "ben": 15, "cid": 10}


def fight_of(law=NEW, at="ann", **more):
    """Ann, Ben and Cid in the first round, at somebody's turn."""
    fight = roster.new("f", "F", law)
    for name, value in AT.items():
        one = Combatant("", name.title(), "player", hp=30, hp_max=30, initiative=value)
        if name in more:
            one = attrs.evolve(one, **more[name])
        fight, _ = roster.add(fight, law, one)
    fight, _ = turns.start(fight, law, Random(1))
    while fight.current != at:
        fight, _ = turns.advance(fight, law, Random(1))
    return fight


def put(fight, who, condition="hexed", law=NEW, **more):
    return effects.apply(fight, law, who, Effect("", condition, **more)).fight


def one_of(stacking, first, second, law=NEW):
    fight, _ = effects.apply(fight_of(law), law, "ben", Effect("", "hexed", **first), stacking)
    fight, _ = effects.apply(fight, law, "ben", Effect("", "hexed", **second), stacking)
    return fight, [(e.source, e.level, e.due and e.due.at) for e in fight.get("ben").effects]


SHORT = {"source": "ann", "duration": Duration("rounds", 1)}
LONG = {"source": "cid", "duration": Duration("rounds", 5)}


@pytest.mark.parametrize(
    ("stacking", "first", "second", "left"),
    [
        ("highest", SHORT, LONG, [("cid", 1, 30)]),
        ("highest", LONG, SHORT, [("cid", 1, 30)]),
        ("highest", LONG, SHORT | {"level": 2}, [("ann", 2, 6)]),
        ("highest", LONG, SHORT | {"duration": Duration("permanent")}, [("ann", 1, None)]),
        ("latest", LONG, SHORT, [("ann", 1, 6)]),
        ("stack", LONG, SHORT | {"level": 2}, [("ann", 3, 30)]),
        ("extend", SHORT, LONG, [("cid", 1, 36)]),
        ("extend", LONG, SHORT | {"duration": Duration("permanent")}, [("ann", 1, None)]),
        ("extend", LONG | {"duration": Duration("permanent")}, SHORT, [("cid", 1, None)]),
        ("none", LONG, SHORT, [("cid", 1, 30)]),
        ("source", LONG, SHORT, [("cid", 1, 30), ("ann", 1, 6)]),
        ("source", LONG, LONG | {"duration": Duration("rounds", 2)}, [("cid", 1, 12)]),
    ],
)
def test_stacking(stacking, first, second, left):
    assert one_of(stacking, first, second)[1] == left


def test_what_grows_still_hangs_on_what_it_hung_on():
    fight = holding()
    for stacking in ("stack", "extend"):
        lasts = Effect("", "paralyzed", duration=Duration("rounds", 9))
        grown, _ = effects.apply(fight, NEW, "ben", lasts, stacking)
        grown, _ = effects.remove(grown, NEW, "ann", "concentrating")
        assert held(grown) == []
    for stacking in ("stack", "latest"):
        itself = Effect("", "paralyzed", linked_to="ben.1")
        with pytest.raises(InputError, match="cannot hang on"):
            effects.apply(fight, NEW, "ben", itself, stacking)


def test_what_is_replaced_ends_and_what_grows_stays_itself():
    fight, _ = one_of("source", LONG, SHORT)
    _, facts = effects.apply(fight, NEW, "ben", Effect("", "hexed", **LONG))
    assert [fact.prose for fact in facts] == [
        "Ben: Hexed ends (replaced)", "Ben is Hexed, 5 rounds"
    ]  # fmt: skip
    for stacking in ("stack", "extend"):
        fight = one_of(stacking, LONG, SHORT)[0]
        assert [each.id for each in fight.get("ben").effects] == ["ben.1"]
    fight = put(fight_of(), "ben", "hexed", save=RepeatSave(when="damage"))
    fight, _ = hp.hit(fight, NEW, "ben", [Part(1)], Random(1))
    fight = put(fight, "ben", "hexed", save=RepeatSave(when="damage"))
    assert fight.prompts == ()


def test_each_instance_of_a_condition_has_its_own_duration():
    """SRD 5.1 "Conditions"; the system's rule stands where none is said."""
    assert len(one_of(None, LONG, SHORT, OLD)[1]) == 2
    fight = put(put(fight_of(), "ben", "prone"), "ben", "prone")
    assert len(fight.get("ben").effects) == 1


def test_the_immune_are_not_affected():
    """SRD 5.2.1 "Immunity"."""
    fight, facts = effects.apply(
        fight_of(ben={"condition_immunities": ("charmed",)}), NEW, "ben", Effect("", "charmed")
    )
    assert fight.get("ben").effects == ()
    assert facts[0].prose == "Ben is immune: not Charmed"
    stone = put(put(fight_of(), "ben", "petrified"), "ben", "poisoned")  # "Petrified"
    assert [each.condition for each in stone.get("ben").effects] == ["petrified"]


def test_conditions_bring_others_with_them():
    """SRD 5.1 and 5.2.1 "Paralyzed", "Unconscious"."""
    on = conditions.on(put(fight_of(), "ben", "unconscious").get("ben"), NEW)
    assert on == ("unconscious", "incapacitated", "prone")
    assert conditions.stopped(put(fight_of(), "ben", "paralyzed").get("ben"), NEW)
    sure = fight_of(ben={"condition_immunities": ("prone",)})
    assert "prone" not in conditions.on(put(sure, "ben", "unconscious").get("ben"), NEW)


def test_removing_by_name_or_id():
    fight = put(put(fight_of(), "ben", "hexed", source="ann"), "ben", "hexed", source="cid")
    one, facts = effects.remove(fight, NEW, "ben", "ben.2")
    assert [each.id for each in one.get("ben").effects] == ["ben.1"]
    assert facts[0].prose == "Ben: Hexed ends (by hand)"
    assert effects.remove(fight, NEW, "ben", "hexed").fight.get("ben").effects == ()
    with pytest.raises(InputError, match="-1 levels"):
        effects.remove(fight, NEW, "ben", "hexed", levels=-1)
    with pytest.raises(InputError, match="Ben is not hexd") as caught:
        effects.remove(fight, NEW, "ben", "hexd")
    assert caught.value.hint == "Did you mean: hexed"


def test_repeat_saves_are_asked_for_at_their_edge_until_saved():
    """SRD 5.1 hold person: at the end of each of its turns."""
    hold = {"save": RepeatSave("wis", 15), "duration": Duration("until-save")}
    fight = put(fight_of(ben={"saves": {"wis": 30}}), "ben", "paralyzed", **hold)
    fight, _ = turns.advance(fight, NEW, Random(1))
    assert fight.prompts == ()
    fight, facts = turns.advance(fight, NEW, Random(1))
    assert facts[0].prose == "Ben: DC 15 WIS save against Paralyzed"
    assert (facts[0].kind, facts[0].data["dc"]) == ("combat.prompt.repeat-save", 15)
    for _ in range(3):
        fight, _ = turns.advance(fight, NEW, Random(1))
    assert len(fight.prompts) == 1  # asked once, however long it takes
    failed, _ = saves.save(fight, NEW, "ben", Random(1), total=14)
    assert (failed.prompts, len(failed.get("ben").effects)) == ((), 1)
    saved, facts = saves.save(fight, NEW, "ben", Random(1))
    assert facts[-1].prose == "Ben: Paralyzed ends (saved)"
    assert (saved.prompts, saved.get("ben").effects) == ((), ())
    with pytest.raises(InputError, match="owes no save"):
        saves.save(saved, NEW, "ben", Random(1))


def test_until_a_save_has_a_save():
    """The usual one where none is said: DC 10 Constitution at the end of the turn."""
    fight = put(fight_of(), "ben", duration=Duration("until-save"))
    assert fight.get("ben").effects[0].save == RepeatSave("con", 10, "turn-end")
    assert durations.left(fight, fight.get("ben").effects[0]) == "until a DC 10 CON save"


@pytest.mark.parametrize(("when", "kind"), [("turn-start", "start"), ("damage", "damage")])
def test_saves_at_other_moments(when, kind):
    fight = put(fight_of(), "ben", "scared", save=RepeatSave("wis", 12, when))
    if kind == "damage":
        fight, facts = hp.hit(fight, NEW, "ben", [Part(3)], Random(1))
    else:
        fight, facts = turns.advance(fight, NEW, Random(1))
    assert facts[-1].kind == "combat.prompt.repeat-save"


def test_a_save_on_an_action_is_made_without_being_asked():
    fight = put(fight_of(), "ben", "webbed", save=RepeatSave("str", 12, "action"))
    fight = put(fight, "ben", "scared", save=RepeatSave("wis", 20, "action"))
    fight, _ = saves.save(fight, NEW, "ben", Random(1), effect="scared", total=20)
    assert [each.condition for each in fight.get("ben").effects] == ["webbed"]


def test_recurring_damage_is_a_reminder():
    fire = Recurring("1d6", "fire", "start")
    fight = put(fight_of(), "ben", "burning", recurring=fire)
    fight, facts = turns.advance(fight, NEW, Random(1))
    assert facts[-1].prose == "Ben takes 1d6 fire (Burning)"
    assert facts[-1].data["dice"] == "1d6"
    assert fight.get("ben").hp == 30


def holding(law=NEW, **more):
    """Ann holds Ben and Cid by one spell."""
    fight = fight_of(law, **more)
    fight, facts = saves.concentrate(fight, law, "ann", "Hold Person", Duration("minutes", 1))
    held = facts[-1].data["effect"]
    for who in ("ben", "cid"):
        fight = put(fight, who, "paralyzed", law, source="ann", linked_to=held)
    return fight


def held(fight):
    return [who for who in AT if fight.get(who).effects]


def test_damage_asks_for_one_save_a_hit_and_failing_ends_it_all():
    """SRD 5.1 "Concentration": a separate save for each source of damage."""
    fight = holding()
    fight, facts = hp.hit(fight, NEW, "ann", [Part(14, "fire"), Part(10, "cold")], Random(1))
    assert facts[-1].prose == "Ann: DC 12 CON save to keep up Hold Person"
    fight, _ = hp.hit(fight, NEW, "ann", [Part(1, "fire")], Random(1))
    assert [each.dc for each in fight.prompts] == [12, 10]
    fight, _ = saves.save(fight, NEW, "ann", Random(1), total=12)
    assert held(fight) == ["ann", "ben", "cid"]
    fight, facts = saves.save(fight, NEW, "ann", Random(1), total=9)
    assert [fact.prose for fact in facts[1:]] == [
        "Ann: Concentrating (Hold Person) ends (concentration is broken)",
        "Ben: Paralyzed ends (with Hold Person)",
        "Cid: Paralyzed ends (with Hold Person)",
    ]
    assert held(fight) == []


@pytest.mark.parametrize("law", [OLD, NEW])
@pytest.mark.parametrize("how", ["dies", "incapacitated", "leaves"])
def test_a_hold_ends_with_whoever_holds(law, how):
    """SRD 5.1 "Grappled"; SRD 5.2.1 "Grappling", "Ending a Grapple"."""
    fight = put(fight_of(law), "ben", "grappled", law, source="cid")
    fight = put(fight, "ben", "frightened", law, source="cid")
    fight = put(fight, "ann", "grappled", law)
    fight, facts = {
        "dies": lambda: death.kill(fight, law, "cid"),
        "incapacitated": lambda: effects.apply(fight, law, "cid", Effect("", "stunned")),
        "leaves": lambda: roster.leave(fight, law, "cid"),
    }[how]()
    assert "Ben: Grappled ends (Cid holds on no longer)" in [each.prose for each in facts]
    assert [each.condition for each in fight.get("ben").effects] == ["frightened"]
    assert [each.condition for each in fight.get("ann").effects] == ["grappled"]


def test_damage_of_nothing_asks_for_nothing():
    assert hp.hit(holding(), NEW, "ann", [Part(0)], Random(1)).fight.prompts == ()


def test_concentration_ends_with_its_time_and_what_hangs_on_it_too():
    fight = holding()
    for _ in range(29):
        fight, _ = turns.advance(fight, NEW, Random(1))
    assert (fight.round, held(fight)) == (10, ["ann", "ben", "cid"])
    later, _ = turns.advance(fight, NEW, Random(1))
    assert (later.round, held(later)) == (11, [])
    later, _ = clock.pass_time(fight, NEW, 61)
    assert held(later) == []


@pytest.mark.parametrize("law", [OLD, NEW])
@pytest.mark.parametrize("how", ["another", "stunned", "killed", "down", "dropped"])
def test_what_breaks_concentration(law, how):
    """SRD 5.1 and 5.2.1 "Concentration": another such spell, being incapacitated, death."""
    fight = holding(law)
    if how == "another":
        fight, _ = saves.concentrate(fight, law, "ann", "Bless")
        assert [each.note for each in fight.get("ann").effects] == ["Bless"]
        fight, _ = effects.remove(fight, law, "ann", "concentrating")
    elif how == "stunned":
        fight = put(fight, "ann", "stunned", law)
    elif how == "dropped":
        fight, _ = effects.remove(fight, law, "ann", "concentrating")
    else:
        fight, _ = hp.hit(fight, law, "ann", [Part(99 if how == "killed" else 30)], Random(1))
        assert fight.prompts == ()
    assert conditions.concentration(fight.get("ann")) is None
    assert not fight.get("ben").effects
    assert not fight.get("cid").effects


def test_concentration_needs_somebody_who_can_act_and_a_system_that_knows_it():
    fight = put(fight_of(), "ann", "stunned")
    with pytest.raises(InputError, match="can take no actions"):
        saves.concentrate(fight, NEW, "ann", "Bless")
    other = rules.load("other")
    with pytest.raises(InputError, match="knows no concentration"):
        saves.concentrate(fight_of(), other, "ann", "Bless")
    with pytest.raises(InputError, match="does not hold"):
        put(fight_of(), "ben", linked_to="ann.7")


def test_legendary_resistance_is_offered_before_a_save_is_lost():
    """SRD 5.1 and 5.2.1 "Legendary Resistance": it can choose to succeed instead."""
    uses = (Resource("Legendary Resistance", 3, 1, offer="failed-save"),)
    fight = holding(ann={"resources": uses})
    fight, _ = hp.hit(fight, NEW, "ann", [Part(5)], Random(1))
    asked, facts = saves.save(fight, NEW, "ann", Random(1), total=3)
    assert facts[-1].prose == "Ann may use Legendary Resistance: 1/3 left"
    assert [each.failed for each in asked.prompts] == [3]
    assert held(asked) == ["ann", "ben", "cid"]
    kept, facts = saves.save(asked, NEW, "ann", Random(1), resist=True)
    assert [fact.kind for fact in facts] == ["combat.resource.used"]  # nothing is rolled again
    assert held(kept) == ["ann", "ben", "cid"]
    assert (kept.prompts, kept.get("ann").resources[0].left) == ((), 0)
    lost, _ = saves.save(asked, NEW, "ann", Random(1), resist=False)
    assert held(lost) == []
    kept, _ = hp.hit(kept, NEW, "ann", [Part(5)], Random(1))
    with pytest.raises(InputError, match="nothing to resist with"):
        saves.save(kept, NEW, "ann", Random(1), resist=True)
    fight = put(fight_of(ann={"resources": uses}), "ann", "bound", save=RepeatSave(when="action"))
    fight, _ = saves.save(fight, NEW, "ann", Random(1), total=2)
    fight, _ = saves.save(fight, NEW, "ann", Random(1), resist=True)
    assert held(fight) == []


def test_the_dead_and_those_who_left_owe_nothing():
    fight = put(fight_of(), "ben", "scared", save=RepeatSave("wis", 12, "damage"))
    asked, _ = hp.hit(fight, NEW, "ben", [Part(1)], Random(1))
    assert roster.leave(asked, NEW, "ben").fight.prompts == ()
    assert hp.hit(fight, NEW, "ben", [Part(99)], Random(1)).fight.prompts == ()


def test_a_prompt_can_be_dismissed():
    fight, _ = hp.hit(holding(), NEW, "ann", [Part(5)], Random(1))
    fight, _ = saves.dismiss(fight, NEW, fight.prompts[0].number)
    assert (fight.prompts, held(fight)) == ((), ["ann", "ben", "cid"])
    with pytest.raises(InputError, match="nothing is asked"):
        saves.dismiss(fight, NEW, 99)


def test_advantage_and_a_bonus_on_a_save():
    fight = put(fight_of(), "ben", save=RepeatSave("wis", 15, "action"))

    def mean(**more):
        rolls = [saves.save(fight, NEW, "ben", Random(n), **more).facts[0] for n in range(60)]
        return sum(each.data["total"] for each in rolls) / 60

    assert mean(luck="disadvantage") < mean() < mean(luck="advantage") < mean(bonus=30)


def test_a_tables_own_conditions_stand_beside_the_systems():
    law = NEW.with_conditions([Condition("dazed", "Dazed", ("One action.",), stops_actions=True)])
    assert law.condition("daz").text == ("One action.",)
    assert conditions.stopped(put(fight_of(), "ben", "dazed", law).get("ben"), law)
    assert law.condition("par").id == "paralyzed"
    with pytest.raises(NotFound):
        NEW.condition("dazed")
