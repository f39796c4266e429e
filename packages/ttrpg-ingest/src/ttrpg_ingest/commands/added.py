"""What ``ttrpg library add`` says in the end: the new books, then what is to be known of them."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs

from ttrpg_core import text
from ttrpg_core.app import App
from ttrpg_core.errors import TtrpgError
from ttrpg_core.views import Block, Table
from ttrpg_ingest.commands.names import UNDO, as_data, place_of
from ttrpg_ingest.shelf import Added, Came, Copied, Failed, Skipped, extent

NOTICES = 2
"""Things about the reading of a book that are told at once; ``library show`` has all."""


def show_came(app: App, came: Sequence[Came]) -> None:
    """Print what came of every file: the books on stdout, what happened on stderr."""
    new = [each for each in came if isinstance(each, Added) and each.new]
    blocks: list[Block] = [_table(new)] if len(came) > 1 and new else []
    app.screen.show("ttrpg.library.add/1", _data(came), blocks)
    say_came(app, came)


def say_came(app: App, came: Sequence[Came]) -> None:
    """Say what happened to each, of several what is worth knowing, and then their sum."""
    for each in came:
        if isinstance(each, Failed):
            app.screen.say(_failure(each.path, each.error), "bad")
        elif isinstance(each, Skipped):
            app.screen.say(
                f'skipped {each.path}: "{each.book.title}" is on the shelf with other content;'
                " --if-there update replaces it, both keeps both",
                "warn",
            )
        elif isinstance(each, Copied):
            app.screen.say(f"{each.path} is the same file as {each.of}", "dim")
        else:
            if len(came) == 1:
                _say_added(app, each)
            _say_notices(app, each)
    if any(isinstance(each, Added) and not each.searchable for each in came):
        app.screen.say(
            "no search backend is installed; ttrpg-search makes books searchable", "warn"
        )
    if len(came) > 1:
        _say_sum(app, came)


def _say_added(app: App, added: Added) -> None:
    book, say = added.book, app.screen.say
    what = ", ".join(filter(None, [extent(book), book.system]))
    if added.again:
        say(f'read "{book.title}" anew ({what}){f"; {UNDO}" if added.new else ""}', "good")
    elif added.replaced:
        say(f'replaced "{book.title}" by its new content ({what}); {UNDO}', "good")
    elif added.new:
        say(f'added "{book.title}" ({what}); {UNDO}', "good")
    else:
        say(f'"{book.title}" is on the shelf already ({what}); --if-there update reads it anew')


def _say_notices(app: App, added: Added) -> None:
    """What is to be known of a book that is new: how it was read, and whether it is there twice."""
    book, say = added.book, app.screen.say
    for twin in added.twins:
        say(
            f'"{book.title}" ({book.id}) has the same text as "{twin.title}" ({twin.id});'
            f" to keep one: ttrpg library rm {book.id}",
            "warn",
        )
    if not added.new:
        return
    for notice in added.notices[:NOTICES]:
        where = place_of(notice.page)
        say(f'"{book.title}"{where and f", {where}"}: {notice.text}', "warn")
    more = len(added.notices) - NOTICES
    if more > 0:
        say(f'"{book.title}": {more} more such; all of them: ttrpg library show {book.id}', "warn")


def _say_sum(app: App, came: Sequence[Came]) -> None:
    """The last line: how many were added, and what became of the others."""
    added = [each for each in came if isinstance(each, Added)]
    new = [each for each in added if each.new]
    parts = []
    if new:
        passages = sum(each.book.chunks for each in new)
        pages = sum(each.book.pages for each in new)
        size = f"{pages:,} pages, {passages:,} passages" if pages else f"{passages:,} passages"
        again = sum(each.again or each.replaced for each in new)
        parts.append(f"added {_books(len(new))} ({size})")
        if again:
            parts.append(f"{again} of them in place of what was there")
    kinds = Counter(type(each) for each in came)
    told = (
        (len(added) - len(new), "on the shelf already"),
        (kinds[Copied], "copy of another" if kinds[Copied] == 1 else "copies of others"),
        (kinds[Skipped], "skipped"),
        (kinds[Failed], "failed"),
    )
    parts += [f"{count} {what}" for count, what in told if count]
    undo = f"; 'ttrpg undo{f' {len(new)}' * (len(new) > 1)}' takes that back" if new else ""
    app.screen.say(", ".join(parts) + undo, "good" if new else "plain")


def _books(count: int) -> str:
    return f"{count} book{'s' * (count != 1)}"


def _failure(path: str, error: TtrpgError) -> str:
    """The cause, with the file where it does not name it, and what to do."""
    name = text.printable(Path(path).name)
    told = error.message if name in error.message else f"{text.printable(path)}: {error.message}"
    return told + (f". {error.hint}" if error.hint else "")


def _table(new: Sequence[Added]) -> Table:
    rows = [
        [
            each.book.title,
            each.book.system,
            str(each.book.pages or ""),
            f"{each.book.chunks:,}",
            f"{each.seconds:.1f}",
            str(len(each.notices) or ""),
        ]
        for each in sorted(new, key=lambda each: (each.book.title.casefold(), each.book.id))
    ]
    headings = ["book", "system", "pages", "passages", "seconds", "warnings"]
    told = [n for n in range(len(headings)) if any(row[n] for row in rows)]
    return Table([headings[n] for n in told], [[row[n] for n in told] for row in rows])


def _data(came: Sequence[Came]) -> dict[str, Any]:
    """Everything for ``--json``."""
    added = [each for each in came if isinstance(each, Added)]
    return {
        "books": [
            {
                **as_data(each.book),
                "new": each.new,
                "replaced": each.replaced,
                "again": each.again,
                "seconds": each.seconds,
                "notices": [attrs.asdict(notice) for notice in each.notices],
                "same_text": [twin.id for twin in each.twins],
            }
            for each in added
        ],
        "skipped": [
            {"file": text.printable(each.path), "book": each.book.id}
            for each in came
            if isinstance(each, Skipped)
        ],
        "copies": [
            {"file": text.printable(each.path), "of": text.printable(each.of)}
            for each in came
            if isinstance(each, Copied)
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
