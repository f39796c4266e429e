"""How good the search is: the gold questions over the SRD, ours beside the baselines.

    python bench/library/quality.py [--pdf] [--model] [--held-out|--second] [--why]

The SRD 5.1 is read and cut as ``ttrpg library add`` does it, the folder of Markdown by default, the
PDF with ``--pdf`` (then a question is answered by page). A question is answered at k when one of
the first k distinct sections is one of its own. ``--held-out`` asks 160 questions that nothing was
tuned by, in place of those that were; ``--second`` 155 more, of which the failures were looked at
after they were first measured (docs/decisions/0016). ``--model`` adds MiniLM, where its weights are
at hand, and the engines that want vectors: it takes minutes to give every passage one. ``--why``
lists what was not answered first.

Baselines ask the same passages: FTS5 with its own BM25 and Porter's stems, tantivy as its manual
says, MiniLM by cosine alone, LanceDB's hybrid search and Chroma with MiniLM's vectors. Goals:
without a model .85 at 10 and .55 at 1 (misspelled .95, abbreviation .88, natural .80 at 10; by page
.90 at 10), with MiniLM .92 at 10 and .65 at 1.
"""

import argparse
import os
import re
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import attrs
import kept
import numpy as np
from engines import Ask
from figures import at_least

from ttrpg_core import entries
from ttrpg_core.app import App
from ttrpg_core.context import Context
from ttrpg_core.documents import Chunk, Section, Source
from ttrpg_core.library import Book
from ttrpg_core.search import Embedder, Findings, Hit, Question, VectorIndex
from ttrpg_search import fusion
from ttrpg_search.embed.static import Static
from ttrpg_search.engine import TUNING, Engine, Tuning
from ttrpg_search.evaluation import Gold, Report, evaluate, load
from ttrpg_search.filling import fill, passage

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DATA = Path(os.environ.get("TTRPG_TEST_DATA", ROOT.parent / "shared" / "data"))
MARKDOWN = DATA / "rules/md/dnd5e-srd-5.1"
PDF = DATA / "rules/pdf/SRD_CC_v5.1.pdf"
GOLD = DATA / "retrieval"
SHA = "5" * 64
GOALS = {
    "no model": {"overall": (0.55, 0.85), "misspelled": (0, 0.95), "abbreviation": (0, 0.88)}
    | {"natural": (0, 0.80)},
    "MiniLM": {"overall": (0.65, 0.92)},
}
OFTEN = 30
"""Seconds after which the vectors that there are so far are kept."""
PAGES = 0.99
"""Of the hits that are right, how many have the right printed page."""


class Baseline:
    """A Finder that is nothing but one engine: ``rank`` answers ids for a text, best first."""

    def __init__(self, chunks: Sequence[Chunk], rank: Callable[[str], list[int]]) -> None:
        self._chunks = {chunk.id: chunk for chunk in chunks}
        self._rank = rank

    def find(self, question: Question) -> Findings:
        """Every hit counts as an answer."""
        ids = self._rank(question.text)
        return Findings(tuple(Hit(self._chunks[n], 1.0) for n in ids), bool(ids), len(ids))

    def close(self) -> None:
        """Nothing is open."""


def sections(*, pdf: bool) -> list[Section]:
    """The SRD as the parsers of ttrpg-ingest read it."""
    if pdf:
        from ttrpg_ingest.pdf import Pdf
        from ttrpg_ingest.shelf.learning import clean

        return clean([s for s in Pdf(Context()).parse(Source(PDF)) if isinstance(s, Section)])
    from ttrpg_ingest.marks.vault import Vault

    return [s for s in Vault(Context()).parse(Source(MARKDOWN)) if isinstance(s, Section)]


