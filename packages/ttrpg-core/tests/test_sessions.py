"""Sessions: the steps they may take, how long they were played, and what the journal keeps."""

import contextlib
import json
import sqlite3
from collections import Counter
from datetime import UTC, datetime, timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttrpg_core import records
from ttrpg_core.errors import InputError, NotFound
from ttrpg_core.sessions import CURRENT, Sessions
from ttrpg_core.sessions.happened import happened
from ttrpg_core.sessions.preparing import prepared
from ttrpg_core.table import campaigns
from ttrpg_core.table.world import sessions
from ttrpg_core.table.world.people import Character
from ttrpg_core.table.world.plots import Plot
from ttrpg_core.table.world.sessions import MOVES, ORDER, RUNNING, Session, moved, played
from ttrpg_core.world import World, orders
from ttrpg_core.world.reading import Reader

START = datetime(2026, 1, 2, 19, tzinfo=UTC)


def at(minutes):
    return (START + timedelta(minutes=minutes)).isoformat()


def session(**values):
    return Session(id="session-1", name="Session 1", number=1, **values)


@pytest.fixture
def world(salt_road):
    return salt_road


@pytest.fixture
def kept(world):
    return Sessions(world)


def test_a_sheet_names_every_plot_that_goes_on_and_few_that_wait(kept, world):
    for number in range(30):
        world.add(Plot, {"name": f"Waits {number:02}"})
    before = next(part for part in prepared(kept, None) if part.title == "Open plots")
    for number in range(25):
        world.add(Plot, {"name": f"Goes on {number:02}", "status": "active"})
    after = next(part for part in prepared(kept, None) if part.title == "Open plots")
    assert (len(before.lines), len(after.lines)) == (20, 25)
    assert all("Goes on" in line for line in after.lines)
    assert (before.left_out, after.left_out) == (10, 30)


def chosen(world):
    found = world.connection.execute("SELECT value FROM chosen WHERE key = ?", [CURRENT]).fetchone()
    return found and found["value"]


@pytest.mark.parametrize(
    ("status", "to", "why"),
    [
        ("planned", "paused", "cannot pause: it is planned"),
        ("planned", "ended", "cannot end"),
        ("active", "active", "cannot start: it is active"),
        ("paused", "paused", "cannot pause: it is paused"),
        ("ended", "active", "cannot start: it is ended"),
        ("ended", "paused", "cannot pause"),
        ("ended", "ended", "cannot end"),
    ],
)
def test_steps_that_cannot_be(status, to, why):
    with pytest.raises(InputError, match=why) as error:
        moved(session(status=status), to, at(0))
    assert "ttrpg " in error.value.hint


def test_pauses_do_not_count():
    one = moved(session(), "active", at(0))
    one = moved(one, "paused", at(60))
    assert played(one, at(90)) == timedelta(minutes=60)
    one = moved(one, "active", at(80))
    assert played(one, at(90)) == timedelta(minutes=70)
    one = moved(one, "paused", at(100))
    one = moved(one, "ended", at(130))
    assert [(each.since, each.until) for each in one.pauses] == [
        (at(60), at(80)),
        (at(100), at(130)),
    ]
    assert played(one, at(9999)) == timedelta(minutes=80)
    assert (one.started_at, one.ended_at) == (at(0), at(130))


@given(st.lists(st.tuples(st.sampled_from(sessions.ORDER), st.integers(-50, 200)), max_size=20))
def test_whatever_is_done_the_time_is_sound(steps):
    """Also when the clock goes back: no negative time, no more than from its start to its end."""
    one, latest = session(), 0
    for to, minute in steps:
        latest = max(latest, abs(minute))
        if to in MOVES[one.status]:
            one = moved(one, to, at(minute))
        else:
            with pytest.raises(InputError):
                moved(one, to, at(minute))
    assert timedelta() <= played(one, at(200)) <= timedelta(minutes=250)
    assert sum(not each.until for each in one.pauses) == (one.status == "paused")


def test_a_list_has_what_runs_first():
    made = [
        attrs.evolve(session(status=status), number=number, id=str(number))
        for number, status in enumerate(["ended", "ended", "planned", "active", "planned"])
    ]
    assert [each.number for each in sessions.ordered(made)] == [3, 2, 4, 1, 0]


def test_an_evening(kept, world, stopped, journal):
    zero = kept.plan("", {}, 0)
    assert (zero.number, zero.name, zero.ref) == (0, "Session 0", "session/0")
    planned = kept.plan("The Ferry", {"prep": "Boats"})
    assert planned.number == 1
    assert kept.start("0").number == 0
    assert chosen(world) == "0"
    with pytest.raises(InputError, match="session 0 is active"):
        kept.start(None)
    stopped.move(minutes=30)
    assert kept.end({"summary": "We met."}).summary == "We met."
    assert chosen(world) is None
    assert kept.start(None) == kept.running()
    assert kept.running().id == planned.id
    kept.pause()
    with pytest.raises(InputError, match="is paused"):
        kept.pause()
    kept.resume()
    with pytest.raises(InputError, match="not paused"):
        kept.resume()
    kept.end({})
    assert kept.running() is None
    assert [each.number for each in kept.ended()] == [1, 0]
    fresh = kept.start(None)
    assert (fresh.number, fresh.name) == (2, "Session 2"), "without a plan a new one begins"
    journal.undo()
    assert [each.number for each in kept.all()] == [1, 0], "one undo takes it back"
    assert chosen(world) is None
    journal.undo()
    assert chosen(world) == planned.id


