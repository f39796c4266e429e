"""Spells and other powers: a line of level and school, labels below it, then what it does."""

import re

from ttrpg_core.documents import Fact
from ttrpg_ingest.chunks.found import Found

SCHOOLS = (
    "abjuration|conjuration|divination|enchantment|evocation|illusion|necromancy|transmutation|"
    "universal"
)
_RANKED = re.compile(
    rf"^\W*(?P<level>\d+)(?:st|nd|rd|th)[- ]level (?P<school>{SCHOOLS})\b(?P<rest>[^\n]*)",
    re.MULTILINE | re.IGNORECASE,
)
_CANTRIP = re.compile(
    rf"^\W*(?P<school>{SCHOOLS}) cantrip\b(?P<rest>[^\n]*)", re.MULTILINE | re.IGNORECASE
)
_LEVELLED = re.compile(
    rf"^\W*Level (?P<level>\d+) (?P<school>{SCHOOLS})\b(?P<rest>[^\n]*)",
    re.MULTILINE | re.IGNORECASE,
)
_OLDER = re.compile(
    rf"\bSchool:? (?P<school>{SCHOOLS})\b(?P<rest>[^;\n]*)[;\n]\s*Level:? (?P<classes>[^\n;]+)",
    re.IGNORECASE,
)
_SECOND = re.compile(r"\b(?:Spell|SPELL|Cantrip|CANTRIP|Focus|FOCUS) (?P<level>\d+)\b")
_CASTER = re.compile(
    r"\b(?P<classes>(?:Cleric|Magic[- ]User|Druid|Illusionist|Wizard|Elf|MU)\s*,?\s*"
    r"(?:Level\s*)?(?P<level>\d))\b",
    re.IGNORECASE,
)
_CLASSES = re.compile(r"\(([^)]{3,120})\)")
_LABELS = {
    "casting_time": re.compile(
        r"^\W*(?:Casting Time|Cast|Time)\b:?\s+([^\n]{1,160})", re.MULTILINE
    ),
    "range": re.compile(r"\bRange\b:?\s+([^\n]{1,80})"),
    "components": re.compile(r"^\W*Components?\b:?\s+([^\n]{1,240})", re.MULTILINE),
    "duration": re.compile(r"\bDuration\b:?\s+([^\n]{1,120})"),
    "area": re.compile(r"^\W*(?:Area|Effect)\b:?\s+([^\n]{1,120})", re.MULTILINE),
    "target": re.compile(r"^\W*Targets?\b:?\s+([^\n]{1,120})", re.MULTILINE),
    "save": re.compile(r"\bSaving Throw\b:?\s+([^\n;]{1,60})"),
    "traditions": re.compile(r"^\W*Traditions\b:?\s+([^\n]{1,80})", re.MULTILINE),
}
_NEXT = re.compile(
    r"\s*[;|]?\s+(?=(?:Casting Time|Range|Components?|Duration|Area|Targets?|Saving Throw)\b:?\s)"
)
LABELS = 2
"""Labels, such as a range, that must stand below a line of level and school."""
HINT = re.compile(r"\b(?:Range|Duration|Casting Time|Cast|Traditions)\b")


def detect(heading: str, head: str) -> Found | None:
    """A spell that begins with this plain text, under a heading that is its name."""
    if not HINT.search(head):
        return None
    top = head[:1200]
    labels = {
        name: _NEXT.split(" ".join(found[1].split()))[0].strip()
        for name, pattern in _LABELS.items()
        if (found := pattern.search(top))
    }
    near = top[:250]
    line = _RANKED.search(near) or _LEVELLED.search(near) or _CANTRIP.search(near)
    older = _OLDER.search(near) if line is None else None
    count = len(labels.keys() & {"casting_time", "range", "components", "duration"})
    if line is not None and count >= LABELS:
        said = _typed(line)
        sure = 1.0
    elif older is not None and count >= 1:
        said = {"school": older["school"].lower()} | _classes(older["classes"])
        sure = 0.95
    elif count >= 1 and "traditions" in labels and (second := _SECOND.search(heading + " " + near)):
        said, sure = {"level": int(second["level"])}, 0.9
    elif count >= LABELS and (caster := _CASTER.search(heading + "\n" + near)):
        said, sure = _classes(caster["classes"]), 0.8
    else:
        return None
    facts: dict[str, Fact] = {"name": heading, **said, **labels}
    if "duration" in labels and labels["duration"].lower().startswith("concentration"):
        facts["concentration"] = "yes"
    if "ritual" in (line["rest"] if line else "").lower() or (
        "ritual" in labels.get("casting_time", "").lower()
    ):
        facts["ritual"] = "yes"
    return Found("spell", sure, facts)


def _typed(line: re.Match[str]) -> dict[str, Fact]:
    said: dict[str, Fact] = {
        "level": int(line["level"]) if "level" in line.re.groupindex else 0,
        "school": line["school"].lower(),
    }
    told = _CLASSES.search(line["rest"])
    if told and told[1].lower() != "ritual":
        said["classes"] = tuple(each.strip().lower() for each in told[1].split(","))
    return said


def _classes(text: str) -> dict[str, Fact]:
    """Classes with a level each ("sorcerer/wizard 3, magus 3"); the least is the spell's."""
    pairs = re.findall(r"([a-z][a-z/ -]*?),?\s*(?:level\s*)?(\d)", text.lower())
    names = tuple(dict.fromkeys(name for words, _ in pairs for name in words.strip().split("/")))
    return {"level": min(int(level) for _, level in pairs), "classes": names} if pairs else {}
