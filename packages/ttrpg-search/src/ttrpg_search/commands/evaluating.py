"""``ttrpg eval``: questions with known answers, asked of the shelf, and what came of them."""

import contextlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import attrs
import click

from ttrpg_core import text
from ttrpg_core.app import App
from ttrpg_core.errors import InputError, NotFound
from ttrpg_core.search import Searcher, VectorIndex
from ttrpg_core.views import Bars, Block, Table, Text
from ttrpg_search import evaluation
from ttrpg_search.commands import completing
from ttrpg_search.commands.finding import chosen
from ttrpg_search.evaluation import Figures, Gold, Outcome, Report

LARGEST = 64 * 1024 * 1024
"""Bytes of a file of questions that are read."""
SHOWN = 12
"""Questions that are listed as better, and as worse."""
_PARTS = ("embedder", "reranker", "vector", "backend")
_SETTINGS = {"backend": "search.keyword"}
_ROLES = {"backend": "keyword"}


@attrs.frozen
class Config:
    """A way to search: what differs from the settings."""

    keyword: bool = False
    books: tuple[str, ...] = ()
    parts: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """As it is typed."""
        told = [*(["keyword"] if self.keyword else []), *(f"book={book}" for book in self.books)]
        return ",".join([*told, *(f"{part}={name}" for part, name in self.parts)]) or "as set"


def config_of(typed: str) -> Config:
    """A configuration such as ``keyword,book=srd`` or ``embedder=none``; InputError if none is."""
    keyword, books, parts = False, [], {}
    for each in filter(None, (part.strip() for part in typed.split(","))):
        name, sign, value = each.partition("=")
        if each == "keyword":
            keyword = True
        elif name == "book" and value:
            books.append(value)
        elif name in _PARTS and sign:
            parts[name] = value
        else:
            raise InputError(
                f"{each[:60]!r} says nothing of how to search",
                f"Known: keyword, book=ID, {', '.join(f'{part}=NAME' for part in _PARTS)}",
            )
    return Config(keyword, tuple(books), tuple(parts.items()))


@click.command("eval", short_help="How good the search is, by questions with known answers")
@click.argument("gold", type=click.Path())
@click.option(
    "--book",
    "books",
    multiple=True,
    shell_complete=completing.books,
    help="Only in this book; may be repeated.",
)
@click.option("--keyword", is_flag=True, help="By words alone, without vectors.")
@click.option("--embedder", metavar="NAME", help="This embedder, instead of the one that is set.")
@click.option("--reranker", metavar="NAME", help="This reranker, instead of the one that is set.")
@click.option(
    "--against",
    "others",
    multiple=True,
    metavar="CONFIG",
    help="Another way to search, as in 'keyword,book=ID' or 'embedder=NAME'; may be repeated.",
)
@click.option("--misses", is_flag=True, help="List the questions that were not answered first.")
@click.pass_obj
def evaluate(
    app: App,
    gold: str,
    books: tuple[str, ...],
    embedder: str | None,
    reranker: str | None,
    others: tuple[str, ...],
    *,
    keyword: bool,
    misses: bool,
) -> None:
    """Ask every question of GOLD and count how many are answered.

    GOLD has one JSON object a line: "query", "kind", and in "sections" the places that answer it,
    each with "file" and "line" of the heading or with "pdf_pages" (and "pages", where what is
    printed on them differs). A question without sections is one that the books do not answer.
    """
    questions = evaluation.load(_file(gold))
    parts = {"embedder": embedder, "reranker": reranker}
    first = Config(keyword, books, tuple((n, told) for n, told in parts.items() if told))
    configs = [first, *map(config_of, others)]
    with app.screen.progress("Asking", len(configs) * len(questions)) as bar:
        reports = [
            _asked(app, config, questions, lambda done, n=n: bar.update(n * len(questions) + done))  # type: ignore[misc]
            for n, config in enumerate(configs)
        ]
    _say(app, reports[0])
    app.screen.show(
        "ttrpg.eval/1", _data(configs, reports), list(_blocks(configs, reports, misses=misses))
    )


def _file(gold: str) -> Path:
    path = text.readable_file(gold)
    if path.stat().st_size > LARGEST:
        raise InputError(f"{path.name} is larger than {LARGEST >> 20} MB", "Ask fewer questions")
    return path


def _asked(
    app: App, config: Config, questions: Sequence[Gold], progress: evaluation.Progress
) -> Report:
    """One configuration, in an App of its own, as its settings may differ."""
    flags = {_SETTINGS.get(part, f"search.{part}"): name for part, name in config.parts}
    own = App(
        environ=app.environ, flags={**app.flags, **flags}, folder=app.folder, plugins=app.plugins
    )
    try:
        shelf = own.library.books()
        if not shelf:
            raise NotFound(
                "there is no book to ask yet", "Put one on the shelf: ttrpg library add BOOK.pdf"
            )
        _check(own, config)
        sources = frozenset(chosen(shelf, config.books)) if config.books else None
        with contextlib.closing(own.finder()) as finder:
            return evaluation.evaluate(
                finder,
                questions,
                sources=sources,
                keyword_only=config.keyword,
                progress=progress,
                paths={book.sha256: book.path for book in shelf},
            )
    finally:
        own.close()


