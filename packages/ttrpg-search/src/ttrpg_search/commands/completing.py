"""What the shell offers for an option; read without opening the store."""

import click
from click.shell_completion import CompletionItem

from ttrpg_core.app import App
from ttrpg_core.store import peek

_SYSTEMS = (
    "SELECT system, COUNT(*) || ' of your books' FROM books WHERE system != ''"
    " GROUP BY system ORDER BY system"
)


def books(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Books by id, with their titles."""
    return _offered(ctx, "SELECT id, title FROM books ORDER BY id", incomplete)


def systems(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Game systems that are on the shelf."""
    return _offered(ctx, _SYSTEMS, incomplete)


def _offered(ctx: click.Context, query: str, incomplete: str) -> list[CompletionItem]:
    app = ctx.find_object(App) or App()
    known = peek(app.paths.database, query)
    return [CompletionItem(word, help=told) for word, told in known if word.startswith(incomplete)]
