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
    assert found["missing"] == {"levels": ["mara", "tam"], "ratings": ["ogre"]}
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
