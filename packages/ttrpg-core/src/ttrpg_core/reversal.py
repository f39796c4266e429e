"""Putting rows back as an entry of the journal knew them, or saying why not.

A row goes back only when it is as the entry left it, when nothing made since hangs on it, and when
it fits with what is there now. Anything else is an :class:`Obstacle`, and the caller's transaction
is rolled back.
"""

import sqlite3
from collections.abc import Callable, Sequence

import attrs

from ttrpg_core.rows import (
    Row,
    columns,
    dangling,
    dump_key,
    fetch,
    key_text,
    linking,
    referrers,
    replace,
    same,
)


@attrs.frozen
class RowChange:
    """One row before and after; None where there was or is no such row."""

    table: str
    key: Row
    before: Row | None
    after: Row | None

    @property
    def back(self) -> "RowChange":
        """The same, the other way round."""
        return attrs.evolve(self, before=self.after, after=self.before)


class Obstacle(Exception):
    """Why rows cannot be put back."""


Later = Callable[[str, Row], str | None]
"""The change since, in words, that touched a row; None when the journal knows of none."""


def put_back(
    connection: sqlite3.Connection, steps: Sequence[RowChange], later: Later
) -> tuple[RowChange, ...]:
    """Make every row its step's ``after``, in this order; answers what each was and became."""
    for step in steps:
        _must_be_as_left(connection, step, later)
    _must_stand_alone(connection, steps, later)
    now = [fetch(connection, step.table, step.key) for step in steps]
    tables = sorted({step.table for step in steps})
    linked = {table: linking(connection, table) for table in tables}
    if not any(_moves(step, linked[step.table]) for step in steps):
        tables = []
    loose = {table: dangling(connection, table) for table in tables}
    try:
        _replace_all(connection, steps)
    except sqlite3.IntegrityError as error:
        raise Obstacle(f"it does not fit with what is there now ({error})") from error
    for table in tables:
        if dangling(connection, table) - loose[table]:
            raise Obstacle(f"rows of {table} need something that is no longer there")
    return tuple(
        RowChange(step.table, step.key, before, fetch(connection, step.table, step.key))
        for step, before in zip(steps, now, strict=True)
    )


def _moves(step: RowChange, linked: set[str]) -> bool:
    """Whether a step may leave a row that points at nothing: most change no ``linked`` column."""
    if step.before is None or step.after is None:
        return True
    different = {
        name.casefold()
        for name in step.before.keys() | step.after.keys()
        if step.before.get(name) != step.after.get(name)
    }
    return not different.isdisjoint(linked)


def _must_be_as_left(connection: sqlite3.Connection, step: RowChange, later: Later) -> None:
    """The row is what the step takes it for; an upgrade may have given it more columns."""
    known = {*columns(connection, step.table), *step.key}
    missing = {*(step.before or {}), *(step.after or {})} - known
    if missing:
        raise Obstacle(f"{step.table} has no {min(missing)} any more")
    now, left = fetch(connection, step.table, step.key), step.before
    grown = now is not None and left is not None and len(now) > len(left)
    if now is not None and left is not None:
        now = {name: now[name] for name in left}
    if not same(now, left) or (grown and later(step.table, step.key)):
        raise _changed(step.table, step.key, later)


def _must_stand_alone(
    connection: sqlite3.Connection, steps: Sequence[RowChange], later: Later
) -> None:
    """A row that goes takes no other along, and leaves none that points at nothing."""
    places = {(step.table, dump_key(step.key)) for step in steps}
    for step in steps:
        if step.after is None and step.before is not None:
            for child in referrers(connection, step.table, step.before):
                if (child.table, dump_key(child.key)) not in places:
                    raise _changed(child.table, child.key, later, "needs it, and ")


def _changed(table: str, key: Row, later: Later, how: str = "") -> Obstacle:
    by = later(table, key) or "outside the journal"
    return Obstacle(f"{key_text(key)} of {table} {how}was changed since, {by}")


def _replace_all(connection: sqlite3.Connection, steps: Sequence[RowChange]) -> None:
    """Write every step, in whatever order their unique values ask for.

    Two rows that swap a unique value stand in each other's way; one of a pair is then taken out
    and written anew. Raises sqlite3.IntegrityError when a row not among them is in the way.
    """
    left = list(steps)
    while left:
        stuck: list[RowChange] = []
        for step in left:
            try:
                replace(connection, step.table, step.key, step.after)
            except sqlite3.IntegrityError as error:
                stuck.append(step)
                reason = error
        if len(stuck) == len(left):
            first = stuck[0]
            now = fetch(connection, first.table, first.key)
            if now is None or any(referrers(connection, first.table, now)):
                raise reason
            replace(connection, first.table, first.key, None)
        left = stuck
