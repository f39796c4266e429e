"""Errors, said to a person: the cause, then what to do, and the exit code that goes with them."""

import os
import sqlite3
import sys
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from ttrpg_cli.main import BUG, INTERRUPTED, PIPE_CLOSED
from ttrpg_core.errors import DiceError, TtrpgError

if TYPE_CHECKING:
    from ttrpg_cli.render import Terminal
    from ttrpg_core.app import App


def report(error: BaseException, app: "App", screen: "Terminal", argv: Sequence[str]) -> int:
    """Say what went wrong on stderr and answer the exit code."""
    if isinstance(error, sqlite3.Error):
        from ttrpg_core.store import explain

        error = explain(error, app.paths.database)
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else 0 if error.code is None else 1
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        screen.error("stopped", "")
        return INTERRUPTED
    if isinstance(error, BrokenPipeError):
        # What is left in the buffer has no reader; give it to nobody, or Python complains at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    if screen.debug:
        traceback.print_exception(error)
    if isinstance(error, TtrpgError):
        if isinstance(error, DiceError):
            from ttrpg_core.dice import caret

            screen.error(f"{error.message}\n{caret(error)}", error.hint)
        else:
            screen.error(error.message, error.hint)
        return error.code
    if isinstance(error, click.UsageError):
        where = error.ctx.command_path if error.ctx is not None else "ttrpg"
        screen.error(error.format_message(), getattr(error, "hint", f"See: {where} --help"))
        return error.exit_code
    if isinstance(error, click.ClickException):
        screen.error(error.format_message(), "")
        return error.exit_code
    if isinstance(error, OSError):
        screen.error(_said(error), "Free some space or mend its permissions, and try again")
        return 1
    return _bug(error, app, screen, argv)


def _said(error: OSError) -> str:
    name = f"{error.filename}: " if error.filename else ""
    return f"{name}{error.strerror or error}"


def _bug(error: BaseException, app: "App", screen: "Terminal", argv: Sequence[str]) -> int:
    """Nobody foresaw this: keep the trace in a file and say where."""
    from ttrpg_core.errors import StoreError
    from ttrpg_core.paths import make_folder

    owner = _owner(error, app)
    lines = "".join(traceback.format_exception(error))
    try:
        path = make_folder(app.paths.state_dir) / "last-error.txt"
        path.write_text(f"ttrpg {' '.join(argv)[:200]}\n{lines}", encoding="utf-8")
        where = f"The whole story is in {path}; please report it"
    except (OSError, StoreError):
        where = "Run it again with 'ttrpg --debug ...' for the whole story, and please report it"
    screen.error(f"this is a bug in {owner}: {type(error).__name__}: {error}", where)
    return BUG


def _owner(error: BaseException, app: "App") -> str:
    """The plugin whose code raised, by the deepest frame that lies in a plugin's module."""
    owners = {plugin.value.partition(":")[0].partition(".")[0]: plugin for plugin in app.plugins.installed}
    frames = list(traceback.walk_tb(error.__traceback__))
    for frame, _ in reversed(frames):
        top = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if top in owners and top != "ttrpg_core":
            return f"the plugin {owners[top].name!r}" if not owners[top].first_party else owners[top].distribution
    return "ttrpg"
