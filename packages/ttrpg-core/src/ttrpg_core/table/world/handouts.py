"""Handouts: what players are given to read or to look at, and when they were."""

from typing import ClassVar

import attrs

from ttrpg_core.audience import Audience
from ttrpg_core.errors import InputError
from ttrpg_core.table.world.entity import Entity, field


@attrs.frozen
class Giving:
    """That a handout was given: to whom, when (ISO 8601 in UTC), and in which session."""

    to: str = field("Who was given it.")
    at: str = field("When.")
    session: str = field("In which session.", "ref", kinds=("session",))


@attrs.frozen(kw_only=True)
class Handout(Entity):
    """A text, a file, or both. Of a file the place and the SHA-256 are kept, and not its bytes."""

    KIND: ClassVar[str] = "handout"
    PLURAL: ClassVar[str] = "handouts"

    type: str = field("What it is: letter, map, picture.")
    file: str = field("Where the file lies.", "value", default="", secret=True)
    sha256: str = field("What was in it.", "value", default="", secret=True)
    size: int | None = field("Its size in bytes.", "value", default=None, secret=True)
    given: tuple[Giving, ...] = field("Who was given it, and when.", "value", secret=True)


def given(handout: Handout, to: Audience, at: str, session: str) -> Handout:
    """The handout given to somebody: they may read it from then on.

    It has one audience. What is one character's alone can go to the party, and not to a second
    character besides, for then the party would have to know of it.
    """
    if to.name == "gm":
        raise InputError("the Game Master has it already", "Give it to the party or to a character")
    audience = handout.audience
    if not to.sees(audience):
        if audience.name != "gm" and not audience.sees(to):
            hint = "" if audience.name == "party" else "The whole party can have it; "
            raise InputError(
                f"{handout.name!r} is for {audience} alone",
                f"{hint}add another handout for {to}",
            )
        audience = to
    return attrs.evolve(
        handout, given=(*handout.given, Giving(to.name, at, session)), audience=audience
    )
