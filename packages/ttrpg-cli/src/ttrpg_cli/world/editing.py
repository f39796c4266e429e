"""A long text written in the user's editor: what ``$VISUAL`` or ``$EDITOR`` names."""

import contextlib
import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ttrpg_core import text
from ttrpg_core.app import App
from ttrpg_core.errors import InputError, TtrpgError
from ttrpg_core.paths import make_folder

_MOST = 4 * (text.TEXT_MAX + 1)
"""Bytes that are read of what was written; a character has four at the most."""


@contextlib.contextmanager
def written(app: App, old: str, *, wanted: bool) -> Iterator[dict[str, str]]:
    """The text as it was written, as the field ``text``; nothing where it was left as it was.

    It lies in a file that only the user can read while it is written, and is gone afterwards,
    unless what the block does with it fails: then the words are kept, and the file is named.
    """
    if not wanted:
        yield {}
        return
    command = _command(app.environ.get("VISUAL") or app.environ.get("EDITOR") or "")
    folder = make_folder(app.paths.state_dir)
    handle, name = tempfile.mkstemp(prefix="draft-", suffix=".md", dir=folder)
    path = Path(name)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(old)
    try:
        _run(command, path)
        new = _read(path)
        unchanged = not new.strip() or new.rstrip("\n") == old.rstrip("\n")
        yield {} if unchanged else {"text": new.rstrip("\n")}
    except (TtrpgError, KeyboardInterrupt):
        if path.exists() and path.read_bytes().strip() not in (b"", old.strip().encode()):
            app.screen.say(f"What you wrote is kept in {path}", "warn")
        else:
            path.unlink(missing_ok=True)
        raise
    path.unlink(missing_ok=True)


def _command(line: str) -> list[str]:
    try:
        command = shlex.split(line)
    except ValueError as error:
        raise InputError(f"EDITOR cannot be read: {error}", f"It is: {line}") from error
    if not command:
        raise InputError("no editor is chosen", "Set one, such as: export EDITOR=nano")
    return command


def _run(command: list[str], path: Path) -> None:
    try:
        code = subprocess.run([*command, str(path)], check=False).returncode
    except OSError as error:
        raise InputError(
            f"cannot start the editor {command[0]}: {error.strerror}", "Set EDITOR to another"
        ) from error
    if code:
        raise InputError(f"the editor {command[0]} ended with {code}", "Nothing was changed")


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MOST).decode("utf-8-sig")
    except OSError as error:
        raise InputError(
            f"what was written cannot be read: {error.strerror}", "Nothing was changed"
        ) from error
    except UnicodeDecodeError as error:
        raise InputError("what was written is no text in UTF-8", "Save it as UTF-8") from error
