"""Places, people and things at the prompt."""

import pytest


@pytest.fixture
def salt(ttrpg):
    """A small town, of which the party knows a part."""
    lines = """
        campaign create Salt
        location add Saltmarsh --type city --audience party
        location add Inn --type tavern --parent saltmarsh --audience party --mood warm
        location add Cellar --parent inn
        location add Hut --type ruins --audience party
        location connect inn cellar --kind secret --hazards rotten
        location connect saltmarsh hut --kind road --time 2h
        npc add Mara --role smith --location inn --audience party
        npc add Spy --role spy --location inn
        item add Crown --type relic --holder mara
        faction add Guild --leader mara
    """
    for line in lines.strip().splitlines():
        assert ttrpg(*line.split()).code == 0, line
    return ttrpg


def test_a_place_says_who_is_there_what_is_inside_and_where_ways_lead(salt):
    shown = salt("location", "show", "inn")
    assert shown.out == (
        "Location  Inn (location/inn)\n"
        "Known to  party\n"
        "Type      tavern\n"
        "Parent    Saltmarsh (saltmarsh)\n"
        "Mood      warm\n"
        "\nWays:\n"
        "- secret way to Cellar (rotten; for the GM alone)\n"
        "\nHere:\n"
        "- Mara, smith (npc/mara)\n"
        "- Spy, spy (npc/spy)\n"
        "\nInside:\n"
        "- Cellar (location/cellar)\n"
    )
    data = salt("location", "show", "inn", "--json").json()
    assert [each["ref"] for each in data["here"]] == ["npc/mara", "npc/spy"]
    assert data["ways"][0] == {
        "to": "location/cellar",
        "kind": "secret",
        "hazards": "rotten",
        "audience": "gm",
    }
    assert data["mentioned_in"] == []


def test_players_are_shown_what_they_know_of_a_place(salt):
    shown = salt("location", "show", "inn", "--as", "party")
    assert shown.out.endswith("Mood      warm\n\nHere:\n- Mara, smith\n")
    data = salt("location", "show", "inn", "--as", "party", "--json")
    assert "pelt" not in data.out
    assert data.json()["ways"] == data.json()["inside"] == []
    assert "cellar" not in salt("location", "tree", "--as", "party", "--json").out.casefold()


def test_a_secret_way_that_is_revealed_still_needs_the_place_to_be_known(salt):
    result = salt("location", "reveal-way", "cellar", "inn")
    assert "Revealed the way between 'Cellar' and 'Inn' to party" in result.err
    assert "They do not know of 'Cellar' yet: ttrpg location reveal cellar" in result.err
    assert "Cellar" not in salt("location", "show", "inn", "--as", "party").out
    salt("location", "reveal", "cellar")
    shown = salt("location", "show", "inn", "--as", "party").out
    assert "- secret way to Cellar (" not in shown
    assert "- secret way to Cellar" in shown
    assert salt("location", "reveal-way", "inn", "cellar").err == "Nothing was different\n"
    assert "Hid the way" in salt("location", "hide-way", "inn", "cellar").err
    assert "secret way" not in salt("location", "show", "inn", "--as", "party").out


def test_the_tree_of_places(salt):
    assert salt("location", "tree").out == (
        "Hut  ruins (hut)\n"
        "Saltmarsh  city (saltmarsh)\n"
        "└─ Inn  tavern (inn)\n"
        "   └─ Cellar  (cellar)\n"
    )
    assert salt("location", "tree", "inn", "--as", "party").out == "Inn  tavern\n"
    assert (
        "there is no location 'cellar'" in salt("location", "tree", "cellar", "--as", "party").err
    )


def test_a_route_is_drawn_with_its_time(salt):
    result = salt("location", "path", "cellar", "hut")
    assert result.out == (
        "Cellar\n"
        "├─ secret way to Inn  rotten\n"
        "├─ out to Saltmarsh\n"
        "└─ road to Hut  2 hours\n"
        "3 steps, 2 hours\n"
    )
    data = salt("location", "path", "inn", "hut", "--as", "party", "--json").json()
    assert [each["to"] for each in data["steps"]] == ["Saltmarsh", "Hut"]
    assert data["minutes"] == 120
    salt("location", "disconnect", "hut", "saltmarsh")
    result = salt("location", "path", "inn", "hut", "--as", "party")
    assert (result.code, result.out) == (3, "")
    assert "no way from 'Inn' to 'Hut' that party knows" in result.err
    salt("location", "connect", "inn", "hut", "--kind", "trail")
    assert salt("location", "path", "hut", "inn").out.endswith("1 step, 1 of unknown length\n")


