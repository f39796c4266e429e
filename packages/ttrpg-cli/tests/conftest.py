"""What begins with a home that was made before, and what only shows in a process of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(sys.executable).with_name("ttrpg")


@pytest.fixture(scope="session")
def homes():
    """The homes of ``prepared``, each with what made it, and with chance and time after that."""
    return {}


@pytest.fixture
def prepared(ttrpg, ttrpg_home, tmp_path_factory, homes):
    """``prepared(make)``: ``ttrpg`` in a home as ``make(ttrpg)`` leaves it.

    That runs once, as a dozen commands take longer than most tests; later tests have a copy. Chance
    and time go on in each as if it had run there.
    """

    def prepare(make):
        if make in homes:
            kept, chance, ttrpg.clock.now = homes[make]
            ttrpg.rng.setstate(chance)
            shutil.copytree(kept, ttrpg_home, dirs_exist_ok=True)
            return ttrpg
        make(ttrpg)
        kept = tmp_path_factory.mktemp("prepared") / "home"
        shutil.copytree(ttrpg_home, kept)
        homes[make] = kept, ttrpg.rng.getstate(), ttrpg.clock.now
        return ttrpg

    return prepare


def _typed(ttrpg):
    """Runs a command line that has to work; a minute passes before each."""

    def run(*words, **more):
        ttrpg.clock.now += 60 * ttrpg.clock.step
        result = ttrpg(*words, **more)
        assert result.code == 0, result
        return result

    return run


@pytest.fixture
def run(ttrpg):
    """Runs a command line that has to work, in a campaign; a minute passes before each."""
    typed = _typed(ttrpg)
    typed("campaign", "create", "Salt Road")
    return typed


@pytest.fixture
def evening(prepared):
    """As ``run``, after a session with a fight in it and secrets in whatever can hold one."""
    return _typed(prepared(_evening))


def _evening(ttrpg):
    run = _typed(ttrpg)
    run("campaign", "create", "Salt Road")
    run("session", "plan", "CANARY The Ferry", "--prep", "CANARY boats", "--date", "Friday")
    run("session", "start")
    run("npc", "add", "Mara", "--role", "smith", "--audience", "party", "--secret", "CANARY")
    run("npc", "add", "Duke CANARY", "--summary", "CANARY")
    run("character", "add", "Tamsin", "--audience", "party")
    run("session", "attend", "tamsin", "Ana")
    run("note", "[[Mara]] saw the CANARY")
    run("note", "[[Mara]] waits at the quay", "--audience", "party")
    run("session", "pause")
    run("session", "resume")
    run("combat", "new", "CANARY Ambush")
    run("combat", "add", "Tamsin", "--hp", "20", "-k", "player")
    run("combat", "add", "Goblin", "2", "--hp", "7")
    run("combat", "add", "CANARY Stalker", "--hp", "30", "--cr", "2", "--hidden")
    run("combat", "start")
    run("hit", "gob1", "10")
    run("hit", "tamsin", "21")
    run("combat", "end")
    run("session", "end", "--summary", "CANARY They crossed.")


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
