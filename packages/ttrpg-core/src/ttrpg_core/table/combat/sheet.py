"""What of a character lives on from fight to fight: its numbers, and what is on it.

A combatant is a sheet with a place in a fight. While a fight goes on it changes the sheet with
every step, so that a character has one number of hit points wherever it is looked at.
"""

from collections.abc import Mapping
from typing import Literal

import attrs

from ttrpg_core.table.combat.state import Combatant, Effect, Life, Prompt, Resource, Trait


@attrs.frozen
class Sheet:
    """The numbers of a character; each field but the last is as a :class:`Combatant` has it.

    ``owed`` are the rolls that are asked for; a fight that the character is in keeps them instead.
    """

    hp: int | None = None
    hp_max: int | None = None
    hp_max_lost: int = 0
    temp_hp: int = 0
    ac: int = 10
    initiative_bonus: int = 0
    score: int = 0
    traits: tuple[Trait, ...] = ()
    condition_immunities: tuple[str, ...] = ()
    resources: tuple[Resource, ...] = ()
    saves: Mapping[str, int] = attrs.field(factory=dict)
    effects: tuple[Effect, ...] = ()
    last_effect: int = 0
    life: Life = "up"
    successes: int = 0
    failures: int = 0
    at_zero: Literal["", "dying", "dead", "out"] = ""
    wakes_at: int | None = None
    owed: tuple[Prompt, ...] = ()


_FIELDS = tuple(each.name for each in attrs.fields(Sheet) if each.name != "owed")


def of(one: Combatant, owed: tuple[Prompt, ...] = ()) -> Sheet:
    """What of a combatant lives on."""
    return Sheet(**{name: getattr(one, name) for name in _FIELDS}, owed=owed)


def onto(sheet: Sheet, one: Combatant) -> Combatant:
    """The combatant with what is on the sheet."""
    return attrs.evolve(one, **{name: getattr(sheet, name) for name in _FIELDS})


def player(key: str, name: str, level: int, sheet: Sheet) -> Combatant:
    """The character of a player as it goes into a fight; it keeps its id there."""
    return onto(sheet, Combatant(key, name, "player", level=level, character=key))
