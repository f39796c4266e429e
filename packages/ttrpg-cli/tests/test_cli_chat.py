"""``ttrpg chat`` off a terminal, and what can be done with what was said."""

import json
import re

import pytest

from ttrpg_cli.commands.chats import _said
from ttrpg_core.llm import ToolResult
from ttrpg_core.llm.chats import Turn
from ttrpg_core.testing import fakes

KEY = "sk-canary-0123456789abcdef"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
MARA = """
kind = "npc"
title = "Mara"
knows = ["The ferry runs at dawn"]
unaware = ["the duke pays"]
"""


@pytest.fixture
def chat(ttrpg, plugins, ttrpg_home):
    """Runs ``ttrpg chat`` with a model that follows a script, or says back what it hears."""
    plugins.register(fakes, "fakes")

    def run(*words, script=(), use="fake/scripted", **more):
        lines = [f'[models]\nuse = ["{use}"]\n[plugins.fake]\nscript = {json.dumps(list(script))}']
        (ttrpg_home / "config.toml").write_text("\n".join(lines) + "\n", "utf-8")
        return ttrpg("chat", *words, **more)

    return run


@pytest.fixture
def talked(chat):
    """A conversation of two questions."""
    assert chat("How far is a fall?", script=["**Far**", " enough."]).code == 0
    assert chat("continue", "how", "And back?", script=["Further."]).code == 0
    return chat


def said(chat, *more):
    shown = chat("show", "--json", *more).json()["turns"]
    return [(turn["role"], turn["text"]) for turn in shown]


def test_an_answer_is_data_and_the_rest_is_talk(chat):
    result = chat("How far", "is a fall?", script=["**Far**", " enough."])
    assert result.code == 0
    assert result.out == "**Far** enough.\n"
    assert re.search(r"\d+ in, 2 out · \$0\n", result.err)
    assert "ttrpg chat continue how-far-is-a-fall" in result.err
    assert said(chat) == [("user", "How far is a fall?"), ("assistant", "**Far** enough.")]


def test_what_is_piped_in_is_one_message(chat):
    result = chat(input="First line\n\nsecond line\n", use="fake/echo")
    assert result.out == "First line\n\nsecond line\n"
    result = chat("Sum this up:", input="a\nb\n", use="fake/echo")
    assert result.out == "Sum this up:\n\na\nb\n"


def test_json_is_one_object(chat):
    told = chat("Hello", "--json", script=["Well ", "met."]).json()
    assert told["schema"] == "ttrpg.chat.reply/1"
    assert (told["text"], told["model"], told["stopped"]) == ("Well met.", "fake/scripted", False)
    assert told["usage"]["output"] == 2
    assert told["chat"] == "hello"


def test_quiet_is_only_the_answer(chat):
    result = chat("Hello", "--quiet", script=["Well met."])
    assert (result.out, result.err) == ("Well met.\n", "")


def test_without_a_model_it_says_how_to_choose_one(ttrpg):
    for words in (["Hello"], ["continue"], []):
        result = ttrpg("chat", *words)
        assert result.code == 3
        if words != ["continue"]:
            assert "ttrpg models use" in result.err
            assert "ttrpg ask" in result.err
    assert ttrpg("chat", "list", "--json").json()["chats"] == []


def test_no_message_is_an_error(chat):
    result = chat(script=["x"])
    assert result.code == 2
    assert "there is no message" in result.err
    assert chat("list", "--json").json()["chats"] == []


def test_words_that_begin_like_a_command_are_a_message(chat):
    assert chat("list the gods of the coast", use="fake/echo").out == "list the gods of the coast\n"
    assert chat("list", "the", "gods", use="fake/echo").out == "list the gods\n"
    assert chat("show", "me", "a", "goblin", use="fake/echo").out == "show me a goblin\n"
    assert chat("--", "list", use="fake/echo").out == "list\n"
    assert len(chat("list", "--json").json()["chats"]) == 4


def test_going_on_tells_the_model_what_was_said(talked):
    assert [role for role, _ in said(talked)] == ["user", "assistant"] * 2
    assert talked("continue", script=["x"], input="The last one").code == 0
    assert said(talked)[-2:] == [("user", "The last one"), ("assistant", "x")]
    assert talked("continue", "nope", script=["x"]).code == 3


@pytest.mark.parametrize("script", [[""], ["  ", "\n"]])
def test_no_answer_is_an_error(chat, script):
    result = chat("Hello", script=script)
    assert result.code == 5
    assert "The model said nothing" in result.err
    assert "ttrpg chat continue hello" in result.err
    assert chat("Hello", "--json", script=script).json()["text"].strip() == ""


