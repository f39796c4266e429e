"""A conversation at a prompt: what is typed, what / does, what an error costs."""

import asyncio
import io
import signal
import sys

import pytest

from ttrpg_cli.talking import lines as typed_lines
from ttrpg_cli.talking.kept import NEW
from ttrpg_cli.talking.session import Session
from ttrpg_cli.talking.slash import Slash
from ttrpg_cli.talking.starting import Wanted, started
from ttrpg_core.errors import InputError, StoreError, TtrpgError, Unreachable
from ttrpg_core.llm import Text
from ttrpg_core.llm.chats import Chats, Cited, Turn
from ttrpg_core.testing import FakeModels, Scripted

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


class Typed:
    """Lines that were typed; an exception among them is raised, as Ctrl-C is."""

    def __init__(self, *said):
        self.said = list(said)

    def next(self):
        if not self.said:
            return None
        line = self.said.pop(0)
        if isinstance(line, BaseException) or line is KeyboardInterrupt:
            raise line
        return line


@pytest.fixture
def talk(app, ttrpg_home, monkeypatch):
    """Talks line by line, and answers the exit code; ``talk.model`` is who answers."""
    model = Scripted(["Yes."])
    app.__dict__["models"] = FakeModels(
        {"fake/scripted": model, "fake/other": Scripted(["Other."])}
    )
    (ttrpg_home / "voices").mkdir()
    (ttrpg_home / "voices" / "mara.toml").write_text('kind = "npc"\ntitle = "Mara"\n')
    kept = {}

    def run(*said, first="", wanted=None, chat=NEW):
        monkeypatch.setattr("ttrpg_cli.talking.session.lines", lambda *_, **__: Typed(*said))
        with started(app, wanted or Wanted(), chat) as conversation:
            kept["talk"] = conversation
            return Session(app, conversation).converse(first, plain=True)

    run.model = model
    run.app = app
    run.kept = kept
    run.said = lambda: [line.text for line in app.screen.said]
    run.turns = lambda: [(t.role, t.text) for t in kept["talk"].chats.turns(kept["talk"].chat)]
    return run


def test_it_goes_on_until_the_lines_end(talk):
    assert talk("One", "  ", "Two") == 0
    assert [text for _, text in talk.turns()] == ["One", "Yes.", "Two", "Yes."]
    assert talk.said()[-1] == "Go on: ttrpg chat continue one"


def test_a_first_message_needs_no_typing(talk):
    assert talk(first="One") == 0
    assert talk.turns() == [("user", "One"), ("assistant", "Yes.")]


def test_ctrl_c_at_the_prompt_leaves(talk):
    assert talk("One", KeyboardInterrupt, "Two") == 130
    assert len(talk.turns()) == 2


class Pressing(Scripted):
    """Ctrl-C is pressed after its first piece."""

    async def _play(self, request):
        async for piece in super()._play(request):
            yield piece
            if len(self.requests) == 1:
                signal.raise_signal(signal.SIGINT)
            await asyncio.sleep(0.05)


def test_ctrl_c_again_and_again_while_a_reply_is_kept(talk, monkeypatch):
    """The head that we know and the one that is kept must not part: the talk would split."""
    real = Chats.add

    def add(self, chat, *turns):
        kept = real(self, chat, *turns)
        if turns[0].finish == "cancelled":
            for _ in range(3):
                signal.raise_signal(signal.SIGINT)
        return kept

    monkeypatch.setattr(Chats, "add", add)
    talk.app.__dict__["models"] = FakeModels({"fake/scripted": Pressing(["Half ", "a word"])})
    assert talk("One", "Two") == 0
    assert [text for _, text in talk.turns()][0::2] == ["One", "Two"]
    assert not any("elsewhere" in line for line in talk.said())
    assert len(talk.kept["talk"].chats.chats()) == 1


@pytest.mark.parametrize("word", ["/quit", "/q", "/EXIT", "/Quit "])
def test_quit_leaves(talk, word):
    assert talk("One", word, "Two") == 0
    assert len(talk.turns()) == 2


def test_an_error_costs_its_message_and_no_more(talk):
    assert talk("x" * 100_001, "\udcff") == 0
    assert sum("message has" in line for line in talk.said()) == 2
    talk.model.pieces = ["Half ", Unreachable("the connection broke", "Try again")]
    assert talk("One", "/retry") == 0
    said = talk.said()
    assert said.count("the connection broke. Try again") == 2
    assert talk.turns() == [("user", "One"), ("assistant", "Half ")]
    assert "Stopped; what came is kept" in said


def test_undo_and_retry(talk):
    talk("One", "Two", "/undo", "/undo", "/undo", "/retry")
    said = talk.said()
    assert "Took back: Two" in said
    assert "Took back: One" in said
    assert "there is nothing to take back. Say something first" in said
    assert "nothing was said yet. Say something first" in said
    talk("One", "/retry")
    assert talk.turns() == [("user", "One"), ("assistant", "Yes.")]


def test_another_model(talk):
    talk("/model other", "One", "/model", "/why")
    assert talk.turns()[-1] == ("assistant", "Other.")
    assert "fake/other\tasked" in talk.app.screen.text
    assert talk.kept["talk"].chat.model == "fake/other"
    talk("/model nobody")
    assert any("there is no model 'nobody'" in line for line in talk.said())


