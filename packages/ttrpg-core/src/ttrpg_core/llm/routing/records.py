"""What is remembered of each model between calls and processes: how it fared, and what is left.

Everything is read and written in the one database, so a model that went down for one process is
left alone by all, and a restart forgets nothing.
"""

import json
import math
import sqlite3
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import attrs

from ttrpg_core.errors import ProviderError
from ttrpg_core.llm.model import Limit, ModelInfo
from ttrpg_core.llm.routing.breaker import COUNTED, Breaker, Rules
from ttrpg_core.llm.routing.limits import LONGEST_WAIT, WAIT, Left, left, waiting
from ttrpg_core.store import Store

SMOOTHING = 0.9
"""Share of the old in a smoothed latency; the newest has the rest."""
FRESH_SECONDS = 86_400.0
"""How long a latency that was measured is gone by."""
LONGEST_ERROR = 300
"""Characters of an error that are kept."""
LONGEST_NAME, MOST_NAMED = 200, 10_000
"""Characters of a model's name, and models of a vendor, that are remembered."""


@attrs.frozen
class Record:
    """How a model has fared: seconds until its first piece, smoothed, and counts; None unknown.

    ``error_at`` and ``at`` are when it last failed and last answered, in Unix time.
    """

    first_seconds: float | None = None
    answered: int = 0
    failed: int = 0
    error: str = ""
    error_at: float | None = None
    at: float | None = None

    def begins_in(self, now: float) -> float | None:
        """Seconds until its first piece, as far as that is worth something; None when it is not.

        What was measured over a day ago is not: one that was slow once is not slow for good. One
        that only failed since begins never: asked as unmeasured, it would cost each call its
        failure.
        """
        if _fresh(self.at, now):
            return self.first_seconds
        return math.inf if _fresh(self.error_at, now) else None


def _fresh(at: float | None, now: float) -> bool:
    return at is not None and 0 <= now - at < FRESH_SECONDS


@attrs.frozen
class Claim:
    """The right to ask a model now; ``probe`` when it is the one try of a model that failed."""

    who: str
    probe: bool = False


