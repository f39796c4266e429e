"""``ttrpg campaign show``: a campaign at a glance, and what players see of it."""

import pytest

CANARY = "Zanzibar"
"""A word of every secret; no player may read it."""


@pytest.fixture
def salt(ttrpg):
    def run(*words):
        result = ttrpg(*words)
        assert result.code == 0, result
        return result

    run("campaign", "create", f"{CANARY} Road", "--system", "Two Dice", "--player", "Ana=Mara")
    run("campaign", "edit", "--tag", CANARY, "--line", "harm", "--description", f"{CANARY} " * 100)
    run("campaign", "edit", "--name", "Salt Road")
    run("npc", "add", "Berta", "--audience", "party", "--secret", CANARY)
    run("npc", "add", CANARY)
    run("plot", "add", "The mill burns", "--priority", "main", "--audience", "party")
    run("plot", "add", f"{CANARY} wakes")
    run("plot", "add", "Old story")
    run("plot", "start", "old")
    run("plot", "complete", "old")
    run("plot", "start", "mill")
    run("plot", "clock", "add", "mill", "The dam breaks", "--segments", "6")
    run("plot", "clock", "add", "mill", CANARY)
    run("plot", "clock", "reveal", "mill", "dam")
    run("session", "plan", "The road")
    run("session", "edit", "road", "--audience", "party", "--prep", CANARY)
    run("session", "start")
    run("session", "end")
    run("session", "plan", CANARY, "--date", "2026-12-01")
    run("combat", "new", CANARY)
    return ttrpg


def test_a_campaign_at_a_glance(salt):
    out = salt("campaign", "show").out
    for told in (
        "Campaign     Salt Road (zanzibar-road)",
        "Players      Ana (Mara)",
        "In it        1 fight, 2 NPCs, 3 plots, 2 sessions",
        "Last  Session 1: The road",
        f"Next  Session 2: {CANARY}, 2026-12-01",
        f"{CANARY}  not begun",
        "The mill burns  active   main",
        f"{CANARY} wakes  pending",
        "The dam breaks (The mill burns)",
        "0/6",
        f"prepared the fight '{CANARY}' (#",
        "ttrpg combat start",
        "ttrpg session start",
    ):
        assert told in out, told
    assert "Old story" not in out.partition("Lately")[0]
    assert max(map(len, out.splitlines())) <= 100
    found = salt("campaign", "show", "--json").json()
    assert found["counts"] == {"fight": 1, "npc": 2, "plot": 3, "session": 2}
    assert [each["name"] for each in found["plots"]] == ["The mill burns", f"{CANARY} wakes"]
    assert found["sessions"]["last"]["number"] == 1
    assert len(found["recent"]) == 6
    assert found["campaign"]["description"].count(CANARY) == 100


def test_what_players_see_tells_no_secret(salt):
    for viewer in ("party", "public", "mara", "npc/berta"):
        for form in ("--json", "--plain", "--quiet"):
            result = salt("campaign", "show", "--as", viewer, form)
            assert result.code == 0
            assert CANARY.casefold() not in (result.out + result.err).casefold(), (viewer, form)
            assert "Salt Road" in result.out


def test_the_party_sees_what_it_knows(salt):
    out = salt("campaign", "show", "--as", "party").out
    assert "In it     1 NPC, 1 plot, 1 session" in out
    assert "Last  Session 1: The road" in out
    assert "The mill burns  active" in out
    assert "The dam breaks" in out
    assert not any(word in out for word in ("Lately", "Fights", "ttrpg"))


def test_as_it_was(salt):
    salt("snapshot", "create", "Then")
    salt("plot", "complete", "mill")
    salt("npc", "rm", "berta")
    salt("session", "start", "2")
    salt("campaign", "edit", "--name", "Pepper Road")
    out = salt("campaign", "show", "--at", "then").out
    assert "As it was at Then" in out
    assert "Salt Road" in out
    assert "2 NPCs" in out
    assert "The mill burns  active" in out
    assert f"Next  Session 2: {CANARY}" in out
    assert "Running  Session 2" in salt("campaign", "show").out
    assert salt("campaign", "show", "--at", "1970-01-01").code == 3
    refused = salt("campaign", "show", "--at", "then", "--as", "party")
    assert (refused.code, refused.out) == (2, "")


def test_nothing_yet_and_put_away(ttrpg):
    ttrpg("campaign", "create", "A")
    out = ttrpg("campaign", "show").out
    assert "In it     nothing yet" in out
    assert "ttrpg session plan" in out
    assert "ttrpg npc add NAME" in out
    ttrpg("campaign", "archive")
    shown = ttrpg("campaign", "show")
    assert "The current campaign is put away" in shown.err
    assert "ttrpg campaign restore a" in shown.out
    assert "A (put away)" in ttrpg().out
    assert "ttrpg campaign show" in ttrpg().out
