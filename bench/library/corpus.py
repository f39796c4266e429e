"""Chunks, vectors and queries for the speed benchmark, the same for every engine.

The text is that of the Markdown rule books in the test data, cut into runs of about 150 words; when
more chunks are wanted than there are, sentences of the books are put together anew, so the words
keep the frequencies that they have in rules. Vectors are given: 384 numbers of unit length around
as many centres as a shelf has subjects. A query is a handful of words of one chunk, with a vector
near that chunk's. Everything is drawn from one seed. :func:`kept` makes each size once.
"""

import json
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path

import attrs
import kept as keeping
import numpy as np

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("TTRPG_TEST_DATA", ROOT.parent / "shared" / "data"))
OURS = ROOT / "packages/ttrpg-cli/src/ttrpg_cli/book/the-lamplit-road.md"
WORDS = 150
DIMENSION = 384
CENTRES = 400
NOISE = 0.6
"""How far, for a centre of length one, the vectors of a subject are strewn around it."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


@attrs.frozen
class Corpus:
    """Texts with one vector each (float32, unit length), and queries.

    A query is words, a vector, and in ``asked`` the number of the chunk that it was made of.
    """

    texts: list[str]
    vectors: np.ndarray
    queries: list[str]
    query_vectors: np.ndarray
    asked: list[int]


def make(count: int, queries: int = 200) -> Corpus:
    """``count`` chunks and some queries; the same for the same count."""
    rng = random.Random(7)
    numbers = np.random.default_rng(7)
    texts = _texts(count, rng)
    centres = _unit(numbers.standard_normal((CENTRES, DIMENSION), dtype=np.float32))
    subject = numbers.integers(0, CENTRES, count)
    strewn = numbers.standard_normal((count, DIMENSION), dtype=np.float32) * (
        NOISE / DIMENSION**0.5
    )
    vectors = _unit(centres[subject] + strewn)
    asked = rng.sample(range(count), queries)
    noise = numbers.standard_normal((queries, DIMENSION), dtype=np.float32) * (
        NOISE / DIMENSION**0.5
    )
    near = _unit(vectors[asked] + noise)
    return Corpus(texts, vectors, [_query(texts[at], rng) for at in asked], near, asked)


def kept(count: int, *, whole: bool) -> Corpus:
    """The same, made once; without its texts and vectors unless it is wanted ``whole``."""

    def write(place: Path) -> bool:
        made = make(count)
        words = {"texts": made.texts, "asked": [made.queries, made.asked]}
        for name, told in words.items():
            (place / f"{name}.json").write_text(json.dumps(told), "utf-8")
        np.save(place / "vectors.npy", made.vectors)
        np.save(place / "near.npy", made.query_vectors)
        return True

    place = keeping.folder(f"corpus-{count}", fingerprint(), write)
    assert place
    queries, asked = json.loads((place / "asked.json").read_text("utf-8"))
    near = np.load(place / "near.npy")
    if not whole:
        return Corpus([], near[:0], queries, near, asked)
    texts = json.loads((place / "texts.json").read_text("utf-8"))
    return Corpus(texts, np.load(place / "vectors.npy"), queries, near, asked)


def fingerprint() -> str:
    """Digits that are others when the corpus is."""
    return keeping.digest(Path(__file__), keeping.installed("numpy"), *_files())


def _files() -> list[Path]:
    return sorted((DATA / "rules/md").rglob("*.md")) or [OURS]


def _texts(count: int, rng: random.Random) -> list[str]:
    texts: list[str] = []
    sentences: list[str] = []
    for words in _runs():
        texts.append(words)
        sentences += _SENTENCE.split(words)
    texts = texts[:count]
    while len(texts) < count:
        made: list[str] = []
        size = 0
        while size < WORDS:
            made.append(rng.choice(sentences))
            size += len(made[-1].split())
        texts.append(" ".join(made))
    return texts


def _runs() -> Iterator[str]:
    """The rule books' text in runs of about so many words."""
    for file in _files():
        words = file.read_text("utf-8", "replace").split()
        for start in range(0, len(words), WORDS):
            yield " ".join(words[start : start + WORDS])


def _query(text: str, rng: random.Random) -> str:
    """Three to six words of a text, of four letters and more where there are such."""
    words = re.findall(r"[A-Za-z]{4,}", text) or re.findall(r"\w+", text)
    return " ".join(rng.sample(words, min(len(words), rng.randint(3, 6))))


def _unit(rows: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.ascontiguousarray(rows / lengths, dtype=np.float32)
