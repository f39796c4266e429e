"""Snapshots: moments with a name, what changed between two, and the way back."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from sqlite_utils.migrations import Migrations

from ttrpg_core import fights, records
from ttrpg_core.errors import Ambiguous, Denied, InputError, NotFound, UndoRefused
from ttrpg_core.fights import Fights
from ttrpg_core.settings_tables import SnapshotSettings
from ttrpg_core.snapshots import Snapshots
from ttrpg_core.snapshots.belonging import Belonging
from ttrpg_core.store import SchemaSet, Store
from ttrpg_core.table import campaigns
from ttrpg_core.table.combat import roster, rules, turns
from ttrpg_core.table.combat.state import Combatant
from ttrpg_core.table.world import kinds
from ttrpg_core.world import World

extra = Migrations("extra")


@extra()
def tables(db):
    """Tables of a plugin: two that hang on campaigns, one that hangs on nothing."""
    db.execute(
        "CREATE TABLE extra_maps (id INTEGER PRIMARY KEY, campaign TEXT REFERENCES campaigns"
        " ON DELETE CASCADE, name TEXT, place INTEGER UNIQUE)"
    )
    db.execute(
        "CREATE TABLE extra_cells (map INTEGER REFERENCES extra_maps(id) ON DELETE CASCADE,"
        " x INTEGER, what, inside INTEGER, PRIMARY KEY (map, x), FOREIGN KEY (inside, map)"
        " REFERENCES extra_cells (x, map) ON DELETE CASCADE)"
    )
    db.execute("CREATE TABLE extra_loose (id INTEGER PRIMARY KEY, campaign TEXT, words TEXT)")
    db.execute("CREATE TABLE extra_pins (id INTEGER PRIMARY KEY, map REFERENCES extra_maps(id))")


@pytest.fixture
def store(home, core):
    opened = Store(home / "ttrpg.db", [core, SchemaSet("extra", "json:extra", lambda: extra)])
    yield opened
    opened.close()


@pytest.fixture
def snapshots(journal):
    return Snapshots(journal, SnapshotSettings())


@pytest.fixture
def rows(store):
    """Every row of the game, without the index of words, which is laid out as it grew."""

    def read():
        names = Belonging(store.connection).tables
        return {
            name: sorted(map(repr, map(tuple, store.connection.execute(f"SELECT * FROM {name}"))))
            for name in (*names, "chosen", "extra_loose", "extra_pins")
        }

    return read


def begin(journal, name="Keep", **fields):
    with journal.change("campaign.create") as change:
        made = campaigns.create(name, fields, [], journal.clock().isoformat())
        change.insert("campaigns", records.row(made))
        change.put("chosen", {"key": records.CURRENT, "value": made.id})
        change.campaign = made.id
    return made


@pytest.fixture
def keep(journal):
    return begin(journal)


@pytest.fixture
def world(journal, keep):
    return World(journal, keep.id)


@pytest.fixture
def npc():
    return kinds.kind("npc")


def words(differences):
    return [
        (each.how, each.ref, each.name, *(field.words for field in each.fields))
        for each in differences
    ]


def between(snapshots, campaign, first, second="now"):
    moment = snapshots.moment
    return words(snapshots.diff(campaign, moment(campaign, first), moment(campaign, second)))


def test_what_was_added_removed_and_changed(snapshots, keep, world, npc):
    world.add(npc, {"name": "Old Tom"})
    world.add(npc, {"name": "Berta", "role": "innkeeper", "tags": ["kind", "rich"]})
    world.add(npc, {"name": "Fleeting"})
    snapshots.create(keep, "Before the fire", note="all well")
    world.delete("npc/old-tom")
    world.edit("npc/berta", {"role": "widow", "tags": ["-rich", "poor"], "summary": "Grieves."})
    world.add(npc, {"name": "Mara"})
    world.add(npc, {"name": "Nobody"})
    world.delete("npc/nobody")
    world.edit("npc/fleeting", {"role": "ghost"})
    world.edit("npc/fleeting", {"role": ""})
    assert between(snapshots, keep, "before") == [
        ("changed", "npc/berta", "Berta", "tags: removed 'rich'", "tags: added 'poor'",
         "role: was 'innkeeper', is now 'widow'", "summary: is now 'Grieves.'"),
        ("added", "npc/mara", "Mara"),
        ("removed", "npc/old-tom", "Old Tom"),
    ]  # fmt: skip
    back = between(snapshots, keep, "now", "before")
    assert [each[:2] for each in back] == [
        ("changed", "npc/berta"), ("removed", "npc/mara"), ("added", "npc/old-tom")
    ]  # fmt: skip
    assert "role: was 'widow', is now 'innkeeper'" in back[0]
    assert between(snapshots, keep, "now") == []


def test_the_campaign_itself_and_its_players(snapshots, keep, journal):
    snapshots.create(keep, "First")
    with journal.change("campaign.edit", campaign=keep.id) as change:
        given = {"players": ["Ana=Mara", "Ben"], "game_date": "3 Frost", "tags": ["a"]}
        made, _ = campaigns.edit(keep, given, "2027")
        change.update("campaigns", {"id": keep.id}, records.row(made))
    snapshots.create(keep, "Second")
    with journal.change("campaign.edit", campaign=keep.id) as change:
        made, _ = campaigns.edit(made, {"players": ["Ana=Tolk", "-Ben"]}, "2028")
        change.update("campaigns", {"id": keep.id}, records.row(made))
    assert between(snapshots, keep, "first", "second") == [
        ("changed", "campaign/keep", "Keep", "game date: is now '3 Frost'",
         "players: added 'Ana'", "players: added 'Ben'", "tags: added 'a'")
    ]  # fmt: skip
    assert between(snapshots, keep, "second") == [
        ("changed", "campaign/keep", "Keep", "players[Ana].character: was 'Mara', is now 'Tolk'",
         "players: removed 'Ben'")
    ]  # fmt: skip
    then = snapshots.campaign_at(keep, snapshots.moment(keep, "second"))
    assert [each.character for each in then.players] == ["Mara", ""]
    assert snapshots.campaign_at(keep, snapshots.moment(keep, "now")) == made


def test_moments_by_date_entry_and_name(snapshots, keep, world, npc, stopped):
    stopped.now = datetime(2026, 11, 1, 21, 0, tzinfo=UTC)
    world.add(npc, {"name": "Mara"})
    stopped.now = datetime(2026, 11, 3, 21, 0, tzinfo=UTC)
    world.add(npc, {"name": "Tolk"})

    def at(words):
        return snapshots.moment(keep, words).position

    assert (at("2020-01-01"), at("2026-11-02"), at("2026-11-03T23:59:59"), at("2999-01-01")) == (
        0, 2, 3, 3
    )  # fmt: skip
    assert (at("#2"), at("2"), at("now"), at(" NOW ")) == (2, 2, 3, 3)
    local = datetime(2026, 11, 3, 21, 0, tzinfo=UTC).astimezone().replace(tzinfo=None)
    assert at(str(local)) == 3
    assert at(str(local - timedelta(seconds=1))) == 2
    assert at("2026-11-03T21:00:00+00:00") == 3
    made = snapshots.create(keep, "All saints", at="2026-11-02")
    assert made.position == 2
    assert at("all") == 2
    assert between(snapshots, keep, "All saints", "2026-11-04") == [("added", "npc/tolk", "Tolk")]
    for wrong, error in {
        "#99": NotFound, "2026-13-01": InputError, "2026-11-01 25:00": InputError,
        "nobody": NotFound, "": NotFound, "0001-01-01": InputError,
    }.items():  # fmt: skip
        with pytest.raises(error) as caught:
            at(wrong)
        assert caught.value.hint, wrong


@pytest.mark.parametrize(
    "name", ["now", "NOW", "#3", "12", "2026-11-01", "2026-11-01 eve", "", "a\nb"]
)
def test_names_that_would_mean_another_moment(snapshots, keep, name):
    with pytest.raises(InputError):
        snapshots.create(keep, name)
    assert snapshots.all(keep) == []


def test_a_moment_before_the_campaign(snapshots, keep):
    for do in (lambda: snapshots.create(keep, "x", at="2020-01-01"),
               lambda: snapshots.rollback(keep, "2020-01-01")):  # fmt: skip
        with pytest.raises(NotFound, match="was not there yet"):
            do()
    assert between(snapshots, keep, "2020-01-01") == [("added", "campaign/keep", "Keep")]


def test_making_and_removing_a_name_can_be_undone(snapshots, keep, journal):
    made = snapshots.create(keep, "First", kind="milestone", note="why")
    assert snapshots.all(keep) == [made]
    assert snapshots.create(keep, "First").id == "first-2"
    journal.undo()
    assert snapshots.delete(keep, "fir") == made
    assert snapshots.all(keep) == []
    journal.undo()
    assert snapshots.all(keep) == [made]
    journal.undo()
    assert snapshots.all(keep) == []


def test_automatic_ones_are_no_change_and_the_oldest_go(journal, keep, world, npc):
    snapshots = Snapshots(journal, SnapshotSettings(keep=3))
    snapshots.create(keep, "Mine")
    world.add(npc, {"name": "Mara"})
    journal.undo()
    entries = len(journal.history(100))
    for number in range(5):
        snapshots.take(keep.id, f"before {number}")
    snapshots.take(keep.id, "before a rollback", "pre-rollback")
    assert len(journal.history(100)) == entries
    assert [each.name for each in snapshots.all(keep)] == [
        "before a rollback", "before 4", "before 3", "before 2", "Mine"
    ]  # fmt: skip
    journal.redo()
    assert world.counts() == {"npc": 1}
    with pytest.raises(Ambiguous):
        snapshots.find(keep, "before")


def test_one_within_a_change_is_of_before_it_and_stays_when_that_is_undone(
    snapshots, keep, world, npc, journal
):
    world.add(npc, {"name": "Mara"})
    with world.change("npc.delete"):
        snapshots.take(keep.id, "before Mara went")
        world.delete("npc/mara")
    assert between(snapshots, keep, "before") == [("removed", "npc/mara", "Mara")]
    journal.undo()
    assert [each.name for each in snapshots.all(keep)] == ["before Mara went"]
    assert between(snapshots, keep, "before") == []


def test_a_change_that_fails_takes_its_snapshot_along(snapshots, keep, world):
    def delete(name):
        with world.change("npc.delete"):
            snapshots.take(keep.id, "before")
            world.delete(name)

    with pytest.raises(NotFound):
        delete("npc/nobody")
    assert snapshots.all(keep) == []


def test_automatic_ones_can_be_switched_off(journal, keep):
    snapshots = Snapshots(journal, SnapshotSettings(automatic=False))
    assert snapshots.take(keep.id, "before") is None
    assert snapshots.take(keep.id, "before", "pre-rollback") is not None


def test_rollback_puts_all_back_and_is_undone_by_one_undo(
    snapshots, keep, world, npc, journal, rows
):
    world.add(npc, {"name": "Mara", "role": "smith"})
    kept = Fights(journal, Random(3))
    law = rules.load("dnd5e-2024")
    kept.begin(lambda key: fights.Outcome(roster.new(key, "Ambush", law), ()), "Ambush", keep.id)
    for name in ("Mara", "Tolk"):
        who = Combatant("", name, "player", hp=9, hp_max=9)
        kept.change("combat.add", None, keep.id, lambda f, r, g, w=who: roster.add(f, r, w))
    snapshots.create(keep, "Start")
    then = rows()
    kept.change("combat.start", None, keep.id, turns.start)
    kept.begin(lambda key: fights.Outcome(roster.new(key, "Other", law), ()), "Other", keep.id)
    kept.delete("ambush", keep.id)
    world.edit("npc/mara", {"role": "queen"})
    world.delete("npc/mara")
    world.add(npc, {"name": "Mara", "role": "impostor"})
    other = begin(journal, "Elsewhere")
    World(journal, other.id).add(npc, {"name": "Untouched"})
    journal.undo(3)
    journal.redo()
    now = rows()

    done = snapshots.rollback(keep, "start")
    back = rows()
    for table in ("fights", "combatants", "fight_turns"):
        assert back[table] == then[table], table
    assert [row for row in back["entities"] if "'keep'" in row] == then["entities"]
    assert then["campaigns"][0] in back["campaigns"]
    assert back["chosen"] == now["chosen"], "what is in front of somebody stays so"
    assert (done.before.kind, done.before.note) == ("pre-rollback", "before going back to Start")
    assert journal.history(1)[0].kind == "snapshot.rollback"
    assert between(snapshots, keep, "start", "now") == []
    assert snapshots.rollback(keep, "start").rows == ()

    journal.undo()
    assert rows() == now
    assert between(snapshots, keep, "before-rollback") == []
    journal.redo()
    assert rows() == back


def test_search_knows_what_was_rolled_back(snapshots, keep, world, npc, store):
    snapshots.create(keep, "Empty")
    world.add(npc, {"name": "Mara", "summary": "likes herring"})
    snapshots.rollback(keep, "empty")

    def said():
        return store.connection.execute(
            "SELECT COUNT(*) FROM entities_said WHERE entities_said MATCH 'herring'"
        ).fetchone()[0]

    assert said() == 0
    snapshots.journal.undo()
    assert said() == 1


def test_rollback_reaches_a_plugins_tables_and_leaves_what_is_nobodys(
    snapshots, keep, journal, store, rows
):
    def change(*writes):
        with journal.change("extra.change") as each:  # says of no campaign that it is its
            for what, *rest in writes:
                getattr(each, what)(*rest)

    change(
        ("insert", "extra_maps", {"id": 1, "campaign": "keep", "name": "cave", "place": 1}),
        ("insert", "extra_maps", {"id": 2, "campaign": "keep", "name": "hall", "place": 2}),
        ("insert", "extra_cells", {"map": 1, "x": 1, "what": b"wall"}),
        ("insert", "extra_loose", {"id": 1, "campaign": "keep", "words": "old"}),
    )
    snapshots.create(keep, "Drawn")
    then = rows()
    change(
        ("delete", "extra_maps", {"id": 1}),
        ("update", "extra_maps", {"id": 2}, {"place": 1}),
        ("insert", "extra_maps", {"id": 3, "campaign": "keep", "name": "den", "place": 2}),
        ("insert", "extra_cells", {"map": 3, "x": 1, "what": 1.0}),
        ("update", "extra_loose", {"id": 1}, {"words": "new"}),
    )
    assert set(Belonging(store.connection).tables) >= {
        "campaigns", "entities", "fights", "combatants", "fight_turns", "extra_maps", "extra_cells"
    }  # fmt: skip
    assert not {"chosen", "books", "snapshots", "extra_loose", "extra_pins"} & set(
        Belonging(store.connection).tables
    )
    snapshots.rollback(keep, "drawn")
    back = rows()
    assert back["extra_maps"] == then["extra_maps"]
    assert back["extra_cells"] == then["extra_cells"]
    assert back["extra_loose"] != then["extra_loose"]


def test_rollback_is_refused_where_something_would_be_lost(snapshots, keep, journal, store, rows):
    snapshots.create(keep, "Start")
    with journal.change("extra.add") as change:
        change.insert("extra_maps", {"id": 1, "campaign": "keep", "name": "cave"})
        change.insert("extra_pins", {"id": 7, "map": 1})
        change.prose = "pinned the map"
    before = rows()
    with pytest.raises(UndoRefused, match=r"7 of extra_pins needs it, .* by #3 \(pinned the map\)"):
        snapshots.rollback(keep, "start")
    assert rows() == before
    journal.undo()
    with journal.change("extra.add") as change:
        change.insert("extra_maps", {"id": 1, "campaign": "keep", "name": "cave"})
    store.connection.execute("UPDATE extra_maps SET name = 'den'")
    before = rows()
    with pytest.raises(UndoRefused, match="1 of extra_maps was changed since, outside the journal"):
        snapshots.rollback(keep, "start")
    assert rows() == before


@pytest.mark.parametrize("whose", [None, "elsewhere"])
def test_rollback_is_refused_where_a_row_was_anothers(snapshots, keep, journal, whose, store, rows):
    begin(journal, "Elsewhere")
    with journal.change("extra.add") as change:
        change.insert("extra_maps", {"id": 1, "campaign": whose, "name": "cave"})
    snapshots.create(keep, "Start")
    with journal.change("extra.move") as change:
        change.update("extra_maps", {"id": 1}, {"campaign": "keep"})
    before = rows()
    with pytest.raises(Denied, match=f"cave of extra_maps belonged to {whose or 'no campaign'}"):
        snapshots.rollback(keep, "start")
    assert rows() == before


def test_a_deleted_campaign_has_its_snapshots_again_and_a_namesake_has_not(
    snapshots, keep, journal, world, npc
):
    world.add(npc, {"name": "Mara"})
    snapshots.create(keep, "First")
    with journal.change("campaign.delete", campaign="keep") as change:
        change.delete("campaigns", {"id": "keep"})
    number = journal.history(1)[0].id
    journal.clock.move(hours=1)
    namesake = begin(journal)
    assert snapshots.all(namesake) == []
    with pytest.raises(NotFound, match="was not there yet"):
        snapshots.rollback(namesake, f"#{number - 1}")
    assert snapshots.create(namesake, "First").id == "first-2"
    journal.undo(2)
    journal.undo()
    assert [each.name for each in snapshots.all(keep)] == ["First"]


def test_a_history_with_a_gap_is_told(snapshots, keep, world, npc, store):
    snapshots.create(keep, "First")
    world.add(npc, {"name": "Mara"})
    world.add(npc, {"name": "Tolk"})
    store.connection.execute("DELETE FROM journal_rows WHERE entry = 3")
    store.connection.execute("DELETE FROM journal WHERE id = 3")
    for do in (
        lambda: between(snapshots, keep, "first"),
        lambda: snapshots.rollback(keep, "first"),
    ):
        with pytest.raises(Denied, match="since #1 is not whole: 1 of its entries"):
            do()


def test_a_clock_that_went_back_hides_no_snapshot(snapshots, keep, world, npc, stopped):
    stopped.move(days=-400)
    made = snapshots.create(keep, "First")
    world.add(npc, {"name": "Mara"})
    snapshots.take(keep.id, "before")
    assert [each.name for each in snapshots.all(keep)] == ["before", "First"]
    assert len(snapshots.rollback(keep, made.id).rows) == 1


def test_entities_as_they_were(snapshots, keep, world, npc):
    world.add(npc, {"name": "Mara", "role": "smith"})
    world.add(npc, {"name": "Tolk"})
    snapshots.create(keep, "Then")
    then = snapshots.moment(keep, "then")
    world.edit("npc/mara", {"role": "queen"})
    world.delete("npc/tolk")
    world.add(npc, {"name": "Late"})
    rows = snapshots.rows_at(keep, then, "entities")
    assert [row["id"] for row in rows] == ["mara", "tolk"]
    assert "smith" in rows[0]["state"]
    now = snapshots.rows_at(keep, snapshots.moment(keep, "now"), "entities")
    assert [row["id"] for row in now] == ["late", "mara"]
    assert [row["name"] for row in snapshots.rows_at(keep, then, "campaigns")] == ["Keep"]
    assert snapshots.rows_at(keep, then, "fights") == []


def test_a_campaign_of_five_thousand_things_is_deleted_and_comes_back(keep, journal, rows, store):
    store.connection.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
        " INSERT INTO entities SELECT 'keep', 'npc', 'n-' || i, 'N ' || i, 'gm', '{}', '', '', i"
        " FROM n"
    )
    whole = rows()
    assert len(whole["entities"]) == 5000
    with journal.change("campaign.delete", campaign="keep") as change:
        change.delete("campaigns", {"id": "keep"})
    assert not any(rows()[table] for table in ("entities", "campaigns"))
    journal.undo()
    assert rows() == whole
