"""Plots and arcs: what threatens, how far it has come, and what waits for it."""

import re

import pytest

from ttrpg_core.table.world import plots

SECRET = "CANARY"


def undo_all(run):
    count = len(run("history", "-n", "500", "--json").json()["entries"]) - 1
    run("undo", str(count))


def test_a_plot_from_a_hook_to_its_end(run, ttrpg):
    made = run("plot", "add", "Gate", "--kind", "hook", "--priority", "main")
    assert "Status    pending" in made.out
    run("plot", "add", "Siege", "--after", "gate", "--urgency", "pressing")
    refused = ttrpg("plot", "start", "siege")
    assert refused.code == 2
    assert refused.err == (
        "Error: 'Siege' waits for 'Gate' (pending)\n--anyway starts it all the same\n"
    )
    assert "so not yet completed" in ttrpg("plot", "complete", "gate").err
    started = run("plot", "start", "gate")
    assert started.err == "'Gate' is active. 'ttrpg undo' takes it back\n"
    assert "Is waited for by: Siege (pending)" in started.out
    done = run("plot", "complete", "gate")
    assert "'Siege' waits for nothing more: ttrpg plot start siege" in done.err
    assert re.search(r"Resolved at +\d{4}-\d\d-\d\d \d\d:\d\d\n", done.out)
    again = ttrpg("plot", "fail", "gate")
    assert again.code == 2
    assert "Possible: ttrpg plot start gate" in again.err
    run("undo")
    assert run("plot", "show", "gate", "--json").json()["plot"]["status"] == "active"


def test_a_plot_may_start_anyway(run):
    run("plot", "add", "Gate")
    run("plot", "add", "Siege", "--after", "gate")
    started = run("plot", "start", "siege", "--anyway")
    assert "It did not wait for: Gate" in started.err


@pytest.mark.parametrize("segments", [4, 6, 8, 5])
def test_a_clock_ticks_and_says_when_it_is_full(run, ttrpg, segments):
    run("plot", "add", "Gate")
    run("plot", "clock", "add", "gate", "The tide comes in", "--segments", str(segments))
    ticked = run("plot", "tick", "gate")
    assert f"'The tide comes in' is at 1 of {segments}." in ticked.err
    assert re.search(rf"The tide comes in .* 1/{segments}\n", ticked.out)
    full = run("plot", "clock", "tick", "gate", "tide", "--by", "20")
    assert "The clock is full: The tide comes in" in full.err
    assert f"{segments}/{segments} full" in full.out
    assert "is full already" in ttrpg("plot", "tick", "gate").err
    assert "is at" in run("plot", "tick", "gate", "--by", "-1").err
    run("plot", "clock", "rm", "gate", "1")
    assert "there is no clock here" in ttrpg("plot", "tick", "gate").err


def test_objectives_are_ticked_off(run, ttrpg):
    run("plot", "add", "Gate", "--audience", "party")
    run("plot", "objective", "add", "gate", "Find the key")
    run("plot", "objective", "add", "gate", f"{SECRET} turn it", "--audience", "party")
    done = run("plot", "objective", "done", "gate", "key")
    assert "1. [x] Find the key" in done.out
    assert "Find the key" not in run("plot", "show", "gate", "--as", "party").out
    run("plot", "objective", "reveal", "gate", "1")
    assert "[x] Find the key" in run("plot", "show", "gate", "--as", "party").out
    run("plot", "objective", "hide", "gate", "2")
    assert SECRET not in run("plot", "show", "gate", "--as", "party").out
    run("plot", "objective", "open", "gate", "1")
    last = run("history", "-n", "1", "--json").json()["entries"][0]["id"]
    for line in (("open", "gate", "1"), ("reveal", "gate", "1"), ("hide", "gate", "2")):
        assert run("plot", "objective", *line).err == "Nothing was different\n"
    assert run("history", "-n", "1", "--json").json()["entries"][0]["id"] == last
    assert ttrpg("plot", "objective", "done", "gate", "7").code == 3


