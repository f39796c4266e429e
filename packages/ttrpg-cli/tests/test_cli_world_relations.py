"""Relations at the prompt, and what players see of the world at every one of its commands."""

import itertools
import xml.etree.ElementTree as ET

import click
import pytest

from ttrpg_cli.plugin import COMMANDS
from ttrpg_core import Command


@pytest.fixture
def salt(ttrpg):
    for line in (
        "campaign create Salt",
        "npc add Mara --audience party",
        "npc add Tom --audience party",
        "npc add Vile",
        "item add Crown --audience party",
        "relation add mara seeks crown --strength 75 --since Midwinter --secret",
        "relation add mara student tom --audience party",
        "relation add vile enemy mara",
    ):
        assert ttrpg(*line.split()).code == 0, line
    return ttrpg


def test_a_relation_is_said_as_a_sentence_and_shown(ttrpg):
    ttrpg("campaign", "create", "Salt")
    ttrpg("npc", "add", "Mara")
    ttrpg("item", "add", "The Salt Crown")
    made = ttrpg("relation", "add", "mara", "seeks", "the salt crown", "--strength", "75")
    assert made.err == "Mara seeks The Salt Crown. 'ttrpg undo' takes it back\n"
    assert made.out == (
        "Relation  seeks (relation/mara-seeks-the-salt-crown)\n"
        "Source    Mara (mara)\n"
        "Target    The Salt Crown (the-salt-crown)\n"
        "Strength  75\n"
    )
    assert "Mara seeks The Salt Crown" in ttrpg("undo").out
    assert ttrpg("relation").out.startswith("No relations yet")


def test_the_list_from_either_side(salt):
    shown = salt("relation", "list", "mara").out.splitlines()
    assert [" ".join(each.split()) for each in shown] == [
        "From Is To Id",
        "Mara seeks Crown 75, strong; since Midwinter; secret mara-seeks-crown",
        "Mara student of Tom mara-student-of-tom",
        "Mara enemy of Vile secret vile-enemy-of-mara",
    ]
    assert "Tom   mentor of  Mara" in salt("relation", "list", "tom").out
    for words in ("mentor", "student of"):
        found = salt("relation", "list", "--kind", words, "--json").json()["relations"]
        assert [each["ref"] for each in found] == ["relation/mara-student-of-tom"]
        assert (found[0]["name"], found[0]["inverse"]) == ("student of", "mentor of")
    cut = salt("relation", "list", "--limit", "1")
    assert "2 more: --limit 3 shows them all" in cut.out


def test_the_words_of_a_relation_are_edited(salt):
    done = salt("relation", "edit", "mara-seeks", "--kind", "owns", "--note", "At last.")
    assert done.err == "Mara owns Crown. 'ttrpg undo' takes it back\n"
    assert "At last." in salt("relation", "show", "mara-seeks").out
    assert "Nothing was different" in salt("relation", "edit", "mara-seeks", "--kind", "owns").err
    assert "Changed strength" in salt("relation", "edit", "mara-seeks", "--strength", "3").err
    assert salt("relation", "edit", "mara-seeks").code == 2
    salt("undo", "2")
    assert "Mara seeks Crown" in " ".join(salt("relation", "list", "mara").out.split())


def test_an_end_is_kept_with_its_date(salt):
    result = salt("relation", "end", "mara-seeks", "--when", "Midsummer")
    assert result.err == "It is over. 'ttrpg undo' takes it back\n"
    assert "ended; until Midsummer" in salt("npc", "show", "mara").out
    assert salt("relation", "end", "mara-seeks").err == "It was over already\n"
    assert len(salt("relation", "list", "--active", "--json").json()["relations"]) == 2
    salt("relation", "edit", "mara-seeks", "--no-ended", "--until", "", "--note", "Again.")
    assert "ended" not in salt("npc", "show", "mara").out


