"""Class features: what a class learns at a level, told by its text and by where it stands."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from ttrpg_ingest.chunks.found import Found, plain
from ttrpg_ingest.chunks.pieces import Group

_HEADED = re.compile(r"\ALevel (\d+): (\S.*)", re.IGNORECASE)
_BRACKETED = re.compile(r"\b(\d+)(?:st|nd|rd|th)[- ]level\b[^.\n]{0,40}\bfeature\b", re.IGNORECASE)
_LEARNT = re.compile(
    r"\b(?:at|starting at|beginning at|by the time you reach|(?:when|once|after) you (?:reach|gain|"
    r"choose|attain)[^.]{0,60}? at|reach|from|until|when you reach)\s+(?:the\s+)?"
    r"(\d+)(?:st|nd|rd|th)[- ]level\b",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"\b(?:class features?|archetypes?|subclass(?:es)?|class(?:es)?|paths? of|path of the|college|"
    r"domain|circle|oath|patron|pact|bloodline|origin|tradition|school of|way of|talents)\b",
    re.IGNORECASE,
)
_CLASSES = (
    "barbarian bard cleric druid fighter monk paladin ranger rogue sorcerer warlock wizard "
    "alchemist inquisitor magus oracle summoner witch swashbuckler investigator thief assassin "
    "illusionist necromancer artificer psion kineticist envoy mechanic operative solarian "
    "technomancer soldier mystic"
)
CLASSES = frozenset(_CLASSES.split())
"""Names of classes that many games share, in lower case."""
_NEAR = 420
_ROW = re.compile(
    r"^[ \t|*]*+(\d{1,2})(?:st|nd|rd|th)?[\s|*]+(?:[+\u2212-]\d+[^\s|*]*[\s|*]+)+([^\W\d][^\n]*)",
    re.MULTILINE,
)
_NO_FEATURE = re.compile(
    r"\A(?:class features?|hit points|hit dice|proficienc\w+|(?:starting )?equipment|quick build|"
    r"creating an? .*|.* subclass(?:es)?|multiclassing.*|.* spell list)\Z",
    re.IGNORECASE,
)
Taught: TypeAlias = Mapping[str, Mapping[str, int]]
"""For each class, the features of its table with their levels; all in lower case."""


def taught(groups: Iterable[Group]) -> Taught:
    """What the tables of the classes teach: rows such as "| 3rd | +2 | Sneak Attack, ... |"."""
    found: dict[str, dict[str, int]] = {}
    for group in groups:
        owner = _owner_of(group.path)
        if not owner:
            continue
        for piece in group.pieces:
            if "+" not in piece.text or "1" not in piece.text:
                continue
            for row in _ROW.finditer(plain(piece.text)):
                for name in re.split(r"[,|]", row[2]):
                    key = re.sub(r"\s*(?:\(.*|\d.*|\Z)", "", name.strip().lower())
                    if key:
                        found.setdefault(owner, {}).setdefault(key, int(row[1]))
    return found


def detect(group: Group, head: str, known: Taught) -> Found | None:
    """A class feature with this plain text, at this place in the book."""
    heading, above = group.heading, group.path[:-1]
    owner = _owner_of(above)
    if _NO_FEATURE.match(heading) or not (owner or any(_PLACE.search(each) for each in above)):
        return None
    headed = _HEADED.match(heading)
    near = head[:_NEAR]
    learnt = _BRACKETED.search(near) or _LEARNT.search(near)
    listed = known.get(owner, {}).get(heading.lower())
    if headed:
        said: dict[str, str | int] = {"name": headed[2], "level": int(headed[1])}
        sure = 0.95
    elif listed is not None:
        said, sure = {"name": heading, "level": listed}, 0.9
    elif learnt:
        said, sure = {"name": heading, "level": int(learnt[1])}, 0.8
    else:
        return None
    if owner:
        said["class"] = owner
    return Found("class_feature", sure, said)


def _owner_of(path: Sequence[str]) -> str:
    """The class that one of the headings names, "" when none does."""
    return next((name for each in path if (name := _owner(each)) in CLASSES), "")


def _owner(heading: str) -> str:
    """The class that a heading names: "Wizard", "The Wizard", "Wizard Class Features"."""
    text = re.sub(r"\A(?:the|class:?)\s+", "", heading.strip().lower())
    return re.sub(r"\s+(?:class )?(?:features?|class|traits|subclasses)\Z", "", text)
