"""The one terminal of a run, and what is said on it before any command."""

import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from ttrpg_cli.render import Terminal
    from ttrpg_core.app import App


def screen_of(app: "App") -> "Terminal":
    """The terminal that an App prints to, made on first use."""
    from ttrpg_cli.render import Terminal

    found = app.__dict__.get("_screen")
    if not isinstance(found, Terminal):
        found = Terminal(
            _stream(sys.stdout),
            _stream(sys.stderr),
            app.environ,
            lambda: app.settings.general.pager,
        )
        app.screen = found
    return found


def _stream(stream: "TextIO | None") -> "TextIO":
    """A standard stream; Python has none where the shell closed it (``>&-``)."""
    return stream if stream is not None else open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - it lives as long as the process


def say_problems(app: "App") -> None:
    """That plugins could not be used, in one line."""
    if count := len(app.plugins.problems):
        screen = screen_of(app)
        screen.say(f"{count} plugin problem{'s' * (count != 1)}; see: ttrpg plugins", "dim")
