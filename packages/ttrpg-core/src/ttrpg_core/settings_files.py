"""Files of settings: reading one, and finding a campaign's ``ttrpg.toml``, if it is one's own.

A working folder may lie where others can write, such as the folder for temporary files. What
somebody else put there must neither change nor stop a command, so a file of another user is passed
over, and within the home folder nothing above it is looked at.
"""

import contextlib
import os
import stat
from pathlib import Path
from typing import Any

from ttrpg_core.errors import ConfigError

CAMPAIGN = "ttrpg.toml"
"""Name of a campaign's file."""
MAX_BYTES = 1_000_000
"""Largest settings file that is read."""


def campaign_file(folder: Path | None = None) -> Path | None:
    """The nearest ``ttrpg.toml`` of ours: in a folder, the working one when None, or one above."""
    try:
        start = Path.cwd() if folder is None else folder.absolute()
    except OSError:
        return None  # the working folder was removed
    homes = _homes()
    for candidate in (start, *start.parents):
        path = candidate / CAMPAIGN
        with contextlib.suppress(OSError):  # a folder that may not be looked into has none for us
            if path.is_file() and _ours(path):
                return path
        if candidate in homes:
            break
    return None


def _homes() -> set[Path]:
    """The home folder as it is called, and as it is where that is a link; none without one."""
    try:
        home = Path.home()
        return {home, home.resolve()}
    except (RuntimeError, OSError):  # no home is known, or its links go round in a circle
        return set()


def _ours(path: Path) -> bool:
    """Whether file and link are the user's; root too takes only its own, for it risks the most."""
    if not hasattr(os, "getuid"):
        return True  # Windows: folders there are private to their user
    return {path.stat().st_uid, path.lstat().st_uid} == {os.getuid()}


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file; empty when there is none. ConfigError says where it is broken."""
    try:
        data = read_bytes(path)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise ConfigError(
            f"{path.name}: cannot be read: {error.strerror}", f"Look at {path}"
        ) from error
    import tomllib  # of those who have no such file, nobody needs it

    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except RecursionError as error:
        raise ConfigError(f"{path.name}: nested too deeply", f"Mend {path}") from error
    except ValueError as error:  # TOML, UTF-8, or a number of thousands of digits
        raise ConfigError(f"{path.name}: not valid TOML: {error}", f"Mend {path}") from error


def read_bytes(path: Path) -> bytes:
    """What is in a file; ConfigError when it is no ordinary one, or too large."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise ConfigError(f"{path.name}: is not an ordinary file", f"Look at {path}")
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{path.name}: larger than {MAX_BYTES:,} bytes", f"Look at {path}")
    return data
