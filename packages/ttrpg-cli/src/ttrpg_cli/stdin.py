"""What is piped in: bounded, and text."""

import codecs
import sys

from ttrpg_core.errors import InputError


def is_typed() -> bool:
    """Whether a person sits at stdin."""
    return sys.stdin is not None and sys.stdin.isatty()


def read_stdin(longest: int, what: str) -> str:
    """All of stdin as text, at most one character more than ``longest``, so that too long shows.

    Raises InputError when it is not UTF-8. The error does not repeat what was read, which may be a
    key.
    """
    if sys.stdin is None:  # the shell closed it: <&-
        return ""
    most = 4 * (longest + 1)  # bytes; a character has four at the most
    data = sys.stdin.buffer.read(most)
    cut = len(data) == most  # perhaps within a character, which is then no mistake
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(data, final=not cut)
        return text[: longest + 1]
    except UnicodeDecodeError:
        raise InputError(f"the {what} on stdin is not UTF-8 text", "Save it as UTF-8") from None