def test_things_show_what_they_are_to_others(salt):
    shown = salt("npc", "show", "mara")
    assert shown.out.endswith(
        "Relations:\n"
        "- seeks Crown (75, strong; since Midwinter; secret)\n"
        "- student of Tom\n"
        "- enemy of Vile (secret)\n"
    )
    data = salt("npc", "show", "mara", "--json").json()
    assert [each["other"] for each in data["relations"]] == ["item/crown", "npc/tom", "npc/vile"]
    party = salt("npc", "show", "mara", "--as", "party")
    assert party.out.endswith("Relations:\n- student of Tom\n")


def test_deleting_a_thing_says_which_relations_lead_nowhere(salt):
    result = salt("npc", "rm", "mara")
    assert "These relations lead nowhere now: " in result.err
    assert "mara-seeks-crown" in result.err
    assert "Still mentioned" not in result.err
    assert len(salt("npc", "rm", "tom", "--json").json()["relations_left"]) == 1
    assert "npc/mara" in salt("relation", "list", "crown").out
    salt("undo", "2")
    assert "sought by" in salt("relation", "list", "crown").out


def test_what_the_party_knows_is_not_taken_from_it_by_telling_one_of_them(salt):
    salt("character", "add", "Ada")
    salt("npc", "add", "Zed", "--motivation", "Gold")
    salt("npc", "reveal", "zed")
    salt("npc", "reveal", "zed", "--field", "motivation")
    assert "Nothing was different" in salt("npc", "reveal", "zed", "--to", "ada").err
    assert salt("npc", "reveal", "zed", "--field", "motivation", "--to", "ada").code == 0
    assert "Gold" in salt("npc", "show", "zed", "--as", "party").out


def test_a_secret_that_is_deleted_is_told_by_no_link_that_it_leaves(salt):
    salt("npc", "add", "Zed")
    salt("note", "add", "Page", "--text", "hello [[Zed]]", "--audience", "party")
    salt("npc", "rm", "zed")
    assert "hello ..." in salt("note", "show", "page", "--as", "party").out
    assert "hello [[Zed]]" in salt("note", "show", "page").out


def test_what_keeps_a_revealed_thing_from_being_known_is_said(salt):
    told = salt("relation", "reveal", "vile-enemy").err
    assert "They do not know of 'Vile' yet: ttrpg npc reveal vile" in told
    assert "enemy of" not in salt("relation", "list", "--as", "party").out
    told = salt("npc", "reveal", "vile", "--field", "motivation").err
    assert "They do not know of 'Vile' yet" in told
    assert "do not know" not in salt("npc", "reveal", "vile").err
    assert "enemy of" in salt("relation", "list", "--as", "party").out
    assert "no character/pary in this campaign" in salt("npc", "reveal", "vile", "--to", "pary").err
    assert "no character/pary" in salt("npc", "edit", "vile", "--audience", "pary").err
    assert "no character/pary" in salt("npc", "add", "Tam", "--audience", "pary").err
    salt("character", "add", "Ada")
    assert "in this campaign" not in salt("npc", "reveal", "vile", "--to", "ada").err
    made = salt("relation", "add", "tom", "seeks", "crown", "--audience", "party")
    assert "do not know" not in made.err


def test_the_graph_is_drawn(salt):
    assert salt("relation", "graph", "mara", "--depth", "1").out == (
        "Mara\n"
        "├─ seeks Crown  75, strong; since Midwinter; secret\n"
        "├─ student of Tom\n"
        "└─ enemy of Vile  secret\n"
    )
    assert salt("relation", "graph", "crown").out.splitlines() == [
        "Crown",
        "└─ sought by Mara  75, strong; since Midwinter; secret",
        "   ├─ student of Tom",
        "   └─ enemy of Vile  secret",
    ]
    assert salt("relation", "graph", "--as", "party").out == "Mara\n└─ student of Tom\n"
    data = salt("relation", "graph", "--as", "party", "--json").json()
    assert data["things"] == [{"name": "Mara"}, {"name": "Tom"}]


