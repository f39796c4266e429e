"""``ttrpg session``: an evening from its plan to how long it was."""

import pytest

LEAK = "CANARY"


def kinds(run, *more):
    return [each["kind"] for each in run("session", "timeline", *more, "--json").json()["events"]]


def test_an_evening(evening):
    run = evening
    shown = run("session", "show", "1").out
    for said in ("Session 1", "ended", "There", "Tamsin, Ana", " min, 1 pause", "boats"):
        assert said in shown
    found = run("session", "list", "--json").json()["sessions"]
    assert [(each["ref"], each["status"]) for each in found] == [("session/1", "ended")]
    assert found[0]["played_seconds"] == pytest.approx(16 * 60, abs=60)
    assert run("session", "stats", "--json").json()["sessions"] == 1
    assert "On average" in run("session", "stats").out


def test_the_order_of_the_list(evening):
    run = evening
    for number in ("5", "0"):
        run("session", "plan", "--number", number)
    run("session", "start", "5")
    found = run("session", "list", "--json").json()["sessions"]
    assert [each.get("number") for each in found] == [5, 0, 1]
    assert run("session", "show", "--json").json()["session"]["number"] == 5
    short = run("session", "list", "--limit", "2")
    assert "1 more: --limit 3 shows them all" in short.out
    found = run("session", "list", "--limit", "2", "--json").json()
    assert (found["total"], [each.get("number") for each in found["sessions"]]) == (3, [5, 0])


def test_a_timeline_has_what_happened(evening):
    run = evening
    every = kinds(run)
    assert (every[0], every[-1]) == ("session.start", "session.end")
    assert {"npc.add", "combat.damage", "combat.dying", "session.pause"} <= set(every)
    notable = kinds(run, "--notable")
    assert "combat.damage" not in notable
    assert "combat.dying" in notable
    assert set(kinds(run, "--kind", "combat.damage")) == {"combat.damage"}
    assert set(kinds(run, "--kind", "npc")) == {"npc.add"}
    assert len(kinds(run, "-n", "3")) == 3
    told = run("session", "timeline", "-n", "3")
    assert "earlier ones: --limit" in told.err
    assert "Fight: CANARY Ambush" in run("session", "timeline").out
    assert "#3" in run("session", "timeline").out


def test_what_was_taken_back_did_not_happen(run):
    run("session", "start")
    run("npc", "add", "Mara")
    run("npc", "add", "Tom")
    run("undo")
    run("session", "end")
    run("npc", "add", "Later")
    assert kinds(run) == ["session.start", "npc.add", "session.end"]
    run("undo", "2")
    run("npc", "add", "Still in it")
    assert kinds(run) == ["session.start", "npc.add", "npc.add"]


def test_what_to_have_at_hand(evening):
    run = evening
    run("session", "plan", "--prep", "Maps")
    run("session", "prepare", "-", input="And minis")
    run("note", "add", "Watch the tide", "--pinned")
    found = run("session", "prep", "--json").json()
    parts = {each["title"]: each["lines"] for each in found["parts"]}
    assert found["session"] == 2
    assert parts["Prepared"] == ["Maps", "And minis"]
    assert parts["Pinned notes"] == ["Watch the tide"]
    assert "They crossed" in parts["Last time"][0]
    assert "Watch the tide" in run("session", "prep").out


def test_players_hear_of_it_what_they_may(evening):
    run = evening
    assert run("session", "list", "--as", "party", "--json").json()["sessions"] == []
    run("session", "edit", "1", "--name", "The Ferry", "--summary", "They crossed.")
    run("session", "reveal", "1")
    for line in (["list"], ["show", "1"]):
        for more in ([], ["--json"]):
            result = run("session", *line, "--as", "party", *more)
            assert LEAK not in result.out + result.err
            assert "The Ferry" in result.out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["pause"], 3, "no session runs"),
        (["resume"], 3, "no session runs"),
        (["end"], 3, "no session runs"),
        (["show"], 3, "there is no session yet"),
        (["show", "7"], 3, "there is no session"),
        (["timeline"], 3, "there is no session yet"),
        (["attend"], 2, "nobody is named"),
        (["prepare", "x"], 3, "no session is planned"),
        (["plan", "--number", "-1"], 2, "number"),
        (["plan", "x" * 500], 2, "title"),
        (["start", "nope"], 3, "nope"),
    ],
)
def test_what_cannot_be(run, ttrpg, words, code, said):
    result = ttrpg("session", *words)
    assert result.code == code
    assert said in result.err or said in result.err.replace("name", "title")
    assert ttrpg("session", "list", "--json").json()["sessions"] == []


def test_one_runs_at_a_time(run, ttrpg):
    run("session", "start")
    for words in (["start"], ["start", "1"]):
        result = ttrpg("session", *words)
        assert result.code == 2
        assert "End it first" in result.err
    run("session", "end")
    assert ttrpg("session", "start", "1").code == 2, "it is over"


def test_without_a_campaign(ttrpg):
    for words in (["list"], ["plan"], ["start"], ["stats"], ["prep"]):
        result = ttrpg("session", *words)
        assert result.code == 3
        assert "ttrpg campaign create" in result.err


def test_snapshots_stand_before_and_after(run, app):
    run("session", "start")
    run("session", "end")
    found = app.store.connection.execute("SELECT name, kind FROM snapshots ORDER BY rowid")
    assert [tuple(each) for each in found] == [
        ("before session 1", "automatic"),
        ("after session 1", "automatic"),
    ]
