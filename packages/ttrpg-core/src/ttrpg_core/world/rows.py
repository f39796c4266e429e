"""Entities as rows of the database, and back."""

import functools
import hashlib
import json
import sqlite3
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from ttrpg_core.audience import Audience
from ttrpg_core.convert import explain, make_converter
from ttrpg_core.errors import StoreDamaged
from ttrpg_core.table.world import kinds
from ttrpg_core.table.world.entity import KEPT, Entity

if TYPE_CHECKING:
    import cattrs

COLUMNS = "kind, id, name, audience, state, created_at, updated_at"


@functools.cache
def converter() -> "cattrs.Converter":
    """One for the process: making it takes longer than a command."""
    made = make_converter(forbid_extra_keys=True)
    made.register_structure_hook(Audience, lambda value, _: _audience(value))
    made.register_unstructure_hook(Audience, lambda value: value.name)
    return made


@functools.cache
def _audience(value: str) -> Audience:
    """There are few of them, and many rows."""
    return Audience.of(value)


@functools.cache
def _state_of(kind: str) -> frozenset[str]:
    """The fields of a kind that its state may have."""
    return frozenset(each.name for each in attrs.fields(kinds.kind(kind))) - {"extra", *KEPT}


@functools.cache
def _type_of(kind: str, name: str) -> Any:
    """The type of a field."""
    return attrs.fields_dict(kinds.kind(kind))[name].type


def field(kind: type[Entity], name: str, held: object) -> Any:
    """A field of an entity from what SQLite takes out of its state: a list as JSON has it.

    StoreDamaged when it makes none.
    """
    made = _type_of(kind.KIND, name)
    if made is str and isinstance(held, str):
        return held
    try:
        value = json.loads(held) if isinstance(held, str) else held
        return converter().structure(value, made)
    except Exception as error:  # whatever a row that somebody edited makes of the converter
        where = f"the {name} of one of the {kind.PLURAL}"
        raise StoreDamaged(
            f"{where} cannot be read: {'; '.join(explain(error, where))}",
            "Take back what changed it, or go back to a copy; 'ttrpg doctor' says more",
        ) from error


def plain(value: object) -> Any:
    """A value of a field as JSON has it."""
    return converter().unstructure(value)


def row(campaign: str, entity: Entity) -> dict[str, Any]:
    """The row of an entity: what every kind has as columns, the rest as JSON without defaults."""
    state = converter().unstructure(entity)
    kept = {name: getattr(entity, name) for name in KEPT if name != "audience"}
    state = {name: value for name, value in state.items() if name not in KEPT}
    state |= state.pop("extra", {})
    return {
        **kept,
        "number": _number(campaign, entity),
        "campaign": campaign,
        "kind": entity.KIND,
        "audience": entity.audience.name,
        "state": json.dumps(state, ensure_ascii=False, separators=(",", ":")),
    }


def _number(campaign: str, entity: Entity) -> int:
    """What the index calls the row: 62 bits made from its key, so the same after it was gone."""
    key = f"{campaign}\0{entity.KIND}\0{entity.id}".encode()
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest()) >> 2


def entity(found: Mapping[str, Any] | sqlite3.Row) -> Entity:
    """The entity of a row, or of an image of one. StoreDamaged when it makes none."""
    try:
        kind = kinds.kind(found["kind"])
        state = json.loads(found["state"])
        known = _state_of(kind.KIND)
        if not state.keys() <= known:  # as few are
            extra = {name: value for name, value in state.items() if name not in known}
            own = {name: value for name, value in state.items() if name in known}
            state = {**own, "extra": extra}
        made = converter().structure(state | {name: found[name] for name in KEPT}, kind)
    except Exception as error:  # whatever a row that somebody edited makes of the converter
        where = f"{found['kind']}/{found['id']}"
        raise StoreDamaged(
            f"{where} cannot be read: {'; '.join(explain(error, where))}",
            "Take back what changed it, or go back to a copy; 'ttrpg doctor' says more",
        ) from error
    return made
