"""The party on the command line: sheets, rests, downtime, fights that take it as it is."""

import pytest


@pytest.fixture
def party(ttrpg):
    """Mara and Tam of the Keep, with numbers."""

    def do(*words):
        result = ttrpg(*words)
        assert result.code == 0, result
        return result

    do("campaign", "create", "Keep")
    do("character", "add", "Mara", "--level", "3")
    do("character", "add", "Tam", "--level", "3")
    do("character", "sheet", "mara", "--hp", "20/24", "--ac", "15", "--save", "con=2",
       "--hit-dice", "3d8+2", "--per-rest", "Second Wind=1")  # fmt: skip
    do("character", "sheet", "tam", "--hp", "18", "--hit-dice", "2d10", "--hit-dice", "1d6")
    return ttrpg


def heroes(ttrpg, *more):
    found = ttrpg("character", "sheet", "--json", *more).json()["characters"]
    return {each["name"]: each for each in found}


def test_the_numbers_of_the_party(party):
    found = heroes(party)
    assert (found["Mara"]["hp"], found["Mara"]["hp_max"], found["Mara"]["ac"]) == (20, 24, 15)
    assert [each["name"] for each in found["Tam"]["resources"]] == ["d10 Hit Dice", "d6 Hit Dice"]
    out = party("character", "show", "mara").out
    assert "20/24 hp" in out
    assert "Second Wind 1/1, d8 Hit Dice 3/3" in out
    assert party("character", "show", "mara", "--json").json()["sheet"]["hp"] == 20
    party("character", "sheet", "mara", "--hp", "0")
    assert heroes(party)["Mara"]["looks"] == "dying"
    party("character", "sheet", "mara", "--hp", "30")
    assert (heroes(party)["Mara"]["hp_max"], heroes(party)["Mara"]["looks"]) == (30, "unhurt")
    party("undo", "2")
    assert heroes(party)["Mara"]["hp"] == 20
    assert "Nothing was different" in party("character", "sheet", "mara", "--hp", "20/24").err


def test_players_see_the_party_and_no_more(party):
    party("character", "edit", "tam", "--audience", "gm")
    party("hit", "mara", "3")
    party("cond", "mara", "poisoned", "--note", "from the duke's wine")
    assert list(heroes(party, "--as", "party")) == ["Mara"]
    assert "duke" not in party("character", "sheet", "--as", "party", "--json").out
    assert "duke" not in party("character", "show", "mara", "--as", "party", "--json").out
    assert party("character", "show", "tam", "--as", "party").code == 3


def test_hits_and_healing_outside_of_fights(party):
    result = party("hit", "mara,tam", "5", "bludgeoning")
    assert "The party" in result.out
    assert "Mara takes 5 (5 bludgeoning): 15/24 hp" in result.out
    party("heal", "mara", "2")
    party("cond", "tam", "poisoned", "1", "hour")
    assert "Poisoned" in party("cond", "tam").out
    assert (heroes(party)["Mara"]["hp"], heroes(party)["Tam"]["hp"]) == (17, 13)
    assert "Tam: Poisoned ends" in party("time", "advance", "1", "hour").out
    assert party("undo", "4").code == 0
    assert heroes(party)["Mara"]["hp"] == 20
    assert party("next").code == 3
    assert party("hit", "nobody", "3").code == 3


def test_fights_that_are_only_prepared_do_not_stand_in_the_way(party):
    for name in ("Bridge", "Tower"):
        party("combat", "new", name)
        party("combat", "add", "--party")
    assert "The party" in party("hit", "mara", "5").out
    assert "No condition" in party("cond", "mara").out
    party("combat", "add", "Goblin", "--hp", "7", "--fight", "tower")
    assert "Goblin takes 3" in party("hit", "goblin", "3").out
    assert "there is no combatant 'nobody'" in party("hit", "nobody", "3").err
    assert "there is no condition 'sleepy'" in party("cond", "mara", "sleepy").err
    assert "15/24 hp" in party("combat", "show", "bridge").out


