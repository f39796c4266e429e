"""Relations: words that read both ways, what is kept, who knows of them, and their graph."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttrpg_core.audience import GM, PARTY
from ttrpg_core.errors import InputError, NotFound
from ttrpg_core.table.world import graph
from ttrpg_core.table.world.people import Npc
from ttrpg_core.table.world.relations import Relation
from ttrpg_core.table.world.things import Item
from ttrpg_core.table.world.ties import TIES, strength, tie
from ttrpg_core.world import World, relating

NOW = "2026-01-02T20:00:00+00:00"


@pytest.fixture
def world(journal):
    with journal.change("campaign.create") as change:
        change.insert("campaigns", {"id": "salt", "name": "Salt Road", "system": "", "genre": "",
                                    "setting": "", "description": "", "game_date": "",
                                    "created_at": NOW, "updated_at": NOW})  # fmt: skip
    made = World(journal, "salt")
    for name in ("Mara", "Tom", "Vile"):
        made.add(Npc, {"name": name, "audience": "gm" if name == "Vile" else "party"})
    made.add(Item, {"name": "The Salt Crown", "audience": "party"})
    return made


def related(world, source, words, target, **given_):
    return relating.add(world, source, words, target, given_)


def lines(world, reference, viewer=GM):
    return [each.other(reference)[0].words for each in relating.about(world, reference, viewer)]


# Words


def test_thirty_kinds_are_known_and_read_both_ways():
    assert len(TIES) == 30
    for each in TIES:
        assert tie(each.words) == each
        assert tie(each.back).words == each.back
        assert tie(each.words).turned.turned.words == each.words
        assert each.known
        assert each.turned.known
    said = [each.words for each in TIES] + [each.back for each in TIES if not each.symmetric]
    assert len(said) == len(set(said))


@pytest.mark.parametrize(
    ("typed", "words", "back"),
    [
        ("Ally", "ally of", "ally of"),
        ("MemberOf", "member of", "has as member"),
        ("at-war-with", "at war with", "at war with"),
        ("quest_giver", "quest giver of", "quest given by"),
        ("Student", "student of", "mentor of"),
        ("protected by", "ward of", "protector of"),
        ("works for", "employee of", "employer of"),
        ("employed by", "employee of", "employer of"),
        ("taught by", "pupil of", "teacher of"),
        ("creator of", "created", "created by"),
        ("  Worshipped   By ", "worshipped by", "worships"),
        ("hums with", "hums with", ""),
    ],
)
def test_a_kind_is_known_however_it_is_written(typed, words, back):
    found = tie(typed)
    assert (found.words, found.back) == (words, back)


def test_words_of_ones_own():
    assert tie("sings of", "sung of by").turned.words == "sung of by"
    assert tie("sings of").turned.words == "<- sings of"
    assert tie("sings with", "sings with").symmetric
    assert not tie("sings of").known
    assert tie("seeks", "ignored").back == "sought by"
    with pytest.raises(InputError, match="empty"):
        tie(" ")


@given(st.text(min_size=1, max_size=30))
def test_any_words_make_a_tie_or_are_refused(words):
    try:
        found = tie(words)
    except InputError:
        return
    assert found.words
    assert found.turned.back == found.words


def test_a_strength_has_a_name():
    told = [strength(number) for number in (0, 25, 26, 75, 76, 100)]
    assert told == ["weak", "weak", "moderate", "strong", "unbreakable", "unbreakable"]


# As they are kept


def test_a_relation_is_seen_from_both_sides(world):
    made = related(world, "mara", "seeks", "salt crown", strength=75)
    assert (made.id, made.name) == ("mara-seeks-the-salt-crown", "seeks")
    assert (made.source, made.target) == ("npc/mara", "item/the-salt-crown")
    assert lines(world, "npc/mara") == ["seeks"]
    assert lines(world, "item/the-salt-crown") == ["sought by"]
    assert world.journal.history()[0].prose == "added that Mara seeks The Salt Crown"
    world.journal.undo()
    assert lines(world, "npc/mara") == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("mara", "seeks", "salt crown"), ("mara", "Seeks", "The Salt Crown")),
        (("mara", "seeks", "salt crown"), ("salt crown", "sought by", "mara")),
        (("mara", "ally", "tom"), ("tom", "ally of", "mara")),
        (("mara", "student of", "tom"), ("tom", "mentor", "mara")),
        (("mara", "sings to", "tom"), ("mara", "sings to", "tom")),
    ],
)
def test_the_same_is_not_said_twice(world, dump, first, second):
    related(world, *first)
    before = dump(world.journal.store)
    with pytest.raises(InputError, match="it is known that"):
        related(world, *second)
    assert dump(world.journal.store) == before
    world.edit(next(world.all("relation")).ref, {"ended": True})
    assert related(world, *second).ended is False, "it began again"


def test_other_words_of_a_relation_are_those_that_are_known(world, journal):
    made = related(world, "mara", "sings to", "tom", inverse="is sung to by")
    for words, name, inverse in (
        ("hums to", "hums to", ""),
        ("MemberOf", "member of", ""),
        ("is sung to by", "is sung to by", ""),
    ):
        new, _ = relating.edit(world, made.ref, {"name": words})
        assert (new.name, new.inverse, new.aliases, new.ref) == (name, inverse, (), made.ref)
    assert journal.history(1)[0].prose == "changed 'Mara member of Tom' to 'Mara is sung to by Tom'"
    kept, _ = relating.edit(world, made.ref, {"name": "hears", "inverse": "is heard by"})
    assert relating.edit(world, made.ref, {"name": "hears", "strength": 3})[0].inverse == (
        kept.inverse
    )
    assert lines(world, "npc/tom") == ["is heard by"]


def test_no_other_words_make_two_of_one_relation(world):
    related(world, "mara", "ally", "tom")
    made = related(world, "tom", "seeks", "mara")
    for given_ in ({"name": "ally of"}, {"target": "tom"}, {"target": ""}):
        with pytest.raises(InputError):
            relating.edit(world, made.ref, given_)
    relating.edit(world, made.ref, {"ended": True})
    relating.edit(world, made.ref, {"name": "ally"})
    with pytest.raises(InputError, match="it is known that"):
        relating.edit(world, made.ref, {"ended": False})


def test_what_makes_no_relation(world):
    with pytest.raises(InputError, match="two different"):
        related(world, "mara", "ally", "mara")
    with pytest.raises(NotFound):
        related(world, "mara", "ally", "nobody")
    with pytest.raises(InputError, match="cannot be 101"):
        related(world, "mara", "ally", "tom", strength=101)
    made = related(world, "mara", "ally", "tom")
    with pytest.raises(NotFound):
        related(world, "mara", "ally", made.ref)


def test_the_strong_come_first_and_what_has_ended_last(world):
    related(world, "mara", "ally", "tom", strength=10)
    related(world, "mara", "enemy", "vile", strength=90)
    related(world, "mara", "lover", "tom", ended=True, strength=100)
    assert lines(world, "npc/mara") == ["enemy of", "ally of", "lover of"]
    known = relating.every(world)
    assert len(relating.of_kind(known, "ally")) == 1
    related(world, "tom", "mentor of", "mara")
    assert len(relating.of_kind(relating.every(world), "student of")) == 1


def test_who_does_not_know_one_end_knows_no_relation(world):
    related(world, "mara", "student of", "vile", audience="party")
    related(world, "mara", "seeks", "salt crown")
    assert lines(world, "npc/mara", PARTY) == []
    assert (world.count("relation", PARTY), world.count("relation")) == (0, 2)
    world.reveal("npc/vile", PARTY)
    assert world.count("relation", PARTY) == 1
    assert lines(world, "npc/mara", PARTY) == ["student of"]
    assert [each.name for each in relating.every(world, PARTY)] == ["student of"]
    world.reveal("relation/mara-seeks-the-salt-crown", PARTY)
    assert len(lines(world, "npc/mara", PARTY)) == 2


def test_words_of_ones_own_keep_their_other_side(world):
    made = related(world, "mara", "afraid of", "vile", inverse="dreaded by")
    assert lines(world, "npc/vile") == ["dreaded by"]
    assert world.get(made.ref).inverse == "dreaded by"
    assert related(world, "mara", "seeks", "vile", inverse="ignored").inverse == ""


def test_a_relation_leads_nowhere_when_an_end_is_deleted(world):
    made = related(world, "mara", "ally", "tom", audience="party")
    world.delete("npc/tom")
    assert relating.about(world, "npc/mara") == [made]
    assert relating.about(world, "npc/mara", PARTY) == []
    assert relating.told(world, made) == "Mara ally of npc/tom"
    assert relating.drawn(world, "npc/mara", 2).names["npc/tom"] == "npc/tom"


# The graph


def chain(length):
    """Things in a row, each seeking the next."""
    found = [
        Relation(id=f"r{n}", name="seeks", source=f"npc/n{n}", target=f"npc/n{n + 1}")
        for n in range(length)
    ]
    beside = {}
    for each in found:
        beside.setdefault(each.source, []).append(each)
        beside.setdefault(each.target, []).append(each)
    return lambda each: beside.get(each, [])


def test_a_graph_goes_as_far_as_it_is_asked_to():
    drawn = graph.around(["npc/n2"], chain(6), str, 1)
    assert set(drawn.names) == {"npc/n1", "npc/n2", "npc/n3"}
    assert [(depth, thing) for depth, _, thing, _ in drawn.rows] == [
        (0, "npc/n2"), (1, "npc/n1"), (1, "npc/n3")]  # fmt: skip
    assert graph.around(["npc/alone"], chain(3), str, 5).rows == ((0, None, "npc/alone", False),)


def test_a_graph_of_thousands_is_cut_and_says_so():
    drawn = graph.around(["npc/n0"], chain(5000), str, 5000)
    assert drawn.more
    assert len(drawn.names) == graph.NODES_MAX
    assert len(drawn.rows) == graph.NODES_MAX


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda pair: pair[0] != pair[1])
    ),
    st.integers(1, 4),
)
def test_every_relation_in_reach_is_drawn_once(pairs, depth):
    found = [
        Relation(id=f"r{n}", name="ally of", source=f"npc/{a}", target=f"npc/{b}")
        for n, (a, b) in enumerate(pairs)
    ]
    reach = {"npc/0"}
    used = set()
    for _ in range(depth):
        near = [each for each in found if reach & {each.source, each.target}]
        used |= {each.ref for each in near}
        reach |= {end for each in near for end in (each.source, each.target)}
    drawn = graph.around(
        ["npc/0"],
        lambda here: [each for each in found if here in {each.source, each.target}],
        str,
        depth,
    )
    assert set(drawn.names) == reach
    assert {each.ref for each in drawn.relations} == used
    assert len(drawn.rows) == len(drawn.relations) + 1
    assert sum(not again for _, _, _, again in drawn.rows) == len(drawn.names)


AWKWARD = 'A "quoted" <b>&\\ ]--> name; #x'


def test_other_programs_can_read_the_graph():
    found = Relation(id="r", name=AWKWARD, source="npc/a", target="npc/b", ended=True)
    names = {"npc/a": AWKWARD, "npc/b": "\N{DRAGON} B\u200b"}
    drawn = graph.around(["npc/a"], lambda _: [found], names.__getitem__, 2)
    picture = ET.fromstring(graph.svg(drawn))
    words = [each.text for each in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert words == [AWKWARD, AWKWARD, "\N{DRAGON} B"]
    assert '"A \\"quoted\\" <b>&\\\\ ]--> name; #x"' in graph.dot(drawn)
    assert graph.dot(drawn).count("->") == 3, "one line, and two in words"
    told = graph.mermaid(drawn)
    assert told.splitlines()[0] == "graph LR"
    assert "n1 -.->" in told
    for line in told.splitlines()[1:]:
        assert line.count('"') == 2, "what is quoted cannot end the quotes"
        assert "<b>" not in line
    alone = graph.around(["npc/a"], lambda _: [], names.__getitem__, 1)
    assert ET.fromstring(graph.svg(alone)) is not None
    empty = graph.around([], lambda _: [], str, 1)
    assert ET.fromstring(graph.svg(empty)) is not None
