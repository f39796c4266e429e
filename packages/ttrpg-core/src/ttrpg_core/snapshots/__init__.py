"""Snapshots: names of moments of a campaign, what has changed between two, and the way back.

A snapshot is a name for a position of the journal, so it costs a row, covers everything that goes
with the campaign, and a moment that nobody named can be had by its date all the same. Rolling back
is one more change, which puts every row as it was then; it is undone like any other.

A snapshot that somebody makes or removes is a change of the journal too. Those that the program
makes are not: they stay when what they were made before is undone, and end no redo.
"""

import re
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Literal, TypeAlias

import attrs

from ttrpg_core import records, text
from ttrpg_core.errors import Denied, InputError, NotFound
from ttrpg_core.journal import Journal
from ttrpg_core.reversal import Later, RowChange
from ttrpg_core.rows import Row, dump_key, key_text
from ttrpg_core.settings_tables import SnapshotSettings
from ttrpg_core.snapshots import moments, things
from ttrpg_core.snapshots.belonging import CAMPAIGNS, Belonging
from ttrpg_core.snapshots.differences import Difference, FieldChange, difference, name_of
from ttrpg_core.table.campaigns import Campaign

__all__ = ["Difference", "FieldChange", "Moment", "Rollback", "Snapshot", "Snapshots"]

Kind: TypeAlias = Literal["manual", "automatic", "pre-rollback", "milestone"]
_ENTRY = re.compile(r"#?([0-9]{1,18})\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?\Z")
_WORDS = "A snapshot's name, a date such as 2026-11-01 or '2026-11-01 20:30', #12, or now"


@attrs.frozen
class Snapshot:
    """A name for the moment after the entry ``position``; ``at`` is when the name was given."""

    campaign: str
    id: str
    name: str
    kind: Kind
    note: str
    position: int
    at: str


@attrs.frozen
class Moment:
    """A moment of a campaign: its position, what it is called, and the snapshot that it has."""

    position: int
    name: str
    snapshot: str = ""


@attrs.frozen
class Rollback:
    """What a rollback did: to which moment, from which snapshot it can be seen, to which rows."""

    moment: Moment
    before: Snapshot | None
    rows: tuple[RowChange, ...]


