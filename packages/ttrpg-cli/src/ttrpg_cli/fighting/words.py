"""What is typed in a fight, as values: ``7 fire 3 piercing``, ``3 rounds``, ``con:12``."""

import random
import re
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, TypeVar

from ttrpg_core import text
from ttrpg_core.dice import roll
from ttrpg_core.errors import Ambiguous, InputError, NotFound
from ttrpg_core.table.combat.arithmetic import Part
from ttrpg_core.table.combat.rules import Rules
from ttrpg_core.table.combat.scene import Fact
from ttrpg_core.table.combat.state import (
    Duration,
    DurationKind,
    Recurring,
    RepeatSave,
    Trait,
    TraitKind,
)

T = TypeVar("T")

_NUMBER = re.compile(r"[0-9]{1,9}\Z")
_AMOUNT = re.compile(r"[0-9]|d[0-9%]")
_SIGNED = re.compile(r"([A-Za-z]+)=([+-]?[0-9]{1,4})\Z")
_SAVE = re.compile(r"([A-Za-z]+):([0-9]{1,3})(?::([a-z-]+))?\Z")
_USES = re.compile(r"(.+)=([0-9]{1,5})\Z")
_WHEN: tuple[Literal["turn-start", "turn-end", "damage", "action"], ...] = (
    "turn-end",
    "turn-start",
    "damage",
    "action",
)
"""When a save that ends an effect is due."""
_COUNTED: tuple[DurationKind, ...] = ("turns", "rounds", "minutes", "hours")
_KINDS: tuple[DurationKind, ...] = (
    "end-of-next-turn",
    "start-of-next-turn",
    "end-of-source-turn",
    "until-save",
    "until-removed",
    "until-short-rest",
    "until-long-rest",
    "permanent",
)
"""Lengths of time without a number, as they are typed with spaces."""


class Amount(NamedTuple):
    """A number, and the roll that it came from, empty when it was typed."""

    total: int
    rolled: str = ""


def number(word: str, what: str) -> int:
    """A whole number from 0."""
    if not _NUMBER.match(word):
        raise InputError(f"{word!r:.60} is no {what}", "Give a whole number")
    return int(word)


def amount(word: str, rng: random.Random) -> Amount:
    """A number, or dice that are rolled: ``7``, ``2d6+3``."""
    if _NUMBER.match(word):
        return Amount(int(word))
    if not _AMOUNT.match(word):
        raise InputError(f"{word!r:.60} is no amount", "Give a number or dice: 7, or 2d6+3")
    rolled = roll(word, rng)
    return Amount(max(int(rolled.total), 0), rolled.text)


def parts(words: Sequence[str], properties: Sequence[str], rng: random.Random) -> "Hit":
    """The damage of one hit: amounts, each with its type after it or without one."""
    found: list[Part] = []
    rolled: list[str] = []
    waiting: Amount | None = None
    for word in words:
        if _AMOUNT.match(word):
            if waiting is not None:
                found.append(Part(waiting.total, "", tuple(properties)))
            waiting = amount(word, rng)
            rolled += [waiting.rolled] if waiting.rolled else []
        elif waiting is None:
            raise InputError(
                f"{word!r:.60} has no amount before it", "Amount first, then type: 7 fire"
            )
        else:
            kind = text.name(word, "damage type").casefold()
            found.append(Part(waiting.total, kind, tuple(properties)))
            waiting = None
    if waiting is not None:
        found.append(Part(waiting.total, "", tuple(properties)))
    return Hit(tuple(found), tuple(rolled))


class Hit(NamedTuple):
    """The parts of a hit, and the rolls that they came from."""

    parts: tuple[Part, ...]
    rolled: tuple[str, ...]


def rolls(texts: Iterable[str]) -> tuple[Fact, ...]:
    """Rolls that were made here, for the history."""
    return tuple(Fact("combat.roll", "", f"rolled {each}") for each in texts if each)


