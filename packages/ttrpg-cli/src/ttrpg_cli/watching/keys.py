"""Single keys from a terminal, without waiting for the end of a line."""

import codecs
import contextlib
import os
import select
import sys
from collections.abc import Iterator

from ttrpg_core.errors import InputError

END = "\x04"
"""What is answered when nobody types any more; the same as Ctrl-D."""
_ESCAPE = b"\x1b"
ESCAPE = "\x1b"
"""The escape key; arrows and their like are not answered."""


class Keys:
    """What is typed on a terminal, as it is typed."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def read(self, seconds: float) -> str:
        """The keys pressed by now, waiting so long for the first; empty when there was none."""
        ready, _, _ = select.select([self._descriptor], [], [], seconds)
        if not ready:
            return ""
        data = os.read(self._descriptor, 4096)
        if not data:
            return END
        if data.startswith(_ESCAPE):
            return ESCAPE if data == _ESCAPE else ""
        return self._decoder.decode(data)


@contextlib.contextmanager
def pressed() -> Iterator[Keys]:
    """Keys one by one while the block runs; the terminal is as before after it, whatever happens.

    Ctrl-C stays KeyboardInterrupt; Ctrl-Z does nothing, since the screen would stay behind.
    """
    try:
        import termios
        import tty
    except ImportError:
        raise InputError(
            "this system has no terminal that gives single keys", "Use: ttrpg combat show"
        ) from None
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor)
        now = termios.tcgetattr(descriptor)
        now[6][termios.VSUSP] = b"\0"
        termios.tcsetattr(descriptor, termios.TCSANOW, now)
        yield Keys(descriptor)
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