def test_the_graph_for_other_programs(salt, tmp_path):
    file = tmp_path / "salt.svg"
    assert salt("relation", "graph", "-o", file).code == 0
    assert ET.parse(file).getroot().tag.endswith("svg")
    assert "there already" in salt("relation", "graph", "-o", file).err
    assert salt("relation", "graph", "-o", file, "--force", "--as", "party").code == 0
    assert "Vile" not in file.read_text()
    told = salt("audit", "--json").json()
    assert sum("data.exported" in each["kind"] for each in told["events"]) == 2
    assert "no format is known" in salt("relation", "graph", "-o", tmp_path / "x.txt").err
    told = salt("relation", "graph", "mara", "--format", "mermaid", "--depth", "1")
    assert told.out.splitlines()[0] == "graph LR"
    assert 'n1 -->|"student of"| n3' in told.out
    assert "digraph" in salt("relation", "graph", "--format", "dot").out


def test_the_kinds_that_are_known(salt):
    assert len(salt("relation", "kinds", "--json").json()["kinds"]) == 30
    assert "mentor of            student of" in salt("relation", "kinds").out


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("add mara seeks crown", 2, "it is known that Mara seeks Crown"),
        ("add mara seeks mara", 2, "two different things"),
        ("add mara seeks nobody", 3, "no "),
        ("add mara seeks tom --strength 101", 2, "cannot be 101"),
        ("add mara seeks tom --secret --audience party", 2, "secret and known"),
        ("edit mara-seeks", 2, "nothing to change"),
        ("edit mara-seeks --name hates", 2, "No such option"),
        ("list vile --as party", 3, "no "),
        ("graph vile --as party", 3, "no "),
        ("show vile-enemy --as party", 3, "no relation"),
    ],
)
def test_what_cannot_be(salt, line, code, said):
    before = salt("history", "--json").out
    result = salt("relation", *line.split())
    assert (result.code, result.out) == (code, "")
    assert said in result.err
    assert salt("history", "--json").out == before


HOSTILE = ["\x1b[2J\x07\r\n", "a\0b", "\udcff", "9" * 5000, "%s{0}", "'; DROP TABLE entities; --",
           "x" * 300_000, "[[x]]|\N{DRAGON}"]  # fmt: skip
LINES = [
    ["relation", "add", None, "seeks", "crown"],
    ["relation", "add", "mara", None, "crown"],
    ["relation", "add", "mara", "hates", "crown", "--inverse", None],
    ["relation", "add", "mara", "hates", "crown", "--since", None],
    ["relation", "list", None],
    ["relation", "list", "--kind", None],
    ["relation", "end", "mara-seeks", "--when", None],
    ["relation", "graph", None],
    ["relation", "graph", "mara", "--depth", None],
    ["relation", "graph", "-o", None],
    ["location", "connect", None, "inn"],
    ["location", "connect", "inn", "hut", "--kind", None],
    ["location", "connect", "inn", "hut", "--time", None],
    ["location", "connect", "inn", "hut", "--hazards", None],
    ["location", "connect", "inn", "hut", "--audience", None],
    ["location", "disconnect", "inn", "hut", "--kind", None],
    ["location", "reveal-way", "inn", "hut", "--to", None],
    ["location", "tree", None],
    ["location", "path", "inn", None],
    ["location", "feature", "add", "inn", None],
    ["location", "feature", "add", "inn", "x", "--effect", None],
    ["location", "edit", "inn", "--type", None],
    ["npc", "move", "mara", None],
    ["npc", "show", "mara", "--as", None],
    ["npc", "list", "--as", None],
    ["item", "give", "crown", None],
    ["faction", "reputation", "guild", None],
    ["faction", "reputation", "guild", "5", "--why", None],
]


