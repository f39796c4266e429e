"""``library index`` as people run it: beside itself, in the background, killed, with a model."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("numpy", reason="needs numpy, which comes with ttrpg-search")

SLOW = """
import time
from ttrpg_core import Embedder, hookimpl

@hookimpl
def ttrpg_embedders():
    yield Embedder("snail", "Takes its time", "ttrpg_snail:Snail", 4)

class Snail:
    id, dimension = "snail-4/1", 4

    def __init__(self, context):
        pass

    def embed(self, texts):
        time.sleep({seconds} * len(texts))
        return [[1.0, 0.0, 0.0, 0.0] for _ in texts]
"""
RULES = 60


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "lamps.md"
    rules = [f"## Rule {n}\n\nRule number {n} is about lamps.\n" for n in range(RULES)]
    path.write_text("# Lamps\n\n" + "\n".join(rules))
    return path


@pytest.fixture
def snail(tmp_path):
    """What to add to the environment for an embedder that takes so many seconds a text."""

    def install(seconds):
        folder = tmp_path / "snail"
        info = folder / "ttrpg_snail-1.0.dist-info"
        info.mkdir(parents=True)
        (folder / "ttrpg_snail.py").write_text(SLOW.format(seconds=seconds))
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ttrpg-snail\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[ttrpg]\nsnail = ttrpg_snail\n")
        (info / "RECORD").write_text("")
        return {"PYTHONPATH": str(folder), "TTRPG_SEARCH_EMBEDDER": "snail"}

    return install


def passages(home):
    with sqlite3.connect(home / "ttrpg.db") as connection:
        count = connection.execute("SELECT COUNT(*) FROM chunks").fetchone()[0]
    connection.close()
    return count


def head(home):
    try:
        return json.loads((home / "indexes" / "vectors" / "head.json").read_text())
    except FileNotFoundError:
        return {"rows": 0, "dead": 0, "embedder": ""}


def index(cli, home, **more):
    return json.loads(cli.run(home, "library", "index", "--json", **more).stdout)


def test_adding_makes_the_vectors_that_ship(cli, home, book):
    done = cli.run(home, "library", "add", book)
    assert b"vectors" not in done.stderr
    assert head(home)["rows"] == passages(home) >= RULES
    told = index(cli, home)
    assert (told["made"], told["complete"]) == (0, True)
    found = cli.run(home, "search", "lamps", "--explain", "--json").stdout
    assert b"static-rules" in found


def test_two_at_once_make_each_vector_once(cli, home, book, snail):
    cli.run(home, "library", "add", book, env={"TTRPG_SEARCH_EMBEDDER": "none"})
    assert head(home)["rows"] == 0
    env = cli.environment(home, **snail(0.01))
    command = [cli.script, "library", "index", "--json"]
    children = [
        subprocess.Popen(command, env=env, cwd=home, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    said = [child.communicate(timeout=120) for child in children]
    assert [child.returncode for child in children] == [0, 0], said
    told = [json.loads(out) for out, _ in said]
    assert all(each["complete"] for each in told)
    assert sum(each["made"] for each in told) == passages(home)
    assert (head(home)["rows"], head(home)["dead"]) == (passages(home), 0)


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is POSIX")
def test_killed_it_goes_on(cli, home, book, snail):
    cli.run(home, "library", "add", book, env={"TTRPG_SEARCH_EMBEDDER": "none"})
    env = snail(0.1)
    for signal_ in (signal.SIGKILL, signal.SIGINT):
        before = head(home)["rows"]
        with subprocess.Popen(
            [cli.script, "library", "index"],
            env=cli.environment(home, **env),
            cwd=home,
            stderr=subprocess.PIPE,
        ) as child:
            until = time.monotonic() + 60
            while head(home)["rows"] <= before and time.monotonic() < until:
                time.sleep(0.02)
            child.send_signal(signal_)
            said = child.stderr.read().decode()
        assert before < head(home)["rows"] < passages(home)
    assert child.returncode == 130
    assert "the same command goes on" in said
    kept = head(home)["rows"]
    told = index(cli, home, env=env)
    assert told["complete"]
    assert told["made"] == passages(home) - kept


@pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="finds the process as Linux tells it"
)
def test_a_slow_model_goes_on_in_the_background(cli, home, book, snail):
    env = snail(0.4)
    begun = time.monotonic()
    done = cli.run(home, "library", "add", book, env=env)
    assert time.monotonic() - begun < 0.8 * RULES, "it does not wait for all of them"
    said = done.stderr.decode()
    assert "have no vectors yet" in said
    assert "background" in said
    found = cli.run(home, "search", "rule number 7", "--json", env=env, code=None).stdout
    assert json.loads(found)["hits"], "words are searched meanwhile"
    until = time.monotonic() + 60
    first = head(home)["rows"]
    while head(home)["rows"] <= first and time.monotonic() < until:
        time.sleep(0.1)
    assert head(home)["rows"] > first, "it outlives the command"
    (mine,) = _background(home)
    assert os.getpriority(os.PRIO_PROCESS, mine) > os.getpriority(os.PRIO_PROCESS, 0)
    os.kill(mine, signal.SIGTERM)


def _background(home):
    """The processes that make vectors for this home; Linux tells their environment."""
    wanted = f"TTRPG_HOME={home}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
            environ = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"ttrpg_ingest.background" in command and wanted in environ:
            found.append(int(folder.name))
    return found


def test_another_embedder_makes_all_anew(cli, home, book, snail):
    cli.run(home, "library", "add", book)
    env = snail(0.0)
    said = cli.run(home, "search", "rule number 7", "--explain", env=env, code=None)
    whole = (said.stdout + said.stderr).decode()
    assert "made by static-rules" in whole
    assert "library index" in whole
    told = index(cli, home, env=env)
    assert told["made"] == passages(home)
    assert head(home)["embedder"] == "snail-4/1"


def test_a_missing_extra_says_what_to_install(cli, home, book, tmp_path):
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    for name in ("tantivy", "onnxruntime", "faiss"):
        (blocked / f"{name}.py").write_text("raise ImportError('blocked by a test')\n")
    cli.run(home, "library", "add", book)
    env = {"PYTHONPATH": str(blocked)}
    for setting, extra in (("KEYWORD", "tantivy"), ("EMBEDDER", "onnx")):
        chosen = {**env, f"TTRPG_SEARCH_{setting}": extra}
        done = cli.run(home, "library", "reindex", env=chosen, code=None)
        if setting == "EMBEDDER":
            done = cli.run(home, "library", "index", env=chosen, code=None)
        assert done.returncode == 3
        assert f"pip install 'ttrpg-search[{extra}]'" in done.stderr.decode()
    assert b"Rule 7" in cli.run(home, "search", "rule number 7", "--json", env=env).stdout


@pytest.mark.parametrize("how", ["read-only", "taken"])
def test_a_folder_that_cannot_be_written_is_said(cli, home, book, how):
    if how == "read-only" and (os.name != "posix" or os.geteuid() == 0):
        pytest.skip("root writes everywhere")
    cli.run(home, "library", "add", book, env={"TTRPG_SEARCH_EMBEDDER": "none"})
    folder = home / "indexes"
    if how == "taken":
        folder.write_text("a file of that name")
    else:
        folder.mkdir(exist_ok=True)
        folder.chmod(0o500)
    try:
        said = cli.run(home, "library", "index", code=1).stderr.decode()
        assert "cannot" in said
        assert "indexes" in said
        found = cli.run(home, "search", "rule number 7", "--json", code=None).stdout
        assert json.loads(found)["hits"], "words are searched all the same"
    finally:
        if folder.is_dir():
            folder.chmod(0o700)
