"""Conversations: turns that share, branches, search, what is collected, what is exported."""

import json
import re
import subprocess
import sys

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttrpg_core.audience import GM, PARTY, PUBLIC, Audience
from ttrpg_core.errors import Ambiguous, InputError, NotFound
from ttrpg_core.llm import Image, Reasoning, Text, ToolCall, ToolResult
from ttrpg_core.llm.chats import Chat, Chats, Cited, Spent, Turn, titled
from ttrpg_core.llm.chats.exporting import FORMS, export
from ttrpg_core.llm.chats.turns import dumped, loaded, name_of
from ttrpg_core.store import Store

KEY = "sk-canary-0123456789abcdef"
SECRET = "the duke is the lantern thief"
PICTURE = Image(b"\x89PNG\r\n\x1a\n" + bytes(64), "image/png")


@pytest.fixture
def chats(store, stopped):
    return Chats(store, stopped)


def user(words, **more):
    return Turn("user", (Text(words),), **more)


def says(words, **more):
    return Turn("assistant", (Text(words),), model="fake/echo", finish="stop", **more)


def start(chats, *turns):
    return chats.add(Chat("", titled(turns[0].text)), *turns)


def count(chats, table):
    return chats.store.connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]


def test_what_was_said_comes_back(chats):
    thought = Reasoning("Hm.", signature="seal", source="anthropic")
    call = ToolCall("c1", "roll_dice", {"expression": "1d20", "n": [1, 2.5, None]})
    turns = [
        Turn("user", (Text("What is this?"), PICTURE)),
        Turn("assistant", (thought, Text("A roll."), call), model="a/b", finish="tool"),
        Turn("user", (ToolResult("c1", "14"),)),
        says(
            "Fourteen.",
            sources=(
                Cited(1, "SRD", ("Conditions", "Grappled"), "358", 4, "Held", audience=PARTY),
            ),
            spent=Spent(10, 3, 0.002),
            audience=PARTY,
        ),
    ]
    chat = start(chats, *turns)
    found = chats.turns(chats.chat(chat.id))
    assert [attrs.evolve(t, hash="", parent="", at="") for t in found] == turns
    assert [t.parent for t in found] == ["", *[t.hash for t in found[:-1]]]
    assert [name_of(t, t.parent) for t in found] == [t.hash for t in found]
    assert chat.id == "what-is-this"


def test_the_same_words_in_the_same_place_are_one_turn(chats):
    first = start(chats, user("Hello"), says("Well met."))
    again = start(chats, user("Hello"), says("Well met."))
    assert (first.id, again.id) == ("hello", "hello-2")
    assert first.head == again.head
    assert count(chats, "turns") == 2
    other = start(chats, user("Oh"), says("Well met."))
    assert other.head != first.head, "the same words elsewhere are another turn"


def test_a_branch_shares_its_beginning(chats):
    chat = start(chats, user("One"), says("Two"), user("Three"), says("Four"))
    at = chats.turns(chat)[1]
    branch = chats.branch(chat, at.hash[:8], "Another way")
    branch = chats.add(branch, user("Five"), says("Six"))
    assert branch.id == "another-way"
    assert [t.text for t in chats.turns(branch)] == ["One", "Two", "Five", "Six"]
    assert [t.text for t in chats.turns(chats.chat("one"))] == ["One", "Two", "Three", "Four"]
    assert count(chats, "turns") == 6


def test_a_picture_is_kept_once(chats):
    start(chats, Turn("user", (Text("A"), PICTURE)), says("a"))
    second = start(chats, Turn("user", (Text("B"), PICTURE)), says("b"))
    assert count(chats, "pictures") == 1
    chats.remove([chats.chat("a")])
    assert chats.turns(second)[0].images == (PICTURE,)
    chats.remove([second])
    assert count(chats, "pictures") == 0


def test_removing_takes_what_nobody_points_to(chats):
    chat = start(chats, user("One"), says("Two"), user("Three"), says("Four"))
    branch = chats.branch(chat, chats.turns(chat)[1].hash)
    assert chats.remove([chat]) == 2
    assert [t.text for t in chats.turns(branch)] == ["One", "Two"]
    assert chats.search("four") == []
    kept = chats.store.connection.execute("SELECT block FROM turns_said_data").fetchall()
    assert not any(b"four" in row[0] for row in kept), "nor is it left in the index"
    assert chats.remove([branch]) == 2
    assert count(chats, "turns") == count(chats, "turns_said") == 0


