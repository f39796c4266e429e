"""Filters in a question: ``level:3 cr:5-10 kind:spell book:"SRD 5.1" page:350-360``.

A word before a colon that is no filter stays a word of the question ("note: ..."), and so does a
filter with nothing behind it.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from ttrpg_core.errors import InputError

NAMES = ("book", "system", "kind", "page", "level", "cr", "school", "rarity", "type", "campaign")
"""The filters that there are."""
_NUMBERS = frozenset({"page", "level", "cr"})
_ALIASES = {"in": "book", "p": "page", "pages": "page", "books": "book", "challenge": "cr"}
_FILTER = re.compile(r'(?<![\w"])([A-Za-z]+):(?:"([^"]*)"|([^\s"]+))|"[^"]*"')
_NUMBER = r"\d+(?:[./]\d+)?"
_RANGE = rf"(?P<low>{_NUMBER})?(?P<to>-|\.\.|\u2013)?(?P<high>{_NUMBER})?\Z"
_BOUND = rf"(?P<sign>[<>]=?)(?P<number>{_NUMBER})\Z"
_KINDS = {
    "monster": "stat_block",
    "monsters": "stat_block",
    "creature": "stat_block",
    "npc": "stat_block",
    "statblock": "stat_block",
    "spells": "spell",
    "items": "item",
    "magic_item": "item",
    "feature": "class_feature",
    "tables": "table",
    "boxed": "read_aloud",
    "rules": "text",
    "rule": "text",
}


class Filter(NamedTuple):
    """One filter: its name, and a value or a range with both ends included (None is open)."""

    name: str
    value: str
    low: float | None = None
    high: float | None = None


def parse(text: str) -> tuple[str, tuple[Filter, ...]]:
    """The question without its filters, and the filters."""
    found: list[Filter] = []

    def take(match: re.Match[str]) -> str:
        if match[1] is None:  # a phrase in quotes, colons and all
            return match[0]
        name = match[1].lower()
        name = _ALIASES.get(name, name)
        value = (match[2] if match[2] is not None else match[3]).strip()
        if name not in NAMES or not value or value.startswith("//"):
            return match[0]
        found.append(_filter(name, value))
        return " "

    rest = _FILTER.sub(take, text)
    return " ".join(rest.split()), tuple(found)


def _filter(name: str, value: str) -> Filter:
    if name in _NUMBERS:
        low, high = _numbers(name, value)
        return Filter(name, value, low, high)
    if name == "kind":
        value = re.sub(r"[\s-]", "_", value.lower())
        value = _KINDS.get(value, value)
    return Filter(name, value)


def _numbers(name: str, value: str) -> tuple[float | None, float | None]:
    if name == "level" and value.lower() in {"cantrip", "cantrips"}:
        return 0.0, 0.0
    bound = re.match(_BOUND, value)
    found = re.match(_RANGE, value)
    try:
        if bound:
            number = _number(bound["number"])
            step = 0.0 if "=" in bound["sign"] else 1e-6
            return (number + step, None) if ">" in bound["sign"] else (None, number - step)
        if found and (found["low"] or found["high"]):
            low = _number(found["low"]) if found["low"] else None
            high = _number(found["high"]) if found["high"] else None
            if not found["to"]:
                high = low
            if low is not None and high is not None and low > high:
                low, high = high, low
            return low, high
    except (ValueError, ZeroDivisionError, OverflowError):
        pass
    raise InputError(
        f"{name}:{value} is not a number or a range",
        f"Write {name}:3, {name}:2-5, {name}:4- or {name}:>4"
        + (", or cr:1/2" if name == "cr" else ""),
    )


def _number(text: str) -> float:
    from fractions import Fraction  # slow to import, and seldom asked for

    return float(Fraction(text))


def conditions(filters: Iterable[Filter]) -> tuple[str, list[str | float]]:
    """Filters of chunks as SQL over ``chunks c``, and its values; "" when there are none.

    Those of one name are alternatives; different names must all hold. ``book``, ``system`` and
    ``campaign`` are filters of books, and not among them.
    """
    by_name: dict[str, list[tuple[str, list[str | float]]]] = {}
    for each in filters:
        if each.name in {"book", "system", "campaign"}:
            continue
        by_name.setdefault(each.name, []).append(_condition(each))
    values: list[str | float] = []
    parts = []
    for told in by_name.values():
        parts.append("(" + " OR ".join(sql for sql, _ in told) + ")")
        for _, more in told:
            values += more
    return " AND ".join(parts), values


def _condition(each: Filter) -> tuple[str, list[str | float]]:
    if each.name == "kind":
        return "c.kind = ?", [each.value]
    if each.name == "page":
        return _pages(each)
    path = f"json_extract(c.fields, '$.{each.name}')"
    if each.name in _NUMBERS:
        return _between(f"CAST({path} AS REAL)", each, f"{path} IS NOT NULL")
    return f"instr(lower({path}), lower(?)) > 0", [each.value]


def _pages(each: Filter) -> tuple[str, list[str | float]]:
    """By the printed page, where there is one, else by the page of the file counted from 1."""
    first = (
        "CASE WHEN c.label GLOB '[0-9]*' THEN CAST(c.label AS INTEGER) ELSE c.first_page + 1 END"
    )
    last = f"({first}) + COALESCE(c.last_page - c.first_page, 0)"
    parts, values = ["c.first_page IS NOT NULL OR c.label != ''"], list[str | float]()
    if each.low is not None:
        parts.append(f"{last} >= ?")
        values.append(each.low)
    if each.high is not None:
        parts.append(f"{first} <= ?")
        values.append(each.high)
    return "(" + " AND ".join(f"({part})" for part in parts) + ")", values


def _between(value: str, each: Filter, known: str) -> tuple[str, list[str | float]]:
    parts, values = [known], list[str | float]()
    if each.low is not None:
        parts.append(f"{value} >= ?")
        values.append(each.low)
    if each.high is not None:
        parts.append(f"{value} <= ?")
        values.append(each.high)
    return "(" + " AND ".join(parts) + ")", values
