"""What a Game Master writes: notes, links, handouts, reveals, rulings; and what players see."""

import re
from pathlib import Path

import pytest

SECRET = "CANARY"


# Notes


def test_words_that_are_no_verb_are_a_note(run):
    wrote = run("note", "The bridge is out", "--plot", "--tag", "road")
    assert wrote.err == "Wrote 'The bridge is out'. 'ttrpg undo' takes it back\n"
    made = run("note", "show", "bridge", "--json").json()["note"]
    assert (made["type"], made["tags"]) == ("plot", ["road"])
    assert "text" not in made
    run("note", "--quest", "three", "words", "here")
    assert run("note", "show", "three words here", "--json").json()["note"]["type"] == "quest"
    run("note", "--", "list")
    assert run("note", "--json").json()["total"] == 3
    run("undo")
    assert run("note", "list", "--json").json()["total"] == 2


def test_the_first_line_is_the_name_and_nothing_is_lost(run):
    text = "## [[npc/mara|Mara]] knows\n\n- the key\n- the gate\n"
    run("note", "-", "--kind", "rumour", input=text)
    made = run("note", "show", "mara knows", "--json").json()["note"]
    assert (made["name"], made["text"], made["type"]) == ("Mara knows", text, "rumour")
    odd = run("note", "a\tb \x1b[31mred", "--json").json()["note"]
    assert (odd["name"], odd["text"]) == ("a b [31mred", "a\tb \x1b[31mred")
    line = "word " * 40
    long = run("note", line, "--json").json()["note"]
    assert len(long["name"]) <= 80
    assert long["name"].endswith(" ...")
    assert long["text"] == line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("shwo",), "Did you mean: ttrpg note show"),
        (("edti", "bridge"), "Did you mean: ttrpg note edit"),
        (("",), "the note is empty"),
        (("x", "--plot", "--kind", "quest"), "exclude each other"),
        (("x", "--about", "nobody"), "nobody"),
        (("x", "--session", "nine"), "nine"),
    ],
)
def test_what_is_no_note(run, ttrpg, words, said):
    result = ttrpg("note", *words)
    assert result.code in {2, 3}
    assert said in result.err
    assert ttrpg("note", "--json").json()["total"] == 0


def test_a_list_has_pins_first_then_the_newest_and_filters(run):
    run("npc", "add", "Mara")
    run("note", "One", "--about", "mara")
    run("note", "Two", "--loot")
    run("note", "Three", "--audience", "party")
    run("note", "pin", "one")
    names = [each["name"] for each in run("note", "--json").json()["notes"]]
    assert names == ["One", "Three", "Two"]

    def listed(*words):
        found = run("note", "list", "--json", *words).json()["notes"]
        return [each["name"] for each in found]

    assert listed("--kind", "LOOT") == ["Two"]
    assert listed("--pinned") == ["One"]
    assert listed("--about", "mar") == ["One"]
    assert listed("--as", "party") == ["Three"]
    run("note", "unpin", "one")
    assert listed("--pinned") == []


def test_a_note_has_the_session_that_is_played(run):
    run("session", "plan", "The gate")
    run("session", "start")
    running = run("note", "Now", "--json").json()["note"]["session"]
    assert running.startswith("session/")
    assert run("note", "add", "Also", "--json").json()["note"]["session"] == running
    assert "session" not in run("note", "Not", "--session", "", "--json").json()["note"]
    names = run("note", "list", "--session", running, "--json").json()["notes"]
    assert {each["name"] for each in names} == {"Now", "Also"}
    run("ruling", "add", "No crits", "--json")
    assert run("ruling", "show", "no crits", "--json").json()["ruling"]["session"] == running


def test_find_has_words_of_any_kind(run):
    run("npc", "add", "Mara", "--summary", "keeps the lighthouse")
    run("note", "The lighthouse is dark")
    run("plot", "add", "Gate", "--consequences", "the Lighthouse falls")
    refs = [each["ref"] for each in run("find", "lighth", "--json").json()["found"]]
    assert set(refs) == {"npc/mara", "note/the-lighthouse-is-dark", "plot/gate"}
    only = run("find", "lighthouse", "--kind", "NPCs", "--json").json()["found"]
    assert [each["ref"] for each in only] == ["npc/mara"]
    notes = run("note", "find", "dark", "lighthouse")
    assert notes.out.startswith("The lighthouse is dark (note/the-lighthouse-is-dark)\n")
    assert run("find", "nothing").out == "Nothing here has all of: nothing\n"