def duration(words: Sequence[str], of: str = "") -> Duration:
    """A length of time: ``3 rounds``, ``end of next turn``, ``until long rest``, ``until TEXT``."""
    if not words:
        return Duration(of=of)
    if _NUMBER.match(words[0]):
        unit = " ".join(words[1:]) or "rounds"
        kind = _one_of(unit.casefold().removesuffix("s"), _COUNTED, "length of time")
        return Duration(kind, int(words[0]), of)
    said = " ".join(words)
    joined = text.slug(said.replace(" your ", " ").replace(" the ", " "))
    if joined in {"off", "end"}:
        raise InputError(f"{said!r:.60} stands last, and alone", "ttrpg cond WHO CONDITION off")
    try:
        return Duration(_one_of(joined, _KINDS, "length of time"), of=of)
    except NotFound:
        if words[0].casefold() != "until" or not words[1:]:
            raise InputError(
                f"{said!r:.60} is no length of time",
                "3 rounds, 10 minutes, end of next turn, until save, until long rest, permanent,"
                " or until and what ends it",
            ) from None
    return Duration("until-trigger", of=of, text=text.name(" ".join(words[1:]), "end"))


def trait(kind: TraitKind, word: str, law: Rules) -> Trait:
    """How damage is taken: ``fire``, ``all``, or ``slashing:magical,silvered`` for an exception."""
    if kind in {"threshold", "reduction"}:
        return Trait(kind, amount=number(word, kind))
    name, _, unless = word.partition(":")
    known = law.damage.types
    name = text.name(name, "damage type").casefold()
    if known and name != "all":
        name = text.match(name, [(each, each) for each in known], "damage type")
    return Trait(kind, name, unless=tuple(filter(None, unless.casefold().split(","))))


def ability(word: str) -> str:
    """An ability, by its first letters."""
    found = text.name(word, "ability").casefold()
    return found[:3]


def saves(words: Sequence[str]) -> dict[str, int]:
    """Bonuses to saves: ``dex=3``."""
    found = {}
    for word in words:
        match = _SIGNED.match(word)
        if not match:
            raise InputError(f"{word!r:.60} is no bonus to a save", "Ability and bonus: dex=3")
        found[ability(match[1])] = int(match[2])
    return found


def repeat_save(word: str) -> RepeatSave:
    """A save that ends an effect: ``con:12``, at the end of each turn, or ``con:12:turn-start``."""
    match = _SAVE.match(word)
    if not match:
        raise InputError(f"{word!r:.60} is no save", "Ability and DC: con:12, or con:12:turn-start")
    when = _one_of(match[3] or _WHEN[0], _WHEN, "moment of a save")
    return RepeatSave(ability(match[1]), int(match[2]), when)


def recurring(word: str, rng: random.Random, *, heals: bool = False) -> Recurring:
    """What comes at the start of each turn: ``1d6 fire``; at its end: ``end 1d6 fire``."""
    words = word.split()
    edge = words.pop(0) if words and words[0] in {"start", "end"} else "start"
    if not 1 <= len(words) <= 2:  # noqa: PLR2004 - dice and a type
        raise InputError(f"{word!r:.60} is no damage of each turn", "Dice and type: '1d6 fire'")
    amount(words[0], rng)  # so that it is known to be dice; rolled when it is due
    kind = text.name(words[1], "damage type").casefold() if words[1:] else ""
    return Recurring(words[0], kind, "end" if edge == "end" else "start", heals=heals)


def uses(word: str) -> tuple[str, int]:
    """Something with uses: ``Channel Divinity=2``."""
    match = _USES.match(word)
    if not match:
        raise InputError(f"{word!r:.60} says no uses", "Name and number: 'Second Wind=1'")
    return text.name(match[1], "name"), int(match[2])


def hp(word: str) -> tuple[int, int]:
    """Hit points and their maximum: ``12``, or ``5/12``."""
    left, slash, most = word.partition("/")
    found = number(left, "number of hit points")
    return found, number(most, "number of hit points") if slash else found


def _one_of(wanted: str, known: Sequence[T], what: str) -> T:
    found = text.match(wanted, [(str(each), str(each)) for each in known], what)
    return next(each for each in known if str(each) == found)


def one_of(wanted: str, known: Sequence[str]) -> str:
    """The one that a unique beginning means, else what was typed: the domain says what is wrong."""
    try:
        return text.match(wanted, [(each, each) for each in known], "")
    except (NotFound, Ambiguous):
        return wanted
