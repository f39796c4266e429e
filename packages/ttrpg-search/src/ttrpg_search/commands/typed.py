"""What a person types or pipes in: one question, or line by line."""

import sys

import click

from ttrpg_core.errors import InputError
from ttrpg_core.text import QUERY_MAX

_NOT_TEXT = "what came on stdin is not UTF-8 text"


def is_typed() -> bool:
    """Whether a person sits at stdin."""
    return sys.stdin is not None and sys.stdin.isatty()


def piped(longest: int) -> str:
    """What is piped in, white space around it left out; one character too many when too long."""
    if sys.stdin is None or is_typed():
        return ""
    try:
        return sys.stdin.read(longest + 1).strip()
    except UnicodeDecodeError:
        raise InputError(_NOT_TEXT, "Save it as UTF-8") from None


def line(prompt: str) -> str | None:
    """The next line, without its end; None when there is none any more.

    On a terminal with the prompt and, where Python has readline, with the lines before to go back
    to; these are kept in memory alone. Piped lines come without a prompt.
    """
    if sys.stdin is None:
        return None
    try:
        if is_typed() and sys.stdout.isatty():
            return input(prompt)
        if is_typed():
            click.echo(prompt, nl=False, err=True)
        read = sys.stdin.readline(QUERY_MAX + 2)
    except EOFError:
        return None
    except UnicodeDecodeError:
        raise InputError(_NOT_TEXT, "Save it as UTF-8") from None
    return read.removesuffix("\n") if read else None


def remember_lines(*before: str) -> None:
    """Let the arrow keys bring back the lines typed now, and those of ``before``."""
    try:
        import readline
    except ImportError:  # Windows has none
        return
    readline.set_auto_history(True)
    for each in before:
        if each:
            readline.add_history(each)
