"""Where things live: everything under ``TTRPG_HOME``, or in the platform's own folders.

=============  ==========================  =============================
what           under TTRPG_HOME            otherwise (Linux shown)
=============  ==========================  =============================
``config``     ``config.toml``             ``~/.config/ttrpg/``
``keys``       ``keys.toml``               ``~/.config/ttrpg/``
``language``   ``language/``               ``~/.config/ttrpg/``
``voices``     ``voices/``                 ``~/.config/ttrpg/``
``database``   ``ttrpg.db``                ``~/.local/share/ttrpg/``
``backups``    ``backups/``                ``~/.local/share/ttrpg/``
``indexes``    ``indexes/``                ``~/.local/share/ttrpg/``
``state``      ``state/``                  ``~/.local/state/ttrpg/``
=============  ==========================  =============================
"""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from ttrpg_core.errors import Busy, StoreError
from ttrpg_core.values import frozen

LOCK_SECONDS = 30.0
"""Longest wait for another process that changes the same file."""
_RETRY_SECONDS = 0.02
_held = threading.local()
_DATABASE_ENDS = ("", "-wal", "-shm", "-journal")


@frozen
class Paths:
    """The folders in use; none is made before something is written to it."""

    config_dir: Path
    data_dir: Path
    state_dir: Path

    @classmethod
    def of(cls, environ: Mapping[str, str] | None = None) -> "Paths":
        """The folders for this environment."""
        environ = os.environ if environ is None else environ
        home = environ.get("TTRPG_HOME")
        if home:
            try:
                root = Path(home).expanduser().absolute()
            except (RuntimeError, OSError) as error:  # ~nobody, or the working folder is gone
                raise StoreError(
                    f"cannot find TTRPG_HOME={home}: {error}", "Give it a whole path"
                ) from error
            return cls(root, root, root / "state")
        from platformdirs import PlatformDirs

        dirs = PlatformDirs("ttrpg", appauthor=False)
        try:
            found = [dirs.user_config_path, dirs.user_data_path, dirs.user_state_path]
        except RuntimeError:
            found = []
        if not found or not all(path.is_absolute() for path in found):  # "~" of older platformdirs
            raise StoreError(
                "there is no home folder to keep things in",
                "Set HOME, or TTRPG_HOME to a folder for everything of ttrpg",
            )
        return cls(*found)

    @property
    def config(self) -> Path:
        """The user's settings."""
        return self.config_dir / "config.toml"

    @property
    def keys(self) -> Path:
        """Keys kept in a file, where there is no keyring."""
        return self.config_dir / "keys.toml"

    @property
    def language(self) -> Path:
        """The user's own words for the search: TOML files as packs bring them."""
        return self.config_dir / "language"

    @property
    def voices(self) -> Path:
        """The user's own voices and NPCs for conversations: a TOML file each."""
        return self.config_dir / "voices"

    @property
    def database(self) -> Path:
        """The one database."""
        return self.data_dir / "ttrpg.db"

    @property
    def backups(self) -> Path:
        """Copies of the database, made before it is migrated."""
        return self.data_dir / "backups"

    @property
    def indexes(self) -> Path:
        """Search indexes and embeddings: files that can be deleted and rebuilt."""
        return self.data_dir / "indexes"

    @property
    def irreplaceable(self) -> tuple[Path, ...]:
        """Files, and folders of files, that no export may replace."""
        database = [self.database.with_name(self.database.name + end) for end in _DATABASE_ENDS]
        return (*database, self.config, self.keys, self.backups)


def make_folder(path: Path) -> Path:
    """The folder, made with mode 0700 where it is missing; StoreError when it cannot be.

    Those above it that are missing are as private: ``parents=True`` would leave them open to all.
    """
    try:
        for folder in (*reversed(path.parents), path):
            if not folder.exists():
                folder.mkdir(mode=0o700, exist_ok=True)
        path.mkdir(exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise StoreError(
            f"cannot make the folder {path}: there is a file of that name",
            "Move the file away, or choose another folder with TTRPG_HOME",
        ) from error
    except OSError as error:
        raise StoreError(
            f"cannot make the folder {path}: {error.strerror}",
            "Choose another with TTRPG_HOME, or mend its permissions",
        ) from error
    return path


_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


def write_atomically(path: Path, content: str, mode: int = 0o600, *, flushed: bool = True) -> None:
    """Replace a file by a whole new one, or leave it as it was.

    The new text is written to a neighbour that only the owner may read, flushed to disk and
    renamed, so a reader or a crash sees the old file or the new one and never a part. Where the
    path is a link, what it points at is replaced and the link stays. Raises StoreError.

    Who writes thousands leaves them unflushed, and flushes all at the end: ``os.sync``.
    """
    neighbour: Path | None = None
    try:
        target = path.resolve()
        make_folder(target.parent)
        neighbour = target.parent / f".{target.name}.{os.urandom(5).hex()}"
        # named before it is made, so that a Ctrl-C at any moment leaves none behind
        handle = os.open(neighbour, os.O_RDWR | os.O_CREAT | os.O_EXCL | _NO_FOLLOW, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            if flushed:
                os.fsync(file.fileno())
        neighbour.chmod(mode)
        neighbour.replace(target)
        neighbour = None
    except (OSError, RuntimeError) as error:  # RuntimeError: a link that leads to itself
        raise StoreError(
            f"cannot write {path}: {getattr(error, 'strerror', None) or error}",
            "The old file is unchanged; free some space or mend its permissions",
        ) from error
    finally:
        if neighbour is not None:
            with contextlib.suppress(OSError):
                neighbour.unlink()


@contextlib.contextmanager
def locked(path: Path, seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Hold a file against other processes and threads while it is read, changed and replaced.

    Without it, of two that read the same old file the later one undoes what the earlier wrote. The
    lock is on a neighbour, ``.<name>.lock``, since the file itself is replaced; the neighbour
    stays, as removing it would let two hold "the" lock at once. It may be taken again inside
    itself, and the system frees it when a process dies. Busy when it is not free within
    ``seconds``, StoreError where there can be none.
    """
    target = _lock_target(path)
    held: set[Path] = _held.__dict__.setdefault("paths", set())  # of this thread
    if target in held:
        yield
        return
    handle = _open_lock(path, target)
    try:
        until = time.monotonic() + seconds
        while not _try_lock(handle, path):
            if time.monotonic() >= until:
                raise Busy(
                    f"{path} is being changed by another ttrpg",
                    "Wait until it is done, or end it, and try again",
                )
            time.sleep(_RETRY_SECONDS)
        held.add(target)
        try:
            yield
        finally:
            held.discard(target)
    finally:
        os.close(handle)  # which frees the lock


def _lock_target(path: Path) -> Path:
    try:
        return path.resolve()  # as write_atomically does: two links to one file share its lock
    except (OSError, RuntimeError) as error:  # RuntimeError: a link that leads to itself
        raise StoreError(f"cannot write {path}: {error}", "Check its links") from error


def _open_lock(path: Path, target: Path) -> int:
    make_folder(target.parent)
    lock = target.with_name(f".{target.name}.lock")
    try:
        return os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreError(
            f"cannot write {path}: its lock {lock.name} cannot be opened: {error.strerror}",
            "The file is unchanged; free some space or mend the folder's permissions",
        ) from error


def _try_lock(handle: int, path: Path) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # Windows says PermissionError for one that is held
        return False
    except OSError as error:
        raise StoreError(
            f"cannot lock {path}: {error.strerror}",
            "Its disk knows no locks; choose another folder with TTRPG_HOME",
        ) from error
    return True
