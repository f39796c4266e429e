"""What plots are sorted by is kept beside them, and says what they say, whatever is taken back."""

from collections import Counter
from random import Random

import attrs
import pytest
from sqlite_utils import Database

from ttrpg_core import records, schema
from ttrpg_core.settings_tables import SnapshotSettings
from ttrpg_core.snapshots import Snapshots
from ttrpg_core.table.world import plots
from ttrpg_core.table.world.plots import PRIORITIES, URGENCIES, Plot
from ttrpg_core.world import orders
from ttrpg_core.world.plotting import move

OPEN = (("active",), ("paused", "pending"))


@pytest.fixture
def world(salt_road):
    return salt_road


def must_agree(world):
    """The outlines are those of the plots, and the first of them are found by them."""
    found = [each for each in world.all("plot") if isinstance(each, Plot)]
    kept = world.connection.execute("SELECT id, name FROM plot_outlines").fetchall()
    assert sorted(map(tuple, kept)) == sorted((each.id, each.name) for each in found)
    assert orders.standing(world) == Counter(each.status for each in found)
    wanted = sorted(
        (each for each in found if each.status not in {"completed", "failed"}),
        key=lambda each: (each.status != "active", plots.order(each)),
    )
    for most in (3, 99):
        first = [each.ref for each in orders.foremost(world, OPEN, most)]
        assert first == [each.ref for each in wanted[:most]]
    return [each.ref for each in wanted]


def test_outlines_say_what_the_plots_say(world):
    rng = Random(7)
    history = [must_agree(world)]
    for number in range(8):
        given = {"priority": rng.choice(PRIORITIES), "urgency": rng.choice(URGENCIES)}
        world.add(Plot, {"name": f"Tide {number}", **given})
        history.append(must_agree(world))
    for key, to in (("tide-1", "active"), ("tide-4", "active"), ("tide-1", "paused"),
                    ("tide-4", "completed"), ("tide-2", "failed")):  # fmt: skip
        move(world, world.get(f"plot/{key}"), to)
        history.append(must_agree(world))
    world.edit("plot/tide-3", {"name": "An ebb", "priority": "critical", "urgency": "overdue"})
    history.append(must_agree(world))
    world.delete("plot/tide-0")
    history.append(must_agree(world))
    assert history[-1][0] == "plot/tide-3"
    for wanted in reversed(history[:-1]):
        world.journal.undo()
        assert must_agree(world) == wanted
    for wanted in history[1:]:
        world.journal.redo()
        assert must_agree(world) == wanted


def test_a_rollback_and_a_campaign_that_goes_take_outlines_along(world):
    snapshots = Snapshots(world.journal, SnapshotSettings())
    campaign = records.campaign(world.connection, world.campaign)
    world.add(Plot, {"name": "Ebb"})
    snapshots.create(campaign, "before")
    world.add(Plot, {"name": "Flood", "urgency": "pressing"})
    world.delete("plot/ebb")
    assert must_agree(world) == ["plot/flood"]
    snapshots.rollback(campaign, "before")
    assert must_agree(world) == ["plot/ebb"]
    with world.journal.change("campaign.delete") as change:
        change.delete("campaigns", {"id": world.campaign})
    assert must_agree(world) == []
    world.journal.undo()
    assert must_agree(world) == ["plot/ebb"]


def test_plots_of_before_get_their_outlines(world):
    world.add(Plot, {"name": "Ebb"})
    flood = world.add(Plot, {"name": "Flood", "urgency": "pressing", "text": '"status":"failed"'})
    with world.change("plot.edit") as change:
        world.save(change, attrs.evolve(flood, extra={"other": {"status": "failed"}}))
    move(world, world.get("plot/ebb"), "active")
    with world.journal.store.transaction() as connection:
        for name in ("added", "gone", "changed"):
            connection.execute(f"DROP TRIGGER plots_{name}")
        connection.execute("DROP TABLE plot_outlines")
        schema.outlines_of_plots(Database(connection, execute_plugins=False))
    assert must_agree(world) == ["plot/ebb", "plot/flood"]