def test_two_that_go_on_at_once_lose_nothing(chats, home, core, stopped):
    chat = start(chats, user("One"), says("Two"))
    other = Store(home / "ttrpg.db", [core])
    theirs = Chats(other, stopped)
    same = theirs.chat(chat.id)
    mine = chats.add(chat, user("Mine"))
    split = theirs.add(same, user("Theirs"))
    assert mine.id == chat.id
    assert split.id == "one-2"
    assert [t.text for t in chats.turns(chats.chat("one-2"))] == ["One", "Two", "Theirs"]
    assert [t.text for t in chats.turns(chats.chat("one"))] == ["One", "Two", "Mine"]
    theirs.remove([theirs.chat("one")])
    alone = chats.add(mine, says("On"))
    assert [t.text for t in chats.turns(alone)] == ["On"]
    other.close()


TALKER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from ttrpg_core import schema
from ttrpg_core.llm import Text
from ttrpg_core.llm.chats import Chats, Turn
from ttrpg_core.store import SchemaSet, Store

core = SchemaSet("ttrpg-core", "ttrpg_core.schema:tables", lambda: schema.tables)
chats = Chats(Store(Path(sys.argv[1]), [core]), lambda: datetime.now(UTC))
chat = chats.chat("one")
for number in range(15):
    chat = chats.add(chat, Turn("user", (Text(f"{sys.argv[2]}-{number}"),)))
