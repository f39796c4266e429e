"""Rate limits, as the vendors' answers tell of them: what is left, and how long to wait for more.

The vendor's count is the only true one: other programs may use the same key. So nothing is counted
here but what was sent since its last answer.
"""

from collections.abc import Iterable

import attrs

from ttrpg_core.llm.model import Limit

WAIT = "wait"
"""The kind of a limit that a refusal told of: nothing goes until it resets."""
LONGEST_WAIT = 86_400.0
"""Seconds that a vendor may ask to be left alone: a day, as of a quota. More is a mistake."""


@attrs.frozen
class Left:
    """What is left of one kind: "requests", "tokens", "input-tokens" ...

    ``resets_at`` is in seconds of Unix time, ``most`` None when the vendor did not say.
    """

    kind: str
    remaining: float
    resets_at: float
    most: float | None = None

    def wait(self, tokens: int, now: float) -> float:
        """Seconds until a request of so many tokens goes through; 0 when it does now.

        One that is larger than the whole limit is not helped by waiting: the vendor is asked.
        """
        needed = 1.0 if self.kind == WAIT or "token" not in self.kind else float(tokens)
        if "output" in self.kind:  # how long a reply gets is known afterwards
            needed = 1.0
        if needed <= self.remaining or (self.most is not None and needed > self.most):
            return 0.0
        wait = self.resets_at - now
        return wait if 0 < wait < LONGEST_WAIT + 1 else 0.0  # longer: the clock was set back

    def taken(self, tokens: int) -> "Left":
        """After a request of so many tokens was sent."""
        if self.kind == WAIT or "output" in self.kind:
            return self
        used = tokens if "token" in self.kind else 1
        return attrs.evolve(self, remaining=max(0.0, self.remaining - used))


def left(limits: Iterable[Limit], now: float) -> list[Left]:
    """What an answer told, with its resets as moments."""
    return [
        Left(each.kind, each.remaining, now + min(each.resets_in, LONGEST_WAIT), each.most)
        for each in limits
    ]


def waiting(known: Iterable[Left], tokens: int, now: float) -> float:
    """Seconds until every limit lets a request of so many tokens through."""
    return max((each.wait(tokens, now) for each in known), default=0.0)
