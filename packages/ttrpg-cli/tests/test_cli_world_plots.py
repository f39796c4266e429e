"""Plots and arcs: what threatens, how far it has come, and what waits for it."""

import re

import pytest

from ttrpg_core.table.world import plots
from ttrpg_core.testing import Runner

SECRET = "CANARY"


@pytest.fixture
def salt(ttrpg: Runner):
    """Runs a line that must end with 0; a campaign is there."""

    def do(*words, **how):
        result = ttrpg(*words, **how)
        assert result.code == 0, result
        return result

    do("campaign", "create", "Salt Road")
    return do


def undo_all(salt):
    count = len(salt("history", "-n", "500", "--json").json()["entries"]) - 1
    salt("undo", str(count))


def test_a_plot_from_a_hook_to_its_end(salt, ttrpg):
    made = salt("plot", "add", "Gate", "--kind", "hook", "--priority", "main")
    assert "Status    pending" in made.out
    salt("plot", "add", "Siege", "--after", "gate", "--urgency", "pressing")
    refused = ttrpg("plot", "start", "siege")
    assert refused.code == 2
    assert refused.err == (
        "Error: 'Siege' waits for 'Gate' (pending)\n--anyway starts it all the same\n"
    )
    assert "so not yet completed" in ttrpg("plot", "complete", "gate").err
    started = salt("plot", "start", "gate")
    assert started.err == "'Gate' is active. 'ttrpg undo' takes it back\n"
    assert "Is waited for by: Siege (pending)" in started.out
    done = salt("plot", "complete", "gate")
    assert "'Siege' waits for nothing more: ttrpg plot start siege" in done.err
    assert re.search(r"Resolved at +\d{4}-\d\d-\d\d \d\d:\d\d\n", done.out)
    again = ttrpg("plot", "fail", "gate")
    assert again.code == 2
    assert "Possible: ttrpg plot start gate" in again.err
    salt("undo")
    assert salt("plot", "show", "gate", "--json").json()["plot"]["status"] == "active"


def test_a_plot_may_start_anyway(salt):
    salt("plot", "add", "Gate")
    salt("plot", "add", "Siege", "--after", "gate")
    started = salt("plot", "start", "siege", "--anyway")
    assert "It did not wait for: Gate" in started.err


@pytest.mark.parametrize("segments", [4, 6, 8, 5])
def test_a_clock_ticks_and_says_when_it_is_full(salt, ttrpg, segments):
    salt("plot", "add", "Gate")
    salt("plot", "clock", "add", "gate", "The tide comes in", "--segments", str(segments))
    ticked = salt("plot", "tick", "gate")
    assert f"'The tide comes in' is at 1 of {segments}." in ticked.err
    assert re.search(rf"The tide comes in .* 1/{segments}\n", ticked.out)
    full = salt("plot", "clock", "tick", "gate", "tide", "--by", "20")
    assert "The clock is full: The tide comes in" in full.err
    assert f"{segments}/{segments} full" in full.out
    assert "is full already" in ttrpg("plot", "tick", "gate").err
    assert "is at" in salt("plot", "tick", "gate", "--by", "-1").err
    salt("plot", "clock", "rm", "gate", "1")
    assert "there is no clock here" in ttrpg("plot", "tick", "gate").err


def test_objectives_are_ticked_off(salt, ttrpg):
    salt("plot", "add", "Gate", "--audience", "party")
    salt("plot", "objective", "add", "gate", "Find the key")
    salt("plot", "objective", "add", "gate", f"{SECRET} turn it", "--audience", "party")
    done = salt("plot", "objective", "done", "gate", "key")
    assert "1. [x] Find the key" in done.out
    assert "Find the key" not in salt("plot", "show", "gate", "--as", "party").out
    salt("plot", "objective", "reveal", "gate", "1")
    assert "[x] Find the key" in salt("plot", "show", "gate", "--as", "party").out
    salt("plot", "objective", "hide", "gate", "2")
    assert SECRET not in salt("plot", "show", "gate", "--as", "party").out
    salt("plot", "objective", "open", "gate", "1")
    last = salt("history", "-n", "1", "--json").json()["entries"][0]["id"]
    for line in (("open", "gate", "1"), ("reveal", "gate", "1"), ("hide", "gate", "2")):
        assert salt("plot", "objective", *line).err == "Nothing was different\n"
    assert salt("history", "-n", "1", "--json").json()["entries"][0]["id"] == last
    assert ttrpg("plot", "objective", "done", "gate", "7").code == 3


