"""``plugins``: what is installed, what it has, and what is wrong with it."""

from pathlib import PurePath

import click

from ttrpg_cli.seen import note_changes
from ttrpg_core import entries
from ttrpg_core.app import App
from ttrpg_core.entries import KINDS
from ttrpg_core.errors import NotFound, TtrpgError
from ttrpg_core.text import nearest
from ttrpg_core.views import Block, Fields, Table, Text


@click.command(short_help="What is installed, and what is wrong with it")
@click.option(
    "--why",
    metavar="NAME",
    help="Who brings this command, parser ..., or who would read this file.",
)
@click.pass_obj
def plugins(app: App, why: str | None) -> None:
    """Every plugin with what it has; every target is loaded, and what fails is named.

    TTRPG_DISABLE=a,b switches plugins off before they are imported; '*' stands for all that are
    not ours.
    """
    found = app.plugins
    problems = found.check()
    if why is not None:
        _why(app, why)
        return
    rows = []
    for plugin in found.installed:
        has = [
            f"{kind[:-1]} {name}"
            for kind in KINDS
            for name, owned in found.owned(kind).items()
            if owned.plugin == plugin.name
        ]
        bad = any(problem.plugin == plugin.name for problem in problems)
        state = "off" if plugin.disabled else "problem" if bad else "ok"
        rows.append(
            (plugin.name, f"{plugin.distribution} {plugin.version}".strip(), state, ", ".join(has))
        )
    blocks: list[Block] = [Table(("Plugin", "From", "State", "Has"), rows)]
    if problems:
        blocks += [Text(""), Text(f"Problems: {len(problems)}", "warn")]
        blocks += [Text(f"  {problem}") for problem in problems]
    app.screen.show(
        "ttrpg.plugins/1",
        {
            "plugins": [
                dict(zip(("name", "from", "state", "has"), row, strict=True)) for row in rows
            ],
            "problems": [
                {"plugin": p.plugin, "where": p.where, "error": p.error} for p in problems
            ],
        },
        blocks,
    )
    try:
        gone = note_changes(app)
    except TtrpgError as error:  # the list is right all the same
        app.screen.say(f"This is not remembered: {error.message}", "warn")
    else:
        if gone:
            app.screen.say(f"Gone since last time: {', '.join(gone)}; see: ttrpg doctor", "warn")


def _why(app: App, name: str) -> None:
    """Who provides a name, what it names and whether that loads; or who would read a file."""
    problems = app.plugins.problems
    owned = [(kind, table[name]) for kind in KINDS if name in (table := app.plugins.owned(kind))]
    pairs: list[tuple[str, str]] = []
    for kind, entry in owned:
        pairs.append(
            (kind[:-1], f"{name}, from the plugin {entry.plugin}: {entry.entry.target or 'data'}")
        )
    for plugin in app.plugins.installed:
        if plugin.name == name:
            off = ", switched off by TTRPG_DISABLE" if plugin.disabled else ""
            pairs.append(("plugin", f"{plugin.distribution} {plugin.version}, {plugin.value}{off}"))
    if not owned and (suffix := PurePath(name).suffix.lower()):
        readers = [e for e in app.plugins.entries(entries.Parser).values() if suffix in e.suffixes]
        readers.sort(key=lambda e: -e.priority)
        pairs += [("parser", f"{e.name} (priority {e.priority}): {e.summary}") for e in readers]
    pairs += [
        ("problem", str(p))
        for p in problems
        if name in {p.plugin, p.where.partition(" ")[2]} or f"'{name}'" in p.error
    ]
    if not pairs:
        known = {n for kind in KINDS for n in app.plugins.owned(kind)} | {
            p.name for p in app.plugins.installed
        }
        raise NotFound(f"nothing installed is called {name!r}", nearest(name, known))
    app.screen.show(
        "ttrpg.plugins.why/1",
        {"name": name, "why": [list(pair) for pair in pairs]},
        [Fields(pairs)],
    )
