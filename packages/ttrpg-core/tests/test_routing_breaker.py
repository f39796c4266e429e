"""The breaker in the database, against a model of it that is written down in another way.

Several processes share it, calls end in every way there is, clocks jump, and processes die.
"""

import contextlib
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from ttrpg_core import schema
from ttrpg_core.errors import (
    AuthError,
    BadReply,
    OutOfQuota,
    Overloaded,
    ProviderError,
    RateLimited,
    Refused,
    ServerFailed,
    TimedOut,
    TooLong,
    UnknownModel,
    Unreachable,
)
from ttrpg_core.llm.routing.breaker import Breaker, Rules
from ttrpg_core.llm.routing.records import Records
from ttrpg_core.store import SchemaSet, Store
from ttrpg_core.testing import Clock

CORE = SchemaSet("ttrpg-core", "ttrpg_core.schema:tables", lambda: schema.tables)
RULES = Rules(failures=2, seconds=30.0, successes=2, probe_seconds=60.0)
COUNTED = [ServerFailed("x"), Overloaded("x"), TimedOut("x"), Unreachable("x"), BadReply("x")]
OTHERS = [
    AuthError("x"),
    UnknownModel("x"),
    RateLimited("x"),
    OutOfQuota("x"),
    TooLong("x"),
    Refused("x"),
    ProviderError("x"),
]
PROCESSES = 3
NAME = "v/a"


def opened(path):
    """A store that does not wait for the disk: what is tested here is not whether it holds."""
    store = Store(path, [CORE])
    store.connection.execute("PRAGMA synchronous = OFF")
    return store


class SharedBreaker(RuleBasedStateMachine):
    """Calls are told apart by when they were let through and whether as the one try."""

    calls = Bundle("calls")
    path: Path

    def __init__(self):
        super().__init__()
        self.clock = Clock()
        self.clock.step *= 0
        self.stores = [opened(self.path) for _ in range(PROCESSES)]
        for table in ("breakers", "answers", "limits"):
            self.stores[0].connection.execute(f"DELETE FROM {table}")
        self.records = [Records(store, self.clock, RULES) for store in self.stores]
        self.bad = 0  # failures in a row
        self.good = 0  # tries in a row that answered
        self.opened = None  # when, while it is not trusted
        self.tested = False  # whether a try was let through since: the next needs no wait
        self.trying = None  # who tries, and since when

    @property
    def now(self):
        return self.clock.now.timestamp()

    def free(self):
        """Whether a call may go through now, in words of the rules."""
        if self.opened is None:
            return True
        if self.trying is not None:
            return self.now - self.trying[1] >= RULES.probe_seconds
        return self.tested or self.now - self.opened >= RULES.seconds

    @initialize(down=st.booleans())
    def begin(self, down):
        """Half of the runs begin with a model that is down, where the most can happen."""
        if down:
            for _ in range(RULES.failures):
                self.records[0].failed(NAME, "", COUNTED[0])
            self.open()

    @rule(
        target=calls,
        process=st.integers(0, PROCESSES - 1),
        forced=st.sampled_from([False, False, False, True]),
    )
    def ask(self, process, forced):
        may = self.free() or forced
        claim = self.records[process].claim(NAME, 10, forced=forced)
        assert (claim is not None) == may
        if claim is None:
            return multiple()
        assert claim.probe == (self.opened is not None)
        if claim.probe:
            self.trying = (claim.who, self.now)
            self.tested = True
        return claim.who

    @rule(who=consumes(calls), process=st.integers(0, PROCESSES - 1), whole=st.booleans())
    def answers(self, who, process, whole):
        self.begins(who, self.records[process])
        if whole:
            self.records[process].ended(NAME)
            if self.opened is None:
                self.bad = 0

    @rule(
        who=consumes(calls),
        process=st.integers(0, PROCESSES - 1),
        error=st.sampled_from(COUNTED),
        midway=st.booleans(),
    )
    def fails(self, who, process, error, midway):
        records = self.records[process]
        if midway:
            self.begins(who, records)
        records.failed(NAME, "" if midway else who, error)
        half = self.opened is not None and self.tested
        if self.opened is None:
            self.bad += 1
        if half or (self.opened is None and self.bad >= RULES.failures):
            self.open()

    def begins(self, who, records):
        records.answered(NAME, who, 0.5, ())
        if self.trying is not None and self.trying[0] == who:
            self.trying = None
            self.good += 1
            if self.good >= RULES.successes:
                self.opened, self.good, self.bad, self.tested = None, 0, 0, False

    def open(self):
        self.opened, self.good, self.trying, self.tested = self.now, 0, None, False

    @rule(who=consumes(calls), process=st.integers(0, PROCESSES - 1), error=st.sampled_from(OTHERS))
    def fails_for_a_reason_of_ours(self, who, process, error):
        self.records[process].failed(NAME, who, error)
        self.gives_up(who)

    @rule(who=consumes(calls), process=st.integers(0, PROCESSES - 1))
    def is_stopped(self, who, process):
        self.records[process].dropped(NAME, who)
        self.gives_up(who)

    def gives_up(self, who):
        if self.trying is not None and self.trying[0] == who:
            self.trying = None

    @rule(who=consumes(calls))
    def dies(self, who):
        """Nothing is heard of it again."""

    @rule(seconds=st.sampled_from([1.0, 29.0, 30.0, 60.0]))
    def time_passes(self, seconds):
        self.clock.now = self.clock.now.fromtimestamp(self.now + seconds, self.clock.now.tzinfo)

    @rule(process=st.integers(0, PROCESSES - 1))
    def restarts(self, process):
        self.stores[process].close()
        self.stores[process] = opened(self.path)
        self.records[process] = Records(self.stores[process], self.clock, RULES)

    @invariant()
    def all_processes_see_the_same(self):
        seen = {records.breaker(NAME) for records in self.records}
        assert len(seen) == 1
        breaker = seen.pop()
        assert (breaker.state == "closed") == (self.opened is None)
        assert (breaker.wait(self.now, RULES) == 0) == self.free()
        assert breaker.wait(self.now, RULES) <= max(RULES.seconds, RULES.probe_seconds)

    def teardown(self):
        for store in self.stores:
            store.close()