"""


def test_processes_that_talk_at_once_lose_nothing(chats, path):
    start(chats, user("One"))
    names = ("a", "b", "c", "d")
    running = [subprocess.Popen([sys.executable, "-c", TALKER, path, name]) for name in names]
    assert [each.wait(60) for each in running] == [0, 0, 0, 0]
    found = [[turn.text for turn in chats.turns(chat)] for chat in chats.chats()]
    for name in names:
        mine = ["One", *(f"{name}-{number}" for number in range(15))]
        assert any([text for text in texts if text in mine] == mine for texts in found)
    assert chats.collect() == 0


def test_names_and_turns_by_their_beginning(chats):
    chat = start(chats, user("How does falling work?"), says("Badly."))
    start(chats, user("How does grappling work?"), says("Well."))
    assert chats.chat("how-does-f").id == chat.id
    with pytest.raises(Ambiguous):
        chats.chat("how")
    with pytest.raises(NotFound):
        chats.chat("why")
    assert chats.turn(chat.head[:6].upper()).text == "Badly."
    for wrong, error in (("xyz", InputError), ("ab", InputError), ("0" * 64, NotFound)):
        with pytest.raises(error):
            chats.turn(wrong)
    with pytest.raises(NotFound):
        chats.turn(chat.head[:8], chats.chat("how-does-g"))


def test_search_finds_words_in_any_form_and_who_may_see_them(chats):
    chat = start(chats, user("Who lit the lanterns?", audience=PARTY), says(SECRET))
    chats.branch(chat, title="Twice")
    (met,) = chats.search("lantern lit")
    assert set(met.chats) == {chat.id, "twice"}
    assert [met.excerpt[a:b] for a, b in met.marks] == ["lit", "lanterns"]
    assert [each.turn.text for each in chats.search("thieves duke")] == []
    assert [each.turn.text for each in chats.search("thief duke")] == [SECRET]
    assert chats.search("thief", PARTY) == []
    for odd in ('"', "?! --", "a OR (b", "NEAR(", "col:x", "*", "\N{DRAGON}"):
        assert chats.search(odd) == []
    chats.move(chat, chats.turns(chat)[0].hash)
    chats.remove([chats.chat("twice")])
    assert chats.search("thief") == []


def test_old_ones_but_for_the_saved(chats, stopped):
    old, saved = start(chats, user("Old")), start(chats, user("Saved"))
    chats.change(attrs.evolve(saved, saved=True))
    stopped.move(days=40)
    start(chats, user("New"))
    assert [chat.id for chat in chats.old(30)] == [old.id]


@pytest.mark.parametrize("words", ["", "\n\n", "?!", "\x1b[2J", "x" * 5000, "\udcff", "a\0b"])
def test_any_first_words_make_a_title(chats, words):
    chat = start(chats, user(words))
    assert chat.id
    assert len(chat.title) <= 100
    assert "\x1b" not in chat.title
    assert chats.chat(chat.id) == chat
    chats.turns(chat)


def test_a_key_is_in_no_title(chats):
    chat = start(chats, user(f"Why does {KEY} not work?"))
    assert (chat.title, chat.id) == ("Why does [hidden] not work?", "why-does-hidden-not-work")


parts = st.one_of(
    st.builds(Text, st.text()),
    st.builds(
        ToolCall, st.text(), st.text(), st.dictionaries(st.text(), st.integers() | st.text())
    ),
    st.builds(ToolResult, st.text(), st.text(), st.booleans()),
    st.builds(Reasoning, st.text(), st.text(), st.text(), st.booleans()),
)


@given(st.lists(parts))
def test_parts_come_back(made):
    assert loaded(dumped(made), {}) == tuple(made)


@given(st.lists(parts), st.text(), st.sampled_from([GM, PARTY, PUBLIC, Audience("npc/mara")]))
def test_a_hash_is_that_of_the_content(made, parent, audience):
    turn = Turn("user", tuple(made), audience=audience)
    assert name_of(turn, parent) == name_of(attrs.evolve(turn, at="later", hash="x"), parent)
    assert name_of(turn, parent) != name_of(turn, parent + "x")
    assert name_of(turn, parent) != name_of(attrs.evolve(turn, finish="cancelled"), parent)


def scrub(text):
    return text.replace(KEY, "[hidden]")


@pytest.fixture
def told(chats):
    """A conversation with a secret turn, a secret source, a key, a picture and hostile words."""
    open_source = Cited(1, "SRD", ("Falls",), "7", 6, "1d6 for 10 feet", audience=PUBLIC)
    chat = start(
        chats,
        user(f"Who did it? {SECRET}"),
        says(f"Yes: {SECRET}", sources=(Cited(2, "Notes", (), "", None, SECRET),)),
        Turn("user", (Text(f"How far? <script>alert(1)</script> {KEY}"), PICTURE), audience=PARTY),
        attrs.evolve(
            says("A long way", audience=PARTY),
            parts=(Reasoning("I know " + SECRET), Text("A long way")),
            finish="cancelled",
            sources=(open_source, Cited(2, "Notes", (), "", None, SECRET)),
        ),
    )
    return chat, chats.turns(chat)


@pytest.mark.parametrize("form", FORMS)
def test_an_export_for_the_party_has_no_secret(told, form):
    chat, turns = told
    out = export(chat, turns, form, PARTY, scrub)
    assert "lantern thief" not in out
    assert "Notes" not in out
    assert KEY not in out
    assert "Who did it" not in out
    assert "A long way" in out
    assert "SRD" in out
    assert turns[1].hash not in out
    whole = export(chat, turns, form, GM, scrub)
    assert whole.count("lantern thief") >= 2
    assert "I know" not in whole, "thoughts stay here"
    assert KEY not in whole


def test_an_export_says_what_was_stopped(told):
    assert "(stopped)" in export(*told, "md", GM, scrub)
    assert json.loads(export(*told, "json", GM, scrub))["turns"][-1]["finish"] == "cancelled"
    assert "stopped" in export(*told, "html", GM, scrub)


def test_an_export_runs_nothing(told):
    page = export(*told, "html", GM, scrub)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert re.findall(r"https?:", page) == []


def test_json_stays_json_whatever_is_scrubbed(told):
    chat, turns = told
    out = export(chat, turns, "json", GM, lambda text: re.sub(r"\S+", "[hidden]", text))
    assert json.loads(out)["turns"][2]["images"][0]["base64"].startswith("iVBOR")


def test_a_form_that_there_is_not(told):
    with pytest.raises(InputError):
        export(*told, "pdf", GM, scrub)


@pytest.mark.parametrize("form", ["md", "json", "html"])
def test_an_export_moves_no_cursor_and_reads_back(chats, form):
    hostile = "a\x1b[2J\x9b2J\x07\x7f \u202egnp\u2066 \r\nb"
    chat = chats.add(Chat("x", "x"), Turn("assistant", (Text(hostile),), model="m"))
    out = export(chat, chats.turns(chat), form, GM, str)
    assert not set("\x1b\x9b\x07\x7f\u202e\u2066\r") & set(out)
    if form == "json":
        assert json.loads(out)["turns"][0]["text"] == hostile


def test_an_export_of_nothing(told):
    chat, turns = told
    out = export(chat, turns, "md", PUBLIC, scrub)
    assert "lantern" not in out
    assert out.startswith("# Conversation")
