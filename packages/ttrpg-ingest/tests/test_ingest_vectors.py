"""When vectors are made: at once, in the background, or not; which ones, the finder says."""

import os
import sys
from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner

from ttrpg_core import Searcher, hookimpl
from ttrpg_core.errors import Busy, NotFound
from ttrpg_core.search import Filled, Findings
from ttrpg_ingest import background, commands
from ttrpg_ingest.shelf import vectors


class FinderPlugin:
    @hookimpl
    def ttrpg_searchers(self):
        yield Searcher("filler", "Says what it is told", "ttrpg_ingest_test_filler:Finds", "finder")


class Telling:
    """A finder whose steps, or whose errors, a test tells."""

    answers = ()

    def __init__(self, context):
        self.closed = False

    def find(self, question):
        return Findings((), answered=False, total=0)

    def fill(self):
        for each in list(Telling.answers):
            if isinstance(each, BaseException):
                raise each
            Telling.seen.append(each.done)
            yield each

    def close(self):
        self.closed = True


@pytest.fixture
def filler(make_app, monkeypatch):
    """An app with that finder, which starts nothing; ``filler.started`` says how often it would."""
    module = SimpleNamespace(Finds=Telling)
    monkeypatch.setitem(sys.modules, "ttrpg_ingest_test_filler", module)
    Telling.answers, Telling.seen = (), []
    app = make_app(plugins=[FinderPlugin()])
    told = SimpleNamespace(app=app, started=0, finder=Telling, seen=Telling.seen)

    def start(given):
        told.started += 1
        return True

    monkeypatch.setattr(vectors, "start", start)
    return told


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "road.md"
    path.write_text("# The Road\n\nLong.\n")
    return path


def run(app, *arguments):
    app.screen.said.clear()
    app.screen.shown.clear()
    done = CliRunner().invoke(commands.library, [str(each) for each in arguments], obj=app)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code


def steps(*done, total=100, rest=""):
    return [Filled(each, total, "model/1", rest if each == total else "") for each in done]


def test_what_is_quick_is_made_at_once(filler, book):
    filler.finder.answers = steps(0, 50, 100)
    assert run(filler.app, "add", book) == 0
    assert filler.seen == [0, 50, 100]
    assert filler.started == 0
    assert len(filler.app.screen.said) == 1, "nothing needs to be said of it"
    assert filler.app.screen.bars[-1].title != "Making vectors", "nor shown"


def test_what_was_cut_anew_gets_vectors_too(filler, book):
    assert run(filler.app, "add", book) == 0
    filler.finder.answers = steps(0, 100)
    assert run(filler.app, "reindex") == 0
    assert filler.seen == []
    assert run(filler.app, "reindex", "--cut") == 0
    assert filler.seen == [0, 100]


def test_what_takes_long_goes_on_in_the_background(filler, book, monkeypatch):
    monkeypatch.setattr(vectors, "PATIENCE", 0.0)
    monkeypatch.setattr(vectors, "JUDGED", 0.0)
    filler.finder.answers = steps(0, 4, 8, 100)
    assert run(filler.app, "add", book) == 0
    assert filler.seen == [0, 4], "it stops as soon as it knows"
    assert filler.started == 1
    said, _ = filler.app.screen.said[-1]
    assert said.startswith("96 passages have no vectors yet")
    assert "background" in said
    assert "ttrpg library index" in said


def test_a_graph_is_left_to_the_background(filler, book):
    filler.finder.answers = [*steps(100, rest="a graph"), *steps(100)]
    assert run(filler.app, "add", book) == 0
    assert filler.started == 1
    assert "a graph" in filler.app.screen.said[-1][0]
    filler.finder.answers = [*steps(100, rest="a graph"), *steps(100)]
    assert run(filler.app, "index") == 0
    assert filler.app.screen.shown[-1][1]["complete"] is True


def test_a_setting_switches_the_background_off(make_app, filler, book, monkeypatch):
    monkeypatch.setattr(vectors, "PATIENCE", 0.0)
    monkeypatch.setattr(vectors, "JUDGED", 0.0)
    filler.app.flags["search.background"] = False
    filler.finder.answers = steps(0, 4, 100)
    assert run(filler.app, "add", book) == 0
    assert filler.started == 0
    assert filler.app.screen.said[-1] == (
        "96 passages have no vectors yet: ttrpg library index",
        "warn",
    )