def test_links_go_both_ways_and_broken_ones_are_told(run):
    run("npc", "add", "Mara", "--text", "Loves [[Tam]], fears [[Nobody]].")
    run("npc", "add", "Tam", "--location", "", "--text", "Plain.")
    run("note", "Mara was seen at dusk")
    told = run("links", "mara", "--json").json()
    assert [each["ref"] for each in told["forward"]] == ["npc/tam"]
    assert told["broken"] == ["Nobody"]
    assert [each["ref"] for each in told["unlinked"]] == ["note/mara-was-seen-at-dusk"]
    assert [each["ref"] for each in run("links", "tam", "--json").json()["back"]] == ["npc/mara"]
    assert "Named without a link in:" in run("links", "mara").out
    run("npc", "rm", "tam")
    whole = run("links", "--json").json()["broken"]
    assert whole == [{"ref": "npc/mara", "name": "Mara", "to": ["Tam", "Nobody"]}]
    assert "Mara" in run("links").out
    run("undo")
    run("npc", "edit", "mara", "--text", "Loves [[Tam]].")
    assert run("links").out == "No link is broken\n"


def editor(tmp_path, script):
    """An editor: a program that does something to the file that it is given."""
    path = tmp_path / "editor"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return {"EDITOR": str(path), "VISUAL": ""}


def test_a_long_text_is_written_in_the_editor(run, ttrpg, ttrpg_home, tmp_path):
    env = editor(tmp_path, 'printf "The gate\\n\\nIt is shut.\\n" > "$1"')
    run("note", "--edit", "--plot", env=env)
    made = run("note", "show", "gate", "--json").json()["note"]
    assert (made["name"], made["text"]) == ("The gate", "The gate\n\nIt is shut.")
    same = run("note", "edit", "gate", "--edit", env=editor(tmp_path, 'touch "$1"'))
    assert same.err == "Nothing was different\n"
    empty = run("note", "edit", "gate", "--edit", env=editor(tmp_path, ': > "$1"'))
    assert empty.err == "Nothing was different\n"
    more = run("plot", "add", "Gate", "--edit", env=editor(tmp_path, 'echo "All of it" > "$1"'))
    assert "All of it" in more.out
    none = ttrpg("plot", "add", "Tide", "--edit", env=editor(tmp_path, ": $1"))
    assert (none.code, none.err) == (2, "Error: nothing was written\nNothing was added\n")
    assert ttrpg("plot", "show", "tide").code == 3
    assert not list(ttrpg_home.rglob("draft-*.md"))


def test_what_was_written_is_never_lost(run, ttrpg, ttrpg_home, tmp_path):
    run("note", "Gate")
    big = ttrpg(
        "note", "edit", "gate", "--edit",
        env=editor(tmp_path, 'head -c 200000 /dev/zero | tr "\\0" x > "$1"'),
    )  # fmt: skip
    assert big.code == 2
    kept = re.search(r"What you wrote is kept in (\S+)", big.err)
    assert Path(kept[1]).stat().st_size == 200000
    assert Path(kept[1]).is_relative_to(ttrpg_home)
    assert Path(kept[1]).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("script", "said"), [("exit 3", "ended with 3"), ('printf "\\377\\376" > "$1"', "UTF-8")]
)
def test_an_editor_that_fails_changes_nothing(run, ttrpg, tmp_path, script, said):
    run("note", "Gate")
    result = ttrpg("note", "edit", "gate", "--edit", env=editor(tmp_path, script))
    assert result.code == 2
    assert said in result.err
    none = {"EDITOR": "", "VISUAL": ""}
    assert "export EDITOR" in ttrpg("note", "edit", "gate", "--edit", env=none).err
    half = {"EDITOR": "vi 'x", "VISUAL": ""}
    assert "EDITOR cannot be read" in ttrpg("note", "edit", "gate", "--edit", env=half).err
    gone = {"EDITOR": "/no/such/editor", "VISUAL": ""}
    assert "cannot start" in ttrpg("note", "edit", "gate", "--edit", env=gone).err


# Handouts, reveals and rulings


