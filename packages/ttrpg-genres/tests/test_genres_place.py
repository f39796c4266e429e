"""The package keeps its place: a sound plugin that says, truthfully, that it has nothing yet."""

from pathlib import Path

import ttrpg_genres
from ttrpg_core import Genre, System


def test_it_yields_nothing_and_is_no_problem(plugins):
    plugins.register(ttrpg_genres, "genres")
    assert plugins.entries(Genre) == {}
    assert plugins.entries(System) == {}
    assert plugins.check() == ()


def test_its_readme_says_so():
    readme = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    assert "hooks yield nothing" in " ".join(readme.split())
