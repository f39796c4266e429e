"""Train the static embedding that ttrpg-search ships, and compare it with its teacher.

    python bench/library/train_static.py FOLDER_OF_MINILM [--data DIR] [--wordnet DIR]
        [--cache DIR] [--out FILE]
    python bench/library/train_static.py FOLDER_OF_MINILM --evaluate

A text's vector is the sum of a vector for each WordPiece and each common pair of them. They are
trained (Adam, fixed seed) on two things at once: to point where the teacher's vector of the text
points, brought to fewer dimensions by its principal axes; and, in batches, to tell the passage
that a heading, question, sentence or word belongs to from the others (InfoNCE both ways, its
labels mixed with the teacher's own judgement). Only ``--evaluate`` reads the gold questions.
"""

import argparse
import hashlib
import json
import os
import re
import time
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import static_corpus
from numpy.typing import NDArray

from ttrpg_core.context import Context
from ttrpg_core.search import Embedder
from ttrpg_search.embed import static
from ttrpg_search.embed.arrays import unit
from ttrpg_search.embed.folder import ModelSettings
from ttrpg_search.embed.minilm import MiniLM
from ttrpg_search.embed.wordpiece import WordPiece, read_vocabulary

Array = NDArray[np.float32]
Numbers = NDArray[np.int32]

VERSION = "static-rules-1"
ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("TTRPG_TEST_DATA", ROOT.parent / "shared" / "data"))
WORDNET = Path("/usr/share/wordnet")
DIMENSION, PAIRS, RAREST_PAIR = 224, 6000, 8
SHORTEST_WORD = 3
EPOCHS, BATCH, RATE = 3, 384, 2e-3
TEMPERATURE = 0.05
CONTRAST = 0.05
"""Weight of telling passages apart, in units of the loss's own steepness at that temperature."""
TRUST = 0.3
"""Share of the teacher's judgement in the labels."""
KEPT = re.compile(r"\[(?:UNK|CLS|SEP)\]|(?:##)?[a-z0-9]+|[!-~]")
"""Pieces that are kept: Latin letters, digits, signs."""
LEARNT_FROM_WORDS = {"gloss", "lemma", "example"}
KINDS = ("exact", "natural", "paraphrase", "misspelled", "abbreviation")


def teach(teacher: Embedder, texts: Sequence[str], cache: Path | None) -> Array:
    """The teacher's vectors, in parts with the shortest texts first; kept in a file if asked."""
    digest = hashlib.sha256("\0".join([teacher.id, *texts]).encode()).hexdigest()[:16]
    path = cache / f"teacher-{digest}.npy" if cache else None
    if path and path.exists():
        return np.load(path).astype(np.float32)
    found = np.empty((len(texts), teacher.dimension), np.float16)
    order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
    start = time.perf_counter()
    for first in range(0, len(order), 5000):
        part = order[first : first + 5000]
        found[part] = teacher.embed([texts[place] for place in part])
        seconds = time.perf_counter() - start
        print(f"taught {first + len(part):,} of {len(order):,}, {seconds:.0f} s", flush=True)
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, found)
    return found.astype(np.float32)