def test_the_board_has_every_status_beside_the_others_at_80_columns(run):
    for name, verbs in (
        ("Tide", ()),
        ("Cult", ("start",)),
        ("Rest", ("start", "pause")),
        ("Gate", ("start", "complete")),
        ("Spy", ("fail",)),
    ):
        run("plot", "add", name, "--kind", "confrontation", "--priority", "critical")
        for verb in verbs:
            run("plot", verb, name)
    run("plot", "clock", "add", "cult", "Doom")
    board = run("plot", "board", env={"COLUMNS": "80"}).out.splitlines()
    assert [cell.strip() for cell in board[0].split("\N{BOX DRAWINGS LIGHT VERTICAL}")] == [
        f"{each.capitalize()} (1)" for each in plots.STATUSES
    ]
    assert [cell.strip() for cell in board[2].split("\N{BOX DRAWINGS LIGHT VERTICAL}")] == [
        "Tide", "Cult", "Rest", "Gate", "Spy"
    ]  # fmt: skip
    assert any("Doom 0/6" in line for line in board)
    assert board[-1] == "Tension of what is active: +3"
    assert max(map(len, board)) <= 80
    narrow = run("plot", "board", env={"COLUMNS": "40"}).out.splitlines()
    assert max(map(len, narrow)) <= 40
    assert sum(line.startswith(("Pending", "Paused", "Completed", "Failed")) for line in narrow) > 1
    told = run("plot", "board", "--json").json()
    assert {name: each["total"] for name, each in told["columns"].items()} == dict.fromkeys(
        plots.STATUSES, 1
    )
    assert told["tension"] == 3


def test_a_board_of_many_counts_those_that_are_left_out(run):
    for number in range(15):
        run("plot", "add", f"Plot {number}")
    out = run("plot", "board").out
    assert "Pending (15)" in out
    assert "... 3 more" in out
    assert "... " not in run("plot", "board", "--limit", "15").out
    some = run("plot", "board", "--limit", "2", "--json").json()["columns"]["pending"]
    assert (some["total"], len(some["plots"])) == (15, 2)
    assert len(run("plot", "list", "--limit", "4", "--json").json()["plots"]) == 4


def test_words_that_an_import_brought_end_no_board(run, app):
    run("plot", "add", "Gate")
    connection = app.store.connection
    connection.execute(
        "UPDATE entities SET state = json_set(state, '$.status', 'odd', '$.priority', 'odd',"
        " '$.urgency', 'odd', '$.clocks', json('[{\"name\": \"Doom\", \"segments\": 0}]'))"
    )
    connection.commit()
    app.close()
    run("plot", "board")
    assert "Gate" in run("plot", "list").out
    assert "odd" in run("plot", "show", "gate").out


def test_a_board_of_an_arc_or_of_a_tag(run):
    for name, tag in (("A", "x"), ("B", "y"), ("C", "x")):
        run("plot", "add", name, "--tag", tag, "--tension", "2")
        run("plot", "start", name)
    run("arc", "add", "War", "--plot", "a", "--plot", "b")

    def on(*words):
        told = run("plot", "board", "--json", *words).json()
        return [each["name"] for each in told["columns"]["active"]["plots"]], told["tension"]

    assert on("--arc", "war") == (["A", "B"], 4)
    assert on("--tag", "x")[0] == ["A", "C"]
    assert on() == (["A", "B", "C"], 6)


def test_no_plot_yet(run):
    assert run("plot", "board").out == "No plot yet: ttrpg plot add NAME\n"


def test_the_list_has_what_is_active_first_and_filters(run):
    for name, priority in (("A", "side"), ("B", "critical"), ("C", "side")):
        run("plot", "add", name, "--priority", priority)
    run("plot", "start", "c")
    names = [each["name"] for each in run("plot", "list", "--json").json()["plots"]]
    assert names == ["C", "B", "A"]
    active = run("plot", "list", "--status", "active", "--json").json()["plots"]
    assert [each["name"] for each in active] == ["C"]
    assert run("plot", "list", "--priority", "critical", "--json").json()["total"] == 1


def test_an_arc_shows_how_far_it_is(run, ttrpg):
    for name in ("Gate", "Siege", "Crown"):
        run("plot", "add", name)
    run("arc", "add", "War", "--plot", "gate", "--plot", "siege", "--kind", "linear")
    run("arc", "phase", "add", "war", "The end", "--plot", "crown", "--plot", "siege")
    run("arc", "milestone", "add", "war", "The gate is open")
    run("arc", "milestone", "add", "war", "A duel", "--need", "optional")
    run("plot", "start", "gate")
    run("plot", "complete", "gate")
    run("arc", "milestone", "set", "war", "gate", "achieved")
    run("arc", "start", "war")
    shown = run("arc", "phase", "set", "war", "1", "active")
    assert re.search("Plots completed .*1 of 3\n", shown.out)
    assert re.search("Milestones reached .*1 of 1\n", shown.out)
    assert re.search("2 +Siege +pending +The end\n", shown.out)
    assert "1. The end (active)" in shown.out
    told = run("arc", "order", "war", "crown", "gate", "--json").json()
    assert told["arc"]["plots"] == ["plot/crown", "plot/siege", "plot/gate"]
    assert told["progress"] == {"plots": [1, 3], "milestones": [1, 1]}
    assert ttrpg("arc", "order", "war", "crown", "crown").code == 2
    run("arc", "complete", "war")
    assert "that is its end" in ttrpg("arc", "start", "war").err
    undo_all(run)
    assert run("arc", "--json").json()["total"] == 0
