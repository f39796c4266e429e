"""``ttrpg campaign``."""

import json

import pytest


@pytest.fixture
def salt(ttrpg):
    assert ttrpg("campaign", "create", "Salt Road", "--system", "Two Dice").code == 0
    return ttrpg


def current(ttrpg):
    return ttrpg("campaign", "--json").json()["current"]


def test_create_shows_it_and_makes_it_current(ttrpg):
    result = ttrpg("campaign", "create", "The Salt Road", "--genre", "road", "--setting", "coast")
    assert result.code == 0
    assert "The Salt Road (the-salt-road)" in result.out
    assert result.err == (
        "Started 'The Salt Road'; it is the current campaign. 'ttrpg undo' takes it back\n"
    )
    assert current(ttrpg) == "the-salt-road"


def test_the_same_name_gets_another_id(salt):
    assert (
        salt("campaign", "create", "Salt Road", "--json").json()["campaign"]["id"] == "salt-road-2"
    )


def test_a_description_comes_from_stdin(ttrpg):
    told = "It began <b>\n'; DROP TABLE campaigns; --\n\N{DRAGON}\n"
    made = ttrpg("campaign", "create", "A", "--description", "-", "--json", input=told).json()
    assert made["campaign"]["description"] == told


@pytest.mark.parametrize("given", [b"\xff\xfe\x00bad\xff", b"caf\xe9"])
def test_a_description_that_is_no_text(ttrpg, given):
    result = ttrpg("campaign", "create", "A", "--description", "-", input=given)
    assert result.code == 2
    assert "UTF-8" in result.err
    assert ttrpg("campaign", "--json").json()["campaigns"] == []


def test_a_description_without_end(ttrpg):
    result = ttrpg("campaign", "create", "A", "--description", "-", input="\N{DRAGON}" * 400_000)
    assert result.code == 2
    assert "100,000" in result.err


def test_edit_changes_what_is_named(salt):
    result = salt("campaign", "edit", "--name", "Salt Way", "--game-date", "Day 2")
    assert result.code == 0
    assert "Changed" in result.err
    assert "'ttrpg undo' takes it back" in result.err
    shown = salt("campaign", "show", "--json").json()["campaign"]
    assert (shown["id"], shown["name"], shown["game_date"]) == ("salt-road", "Salt Way", "Day 2")
    assert shown["system"] == "Two Dice"


def test_edit_can_empty_a_field(salt):
    assert salt("campaign", "edit", "--system", "").code == 0
    assert salt("campaign", "show", "--json").json()["campaign"]["system"] == ""


def test_edit_to_the_same_is_no_change(salt):
    result = salt("campaign", "edit", "--system", "Two Dice")
    assert (result.code, result.err) == (0, "Nothing was different\n")
    assert len(salt("history", "--json").json()["entries"]) == 1


def test_edit_of_nothing_is_wrong_usage(salt):
    result = salt("campaign", "edit")
    assert result.code == 2
    assert "--game-date" in result.err


def test_edit_and_delete_can_be_undone(salt):
    before = salt("campaign", "--json").json()
    salt("campaign", "edit", "--name", "Other")
    salt("campaign", "delete", "salt-road")
    assert salt("campaign", "--json").json() == {
        "schema": "ttrpg.campaign.list/1",
        "current": None,
        "campaigns": [],
    }
    assert salt("undo", "2").code == 0
    assert salt("campaign", "--json").json() == before


def test_use_chooses(salt):
    salt("campaign", "create", "Other")
    assert current(salt) == "other"
    assert salt("campaign", "use", "sal").code == 0
    assert current(salt) == "salt-road"
    marked = [line for line in salt("campaign").out.splitlines() if line.startswith("*")]
    assert len(marked) == 1
    assert "Salt Road" in marked[0]


def test_deleting_another_keeps_the_choice(salt):
    salt("campaign", "create", "Other")
    salt("campaign", "delete", "salt-road")
    assert current(salt) == "other"


@pytest.mark.parametrize("command", [["show"], ["use"], ["delete"], ["edit", "--genre", "x"]])
def test_a_name_that_fits_two(salt, command):
    salt("campaign", "create", "Salt Lantern")
    verb, *more = command
    result = salt("campaign", verb, "salt", *more)
    assert result.code == 2
    assert "'salt' fits 2 campaigns" in result.err
    assert "salt-lantern, salt-road" in result.err


@pytest.mark.parametrize("command", [["show"], ["use"], ["delete"], ["edit", "--genre", "x"]])
@pytest.mark.parametrize("name", ["pepper", "", " ", "\x1b[2J"])
def test_a_name_that_fits_none(salt, command, name):
    verb, *more = command
    result = salt("campaign", verb, name, *more)
    assert result.code == 3
    assert "there is no campaign" in result.err
    assert "\x1b" not in result.err


