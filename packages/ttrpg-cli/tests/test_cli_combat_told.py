"""What a fight tells besides its numbers: what is missing, what things are called."""

import pytest


@pytest.fixture
def fight(ttrpg):
    """Mara and Tam, of whom nobody said the level, against a goblin and an ogre."""

    def do(line):
        result = ttrpg(*line.split())
        assert result.code == 0, result
        return result

    do("campaign create Salt")
    do("combat new Ambush")
    for who in ("Mara --hp 12 -k player", "Tam --hp 20 -k player", "Goblin --hp 7 --cr 1/4"):
        do(f"combat add {who}")
    do("combat add Ogre --hp 59")
    return ttrpg


def test_a_difficulty_that_cannot_be_told_says_what_is_missing(fight):
    said = fight("combat", "show").out
    assert "needs the level of mara, tam: ttrpg combat edit mara --level 3" in said
    assert "needs the challenge rating of ogre: ttrpg combat edit ogre --cr 1/2" in said
    assert all(len(line) <= 80 for line in said.splitlines() if "needs" in line)
    found = fight("combat", "show", "--json").json()["fight"]
    assert found["missing"] == {"levels": ["mara", "tam"], "ratings": ["ogre"], "peaks": []}
    assert found["difficulty"] is None
    party = fight("combat", "show", "--as", "party", "--json").json()["fight"]
    assert (party["missing"], party["difficulty"]) == (None, None)
    for line in ("mara --level 3", "tam --level 3", "ogre --cr 2"):
        fight("combat", "edit", *line.split())
    told = fight("combat", "show").out
    assert "needs" not in told
    assert "Difficulty" in told


def test_conditions_are_called_by_their_names_and_json_keeps_the_ids(fight):
    fight("condition", "add", "On Fire", "--text", "1d6 fire at the start of each turn.")
    fight("combat", "start")
    said = fight("cond", "ogre", "on", "1", "minute", "--each-turn", "1d6 fire").out
    assert "Ogre is On Fire, 10 rounds" in said
    assert "Ogre is On Fire already" not in said
    everything = [said, *(fight("next").out for _ in range(4)), fight("combat", "show").out]
    everything += [fight("history").out, fight("cond", "ogre", "on-fire", "off").out]
    assert "Ogre: On Fire ends (by hand)" in everything[-1]
    assert "Ogre takes 1d6 fire (On Fire)" in "".join(everything)
    assert not any("on-fire" in each for each in everything)
    fight("undo")
    people = fight("combat", "show", "--json").json()["fight"]["combatants"]
    found = next(each for each in people if each["id"] == "ogre")["conditions"][0]
    assert (found["condition"], found["title"]) == ("on-fire", "On Fire")


def test_a_reminder_says_the_command_that_does_it(fight):
    fight("combat", "add", "Wyrm", "--hp", "99", "--legendary", "2", "--initiative", "30")
    fight("cond", "ogre", "burning", "--custom", "--each-turn", "2d6 fire")
    fight("combat", "start")
    said = "".join(fight("next").out for _ in range(5))
    assert "Wyrm may use Legendary Actions: 2/2 left: ttrpg combat spend wyrm" in said
    assert "Ogre takes 2d6 fire (Burning): ttrpg hit ogre 2d6 fire --from nobody" in said
    assert fight("hit", "ogre", "2d6", "fire", "--from", "nobody").code == 0
    assert fight("combat", "spend", "wyrm", "Legendary Actions").code == 0
    owed = fight("save", "mara", "9")
    assert (owed.code, "'ttrpg combat show' says who owes what" in owed.err) == (2, True)


def test_a_fight_in_fate_says_how_it_is_sized_and_by_which_rule(ttrpg):
    ttrpg("campaign", "create", "Reef", "--system", "Fate Condensed")
    assert "Fate Core" in ttrpg("combat", "new", "Docks").err
    for line in ("Ann --hp 3 -k player --level 4", "Ben --hp 3 -k player", "Thug 3 --hp 1"):
        assert ttrpg("combat", "add", *line.split()).code == 0
    said = ttrpg("combat", "show").out
    assert "needs the peak skill of ben, thug-1, thug-2" in said
    assert "ttrpg combat edit ben --level 4" in said
    assert "needs the peak skill" in ttrpg("combat", "start").out
    ttrpg("undo")
    for line in ("ben --level 3", *(f"thug-{n} --level 4" for n in (1, 2, 3))):
        assert ttrpg("combat", "edit", *line.split()).code == 0
    begun = ttrpg("combat", "start")
    for out in (begun.out, ttrpg("combat", "show").out):
        assert "Difficulty  heavy" in out
        assert "Fate Core SRD, Playing the Opposition: Right-sizing" in out
        assert "outnumbers the characters without having lower skills" in out
        told = out[out.index("Difficulty") :].splitlines()
        assert all(len(line) <= 80 for line in told), told
    assert "Difficulty" not in ttrpg("combat", "show", "--as", "party").out
    assert "Difficulty" not in ttrpg("next").out
    for n in (1, 2):
        assert ttrpg("combat", "edit", f"thug-{n}", "--cr", "main").code == 0
    assert "2 main characters" in ttrpg("combat", "show").out
    assert ttrpg("combat", "edit", "thug-3", "--cr", "1/4").code == 2
    ended = ttrpg("combat", "end", "--defeated", "thug-1")
    assert (ended.code, " XP " in ended.out) == (0, False)


def test_who_is_not_found_is_not_in_which_fight(fight):
    alone = fight("hit", "zzz", "3").err
    assert "there is no combatant 'zzz'\n" in alone
    fight("combat", "new", "Tower")
    assert "there is no combatant 'zzz' in 'Tower'" in fight("hit", "zzz", "3").err
    assert "in 'Ambush'" in fight("hit", "zzz", "3", "--fight", "ambush").err
    assert "in 'Ambush'" in fight("cond", "zzz", "--fight", "ambush").err


def test_who_waits_is_shown_until_they_come_in(fight):
    for place, who in enumerate(("mara", "ogre", "tam", "goblin")):
        fight("order", who, str(20 - place))
    fight("combat", "start")
    waiting = fight("combat", "delay").out
    assert "Mara  waits" in waiting
    assert "Mara  waits" in fight("combat", "show", "--as", "party").out
    refused = fight("combat", "in", "tam").err
    assert "Tam is not waiting" in refused
    assert "Who waits: mara" in refused
    assert "waits" not in fight("combat", "in", "mara").out
    assert "Only one who delayed" in fight("combat", "in", "tam").err
