"""Entities as they are kept: names, lists, links, search, reveals, damage; and many of them."""

import contextlib
import json

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ttrpg_core.audience import GM, PARTY, Audience
from ttrpg_core.errors import Ambiguous, InputError, NotFound, StoreDamaged
from ttrpg_core.table.world import kinds
from ttrpg_core.table.world.entity import Entity, fields_of
from ttrpg_core.table.world.people import Character, Faction, Npc
from ttrpg_core.table.world.places import Location
from ttrpg_core.world import World, rows
from ttrpg_core.world.searching import mentions, pointing, search

NOW = "2026-01-02T20:00:00+00:00"


@pytest.fixture
def world(journal):
    with journal.change("campaign.create") as change:
        change.insert("campaigns", {"id": "salt", "name": "Salt Road", "system": "", "genre": "",
                                    "setting": "", "description": "", "game_date": "",
                                    "created_at": NOW, "updated_at": NOW})  # fmt: skip
        change.put("chosen", {"key": "campaign", "value": "salt"})
    return World(journal, "salt")


def npc(world, name, **given):
    return world.add(Npc, {"name": name, **given})


def place(world, name, **given):
    return world.add(Location, {"name": name, **given})


def assert_indexed(world):
    """The index has what one made from the rows would have, and nothing else."""
    run = world.connection.execute
    run("CREATE VIRTUAL TABLE IF NOT EXISTS temp.said USING"
        " fts5vocab(main, entities_said, instance)")  # fmt: skip
    kept = [tuple(each) for each in run("SELECT * FROM temp.said")]
    run("INSERT INTO entities_said (entities_said) VALUES ('delete-all')")
    run("INSERT INTO entities_said (rowid, name, said) SELECT * FROM entities_text")
    assert kept == [tuple(each) for each in run("SELECT * FROM temp.said")]


def found(world, words, **how):
    return [each.seen.name for each in search(world, words, **how)]


# Kinds


@pytest.mark.parametrize("name", sorted(kinds.KINDS))
def test_every_kind_says_what_its_fields_hold(name):
    kind = kinds.kind(name)
    assert issubclass(kind, Entity)
    assert (kind.KIND, bool(kind.PLURAL)) == (name, True)
    blank = kind(id="x", name="X")
    shapes = {"line": str, "text": str, "choice": str, "flag": bool, "ref": str,
              "lines": tuple, "refs": tuple}  # fmt: skip
    for field, known in fields_of(kind).items():
        assert known.help.endswith("."), f"{name}.{field}"
        held = getattr(blank, field)
        assert isinstance(held, shapes.get(known.shape, object)), f"{name}.{field} holds {held!r}"
        assert set(known.kinds) <= set(kinds.KINDS), f"{name}.{field}"
    assert rows.entity(rows.row("salt", blank)) == blank


def test_there_is_no_other_kind():
    with pytest.raises(InputError, match="no kind 'npx'"):
        kinds.kind("npx")


# Names


def test_a_thing_is_found_by_reference_id_name_alias_and_a_beginning(world):
    npc(world, "Mara of the Ferry", aliases=["The Widow"])
    place(world, "Salt Inn")
    for wanted in ("npc/mara-of-the-ferry", "mara-of-the-ferry", "MARA OF THE FERRY", "mara",
                   "ferry", "the widow", " The Widow "):  # fmt: skip
        assert world.resolve(wanted, ("npc",)) == "npc/mara-of-the-ferry", wanted
    assert world.resolve("salt") == "location/salt-inn"
    assert world.linked("The Widow") == "npc/mara-of-the-ferry"
    assert world.linked("ferry") is None, "a link is exact"


