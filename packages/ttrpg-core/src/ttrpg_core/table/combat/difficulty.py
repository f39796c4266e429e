"""How hard a fight will be, by the published rule of a system, which is named in the answer.

- 5e of 2014: Basic Rules (2014), "Building Combat Encounters". XP thresholds added up over the
  characters, each at its own level; the foes' XP times a multiplier for their number, a step
  higher for a party of one or two and lower for six or more.
- 5e of 2024: SRD 5.2.1, "Combat Encounter Difficulty". A budget of XP a character, no multiplier.
- Fate (no d20 in it): Fate Core SRD, "Playing the Opposition: Right-sizing" (Evil Hat, CC-BY 3.0).
  Not a sum but advice: numbers, peak skills and main characters on either side. In a fight, the
  level of a combatant is its peak skill, and its rating says what it is to the story.
"""

import functools
import math
import tomllib
from collections.abc import Sequence
from importlib import resources
from typing import Literal

import attrs

from ttrpg_core.convert import make_converter
from ttrpg_core.errors import InputError, NotFound
from ttrpg_core.table.combat.roster import FOES
from ttrpg_core.table.combat.rules import Rules
from ttrpg_core.table.combat.state import Combatant, Fight

HIGHEST = 20
PARTY_MAX = 100
Weight = Literal["nameless", "supporting", "main"]
_WEIGHTS: dict[str, Weight] = {"supporting": "supporting", "main": "main"}


@attrs.frozen
class Difficulty:
    """An answer: the band that is reached, its numbers, and the rule that they come from.

    ``value`` is compared with the numbers of ``bands``; ``xp`` is what the foes are worth.
    """

    rule: str
    verdict: str
    xp: int = 0
    value: int = 0
    bands: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = ()


@attrs.frozen
class Missing:
    """Of whom it has to be known how strong they are: ids of characters, of foes, of both."""

    levels: tuple[str, ...] = ()
    ratings: tuple[str, ...] = ()
    peaks: tuple[str, ...] = ()


@attrs.frozen
class FateFoe:
    """An opponent in Fate: the peak of its skills in this conflict, and what it is to the story."""

    peak: int
    weight: Weight = "nameless"


@attrs.frozen
class _Table:
    rule: str
    bands: tuple[str, ...]
    bands_are: Literal["thresholds", "budgets"]
    levels: tuple[tuple[int, ...], ...]
    multipliers: tuple[tuple[int, float], ...] = ()
    smallest: float = 1.0
    largest: float = 1.0
    crowd: int = 0


def by_xp(system: str, levels: Sequence[int], foes: Sequence[int]) -> Difficulty:
    """The difficulty for characters of these levels, of foes that are worth these XP each.

    Raises NotFound for a system without such a rule. For 5e of 2014, leave out foes far weaker than
    the rest, as the rule does for the multiplier.
    """
    table = _tables().get(system)
    if table is None:
        raise NotFound(
            f"there is no XP rule of difficulty for {system!r}",
            f"There are: {', '.join(_tables())}",
        )
    _check(levels, foes)
    limits = [
        sum(table.levels[level - 1][band] for level in levels) for band in range(len(table.bands))
    ]
    xp = sum(foes)
    times = _multiplier(table, len(levels), len(foes))
    value = math.floor(xp * times)
    notes = [f"{xp:,} XP times {times:g} for {len(foes)} foes"] if times != 1 else []
    if table.crowd and len(foes) > table.crowd * len(levels):
        notes.append(f"more than {table.crowd} foes a character: choose fragile ones")
    return Difficulty(
        rule=table.rule,
        verdict=_verdict(table, limits, value),
        xp=xp,
        value=value,
        bands=tuple(zip(table.bands, limits, strict=True)),
        notes=tuple(notes),
    )


def of_fight(fight: Fight, rules: Rules) -> Difficulty:
    """The difficulty of a fight for its players, as it stands: foes that left do not count."""
    players, foes = _sides(fight)
    levels = [each.level for each in players]
    if rules.difficulty == "right-sizing":
        return fate(levels, [FateFoe(each.level, _weight(each)) for each in foes])
    return by_xp(rules.name, levels, [rules.worth(each) for each in foes])


