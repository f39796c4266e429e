"""Durations, stacking, saves that end an effect, concentration and what hangs on it."""

from random import Random

import attrs
import pytest

from ttrpg_core.errors import InputError, NotFound
from ttrpg_core.table.combat import (
    clock,
    conditions,
    durations,
    effects,
    hp,
    order,
    roster,
    rules,
    saves,
    turns,
)
from ttrpg_core.table.combat.arithmetic import Part
from ttrpg_core.table.combat.rules import Condition
from ttrpg_core.table.combat.state import (
    Combatant,
    Due,
    Duration,
    Effect,
    Recurring,
    RepeatSave,
    Resource,
)

OLD, NEW = rules.load("dnd5e-2014"), rules.load("dnd5e-2024")
UNTIL = "until the end of"
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


def when_it_ends(fight, law=NEW, turns_at_most=700):
    """Between which two turns an effect ends: ``(round, old turn, round, new turn)``."""
    for _ in range(turns_at_most):
        before = fight
        fight, facts = turns.advance(fight, law, Random(1))
        ended = [index for index, f in enumerate(facts) if f.kind == "combat.condition.ended"]
        if ended:
            turn = [index for index, f in enumerate(facts) if f.kind == "combat.turn"]
            edge = "end" if ended[0] < turn[0] else "start"
            shown = before if edge == "end" else fight
            return edge, shown.round, shown.current
    return None


@pytest.mark.parametrize(
    ("lasts", "at", "bearer", "source", "ends"),
    [
        # 1 turns: the end of the bearer's turns that begin after now
        (Duration("turns", 1), "ann", "ben", "ann", ("end", 1, "ben")),
        (Duration("turns", 1), "ann", "ann", "ann", ("end", 2, "ann")),
        (Duration("turns", 3), "cid", "ben", "cid", ("end", 4, "ben")),
        # 2 rounds: the same point so many rounds later
        (Duration("rounds", 1), "ben", "cid", "ben", ("start", 2, "ben")),
        (Duration("rounds", 3), "cid", "ann", "cid", ("start", 4, "cid")),
        # 3 minutes and 4 hours: by the clock, ten rounds a minute
        (Duration("minutes", 1), "ben", "ann", "ben", ("start", 11, "ben")),
        (Duration("minutes", 2), "ann", "ann", "ann", ("start", 21, "ann")),
        # 5 and 6: an edge of the bearer's next turn, or of somebody else's
        (Duration("end-of-next-turn"), "ann", "ben", "ann", ("end", 1, "ben")),
        (Duration("end-of-next-turn"), "ben", "ben", "ben", ("end", 2, "ben")),
        (Duration("end-of-next-turn", of="ann"), "ann", "cid", "ann", ("end", 2, "ann")),
        (Duration("start-of-next-turn"), "ann", "cid", "ann", ("start", 1, "cid")),
        (Duration("start-of-next-turn"), "ben", "ann", "ben", ("start", 2, "ann")),
        (Duration("start-of-next-turn", of="ann"), "ann", "cid", "ann", ("start", 2, "ann")),
        # 7 the end of the source's turn: this one, if it is theirs
        (Duration("end-of-source-turn"), "ann", "cid", "ann", ("end", 1, "ann")),
        (Duration("end-of-source-turn"), "ann", "cid", "ben", ("end", 1, "ben")),
        (Duration("end-of-source-turn"), "ben", "cid", "ann", ("end", 2, "ann")),
        # 8 to 12: only people can tell
        (Duration("until-save"), "ann", "ben", "ann", None),
        (Duration("until-removed"), "ann", "ben", "ann", None),
        (Duration("permanent"), "ann", "ben", "ann", None),
        (Duration("until-trigger", text="the bell rings"), "ann", "ben", "ann", None),
        (Duration("custom", text="the moon is full"), "ann", "ben", "ann", None),
    ],
)
def test_when_a_duration_ends(lasts, at, bearer, source, ends):
    fight = put(fight_of(at=at), bearer, source=source, duration=lasts)
    assert when_it_ends(fight, turns_at_most=90) == ends


def test_hours_end_by_the_clock_after_so_many_rounds():
    fight = put(fight_of(), "ben", duration=Duration("hours", 1))
    assert when_it_ends(fight, turns_at_most=2000) == ("start", 601, "ann")


def test_hours_end_when_time_is_let_pass():
    fight = put(fight_of(), "ben", duration=Duration("hours", 8))
    fight, facts = clock.pass_time(fight, NEW, 8 * 3600 - 1)
    assert [fact.prose for fact in facts] == ["7 h 59 min 59 s pass"]
    fight, facts = clock.pass_time(fight, NEW, 2)
    assert facts[1].prose == "Ben: hexed ends (time is up)"


