"""``ttrpg library reindex`` and ``verify``."""

import attrs
import click

from ttrpg_core.app import App
from ttrpg_core.errors import StoreDamaged
from ttrpg_core.views import Table
from ttrpg_ingest import shelf
from ttrpg_ingest.commands.names import books_named, complete_books
from ttrpg_ingest.shelf.vectors import after_adding


@click.command("reindex")
@click.argument("books", nargs=-1, shell_complete=complete_books, metavar="[BOOK]...")
@click.option("--cut", is_flag=True, help="Cut the passages anew too, as the settings say now.")
@click.pass_obj
def reindex_books(app: App, books: tuple[str, ...], *, cut: bool) -> None:
    """Make the search index anew from the passages that are kept.

    Each book is done by itself: what was done before Ctrl-C stays done.
    """
    count = shelf.reindex(app, books_named(app, books) if books else None, cut=cut)
    done = "cut and indexed" if cut else "indexed"
    app.screen.say(f"{done} {count:,} passages; nothing else was changed", "good")
    app.screen.show("ttrpg.library.reindex/1", {"passages": count}, [])
    if cut:  # the new passages have no vectors yet
        after_adding(app)


@click.command("verify")
@click.argument("books", nargs=-1, shell_complete=complete_books, metavar="[BOOK]...")
@click.pass_context
def verify_books(ctx: click.Context, books: tuple[str, ...]) -> None:
    """Check files, passages and the index; ends with 7 where something is damaged."""
    from ttrpg_ingest.shelf.verifying import verify

    app = ctx.ensure_object(App)
    named = books_named(app, books)
    found = list(verify(app, named))
    rows = [
        [each.book or "index", "damaged" if each.damaged else "", each.said, each.do]
        for each in found
    ]
    whole = f"{len(named)} book{'s' * (len(named) != 1)} and the index are as they should be"
    app.screen.show(
        "ttrpg.library.verify/1",
        {"books": len(named), "findings": [attrs.asdict(each) for each in found]},
        [Table(["book", "", "what is wrong", "what to do"], rows, empty=whole)],
    )
    if any(each.damaged for each in found):
        ctx.exit(StoreDamaged.code)
