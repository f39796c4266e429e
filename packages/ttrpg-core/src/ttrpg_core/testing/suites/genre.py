"""What is promised of a genre pack: tables that can be rolled on, and words that may be used."""

import random
import tomllib
from collections import Counter
from importlib.resources.abc import Traversable
from pathlib import Path

import pytest

from ttrpg_core.dice import odds, roll
from ttrpg_core.genres import Genre, RandomTable, check_genre, load_genre, overlay
from ttrpg_core.testing.suites.inputs import missing

ROLLS = 50
"""Rolls on each table."""


class GenreTests:
    """Inherit it for the folder of a genre pack; no other code is needed.

    ::

        class TestNoir(GenreTests):
            @pytest.fixture
            def folder(self):
                return files("ttrpg_noir") / "noir"
    """

    @pytest.fixture
    def folder(self) -> Traversable | Path:
        """The folder of your pack."""
        missing("GenreTests", "folder", "the folder of a genre pack")

    def test_it_loads(self, folder: Traversable | Path) -> None:
        """The pack loads, and there is a table in it."""
        assert load_genre(folder).tables

    def test_nothing_is_wrong_with_it(self, folder: Traversable | Path) -> None:
        """``check_genre`` finds nothing, in the pack or in its translations."""
        assert check_genre(folder) == []

    def test_it_says_under_what_licence(self, folder: Traversable | Path) -> None:
        """Title, summary, language and licence are there: people will read the words aloud."""
        genre = load_genre(folder)
        for said in (genre.title, genre.summary, genre.language, genre.licence):
            assert said.strip()
            assert said.isprintable()

    def test_rows_cover_the_dice(self, folder: Traversable | Path) -> None:
        """Whatever the dice of a table show, one row is for it, and no row is for nothing."""
        for table in load_genre(folder).tables.values():
            totals = list(odds(table.dice).probabilities)
            for total in totals:
                rows = [row for row in table.rows if row.low <= total <= row.high]
                assert len(rows) == 1, f"{table.id}: {len(rows)} rows for a {total} on {table.dice}"
            idle = [row.text for row in table.rows if not _reached(row.low, row.high, totals)]
            assert idle == [], f"{table.id}: no roll of {table.dice} gives these"

    def test_it_can_be_rolled_on(self, folder: Traversable | Path) -> None:
        """Rolls with its own dice give rows."""
        rng = random.Random(1974)
        for table in load_genre(folder).tables.values():
            for _ in range(ROLLS):
                total = roll(table.dice, rng).total
                assert any(row.low <= total <= row.high for row in table.rows), table.id

    def test_no_row_is_there_twice(self, folder: Traversable | Path) -> None:
        """No row of a table says the same as another; give one row more numbers instead."""
        for table in load_genre(folder).tables.values():
            counts = Counter(" ".join(row.text.casefold().split()) for row in table.rows)
            assert [text for text, count in counts.items() if count > 1] == [], table.id

    def test_rows_are_clean(self, folder: Traversable | Path) -> None:
        """Every row has words, no blank around them, and no control character."""
        for table in load_genre(folder).tables.values():
            _check_rows(table)

    def test_translations_fit(self, folder: Traversable | Path) -> None:
        """Each file under ``lang`` is named for a language and only changes rows that are there."""
        genre = load_genre(folder)
        lang = folder / "lang"
        if not lang.is_dir():
            pytest.skip("the pack has no translation")
        for file in lang.iterdir():
            tag, _, suffix = file.name.rpartition(".")
            assert suffix == "toml", f"lang/{file.name}: only TOML files belong here"
            assert all(part.isascii() and part.isalnum() for part in tag.split("-")), file.name
            assert tag != genre.language, f"lang/{file.name}: the pack is in that language already"
            told = overlay(genre, tomllib.loads(file.read_text("utf-8")), file.name)
            _check_translation(genre, told, file.name)


def _reached(low: int, high: int, totals: list[int] | list[float]) -> bool:
    return any(low <= total <= high for total in totals)


def _check_rows(table: RandomTable) -> None:
    for row in table.rows:
        assert row.text.strip(), f"{table.id}: an empty row at {row.low}"
        assert row.text == row.text.strip(), f"{table.id}: blanks around {row.text!r}"
        shown = row.text.replace("\n", "")
        assert shown.isprintable(), f"{table.id}: a control character in {row.text!r}"


def _check_translation(genre: Genre, told: Genre, file: str) -> None:
    assert told.tables != genre.tables, f"lang/{file}: changes nothing"
    for name, table in told.tables.items():
        _check_rows(table)
        before = [(row.low, row.high) for row in genre.tables[name].rows]
        assert [(row.low, row.high) for row in table.rows] == before
