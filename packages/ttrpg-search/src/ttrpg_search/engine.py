"""The whole search: one question in, the best passages out.

Understand the question, find the books and passages that its filters allow, ask the words and the
vectors, put both together, keep the best passage of each section. Every stage says what it did in
``Findings.steps``, and where it put each passage in ``Findings.ranks``.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias, cast

import attrs

from ttrpg_core.context import Context
from ttrpg_core.errors import TtrpgError
from ttrpg_core.search import (
    Embedder,
    Filled,
    Findings,
    Hit,
    Query,
    Question,
    Reranker,
    Searcher,
    Step,
    VectorIndex,
)
from ttrpg_core.values import frozen
from ttrpg_search.answering import FIRST, signs, sure
from ttrpg_search.asking.asked import Asked
from ttrpg_search.asking.elsewhere import missing
from ttrpg_search.asking.lexicon import lexicon
from ttrpg_search.asking.prices import listed
from ttrpg_search.asking.reading import Reader
from ttrpg_search.asking.titles import by_name
from ttrpg_search.fts import Fts5, Matched, chunks_of
from ttrpg_search.fusion import Fuse, Ranking, convex
from ttrpg_search.keyword.known import Known
from ttrpg_search.keyword.marks import Marker, late
from ttrpg_search.keyword.plan import Plan, plan
from ttrpg_search.keyword.texts import Standing, Texts, one_moment
from ttrpg_search.scope import Scope, Shelf, Shelves, scope_of


@frozen
class Tuning:
    """The few numbers of the whole; docs/decisions/0016 says how they were found."""

    pool: int = 40
    """Passages that each stage hands on, where no more are wanted at once."""
    dense: float = 0.4
    """The share of the vectors of a small static embedder."""
    dense_model: float = 0.5
    """The share of the vectors of a model."""
    sentence: float = 0.15
    """What a question in a sentence adds to that share: it names less, and means as much."""
    house: float = 0.4
    """The share of the best score from which a house rule stands above the book."""
    vote: float = 0.05
    """What a further passage of a section adds to its best."""
    priced: float = 1.2
    """What a price list with the thing asked for counts, of the best score: above all votes."""
    aside: float = 0.85
    """What a stat block, table of contents or fiction counts for a question about the rules."""
    reranked: int = 20
    """Passages that a reranker sees."""
    fuse: Fuse = convex
    """How words and vectors are put together."""


TUNING = Tuning()
Marks: TypeAlias = tuple[tuple[int, int], ...]
_ASIDE = frozenset({"stat_block", "contents", "fiction", "example"})
_KINDS: Mapping[str, type] = {
    "keyword": Searcher,
    "vector": VectorIndex,
    "embedder": Embedder,
    "reranker": Reranker,
}
STANDS_FOR = 0.7
"""The weight from which on a way of saying stands for a word of the question, and is marked."""
STATIC = "static"
"""How the id of a static embedder begins."""


class Engine:
    """The ``finder`` of this package: asks the backends that the settings choose."""

    def __init__(self, context: Context, tuning: Tuning = TUNING) -> None:
        self._context = context
        self._tuning = tuning
        self._made: dict[str, object | None] = {}
        self._known: tuple[sqlite3.Connection, Known] | None = None
        self._shelves = Shelves()

    def find(self, question: Question) -> Findings:
        """The best passages, best first; one of each section."""
        connection = self._context.database()
        changing = connection.in_transaction
        with one_moment(connection):
            shelf = self._shelves.now(connection, changing=changing)
            return self._find(question, connection, shelf)

    def _find(self, question: Question, connection: sqlite3.Connection, shelf: Shelf) -> Findings:
        texts = self._looked(connection)
        known = lexicon(shelf.systems, self._context.language())
        asked = Reader(texts, known).read(question.text)
        scope = scope_of(connection, shelf, question, asked.filters)
        within = _with_phrases(texts, asked, scope.within)
        left = [Step("language", f"left aside: {problem}") for problem in known.problems]
        steps = [*left, *asked.steps, *scope.steps]
        query = Query(asked.plain, scope.sources, asked.terms, asked.absent, within)
        matched = self._matched(query, texts, self._pool(question))
        planned = matched.plan
        stages: dict[str, Ranking] = {}
        if query.text:
            stages = self._asked(question, asked, query, matched, steps)
        elif within is not None:  # nothing but filters: all that they leave, as the books go
            stages = {"fused": [(number, 0.0) for number in sorted(within)]}
        fused = stages.pop("fused", [])
        priced = listed(asked, texts, connection, within, scope.sources)
        if priced:
            steps.append(Step("prices", f"a row with the price in {len(priced)} of the tables"))
            top = self._tuning.priced * max((score for _, score in fused), default=1.0)
            fused = [(n, top) for n in priced] + [each for each in fused if each[0] not in priced]
        elif query.text:
            fused, titled = by_name(asked, fused, connection, matched.having)
            if titled:
                steps.append(Step("titles", f"{titled} passages bear the question as their title"))
        standing = matched.standing(number for number, _ in fused)
        order = self._ordered(fused, standing, asked, scope)
        order = self._reranked(connection, asked, order, steps)
        shown = order[question.offset : question.offset + question.count]
        chunks = chunks_of(connection, [number for number, _ in shown])
        # a book that is being read anew has an index, and no text yet
        there = [(chunks[number], score) for number, score in shown if number in chunks]
        marks = late(
            [chunk.text for chunk, _ in there],
            lambda texts: _marks(texts, _own(planned, asked.words), planned),
        )
        hits = tuple(Hit(*each, met) for each, met in zip(there, marks, strict=True))
        elsewhere = missing(asked.plain, texts)
        if elsewhere:
            steps.append(Step("answered", f"no: {elsewhere} is a name that is in no book here"))
        answered = not elsewhere and (
            bool(priced)
            or (bool(order) and self._answers(texts, asked, planned, order, stages, steps))
        )
        return Findings(
            hits,
            answered=answered,
            total=len(order),
            corrected=asked.corrected,
            steps=tuple(steps),
            ranks=_ranks([hit.chunk.id for hit in hits], stages),
            suggested=asked.suggested,
        )

    def fill(self) -> Iterator[Filled]:
        """Make the vectors that are missing; see :class:`ttrpg_core.search.Filler`."""
        from ttrpg_search.filling import filled  # it needs numpy, which words alone do not

        return filled(self._context)

    def close(self) -> None:
        """Let go of the backends."""
        for made in self._made.values():
            if isinstance(made, (Searcher, VectorIndex)):
                made.close()
        self._made.clear()
        self._known, self._shelves = None, Shelves()

    def _asked(
        self,
        question: Question,
        asked: Asked,
        query: Query,
        matched: Matched,
        steps: list[Step],
    ) -> dict[str, Ranking]:
        """The rankings of words and of vectors, and both together."""
        lexical = matched.best
        steps.append(Step("words", f"{len(lexical)} passages"))
        dense: Ranking = []
        share = 0.0
        if not question.keyword_only:
            dense, share = self._vectors(asked, query, lexical, steps, self._pool(question))
        if not dense:
            return {"words": lexical, "fused": lexical}
        missing = frozenset(n for n, _ in dense) - {n for n, _ in lexical}
        further = matched.of(missing) if missing else {}
        whole = [*lexical, *((n, further[n]) for n in missing if further.get(n))]
        if query.absent:  # vectors know nothing of what must not be there
            there = {number for number, _ in whole}
            dense = [each for each in dense if each[0] in there]
        fused = self._tuning.fuse(whole, dense, share)
        steps.append(Step("fused", f"{len(fused)} passages, {share:.2f} of it by vectors"))
        return {"words": lexical, "vectors": dense, "fused": fused}

    def _answers(
        self,
        texts: Texts,
        asked: Asked,
        planned: Plan,
        order: Sequence[tuple[int, float]],
        stages: Mapping[str, Ranking],
        steps: list[Step],
    ) -> bool:
        """Whether the first passages answer; a list of what filters leave always does."""
        if not planned.groups:
            return True
        first = [number for number, _ in order[:FIRST]]
        near = dict(stages.get("vectors", ()))
        told = signs(
            texts.of(first),
            planned.groups[: asked.words],
            planned,
            near.get(first[0], 0.0) if near else None,
        )
        found, least = sure(told)
        nearest = "" if told.nearest is None else f", the first is {told.nearest:.2f} near"
        steps.append(
            Step(
                "answered",
                f"{told.met:.2f} of the words and {told.headed:.2f} of a heading are met{nearest}:"
                f" {found:.2f} of the {least:.2f} that an answer has",
            )
        )
        return found >= least

    def _matched(self, query: Query, texts: Texts, most: int) -> Matched:
        """What the keyword backend finds."""
        keyword = cast("Searcher | None", self._part("keyword"))
        if isinstance(keyword, Fts5):
            return keyword.match(query, most, texts)
        planned = plan(query, texts)
        if keyword is None:
            return Matched(planned, [], lambda _: {}, texts.standing)

        def of(ids: Iterable[int]) -> dict[int, float]:
            within = frozenset(ids)
            return dict(_scores(keyword.search(attrs.evolve(query, within=within), len(within))))

        return Matched(planned, _scores(keyword.search(query, most)), of, texts.standing)

    def _vectors(
        self, asked: Asked, query: Query, lexical: Ranking, steps: list[Step], pool: int
    ) -> tuple[Ranking, float]:
        """What the vectors find, and their share."""
        try:
            return self._near(asked, query, lexical, steps, pool)
        except TtrpgError as error:  # a broken part costs its ranking, and not the answer
            steps.append(Step("vectors", f"left aside: {error}"))
            return [], 0.0

    def _near(
        self, asked: Asked, query: Query, lexical: Ranking, steps: list[Step], pool: int
    ) -> tuple[Ranking, float]:
        index = cast("VectorIndex | None", self._part("vector"))
        embedder = cast("Embedder | None", self._part("embedder"))
        if index is None or embedder is None:
            return [], 0.0
        there = index.embedder()
        if there != embedder.id:
            said = f"made by {there}, not by {embedder.id}" if there else "none yet"
            steps.append(Step("vectors", f"left aside: {said}; ttrpg library index makes them"))
            return [], 0.0
        within = query.within
        if within is None and query.sources is not None:
            within = Texts(self._context.database()).ids(query.sources)
        vector = embedder.embed([asked.spoken])[0]
        found = index.search(vector, pool, within)
        steps.append(Step("vectors", f"{len(found)} passages by {embedder.id}"))
        beside = frozenset(number for number, _ in lexical) - {number for number, _ in found}
        if beside:
            found += index.search(vector, len(beside), beside)
        tuning = self._tuning
        share = tuning.dense if embedder.id.startswith(STATIC) else tuning.dense_model
        return found, share + tuning.sentence * asked.natural

    def _ordered(
        self, fused: Ranking, standing: Mapping[int, Standing], asked: Asked, scope: Scope
    ) -> list[tuple[int, float]]:
        """Sections by their best passage, with what its kind and its book say about it."""
        best: dict[int, tuple[int, float]] = {}
        votes: dict[int, int] = {}
        aside = self._tuning.aside if asked.natural else 1.0
        for number, plain in fused:
            place = standing.get(number)
            if place is None:
                continue
            _, key, kind = place
            votes[key] = votes.get(key, 0) + 1
            score = plain * aside if kind in _ASIDE else plain
            if key not in best or score > best[key][1]:
                best[key] = (number, score)
        worth = [
            1 + self._tuning.vote * min(more, 2) for more in range(max(votes.values(), default=0))
        ]
        found = [(number, score * worth[votes[key] - 1]) for key, (number, score) in best.items()]
        found.sort(key=lambda each: (-each[1], each[0]))
        if scope.house and found:
            least = self._tuning.house * found[0][1]
            found.sort(
                key=lambda each: standing[each[0]].sha256 not in scope.house or each[1] < least
            )
        return found

    def _reranked(
        self,
        connection: sqlite3.Connection,
        asked: Asked,
        order: list[tuple[int, float]],
        steps: list[Step],
    ) -> list[tuple[int, float]]:
        """The first passages in the order of the reranker, where the settings name one."""
        reranker = cast("Reranker | None", self._part("reranker")) if order else None
        if reranker is None:
            return order
        chunks = chunks_of(connection, [n for n, _ in order[: self._tuning.reranked]])
        head = [each for each in order[: self._tuning.reranked] if each[0] in chunks]
        told = list(reranker.rerank(asked.plain, [chunks[number] for number, _ in head]))
        if len(told) != len(head):
            steps.append(Step("reranker", f"left aside: {len(told)} scores for {len(head)}"))
            return order
        by_told = sorted(zip(told, head, strict=True), key=lambda each: -each[0])
        steps.append(Step("reranked", f"the first {len(head)}"))
        scores = sorted((score for _, score in head), reverse=True)
        return [
            *((number, score) for (_, (number, _)), score in zip(by_told, scores, strict=True)),
            *(each for each in order if each not in head),
        ]

    def _looked(self, connection: sqlite3.Connection) -> Texts:
        """The tables of the keyword index as they are at this moment."""
        if self._known is None or self._known[0] is not connection:
            self._known = (connection, Known(connection))
        texts = self._known[1]
        texts.look()
        return texts

    def _pool(self, question: Question) -> int:
        return max(self._tuning.pool, question.count)

    def _part(self, role: str) -> object | None:
        """The backend of a role; None for none, or what is none of its kind.

        Asking a protocol whether something is of it takes long, so it is asked once.
        """
        if role not in self._made:
            made = self._context.backend(role)
            self._made[role] = made if isinstance(made, _KINDS[role]) else None
        return self._made[role]


def _own(planned: Plan, words: int) -> Plan:
    """The plan of the question's own words and what stands for them, without what is only near."""
    return planned._replace(
        groups=tuple(
            group._replace(ways=tuple(way for way in group.ways if way.weight >= STANDS_FOR))
            for group in planned.groups[:words]
        )
    )