def test_what_no_model_was_asked_was_not_said(chat):
    result = chat("Hello", use="fake/nothing")
    assert result.code == 3
    assert result.err.startswith("Error: fake has no model 'nothing'")
    assert chat("list", "--json").json()["chats"] == []
    assert chat("Hello", script=["Yes."]).code == 0
    assert chat("continue", "hello", "Please", "--model", "fake/nothing", script=["x"]).code == 3
    assert said(chat) == [("user", "Hello"), ("assistant", "Yes.")]
    assert chat("continue", "hello", "Please", script=["Yes!"]).out == "Yes!\n"


def test_list_show_and_search(talked):
    (row,) = talked("list", "--json").json()["chats"]
    assert (row["id"], row["title"]) == ("how-far-is-a-fall", "How far is a fall?")
    shown = talked("show", "how").out
    assert "How far is a fall?" in shown
    assert "**Far** enough." in shown
    found = talked("search", "falls", "--json").json()["turns"]
    assert [turn["chats"] for turn in found] == [["how-far-is-a-fall"]]
    missing = talked("search", "dragons")
    assert (missing.code, missing.out) == (3, "")
    assert talked("show", "nothing").code == 3


def test_a_branch_by_a_short_hash(talked):
    first = talked("show", "--json").json()["turns"][1]["id"]
    made = talked("branch", "how", "--at", first[:6], "--title", "Another way")
    assert made.out == "another-way\n"
    assert len(said(talked, "another")) == 2
    assert talked("branch", "how", "--at", "zz").code == 2
    assert talked("branch", "how", "--at", "0000").code == 3


@pytest.mark.parametrize("form", ["md", "json", "html"])
def test_export(talked, form, ttrpg_home):
    out = talked("export", "how", "--format", form).out
    assert "And back?" in out
    assert talked("export", "how", "--json").json()["schema"] == "ttrpg.chat.export/1"
    file = ttrpg_home.parent / f"talk.{form}"
    assert talked("export", "how", "-o", file).code == 0
    assert file.read_text("utf-8") == out
    again = talked("export", "how", "-o", file)
    assert again.code == 2
    assert "--force" in again.err
    assert talked("export", "how", "-o", file, "--force").code == 0
    ours = talked("export", "how", "-o", ttrpg_home / "ttrpg.db", "--force")
    assert ours.code == 2
    events = talked("list")  # any command: the audit is looked at through its own
    assert events.code == 0


def test_an_export_is_in_the_audit(talked, ttrpg, ttrpg_home):
    talked("export", "how", "-o", ttrpg_home.parent / "a.md", "--as", "party")
    told = ttrpg("audit", "--json").json()["events"][0]
    assert (told["kind"], told["facts"]["for"]) == ("data.exported", "party")


def test_forgetting_asks_and_takes_what_is_not_shared(talked, ttrpg):
    first = talked("show", "--json").json()["turns"][1]["id"]
    talked("branch", "how", "--at", first[:8], "--title", "Other")
    refused = talked("rm", "how")
    assert refused.code == 4
    assert "--yes" in refused.err
    gone = talked("rm", "how", "--yes", "--json").json()
    assert (gone["chats"], gone["turns"]) == (["how-far-is-a-fall"], 2)
    told = ttrpg("audit", "--json").json()["events"][0]
    assert (told["kind"], told["facts"]) == ("chat.deleted", {"chats": 1, "turns": 2})
    assert len(said(talked)) == 2
    assert talked("prune", "--json").json()["turns"] == 0
    assert talked("prune", "--days", "1", "--yes", "--json").json()["chats"] == []
    assert talked("rm", "other", "other", "--yes").code == 0
    assert talked("list", "--json").json()["chats"] == []


def test_a_picture_goes_along(chat, tmp_path):
    (tmp_path / "map.txt").write_bytes(PNG)
    assert chat("-a", tmp_path / "map.txt", "What is it?", script=["A map."]).code == 0
    turn = chat("show", "--json").json()["turns"][0]
    assert turn["images"][0]["media_type"] == "image/png"
    assert "base64" not in turn["images"][0]
    assert "Picture: image/png, 48 bytes" in chat("show").out
    (tmp_path / "map.png").write_text("no picture at all")
    wrong = chat("-a", tmp_path / "map.png", "What?", script=["x"])
    assert wrong.code == 2
    assert "no picture" in wrong.err
    assert chat("-a", tmp_path / "none.png", "What?", script=["x"]).code == 3
    (tmp_path / "big.png").write_bytes(PNG + bytes(5_000_000))
    big = chat("-a", tmp_path / "big.png", "What?", script=["x"])
    assert "5 MB" in big.err
    assert len(chat("list", "--json").json()["chats"]) == 1


@pytest.fixture
def mara(ttrpg_home):
    (ttrpg_home / "voices").mkdir()
    (ttrpg_home / "voices" / "mara.toml").write_text(MARA, "utf-8")


