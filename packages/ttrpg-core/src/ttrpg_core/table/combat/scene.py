"""What a command answers, and the scratch paper on which it works it out.

Kinds of facts, all after ``combat.``:

- the fight: start round turn time end statistics xp, joined edited left returned hidden revealed
  surprised
- turns: initiative order delay ready ready.lapsed released
- hit points: damage bloodied healing temporary hp max-hp
- at 0: dying death-save stable knocked-out out up death
- effects: condition.applied condition.kept condition.immune condition.level condition.ended save
- uses: resource.used resource.back resource.spent resource.given
- rests: rest
- what is asked: prompt.concentration prompt.repeat-save prompt.death-save (kept until they are
  answered or dismissed), prompt.resource prompt.recurring prompt.surprised prompt.loot (said once)
"""

import random
from collections.abc import Mapping
from typing import NamedTuple

import attrs

from ttrpg_core.dice import roll
from ttrpg_core.errors import InputError
from ttrpg_core.table.combat.rules import Rules
from ttrpg_core.table.combat.state import Combatant, Fight, Prompt, Turn

Json = bool | int | str | list[str] | list[int] | dict[str, int] | None
"""What stands in the facts: plain JSON."""


@attrs.frozen
class Fact:
    """One thing that happened, for the journal: what kind, to whom, and a line of prose.

    ``kind`` begins with ``combat.``; those of ``combat.prompt.`` ask for something. ``secret`` is
    True when it speaks of somebody whom the players do not see.
    """

    kind: str
    who: str
    prose: str
    data: Mapping[str, Json] = attrs.field(factory=dict)
    secret: bool = False


class Outcome(NamedTuple):
    """The fight after a command, and what happened, in order."""

    fight: Fight
    facts: tuple[Fact, ...]


class Scene:
    """A fight while one command changes it, with the facts so far.

    It never leaves the command: what goes in and out of the domain are values.
    """

    def __init__(self, fight: Fight, rules: Rules, rng: random.Random | None = None) -> None:
        if fight.status == "ended":
            raise InputError("the fight is over", "Start another, or undo its end")
        self.fight = fight
        self.rules = rules
        self._rng = rng
        self._facts: list[Fact] = []

    def outcome(self) -> Outcome:
        """What the command answers."""
        return Outcome(self.fight, tuple(self._facts))

    def say(self, kind: str, who: str, prose: str, **data: Json) -> None:
        """Note what happened."""
        named: set[Json] = {who}
        for value in data.values():
            named.update(value if isinstance(value, list) else [value])
        secret = any(each.hidden and each.id in named for each in self.fight.combatants)
        self._facts.append(Fact(f"combat.{kind}", who, prose, data, secret))

    def roll(self, dice: str) -> int:
        """The total of dice, which are rolled."""
        return int(roll(dice, self.rng).total)

    @property
    def rng(self) -> random.Random:
        """The source of chance, for a command that was given one."""
        if self._rng is None:
            msg = "this command rolls dice, and was given no random.Random"
            raise ValueError(msg)
        return self._rng

    def get(self, who: str) -> Combatant:
        """A combatant as it is by now."""
        return self.fight.get(who)

    def name(self, who: str) -> str:
        """What people call a combatant, or whatever else had this id."""
        return self.fight.get(who).name if self.fight.has(who) else who

    def put(self, changed: Combatant) -> Combatant:
        """Replace a combatant."""
        self.fight = attrs.evolve(
            self.fight,
            combatants=tuple(
                changed if each.id == changed.id else each for each in self.fight.combatants
            ),
        )
        return changed

    def ask(self, prompt: Prompt, prose: str) -> None:
        """Ask for a roll, and keep it until it is answered."""
        prompt = self.keep(prompt)
        self.say(
            f"prompt.{prompt.kind}", prompt.who, prose,
            number=prompt.number, effect=prompt.effect, ability=prompt.ability, dc=prompt.dc,
        )  # fmt: skip

    def keep(self, prompt: Prompt) -> Prompt:
        """Keep a prompt as it is now; one without a number gets its own."""
        kept = [each for each in self.fight.prompts if each.number != prompt.number]
        last = self.fight.last_prompt
        if not prompt.number:
            last += 1
            prompt = attrs.evolve(prompt, number=last)
        kept = sorted([*kept, prompt], key=lambda each: each.number)
        self.fight = attrs.evolve(self.fight, prompts=tuple(kept), last_prompt=last)
        return prompt

    def drop_prompts(self, who: str, kind: str = "", effect: str = "") -> None:
        """Take back what somebody owed: of one kind, of one effect, or all of it."""
        self.fight = attrs.evolve(
            self.fight,
            prompts=tuple(
                each
                for each in self.fight.prompts
                if each.who != who
                or (kind and each.kind != kind)
                or (effect and each.effect != effect)
            ),
        )

    def answered(self, number: int) -> None:
        """Take a prompt off the list."""
        self.fight = attrs.evolve(
            self.fight, prompts=tuple(p for p in self.fight.prompts if p.number != number)
        )

    def turns(self, turns: tuple[Turn, ...], at: int) -> None:
        """Move to a turn."""
        self.fight = attrs.evolve(self.fight, turns=turns, at=at)


def count(number: int, thing: str) -> str:
    """``1 round``, ``2 rounds``."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
