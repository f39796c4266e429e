"""Processes: what only shows in a real one, such as closed pipes, locales and Ctrl-C."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(sys.executable).with_name("ttrpg")


@pytest.fixture
def start(ttrpg_home):
    """Starts the installed ``ttrpg`` with the test's own home; no third party's plugin."""
    running = []
    without_columns = {name: value for name, value in os.environ.items() if name != "COLUMNS"}

    def begin(*arguments, env=None, **how):
        process = subprocess.Popen(
            [SCRIPT, *arguments],
            env={**without_columns, "TTRPG_DISABLE": "*", **(env or {})},
            stdin=how.pop("stdin", subprocess.DEVNULL),
            stdout=how.pop("stdout", subprocess.PIPE),
            stderr=how.pop("stderr", subprocess.PIPE),
            **how,
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def process(start):
    """Runs ``ttrpg`` to its end: ``(exit code, stdout, stderr)``, as text."""

    def run(*arguments, **how):
        begun = start(*arguments, **how)
        out, err = begun.communicate(timeout=120)
        return begun.returncode, _text(out), _text(err)

    return run


def _text(raw):
    return raw.decode("utf-8", "backslashreplace") if raw is not None else ""
