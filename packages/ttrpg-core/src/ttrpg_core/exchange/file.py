"""A campaign as one file: JSON with a manifest, the rows by table, and a checksum of each table.

It holds all of the Game Master's campaign, secrets too, and none of the program's: no key, no
setting, no book. What cannot go along is told in the manifest, never left out in silence.
"""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from ttrpg_core import records
from ttrpg_core.errors import InputError, StoreDamaged
from ttrpg_core.exchange import belonging
from ttrpg_core.exchange.belonging import ROOT

FORMAT = "ttrpg.campaign"
VERSION = 1
"""Raised when a file of before could be misread; older ones stay readable."""
_STAYS = (
    ("snapshots", "snapshots", "a snapshot is a place in the history of this database"),
    ("history", "journal", "what was done here can be undone only here"),
    ("chats", "chats", "a talk is no part of the game: ttrpg chat export writes one"),
    ("memories of NPCs", "npc_memory", "what they remember is of talks that stay here"),
    ("proposals", "proposals", "what was proposed is decided here: ttrpg proposals"),
)
"""What is about a campaign and stays, its table, and why."""
LONGEST = 256 * 1024 * 1024
"""Bytes of a file that is read: some hundred times a long campaign."""


@attrs.frozen
class Lost:
    """Something that did not go along, how much of it, and why."""

    what: str
    count: int
    why: str


@attrs.frozen
class Contents:
    """What is in a file: rows by table, and what was lost on the way into it."""

    campaign: Mapping[str, Any]
    tables: Mapping[str, Sequence[Mapping[str, Any]]]
    made_at: str = ""
    program: str = ""
    lost: Sequence[Lost] = ()

    @property
    def counts(self) -> dict[str, int]:
        """How many rows there are of each table."""
        return {name: len(found) for name, found in self.tables.items()}


def gather(
    connection: sqlite3.Connection,
    campaign: str,
    *,
    now: str,
    program: str,
    scrub: Callable[[str], str],
) -> Contents:
    """All that belongs to a campaign, of one moment; ``scrub`` takes keys out of texts."""
    tables: dict[str, list[dict[str, Any]]] = {}
    lost: list[Lost] = []
    hidden = 0

    def clean(value: Any) -> Any:
        nonlocal hidden
        if isinstance(value, bytes):
            raise InputError("a table of this campaign holds bytes, which the file cannot", "")
        scrubbed = scrub(value) if isinstance(value, str) else value
        hidden += scrubbed != value
        return scrubbed

    with records.one_moment(connection):
        known = belonging.belongings(connection)
        for table in (ROOT, *known):
            found = belonging.rows(connection, table, campaign, known)
            if found:
                tables[table] = [
                    {name: clean(value) for name, value in row.items()} for row in found
                ]
        for what, table, why in _STAYS:
            (told,) = connection.execute(
                f"SELECT COUNT(*) FROM {table} WHERE campaign = ?",  # noqa: S608 - a name of ours
                [campaign],
            ).fetchone()
            if told:
                lost.append(Lost(what, told, why))
    if hidden:
        lost.append(Lost("keys", hidden, "a text held what looks like a key; it was left out"))
    (root,) = tables.pop(ROOT)
    return Contents(root, tables, now, program, lost)


def dump(contents: Contents) -> str:
    """The file's text."""
    return (
        json.dumps(
            {
                "format": FORMAT,
                "version": VERSION,
                "made_at": contents.made_at,
                "program": contents.program,
                "lost": [attrs.asdict(each) for each in contents.lost],
                "counts": contents.counts,
                "sha256": {
                    ROOT: _digest([contents.campaign]),
                    **{name: _digest(found) for name, found in contents.tables.items()},
                },
                "campaign": contents.campaign,
                "tables": contents.tables,
            },
            ensure_ascii=False,
            indent=1,
        )
        + "\n"
    )


def load(text: str, where: str) -> Contents:
    """What a file holds.

    Raises InputError for what is no such file or is of a later version, and StoreDamaged for one
    that is not as it was written.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = error if isinstance(error, ValueError) else "it is nested too deep"
        raise InputError(
            f"{where} is no JSON: {reason}", "Name a file of: campaign export"
        ) from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise InputError(
            f"{where} is no campaign of ttrpg", "Name a file that 'ttrpg campaign export' wrote"
        )
    version = data.get("version")
    if not isinstance(version, int) or version > VERSION:
        raise InputError(
            f"{where} is of version {version!r:.20} of the format; this program reads {VERSION}",
            "Install a newer ttrpg",
        )
    root, tables, sums = data.get("campaign"), data.get("tables"), data.get("sha256")
    if not (isinstance(root, dict) and isinstance(tables, dict) and isinstance(sums, dict)):
        raise _damaged(where, "a part of it is missing")
    whole = {ROOT: [root], **tables}
    for name, found in whole.items():
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise _damaged(where, f"{name!r:.60} is no list of rows")
        if sums.get(name) != _digest(found):
            raise _damaged(where, f"{name!r:.60} is not as it was written")
    if missing := sorted(set(sums) - set(whole)):
        raise _damaged(where, f"{missing[0]!r:.60} is missing")
    return Contents(root, tables, str(data.get("made_at", "")), str(data.get("program", "")))


def _damaged(where: str, what: str) -> StoreDamaged:
    return StoreDamaged(
        f"{where} is damaged: {what}", "Export it again, or take another copy; nothing was changed"
    )


def _digest(rows: Sequence[Mapping[str, Any]]) -> str:
    told = json.dumps(rows, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(told.encode()).hexdigest()
