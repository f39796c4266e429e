"""Backups: made, checked, put back, and let go; each told in the audit.

A restore is a copy too: it is made beside the database, proved against its backup, opened and
migrated there, and takes the database's name in one step while nobody else has it open. What was
there before keeps living under a name of its own. Killed at any point, the home has the old
database or the new one.
"""

import contextlib
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

from ttrpg_core import text
from ttrpg_core.audit import Audit
from ttrpg_core.copies import (
    BEFORE_MIGRATION,
    BEFORE_RESTORE,
    DAILY,
    MANUAL,
    Copies,
    Copy,
    Keep,
    Manifest,
    alone,
    make,
    read_manifest,
    wrong_with,
)
from ttrpg_core.copies.alone import beside, has_content, refuse_company
from ttrpg_core.copies.making import MANIFEST, flush, flush_folder, opened, remove
from ttrpg_core.errors import Busy, InputError, NotFound, StoreDamaged, StoreError, TtrpgError
from ttrpg_core.paths import Paths, locked, make_folder
from ttrpg_core.settings_tables import Settings
from ttrpg_core.store import SchemaSet, Store, newer
from ttrpg_core.store_errors import explain
from ttrpg_core.store_files import create
from ttrpg_core.values import frozen
from ttrpg_core.views import Screen

__all__ = ["BEFORE_MIGRATION", "BEFORE_RESTORE", "DAILY", "MANUAL", "Backups", "Checked"]

SLOW = 20_000_000
"""Bytes of a database of which a backup takes so long that it is said."""
_STALE_SECONDS = 3600
"""Age after which what a restore was making was left by a process that died."""


@frozen
class Checked:
    """What came of checking a backup: what is wrong with it, and what it says of itself."""

    path: Path
    manifest: Manifest | None
    wrong: tuple[str, ...]


@frozen
class Restored:
    """What a restore put back, and where that lies which was there before; None when nothing."""

    source: Path
    manifest: Manifest | None
    kept: Path | None


class Backups:
    """The backups of one home."""

    def __init__(
        self,
        paths: Paths,
        settings: Settings,
        schemas: Callable[[], Sequence[SchemaSet]],
        clock: Callable[[], datetime],
    ) -> None:
        rules = settings.backup
        keep = Keep(rules.keep_days, rules.keep_weeks, rules.keep_months, settings.store.backups)
        self.database = _behind_links(paths.database)
        self.copies = Copies(paths.database, paths.backups, keep, clock)
        self._settings = settings
        self._schemas = schemas

    def create(self, audit: Audit, kind: str = MANUAL, note: str = "") -> tuple[Copy, Manifest]:
        """A proved backup of the database as it is; then those go that need not be kept."""
        note = text.name(note, "note") if note else ""
        copy, manifest = self.copies.create(kind, note)
        audit.record("backup.created", {"backup": copy.name, "kind": kind, "rows": manifest.rows})
        self.prune(audit)
        return copy, manifest

    def daily(self, audit: Audit, screen: Screen | None = None) -> Copy | None:
        """The backup of the day, made before its first change (see :class:`.journal.Journal`).

        So what a day left is kept before the next begins, and a day that changes nothing makes no
        backup. None when the settings want none, when there is one, or another process makes it;
        and where it cannot be made, which is said, and is no reason to stop the game.
        """
        if not self._settings.backup.daily:
            return None
        try:
            return self._daily(audit, screen)
        except Busy:
            return None
        except TtrpgError as error:
            if screen is not None:
                screen.say(f"Today's backup was not made: {error.message}", "warn")
            return None

    def _daily(self, audit: Audit, screen: Screen | None) -> Copy | None:
        today = self.copies.clock().date()
        make_folder(self.copies.folder)
        with locked(self.copies.folder / DAILY, seconds=0):
            if any(each.kind == DAILY and each.at.date() == today for each in self.copies.all()):
                return None
            if screen is not None and self.database.stat().st_size > SLOW:
                screen.say("Making the backup of the day ...", "dim")
            return self.create(audit, DAILY)[0]

    def prune(self, audit: Audit, wanted: Iterable[Copy] | None = None) -> list[Copy]:
        """Remove backups: those named, or those that the settings no longer keep."""
        gone = self.copies.remove(self.copies.outdated() if wanted is None else wanted)
        if gone:
            audit.record("backup.removed", {"backups": [each.name for each in gone]})
        return gone

    def source(self, wanted: str) -> Path:
        """The file that is meant: a path, or a backup by its name or the start of it."""
        wanted = text.text(wanted, "backup", text.PATH_MAX)
        path = Path(wanted)
        if len(path.parts) > 1:
            return text.readable_file(wanted)
        try:
            return self.copies.find(wanted).path
        except NotFound:
            if path.suffix and path.is_file():
                return text.readable_file(wanted)
            raise

    def check(self, path: Path) -> Checked:
        """Read a backup to its end, and hold it against what it says of itself.

        Raises InputError when it is a sound database of another program.
        """
        if not has_content(path):
            return Checked(path, None, ("the file is empty",))
        try:
            with contextlib.closing(opened(path)) as connection:
                manifest = read_manifest(connection)
                wrong = tuple(wrong_with(connection, manifest))
                if not wrong and not _is_ours(connection):
                    raise InputError(
                        f"{path} is a database of another program, not a backup of ttrpg",
                        "See: ttrpg backup list",
                    )
                return Checked(path, manifest, wrong)
        except StoreDamaged as error:
            return Checked(path, None, (error.message,))
        except sqlite3.DatabaseError as error:
            told = explain(error, path)
            if not isinstance(told, StoreDamaged):
                raise told from error
            return Checked(path, None, (str(error),))

    def restore(self, source: Path) -> Restored:
        """Put a backup in the place of the database; no store of this process may be open.

        Raises StoreDamaged when it is not sound, StoreError when it is of a newer version or there
        is no room for it, and Busy while another process has the database open; nothing is changed
        then.
        """
        checked = self.check(source)
        if checked.wrong:
            raise StoreDamaged(
                f"the backup {source} is damaged: {checked.wrong[0]}",
                "Nothing was changed; 'ttrpg backup verify' says which are sound",
            )
        with contextlib.closing(opened(source)) as connection:
            unknown = newer(connection, self._schemas())
        if unknown:
            raise StoreError(
                f"the backup {source} was written by a newer {', '.join(unknown)}",
                "Nothing was changed; upgrade, and restore it then",
            )
        make_folder(self.database.parent)
        make_folder(self.copies.folder)
        create(self.database)
        refuse_company(self.database)  # to say so now, and not after a long copy
        self._sweep()
        at, kept = self.copies.free(BEFORE_RESTORE)
        part = self.database.with_name(f".{self.database.name}.{os.getpid()}.part")
        remove(part)  # of a process that had this number
        try:
            make(source, part, at=at.isoformat(), kind=BEFORE_RESTORE)
            self._prepare(part, source, kept)
            there = self._swap(part, kept)
        finally:
            remove(part)
        return Restored(source, checked.manifest, kept if there else None)

    def _prepare(self, part: Path, source: Path, kept: Path) -> None:
        """Open the copy as the program will, bring it up to date, and tell of it in its audit."""
        facts = {"backup": source.name, "before": kept.name}
        with contextlib.closing(Store(part, self._schemas(), keep=0)) as store:
            with store.transaction() as connection:
                connection.execute(f"DROP TABLE {MANIFEST}")
                _number_on(connection, self.database)
                audit = Audit(store, self.copies.clock, self._settings.audit)
                audit.record("backup.restored", facts, severity="warning")
            wrong = wrong_with(store.connection)
        if wrong:
            raise StoreDamaged(f"the copy of {source} is damaged: {wrong[0]}", "Try again")
        flush(part)

    def _swap(self, part: Path, kept: Path) -> bool:
        """Give the name to the new one; whether there was anything to keep."""
        with alone(self.database) as handle:
            there = has_content(self.database)
            if there:
                _keep(self.database, handle, kept)
            for each in beside(self.database):
                if has_content(each):  # of a database too damaged to take it in
                    each.replace(
                        kept.with_name(kept.name + each.name.removeprefix(self.database.name))
                    )
                each.unlink(missing_ok=True)
            self.database.with_name(f"{self.database.name}-shm").unlink(missing_ok=True)
            shutil.copymode(self.database, part)  # which may be shared on purpose
            try:
                part.replace(self.database)
            except OSError as error:
                raise StoreError(
                    f"cannot put the backup in the place of {self.database}: {error.strerror}",
                    "It is unchanged; close what has it open, or mend its folder's permissions",
                ) from error
            flush(self.database)
        return there

    def _sweep(self) -> None:
        """Remove what a restore was making whose process died."""
        with contextlib.suppress(OSError):
            for left in self.database.parent.glob(f".{self.database.name}.*.part*"):
                if time.time() - left.stat().st_mtime > _STALE_SECONDS:
                    left.unlink()


