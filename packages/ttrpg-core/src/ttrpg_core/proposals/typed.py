"""Values that somebody proposes as texts, as fields hold them."""

from collections.abc import Mapping
from typing import Any

from ttrpg_core.errors import InputError
from ttrpg_core.table.world.entity import Entity, Field, fields_of
from ttrpg_core.table.world.making import Given


def typed(kind: type[Entity], given: Mapping[str, str]) -> Given:
    """Values as fields hold them, from texts: numbers, yes or no, lists with ``;`` between.

    InputError for what has no plain value, such as the clocks of a plot: it has a command.
    """
    known = fields_of(kind)
    found: dict[str, Any] = {}
    for name, value in given.items():
        field = known.get(name)
        found[name] = value if field is None else _typed(kind, name, field, value)
    return found


def _typed(kind: type[Entity], name: str, field: Field, value: str) -> Any:
    what = name.replace("_", " ")
    match field.shape:
        case "number":
            if not value.strip():
                return None
            try:
                return int(value[:20])
            except ValueError:
                raise InputError(f"the {what} cannot be {value!r:.60}", "A whole number") from None
        case "flag":
            if value.strip().casefold() not in {"yes", "no"}:
                raise InputError(f"{what} cannot be {value!r:.60}", "yes or no")
            return value.strip().casefold() == "yes"
        case "lines" | "refs":
            return [each.strip() for each in value.split(";")]
        case "value":
            raise InputError(
                f"the {what} of a {kind.KIND} cannot be proposed", f"See: ttrpg {kind.KIND} --help"
            )
    return value
