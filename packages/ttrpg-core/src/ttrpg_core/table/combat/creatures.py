"""The creatures of a system as they go into a fight, from ``systems/*.creatures.tsv``.

Numbers alone, of the System Reference Documents 5.1 and 5.2 by Wizards of the Coast LLC (CC-BY-4.0;
each file says so in its head). A file is read when somebody asks for a creature, not before. What
a number cannot say, such as another armor class in another form, is in the creature's ``note``.
"""

import csv
import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources as files
from types import MappingProxyType

import attrs

from ttrpg_core.table.combat import resources
from ttrpg_core.table.combat.state import Combatant, Resource, Trait, TraitKind

SOURCES: Mapping[str, str] = MappingProxyType(
    {"dnd5e-2014": "SRD 5.1", "dnd5e-2024": "SRD 5.2"},
)
"""Where the creatures of each system that has some are from; editions are never mixed."""
_TRAITS: Mapping[str, TraitKind] = {
    "resist": "resistance", "vulnerable": "vulnerability", "immune": "immunity",
}  # fmt: skip
_PLURALS = (
    (r"man$", "men"), (r"(f|fe)$", "ves"), (r"us$", "i"), (r"mouse$", "mice"),
    (r"([^aeiou])y$", r"\1ies"), (r"(s|x|z|ch|sh)$", r"\1es"), (r"$", "s"),
)  # fmt: skip
"""How the end of a name may change in the plural; whatever is not another's name will do."""


@attrs.frozen
class Creature:
    """A creature: ``made`` is it in a fight with average hit points, ``dice`` are its hit dice."""

    name: str
    also: tuple[str, ...]
    dice: str
    made: Combatant
    source: str
    note: str = ""

    def summary(self, made: Combatant, rolled: str = "") -> str:
        """What it brings as it was made, in a line: ``Goblin, SRD 5.1: AC 15, HP 7 (2d6)``."""
        hp = f"{rolled} rolled" if rolled else f"{made.hp} ({self.dice})"
        return f"{self.name}, {self.source}: AC {made.ac}, HP {hp}"


@functools.cache
def load(system: str) -> tuple[Creature, ...]:
    """The creatures of a system, by name; none for one that has no such list."""
    source = SOURCES.get(system)
    if source is None:
        return ()
    folder = files.files("ttrpg_core.table.combat") / "systems"
    lines = (folder / f"{system}.creatures.tsv").read_text("utf-8").splitlines()
    rows = csv.DictReader(
        (each for each in lines if not each.startswith("#")),
        delimiter="\t",
        quoting=csv.QUOTE_NONE,
    )
    return tuple(_creature(each, source) for each in rows)


def find(system: str, name: str) -> Creature | None:
    """The creature with this name, in the singular or plural, whatever the case."""
    return _names(system).get(_folded(name))


def named_like(system: str, name: str) -> list[str]:
    """The names of creatures that have this word, in the singular or plural, among theirs."""
    folded = _folded(name)
    return [
        each.name
        for each in load(system)
        if folded in {form for word in each.name.split() for form in _forms(_folded(word))}
    ]


@functools.cache
def _names(system: str) -> Mapping[str, Creature]:
    """Names, then plurals that are nobody's name."""
    known = {_folded(name): each for each in load(system) for name in (each.name, *each.also)}
    for name, each in list(known.items()):
        for form in _forms(name):
            known.setdefault(form, each)
    return known


def _forms(name: str) -> Iterator[str]:
    """A name and its plurals; of "swarm of rats" the first word changes."""
    yield name
    head, of, rest = name.partition(" of ")
    for end, plural in _PLURALS:
        if re.search(end, head):
            yield re.sub(end, plural, head, count=1) + of + rest


def _folded(name: str) -> str:
    """A name without case and apostrophes, its hyphens as spaces: as ids of it are typed too."""
    return " ".join(
        re.sub("['\N{RIGHT SINGLE QUOTATION MARK}]", "", name.casefold()).replace("-", " ").split()
    )


def _creature(row: Mapping[str, str], source: str) -> Creature:
    made = Combatant(
        id="",
        name=row["name"],
        hp=int(row["hp"]),
        hp_max=int(row["hp"]),
        ac=int(row["ac"]),
        initiative_bonus=int(row["initiative"]),
        score=int(row["score"]),
        saves={name: int(bonus) for name, bonus in _pairs(row["saves"].split())},
        traits=tuple(_traits(row)),
        condition_immunities=tuple(row["not"].split()),
        resources=tuple(_resources(row)),
        cr=row["cr"],
        xp=int(row["xp"]) if row["xp"] else None,
    )
    also = tuple(filter(None, row["also"].split("|")))
    return Creature(row["name"], also, row["dice"], made, source, row["note"])


def _traits(row: Mapping[str, str]) -> Iterator[Trait]:
    for column, kind in _TRAITS.items():
        for word in row[column].split():
            name, _, unless = word.partition(":")
            yield Trait(kind, name, unless=tuple(filter(None, unless.split(","))))


def _resources(row: Mapping[str, str]) -> Iterator[Resource]:
    if row["legendary"]:
        yield resources.legendary_actions(int(row["legendary"]))
    if row["resistances"]:
        yield resources.legendary_resistance(int(row["resistances"]))
    for column, make in (
        ("recharge", resources.recharge),
        ("day", resources.per_day),
        ("rest", resources.per_rest),
    ):
        for name, number in _pairs(filter(None, row[column].split("; "))):
            yield make(name, int(number))


def _pairs(words: Iterable[str]) -> Iterator[tuple[str, str]]:
    for each in words:
        name, _, number = each.rpartition("=")
        yield name, number
