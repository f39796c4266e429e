"""Several processes at once on one home: all succeed or say why, and no change is lost."""

import json
import shutil
import subprocess

import pytest

MANY = 6


@pytest.fixture
def at_once(cli, home):
    """Runs command lines at the same time; answers their ends in order."""

    def run(*lines):
        started = [
            subprocess.Popen(
                [cli.script, *line],
                env=cli.environment(home),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                stdin=subprocess.DEVNULL,
            )
            for line in lines
        ]
        ended = []
        for process in started:
            out, err = process.communicate(timeout=200)
            ended.append((process.returncode, out.decode(), err.decode()))
        assert not [each for each in ended if "Traceback" in each[1] + each[2]]
        return ended

    return run


def campaigns(cli, home):
    return json.loads(cli.run(home, "campaign", "--json").stdout)["campaigns"]


def test_a_new_home_is_made_once(cli, home, at_once):
    ended = at_once(*(["campaign", "create", f"Camp {n}"] for n in range(MANY)))
    assert [code for code, _, _ in ended] == [0] * MANY
    assert sorted(c["name"] for c in campaigns(cli, home)) == [f"Camp {n}" for n in range(MANY)]
    cli.sound(home)


def test_the_same_name_gets_different_ids(cli, home, at_once):
    assert {code for code, _, _ in at_once(*[["campaign", "create", "Camp"]] * MANY)} == {0}
    ids = {c["id"] for c in campaigns(cli, home)}
    assert ids == {"camp"} | {f"camp-{n}" for n in range(2, MANY + 1)}


def test_no_edit_is_lost(cli, home, at_once):
    cli.run(home, "campaign", "create", "Camp")
    fields = ["--genre", "--system", "--setting", "--description", "--game-date"]
    ended = at_once(*(["campaign", "edit", field, f"new {field}"] for field in fields))
    assert {code for code, _, _ in ended} == {0}
    made = campaigns(cli, home)[0]
    for field in fields:
        assert made[field.lstrip("-").replace("-", "_")] == f"new {field}"
    entries = json.loads(cli.run(home, "history", "--json").stdout)["entries"]
    assert len(entries) == 1 + len(fields)
    cli.sound(home)


def test_each_undo_takes_back_one_change(cli, home, at_once):
    for n in range(MANY):
        cli.run(home, "campaign", "create", f"Camp {n}")
    ended = at_once(*[["undo"]] * (MANY + 2))
    codes = sorted(code for code, _, _ in ended)
    assert codes == [0] * MANY + [3, 3]
    assert all("nothing to undo" in err for code, _, err in ended if code == 3)
    taken = [out.split("#")[1].split()[0] for code, out, _ in ended if code == 0]
    assert sorted(taken) == [str(n) for n in range(1, MANY + 1)]
    assert campaigns(cli, home) == []
    cli.sound(home)


def test_undo_and_change_do_not_meet(cli, home, at_once):
    for n in range(3):
        cli.run(home, "campaign", "create", f"Camp {n}")
    lines = [["undo"], ["campaign", "create", "X"], ["undo"], ["campaign", "create", "Y"]]
    assert {code for code, _, _ in at_once(*lines)} == {0}
    assert len(campaigns(cli, home)) == 3
    cli.sound(home)


def test_the_same_book_is_there_once(cli, home, at_once):
    ended = at_once(*[["library", "add", cli.book]] * 3)
    assert {code for code, _, _ in ended} == {0}, ended
    books = json.loads(cli.run(home, "library", "--json").stdout)["books"]
    assert [book["title"] for book in books] == ["The Lamplit Road"]
    found = json.loads(cli.run(home, "search", "falling damage", "--json").stdout)["hits"]
    texts = [hit["text"] for hit in found]
    assert len(texts) == len(set(texts))
    entries = json.loads(cli.run(home, "history", "--json").stdout)["entries"]
    assert [entry["kind"] for entry in entries] == ["library.add"]
    cli.sound(home)


def test_books_and_campaigns_at_once(cli, home, at_once, tmp_path):
    for n in range(2):
        (tmp_path / f"b{n}.md").write_text(
            f"# Book {n}\n\n## Falling\n\nA fall of kind {n} hurts.\n"
        )
    lines = [["library", "add", tmp_path / f"b{n}.md"] for n in range(2)]
    lines += [["campaign", "create", f"Camp {n}"] for n in range(2)]
    lines += [["keys", "path"], ["doctor"], ["config", "set", "search.results", "5"]]
    assert {code for code, _, _ in at_once(*lines)} == {0}
    assert len(campaigns(cli, home)) == 2
    assert len(json.loads(cli.run(home, "library", "--json").stdout)["books"]) == 2
    cli.sound(home)


def test_removing_a_book_while_it_is_searched(cli, home, at_once, shelved):
    shutil.rmtree(home)
    shutil.copytree(shelved, home)
    ended = at_once(
        ["search", "falling"], ["library", "rm", "the-lamplit-road"], ["search", "falling"]
    )
    assert [code for code, _, _ in ended][1] == 0
    assert {ended[0][0], ended[2][0]} <= {0, 3}
    cli.run(home, "undo")
    cli.run(home, "search", "falling")
    cli.sound(home)
