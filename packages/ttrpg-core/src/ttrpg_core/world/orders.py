"""Notes, plots and sessions in the order in which they are listed, sorted where they lie.

Each is made when it is asked for, so that a list of the first fifty of thousands costs fifty.
"""

from collections.abc import Iterator, Sequence

from ttrpg_core.table.world.entity import Entity
from ttrpg_core.table.world.plots import PRIORITIES, URGENCIES, Plot
from ttrpg_core.table.world.sessions import ORDER, Session, Status
from ttrpg_core.world import rows
from ttrpg_core.world.reading import Reader

STATUSES = ("active", "pending", "paused", "completed", "failed")
"""The statuses of plots, what is of use first."""
_PINNED = """instr(state, '"pinned":true') = 0"""
"""As the index of notes has it."""
_STATUS = "coalesce(json_extract(state, '$.status'), 'pending')"
_OUTLINED = {
    "status": "iif(status = '', 'pending', status)",
    "priority": "iif(priority = '', 'side', priority)",
}
"""What an outline leaves out, as the kind has it."""
_OF_SESSION = "coalesce(json_extract(state, '$.status'), 'planned')"
_NUMBER = "CAST(coalesce(json_extract(state, '$.number'), 0) AS INTEGER)"


def notes(reader: Reader) -> Iterator[Entity]:
    """The notes: those that are pinned, then the newest first."""
    return _sorted(reader, "note", f"{_PINNED}, created_at DESC, id DESC")


def plots(reader: Reader, status: str | None = None, most: int = -1) -> Iterator[Plot]:
    """The plots: what is active first, then what matters most, then what is most urgent.

    Those of one ``status`` alone, where it is given; what is over has the last first. ``most`` is
    how many, where not all: SQLite then keeps no more of them in order.
    """
    words = (
        ("status", "pending", STATUSES),
        ("priority", "side", PRIORITIES),
        ("urgency", "", URGENCIES),
    )
    places = [
        _place(known, f"coalesce(json_extract(state, '$.{field}'), '{default}')")
        for field, default, known in words
    ]
    order = f"{', '.join(places)}, name COLLATE NOCASE, id"
    if status in {"completed", "failed"}:
        order = f"json_extract(state, '$.resolved_at') DESC, {order}"
    found = _sorted(reader, "plot", order, status, most)
    return (each for each in found if isinstance(each, Plot))


def standing(reader: Reader) -> dict[str, int]:
    """How many plots there are of each status."""
    found = reader.connection.execute(
        f"SELECT {_OUTLINED['status']}, COUNT(*) FROM plot_outlines WHERE campaign = ? GROUP BY 1",  # noqa: S608 - ours
        [reader.campaign],
    )
    return dict(found.fetchall())


def sessions(reader: Reader, among: Sequence[Status] = ORDER, most: int = -1) -> Iterator[Session]:
    """The sessions of some statuses as :func:`~ttrpg_core.table.world.sessions.ordered` has them.

    ``most`` is how many, where not all; their states alone are looked at to find them.
    """
    marks = ", ".join("?" for _ in among)
    found = reader.connection.execute(
        f"SELECT {rows.COLUMNS} FROM entities WHERE campaign = ? AND kind = 'session'"  # noqa: S608 - names are ours
        f" AND {_OF_SESSION} IN ({marks})"
        f" ORDER BY {_place(ORDER, _OF_SESSION)},"
        f" {_NUMBER} * iif({_OF_SESSION} = 'ended', -1, 1), id LIMIT ?",
        [reader.campaign, *among, most],
    )
    return (each for each in map(rows.entity, found.fetchall()) if isinstance(each, Session))


def numbers(reader: Reader) -> set[int]:
    """The numbers that sessions have."""
    found = reader.connection.execute(
        f"SELECT {_NUMBER} FROM entities WHERE campaign = ? AND kind = 'session'",  # noqa: S608 - ours
        [reader.campaign],
    )
    return {each[0] for each in found}


def foremost(reader: Reader, groups: Sequence[Sequence[str]], most: int) -> Iterator[Plot]:
    """The first plots whose status is in one of these groups; each is made when it is asked for.

    Those of the first group come first; of a group what matters most, then what is most urgent.
    """
    whens = " ".join(
        f"WHEN '{status}' THEN {place}" for place, group in enumerate(groups) for status in group
    )
    found = reader.connection.execute(
        f"SELECT id, CASE {_OUTLINED['status']} {whens} END AS place FROM plot_outlines"  # noqa: S608 - ours
        " WHERE campaign = ? AND place IS NOT NULL ORDER BY place,"
        f" {_place(PRIORITIES, _OUTLINED['priority'])}, {_place(URGENCIES, 'urgency')},"
        " name COLLATE NOCASE, id LIMIT ?",
        [reader.campaign, most],
    )
    chosen = [each["id"] for each in found]
    marks = ", ".join("?" for _ in chosen)
    every = reader.connection.execute(
        f"SELECT {rows.COLUMNS} FROM entities WHERE campaign = ? AND kind = 'plot'"  # noqa: S608 - only marks
        f" AND id IN ({marks})",
        [reader.campaign, *chosen],
    )
    held = {each["id"]: each for each in every}
    made = (rows.entity(held[each]) for each in chosen)
    return (each for each in made if isinstance(each, Plot))


def _place(words: Sequence[str], said: str) -> str:
    """Where a word stands among others, in SQL."""
    return f"instr(',{','.join(words)},', ',' || {said} || ',')"


def _sorted(
    reader: Reader, kind: str, order: str, status: str | None = None, most: int = -1
) -> Iterator[Entity]:
    where = "" if status is None else f" AND {_STATUS} = ?"
    found = reader.connection.execute(
        f"SELECT {rows.COLUMNS} FROM entities WHERE campaign = ? AND kind = ?{where}"  # noqa: S608 - names are ours
        f" ORDER BY {order} LIMIT ?",
        [reader.campaign, kind, *([] if status is None else [status]), most],
    )
    return map(rows.entity, found)