def _is_ours(connection: sqlite3.Connection) -> bool:
    return all(_has_table(connection, name) for name in ("journal", "store", "audit"))


def _behind_links(path: Path) -> Path:
    """The file that a link leads to: that one is replaced, and the link stays."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # RuntimeError: a link that leads to itself
        return path


def _has_table(connection: sqlite3.Connection, name: str) -> bool:
    query = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?"
    return connection.execute(query, [name]).fetchone() is not None


def _number_on(connection: sqlite3.Connection, before: Path) -> None:
    """Go on counting where the database counts that is put aside.

    An id is never given twice: vectors are kept by it, and a note may say ``#57``. What the journal
    leaves out by that is noted, so that nobody takes its history for one with entries gone.
    """
    try:
        with contextlib.closing(opened(before)) as old:
            counted = old.execute("SELECT name, seq FROM sqlite_sequence").fetchall()
    except sqlite3.Error:  # new, or damaged: nothing can be read of it
        return
    here = dict(connection.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
    for name, seq in counted:
        if name == "journal" and seq > here.get(name, 0):
            connection.execute("INSERT INTO gaps VALUES (?, ?)", [here.get(name, 0) + 1, seq])
        if name not in here and _has_table(connection, name):
            connection.execute("INSERT INTO sqlite_sequence VALUES (?, 0)", [name])
        connection.execute(
            "UPDATE sqlite_sequence SET seq = MAX(seq, ?) WHERE name = ?", [seq, name]
        )


def _keep(path: Path, handle: int | None, kept: Path) -> None:
    """Give a file a second name, or copy it where the disk knows no second names.

    Neither opens the file again: closing it would drop the lock that ``handle`` holds.
    """
    try:
        kept.hardlink_to(path)
    except OSError:
        if handle is None:
            shutil.copyfile(path, kept)
        else:
            os.lseek(handle, 0, os.SEEK_SET)
            with kept.open("xb") as copy:
                while piece := os.read(handle, 1 << 20):
                    copy.write(piece)
                copy.flush()
                os.fsync(copy.fileno())
    flush_folder(kept.parent)