def test_without_a_party_a_hit_needs_a_fight(ttrpg):
    ttrpg("campaign", "create", "Keep")
    assert "no fight goes on" in ttrpg("hit", "mara", "3").err
    assert "No characters yet" in ttrpg("character", "sheet").out


def test_a_short_rest_with_hit_dice(party):
    party("combat", "spend", "mara", "second")
    result = party("rest", "short", "--dice", "mara=2")
    assert "The party takes a short rest" in result.out
    assert "Time  01:00" in result.out
    mara = heroes(party)["Mara"]
    assert mara["hp"] == 24
    assert [(each["name"], each["left"]) for each in mara["resources"]] == [
        ("Second Wind", 1), ("d8 Hit Dice", 1),
    ]  # fmt: skip
    party("hit", "tam", "9")
    assert party("rest", "short", "tam", "--dice", "tam=d6:1").code == 0
    assert party("undo").code == 0
    assert "Time  01:00" in party("time").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rest", "nap"], "'nap' is not one of"),
        (["rest", "short", "nobody"], "there is no character 'nobody'"),
        (["rest", "short", "--dice", "mara"], "says no hit dice"),
        (["rest", "short", "--dice", "mara=x"], "is no number of hit dice"),
        (["rest", "short", "--dice", "mara=9"], "has 3 of 3 d8 Hit Dice left"),
        (["rest", "short", "--dice", "tam=1"], "has 2 kinds of hit dice"),
        (["rest", "long", "--dice", "mara=1"], "heals nothing in this rest"),
        (["character", "sheet", "mara", "--hp", "30/24"], "cannot have 30 of 24"),
        (["character", "sheet", "mara", "--hp", "x"], "is no number of hit points"),
        (["character", "sheet", "mara", "--hit-dice", "many"], "is no number of hit dice"),
        (["character", "sheet", "mara", "--hit-dice", "3d"], "are no hit dice"),
        (["character", "sheet", "mara", "--resist", "boredom"], "there is no damage type"),
        (["character", "sheet", "--hp", "3"], "whose numbers"),
        (["downtime", "sword"], "how long, and for what?"),
        (["downtime", "5", "days"], "how long, and for what?"),
        (["downtime", "5", "days", "a sword", "--who", "x"], "there is no character 'x'"),
    ],
)
def test_what_is_wrong_is_said_and_changes_nothing(party, words, said):
    before = heroes(party), party("time").out
    result = party(*words)
    assert (result.code in {2, 3}, said in result.err) == (True, True), result
    assert (heroes(party), party("time").out) == before


def test_downtime(party):
    party("calendar", "use", "two", "--date", "26 Frostfall 1204")
    assert "None yet" in party("downtime").out
    result = party("downtime", "1", "week", "mending armour", "--who", "tam")
    assert "Tam regains" not in result.out or heroes(party)["Mara"]["hp"] == 24
    assert "It is 5 Icebreak 1204" in result.err
    party("downtime", "2", "days", "carousing")
    lines = party("downtime").out.splitlines()
    assert lines[1] == "7 Icebreak 1204  2 d of downtime: carousing"
    assert lines[2] == "5 Icebreak 1204  7 d of downtime: mending armour (Tam)"
    party("undo")
    assert len(party("downtime", "--json").json()["downtime"]) == 1
    assert heroes(party)["Mara"]["hp"] == 24


def test_a_fight_takes_the_party_as_it_is(party):
    party("combat", "new", "Ambush")
    out = party("combat", "add", "--party").out
    assert "Mara joins" in out
    assert "20/24 hp" in out
    assert party("combat", "add", "--party").code == 3
    assert "ttrpg combat return mara" in party("combat", "add", "mara").err
    assert party("combat", "add").code == 2
    party("combat", "add", "Goblin", "--hp", "7")
    party("character", "sheet", "mara", "--hp", "12")
    assert "12/24 hp" in party("combat", "start").out
    party("hit", "mara", "4", "fire")
    assert heroes(party)["Mara"]["hp"] == 8
    assert "is in the fight ambush" in party("rest", "short", "mara").err
    assert "nobody who could rest" in party("rest", "short").err
    party("combat", "end")
    assert "Time  00:00:06" in party("time").out
    assert "The party takes a long rest" in party("rest", "long").out
    assert heroes(party)["Mara"]["hp"] == 24
    assert "8/24 hp" in party("combat", "show", "ambush").out


