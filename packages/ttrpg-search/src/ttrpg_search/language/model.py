"""What the language of the table is made of: plain records, ready to be matched.

A question from the shell makes hundreds of them; what stands in a file is checked by
:mod:`.reading`, once.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from ttrpg_core.values import frozen


class Phrase(NamedTuple):
    """A way to say something; ``stems`` are those of its words that carry meaning."""

    text: str
    stems: tuple[str, ...]
    weight: float = 1.0


class Meaning(NamedTuple):
    """One thing that an abbreviation may stand for.

    ``near`` are words (as stems) that settle a collision for this meaning; without one of them
    in the question it counts ``alone`` as much as ``weight``. ``upper`` says that the letters
    have to be typed in capitals to mean this where no ``near`` word stands by.
    """

    full: str
    weight: float = 1.0
    near: frozenset[str] = frozenset()
    alone: float = 1.0
    upper: bool = False


class Concept(NamedTuple):
    """A thing of the rules: how books name it, how players say it, what is close to it.

    ``near`` are words (as stems) of which a question has to hold one before ``says`` counts.
    """

    names: tuple[str, ...]
    says: tuple[Phrase, ...] = ()
    related: tuple[str, ...] = ()
    near: frozenset[str] = frozenset()


class Typo(NamedTuple):
    """What a misspelling means; with ``near`` only beside one of these words (as stems)."""

    right: str
    near: frozenset[str] = frozenset()


@frozen
class Language:
    """The words of the table for some systems.

    - ``abbreviations``: the short form in lower case (one word or several) to its meanings.
    - ``concepts``: in order; a later file comes after.
    - ``synonyms``: stems joined by a blank to other ways to say it, each way with a weight:
      1 for the same meaning, less for a narrower word.
    - ``kinds``: stems joined by a blank to the kinds of thing that it is ("sheep": "beast").
    - ``splits``: a word written as one to the same written apart ("hitpoints": "hit points").
    - ``typos``: a misspelling that looks like no word nearby, to what it means.
    - ``protected``: words that are right although they look wrong.
    - ``words``: English and the game's words with a class from 1 (rare) to 5 (everywhere).
    - ``antonyms``: pairs that exclude each other ("fire", "cold"), as stems.
    - ``index``: a stem to the numbers of the concepts that have it in a saying; None where nobody
      counted yet.
    - ``problems``: what was left aside, and why.
    """

    abbreviations: Mapping[str, tuple[Meaning, ...]]
    concepts: Sequence[Concept]
    synonyms: Mapping[str, tuple[tuple[str, float], ...]]
    kinds: Mapping[str, Sequence[str]]
    splits: Mapping[str, str]
    typos: Mapping[str, Typo]
    protected: AbstractSet[str]
    words: Mapping[str, int]
    antonyms: tuple[tuple[str, str], ...]
    index: Mapping[str, Sequence[int]] | None = None
    problems: tuple[str, ...] = ()
