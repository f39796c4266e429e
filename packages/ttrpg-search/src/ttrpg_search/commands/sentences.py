"""Which sentences of the passages found answer a question: by their words, and by an embedder.

No model writes anything: what is answered is spans of the passages. A sentence is worth the rare
words of the question that it has, and how near its vector is where there is an embedder. A heading
that is run into its text ("At Higher Levels.") goes with the sentence behind it, and a sentence
that begins with "it" or "otherwise" with the one before.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence

import attrs

from ttrpg_core.errors import TtrpgError
from ttrpg_core.search import Embedder, Hit
from ttrpg_search.commands.passages import Marks, Piece, pieces
from ttrpg_search.keyword.tokens import stems, telling

MOST_PIECES = 120
"""Sentences of one passage that are looked at."""
MOST_QUOTED = 3
"""Sentences of one passage that are quoted."""
LONGEST = 600
"""Characters that are quoted of one passage; its best sentence is quoted whatever its length."""
NEAR_BEST = 0.7
"""How good a sentence must be beside the best of its passage."""
SHORT = 3
"""Letters of what is an abbreviation where it stands in no passage, at the most."""
RUN_IN = 5
"""Words of a heading that is run into its text, at the most."""
_BY_VECTOR = 0.6
"""What a sentence whose vector is the question's own is worth beside one with all its words."""
_FOR_IT = 0.5
"""What a word that stands for one of the question is worth, while that one is not there."""
_HEADED = 0.3
"""What a word is worth that the passage's heading has already."""
_FIRST = 0.03
"""What stands first in a passage is what it is about."""
_LETTERS = re.compile(r"[^\W\d_]+")
_SMALL = frozenset(
    ("a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with")
)
_LEANS = re.compile(
    r"(?:it|its|this|that|these|those|they|their|he|she|such|otherwise|instead|however|if so|"
    r"if not|in this case|in that case|on a (?:success|failure))\b",
    re.IGNORECASE,
)


@attrs.frozen
class Quoted:
    """A hit with the spans of its text that answer, in order; of a row, the table's headings too.

    ``head`` is the span of these headings, empty where no row is quoted. ``worth`` compares with
    that of the other hits of one answer.
    """

    hit: Hit
    spans: tuple[tuple[int, int], ...]
    head: tuple[int, int]
    worth: float

    @property
    def texts(self) -> tuple[str, ...]:
        """What is quoted, a span each."""
        return tuple(self.hit.chunk.text[start:end] for start, end in self.spans)


def quoted(question: str, hits: Sequence[Hit], embedder: Embedder | None = None) -> list[Quoted]:
    """The sentences of each hit that answer best; a hit without any text has none."""
    parts = [_sentences(hit.chunk.text)[:MOST_PIECES] for hit in hits]
    met = [_met(hit.chunk.text, hit.marks, own) for hit, own in zip(hits, parts, strict=True)]
    rarity = _rarity([words for each in met for words in each])
    asked = frozenset(stems(question))
    short = {word for word in telling(question) if len(word) <= SHORT}
    if not short <= rarity.keys():
        asked |= rarity.keys()  # "ac" stands nowhere: what stands for it is what was asked
    near = _near(question, hits, parts, embedder)
    found = []
    for hit, own, words_of, cosines in zip(hits, parts, met, near, strict=True):
        headed = frozenset(stems(hit.chunk.heading))
        here = {word: (_HEADED if word in headed else 1) * told for word, told in rarity.items()}
        worth = [
            _worth(words, asked, here) + _BY_VECTOR * cosine
            for words, cosine in zip(words_of, cosines, strict=True)
        ]
        if worth:
            worth[0] += _FIRST
        found.append(_best(hit, own, worth))
    return found


def _sentences(text: str) -> list[Piece]:
    """The pieces of a text, run-in headings put to what they head."""
    found: list[Piece] = []
    for piece in pieces(text):
        before = found[-1] if found else None
        if before is not None and not piece.head[1] and not before.head[1]:
            between = text[before.end : piece.start]
            if "\n" not in between and _heads(text[before.start : before.end]):
                found[-1] = Piece(before.start, piece.end)
                continue
        found.append(piece)
    return found