def test_one_character_by_name(party):
    party("combat", "new", "Ambush")
    assert "20/24 hp" in party("combat", "add", "mara", "--initiative", "17").out
    party("combat", "add", "Tam", "--hp", "5")
    party("combat", "start")
    party("hit", "tam", "1")
    assert heroes(party)["Tam"]["hp"] == 18


def test_the_party_is_split(party):
    for name, who in (("Bridge", "mara"), ("Tower", "tam")):
        party("combat", "new", name)
        party("combat", "add", who)
        party("combat", "start")
    for _ in range(3):
        party("next", "--fight", "bridge")
    assert "Time         00:00:18" in party("time").out
    assert "Fight Tower  18 s behind the clock" in party("time").out
    assert party("time", "--json").json()["behind"] == [{"fight": "Tower", "seconds": 18}]
    party("combat", "new", "Gate")
    party("combat", "add", "mara")
    assert "Mara is in the fight bridge" in party("combat", "start", "gate").err


def test_a_rest_inside_a_fight(party):
    party("combat", "new", "Siege")
    party("combat", "add", "--party")
    party("combat", "start")
    result = party("rest", "long", "tam", "--fight", "siege")
    assert "Tam takes a long rest" in result.out
    party("hit", "tam", "9")
    party("rest", "short", "--fight", "siege", "--dice", "tam=d10:1")
    assert heroes(party)["Tam"]["hp"] > 9
    assert "Time  09:00" in party("time").out


def test_time_passes_inside_a_fight(party):
    party("combat", "new", "Siege")
    party("combat", "add", "--party")
    party("combat", "start")
    party("cond", "mara", "poisoned", "5", "minutes")
    out = party("time", "advance", "10", "min", "--fight", "siege").out
    assert "Mara: Poisoned ends (time is up)" in out
    assert "Time  00:10" in party("time").out
    assert party("time", "advance", "0", "min", "--fight", "siege").code == 2


def test_a_fight_called_party_is_a_fight(party):
    party("combat", "new", "Party")
    assert "Party: not begun" in party("combat", "add", "--party").out


def test_conditions_of_ones_own(party):
    result = party("condition", "add", "On fire", "--text", "Takes 1d6 fire each turn.")
    assert result.code == 0
    party("condition", "add", "Doomed", "--summary", "The duke has paid.", "--audience", "gm")
    assert party("combat", "condition", "on").out == "On fire  Takes 1d6 fire each turn.\n"
    assert "Disadvantage" in party("combat", "condition", "poisoned").out
    assert "On fire" in party("combat", "conditions").out
    assert "On fire" in party("condition").out
    party("combat", "new", "Ambush")
    party("combat", "add", "Goblin", "--hp", "7")
    party("combat", "start")
    party("cond", "gob", "on fire")
    party("cond", "gob", "doomed")
    assert "Takes 1d6 fire" in party("cond", "gob").out
    seen = party("combat", "show", "--as", "party").out
    assert ("On fire" in seen, "doomed" in seen.casefold()) == (True, False)
    assert party("condition", "rm", "on-fire").code == 0
    assert party("combat", "condition", "on fire").code == 3


