"""One TOML file of the language to plain rows, checked: the form that is kept compiled."""

import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TypedDict

from ttrpg_core.errors import ConfigError
from ttrpg_search.keyword.stemming import stem
from ttrpg_search.keyword.tokens import STOP, stems, words

_SECTIONS = "systems base abbreviations concepts synonyms kinds splits typos antonyms".split()  # noqa: SIM905 - a list of words
_WEIGHT = re.compile(r"\s*~\s*(?P<weight>\S*)$")
_LONGEST = 5
"""Words with meaning that a phrase may have; with more it is a sentence, which nobody types."""
_LEAST = 0.01
"""Least weight of a meaning or phrase."""
_NARROW = 0.6
"""What a narrower word counts, beside one that means the same."""
_PAIR = 2


class Rows(TypedDict):
    """A file of the language as lists and numbers; see the loader for what stands in it.

    ``index`` says for a stem in which of the concepts somebody says it.
    """

    systems: list[str]
    base: str
    abbreviations: dict[str, list[tuple[str, float, list[str], float, bool]]]
    concepts: list[tuple[list[str], list[tuple[str, str, float]], list[str], list[str]]]
    index: dict[str, list[int]]
    synonyms: dict[str, list[tuple[str, float]]]
    kinds: dict[str, list[str]]
    splits: dict[str, str]
    typos: dict[str, tuple[str, list[str]]]
    antonyms: list[tuple[str, str]]


class _File:
    """The file that is read, for what is said about it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def wrong(self, entry: str, what: str, hint: str = "") -> ConfigError:
        """The error for an entry."""
        return ConfigError(
            f"{self.path.name}.{entry}: {what}", hint or f"Mend this entry in {self.path}"
        )

    def table(self, value: object, entry: str, allowed: Collection[str] = ()) -> dict[str, object]:
        """A table, with no key but those allowed (any, without)."""
        if not isinstance(value, dict):
            raise self.wrong(entry, "is a table, not a " + type(value).__name__)
        for key in value:
            if allowed and key not in allowed:
                raise self.wrong(f"{entry}.{key}", "is not known", f"Known: {', '.join(allowed)}")
        return value

    def text(self, value: object, entry: str) -> str:
        """Text with something in it."""
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(entry, "is text, and not empty")
        return " ".join(value.split())

    def texts(self, value: object, entry: str) -> list[str]:
        """Texts with ";" between them, each once."""
        found = [" ".join(each.split()) for each in self.text(value, entry).split(";")]
        if not all(found):
            raise self.wrong(entry, "has nothing between two semicolons")
        for each in found:
            if found.count(each) > 1:
                raise self.wrong(entry, f"says {each!r} twice")
        return found

    def near(self, value: object, entry: str) -> list[str]:
        """Words as stems."""
        return sorted(set(stems(self.text(value, entry)))) if value is not None else []

    def number(self, value: object, entry: str, least: float) -> float:
        """A number from ``least`` to 1."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= 1:
            raise self.wrong(entry, f"is a number from {least:g} to 1")
        return float(value)


def read(path: Path) -> Rows:
    """The rows of a file; ConfigError with file and entry where it is not well formed."""
    file = _File(path)
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read", "Check the path of the pack") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise file.wrong("(file)", f"is not TOML: {error}") from error
    for name in tables:
        if name not in _SECTIONS:
            raise file.wrong(name, "is not known", f"Known: {', '.join(_SECTIONS)}")
    systems = tables.get("systems", [])
    if not isinstance(systems, list):
        raise file.wrong("systems", "is a list of names")
    return Rows(
        systems=[file.text(each, "systems").lower() for each in systems],
        base=file.text(tables["base"], "base").lower() if "base" in tables else "",
        abbreviations=_abbreviations(file, tables.get("abbreviations", {})),
        concepts=(concepts := _concepts(file, tables.get("concepts", {}))),
        index=index(concepts),
        synonyms=_synonyms(file, tables.get("synonyms", {})),
        kinds=_kinds(file, tables.get("kinds", {})),
        splits=_splits(file, tables.get("splits", {})),
        typos=_typos(file, tables.get("typos", {})),
        antonyms=_antonyms(file, tables.get("antonyms", {})),
    )


def _abbreviations(
    file: _File, table: object
) -> dict[str, list[tuple[str, float, list[str], float, bool]]]:
    found: dict[str, list[tuple[str, float, list[str], float, bool]]] = {}
    for short, value in file.table(table, "abbreviations").items():
        entry = f"abbreviations.{short}"
        key = " ".join(words(short))
        if not key or key in found:
            raise file.wrong(entry, "stands there twice" if key else "has no letter or digit")
        if isinstance(value, list):
            found[key] = [_meaning(file, each, entry) for each in value]
        else:
            found[key] = [(full, 1.0, [], 1.0, False) for full in file.texts(value, entry)]
        if not found[key]:
            raise file.wrong(entry, "has no meaning")
    return found


def _meaning(file: _File, value: object, entry: str) -> tuple[str, float, list[str], float, bool]:
    table = file.table(value, entry, ("full", "weight", "near", "alone", "upper"))
    near = file.near(table.get("near"), f"{entry}.near")
    return (
        file.text(table.get("full"), f"{entry}.full"),
        file.number(table.get("weight", 1.0), f"{entry}.weight", _LEAST),
        near,
        file.number(table.get("alone", 0.4 if near else 1.0), f"{entry}.alone", 0.0),
        bool(table.get("upper", False)),
    )


