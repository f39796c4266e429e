"""Fifty processes race on one budget and many of them die: in how many runs is the limit passed?

A run is a new database with one budget, and fifty processes that each make a few calls of a vendor
that is played here: they set money aside, take a reply piece by piece, and settle. On the way some
end themselves, with os._exit or SIGKILL, after setting aside, in the middle of the reply or before
settling, and some are killed from outside at any moment. Two who do not trust the program look on.
The vendor counts what it was asked for in memory of its own, and a trigger in the database sums
what is spent and set aside at every change. It is an overspend when either of them ever saw more
than the limit.

The baseline is what gateways do: look at what is spent, call, and write down the cost afterwards.
A thousand runs take a quarter of an hour on two cores.

Usage: ``python bench/budget_race.py [--runs 1000] [--plain] [--seed 1974] [--folder /dev/shm]``.
"""

import argparse
import contextlib
import gc
import mmap
import multiprocessing
import os
import random
import shutil
import signal
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import attrs

from ttrpg_core import schema
from ttrpg_core.errors import BudgetExceeded
from ttrpg_core.llm import Message, Price, Purpose, Request, Usage, tokens
from ttrpg_core.llm.money import Budget, LedgerPurse
from ttrpg_core.llm.money.amounts import Rates
from ttrpg_core.settings_tables import MoneySettings
from ttrpg_core.store import SchemaSet, Store

PROCESSES = 50
CALLS = 3
"""Calls that a process tries to make."""
CRASH = 0.25
"""Share of calls on the way of which the process ends itself."""
FATES = ("refused", "stopped", "stopped", *["whole"] * 7)
"""How the vendor's side of a call goes."""
FAILED = 3
"""The exit code of a process that failed in a way it was not to."""
LANES = 4
"""Runs beside each other."""
KILLED = 5
"""Processes of a run that are killed from outside, at any moment."""
WORDS = ("fall", "harm", "lantern", "road", "grapple", "poison")
PRICES = {"cheap/small": Price(0.1, 0.4), "dear/large": Price(3, 15, cached=0.3, written=3.75)}
_WATCH = """
CREATE TABLE overspent (total INTEGER NOT NULL);
CREATE TRIGGER watch_insert AFTER INSERT ON calls
 WHEN (SELECT SUM(cost) FROM calls) > (SELECT amount FROM budgets)
 BEGIN INSERT INTO overspent SELECT SUM(cost) FROM calls; END;
CREATE TRIGGER watch_update AFTER UPDATE ON calls
 WHEN (SELECT SUM(cost) FROM calls) > (SELECT amount FROM budgets)
 BEGIN INSERT INTO overspent SELECT SUM(cost) FROM calls; END;
"""
_SLOT = struct.Struct("<qqqq")


@attrs.define
class Slot:
    """What a process tells in memory that outlives it: the vendor's bill, calls, refusals, ends."""

    memory: mmap.mmap
    place: int
    billed: int = 0
    calls: int = 0
    refused: int = 0
    crashed: int = 0

    def keep(self) -> None:
        """Write it, as the vendor would in books of its own."""
        _SLOT.pack_into(
            self.memory,
            self.place * _SLOT.size,
            self.billed,
            self.calls,
            self.refused,
            self.crashed,
        )


@attrs.frozen
class Outcome:
    """What one run came to, in nano-dollars."""

    limit: int
    ledger: int
    billed: int
    most: int
    calls: int
    refused: int
    crashed: int

    @property
    def overspent(self) -> bool:
        """Whether more than the limit was spent, or spent and set aside, at any moment."""
        return max(self.ledger, self.billed, self.most) > self.limit


def quiet(kind: str, facts: object = None) -> None:
    """No audit."""


def opened(path: Path) -> Store:
    """The database, with the kernel's tables."""
    return Store(path, [SchemaSet("ttrpg-core", "ttrpg_core.schema:tables", lambda: schema.tables)])


def purse_of(store: Store) -> LedgerPurse:
    """A purse with the real time."""
    return LedgerPurse(store, lambda: datetime.now(UTC), MoneySettings(), quiet, zone=UTC)


def die(slot: Slot, rng: random.Random) -> None:
    """End at once: nothing is closed, nothing written."""
    slot.crashed += 1
    slot.keep()
    if rng.choice((True, False)):
        os._exit(1)
    os.kill(os.getpid(), signal.SIGKILL)


def question(rng: random.Random) -> Request:
    """A request of some length."""
    words = " ".join(rng.choices(WORDS, k=rng.randrange(5, 300)))
    return Request([Message("user", words)], max_tokens=rng.randrange(20, 800))


def reserved(purse: LedgerPurse, slot: Slot, rng: random.Random) -> None:
    """One call as the program makes it; the vendor's books are kept as it goes."""
    model = rng.choice(list(PRICES))
    request, rates = question(rng), Rates.of(PRICES[model])
    held = purse.reserve(model, PRICES[model], request, Purpose("race"))
    slot.calls += 1
    end = rng.choice(("reserved", "midway", "unsettled")) if rng.random() < CRASH else ""
    if end == "reserved":
        die(slot, rng)
    fate = rng.choice(FATES)
    if fate == "refused":
        purse.release(held, "503")
        return
    counted = Usage(input=round(tokens.estimate(request, model) * rng.uniform(0.8, 1.2)))
    before, text = slot.billed, ""
    stop_at = rng.randrange(1, request.max_tokens + 1)
    for piece in range(1, stop_at + 1, 20):
        text = "the fall does harm " * piece
        spoken = min(tokens.estimate_text(text, model), request.max_tokens)
        counted = attrs.evolve(counted, output=spoken)
        slot.billed = before + rates.cost(counted)
        slot.keep()
        if end == "midway" and piece > stop_at / 2:
            die(slot, rng)
    if end:
        die(slot, rng)
    if fate == "stopped":
        purse.settle(held, None, "cancelled", text=text)
    else:
        purse.settle(held, counted, "stop", text=text)


