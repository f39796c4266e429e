"""Our counts of tokens on recorded traffic: ``bench/tokens.py`` is what prints them."""

import subprocess
import sys
from pathlib import Path

import pytest


def test_no_recorded_count_passes_the_bound(cli):
    if not (cli.data / "llm").exists():
        pytest.skip("the recorded traffic is not here (TTRPG_TEST_DATA)")
    bench = Path(__file__).parents[1] / "bench/tokens.py"
    done = subprocess.run(
        [sys.executable, bench, cli.data / "llm"], capture_output=True, check=True, text=True
    )
    rows = [line.split() for line in done.stdout.splitlines()[1:]]
    assert sorted(row[0] for row in rows) == ["claude", "gemini", "gpt", "other"]
    for _family, recordings, _mean, median, _worst, _bound, below in rows:
        assert int(recordings) >= 12
        assert int(median.removesuffix("%")) <= 20
        assert below == "0"
