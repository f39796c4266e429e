"""What players see of entities: of any kind, with secrets in every place where one can be."""

import typing

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ttrpg_core.audience import GM, PARTY, PUBLIC, Audience
from ttrpg_core.table.world import kinds
from ttrpg_core.table.world.entity import KEPT, fields_of
from ttrpg_core.table.world.links import UNKNOWN, spoken
from ttrpg_core.table.world.notes import Note
from ttrpg_core.table.world.people import Npc
from ttrpg_core.table.world.places import Connection, Feature, Location
from ttrpg_core.table.world.relations import Relation
from ttrpg_core.table.world.seen import pointed, seen

CANARY = "quetzal"
"""The word that stands wherever no player may read."""
OPEN = "openword"
VIEWERS = (PARTY, PUBLIC, Audience("mara"), Audience("npc/mara"))
AUDIENCES = (GM, PARTY, PUBLIC, Audience("mara"), Audience("tom"), Audience("npc/mara"))
KNOWN, SECRET = "npc/known", f"location/{CANARY}-keep"
NAMES = {KNOWN: "Openname", "Openname": "Openname"}


def named(reference):
    """What a viewer who knows one of two calls them; words that mean nothing are themselves."""
    if CANARY in reference:
        return None
    return NAMES.get(reference, reference if "/" not in reference else None)


class Planted:
    """An instance of any class of the world, with an open or a secret word in every field."""

    def __init__(self, data, viewer):
        self.draw = data.draw
        self.viewer = viewer

    def words(self, told):
        if not told:
            return f"{CANARY} [[{CANARY}]]"
        return self.draw(
            st.sampled_from(
                [
                    OPEN,
                    f"{OPEN} [[Openname]]",
                    f"{OPEN} [[{SECRET}]] and [[{CANARY} Keep]]",
                    f"{OPEN} [[{SECRET}|the keep]]",
                    f"{OPEN} ![[{SECRET}#{CANARY}]]",
                ]
            )
        )

    def reference(self):
        return self.draw(st.sampled_from([KNOWN, SECRET]))

    def audience(self):
        return self.draw(st.sampled_from(AUDIENCES))

    def field(self, each, known, told):
        """A value for a declared field; ``told`` is whether the viewer may read it."""
        made = {
            "line": lambda: self.words(told),
            "text": lambda: self.words(told),
            "lines": lambda: (self.words(told), self.words(told)),
            "choice": lambda: self.draw(st.sampled_from(known.choices)),
            "number": lambda: self.draw(st.sampled_from([None, 0, 7])),
            "flag": lambda: self.draw(st.booleans()),
            "ref": lambda: self.reference() if told else SECRET,
            "refs": lambda: (self.reference(), SECRET),
            "value": lambda: self.values(each, told),
        }
        return made[known.shape]()

    def values(self, each, told):
        """Values that a field is made of, as its type says; its default for anything else."""
        made_of = [
            kind
            for kind in (*typing.get_args(each.type), each.type)
            if isinstance(kind, type) and attrs.has(kind)
        ]
        if not made_of:
            return each.default
        several = typing.get_origin(each.type) is tuple
        made = [self.value(made_of[0], told=told) for _ in range(2 if several else 1)]
        if None in made:
            return each.default
        return tuple(made) if several else made[0]

    def value(self, kind, *, told):
        values = {}
        audience = self.audience()
        if any(each.name == "audience" for each in attrs.fields(kind)):
            told = told and self.viewer.sees(audience)
            values["audience"] = audience
        declared = fields_of(kind)
        for each in attrs.fields(kind):
            if each.name in declared:
                known = declared[each.name]
                values[each.name] = self.field(each, known, told and not known.secret)
            elif each.name not in values and each.default is attrs.NOTHING:
                return None  # a class of another part of the game, which shows nothing here
        return kind(**values)

    def entity(self, kind):
        audience = self.audience()
        told = self.viewer.sees(audience)
        declared = fields_of(kind)
        secrets = [name for name, known in declared.items() if known.secret]
        revealed = {
            name: self.audience().name for name in self.draw(st.sets(st.sampled_from(secrets)))
        }
        values = {}
        for each in attrs.fields(kind):
            if each.name in declared and each.name not in KEPT:
                known = declared[each.name]
                may = not known.secret or (
                    each.name in revealed and self.viewer.sees(Audience(revealed[each.name]))
                )
                values[each.name] = self.field(each, known, told and may)
        name = OPEN if told else CANARY
        if any(known.needed and values[each] == SECRET for each, known in declared.items()):
            told = False
        made = kind(
            id=f"{CANARY}-id",
            name=name,
            audience=audience,
            revealed=revealed,
            extra={"later": CANARY},
            **values,
        )
        return made, told


