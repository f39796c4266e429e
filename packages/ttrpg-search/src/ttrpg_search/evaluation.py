"""How good the search is: a set of questions with known answers, run against the shelf.

A question is answered at k when one of the first k distinct sections is one of its ``sections``. A
hit lies on a section by file and line, where the book has files (the file is told by the end of its
path), else by printed page. Questions without sections have no answer in the book: for them it
counts whether the search says so.
"""

import json
import math
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import attrs

from ttrpg_core.errors import InputError
from ttrpg_core.search import Finder, Findings, Hit, Question, Step

CUTS = (1, 5, 10)
"""The ranks at which questions are counted as answered."""
DEPTH = 10
Progress = Callable[[int], None]
"""Told how many questions are done."""
_LABEL = re.compile(r"\d+")


@attrs.frozen
class Place:
    """Where an answer stands: file and line of its heading, or the pages of a file, from 1.

    ``printed`` is what is printed on these pages, where that is another number.
    """

    heading: str
    file: str = ""
    line: int = 0
    pages: tuple[int, ...] = ()
    printed: tuple[int, ...] = ()


@attrs.frozen
class Gold:
    """A question with the places that answer it; none when the book does not."""

    query: str
    kind: str
    places: tuple[Place, ...]
    id: str = ""


@attrs.frozen
class Figures:
    """Counts of one kind of question: shares from 0 to 1; ``page_accuracy`` None without pages.

    ``told`` is the share of questions of which the search said that the books answer them.
    """

    questions: int
    recall: dict[int, float]
    mrr: float
    ndcg10: float
    page_accuracy: float | None
    told: float

    def plain(self) -> dict[str, object]:
        """As JSON."""
        return {
            "recall": {str(k): round(v, 4) for k, v in self.recall.items()},
            "mrr": round(self.mrr, 4),
            "ndcg10": round(self.ndcg10, 4),
            "page_accuracy": None if self.page_accuracy is None else round(self.page_accuracy, 4),
        }

    def counts(self) -> dict[str, object]:
        """What is told beside the figures, as JSON."""
        return {"questions": self.questions, "told": round(self.told, 4)}


@attrs.frozen
class Outcome:
    """What became of one question: the ranks of right hits from 1, and their printed pages.

    ``pages_told`` places were found by their heading with a printed page, ``pages_right`` with the
    right one.
    """

    gold: Gold
    ranks: tuple[int, ...]
    pages_right: int
    pages_told: int
    told: bool
    seconds: float


@attrs.frozen
class Report:
    """The figures of all answerable questions, of each kind, and each question's outcome.

    ``refused`` is the share of the unanswerable ones that were said to be so; None without any.
    ``aside`` says why vectors took no part, where they did not.
    """

    overall: Figures
    by_kind: dict[str, Figures]
    refused: float | None
    median_ms: float
    outcomes: tuple[Outcome, ...]
    aside: tuple[str, ...] = ()

    def plain(self) -> dict[str, object]:
        """The figures as JSON, as ``ttrpg eval --json`` prints them."""
        return {
            **self.overall.plain(),
            "by_kind": {
                kind: {**each.plain(), **each.counts()} for kind, each in self.by_kind.items()
            },
        }

    def run(self) -> dict[str, object]:
        """What is told of the run beside them, as JSON."""
        return {
            **self.overall.counts(),
            "unanswerable_told": None if self.refused is None else round(self.refused, 4),
            "median_ms": round(self.median_ms, 2),
            "vectors_aside": list(self.aside),
        }


def load(path: Path) -> list[Gold]:
    """The questions of a file of JSON lines; InputError names the line that is wrong."""
    try:
        lines = path.read_bytes().decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name} is not UTF-8 text", "Save it as UTF-8") from error
    found = [
        _gold(line, f"{path.name}, line {number}")
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]
    if not found:
        raise InputError(f"{path.name} has no question", "One JSON object a line, with 'query'")
    return found


def _gold(line: str, where: str) -> Gold:
    try:
        told = json.loads(line)
        query = told["query"]
        places = tuple(
            Place(
                str(each.get("heading", "")),
                str(each.get("file", "")),
                int(each.get("line", 0)),
                tuple(int(page) for page in each.get("pdf_pages", ())),
                tuple(int(page) for page in each.get("pages", ())),
            )
            for each in told.get("sections", ())
        )
        kind, name = str(told.get("kind", "other")), str(told.get("id", ""))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(
            f"{where}: {_why(error)}",
            'A line is like {"query": "how far can I jump", "kind": "natural",'
            ' "sections": [{"file": "a.md", "line": 3}]}',
        ) from error
    if not isinstance(query, str) or not query.strip():
        raise InputError(f"{where}: 'query' is not a text", "It is what is asked")
    return Gold(query, kind, places, name)


def _why(error: Exception) -> str:
    """What is wrong with a line, in words of its file and not of Python."""
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg} at column {error.colno}"
    if isinstance(error, KeyError) and error.args == ("query",):
        return "a question has a 'query'"
    return "not a question of the form that is read here"


