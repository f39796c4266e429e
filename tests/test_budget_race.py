"""The race on one budget, in small: real processes, real crashes, and a baseline that loses."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[1] / "bench" / "budget_race.py"

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the race forks its processes")


def race(folder, *options):
    done = subprocess.run(
        [sys.executable, BENCH, "--processes", "12", "--folder", folder, *options],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    found = re.search(r"([\d,]+) calls, ([\d,]+) refused, ([\d,]+) crashes", done.stdout)
    assert found, done.stdout + done.stderr
    calls, refused, crashes = (int(number.replace(",", "")) for number in found.groups())
    over = int(re.search(r"overspend in (\d+) of", done.stdout)[1])
    return done.returncode, over, calls, refused, crashes


def test_no_limit_is_passed_by_processes_that_race_and_die(tmp_path):
    code, over, calls, refused, crashes = race(tmp_path, "--runs", "8")
    assert (code, over) == (0, 0)
    assert calls > 20
    assert refused > 20
    assert crashes > 20


def test_looking_first_and_writing_down_after_passes_it(tmp_path):
    _, over, calls, *_ = race(tmp_path, "--runs", "8", "--plain")
    assert over > 0
    assert calls > 20