class Records:
    """The memory of every model, by its full name.

    A claim is given back by ``answered``, ``failed`` or ``dropped``, under the name of its holder.
    """

    def __init__(self, store: Store, clock: Callable[[], datetime], rules: Rules) -> None:
        self._store = store
        self._clock = clock
        self.rules = rules

    @property
    def now(self) -> float:
        """The time, in seconds of Unix time."""
        return self._clock().timestamp()

    def breaker(self, model: str) -> Breaker:
        """How its breaker stands."""
        row = self._store.connection.execute(
            "SELECT state, failures, successes, since, probe, probe_since FROM breakers"
            " WHERE model = ?",
            [model],
        ).fetchone()
        return Breaker() if row is None else Breaker(*row)

    def record(self, model: str) -> Record:
        """How it has fared so far."""
        row = self._store.connection.execute(
            "SELECT first_seconds, answered, failed, error, error_at, at FROM answers"
            " WHERE model = ?",
            [model],
        ).fetchone()
        return Record() if row is None else Record(*row)

    def fared(self) -> list[str]:
        """The models that were ever asked."""
        rows = self._store.connection.execute("SELECT model FROM answers ORDER BY model")
        return [row[0] for row in rows]

    def limits(self, model: str) -> list[Left]:
        """What is left of its limits."""
        rows = self._store.connection.execute(
            "SELECT kind, remaining, resets_at, most FROM limits WHERE model = ?", [model]
        )
        return [Left(*row) for row in rows]

    def wait(self, model: str, tokens: int) -> float:
        """Seconds until its limits let a request of so many tokens through."""
        return waiting(self.limits(model), tokens, self.now)

    def claim(self, model: str, tokens: int, *, forced: bool = False) -> Claim | None:
        """The right to ask; None when somebody else tries it, or when it is left alone.

        ``forced`` takes it over, for one that the user asks for to see whether it is well again.
        What is left of its limits is less by this request.
        """
        who = uuid.uuid4().hex
        breaker = self.breaker(model)
        known = self.limits(model)
        if breaker.state == "closed" and not known:
            return Claim(who)  # nothing to write, which is nearly always so
        with self._store.transaction() as connection:
            now = self.now
            breaker = self.breaker(model)
            if not forced and breaker.wait(now, self.rules) > 0:
                return None
            self._keep(connection, model, breaker, breaker.claimed(who, now))
            for each in self.limits(model):
                if each.resets_at <= now:
                    connection.execute(
                        "DELETE FROM limits WHERE model = ? AND kind = ?", [model, each.kind]
                    )
                else:
                    self._limit(connection, model, each.taken(tokens))
        return Claim(who, probe=breaker.state != "closed")

    def answered(self, model: str, who: str, first_seconds: float, limits: Sequence[Limit]) -> None:
        """The first piece came, after so long, and with it what is left of the limits."""
        with self._store.transaction() as connection:
            now = self.now
            breaker = self.breaker(model)
            self._keep(connection, model, breaker, breaker.answered(who, self.rules))
            record = self.record(model)
            old = record.first_seconds if _fresh(record.at, now) else None
            smoothed = (
                first_seconds if old is None else SMOOTHING * old + (1 - SMOOTHING) * first_seconds
            )
            connection.execute(
                "INSERT INTO answers (model, first_seconds, answered, at) VALUES (?, ?, 1, ?) ON"
                " CONFLICT (model) DO UPDATE SET first_seconds = excluded.first_seconds,"
                " answered = answered + 1, at = excluded.at",
                [model, smoothed, now],
            )
            connection.execute("DELETE FROM limits WHERE model = ? AND kind = ?", [model, WAIT])
            for each in left(limits, now):
                self._limit(connection, model, each)

    def ended(self, model: str) -> None:
        """A reply came to its end."""
        breaker = self.breaker(model)
        if breaker.ended() != breaker:
            with self._store.transaction() as connection:
                breaker = self.breaker(model)
                self._keep(connection, model, breaker, breaker.ended())

    def failed(self, model: str, who: str, error: ProviderError) -> bool:
        """An error came, before the first piece or after it; whether the model is now left alone.

        How long it asks to wait is kept too.
        """
        with self._store.transaction() as connection:
            now = self.now
            breaker = self.breaker(model)
            after = breaker.dropped(who)
            if isinstance(error, COUNTED):
                after = breaker.failed(now, self.rules)
            self._keep(connection, model, breaker, after)
            connection.execute(
                "INSERT INTO answers (model, failed, error, error_at) VALUES (?, 1, ?, ?) ON"
                " CONFLICT (model) DO UPDATE SET failed = failed + 1, error = excluded.error,"
                " error_at = excluded.error_at",
                [model, error.message[:LONGEST_ERROR], now],
            )
            if error.retry_after:
                until = now + min(error.retry_after, LONGEST_WAIT)
                self._limit(connection, model, Left(WAIT, 0.0, until))
        return after.state == "open" != breaker.state

    def dropped(self, model: str, who: str) -> None:
        """A claim was not used, or the call was stopped: that says nothing of the model."""
        if self.breaker(model).probe == who:
            with self._store.transaction() as connection:
                breaker = self.breaker(model)
                self._keep(connection, model, breaker, breaker.dropped(who))

    def turn(self, name: str) -> int:
        """The next position of a rotation, from 0; each call answers the one after the last."""
        with self._store.transaction() as connection:
            connection.execute(
                "INSERT INTO rotations VALUES (?, 0)"
                " ON CONFLICT (name) DO UPDATE SET position = position + 1",
                [name],
            )
            return self.position(name)

    def position(self, name: str) -> int:
        """The last position of a rotation that was answered; -1 before the first."""
        row = self._store.connection.execute(
            "SELECT position FROM rotations WHERE name = ?", [name]
        ).fetchone()
        return -1 if row is None else int(row[0])

    def learn(self, vendor: str, infos: Iterable[ModelInfo]) -> None:
        """Remember the models that a vendor named, in place of what it named before.

        What no model is called, and more than any vendor has, is left out.
        """
        sound = [info for info in infos if len(info.id) <= LONGEST_NAME and info.id.isprintable()]
        with self._store.transaction() as connection:
            connection.execute("DELETE FROM models WHERE vendor = ?", [vendor])
            connection.executemany(
                "INSERT OR REPLACE INTO models VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (
                        f"{vendor}/{info.id}",
                        vendor,
                        info.context,
                        info.max_output,
                        json.dumps(sorted(info.capabilities)),
                        self.now,
                    )
                    for info in sound[:MOST_NAMED]
                ],
            )

    def named(self, vendor: str = "") -> list[str]:
        """The models that vendors named, or one of them, by their full names."""
        rows = self._store.connection.execute(
            "SELECT model FROM models WHERE vendor = ? OR ? = '' ORDER BY model", [vendor, vendor]
        )
        return [row[0] for row in rows]

    def filled(self, model: str, info: ModelInfo) -> ModelInfo:
        """What is known of a model, with what its vendor said when it named it."""
        row = self._store.connection.execute(
            "SELECT context, max_output, capabilities FROM models WHERE model = ?", [model]
        ).fetchone()
        if row is None:
            return info
        return attrs.evolve(
            info,
            context=info.context or row[0],
            max_output=info.max_output or row[1],
            capabilities=info.capabilities | set(json.loads(row[2])),
        )

    @staticmethod
    def _keep(connection: sqlite3.Connection, model: str, before: Breaker, after: Breaker) -> None:
        if after == before:
            return
        connection.execute(
            "INSERT OR REPLACE INTO breakers VALUES (?, ?, ?, ?, ?, ?, ?)",
            [model, *attrs.astuple(after)],
        )

    @staticmethod
    def _limit(connection: sqlite3.Connection, model: str, known: Left) -> None:
        connection.execute(
            "INSERT OR REPLACE INTO limits VALUES (?, ?, ?, ?, ?)",
            [model, known.kind, known.remaining, known.resets_at, known.most],
        )
