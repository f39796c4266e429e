"""Which rows belong to a campaign: those that would go with it if it were deleted.

A row belongs to the campaign that its foreign keys with ON DELETE CASCADE lead to, over any number
of tables. So no list of tables is kept, and a plugin's are as good as ours; what stays when a
campaign goes (the shelf, chats, what is chosen) is not a part of it.
"""

import sqlite3
from collections.abc import Sequence

import attrs

from ttrpg_core.images import became
from ttrpg_core.rows import Row, dump_key, fetch, load, primary_key, table_name

CAMPAIGNS = "campaigns"


@attrs.frozen
class Link:
    """A foreign key: the columns, and the table whose primary key they name."""

    columns: tuple[str, ...]
    parent: str
    key: tuple[str, ...]


class Belonging:
    """Answers whose a row is, for the tables that there are when it is made."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._links = _leading(_cascades(connection))
        self._known: dict[tuple[str, str], frozenset[str]] = {}

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables whose rows may belong to a campaign."""
        return (CAMPAIGNS, *sorted(self._links))

    @property
    def first(self) -> dict[str, Link]:
        """A link of each table along which a campaign is reached, after that of its parent."""
        found: dict[str, Link] = {}
        while more := {
            table: link
            for table, each in sorted(self._links.items())
            if table not in found
            for link in each[::-1]
            if link.parent == CAMPAIGNS or link.parent in found
        }:
            found |= more
        return found

    def owners(self, table: str, row: Row | None) -> frozenset[str]:
        """The ids of the campaigns that a row, or an image of one, belongs to: one as a rule."""
        if row is None:
            return frozenset()
        if table == CAMPAIGNS:
            return frozenset([str(row["id"])])
        found: set[str] = set()
        for link in self._links.get(table, ()):
            values = [row.get(name) for name in link.columns]
            if None not in values:  # NULL points at nothing
                found |= self._of(link.parent, dict(zip(link.key, values, strict=True)))
        return frozenset(found)

    def column(self, table: str) -> str | None:
        """The column of a table that names the campaign itself, if there is one."""
        return next(
            (link.columns[0] for link in self._links.get(table, ()) if link.parent == CAMPAIGNS),
            None,
        )

    def _of(self, table: str, key: Row) -> frozenset[str]:
        """The owners of the row with this key: as it is, else as the journal knew it last."""
        if table == CAMPAIGNS:
            return frozenset([str(key["id"])])
        place = (table, dump_key(key))
        if place not in self._known:
            self._known[place] = frozenset()  # a row that leads to itself leads nowhere
            row = fetch(self._connection, table, key) or self._last(*place)
            self._known[place] = self.owners(table, row)
        return self._known[place]

    def _last(self, table: str, key: str) -> Row | None:
        found = self._connection.execute(
            "SELECT before, after FROM journal_rows WHERE tbl = ? AND key = ?"
            " ORDER BY entry DESC LIMIT 1",
            [table, key],
        ).fetchone()
        return None if found is None else became(*found) or load(found["before"])


def _cascades(connection: sqlite3.Connection) -> dict[str, list[Link]]:
    """Every foreign key that takes a row along, by the table that has it."""
    rows = connection.execute(
        'SELECT m.name, f.id, f."table", f."from", f."to" FROM sqlite_master AS m,'
        " pragma_foreign_key_list(m.name) AS f WHERE m.type = 'table' AND f.on_delete = 'CASCADE'"
        " ORDER BY m.name, f.id, f.seq"
    ).fetchall()
    parts: dict[tuple[str, int, str], list[tuple[str, str | None]]] = {}
    for child, number, parent, column, target in rows:
        parts.setdefault((child, number, parent), []).append((column, target))
    found: dict[str, list[Link]] = {}
    for (child, _, named), pairs in parts.items():
        parent = table_name(connection, named)
        key = primary_key(connection, parent)
        targets = _ordered(pairs, key)
        if targets is not None:
            found.setdefault(child, []).append(Link(targets, parent, key))
    return found


def _ordered(
    pairs: Sequence[tuple[str, str | None]], key: tuple[str, ...]
) -> tuple[str, ...] | None:
    """The columns in the order of the key that they name; None when they name something else."""
    if any(target is None for _, target in pairs):  # REFERENCES without columns means the key
        return tuple(column for column, _ in pairs) if len(pairs) == len(key) else None
    named = {str(target): column for column, target in pairs}
    return tuple(named[name] for name in key) if set(named) == set(key) else None


def _leading(links: dict[str, list[Link]]) -> dict[str, tuple[Link, ...]]:
    """The links along which a campaign can be reached, by the table that has them."""
    reached = {CAMPAIGNS}
    while more := {
        table
        for table, each in links.items()
        if table not in reached and any(link.parent in reached for link in each)
    }:
        reached |= more
    return {
        table: tuple(link for link in each if link.parent in reached)
        for table, each in links.items()
        if table in reached and table != CAMPAIGNS
    }