def _check(own: App, config: Config) -> None:
    """ConfigError for a part that is not installed: the search itself would do without it."""
    for part, _ in config.parts:
        made = own.backend(_ROLES.get(part, part))
        if isinstance(made, (Searcher, VectorIndex)):
            made.close()


def _say(app: App, report: Report) -> None:
    if not report.overall.questions:
        app.screen.say("No question has sections: what is counted is only what was refused", "warn")
    elif not report.overall.recall[max(evaluation.CUTS)]:
        app.screen.say("Nothing was answered: are the books of GOLD on the shelf?", "warn")
    for said in report.aside:
        app.screen.say(f"Vectors {said}", "warn")


def _data(configs: Sequence[Config], reports: Sequence[Report]) -> dict[str, object]:
    first = reports[0]
    against = [
        {
            "config": config.name,
            **report.plain(),
            "changed": [
                {
                    "id": one.gold.id or None,
                    "query": one.gold.query,
                    "kind": one.gold.kind,
                    "rank": one.ranks[0] if one.ranks else None,
                    "rank_against": two.ranks[0] if two.ranks else None,
                }
                for _, one, two in evaluation.compared(first, report)
            ],
        }
        for config, report in zip(configs[1:], reports[1:], strict=True)
    ]
    run = {"config": configs[0].name, **first.run()}
    return {**first.plain(), "run": run, **({"against": against} if against else {})}


def _blocks(
    configs: Sequence[Config], reports: Sequence[Report], *, misses: bool
) -> Iterable[Block]:
    first = reports[0]
    yield _table(first)
    yield Text("")
    yield Bars(
        [(kind, each.recall[10], f"{each.recall[10]:.2f}") for kind, each in _kinds(first)],
        "Answered among the first 10",
    )
    refused = "" if first.refused is None else f"; unanswerable, and said so: {first.refused:.0%}"
    yield Text(f"{first.median_ms:.1f} ms a question at the median{refused}", "dim")
    if misses:
        yield Text("")
        yield _misses(first)
    for config, report in zip(configs[1:], reports[1:], strict=True):
        yield Text("")
        yield Text(f"{config.name}, compared with {configs[0].name}", "title")
        yield _table(report, first)
        yield from _changed(evaluation.compared(first, report), config.name)


def _kinds(report: Report) -> list[tuple[str, Figures]]:
    return [(text.printable(kind), each) for kind, each in report.by_kind.items()]


def _table(report: Report, other: Report | None = None) -> Table:
    """The figures, overall and by kind; with what ``other`` has more or less of each."""
    rows = []
    beside = {} if other is None else {"all": other.overall, **dict(_kinds(other))}
    for kind, each in [("all", report.overall), *_kinds(report)]:
        told = _numbers(each)
        less = _numbers(beside[kind]) if kind in beside else None
        cells = [_cell(value, None if less is None else less[at]) for at, value in enumerate(told)]
        rows.append([kind, str(each.questions), *cells])
    return Table(["kind", "asked", "@1", "@5", "@10", "MRR", "nDCG@10", "page", "told"], rows)


def _numbers(each: Figures) -> list[float | None]:
    recall = [each.recall[k] for k in evaluation.CUTS]
    return [*recall, each.mrr, each.ndcg10, each.page_accuracy, each.told]


def _cell(value: float | None, other: float | None) -> str:
    if value is None:
        return "-"
    if other is None or round(other - value, 2) == 0:
        return f"{value:.2f}"
    return f"{value:.2f} {value - other:+.2f}"


def _misses(report: Report) -> Table:
    rows = [
        [each.gold.kind, _rank(each), each.gold.query]
        for each in report.outcomes
        if each.gold.places and each.ranks[:1] != (1,)
    ]
    return Table(["kind", "rank", "question"], rows, empty="Every question was answered first.")


def _changed(found: Sequence[tuple[str, Outcome, Outcome]], name: str) -> Iterable[Block]:
    """The questions that come out otherwise: the largest changes of each way first."""
    for way in ("better", "worse"):
        some = [(one, two) for said, one, two in found if said == way]
        some.sort(key=lambda pair: -abs(_gain(pair[0]) - _gain(pair[1])))
        rows = [
            [two.gold.kind, f"{_rank(one)} to {_rank(two)}", two.gold.query]
            for one, two in some[:SHOWN]
        ]
        more = f", the first {SHOWN}" if len(some) > SHOWN else ""
        yield Text("")
        yield Text(f"{len(some)} {way} with {name}{more}", "title" if some else "dim")
        if rows:
            yield Table(["kind", "rank", "question"], rows)


def _gain(each: Outcome) -> float:
    return 1 / each.ranks[0] if each.ranks else 0.0


def _rank(each: Outcome) -> str:
    return str(each.ranks[0]) if each.ranks else "none"
