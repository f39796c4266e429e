"""``ttrpg library add``."""

from typing import Any

import click

from ttrpg_core import text
from ttrpg_core.app import App
from ttrpg_core.errors import TtrpgError
from ttrpg_core.library import BOOK_KINDS
from ttrpg_core.views import Block, Table
from ttrpg_ingest.commands.names import UNDO, as_data, complete_campaigns, complete_systems
from ttrpg_ingest.shelf import Added, Failed, Skipped, Wishes, add_all, extent


@click.command("add")
@click.argument("files", nargs=-1, required=True, type=click.Path(), metavar="FILE...")
@click.option("--title", default="", help="The title, instead of the one that the file gives.")
@click.option("--system", default="", shell_complete=complete_systems, help="Its game system.")
@click.option("--genre", default="", help="Its genre.")
@click.option("--kind", default="", type=click.Choice(["", *BOOK_KINDS]), help="What it is for.")
@click.option(
    "--campaign", default="", shell_complete=complete_campaigns, help="The campaign it belongs to."
)
@click.option(
    "--duplicate",
    type=click.Choice(["skip", "update", "keep"]),
    help="What to do with other content of a book that is there; asked, else skip.",
)
@click.option("--each", is_flag=True, help="Every file of a folder is a book of its own.")
@click.option("--jobs", type=click.IntRange(1, 64), help="Books read at once; all processors.")
@click.pass_context
def add_books(
    ctx: click.Context,
    /,
    files: tuple[str, ...],
    duplicate: str | None,
    jobs: int | None,
    **said: Any,
) -> None:
    """Read rule books and put them on the shelf.

    FILE is a file, a folder or a pattern such as 'books/*.pdf'. In a folder each PDF and ebook is a
    book; its Markdown, HTML and text files together are one. Ctrl-C keeps what was read; the same
    command goes on from there.
    """
    app = ctx.ensure_object(App)
    wishes = Wishes(duplicate=duplicate or "", jobs=jobs or 0, **said)  # type: ignore[arg-type]
    if wishes.title and len(files) > 1:
        raise click.UsageError("--title names one book; give one FILE")
    came: list[Added | Failed | Skipped] = []
    try:
        came.extend(add_all(app, files, wishes))
    except KeyboardInterrupt:
        for each in came:
            _say(app, each)
        raise
    came.sort(key=lambda each: each.place if isinstance(each, Failed) else -1)
    if len(came) == 1 and isinstance(came[0], Failed):
        raise came[0].error
    for each in came:
        _say(app, each)
    _show(app, came)
    failed = [each for each in came if isinstance(each, Failed)]
    if failed:
        ctx.exit(failed[0].error.code)


def _say(app: App, came: Added | Failed | Skipped) -> None:
    say = app.screen.say
    if isinstance(came, Failed):
        say(f"{text.printable(came.path)}: {_whole(came.error)}", "bad")
    elif isinstance(came, Skipped):
        say(
            f'skipped {came.path}: "{came.book.title}" is on the shelf with other content;'
            " --duplicate update replaces it, keep has both",
            "warn",
        )
    else:
        _say_added(app, came)


def _say_added(app: App, added: Added) -> None:
    book, say = added.book, app.screen.say
    if added.replaced:
        say(f'replaced "{book.title}" by its new content ({extent(book)}); {UNDO}', "good")
    elif added.new:
        say(f'added "{book.title}" ({extent(book)}); {UNDO}', "good")
    else:
        say(f'"{book.title}" is on the shelf already ({extent(book)})')
    for twin in added.twins:
        say(f'"{book.title}" has the same text as "{twin}", which is on the shelf too', "warn")
    if added.new and added.warnings:
        some = f"{added.warnings} thing{'s' * (added.warnings != 1)}"
        say(f"{some} to know about how it was read: ttrpg library show {book.id}", "warn")
    if not added.searchable:
        say("no search backend is installed; ttrpg-search makes it searchable", "warn")


def _show(app: App, came: list[Added | Failed | Skipped]) -> None:
    added = [each for each in came if isinstance(each, Added)]
    new = [each for each in added if each.new]
    blocks: list[Block] = []
    if len(came) > 1 and new:
        rows = [
            [
                each.book.title,
                str(each.book.pages or ""),
                f"{each.book.chunks:,}",
                f"{each.seconds:.1f}",
                str(each.warnings or ""),
            ]
            for each in new
        ]
        blocks.append(Table(["book", "pages", "passages", "seconds", "warnings"], rows))
    data = {
        "books": [
            {
                **as_data(each.book),
                "new": each.new,
                "replaced": each.replaced,
                "seconds": each.seconds,
                "warnings": each.warnings,
                "same_text": list(each.twins),
            }
            for each in added
        ],
        "skipped": [
            {"file": text.printable(each.path), "book": each.book.id}
            for each in came
            if isinstance(each, Skipped)
        ],
        "failed": [
            {
                "file": text.printable(each.path),
                "error": each.error.message,
                "hint": each.error.hint,
            }
            for each in came
            if isinstance(each, Failed)
        ],
    }
    app.screen.show("ttrpg.library.add/1", data, blocks)


def _whole(error: TtrpgError) -> str:
    return error.message + (f". {error.hint}" if error.hint else "")