def test_a_way_is_changed_by_what_is_given(salt):
    salt("location", "connect", "hut", "saltmarsh", "--kind", "road", "--note", "muddy")
    way = salt("location", "show", "hut", "--json").json()["ways"]
    assert way == [
        {"to": "location/saltmarsh", "kind": "road", "minutes": 120, "note": "muddy",
         "audience": "public"}
    ]  # fmt: skip
    salt("location", "connect", "hut", "saltmarsh", "--kind", "road", "--time", "", "--note", "")
    way = salt("location", "show", "hut", "--json").json()["ways"]
    assert way == [{"to": "location/saltmarsh", "kind": "road", "audience": "public"}]
    assert "'ttrpg undo' takes it back" in salt("location", "disconnect", "hut", "saltmarsh").err
    salt("undo", "3")
    assert salt("location", "show", "hut", "--json").json()["ways"][0]["minutes"] == 120


def test_a_way_to_a_place_that_was_deleted_can_be_taken_away(salt):
    assert "Still mentioned in: location/inn" in salt("location", "rm", "cellar").err
    assert "secret way to location/cellar" in salt("location", "show", "inn").out
    assert salt("location", "disconnect", "inn", "nowhere").code == 3
    assert salt("location", "disconnect", "inn", "cellar").code == 0
    assert salt("location", "show", "inn", "--json").json()["ways"] == []


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("connect inn inn", 2, "from one place to another"),
        ("connect inn hut --time soon", 2, "no length of a way"),
        ("connect inn nowhere", 3, "no location 'nowhere'"),
        ("connect inn hut --audience ?!", 2, "no audience"),
        ("disconnect inn hut", 3, "no way between"),
        ("disconnect inn cellar --kind road", 3, "no road between"),
        ("edit saltmarsh --parent cellar", 2, "inside itself"),
        ("feature rm inn well", 3, "no feature 'well'"),
        ("path inn", 2, "Missing argument"),
    ],
)
def test_what_cannot_be(salt, line, code, said):
    before = salt("history", "--json").out
    result = salt("location", *line.split())
    assert (result.code, result.out) == (code, "")
    assert said in result.err
    assert salt("history", "--json").out == before


def test_features_are_hidden_until_they_are_revealed(salt):
    salt("location", "feature", "add", "inn", "Well", "--text", "Dry.", "--effect", "DC 15")
    salt("location", "feature", "add", "inn", "Trapdoor", "--hidden")
    assert (
        "Features:\n- Well: Dry. (DC 15)\n- Trapdoor (for the GM alone)\n"
        in salt("location", "show", "inn").out
    )
    shown = salt("location", "show", "inn", "--as", "party").out
    assert "Features:\n- Well: Dry.\n\n" in shown
    salt("location", "feature", "reveal", "inn", "trap")
    assert "- Trapdoor\n" in salt("location", "show", "inn", "--as", "party").out
    salt("location", "feature", "hide", "inn", "trap")
    assert "Trapdoor" not in salt("location", "show", "inn", "--as", "party").out
    assert salt("location", "feature", "rm", "inn", "2").code == 0
    assert "already" in salt("location", "feature", "add", "inn", "well").err


def test_a_type_may_be_any_word_and_usual_ones_are_completed(salt):
    salt("location", "edit", "hut", "--type", "witch's hut")
    assert salt("location", "show", "hut", "--json").json()["location"]["type"] == "witch's hut"
    done = salt(
        env={"_TTRPG_COMPLETE": "bash_complete", "COMP_WORDS": "ttrpg location add X --type ta",
             "COMP_CWORD": "5"}
    )  # fmt: skip
    assert done.out.split(",")[1].strip() == "tavern"


def test_somebody_goes_to_another_place(salt):
    result = salt("npc", "move", "spy", "hut")
    assert result.err == "Spy is at Hut. 'ttrpg undo' takes it back\n"
    assert "Location  Hut (hut)" in result.out
    assert salt("npc", "move", "spy", "hut").err == "Spy was at Hut already\n"
    assert salt("npc", "move", "spy", "nowhere").code == 3


def test_a_thing_is_given_to_somebody_or_laid_somewhere(salt):
    assert "Has:\n- Crown, relic (item/crown)\n" in salt("npc", "show", "mara").out
    assert "Crown" not in salt("npc", "show", "mara", "--as", "party").out
    result = salt("item", "give", "crown", "cellar")
    assert result.err == "Cellar has Crown. 'ttrpg undo' takes it back\n"
    assert "- Crown, relic (item/crown)" in salt("location", "show", "cellar").out
    assert salt("item", "give", "crown", "location/cellar").err == "Cellar had Crown already\n"
    assert salt("npc", "show", "mara", "--json").json()["has"] == []
    assert salt("item", "give", "crown", "nobody").code == 3