def _marks(texts: Sequence[str], own: Plan, planned: Plan) -> list[Marks]:
    """What is marked: what stands for the question's words, else whatever met them."""
    found = Marker(own).every(texts)
    bare = [place for place, met in enumerate(found) if not met]
    if bare:
        others = Marker(planned).every([texts[place] for place in bare])
        for place, met in zip(bare, others, strict=True):
            found[place] = met
    return found


def _scores(hits: Iterable[Hit]) -> list[tuple[int, float]]:
    return [(hit.chunk.id, hit.score) for hit in hits]


def _with_phrases(
    texts: Texts, asked: Asked, within: frozenset[int] | None
) -> frozenset[int] | None:
    """The passages that have every quoted phrase."""
    for phrase in asked.phrases:
        there = frozenset(texts.with_phrase(phrase))
        within = there if within is None else within & there
    return within


def _ranks(
    ids: Sequence[int], stages: Mapping[str, Ranking]
) -> dict[int, tuple[tuple[str, int, float], ...]]:
    """Where each stage put the passages that are shown."""
    found: dict[int, list[tuple[str, int, float]]] = {number: [] for number in ids}
    for name, ranking in stages.items():
        for rank, (number, score) in enumerate(ranking, 1):
            if number in found:
                found[number].append((name, rank, round(score, 4)))
    return {number: tuple(told) for number, told in found.items()}
