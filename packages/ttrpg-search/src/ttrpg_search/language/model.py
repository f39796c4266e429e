"""What the language of the table is made of: frozen records, ready to be matched."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

import attrs
from attrs.validators import and_, deep_iterable, ge, instance_of, le, min_len

_TEXT = and_(instance_of(str), min_len(1))
_TEXTS = deep_iterable(member_validator=_TEXT)
_WEIGHT = and_(instance_of(float), ge(0.01), le(1.0))


@attrs.frozen
class Phrase:
    """A way to say something; ``stems`` are those of its words that carry meaning."""

    text: str = attrs.field(validator=_TEXT)
    stems: tuple[str, ...] = attrs.field(validator=and_(_TEXTS, min_len(1)))
    weight: float = attrs.field(default=1.0, validator=_WEIGHT)


@attrs.frozen
class Meaning:
    """One thing that an abbreviation may stand for.

    ``near`` are words (as stems) that settle a collision for this meaning; without one of them
    in the question it counts ``alone`` as much as ``weight``. ``upper`` says that the letters
    have to be typed in capitals to mean this where no ``near`` word stands by.
    """

    full: str = attrs.field(validator=_TEXT)
    weight: float = attrs.field(default=1.0, validator=_WEIGHT)
    near: frozenset[str] = frozenset()
    alone: float = attrs.field(default=1.0, validator=and_(instance_of(float), ge(0.0), le(1.0)))
    upper: bool = attrs.field(default=False, validator=instance_of(bool))


@attrs.frozen
class Concept:
    """A thing of the rules: how books name it, how players say it, what is close to it.

    ``near`` are words (as stems) of which a question has to hold one before ``says`` counts.
    """

    names: tuple[str, ...] = attrs.field(validator=and_(_TEXTS, min_len(1)))
    says: tuple[Phrase, ...] = ()
    related: tuple[str, ...] = attrs.field(default=(), validator=_TEXTS)
    near: frozenset[str] = frozenset()


@attrs.frozen
class Typo:
    """What a misspelling means; with ``near`` only beside one of these words (as stems)."""

    right: str = attrs.field(validator=_TEXT)
    near: frozenset[str] = frozenset()


@attrs.frozen
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
    - ``antonyms``: pairs that exclude each other ("fire", "cold").
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
