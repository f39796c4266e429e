"""What an index in files holds, sealed by the database that it was made from.

``state.json`` stands beside the index: for each book a fingerprint of the passages that are in it,
and, where the files must not be trusted otherwise, their digests. It is sealed (HMAC-SHA256) with a
key that only the database has, so files that came from elsewhere are told from our own before
anything of them is opened.
"""

import hashlib
import hmac
import json
import os
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path

import attrs

from ttrpg_core.errors import StoreError
from ttrpg_core.paths import make_folder, write_atomically

FORMAT = 1


@attrs.frozen
class State:
    """What is in the files: ``books`` by content hash, each with the fingerprint of its passages.

    ``mark`` is the database's (:func:`.beside.mark_of`) when everything was last in step, "" when
    something was not. ``files`` are names and digests, where the index needs them.
    """

    books: Mapping[str, str] = attrs.field(factory=dict, hash=False)
    mark: str = ""
    files: Mapping[str, str] = attrs.field(factory=dict, hash=False)


class Foreign(StoreError):
    """Files that this database did not make; they are not opened."""


class StateFile:
    """``state.json`` in the folder of an index."""

    def __init__(self, folder: Path, key: bytes) -> None:
        self.path = folder / "state.json"
        self._key = key

    def seen(self) -> tuple[int, int, int] | None:
        """What changes when another process writes the file; None while there is none."""
        try:
            told = self.path.stat()
        except OSError:
            return None
        return told.st_ino, told.st_mtime_ns, told.st_size

    def read(self) -> State | None:
        """What the files hold; None for an empty or missing folder.

        Foreign, when there are files and no seal of ours, or others may write to the folder.
        """
        folder = self.path.parent
        try:
            if not any(not each.name.startswith(".") for each in folder.iterdir()):
                return None
            told = folder.lstat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"cannot read {folder}: {error.strerror}", _AGAIN) from error
        shared = stat.S_ISLNK(told.st_mode) or told.st_mode & 0o022
        if os.name == "posix" and (shared or told.st_uid != os.getuid()):
            raise Foreign(f"others can write to {folder}, so the index there is not opened", _AGAIN)
        try:
            whole = json.loads(self.path.read_text("utf-8"))
            ours = hmac.compare_digest(str(whole.pop("seal")), self._seal(whole))
            state = State(dict(whole["books"]), whole["mark"], dict(whole["files"]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            ours, state = False, State()
        if not ours:
            raise Foreign(
                f"the index in {folder} was not made by this library, so it is not opened", _AGAIN
            )
        return state

    def write(self, state: State) -> None:
        """Seal and keep; StoreError when it cannot be written."""
        whole = {"format": FORMAT, **attrs.asdict(state)}
        whole["seal"] = self._seal(whole)
        write_atomically(self.path, json.dumps(whole))

    def begin(self) -> State:
        """An empty folder that only the owner may enter, with an empty state in it.

        Whatever was there is removed, unread.
        """
        folder = self.path.parent
        try:
            if folder.is_symlink():
                folder.unlink()
            make_folder(folder)
            if os.name == "posix":
                folder.chmod(0o700)
            for each in folder.iterdir():
                if each.is_dir() and not each.is_symlink():
                    shutil.rmtree(each)
                elif each != self.path and not each.name.startswith("."):  # the lock has a dot
                    each.unlink()
        except OSError as error:
            raise StoreError(f"cannot make {folder} anew: {error.strerror}", _AGAIN) from error
        state = State()
        self.write(state)
        return state

    def _seal(self, whole: Mapping[str, object]) -> str:
        told = json.dumps(whole, sort_keys=True).encode()
        return hmac.new(self._key, told, hashlib.sha256).hexdigest()


_AGAIN = "Make it anew: ttrpg library reindex. Your books are safe in the database"


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
