"""``ttrpg combat add`` with creatures of the rules: which numbers they bring, and who does not."""

import pytest


def one(ttrpg, key):
    fight = ttrpg("combat", "show", "--json").json()["fight"]
    return next(each for each in fight["combatants"] if each["id"] == key)


def prepare(ttrpg):
    assert ttrpg("combat", "new", "Ambush", "--rules", "dnd5e-2014").code == 0


@pytest.fixture
def old(prepared):
    """A fight by the rules of 2014 without anybody in it."""
    return prepared(prepare)


def test_goblins_come_with_their_numbers_and_say_whose_those_are(old):
    result = old("combat", "add", "goblins", "3")
    assert result.code == 0, result
    assert result.err == "Goblin, SRD 5.1: AC 15, HP 7 (2d6)\n'ttrpg undo' takes it back\n"
    goblin = one(old, "goblin-3")
    assert (goblin["name"], goblin["hp"], goblin["ac"]) == ("Goblin 3", 7, 15)
    assert goblin["group"] == "goblin"
    assert old("undo").code == 0
    assert old("combat", "show", "--json").json()["fight"]["combatants"] == []


def test_options_win(old):
    result = old("combat", "add", "Adult red dragon", "--ac", "20", "--cr", "18", "--save",
                 "dex=9", "--recharge", "Fire Breath=6", "--initiative", "3")  # fmt: skip
    assert "Adult Red Dragon, SRD 5.1: AC 20, HP 256 (19d12+133)" in result.err
    dragon = one(old, "adult-red-dragon")
    assert (dragon["ac"], dragon["initiative"]) == (20, 3)
    breath = [each for each in dragon["resources"] if each["name"] == "Fire Breath"]
    assert [each["refresh"][0]["needs"] for each in breath] == [6]


def test_the_difficulty_is_told_from_the_rating(old):
    """SRD 5.1: an ogre is worth 450 XP, a frog nothing; a rating that is given counts instead."""
    old("combat", "add", "Mara", "--hp", "20", "-k", "player", "--level", "3")
    for typed, xp in ((["ogre"], 450), (["frog"], 450), (["frog", "--cr", "1"], 650)):
        assert old("combat", "add", *typed).code == 0
        assert old("combat", "show", "--json").json()["fight"]["difficulty"]["xp"] == xp


@pytest.mark.parametrize(
    ("typed", "key", "hp", "ac"),
    [
        (["Goblin", "--hp", "9"], "goblin", 9, 10),
        (["Goblin boss", "--hp", "9"], "goblin-boss", 9, 10),
        (["Goblin boss"], "goblin-boss", None, 10),
        (["Wolf", "-k", "player"], "wolf", None, 10),
    ],
)
def test_by_hand_stays_by_hand(old, typed, key, hp, ac):
    result = old("combat", "add", *typed)
    assert result.err == "'ttrpg undo' takes it back\n"
    assert (one(old, key)["hp"], one(old, key)["ac"]) == (hp, ac)


def test_hit_dice_are_rolled_for_each(old):
    result = old("combat", "add", "ogre", "5", "--roll-hp")
    assert "Ogre, SRD 5.1: AC 11, HP 7d10+21 rolled\n" in result.err
    points = {one(old, f"ogre-{number}")["hp"] for number in range(1, 6)}
    assert len(points) > 1
    assert all(28 <= each <= 91 for each in points)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["Nobody", "--roll-hp"], "'Nobody' has no hit dice in 5e (2014)"),
        (["Ogre", "--roll-hp", "--hp", "5"], "--roll-hp goes with a creature"),
        (["--party", "--roll-hp"], "--roll-hp goes with a creature"),
    ],
)
def test_without_hit_dice_nothing_is_rolled(old, typed, said):
    result = old("combat", "add", *typed)
    assert result.code == 2
    assert said in result.err


def test_what_a_number_cannot_say_is_said(old):
    assert "Not in its numbers: AC 11 in humanoid form, 12" in old("combat", "add", "werewolf").err


def test_each_edition_has_its_own(ttrpg):
    assert ttrpg("combat", "new", "New", "--rules", "dnd5e-2024").code == 0
    result = ttrpg("combat", "add", "goblin", "2")
    assert "SRD 5.2 has Goblin Boss, Goblin Minion, Goblin Warrior" in result.err
    assert one(ttrpg, "goblin-1")["hp"] is None
    result = ttrpg("combat", "add", "Goblin Warriors", "2")
    assert "Goblin Warrior, SRD 5.2: AC 15, HP 10 (3d6)" in result.err


def test_people_of_the_campaign_are_no_creatures(ttrpg):
    for command in (
        ["campaign", "create", "Emberfall", "--system", "5e (2014)"],
        ["npc", "add", "Mage"],
        ["character", "add", "Spy"],
        ["combat", "new", "Ambush"],
    ):
        assert ttrpg(*command).code == 0, command
    assert "SRD" not in ttrpg("combat", "add", "mage").err
    assert one(ttrpg, "mage")["hp"] is None
    assert "hit points of their own" in ttrpg("combat", "add", "spy", "--roll-hp").err
    assert ttrpg("combat", "add", "spy").code == 0
    assert one(ttrpg, "spy")["kind"] == "player"
    assert "Knight, SRD 5.1: AC 18" in ttrpg("combat", "add", "knights", "2").err


def test_the_shell_names_creatures_of_fights_that_go_on(old):
    def offered(word):
        typed = {"COMP_WORDS": f"ttrpg combat add {word}", "COMP_CWORD": "3"}
        return old(env={**typed, "_TTRPG_COMPLETE": "bash_complete"}).out

    assert offered("OWL") == "plain,owl\nplain,owlbear\n"
    assert "owlbear" not in offered("")
    assert offered("young-red") == "plain,young-red-dragon\n"
    assert "Young Red Dragon, SRD 5.1" in old("combat", "add", "young-red-dragon").err