@pytest.mark.parametrize("kind", sorted(kinds.KINDS))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_no_secret_of_any_kind_is_seen(kind, data):
    viewer = data.draw(st.sampled_from(VIEWERS))
    entity, told = Planted(data, viewer).entity(kinds.kind(kind))
    view = seen(entity, viewer, named)
    assert (view is not None) == told
    assert CANARY not in repr(view), view
    if view is not None:
        assert OPEN in view.name
        assert OPEN in view.fields.get("text", OPEN)


@pytest.mark.parametrize("kind", sorted(kinds.KINDS))
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_the_game_master_sees_all_of_any_kind(kind, data):
    entity, _ = Planted(data, PARTY).entity(kinds.kind(kind))
    view = seen(entity, GM, named)
    for name, known in fields_of(type(entity)).items():
        if known.shape in {"line", "text"}:
            assert view.fields[name] == getattr(entity, name)
    assert set(view.names) == set(pointed(entity))


def test_a_field_is_told_as_far_as_it_was_revealed():
    mara = Npc(id="mara", name="Mara", audience=PARTY, secret="A spy", revealed={"secret": "tom"})
    assert "secret" not in seen(mara, PARTY, named).fields
    assert seen(mara, Audience("tom"), named).fields["secret"] == "A spy"
    assert "revealed" not in seen(mara, Audience("tom"), named).fields
    assert seen(mara, GM, named).fields["revealed"] == {"secret": "tom"}


def test_an_id_that_tells_an_older_name_is_not_shown():
    mara = Npc(id="mara", name="Mara", audience=PARTY)
    assert seen(mara, PARTY, named).ref == "npc/mara"
    assert seen(attrs.evolve(mara, name="The Widow"), PARTY, named).ref == ""
    assert seen(attrs.evolve(mara, name="The Widow"), GM, named).ref == "npc/mara"


def test_who_does_not_know_both_ends_does_not_know_of_a_relation():
    relation = Relation(id="r", name="seeks", audience=PARTY, source=KNOWN, target=KNOWN)
    assert seen(relation, PARTY, named).fields["source"] == "Openname"
    assert seen(attrs.evolve(relation, target=SECRET), PARTY, named) is None
    assert seen(attrs.evolve(relation, target=SECRET), GM, named) is not None


def test_a_way_to_a_place_that_is_not_known_is_not_there():
    inn = Location(
        id="inn",
        name="Inn",
        audience=PUBLIC,
        connections=(Connection(to=SECRET, kind="door"), Connection(to=KNOWN, kind="road")),
        features=(Feature(name="Well", effect="DC 15"), Feature(name="Trap", audience=GM)),
    )
    fields = seen(inn, PARTY, named).fields
    assert fields["connections"] == [{"to": "Openname", "kind": "road"}]
    assert fields["features"] == [{"name": "Well"}]


def test_links_are_said_by_their_labels_or_by_names_that_are_known():
    told = f"To [[{KNOWN}]], [[Openname|her]], [[{SECRET}]], [[{CANARY}|it]], [[Nowhere]]."
    assert spoken(told, named) == f"To Openname, her, {UNKNOWN}, it, Nowhere."
    assert spoken("[[npc/mara]], [[Mara#song]]") == "mara, Mara"
    note = Note(id="n", name="N", audience=PARTY, text=told, summary=f"[[{SECRET}]]")
    assert CANARY not in repr(seen(note, PARTY, named))
    assert seen(note, GM, named).fields["text"] == told
