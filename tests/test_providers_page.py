"""docs/providers.md says what our models really say to a server that goes wrong."""

import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def test_the_page_of_providers_is_current():
    run = subprocess.run(
        [sys.executable, DOCS / "make_providers.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
