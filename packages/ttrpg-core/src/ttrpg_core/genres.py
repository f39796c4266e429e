"""Genre packs and game systems as data: load, check, overlay a translation.

A genre pack is a folder::

    noir/
      genre.toml        name, title, summary, language, licence, credit
      tables/*.toml     random tables: [names.first], dice = "d6", rows = ["Ada", ...]
      lang/fr.toml      a translation: only the rows that differ, by table and number

A row is a text, or ``{ roll = "1-3", text = "..." }`` where its share is not that of the others. A
table may stand in another, ``[names.family]``. A game system is one TOML file: its usual roll,
abilities and how initiative is rolled. Every pack says what licence its words are under; one
without does not load.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

import attrs

from ttrpg_core.convert import explain, make_converter
from ttrpg_core.errors import DiceError, InputError, NotFound, TtrpgError

T = TypeVar("T")

MAX_BYTES = 5_000_000
"""Largest file of a pack that is read."""
_DOCS = "See docs/plugins/genres.md"
_ROLL = re.compile(r"(-?[0-9]{1,9})(?:[-\u2013](-?[0-9]{1,9}))?\Z")


@attrs.frozen
class Row:
    """One line of a table, with the lowest and highest roll that give it."""

    low: int
    high: int
    text: str


@attrs.frozen
class RandomTable:
    """A table to roll on; its rows cover the whole of its dice, without gap or overlap."""

    id: str
    title: str
    dice: str
    rows: tuple[Row, ...]


@attrs.frozen
class Genre:
    """A loaded pack; tables by id."""

    name: str
    title: str
    summary: str
    language: str
    licence: str
    credit: str
    tables: Mapping[str, RandomTable] = attrs.field(factory=dict)


@attrs.frozen
class Ability:
    """An ability of characters: ``id`` as it stands in dice, ``title`` as people say it."""

    id: str
    title: str


@attrs.frozen
class System:
    """A loaded system. ``check`` and ``initiative`` are dice, with abilities as ``{name}``."""

    name: str
    title: str
    summary: str
    licence: str
    credit: str
    check: str
    initiative: str
    abilities: tuple[Ability, ...] = ()


@attrs.frozen
class _GenreFile:
    name: str
    title: str
    summary: str
    licence: str
    credit: str = ""
    language: str = "en"


@attrs.frozen
class _TableFile:
    dice: str
    rows: list[Any]
    title: str = ""


def load_genre(folder: Traversable | Path) -> Genre:
    """The pack in a folder. InputError names file and key of what is wrong."""
    head = _structure(_GenreFile, _read(folder / "genre.toml"), "genre.toml")
    _need_licence(head.licence, "genre.toml")
    tables: dict[str, RandomTable] = {}
    inside = folder / "tables"
    if inside.is_dir():
        for file in sorted(inside.iterdir(), key=lambda file: file.name):
            if file.name.endswith(".toml"):
                for name, found in _tables(_read(file), file.name):
                    if name in tables:
                        raise InputError(
                            f"tables/{file.name}: the table {name!r} is there twice", _DOCS
                        )
                    tables[name] = found
    return Genre(**attrs.asdict(head), tables=tables)


def load_system(file: Traversable | Path) -> System:
    """The system in a file. InputError names what is wrong."""
    system = _structure(System, _read(file), file.name)
    _need_licence(system.licence, file.name)
    return system


def check_genre(folder: Traversable | Path) -> list[str]:
    """What is wrong with a pack, a line each; empty when it is sound."""
    problems: list[str] = []
    try:
        genre = load_genre(folder)
    except TtrpgError as error:
        return [error.message]
    lang = folder / "lang"
    if lang.is_dir():
        for file in sorted(lang.iterdir(), key=lambda file: file.name):
            if file.name.endswith(".toml"):
                try:
                    overlay(genre, _read(file), file.name)
                except TtrpgError as error:
                    problems.append(error.message)
    return problems


def overlay(genre: Genre, rows: Mapping[str, Any], file: str) -> Genre:
    """The pack in another language: ``{table: {number: text}}``, only what differs."""
    tables = dict(genre.tables)
    for name, texts in _by_table(rows, tables, file):
        found = tables[name]
        changed = list(found.rows)
        for number, text in texts.items():
            place = f"{file}.{name}.{number}"
            if not (number.isascii() and number.isdigit() and 1 <= int(number) <= len(changed)):
                raise NotFound(f"{place}: the table has {len(changed)} rows", _DOCS)
            if not isinstance(text, str):
                raise InputError(f"{place}: {text!r:.80} is not a text", _DOCS)
            changed[int(number) - 1] = attrs.evolve(changed[int(number) - 1], text=text)
        tables[name] = attrs.evolve(found, rows=tuple(changed))
    return attrs.evolve(genre, tables=tables)


def _by_table(
    rows: Mapping[str, Any], tables: Mapping[str, RandomTable], file: str, prefix: str = ""
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for key, value in rows.items():
        name = f"{prefix}{key}"
        if not isinstance(value, Mapping):
            raise InputError(f"{file}.{name}: must be a table, [{name}]", _DOCS)
        if name in tables:
            yield name, value
        elif any(known.startswith(f"{name}.") for known in tables):
            yield from _by_table(value, tables, file, f"{name}.")
        else:
            raise NotFound(f"{file}.{name}: the pack has no such table", _DOCS)


def _need_licence(licence: str, file: str) -> None:
    if not licence.strip():
        raise InputError(
            f"{file}.licence: is empty; say under what licence the words may be used", _DOCS
        )


def _tables(data: Mapping[str, Any], file: str, prefix: str = "") -> list[tuple[str, RandomTable]]:
    found = []
    for key, value in data.items():
        name = f"{prefix}{key}"
        if not isinstance(value, dict):
            raise InputError(f"tables/{file}.{name}: must be a table, [{name}]", _DOCS)
        if "rows" not in value:
            found += _tables(value, file, f"{name}.")
            continue
        raw = _structure(_TableFile, value, f"tables/{file}.{name}")
        found.append(
            (
                name,
                RandomTable(name, raw.title or name, raw.dice, _rows(raw, f"tables/{file}.{name}")),
            )
        )
    return found


def _rows(raw: _TableFile, where: str) -> tuple[Row, ...]:
    from ttrpg_core.dice import odds

    try:
        span = odds(raw.dice)
    except DiceError as error:
        raise InputError(f"{where}.dice: {raw.dice!r:.80}: {error.message}", error.hint) from error
    rows: list[Row] = []
    expected = int(span.min)
    for number, row in enumerate(raw.rows, 1):
        found = _row(row, expected, f"{where}.rows[{number}]")
        rows.append(found)
        expected = found.high + 1
    if expected - 1 != int(span.max):
        raise InputError(
            f"{where}: the rows end at {expected - 1}, but {raw.dice} goes to {span.max}", _DOCS
        )
    return tuple(rows)


def _row(row: object, expected: int, where: str) -> Row:
    """One row, which must begin where the one before ended."""
    if isinstance(row, str):
        return Row(expected, expected, row)
    if not (
        isinstance(row, dict) and set(row) == {"roll", "text"} and isinstance(row["text"], str)
    ):
        raise InputError(f'{where}: a row is a text, or {{ roll = "1-3", text = "..." }}', _DOCS)
    roll = _ROLL.match(str(row["roll"]))
    if roll is None:
        raise InputError(f"{where}: roll is a number or two, like 1-3; got {row['roll']!r}", _DOCS)
    low, high = int(roll[1]), int(roll[2] or roll[1])
    if low != expected or high < low:
        raise InputError(
            f"{where}: begins at {low}, but {expected} comes next; rolls have no gap or overlap",
            _DOCS,
        )
    return Row(low, high, row["text"])


def _structure(cls: type[T], data: Mapping[str, Any], where: str) -> T:
    try:
        return make_converter(forbid_extra_keys=True).structure(data, cls)
    except Exception as error:
        raise InputError("; ".join(explain(error, where)), _DOCS) from error


def _read(file: Traversable | Path) -> dict[str, Any]:
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError, KeyError) as error:
        raise NotFound(f"there is no {file.name}", _DOCS) from error
    except OSError as error:
        raise InputError(f"{file.name}: cannot be read: {error.strerror}", _DOCS) from error
    if len(data) > MAX_BYTES:
        raise InputError(f"{file.name}: larger than {MAX_BYTES:,} bytes", _DOCS)
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except RecursionError as error:
        raise InputError(f"{file.name}: nested too deeply", _DOCS) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{file.name}: not valid TOML: {error}", _DOCS) from error