class Snapshots:
    """The snapshots of every campaign of one store, made through its journal's clock."""

    def __init__(self, journal: Journal, settings: SnapshotSettings) -> None:
        self.journal = journal
        self.settings = settings

    @property
    def _connection(self) -> sqlite3.Connection:
        return self.journal.store.connection

    def take(
        self, campaign: str, why: str, kind: Kind = "automatic", note: str = ""
    ) -> Snapshot | None:
        """Name this moment before risky work, or as a session begins: ``why`` is its name.

        Inside a change of the journal it names what was before that change. The oldest of its
        kind beyond those kept are let go. None when the settings switch automatic ones off.
        """
        if kind == "automatic" and not self.settings.automatic:
            return None
        with self.journal.store.transaction() as connection:
            position = moments.last(connection)
            made = self._made(campaign, why[: text.NAME_MAX], kind, note, position)
            connection.execute("INSERT INTO snapshots VALUES (?, ?, ?, ?, ?, ?, ?)", _values(made))
            if kind in {"automatic", "pre-rollback"}:
                connection.execute(
                    "DELETE FROM snapshots WHERE campaign = ?1 AND kind = ?2 AND id NOT IN"
                    " (SELECT id FROM snapshots WHERE campaign = ?1 AND kind = ?2"
                    " ORDER BY position DESC, at DESC, rowid DESC LIMIT ?3)",
                    [campaign, kind, self.settings.keep],
                )
        return made

    def create(
        self, campaign: Campaign, name: str, *, note: str = "", kind: Kind = "manual", at: str = ""
    ) -> Snapshot:
        """Give this moment a name, or the one that ``at`` means; kept until it is removed."""
        cleaned = text.name(name, "snapshot's name")
        if cleaned.casefold() == "now" or _ENTRY.match(cleaned) or _DATE.match(cleaned):
            raise InputError(
                f"a snapshot cannot be called {cleaned!r}: that is a moment by itself",
                "Give it a name of words",
            )
        with self.journal.change("snapshot.create", campaign=campaign.id) as change:
            moment = self.moment(campaign, at or "now")
            self.campaign_at(campaign, moment)
            told = text.text(note, "note", text.NAME_MAX * 10)
            made = self._made(campaign.id, cleaned, kind, told, moment.position)
            change.insert("snapshots", attrs.asdict(made))
            change.prose = f"made the snapshot {made.name!r}"
            change.facts = {"snapshot": made.id, "position": made.position}
        return made

    def delete(self, campaign: Campaign, wanted: str) -> Snapshot:
        """Remove a name; the moment stays, and can be named again by its date or entry."""
        with self.journal.change("snapshot.delete", campaign=campaign.id) as change:
            found = self.find(campaign, wanted)
            change.delete("snapshots", {"campaign": found.campaign, "id": found.id})
            change.prose = f"removed the snapshot {found.name!r}"
            change.facts = {"snapshot": found.id, "position": found.position}
        return found

    def all(self, campaign: Campaign) -> list[Snapshot]:
        """The snapshots of a campaign, the latest moment first.

        Those of an earlier campaign that had its id, and is gone, are not among them.
        """
        rows = self._connection.execute(
            "SELECT * FROM snapshots WHERE campaign = ? AND position >= ?"
            " ORDER BY position DESC, at DESC, rowid DESC",
            [campaign.id, moments.beginning(self._connection, campaign)],
        )
        return [Snapshot(**dict(row)) for row in rows]

    def find(self, campaign: Campaign, wanted: str) -> Snapshot:
        """The snapshot that an id, a name or a unique beginning of either means."""
        known = self.all(campaign)
        found = text.match(wanted, [(each.id, each.name) for each in known], "snapshot")
        return next(each for each in known if each.id == found)

    def moment(self, campaign: Campaign, words: str) -> Moment:
        """The moment that words mean: a snapshot, a date and time, an entry of the history, now.

        A date alone is its first minute here. Raises InputError or NotFound.
        """
        wanted = words.strip()
        newest = moments.last(self._connection)
        if wanted.casefold() == "now":
            return Moment(newest, "now")
        if found := _ENTRY.match(wanted):
            number = int(found[1])
            if number > newest:
                raise NotFound(f"there is no entry #{number} in the history", "See: ttrpg history")
            return Moment(number, f"#{number}")
        if _DATE.match(wanted):
            return Moment(moments.position_of(self._connection, _utc(wanted)), wanted)
        try:
            snapshot = self.find(campaign, wanted)
        except NotFound as error:
            raise NotFound(error.message, f"{error.hint}. {_WORDS}") from error
        return Moment(snapshot.position, snapshot.name, snapshot.id)

    def campaign_at(self, campaign: Campaign, moment: Moment) -> Campaign:
        """The campaign itself as it was; NotFound when it was not there."""
        key = {"id": campaign.id}
        row = moments.row_at(self._connection, CAMPAIGNS, key, moment.position)
        if row is None or row["created_at"] != campaign.created_at:
            raise NotFound(
                f"{campaign.name!r} was not there yet ({moment.name})",
                "See when it began: ttrpg history --campaign " + campaign.id,
            )
        return records.made(row)

    def rows_at(self, campaign: Campaign, moment: Moment, table: str) -> list[Row]:
        """The campaign's rows of a table, as they were."""
        return moments.rows_at(
            Belonging(self._connection), self._connection, campaign.id, table, moment.position
        )

    def counts_at(self, campaign: Campaign, moment: Moment) -> dict[str, int]:
        """How many things of each kind there were, and fights."""
        found = things.counts_at(self._connection, campaign.id, moment.position)
        fights = len(self.rows_at(campaign, moment, "fights"))
        return found | ({"fight": fights} if fights else {})

    def names_at(self, campaign: Campaign, moment: Moment, kind: str) -> dict[str, str]:
        """The names of the things of a kind that there were, or of the fights, by their ids."""
        if kind == "fight":
            return {
                row["id"]: row["name"]
                for row in sorted(
                    self.rows_at(campaign, moment, "fights"), key=lambda row: row["id"]
                )
            }
        return things.names_at(self._connection, campaign.id, moment.position, kind)

    def diff(self, campaign: Campaign, first: Moment, second: Moment) -> list[Difference]:
        """What became of every thing between two moments: by kind, then by name."""
        with records.one_moment(self._connection):
            rows = self._changes(campaign, first.position, second.position)
            return self.told(campaign, rows)

    def told(self, campaign: Campaign, rows: Iterable[RowChange]) -> list[Difference]:
        """What became of the things whose rows these are: by kind, then by name."""
        belonging = Belonging(self._connection)

        def ours(table: str, row: Row | None) -> Row | None:
            return row if campaign.id in belonging.owners(table, row) else None

        images = (
            attrs.evolve(
                each, before=ours(each.table, each.before), after=ours(each.table, each.after)
            )
            for each in rows
        )
        found = [told for each in images if (told := difference(each)) is not None]
        return sorted(found, key=lambda each: (each.kind, each.name.casefold(), each.ref))

    def since(self, campaign: Campaign, known: Sequence[Snapshot]) -> list[int]:
        """How many entries the history of a campaign has since each, but for names of moments.

        Counted from each to the next, so that all of them are one look at an index.
        """
        named = "kind IN ('snapshot.create', 'snapshot.delete')"
        counts: dict[int, int] = {}
        total, end = 0, moments.last(self._connection)
        for position in sorted({each.position for each in known}, reverse=True):
            between = [campaign.id, position, end]
            for where, sign in (("", 1), (f" AND {named}", -1)):
                found = self._connection.execute(
                    "SELECT COUNT(*) FROM journal"  # noqa: S608 - no outside text
                    f" WHERE campaign = ? AND id > ? AND id <= ?{where}",
                    between,
                )
                total += sign * int(found.fetchone()[0])
            counts[position], end = total, position
        return [counts[each.position] for each in known]

    def rollback(self, campaign: Campaign, words: str) -> Rollback:
        """Put every row of a campaign as it was; one change, which is undone like any other.

        A snapshot of how it is now is taken before. Raises UndoRefused when a row was changed
        outside the journal or something hangs on it, Denied when it is no row of this campaign's
        alone, and changes nothing then.
        """
        with self.journal.change("snapshot.rollback", campaign=campaign.id) as change:
            moment = self.moment(campaign, words)
            self.campaign_at(campaign, moment)
            steps = self._changes(campaign, moments.last(self._connection), moment.position)
            if not steps:
                return Rollback(moment, None, ())
            self._must_be_ours(campaign, steps)
            why = f"before going back to {moment.name}"
            before = self.take(campaign.id, "before rollback", "pre-rollback", why)
            change.put_back(steps, self._later(steps))
            change.prose = f"rolled {campaign.name!r} back to {moment.name}"
            change.facts = {
                "position": moment.position,
                "moment": moment.name,
                "rows": len(steps),
                "snapshot": before.id if before else None,
            }
        return Rollback(moment, before, tuple(steps))

    def _changes(self, campaign: Campaign, start: int, end: int) -> list[RowChange]:
        belonging = Belonging(self._connection)
        return moments.changes(
            belonging, self._connection, campaign.id, start, end, belonging.tables
        )

    def _must_be_ours(self, campaign: Campaign, steps: list[RowChange]) -> None:
        """Denied when a row is, or was, another campaign's as well, or nobody's."""
        belonging = Belonging(self._connection)
        for each in steps:
            for image in (each.before, each.after):
                owners = belonging.owners(each.table, image)
                if image is not None and owners != {campaign.id}:
                    others = ", ".join(sorted(owners - {campaign.id})) or "no campaign"
                    name = name_of(image) or key_text(each.key)
                    raise Denied(
                        f"{name} of {each.table} belonged to {others} meanwhile",
                        "Move it back first; see: ttrpg history",
                    )

    def _later(self, steps: list[RowChange]) -> Later:
        """Who touched a row that is in the way, for the reason of a refusal."""
        ours = {(each.table, dump_key(each.key)) for each in steps}

        def later(table: str, key: Row) -> str | None:
            if (table, dump_key(key)) in ours:
                return None
            found = self._connection.execute(
                "SELECT id, prose FROM journal WHERE id ="
                " (SELECT MAX(entry) FROM journal_rows WHERE tbl = ? AND key = ?)",
                [table, dump_key(key)],
            ).fetchone()
            return None if found is None else f"by #{found['id']} ({found['prose']})"

        return later

    def _made(self, campaign: str, name: str, kind: Kind, note: str, position: int) -> Snapshot:
        taken = self._connection.execute(
            "SELECT id FROM snapshots WHERE campaign = ?", [campaign]
        ).fetchall()
        key = text.unique_slug(name, [each["id"] for each in taken])
        at = self.journal.clock().isoformat()
        return Snapshot(campaign, key, name, kind, note, position, at)


def _values(snapshot: Snapshot) -> list[object]:
    return list(attrs.asdict(snapshot).values())


def _utc(words: str) -> str:
    """A date, or a date and a time, of where this runs, as the journal writes times."""
    try:
        when = datetime.fromisoformat(words)
    except ValueError as error:
        raise InputError(
            f"{words!r:.60} is no date", "Such as 2026-11-01 or '2026-11-01 20:30'"
        ) from error
    try:
        return when.astimezone(UTC).isoformat()
    except (OverflowError, OSError, ValueError) as error:
        raise InputError(f"{words!r:.60} is out of reach", "Such as 2026-11-01") from error