@pytest.mark.parametrize(
    ("lasts", "left", "later"),
    [
        (Duration("turns", 1), f"{UNTIL} the next turn of Ben", f"{UNTIL} this turn of Ben"),
        (Duration("turns", 4), "3 rounds", "3 rounds"),
        (Duration("rounds", 2), "2 rounds", "2 rounds"),
        (Duration("minutes", 1), "10 rounds", "10 rounds"),
        (Duration("minutes", 10), "10 minutes", "10 minutes"),
        (Duration("hours", 8), "8 hours", "8 hours"),
        (Duration("permanent"), "for good", "for good"),
        (Duration("until-removed"), "until it is removed", "until it is removed"),
        (Duration("until-trigger", text="the bell rings"), "until the bell rings", None),
        (Duration("until-long-rest"), "until a long rest", None),
    ],
)  # fmt: skip
def test_what_is_left_follows_from_the_clock(lasts, left, later):
    fight = put(fight_of(), "ben", duration=lasts)
    effect = fight.get("ben").effects[0]
    assert durations.left(fight, effect) == left
    fight, _ = turns.advance(fight, NEW, Random(1))
    assert fight.get("ben").effects[0] == effect  # nothing counts down
    if later:
        assert durations.left(fight, effect) == later


@pytest.mark.parametrize("n", [0, -3, 10**9])
def test_impossible_lengths_are_refused(n):
    with pytest.raises(InputError, match="no length of time"):
        put(fight_of(), "ben", duration=Duration("rounds", n))


def test_looking_back_neither_ends_nor_brings_back():
    fight = put(fight_of(), "ben", duration=Duration("turns", 1))
    for _ in range(2):
        fight, facts = turns.advance(fight, NEW, Random(1))
    assert facts[0].kind == "combat.condition.ended"
    for command in (turns.back, turns.advance, turns.back, turns.back, turns.advance):
        more = () if command is turns.back else (Random(1),)
        fight, facts = command(fight, NEW, *more)
        assert [fact.kind for fact in facts] == ["combat.turn"]


def test_an_effect_put_on_while_looking_back_ends_where_it_belongs():
    fight = fight_of(at="cid")
    fight, _ = turns.back(fight, NEW)
    fight = put(fight, "cid", duration=Duration("start-of-next-turn"))
    assert when_it_ends(fight) == ("start", 1, "cid")
    fight = turns.back(fight_of(at="cid"), NEW).fight
    fight = put(fight, "cid", source="ben", duration=Duration("end-of-source-turn"))
    assert when_it_ends(fight) == ("end", 1, "ben")


@pytest.mark.parametrize("why", ["leaves", "dies", "is moved", "waits"])
def test_an_effect_ends_although_the_one_it_is_anchored_to(why):
    fight = put(fight_of(), "cid", duration=Duration("end-of-next-turn", of="ben"))
    if why == "leaves":
        fight, _ = roster.leave(fight, NEW, "ben")
    elif why == "dies":
        fight, _ = hp.hit(fight, NEW, "ben", [Part(99)], Random(1))
    elif why == "is moved":
        fight, _ = order.place(fight, NEW, "ben", "after", "cid")
    else:
        fight, _ = turns.advance(fight, NEW, Random(1))
        fight, _ = turns.delay(fight, NEW, Random(1))
    gone = why in {"leaves", "dies"}
    assert when_it_ends(fight) == (("start", 2, "ann") if gone else ("end", 1, "ben"))


def test_an_effect_anchored_to_nobody_here_ends_with_the_time():
    fight = fight_of()
    assert durations.reached(fight, Due(fight.now, "ghost", "end"))
    assert not durations.reached(fight, Due(fight.now + 1, "ghost"))
    assert not durations.reached(fight, Due(fight.now, "ben", "end"))


def test_the_next_turn_of_a_late_comer_is_in_the_next_round():
    fight = fight_of(at="ben")
    fight, _ = roster.add(fight, NEW, Combatant("", "Late", hp=9, hp_max=9, initiative=18))
    fight = put(fight, "late", duration=Duration("end-of-next-turn"))
    assert when_it_ends(fight) == ("end", 2, "late")


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
        "Ben: hexed ends (replaced)", "Ben is hexed, 5 rounds"
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
    assert facts[0].prose == "Ben is immune: not charmed"
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
    assert facts[0].prose == "Ben: hexed ends (by hand)"
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
    assert facts[0].prose == "Ben: DC 15 WIS save against paralyzed"
    assert (facts[0].kind, facts[0].data["dc"]) == ("combat.prompt.repeat-save", 15)
    for _ in range(3):
        fight, _ = turns.advance(fight, NEW, Random(1))
    assert len(fight.prompts) == 1  # asked once, however long it takes
    failed, _ = saves.save(fight, NEW, "ben", Random(1), total=14)
    assert (failed.prompts, len(failed.get("ben").effects)) == ((), 1)
    saved, facts = saves.save(fight, NEW, "ben", Random(1))
    assert facts[-1].prose == "Ben: paralyzed ends (saved)"
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
    assert facts[-1].prose == "Ben takes 1d6 fire (burning)"
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
        "Ann: concentrating (Hold Person) ends (concentration is broken)",
        "Ben: paralyzed ends (with Hold Person)",
        "Cid: paralyzed ends (with Hold Person)",
    ]
    assert held(fight) == []


def test_damage_of_nothing_asks_for_nothing():
    assert hp.hit(holding(), NEW, "ann", [Part(0)], Random(1)).fight.prompts == ()


def test_concentration_ends_with_its_time_and_what_hangs_on_it_too():
    fight = holding()
    assert when_it_ends(fight) == ("start", 11, "ann")
    fight, _ = clock.pass_time(fight, NEW, 61)
    assert held(fight) == []


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
