"""Loads the language of the table: what is shipped for the systems asked for, and other packs.

A file of it is TOML. Everything in it is optional::

    systems = ["dnd5e", "5e"]        # what it is for; without it: for every game

    [abbreviations]                   # short = what it means; "; " between several meanings
    hp = "hit points"
    dmg = [                           # a collision: settled by the words near it
        { full = "damage" },
        { full = "Dungeon Master's Guide", near = "book page chapter", alone = 0.2 },
    ]
    con = [{ full = "constitution", near = "save check score", alone = 0.5, upper = true }]

    [concepts]                        # names as books print them = how players say it
    "Opportunity Attack; Attack of Opportunity" = "leave melee; free swing; run away ~.4"
    "Treant" = { says = "tree person; walking tree", related = "awakened tree", near = "monster" }

    [synonyms]
    same = ["foe; enemy; opponent"]   # two ways: each word for each other
    narrow = { weapon = "sword; axe" }   # one way: who asks for a weapon may mean a sword

    [splits]
    forms = ["hit points; dark vision"]  # written apart; the joined form goes to it

    [typos]
    concintration = "concentration"
    rouge = { right = "rogue", near = "class level sneak" }

    [antonyms]
    pairs = ["fire; cold"]

A phrase of ``says`` is one to five words that carry meaning, in any order; ``~.4`` behind it is
its weight (1 without). Words of ``near`` are compared by stem. The lists ``words.txt`` (a word, a
tab, its class from 1, rare, to 5) and ``protected.txt`` (a word a line) are the same for all.

Reading TOML takes longer than a whole search from the shell may, so what is shipped is also kept
compiled, with the stems of every phrase: ``python -m ttrpg_search.language`` writes it anew, and
a test says when that has to be done. Packs given in ``extra`` are read as they are, last.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from pathlib import Path

from ttrpg_search.language.model import Concept, Language, Meaning, Phrase, Typo
from ttrpg_search.language.reading import Rows, read

HOME = Path(__file__).parent
COMPILED = HOME / "compiled"
COMMON = "common"


def systems_known() -> Mapping[str, str]:
    """What a system may be called, and the file (without suffix) that is for it."""
    found: dict[str, str] = json.loads((COMPILED / "systems.json").read_text("utf-8"))
    return found


def load(systems: Collection[str], extra: Sequence[Path] = ()) -> Language:
    """The language for some systems; one that is unknown adds nothing to what is common.

    An edition counts as its game: "dnd5e-2014" is "dnd5e". ConfigError where a pack in
    ``extra`` is not well formed, with the file and the entry.
    """
    known = systems_known()
    files = [COMMON]
    for system in systems:
        name = _file(system.lower(), known)
        if name and name not in files:
            files.append(name)
    parts = [_shipped(name) for name in files]
    for path in extra:
        parts.append(read(path))
    return _language(parts)


def _file(system: str, known: Mapping[str, str]) -> str:
    while system:
        if system in known:
            return known[system]
        system = system.rpartition("-")[0]
    return ""


@cache
def _shipped(name: str) -> Rows:
    found: Rows = json.loads((COMPILED / f"{name}.json").read_text("utf-8"))
    return found


@cache
def _words() -> dict[str, int]:
    lines = (HOME / "words.txt").read_text("utf-8").splitlines()
    return {word: int(often) for word, _, often in (line.partition("\t") for line in lines)}


@cache
def _protected() -> frozenset[str]:
    return frozenset((HOME / "protected.txt").read_text("utf-8").split("\n")) - {""}


def _language(parts: Sequence[Rows]) -> Language:
    """The parts as one; a later abbreviation, split or typo takes the place of an earlier one."""
    abbreviations: dict[str, tuple[Meaning, ...]] = {}
    concepts: list[Concept] = []
    synonyms: dict[str, dict[str, float]] = {}
    splits: dict[str, str] = {}
    typos: dict[str, Typo] = {}
    antonyms: list[tuple[str, str]] = []
    for part in parts:
        for short, meanings in part["abbreviations"].items():
            abbreviations[short] = tuple(
                Meaning(full, weight, frozenset(near), alone, upper)
                for full, weight, near, alone, upper in meanings
            )
        for names, says, related, near in part["concepts"]:
            phrases = tuple(
                Phrase(text, tuple(stems.split()), weight) for text, stems, weight in says
            )
            concepts.append(Concept(tuple(names), phrases, tuple(related), frozenset(near)))
        for stems, ways in part["synonyms"].items():
            into = synonyms.setdefault(stems, {})
            for text, weight in ways:
                into[text] = max(weight, into.get(text, 0.0))
        splits.update(part["splits"])
        for wrong, (right, near) in part["typos"].items():
            typos[wrong] = Typo(right, frozenset(near))
        antonyms += [(one, other) for one, other in part["antonyms"]]
    return Language(
        abbreviations,
        tuple(concepts),
        {stems: tuple(ways.items()) for stems, ways in synonyms.items()},
        splits,
        typos,
        _protected(),
        _words(),
        tuple(dict.fromkeys(antonyms)),
    )