def test_no_text_breaks_a_command(salt, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for line in ("location add Inn", "location add Hut", "faction add Guild"):
        salt(*line.split())
    for line, text in itertools.product(LINES, HOSTILE):
        result = salt(*[text if word is None else word for word in line])
        assert result.code in {0, 2, 3}, (line, text[:20], result.err[:300])
        assert "\x1b" not in result.out + result.err
        assert len(result.err) < 6000
        if result.code:
            assert result.err.startswith(("Error: ", "Usage: "))


CANARY = "quetzal"
PLANTED = ("npc", "location", "faction", "item", "note", "character", "plot", "arc", "handout",
           "ruling", "condition")  # fmt: skip


def players_pages(plugins):
    """The words of every command that shows something ``--as`` a player sees it."""
    found = []
    for _, name, _, _ in COMMANDS:
        waiting = [([name], plugins.load(Command, name))]
        while waiting:
            path, command = waiting.pop()
            if isinstance(command, click.Group):
                waiting += [([*path, name], each) for name, each in command.commands.items()]
            elif any("--as" in each.opts for each in command.params):
                found.append(path)
    return found


def test_no_command_shows_a_player_what_is_secret(salt, plugins):
    """Secret things of every kind, secrets of open ones; every list and page is looked at."""
    for name in PLANTED:
        salt(name, "add", f"{CANARY} {name}", "--audience", "gm")
        fields = ["--secret", CANARY, "--tag", CANARY, "--alias", CANARY]
        salt(name, "add", f"Open {name}", "--audience", "party", *fields,
             "--text", f"[[{CANARY} npc]] and [[location/{CANARY}-location]]",
             "--summary", f"[[npc/{CANARY}-npc]]")  # fmt: skip
    hidden = f"{CANARY}-location"
    for line in (
        f"location connect open-location {hidden} --note {CANARY}",
        "location add Hut --audience party",
        f"location connect open-location hut --kind secret --note {CANARY}",
        f"location feature add open-location {CANARY} --hidden",
        f"location feature add open-location Well --effect {CANARY}",
        f"npc edit open-npc --location {hidden} --faction {CANARY}-faction --hook {CANARY}",
        f"npc edit {CANARY}-npc --location open-location --faction open-faction",
        f"item edit open-item --holder npc/{CANARY}-npc",
        f"item edit {CANARY}-item --holder npc/open-npc",
        f"faction edit open-faction --goal {CANARY} --leader npc/{CANARY}-npc --reputation 7",
        f"relation add npc/open-npc seeks item/{CANARY}-item --audience party",
        f"relation add npc/open-npc ally mara --audience party --gm-note {CANARY}",
        f"relation add npc/open-npc {CANARY}-of tom",
        f"location edit open-location --parent {hidden}",
        f"plot edit open-plot --giver npc/{CANARY}-npc --npc npc/{CANARY}-npc",
        f"plot edit open-plot --after {CANARY}-plot",
        f"plot edit {CANARY}-plot --giver npc/open-npc",
        f"plot objective add open-plot {CANARY}",
        f"plot clock add open-plot {CANARY}",
        "plot start open-plot --anyway",
        f"note edit open-note --about npc/{CANARY}-npc",
    ):
        assert salt(*line.split()).code == 0, line
    named = {name: [f"open-{name}", "zzz"] for name in PLANTED}
    pages = [["relation", "graph", "--format", form] for form in ("dot", "mermaid", "svg")]
    pages += [["location", "path", "open-location", each] for each in ("hut", "zzz")]
    for path in players_pages(plugins):
        pages += [path, *([*path, each] for each in named.get(path[0], ["open", "npc/open-npc"]))]
    pages += [[*each[:-1], f"{CANARY}-{each[0]}"] for each in pages if each[-1] == "zzz"]
    seen, told = "", []
    for page, form in itertools.product(pages, ([], ["--json"])):
        result = salt(*page, "--as", "party", *form)
        out = (result.out + result.err).casefold().replace(page[-1], "")  # it may say that again
        told += [page] if CANARY in out else []
        seen += result.out
    assert told == []
    assert "Open npc" in seen
    assert "ally of" in seen
    assert "Well" in seen
