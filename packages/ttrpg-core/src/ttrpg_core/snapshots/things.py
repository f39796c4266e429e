"""What things a campaign had at a position of the journal, without reading what they were.

Counted and named from an index as they are now, and put right by the keys of what was touched
since: a picture of then costs what changed, not what there is.
"""

import sqlite3

from ttrpg_core.snapshots.moments import must_be_whole

_TOUCHED = (
    "(SELECT json_extract(key, '$.campaign') AS campaign, json_extract(key, '$.kind') AS kind,"
    " json_extract(key, '$.id') AS id, before, MIN(entry) FROM journal_rows"
    " WHERE entry > :position AND +tbl = 'entities' GROUP BY key)"  # the +: by entry
)
"""The things touched since a position, with the image that the first entry after it found."""


def counts_at(connection: sqlite3.Connection, campaign: str, position: int) -> dict[str, int]:
    """How many things there were of each kind. Raises Denied when entries since are gone."""
    must_be_whole(connection, position)
    values = {"campaign": campaign, "position": position}
    now = connection.execute(
        "SELECT kind, COUNT(*) FROM entities WHERE campaign = :campaign GROUP BY kind", values
    )
    found = dict(now.fetchall())
    fewer = connection.execute(
        "SELECT kind, SUM((before IS NOT NULL) - EXISTS (SELECT 1 FROM entities AS now"  # noqa: S608 - ours
        " WHERE now.campaign = was.campaign AND now.kind = was.kind AND now.id = was.id))"
        f" FROM {_TOUCHED} AS was WHERE campaign = :campaign GROUP BY kind",
        values,
    )
    for kind, count in fewer:
        found[kind] = found.get(kind, 0) + count
    return {kind: count for kind, count in found.items() if count}


def names_at(
    connection: sqlite3.Connection, campaign: str, position: int, kind: str
) -> dict[str, str]:
    """The names of the things of a kind by their ids. Raises Denied when entries since are gone."""
    must_be_whole(connection, position)
    values = {"campaign": campaign, "position": position, "kind": kind}
    now = connection.execute(
        "SELECT id, name FROM entities WHERE campaign = :campaign AND kind = :kind", values
    )
    found: dict[str, str] = dict(now.fetchall())
    then = connection.execute(
        f"SELECT id, json_extract(before, '$.name') FROM {_TOUCHED}"  # noqa: S608 - ours
        " WHERE campaign = :campaign AND kind = :kind",
        values,
    )
    for key, name in then:
        if name is None:
            found.pop(key, None)
        else:
            found[key] = name
    return dict(sorted(found.items()))
