"""``ttrpg library add``."""

from typing import Any, TextIO

import attrs
import click

from ttrpg_core.app import App
from ttrpg_core.library import BOOK_KINDS
from ttrpg_ingest.commands import passwords
from ttrpg_ingest.commands.added import say_came, show_came
from ttrpg_ingest.commands.names import (
    complete_campaigns,
    complete_parsers,
    complete_systems,
)
from ttrpg_ingest.processes import PASSWORDS
from ttrpg_ingest.shelf import Added, Came, Failed, Wishes, add_all
from ttrpg_ingest.shelf.vectors import after_adding


@click.command("add")
@click.argument("files", nargs=-1, required=True, type=click.Path(), metavar="FILE...")
@click.option("--title", default="", help="The title, instead of the one that the file gives.")
@click.option("--author", "authors", multiple=True, help="Who wrote it; say it again for more.")
@click.option("--publisher", default="", help="Who published it.")
@click.option("--edition", default="", help="Its edition.")
@click.option("--language", default="", help="Its language, such as 'en'.")
@click.option("--system", default="", shell_complete=complete_systems, help="Its game system.")
@click.option("--genre", default="", help="Its genre.")
@click.option("--kind", default="", type=click.Choice(["", *BOOK_KINDS]), help="What it is for.")
@click.option(
    "--campaign", default="", shell_complete=complete_campaigns, help="The campaign it belongs to."
)
@click.option(
    "--if-there",
    type=click.Choice(["skip", "update", "both"]),
    help="What to do with a book that is there, or with the same content in another file; without"
    " it you are asked.",
)
@click.option(
    "--parser",
    default="",
    shell_complete=complete_parsers,
    metavar="NAME",
    help="What shall read it, instead of what suits its content.",
)
@click.option(
    "--password-file",
    type=click.File(encoding="utf-8"),
    help="A file with the passwords of locked PDFs, one a line; '-' is stdin. Else"
    f" {PASSWORDS} is tried, and on a terminal you are asked.",
)
@click.option("--each", is_flag=True, help="Every file of a folder is a book of its own.")
@click.option("--jobs", type=click.IntRange(1, 64), help="Books read at once; all processors.")
@click.pass_context
def add_books(
    ctx: click.Context,
    /,
    files: tuple[str, ...],
    authors: tuple[str, ...],
    if_there: str | None,
    jobs: int | None,
    password_file: TextIO | None,
    **said: Any,
) -> None:
    """Read rule books and put them on the shelf.

    FILE is a file, a folder or a pattern such as 'books/*.pdf'. In a folder each PDF and ebook is a
    book; its Markdown, HTML and text files together are one. Ctrl-C keeps what was read; the same
    command goes on from there.
    """
    app = ctx.ensure_object(App)
    wishes = Wishes(
        authors="; ".join(filter(None, map(str.strip, authors))),
        if_there=if_there or "",  # type: ignore[arg-type]
        jobs=jobs or 0,
        passwords=passwords.given(app, password_file),
        **said,
    )
    if wishes.title and len(files) > 1:
        raise click.UsageError("--title names one book; give one FILE")
    came: list[Came] = []
    try:
        came.extend(add_all(app, files, wishes))
        for attempt in range(passwords.TRIES):
            locked = passwords.locked(came)
            if not locked or not (asked := passwords.ask(locked, again=attempt > 0)):
                break
            came = [each for each in came if each not in locked]
            with_it = attrs.evolve(wishes, passwords=asked)
            came.extend(add_all(app, [each.path for each in locked], with_it))
    except KeyboardInterrupt:
        say_came(app, came)
        raise
    came.sort(key=lambda each: each.place if isinstance(each, Failed) else -1)
    if len(came) == 1 and isinstance(came[0], Failed):
        raise came[0].error
    show_came(app, came)
    if any(isinstance(each, Added) for each in came):
        after_adding(app)
    failed = [each for each in came if isinstance(each, Failed)]
    if failed:
        ctx.exit(failed[0].error.code)