def test_no_campaign_is_chosen(ttrpg):
    result = ttrpg("campaign", "show")
    assert result.code == 3
    assert "ttrpg campaign create" in result.err


def test_the_list_may_be_empty(ttrpg):
    assert ttrpg("campaign").out == "No campaign yet: ttrpg campaign create NAME\n"


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "\x1b[31mred", "a\u202eb", "x" * 201, "\ud800"])
def test_a_name_that_cannot_be_kept(ttrpg, name):
    result = ttrpg("campaign", "create", name)
    assert result.code == 2
    assert "name" in result.err
    assert "\x1b" not in result.err
    assert ttrpg("campaign", "--json").json()["campaigns"] == []


@pytest.mark.parametrize(
    "name", ["<script>", "'; DROP TABLE campaigns; --", "\N{DRAGON}", "../../etc"]
)
def test_a_name_may_say_anything(ttrpg, name):
    made = ttrpg("campaign", "create", name, "--json").json()["campaign"]
    assert made["name"] == name
    assert set(made["id"]) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


def test_players_tags_lines_and_veils(salt):
    result = salt("campaign", "edit", "--player", "Ana=Mara", "--player", "Ben", "--tag", "dark",
                  "--tag", "slow", "--line", "harm to animals", "--veil", "torture")  # fmt: skip
    assert "Players   Ana (Mara), Ben" in result.out
    assert "Changed players, tags, lines, veils. 'ttrpg undo'" in result.err
    salt("campaign", "edit", "--tag", "-slow", "--player", "-Ben")
    kept = salt("campaign", "show", "--json").json()["campaign"]
    assert kept["players"] == [{"name": "Ana", "character": "Mara"}]
    assert (kept["tags"], kept["lines"], kept["veils"]) == (
        ["dark"], ["harm to animals"], ["torture"]
    )  # fmt: skip
    salt("undo", "2")
    assert salt("campaign", "show", "--json").json()["campaign"]["tags"] == []


def names(result):
    return [each["id"] for each in result.json()["campaigns"]]


def test_the_list_is_sorted_and_filtered(salt):
    salt("campaign", "create", "Alps", "--system", "Two Dice", "--tag", "Snow")
    salt("campaign", "create", "Zoo", "--tag", "snow")
    salt("campaign", "edit", "alps", "--genre", "road")
    assert names(salt("campaign", "list", "--json")) == ["alps", "salt-road", "zoo"]
    assert names(salt("campaign", "list", "--sort", "created", "--json")) == [
        "zoo", "alps", "salt-road"
    ]  # fmt: skip
    assert names(salt("campaign", "list", "--sort", "changed", "--json"))[0] == "alps"
    assert names(salt("campaign", "list", "--sort", "system", "--json"))[0] == "zoo"
    assert names(salt("campaign", "list", "--tag", "SNOW", "--json")) == ["alps", "zoo"]
    assert names(salt("campaign", "list", "--system", "two", "--json")) == ["alps", "salt-road"]
    assert salt("campaign", "list", "--tag", "sun").out == "No campaign is so\n"


def test_put_away_and_taken_up_again(salt):
    result = salt("campaign", "archive")
    assert "Put 'Salt Road' away. 'ttrpg undo' takes it back" in result.err
    assert "still the current campaign" in result.err
    listed = salt("campaign")
    assert "Salt Road" not in listed.out
    assert "1 put away: ttrpg campaign list --archived" in listed.err
    assert "Salt Road (archived)" in salt("campaign", "list", "--archived").out
    assert names(salt("campaign", "list", "--all", "--json")) == ["salt-road"]
    assert "was put away already" in salt("campaign", "archive", "salt").err
    assert "It is put away" in salt("campaign", "use", "salt").err
    assert "Took 'Salt Road' up again" in salt("campaign", "restore").err
    assert "is not put away" in salt("campaign", "restore").err
    assert len(salt("history", "--json").json()["entries"]) == 3, (
        "what changed nothing is not there"
    )
    salt("undo", "2")
    assert names(salt("campaign", "--json")) == ["salt-road"]


def test_deleting_says_how_to_get_it_back_later(salt):
    assert "ttrpg undo --entry 2" in salt("campaign", "delete", "salt").err
    salt("campaign", "create", "Other")
    assert salt("undo", "--entry", "2").code == 0
    assert names(salt("campaign", "--json")) == ["other", "salt-road"]


def test_creating_is_audited(salt):
    salt("campaign", "delete", "salt-road")
    kinds = [event["kind"] for event in salt("audit", "--json").json()["events"]]
    assert kinds == ["campaign.deleted", "campaign.created"]


def test_quiet_still_shows_data(ttrpg):
    result = ttrpg("campaign", "create", "Salt", "--quiet", "--json")
    assert json.loads(result.out)["campaign"]["id"] == "salt"
    assert result.err == ""
