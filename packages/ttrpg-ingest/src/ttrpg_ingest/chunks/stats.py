"""Stat blocks: which form an entry has, the facts in it, and the sub-headings that belong to it."""

import re
from collections.abc import Iterator

from ttrpg_core.documents import Fact
from ttrpg_ingest.chunks.found import LEAST, Found, number, plain
from ttrpg_ingest.chunks.pieces import Group, Piece
from ttrpg_ingest.chunks.stat_forms import FORMS, HINT, SIZES, TYPE_LINE, Form

INLINE = 600
"""Characters of a paragraph within which a stat block without a heading is told."""
SCORES = 3
"""Fewer pairs of an ability and a number are no scores."""
NAME_WORDS = 6
"""A longer line above a block is no name."""
_PARTS = re.compile(
    r"(?:(?:legendary|lair|mythic|bonus|free|villain|regional|minion|special|other|basic|"
    r"offensive|defensive|interaction|proactive|reactive|melee|ranged|close|nastier|triggered)\s+)?"
    r"(?:actions?|reactions?|traits?|effects?|specials?|attacks?|abilities|ability scores|"
    r"defenses?|"
    r"offenses?|statistics|spells?|stunts?|skills?|aspects?|approaches|stress|consequences|"
    r"equipment|gear|tactics|weapons?|combat|moves|powers|ecology|qualities|saving throws)"
    r"(?: options)?\Z",
    re.IGNORECASE,
)
_ACTIONS = re.compile(
    r"(?:(?:legendary|lair|mythic|bonus|free|villain|special)\s+)?(?:actions?|reactions?|traits?)\Z",
    re.IGNORECASE,
)
_ENTRY = re.compile(r"\s*(?:>\s*)?(?:\*{2,3}[A-Z]|Multiattack\b)")
_ABILITIES = ("str", "dex", "con", "int", "wis", "cha", "siz", "pow", "app", "edu", "wil")
_ABILITY = "|".join(_ABILITIES)
_PAIRS = re.compile(rf"\b({_ABILITY})\b[\s|:]*([+-]?\d{{1,3}})\b", re.IGNORECASE)
_BEFORE = re.compile(rf"\b(\d{{1,3}}) ({_ABILITY})\b", re.IGNORECASE)
_ROW = re.compile(rf"((?:\b(?:{_ABILITY})\b[\s|]*){{4,}})([^A-Za-z]*)", re.IGNORECASE)
_SCORE = re.compile(r"(?<![\d(+-])(\d{1,3})(?=\s*(?:\(|\||\s|$))")
_GRADED = re.compile(
    r"\s+(?:CR|Creature|CREATURE|Level)\s+[-\u2013]?(?:\d+(?:/\d+)?|[\u00bc\u00bd\u215b])\Z"
)
_CREATURE = re.compile(r"\b(?:Creature|CREATURE)\s+([-\u2013]?\d+)\b")
_LEVEL = re.compile(r"\b(\d+)(?:st|nd|rd|th) level (\w+)(?: \[(\w+)\])?")
_TEXTS = {
    "speed": re.compile(r"^\W*(?:Speed|Movement|Move|Pace)\b[:\s]+(\d[^\n]{0,80})", re.MULTILINE),
    "senses": re.compile(r"\bSenses\b[:\s]+([^\n]{3,160})"),
    "languages": re.compile(r"^\W*Languages\b[:\s]+([^\n]{1,160})", re.MULTILINE),
    "skills": re.compile(r"^\W*Skills\b[:\s]+([^\n]{3,160})", re.MULTILINE),
    "saves": re.compile(r"\b(?:Saving Throws|Save As|Saves)\b[:\s]+([^\n]{3,80})"),
    "resistances": re.compile(r"\b(?:Damage )?Resistances\b[:\s]+([^\n]{3,160})"),
    "immunities": re.compile(r"\b(?:Damage |Condition )?Immunities\b[:\s]+([^\n]{3,160})"),
    "vulnerabilities": re.compile(r"\b(?:Damage )?Vulnerabilities\b[:\s]+([^\n]{3,160})"),
}
_NUMBERS = {
    "ac": re.compile(r"\b(?:Armou?r Class|AC|EAC)\b[\s:|]*(-?\d{1,3})\b"),
    "hp": re.compile(r"\b(?:Hit Points|HP|hp|Health)\b[\s:|]*(\d{1,4})\b"),
    "cr": re.compile(
        r"\b(?:Challenge(?: Rating)?|CR)\b[\s:]*(\d+/\d+|\d+|[\u00bc\u00bd\u215b])(?!\d)"
    ),
    "xp": re.compile(r"\bXP\b[\s:]*(\d[\d,]*)|\(([\d,]+) XP"),
    "morale": re.compile(r"\b(?:Morale|ML|Mor)\b[\s:]*(\d{1,2})\b"),
    "initiative": re.compile(r"\bInit(?:iative)?\b[\s:]*([+-]?\d{1,2})\b"),
    "pd": re.compile(r"\bPD\b[\s:|]*(\d{1,2})\b"),
    "md": re.compile(r"\bMD\b[\s:|]*(\d{1,2})\b"),
    "parry": re.compile(r"\bParry\b[\s:]*(\d{1,2})\b"),
    "toughness": re.compile(r"\bToughness\b[\s:]*(\d{1,2})\b"),
}
HP_BEFORE = frozenset({"pbta", "cairn"})
"""Games that put the number first: "3 HP"."""
_HP_BEFORE = re.compile(r"\b(\d{1,3}) HP\b")
_HP_DICE = re.compile(
    r"\b(?:Hit Points|HP|hp)\b[\s:]*\d+\s*\(\s*(\d+\s*d\s*\d+(?:\s*[-+]\s*\d+)?)\s*(?:HP)?\)"
)
_HIT_DICE = re.compile(r"\b(?:Hit Dice|HD)\b[\s:]*(\d+(?:d\d+)?(?:\s?[-+*]\s?\d*)?)")
_NEXT = re.compile(
    r"[;,]?\s+(?=(?:Languages|Challenge|Senses|CR|XP|Passive Perception|Proficiency)\b)"
)


