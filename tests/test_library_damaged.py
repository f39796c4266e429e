"""What is said of a library with a part missing, and how it is mended."""

import json
import shutil
import sqlite3

import pytest


@pytest.fixture
def home(cli, shelved, tmp_path):
    """Two books, and the second twice in sum: a count alone would hide what is missing."""
    path = tmp_path / "home"
    shutil.copytree(shelved, path)
    other = tmp_path / "salt.md"
    other.write_text(
        "---\ntitle: Salt\n---\n# Salt\n\n"
        + "".join(f"## Rule {n}\n\nSalt rule {n}.\n\n" for n in range(60))
    )
    cli.run(path, "library", "add", other)
    return path


def change(home, *statements):
    connection = sqlite3.connect(home / "ttrpg.db")
    with connection:
        for each in statements:
            connection.execute(each)
    connection.close()


def doctor(cli, home, code=0):
    told = json.loads(cli.run(home, "doctor", "--json", code=code).stdout)["findings"]
    return {each["what"]: each for each in told}


def test_a_book_that_is_in_no_index_is_named(cli, home):
    assert doctor(cli, home)["search index"]["state"] == "ok"
    change(
        home, "DELETE FROM search_texts WHERE sha256 = (SELECT sha256 FROM books WHERE id='salt')"
    )
    change(home, "UPDATE search_totals SET chunks = chunks + 500")
    found = doctor(cli, home)["search index"]
    assert (found["state"], found["seen"]) == ("warn", '1 of 2 book(s) cannot be found: "Salt"')
    assert "ttrpg library reindex" in found["do"]
    assert b"it cannot be found" in cli.run(home, "library", "verify", code=7).stdout
    change(home, "UPDATE search_totals SET chunks = chunks - 500")
    cli.run(home, "library", "reindex")
    assert doctor(cli, home)["search index"]["state"] == "ok"
    cli.run(home, "library", "verify")


def test_a_table_that_is_missing_is_bad(cli, home):
    change(home, "DROP TABLE search_index")
    found = doctor(cli, home, code=1)["search index"]
    assert found["state"] == "bad"
    assert "no such table" in found["seen"]
    assert "backups" in found["do"]


def test_a_book_without_its_text_is_told(cli, home):
    cli.run(home, "library", "rm", "salt", "--yes")
    cli.run(home, "library", "prune")
    cli.run(home, "undo")
    found = doctor(cli, home)
    assert found["book"]["seen"] == 'the text of "Salt" is not here'
    assert found["book"]["do"].startswith("Read it again: ttrpg library add ")
    assert found["search index"]["state"] == "ok"
