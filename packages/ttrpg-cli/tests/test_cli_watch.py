"""``ttrpg combat watch`` without a terminal: keys, what is typed, and what has room."""

import io

import pytest
from rich.console import Console

from ttrpg_cli.watching import keys, picture
from ttrpg_cli.watching.loop import Watch
from ttrpg_core.table.combat.seen import Badge, Owed, Shown, View


@pytest.fixture
def watch(ttrpg, app):
    for words in (
        ["combat", "new", "Ambush"],
        ["combat", "add", "Mara", "--hp", "12", "--initiative", "9", "-k", "player"],
        ["combat", "add", "Goblin", "--hp", "7", "--initiative", "3"],
        ["combat", "start"],
    ):
        assert ttrpg(*words).code == 0
    return Watch(app, "ambush")


def typed(watch, text):
    return [watch.press(key) for key in text]


def hp(watch):
    return [each.hp for each in watch.scene().view.combatants]


def test_a_line_is_typed_and_done(watch):
    typed(watch, "tmara 7\x7f5 fire")
    assert watch.scene().line == "hit mara 5 fire"
    typed(watch, "\r")
    assert watch.scene().line is None
    assert hp(watch) == [7, 7]
    assert watch.said == "Mara takes 5 (5 fire): 7/12 hp"
    assert watch.scene().log[0] == "Mara takes 5 (5 fire): 7/12 hp"
    typed(watch, "u")
    assert hp(watch) == [12, 7]
    assert watch.scene().log[0] != "Mara takes 5 (5 fire): 7/12 hp"
    assert [each.kind for each in watch.app.audit.events()][:1] == ["change.undone"]
    typed(watch, "n")
    assert watch.scene().view.current == "Goblin"


@pytest.mark.parametrize("out", [keys.ESCAPE, keys.END, "\r"])
def test_a_line_is_left(watch, out):
    typed(watch, ["t", out])
    assert watch.scene().line is None
    assert watch.said == ""
    typed(watch, ["t", "x", "\x15", "\x1b[2J", "\t"])
    assert watch.scene().line == "hit "
    typed(watch, "x" * 500)
    assert len(watch.line) == 200


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tzzz 5\r", "there is no combatant 'zzz'. There are: goblin, mara"),
        ("tmara\r", "Missing argument 'AMOUNT [TYPE]...'."),
        ("tmara 'x\r", "a quote is not closed"),
        ("tmara 5 --zzz\r", "No such option '--zzz'."),
        ("tmara -h\r", "See: ttrpg hit --help"),
        ("p", "this is the first turn. There is none before it"),
        ("smara\r", "Mara owes no save. 'ttrpg combat show' says who owes what, under Owed"),
    ],
)
def test_what_is_wrong_is_said_at_the_foot(watch, text, said):
    assert all(typed(watch, text))
    assert watch.said == said
    assert hp(watch) == [12, 7]


def test_conditions_are_explained_at_the_foot(watch):
    typed(watch, "gmara prone\rgmara\r")
    assert watch.said.startswith("Prone: Crawls")


def test_help_and_the_end(watch):
    typed(watch, "?")
    assert watch.scene().help
    typed(watch, "?")
    assert not watch.scene().help
    assert typed(watch, "xq") == [True, False]
    assert not watch.press(keys.END)


def test_whose_turn_it_is_has_room():
    people = tuple(
        Shown(f"N{n}", "hurt", 0.5, n == 17, conditions=(Badge("prone"),)) for n in range(30)
    )
    view = View("active", 1, "N17", people, (Owed("N1", "death-save", "death save"),))
    for lines in (3, 5, 12, 20):
        shown = picture.fitted(view, lines).combatants
        assert any(each.current for each in shown)
        assert 3 <= len(shown) <= max(lines, 3)
    assert picture.fitted(view, 100) == view


def test_next_asks_who_where_that_is_chosen(ttrpg, app):
    ttrpg("combat", "new", "Duel", "--roll", "elective")
    for name in ("Ana", "Bo", "Cy"):
        ttrpg("combat", "add", name, "--hp", "9")
    ttrpg("combat", "start")
    watch = Watch(app, "duel")
    first = watch.scene().view.current
    typed(watch, "n")
    assert watch.scene().line == "next "
    other = next(name for name in ("cy", "bo") if name != first.casefold())
    typed(watch, f"{other}\r")
    assert watch.scene().view.current.casefold() == other
    typed(watch, "n")
    assert watch.scene().line is None
    assert watch.scene().view.current.casefold() not in {first.casefold(), other}


def drawn(watch, width, height):
    console = Console(width=width, height=height, file=io.StringIO(), color_system=None)
    console.print(picture.picture(watch.scene(), width, height, fancy=False))
    return console.file.getvalue().splitlines()


def test_a_narrow_or_low_terminal_shows_what_matters_whole(watch):
    assert drawn(watch, 80, 24)[-1].split("  ")[:6] == [*picture.KEYS[:6]]
    assert drawn(watch, 60, 15)[-1].rstrip() == "  ".join(picture.KEYS[:6])
    assert all(len(line) <= 30 for line in drawn(watch, 30, 12))
    typed(watch, "?")
    low = "\n".join(drawn(watch, 60, 15))
    assert all(word in low for word in ("take the last change back", "quit; the fight is kept"))
    typed(watch, "?")
    watch.said = "what went wrong here takes rather many words, and the keys stay below it " * 2
    assert drawn(watch, 60, 15)[-1].startswith("? help")
    assert len(drawn(watch, 60, 15)) == 15