def _concepts(
    file: _File, table: object
) -> list[tuple[list[str], list[tuple[str, str, float]], list[str], list[str]]]:
    found = []
    for key, value in file.table(table, "concepts").items():
        entry = f"concepts.{key!r}"
        says: object = value
        related: list[str] = []
        near: list[str] = []
        if not isinstance(value, str):
            parts = file.table(value, entry, ("says", "related", "near"))
            says = parts.get("says")
            if "related" in parts:
                related = file.texts(parts["related"], f"{entry}.related")
            near = file.near(parts.get("near"), f"{entry}.near")
        names = file.texts(key, entry)
        phrases = [_phrase(file, each, entry) for each in file.texts(says, entry)]
        found.append((names, phrases, related, near))
    return found


def index(
    concepts: Sequence[tuple[list[str], list[tuple[str, str, float]], list[str], list[str]]],
) -> dict[str, list[int]]:
    """The numbers of the concepts that have a stem in one of their sayings."""
    found: dict[str, list[int]] = {}
    for number, (_, says, _, _) in enumerate(concepts):
        for one in sorted({one for _, told, _ in says for one in told.split()}):
            found.setdefault(one, []).append(number)
    return found


def _phrase(file: _File, text: str, entry: str) -> tuple[str, str, float]:
    """A phrase with the stems of its words that carry meaning."""
    weight = 1.0
    if mark := _WEIGHT.search(text):
        text = text[: mark.start()]
        try:
            weight = float(mark["weight"])
        except ValueError as error:
            raise file.wrong(entry, f"{mark['weight']!r} is no weight") from error
    every = words(text)
    telling = [stem(word) for word in every if word not in STOP] or [stem(word) for word in every]
    telling = list(dict.fromkeys(telling))
    if len(telling) > _LONGEST:
        raise file.wrong(entry, f"{text!r} has more than {_LONGEST} words that carry meaning")
    if not telling:
        raise file.wrong(entry, f"{text!r} has no word")
    file.number(weight, f"{entry} {text!r}", _LEAST)
    return text, " ".join(telling), weight


def _synonyms(file: _File, table: object) -> dict[str, list[tuple[str, float]]]:
    parts = file.table(table, "synonyms", ("same", "narrow"))
    found: dict[str, dict[str, float]] = {}
    groups = parts.get("same", [])
    if not isinstance(groups, list):
        raise file.wrong("synonyms.same", "is a list of groups")
    for value in groups:
        group = file.texts(value, "synonyms.same")
        if len(group) < _PAIR:
            raise file.wrong("synonyms.same", f"{value!r} has one word only")
        for one in group:
            _widen(found, one, [other for other in group if other != one], 1.0)
    for broad, value in file.table(parts.get("narrow", {}), "synonyms.narrow").items():
        _widen(found, broad, file.texts(value, f"synonyms.narrow.{broad}"), _NARROW)
    return {key: list(ways.items()) for key, ways in found.items()}


def _widen(found: dict[str, dict[str, float]], one: str, others: list[str], much: float) -> None:
    key = " ".join(stems(one))
    ways = found.setdefault(key, {})
    for other in others:
        if " ".join(stems(other)) != key:
            ways[other] = max(much, ways.get(other, 0.0))
    if not ways:
        del found[key]


def _kinds(file: _File, table: object) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for kind, value in file.table(table, "kinds").items():
        for one in file.texts(value, f"kinds.{kind}"):
            found.setdefault(" ".join(stems(one)), []).append(kind)
    return found


def _splits(file: _File, table: object) -> dict[str, str]:
    forms = file.table(table, "splits", ("forms",)).get("forms", [])
    if not isinstance(forms, list):
        raise file.wrong("splits.forms", "is a list of words written apart")
    found: dict[str, str] = {}
    for value in forms:
        for apart in file.texts(value, "splits.forms"):
            parts = words(apart)
            if len(parts) < _PAIR:
                raise file.wrong("splits.forms", f"{apart!r} is not written apart")
            found["".join(parts)] = " ".join(parts)
    return found


def _typos(file: _File, table: object) -> dict[str, tuple[str, list[str]]]:
    found: dict[str, tuple[str, list[str]]] = {}
    for wrong, value in file.table(table, "typos").items():
        entry = f"typos.{wrong}"
        near: list[str] = []
        right: object = value
        if isinstance(value, Mapping):
            parts = file.table(value, entry, ("right", "near"))
            right = parts.get("right")
            near = file.near(parts.get("near"), f"{entry}.near")
        meant = file.text(right, entry).lower()
        if meant == wrong:
            raise file.wrong(entry, "is right as it stands")
        found[wrong] = (meant, near)
    return found


def _antonyms(file: _File, table: object) -> list[tuple[str, str]]:
    pairs = file.table(table, "antonyms", ("pairs",)).get("pairs", [])
    if not isinstance(pairs, list):
        raise file.wrong("antonyms.pairs", "is a list of pairs")
    found: list[tuple[str, str]] = []
    for value in pairs:
        pair = file.texts(value, "antonyms.pairs")
        if len(pair) != _PAIR:
            raise file.wrong("antonyms.pairs", f"{value!r} is not a pair")
        one, other = (" ".join(stems(each)) for each in pair)
        found.append((one, other))
    return found
