"""``library add`` of five books, killed and run again: nothing lost, nothing twice."""

import json
import random
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is POSIX")

BOOKS = ["bell", "crown", "ferry", "mirror", "thorn"]
RULES = 60


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """A folder of five books with printed pages; each has a word that no other has."""
    folder = tmp_path_factory.mktemp("books")
    for number, name in enumerate(BOOKS):
        rng = random.Random(number)
        lines = [f"# The {name} rules", ""]
        for rule in range(RULES):
            lines += [f"<!-- page {rule + 3} -->", "", f"## {name} rule {rule}", ""]
            words = " ".join(rng.choice(["oath", "river", "torch", "cellar"]) for _ in range(120))
            lines += [f"Mark{name}{rule} holds. {words}.", ""]
        (folder / f"{name}.md").write_text("\n".join(lines))
    return folder


def files(shelf):
    return sorted(str(path) for path in shelf.glob("*.md"))


def facts(cli, home):
    """What is on the shelf and in the index, without times and numbers of rows."""
    connection = sqlite3.connect(home / "ttrpg.db")
    try:
        chunks = connection.execute(
            "SELECT sha256, ordinal, path, label, text FROM chunks ORDER BY sha256, ordinal"
        ).fetchall()
        sections = connection.execute(
            "SELECT sha256, ordinal, path, page, label, text FROM sections ORDER BY 1, 2"
        ).fetchall()
        books = connection.execute("SELECT title, sha256, chunks FROM books ORDER BY 1").fetchall()
        kinds = connection.execute("SELECT kind FROM journal ORDER BY id").fetchall()
        done = connection.execute(
            "SELECT sha256, done, finished FROM readings ORDER BY 1"
        ).fetchall()
    finally:
        connection.close()
    return books, sections, chunks, done, sorted(kind for (kind,) in kinds)


@pytest.fixture(scope="module")
def whole(cli, shelf, tmp_path_factory):
    """What an adding that nothing disturbs leaves, and the seconds that it takes."""
    home = tmp_path_factory.mktemp("whole") / "home"
    home.mkdir()
    began = time.monotonic()
    cli.run(home, "library", "add", *files(shelf))
    return facts(cli, home), time.monotonic() - began


def found(cli, home):
    for name in BOOKS:
        hits = json.loads(cli.run(home, "search", f"mark{name}7", "--json").stdout)["hits"]
        texts = [hit["text"] for hit in hits if f"Mark{name}7 " in hit["text"]]
        assert len(texts) == 1, name


@pytest.mark.parametrize("seed", range(4))
def test_killed_at_random_moments_and_run_again(cli, home, shelf, whole, seed):
    wanted, seconds = whole
    rng = random.Random(seed)
    killed = 0
    for _ in range(5):
        process = subprocess.Popen(
            [cli.script, "library", "add", *files(shelf)],
            env=cli.environment(home),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            process.wait(timeout=rng.uniform(0.15, 0.65) * seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            killed += process.wait(timeout=60) == -signal.SIGKILL
        if (home / "ttrpg.db").exists():
            cli.sound(home)
    assert killed, "it was never stopped; the moments are chosen wrongly"
    cli.run(home, "library", "add", *files(shelf))
    assert facts(cli, home) == wanted
    assert wanted[4] == ["library.add"] * len(BOOKS)
    cli.sound(home)
    cli.run(home, "library", "verify")
    found(cli, home)


def test_two_add_the_same_folder_at_once(cli, home, shelf, whole):
    running = [
        subprocess.Popen(
            [cli.script, "library", "add", *files(shelf), "--jobs", "2"],
            env=cli.environment(home),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    for process in running:
        _, err = process.communicate(timeout=200)
        assert process.returncode == 0, err
        assert b"Traceback" not in err
    assert facts(cli, home) == whole[0]
    cli.sound(home)
    found(cli, home)


def test_everything_added_can_be_taken_back(cli, home, shelf):
    cli.run(home, "library", "add", *files(shelf))
    cli.run(home, "undo", str(len(BOOKS)))
    assert json.loads(cli.run(home, "library", "--json").stdout)["books"] == []
    cli.run(home, "redo", str(len(BOOKS)))
    found(cli, home)
