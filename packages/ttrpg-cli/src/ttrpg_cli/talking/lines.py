"""What a person types: with history and several lines on a terminal, plainly elsewhere."""

import os
import sys
from typing import TYPE_CHECKING, Protocol, TextIO

from ttrpg_cli.stdin import is_typed
from ttrpg_core.text import TEXT_MAX

if TYPE_CHECKING:
    from prompt_toolkit.key_binding import KeyPressEvent

PROMPT = "you> "
CONTINUED = "...  "


class Lines(Protocol):
    """Where messages come from."""

    def next(self) -> str | None:
        """The next message, of one line or several; None when there is none any more.

        KeyboardInterrupt after Ctrl-C.
        """
        ...


class Plain:
    """One line at a time, with what Python's own input can do; for screen readers too."""

    def __init__(self, err: TextIO) -> None:
        self._err = err

    def next(self) -> str | None:
        """The next message; a backslash at its end lets it go on in the next line."""
        said: list[str] = []
        while True:
            self._err.write(CONTINUED if said else PROMPT)
            self._err.flush()
            line = sys.stdin.readline(TEXT_MAX)
            if not line:
                self._err.write("\n")
                return "\n".join(said) or None
            said.append(line.rstrip("\n"))
            if not said[-1].endswith("\\"):
                return "\n".join(said)
            said[-1] = said[-1][:-1]


class Edited:
    """By prompt_toolkit: Enter sends, Alt-Enter or a backslash at the end begins a new line.

    Pasted lines stay together, the arrow keys bring back what was typed in this run, Ctrl-C takes
    away what was begun and leaves an empty line. Nothing that is typed goes to a file.
    """

    def __init__(self, commands: list[str]) -> None:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.completion import WordCompleter
        from prompt_toolkit.history import InMemoryHistory
        from prompt_toolkit.key_binding import KeyBindings
        from prompt_toolkit.output import create_output

        keys = KeyBindings()

        @keys.add("enter")
        def _enter(event: "KeyPressEvent") -> None:
            buffer = event.current_buffer
            if buffer.document.text_before_cursor.endswith("\\"):
                buffer.delete_before_cursor()
                buffer.newline(copy_margin=False)
            else:
                buffer.validate_and_handle()

        @keys.add("escape", "enter")
        def _another_line(event: "KeyPressEvent") -> None:
            event.current_buffer.newline(copy_margin=False)

        @keys.add("c-c")
        def _stop(event: "KeyPressEvent") -> None:
            if event.current_buffer.text:
                event.current_buffer.reset()
            else:
                event.app.exit(exception=KeyboardInterrupt)

        self._session: PromptSession[str] = PromptSession(
            history=InMemoryHistory(),
            key_bindings=keys,
            multiline=True,
            prompt_continuation=CONTINUED,
            completer=WordCompleter(commands, sentence=True),
            complete_while_typing=False,
            output=create_output(stdout=sys.stderr if sys.stderr.isatty() else None),
        )

    def next(self) -> str | None:
        """The next message."""
        try:
            return self._session.prompt(PROMPT)
        except EOFError:
            return None


def lines(commands: list[str], *, plain: bool) -> Lines:
    """What suits where we are; ``commands`` are those that the Tab key completes."""
    simple = plain or os.environ.get("TERM", "dumb") in {"dumb", "unknown"}
    if simple or not (is_typed() and (sys.stderr.isatty() or sys.stdout.isatty())):
        return Plain(sys.stderr)
    return Edited(commands)