def shelved(app: App, *, pdf: bool) -> list[Chunk]:
    """The SRD on the shelf, with its passages indexed."""
    from ttrpg_ingest.chunks import cut

    chunks = cut(SHA, sections(pdf=pdf), app.settings.library.chunk_words)
    with app.store.transaction():
        app.library.begin(SHA, "bench", 0, "1974-01-01T00:00:00+00:00")
        kept = app.library.finish(SHA, chunks)
        app.keyword_searcher().add(kept)
        book = Book("srd", "SRD 5.1", SHA, "/x", "bench", 1, 0, len(kept), "1974", system="dnd5e")
        with app.journal.change("library.add") as change:
            change.insert("books", attrs.asdict(book))
            change.prose = "added"
    return kept


def engine(
    app: App, vector: VectorIndex | None, embedder: Embedder | None, tuning: Tuning = TUNING
) -> Engine:
    """Ours, with the vectors given."""

    def backend(role: str, name: str = "") -> object | None:
        if role in {"vector", "embedder"}:
            return vector if role == "vector" else embedder
        return app.backend(role, name)

    context = attrs.evolve(app.context(entries.Searcher, "engine"), backend=backend)
    return Engine(context, tuning)


class Once:
    """An embedder whose vectors of passages are kept for later runs: a model takes minutes.

    They are those of this model and of what computes it now; :meth:`keep` writes them. Questions
    are asked of the model itself, as their time counts.
    """

    def __init__(self, embedder: Embedder) -> None:
        self.id, self.dimension = embedder.id, embedder.dimension
        self._embedder = embedder
        by = kept.digest(
            embedder.id, *kept.sources(ROOT / "packages/ttrpg-search/src/ttrpg_search/embed")
        )
        self._place = kept.folder(f"vectors-{kept.digest(embedder.id)}", by, lambda _: True)
        self._kept_at = time.monotonic()
        self._rows: dict[str, np.ndarray] = {}
        if self._place and (self._place / "rows.npy").exists():
            keys = (self._place / "keys").read_text("ascii").split()
            self._rows = dict(zip(keys, np.load(self._place / "rows.npy"), strict=True))

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """A vector for each text."""
        keys = [kept.digest(text) for text in texts]
        missing = {
            key: text for key, text in zip(keys, texts, strict=True) if key not in self._rows
        }
        wanted = list(missing.items())
        for start in range(0, len(wanted), 64):
            if time.monotonic() - self._kept_at > OFTEN:  # a run that is stopped has that much
                self.keep()
            some = wanted[start : start + 64]
            rows = np.asarray(self._embedder.embed([text for _, text in some]), np.float32)
            self._rows.update(zip([key for key, _ in some], rows, strict=True))
        return np.array([self._rows[key] for key in keys]).reshape(-1, self.dimension)

    def keep(self) -> None:
        """Write what there is, for other runs."""
        if self._place and self._rows:
            (self._place / "rows.npy").unlink(missing_ok=True)  # while the keys are others
            (self._place / "keys").write_text("\n".join(self._rows), "ascii")
            np.save(self._place / "half.npy", np.array(list(self._rows.values())))
            (self._place / "half.npy").rename(self._place / "rows.npy")
        self._kept_at = time.monotonic()


def with_vectors(app: App, embedder: Embedder, folder: Path) -> tuple[Engine, VectorIndex]:
    """Ours with an embedder, its vectors made now."""
    from ttrpg_search.vectors.exact import Exact

    folder.mkdir()
    index = Exact(Context(folder=folder))
    passages = Once(embedder)
    fill(app.store.connection, passages, index, _told)
    passages.keep()
    return engine(app, index, embedder), index


