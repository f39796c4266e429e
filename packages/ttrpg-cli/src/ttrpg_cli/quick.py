"""The quick way of a command, where what was typed has one: without click.

Importing click takes as long as starting Python twice. The line that is typed most has no option
that needs it; its plugin says so, and does for it what the command would do.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ttrpg_cli.screens import say_problems, screen_of
from ttrpg_core.entries import Command
from ttrpg_core.errors import PluginError

if TYPE_CHECKING:
    from ttrpg_core.app import App


def quickly(app: "App", argv: Sequence[str]) -> int | None:
    """The exit code, once the command was run; None where click has to read the line."""
    if not argv or argv[0].startswith("-"):
        return None
    owned = app.plugins.owned("commands").get(argv[0])
    if owned is None or not isinstance(owned.entry, Command):
        return None
    if owned.entry.quick is None or owned.entry.needs:
        return None
    try:
        found = app.plugins.resolve(owned.entry.quick, owned.plugin, f"command {argv[0]}")
    except PluginError:  # the command itself may still be whole
        return None
    run: Callable[[App], int] | None = found(argv[1:]) if callable(found) else None
    if run is None:
        return None
    screen_of(app)
    say_problems(app)
    return run(app)
