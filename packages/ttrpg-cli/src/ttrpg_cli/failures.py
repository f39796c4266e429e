"""Errors, said to a person: the cause, then what to do, and the exit code that goes with them."""

import contextlib
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
    if isinstance(error, SystemExit):
        return _ended(error, screen)
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        screen.say("Stopped", "bad")
        return INTERRUPTED
    if isinstance(error, BrokenPipeError):
        let_go()
        return PIPE_CLOSED
    if screen.debug:
        traceback.print_exception(error)
    if isinstance(error, sqlite3.Error):
        from ttrpg_core.store_errors import explain

        error = explain(error, app.paths.database)
    told = _told(error)
    if told is None:
        return _bug(error, app, screen, argv)
    message, hint, code = told
    screen.error(message, hint)
    return code


def let_go() -> None:
    """Give what stdout still holds to nobody: Python would try again at exit, and complain."""
    with contextlib.suppress(OSError, ValueError, AttributeError):  # no real file, or none at all
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _ended(error: SystemExit, screen: "Terminal") -> int:
    """A command that ends the program itself: its code, or its last words and 1."""
    if error.code is None or isinstance(error.code, int):
        return error.code or 0
    screen.error(error.code, "")
    return 1


def _told(error: BaseException) -> tuple[str, str, int] | None:
    """Cause, what to do, and exit code of an error that was foreseen; None for any other."""
    if isinstance(error, DiceError):
        from ttrpg_core.dice import caret

        return f"{error.message}\n{caret(error)}", error.hint, error.code
    if isinstance(error, TtrpgError):
        return error.message, error.hint, error.code
    if isinstance(error, click.UsageError):
        where = error.ctx.command_path if error.ctx is not None else "ttrpg"
        hint = getattr(error, "hint", f"See: {where} --help")
        return error.format_message(), hint, error.exit_code
    if isinstance(error, click.ClickException):
        return error.format_message(), "", error.exit_code
    if isinstance(error, OSError):
        try:
            sys.stdout.flush()
        except (OSError, ValueError, AttributeError):  # stdout is what failed, and would again
            let_go()
        name = f"{error.filename}: " if error.filename else ""
        return f"{name}{error.strerror or error}", "Free some space or mend its permissions", 1
    return None


def _bug(error: BaseException, app: "App", screen: "Terminal", argv: Sequence[str]) -> int:
    """Nobody foresaw this: keep the trace in a file, a line in the log, and say where."""
    from ttrpg_core.errors import StoreError
    from ttrpg_core.logs import SECRET_VALUES, log_bug
    from ttrpg_core.paths import write_atomically

    lines = "".join(traceback.format_exception(error))
    typed = " ".join(argv)[:200]
    story = SECRET_VALUES.sub("[hidden]", f"ttrpg {typed}\n{lines}")
    owner = _owner(error, app)
    try:
        path = app.paths.state_dir / "last-error.txt"
        write_atomically(path, story.encode(errors="backslashreplace").decode())
        log_bug(app.paths.state_dir, error, typed=typed, owner=owner)
        where = f"The whole story is in {path}; please report it"
    except (StoreError, OSError):
        where = "Run it again as 'ttrpg --debug ...' for the whole story, and please report it"
    screen.error(f"this is a bug in {owner}: {type(error).__name__}: {error}", where)
    return BUG


def _owner(error: BaseException, app: "App") -> str:
    """The plugin whose code raised, by the deepest frame that lies in a plugin's module."""
    owners = {_top(plugin.value.partition(":")[0]): plugin for plugin in app.plugins.installed}
    frames = list(traceback.walk_tb(error.__traceback__))
    for frame, _ in reversed(frames):
        top = _top(str(frame.f_globals.get("__name__", "")))
        if top in owners and top != "ttrpg_core":
            plugin = owners[top]
            return plugin.distribution if plugin.first_party else f"the plugin {plugin.name!r}"
    return "ttrpg"


def _top(module: str) -> str:
    """The top package of a dotted name."""
    return module.partition(".")[0]