def _told(done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\rvectors {done}/{total} ", end="", file=sys.stderr)


def fts5_alone(chunks: Sequence[Chunk]) -> Baseline:
    """SQLite's FTS5: heading, path and text as they are, Porter's stems, any of the words."""
    connection = sqlite3.connect(":memory:")
    connection.execute(
        "CREATE VIRTUAL TABLE t USING fts5 (heading, path, body, tokenize='porter unicode61')"
    )
    connection.executemany(
        "INSERT INTO t (rowid, heading, path, body) VALUES (?, ?, ?, ?)",
        [(c.id, c.heading, " ".join(c.path[:-1]), c.text) for c in chunks],
    )

    def rank(text: str) -> list[int]:
        words = " OR ".join(f'"{word}"' for word in re.findall(r"\w+", text))
        rows = connection.execute(
            "SELECT rowid FROM t WHERE t MATCH ? ORDER BY rank LIMIT 40", [words]
        )
        return [row[0] for row in rows]

    return Baseline(chunks, rank)


def tantivy_alone(chunks: Sequence[Chunk]) -> Baseline | None:
    """Tantivy with its English stemmer and its lenient query parser."""
    try:
        import tantivy
    except ImportError:
        return None
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("id", stored=True)
    for name in ("heading", "path", "body"):
        builder.add_text_field(name, tokenizer_name="en_stem")
    index = tantivy.Index(builder.build())
    writer = index.writer()
    for c in chunks:
        writer.add_document(
            tantivy.Document(id=c.id, heading=c.heading, path=" ".join(c.path), body=c.text)
        )
    writer.commit()
    index.reload()
    searcher = index.searcher()

    def rank(text: str) -> list[int]:
        query, _ = index.parse_query_lenient(text, ["heading", "path", "body"])
        return [searcher.doc(at)["id"][0] for _, at in searcher.search(query, 40).hits]

    return Baseline(chunks, rank)


def vectors_alone(chunks: Sequence[Chunk], index: VectorIndex, embedder: Embedder) -> Baseline:
    """Cosine and nothing else."""
    return Baseline(
        chunks, lambda text: [n for n, _ in index.search(embedder.embed([text])[0], 40)]
    )


def others_with_vectors(
    chunks: Sequence[Chunk], embedder: Embedder, folder: Path
) -> Iterator[tuple[str, Baseline]]:
    """LanceDB's hybrid search and Chroma, where they are installed, with the same vectors."""
    import engines
    from corpus import Corpus

    texts = [passage(chunk) for chunk in chunks]
    made = Once(embedder)
    vectors = made.embed(texts)
    made.keep()
    for name in ("lancedb", "chroma"):
        if find_spec("chromadb" if name == "chroma" else name) is None:
            print(f"\n{name} is left out: it is not installed")
            continue
        corpus = Corpus(texts, vectors, [""], vectors[:1].copy(), [0])
        at = folder / name
        at.mkdir()
        getattr(engines, f"{name}_fill")(at, corpus)
        ask = getattr(engines, f"{name}_open")(at, corpus, top=40)

        def rank(text: str, corpus: Corpus = corpus, ask: Ask = ask) -> list[int]:
            corpus.queries[0] = text
            corpus.query_vectors[0] = embedder.embed([text])[0]
            return [chunks[number].id for number in ask(0)]

        told = "LanceDB hybrid, MiniLM" if name == "lancedb" else "Chroma, MiniLM"
        yield told, Baseline(chunks, rank)


def show(name: str, report: Report, goals: dict[str, tuple[float, float]]) -> None:
    """One configuration: overall, then each kind, with the goals that it has."""
    refused = "" if report.refused is None else f", unanswerable told {report.refused:.2f}"
    print(f"\n{name} ({report.median_ms:.1f} ms median{refused})")
    if goals and report.overall.page_accuracy is not None:
        at_least(f"{name}: right printed page", report.overall.page_accuracy, PAGES)
    print("  kind          asked    @1    @5   @10   MRR nDCG@10  page  told  goal @1/@10")
    for kind, told in {"overall": report.overall, **report.by_kind}.items():
        one, five, ten = (told.recall[k] for k in (1, 5, 10))
        page = "    -" if told.page_accuracy is None else f"{told.page_accuracy:5.2f}"
        goal = "/".join(f"{each:.2f}" if each else "-" for each in goals.get(kind, ()))
        for k, wanted in zip((1, 10), goals.get(kind, ()), strict=False):
            if wanted:
                at_least(f"{name}: {kind} at {k}", told.recall[k], wanted)
        print(
            f"  {kind:13s} {told.questions:5d} {one:5.2f} {five:5.2f} {ten:5.2f} {told.mrr:5.2f}"
            f" {told.ndcg10:7.2f} {page} {told.told:5.2f}  {goal}"
        )


def why(report: Report) -> None:
    """The questions that were not answered first, and where their answer came."""
    for each in report.outcomes:
        if each.gold.places and each.ranks[:1] != (1,):
            rank = each.ranks[0] if each.ranks else "-"
            print(f"    {each.gold.kind:12s} {rank!s:>3s}  {each.gold.query}")


def minilm() -> Embedder | None:
    """MiniLM by numpy, where its weights are."""
    from ttrpg_core.errors import TtrpgError
    from ttrpg_search.embed.minilm import MiniLM

    try:
        return MiniLM(Context())
    except TtrpgError as error:
        print(f"\nMiniLM is left out: {error}")
        return None


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for flag in ("--pdf", "--model", "--held-out", "--second", "--why"):
        parser.add_argument(flag, action="store_true")
    asked = parser.parse_args()
    if not GOLD.is_dir():
        print("quality: skipped, the test data is not here; set TTRPG_TEST_DATA")
        return 0
    held_out = asked.held_out or asked.second
    name = "held_out_second" if asked.second else "held_out"
    names = (name, f"{name}_unanswerable") if held_out else ("tune", "unanswerable")
    place = HERE if held_out else GOLD
    gold: list[Gold] = [each for name in names for each in load(place / f"{name}.jsonl")]
    with tempfile.TemporaryDirectory() as folder:
        app = App(environ={**os.environ, "TTRPG_HOME": folder}, folder=Path(folder))
        chunks = shelved(app, pdf=asked.pdf)
        print(
            f"SRD 5.1 as {'PDF' if asked.pdf else 'Markdown'}: {len(chunks)} passages,"
            f" {names[0].replace('_', ' ')} questions"
        )
        without_model(app, chunks, gold, Path(folder), pdf=asked.pdf, whys=asked.why)
        model = minilm() if asked.model else None
        if model is not None:
            with_model(app, chunks, gold, model, Path(folder), pdf=asked.pdf, whys=asked.why)
        app.close()
    return 0


def without_model(
    app: App, chunks: Sequence[Chunk], gold: list[Gold], folder: Path, *, pdf: bool, whys: bool
) -> None:
    """What needs no weights: ours, and the baselines of words."""
    static = Static(Context())
    full, near = with_vectors(app, static, folder / "static")
    goals = {"overall": (0.0, 0.90)} if pdf else GOALS["no model"]
    show("ours, words alone", evaluate(engine(app, None, None), gold), {})
    ours = evaluate(full, gold)
    show("ours, no model", ours, goals)
    if whys:
        why(ours)
    by_ranks = attrs.evolve(TUNING, fuse=fusion.by_ranks)
    show("the same by reciprocal ranks", evaluate(engine(app, near, static, by_ranks), gold), {})
    for name, baseline in (
        ("FTS5 alone", fts5_alone(chunks)),
        ("tantivy alone", tantivy_alone(chunks)),
        ("static vectors alone", vectors_alone(chunks, near, static)),
    ):
        if baseline is not None:
            show(name, evaluate(baseline, gold), {})


def with_model(
    app: App,
    chunks: Sequence[Chunk],
    gold: list[Gold],
    model: Embedder,
    folder: Path,
    *,
    pdf: bool,
    whys: bool,
) -> None:
    """What asks MiniLM: ours, and the baselines of vectors."""
    full, index = with_vectors(app, model, folder / "minilm")
    report = evaluate(full, gold)
    show("ours, with MiniLM", report, {"overall": (0.0, 0.90)} if pdf else GOALS["MiniLM"])
    if whys:
        why(report)
    show("MiniLM alone", evaluate(vectors_alone(chunks, index, model), gold), {})
    for name, baseline in others_with_vectors(chunks, model, folder):
        show(name, evaluate(baseline, gold), {})


if __name__ == "__main__":
    raise SystemExit(main())
