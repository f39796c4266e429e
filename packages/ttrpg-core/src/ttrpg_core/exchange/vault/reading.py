"""A vault read back: what was edited in it, what is new in it, and where the two sides differ.

Three versions of each value are compared: as the vault was written, as the page says it now, and
as the campaign has it now. What only the vault changed is taken over; what both changed is shown,
and nothing is written until somebody has said whose it is.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import attrs

from ttrpg_core import text
from ttrpg_core.errors import Denied, InputError, NotFound
from ttrpg_core.exchange.vault import folder as files
from ttrpg_core.exchange.vault import front, manifest, names, page, places
from ttrpg_core.exchange.vault.index import INDEX
from ttrpg_core.exchange.vault.manifest import Page
from ttrpg_core.exchange.vault.places import stem
from ttrpg_core.sessions import Sessions, moving
from ttrpg_core.table.world.entity import Entity, parts
from ttrpg_core.table.world.kinds import KINDS, kind
from ttrpg_core.table.world.relations import Relation
from ttrpg_core.table.world.sessions import Session
from ttrpg_core.world import World, relating

Keep = Literal["ours", "theirs"]


@attrs.frozen
class Conflict:
    """A value that both sides changed: as it was written, as it is here, as the page says."""

    ref: str
    path: str
    field: str
    before: Any
    here: Any
    there: Any


@attrs.frozen
class Edited:
    """A page with other values than it was written with; None for what is gone from it."""

    ref: str
    path: str
    values: Mapping[str, Any]


@attrs.frozen
class New:
    """A page of nothing that is here."""

    kind: str
    path: str
    values: Mapping[str, Any]


@attrs.frozen
class Done:
    """What an import did, in numbers, and the page of each reference by now."""

    counts: Mapping[str, int]
    places: Mapping[str, str]


@attrs.frozen
class Plan:
    """What an import would do.

    ``places`` are the pages of what is here already, by reference; ``gone`` are references whose
    pages are not there.
    """

    places: Mapping[str, str]
    edited: tuple[Edited, ...]
    new: tuple[New, ...]
    gone: tuple[str, ...]
    conflicts: tuple[Conflict, ...]

    @property
    def empty(self) -> bool:
        """Whether nothing in the vault is different."""
        return not (self.edited or self.new or self.gone or self.conflicts)


def plan(world: World, folder: Path) -> Plan:
    """Compare a vault with the campaign that it was written from; writes nothing."""
    known = manifest.read(folder)
    if known.viewer != "gm":
        raise InputError(
            f"{folder} was written for {known.viewer}", "Only a vault of the GM can be read back"
        )
    if known.campaign != world.campaign:
        raise InputError(
            f"{folder} is the vault of the campaign {known.campaign}",
            f"ttrpg campaign use {known.campaign}",
        )
    entities = {each.ref: each for each in world.all()}
    titles = names.titles(entities.values())
    by_ref = {each.ref: (path, each) for path, each in known.pages.items() if each.ref != INDEX}
    here_already = {
        (parts(ref)[0], title): ref for ref, title in titles.items() if ref not in by_ref
    }
    edited: list[Edited] = []
    new: list[New] = []
    conflicts: list[Conflict] = []
    paths = list(files.pages(folder))
    found = places.places(folder, known, paths)
    of = {path: ref for ref, path in found.items()}
    for path in paths:
        told, reference = files.read(folder, path), of.get(path, "")
        if INDEX in {reference, places.claimed(told)}:
            continue
        cls = _kind(reference, told, path)
        values = page.parsed(told, cls, path)
        reference = reference or here_already.pop((cls.KIND, stem(path)), "")
        if not reference:
            _, copied = by_ref.get(places.claimed(told), ("", Page("", {})))
            if copied.ref and values.get("name") == copied.values.get("name"):
                values["name"] = stem(path)  # a copy is called as its file is
            new.append(_new(cls, path, values))
            continue
        found[reference] = path
        here = entities.get(reference)
        current = None if here is None else _current(here, titles, path)
        old_path, base = by_ref.get(reference, (path, Page(reference, current or {})))
        renamed = stem(path) != stem(old_path) and "name" not in cls.FIXED
        if renamed and values.get("name") == base.values.get("name"):
            values["name"] = stem(path)
        changed, both = _compare(reference, path, base, current, values)
        conflicts += both
        if changed:
            edited.append(Edited(reference, path, changed))
    gone = sorted(
        ref
        for ref, (path, _) in by_ref.items()
        if ref not in found and ref in entities and not os.path.lexists(folder / path)
    )  # what lies behind a link is not read, and is not gone either
    return Plan(found, tuple(edited), tuple(new), tuple(gone), tuple(conflicts))


def apply(
    world: World, folder: Path, todo: Plan, *, keep: Keep | None = None, delete: bool = False
) -> Done:
    """Do what a plan says, as one change.

    Denied where both sides changed a value and ``keep`` does not say whose stays. Entities whose
    pages are gone are deleted only where ``delete`` says so.
    """
    if todo.conflicts and keep is None:
        raise Denied(
            f"{len(todo.conflicts)} value(s) were changed on both sides",
            "--keep ours or --keep theirs says whose stays; nothing was imported",
        )
    known = manifest.read(folder)
    with world.change("vault.import") as change:
        links = {stem(path): each.ref for path, each in known.pages.items() if each.ref != INDEX}
        added = []
        for each in todo.new:
            name = text.name(str(each.values.get("name", stem(each.path))), f"name of {each.path}")
            made = _add(world, each, name)
            links[stem(each.path)] = made.ref
            added.append((made.ref, each.path, {**each.values, "name": name}))
        reference = _resolver(world, links)
        for ref, path, values in added:
            _set(world, ref, path, values, reference)
        taken = {ref: dict(values) for ref, values in _theirs(todo, keep).items()}
        for one in todo.edited:
            _set(world, one.ref, one.path, {**one.values, **taken.pop(one.ref, {})}, reference)
        paths = {each.ref: each.path for each in todo.conflicts}
        for ref, values in taken.items():
            _set(world, ref, paths[ref], values, reference)
        for ref in todo.gone if delete else ():
            world.delete(ref)
        counts = {
            "added": len(added),
            "changed": len({each.ref for each in todo.edited} | set(taken)),
            "deleted": len(todo.gone) if delete else 0,
        }
        told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
        change.prose = f"imported a vault: {told or 'nothing new'}"
        change.facts = dict(counts)
    return Done(counts, {**todo.places, **{ref: path for ref, path, _ in added}})


def _theirs(todo: Plan, keep: Keep | None) -> dict[str, dict[str, Any]]:
    """The values of the pages that stay where both sides changed them."""
    found: dict[str, dict[str, Any]] = {}
    for each in todo.conflicts if keep == "theirs" else ():
        found.setdefault(each.ref, {})[each.field] = each.there
    return found


def _add(world: World, each: New, name: str) -> Entity:
    """Add what a new page is of; what has steps begins where the page says that it stands."""
    cls = kind(each.kind)
    given = {field: each.values[field] for field in ("status", "number") if field in each.values}
    try:
        told, _ = page.given(cls, given, str)
        if cls is not Session:
            return world.add(
                cls, {"name": name, **told} if cls.KIND in moving.VERBS else {"name": name}
            )
        made = Sessions(world).plan(name, {}, told.get("number"))
        if told.get("status") == "ended":
            with world.change("session.add") as change:
                world.save(change, attrs.evolve(made, status="ended"))
    except InputError as error:
        raise InputError(f"{each.path}: {error.message}", error.hint) from error
    return made


def _set(
    world: World,
    reference: str,
    path: str,
    values: Mapping[str, Any],
    find: Callable[[str, str], str],
) -> None:
    """Give an entity the values of its page, by the rules of its kind."""
    entity = world.get(reference)
    told, extra = page.given(type(entity), values, lambda target: find(target, path))
    status = told.pop("status", None) if entity.KIND in moving.VERBS else None
    try:
        if isinstance(entity, Session):
            _numbered(world, entity, told)
        if isinstance(entity, Relation):
            _relate(world, entity, told)
        else:
            world.edit(reference, told)
        if status is not None and status != getattr(world.get(reference), "status", status):
            moving.move(world, reference, str(status))
    except InputError as error:
        raise InputError(f"{path}: {error.message}", error.hint) from error
    if extra:
        kept = {**world.get(reference).extra, **extra}
        kept = {name: value for name, value in kept.items() if value is not None}
        with world.change(f"{entity.KIND}.edit") as change:
            world.save(change, attrs.evolve(world.get(reference), extra=kept))


def _relate(world: World, relation: Relation, told: Mapping[str, Any]) -> None:
    """Give a relation other values; one that is new has no ends before."""
    new, _ = relating.edit(world, relation.ref, told)
    relating.must_be_new(world, new)


def _numbered(world: World, session: Session, told: Mapping[str, Any]) -> None:
    """InputError where a session is to have the number of another one."""
    wanted = told.get("number", session.number)
    if any(each.number == wanted and each.ref != session.ref for each in Sessions(world).all()):
        raise InputError(f"there is a session {wanted} already", "Give it another number")


def _resolver(world: World, links: Mapping[str, str]) -> Callable[[str, str], str]:
    """What a link of the front matter of a page means."""

    def find(target: str, path: str) -> str:
        bare = stem(target)
        found = links.get(bare) or world.linked(target) or world.linked(bare)
        if found is None:
            raise InputError(
                f"{path} names [[{target}]], which is neither a page nor here",
                "Write a page for it, or take the name away",
            )
        return found

    return find


def _compare(
    reference: str,
    path: str,
    base: Page,
    here: Mapping[str, Any] | None,
    there: Mapping[str, Any],
) -> tuple[dict[str, Any], list[Conflict]]:
    """Values that only the page changed, and those that both sides did."""
    changed: dict[str, Any] = {}
    both = []
    for name in sorted(set(base.values) | set(there)):
        before, now = base.values.get(name), there.get(name)
        if before == now:
            continue
        current = (here or {}).get(name)
        if here is not None and current == now:
            continue
        if here is None or current != before:
            both.append(Conflict(reference, path, name, before, current, now))
        else:
            changed[name] = now
    if here is None and both:
        raise NotFound(
            f"{path} was edited, and {reference} was deleted here",
            "ttrpg undo brings it back; or take the page away",
        )
    return changed, both


def _current(here: Entity, titles: Mapping[str, str], path: str) -> dict[str, Any]:
    """What the page of an entity would say now."""
    told = page.rendered(here.ref, type(here), page.values(here, titles.get))
    return page.parsed(told, type(here), path)


def _new(cls: type[Entity], path: str, values: Mapping[str, Any]) -> New:
    return New(cls.KIND, path, {**values, "name": str(values.get("name", stem(path)))})


def _kind(reference: str, told: str, path: str) -> type[Entity]:
    """The kind of a page: by its reference, its front matter, its folder; else it is a note."""
    named = parts(reference or places.claimed(told))[0]
    if named in KINDS:
        return kind(named)
    said = front.split(told, path)[0].get("kind")
    if isinstance(said, str) and said in KINDS:
        return kind(said)
    return kind(names.kind_of(path.partition("/")[0]) or "note")
