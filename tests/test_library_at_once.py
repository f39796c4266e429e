"""The verbs of ``library`` as whole processes: two at once, off a terminal, and taken back."""

import json
import shutil
import subprocess

import pytest

ROAD = "the-lamplit-road"
PAIRS = [
    (["edit", ROAD, "--genre", "horror"], ["edit", ROAD, "--publisher", "Lamp Press"]),
    (["reindex", "--cut"], ["reindex"]),
    (["reindex", "--cut"], ["verify"]),
    (["reindex"], ["rm", ROAD, "--yes"]),
    (["rm", ROAD, "--yes"], ["rm", ROAD, "--yes"]),
    (["rm", ROAD, "--yes"], ["prune"]),
    (["export", ROAD], ["edit", ROAD, "--title", "The Dark Road"]),
    (["add", "--if-there", "update"], ["add", "--if-there", "update"]),
    (["add", "--if-there", "update"], ["reindex", "--cut"]),
]
"""Two commands that begin in the same moment; what comes of each may depend on the other."""


def named(pair):
    return " and ".join(words[0] for words in pair)


@pytest.fixture
def home(shelved, tmp_path):
    """A home with our own book."""
    path = tmp_path / "home"
    shutil.copytree(shelved, path)
    return path


def texts(cli, home, *words):
    found = cli.run(home, "search", *words, "--json", code=None)
    return [hit["text"] for hit in json.loads(found.stdout)["hits"]] if found.stdout else []


@pytest.mark.parametrize("pair", PAIRS, ids=named)
def test_two_at_once(cli, home, pair):
    running = [
        subprocess.Popen(
            [cli.script, "library", *words, *([cli.book] if words[0] == "add" else [])],
            env=cli.environment(home),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for words in pair
    ]
    for process in running:
        _, err = process.communicate(timeout=200)
        assert process.returncode in {0, 3}, err
        assert b"Traceback" not in err
        assert b"this is a bug" not in err
    cli.sound(home)
    cli.run(home, "library", "add", cli.book)
    cli.run(home, "library", "verify")
    assert texts(cli, home, "falling")
    if {words[0] for words in pair} == {"edit"}:
        shown = json.loads(cli.run(home, "library", "show", ROAD, "--json").stdout)["book"]
        assert (shown["genre"], shown["publisher"]) == ("horror", "Lamp Press")


def test_a_removed_book_that_is_taken_back_can_be_searched_and_read(cli, home):
    before = texts(cli, home, "falling")
    assert before
    cli.run(home, "library", "rm", "the-lamp", "--yes")
    assert texts(cli, home, "falling") == []
    cli.run(home, "undo")
    assert texts(cli, home, "falling") == before
    assert b"Light" in cli.run(home, "library", "read", "the-l", "4").stdout
    cli.run(home, "library", "verify")


def test_a_book_that_was_pruned_and_taken_back_says_what_to_do(cli, home):
    cli.run(home, "library", "rm", ROAD, "--yes")
    cli.run(home, "library", "prune")
    cli.run(home, "undo")
    listed = cli.run(home, "library").stdout.decode()
    assert "not read" in listed
    assert f"To read it again: ttrpg library add {cli.book}" in listed
    cli.run(home, "library", "verify", code=7)
    cli.run(home, "library", "add", cli.book)
    cli.run(home, "library", "verify")
    assert texts(cli, home, "falling")


@pytest.mark.parametrize(
    "words",
    [
        ["list"],
        ["show", ROAD],
        ["read", ROAD, "4"],
        ["open", ROAD, "--page", "4", "--print-command"],
        ["edit", ROAD, "--genre", "horror"],
        ["reindex"],
        ["verify"],
        ["export", ROAD],
        ["rm", ROAD],
        ["prune"],
    ],
    ids=lambda words: words[0],
)
def test_json_and_plain_and_a_pipe(cli, home, words):
    """One object with a schema under ``--json``; no colour and no bar off a terminal."""
    told = cli.run(home, "library", *words, "--json")
    assert json.loads(told.stdout)["schema"].startswith(f"ttrpg.library.{words[0]}/")
    if words[0] == "rm":
        cli.run(home, "undo")
    for more in ([], ["--plain"]):
        done = cli.run(home, "library", *words, *more)
        assert b"\x1b" not in done.stdout + done.stderr
        if words[0] == "rm":
            cli.run(home, "undo")
