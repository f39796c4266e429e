"""Where things live: everything under ``TTRPG_HOME``, or in the platform's own folders.

=============  ==========================  =============================
what           under TTRPG_HOME            otherwise (Linux shown)
=============  ==========================  =============================
``config``     ``config.toml``             ``~/.config/ttrpg/``
``keys``       ``keys.toml``               ``~/.config/ttrpg/``
``database``   ``ttrpg.db``                ``~/.local/share/ttrpg/``
``backups``    ``backups/``                ``~/.local/share/ttrpg/``
``indexes``    ``indexes/``                ``~/.local/share/ttrpg/``
``state``      ``state/``                  ``~/.local/state/ttrpg/``
=============  ==========================  =============================
"""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

import attrs

from ttrpg_core.errors import StoreError


@attrs.frozen
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


def write_atomically(path: Path, content: str, mode: int = 0o600) -> None:
    """Replace a file by a whole new one, or leave it as it was.

    The new text is written to a neighbour that only the owner may read, flushed to disk and
    renamed, so a reader or a crash sees the old file or the new one and never a part. Where the
    path is a link, what it points at is replaced and the link stays. Raises StoreError.
    """
    import tempfile  # it brings random and more, which a start does not need

    neighbour: Path | None = None
    try:
        target = path.resolve()
        make_folder(target.parent)
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        neighbour = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
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