def detect(heading: str, head: str) -> Found | None:
    """A stat block that begins with this plain text, under a heading that is its name."""
    if not HINT.search(head) or belongs(heading):
        return None
    if _GRADED.search(heading):
        head = f"{heading}\n{head}"
    best: tuple[float, Form] | None = None
    for form in FORMS:
        if form.must is not None and not form.must.search(head):
            continue
        count = sum(1 for label in form.labels if label.search(head))
        if count >= form.need:
            sure = min(1.0, LEAST + 0.1 * (count - form.need) + 0.05 * form.need)
            if best is None or sure > best[0]:
                best = (sure, form)
            if sure == 1.0:
                break
    if best is None:
        return None
    return Found("stat_block", best[0], {"name": _name(heading), **fields(head, best[1].system)})


def belongs(heading: str) -> bool:
    """Whether a heading is one of those inside a stat block: "Legendary Actions"."""
    return _PARTS.match(heading.strip(" :.*_")) is not None


def goes_on(group: Group, level: int) -> bool:
    """Whether a stat block, whose name is of this level, goes on under the heading of a group.

    Many of its words are also names of chapters, so they must stand deeper than the creature;
    actions and the like may have been read as of its own depth, or even higher when they begin as
    an entry does, with a name set apart.
    """
    if group.level > level:
        return belongs(group.heading)
    if _ACTIONS.match(group.heading.strip(" :.*_")) is None:
        return False
    return group.level == level or bool(group.pieces and _ENTRY.match(group.pieces[0].text))


def _name(heading: str) -> str:
    """A creature's name from its heading, which may end in its level: "Wolf CR 1"."""
    return _GRADED.sub("", heading).strip(" *_:")


def fields(head: str, system: str) -> dict[str, Fact]:
    """The facts of a stat block: numbers as numbers, lines as text."""
    said: dict[str, Fact] = {"form": system}
    line = TYPE_LINE.search(head)
    if line:
        said["size"] = line["size"].lower()
        said["type"] = re.sub(r"\s*\(.*", "", line["type"]).strip().lower()
        said["alignment"] = " ".join(line["alignment"].lower().split())
    said |= _numbers(head, system)
    for name, pattern in (("hp_dice", _HP_DICE), ("hit_dice", _HIT_DICE)):
        found = pattern.search(head)
        if found:
            said[name] = "".join(found[1].split())
    level = _LEVEL.search(head) if system == "13th-age" else None
    if level:
        said["level"], said["role"] = int(level[1]), level[2].lower()
        if level[3]:
            said["type"] = level[3].lower()
    for name, pattern in _TEXTS.items():
        found = pattern.search(head)
        if found:
            said[name] = _NEXT.split(found[1].strip(" |"))[0].strip(" ;|")
    return said | _abilities(head)


