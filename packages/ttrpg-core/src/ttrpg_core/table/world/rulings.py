"""Rulings: how a rule is played at this table, which ranks above the book."""

from typing import ClassVar

import attrs

from ttrpg_core.table.world.entity import Entity, field

STATUSES = ("standing", "withdrawn")


@attrs.frozen(kw_only=True)
class Ruling(Entity):
    """What was decided of a rule; its name says it, its text says why.

    Made when it was added. ``rule`` has the words by which it is found; without them its name has.
    """

    KIND: ClassVar[str] = "ruling"
    PLURAL: ClassVar[str] = "rulings"

    type: str = field(
        "Decided in play, or agreed on beforehand.",
        "choice",
        choices=("ruling", "house rule"),
        option="kind",
    )
    status: str = field("Whether it holds.", "choice", choices=STATUSES)
    rule: str = field("The rule that it is about, in a word or a few.")
    book: str = field("The book that it departs from.")
    page: str = field("The page there.")
    session: str = field("The session in which it was made.", "ref", kinds=("session",))
