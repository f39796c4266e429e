"""How quickly the nearest vectors are found, and how many of them: numpy alone, and with faiss.

    python bench/library/vectors.py [CHUNKS...]

Two kinds of vectors (see corpus.py): those that are given to every engine of the speed benchmark,
and those that the embedder that ships makes of its texts, without the texts that are there twice.
Printed for each index: seconds to make what it has besides the vectors, the median and the 95th
percentile of a warm question in ms of a processor, and which share of the true nearest ten and of
all forty that a search asks for is among the forty found. The goal of the former is 0.98.
"""

import sys
import tempfile
import time
from pathlib import Path

import corpus as made
import numpy as np
from figures import at_least

from ttrpg_core.context import Context
from ttrpg_search.embed.static import Static
from ttrpg_search.engine import TUNING
from ttrpg_search.vectors.exact import Exact
from ttrpg_search.vectors.faiss_index import FaissIndex

SIZES = (20_000, 100_000)
WANTED, FIRST = TUNING.pool, 10
BATCH = 1000
SHARE = 0.98


def shipped(corpus: made.Corpus) -> tuple[np.ndarray, np.ndarray]:
    """The vectors of texts and of questions that the embedder that ships makes."""
    embedder = Static()
    texts = list(dict.fromkeys(corpus.texts))
    parts = [texts[start : start + BATCH] for start in range(0, len(texts), BATCH)]
    rows = [np.asarray(embedder.embed(part), np.float32) for part in parts]
    return np.concatenate(rows), np.asarray(embedder.embed(corpus.queries), np.float32)


def measure(kind: str, rows: np.ndarray, questions: np.ndarray, place: Path) -> None:
    """Print the figures of both indexes over some vectors."""
    true = np.argsort(-(questions @ rows.T), axis=1, kind="stable")[:, :WANTED]
    exact = Exact(Context(folder=place))
    exact.add("bench", range(len(rows)), rows)
    faiss = FaissIndex(Context(folder=place))
    for name, index in (("exact", exact), ("faiss", faiss)):
        start = time.process_time()
        if isinstance(index, FaissIndex):
            index.grow()
        seconds = time.process_time() - start
        busy, shares = [], []
        for number, question in enumerate(questions):
            start = time.process_time()
            found = {each for each, _ in index.search(question, WANTED)}
            busy.append(1000 * (time.process_time() - start))
            near = true[number].tolist()
            shares.append([len(found.intersection(near[:n])) / n for n in (FIRST, WANTED)])
        busy = sorted(busy[1:])
        ten, whole = np.mean(shares, axis=0)
        of = f"{kind}, {len(rows):,}, {name}"
        said = at_least("share of the nearest ten", float(ten), SHARE, of)
        print(
            f"{kind:8} {len(rows):8,} {name:6} {seconds:8.1f} {busy[len(busy) // 2]:8.2f}"
            f" {busy[int(len(busy) * 0.95)]:8.2f} {ten:7.3f} {whole:7.3f}  ({said})",
            flush=True,
        )
        index.close()


def main(sizes: tuple[int, ...]) -> None:
    """Print the table."""
    print(
        f"{'vectors':8} {'rows':>8} {'index':6} {'make s':>8} {'p50 ms':>8} {'p95 ms':>8}"
        f" {'ten':>7} {'all':>7}"
    )
    for size in sizes:
        corpus = made.kept(size, whole=True)
        for kind, rows, questions in (
            ("given", corpus.vectors, corpus.query_vectors),
            ("shipped", *shipped(corpus)),
        ):
            with tempfile.TemporaryDirectory() as place:
                measure(kind, rows, questions, Path(place))


if __name__ == "__main__":
    main(tuple(int(each) for each in sys.argv[1:]) or SIZES)
