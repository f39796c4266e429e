"""What a book is for: rules, creatures, spells, an adventure, a setting."""

import re
from collections.abc import Sequence

from ttrpg_core.documents import Section
from ttrpg_ingest.chunks.prose import is_keyed
from ttrpg_ingest.facts.guess import Guess, best
from ttrpg_ingest.facts.sample import Sample

ENOUGH = 2.0
"""Points from which a kind is as likely as not."""
TITLE = 4.0
"""Points for a word of the kind in the title."""
TITLES = {
    "bestiary": r"bestiar\w*|monsters?(?: manual)?|creatures?|menagerie|fiends?\b",
    "spells": r"spells?|grimoire|spellbook|compendium of magic",
    "items": r"(?:magic )?items?|equipment|armou?ry|treasures?|gear",
    "adventure": r"adventures?|module|quest|dungeon of|scenario|one[- ]page|tomb|lair of|"
    r"curse of|to rob",
    "setting": r"setting|gazetteer|world of|campaign guide|atlas|lands of",
    "supplement": r"supplement|companion|expansion|options|handbook of",
    "rulebook": r"rulebook|core|rules|player'?s|basic|srd|system reference|handbook|"
    r"regelwerk|engine",
    "house_rules": r"house ?rules?|hausregeln|table rules",
    "flavour": r"novel|stories|fiction|lore",
}
_NAMED = {kind: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for kind, words in TITLES.items()}
_CREATURE = re.compile(
    r"\b(?:Armor Class|AC|EAC|Hit Points|Hit Dice|HD)\b[\s:*]*\d[^\n]{0,60}\n?[^\n]{0,60}?"
    r"\b(?:Hit Points|HP|hp|HD|Speed|Move|No\. of Attacks)\b"
)
_SPELL = re.compile(
    r"^\W*(?:Casting Time|Components?)\b|\bRange\b[^\n]{1,60}\n?\W*Duration\b", re.MULTILINE
)
_ITEM = re.compile(
    r"^\W*(?:Wondrous item|Weapon|Armor|Ring|Wand|Rod|Staff|Potion)[^\n]{0,60}, \w+",
    re.MULTILINE | re.IGNORECASE,
)
_RULES = re.compile(
    r"\b(?:character creation|creating (?:a|your) character|combat|skills?|equipment|experience|"
    r"rules|dice|role[- ]?playing|rpg|magic|ability scores|running the game|game "
    r"?master\w*|actions|attributes|"
    r"characters?|kampf|k\u00e4mpfen|charakter\w*|erschaffung|grundregeln|fertigkeiten|"
    r"ausr\u00fcstung|gesinnung|zauberspr\u00fcche)\b"
)
_ADVENTURE = re.compile(
    r"\b(?:adventure (?:hook|background|summary|synopsis)|read[- ]aloud|boxed text|"
    r"for (?:\w+ )?(?:to \w+ )?characters of|levels? \d+\s*[-\u2013]\s*\d+|random encounters?|"
    r"wandering monsters|the (?:pcs|party|characters) (?:can|may|find|enter|arrive))\b"
)
_PLACES = re.compile(
    r"\b(?:history|geography|region|culture|population|nations?|factions?|religion|climate|trade)\b"
)
_RULE_WORDS = re.compile(r"\d*d\d+|\b(?:roll|dice|die|bonus|damage|modifier|points?)\b")
_NUMBERED = "0123456789.:)- "
WORDS_OF = {"bestiary": 300, "spells": 170, "items": 150}
"""How many words such an entry has."""
MUCH = 0.4
"""Share of the text that entries of one kind have in a book of them."""
PLACES = 3
"""Subjects of lands and peoples among the headings of a setting."""
SHORT = 500
"""Words of a text about which nothing can be said."""
FEW_RULES = 0.004
"""Share of words of rules under which a book is read rather than played."""


def kind(looked_at: Sample, sections: Sequence[Section]) -> Guess:
    """What a book is for, as one of the kinds of the library."""
    words = 1 + sum(len(section.text) for section in sections) // 6
    counts = {"bestiary": 0, "spells": 0, "items": 0}
    aloud = 0
    keyed: set[str] = set()
    for section in sections:
        head = section.text[:400]
        counts["bestiary"] += len(_CREATURE.findall(head)) > 0
        counts["spells"] += len(_SPELL.findall(head)) > 0
        counts["items"] += len(_ITEM.findall(head[:80])) > 0
        aloud += section.kind == "read_aloud"
        if section.heading[:1].isdigit() and is_keyed(section.heading):
            keyed.add(section.heading.lstrip(_NUMBERED))  # "1. Circle", "2. Circle" are no places
    scores = {name: TITLE * bool(found.search(looked_at.title)) for name, found in _NAMED.items()}
    for name, count in counts.items():
        share = count * WORDS_OF[name] / words
        scores[name] += 8 * share if share > MUCH else 0
    text = f"{looked_at.headings}\n{looked_at.text}"
    rules = len(set(_RULES.findall(looked_at.headings)))
    scores["rulebook"] += min(8, rules)
    scores["adventure"] += min(4, 2 * len(set(_ADVENTURE.findall(text))))
    scores["adventure"] += min(3, aloud / 2) + min(3, len(keyed) / 4)
    places = len(set(_PLACES.findall(looked_at.headings)))
    scores["setting"] += places if places >= PLACES else 0
    dice = len(_RULE_WORDS.findall(looked_at.text)) / (1 + len(looked_at.text.split()))
    if dice < FEW_RULES and not rules and words > SHORT:
        scores["flavour"] += 4
    return best(scores, enough=ENOUGH)