def test_no_session_runs(kept):
    for step in (kept.pause, kept.resume, lambda: kept.end({}), lambda: kept.find(None)):
        with pytest.raises(NotFound, match="session"):
            step()


def test_numbers(kept):
    kept.plan("The Ferry", {}, 7)
    with pytest.raises(InputError, match="there is a session 7 already"):
        kept.plan("", {}, 7)
    with pytest.raises(InputError, match="number -1"):
        kept.plan("", {}, -1)
    assert kept.plan("", {}).number == 8
    for wanted in ("7", "#7", "ferry", "The Ferry", "session/7"):
        assert kept.find(wanted).number == 7
    for wanted in ("9", "9" * 500, "nope"):
        with pytest.raises(NotFound):
            kept.find(wanted)
    assert kept.find(None).number == 7, "the next that is planned"


def test_who_was_there(kept, world, journal):
    mara = world.add(Character, {"name": "Mara"})
    planned = kept.plan("", {})
    there = kept.attend(planned, ["mara", "Ana"], [])
    assert (there.present, there.players) == ((mara.ref,), ("Ana",))
    before = journal.history(1)
    assert kept.attend(there, ["Mara"], []) == there
    assert journal.history(1) == before, "nothing was different"
    less = kept.attend(there, [], ["Mara", "Ana"])
    assert (less.present, less.players) == ((), ())
    with pytest.raises(InputError, match="not among"):
        kept.attend(less, [], ["Ana"])


def test_snapshots_stand_before_and_after(world):
    taken = []
    kept = Sessions(world, lambda campaign, why: taken.append((campaign, why)))
    kept.start(None)
    with pytest.raises(InputError):
        kept.start(None)
    kept.end({})
    assert taken == [("salt-road", "before session 1"), ("salt-road", "after session 1")]


def test_a_session_runs_in_one_campaign_only(kept, world, journal):
    made = campaigns.create("Other", {}, (), "2026")
    with journal.change("campaign.create") as change:
        change.insert("campaigns", records.row(made))
    assert world.running() == ""
    kept.start(None)
    assert world.running() == "session/1"
    other = Sessions(World(journal, made.id))
    assert other.running() is None
    other.plan("The other", {}, 2)
    other.start(None)
    assert chosen(world) == "2"
    assert (world.running(), other.world.running()) == ("session/1", "session/2")
    kept.end({})
    assert world.running() == ""
    assert chosen(world) == "2", "it is not this one's to end"
    other.pause()
    assert other.world.running() == "session/2"


@pytest.mark.parametrize(
    ("minutes", "said"), [(0, "0 min"), (59.4, "59 min"), (59.9, "1 h 00 min"), (185, "3 h 05 min")]
)
def test_lengths_in_words(minutes, said):
    assert sessions.spoken(timedelta(minutes=minutes)) == said


STATES = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(ORDER),
        "number": st.integers(0, 12),
        "prep": st.sampled_from(['"status":"active"', "boats"]),
        "other": st.just({"status": "active", "number": 99}),
    },
)


@given(st.lists(STATES, max_size=6))
def test_sessions_are_found_where_they_lie(states):
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute(
            "CREATE TABLE entities (campaign, kind, id, name, audience, state, created_at,"
            " updated_at)"
        )
        for number, state in enumerate(states):
            row = ["salt", "session", str(number), f"S{number}", "gm", json.dumps(state), "", ""]
            connection.execute("INSERT INTO entities VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        reader = Reader(connection, "salt")
        every = sessions.ordered([*reader.all("session")])
        assert [*orders.sessions(reader)] == every
        assert orders.numbers(reader) == {each.number for each in every}
        for among in (RUNNING, ("planned",), ("ended",), (*RUNNING, "planned")):
            some = [each for each in every if each.status in among]
            assert [*orders.sessions(reader, among)] == some
            assert [*orders.sessions(reader, among, 1)] == some[:1]


def test_the_running_one_is_found_after_an_undo(world, kept):
    kept.start(None)
    kept.end({})
    kept.plan("", {})
    assert (kept.running(), kept.coming().number, kept.find(None).number) == (None, 2, 1)
    kept.start(None)
    assert kept.running().number == kept.coming().number == kept.find(None).number == 2
    world.journal.undo()
    assert (kept.running(), kept.coming().number, kept.find(None).number) == (None, 2, 1)
    world.journal.undo(2)
    assert kept.running().number == 1
    assert [*kept.ended()] == []
    world.journal.redo()
    assert [each.number for each in kept.ended()] == [1]


def test_a_session_is_read_without_the_rest_of_the_journal(world, kept):
    kept.start(None)
    world.add(Character, {"name": "Mara"})
    kept.end({})
    connection, steps = world.connection, Counter()

    def read(named):
        connection.set_progress_handler(lambda: steps.update([named]), 10)
        found = happened(world, kept.find("1"))
        connection.set_progress_handler(None, 0)
        return [each.kind for each in found.records]

    before = read("alone")
    assert before == ["session.start", "character.add", "session.end"]
    connection.executemany(
        "INSERT INTO journal (at, actor, kind, campaign, prose, facts)"
        " VALUES ('2026', 'gm', ?, ?, '', '{}')",
        [(kind, world.campaign) for kind in ("session.end", "npc.edit") for _ in range(2_000)],
    )
    assert read("among many") == before
    assert steps["among many"] <= steps["alone"] * 1.5
