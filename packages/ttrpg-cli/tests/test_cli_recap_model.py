"""``ttrpg recap --style``: a model tells a session, and a person accepts what it told."""

import json

import pytest

from ttrpg_core.testing import fakes

LEAK = "CANARY"


@pytest.fixture
def run(ttrpg, plugins, ttrpg_home):
    """Runs a command line with a model that follows a script, after a session with Mara in it."""
    plugins.register(fakes, "fakes")

    def typed(*words, script=(), use="fake/scripted", **more):
        lines = [f'[models]\nuse = ["{use}"]\n[plugins.fake]\nscript = {json.dumps(list(script))}']
        (ttrpg_home / "config.toml").write_text("\n".join(lines) + "\n", "utf-8")
        return ttrpg(*words, **more)

    for line in (
        ["campaign", "create", "Salt Road"],
        ["session", "start"],
        ["npc", "add", "Mara", "--role", "smith", "--audience", "party"],
        ["npc", "add", f"Duke {LEAK}", "--summary", LEAK],
        ["session", "end"],
    ):
        assert typed(*line).code == 0
    return typed


@pytest.fixture
def met(run):
    """The number of the entry in which Mara was met."""
    entries = run("history", "--json").json()["entries"]
    return next(e["id"] for e in entries if e["facts"].get("name") == "Mara")


def test_a_draft_waits_until_it_is_accepted(run, met):
    script = [f"They met Mara [#{met}]. ", "Then Tom came."]
    told = run("recap", "--style", "dramatic", script=script)
    assert told.code == 0
    assert told.out.startswith(f"They met Mara [#{met}]. Then Tom came.")
    assert "[unsupported: names no entry]" in told.out
    assert "1 sentence unsupported" in told.err
    assert "ttrpg recap accept 1" in told.err
    assert run("recap", "--json").json()["story"] is None
    (draft,) = run("proposals", "--json").json()["proposals"]
    assert draft["evidence"]["entries"] == [met]
    assert "Then Tom came." in draft["evidence"]["quotes"][0]
    done = run("recap", "accept")
    assert done.code == 0
    assert done.out.strip() == f"They met Mara [#{met}]."
    assert run("recap", "--json").json()["story"] == f"They met Mara [#{met}]."
    assert run("recap", "--as", "party", "--json").json()["story"] is None
    newest = run("history", "--json").json()["entries"][0]
    assert (newest["actor"], newest["facts"]["proposal"]) == ("model", draft["id"])
    assert run("undo").code == 0
    assert run("recap", "--json").json()["story"] is None
    assert "Then Tom came." in run("recap", "accept", "--whole").out
    assert run("recap", "accept").code == 3


def test_a_second_draft_takes_the_place_of_the_first(run, met):
    for words in ("One", "Two"):
        run("recap", "--style", "plain", script=[f"{words} met Mara [#{met}]."])
    (draft,) = run("proposals", "--json").json()["proposals"]
    assert draft["changes"]["recap"][1].startswith("Two")
    assert run("recap", "accept").out.startswith("Two")


def test_players_are_told_what_they_know(run, met):
    script = [f"You met Mara [#{met}]. The Duke {LEAK} paid [#{met}]."]
    told = run("recap", "--as", "party", "--model", "fake/scripted", "--json", script=script).json()
    assert [bool(each["unsupported"]) for each in told["sentences"]] == [False, True]
    assert told["for"] == "party"
    assert run("recap", "accept", "--as", "party").out.strip() == "You met Mara."
    for viewer in ("party", "tamsin"):
        assert run("recap", "--as", viewer, "--json").json()["story"] == "You met Mara."
    for viewer in ("public", "npc/mara"):
        assert run("recap", "--as", viewer, "--json").json()["story"] is None
    assert run("recap", "--json").json()["story"] is None


def test_a_model_for_players_hears_no_secret(run):
    heard = run("recap", "--as", "party", "--style", "plain", use="fake/echo")
    assert heard.code == 0
    assert "Mara, smith" in heard.out
    assert LEAK not in heard.out + heard.err
    assert LEAK in run("recap", "--style", "plain", use="fake/echo").out
    assert run("recap", "--as", "tamsin", "--style", "plain").code == 2


def test_all_of_it_is_kept_for_whoever_wants_that(run):
    run("recap", "--style", "plain", script=["Nothing of it is true."])
    refused = run("recap", "accept")
    assert refused.code == 2
    assert "--whole" in refused.err
    assert run("recap", "accept", "--whole").out.strip() == "Nothing of it is true."


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"script": [""]}, 5),
        ({"use": "fake/nothing"}, 3),
        ({"env": {"TTRPG_GENERAL_OFFLINE": "true"}, "use": "other/model"}, 3),
    ],
)
def test_without_an_answer_there_is_no_draft(run, more, code):
    assert run("recap", "--style", "plain", **more).code == code
    assert run("proposals", "--json").json()["proposals"] == []
    assert run("recap").code == 0, "it is told without a model all the same"


def test_nothing_to_tell(run):
    run("session", "start")
    result = run("recap", "--style", "plain", script=["x"])
    assert result.code == 2
    assert "nothing to tell" in result.err


def test_control_characters_move_no_cursor(run):
    for words in (["recap", "--style", "plain"], ["recap", "accept", "--whole"], ["recap"]):
        told = run(*words, script=["\x1b[2J\x07Hi\u202e there. "])
        assert told.code == 0
        assert not {"\x1b", "\x07", "\u202e"} & set(told.out + told.err)
