"""The package keeps its place: a sound plugin that says, truthfully, that it has nothing yet."""

from pathlib import Path

import ttrpg_providers
from ttrpg_core import Provider


def test_it_yields_nothing_and_is_no_problem(plugins):
    plugins.register(ttrpg_providers, "providers")
    assert plugins.entries(Provider) == {}
    assert plugins.check() == ()


def test_its_readme_says_so():
    readme = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    assert "hook yields nothing" in " ".join(readme.split())
