"""Values in an entity that have names: objectives, clocks, phases, milestones."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from ttrpg_core import text
from ttrpg_core.errors import InputError, NotFound
from ttrpg_core.table.world.making import LIST_MAX


class Named(Protocol):
    """A value with a name."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...


T = TypeVar("T", bound=Named)


def place(values: Sequence[Named], wanted: str | None, what: str) -> int:
    """Where the value stands that a number from 1, a name or a beginning of it means.

    Without a word it is the only one. Raises NotFound, Ambiguous, or InputError.
    """
    if wanted is None:
        if not values:
            raise NotFound(f"there is no {what} here", "Add one first")
        if len(values) > 1:
            names = ", ".join(each.name for each in values)
            raise InputError(f"there are {len(values)} {what}s", f"Name one: {names:.400}")
        return 0
    pairs = [(str(number), each.name) for number, each in enumerate(values, 1)]
    return int(text.match(wanted, pairs, what)) - 1


def added(values: tuple[T, ...], new: T, what: str) -> tuple[T, ...]:
    """The values with another behind them; InputError for a name that is there."""
    if any(each.name.casefold() == new.name.casefold() for each in values):
        raise InputError(f"there is a {what} {new.name!r} already", "Give this one another name")
    if len(values) >= LIST_MAX:
        raise InputError(f"there are {len(values)} {what}s already", "That is the most")
    return (*values, new)


def replaced(values: tuple[T, ...], index: int, new: T | None) -> tuple[T, ...]:
    """The values with another at a place, or with none there."""
    return (*values[:index], *([] if new is None else [new]), *values[index + 1 :])
