"""``ttrpg library read``, ``open`` and ``export``: a book back out of the library."""

import shlex
from pathlib import Path

import attrs
import click

from ttrpg_core import text
from ttrpg_core.app import App
from ttrpg_core.documents import Section
from ttrpg_core.errors import NotFound
from ttrpg_core.paths import write_atomically
from ttrpg_core.views import Block, Table, Text
from ttrpg_ingest.commands.names import book_named, complete_books


@click.command("read")
@click.argument("book", shell_complete=complete_books)
@click.argument("page")
@click.pass_obj
def read_page(app: App, book: str, page: str) -> None:
    """Read a page of a book here.

    PAGE is what is printed on it; '#12' is the twelfth of the file. The name of a heading shows
    what stands under it.
    """
    from ttrpg_ingest.shelf.pages import page as find

    found = book_named(app, book)
    shown = find(app, found, page)
    blocks: list[Block] = [Text(f"{found.title}, {shown.place}", "dim")]
    for section in shown.sections:
        if section.heading:
            blocks.append(Text(section.heading, "title"))
        blocks += _body(section)
    if not shown.sections:
        blocks.append(Text("There is no text on this page.", "dim"))
    app.screen.show(
        "ttrpg.library.read/1",
        {
            "book": found.id,
            "place": shown.place,
            "page": shown.index,
            "label": shown.label,
            "before": shown.before,
            "after": shown.after,
            "sections": [attrs.asdict(each) for each in shown.sections],
        },
        blocks,
    )
    ways = (("next", shown.after), ("before", shown.before))
    hints = [
        f"{way}: ttrpg library read {found.id} {shlex.quote(place)}" for way, place in ways if place
    ]
    if hints:
        app.screen.say("   ".join(hints), "dim")


def _body(section: Section) -> list[Block]:
    """A section's text: paragraphs, or a table where its lines are one."""
    blocks: list[Block] = []
    for part in section.text.split("\n\n"):
        lines = part.split("\n")
        table = _table(lines) if section.kind in {"", "table"} else None
        if part.strip():
            blocks += [table if table is not None else Text(part), Text("")]
    return blocks


def _table(lines: list[str]) -> Table | None:
    """A pipe table, with all rows as wide as its first."""
    if len(lines) < 3 or not all(line.lstrip().startswith("|") for line in lines):  # noqa: PLR2004 - head, rule, row
        return None
    if not set(lines[1].strip()) <= set("|-: \t"):
        return None
    rows = [
        [cell.strip().replace("\\|", "|") for cell in _cells(line)]
        for line in (lines[0], *lines[2:])
    ]
    width = len(rows[0])
    return Table(rows[0], [[*row, *[""] * width][:width] for row in rows[1:]])


def _cells(line: str) -> list[str]:
    bare = line.strip().removeprefix("|").removesuffix("|")
    return bare.replace("\\|", "\0").replace("|", "\n").replace("\0", "\\|").split("\n")


@click.command("open")
@click.argument("book", shell_complete=complete_books)
@click.option("--page", help="The printed page; '#12' is the twelfth of the file.")
@click.option("--print-command", is_flag=True, help="Say what would be run, and run nothing.")
@click.pass_obj
def open_book(app: App, book: str, page: str | None, *, print_command: bool) -> None:
    """Open a book's file at a page, with the viewer that this system has.

    The setting library.viewer names another one. Where there is no desktop, the path is printed.
    """
    from ttrpg_ingest.shelf import viewers
    from ttrpg_ingest.shelf.pages import page_index

    found = book_named(app, book)
    index = None if page is None else page_index(app, found, page)
    path = Path(found.path)
    if not path.exists():
        raise NotFound(
            f'the file of "{found.title}" is gone: {found.path}',
            f"Its text is still here: ttrpg library read {found.id} PAGE",
        )
    viewer = app.settings.library.viewer.strip()
    opener = (
        viewers.chosen(viewer, path, index)
        if viewer
        else viewers.command(path, index, app.config.environ)
    )
    wanted, paged = opener if opener is not None else ([], False)
    data = {"book": found.id, "file": str(path), "page": index, "command": wanted, "at_page": paged}
    shown: list[Block] = []
    if opener is None:
        shown.append(Text(str(path)))
    elif print_command:
        shown.append(Text(shlex.join(wanted)))
    else:
        viewers.start(wanted)
        where = "" if index is None or not paged else f" at page {page}"
        app.screen.say(f"opened {path.name}{where}", "good")
    app.screen.show("ttrpg.library.open/1", data, shown)
    if opener is None:
        app.screen.say("there is no desktop here to open it on", "warn")
    if index is not None and not paged:
        app.screen.say(f"turn to page {index + 1} of the file yourself", "warn")


@click.command("export")
@click.argument("book", shell_complete=complete_books)
@click.option(
    "-o", "--output", default="-", type=click.Path(), help="A file to write; '-' is stdout."
)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.pass_obj
def export_book(app: App, book: str, output: str, *, force: bool) -> None:
    """Write a book as Markdown, with its printed pages as comments.

    Added again, it has the same text on the same pages.
    """
    from ttrpg_ingest.shelf.exporting import markdown

    found = book_named(app, book)
    whole = "\n".join(markdown(app, found)) + "\n"
    data = {"book": found.id, "characters": len(whole)}
    if output == "-":
        app.screen.show(
            "ttrpg.library.export/1", {**data, "markdown": whole}, [Text(whole.rstrip("\n"))]
        )
        return
    path = text.writable_file(output, force=force, ours=app.paths.irreplaceable)
    write_atomically(path, whole)
    app.screen.show("ttrpg.library.export/1", {**data, "file": str(path)}, [])
    app.screen.say(f"wrote {path} ({len(whole):,} characters)", "good")
