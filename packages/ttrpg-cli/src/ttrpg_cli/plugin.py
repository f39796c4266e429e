"""The commands of the program itself, offered through the same hook as everybody's."""

from collections.abc import Iterable

from ttrpg_core import Command, hookimpl


@hookimpl
def ttrpg_commands() -> Iterable[Command]:
    """One file a noun, under ``commands/``."""
    at = "ttrpg_cli.commands."
    table = "At the table"
    yield Command("roll", "Roll dice: 4d6kh3, 1d20adv+5, 8d6[fire]", at + "roll:roll", section=table)
    yield Command("undo", "Take back the last change, or the last few", at + "undo:undo", section=table)
    yield Command("redo", "Do again what was undone", at + "undo:redo", section=table)
    yield Command("history", "Every change, the newest first", at + "undo:history", section=table)
    yield Command("campaign", "Campaigns: create, choose, edit, delete", at + "campaign:campaign", section="Campaign")
    program = "Program"
    yield Command("demo", "The main job in a minute, in a folder of its own", at + "demo:demo", section=program)
    yield Command("config", "Settings, each with where it comes from", at + "config:config", section=program)
    yield Command("keys", "Keys of providers: kept, shown by source only", at + "keys:keys", section=program)
    yield Command("plugins", "What is installed, and what is wrong with it", at + "plugins:plugins", section=program)
    yield Command("doctor", "Look for what could be wrong, and say what to do", at + "doctor:doctor", section=program)
    yield Command("audit", "What happened that matters for security", at + "audit:audit", section=program)
    yield Command("completion", "Completion for bash, zsh or fish", at + "completion:completion", section=program)