def test_voices_are_listed_and_chosen(chat, mara, ttrpg_home):
    (ttrpg_home / "voices" / "bad.toml").write_text("title = 3", "utf-8")
    listed = chat("voices")
    assert re.search(r"mara +NPC +Mara", listed.out)
    assert "bad.toml.title" in listed.err
    assert chat("--voice", "dread", "Hello", script=["Hm."]).code == 0
    assert chat("list", "--json").json()["chats"][0]["voice"] == "dread"
    assert chat("--voice", "nobody", "Hello", script=["Hm."]).code == 3


def test_an_npc_remembers_and_is_watched(chat, mara):
    result = chat("--npc", "mara", "Who pays?", script=["I promise: the duke pays."])
    assert "Mara may have spoken of what is not known: the duke pays" in result.err
    shown = chat("show", "--json").json()
    assert shown["chat"]["npc"] == "mara"
    assert {turn["audience"] for turn in shown["turns"]} == {"npc/mara"}
    assert chat("continue", "who", "Again?", script=["No."]).code == 0
    assert chat("--npc", "mara", "--voice", "dread", "x", script=["x"]).code == 2
    assert chat("--npc", "mara", "--as", "party", "x", script=["x"]).code == 2
    assert chat("--as", "npc/mara", "x", script=["x"]).code == 2


@pytest.mark.parametrize("form", ["md", "json", "html"])
def test_no_secret_and_no_key_leaves(chat, ttrpg, ttrpg_home, form, monkeypatch):
    secret = "CANARY the duke is the thief"
    own = "odd-shape-canary-key"
    monkeypatch.setenv("OPENAI_API_KEY", own)
    assert ttrpg("keys", "set", "fake", input="kept-canary-key-1").code == 0
    keys = (KEY, "kept-canary-key-1")
    chat(f"Who? {secret} {' '.join(keys)}", use="fake/echo")
    chat("continue", "who", "--as", "party", f"And the ferry? {keys[0]}", use="fake/echo")
    for words in (
        ["export", "who", "--format", form, "--as", "party"],
        ["show", "who", "--as", "party"],
        ["show", "who", "--as", "party", "--json"],
        ["search", "duke", "--as", "party"],
        ["search", "ferry", "--as", "party", "--json"],
        ["show", "who", "--as", "npc/mara"],
    ):
        result = chat(*words)
        assert "canary" not in (result.out + result.err).casefold(), words
    whole = chat("export", "who", "--format", form).out
    assert "CANARY" in whole
    for key in keys:
        assert key not in whole
    assert "ferry" in chat("export", "who", "--as", "party").out
    audit = ttrpg("audit", "--json").out
    assert "CANARY" not in audit
    for path in (ttrpg_home / "state").rglob("*"):
        if path.is_file():
            assert "CANARY" not in path.read_text("utf-8", "replace")


def test_a_proposal_waits_until_somebody_decides(chat, ttrpg, app):
    from ttrpg_core import records
    from ttrpg_core.proposals import Proposals

    ttrpg("campaign", "create", "Salt Road")
    campaign = records.current(app.store.connection)
    Proposals(app.journal, app.clock).edit(campaign, {"game_date": "Day 3"}, "talk")
    Proposals(app.journal, app.clock).edit(campaign, {"genre": "road"}, "talk")
    assert "game date: 'Day 3'" in chat("pending").out
    assert ttrpg("campaign", "show", "--json").json()["campaign"]["game_date"] == ""
    assert chat("accept", "1").code == 0
    assert ttrpg("campaign", "show", "--json").json()["campaign"]["game_date"] == "Day 3"
    assert chat("accept", "1").code == 3
    assert chat("refuse", "2").code == 0
    assert chat("pending", "--json").json()["proposals"] == []
    assert ttrpg("history", "--json").json()["entries"][0]["actor"] == "model"
    assert ttrpg("undo").code == 0
    assert ttrpg("campaign", "show", "--json").json()["campaign"]["game_date"] == ""


def test_control_characters_of_a_model_move_no_cursor(chat):
    evil = ["\x1b[2J", "\x07bell\r\n", "\u202eback"]
    result = chat("Hello", script=evil)
    shown = chat("show")
    for text in (result.out, result.err, shown.out):
        assert not re.search(r"[\x00-\x08\x0b-\x1f\u202e]", text)


def test_any_message_is_kept_as_it_is(chat):
    for odd in ("\N{DRAGON} \u0301", "'; DROP TABLE turns; --", "<script>", "%s{0}"):
        assert chat(odd, script=["x"]).code == 0
        assert said(chat)[0][1] == odd
    assert chat("x" * 100_001, script=["x"]).code == 2
    assert chat(input=b"\xff\xfe", script=["x"]).code == 2


def test_what_a_tool_answered_is_shown_in_a_line():
    passages = "<source 1 0123456789ab>\n" + "A fall does harm.\n" * 500
    head, line, _ = _said(Turn("user", (ToolResult("a", passages),)), str)
    assert head.text.startswith("Tool")
    assert len(line.text) < 210
    assert "\n" not in line.text
