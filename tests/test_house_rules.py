"""House rules of a campaign stand above the book, while that campaign is the current one."""

import json
import shutil

import pytest

HOUSE = """# At our table

## Falling

A fall does 3d6 harm at our table, whatever the height, and falling damage can be rolled by the
player of the one who falls.
"""


@pytest.fixture
def house(home, tmp_path):
    path = tmp_path / "house.md"
    path.write_text(HOUSE, "utf-8")
    return path


@pytest.fixture
def table(cli, shelved, home):
    """Our own book and the campaign Salt Road, with a second campaign that is the current one."""
    shutil.rmtree(home)
    shutil.copytree(shelved, home)
    cli.run(home, "campaign", "create", "Far Shore")
    return home


def found(cli, home, *words):
    done = cli.run(home, "search", *words, "--json", code=None)
    return [(hit["book"], hit["heading"]) for hit in json.loads(done.stdout)["hits"]]


@pytest.mark.parametrize("how", ["add", "edit"])
def test_they_stand_first_in_their_campaign_alone(cli, table, house, how):
    if how == "add":
        options = ("--kind", "house_rules", "--campaign", "salt-road")
        cli.run(table, "library", "add", house, *options)
    else:
        cli.run(table, "library", "add", house)
        options = ("--kind", "house_rules", "--campaign", "salt-road")
        cli.run(table, "library", "edit", "at-our-table", *options)
    assert {book for book, _ in found(cli, table, "falling damage")} == {"the-lamplit-road"}
    cli.run(table, "campaign", "use", "salt-road")
    first, second = found(cli, table, "falling damage")[:2]
    assert first[0] != "the-lamplit-road"
    assert second == ("the-lamplit-road", "Falling")
    out = cli.run(table, "search", "falling damage").stdout.decode()
    assert out.startswith("1. Falling [house rule, score ")
    answer = json.loads(cli.run(table, "ask", "falling damage", "--json").stdout)
    assert "3d6 harm at our table" in answer["passages"][0]["quotes"][0]["text"]
    cli.run(table, "campaign", "use", "far-shore")
    assert {book for book, _ in found(cli, table, "falling damage")} == {"the-lamplit-road"}


def test_without_a_campaign_they_are_for_every_one(cli, table, house):
    cli.run(table, "library", "add", house, "--kind", "house_rules")
    assert found(cli, table, "falling damage")[0][0] != "the-lamplit-road"


def test_they_do_not_answer_what_they_are_not_about(cli, table, house):
    cli.run(table, "library", "add", house, "--kind", "house_rules")
    assert found(cli, table, "poison and sickness")[0] == (
        "the-lamplit-road",
        "Poison and sickness",
    )


def test_undo_takes_them_back(cli, table, house):
    cli.run(table, "library", "add", house, "--kind", "house_rules")
    cli.run(table, "undo")
    assert {book for book, _ in found(cli, table, "falling damage")} == {"the-lamplit-road"}