def test_two_of_a_name_are_told_apart(world):
    npc(world, "Mara")
    assert npc(world, "Mara").id == "mara-2"
    assert world.resolve("mara", ("npc",)) == "npc/mara", "an exact id wins"
    npc(world, "Tomas")
    npc(world, "Tom Reed")
    with pytest.raises(Ambiguous) as refused:
        world.resolve("tom", ("npc",))
    assert refused.value.candidates == ("tom-reed", "tomas")
    world.add(Faction, {"name": "Tomas"})
    assert world.resolve("tomas", ("npc",)) == "npc/tomas"
    with pytest.raises(Ambiguous) as refused:
        world.resolve("tomas")
    assert set(refused.value.candidates) == {"npc/tomas", "faction/tomas"}
    with pytest.raises(NotFound, match="no npc 'zzz'"):
        world.resolve("zzz", ("npc",))


def test_no_character_has_the_id_of_an_audience(world):
    """A secret for them would be shown to whoever is looked at as the party."""
    for name in ("GM", "Party", "Public"):
        made = world.add(Character, {"name": name})
        assert made.id == f"{name.casefold()}-2"
        assert Audience.of(made.id).name == made.id


def test_an_older_name_goes_on_finding_a_thing(world):
    npc(world, "Mara")
    mara, different = world.edit("npc/mara", {"name": "The Widow"})
    assert different["name"] == ["Mara", "The Widow"]
    assert (mara.id, mara.aliases) == ("mara", ("Mara",))
    world.edit("npc/mara", {"name": "Queen Mara"})
    assert world.resolve("the widow") == world.resolve("Mara") == "npc/mara"


def test_a_viewer_finds_and_is_told_of_only_what_they_know(world):
    npc(world, "Mara", audience="party")
    npc(world, "Lord Vile", aliases=["The Hooded King"])
    npc(world, "Vile Tom", audience="party")
    assert world.resolve("vile", ("npc",), PARTY) == "npc/vile-tom", "no other is known"
    for wanted in ("lord-vile", "Lord Vile", "npc/lord-vile", "the hooded king", "hooded", "zzz"):
        with pytest.raises(NotFound) as refused:
            world.resolve(wanted, ("npc",), PARTY)
        assert wanted.rpartition("/")[2] in str(refused.value)
        assert "lord" not in refused.value.hint.casefold()
        with pytest.raises(NotFound) as refused:
            world.resolve(wanted, (), PARTY)
        assert "lord" not in refused.value.hint.casefold()
    world.edit("npc/mara", {"name": "The Widow"})
    assert world.resolve("widow", ("npc",), PARTY) == "npc/mara"
    with pytest.raises(NotFound) as refused:
        world.resolve("x", ("npc",), PARTY)
    assert "the-widow" in refused.value.hint
    assert "mara" not in refused.value.hint, "an id tells an older name"


# Values


def test_a_list_is_added_to_and_taken_from(world):
    npc(world, "Mara", tags=["smith", "ferry"])
    assert world.edit("npc/mara", {"tags": ["smith", "widow"]})[0].tags == (
        "smith", "ferry", "widow")  # fmt: skip
    assert world.edit("npc/mara", {"tags": ["-ferry", "queen"]})[0].tags == (
        "smith", "widow", "queen")  # fmt: skip
    assert world.edit("npc/mara", {"tags": ["", "new"]})[0].tags == ("new",)
    with pytest.raises(InputError, match="not among the tags"):
        world.edit("npc/mara", {"tags": ["-ferry"]})


def test_what_was_deleted_can_be_taken_out_of_a_list(world):
    world.add(Faction, {"name": "Guild"})
    npc(world, "Mara", factions=["guild"])
    world.delete("faction/guild")
    with pytest.raises(NotFound):
        world.edit("npc/mara", {"factions": ["-gulid"]})
    assert world.edit("npc/mara", {"factions": ["-guild"]})[0].factions == ()


