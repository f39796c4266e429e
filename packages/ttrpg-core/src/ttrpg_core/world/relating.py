"""Relations found, made and drawn: of one thing, or of all, as somebody knows them."""

from collections.abc import Iterable

from ttrpg_core.audience import GM, Audience
from ttrpg_core.errors import InputError
from ttrpg_core.table.world import graph, kinds
from ttrpg_core.table.world.entity import Entity
from ttrpg_core.table.world.making import Given
from ttrpg_core.table.world.relations import Relation
from ttrpg_core.table.world.seen import knows
from ttrpg_core.table.world.ties import tie
from ttrpg_core.world import World
from ttrpg_core.world.reading import Reader
from ttrpg_core.world.searching import pointing

DEEPEST = 10
"""Steps from one thing that a graph goes."""


def add(world: World, source: str, words: str, target: str, given: Given) -> Relation:
    """Say of one thing what it is to another. InputError when that is said already."""
    with world.change("relation.add") as change:
        pair = [world.resolve(each, ends()) for each in (source, target)]
        said = tie(words, given.get("inverse", ""))
        if pair[0] == pair[1]:
            raise InputError(f"{words!r:.60} needs two different things", "Both were the same")
        own = {"inverse": "" if said.known else said.back}  # what is known needs no words for it
        values = {**given, **own, "name": said.words, "source": pair[0], "target": pair[1]}
        names = [world.get(each).name for each in pair]
        made = world.add(Relation, values, called=f"{names[0]} {said.words} {names[1]}")
        for each in about(world, made.source):
            if each.ref != made.ref and each.same(made) and not each.ended:
                raise InputError(
                    f"it is known that {told(world, each)}",
                    f"Change it with: ttrpg relation edit {each.id}",
                )
        change.prose = f"added that {told(world, made)}"
        change.facts = {"ref": made.ref, "name": told(world, made)}
    return made


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
