"""Campaigns: made, changed, chosen and found."""

import pytest

from ttrpg_core import records
from ttrpg_core.errors import Ambiguous, InputError, NotFound, StoreDamaged
from ttrpg_core.table import campaigns
from ttrpg_core.table.campaigns import Player

NOW, LATER = "2026-01-02T03:04:05+00:00", "2026-02-02T03:04:05+00:00"


def test_create_gives_a_short_id_and_empty_fields():
    made = campaigns.create("  The Sunken Keep ", {"system": "two-dice"}, ["the-sunken-keep"], NOW)
    assert made.id == "the-sunken-keep-2"
    assert (made.name, made.system, made.genre, made.description) == (
        "The Sunken Keep", "two-dice", "", ""
    )  # fmt: skip
    assert made.created_at == made.updated_at == NOW


def test_edit_tells_what_changed_and_nothing_else():
    made = campaigns.create("Keep", {}, [], NOW)
    changed, facts = campaigns.edit(made, {"name": "Tower", "genre": "", "system": " x "}, LATER)
    assert facts == {"name": ["Keep", "Tower"], "system": ["", "x"]}
    assert (changed.id, changed.name, changed.updated_at) == ("keep", "Tower", LATER)
    assert changed.created_at == NOW
    assert campaigns.edit(changed, {"name": "Tower"}, "never") == (changed, {})
    assert made.name == "Keep"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": ""}, "the name is empty"),
        ({"genre": "a\nb"}, "genre has a control character"),
        ({"description": "a\0"}, "description"),
        ({"gnre": "noir"}, "no field 'gnre'"),
        ({"id": "other"}, "no field 'id'"),
        ({"created_at": "x"}, "no field"),
    ],
)
def test_fields_are_checked(fields, said):
    made = campaigns.create("Keep", {}, [], NOW)
    with pytest.raises(InputError, match=said) as caught:
        campaigns.edit(made, fields, LATER)
    assert caught.value.hint


def test_a_description_is_any_text():
    text = "<script>\n'; DROP TABLE campaigns;--\n\t🐉  "
    assert campaigns.create("K", {"description": text}, [], NOW).description == text


def test_players_and_lists_are_added_to_and_taken_from():
    made = campaigns.create("Keep", {"players": ["Ana=Mara", "Ben"], "tags": ["dark"]}, [], NOW)
    assert made.players == (Player("Ana", "Mara"), Player("Ben"))
    given = {"players": ["-ben", "Cem = Tolk", "Ana"], "tags": ["slow", "dark", "-DARK"]}
    changed, facts = campaigns.edit(made, given, LATER)
    assert changed.players == (Player("Ana", "Mara"), Player("Cem", "Tolk")), "Ana keeps hers"
    assert changed.tags == ("slow",)
    assert facts["tags"] == [["dark"], ["slow"]]
    assert facts["players"][1][1] == {"name": "Cem", "character": "Tolk"}
    nobody, _ = campaigns.edit(changed, {"players": ["Ana="], "lines": ["harm to children"]}, LATER)
    assert nobody.players[0] == Player("Ana")
    assert nobody.lines == ("harm to children",)
    assert campaigns.edit(nobody, {"players": [""], "lines": [""]}, LATER)[0].players == ()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"tags": ["-red"]}, "'red' is not among the tags"),
        ({"players": ["-Ana"]}, "'Ana' is not among the players"),
        ({"players": ["=Mara"]}, "the player is empty"),
        ({"tags": ["a\nb"]}, "the tag has a control character"),
        ({"tags": [str(n) for n in range(51)]}, "51 tags"),
        ({"veils": ["x" * 201]}, "the veil has 201"),
    ],
)
def test_lists_are_checked(fields, said):
    with pytest.raises(InputError, match=said):
        campaigns.create("Keep", fields, [], NOW)


def test_a_campaign_is_put_away_and_taken_up():
    made = campaigns.create("Keep", {}, [], NOW)
    away = campaigns.archive(made, LATER)
    assert away.archived_at == LATER
    assert campaigns.archive(away, "never") == away
    assert campaigns.restore(away) == made


def test_a_row_is_the_campaign_again():
    given = {"players": ["Ana=Mara"], "tags": ["a", "🐉"], "lines": ["x"], "veils": ["y"]}
    made = campaigns.create("Keep", given, [], NOW)
    assert records.made(records.row(made)) == made
    old = {k: v for k, v in records.row(made).items() if k not in {"players", "tags", "veils"}}
    assert records.made(old).players == (), "an image from before there were any"
    for broken in ({"players": "[1]"}, {"tags": "{"}, {"lines": "7"}):
        with pytest.raises(StoreDamaged, match="keep"):
            records.made(records.row(made) | broken)


@pytest.fixture
def three(store, journal):
    made = []
    for name in ("Keep", "keep", "Alps"):
        made.append(campaigns.create(name, {}, [each.id for each in made], NOW))
        with journal.change("campaign.create") as change:
            change.insert("campaigns", records.row(made[-1]))
    return store.connection


def test_campaigns_come_back_and_are_found(three):
    assert [each.id for each in records.campaigns(three)] == ["alps", "keep", "keep-2"]
    assert records.campaign(three, "keep").name == "Keep"
    assert records.campaign(three, "keep-2").name == "keep"
    assert records.campaign(three, "al").id == "alps"
    with pytest.raises(Ambiguous):
        records.campaign(three, "ke")
    with pytest.raises(NotFound):
        records.campaign(three, "zzz")


def test_the_current_one(three, journal):
    assert records.current(three) is None
    with pytest.raises(NotFound) as caught:
        records.campaign_or_current(three, None)
    assert "ttrpg campaign use" in caught.value.hint
    with journal.change("campaign.use") as change:
        change.put("chosen", {"key": records.CURRENT, "value": "alps"})
    assert records.campaign_or_current(three, None).id == "alps"
    assert records.campaign_or_current(three, "keep-2").id == "keep-2"
    with journal.change("campaign.delete") as change:
        change.delete("campaigns", {"id": "alps"})
    assert records.current(three) is None, "the chosen one is gone"
    journal.undo()
    assert records.current(three).id == "alps"
    journal.undo()
    assert records.current(three) is None