@pytest.mark.parametrize(
    ("kind", "given", "said"),
    [
        (Npc, {"attitude": "angry"}, "attitude cannot be 'angry'"),
        (Npc, {"colour": "red"}, "have no field 'colour'"),
        (Npc, {"location": "nowhere"}, "no location 'nowhere'"),
        (Npc, {"summary": "a\nb"}, "control character"),
        (Npc, {"text": "a\0b"}, "cannot be kept"),
        (Npc, {"tags": [str(n) for n in range(201)]}, "201 tags"),
        (Faction, {"reputation": 101}, "cannot be 101"),
        (Character, {"level": 10**10}, "cannot be 10000000000"),
        (Npc, {"audience": "not an id"}, "no audience"),
    ],
)
def test_wrong_values_change_nothing(world, dump, kind, given, said):
    before = dump(world.journal.store)
    with pytest.raises((InputError, NotFound), match=said):
        world.add(kind, {"name": "X", **given})
    assert dump(world.journal.store) == before


def test_an_edit_that_changes_nothing_is_no_entry(world):
    npc(world, "Mara", role="smith")
    before = world.journal.history()
    assert world.edit("npc/mara", {"role": "smith"})[1] == {}
    assert world.reveal("npc/mara", GM)[1] == {}
    assert world.journal.history() == before


def test_nothing_stands_inside_itself(world):
    place(world, "Town")
    place(world, "Inn", parent="town")
    place(world, "Cellar", parent="inn")
    for inside in ("town", "inn", "cellar"):
        with pytest.raises(InputError, match="inside itself"):
            world.edit("location/town", {"parent": inside})
    world.delete("location/town")
    with pytest.raises(InputError, match="inside itself"):
        place(world, "Town", parent="cellar")  # the inn still says that it is in town
    assert world.edit("location/inn", {"parent": ""})[0].parent == ""


# Reveals


def test_what_is_revealed_can_be_hidden_again_and_is_in_the_journal(world):
    npc(world, "Mara", secret="A spy")
    for to, name in ((PARTY, None), (Audience("tom"), "secret"), (GM, "secret"), (GM, None)):
        world.reveal("npc/mara", to, name)
    log = [each for each in world.journal.history() if each.kind == "world.reveal"]
    assert [each.prose for each in reversed(log)] == [
        "revealed Mara to party",
        "revealed secret of Mara to tom",
        "hid secret of Mara",
        "hid Mara",
    ]
    assert world.get("npc/mara").revealed == {}
    with pytest.raises(InputError, match="'role' is no secret field"):
        world.reveal("npc/mara", PARTY, "role")
    world.journal.undo(3)
    assert world.seen_one("npc/mara", PARTY).name == "Mara"
    world.journal.undo()
    with pytest.raises(NotFound, match="party knows"):
        world.seen_one("npc/mara", PARTY)


# Links and words


def test_what_points_at_a_thing_mentions_it(world):
    inn = place(world, "Salt Inn", aliases=["The Old Inn"])
    npc(world, "Field", location="salt-inn")
    npc(world, "Text", text="Sleeps at the [[Salt Inn]].")
    npc(world, "Alias", secret="Hides in [[the old inn|a cellar]]")
    npc(world, "Reference", summary="See [[location/salt-inn#well]]")
    npc(world, "Words", text="Salt Inn, without a link")
    npc(world, "Other", text="[[Salt Inn Two]]", location="")
    assert [each.name for each in mentions(world, inn)] == ["Alias", "Field", "Reference", "Text"]
    assert [each.name for each in pointing(world, inn.ref)] == ["Field"]
    world.edit(inn.ref, {"name": "Gull"})
    assert "Text" in [each.name for each in mentions(world, world.get(inn.ref))]
    world.delete("npc/text")
    world.edit("npc/field", {"location": ""})
    left = [each.name for each in mentions(world, world.get(inn.ref))]
    assert left == ["Alias", "Reference"]
    world.journal.undo(2)
    assert len(mentions(world, world.get(inn.ref))) == 4


def test_an_id_that_begins_another_is_not_meant(world):
    place(world, "Salt")
    place(world, "Salt Inn")
    npc(world, "Mara", location="salt-inn")
    assert pointing(world, "location/salt") == []
    assert mentions(world, world.get("location/salt")) == []