def evaluate(
    finder: Finder,
    questions: Iterable[Gold],
    *,
    sources: frozenset[str] | None = None,
    keyword_only: bool = False,
    progress: Progress | None = None,
    paths: Mapping[str, str] | None = None,
) -> Report:
    """Ask everything and count; ``paths`` are the books' own, by content, for books of one file."""
    outcomes = []
    aside: dict[str, None] = {}
    for number, gold in enumerate(questions, 1):
        start = time.perf_counter()
        found = finder.find(
            Question(gold.query, sources, count=2 * DEPTH, keyword_only=keyword_only)
        )
        outcomes.append(outcome(gold, found, time.perf_counter() - start, paths))
        aside.update((s.said, None) for s in found.steps if s.name == "vectors" and _is_aside(s))
        if progress is not None:
            progress(number)
    return attrs.evolve(report(outcomes), aside=tuple(aside))


def _is_aside(step: Step) -> bool:
    return step.said.startswith("left aside")


def outcome(
    gold: Gold, found: Findings, seconds: float = 0.0, paths: Mapping[str, str] | None = None
) -> Outcome:
    """How one question came out."""
    ranks: list[int] = []
    met: set[int] = set()
    right = told = 0
    hits = sections(found.hits)[:DEPTH]
    for rank, hit in enumerate(hits, 1):
        path = (paths or {}).get(hit.chunk.sha256, "")
        lies = [n for n, place in enumerate(gold.places) if lies_on(hit, place, path)]
        if lies and not met.issuperset(lies):
            ranks.append(rank)
            met.update(lies)
    for place in gold.places:
        pages = set(place.printed or place.pages)
        labels = [hit.chunk.label for hit in hits if pages and _same_heading(hit, place)]
        if any(labels):  # two sections of one name: the one that was meant is right or none is
            told += 1
            right += any(_pages(label) & pages for label in labels)
    return Outcome(gold, tuple(ranks), right, told, found.answered, seconds)


def sections(hits: Iterable[Hit]) -> list[Hit]:
    """The first hit of each section, in order."""
    seen: set[tuple[object, ...]] = set()
    kept = []
    for hit in hits:
        chunk = hit.chunk
        key = (chunk.sha256, chunk.file, chunk.line or chunk.path, chunk.heading)
        if key not in seen:
            seen.add(key)
            kept.append(hit)
    return kept


def lies_on(hit: Hit, place: Place, path: str = "") -> bool:
    """Whether a hit is on a place: of a file and line; where it has none, of a page.

    ``path`` is that of the book, which is the file itself where the book is no folder.
    """
    chunk = hit.chunk
    if chunk.line is not None and place.file:
        if not f"/{chunk.file or path}".endswith(f"/{place.file}"):
            return False
        lines = chunk.fields.get("lines", ())
        told = {str(chunk.line), *(lines if isinstance(lines, tuple) else ())}
        return str(place.line) in told
    if chunk.first_page is None:
        return bool(_pages(chunk.label) & set(place.printed or place.pages))
    last = chunk.last_page if chunk.last_page is not None else chunk.first_page
    return bool(set(range(chunk.first_page + 1, last + 2)) & set(place.pages))


def _same_heading(hit: Hit, place: Place) -> bool:
    return hit.chunk.heading.casefold() == place.heading.casefold()


def _pages(label: str) -> set[int]:
    """The pages of a label such as "12-13"; none for roman numbers."""
    numbers = [int(each) for each in _LABEL.findall(label)]
    if not numbers or numbers[-1] - numbers[0] > 100:  # noqa: PLR2004 - no passage is so long
        return set(numbers)
    return set(range(numbers[0], numbers[-1] + 1))


def report(outcomes: Sequence[Outcome]) -> Report:
    """The figures of what came out."""
    answerable = [each for each in outcomes if each.gold.places]
    others = [each for each in outcomes if not each.gold.places]
    kinds = dict.fromkeys(each.gold.kind for each in answerable)
    times = sorted(each.seconds for each in outcomes)
    return Report(
        figures(answerable),
        {k: figures([each for each in answerable if each.gold.kind == k]) for k in kinds},
        sum(not each.told for each in others) / len(others) if others else None,
        1000 * times[len(times) // 2] if times else 0.0,
        tuple(outcomes),
    )


def figures(outcomes: Sequence[Outcome]) -> Figures:
    """The figures of some outcomes; all 0 for none."""
    count = len(outcomes) or 1
    told = sum(each.pages_told for each in outcomes)
    return Figures(
        len(outcomes),
        {k: sum(any(r <= k for r in each.ranks) for each in outcomes) / count for k in CUTS},
        sum(1 / each.ranks[0] for each in outcomes if each.ranks) / count,
        sum(_ndcg(each) for each in outcomes) / count,
        sum(each.pages_right for each in outcomes) / told if told else None,
        sum(each.told for each in outcomes) / count,
    )


def _ndcg(one: Outcome) -> float:
    gain = sum(1 / math.log2(rank + 1) for rank in one.ranks if rank <= DEPTH)
    best = sum(1 / math.log2(n + 2) for n in range(min(len(one.gold.places), DEPTH)))
    return gain / best if best else 0.0


def compared(before: Report, after: Report) -> list[tuple[str, Outcome, Outcome]]:
    """The questions that came out otherwise: "better" or "worse" by the first right rank."""
    found = []
    for one, two in zip(before.outcomes, after.outcomes, strict=True):
        first = one.ranks[0] if one.ranks else math.inf
        second = two.ranks[0] if two.ranks else math.inf
        if first != second:
            found.append(("better" if second < first else "worse", one, two))
    return found
