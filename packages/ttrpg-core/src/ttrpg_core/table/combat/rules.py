"""The rules of a fight as data, one TOML file a system and edition.

What differs between 5e of 2014, 5e of 2024 and a system without death saves is in
``systems/*.toml``: dice and ties of initiative, the order in which damage is changed, what 0 hit
points mean, saves, rests, conditions, experience. Code asks the data and never the system's name.
"""

import functools
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Literal

import attrs

from ttrpg_core import text
from ttrpg_core.convert import explain, make_converter
from ttrpg_core.errors import InputError, NotFound
from ttrpg_core.table.combat.state import Combatant, Trait

Stacking = Literal["highest", "latest", "stack", "extend", "none", "source"]
"""What a second one of a condition does.

``highest`` keeps the stronger, then the longer; ``latest`` the newer; ``stack`` adds levels;
``extend`` adds time; ``none`` keeps the first; ``source`` keeps one of each source.
"""
Tie = Literal["score", "players", "roll"]
DamageStep = Literal["immunity", "change", "reduction", "resistance", "vulnerability", "threshold"]


@attrs.frozen
class Initiative:
    """How turns are ordered; dice are without the bonus. ``side`` is what a whole side rolls."""

    dice: str = "1d20"
    advantage: str = "1d20adv"
    disadvantage: str = "1d20dis"
    side: str = ""
    first: Literal["highest", "lowest"] = "highest"
    ties: tuple[Tie, ...] = ("score", "players", "roll")
    lair: int = 20
    surprise: Literal["no-action", "disadvantage", "none"] = "none"


@attrs.frozen
class Damage:
    """The types that are known (any, when none are listed), and the order of the arithmetic."""

    types: tuple[str, ...] = ()
    steps: tuple[DamageStep, ...] = ("change", "reduction", "resistance", "vulnerability")


@attrs.frozen
class Zero:
    """What 0 hit points mean, by kind of combatant, and what falling brings with it."""

    kinds: Mapping[str, Literal["dying", "dead", "out"]] = attrs.field(factory=dict)
    conditions: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()
    massive: bool = False
    knocked_out_at: int = 0


@attrs.frozen
class DeathSaves:
    """Death saving throws; ``stable_hours`` is when a stable one wakes, as dice."""

    dice: str = "1d20"
    success: int = 10
    needed: int = 3
    stable_hours: str = "1d4"


@attrs.frozen
class Concentration:
    """The save that damage asks for; ``most`` is 0 where the DC has no cap."""

    ability: str = "con"
    least: int = 10
    most: int = 0


@attrs.frozen
class Rest:
    """What a rest gives back. ``dice`` is what one spent die heals at least, None for none spent.

    ``dice_back`` is the share of spent hit dice that return. Conditions that it ``eases`` lose a
    level, those that it ``ends`` are over.
    """

    seconds: int
    heals: Literal["nothing", "all"] = "nothing"
    dice: int | None = None
    dice_back: Literal["none", "half", "all"] = "none"
    max_hp: bool = False
    temp_hp: bool = False
    eases: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    needs_hp: bool = True


@attrs.frozen
class Level:
    """One level of a condition that has them."""

    text: str
    max_hp: Literal["", "half"] = ""
    stops_movement: bool = False
    kills: bool = False


@attrs.frozen
class Condition:
    """A condition: ``text`` is what it does, a line each, in our words.

    ``implies`` are conditions that come with it, ``immune`` those that cannot; ``traits`` is how
    damage is taken meanwhile.
    ``breaks_concentration``, ``stops_actions``, ``stops_movement`` and ``initiative`` are what the
    tracker has to know. One who ``stands_up`` from it does so as soon as there is time for it. One
    that is ``held`` ends when whoever holds its bearer can do nothing any more, or is gone.
    A ``secret`` one is not named to players.
    """

    id: str
    title: str
    text: tuple[str, ...] = ()
    implies: tuple[str, ...] = ()
    immune: tuple[str, ...] = ()
    traits: tuple[Trait, ...] = ()
    stacking: Stacking = "source"
    levels: tuple[Level, ...] = ()
    breaks_concentration: bool = False
    stops_actions: bool = False
    stops_movement: bool = False
    stands_up: bool = False
    held: bool = False
    initiative: Literal["", "advantage", "disadvantage"] = ""
    secret: bool = False


@attrs.frozen
class Rules:
    """The rules of one system and edition.

    ``xp`` is by challenge rating; where that is a word for what a foe is to the story, it is 0.
    ``difficulty`` is what tells how hard a fight will be.
    """

    name: str
    title: str
    source: str
    licence: str
    round_seconds: int = 6
    initiative: Initiative = Initiative()
    damage: Damage = Damage()
    zero: Zero = Zero()
    death: DeathSaves | None = None
    concentration: Concentration | None = None
    short_rest: Rest | None = None
    long_rest: Rest | None = None
    saves: str = "1d20"
    xp: Mapping[str, int] = attrs.field(factory=dict)
    difficulty: Literal["xp", "right-sizing"] = "xp"
    conditions: tuple[Condition, ...] = ()

    def condition(self, wanted: str) -> Condition:
        """The condition that a name or unique beginning means; Ambiguous or NotFound otherwise."""
        found = text.match(wanted, ((each.id, each.title) for each in self.conditions), "condition")
        return next(each for each in self.conditions if each.id == found)

    def known(self, condition: str) -> Condition:
        """The condition with this id; a bare one for what the rules do not name."""
        return next(
            (each for each in self.conditions if each.id == condition),
            Condition(condition, condition[:1].upper() + condition[1:]),
        )

    def called(self, condition: str) -> str:
        """What people call the condition with this id."""
        return self.known(condition).title

    def with_conditions(self, custom: Iterable[Condition]) -> "Rules":
        """The rules with the table's own conditions, which stand before the system's."""
        added = {each.id: each for each in custom}
        kept = tuple(each for each in self.conditions if each.id not in added)
        return attrs.evolve(self, conditions=(*added.values(), *kept))

    def at_zero(self, who: Combatant) -> Literal["dying", "dead", "out"]:
        """What 0 hit points mean for a combatant: its own answer, then that of its kind."""
        return who.at_zero or self.zero.kinds.get(who.kind, "out")

    def worth(self, who: Combatant) -> int:
        """The experience for a combatant: its own, then that of its challenge rating."""
        return self.xp.get(who.cr, 0) if who.xp is None else who.xp


def names() -> tuple[str, ...]:
    """The rules that come with the kernel."""
    folder = resources.files("ttrpg_core.table.combat") / "systems"
    return tuple(
        sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml"))
    )


@functools.cache
def load(name: str) -> Rules:
    """The rules of a system that comes with the kernel. NotFound names the others."""
    if name not in names():
        raise NotFound(f"there are no rules of combat {name!r}", text.nearest(name, names()))
    folder = resources.files("ttrpg_core.table.combat") / "systems"
    return read((folder / f"{name}.toml").read_text("utf-8"), f"{name}.toml")


def read(content: str, where: str) -> Rules:
    """Rules from TOML. InputError names the key of what is wrong."""
    try:
        return make_converter(forbid_extra_keys=True).structure(tomllib.loads(content), Rules)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{where}: not valid TOML: {error}", "Check its syntax") from error
    except Exception as error:
        raise InputError("; ".join(explain(error, where)), "Correct the file") from error
