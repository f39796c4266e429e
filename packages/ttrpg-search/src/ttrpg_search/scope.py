"""Where a question is looked for: the books and passages that it allows.

Editions and systems are a filter. A question for one system sees its books alone, and books of no
known system; so does any question while the current campaign has a system that is on the shelf. On
a shelf of several systems that nobody chose from, the answer says so.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from ttrpg_core.errors import InputError
from ttrpg_core.search import Question, Step
from ttrpg_search.asking.filters import Filter, conditions
from ttrpg_search.keyword.tokens import joined, words

HOUSE = "house_rules"
"""The kind of book that stands above every other."""


class Shelved(NamedTuple):
    """What of a book decides whether it is asked."""

    id: str
    title: str
    sha256: str
    kind: str
    system: str
    campaign: str


class Shelf(NamedTuple):
    """The books, the current campaign and its system ("" for none), at one moment.

    ``leftovers`` says that something is indexed that is on the shelf no more.
    """

    books: tuple[Shelved, ...]
    campaign: str
    system: str
    leftovers: bool

    @property
    def systems(self) -> frozenset[str]:
        """The game systems of the books."""
        return frozenset(book.system for book in self.books)


class Shelves:
    """Reads the shelf, anew after each change of the database, whoever made it."""

    def __init__(self) -> None:
        self._seen: tuple[sqlite3.Connection, int, int] | None = None
        self._shelf: Shelf | None = None

    def now(self, connection: sqlite3.Connection, *, changing: bool) -> Shelf:
        """The shelf as it is; ``changing`` when somebody may take back what was changed."""
        version = connection.execute("PRAGMA data_version").fetchone()[0]
        seen = (connection, version, connection.total_changes)
        if self._shelf is None or changing or seen != self._seen:
            self._shelf = shelf_of(connection)
            self._seen = None if changing else seen
        return self._shelf


class Scope(NamedTuple):
    """Where to look: books by content hash, chunks by id; None for all that are indexed.

    ``house`` are the contents of house rules among the books, ``systems`` the game systems.
    """

    sources: frozenset[str] | None
    within: frozenset[int] | None
    house: frozenset[str]
    systems: tuple[str, ...]
    steps: tuple[Step, ...]


def scope_of(
    connection: sqlite3.Connection, shelf: Shelf, question: Question, filters: Iterable[Filter]
) -> Scope:
    """The scope of a question; InputError for a book, system or kind that there is not."""
    books = shelf.books
    filters = tuple(filters)
    steps: list[Step] = []
    if books:
        kept = [
            book
            for book in books
            if question.sources is None or book.sha256 in question.sources
            if book.kind != HOUSE or not book.campaign or book.campaign == shelf.campaign
        ]
        kept = _filtered(kept, books, filters)
        kept = _of_system(kept, books, question, filters, shelf.system, steps)
        sources: frozenset[str] | None = frozenset(book.sha256 for book in kept)
        if len(kept) == len(books) and not shelf.leftovers:
            sources = None
    else:
        kept, sources = [], question.sources
    within = _within(connection, sources, filters)
    if within is not None:
        steps.append(Step("filter", f"{len(within)} passages are left by the filters"))
    return Scope(
        sources,
        within,
        frozenset(book.sha256 for book in kept if book.kind == HOUSE),
        tuple(sorted({book.system for book in kept if book.system})),
        tuple(steps),
    )


def shelf_of(connection: sqlite3.Connection) -> Shelf:
    """The shelf, read now."""
    books = connection.execute("SELECT id, title, sha256, kind, system, campaign FROM books")
    campaign = connection.execute(
        "SELECT id, system FROM campaigns JOIN chosen ON chosen.value = campaigns.id"
        " WHERE chosen.key = 'campaign'"
    ).fetchone()
    left = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM search_lots WHERE sha256 NOT IN (SELECT sha256 FROM books))"
    ).fetchone()
    current, system = campaign or ("", "")
    return Shelf(tuple(Shelved(*row) for row in books), current, system, bool(left[0]))


def _filtered(
    kept: list[Shelved], books: Sequence[Shelved], filters: tuple[Filter, ...]
) -> list[Shelved]:
    for name, told in (
        ("book", lambda book: f"{book.id} {book.title}"),
        ("campaign", lambda book: book.campaign),
    ):
        wanted = [each for each in filters if each.name == name]
        if wanted:
            _known(wanted, books, told)
            kept = [b for b in kept if any(_names(each.value, told(b)) for each in wanted)]
    return kept


def _of_system(
    kept: list[Shelved],
    books: Sequence[Shelved],
    question: Question,
    filters: tuple[Filter, ...],
    current: str,
    steps: list[Step],
) -> list[Shelved]:
    asked = [each for each in filters if each.name == "system"]
    if question.system:
        asked.append(Filter("system", question.system))
    if asked:
        _known(asked, books, lambda book: book.system)
        return [b for b in kept if any(_is_system(each.value, b.system) for each in asked)]
    named = any(each.name == "book" for each in filters)
    systems = sorted({book.system for book in kept if book.system})
    if len(systems) < 2 or named:  # noqa: PLR2004 - one system is not mixed with another
        return kept
    if any(_is_system(current, each) for each in systems):
        steps.append(Step("system", f"{current}, as the campaign is; system: asks for another"))
        return [b for b in kept if not b.system or _is_system(current, b.system)]
    steps.append(
        Step("systems", f"books of {', '.join(systems)} are asked; system: asks for one of them")
    )
    return kept


def _known(wanted: list[Filter], books: Sequence[Shelved], told: Callable[[Shelved], str]) -> None:
    for each in wanted:
        match = _is_system if each.name == "system" else _names
        if not any(match(each.value, told(book)) for book in books):
            there = sorted({told(book) for book in books if told(book)})
            raise InputError(
                f"{each.name}:{each.value} fits no book",
                f"On the shelf: {'; '.join(there[:12])}" if there else "No book says it",
            )


def _names(value: str, told: str) -> bool:
    """Whether a book is meant: the words stand in its id and title, the last one begun at least."""
    said = words(value)
    every = words(told)
    return bool(said) and all(any(have.startswith(word) for have in every) for word in said)


def _is_system(value: str, system: str) -> bool:
    wanted, there = (joined(each.replace(".", "")).strip() for each in (value, system))
    return (
        bool(wanted) and bool(there) and there.replace(" ", "").startswith(wanted.replace(" ", ""))
    )


def _within(
    connection: sqlite3.Connection, sources: frozenset[str] | None, filters: tuple[Filter, ...]
) -> frozenset[int] | None:
    sql, values = conditions(filters)
    if not sql:
        return None
    rows = connection.execute(
        f"SELECT c.id FROM chunks c WHERE {sql}"  # noqa: S608 - our words; values are parameters
        " AND (? IS NULL OR c.sha256 IN (SELECT value FROM json_each(?)))",
        [*values, *[None if sources is None else json.dumps(sorted(sources))] * 2],
    )
    found = frozenset(row[0] for row in rows)
    if not found:
        _kinds_known(connection, filters)
    return found


def _kinds_known(connection: sqlite3.Connection, filters: tuple[Filter, ...]) -> None:
    """InputError for a kind that no passage has."""
    there = {row[0] for row in connection.execute("SELECT DISTINCT kind FROM chunks")}
    for each in filters:
        if each.name == "kind" and each.value not in there and there:
            raise InputError(
                f"kind:{each.value} fits no passage", f"There are: {', '.join(sorted(there))}"
            )
