"""The main job on real books: add one, ask it, get the passage with its printed page."""

import json
import os

import pytest


@pytest.mark.parametrize(
    ("question", "heading", "page"),
    [
        ("what happens when my lantern goes out", "When the light goes out", "4"),
        ("falling damage", "Falling", "6"),
        ("how do I heal wounds", "Healing wounds", "5"),
        ("dread", "Dread", "4"),
    ],
)
def test_our_own_book_answers(cli, shelved, question, heading, page):
    hit = json.loads(cli.run(shelved, "search", question, "--json").stdout)["hits"][0]
    assert hit["path"][-1] == heading
    assert hit["page"] == page
    out = cli.run(shelved, "search", *question.split()).stdout.decode()
    assert out.startswith(f"1. {heading} [score ")
    assert f"The Lamplit Road, p. {page}, " in out


def test_the_demo_end_to_end(cli, home):
    (home / "keep").write_text("mine")
    done = cli.run(home, "demo")
    talk, out = done.stderr.decode(), done.stdout.decode()
    typed = [line for line in talk.splitlines() if line.startswith("$ ttrpg")]
    assert typed == [
        "$ ttrpg library add the-lamplit-road.pdf",
        "$ ttrpg search 'what happens when my lantern goes out' -n 1",
        "$ ttrpg search 'how do I heal wounds' -n 1",
        "$ ttrpg search 'falling damage' -n 1",
        "$ ttrpg campaign create 'The Salt Lantern' --system 'The Lamplit Road'",
        "$ ttrpg roll 4d6kh3 1d20adv+5 '8d6[fire]'",
        "$ ttrpg campaign edit --game-date 'The Night of First Frost'",
        "$ ttrpg undo",
        "$ ttrpg",
    ]
    assert out.count("The Lamplit Road, p. ") == 3
    assert "The Night of First Frost" in out
    assert "Last change  undo: changed game date" in out
    assert "Game date" not in out.rpartition("Undone")[2]
    assert [path.name for path in home.iterdir()] == ["keep"]


def test_the_demo_can_be_kept_and_played_again(cli, home, tmp_path):
    kept = tmp_path / "kept"
    for _ in range(2):
        cli.run(home, "demo", "--keep", kept)
    assert list(home.iterdir()) == []
    campaigns = json.loads(cli.run(kept, "campaign", "--json").stdout)["campaigns"]
    assert [each["id"] for each in campaigns] == ["the-salt-lantern", "the-salt-lantern-2"]
    assert len(json.loads(cli.run(kept, "library", "--json").stdout)["books"]) == 1


@pytest.mark.parametrize("switch", ["--plain", "--quiet", "--json"])
def test_the_demo_in_other_forms(cli, home, switch):
    done = cli.run(home, "demo", switch)
    if switch == "--json":
        data = json.loads(done.stdout)
        assert data["schema"] == "ttrpg.demo/1"
        assert [step["command"][1:2] for step in data["steps"]][:2] == [["library"], ["search"]]
        assert all(step["result"]["schema"].startswith("ttrpg.") for step in data["steps"])
    else:
        assert b"Falling" in done.stdout
        assert "\N{BOX DRAWINGS LIGHT VERTICAL}" not in done.stdout.decode() or switch == "--quiet"
    assert (done.stderr == b"") == (switch == "--quiet")


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs a Unix")
def test_the_demo_where_it_may_not_keep(cli, home):
    done = cli.run(home, "demo", "--keep", "/proc/nothing", code=1)
    assert b"cannot make the folder /proc/nothing" in done.stderr


@pytest.fixture(scope="session")
def srd(cli, tmp_path_factory):
    """A home with a real rule book of 403 pages; read once, which takes most of a minute."""
    book = cli.data / "rules/pdf/SRD_CC_v5.1.pdf"
    if not book.exists():
        pytest.skip(f"the test data has no {book.name}; set TTRPG_TEST_DATA to where it lies")
    home = tmp_path_factory.mktemp("srd") / "home"
    home.mkdir(mode=0o700)
    cli.run(home, "library", "add", book, timeout=280)
    return home


@pytest.mark.parametrize(
    ("question", "heading", "pages"),
    [
        ("grappled condition", "Grappled", {"358", "359", "358-359"}),
        ("opportunity attack", "Opportunity Attacks", {"95", "94", "94-95", "95-96"}),
    ],
)
def test_a_real_book_answers(cli, srd, question, heading, pages):
    hit = json.loads(cli.run(srd, "search", question, "--json").stdout)["hits"][0]
    assert hit["path"][-1] == heading
    assert hit["page"] in pages


def test_a_real_book_is_counted(cli, srd):
    book = json.loads(cli.run(srd, "library", "--json").stdout)["books"][0]
    assert book["pages"] == 403
    assert book["chunks"] > 1000
    cli.sound(srd)
