"""How one thing may be related to another, as words that read both ways; any other words do too.

``Mara mentor of Tom`` is, from the other side, ``Tom student of Mara``.
"""

import re

import attrs

from ttrpg_core import text


@attrs.frozen
class Tie:
    """What a thing is to another (``mentor of``), and the other to it (``student of``).

    ``back`` is empty where nobody said what it is from the other side; ``also`` are other words
    for the same, ``also_back`` for that from the other side.
    """

    words: str
    back: str
    also: tuple[str, ...] = ()
    also_back: tuple[str, ...] = ()

    @property
    def symmetric(self) -> bool:
        """Whether it is the same from both sides."""
        return self.words == self.back

    @property
    def known(self) -> bool:
        """Whether it is one of those that everybody has."""
        return any(self.words in {each.words, each.back} for each in TIES)

    @property
    def turned(self) -> "Tie":
        """It from the other side; where that has no words, these with an arrow."""
        return Tie(self.back or f"<- {self.words}", self.words)


def _both(words: str, *also: str) -> Tie:
    return Tie(words, words, also)


TIES = (
    _both("ally of", "ally"),
    _both("enemy of", "enemy"),
    _both("lover of", "lover", "romantic", "romance"),
    _both("family of", "family", "kin of", "kin"),
    Tie("mentor of", "student of", ("mentor",), ("student", "mentored by")),
    _both("acquaintance of", "acquaintance", "knows"),
    Tie("employee of", "employer of", ("employee", "works for", "employed by"), ("employer",)),
    _both("business partner of", "business partner", "partner of", "partner"),
    Tie("patron of", "client of", ("patron",), ("client",)),
    Tie("teacher of", "pupil of", ("teacher", "teaches"), ("pupil", "taught by")),
    Tie("protector of", "ward of", ("protector", "protects"), ("ward", "protected by")),
    Tie("member of", "has as member", ("member",)),
    Tie("leader of", "led by", ("leader", "leads")),
    _both("allied with", "allied"),
    _both("at war with", "war with"),
    Tie("vassal of", "liege of", ("vassal",), ("liege",)),
    Tie("located at", "place of", ("located", "located in")),
    _both("connected to", "connected"),
    Tie("part of", "has as part"),
    Tie("controls", "controlled by"),
    Tie("owns", "owned by"),
    Tie("seeks", "sought by"),
    Tie("created", "created by", ("creator of",)),
    Tie("destroyed", "destroyed by"),
    Tie("quest giver of", "quest given by", ("quest giver", "gives quest")),
    Tie("quest target of", "quest aimed at", ("quest target",)),
    _both("related to", "related"),
    Tie("worships", "worshipped by"),
    Tie("blessed by", "blesses"),
    Tie("cursed by", "curses"),
)
"""The kinds of relations that are known; those of :func:`_both` are the same from both sides."""
STRENGTHS = ((25, "weak"), (50, "moderate"), (75, "strong"), (100, "unbreakable"))
"""Names of strengths, and up to where each goes."""
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def tie(words: str, back: str = "") -> Tie:
    """The tie that words mean, as it is from the side of who they are said of.

    Known ones are found however they are written: ``MemberOf``, ``member-of``, ``member``. Others
    are a custom one, the other side of which is ``back``; InputError when they are no words.
    """
    typed = text.name(words, "kind of relation")
    folded = _folded(typed)
    for known in TIES:
        if folded == known.words or folded in known.also:
            return known
        if folded == known.back or folded in known.also_back:
            return known.turned
    return Tie(typed, text.name(back, "other side of the relation") if back else "")


def strength(number: int) -> str:
    """A strength from 0 to 100 in a word."""
    return next(word for most, word in STRENGTHS if number <= most)


def _folded(words: str) -> str:
    spaced = _CAMEL.sub(" ", words).replace("-", " ").replace("_", " ")
    return " ".join(spaced.casefold().split())