def test_a_handout_is_given_and_the_log_says_so(run, ttrpg):
    run("character", "add", "Mara")
    run("character", "add", "Tam")
    run("handout", "add", "The letter", "--text", "Come to the gate.")
    given = run("handout", "give", "letter", "--to", "mar")
    assert given.err == "Gave 'The letter' to mara. 'ttrpg undo' takes it back\n"
    assert "Come to the gate" in run("handout", "show", "letter", "--as", "mara").out
    assert ttrpg("handout", "show", "letter", "--as", "tam").code == 3
    other = ttrpg("handout", "give", "letter", "--to", "tam")
    assert other.code == 2
    assert "is for mara alone" in other.err
    run("handout", "give", "letter", "--to", "party")
    assert "Come" in run("handout", "show", "letter", "--as", "tam").out
    run("npc", "add", "Kaz", "--secret", "a spy")
    run("npc", "reveal", "kaz", "--field", "secret")
    run("undo")
    run("npc", "reveal", "kaz", "--to", "tam")
    log = run("reveals", "--json").json()["reveals"]
    assert [(each["kind"], each["ref"], each["to"]) for each in log] == [
        ("told", "npc/kaz", "tam"),
        ("given", "handout/the-letter", "party"),
        ("given", "handout/the-letter", "mara"),
    ]
    to_mara = run("reveals", "--to", "mara", "--json").json()["reveals"]
    assert [each["ref"] for each in to_mara] == ["handout/the-letter"] * 2
    assert "given" in run("reveals").out
    run("npc", "hide", "kaz")
    assert [each["kind"] for each in run("reveals", "--to", "tam", "--json").json()["reveals"]][
        :2
    ] == ["hidden", "told"]


def test_the_log_says_in_which_session(run):
    run("npc", "add", "Kaz")
    run("session", "plan", "The gate")
    run("session", "start")
    run("npc", "reveal", "kaz")
    log = run("reveals", "--json").json()["reveals"]
    assert log[0]["session"].startswith("session/")
    assert "The gate" in run("reveals").out


def test_a_file_is_known_again_and_not_copied(run, ttrpg, tmp_path):
    file = tmp_path / "map.png"
    file.write_bytes(b"\x89PNG")
    run("handout", "add", "Map", "--audience", "party")
    assert "4 bytes" in run("handout", "attach", "map", file).err
    assert run("handout", "show", "map", "--json").json()["file_state"] == "as it was"
    assert str(tmp_path) not in run("handout", "show", "map", "--as", "party").out
    file.write_bytes(b"\x89PNG2")
    assert "was changed since" in run("handout", "show", "map").out
    file.unlink()
    assert "there is no file" in run("handout", "show", "map").out
    assert ttrpg("handout", "attach", "map", file).code == 3
    assert ttrpg("handout", "attach", "map", tmp_path).code == 2


def test_a_ruling_holds_until_it_is_withdrawn(run):
    made = run("ruling", "add", "Flanking gives +2", "--rule", "flanking", "--book", "phb",
                "--page", "12")  # fmt: skip
    assert "Status  standing" in made.out
    run("ruling", "withdraw", "flank")
    assert run("ruling", "--json").json()["rulings"][0]["status"] == "withdrawn"
    assert "holds again" in run("ruling", "restore", "flank").err
    assert run("ruling", "restore", "flank").err == "Nothing was different\n"


# What players see


@pytest.fixture
def secrets(run):
    """A world with a canary in every place that a player must not see."""
    run("npc", "add", SECRET, "--summary", SECRET)
    run("location", "add", f"{SECRET} Cave")
    run("plot", "add", "Gate", "--audience", "party", "--summary", "A gate", "--kind", SECRET,
         "--npc", "npc/canary", "--location", "location/canary-cave", "--giver", "npc/canary",
         "--secret", SECRET, "--tag", SECRET, "--alias", SECRET, "--rewards", SECRET,
         "--consequences", SECRET, "--text", "Shut. [[npc/canary|Somebody]]")  # fmt: skip
    run("plot", "add", f"{SECRET} plot", "--after", "gate")
    run("plot", "edit", "gate", "--unlocks", "plot/canary-plot")
    run("plot", "clock", "add", "gate", f"{SECRET} clock")
    run("plot", "objective", "add", "gate", f"{SECRET} objective")
    run("plot", "objective", "add", "gate", "Find the key", "--audience", "party")
    run("plot", "start", "gate")
    run("arc", "add", "War", "--audience", "party", "--plot", "gate", "--plot", "plot/canary-plot",
         "--kind", SECRET, "--secret", SECRET)  # fmt: skip
    run("arc", "phase", "add", "war", f"{SECRET} phase", "--plot", "gate")
    run("arc", "milestone", "add", "war", f"{SECRET} milestone")
    run("note", "Gate seen", "--audience", "party", "--about", "gate", "--about", "npc/canary",
         "--tag", SECRET)  # fmt: skip
    run("note", f"{SECRET} about the [[Gate]]", "--about", "gate")
    run("handout", "add", "Letter", "--audience", "party", "--secret", SECRET, "--text", "Come.")
    run("ruling", "add", "No crits", "--audience", "party", "--secret", SECRET)
    return run


