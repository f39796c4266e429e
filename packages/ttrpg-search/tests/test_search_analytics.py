"""What was asked and opened: kept, counted, pruned, forgotten, and never in the way."""

import sqlite3
from datetime import timedelta

import attrs
import pytest

from ttrpg_core.settings_tables import SearchSettings
from ttrpg_search.analytics import Analytics, Asked, plain_words


@pytest.fixture
def kept(shelve, app):
    shelve("Lamplit Road")
    return Analytics(app.store, app.clock, SearchSettings())


def test_figures(kept):
    for ms, question in enumerate(["Falling?", "falling", "grapple a foe", "xylophone"], 1):
        kept.record(Asked(question, results=2 * (ms < 4), answered=ms < 4, ms=ms))
    stats = kept.stats()
    assert (stats.questions, stats.distinct, stats.unanswered, stats.empty) == (4, 3, 1, 1)
    assert (stats.median_ms, stats.p95_ms) == (2, 4)
    assert (stats.often[0].question, stats.often[0].times) == ("falling", 2)
    assert [gap.question for gap in kept.gaps()] == ["xylophone"]
    assert list(stats.days.values()) == [4]


def test_a_gap_that_was_filled_is_none(kept):
    kept.record(Asked("grapple", answered=False))
    kept.record(Asked("xylophone", answered=False))
    kept.record(Asked("Grapple!", results=3, answered=True))
    assert [gap.question for gap in kept.gaps()] == ["xylophone"]


def test_what_was_opened(kept):
    asked = kept.record(Asked("falling", shown=(7, 8)))
    kept.opened(asked, 8, 2)
    assert kept.stats().opened == {2: 1}
    assert kept.last().shown == (7, 8)


def test_the_last_days_alone(kept, clock):
    kept.record(Asked("old"))
    clock.now += timedelta(days=3)
    kept.record(Asked("new"))
    assert kept.stats(days=1).questions == 1
    assert kept.stats().questions == 2


def test_old_rows_go(shelve, app, clock):
    shelve("Lamplit Road")
    kept = Analytics(app.store, app.clock, SearchSettings(keep_days=2))
    asked = kept.record(Asked("old"))
    kept.opened(asked, 1, 1)
    clock.now += timedelta(days=3)
    kept.record(Asked("new"))
    assert kept.stats().questions == 1
    rows = app.store.connection.execute("SELECT COUNT(*) FROM search_opened").fetchone()
    assert rows[0] == 0


def test_switched_off(shelve, app):
    shelve("Lamplit Road")
    kept = Analytics(app.store, app.clock, SearchSettings(history=False))
    assert kept.record(Asked("falling")) is None
    kept.opened(1, 1, 1)
    assert kept.stats().questions == 0


def test_a_locked_database_costs_a_row_and_no_answer(kept, app):
    other = sqlite3.connect(app.paths.database)
    try:
        other.execute("BEGIN IMMEDIATE")
        assert kept.record(Asked("falling")) is None
    finally:
        other.rollback()
        other.close()
    assert kept.record(Asked("falling")) is not None


def test_forgetting(kept, clock):
    kept.record(Asked("old"))
    clock.now += timedelta(days=3)
    day = clock()
    kept.record(Asked("new"))
    assert kept.forget(day) == 1
    assert kept.last().question == "new"
    assert kept.forget() == 1
    assert kept.last() is None


def test_words_as_they_are_counted():
    assert plain_words("  What is a 'Fall'? ") == "what is a fall"


def test_kept_as_it_was_asked(kept):
    asked = Asked(
        "q", "ask", {"books": ["a"], "count": 3, "players": True}, 1, True, 2.5, ("words",), (1,)
    )
    kept.record(asked)
    assert attrs.evolve(kept.last(), id=0, at="") == asked


def test_the_commands(shelf):
    shelf("search", "falling harm")
    shelf("search", "falling harm")
    shelf("search", "xylophone")
    out = shelf("search", "stats").out
    assert "3, 2 different" in out
    assert "1 (33%)" in out
    assert "Asked most" in out
    gaps = shelf("search", "gaps").out
    assert "xylophone" in gaps
    assert "falling" not in gaps
    assert shelf("search", "gaps", "--json").json()["gaps"][0]["times"] == 1
    plain = shelf("search", "stats", "--plain").out
    assert "falling harm: 2" in plain


def test_forget_says_what(shelf):
    shelf("search", "falling harm")
    assert shelf("search", "forget").code == 2
    assert shelf("search", "forget", "--all", "--before", "2026-01-01").code == 2
    assert shelf("search", "forget", "--before", "tomorrow").code == 2
    assert shelf("search", "forget", "--before", "1900-01-01", "--json").json()["forgotten"] == 0
    assert "Forgot 1 question" in shelf("search", "forget", "--all").err
    assert shelf("search", "stats").out == "No question is kept.\n"


def test_off_by_a_setting(shelf):
    off = {"TTRPG_SEARCH_HISTORY": "false"}
    shelf("search", "falling harm", env=off)
    result = shelf("search", "stats", env=off)
    assert result.out == "No question is kept.\n"
    assert "search.history is off" in result.err
