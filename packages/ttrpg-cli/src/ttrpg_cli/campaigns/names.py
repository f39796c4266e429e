"""Names of campaigns and of their moments, for the shell that completes them."""

import click
from click.shell_completion import CompletionItem

from ttrpg_core.store import peek

_SNAPSHOTS = (
    "SELECT snapshots.id, snapshots.name FROM snapshots JOIN chosen ON value = campaign"
    " WHERE key = 'campaign' ORDER BY position DESC"
)


def campaigns(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Campaigns' ids for the shell."""
    return _items(ctx, "SELECT id, name FROM campaigns ORDER BY id", incomplete)


def moments(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Snapshots of the current campaign for the shell."""
    return _items(ctx, _SNAPSHOTS, incomplete)


def _items(ctx: click.Context, query: str, incomplete: str) -> list[CompletionItem]:
    known = peek(ctx.find_root().obj.paths.database, query)
    return [CompletionItem(each, help=name) for each, name in known if each.startswith(incomplete)]
