"""A fight through the real program: a whole one, restarts, and several processes at once."""

import json
import os
import re
import signal
import sqlite3
import subprocess

import pytest

MANY = 6
TABLES = ("fights", "combatants", "fight_turns")


def shown(cli, home, *more):
    return json.loads(cli.run(home, "combat", "show", "--json", *more).stdout)["fight"]


def hp(cli, home):
    return {each["id"]: each["hp"] for each in shown(cli, home)["combatants"]}


def rows(home):
    """The fight itself, byte for byte."""
    connection = sqlite3.connect(home / "ttrpg.db")
    try:
        return [
            connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()
            for table in TABLES
        ]
    finally:
        connection.close()


def test_a_fight_on_a_terminal(window, cli, ambush):
    """Two groups, concentration broken, one who dies and is saved, five steps undone, the end."""
    window.resize(80, 40)

    def typed(*words):
        window.type(*words)
        assert window.code() == 0, window.screen()
        return window.screen()

    screen = typed("combat", "show", "--as", "party")
    assert "The fight: round 1, Mara's turn" in screen
    assert "unhurt" in screen
    assert "7/7" not in screen
    typed("combat", "concentrate", "mara", "Hold Person", "1", "minute")
    typed("cond", "gob2", "paralyzed", "--with", "mara", "--save", "wis:13")
    screen = typed("next")
    assert re.search(r"Ambush: round 1, Goblin \d's turn", screen)
    before = rows(ambush)
    screen = typed("hit", "mara", "5", "slashing")
    assert "DC 10 CON save to keep up Hold Person" in screen
    screen = typed("save", "mara", "4")
    assert "Goblin 2: Paralyzed (Hold Person) ends" not in screen
    assert "Goblin 2: Paralyzed ends (with Hold Person)" in screen
    screen = typed("hit", "tam", "20", "slashing")
    assert "dying 0/20 hp" in screen
    assert "\N{FULL BLOCK}" in screen
    typed("combat", "stabilise", "tam")
    screen = typed("heal", "tam", "6")
    assert "6/20 hp" in screen
    typed("undo", "5")
    assert rows(ambush) == before
    typed("redo", "5")
    assert "6/20 hp" in typed("combat", "show")
    typed("hit", "gob1,gob2,gob3", "9", "fire")
    screen = typed("combat", "end")
    assert "150 XP for 3 foes, 75 each" in screen
    assert "What do they leave? Goblin 1, Goblin 2, Goblin 3" in screen
    lines = [line for line in screen.splitlines() if len(line) > 80]
    assert not lines
    cli.sound(ambush)


def test_five_steps_are_undone_one_by_one_in_new_processes(cli, ambush):
    steps = (
        ["hit", "gob2", "3"],
        ["cond", "mara", "poisoned", "3", "rounds"],
        ["next"],
        ["order", "tam", "before", "gob3"],
        ["hit", "mara", "12", "fire"],
    )
    seen = [rows(ambush)]
    for step in steps:
        cli.run(ambush, *step)
        seen.append(rows(ambush))
    assert len({str(each) for each in seen}) == len(steps) + 1
    for before in reversed(seen[:-1]):
        cli.run(ambush, "undo")
        assert rows(ambush) == before
    for after in seen[1:]:
        cli.run(ambush, "redo")
        assert rows(ambush) == after
    cli.sound(ambush)


@pytest.fixture
def at_once(cli, ambush):
    """Runs command lines at the same time; all come to a good end."""

    def run(*lines):
        started = [
            subprocess.Popen(
                [cli.script, *line],
                env=cli.environment(ambush),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                stdin=subprocess.DEVNULL,
            )
            for line in lines
        ]
        for process in started:
            out, err = process.communicate(timeout=200)
            assert process.returncode == 0, (out, err)

    return run


def test_hits_on_one_at_once_all_count(cli, ambush, at_once):
    at_once(*[["hit", "tam", "1"]] * MANY)
    assert hp(cli, ambush)["tam"] == 20 - MANY
    cli.run(ambush, "undo", str(MANY))
    assert hp(cli, ambush)["tam"] == 20
    cli.sound(ambush)


def test_two_terminals_at_one_fight_lose_nothing(cli, ambush, at_once):
    at_once(
        ["hit", "gob1", "2"], ["next"], ["hit", "gob2", "3"], ["cond", "tam", "prone"],
        ["next"], ["combat", "temp", "mara", "4"], ["combat", "add", "Drake", "--hp", "9"],
    )  # fmt: skip
    now = shown(cli, ambush)
    people = {each["id"]: each for each in now["combatants"]}
    assert (people["goblin-1"]["hp"], people["goblin-2"]["hp"]) == (5, 4)
    assert people["tam"]["conditions"][0]["condition"] == "prone"
    assert (people["mara"]["temp_hp"], people["drake"]["hp"]) == (4, 9)
    entries = json.loads(cli.run(ambush, "history", "-n", "7", "--json").stdout)["entries"]
    assert sum(each["kind"] == "combat.turn" for each in entries) == 2
    cli.sound(ambush)


