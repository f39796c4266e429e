"""A campaign that went into a file and came out of it is the same campaign."""

import contextlib
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ttrpg_core import records
from ttrpg_core.audience import Audience
from ttrpg_core.errors import TtrpgError
from ttrpg_core.exchange import belonging, file
from ttrpg_core.exchange.importing import Importer
from ttrpg_core.fights import Fights, Outcome
from ttrpg_core.journal import Journal
from ttrpg_core.proposals import Proposals
from ttrpg_core.store import Store
from ttrpg_core.table import campaigns
from ttrpg_core.table.combat import effects, hp, roster, rules, turns
from ttrpg_core.table.combat.arithmetic import Part
from ttrpg_core.table.combat.state import Combatant, Duration, Effect
from ttrpg_core.table.world.kinds import kind
from ttrpg_core.world import World

LAW = rules.load("dnd5e-2014")
NAMES = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=12).filter(
    lambda name: name[0] != "-"  # in a list it takes away
)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40)
THINGS = st.lists(
    st.tuples(st.sampled_from(["npc", "location", "note", "plot"]), NAMES, TEXTS, st.booleans()),
    max_size=6,
)


def evening(journal, things, seed):
    """A campaign with these things and a fight of some rounds, all through the journal."""
    connection, chance = journal.store.connection, Random(seed)
    with journal.change("campaign.create") as change:
        made = campaigns.create("Salt Road", {"system": "5e", "tags": ["sea"]}, (), "2026")
        change.insert("campaigns", records.row(made))
    world = World(journal, made.id)
    for name, called, told, known in things:
        audience = Audience("party" if known else "gm")
        ref = world.add(kind(name), {"name": called, "text": told, "audience": audience}).ref
        world.edit(ref, {"secret": told, "tags": [called]})
    fights = Fights(journal, chance)
    fights.begin(lambda key: Outcome(roster.new(key, "Ambush", LAW), ()), "Ambush", made.id)
    for number in range(3):
        who = Combatant("", f"Goblin {number}", hp=9, hp_max=9)
        fights.change("combat.add", None, made.id, lambda f, r, _, w=who: roster.add(f, r, w))
    fights.change("combat.start", None, made.id, turns.start)
    for _ in range(12):
        who, many = f"goblin-{chance.randint(0, 2)}", chance.randint(0, 6)
        step = chance.choice(
            (
                turns.advance,
                lambda f, r, g, w=who, n=many: hp.hit(f, r, w, [Part(n)], g),
                lambda f, r, _, w=who, n=many: effects.apply(
                    f, r, w, Effect("", "prone", duration=Duration("rounds", n + 1))
                ),
            )
        )
        with contextlib.suppress(TtrpgError):
            fights.change("combat.step", None, made.id, step)
    return made.id, connection


def contents(connection, campaign):
    return file.gather(connection, campaign, now="2026", program="test", scrub=str)


@given(THINGS, st.integers(0, 99))
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_out_and_in_again_is_the_same_and_undo_leaves_nothing(
    tmp_path_factory, core, stopped, things, seed
):
    folder = tmp_path_factory.mktemp("two")
    with contextlib.ExitStack() as stack:
        one, other = (
            stack.enter_context(contextlib.closing(Store(folder / f"{name}.db", [core])))
            for name in ("one", "other")
        )
        campaign, connection = evening(Journal(one, stopped), things, seed)
        before = contents(connection, campaign)
        journal = Journal(other, stopped)
        empty = list(other.connection.iterdump())
        done = Importer(journal).new(file.load(file.dump(before), "x"))
        after = contents(other.connection, done.campaign)
        assert after.tables == before.tables
        assert after.campaign == before.campaign
        journal.undo()
        gone = {"journal", "journal_rows", "sqlite_sequence"}
        kept = [
            line
            for line in other.connection.iterdump()
            if line not in empty and not any(f'INTO "{name}"' in line for name in gone)
        ]
        assert not [line for line in kept if line.startswith("INSERT") and "_said" not in line]


def insert_campaign(connection):
    row = records.row(campaigns.create("S", {}, (), "2026"))
    marks = ", ".join(f":{name}" for name in row)
    connection.execute(f"INSERT INTO campaigns ({', '.join(row)}) VALUES ({marks})", row)


def test_rows_that_belong_are_found_by_what_they_point_at(app):
    connection = app.store.connection
    connection.execute(
        "CREATE TABLE moons (id TEXT PRIMARY KEY, campaign TEXT REFERENCES campaigns(id)"
        " ON DELETE CASCADE)"
    )
    connection.execute(
        "CREATE TABLE craters (moon TEXT REFERENCES moons ON DELETE CASCADE, name TEXT PRIMARY KEY)"
    )
    connection.execute("CREATE TABLE views (moon TEXT REFERENCES moons, name TEXT PRIMARY KEY)")
    found = belonging.belongings(connection)
    assert {"entities", "fights", "combatants", "moons", "craters"} <= set(found)
    assert "views" not in found, "they stay when a campaign goes"
    assert list(found).index("moons") < list(found).index("craters")
    insert_campaign(connection)
    connection.execute("INSERT INTO moons VALUES ('m', 's')")
    connection.execute("INSERT INTO craters VALUES ('m', 'c')")
    assert belonging.rows(connection, "craters", "s", found) == [{"moon": "m", "name": "c"}]
    assert belonging.rows(connection, "craters", "other", found) == []


def test_what_is_beside_a_campaign_is_told_as_lost(app):
    connection = app.store.connection
    insert_campaign(connection)
    kept = Proposals(app.journal, app.clock)
    found = records.campaign(connection, "s")
    kept.note(found, "One")
    lost = {each.what: each.count for each in contents(connection, "s").lost}
    assert lost == {"proposals": 1}


def test_a_table_with_bytes_is_refused_and_not_written_wrongly(app):
    connection = app.store.connection
    connection.execute(
        "CREATE TABLE maps (campaign TEXT REFERENCES campaigns(id) ON DELETE CASCADE, data BLOB)"
    )
    insert_campaign(connection)
    connection.execute("INSERT INTO maps VALUES ('s', x'00ff')")
    with pytest.raises(TtrpgError, match="bytes"):
        contents(connection, "s")
