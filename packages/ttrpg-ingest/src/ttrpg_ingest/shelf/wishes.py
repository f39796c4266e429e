"""What the user says about books that are added, in place of what is detected."""

from typing import Literal, TypeAlias

import attrs

from ttrpg_core import records, text
from ttrpg_core.app import App
from ttrpg_core.errors import InputError
from ttrpg_core.library import BOOK_KINDS
from ttrpg_ingest.choosing import named

IfThere: TypeAlias = Literal["", "skip", "update", "both"]
"""What to do with a book that is there.

"" asks, once for the same content in another file and once for other content of the same file or
title; where nobody can answer it is skipped. "update" reads either anew, "both" keeps it beside
what is there. The same content of the same file is there already, unless it is to be read anew or
to have another title or campaign.
"""
FACTS = ("kind", "authors", "publisher", "edition", "language", "system", "genre", "campaign")
"""Columns of a book that are detected, or said by the user."""


@attrs.frozen
class Wishes:
    """How to add; the words are checked and "" says nothing.

    ``parser`` is the name of the one that shall read. ``each`` makes every file of a folder a book.
    ``jobs`` children read at once, 0 for as many as there are processors. ``passwords``, one a
    line, open locked books.
    """

    title: str = ""
    authors: str = ""
    publisher: str = ""
    edition: str = ""
    language: str = ""
    kind: str = ""
    system: str = ""
    genre: str = ""
    campaign: str = ""
    if_there: IfThere = ""
    parser: str = ""
    each: bool = False
    jobs: int = 0
    passwords: str = attrs.field(default="", repr=False)

    @property
    def said(self) -> dict[str, str]:
        """The columns of a book that the user has set."""
        return {name: value for name in ("title", *FACTS) if (value := getattr(self, name))}


def checked(app: App, wishes: Wishes) -> Wishes:
    """The wishes with names as they are kept; InputError or NotFound for what cannot be."""
    if wishes.parser:
        named(app, wishes.parser)
    said = facts_checked(app, wishes.said)
    return attrs.evolve(wishes, **said)  # type: ignore[arg-type]


def facts_checked(app: App, said: dict[str, str]) -> dict[str, str]:
    """Values for columns of a book; an empty one, which forgets what is there, stays empty."""
    found = {}
    for column, value in said.items():
        if column == "kind" and value not in BOOK_KINDS:
            raise InputError(
                f"there is no kind of book {value!r:.60}", "Kinds: " + ", ".join(BOOK_KINDS)
            )
        if column == "campaign" and value:
            found[column] = records.campaign(app.store.connection, value).id
        elif column == "title" or value:
            found[column] = text.name(value, column)
        else:
            found[column] = ""
    return found
