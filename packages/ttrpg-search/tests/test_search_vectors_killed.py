"""A process killed at any write leaves the index as it was before or as it is after."""

import os
import signal
import subprocess
import sys
import time

import pytest

from ttrpg_core.context import Context
from ttrpg_search.vectors.exact import Exact

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(os.name != "posix", reason="needs fork and kill -9"),
]

AT_EACH_WRITE = """
import os, sys
from pathlib import Path
import numpy as np
from ttrpg_core.context import Context
from ttrpg_search.vectors import exact, files
from ttrpg_search.vectors.exact import Exact

files.SKETCH_FROM = 8
files.SKETCH_WIDE = 2
exact.FEW_DEAD = 4
root = Path(sys.argv[1])


def rows(seed, count):
    found = np.random.default_rng(seed).normal(size=(count, 64)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


CHANGES = {
    "first": lambda index: index.add("m", range(5), rows(9, 5)),
    "more": lambda index: index.add("m", range(10, 40), rows(1, 30)),
    "sketches": lambda index: index.add("m", range(10, 90), rows(1, 80)),
    "replace": lambda index: index.add("m", [1, 2], rows(2, 2)),
    "remove": lambda index: index.remove([1, 2]),
    "rewrite": lambda index: index.remove(range(7)),
    "clear": lambda index: index.clear(),
}
COUNTED = ("open", "replace", "fsync", "unlink", "truncate")


def content(folder):
    index = Exact(Context(folder=folder))
    found = {n: index.search(each, 3) for n, each in enumerate(rows(9, 10))}
    told = (index.embedder(), sorted(index.ids()), found)
    index.add("m", [500], rows(3, 1))
    assert 500 in index.ids()
    index.remove([500])
    assert sorted(index.ids()) == told[1]
    return told


def prepare(folder, name):
    if name != "first":
        Exact(Context(folder=folder)).add("m", range(9), rows(9, 9))
    return Exact(Context(folder=folder))


def dying(turns):
    # Ends the process, as kill -9 does, before the write with this number.
    left = [turns]

    def before(call):
        def counted(*args, **named):
            left[0] -= 1
            if left[0] < 0:
                os._exit(9)
            return call(*args, **named)

        return counted

    for name in COUNTED:
        setattr(os, name, before(getattr(os, name)))


for name, change in CHANGES.items():
    prepare(root / f"{name}-before", name)
    before = content(root / f"{name}-before")
    index = prepare(root / f"{name}-after", name)
    change(index)
    after = content(root / f"{name}-after")
    seen, turns = set(), 0
    while True:
        folder = root / f"{name}-{turns}"
        index = prepare(folder, name)
        child = os.fork()
        if not child:
            dying(turns)
            change(index)
            os._exit(0)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        told = content(folder)
        assert told in (before, after), (name, turns, told[:2])
        seen.add(told == after)
        if not ended:
            break
        turns += 1
    assert seen == {False, True}, name
    assert turns > 3, (name, turns)
    print(name, turns)
"""

ENDLESS = """
import sys
from pathlib import Path
import numpy as np
from ttrpg_core.context import Context
from ttrpg_search.vectors.exact import Exact

index = Exact(Context(folder=Path(sys.argv[1])))
for turn in range(1, 100000):
    value = turn / 100000
    row = np.array([[value, (1 - value * value) ** 0.5]] * 64, np.float32)
    index.add("m", range(64), row)
    print(turn, flush=True)
"""


def test_killed_before_any_write(tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", AT_EACH_WRITE, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(done.stdout.splitlines()) == 7


def test_killed_while_it_replaces_again_and_again(tmp_path):
    command = [sys.executable, "-c", ENDLESS, str(tmp_path / "vectors")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        for line in child.stdout:
            if int(line) >= 40:
                break
        time.sleep(0.05)
        child.send_signal(signal.SIGKILL)
        told = [int(line) for line in child.stdout.read().split()]
    index = Exact(Context(folder=tmp_path / "vectors"))
    assert index.ids() == frozenset(range(64))
    values = {round(cosine * 100000) for _, cosine in index.search([1.0, 0.0], 64)}
    assert len(values) == 1, "all of one change, or none"
    last = max(told, default=40)
    assert values.pop() in range(last - 1, last + 3)
    index.add("m", [64], [[1.0, 0.0]])
    assert index.search([1.0, 0.0], 1) == [(64, 1.0)]


def test_two_processes_add_and_nothing_is_lost(tmp_path):
    code = """
import sys
from pathlib import Path
from ttrpg_core.context import Context
from ttrpg_search.vectors.exact import Exact

index = Exact(Context(folder=Path(sys.argv[1])))
first = int(sys.argv[2])
for number in range(first, first + 40):
    index.add("m", [number], [[0.6, 0.8]])
    if number % 5 == 4:
        index.remove([number])
"""
    children = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "vectors"), str(first)])
        for first in (0, 1000)
    ]
    assert [child.wait() for child in children] == [0, 0]
    wanted = {n for first in (0, 1000) for n in range(first, first + 40) if n % 5 != 4}
    assert Exact(Context(folder=tmp_path / "vectors")).ids() == wanted
