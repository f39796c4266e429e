"""A clock that a test can trust."""

from datetime import UTC, datetime, timedelta

import attrs

START = datetime(1974, 1, 26, 20, 0, tzinfo=UTC)
"""When a test begins: the first copies of the first role-playing game had just gone on sale."""


@attrs.define
class Clock:
    """A stopped clock. ``now`` may be set; each call answers it and moves it one ``step`` on.

    Time that stood quite still would hide what depends on order, such as the latest of two changes.
    """

    now: datetime = START
    step: timedelta = timedelta(seconds=1)

    def __call__(self) -> datetime:
        """The time, in UTC."""
        told = self.now
        self.now += self.step
        return told
