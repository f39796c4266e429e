"""A sample of ``nox -s crash``: killed at a write, a home is as before the command or as after."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

CRASH = Path(__file__).parents[1] / "bench" / "crash"
BROKEN = """
import contextlib, sys, tempfile
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import checking, killing
from samples import Sample
from ttrpg_core.store import Store

@contextlib.contextmanager
def without(store):
    yield store.connection

Store.transaction = without
killing.watch()
with tempfile.TemporaryDirectory() as folder:
    verdict = checking.check(Sample("campaign create Other"), Path(folder), every=5)
print(verdict.left["other"], verdict.wrong[0])
"""

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="a process is forked for each kill")


def run(script, *arguments, code=0):
    done = subprocess.run(
        [sys.executable, CRASH / script, *arguments],
        capture_output=True,
        check=False,
        text=True,
        timeout=280,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def test_every_command_that_is_installed_has_its_line():
    run("crash.py", "--table")


def test_what_a_killed_command_leaves_is_before_or_after():
    out = run("crash.py", "--every", "13", "campaign edit", "hit", "undo", "backup restore")
    assert re.search(r"^writes are system calls$", out, re.MULTILINE) or "statements" in out
    sums = re.search(r"(\d+) kills: (\d+) before, (\d+) after, \d+ step, 0 other; 0 lines", out)
    assert sums, out
    kills, before, after = map(int, sums.groups())
    assert kills > 20
    assert before > 10
    assert after > 2


def test_a_change_that_is_no_transaction_would_be_found():
    done = subprocess.run(
        [sys.executable, "-c", BROKEN, CRASH], capture_output=True, check=False, text=True
    )
    assert done.returncode == 0, done.stderr
    others, _, told = done.stdout.partition(" ")
    assert int(others) > 0
    assert "killed at write" in told


def test_backups_that_are_made_while_another_process_writes_match():
    out = run("backing.py", "3")
    assert out.startswith("3 of 3 backups restore and match\n")
    assert int(re.search(r"made ([\d,]+) changes", out)[1].replace(",", "")) > 0
