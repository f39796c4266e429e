"""The circuit breaker of one model: closed, open, half-open; a value, and what happens to it.

Closed, every call goes through and failures in a row are counted. Open, none does, so that a model
that is down costs no waiting. After a while it is half-open: one call at a time may try, and what
becomes of it decides. Who tries is named, so that of several processes one does; a process that
died while it tried is waited for no longer than ``probe_seconds``.
"""

from typing import Literal

import attrs

from ttrpg_core.errors import (
    BadReply,
    Overloaded,
    ServerFailed,
    TimedOut,
    Unreachable,
)

State = Literal["closed", "open", "half-open"]
COUNTED = (ServerFailed, Overloaded, TimedOut, Unreachable, BadReply)
"""Errors that say that a model is not well. A wrong key, a limit, a request that is too long or
declined, and a reply that we stopped say nothing of it."""


@attrs.frozen
class Rules:
    """When it opens, for how long, and what closes it; see the settings ``models.breaker_*``.

    ``probe_seconds`` is how long one try may take until its first piece.
    """

    failures: int = 3
    seconds: float = 30.0
    successes: int = 2
    probe_seconds: float = 130.0


@attrs.frozen
class Breaker:
    """How a model stands; times are in seconds of Unix time.

    ``failures`` are those in a row while closed, ``successes`` while half-open; ``since`` is when
    it opened, ``probe`` who tries now and ``probe_since`` since when.
    """

    state: State = "closed"
    failures: int = 0
    successes: int = 0
    since: float = 0.0
    probe: str = ""
    probe_since: float = 0.0

    def wait(self, now: float, rules: Rules) -> float:
        """Seconds until a call may go through; 0 when one may now.

        A clock that was set back does not make a model wait longer than the rules say.
        """
        if self.state == "open":
            return _left(self.since, rules.seconds, now)
        if self.state == "half-open" and self.probe:
            return _left(self.probe_since, rules.probe_seconds, now)
        return 0.0

    def claimed(self, who: str, now: float) -> "Breaker":
        """With the next try given to ``who``; one that is closed lets everybody through."""
        if self.state == "closed":
            return self
        return attrs.evolve(self, state="half-open", probe=who, probe_since=now)

    def answered(self, who: str, rules: Rules) -> "Breaker":
        """After the first piece came to ``who``: a try that did is a success."""
        if self.state != "half-open" or self.probe != who:
            return self
        successes = self.successes + 1
        if successes >= rules.successes:
            return Breaker()
        return attrs.evolve(self, successes=successes, probe="")

    def ended(self) -> "Breaker":
        """After a reply came to its end: failures are no longer in a row."""
        return Breaker() if self.state == "closed" else self

    def failed(self, now: float, rules: Rules) -> "Breaker":
        """After an error that counts. Half-open, one is enough; open, it is no news."""
        if self.state == "open":
            return self
        failures = self.failures + 1
        if self.state == "closed" and failures < rules.failures:
            return attrs.evolve(self, failures=failures)
        return Breaker("open", failures=failures, since=now)

    def dropped(self, who: str) -> "Breaker":
        """After a try that says nothing: it was stopped, or failed for a reason of ours."""
        return attrs.evolve(self, probe="") if self.probe == who else self


def _left(since: float, seconds: float, now: float) -> float:
    """What is left of so many seconds; none when the clock was set back beyond their start."""
    passed = now - since
    return seconds - passed if 0 <= passed < seconds else 0.0