def test_a_roll_that_is_asked_for_outside_of_fights_is_owed_until_it_is_made(party):
    def last():
        return party("history", "--json").json()["entries"][0]

    party("combat", "concentrate", "mara", "Bless", "1", "hour")
    party("cond", "tam", "blinded", "--with", "mara")
    trap = party("hit", "mara", "7", "piercing")
    assert "#1 Mara  DC 10 CON save to keep up Bless (ttrpg save mara)" in trap.out
    assert "#1 Mara  DC 10 CON save" in party("character", "sheet").out
    assert "CON save to keep" in party("character", "show", "mara").out
    party("hit", "mara", "2", "fire")
    assert "#2 Mara" in party("character", "sheet").out
    assert "#1" not in party("combat", "dismiss", "1").out
    made = party("save", "mara", "11")
    assert "Mara: CON save 11 against DC 10, made" in made.out
    assert "'ttrpg undo' takes it back" in made.err
    assert last()["prose"] == "Mara: CON save 11 against DC 10, made"
    assert "Owed" not in party("character", "sheet").out
    party("undo")
    assert "#1 Mara  DC 10 CON save" in party("character", "sheet").out
    lost = party("save", "mara", "3")
    assert "Tam: Blinded ends (with Bless)" in lost.out
    assert "Owed" not in party("character", "sheet").out


def test_a_save_that_changes_nothing_is_in_the_history_too(party):
    party("session", "start")
    party("cond", "mara", "poisoned", "until", "save", "--save", "con:15:action")
    failed = party("save", "mara", "9")
    assert "Mara: CON save 9 against DC 15, failed" in failed.out
    assert "takes it back" in failed.err
    assert party("history", "--json").json()["entries"][0]["kind"] == "combat.save"
    assert "CON save 9 against DC 15, failed" in party("session", "timeline").out
    party("undo")
    assert "CON save 9" not in party("session", "timeline").out
    assert party("save", "mara", "15").code == 0
    assert heroes(party)["Mara"]["conditions"] == []


def test_what_is_owed_goes_into_a_fight_and_out_of_it_again(party):
    def owed():
        return party("combat", "show").out.count("DC 10 CON save")

    party("combat", "concentrate", "mara", "Bless")
    party("hit", "mara", "7")
    party("combat", "new", "Ambush")
    party("combat", "add", "--party")
    assert "Owed" in party("character", "sheet").out
    begun = party("combat", "start")
    assert "#1 Mara  DC 10 CON save to keep up Bless (ttrpg save mara)" in begun.out
    assert "Owed" not in party("character", "sheet").out
    party("undo")
    assert ("Owed" in party("character", "sheet").out, owed()) == (True, 0)
    party("redo")
    party("hit", "mara", "1")
    assert owed() == 2
    assert "CON save 12 against DC 10, made" in party("save", "mara", "12").out
    for out_of_it in (("remove", "mara"), ("end",), ("delete", "ambush")):
        assert owed() == 1
        assert party("combat", *out_of_it).code == 0
        assert "#1 Mara  DC 10 CON save" in party("character", "sheet").out
        party("undo")
        assert "Owed" not in party("character", "sheet").out
    party("combat", "remove", "mara")
    party("combat", "return", "mara")
    assert owed() == 1
    assert "concentration is broken" in party("save", "mara", "2").out
    party("combat", "end")
    assert "Owed" not in party("character", "sheet").out


def test_who_stays_out_of_a_fight_owes_and_saves_while_others_fight(party):
    party("combat", "concentrate", "mara", "Bless")
    party("hit", "mara", "7")
    party("combat", "new", "Ambush")
    party("combat", "add", "tam")
    party("combat", "add", "Goblin", "--hp", "7")
    party("combat", "start")
    made = party("save", "mara", "12")
    assert "The party" in made.out
    assert "Mara: CON save 12 against DC 10, made" in made.out
    assert "Owed" not in party("character", "sheet").out
    assert "Mara takes 2" in party("hit", "mara", "2").out
    assert "Concentrating" in party("cond", "mara").out
    assert "Goblin takes 2" in party("hit", "goblin", "2").out
    assert "There are: goblin, tam" in party("hit", "zzz", "2").err
    assert "no combatant 'mara'" in party("hit", "mara", "2", "--fight", "ambush").err
    assert "no combatant 'mara'" in party("hit", "tam,mara", "2").err
