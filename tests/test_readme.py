"""README.md: the transcript is what the program prints, and the gate runs its test command."""

import re
import shlex
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
BOOK = ROOT / "packages/ttrpg-cli/src/ttrpg_cli/book/the-lamplit-road.pdf"


def transcript() -> list[tuple[str, str]]:
    """Command lines of the README's console block, with what follows each."""
    block = README.partition("```console\n")[2].partition("```")[0]
    pieces = re.split(r"^\$ (.*)\n", block, flags=re.MULTILINE)[1:]
    return list(zip(pieces[::2], pieces[1::2], strict=True))


def play(folder: Path) -> list[tuple[str, str]]:
    """Run the transcript's lines as processes and answer what each printed, stdout then stderr."""
    shutil.copy(BOOK, folder)
    scripts = sysconfig.get_path("scripts")
    environ = {
        "TTRPG_HOME": str(folder / "home"),
        "PATH": scripts,
        "COLUMNS": "92",
        "PYTHONUTF8": "1",
        "TTRPG_DISABLE": "*",
    }
    played = []
    for line, _ in transcript():
        run = subprocess.run(
            shlex.split(line), cwd=folder, env=environ, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, f"{line}: {run.stderr}"
        played.append((line, run.stdout + run.stderr))
    return played


def test_the_transcript_is_what_the_program_prints(tmp_path):
    pytest.importorskip("ttrpg_ingest")
    assert len(transcript()) > 4
    for (line, printed), (_, written) in zip(play(tmp_path), transcript(), strict=True):
        assert printed.rstrip() == written.rstrip(), f"README.md is not current at: $ {line}"


@pytest.mark.parametrize("name", ["main", "tests"])
def test_each_command_is_one_line_that_makes_its_own_environment(name):
    block = README.partition(f"<!-- {name} -->")[2].partition("<!-- end -->")[0]
    lines = [line for line in block.strip().splitlines() if not line.startswith("```")]
    assert len(lines) == 1
    assert lines[0].startswith("python3 -m venv --without-pip .venv && python3 -m pip --python ")


def test_the_gate_runs_the_readmes_test_command():
    gate = (ROOT / ".ci/run").read_text("utf-8")
    assert "<!-- tests -->" in gate
    assert "nox" not in gate.replace("gnome", ""), "the gate must take its command from the README"
