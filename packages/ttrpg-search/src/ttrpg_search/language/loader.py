"""Loads the language of the table: what is shipped for the systems asked for, and other packs.

A file of it is TOML. Everything in it is optional::

    systems = ["dnd5e", "5e"]        # what it is for; without it: for every game
    base = "osr"                      # a game whose language holds here too, where not said anew

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

    [kinds]
    beast = "sheep; frog"             # what describes a beast, describes them; not looked up

    [splits]
    forms = ["hit points; dark vision"]  # written apart; the joined form goes to it

    [typos]
    concintration = "concentration"
    rouge = { right = "rogue", near = "class level sneak" }

    [antonyms]
    pairs = ["fire; cold"]            # single words: who asks for one does not mean the other

A phrase of ``says`` is one to five words that carry meaning, in any order; ``~.4`` behind it is
its weight (1 without). Words of ``near`` are compared by stem. The lists ``words.txt`` (five lines,
from rare words to those that are everywhere) and ``protected.txt`` are the same for all.

Reading TOML takes longer than a whole search from the shell may, so what is shipped is also kept
compiled, with the stems of every phrase: ``python -m ttrpg_search.language`` writes it anew, and
a test says when that has to be done. Nothing of it is made before a question asks for it.
Packs given in ``extra`` are read as they are, last.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from ttrpg_core.errors import ConfigError
from ttrpg_search.language.model import Language, Meaning, Typo
from ttrpg_search.language.packed import Part, unpacked
from ttrpg_search.language.parts import Concepts, Index, Late, OnDemand

if TYPE_CHECKING:
    from ttrpg_search.language.reading import Rows

HOME = Path(__file__).parent
COMPILED = HOME / "compiled"
COMMON = "common"


def systems_known() -> Mapping[str, str]:
    """What a system may be called, and the file (without suffix) that is for it."""
    found: dict[str, str] = json.loads((COMPILED / "systems.json").read_text("utf-8"))
    return found


def load(systems: Collection[str], extra: Sequence[Path] = ()) -> Language:
    """The language for some systems; one that is unknown adds nothing to what is common.

    An edition counts as its game: "dnd5e-2014" is "dnd5e". A pack in ``extra`` is read where it
    is for one of the systems, or for every game; one that is not well formed is left aside, and
    said in ``problems`` with the file and the entry.
    """
    known = systems_known()
    files = [COMMON]
    for system in systems:
        name = _file(system.lower(), known)
        files += [each for each in (_base(name, known), name) if each and each not in files]
    parts = [_shipped(name) for name in files]
    packs, problems = _packs(systems, extra) if extra else ([], ())
    return _language([*parts, *packs], problems)


def _packs(systems: Collection[str], paths: Sequence[Path]) -> "tuple[list[Rows], tuple[str, ...]]":
    from ttrpg_search.language.reading import read

    found, problems = [], []
    for path in paths:
        try:
            rows = read(path)
        except ConfigError as error:
            problems.append(str(error))
            continue
        meant = dict.fromkeys(rows["systems"], "it")
        if not meant or any(_file(system.lower(), meant) for system in systems):
            found.append(rows)
    return found, tuple(problems)


def _base(name: str, known: Mapping[str, str]) -> str:
    return _file(_shipped(name)["base"], known) if name else ""


def _file(system: str, known: Mapping[str, str]) -> str:
    while system:
        if system in known:
            return known[system]
        system = system.rpartition("-")[0]
    return ""


@cache
def _shipped(name: str) -> Part:
    return unpacked((COMPILED / f"{name}.jsonl").read_text("utf-8"))


def _language(parts: "Sequence[Part | Rows]", problems: tuple[str, ...]) -> Language:
    """The parts as one; a later abbreviation, split or typo takes the place of an earlier one."""
    return Language(
        OnDemand([part["abbreviations"] for part in parts], _meanings),
        Concepts([part["concepts"] for part in parts]),
        OnDemand([part["synonyms"] for part in parts], _ways),
        OnDemand([part["kinds"] for part in parts], _every),
        OnDemand([part["splits"] for part in parts], _last),
        OnDemand([part["typos"] for part in parts], _typo),
        _protected(),
        WORDS,
        tuple(dict.fromkeys((one, two) for part in parts for one, two in part["antonyms"])),
        Index(
            [part["index"] for part in parts],
            list(accumulate((len(part["concepts"]) for part in parts[:-1]), initial=0)),
        ),
        problems,
    )


def _meanings(
    rows: Sequence[list[tuple[str, float, list[str], float, bool]]],
) -> tuple[Meaning, ...]:
    return tuple(
        Meaning(full, weight, frozenset(near), alone, upper)
        for full, weight, near, alone, upper in rows[-1]
    )


def _ways(rows: Sequence[list[tuple[str, float]]]) -> tuple[tuple[str, float], ...]:
    found: dict[str, float] = {}
    for text, weight in (way for row in rows for way in row):
        found[text] = max(weight, found.get(text, 0.0))
    return tuple(found.items())


def _every(rows: Sequence[list[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(kind for row in rows for kind in row))


def _last(rows: Sequence[str]) -> str:
    return rows[-1]


def _typo(rows: Sequence[tuple[str, list[str]]]) -> Typo:
    right, near = rows[-1]
    return Typo(right, frozenset(near))


@cache
def _protected() -> frozenset[str]:
    return frozenset((HOME / "protected.txt").read_text("utf-8").split())


def _read_words() -> dict[str, int]:
    lines = (HOME / "words.txt").read_text("utf-8").splitlines()
    return {word: often for often, line in enumerate(lines, 1) for word in line.split()}


WORDS: Mapping[str, int] = Late(_read_words)
"""English, read when a question has a word that is in no book."""
