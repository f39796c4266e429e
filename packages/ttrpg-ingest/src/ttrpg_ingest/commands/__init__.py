"""``ttrpg library``: the shelf of rule books, one file a group of verbs."""

import click

from ttrpg_ingest.commands.adding import add_books
from ttrpg_ingest.commands.changing import edit_book, prune_books, remove_books
from ttrpg_ingest.commands.indexing import index_books
from ttrpg_ingest.commands.listing import list_books
from ttrpg_ingest.commands.names import complete_books
from ttrpg_ingest.commands.reading import export_book, open_book, read_page
from ttrpg_ingest.commands.showing import show_book
from ttrpg_ingest.commands.upkeep import reindex_books, verify_books

__all__ = ["complete_books", "library"]


@click.group(invoke_without_command=True)
@click.pass_context
def library(ctx: click.Context) -> None:
    """Your rule books: add, list, show, remove.

    A book is read once, cut into passages with their printed pages, and found by `ttrpg search`.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_books)


for _command in (
    add_books,
    list_books,
    show_book,
    read_page,
    open_book,
    edit_book,
    remove_books,
    prune_books,
    index_books,
    reindex_books,
    verify_books,
    export_book,
):
    library.add_command(_command)
