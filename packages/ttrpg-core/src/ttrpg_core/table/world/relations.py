"""Relations: what one thing of a campaign is to another, since when, and who knows of it."""

from typing import ClassVar

import attrs

from ttrpg_core.table.world.entity import Entity, field
from ttrpg_core.table.world.ties import Tie, tie


@attrs.frozen(kw_only=True)
class Relation(Entity):
    """``source`` is ``type`` to ``target``: Mara seeks the salt crown.

    Its name is the words between the two and nothing of them, so that it cannot tell of one whom
    somebody does not know; who knows of a relation knows of both.
    """

    KIND: ClassVar[str] = "relation"
    PLURAL: ClassVar[str] = "relations"
    FIXED: ClassVar[frozenset[str]] = frozenset({"name", "source", "target", "summary", "aliases"})

    source: str = field("Of whom it is said.", "ref", needed=True)
    target: str = field("To whom or to what.", "ref", needed=True)
    inverse: str = field("What it is from the other side, for words that are not known.")
    strength: int | None = field("How strong it is, from 0 to 100.", "number", bounds=(0, 100))
    since: str = field("Since when, in words or as a date of the game.")
    until: str = field("Until when.")
    ended: bool = field("Whether it is over.", "flag")
    text: str = field("What there is to say of it; '-' reads stdin.", "text", option="note")
    secret: str = field(
        "What only the Game Master knows of it; '-' reads stdin.",
        "text",
        secret=True,
        option="gm-note",
    )

    @property
    def tie(self) -> Tie:
        """How the source is related to the target."""
        return tie(self.name, self.inverse)

    def other(self, reference: str) -> tuple[Tie, str]:
        """The relation from one side of it: what that is to the other, and the other."""
        if reference == self.source:
            return self.tie, self.target
        return self.tie.turned, self.source

    def same(self, other: "Relation") -> bool:
        """Whether both say the same of the same two, from whichever side."""
        mine, theirs = self.tie, other.tie
        if (self.source, self.target) == (other.source, other.target):
            return mine.words == theirs.words
        if (self.source, self.target) == (other.target, other.source):
            return mine.words == theirs.turned.words
        return False