def _numbers(head: str, system: str) -> dict[str, Fact]:
    said: dict[str, Fact] = {}
    for name, pattern in _NUMBERS.items():
        found = pattern.search(head)
        value = number(next((each for each in found.groups() if each), "")) if found else None
        if value is not None:
            said[name] = value
    for name, pattern in (("hp", _HP_BEFORE), ("level", _CREATURE)):
        found = pattern.search(head)
        if found and (name not in said or system in HP_BEFORE):
            said[name] = int(found[1].replace("\u2013", "-"))
    return said


def _abilities(head: str) -> dict[str, Fact]:
    """Ability scores from a table of two rows, a table of six, or a line of pairs."""
    row = _ROW.search(head)
    if row:
        names = re.findall(_ABILITY, row[1].lower())
        scores = _SCORE.findall(row[2])
        if len(scores) >= len(names):
            return {name: int(score) for name, score in zip(names, scores, strict=False)}
    said: dict[str, Fact] = {}
    for name, score in _PAIRS.findall(head):
        said.setdefault(name.lower(), int(score))
    for score, name in _BEFORE.findall(head):
        said.setdefault(name.lower(), int(score))
    return said if len(said) >= SCORES else {}


_BOLD_NAME = re.compile(r"\s*(?:[-*+]\s+)?(\*\*|__)([^*_\n]{2,60}?)[.:,]?\1")
_LINE_NAME = re.compile(
    r"\s*(?:\d+\s*(?:x|\u00d7)?\s+)?([A-Z][\w'\u2019 -]{1,40}?)\s*(?:\([^)\n]*\))?"
    r"\s*(?:[:;,.\u2014\u2013-]|\n(?=\d+ HP\b|(?:AC|HD|HP|hp)\b))"
)
_LABEL = re.compile(
    r"(?:Armou?r Class|AC|Hit (?:Dice|Points)|HD|HP|hp|Speed|Move(?:ment)?|Damage|Morale|XP|Level|"
    r"STR|Str|Initiative|Init|Perception|Senses|Agility|Attributes|Health|Instinct)\Z"
)
_LISTED = re.compile(r"\s*[-*+\u2022]\s")
_SHORT = re.compile(rf"\s*(?:{SIZES})\b")


def inline(group: Group) -> Iterator[tuple[int, int, Found]]:
    """Stat blocks among the paragraphs of a group: from which to before which, and what.

    Either one paragraph that is little but numbers, with its name in front ("Goblin: AC 6; HD 1;
    hp 3"), or a name on a line, a line of size and type, and all that follows.
    """
    if belongs(group.heading):
        return
    begun: tuple[int, Found] | None = None
    for at, piece in enumerate(group.pieces):
        if not HINT.search(piece.text[:INLINE]) and not _SHORT.match(piece.text[:40]):
            continue
        if begun is not None and at <= begun[0]:
            continue
        told = _typed(group.pieces, at) or _one_paragraph(piece)
        if told is None:
            continue
        name, found, whole = told
        first = at if name else at - 1
        if begun is not None:
            yield begun[0], first, begun[1]
            begun = None
        if whole:
            begun = (first, found)
        else:
            end = at + 1
            while end < len(group.pieces) and _LISTED.match(group.pieces[end].text):
                end += 1
            yield at, end, found
    if begun is not None:
        yield begun[0], len(group.pieces), begun[1]


def _typed(pieces: list[Piece], at: int) -> tuple[str, Found, bool] | None:
    """A block under a short line that is its name, when the group has another heading."""
    if at == 0 or not _SHORT.match(pieces[at].text.lstrip(" *_>")):
        return None
    above = plain(pieces[at - 1].text).strip()
    if "\n" in above or not 0 < len(above.split()) <= NAME_WORDS or above.endswith((".", ":")):
        return None
    head = plain("\n".join(piece.text for piece in pieces[at : at + 12]))
    found = detect(above, head[:1500]) if TYPE_LINE.match(head) else None
    return ("", found, True) if found else None


def _one_paragraph(piece: Piece) -> tuple[str, Found, bool] | None:
    """A block in one paragraph: mostly numbers, with a name in front of them."""
    head = plain(piece.text[:INLINE])
    name = _BOLD_NAME.match(piece.text) or _LINE_NAME.match(head)
    if name is None:
        return None
    label = (name[2] if name.re is _BOLD_NAME else name[1]).strip()
    if belongs(label) or _LABEL.match(label) or HINT.match(head) or _SHORT.match(head):
        return None
    found = detect(label, head)
    if found is None or len(re.findall(r"\d", head)) < 0.02 * len(head):
        return None
    return label, found, False
