"""The options that ``search``, ``search -i`` and ``ask`` share: where to look, and for what."""

from collections.abc import Callable
from typing import TypeVar, get_args

import click

from ttrpg_core.documents import Kind
from ttrpg_search.commands import completing

KINDS: tuple[str, ...] = get_args(Kind)
Command = TypeVar("Command", bound=Callable[..., object])


def where_to_look(command: Command) -> Command:
    """``--book``, ``--system``, ``--kind``, ``--page``, ``-n``, ``--keyword`` and ``--players``."""
    for option in reversed(
        (
            click.option(
                "--book",
                "books",
                multiple=True,
                shell_complete=completing.books,
                help="Only in this book; may be repeated.",
            ),
            click.option(
                "--system",
                default="",
                shell_complete=completing.systems,
                help="Only in books of this game system.",
            ),
            click.option(
                "--kind",
                "kinds",
                multiple=True,
                type=click.Choice(KINDS),
                help="Only passages of this kind; may be repeated.",
            ),
            click.option(
                "--page", default="", metavar="PAGES", help="Only on these pages: 12, 12-14."
            ),
            click.option(
                "-n",
                "--results",
                type=click.IntRange(1, 100),
                help="Passages to show; 3 unless set.",
            ),
            click.option(
                "--keyword", "keyword_only", is_flag=True, help="By words alone, without vectors."
            ),
            click.option("--players", is_flag=True, help="Without what only the GM may see."),
        )
    ):
        command = option(command)
    return command
