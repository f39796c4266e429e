"""Who may know a thing: the Game Master, the party, one character, or everybody.

Everything that a player might see carries an :class:`Audience`; what says nothing is the Game
Master's alone. Whatever shows, exports, reads aloud or tells a model goes through :func:`project`,
the one place where a thing is left out, so that a secret is kept by a type and not by care.
"""

from collections.abc import Iterable
from typing import Protocol, TypeVar

import attrs

from ttrpg_core import text
from ttrpg_core.errors import InputError

NPC = "npc/"
"""Before the id of a character that is not of the party."""
GROUPS = ("gm", "party", "public")
"""Audiences that are nobody's id."""


@attrs.frozen
class Audience:
    """``gm``, ``party``, ``public``, or the id of one character, such as ``npc/mara``."""

    name: str = "gm"

    @classmethod
    def of(cls, value: str) -> "Audience":
        """The audience that a word means; InputError for what is no id."""
        wanted = text.name(value, "audience").casefold()
        bare = wanted.removeprefix(NPC)
        if wanted in GROUPS:
            return cls(wanted)
        if not bare or text.slug(bare) != bare:
            raise InputError(
                f"there is no audience {value!r:.60}",
                "One of: gm, party, public, or a character's id such as npc/mara",
            )
        return cls(wanted)

    def __str__(self) -> str:
        return self.name

    @property
    def npc(self) -> str:
        """The id of the NPC that this is, without what stands before it; "" for anybody else."""
        return self.name.removeprefix(NPC) if self.name.startswith(NPC) else ""

    def sees(self, other: "Audience") -> bool:
        """Whether what is for ``other`` may be shown to this one.

        A character of the party knows what the party knows; an NPC knows what is public, and what
        is its own.
        """
        if self.name == "gm" or other.name in {"public", self.name}:
            return True
        of_the_party = self.name != "public" and not self.npc
        return other.name == "party" and of_the_party

    def widened(self, to: "Audience", what: str) -> "Audience":
        """Who knows ``what`` when ``to`` is let know it; ``gm`` hides it again from everybody.

        Nobody who knew it is left out. InputError where that cannot be said in one audience: what
        is one character's alone can go to the party, and not to a second character besides.
        """
        if to.name == "gm":
            return to
        if to.sees(self):
            return self
        if self.name == "gm" or self.sees(to) or to.name in {"party", "public"}:
            return to
        raise InputError(
            f"{what} is for {self} alone",
            f"Let the whole party know, or hide it from {self} first",
        )


GM = Audience("gm")
PARTY = Audience("party")
PUBLIC = Audience("public")


class Marked(Protocol):
    """A thing with an audience."""

    @property
    def audience(self) -> Audience:
        """Who may know it."""
        ...


T = TypeVar("T", bound=Marked)


def project(things: Iterable[T], viewer: Audience) -> list[T]:
    """The things that the viewer may see, in their order."""
    return [thing for thing in things if viewer.sees(thing.audience)]
