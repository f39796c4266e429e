"""Docs that cannot rot: every hook, command and setting is documented."""

import re
import subprocess
import sys
import typing
from pathlib import Path

import attrs
import click
import pytest

from ttrpg_core.app import App
from ttrpg_core.entries import KINDS, Command
from ttrpg_core.hooks import Hooks
from ttrpg_core.settings import TABLES, allowed, variable_of

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
OURS = App(environ={"TTRPG_DISABLE": "*"}).plugins


def test_generated_pages_are_current_and_links_lead_somewhere():
    run = subprocess.run(
        [sys.executable, DOCS / "generate.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_every_hook_has_its_section_with_a_whole_plugin(kind):
    page = (DOCS / "plugins/hooks.md").read_text("utf-8")
    section = page.partition(f"\n## ttrpg_{kind}\n")[2].partition("\n## ")[0]
    assert "@hookimpl" in section
    assert f"def ttrpg_{kind}():" in section
    assert getattr(Hooks, f"ttrpg_{kind}").__doc__
    for field in attrs.fields(KINDS[kind]):
        assert f"`{field.name}`" in page


@pytest.mark.parametrize("name", sorted(OURS.owned("commands")))
def test_every_command_is_in_the_page_with_all_its_options(name):
    page = (DOCS / "cli.md").read_text("utf-8")
    loaded = OURS.load(Command, name)
    assert isinstance(loaded, click.Command)
    for path, command in _tree(f"ttrpg {name}", loaded):
        section = page.partition(f"\n## {path}\n")[2].partition("\n## ")[0]
        assert section, f"docs/cli.md has no section {path}"
        assert command.help, f"{path} has no help"
        for param in command.params:
            if isinstance(param, click.Option):
                assert param.help, f"{path} {param.opts[0]} has no help"
                assert param.opts[0] in section


def test_exit_codes_of_the_errors_are_in_the_page():
    from ttrpg_core import errors

    page = (DOCS / "cli.md").read_text("utf-8")
    kinds = [
        each
        for each in vars(errors).values()
        if isinstance(each, type) and issubclass(each, errors.TtrpgError)
    ]
    assert len(kinds) > 10
    for kind in kinds:
        assert f"| {kind.code} |" in page
        assert re.search(rf"\b{kind.__name__}\s+{kind.code}\b", errors.__doc__), (
            f"{kind.__name__} is not drawn"
        )


@pytest.mark.parametrize("table", TABLES)
def test_every_setting_is_in_the_page(table):
    page = (DOCS / "config.md").read_text("utf-8")
    section = page.partition(f"\n## [{table}]\n")[2].partition("\n## ")[0]
    hints = typing.get_type_hints(TABLES[table])
    for field in attrs.fields(TABLES[table]):
        key = f"{table}.{field.name}"
        assert field.metadata["help"].endswith(".")
        assert f"| `{field.name}` |" in section
        assert variable_of(key) in section
        assert allowed(field, hints[field.name]) in section


def test_every_decision_is_listed():
    listed = (DOCS / "decisions/README.md").read_text("utf-8")
    pages = sorted((DOCS / "decisions").glob("[0-9]*.md"))
    assert pages
    for page in pages:
        assert f"({page.name})" in listed
        assert "**Context.**" in page.read_text("utf-8")
        assert "**Choice.**" in page.read_text("utf-8")
        assert "**Cost.**" in page.read_text("utf-8")


def _tree(path: str, command: click.Command) -> list[tuple[str, click.Command]]:
    found = [(path, command)]
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            found += _tree(f"{path} {name}", child)
    return found