def plain(purse: LedgerPurse, slot: Slot, rng: random.Random) -> None:
    """The baseline: look, call, write down."""
    model = rng.choice(list(PRICES))
    request, rates = question(rng), Rates.of(PRICES[model])
    (standing,) = purse.standings(Purpose("race"))
    if standing.left <= 0:
        raise BudgetExceeded("spent", 0, 0)
    slot.calls += 1
    spoken = rng.randrange(1, request.max_tokens + 1)
    cost = rates.cost(Usage(tokens.estimate(request, model), spoken))
    slot.billed += cost
    slot.keep()
    if rng.random() < CRASH:
        die(slot, rng)
    with purse.store.transaction():
        purse.ledger.open(
            model, Purpose("race"), rates, asked=0, unseen=0, worst=cost, at=purse.clock()
        )


def child(
    path: Path,
    slot: Slot,
    seed: int,
    begin: int,
    call: Callable[[LedgerPurse, Slot, random.Random], None],
) -> None:
    """A process: wait for the start, make calls."""
    rng = random.Random(seed)
    with contextlib.closing(opened(path)) as store:
        purse = purse_of(store)
        os.read(begin, 1)
        for _ in range(CALLS):
            try:
                call(purse, slot, rng)
            except BudgetExceeded:
                slot.refused += 1
            slot.keep()


def run(
    template: Path,
    path: Path,
    seed: int,
    call: Callable[[LedgerPurse, Slot, random.Random], None],
    processes: int = PROCESSES,
) -> Outcome:
    """One run on a copy of the template."""
    rng = random.Random(seed)
    for old in path.parent.glob(f"{path.name}*"):
        old.unlink()
    shutil.copy(template, path)
    limit = rng.randrange(5_000_000, 300_000_000)
    with contextlib.closing(opened(path)) as store:
        purse_of(store).budgets.set(Budget("total", limit))
        store.connection.executescript(_WATCH)
    memory = mmap.mmap(-1, _SLOT.size * processes)
    ready, begin = os.pipe()
    children = []
    for place in range(processes):
        pid = os.fork()
        if pid == 0:
            os.close(begin)
            code = FAILED
            try:
                child(path, Slot(memory, place), seed * 1000 + place, ready, call)
                code = 0
            except BaseException as error:  # noqa: BLE001 - a child must not go on as its parent
                print(f"a process failed: {error!r}", file=sys.stderr)
            finally:
                os._exit(code)
        children.append(pid)
    os.close(ready)
    os.close(begin)  # every process reads the end of the pipe now, and begins
    for pid in rng.sample(children, min(KILLED, processes)):
        time.sleep(rng.uniform(0, 0.02))
        os.kill(pid, signal.SIGKILL)  # one that has ended waits for us still, so the number is its
    for pid in children:
        _, status = os.waitpid(pid, 0)
        if os.waitstatus_to_exitcode(status) == FAILED:
            raise SystemExit(f"a process of run {seed} failed")
    told = [_SLOT.unpack_from(memory, place * _SLOT.size) for place in range(processes)]
    with contextlib.closing(opened(path)) as store:
        ledger = store.connection.execute("SELECT COALESCE(SUM(cost), 0) FROM calls").fetchone()[0]
        most = store.connection.execute("SELECT COALESCE(MAX(total), 0) FROM overspent").fetchone()
    billed, calls, refused, crashed = (sum(column) for column in zip(*told, strict=True))
    memory.close()
    return Outcome(limit, ledger, billed, most[0], calls, refused, crashed + KILLED)


def one(folder: Path, seed: int, processes: int, *, baseline: bool) -> Outcome:
    """One run, in one of the lanes."""
    path = folder / f"race-{os.getpid()}.db"
    return run(folder / "template.db", path, seed, plain if baseline else reserved, processes)


def race(
    runs: int, folder: Path, seed: int, *, baseline: bool, processes: int = PROCESSES
) -> list[Outcome]:
    """So many runs, a few beside each other: most of a run is waiting for its turn."""
    opened(folder / "template.db").close()
    gc.freeze()
    gc.disable()  # children would copy what it touches
    forked = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(LANES, mp_context=forked) as lanes:
        begun = [
            lanes.submit(one, folder, seed + number, processes, baseline=baseline)
            for number in range(runs)
        ]
        return [each.result() for each in begun]


def main() -> None:
    """Run the race and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=PROCESSES)
    parser.add_argument("--seed", type=int, default=1974)
    parser.add_argument("--plain", action="store_true", help="the baseline")
    parser.add_argument("--folder", help="where the databases lie")
    chosen = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        found = race(
            chosen.runs,
            Path(folder),
            chosen.seed,
            baseline=chosen.plain,
            processes=chosen.processes,
        )
    over = sum(each.overspent for each in found)
    calls, refused, crashed = (
        sum(getattr(each, name) for each in found) for name in ("calls", "refused", "crashed")
    )
    worst = max(max(each.ledger, each.billed, each.most) / each.limit for each in found)
    print(
        f"{chosen.processes} processes, {calls:,} calls, {refused:,} refused, {crashed:,} crashes,"
        f" {time.monotonic() - begun:.0f} s; the most that was used of a limit: {worst:.2%}"
    )
    print(
        f"overspend in {over:,} of {chosen.runs:,} runs" + (" (baseline)" if chosen.plain else "")
    )
    sys.exit(bool(over) and not chosen.plain)


if __name__ == "__main__":
    main()
