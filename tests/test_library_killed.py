"""``library add`` of five books, killed and run again: nothing lost, nothing twice."""

import contextlib
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
REAL = {
    "rules/pdf/loner-en.pdf": "oracle",
    "rules/pdf/malleus-deum-core.pdf": "armour",
    "rules/ebook/Cairn.epub": "spellbooks",
    "rules/ebook/Hellebarden-und-Helme.mobi": "Rettungswurf",
    "ebooks/parity/epictetus.azw3": "philosopher",
}
"""Real books, PDF and ebooks, and a word to look for in each."""


def made(folder):
    """Five books with printed pages; each has a word that no other has."""
    for number, name in enumerate(BOOKS):
        rng = random.Random(number)
        lines = [f"# The {name} rules", ""]
        for rule in range(RULES):
            lines += [f"<!-- page {rule + 3} -->", "", f"## {name} rule {rule}", ""]
            words = " ".join(rng.choice(["oath", "river", "torch", "cellar"]) for _ in range(120))
            lines += [f"Mark{name}{rule} holds. {words}.", ""]
        (folder / f"{name}.md").write_text("\n".join(lines))
    return {folder / f"{name}.md": f"mark{name}7" for name in BOOKS}


@pytest.fixture(scope="module", params=["made", "real"])
def shelf(request, cli, tmp_path_factory):
    """Five books, as paths, with a word to look for in each."""
    if request.param == "made":
        return made(tmp_path_factory.mktemp("books"))
    books = {cli.data / name: word for name, word in REAL.items()}
    missing = [path.name for path in books if not path.is_file()]
    if missing:
        pytest.skip(f"no {', '.join(missing)}: set TTRPG_TEST_DATA to the folder of shared data")
    return books


def files(shelf):
    return sorted(map(str, shelf))


def facts(cli, home):
    """What is on the shelf and in the index, without times and numbers of rows."""
    connection = sqlite3.connect(home / "ttrpg.db")
    try:
        chunks = connection.execute(
            "SELECT sha256, ordinal, path, label, text FROM chunks ORDER BY sha256, ordinal"
        ).fetchall()
        indexed = connection.execute(
            "SELECT sha256, COUNT(*) FROM search_texts GROUP BY sha256 ORDER BY 1"
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
    return books, sections, chunks, done, sorted(kind for (kind,) in kinds), indexed


@pytest.fixture(scope="module")
def whole(cli, shelf, tmp_path_factory):
    """What an adding that nothing disturbs leaves."""
    home = tmp_path_factory.mktemp("whole") / "home"
    home.mkdir()
    cli.run(home, "library", "add", *files(shelf))
    return facts(cli, home)


def written(home):
    """How many rows of books there are; 0 while there is no table for them."""
    where = f"{(home / 'ttrpg.db').as_uri()}?mode=ro"
    try:
        with contextlib.closing(sqlite3.connect(where, uri=True)) as connection:
            return connection.execute(
                "SELECT (SELECT COUNT(*) FROM sections) + (SELECT COUNT(*) FROM chunks)"
            ).fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def killed_after(process, home, rows, seconds):
    """Kill a process some time after so many rows are written; False when it ended by itself."""
    while process.poll() is None and written(home) < rows:
        time.sleep(0.005)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    process.send_signal(signal.SIGKILL)
    return process.wait(timeout=60) == -signal.SIGKILL


def found(cli, home, shelf):
    """Whether each book is there, and found by its word, once in each passage."""
    books = json.loads(cli.run(home, "library", "list", "--json").stdout)["books"]
    ids = {book["path"]: book["id"] for book in books}
    assert sorted(ids) == files(shelf)
    for path, word in shelf.items():
        asked = cli.run(
            home, "search", word, "--book", ids[str(path)], "--json", "-n", "50", code=None
        )
        texts = [hit["text"] for hit in json.loads(asked.stdout)["hits"]]
        holding = [text for text in texts if word.casefold() in text.casefold()]
        assert holding, path
        assert len(holding) == len(set(holding)), path


@pytest.mark.parametrize(
    ("shelf", "seed"),
    [("made", 0), ("made", 1), ("made", 2), ("real", 3)],  # to read real ones six times is slow
    indirect=["shelf"],
)
def test_killed_at_random_moments_and_run_again(cli, home, shelf, whole, seed):
    rng = random.Random(seed)
    rows = len(whole[1]) + len(whole[2])
    killed = 0
    for share in sorted(rng.uniform(0, 0.9) for _ in range(5)):
        process = subprocess.Popen(
            [cli.script, "library", "add", *files(shelf)],
            env=cli.environment(home),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        killed += killed_after(process, home, share * rows, rng.uniform(0, 0.2))
        if (home / "ttrpg.db").exists():
            cli.sound(home)
    assert killed, "it was never stopped; the moments are chosen wrongly"
    cli.run(home, "library", "add", *files(shelf))
    assert facts(cli, home) == whole
    assert whole[4] == ["library.add"] * len(BOOKS)
    cli.sound(home)
    cli.run(home, "library", "verify")
    found(cli, home, shelf)


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
    assert facts(cli, home) == whole
    cli.sound(home)
    found(cli, home, shelf)


def test_everything_added_can_be_taken_back(cli, home, shelf):
    cli.run(home, "library", "add", *files(shelf))
    cli.run(home, "undo", str(len(BOOKS)))
    assert json.loads(cli.run(home, "library", "--json").stdout)["books"] == []
    cli.run(home, "redo", str(len(BOOKS)))
    found(cli, home, shelf)
