"""The command ``ttrpg hello``."""

from importlib.resources import files

import click

from ttrpg_core.app import App
from ttrpg_core.dice import roll
from ttrpg_core.genres import load_genre
from ttrpg_core.text import name as checked
from ttrpg_core.views import Fields, Text


# -- command --
@click.command(short_help="Greet somebody at the table")
@click.argument("name", default="stranger")
@click.pass_obj
def hello(app: App, name: str) -> None:
    """Greet NAME, and say who else is still up.

    The other guest is rolled on a table of the genre pack small-hours.
    """
    name = checked(name)
    table = load_genre(files("ttrpg_hello") / "small-hours").tables["guest"]
    rolled = roll(table.dice, app.rng).total
    guest = next(row.text for row in table.rows if row.low <= rolled <= row.high)
    greeting = f"Well met, {name}!"
    app.screen.show(
        "ttrpg-hello.greeting/1",
        {"greeting": greeting, "guest": guest, "roll": rolled},
        [Text(greeting, "title"), Fields([("Still up", guest)])],
    )


# -- end --