def missing(fight: Fight, rules: Rules) -> Missing | None:
    """What keeps the difficulty of a fight from being told; None where nothing does, or all.

    That is a level that is none, or a foe with neither a challenge rating nor experience; in Fate
    a peak skill. Where the rules tell no difficulty, or one side is not there yet, nothing is
    missing.
    """
    players, foes = _sides(fight)
    if not players or not foes:
        return None
    if rules.difficulty == "right-sizing":
        peaks = tuple(each.id for each in (*players, *foes) if not each.level)
        return Missing(peaks=peaks) if peaks else None
    if rules.name not in _tables():
        return None
    found = Missing(
        tuple(each.id for each in players if not 1 <= each.level <= HIGHEST),
        tuple(each.id for each in foes if each.xp is None and each.cr not in rules.xp),
    )
    return found if found.levels or found.ratings else None


def fate(peaks: Sequence[int], foes: Sequence[FateFoe]) -> Difficulty:
    """How the opposition compares with characters whose best skills in the conflict are ``peaks``.

    Heavy: it outnumbers them with skills as good as theirs, or has more than one main character.
    Light: it is fewer and no better, or alone without a peak two above the best of theirs.
    """
    if not peaks or not foes:
        raise InputError("difficulty needs characters and foes", "Give at least one of each")
    best, theirs = max(peaks), max(each.peak for each in foes)
    mains = sum(each.weight == "main" for each in foes)
    heavy, light = [], []
    if len(foes) > len(peaks) and theirs >= best:
        heavy.append("outnumbers the characters without having lower skills")
    if mains > 1:
        heavy.append(f"{mains} main characters: one a scene, but for the end of an arc")
    if len(foes) == 1 < len(peaks) and theirs < best + 2:
        light.append(f"alone against many it needs a peak of {best + 2:+d}, and has {theirs:+d}")
    elif len(foes) < len(peaks) and theirs <= best and len(foes) > 1:
        light.append("fewer than the characters, and no better")
    verdict = "heavy" if heavy else "light" if light else "right-sized"
    return Difficulty(
        rule="Fate Core SRD, Playing the Opposition: Right-sizing",
        verdict=verdict,
        notes=(*heavy, *light),
    )


def _sides(fight: Fight) -> tuple[list[Combatant], list[Combatant]]:
    """The players and their foes, of those who are here."""
    here = [each for each in fight.combatants if each.active and each.kind != "environment"]
    return (
        [each for each in here if each.kind == "player"],
        [each for each in here if each.side == FOES],
    )


def _weight(foe: Combatant) -> Weight:
    """What a foe is to the story; who was not said to be anybody has no name."""
    return _WEIGHTS.get(foe.cr.casefold(), "nameless")


def _verdict(table: _Table, limits: Sequence[int], value: int) -> str:
    """The band of a value: the last threshold reached, or the first budget that suffices."""
    if table.bands_are == "thresholds":
        reached = sum(value >= limit for limit in limits)
        return table.bands[reached - 1] if reached else f"below {table.bands[0]}"
    passed = sum(value > limit for limit in limits)
    return table.bands[passed] if passed < len(limits) else f"beyond {table.bands[-1]}"


def _multiplier(table: _Table, party: int, foes: int) -> float:
    if not table.multipliers or not foes:
        return 1.0
    scale = [table.smallest, *(times for _, times in table.multipliers), table.largest]
    step = sum(foes >= least for least, _ in table.multipliers)
    step += (party < 3) - (party > 5)  # noqa: PLR2004 - the rule's own party of three to five
    return scale[step]


def _check(levels: Sequence[int], foes: Sequence[int]) -> None:
    if not levels or not foes:
        raise InputError("difficulty needs characters and foes", "Give at least one of each")
    if len(levels) > PARTY_MAX:
        raise InputError(f"{len(levels)} characters are no party", f"At most {PARTY_MAX}")
    for level in levels:
        if not 1 <= level <= HIGHEST:
            raise InputError(f"there is no level {level}", f"Levels go from 1 to {HIGHEST}")
    if any(xp < 0 for xp in foes):
        raise InputError("a foe cannot be worth less than nothing", "Give 0 XP or more")


@functools.cache
def _tables() -> dict[str, _Table]:
    content = (resources.files("ttrpg_core.table.combat") / "difficulty.toml").read_text("utf-8")
    converter = make_converter(forbid_extra_keys=True)
    return {name: converter.structure(raw, _Table) for name, raw in tomllib.loads(content).items()}
