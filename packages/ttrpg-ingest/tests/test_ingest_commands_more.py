"""The verbs of ``library`` that came with the shelf, as they are typed."""

import json
import shlex
import sys
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from ttrpg_core.errors import InputError, NotFound, StoreDamaged
from ttrpg_core.views import Table, Text
from ttrpg_ingest import commands
from ttrpg_ingest.commands import names
from ttrpg_ingest.commands.reading import _table


@pytest.fixture
def run(app):
    """Run ``library`` with these arguments; answers its exit code, blocks and data."""

    def call(*arguments):
        app.screen.shown.clear()
        app.screen.said.clear()
        result = CliRunner().invoke(commands.library, [str(each) for each in arguments], obj=app)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        schema, data, blocks = app.screen.shown[-1] if app.screen.shown else ("", {}, [])
        json.dumps(data)
        return SimpleNamespace(code=result.exit_code, schema=schema, data=data, blocks=blocks)

    return call


@pytest.fixture
def book(tmp_path, run):
    path = tmp_path / "road.md"
    path.write_text(
        "<!-- page 7 -->\n# The Road\n\nLong.\n\n| d6 | Inn |\n| --- | --- |\n| 1 | Bell |\n\n"
        "<!-- page 8 -->\n## Inns\n\nWarm.\n\n### Beds\n\nSoft.\n\n# The Sea\n\nWet.\n"
    )
    assert run("add", path).code == 0
    return path


def test_several_books_end_with_a_table(app, run, book, tmp_path):
    for name in ("ferry", "tower"):
        (tmp_path / f"{name}.md").write_text(f"# {name}\n\nIt stands.\n")
    (tmp_path / "tower2.md").write_text("# tower\n\nIt stands.\n")
    book.write_text("# The Road\n\nShort.\n")
    came = run("add", tmp_path / "*.md", tmp_path / "none.pdf")
    (table,) = came.blocks
    assert table.headings == ["book", "passages", "seconds"]
    assert [row[0] for row in table.rows] == ["ferry", "tower"]
    assert came.code == NotFound.code
    left = (
        f'skipped {book}: "road" is on the shelf with other content;'
        " --if-there update replaces it, both keeps both"
    )
    whole = (
        "added 2 books (2 passages), 1 copy of another, 1 skipped, 1 failed;"
        " 'ttrpg undo 2' takes that back"
    )
    assert app.screen.said[-4:] == [
        (f"{tmp_path}/tower2.md is the same file as {tmp_path}/tower.md", "dim"),
        (left, "warn"),
        (f"there is no file {tmp_path}/none.pdf. Look in {tmp_path}", "bad"),
        (whole, "good"),
    ]
    assert [each["file"] for each in came.data["copies"]] == [str(tmp_path / "tower2.md")]
    again = run("add", tmp_path / "ferry.md", tmp_path / "tower.md")
    assert app.screen.said == [("2 on the shelf already", "plain")]
    assert again.blocks == []
    assert "fingerprint" not in json.dumps(came.data)


def test_the_list_is_sorted_and_filtered(app, run, book, tmp_path):
    (tmp_path / "aaa.md").write_text("# Aaa\n\nLast.\n")
    run("add", tmp_path / "aaa.md", "--system", "dnd5e", "--kind", "bestiary")
    ids = [row[0] for row in run("list", "--sort", "passages").blocks[0].rows]
    assert ids == ["road", "aaa"]
    listed = run("list", "--system", "DND5E", "--kind", "bestiary")
    assert [each["id"] for each in listed.data["books"]] == ["aaa"]
    assert run("list", "--kind", "items").blocks[0].empty == "No books like that"
    assert [each["id"] for each in run("list", "aa").data["books"]] == ["aaa"]
    assert [row[0] for row in run("list", "--reverse").blocks[0].rows] == ["road", "aaa"]
    assert run("list", "--genre", "noir").blocks[0].empty == "No books like that"
    run("edit", "aaa", "--language", "de", "--author", "Ann Author")
    assert [each["id"] for each in run("list", "author", "--language", "de").data["books"]] == [
        "aaa"
    ]
    states = {each["id"]: each["state"] for each in run("list", "--state", "ready").data["books"]}
    assert states == {"aaa": "ready", "road": "ready"}
    assert run("list", "--state", "file missing").data["books"] == []
    book.unlink()
    missing = run("list", "--state", "file missing")
    assert [each["id"] for each in missing.data["books"]] == ["road"]
    states = {each["id"]: each["state"] for each in run("list").data["books"]}
    assert states["road"] == "file missing" or app.keyword_searcher().count() == 0


