"""A whole evening at the table, typed into a terminal: every screen is looked at.

A campaign, a session, a fight of two groups in which concentration is broken and a character dies
and is saved, five steps taken back in other processes, a way back to a snapshot and out of it
again, the end, the recap.
"""

import re

import pytest


@pytest.fixture
def typed(window):
    """Types a command line, sees to it that it came to a good end, and answers the screen."""
    window.resize(80, 45)

    def run(*words, code=0):
        window.type(*words)
        assert window.code() == code, window.screen()
        screen = window.screen()
        assert all(len(line) <= 80 for line in screen.splitlines())
        return screen

    return run


def prepare(typed):
    """Before the players come."""
    screen = typed("campaign", "create", "Salt Road", "--system", "D&D 5e 2014")
    assert "'ttrpg undo' takes it back" in screen
    for name, hp, level in (("Mara", "12", "3"), ("Tam", "20", "3")):
        typed("character", "add", name, "--player", f"{name[0]}.", "--level", level)
        typed("character", "sheet", name, "--hp", hp)
    typed("location", "add", "Quay", "--type", "docks", "--audience", "party")
    typed("npc", "add", "Otto", "--role", "ferryman", "--location", "quay", "--secret", "A thief.")
    typed("plot", "add", "The stolen ferry", "--priority", "main", "--npc", "otto")
    screen = typed("session", "plan", "The Crossing")
    assert "Session 1" in screen
    assert "The stolen ferry" in typed("session", "prep")


def begin(typed):
    """The session begins."""
    assert "Session 1 runs" in typed("session", "start")
    typed("plot", "start", "stolen")
    typed("npc", "reveal", "otto")
    assert "The Crossing" in typed("note", "Otto laughed at the price", "--plot")
    typed("snapshot", "create", "On the quay")


def fight(typed):
    """A fight of two groups."""
    typed("combat", "new", "Ambush")
    typed("combat", "add", "mara", "-k", "player", "--initiative", "18")
    typed("combat", "add", "tam", "-k", "player", "--initiative", "4")
    typed("combat", "add", "Goblin", "3", "--hp", "7", "--cr", "1/4", "--initiative", "9")
    typed("combat", "add", "Wolf", "2", "--hp", "11", "--cr", "1/4", "--initiative", "7")
    screen = typed("combat", "start")
    assert re.search(r"Ambush: round 1, Mara's turn", screen)
    typed("combat", "concentrate", "mara", "Hold Person", "1", "minute")
    typed("cond", "gob2", "paralyzed", "--with", "mara", "--save", "wis:13")
    assert re.search(r"round 1, Goblin \d's turn", typed("next"))
    assert "DC 10 CON save to keep up Hold Person" in typed("hit", "mara", "5", "slashing")
    assert "Goblin 2: Paralyzed ends (with Hold Person)" in typed("save", "mara", "4")


def fall(typed):
    """One dies, and is saved before it is too late."""
    assert "dying 0/20 hp" in typed("hit", "tam", "20", "slashing")
    for _ in range(2):
        typed("save", "tam", "5")
    screen = typed("save", "tam", "6")
    assert "Tam dies" in screen
    screen = typed("undo", "3")
    assert "3 undone" in screen
    assert "dying 0/20 hp" in typed("combat", "show")
    assert "stable 0/20 hp" in typed("combat", "stabilise", "tam")
    assert "6/20 hp" in typed("heal", "tam", "6")


def undo_and_redo(typed, cli, home):
    """Five steps back, in processes of their own, and on again."""
    before = cli.rows(home)
    for _ in range(5):
        typed("undo")
    assert "20/20 hp" in typed("combat", "show")
    typed("redo", "5")
    assert "6/20 hp" in typed("combat", "show")
    assert len(cli.rows(home)) >= len(before)


def roll_back(typed):
    """Back to the quay, and out of it again."""
    screen = typed("snapshot", "diff", "on-the-quay", "now")
    assert "Ambush" in screen
    typed("snapshot", "rollback", "on-the-quay")
    assert "No fight yet" in typed("combat", "list")
    typed("undo")
    assert "6/20 hp" in typed("combat", "show", "ambush")


def end(typed):
    """The end of the fight, and of the evening."""
    typed("hit", "gob1,gob2,gob3", "9", "fire")
    typed("hit", "wolf-1,wolf-2", "12", "fire")
    screen = typed("combat", "end")
    assert "250 XP for 5 foes, 125 each" in screen
    assert "6/20 hp" in typed("character", "sheet", "tam")
    assert "Ended session 1" in typed("session", "end")


def look_back(typed):
    """What the Game Master reads, and what the players may."""
    screen = typed("recap")
    assert "Session 1: The Crossing" in screen
    assert re.search(r"The stolen ferry is active +\[#\d+\]", screen)
    assert "Ambush against Goblin (3), Wolf (2)" in screen
    assert '"Otto laughed at the price"' in screen
    screen = typed("recap", "--as", "party")
    assert "Otto" in screen
    for secret in ("thief", "stolen ferry", "laughed", "Ambush", "[#"):
        assert secret not in screen, secret
    screen = typed("campaign", "show")
    assert "Session 1: The Crossing" in screen
    assert "The stolen ferry" in screen


def test_an_evening_from_the_first_command_to_the_recap(typed, cli, home):
    prepare(typed)
    begin(typed)
    fight(typed)
    fall(typed)
    undo_and_redo(typed, cli, home)
    roll_back(typed)
    end(typed)
    look_back(typed)
    cli.sound(home)
