"""What is quoted of each passage, and whether it stands in the book where it is said to."""

from collections.abc import Sequence

import attrs

from ttrpg_core.app import App
from ttrpg_core.errors import TtrpgError
from ttrpg_core.quotes import Checker, Place, Verdict
from ttrpg_core.search import Embedder
from ttrpg_search.commands.finding import Answer
from ttrpg_search.commands.sentences import Quoted, quoted

NEAR_BEST = 0.5
"""How good a passage must be beside the best to be quoted."""


@attrs.frozen
class Cited:
    """The quotes of one hit, each with its verdict."""

    quoted: Quoted
    verdicts: tuple[Verdict, ...]

    @property
    def supported(self) -> bool:
        """Whether every quote stands in the book, on the pages that are cited."""
        return all(each.outcome == "supported" for each in self.verdicts)

    @property
    def label(self) -> str:
        """The printed pages of the quotes, which may be fewer than those of their passage."""
        told = [each.found.label for each in self.verdicts if each.found is not None]
        if not self.supported or not all(told):
            return self.quoted.hit.chunk.label
        first, last = told[0].partition("-")[0], told[-1].rpartition("-")[2]
        return first if first == last else f"{first}-{last}"


def cited(app: App, answer: Answer) -> list[Cited]:
    """The sentences of each good hit that answer, checked against the text of its book."""
    best = max((hit.score for hit in answer.hits), default=0.0)
    hits = [hit for hit in answer.hits if hit.score >= NEAR_BEST * best]
    checker = Checker(app.library, dict.fromkeys(hit.chunk.sha256 for hit in hits))
    return [
        Cited(each, tuple(_verdict(checker, each, text) for text in each.texts))
        for each in quoted(answer.wanted.query, hits, _embedder(app, answer))
    ]


def _verdict(checker: Checker, each: Quoted, text: str) -> Verdict:
    chunk = each.hit.chunk
    return checker.check(text, Place(chunk.sha256, chunk.label, chunk.first_page))


def _embedder(app: App, answer: Answer) -> Embedder | None:
    """The embedder, where vectors took part in the search: then it is there, and worth its time."""
    if "vectors" not in answer.stages:
        return None
    try:
        found = app.backend("embedder")
    except TtrpgError:  # the search said so already
        return None
    return found if isinstance(found, Embedder) else None


def unsupported(found: Sequence[Cited]) -> int:
    """How many quotes do not stand where they are cited."""
    return sum(each.outcome != "supported" for one in found for each in one.verdicts)
