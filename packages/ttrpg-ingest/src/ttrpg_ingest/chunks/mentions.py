"""What a passage of any kind mentions: dice, difficulties, damage, conditions, other pages."""

import re
from collections.abc import Iterable

from ttrpg_core.documents import Fact

MOST = 8
"""How many of each are kept; a passage with more is about none of them."""
_DIE = re.compile(r"[dD][\d%F]")
_DICE = re.compile(
    r"(?<![\w.])\d{0,3}[dD](?:[1-9]\d{0,2}|%|F)(?:\s?[-+\u2212\u00d7]\s?\d+)?(?![\w])"
)
_DC = re.compile(r"\bDC\s*(?:of\s*)?(\d{1,2})\b")
_DAMAGE = re.compile(
    r"\b(acid|bludgeoning|cold|electricity|fire|force|lightning|necrotic|negative|piercing|poison|"
    r"positive|psychic|radiant|slashing|sonic|thunder)\b"
)
_CONDITION_WORDS = (
    "blinded charmed deafened dazed exhaustion fatigued frightened grappled helpless incapacitated "
    "invisible nauseated paralyzed petrified poisoned prone restrained shaken sickened staggered "
    "stunned unconscious weakened"
)
_CONDITIONS = tuple(_CONDITION_WORDS.split())
_REFERENCE = re.compile(
    r"\b(page|pages|pg\.|p\.|chapter|appendix|table|section|figure)\s+"
    r"(\d{1,4}(?:[-\u2013.]\d{1,4})?|[A-Z](?=\W)|[IVX]+(?=\W))",
    re.IGNORECASE,
)
_REFERRED = ("page", "p. ", "pg.", "chapter", "appendix", "table ", "section", "figure")


def mentions(text: str) -> dict[str, Fact]:
    """``dice dcs damage conditions references``, each as far as there are any."""
    said: dict[str, Fact] = {}
    lower = text.lower()
    if _DIE.search(text) and (dice := _DICE.findall(text)):
        said["dice"] = _few("".join(each.lower().replace("\u2212", "-").split()) for each in dice)
    if "DC" in text and (dcs := _DC.findall(text)):
        said["dcs"] = _few(dcs)
    if "damage" in lower and (damage := _DAMAGE.findall(lower)):
        said["damage"] = _few(damage)
    conditions = [each for each in _CONDITIONS if each in lower]
    if conditions:
        said["conditions"] = _few(conditions)
    if any(word in lower for word in _REFERRED):
        references = [
            f"{'page' if word[0] in 'pP' else word.lower()} {which}"
            for word, which in _REFERENCE.findall(text)
        ]
        if references:
            said["references"] = _few(references)
    return said


def _few(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found))[:MOST]