LINES = [
    ("plot", "list"), ("plot", "board"), ("plot", "board", "--arc", "war"),
    ("plot", "show", "gate"), ("arc", "list"), ("arc", "show", "war"),
    ("note", "list"), ("note", "list", "--about", "gate"), ("note", "show", "gate seen"),
    ("note", "find", "gate"), ("find", "gate"), ("find", SECRET[:3]), ("find", "plot"),
    ("links", "gate"), ("links", "war"), ("links",),
    ("handout", "list"), ("handout", "show", "letter"),
    ("ruling", "list"), ("ruling", "show", "no crits"),
]  # fmt: skip


@pytest.mark.parametrize("viewer", ["party", "npc/canary"])
def test_no_secret_reaches_a_player(secrets, ttrpg, viewer):
    for line in LINES:
        for how in ((), ("--json",)):
            result = ttrpg(*line, "--as", viewer, *how)
            told = result.out + result.err.replace(viewer, "")
            assert SECRET.casefold() not in told.casefold(), (line, result)
    shown = ttrpg("plot", "show", "gate", "--as", viewer)
    assert (shown.code == 0) == (viewer == "party")


def test_what_is_not_seen_is_not_there_for_a_player(secrets, ttrpg):
    for line in (("plot", "show", "plot/canary-plot"), ("links", "npc/canary"),
                 ("links", "note/canary-about-the-gate"),
                 ("note", "list", "--about", "npc/canary")):  # fmt: skip
        secret = ttrpg(*line, "--as", "party")
        nobody = ttrpg(*(re.sub("canary", "nobody", each) for each in line), "--as", "party")
        assert secret.code == nobody.code == 3
        assert secret.err.replace("canary", "nobody") == nobody.err


def test_a_filter_tells_nothing_that_is_hidden(secrets):
    for flags in (("--priority", "side"), ("--tag", SECRET)):
        assert secrets("plot", "list", *flags, "--as", "party", "--json").json()["total"] == 0
    found = secrets("note", "list", "--tag", SECRET, "--as", "party", "--json").json()
    assert found["total"] == 0


def test_a_link_that_hides_a_name_does_not_tell_it(run):
    run("npc", "add", "Mara", "--audience", "party")
    run("note", "A [[npc/mara|veiled woman]] came", "--audience", "party")
    run("note", "Maracaibo is far", "--audience", "party")
    run("note", "edit", "maracaibo", "--secret", "[[Mara]] lives there")
    for line in (("links", "mara"), ("links", "veiled"), ("links", "maracaibo")):
        told = run(*line, "--as", "party", "--json").json()
        assert told["forward"] == told["back"] == []
    assert run("links", "mara", "--json").json()["back"] != []


def test_a_name_made_of_first_words_tells_no_player_whom_a_link_in_them_means(ttrpg):
    ttrpg("campaign", "create", "Salt")
    ttrpg("npc", "add", "Mara")
    ttrpg("note", "secret [[Mara]] here")
    refused = ttrpg("note", "edit", "secret", "--audience", "party")
    assert refused.code == 2
    assert "says 'Mara', which party does not know" in refused.err
    assert ttrpg("note", "reveal", "secret").code == 2
    assert ttrpg("note", "edit", "secret", "--audience", "party", "--name", "A secret").code == 0
    for line in (("note", "list"), ("find", "mara"), ("note", "show", "A secret")):
        assert "mara" not in ttrpg(*line, "--as", "party").out.casefold().replace("of: mara", "")
    ttrpg("npc", "reveal", "mara")
    assert ttrpg("note", "edit", "secret", "--name", "Of Mara").code == 0
