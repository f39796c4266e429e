"""Magic items and equipment: a line of type and rarity, or of slot and price."""

import re

from ttrpg_core.documents import Fact
from ttrpg_ingest.chunks.found import Found, number

RARITY = "very rare|uncommon|common|rare|legendary|artifact|unique|rarity (?:varies|by [^\n(]*)"
_TYPED = re.compile(
    r"^\W*(?P<type>(?:wondrous item|weapons?|armou?r|shield|ring|rod|staff|wand|potion|scroll|"
    r"ammunition|instrument|tattoo|gear|adventuring gear)\b(?:\s*\([^)\n]*\))?)\s*,\s*"
    rf"(?P<rarity>{RARITY})(?P<rest>[^\n]*(?:\n[^\n]*\))?)",
    re.IGNORECASE | re.MULTILINE,
)
_VARIES = re.compile(rf"\b({RARITY})\b", re.IGNORECASE)
_ATTUNED = re.compile(r"requires\s+attunement(?:\s+by\s+([^)\n]+))?", re.IGNORECASE)
_PRICE = re.compile(
    r"\b(?:Price|Cost|Value)\b:?\s+([\d,]+(?:\.\d+)?)\s*(gp|sp|cp|pp|credits?|Cr)?", re.IGNORECASE
)
TOP = 400
"""Characters among which the line of type and rarity must stand."""
SIGNS = 3
"""Slot, usage, bulk, price and level: as many of them tell an item without a type line."""
_SLOT = re.compile(r"\bSlot\b:?\s+([^;\n]{2,40})")
_USAGE = re.compile(r"\bUsage\b:?\s+([^;\n]{2,60})")
_BULK = re.compile(r"\bBulk\b:?\s+([\dL-]+)")
_LEVEL = re.compile(r"\b(?:Item|ITEM) (\d+)\b")
_CASTER = re.compile(r"\bCL\b:?\s+(\d+)(?:st|nd|rd|th)?")


def detect(heading: str, head: str) -> Found | None:
    """An item that begins with this plain text, under a heading that is its name."""
    line = _TYPED.search(head, 0, TOP)
    if line is not None:
        rarities = tuple(
            dict.fromkeys(
                "varies" if each.startswith("rarity") else each
                for each in (
                    word.lower() for word in _VARIES.findall(line["rarity"] + " " + line["rest"])
                )
            )
        )
        said: dict[str, Fact] = {
            "name": heading,
            "type": re.sub(r"\s*\(.*", "", line["type"]).lower(),
            "rarity": rarities[0] if len(rarities) == 1 else rarities,
        }
        attuned = _ATTUNED.search(line["rest"])
        if attuned:
            said["attunement"] = " ".join(attuned[1].split()) if attuned[1] else "yes"
        return Found("item", 1.0, said | _price(head[:600]))
    near = head[:TOP]
    level = _LEVEL.search(f"{heading}\n{near}")
    told = {
        name: found[1].strip()
        for name, pattern in (("slot", _SLOT), ("usage", _USAGE), ("bulk", _BULK))
        if (found := pattern.search(near))
    }
    price = _price(near)
    caster = _CASTER.search(near)
    count = len(told) + bool(price) + (caster is not None) + (level is not None)
    if count < SIGNS or not price:
        return None
    facts: dict[str, Fact] = {"name": heading, **told, **price}
    if level or caster:
        facts["level"] = int((level or caster)[1])  # type: ignore[index]
    return Found("item", 0.7 + 0.05 * count, facts)


def _price(text: str) -> dict[str, Fact]:
    found = _PRICE.search(text)
    value = number(found[1]) if found else None
    if found is None or value is None:
        return {}
    return {"price": value} | ({"coin": found[2].lower()} if found[2] else {})
