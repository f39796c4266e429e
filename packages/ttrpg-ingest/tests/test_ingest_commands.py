import json
from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner

from ttrpg_core.errors import Ambiguous, NotFound, ParseError
from ttrpg_core.views import Fields, Table
from ttrpg_ingest import commands


@pytest.fixture
def run(app):
    """Run ``library`` with these arguments; errors of ours come through as in the program."""

    def call(*arguments):
        app.screen.shown.clear()
        app.screen.said.clear()
        result = CliRunner().invoke(commands.library, [str(each) for each in arguments], obj=app)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.stdout == "" or result.exit_code or "--help" in arguments
        for _, data, _ in app.screen.shown:
            json.dumps(data)
        return result.exit_code

    return call


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "road.md"
    path.write_text(
        "<!-- page 7 -->\n# The Road\n\nLong.\n\n## Inns\n\nWarm.\n\n# The Sea\n\nWet.\n"
    )
    return path


def test_an_empty_shelf_says_what_to_do(app, run):
    assert run() == 0
    ((schema, data, blocks),) = app.screen.shown
    assert (schema, data) == ("ttrpg.library.list/1", {"books": []})
    assert "ttrpg library add FILE" in blocks[0].empty


def test_add_then_list(app, run, book):
    assert run("add", book) == 0
    assert app.screen.said == [
        ("added \"road\" (1 page, 3 passages); 'ttrpg undo' takes it back", "good")
    ]
    assert run("list") == 0
    (_, data, (table,)) = app.screen.shown[0]
    assert data["books"][0]["id"] == "road"
    assert table.rows == [["road", "road", "1", "3"]]
    assert run("list", "--sort", "added") == 0
    assert app.screen.shown[0][2][0].rows == [["road", "road", "1", "3", "2026-01-02"]]
    assert run("add", book) == 0
    assert app.screen.shown[0][1]["books"][0]["new"] is False
    there = '"road" is on the shelf already (1 page, 3 passages); --if-there update reads it anew'
    assert app.screen.said == [(there, "plain")]
    assert run("add", book, "--if-there", "update") == 0
    assert app.screen.said == [
        ("read \"road\" anew (1 page, 3 passages); 'ttrpg undo' takes it back", "good")
    ]
    assert app.screen.shown[0][1]["books"][0]["again"] is True


def test_a_title_is_for_one_file(run, book, app):
    assert run("add", book, "--title", "On the Road") == 0
    assert app.library.books()[0].id == "on-the-road"
    assert run("add", book, book, "--title", "x") == 2


def test_one_bad_file_of_several_does_not_stop_the_others(app, run, book, tmp_path):
    empty = tmp_path / "empty.pdf"
    empty.touch()
    assert run("add", tmp_path / "none.md", empty, book) == NotFound.code
    bad = [text for text, role in app.screen.said if role == "bad"]
    assert len(bad) == 2
    assert "empty.pdf is empty" in bad[1]
    assert [each.id for each in app.library.books()] == ["road"]
    assert [each["file"] for each in app.screen.shown[0][1]["failed"]] == [
        str(tmp_path / "none.md"),
        str(empty),
    ]
    assert run("add", empty, book) == ParseError.code


def test_one_bad_file_alone_is_the_error(run, tmp_path):
    with pytest.raises(NotFound):
        run("add", tmp_path / "none.md")


def test_show(app, run, book):
    run("add", book)
    assert run("show", "ro") == 0
    ((schema, data, blocks),) = app.screen.shown
    assert schema == "ttrpg.library.show/1"
    assert data["outline"] == [
        {"depth": 1, "heading": "The Road", "page": "7"},
        {"depth": 2, "heading": "Inns", "page": "7"},
        {"depth": 1, "heading": "The Sea", "page": "7"},
    ]
    assert isinstance(blocks[0], Fields)
    assert isinstance(blocks[1], Table)
    assert blocks[1].rows[1] == ["  Inns", "7"]


def test_rm_and_prune_and_reindex(app, run, book):
    run("add", book)
    assert run("reindex") == 0
    assert app.screen.shown == [("ttrpg.library.reindex/1", {"passages": 3}, [])]
    assert run("rm", "ROAD", "road") == 0
    assert app.screen.said == [("removed \"road\"; 'ttrpg undo' takes it back", "good")]
    assert app.library.books() == []
    assert run("prune") == 0
    assert app.screen.shown == [("ttrpg.library.prune/1", {"forgotten": 1}, [])]


def test_names_that_fit_none_or_several(run, tmp_path):
    for name in ("road-one", "road-two"):
        (tmp_path / f"{name}.md").write_text(f"# {name}\n\nx\n")
        run("add", tmp_path / f"{name}.md")
    with pytest.raises(NotFound, match="no book 'sea'"):
        run("show", "sea")
    with pytest.raises(Ambiguous):
        run("rm", "road")


def test_completion_reads_and_never_makes_the_database(app, run, book):
    ctx = SimpleNamespace(find_object=lambda kind: app)
    assert commands.complete_books(ctx, None, "") == []
    assert not app.paths.database.exists()
    run("add", book)
    assert [item.value for item in commands.complete_books(ctx, None, "r")] == ["road"]
    assert commands.complete_books(ctx, None, "x") == []
    app.close()
    app.paths.database.write_bytes(b"no database at all")
    assert commands.complete_books(ctx, None, "") == []


def test_a_command_has_help():
    for command in [commands.library, *commands.library.commands.values()]:
        assert command.get_short_help_str(), command.name
        assert isinstance(command, click.Command)
