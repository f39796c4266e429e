"""Passwords of locked books: from a file, from the environment, or asked for; never an argument."""

import re
import sys
from collections.abc import Iterable
from typing import TextIO

import click

from ttrpg_core import text
from ttrpg_core.app import App
from ttrpg_core.errors import InputError
from ttrpg_ingest.processes import PASSWORDS
from ttrpg_ingest.shelf import Came, Failed

TRIES = 3
"""Times that somebody is asked for a password; Enter alone gives up sooner."""
MOST = 10_000
"""Characters of a file of passwords."""
_LOCKED = re.compile(r"needs a(?:nother)? password\Z")


def given(app: App, file: TextIO | None) -> str:
    """The passwords that were given, one a line; all of them are tried on a locked book.

    Raises InputError for a file that is too long to be one of passwords, or is no text.
    """
    if file is None:
        return app.environ.get(PASSWORDS, "")
    try:
        said = file.read(MOST + 1)
    except UnicodeDecodeError as error:
        raise InputError("the file of passwords is no text") from error
    if len(said) > MOST:
        raise InputError(f"the file of passwords has more than {MOST:,} characters")
    return said


def locked(came: Iterable[Came]) -> list[Failed]:
    """The books that only a password opens."""
    return [
        each for each in came if isinstance(each, Failed) and _LOCKED.search(each.error.message)
    ]


def ask(books: Iterable[Failed], *, again: bool = False) -> str:
    """The password for these books, asked for without echo; empty where nobody sits there."""
    if sys.stdin is None or not sys.stdin.isatty():
        return ""
    names = ", ".join(text.printable(each.path) for each in books)
    return str(
        click.prompt(
            f"{'Not that one. ' if again else ''}Password for {names}",
            default="",
            hide_input=True,
            err=True,
            show_default=False,
        )
    )