def test_search_says_what_the_rows_say_whatever_wrote_them(world):
    npc(world, "Mara", text="keeps a lantern", secret="serves the gulls")
    assert found(world, "lantern") == found(world, "gull") == found(world, "lant") == ["Mara"]
    world.edit("npc/mara", {"text": "keeps a candle"})
    assert (found(world, "lantern"), found(world, "candle")) == ([], ["Mara"])
    world.journal.undo()
    assert (found(world, "lantern"), found(world, "candle")) == (["Mara"], [])
    world.journal.redo()
    assert (found(world, "lantern"), found(world, "candle")) == ([], ["Mara"])
    world.delete("npc/mara")
    assert found(world, "candle") == []
    world.journal.undo()
    assert found(world, "candle") == ["Mara"]
    world.journal.undo(2)
    assert found(world, "mara") == []
    assert_indexed(world)


def test_search_tells_no_secret_to_a_viewer(world):
    npc(world, "Mara", audience="party", text="keeps a lantern", secret="serves the gulls")
    npc(world, "Vile", text="lantern")
    assert found(world, "lantern", viewer=PARTY) == ["Mara"]
    assert found(world, "gulls", viewer=PARTY) == []
    assert found(world, "lantern gulls", viewer=PARTY) == []
    world.reveal("npc/mara", PARTY, "secret")
    assert found(world, "gulls", viewer=PARTY) == ["Mara"]


@pytest.mark.parametrize(
    "words", ["", "  ", '"', "a OR b*", "NEAR(x y)", "-x", "col:x", "\N{DRAGON}"]
)
def test_any_words_may_be_searched_for(world, words):
    npc(world, "Mara")
    assert found(world, words) == []


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["add", "edit", "delete", "reveal", "undo", "redo"]),
        st.integers(0, 3),
        st.sampled_from(["gull", "lantern [[Mara]]", "crown", ""]),
    ),
    max_size=12,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(acts=ACTS)
def test_the_index_and_undo_hold_after_anything(world, dump, acts):
    begun = dump(world.journal.store)
    for act, number, words in acts:
        with contextlib.suppress(NotFound):  # there is no such thing, or nothing to take back
            done(world, act, number, words)
        assert_indexed(world)
    for each in world.all():
        for word in each.text.replace("[", " ").split():
            assert each.name in found(world, word.strip("]"))
    while world.counts():
        world.journal.undo()
    assert _without(dump(world.journal.store)) == _without(begun)


def done(world, act, number, words):
    reference = f"npc/name{number}"
    if act == "add" and world.peek(reference) is None:
        npc(world, f"Name{number}", text=words)
    elif act == "edit":
        world.edit(reference, {"text": words, "secret": words[::-1]})
    elif act == "delete":
        world.delete(reference)
    elif act == "reveal":
        world.reveal(reference, PARTY, "secret")
    elif act == "redo" or (act == "undo" and _last(world.journal) != "campaign.create"):
        getattr(world.journal, act)()


def _last(journal):
    held = (each for each in journal.history(10_000) if each.target is None)
    return next(each.kind for each in held if each.undone_by is None)


def _without(tables):
    """Tables of the game without the index, whose own pages may differ."""
    return {name: held for name, held in tables.items() if not name.startswith("entities_said")}


# Rows


def test_keys_that_are_not_known_are_kept_as_they_are(world):
    mara = attrs.evolve(npc(world, "Mara"), extra={"later": {"a": [1, None]}, "hp": 3})
    with world.change("npc.edit") as change:
        world.save(change, mara)
    assert world.get("npc/mara").extra == {"later": {"a": [1, None]}, "hp": 3}
    world.edit("npc/mara", {"role": "smith"})
    kept = world.connection.execute("SELECT state FROM entities").fetchone()[0]
    assert json.loads(kept) == {"role": "smith", "later": {"a": [1, None]}, "hp": 3}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("state", "{"),
        ("state", "[]"),
        ("state", '{"tags": "ab"}'),
        ("state", '{"role": 3}'),
        ("audience", "Not An Id!"),
        ("kind", "dragon"),
    ],
)
def test_a_row_that_somebody_damaged_is_said_to_be(world, column, value):
    npc(world, "Mara")
    world.connection.execute("DROP TRIGGER entities_changed")  # so that any state is taken
    world.connection.execute(f"UPDATE entities SET {column} = ?", [value])
    with pytest.raises(StoreDamaged, match="mara cannot be read") as refused:
        list(world.all())
    assert refused.value.code == 7
    assert "doctor" in refused.value.hint


