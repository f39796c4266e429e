"""Any evening of play: nobody's turn is skipped or repeated, and nothing runs out twice."""

import json
import re
from collections import Counter
from random import Random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ttrpg_core.convert import make_converter
from ttrpg_core.errors import TtrpgError
from ttrpg_core.table.combat import (
    conditions,
    death,
    durations,
    effects,
    hp,
    order,
    resources,
    roster,
    rules,
    saves,
    scene,
    turns,
)
from ttrpg_core.table.combat.arithmetic import Part
from ttrpg_core.table.combat.state import (
    Combatant,
    Duration,
    Effect,
    Fight,
    Recurring,
    RepeatSave,
    Trait,
)

pytestmark = pytest.mark.long

PROFILE = settings(
    derandomize=True,
    deadline=None,
    max_examples=80,
    stateful_step_count=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
KINDS_OF_FACTS = set(re.findall(r"[\w.-]+", scene.__doc__))
CONVERTER = make_converter()
WHO = st.integers(0, 30)
MODES = ["each", "group", "side", "cards", "elective"]
KINDS = st.sampled_from(["player", "npc", "monster", "ally", "environment"])
STACKINGS = st.sampled_from([None, "highest", "latest", "stack", "extend", "none"])
DURATIONS = st.builds(
    Duration,
    st.sampled_from(
        ["turns", "rounds", "minutes", "hours", "end-of-next-turn", "start-of-next-turn",
         "end-of-source-turn", "until-save", "until-removed", "permanent", "until-trigger",
         "custom"]
    ),
    st.integers(1, 3),
)  # fmt: skip


class Evening(RuleBasedStateMachine):
    """A fight, and a model that knows only what was said: who began a turn, what ended."""

    @initialize(
        system=st.sampled_from(rules.names()),
        mode=st.sampled_from(MODES),
        reroll=st.booleans(),
        kinds=st.lists(KINDS, min_size=1, max_size=6),
        seed=st.integers(0, 99),
    )
    def begin(self, system, mode, reroll, kinds, seed):
        self.law, self.rng = rules.load(system), Random(seed)
        self.fight = roster.new("f", "Fight", self.law, clock=seed, mode=mode, reroll=reroll)
        self.taken, self.throughout = Counter(), set()
        self.applied, self.ended = {}, Counter()
        for kind in kinds:
            self.do(roster.add, self.made(kind))
        self.do(turns.start, self.rng)

    def made(self, kind):
        if kind == "environment":
            return Combatant("", "Lair", kind)
        return Combatant(
            "", "Goblin", kind, group="gang", hp=9, hp_max=9, score=self.rng.randint(8, 12),
            resources=(resources.recharge("Breath"), resources.legendary_actions()),
            traits=(Trait("resistance", "fire"),),
        )  # fmt: skip

    def do(self, command, *args, **more):
        """Run a command; what it refuses changes nothing. The model listens to the facts."""
        try:
            fight, facts = command(self.fight, self.law, *args, **more)
        except TtrpgError:
            return False
        self.fight = fight
        for fact in facts:
            data = fact.data
            assert json.loads(json.dumps(data)) == data
            assert fact.kind.removeprefix("combat.") in KINDS_OF_FACTS
            if fact.kind == "combat.round":
                self.check_round()
                self.taken, self.throughout = Counter(), self.acting()
            elif fact.kind == "combat.turn" and not data["again"]:
                self.taken[fact.who] += 1
            elif fact.kind == "combat.delay":
                self.taken[fact.who] -= 1
            elif fact.kind == "combat.condition.applied":
                self.applied[data["effect"]] = data["until"]
            elif fact.kind == "combat.condition.ended":
                self.ended[data["effect"]] += 1
                if data["why"] == "time is up" and self.applied[data["effect"]] is not None:
                    assert fight.now >= self.applied[data["effect"]]
        self.throughout &= self.acting()
        return True

    def acting(self):
        return {each.id for each in self.fight.combatants if each.acts}

    def check_round(self):
        assert all(times <= 1 for times in self.taken.values()), "somebody had two turns"
        for key in self.throughout & self.acting():
            assert self.taken[key] == 1, f"{key} was skipped"

    def pick(self, number):
        return self.fight.combatants[number % len(self.fight.combatants)].id

    @rule(who=WHO)
    def next(self, who):
        known = turns.choices(self.fight)
        if len(known) > 1:
            assert not self.do(turns.advance, self.rng)
        self.do(turns.advance, self.rng, known[who % len(known)] if known else "")

    @rule(who=WHO)
    def next_thrice(self, who):
        for _ in range(3):
            self.next(who)

    @rule()
    def back(self):
        self.do(turns.back)

    @precondition(lambda self: self.fight.at > 0)
    @rule()
    def back_and_next_is_nothing(self):
        before = self.fight
        self.fight, facts = turns.back(before, self.law)
        assert self.fight.at == before.at - 1
        self.fight, more = turns.advance(self.fight, self.law, self.rng)
        assert self.fight == before
        assert [fact.kind for fact in (*facts, *more)] == ["combat.turn"] * 2

    @rule(kind=KINDS, number=st.integers(1, 2))
    def join(self, kind, number):
        if len(self.fight.combatants) < 12:
            self.do(roster.add, self.made(kind), number, self.rng)

    @rule(who=WHO)
    def leave(self, who):
        self.do(roster.leave, self.pick(who))

    @rule(who=WHO)
    def come_back(self, who):
        self.do(roster.come_back, self.pick(who), self.rng)

    @rule(who=WHO, hidden=st.booleans())
    def hide(self, who, hidden):
        self.do(roster.hide, self.pick(who), hidden=hidden)

    @rule()
    def delay(self):
        self.do(turns.delay, self.rng)

    @rule(who=WHO)
    def step_in(self, who):
        self.do(turns.step_in, self.pick(who), self.rng)

    @rule(who=WHO, other=WHO, where=st.sampled_from(["before", "after"]))
    def reorder(self, who, other, where):
        self.do(order.place, self.pick(who), where, self.pick(other))

    @rule(who=WHO, value=st.integers(-5, 30), pin=st.booleans())
    def set_initiative(self, who, value, pin):
        self.do(order.set_initiative, self.pick(who), value, pin=pin)

    @rule(who=WHO, amount=st.integers(0, 20), critical=st.booleans(), out=st.booleans())
    def hit(self, who, amount, critical, out):
        more = {"critical": critical, "knock_out": out, "source": self.pick(who + 1)}
        self.do(hp.hit, self.pick(who), [Part(amount, "fire")], self.rng, **more)

    @rule(who=WHO, amount=st.integers(0, 20))
    def heal(self, who, amount):
        self.do(hp.heal, self.pick(who), amount)
        self.do(hp.grant_temporary, self.pick(who + 1), amount)

    @rule(who=WHO, amount=st.integers(-5, 5))
    def lower_maximum(self, who, amount):
        self.do(hp.lose_max, self.pick(who), amount)

    @rule(who=WHO)
    def death_save(self, who):
        self.do(death.death_save, self.pick(who), self.rng)

    @rule(who=WHO, source=WHO, lasts=DURATIONS, of=st.booleans(), save=st.booleans(),
          condition=st.sampled_from(["prone", "stunned", "hexed", "exhaustion"]),
          stacking=STACKINGS, link=st.booleans())  # fmt: skip
    def apply(self, who, source, lasts, of, save, condition, stacking, link):
        if of:
            lasts = Duration(lasts.kind, lasts.n, self.pick(source))
        there = [each.id for one in self.fight.combatants for each in one.effects]
        effect = Effect(
            "", condition, source=self.pick(source), duration=lasts,
            save=RepeatSave() if save else None, recurring=Recurring("1d6", "fire"),
            linked_to=there[-1] if link and there else "",
        )  # fmt: skip
        self.do(effects.apply, self.pick(who), effect, stacking)

    @rule(who=WHO, other=WHO, lasts=DURATIONS)
    def concentrate(self, who, other, lasts):
        if self.do(saves.concentrate, self.pick(who), "Hold", lasts):
            held = conditions.concentration(self.fight.get(self.pick(who)))
            if held:
                effect = Effect("", "paralyzed", source=self.pick(who), linked_to=held.id)
                self.do(effects.apply, self.pick(other), effect)

    @rule(who=WHO)
    def save(self, who):
        self.do(saves.save, self.pick(who), self.rng)

    @rule(who=WHO)
    def remove(self, who):
        here = self.fight.get(self.pick(who)).effects
        if here:
            self.do(effects.remove, self.pick(who), here[0].id)

    @invariant()
    def hit_points_are_within_bounds(self):
        for one in self.fight.combatants:
            most = conditions.max_hp(one, self.law)
            if one.hp is not None:
                assert 0 <= one.hp <= most <= one.hp_max
                assert one.life == "up" or one.hp == 0
                assert one.hp > 0 or one.life != "up" or not most
            assert one.temp_hp >= 0
            assert one.successes < 3
            assert one.failures < 3 or one.life == "dead"
            for each in one.resources:
                assert 0 <= each.left <= each.most

    @invariant()
    def everybody_has_one_place(self):
        assert sorted(self.fight.order) == sorted(each.id for each in self.fight.combatants)
        assert 0 <= self.fight.at < len(self.fight.turns)
        numbers = [turn.round for turn in self.fight.turns]
        assert numbers == sorted(numbers)

    @invariant()
    def what_is_due_has_ended_and_once(self):
        assert all(times == 1 for times in self.ended.values())
        for one in self.fight.combatants:
            for each in one.effects:
                assert each.due is None or not durations.reached(self.fight, each.due)
                assert not self.ended[each.id]

    @invariant()
    def linked_effects_have_what_they_hang_on(self):
        held = {e.id for c in self.fight.combatants for e in c.effects}
        for one in self.fight.combatants:
            for each in one.effects:
                assert not each.linked_to or each.linked_to in held
            assert sum(e.condition == "concentrating" for e in one.effects) <= 1
            if one.life == "dead":
                assert conditions.concentration(one) is None

    @invariant()
    def what_is_asked_can_be_answered(self):
        for each in self.fight.prompts:
            one = self.fight.get(each.who)
            if each.kind == "death-save":
                assert one.life == "dying"
            else:
                assert each.effect in {effect.id for effect in one.effects}

    @invariant()
    def it_is_the_same_after_being_stored(self):
        stored = json.dumps(CONVERTER.unstructure(self.fight))
        assert CONVERTER.structure(json.loads(stored), Fight) == self.fight


TestEvening = Evening.TestCase
TestEvening.settings = PROFILE

NUMBERS = {"who": 31, "other": 31, "source": 31, "amount": 21}
CHOICES = {
    "where": ["before", "after"],
    "kind": ["player", "npc", "monster", "ally", "environment"],
    "number": [1, 2],
    "value": [-5, 0, 10, 15, 30],
    "condition": ["prone", "stunned", "hexed", "exhaustion"],
    "stacking": [None, "highest", "latest", "stack", "extend", "none"],
    "lasts": [
        Duration("turns", 2), Duration("rounds", 1), Duration("minutes", 1), Duration("until-save"),
        Duration("end-of-next-turn"), Duration("start-of-next-turn"),
        Duration("end-of-source-turn"), Duration("until-removed"),
    ],
}  # fmt: skip
MOVES = {
    "next": "who", "next_thrice": "who", "back": "", "delay": "",
    "join": "kind number", "leave": "who",
    "come_back": "who", "hide": "who hidden", "step_in": "who", "reorder": "who other where",
    "set_initiative": "who value pin", "hit": "who amount critical out", "heal": "who amount",
    "lower_maximum": "who amount", "death_save": "who", "concentrate": "who other lasts",
    "apply": "who source lasts of save condition stacking link", "save": "who", "remove": "who",
}  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_long_evenings_by_chance(seed):
    """The same model over many more commands than a search has time for."""
    rng = Random(seed)

    def drawn(name):
        if name in NUMBERS:
            return rng.randrange(NUMBERS[name])
        return rng.choice(CHOICES.get(name, [False, True]))

    for _ in range(20):
        evening = Evening()
        kinds = [drawn("kind") for _ in range(rng.randint(1, 6))]
        system, mode = rng.choice(rules.names()), rng.choice(MODES)
        evening.begin(system=system, mode=mode, reroll=drawn(""), kinds=kinds, seed=seed)
        for _ in range(80):
            move = rng.choice([*MOVES, "next", "next", "next", "back"])
            getattr(evening, move)(**{name: drawn(name) for name in MOVES[move].split()})
            if evening.fight.at > 0:
                evening.back_and_next_is_nothing()
            evening.hit_points_are_within_bounds()
            evening.everybody_has_one_place()
            evening.what_is_due_has_ended_and_once()
            evening.linked_effects_have_what_they_hang_on()
            evening.what_is_asked_can_be_answered()
        evening.it_is_the_same_after_being_stored()
