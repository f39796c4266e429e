"""The folder of copies: their names, which there are, and which may go.

A name says when and why: ``ttrpg-20260102T030405.000000Z-daily.db``. Only files that are named so
are ever removed, and of those only what this module made by itself; what somebody asked for, and
what a restore put aside, stays until it is removed by name.
"""

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ttrpg_core.copies.making import Manifest, make, remove
from ttrpg_core.errors import InputError, NotFound, StoreError
from ttrpg_core.paths import make_folder
from ttrpg_core.text import printable
from ttrpg_core.values import frozen

MANUAL = "manual"
DAILY = "daily"
BEFORE_MIGRATION = "before-migration"
BEFORE_RESTORE = "before-restore"
LATEST = "latest"
"""What to call the newest."""
_NAME = re.compile(r"ttrpg-(\d{8}T\d{6}(?:\.\d{1,6})?Z)-([a-z0-9]+(?:-[a-z0-9]+)*)\.db")
_STAMP = "%Y%m%dT%H%M%S.%fZ"
_PART = ".part"
_PART_SECONDS = 3600
"""Age after which half a copy was left by a process that died: it grows as long as one lives."""
_SHOWN = 5


@frozen
class Keep:
    """How many copies that nobody asked for are kept; of days, weeks and months the newest each."""

    days: int = 7
    weeks: int = 4
    months: int = 12
    migrations: int = 5


@frozen
class Copy:
    """A file in the folder; ``name`` is what to call it."""

    path: Path
    name: str
    at: datetime
    kind: str

    @property
    def size(self) -> int:
        """Bytes; 0 when it is gone by now."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0


@frozen
class Copies:
    """The copies of one database, in one folder."""

    database: Path
    folder: Path
    keep: Keep = Keep()
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def all(self) -> list[Copy]:
        """Every copy, the newest first."""
        try:
            paths = list(self.folder.iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise StoreError(
                f"cannot read the folder {self.folder}: {error.strerror}", "Mend its permissions"
            ) from error
        found = [copy for path in paths if (copy := _copy(path)) is not None]
        return sorted(found, key=lambda copy: (copy.at, copy.name), reverse=True)

    def find(self, wanted: str) -> Copy:
        """The copy of that name, or of the only name that begins so.

        ``latest`` is the newest, before those that a restore put aside: these may be damaged.
        """
        known = self.all()
        if wanted == LATEST and known:
            return min(known, key=lambda copy: copy.kind == BEFORE_RESTORE)
        short = wanted.removeprefix("ttrpg-").removesuffix(".db")
        fits = [copy for copy in known if copy.name == short] or [
            copy for copy in known if short and copy.name.startswith(short)
        ]
        if len(fits) == 1:
            return fits[0]
        names = ", ".join(copy.name for copy in (fits or known)[:_SHOWN])
        if fits:
            raise InputError(
                f"{printable(wanted)!r:.80} fits {len(fits)} backups", f"Such as: {names}"
            )
        raise NotFound(
            f"there is no backup {printable(wanted)!r:.80}",
            f"There are: {names}" if names else "There is none yet: ttrpg backup create",
        )

    def create(self, kind: str, note: str = "") -> tuple[Copy, Manifest]:
        """A proved copy of the database as last committed; it has its name when it is whole."""
        make_folder(self.folder)
        self._sweep()
        at, target = self.free(kind)
        part = target.with_suffix(f".{os.getpid()}{_PART}")
        manifest = make(self.database, part, at=at.isoformat(), kind=kind, note=note)
        try:
            part.replace(target)
        except OSError as error:
            remove(part)
            raise StoreError(
                f"cannot keep the backup {target}: {error.strerror}",
                "Mend its folder's permissions",
            ) from error
        return Copy(target, _called(target), at, kind), manifest

    def free(self, kind: str) -> tuple[datetime, Path]:
        """A moment and a name for a new copy; two of one moment are a microsecond apart."""
        at = self.clock().astimezone(UTC)
        while True:
            target = self.folder / f"ttrpg-{at.strftime(_STAMP)}-{kind}.db"
            if not target.exists():
                return at, target
            at += timedelta(microseconds=1)

    def remove(self, copies: Iterable[Copy]) -> list[Copy]:
        """Remove copies, and what lies beside a damaged one; answers those that went."""
        gone = []
        for copy in copies:
            with contextlib.suppress(OSError):  # the next time tries again
                copy.path.unlink()
                gone.append(copy)
                remove(copy.path)
        return gone

    def outdated(self) -> list[Copy]:
        """The copies that were made by themselves and need not be kept any longer."""
        return outdated(self.all(), self.keep)

    def _sweep(self) -> None:
        """Remove halves of copies whose process died."""
        with contextlib.suppress(OSError):
            for part in self.folder.glob(f"ttrpg-*{_PART}*"):
                if time.time() - part.stat().st_mtime > _PART_SECONDS:
                    part.unlink()


def outdated(copies: Sequence[Copy], keep: Keep) -> list[Copy]:
    """Which of those that were made by themselves may go.

    Of the daily ones the newest of each of the last so many days, weeks and months on which there
    is one stays; so an old campaign that rests keeps what it has.
    """
    daily = sorted((c for c in copies if c.kind == DAILY), key=lambda c: c.at, reverse=True)
    kept: set[str] = set()
    for form, most in (("%Y-%m-%d", keep.days), ("%G-W%V", keep.weeks), ("%Y-%m", keep.months)):
        newest: dict[str, str] = {}
        for copy in daily:
            newest.setdefault(copy.at.strftime(form), copy.name)
        kept.update(list(newest.values())[:most])
    before = sorted(
        (c for c in copies if c.kind == BEFORE_MIGRATION), key=lambda c: c.at, reverse=True
    )
    return [c for c in daily if c.name not in kept] + before[keep.migrations :]


def _copy(path: Path) -> Copy | None:
    """The copy that a file is by its name; None for any other file."""
    found = _NAME.fullmatch(path.name)
    if found is None:
        return None
    stamp = found[1] if "." in found[1] else found[1].replace("Z", ".0Z")
    try:
        at = datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
    except ValueError:  # the 31st of February
        return None
    return Copy(path, _called(path), at, found[2])


def _called(path: Path) -> str:
    """What to call a copy: its file's name without what all have."""
    return path.stem.removeprefix("ttrpg-")
