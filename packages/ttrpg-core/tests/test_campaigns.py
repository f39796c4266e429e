"""Campaigns: made, changed, chosen and found."""

import attrs
import pytest

from ttrpg_core import records
from ttrpg_core.errors import Ambiguous, InputError, NotFound
from ttrpg_core.table import campaigns

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
