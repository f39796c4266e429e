"""Relations found, made and drawn: of one thing, or of all, as somebody knows them."""

from collections.abc import Iterable
from typing import cast

from ttrpg_core.audience import GM, Audience
from ttrpg_core.errors import InputError
from ttrpg_core.table.world import graph, kinds, making
from ttrpg_core.table.world.entity import Entity
from ttrpg_core.table.world.making import Changed, Given
from ttrpg_core.table.world.relations import Relation
from ttrpg_core.table.world.seen import knows
from ttrpg_core.table.world.ties import Tie, tie
from ttrpg_core.world import World
from ttrpg_core.world.reading import Reader
from ttrpg_core.world.searching import pointing

DEEPEST = 10
"""Steps from one thing that a graph goes."""


def add(world: World, source: str, words: str, target: str, given: Given) -> Relation:
    """Say of one thing what it is to another. InputError when that is said already."""
    with world.change("relation.add") as change:
        made = said(world, source, words, target, given)
        names = [world.get(each).name for each in _pair(made)]
        values = {**given, **_own(made)}
        kept = world.add(Relation, values, called=f"{names[0]} {made.name} {names[1]}")
        change.prose = f"added that {told(world, kept)}"
        change.facts = {"ref": kept.ref, "name": told(world, kept)}
    return kept


def said(world: World, source: str, words: str, target: str, given: Given) -> Relation:
    """What :func:`add` would say, checked as that does; nothing is written."""
    pair = [world.resolve(each, ends()) for each in (source, target)]
    known = tie(words, given.get("inverse", ""))
    values = {**given, **_words(known), "source": pair[0], "target": pair[1]}
    made = making.made(Relation, "new", values, world.resolve, world.now)
    must_be_new(world, made)
    return made


def edit(world: World, reference: str, given: Given) -> tuple[Relation, Changed]:
    """Give a relation other values, its words as they are known. InputError for what is said."""
    with world.change("relation.edit") as change:
        old = world.get(reference)
        assert isinstance(old, Relation), "of the kind that its reference says"
        before = told(world, old)
        found, different = world.edit(reference, reworded(old, given))
        new = cast("Relation", found)
        if different.keys() & {"name", "source", "target", "ended"}:
            must_be_new(world, new)
        if told(world, new) != before:
            change.prose = f"changed {before!r} to {told(world, new)!r}"
    return new, different


def reworded(old: Relation, given: Given) -> Given:
    """Values for a relation, with its words as they are known, where other words are given."""
    if "name" not in given:
        return given
    same = tie(given["name"]).words == old.name
    back = given.get("inverse", old.inverse if same else "")
    return {**given, **_words(tie(given["name"], back))}


def must_be_new(world: World, relation: Relation) -> None:
    """InputError where it is not of two things, or says what another one that lasts says."""
    if not all(_pair(relation)):
        raise InputError("a relation is of two things", "Name both: who is it, and to whom?")
    if relation.source == relation.target:
        raise InputError(f"{relation.name!r:.60} needs two different things", "Both were the same")
    for each in () if relation.ended else about(world, relation.source):
        if each.ref != relation.ref and each.same(relation) and not each.ended:
            raise InputError(
                f"it is known that {told(world, each)}",
                f"Change it with: ttrpg relation edit {each.id}",
            )


def _words(known: Tie) -> dict[str, str]:
    """The fields that say what a relation is; what is known needs no words for its other side."""
    return {"name": known.words, "inverse": "" if known.known else known.back}


def _own(relation: Relation) -> dict[str, str]:
    return {name: getattr(relation, name) for name in ("name", "inverse", "source", "target")}


def ends() -> tuple[str, ...]:
    """The kinds that a relation may be of: all but itself."""
    return tuple(each for each in kinds.KINDS if each != Relation.KIND)


def about(reader: Reader, reference: str, viewer: Audience = GM) -> list[Relation]:
    """The relations of one thing that a viewer knows: those that last first, then the strong."""
    named = reader.named(viewer)
    return _ordered(
        each
        for each in pointing(reader, reference, ("relation",))
        if reference in _pair(each) and knows(each, viewer, named)
    )


def every(reader: Reader, viewer: Audience = GM) -> list[Relation]:
    """All relations that a viewer knows."""
    named = reader.named(viewer)
    return _ordered(each for each in reader.all("relation", viewer) if knows(each, viewer, named))


def of_kind(relations: Iterable[Relation], words: str) -> list[Relation]:
    """Those of a kind, said of whichever side."""
    wanted = tie(words)
    return [each for each in relations if wanted.words in {each.tie.words, each.tie.turned.words}]


def told(reader: Reader, relation: Relation, viewer: Audience = GM) -> str:
    """A relation as a sentence: ``Mara seeks The Salt Crown``."""
    named = reader.named(viewer)
    source, target = (named(each) or each for each in _pair(relation))
    return f"{source} {relation.name} {target}"


def drawn(reader: Reader, ego: str, depth: int, viewer: Audience = GM) -> graph.Graph:
    """The graph around one thing, or with "" the graph of all relations."""
    named = reader.named(viewer)
    if ego:
        return graph.around(
            [ego], lambda each: about(reader, each, viewer), lambda each: named(each) or each, depth
        )
    beside: dict[str, list[Relation]] = {}
    for each in every(reader, viewer):
        for end in _pair(each):
            beside.setdefault(end, []).append(each)
    egos = sorted(beside, key=lambda each: (-len(beside[each]), each))
    return graph.around(
        egos, lambda each: beside.get(each, []), lambda each: named(each) or each, len(egos)
    )


def _ordered(found: Iterable[Entity]) -> list[Relation]:
    relations = [each for each in found if isinstance(each, Relation)]
    return sorted(relations, key=lambda each: (each.ended, -(each.strength or 0), each.id))


def _pair(relation: Entity) -> tuple[str, str]:
    return getattr(relation, "source", ""), getattr(relation, "target", "")
