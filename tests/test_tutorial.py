"""docs/tutorial.md: every command in it works as printed, in order."""

import os
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[1] / "docs/tutorial.md").read_text("utf-8")


def test_every_line_runs_in_order(tmp_path):
    pytest.importorskip("ttrpg_ingest")
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash here")
    blocks = re.findall(r"```bash\n(.*?)```", PAGE, flags=re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.strip()]
    assert len(lines) > 10
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)])
    environ = {"TTRPG_HOME": str(tmp_path / "home"), "PATH": path, "TTRPG_DISABLE": "*"}
    for line in lines:
        done = subprocess.run(
            [bash, "-o", "pipefail", "-c", line],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        if line == "ttrpg undo":
            assert "deleted the campaign" in done.stdout