def test_campaigns_have_worlds_of_their_own(world):
    npc(world, "Mara", text="lantern")
    with world.journal.change("campaign.create") as change:
        change.insert("campaigns", {"id": "other", "name": "Other", "system": "", "genre": "",
                                    "setting": "", "description": "", "game_date": "",
                                    "created_at": NOW, "updated_at": NOW})  # fmt: skip
    other = World(world.journal, "other")
    assert npc(other, "Mara", role="queen").id == "mara"
    assert world.get("npc/mara").role == ""
    assert found(other, "lantern") == []
    assert other.counts() == {"npc": 1}


# Many


@pytest.fixture
def many(world):
    """5,000 entities, written as they are kept, without a journal entry for each."""
    names = [f"Name {number}" for number in range(4000)]
    every = [
        *(Location(id=f"place-{n}", name=f"Place {n}", audience=PARTY) for n in range(1000)),
        *(
            Npc(
                id=f"name-{n}",
                name=name,
                audience=PARTY if n % 2 else GM,
                location=f"location/place-{n % 1000}",
                text=f"Near [[Place {(n + 1) % 1000}]] with [[Name {n // 2}]]",
            )
            for n, name in enumerate(names)
        ),
    ]
    made = [rows.row("salt", each) for each in every]
    columns = list(made[0])
    world.connection.execute("BEGIN")
    world.connection.executemany(
        f"INSERT INTO entities ({', '.join(columns)}) VALUES ({', '.join('?' for _ in columns)})",
        [[row[name] for name in columns] for row in made],
    )
    world.connection.execute("COMMIT")
    return world


def test_no_reading_asks_the_database_once_for_each_of_many(many):
    asked = []
    many.connection.set_trace_callback(asked.append)

    def queries(read):
        asked.clear()
        read()
        return sum(not each.startswith("--") for each in asked)  # those are SQLite's own

    mara = many.get("npc/name-7")
    assert queries(lambda: list(many.seen(PARTY))) < 320
    assert queries(lambda: list(many.seen(GM, "npc"))) < 320
    assert queries(lambda: many.resolve("name-7", ("npc",))) < 5
    assert queries(lambda: mentions(many, mara)) < 10
    assert queries(lambda: search(many, "near place", viewer=PARTY)) < 320
    assert queries(lambda: many.seen_one("npc/name-7", PARTY)) < 10
    assert queries(lambda: many.edit("npc/name-7", {"role": "smith"})) < 30
    assert queries(lambda: npc(many, "Another", location="place-7")) < 30
    many.connection.set_trace_callback(None)
    assert many.count("npc", PARTY) == len(list(many.seen(PARTY, "npc"))) == 2000
    assert many.count("npc") == 4001


@pytest.mark.parametrize("where", ["kind = 'npc' ORDER BY kind, name COLLATE NOCASE, id",
                                   "id = 'mara' LIMIT 2",
                                   "name = 'mara' COLLATE NOCASE LIMIT 2",
                                   "kind = 'npc' AND id = 'mara'"])  # fmt: skip
def test_what_is_looked_up_has_an_index(world, where):
    plan = world.connection.execute(
        f"EXPLAIN QUERY PLAN SELECT kind, id FROM entities WHERE campaign = 'salt' AND {where}"
    ).fetchall()
    told = " ".join(each["detail"] for each in plan)
    assert "USING" in told
    assert "SCAN" not in told
    assert "TEMP B-TREE" not in told
