"""Genre packs and game systems as data: load, check, overlay a translation.

A genre pack is a folder::

    noir/
      genre.toml        name, title, summary, language, licence, credit
      tables/*.toml     random tables: [names.first], dice = "d6", rows = ["Ada", ...]
      lang/fr.toml      a translation: only the rows that differ, by table and number

A row is a text, or ``{ roll = "1-3", text = "..." }`` where its share is not that of the others. A
game system is one TOML file: its usual roll, abilities and how initiative is rolled. Every file says
what licence its words are under; a pack without one does not load.
"""

import tomllib
from collections.abc import Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import attrs

from ttrpg_core.convert import explain, make_converter
from ttrpg_core.errors import InputError, NotFound, TtrpgError

MAX_BYTES = 5_000_000
"""Largest file of a pack that is read."""


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
    """A loaded system. ``check`` and ``initiative`` are dice expressions with ``{ability}`` names."""

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
    tables: dict[str, RandomTable] = {}
    inside = folder / "tables"
    if inside.is_dir():
        for file in sorted(inside.iterdir(), key=lambda file: file.name):
            if file.name.endswith(".toml"):
                for name, found in _tables(_read(file), file.name):
                    if name in tables:
                        raise InputError(f"tables/{file.name}: the table {name!r} is there twice")
                    tables[name] = found
    return Genre(**attrs.asdict(head), tables=tables)


def load_system(file: Traversable | Path) -> System:
    """The system in a file. InputError names what is wrong."""
    return _structure(System, _read(file), file.name)


def check_genre(folder: Traversable | Path) -> list[str]:
    """What is wrong with a pack, a line each; empty when it is sound."""
    problems: list[str] = []
    try:
        genre = load_genre(folder)
    except TtrpgError as error:
        return [error.message]
    if not genre.licence:
        problems.append("genre.toml.licence: is empty; say under what licence the words may be used")
    lang = folder / "lang"
    if lang.is_dir():
        for file in lang.iterdir():
            try:
                overlay(genre, _read(file), file.name)
            except TtrpgError as error:
                problems.append(error.message)
    return problems


def overlay(genre: Genre, rows: Mapping[str, Any], file: str) -> Genre:
    """The pack in another language: ``{table: {number: text}}``, only what differs."""
    tables = dict(genre.tables)
    for name, texts in rows.items():
        if name not in tables:
            raise NotFound(f"{file}.{name}: the pack has no such table")
        found = tables[name]
        changed = list(found.rows)
        for number, text in texts.items():
            if not number.isdigit() or not 1 <= int(number) <= len(changed):
                raise NotFound(f"{file}.{name}.{number}: the table has {len(changed)} rows")
            changed[int(number) - 1] = attrs.evolve(changed[int(number) - 1], text=text)
        tables[name] = attrs.evolve(found, rows=tuple(changed))
    return attrs.evolve(genre, tables=tables)


def _tables(data: Mapping[str, Any], file: str, prefix: str = "") -> list[tuple[str, RandomTable]]:
    found = []
    for key, value in data.items():
        name = f"{prefix}{key}"
        if not isinstance(value, dict):
            raise InputError(f"tables/{file}.{name}: must be a table, [{name}]")
        if "rows" not in value:
            found += _tables(value, file, f"{name}.")
            continue
        raw = _structure(_TableFile, value, f"tables/{file}.{name}")
        found.append((name, RandomTable(name, raw.title or name, raw.dice, _rows(raw, f"tables/{file}.{name}"))))
    return found


def _rows(raw: _TableFile, where: str) -> tuple[Row, ...]:
    from ttrpg_core.dice import odds

    rows: list[Row] = []
    span = odds(raw.dice)
    expected = int(span.min)
    for number, row in enumerate(raw.rows, 1):
        place = f"{where}.rows[{number}]"
        if isinstance(row, str):
            low, high, text = expected, expected, row
        elif isinstance(row, dict) and isinstance(row.get("text"), str) and isinstance(row.get("roll"), (str, int)):
            first, _, last = str(row["roll"]).partition("-")
            if not first.isdigit() or (last and not last.isdigit()):
                raise InputError(f"{place}: roll is a number or two, like 1-3; got {row['roll']!r}")
            low, high, text = int(first), int(last or first), row["text"]
        else:
            raise InputError(f'{place}: a row is a text, or {{ roll = "1-3", text = "..." }}')
        if low != expected or high < low:
            raise InputError(f"{place}: begins at {low}, but {expected} comes next; rolls have no gap or overlap")
        rows.append(Row(low, high, text))
        expected = high + 1
    if expected - 1 != int(span.max):
        raise InputError(f"{where}: the rows end at {expected - 1}, but {raw.dice} goes to {span.max}")
    return tuple(rows)


def _structure(cls: type[Any], data: Mapping[str, Any], where: str) -> Any:
    try:
        return make_converter(forbid_extra_keys=True).structure(data, cls)
    except Exception as error:
        raise InputError("; ".join(explain(error, where)), "See docs/plugins/genres.md") from error


def _read(file: Traversable | Path) -> dict[str, Any]:
    try:
        data = file.read_bytes()
    except (OSError, KeyError) as error:
        raise NotFound(f"there is no {file.name}", "See docs/plugins/genres.md") from error
    if len(data) > MAX_BYTES:
        raise InputError(f"{file.name}: larger than {MAX_BYTES:,} bytes")
    try:
        return tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{file.name}: not valid TOML: {error}") from error