def test_a_file_that_was_partly_read_is_listed(app, run):
    app.library.begin("f" * 64, "pdf", 403, "2026-01-02")
    app.library.keep("f" * 64, [], 120)
    listed = run()
    assert "1 file partly read (120 of 403 pages)" in listed.blocks[1].text
    assert listed.data["partly_read"] == [{"done": 120, "pages": 403}]


def test_a_book_without_text_says_how_to_read_it_again(app, run, book):
    run("rm", "road", "--yes")
    run("prune")
    app.journal.undo()
    listed = run("list")
    assert listed.data["books"][0]["state"] == "not read"
    assert listed.blocks[1].text == f"To read it again: ttrpg library add {book}"
    assert run("add", book).code == 0
    assert app.screen.said == [('read "road" anew (2 pages, 4 passages)', "good")]
    assert run("list").data["books"][0]["state"] == "ready"


def test_show_tells_how_well_a_book_was_read_and_how_sure_its_facts_are(run, make_pdf):
    pages = [[(72, 700, "F1", 12, "A long rest gives back each spell slot and hit dice.")], []]
    run("add", make_pdf("rest.pdf", pages, title="Notes for the 5th edition"))
    pairs = dict(run("show", "notes").blocks[0].pairs)
    assert pairs["system"].startswith("dnd5e (detected, ")
    assert pairs["without text"] == "page 2 of the file"
    assert pairs["pages"].startswith("2, ")
    assert pairs["scores"].startswith("order 1.00, words 1.00, headings 0.00, pages with text 0.5")
    run("edit", "notes", "--system", "osr")
    assert dict(run("show", "notes").blocks[0].pairs)["system"] == "osr"


def test_show_goes_as_deep_as_is_asked(run, book):
    shown = run("show", "road", "--depth", "3")
    assert [each["heading"] for each in shown.data["outline"]] == [
        "The Road",
        "Inns",
        "Beds",
        "The Sea",
    ]
    assert sum(shown.data["kinds"].values()) == shown.data["book"]["chunks"]
    assert shown.data["notices"] == []
    assert shown.data["quality"]["overall"]


def test_a_page_is_read_with_the_way_on(app, run, book):
    shown = run("read", "road", "7")
    assert isinstance(shown.blocks[0], Text)
    assert "Long." in [block.text for block in shown.blocks if isinstance(block, Text)]
    (table,) = [block for block in shown.blocks if isinstance(block, Table)]
    assert (table.headings, table.rows) == (["d6", "Inn"], [["1", "Bell"]])
    assert app.screen.said == [("next: ttrpg library read road 8", "dim")]
    assert run("read", "road", "#2").data["label"] == "8"
    assert run("read", "road", "Inns").data["sections"][0]["text"] == "Warm."
    with pytest.raises(NotFound, match="has no page") as caught:
        run("read", "road", "9")
    assert "printed pages 7 to 8" in caught.value.hint


def test_tables_with_odd_rows():
    assert _table(["| a | b |", "|---|---|", "| 1 |", "| x \\| y | 2 | 3 |"]).rows == [
        ["1", ""],
        ["x | y", "2"],
    ]
    assert _table(["| a |", "| b |", "| c |"]) is None
    assert _table(["a", "-", "b"]) is None


