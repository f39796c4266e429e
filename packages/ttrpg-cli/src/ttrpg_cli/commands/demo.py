"""``demo``: the main job in a minute, with real commands in a folder of its own."""

import io
import json
import shlex
import tempfile
from pathlib import Path

import click

from ttrpg_cli.main import run
from ttrpg_cli.render import Terminal
from ttrpg_cli.screens import screen_of
from ttrpg_core.app import App
from ttrpg_core.errors import TtrpgError
from ttrpg_core.views import Text

BOOK = Path(__file__).parents[1] / "book" / "the-lamplit-road.pdf"
"""The rule book of our own that the package ships; its text and licence stand beside it."""

STEPS = (
    ("Put a rule book on the shelf.", ("library", "add", "{book}")),
    (
        "Ask it, in the words of the table.",
        ("search", "what happens when my lantern goes out", "-n", "1"),
    ),
    ("", ("search", "how do I heal wounds", "-n", "1")),
    ("", ("search", "falling damage", "-n", "1")),
    (
        "Start a campaign.",
        ("campaign", "create", "The Salt Lantern", "--system", "The Lamplit Road"),
    ),
    ("Roll some dice.", ("roll", "4d6kh3", "1d20adv+5", "8d6[fire]")),
    ("Change something ...", ("campaign", "edit", "--game-date", "The Night of First Frost")),
    ("... and take it back.", ("undo",)),
    ("Where are we?", ()),
)


@click.command(short_help="The main job in a minute, in a folder of its own")
@click.option(
    "--keep", type=click.Path(path_type=Path), help="Keep what the demo makes in this folder."
)
@click.option("--book", is_flag=True, help="Only say where the rule book that ships lies.")
@click.pass_context
def demo(ctx: click.Context, *, keep: Path | None, book: bool) -> None:
    """Add a small rule book, ask it three questions, start a campaign, roll, change, undo.

    Every step prints the command that you would type. Nothing of yours is touched: the demo works
    in a temporary folder, or in the one that --keep names.
    """
    app: App = ctx.obj
    if book:
        app.screen.show("ttrpg.demo.book/1", {"path": str(BOOK)}, [Text(str(BOOK))])
        return
    missing = [name for name in ("library", "search") if name not in app.plugins.owned("commands")]
    if missing:
        from ttrpg_cli.group import BROUGHT_BY
        from ttrpg_cli.install import install_line

        packages = " ".join(BROUGHT_BY[name] for name in missing)
        raise TtrpgError(f"the demo needs {packages.replace(' ', ' and ')}", install_line(packages))
    if keep is not None:
        ctx.exit(_play(app, keep))
    with tempfile.TemporaryDirectory(prefix="ttrpg-demo-") as folder:
        ctx.exit(_play(app, Path(folder)))


def _play(app: App, home: Path) -> int:
    """Run every step as its own command line, in ``home``; the first failure ends it."""
    environ = {**app.environ, "TTRPG_HOME": str(home)}
    screen = screen_of(app)
    steps = []
    for title, words in STEPS:
        if title:
            screen.say(f"\n{title}", "title")
        typed = ["ttrpg", *(BOOK.name if word == "{book}" else word for word in words)]
        screen.say(f"$ {shlex.join(typed)}", "command")
        step = App(environ=environ, plugins=app.plugins, folder=home, rng=app.rng)
        kept = io.StringIO()
        out = kept if screen.json else screen.out
        step.screen = mine = Terminal(out, screen.err, environ, screen.pager)
        mine.plain, mine.quiet, mine.json = screen.plain, screen.quiet, screen.json
        code = run([str(BOOK) if word == "{book}" else word for word in words], step)
        if code:
            return code
        if screen.json:
            steps.append({"command": typed, "result": json.loads(kept.getvalue())})
    if screen.json:
        screen.show("ttrpg.demo/1", {"steps": steps}, [])
    screen.say("\nYour own book: ttrpg library add YOUR-BOOK.pdf", "title")
    return 0