def _heads(sentence: str) -> bool:
    """Whether it is no sentence but a heading run into its text, as "At Higher Levels." is."""
    told = _LETTERS.findall(sentence)
    titled = all(word[0].isupper() or word in _SMALL for word in told)
    return titled and 0 < len(told) <= RUN_IN and sentence.rstrip("*_")[-1:] in {".", ":"}


def _met(text: str, marks: Marks, parts: Sequence[Piece]) -> list[frozenset[str]]:
    """The stems of the question's words, and of those that stand for them, in each piece."""
    return [
        frozenset(
            stem
            for start, end in marks
            if part.start <= start < part.end
            for stem in stems(text[start:end])
        )
        for part in parts
    ]


def _rarity(met: Sequence[frozenset[str]]) -> dict[str, float]:
    """How rare each met word is among all the sentences."""
    counts = Counter(word for words in met for word in words)
    return {word: math.log(1 + len(met) / count) for word, count in counts.items()}


def _worth(words: frozenset[str], asked: frozenset[str], rarity: dict[str, float]) -> float:
    """The share of the question's words, of those that stand anywhere; 0 to 1.

    Another word for one of them, as "fire" for "burn", makes up for what is missing, and no more.
    """
    whole = sum(rarity[word] for word in sorted(rarity.keys() & asked)) or sum(rarity.values())
    own = sum(rarity[word] for word in sorted(words & asked))
    others = sum(rarity[word] for word in sorted(words - asked))
    return (own + _FOR_IT * min(others, whole - own)) / whole if whole else 0.0


def _near(
    question: str, hits: Sequence[Hit], parts: Sequence[Sequence[Piece]], embedder: Embedder | None
) -> list[list[float]]:
    """The cosine of each piece and the question; 0 without an embedder, or one that is refused.

    A vendor that fails, or a budget that is used up meanwhile, takes no answer away.
    """
    if embedder is None or not any(parts):
        return [[0.0] * len(own) for own in parts]
    texts = [
        f"{hit.chunk.heading}: {hit.chunk.text[part.start : part.end]}"
        for hit, own in zip(hits, parts, strict=True)
        for part in own
    ]
    try:
        vectors = embedder.embed([question, *texts])
    except TtrpgError:
        return [[0.0] * len(own) for own in parts]
    asked = [float(value) for value in vectors[0]]
    cosines = iter(
        sum(a * float(b) for a, b in zip(asked, vectors[n], strict=True))
        for n in range(1, len(texts) + 1)
    )
    return [[next(cosines) for _ in own] for own in parts]


def _best(hit: Hit, parts: Sequence[Piece], worth: Sequence[float]) -> Quoted:
    if not parts:
        return Quoted(hit, (), (0, 0), 0.0)
    order = sorted(range(len(parts)), key=lambda n: (-worth[n], n))
    best = order[0]
    chosen, length = {best}, parts[best].end - parts[best].start
    for number in order[1:MOST_QUOTED]:
        size = parts[number].end - parts[number].start
        if worth[number] < NEAR_BEST * worth[best] or length + size > LONGEST:
            continue
        if parts[number].head == parts[best].head:  # sentences or rows of one table, not both
            chosen.add(number)
            length += size
    text = hit.chunk.text
    for number in sorted(chosen):
        part = parts[number]
        if number and not part.head[1] and not parts[number - 1].head[1]:
            before = parts[number - 1]
            size = part.start - before.start
            if _LEANS.match(text, part.start) and size <= LONGEST:
                chosen.add(number - 1)
    spans: list[tuple[int, int]] = []
    for number in sorted(chosen):
        start, end = parts[number].start, parts[number].end
        if spans and number - 1 in chosen and not parts[number].head[1]:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return Quoted(hit, tuple(spans), parts[best].head, worth[best])