def test_against_a_model_of_it(tmp_path):
    SharedBreaker.path = tmp_path / "ttrpg.db"
    run_state_machine_as_test(
        SharedBreaker, settings=settings(max_examples=100, stateful_step_count=40, deadline=None)
    )


def test_a_clock_that_was_set_back_locks_nobody_out():
    opened = Breaker("open", since=1_000_000.0)
    assert opened.wait(1_000_010.0, RULES) == 20
    assert opened.wait(10.0, RULES) == 0
    tried = Breaker("half-open", probe="x", probe_since=1_000_000.0)
    assert tried.wait(1_000_059.0, RULES) == 1
    assert tried.wait(999_999.0, RULES) == 0


@pytest.fixture
def two(home, core, stopped):
    """Two processes, as far as the database can tell."""
    with (
        contextlib.closing(Store(home / "ttrpg.db", [core])) as one,
        contextlib.closing(Store(home / "ttrpg.db", [core])) as other,
    ):
        yield Records(one, stopped, RULES), Records(other, stopped, RULES)


def test_one_try_at_a_time_whoever_asks(two, stopped):
    one, other = two
    for _ in range(RULES.failures):
        one.failed(NAME, "", ServerFailed("broke"))
    assert other.claim(NAME, 1) is None
    stopped.move(seconds=RULES.seconds)
    first = one.claim(NAME, 1)
    assert first.probe
    assert other.claim(NAME, 1) is None
    stopped.move(seconds=RULES.probe_seconds)  # the first has died
    second = other.claim(NAME, 1)
    assert second.probe
    one.answered(NAME, first.who, 0.5, ())  # not dead, but late: it decides nothing
    assert one.breaker(NAME).successes == 0
    one.failed(NAME, first.who, AuthError("late too"))
    one.dropped(NAME, first.who)
    assert one.claim(NAME, 1) is None
    other.answered(NAME, second.who, 0.5, ())
    assert one.breaker(NAME).successes == 1


def test_a_model_that_dies_midway_each_time_is_left_alone(two):
    one, _ = two
    for _ in range(RULES.failures):
        claim = one.claim(NAME, 1)
        one.answered(NAME, claim.who, 0.5, ())
        one.failed(NAME, "", Unreachable("it broke"))
    assert one.breaker(NAME).state == "open"


CLAIM = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from ttrpg_core import schema
from ttrpg_core.llm.routing import Records, Rules
from ttrpg_core.store import SchemaSet, Store

core = SchemaSet("ttrpg-core", "ttrpg_core.schema:tables", lambda: schema.tables)
store = Store(Path(sys.argv[1]), [core])
records = Records(store, lambda: datetime.now(UTC), Rules(seconds=1.0))
print("ready", flush=True)
sys.stdin.readline()
print(records.claim("v/a", 1) is not None, flush=True)
"""


def test_of_many_processes_at_once_one_tries(home, core):
    path = home / "ttrpg.db"
    with contextlib.closing(Store(path, [core])) as store:
        records = Records(store, lambda: datetime.now(UTC), Rules(seconds=1.0))
        for _ in range(Rules().failures):
            records.failed(NAME, "", ServerFailed("broke"))
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", CLAIM, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    time.sleep(1.1)
    for process in processes:
        process.stdin.write("now\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[0] for process in processes]
    assert sorted(said) == ["False\n"] * 5 + ["True\n"]