def test_the_board_has_every_status_beside_the_others_at_80_columns(salt):
    for name, verbs in (
        ("Tide", ()),
        ("Cult", ("start",)),
        ("Rest", ("start", "pause")),
        ("Gate", ("start", "complete")),
        ("Spy", ("fail",)),
    ):
        salt("plot", "add", name, "--kind", "confrontation", "--priority", "critical")
        for verb in verbs:
            salt("plot", verb, name)
    salt("plot", "clock", "add", "cult", "Doom")
    board = salt("plot", "board", env={"COLUMNS": "80"}).out.splitlines()
    assert [cell.strip() for cell in board[0].split("\N{BOX DRAWINGS LIGHT VERTICAL}")] == [
        f"{each.capitalize()} (1)" for each in plots.STATUSES
    ]
    assert [cell.strip() for cell in board[2].split("\N{BOX DRAWINGS LIGHT VERTICAL}")] == [
        "Tide", "Cult", "Rest", "Gate", "Spy"
    ]  # fmt: skip
    assert any("Doom 0/6" in line for line in board)
    assert board[-1] == "Tension of what is active: +3"
    assert max(map(len, board)) <= 80
    narrow = salt("plot", "board", env={"COLUMNS": "40"}).out.splitlines()
    assert max(map(len, narrow)) <= 40
    assert sum(line.startswith(("Pending", "Paused", "Completed", "Failed")) for line in narrow) > 1
    told = salt("plot", "board", "--json").json()
    assert {name: each["total"] for name, each in told["columns"].items()} == dict.fromkeys(
        plots.STATUSES, 1
    )
    assert told["tension"] == 3


def test_a_board_of_many_counts_those_that_are_left_out(salt):
    for number in range(15):
        salt("plot", "add", f"Plot {number}")
    out = salt("plot", "board").out
    assert "Pending (15)" in out
    assert "... 3 more" in out
    assert "... " not in salt("plot", "board", "--limit", "15").out
    some = salt("plot", "board", "--limit", "2", "--json").json()["columns"]["pending"]
    assert (some["total"], len(some["plots"])) == (15, 2)
    assert len(salt("plot", "list", "--limit", "4", "--json").json()["plots"]) == 4


def test_words_that_an_import_brought_end_no_board(salt, app):
    salt("plot", "add", "Gate")
    connection = app.store.connection
    connection.execute(
        "UPDATE entities SET state = json_set(state, '$.status', 'odd', '$.priority', 'odd',"
        " '$.urgency', 'odd', '$.clocks', json('[{\"name\": \"Doom\", \"segments\": 0}]'))"
    )
    connection.commit()
    app.close()
    salt("plot", "board")
    assert "Gate" in salt("plot", "list").out
    assert "odd" in salt("plot", "show", "gate").out


def test_a_board_of_an_arc_or_of_a_tag(salt):
    for name, tag in (("A", "x"), ("B", "y"), ("C", "x")):
        salt("plot", "add", name, "--tag", tag, "--tension", "2")
        salt("plot", "start", name)
    salt("arc", "add", "War", "--plot", "a", "--plot", "b")

    def on(*words):
        told = salt("plot", "board", "--json", *words).json()
        return [each["name"] for each in told["columns"]["active"]["plots"]], told["tension"]

    assert on("--arc", "war") == (["A", "B"], 4)
    assert on("--tag", "x")[0] == ["A", "C"]
    assert on() == (["A", "B", "C"], 6)


def test_no_plot_yet(salt):
    assert salt("plot", "board").out == "No plot yet: ttrpg plot add NAME\n"


def test_the_list_has_what_is_active_first_and_filters(salt):
    for name, priority in (("A", "side"), ("B", "critical"), ("C", "side")):
        salt("plot", "add", name, "--priority", priority)
    salt("plot", "start", "c")
    names = [each["name"] for each in salt("plot", "list", "--json").json()["plots"]]
    assert names == ["C", "B", "A"]
    active = salt("plot", "list", "--status", "active", "--json").json()["plots"]
    assert [each["name"] for each in active] == ["C"]
    assert salt("plot", "list", "--priority", "critical", "--json").json()["total"] == 1


def test_an_arc_shows_how_far_it_is(salt, ttrpg):
    for name in ("Gate", "Siege", "Crown"):
        salt("plot", "add", name)
    salt("arc", "add", "War", "--plot", "gate", "--plot", "siege", "--kind", "linear")
    salt("arc", "phase", "add", "war", "The end", "--plot", "crown", "--plot", "siege")
    salt("arc", "milestone", "add", "war", "The gate is open")
    salt("arc", "milestone", "add", "war", "A duel", "--need", "optional")
    salt("plot", "start", "gate")
    salt("plot", "complete", "gate")
    salt("arc", "milestone", "set", "war", "gate", "achieved")
    salt("arc", "start", "war")
    shown = salt("arc", "phase", "set", "war", "1", "active")
    assert re.search("Plots completed .*1 of 3\n", shown.out)
    assert re.search("Milestones reached .*1 of 1\n", shown.out)
    assert re.search("2 +Siege +pending +The end\n", shown.out)
    assert "1. The end (active)" in shown.out
    told = salt("arc", "order", "war", "crown", "gate", "--json").json()
    assert told["arc"]["plots"] == ["plot/crown", "plot/siege", "plot/gate"]
    assert told["progress"] == {"plots": [1, 3], "milestones": [1, 1]}
    assert ttrpg("arc", "order", "war", "crown", "crown").code == 2
    salt("arc", "complete", "war")
    assert "that is its end" in ttrpg("arc", "start", "war").err
    undo_all(salt)
    assert salt("arc", "--json").json()["total"] == 0
