"""A spinner on stderr until there is something to read, and never beside it."""

import contextlib
import threading
from collections.abc import Callable

FRAMES = (
    "\N{BRAILLE PATTERN DOTS-124}\N{BRAILLE PATTERN DOTS-145}\N{BRAILLE PATTERN DOTS-456}"
    "\N{BRAILLE PATTERN DOTS-356}\N{BRAILLE PATTERN DOTS-236}\N{BRAILLE PATTERN DOTS-123}"
)
PLAIN = "|/-\\"
SECONDS = 0.12
"""Time between two frames."""
CLEAR = "\r\x1b[K"


class Spinner:
    """Turns on a line of its own until it is stopped; the line is then empty again.

    It has a thread, as a reply may be waited for in code that knows of no event loop.
    """

    def __init__(self, out: Callable[[str], None], title: str, *, fancy: bool) -> None:
        self._out = out
        self._title = title
        self._frames = FRAMES if fancy else PLAIN
        self._done = threading.Event()
        self._line = threading.Lock()
        self._thread = threading.Thread(target=self._turn, daemon=True)

    def start(self) -> None:
        """Begin to turn."""
        self._thread.start()

    def stop(self) -> None:
        """End, and clear the line; may be called again."""
        if not self._done.is_set():
            self._done.set()
            with contextlib.suppress(RuntimeError):  # it was never started
                self._thread.join()
            self._out(CLEAR)

    def over(self, text: str) -> None:
        """Print whole lines where it turns; it goes on below them."""
        with self._line:
            self._out(text if self._done.is_set() else CLEAR + text)

    def _turn(self) -> None:
        at = 0
        while True:
            with self._line:
                self._out(f"\r{self._frames[at % len(self._frames)]} {self._title}")
            at += 1
            if self._done.wait(SECONDS):
                return