def test_a_branch_and_a_title(talk):
    talk("/branch", "One", "/branch Another", "Two", "/title Third way", "/save")
    said = talk.said()
    assert "nothing was said yet. Say something first" in said
    chats = talk.kept["talk"].chats
    assert {chat.id: chat.title for chat in chats.chats()} == {
        "one": "One",
        "another": "Third way",
    }
    assert [chat.saved for chat in chats.chats()] == [True, False]
    assert len(chats.turns(chats.chat("one"))) == 2


def test_what_a_model_was_asked_stays_said_though_its_answer_cannot_be_kept(talk, monkeypatch):
    real = Chats.add

    def full(self, chat, *turns):
        if turns[0].role == "assistant":
            raise StoreError("the disk is full")
        return real(self, chat, *turns)

    monkeypatch.setattr(Chats, "add", full)
    with started(talk.app, Wanted()) as conversation:
        with pytest.raises(StoreError):
            Session(talk.app, conversation).once("One")
        (chat,) = conversation.chats.chats()
        assert [turn.text for turn in conversation.chats.turns(chat)] == ["One"]


def test_sources_are_those_that_the_audience_may_see(talk):
    talk("One")
    chats, chat = talk.kept["talk"].chats, talk.kept["talk"].chat
    told = Turn("assistant", (Text("So"),), sources=(Cited(1, "Secrets", (), "", None, "text"),))
    chat = chats.add(chat, told)
    talk("/sources", chat=chat)
    assert "[1] Secrets" in talk.app.screen.text
    before = talk.app.screen.text.count("Secrets")
    talk("/sources", chat=chat, wanted=Wanted(viewer="party"))
    assert talk.app.screen.text.count("Secrets") == before


def test_a_picture_waits_for_the_next_message(talk, tmp_path):
    (tmp_path / "a map.png").write_bytes(PNG)
    talk(f"/image '{tmp_path / 'a map.png'}'", "What is it?", "And now?", f"/image {tmp_path}")
    sent = talk.app.models.requests
    assert [type(part).__name__ for part in sent[0].messages[-1].parts] == ["Text", "Image"]
    assert [type(part).__name__ for part in sent[1].messages[-1].parts] == ["Text"]
    assert any("is a folder" in line for line in talk.said())


def test_voices_npcs_and_audiences(talk):
    talk("/npc mara", "Hello", "/remember Tamsin  owes her", "/as party", "/forget", "/voice dread",
         "/as party", "How far?", "/remember x", "/npc", "/voice nobody")  # fmt: skip
    said = talk.said()
    assert "Mara answers now" in said
    assert "Mara keeps that" in said
    assert "an NPC hears for itself. /voice NAME goes back to a voice" in said
    assert "Mara forgot 2 things" in said
    assert "The next answers are for party" in said
    assert "only an NPC remembers. /npc NAME talks with one" in said
    audiences = [t.audience.name for t in talk.kept["talk"].chats.turns(talk.kept["talk"].chat)]
    assert audiences == ["npc/mara", "npc/mara", "party", "party"]
    assert len(talk.app.models.requests[1].messages) == 1, "the players did not hear that"


def test_a_slash_that_is_none_and_one_that_is_a_message(talk):
    talk("/nonsense", "/undo everything", "/title", "/yes x", "/yes 99", "//etc", "/", "/a\n/b")
    said = " | ".join(talk.said())
    for wanted in ("there is no /nonsense", "/undo takes nothing", "/title needs TITLE",
                   "'x' is no number", "there is no proposal 99"):  # fmt: skip
        assert wanted in said
    assert [text for role, text in talk.turns() if role == "user"] == ["/etc", "/a\n/b"]
    assert "/budget" in talk.app.screen.text


def test_every_way_is_in_the_docs_and_survives_nonsense(talk):
    from pathlib import Path

    talk("One")
    slash = Slash(talk.app, talk.kept["talk"], [], lambda: None)
    for name in slash.names():
        if name == "/quit":
            continue
        for rest in ("", "x", "\x1b[2J", "9" * 400, "\udcff", "'"):
            try:
                slash.run(f"{name} {rest}".strip())
            except (TtrpgError, InputError):
                continue
    page = (Path(__file__).parents[3] / "docs/chat.md").read_text("utf-8")
    for name in ("/help", "/undo", "/retry", "/branch", "/model", "/why", "/image", "/npc"):
        assert name in page


def test_plain_lines_go_on_behind_a_backslash(monkeypatch):
    err = io.StringIO()
    monkeypatch.setattr(sys, "stdin", io.StringIO("one\\\ntwo\nthree\n\nlast\\"))
    coming = typed_lines.Plain(err)
    assert [coming.next() for _ in range(4)] == ["one\ntwo", "three", "", "last"]
    assert coming.next() is None
    assert err.getvalue().startswith("you> ...  you> ")


def test_somebody_else_goes_on_with_the_same_talk(talk):
    talk("One")
    chat = talk.kept["talk"].chat
    talk("Theirs", chat=chat)
    talk("Mine", chat=chat)
    assert any("goes on as 'one-2'" in line for line in talk.said())
    chats = talk.kept["talk"].chats
    assert [t.text for t in chats.turns(chats.chat("one-2"))][2] == "Mine"
    assert [t.text for t in chats.turns(chats.chat("one"))][2] == "Theirs"
