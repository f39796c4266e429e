"""What is promised of a game system's file: rolls that can be rolled, abilities that have names."""

import random
import re
import string
from importlib.resources.abc import Traversable
from pathlib import Path

import pytest

from ttrpg_core.dice import odds, roll
from ttrpg_core.genres import System, load_system
from ttrpg_core.testing.suites.inputs import missing

_ID = re.compile(r"[a-z][a-z0-9_]*\Z")
MODIFIERS = (-5, 0, 3, 20)
"""What an ability may add."""


class SystemTests:
    """Inherit it for the TOML file of a game system; no other code is needed.

    ::

        class TestTwoDice(SystemTests):
            @pytest.fixture
            def file(self):
                return files("ttrpg_two") / "two-dice.toml"
    """

    @pytest.fixture
    def file(self) -> Traversable | Path:
        """The file of your system."""
        missing("SystemTests", "file", "the TOML file of a game system")

    def test_it_loads(self, file: Traversable | Path) -> None:
        """The file loads and says its name, title and summary."""
        system = load_system(file)
        for said in (system.name, system.title, system.summary):
            assert said.strip()
            assert said.isprintable()

    def test_it_says_under_what_licence(self, file: Traversable | Path) -> None:
        """The licence of its words is there."""
        assert load_system(file).licence.strip()

    def test_abilities_are_told_apart(self, file: Traversable | Path) -> None:
        """Each ability has an id that can stand in dice, and a title; none twice."""
        abilities = load_system(file).abilities
        ids = [ability.id for ability in abilities]
        assert [each for each in ids if not _ID.match(each)] == []
        assert len(ids) == len(set(ids))
        titles = [ability.title.strip().casefold() for ability in abilities]
        assert all(titles)
        assert len(titles) == len(set(titles))

    def test_its_rolls_name_its_abilities(self, file: Traversable | Path) -> None:
        """Whatever stands in braces in ``check`` or ``initiative`` is the id of an ability."""
        system = load_system(file)
        known = {ability.id for ability in system.abilities}
        for name, expression in _rolls(system).items():
            assert _names(expression) <= known, f"{name} = {expression!r}"

    def test_its_rolls_are_dice(self, file: Traversable | Path) -> None:
        """With numbers for the abilities, ``check`` and ``initiative`` can be rolled."""
        rng = random.Random(1974)
        for expression in _rolls(load_system(file)).values():
            for modifier in MODIFIERS:
                text = expression.format_map(dict.fromkeys(_names(expression), modifier))
                chances = odds(text)
                assert chances.min <= roll(text, rng).total <= chances.max

    def test_its_check_is_chance(self, file: Traversable | Path) -> None:
        """A check can come out in more than one way."""
        check = load_system(file).check
        text = check.format_map(dict.fromkeys(_names(check), 0))
        assert len(odds(text).probabilities) > 1


def _rolls(system: System) -> dict[str, str]:
    return {"check": system.check, "initiative": system.initiative}


def _names(expression: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(expression) if name is not None}
