"""``ttrpg library edit``, ``rm`` and ``prune``."""

import click

from ttrpg_core.app import App
from ttrpg_core.library import BOOK_KINDS
from ttrpg_ingest import shelf
from ttrpg_ingest.commands.names import (
    UNDO,
    as_data,
    book_named,
    books_named,
    complete_books,
    complete_campaigns,
    complete_systems,
)


@click.command("edit")
@click.argument("book", shell_complete=complete_books)
@click.option("--title", help="Another title; the id stays.")
@click.option("--author", "authors", multiple=True, help="Who wrote it; say it again for more.")
@click.option("--publisher", help="Who published it.")
@click.option("--edition", help="Its edition.")
@click.option("--language", help="Its language, such as 'en'.")
@click.option("--system", shell_complete=complete_systems, help="Its game system.")
@click.option("--genre", help="Its genre.")
@click.option("--kind", type=click.Choice(BOOK_KINDS), help="What it is for.")
@click.option(
    "--campaign", shell_complete=complete_campaigns, help="The campaign it belongs to; '' for all."
)
@click.pass_obj
def edit_book(app: App, /, book: str, authors: tuple[str, ...], **fields: str | None) -> None:
    """Correct what is known of a book; '' forgets a field.

    House rules (--kind house_rules) stand above every other book, in one campaign or in all.
    """
    said = {name: value for name, value in fields.items() if value is not None}
    if authors:
        said["authors"] = "; ".join(filter(None, (name.strip() for name in authors)))
    now, different = shelf.edit(app, book_named(app, book), said)
    app.screen.show("ttrpg.library.edit/1", {"book": as_data(now), "changed": different}, [])
    changed = f'changed {", ".join(different)} of "{now.title}"; {UNDO}'
    app.screen.say(changed if different else "Nothing was different", "good")


@click.command("rm")
@click.argument("books", nargs=-1, required=True, shell_complete=complete_books, metavar="BOOK...")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def remove_books(app: App, books: tuple[str, ...], *, yes: bool) -> None:
    """Take books off the shelf; the files themselves are left alone."""
    found = books_named(app, books)
    names = ", ".join(f'"{each.title}"' for each in found)
    if not yes and not app.screen.ask(f"Take {names} off the shelf?", default=True):
        app.screen.say("Nothing was removed")
        found = []
    for each in found:
        shelf.remove(app, each)
        app.screen.say(f'removed "{each.title}"; {UNDO}', "good")
    app.screen.show("ttrpg.library.rm/1", {"books": [as_data(each) for each in found]}, [])


@click.command("prune")
@click.pass_obj
def prune_books(app: App) -> None:
    """Forget what was read of books that are no longer on the shelf.

    Taking back the removal of such a book then needs it to be added again.
    """
    count = shelf.prune(app)
    app.screen.say(
        f"forgot what was read of {count} file{'s' * (count != 1)}; this cannot be undone", "good"
    )
    app.screen.show("ttrpg.library.prune/1", {"forgotten": count}, [])
