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
            root = Path(home).expanduser().absolute()
            return cls(root, root, root / "state")
        from platformdirs import PlatformDirs

        dirs = PlatformDirs("ttrpg", appauthor=False)
        return cls(Path(dirs.user_config_dir), Path(dirs.user_data_dir), Path(dirs.user_state_dir))

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
    """The folder, made with mode 0700 where it is missing; StoreError when it cannot be."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"cannot make the folder {path}: {error.strerror}",
            "Choose another with TTRPG_HOME, or mend its permissions",
        ) from error
    return path


def write_atomically(path: Path, content: str, mode: int = 0o600) -> None:
    """Replace a file by a whole new one, or leave it as it was.

    The new text is written to a neighbour that only the owner may read, flushed to disk and
    renamed, so a reader or a crash sees the old file or the new one and never a part.
    Raises StoreError.
    """
    make_folder(path.parent)
    neighbour = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        handle = os.open(neighbour, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        neighbour.chmod(mode)
        neighbour.replace(path)
    except OSError as error:
        neighbour.unlink(missing_ok=True)
        raise StoreError(
            f"cannot write {path}: {error.strerror}", "The old file is unchanged; free some space or mend its permissions"
        ) from error