@pytest.mark.parametrize(
    "error", [NotFound("the extra is missing", "pip install it"), Busy("another is at it")]
)
def test_what_goes_wrong_costs_vectors_and_not_the_book(filler, book, error):
    filler.finder.answers = [error]
    assert run(filler.app, "add", book) == 0
    assert [each.title for each in filler.app.library.books()] == ["The Road"]
    said = filler.app.screen.said[-1][0]
    assert ("pip install it" in said) == isinstance(error, NotFound)
    assert filler.started == 0


def test_ctrl_c_while_vectors_are_made_says_that_the_books_are_there(filler, book):
    filler.finder.answers = [*steps(0, 4), KeyboardInterrupt()]
    with pytest.raises(click.Abort):
        commands.library.main(["add", str(book)], obj=filler.app, standalone_mode=False)
    assert [each.title for each in filler.app.library.books()] == ["The Road"]
    assert "ttrpg library index" in filler.app.screen.said[-1][0]


def test_index_makes_all_however_long(filler, monkeypatch):
    monkeypatch.setattr(vectors, "PATIENCE", 0.0)
    monkeypatch.setattr(vectors, "JUDGED", 0.0)
    monkeypatch.setattr(vectors, "MOMENT", 0.0)
    filler.finder.answers = steps(10, 50, 100)
    assert run(filler.app, "index") == 0
    ((schema, data, _),) = filler.app.screen.shown
    assert schema == "ttrpg.library.index/1"
    assert data["made"] == 90
    assert data["complete"] is True
    assert data["embedder"] == "model/1"
    assert filler.app.screen.bars[-1].steps[:2] == [10, 10]


def test_index_shows_what_another_does_and_then_takes_over(filler, monkeypatch):
    monkeypatch.setattr(vectors, "WATCHED", 0.001)
    looks = iter([Busy("x"), Busy("x")])

    def fill(self):
        for each in looks:
            raise each
        yield from steps(40, 100)

    monkeypatch.setattr(Telling, "fill", fill)
    assert run(filler.app, "index") == 0
    assert filler.app.screen.bars[0].title == "Another process makes the vectors"
    assert filler.app.screen.shown[-1][1]["made"] == 60


def test_index_where_no_vectors_are_wanted(filler, make_app):
    assert run(filler.app, "index") == 0
    assert filler.app.screen.shown[-1][1]["vectors"] == 0
    alone = make_app()
    assert run(alone, "index") == 0
    assert alone.screen.said[-1][1] == "warn"


def test_index_in_the_background(filler):
    assert run(filler.app, "index", "--background") == 0
    assert filler.started == 1
    assert filler.app.screen.shown[-1][1] == {"started": True}


def test_the_background_shares_the_choices_of_its_parent(make_app, monkeypatch, tmp_path):
    monkeypatch.setenv("TTRPG_PDF_PASSWORD", "canary")
    monkeypatch.setenv("PYTHONPATH", "modules")
    monkeypatch.chdir(tmp_path)
    app = make_app()
    app.flags |= {"search.embedder": "moon", "general.offline": True}
    seen = {}

    def popen(command, **how):
        seen.update(how, command=command)
        how["stdout"].write(b"said")
        return SimpleNamespace()

    monkeypatch.setattr(vectors.subprocess, "Popen", popen)
    assert vectors.start(app)
    command = [sys.executable, "-P", "-m", "ttrpg_ingest.background", str(tmp_path)]
    assert seen["command"] == command, "-P: nothing is imported from the working folder"
    assert seen["env"]["PYTHONPATH"] == str(tmp_path / "modules")
    assert "canary" not in seen["env"].values()
    assert seen["env"]["TTRPG_SEARCH_EMBEDDER"] == "moon"
    assert seen["env"]["TTRPG_GENERAL_OFFLINE"] == "true"
    assert seen["env"]["TTRPG_HOME"] == app.environ["TTRPG_HOME"]
    assert (app.paths.state_dir / "vectors.log").read_bytes() == b"said"
    if os.name == "posix":
        assert seen["start_new_session"] is True


def test_the_background_ends_with_the_code_of_its_error(ttrpg_home, monkeypatch, capsys):
    monkeypatch.setattr(background.os, "nice", lambda more: more, raising=False)

    class Fails(background.App):
        def finder(self):
            raise NotFound("the model is not here", "fetch it")

    monkeypatch.setattr(background, "App", Fails)
    assert background.main([]) == NotFound.code
    assert capsys.readouterr().err == "the model is not here\nfetch it\n"