def test_a_number_can_be_taken_away(salt):
    salt("item", "edit", "crown", "--charges", "3", "--charges-max", "7")
    assert salt("item", "show", "crown", "--json").json()["item"]["charges"] == 3
    salt("item", "edit", "crown", "--charges", "", "--charges-max", "0")
    shown = salt("item", "show", "crown", "--json").json()["item"]
    assert ("charges" in shown, shown["charges_max"]) == (False, 0)
    assert salt("item", "edit", "crown", "--charges", "-1").code == 2
    assert "integer" in salt("item", "edit", "crown", "--charges", "few").err


def test_a_character_has_things_too(salt):
    salt("character", "add", "Tom")
    salt("item", "give", "crown", "tom")
    assert "Has:\n- Crown, relic (item/crown)\n" in salt("character", "show", "tom").out


def test_a_faction_has_members_and_thinks_of_the_party(salt):
    salt("npc", "edit", "spy", "--faction", "guild")
    result = salt("faction", "reputation", "guild", "-25", "--why", "burned the hall")
    assert "Guild is unfriendly (-25, was +0)" in result.err
    assert "Members:\n- Spy, spy (npc/spy)\n" in result.out
    assert "burned the hall" in salt("history", "-n", "1").out
    assert "allied (+100, was -25)" in salt("faction", "reputation", "guild", "+1000").err
    assert "hostile (-60, was +100)" in salt("faction", "reputation", "guild", "-160").err
    assert salt("faction", "reputation", "guild", "40").out.count("it is friendly") == 1
    assert salt("faction", "reputation", "guild", "much").code == 2
    salt("faction", "reveal", "guild")
    shown = salt("faction", "show", "guild", "--as", "party").out
    assert "friendly" not in shown
    assert "Spy" not in shown


def test_the_party_knows_its_characters(salt):
    salt("character", "add", "Tom", "--ancestry", "dwarf", "--hook", "His brother lives")
    shown = salt("character", "list", "--as", "party").out
    assert "Tom" in shown
    assert "brother" not in salt("character", "show", "tom", "--as", "party", "--json").out


def test_what_a_reference_means_is_said(salt):
    salt("location", "rm", "hut")
    salt("npc", "edit", "spy", "--location", "cellar")
    assert "Location  Cellar (cellar)" in salt("npc", "show", "spy").out
    salt("location", "rm", "cellar")
    assert "location/cellar (no longer there)" in salt("npc", "show", "spy").out
    assert "spy   spy    location/cellar (no longer there)" in salt("npc").out


def test_a_damaged_row_is_said_and_ends_with_7(salt, app):
    connection = app.store.connection
    connection.execute("UPDATE entities SET state = '{\"role\": 3}' WHERE id = 'mara'")
    result = salt("npc", "list")
    assert (result.code, result.out) == (7, "")
    assert "npc/mara cannot be read: npc/mara.role: 3 is not a text" in result.err
    assert "ttrpg doctor" in result.err
    assert salt("location", "tree").code == 0


def test_hazards_and_effects_are_secret_until_they_are_revealed(salt):
    def party(*words):
        return salt(*words, "--as", "party").out + salt(*words, "--as", "party", "--json").out

    salt("location", "connect", "saltmarsh", "hut", "--kind", "road", "--hazards", "bandits")
    salt("location", "feature", "add", "inn", "Well", "--text", "Dry.", "--effect", "DC 15")
    for secret, lines in (
        ("bandits", (("location", "show", "hut"), ("location", "path", "hut", "saltmarsh"))),
        ("DC 15", (("location", "show", "inn"),)),
    ):
        what = ("reveal-way", "hut", "saltmarsh", "--field", "hazards")
        back = ("hide-way", "saltmarsh", "hut", "--field", "hazards")
        if secret == "DC 15":
            what = ("feature", "reveal", "inn", "well", "--field", "effect")
            back = ("feature", "hide", "inn", "well", "--field", "effect")
        assert not any(secret in party(*line) for line in lines), secret
        done = salt("location", *what)
        assert f"the {what[-1]} of " in done.err
        assert f"{secret}; {what[-1]} known to party" in done.out
        assert salt("location", *what).err == "Nothing was different\n"
        assert all(secret in party(*line) for line in lines), secret
        assert not any(secret in salt(*line, "--as", "public").out for line in lines), secret
        assert f"{what[-1]}" in salt("reveals").out
        salt("location", *back)
        assert not any(secret in party(*line) for line in lines), secret
        salt("undo")
        assert all(secret in party(*line) for line in lines), secret


def test_what_is_no_secret_of_a_part_is_said(salt):
    salt("location", "feature", "add", "inn", "Well")
    done = salt("location", "feature", "reveal", "inn", "well", "--field", "text")
    assert (done.code, "is no secret field of the feature 'Well'" in done.err) == (2, True)
    assert "One of: effect" in done.err
    assert salt("location", "reveal-way", "saltmarsh", "hut", "--field", "kind").code == 2
    assert "--field" not in salt("plot", "clock", "reveal", "--help").out