def test_open_runs_the_viewer_of_the_setting(make_app, app, book, tmp_path):
    seen = tmp_path / "seen"
    script = f"import sys, pathlib; pathlib.Path({str(seen)!r}).write_text(repr(sys.argv[1:]))"
    other = make_app(viewer=shlex.join([sys.executable, "-c", script, "-p", "{page}"]))
    arguments = ["open", "road", "--page", "8"]
    done = CliRunner().invoke(commands.library, [*arguments, "--print-command"], obj=other)
    assert done.exit_code == 0
    (_, data, (said,)) = other.screen.shown[0]
    assert (data["command"][-3:], data["page"], data["at_page"]) == (
        ["-p", "2", str(book)],
        1,
        True,
    )
    assert said.text == shlex.join(data["command"])
    assert not seen.exists()
    assert CliRunner().invoke(commands.library, arguments, obj=other).exit_code == 0
    assert seen.read_text() == repr(["-p", "2", str(book)])
    assert other.screen.said == [("opened road.md at page 8", "good")]


def test_open_prints_the_path_where_there_is_no_desktop(app, run, book, monkeypatch):
    monkeypatch.setattr("ttrpg_ingest.shelf.viewers.command", lambda *given: None)
    opened = run("open", "road", "--page", "8")
    assert [block.text for block in opened.blocks] == [str(book)]
    assert (opened.data["command"], opened.data["file"]) == ([], str(book))
    assert app.screen.said == [
        ("there is no desktop here to open it on", "warn"),
        ("turn to page 2 of the file yourself", "warn"),
    ]
    book.unlink()
    with pytest.raises(NotFound, match="is gone"):
        run("open", "road")


def test_edit_and_what_it_says(app, run, book):
    edited = run("edit", "road", "--author", "A. One", "--author", "B. Two", "--kind", "setting")
    assert edited.data["book"]["authors"] == "A. One; B. Two"
    assert "ttrpg undo" in app.screen.said[0][0]
    run("edit", "road", "--kind", "setting")
    assert app.screen.said == [("Nothing was different", "good")]
    with pytest.raises(InputError, match="nothing to change"):
        run("edit", "road")
    with pytest.raises(NotFound):
        run("edit", "road", "--campaign", "nowhere")


def test_rm_asks_and_takes_no_for_an_answer(app, run, book):
    app.screen.ask = lambda question, default: False
    assert run("rm", "road").data["books"] == []
    assert len(app.library.books()) == 1
    assert len(run("rm", "road", "--yes").data["books"]) == 1
    assert app.library.books() == []


def test_verify_ends_with_seven_where_something_is_damaged(app, run, book):
    app.store.connection.execute("DELETE FROM chunks WHERE ordinal = 0")
    checked = run("verify")
    assert checked.code == StoreDamaged.code
    assert checked.blocks[0].rows[0][1:3] == ["damaged", "passages are missing"]


def test_export_writes_a_file_once(app, run, book, tmp_path):
    target = tmp_path / "out.md"
    assert run("export", "road", "-o", target).code == 0
    assert "<!-- page 7 -->\n\n# The Road" in target.read_text()
    with pytest.raises(InputError, match="is there already"):
        run("export", "road", "-o", target)
    with pytest.raises(InputError, match="belongs to ttrpg itself"):
        run("export", "road", "-o", app.paths.database, "--force")
    assert run("export", "road").blocks[0].text == target.read_text().rstrip("\n")


def test_a_reading_that_is_stopped_says_what_came_before(app, run, tmp_path, monkeypatch):
    came = iter([])
    monkeypatch.setattr("ttrpg_ingest.commands.adding.add_all", lambda *a: came)
    assert run("add", tmp_path / "x.md").code == 0

    def stopped(*arguments):
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr("ttrpg_ingest.commands.adding.add_all", stopped)
    assert run("add", tmp_path / "x.md").code == 1


def test_systems_are_completed(app, run, book):
    run("edit", "road", "--system", "dnd5e")
    ctx = SimpleNamespace(find_object=lambda kind: app)
    assert [item.value for item in names.complete_systems(ctx, None, "d")] == ["dnd5e"]
    assert names.complete_campaigns(ctx, None, "") == []
