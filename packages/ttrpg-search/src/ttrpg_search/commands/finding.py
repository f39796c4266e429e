"""From what was typed to what was found: one way for ``search``, ``search -i`` and ``ask``."""

import contextlib
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

import attrs

from ttrpg_core import text
from ttrpg_core.app import App
from ttrpg_core.errors import InputError, NotFound
from ttrpg_core.library import Book
from ttrpg_core.search import Finder, Findings, Hit, Question
from ttrpg_core.values import frozen
from ttrpg_search.analytics import Analytics, Asked, Option
from ttrpg_search.commands.ruled import rulings

if TYPE_CHECKING:
    from ttrpg_core.rulings import Ruled

MOST = 200
"""Passages that are asked for at once."""


@frozen
class Wanted:
    """A question with its options, as typed; ``books`` are ids."""

    query: str
    books: tuple[str, ...] = ()
    system: str = ""
    kinds: tuple[str, ...] = ()
    page: str = ""
    count: int = 3
    offset: int = 0
    keyword_only: bool = False
    players: bool = False

    @property
    def question(self) -> str:
        """The words and the filters, as the finder reads them."""
        filters = [f"kind:{kind}" for kind in self.kinds]
        if self.page:
            filters.append(f'page:"{self.page}"')
        return " ".join([self.query, *filters])

    def options(self) -> dict[str, Option]:
        """All but the query, to be kept."""
        told = attrs.asdict(self, filter=lambda field, _: field.name != "query")
        return {name: list(v) if isinstance(v, tuple) else v for name, v in told.items()}


class Answer(NamedTuple):
    """What was found: the hits that may be shown, whose books they are, and how long it took.

    ``rulings`` are those of the campaign that stand above the books in this.
    """

    wanted: Wanted
    findings: Findings
    hits: tuple[Hit, ...]
    books: Mapping[str, Book]
    ms: float
    rulings: "tuple[Ruled, ...]" = ()

    @property
    def answered(self) -> bool:
        """Whether the books answer, or the table has."""
        return self.findings.answered or bool(self.rulings)

    @property
    def more(self) -> bool:
        """Whether there are hits behind these."""
        return bool(self.hits) and self.findings.total > self.wanted.offset + len(self.hits)

    @property
    def stages(self) -> tuple[str, ...]:
        """What took part in the search, by the ranks that it gave."""
        told = (rank[0] for hit in self.hits for rank in self.findings.ranks.get(hit.chunk.id, ()))
        return tuple(dict.fromkeys(told))


def wanted_again(asked: Asked) -> Wanted:
    """The question that was kept, with its options; InputError when they are of another version."""
    told = dict(asked.options)
    fields = {field.name for field in attrs.fields(Wanted)}
    if not told.keys() <= fields:
        raise InputError("the last question was kept by another version", "Ask it again")
    values = {name: tuple(v) if isinstance(v, list) else v for name, v in told.items()}
    return Wanted(asked.question, **values)  # type: ignore[arg-type]


def checked(wanted: Wanted) -> Wanted:
    """The same with a query and filters that can be used; InputError says what cannot."""
    text.query(wanted.question)  # filters alone are a question too
    text.text(wanted.system, "system", text.NAME_MAX)
    if '"' in wanted.page or len(wanted.page) > text.NAME_MAX:
        raise InputError(
            f"--page {wanted.page[:40]!r} is not a page or a range", "Like 12, 12-14 or 12-"
        )
    return wanted


def find(app: App, wanted: Wanted, finder: Finder | None = None) -> Answer:
    """Ask the finder; one of its own unless given, which is closed again.

    NotFound when no book is on the shelf and no ruling fits, or a book that is named is not there.
    """
    shelf = app.library.books()
    if not shelf:
        nothing = Findings((), answered=False, total=0)
        if above := _above(app, wanted, nothing):
            return Answer(wanted, nothing, (), {}, 0.0, above)
        raise NotFound(
            "there is no book to search yet", "Put one on the shelf: ttrpg library add BOOK.pdf"
        )
    books = {book.sha256: book for book in shelf}
    sources = None if not wanted.books else frozenset(chosen(shelf, wanted.books))
    question = Question(
        wanted.question,
        sources,
        wanted.system,
        wanted.count,
        wanted.offset,
        wanted.keyword_only,
    )
    with contextlib.ExitStack() as stack:
        if finder is None:
            finder = stack.enter_context(contextlib.closing(app.finder()))
        start = time.perf_counter()
        if not wanted.players:
            findings = finder.find(question)
            hits = findings.hits
        else:
            every = attrs.evolve(question, offset=0, count=MOST)
            findings = finder.find(every)
            open_to_all = [hit for hit in findings.hits if not hit.chunk.gm_only]
            hits = tuple(open_to_all[wanted.offset : wanted.offset + wanted.count])
            findings = attrs.evolve(findings, total=len(open_to_all))
        took = 1000 * (time.perf_counter() - start)
    shown = tuple(hit for hit in hits if hit.chunk.sha256 in books)
    above = _above(app, wanted, findings)
    return Answer(wanted, findings, shown, books, took, above)


def _above(app: App, wanted: Wanted, findings: Findings) -> "tuple[Ruled, ...]":
    """The rulings that fit; none where certain passages are asked for, or the rest of an answer."""
    if wanted.offset or wanted.kinds or wanted.page:
        return ()
    return rulings(app, findings.corrected or wanted.query, players=wanted.players)


def chosen(shelf: Iterable[Book], names: Iterable[str]) -> list[str]:
    """The content hashes of the books that names mean."""
    by_id = {book.id: book for book in shelf}
    pairs = [(book.id, book.title) for book in by_id.values()]
    return [by_id[text.match(name, pairs, "book")].sha256 for name in names]


def analytics(app: App) -> Analytics:
    """What was asked before."""
    return Analytics(app.store, app.clock, app.settings.search)


def keep(app: App, answer: Answer, how: str) -> int | None:
    """Keep that a question was asked, after its answer was shown; its id where it is kept."""
    return analytics(app).record(
        Asked(
            answer.wanted.query,
            how,
            answer.wanted.options(),
            len(answer.hits),
            answer.findings.answered,
            answer.ms,
            answer.stages,
            tuple(hit.chunk.id for hit in answer.hits),
        )
    )


def last(app: App) -> Asked:
    """The last question; NotFound when none is kept."""
    found = analytics(app).last()
    if found is None:
        off = "" if app.settings.search.history else "; search.history is off"
        raise NotFound(f"no earlier search is kept{off}", "Search first: ttrpg search QUERY")
    return found
