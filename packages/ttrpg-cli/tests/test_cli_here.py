"""``ttrpg`` alone, while a session or a fight goes on."""


def following(run):
    return run("--json").json()["next"]


def test_a_session_is_named_with_what_to_type_next(run):
    assert run("--json").json()["session"] is None
    run("session", "plan", "The Ferry")
    assert "Session" not in run().out
    run("session", "start")
    assert "Session      1: The Ferry, runs" in run().out
    assert following(run) == ["ttrpg note TEXT", "ttrpg campaign show"]
    run("session", "pause")
    assert "1: The Ferry, paused" in run().out
    assert following(run)[0] == "ttrpg session resume"
    assert run("--json").json()["session"] == {
        "number": 1, "name": "The Ferry", "status": "paused",
    }  # fmt: skip
    run("session", "end")
    assert "Session" not in run().out
    run("undo")
    assert "1: The Ferry, paused" in run().out
    run("redo")
    run("session", "start")
    assert "Session      2, runs" in run().out


def test_a_fight_is_named_with_what_to_type_next(run):
    run("combat", "new", "Ambush")
    assert "Fight        Ambush, not begun" in run().out
    assert following(run)[0] == "ttrpg combat start"
    run("combat", "add", "Mara", "--hp", "12", "-k", "player", "--initiative", "9")
    run("combat", "add", "Goblin", "--hp", "7", "--initiative", "2")
    run("combat", "start")
    run("session", "start")
    assert "Ambush, round 1" in run().out
    assert following(run) == ["ttrpg next", "ttrpg note TEXT"]
    run("combat", "new", "Chase")
    assert "Chase, not begun, and 1 more" in run().out
    run("combat", "use", "ambush")
    assert "Ambush, round 1, and 1 more" in run().out
    assert run("--json").json()["fight"] == {
        "id": "ambush", "name": "Ambush", "status": "active", "round": 1, "going": 2,
        "meant": True,
    }  # fmt: skip
    run("combat", "end")
    run("combat", "end")
    assert "Fight" not in run().out


def test_of_several_fights_one_is_to_be_chosen(run):
    for name in ("Ambush", "Chase", "Duel"):
        run("combat", "new", name)
    run("combat", "end")
    assert following(run)[0] == "ttrpg combat use NAME"
    assert "choose one of 2 fights" in run().out


def test_another_campaign_is_not_mixed_in(run):
    run("session", "start")
    run("combat", "new", "Ambush")
    run("campaign", "create", "Other")
    found = run("--json").json()
    assert (found["session"], found["fight"]) == (None, None)
