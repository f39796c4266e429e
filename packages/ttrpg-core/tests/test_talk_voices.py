"""Voices and NPCs as data, and what an NPC may be told."""

import pytest

from ttrpg_core.audience import GM, PARTY, PUBLIC, Audience, project
from ttrpg_core.errors import InputError, NotFound
from ttrpg_core.table.campaigns import Campaign
from ttrpg_core.talk.memory import Remembered
from ttrpg_core.talk.prompting import system_prompt
from ttrpg_core.talk.voices import DEFAULT, campaign_facts, load_voice, load_voices, slips

CANARY = "CANARY the ferry is a coffin"
MARA = f"""
kind = "npc"
title = "Mara of the ferry"
manner = "Short sentences"
vocabulary = ["a fare is a fare"]
campaign = "salt-road"
knows = [
  "The ferry does not run after dark",
  {{ text = "{CANARY}", audience = "gm" }},
  {{ text = "{CANARY} too" }},
  {{ text = "{CANARY} three", audience = "party" }},
  {{ text = "{CANARY} four", audience = "npc/other" }},
  {{ text = "The river is the Long Water", audience = "public" }},
]
unaware = ["{CANARY} indeed"]
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mara.toml").write_text(MARA, "utf-8")
    return tmp_path


def campaign(**more):
    fields = dict.fromkeys(("system", "genre", "setting", "description", "game_date"), "")
    times = {"created_at": "", "updated_at": ""}
    return Campaign(**{"id": "salt-road", "name": "Salt Road", **fields, **times, **more})


def test_what_ships_loads(tmp_path):
    voices = load_voices(tmp_path / "nowhere")
    assert not voices.problems
    assert DEFAULT in voices.known
    assert len(voices.known) >= 5
    assert {voice.kind for voice in voices.known.values()} == {"voice"}


def test_a_system_has_its_voice(folder):
    voices = load_voices(folder)
    assert voices.suiting(None).id == DEFAULT
    assert voices.suiting(campaign(system="D&D 5e")).id == "hearth"
    assert voices.suiting(campaign(system="dnd5e")).id == "hearth"
    assert voices.suiting(campaign(system="Call of Cthulhu")).id == "dread"
    assert voices.suiting(campaign(system="A game of our own")).id == DEFAULT
    (folder / "ours.toml").write_text('title = "Ours"\ncampaign = "salt-road"\n')
    assert load_voices(folder).suiting(campaign(system="dnd5e")).id == "ours"


def test_the_users_own_replaces_what_ships(folder):
    (folder / "hearth.toml").write_text('title = "My hearth"\n', "utf-8")
    assert load_voices(folder).voice("hearth").title == "My hearth"


def test_an_npc_is_no_voice_and_a_voice_no_npc(folder):
    voices = load_voices(folder)
    assert voices.npc("mara").title == "Mara of the ferry"
    assert voices.npc("Mara of").id == "mara"
    with pytest.raises(NotFound):
        voices.voice("mara")
    with pytest.raises(NotFound, match="no NPC"):
        voices.npc("hearth")


def test_nothing_that_an_npc_does_not_know_is_in_its_prompt(folder):
    mara = load_voices(folder).npc("mara")
    assert mara.audience == Audience("npc/mara")
    assert [fact.text for fact in mara.knowledge()] == [
        "The ferry does not run after dark",
        "The river is the Long Water",
    ]
    told = campaign(description=CANARY, game_date="Day 2")
    facts = project(campaign_facts(told), mara.audience)
    prompt = system_prompt(mara, facts, remembered=Remembered(facts=("Tamsin paid",)), tools=True)
    assert "CANARY" not in prompt
    for wanted in ("does not run after dark", "Day 2", "Tamsin paid", "a fare is a fare", "Mara"):
        assert wanted in prompt
    assert "propose" not in prompt, "an NPC has no tools"


@pytest.mark.parametrize(("viewer", "sees"), [(GM, True), (PARTY, False), (PUBLIC, False)])
def test_a_description_is_the_game_masters(viewer, sees):
    facts = project(campaign_facts(campaign(description=CANARY, system="Two Dice")), viewer)
    assert any("CANARY" in fact.text for fact in facts) == sees
    assert any("Two Dice" in fact.text for fact in facts)


def test_everybody_who_speaks_is_told_what_is_never_to_happen():
    told = campaign(lines=("harm to animals", "plague"), veils=("torture",))
    facts = [each.text for each in project(campaign_facts(told), PUBLIC)]
    assert "Never to happen in it: harm to animals; plague" in facts
    assert "Only to be hinted at: torture" in facts


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "title"),
        ("title = 3", "title"),
        ('title = "A"\nkind = "god"', "kind"),
        ('title = "A"\ncolour = "red"', "colour"),
        ('title = "A"\nknows = [3]', "knows[0]"),
        ('title = "A"\nknows = [{text = "x", who = "gm"}]', "knows[0]"),
        ('title = "A"\nknows = [{text = "x", audience = "a b"}]', "audience"),
        ('title = "A\\u001b"', "control"),
        ('title = "A"\nvocabulary = "one"', "vocabulary"),
        ("title = ", "TOML"),
        ('title = "A"\nunaware = [' + '"x",' * 101 + "]", "more than 100"),
        ('title = "A"\ntone = "' + "x" * 100_000 + '"', "larger"),
    ],
)
def test_a_file_that_is_wrong_says_where_and_spoils_no_other(folder, content, said):
    (folder / "bad.toml").write_text(content, "utf-8")
    with pytest.raises(InputError) as caught:
        load_voice(folder / "bad.toml")
    assert said in caught.value.message
    voices = load_voices(folder)
    assert voices.npc("mara")
    assert len(voices.problems) == 1
    with pytest.raises(NotFound) as missing:
        voices.voice("bad")
    assert "bad.toml" in missing.value.hint or "title in bad" in missing.value.hint


def test_a_file_name_is_an_id(folder):
    (folder / "No Id.toml").write_text('title = "A"', "utf-8")
    assert "No Id.toml" in load_voices(folder).problems[0]
    (folder / "bin.toml").write_bytes(b"\xff\xfe")
    assert len(load_voices(folder).problems) == 2


def test_what_a_reply_lets_slip():
    unaware = ["who pays the toll keepers", "that the duke is the lantern thief", "it"]
    assert slips("I ferry. The weather turns.", unaware) == []
    assert slips("Everybody says the duke is a lantern thief!", unaware) == [unaware[1]]
    assert slips("The duke came by.\n\nA lantern. A thief.", unaware) == []