def common_pairs(texts: Sequence[Sequence[int]], names: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of pieces that stand together far more often than by chance, as "saving throw" does."""
    pairs = Counter(pair for text in texts for pair in pairwise(text))
    single = Counter(piece for text in texts for piece in text)
    total = sum(single.values())
    wordy = {n for n, name in enumerate(names) if name.removeprefix("##").isalnum()}

    def telling(pair: tuple[int, int]) -> float:
        count = pairs[pair]
        return count * float(np.log(count * total / (single[pair[0]] * single[pair[1]])))

    known = [p for p, n in pairs.items() if n >= RAREST_PAIR and wordy.issuperset(p)]
    return sorted(known, key=lambda pair: (-telling(pair), pair))[:PAIRS]


class Student:
    """Token vectors in training."""

    def __init__(self, start: Array) -> None:
        self.rows = start
        self._first = np.zeros_like(start)
        self._second = np.zeros_like(start)

    def vectors(self, texts: Sequence[Numbers]) -> tuple[NDArray[np.intp], Array, Array]:
        """Which rows the texts have, how often each has them, and the sums."""
        used, where = np.unique(np.concatenate(texts), return_inverse=True)
        counts = np.zeros((len(texts), len(used)), np.float32)
        np.add.at(counts, (np.repeat(np.arange(len(texts)), [len(t) for t in texts]), where), 1)
        return used, counts, counts @ self.rows[used]

    def learn(
        self, ask: Sequence[Numbers], say: Sequence[Numbers], goal: Array, same: Array, rate: float
    ) -> tuple[float, float]:
        """One step on pairs of texts; both losses before it.

        ``goal`` are the teacher's vectors, first of those that ask; ``same`` is 1 where a text that
        asks belongs to one that answers.
        """
        count = len(ask)
        used, counts, sums = self.vectors([*ask, *say])
        length = np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-6)
        unit_rows = sums / length
        slope = -goal / (2 * count)
        asks, says = unit_rows[:count], unit_rows[count:]
        judged = _softmax(goal[:count] @ goal[count:].T / TEMPERATURE)
        wanted = (1 - TRUST) * same / same.sum(1, keepdims=True) + TRUST * judged
        back = wanted.T / np.maximum(wanted.T.sum(1, keepdims=True), 1e-9)
        likely = _softmax(asks @ says.T / TEMPERATURE)
        likely_back = _softmax(says @ asks.T / TEMPERATURE)
        wrong = ((likely - wanted) + (likely_back - back).T) * (CONTRAST / (TEMPERATURE * count))
        slope[:count] += wrong @ says
        slope[count:] += wrong.T @ asks
        slope = (slope - unit_rows * (slope * unit_rows).sum(1, keepdims=True)) / length
        self._step(used, counts.T @ slope, rate)
        return (
            float(1 - (unit_rows * goal).sum(1).mean()),
            float(-(wanted * np.log(likely + 1e-9)).sum(1).mean()),
        )

    def _step(self, used: NDArray[np.intp], slope: Array, rate: float) -> None:
        """Adam on the rows that were used."""
        self._first[used] = 0.9 * self._first[used] + 0.1 * slope
        self._second[used] = 0.99 * self._second[used] + 0.01 * slope * slope
        self.rows[used] -= rate * self._first[used] / (np.sqrt(self._second[used]) + 1e-8)


def _softmax(rows: Array) -> Array:
    found = np.exp(rows - rows.max(1, keepdims=True))
    found /= found.sum(1, keepdims=True)
    return found


def starting_rows(texts: Sequence[Numbers], goal: Array, count: int) -> tuple[Array, Array]:
    """The mean of the goals of the short texts a row is in, less the mean of all; and how many."""
    rows = np.zeros((count, goal.shape[1]), np.float32)
    having = np.bincount(np.concatenate([np.unique(t) for t in texts]), minlength=count)
    mean = goal.mean(0)
    for text, each in zip(texts, goal, strict=True):
        if len(text) <= 40:  # noqa: PLR2004 - in a long text a piece says little of the whole
            used = np.unique(text)
            rows[used] += (each - mean) / len(used)
    rows = unit(rows)
    rows *= (np.clip(np.log((len(texts) + 1) / (having + 1)), 0.5, 9) / 9)[:, None]
    return rows, having.astype(np.float32)


def train(options: argparse.Namespace) -> None:
    """Read, teach, train, write."""
    begun = time.perf_counter()
    teacher = MiniLM(Context(settings=ModelSettings(str(options.model))))
    every = read_vocabulary(options.model)
    names = [name for name in every if KEPT.fullmatch(name)]
    cutter = WordPiece({name: number for number, name in enumerate(names)})
    pairs = list(static_corpus.pairs(options.data))
    pairs += static_corpus.glosses(
        options.wordnet, {n for n in names if n.isalpha() and len(n) >= SHORTEST_WORD}
    )
    texts = list(dict.fromkeys(text for _, ask, say in pairs for text in (ask, say)))
    print(f"{len(pairs):,} pairs, {len(texts):,} texts")
    goal = teach(teacher, texts, options.cache)
    single = teach(teacher, [name.removeprefix("##") for name in names], options.cache)
    rng = np.random.default_rng(1)
    _, _, axes = np.linalg.svd(goal[rng.permutation(len(goal))[:20_000]], full_matrices=False)
    axes = axes[:DIMENSION].T
    goal, single = unit(goal @ axes), unit((single - goal.mean(0)) @ axes)
    cut = [cutter.tokens(text, 254) for text in texts]
    together = common_pairs(cut, names)
    numbered = {pair: number for number, pair in enumerate(together, len(names))}
    numbers = [
        np.array([*t, *(numbered[p] for p in pairwise(t) if p in numbered)] or [0], np.int32)
        for t in cut
    ]
    rows, having = starting_rows(numbers, goal, len(names) + len(together))
    rows[len(names) :] *= 0.3  # a pair adds to what its pieces say
    student = Student(rows)
    place = {text: number for number, text in enumerate(texts)}
    asks = np.array([place[ask] for _, ask, _ in pairs])
    says = np.array([place[say] for _, _, say in pairs])
    wordy = np.array([kind in LEARNT_FROM_WORDS for kind, _, _ in pairs])
    steps, done = EPOCHS * (int(wordy.sum()) // BATCH + int((~wordy).sum()) // BATCH), 0
    for epoch in range(EPOCHS):
        batches = [
            shuffled[first : first + BATCH]
            for shuffled in (rng.permutation(np.flatnonzero(wordy == each)) for each in (0, 1))
            for first in range(0, len(shuffled) - BATCH + 1, BATCH)
        ]
        losses = []
        for turn in rng.permutation(len(batches)):
            ask, say = asks[batches[turn]], says[batches[turn]]
            done += 1
            rate = RATE * min(1, done / 100) * (1 - 0.95 * done / steps)
            same = (say[:, None] == say[None]).astype(np.float32)
            both = goal[np.concatenate([ask, say])]
            left, right = [numbers[n] for n in ask], [numbers[n] for n in say]
            losses.append(student.learn(left, right, both, same, rate))
        print(
            f"epoch {epoch + 1}: {np.mean(losses, 0).round(3)}, {time.perf_counter() - begun:.0f} s"
        )
    rare = (having > 0) & (having < 5)  # noqa: PLR2004 - pieces that were met seldom
    met = having[: len(names)] > 0
    usual = float(np.median(np.linalg.norm(student.rows[rare], axis=1)))
    student.rows[: len(names)][~met] = single[~met] * usual
    write(options.out, names, together, student.rows)
    seconds = time.perf_counter() - begun
    print(f"{options.out}: {options.out.stat().st_size:,} bytes, {seconds:.0f} s")


def write(path: Path, names: list[str], pairs: list[tuple[int, int]], rows: Array) -> None:
    """Write ``static.bin``; its form is told in ``ttrpg_search.embed.static``."""
    scales = np.maximum(np.abs(rows).max(1) / 127, 1e-7).astype("<f2")
    whole = np.rint(rows / scales.astype(np.float32)[:, None]).clip(-127, 127).astype(np.int8)
    words = "\n".join(names).encode()
    body = [words, np.array(pairs, "<u2").tobytes(), scales.tobytes(), whole.tobytes()]
    digest = hashlib.sha256(b"".join(body)).hexdigest()
    head = {
        "id": f"{VERSION}/{digest[:12]}",
        "words": len(words),
        "pairs": len(pairs),
        "rows": len(rows),
        "dimension": rows.shape[1],
        "sources": static_corpus.SOURCES,
    }
    path.write_bytes(b"".join([json.dumps(head).encode(), b"\n", *body]))


def evaluate(options: argparse.Namespace) -> None:
    """How often each answers the gold questions alone: first, and among the first ten."""
    sections = list(static_corpus.parts(options.data / static_corpus.RULES[0]))
    texts = [f"{' > '.join(part.path)}: {part.text}" for part in sections]
    lines = (options.data / "retrieval" / "tune.jsonl").read_text("utf-8").splitlines()
    questions = [json.loads(line) for line in lines]
    place = {(part.file, part.line): number for number, part in enumerate(sections)}
    gold = [{place[s["file"], s["line"]] for s in q["sections"]} for q in questions]
    kinds = np.array([question["kind"] for question in questions])
    titles = "  ".join(f"{kind[:10]:>10}" for kind in ("all", *KINDS))
    print(f"{'':18} {titles}  passages/s")
    embedders: list[Embedder] = [static.Static(path=options.out)]
    embedders.append(MiniLM(Context(settings=ModelSettings(str(options.model)))))
    for embedder in embedders:
        start = time.perf_counter()
        passages = np.asarray(embedder.embed(texts))
        rate = len(texts) / (time.perf_counter() - start)
        asked = np.asarray(embedder.embed([question["query"] for question in questions]))
        order = np.argsort(-(asked @ passages.T), axis=1, kind="stable")[:, :10].tolist()
        ranks = np.array(
            [
                next((n for n, x in enumerate(row) if x in right), 99)
                for row, right in zip(order, gold, strict=True)
            ]
        )
        told = [
            f"{(ranks[chosen] == 0).mean():.2f} {(ranks[chosen] < 10).mean():.2f}"  # noqa: PLR2004
            for chosen in (kinds != "", *(kinds == kind for kind in KINDS))
        ]
        row = "  ".join(f"{each:>10}" for each in told)
        print(f"{embedder.id[:18]:18} {row}  {rate:10.0f}")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--wordnet", type=Path, default=WORDNET)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--out", type=Path, default=static.FILE)
    parser.add_argument("--evaluate", action="store_true")
    options = parser.parse_args()
    (evaluate if options.evaluate else train)(options)


if __name__ == "__main__":
    main()
