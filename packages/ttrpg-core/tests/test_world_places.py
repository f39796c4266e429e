"""Places: how long ways are, the shortest route, the tree, and ways with audiences of their own."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttrpg_core.audience import GM, PARTY, PUBLIC
from ttrpg_core.errors import InputError, NotFound
from ttrpg_core.table.world import places
from ttrpg_core.table.world.places import Location
from ttrpg_core.table.world.routes import Step, shortest, tree
from ttrpg_core.world import World, placing

NOW = "2026-01-02T20:00:00+00:00"


@pytest.fixture
def world(journal):
    with journal.change("campaign.create") as change:
        change.insert("campaigns", {"id": "salt", "name": "Salt Road", "system": "", "genre": "",
                                    "setting": "", "description": "", "game_date": "",
                                    "created_at": NOW, "updated_at": NOW})  # fmt: skip
    made = World(journal, "salt")
    for name, parent in (
        ("Town", ""),
        ("Inn", "town"),
        ("Cellar", "inn"),
        ("Hut", ""),
        ("Sea", ""),
    ):
        made.add(Location, {"name": name, "parent": parent, "audience": "party"})
    return made


def kept(world, place):
    return [(each.to, each.kind) for each in world.get(f"location/{place}").connections]


def ways(world, place, viewer=GM):
    found = placing.ways_of(world, f"location/{place}", viewer)
    return sorted((each.end.removeprefix("location/"), each.connection.kind) for each in found)


def route(world, start, goal, viewer=GM):
    found = placing.route(world, f"location/{start}", f"location/{goal}", viewer)
    return found and [(each.kind, each.to.removeprefix("location/")) for each in found]


def connect(world, start, end, kind="road", **given):
    return placing.connect(world, f"location/{start}", f"location/{end}", kind, given)


# How long


@pytest.mark.parametrize(
    ("words", "minutes"),
    [("2 hours", 120), ("90 min", 90), ("1 day 4 hours", 1680), ("2h30m", 150), ("1 week", 10_080),
     ("3 Days and 1 minute", 4321), ("1.5 days", 2160), ("0 minutes", 0), ("2 hrs, 5 mins", 125)],
)  # fmt: skip
def test_a_length_is_read(words, minutes):
    assert places.minutes(words) == minutes


@pytest.mark.parametrize(
    "words", ["", "2", "hours", "two hours", "2 months", "-2 hours", "99999999 weeks", "2 hours!"]
)
def test_what_is_no_length_is_refused(words):
    with pytest.raises(InputError, match="no length"):
        places.minutes(words)


@given(st.integers(0, places.MINUTES_MAX))
def test_a_length_that_is_said_is_read_again(minutes):
    told = places.length(minutes)
    assert told == "no time" if minutes == 0 else places.minutes(told.replace(",", "")) == minutes


# Routes

STEPS = st.dictionaries(
    st.integers(0, 6),
    st.lists(
        st.tuples(
            st.integers(0, 6),
            st.sampled_from(["road", "door", "out", "path"]),
            st.sampled_from([None, 0, 5, 60]),
        ),
        max_size=4,
    ),
    max_size=7,
)


def every_route(steps, start, goal, seen=()):
    """All routes without a loop, by trying them."""
    if start == goal:
        yield ()
        return
    for each in steps.get(start, ()):
        if each.to not in (*seen, start):
            for rest in every_route(steps, each.to, goal, (*seen, start)):
                yield (each, *rest)


@settings(deadline=None)
@given(STEPS)
def test_the_shortest_route_is_the_least_of_all(given_steps):
    steps = {
        str(here): [Step(kind, str(to), minutes) for to, kind, minutes in found]
        for here, found in given_steps.items()
    }
    found = shortest("0", "6", lambda each: steps.get(each, ()))
    costs = [
        tuple(map(sum, zip(*(each.cost for each in way), strict=True)))
        for way in every_route(steps, "0", "6")
    ]
    if found is None:
        assert costs == []
        return
    here = "0"
    for each in found:
        assert each in steps[here]
        here = each.to
    assert here == "6"
    assert tuple(map(sum, zip(*(each.cost for each in found), strict=True))) == min(costs)


def test_time_counts_more_than_steps_and_a_way_more_than_walking_out():
    steps = {"a": [Step("road", "c", 300), Step("road", "b", 60), Step("out", "c")],
             "b": [Step("door", "d")], "d": [Step("road", "c", 60)]}  # fmt: skip
    found = shortest("a", "c", lambda each: steps.get(each, ()))
    assert [each.to for each in found] == ["b", "d", "c"]
    assert shortest("a", "a", lambda _: ()) == ()
    assert shortest("a", "z", lambda each: steps.get(each, ())) is None


# The tree


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(["", *"abcdefghz"]), max_size=8)
)
def test_a_tree_has_each_once_below_what_it_is_in(parents):
    rows = tree(parents)
    assert sorted(each for _, each in rows) == sorted(parents)
    above: list[str] = []
    for depth, each in rows:
        assert depth <= len(above)
        if depth:
            assert parents[each] == above[depth - 1]
        above = [*above[:depth], each]


def test_a_tree_of_thousands_inside_each_other():
    rows = tree({f"p{n}": f"p{n - 1}" if n else "" for n in range(5000)})
    assert rows[-1] == (4999, "p4999")
    assert tree({"a": "", "b": "a", "c": "b"}, "b") == [(0, "b"), (1, "c")]


# Ways as they are kept


def test_a_way_goes_both_ways_and_is_kept_once(world):
    connect(world, "town", "hut", minutes=120)
    assert ways(world, "town") == [("hut", "road")]
    assert ways(world, "hut") == [("town", "road")]
    connect(world, "hut", "town", minutes=90, note="mended")
    assert (kept(world, "town"), kept(world, "hut")) == ([("location/hut", "road")], [])
    way = placing.between(world, "location/hut", "location/town").connection
    assert (way.minutes, way.note) == (90, "mended")
    placing.disconnect(world, "location/hut", "location/town")
    assert ways(world, "town") == ways(world, "hut") == []
    with pytest.raises(NotFound, match="no way between 'Hut' and 'Town'"):
        placing.disconnect(world, "location/hut", "location/town")
    world.journal.undo()
    assert ways(world, "hut") == [("town", "road")]


def test_a_way_that_cannot_be_gone_back(world):
    connect(world, "hut", "sea", "water", one_way=True)
    assert (ways(world, "hut"), ways(world, "sea")) == ([("sea", "water")], [])
    assert (route(world, "hut", "sea"), route(world, "sea", "hut")) == ([("water", "sea")], None)
    connect(world, "sea", "hut", "water")
    assert ways(world, "sea") == [("hut", "water")], "a way of its own"
    connect(world, "town", "hut")
    connect(world, "hut", "town", one_way=True)
    assert ("town", "road") in ways(world, "hut")
    assert ways(world, "town") == []


def test_several_ways_between_two_places_are_told_apart(world):
    connect(world, "inn", "cellar", "stairs")
    connect(world, "inn", "cellar", "secret")
    with pytest.raises(InputError, match="2 ways") as refused:
        placing.disconnect(world, "location/cellar", "location/inn")
    assert refused.value.hint.endswith("secret, stairs")
    placing.disconnect(world, "location/cellar", "location/inn", "stairs")
    assert ways(world, "cellar") == [("inn", "secret")]
    with pytest.raises(InputError, match="to another"):
        connect(world, "inn", "inn")


def test_a_secret_way_is_there_for_those_to_whom_it_was_revealed(world):
    connect(world, "inn", "cellar", "secret", hazards="rotten")
    connect(world, "inn", "hut", "path")
    assert ways(world, "inn", PARTY) == [("hut", "path")]
    assert route(world, "cellar", "hut", PARTY) == [("out", "inn"), ("path", "hut")]
    assert route(world, "cellar", "hut") == [("secret", "inn"), ("path", "hut")]
    assert placing.reveal_way(world, "location/cellar", "location/inn", PARTY)
    assert ways(world, "inn", PARTY) == [("cellar", "secret"), ("hut", "path")]
    assert not placing.reveal_way(world, "location/inn", "location/cellar", PARTY)
    entry = world.journal.history()[0]
    assert (entry.kind, entry.facts["to"]) == ("world.reveal", "party")
    world.reveal("location/cellar", GM)
    assert ways(world, "inn", PARTY) == [("hut", "path")], "nobody knows where it leads"
    world.reveal("location/inn", GM)
    assert ways(world, "hut", PARTY) == []
    assert placing.route(world, "location/hut", "location/inn", PARTY) is None


def test_a_plain_way_is_known_to_who_knows_both_ends(world):
    assert connect(world, "town", "sea").audience == PUBLIC
    assert connect(world, "town", "hut", "secret").audience == GM
    assert connect(world, "town", "inn", "secret", audience=PARTY).audience == PARTY


def test_out_and_in_where_no_way_leads(world):
    connect(world, "town", "hut", minutes=120)
    assert route(world, "cellar", "hut") == [("out", "inn"), ("out", "town"), ("road", "hut")]
    assert route(world, "hut", "cellar") == [("road", "town"), ("in", "inn"), ("in", "cellar")]
    world.reveal("location/inn", GM)
    assert route(world, "hut", "cellar", PARTY) is None


def test_routes_through_what_was_deleted_or_stands_in_itself(world):
    connect(world, "town", "hut")
    connect(world, "hut", "sea")
    world.edit("location/inn", {"parent": ""})
    world.edit("location/town", {"parent": "cellar"})
    first = next(each for each in world.journal.history() if "'Inn'" in each.prose)
    world.journal.undo(entry=first.id)  # now town is in the cellar, in the inn, in town
    assert len(tree({each.ref: each.parent for each in placing.places(world).values()})) == 5
    for start, goal in itertools.permutations(["town", "inn", "cellar"], 2):
        assert route(world, start, goal)
    world.delete("location/hut")
    assert route(world, "town", "sea") is None
    assert ways(world, "sea") == []
    assert ways(world, "town") == [("hut", "road")], "the GM is shown what leads nowhere"