def test_a_reader_sees_one_moment(cli, ambush, at_once):
    """Both goblins are hit in one step; nobody ever sees one of the two hit."""
    steps = [["hit", "gob1,gob2", "1"]] * 4
    looks = [
        subprocess.Popen(
            [cli.script, "combat", "show", "--json"],
            env=cli.environment(ambush),
            stdout=subprocess.PIPE,
        )
        for _ in range(4)
    ]
    at_once(*steps)
    for look in looks:
        out, _ = look.communicate(timeout=200)
        people = {each["id"]: each["hp"] for each in json.loads(out)["fight"]["combatants"]}
        assert people["goblin-1"] == people["goblin-2"]
    assert hp(cli, ambush)["goblin-1"] == 3


@pytest.fixture
def watched(window, ambush):
    """The fight on the whole screen, from a shell that has exported the size of its terminal."""
    window.resize(100, 30)
    window.type("combat", "watch", env="COLUMNS=100 LINES=30")
    window.until(r"Ambush: round 1, Mara's turn")
    return window


def typed(window, key, line):
    """Press a key that asks for a line, and type it."""
    window.press(key)
    window.until(r"(hit|heal|cond|save|order) _")
    window.tmux("send-keys", "-t", "0", "-l", line)
    window.press("Enter")


def test_a_fight_is_run_by_keys(watched, cli, ambush):
    assert "n next" in watched.screen()
    watched.press("n")
    watched.until(r"Ambush: round 1, Goblin \d's turn")
    watched.press("p")
    watched.until(r"Mara's turn \(looking back\)")
    watched.press("n")
    typed(watched, "t", "mara 5 fire")
    watched.until(r"Mara 18 .* 7/12 hp")
    watched.until(r"Mara takes 5 \(5 fire\): 7/12")
    typed(watched, "l", "mara 2")
    watched.until(r"9/12 hp")
    typed(watched, "g", "tam prone")
    watched.until(r"Tam +Prone")
    watched.press("u")
    watched.until(r"Taken back: Tam is Prone")
    watched.press("t")
    watched.tmux("send-keys", "-t", "0", "-l", "mara 9")
    watched.until(r"hit mara 9_")
    watched.press("BSpace")
    watched.until(r"hit mara _")
    watched.press("C-c")
    watched.until(r"(?m)^\? help")
    typed(watched, "t", "zzz 5")
    watched.until(r"there is no combatant 'zzz'")
    typed(watched, "t", "mara --help")
    watched.until(r"See: ttrpg hit --help")
    typed(watched, "o", "tam before mara")
    watched.until(r"(?s)Tam 4 .*Mara 18 ")
    watched.press("?")
    watched.until(r"take the last change back")
    watched.press("q")
    assert watched.code() == 0
    assert "Log" not in watched.screen()
    assert hp(cli, ambush)["mara"] == 9
    cli.sound(ambush)


def test_another_terminal_shows_and_so_does_another_size(watched, cli, ambush):
    cli.run(ambush, "hit", "tam", "20", "cold")
    watched.until(r"dying 0/20 hp")
    for columns, lines in ((60, 20), (40, 12), (20, 5), (140, 40)):
        watched.resize(columns, lines)
        cli.run(ambush, "next")
        now = shown(cli, ambush)["round"]
        watched.until(rf"Ambush: round {now}" if lines > 5 else "Am")
    cli.run(ambush, "heal", "tam", "3")
    watched.until(r"3/20 hp")
    watched.press("C-c")
    assert watched.code() == 0
    watched.type("roll", "1d1")
    assert watched.code() == 0


def test_another_terminal_shows(watched, cli, ambush):
    cli.run(ambush, "hit", "tam", "20", "cold")
    watched.until(r"dying 0/20 hp")
    cli.run(ambush, "heal", "tam", "3")
    watched.until(r"3/20 hp")
    watched.press("C-c")
    assert watched.code() == 0


def test_a_fight_that_goes_ends_the_watch(watched, cli, ambush):
    cli.run(ambush, "combat", "delete", "ambush")
    assert watched.code() == 3
    assert "there is no fight 'ambush'" in watched.screen()


def test_a_watch_that_is_killed_loses_nothing(window, cli, ambush):
    window.type("combat", "watch", env="sh -c 'echo $$ > pid; exec \"$@\"' sh")
    window.until(r"Ambush: round 1, Mara's turn")
    window.press("n")
    window.until(r"Goblin \d's turn")
    os.kill(int((ambush / "pid").read_text()), signal.SIGKILL)
    assert window.code() == 137
    window.type("combat", "watch")
    window.until(r"round 1, Goblin \d's turn")
    window.press("q")
    assert window.code() == 0
    cli.sound(ambush)


def test_a_watch_needs_a_terminal(cli, ambush):
    for more in ([], ["--json"], ["--plain"]):
        done = cli.run(ambush, "combat", "watch", *more, code=2)
        assert b"needs a terminal" in done.stderr
        assert done.stdout == b""
