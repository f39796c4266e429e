"""What was found, as blocks for a person and as plain values for ``--json``."""

from collections.abc import Sequence

from ttrpg_core.app import App
from ttrpg_core.documents import Chunk
from ttrpg_core.library import Book
from ttrpg_core.search import Findings, Hit
from ttrpg_core.views import Block, Quote, Table, Text
from ttrpg_search.commands import ruled
from ttrpg_search.commands.finding import Answer
from ttrpg_search.commands.passages import cut, laid
from ttrpg_search.scope import HOUSE

NEIGHBOUR = 400
"""Characters shown of a passage that stands before or after a hit."""
HALF = 10.0
"""The score of words alone that is told as half: about that of a rare word in a heading."""


def place(chunk: Chunk) -> str:
    """Where a reader looks: ``p. 358``, ``pp. 12-13``, ``page 3 of the file``, ``Combat.md``."""
    if chunk.label:
        return f"{'pp.' if '-' in chunk.label else 'p.'} {chunk.label}"
    return chunk.file if chunk.first_page is None else f"page {chunk.first_page + 1} of the file"


def caption(hit: Hit, book: Book) -> str:
    """Book, printed page and headings of a hit: ``SRD 5.1, p. 358, Conditions > Grappled``."""
    chunk = hit.chunk
    path = chunk.path[1:] if chunk.path[:1] == (book.title,) else chunk.path
    parts = [book.title, place(chunk), " > ".join(path) if len(path) > 1 else ""]
    return ", ".join(part for part in parts if part)


def score(answer: Answer, hit: Hit) -> str:
    """How a hit scored, from 0 to 1; a higher score is better, within one answer.

    Words and vectors together reach 1 but for what further passages of a section add. Words alone
    have no top: what is told of them is how far they are past :data:`HALF`.
    """
    found = hit.score if "vectors" in answer.stages else hit.score / (hit.score + HALF)
    return f"score {min(found, 1.0):.2f}" if hit.score > 0 else ""


def title(number: int, hit: Hit, book: Book, system: str = "", scored: str = "") -> str:
    """A hit's heading line: its number, heading, and in brackets what it is and how it scored."""
    chunk = hit.chunk
    kind = "" if chunk.kind == "text" else chunk.kind.replace("_", " ")
    told = [
        "house rule" if book.kind == HOUSE else "",
        kind,
        "GM only" if chunk.gm_only else "",
        system,
        scored,
    ]
    told = [each for each in told if each]
    badges = f" [{', '.join(told)}]" if told else ""
    return f"{number}. {chunk.heading or book.title}{badges}"


def systems(answer: Answer) -> dict[str, str]:
    """The system of each book, where the hits are of more than one; else nothing to tell."""
    told = {hit.chunk.sha256: answer.books[hit.chunk.sha256].system for hit in answer.hits}
    return told if len(set(told.values())) > 1 else {}


def passage(
    chunk: Chunk, said: str, marks: Sequence[tuple[int, int]], *, full: bool
) -> list[Block]:
    """The text of a hit and its caption ``said``; a long one is cut unless ``full``."""
    whole = (chunk.text, tuple(marks))
    shown = whole if full else cut(chunk.text, marks, heading=chunk.heading)
    set_out = laid(*shown)
    if not set_out.text:
        return [*set_out.tables, Text(said, "dim")]
    return [Quote(set_out.text, said, set_out.marks), *set_out.tables]


def blocks(
    app: App, answer: Answer, *, context: int = 0, full: bool = False, paths: bool = False
) -> list[Block]:
    """Every hit, one below the other."""
    told = systems(answer)
    found: list[Block] = ruled.blocks(answer.rulings)
    above = len(found)
    for number, hit in enumerate(answer.hits, answer.wanted.offset + 1):
        book = answer.books[hit.chunk.sha256]
        before, after = neighbours(app, hit.chunk, context, players=answer.wanted.players)
        if len(found) > above:
            found.append(Text(""))
        system = told.get(book.sha256, "")
        found.append(Text(title(number, hit, book, system, score(answer, hit)), "title"))
        found += around(before, passage(hit.chunk, caption(hit, book), hit.marks, full=full), after)
        if paths:
            found.append(Text(path(hit.chunk, book), "dim"))
    return found[:-1] if answer.rulings and not answer.hits else found


def around(before: list[Chunk], shown: list[Block], after: list[Chunk]) -> list[Block]:
    """What is shown of a passage, between the passages beside it."""
    found = [block for chunk in before for block in aside("Before", chunk)]
    found += [*shown, *([Text("")] if after else [])]
    found += [block for chunk in after for block in aside("After", chunk)]
    return found[:-1] if after else found


def neighbours(
    app: App, chunk: Chunk, count: int, *, players: bool = False
) -> tuple[list[Chunk], list[Chunk]]:
    """The passages before and after one, in the order of the book."""
    if not count:
        return [], []
    near = app.library.chunks_at(chunk.sha256, chunk.ordinal - count, chunk.ordinal + count)
    near = [each for each in near if not (players and each.gm_only)]
    return (
        [each for each in near if each.ordinal < chunk.ordinal],
        [each for each in near if each.ordinal > chunk.ordinal],
    )


def path(chunk: Chunk, book: Book) -> str:
    """Where the words lie on disk: the file, with its line or page where these are known."""
    if chunk.file:
        line = "" if chunk.line is None else f":{chunk.line}"
        return f"{book.path}/{chunk.file}{line}"
    return book.path if chunk.first_page is None else f"{book.path}#page={chunk.first_page + 1}"


def explanation(answer: Answer) -> list[Block]:
    """How the search came to its answer: its steps, and where each stage put each hit."""
    ranks = answer.findings.ranks
    stages = answer.stages
    rows = []
    for number, hit in enumerate(answer.hits, answer.wanted.offset + 1):
        told = {name: f"{rank} ({score:g})" for name, rank, score in ranks.get(hit.chunk.id, ())}
        row = [str(number), hit.chunk.heading or "-", f"{hit.score:.4g}"]
        rows.append([*row, *(told.get(stage, "-") for stage in stages)])
    return [
        Text(""),
        Table(["step", "what it did"], [[step.name, step.said] for step in answer.findings.steps]),
        Text(""),
        Table(["", "passage", "score", *stages], rows, empty="No passage was found."),
        Text(f"{answer.ms:.1f} ms", "dim"),
    ]


def data(app: App, answer: Answer, context: int = 0) -> dict[str, object]:
    """Everything, as ``ttrpg.search/2``."""
    findings = answer.findings
    return {
        "query": answer.wanted.query,
        "searched": findings.corrected or answer.wanted.query,
        "corrected": findings.corrected or None,
        "suggested": findings.suggested or None,
        "answered": answer.answered,
        "rulings": ruled.data(answer.rulings),
        "total": findings.total,
        "offset": answer.wanted.offset,
        "ms": round(answer.ms, 2),
        "hits": [
            plain(app, number, hit, answer, context)
            for number, hit in enumerate(answer.hits, answer.wanted.offset + 1)
        ],
        "steps": [{"name": step.name, "said": step.said} for step in findings.steps],
    }


def plain(app: App, number: int, hit: Hit, answer: Answer, context: int = 0) -> dict[str, object]:
    """A hit as plain values; ``context`` passages before and after it as well."""
    chunk, book = hit.chunk, answer.books[hit.chunk.sha256]
    told: dict[str, object] = {
        "rank": number,
        "id": chunk.id,
        "book": book.id,
        "title": book.title,
        "system": book.system or None,
        "heading": chunk.heading,
        "path": list(chunk.path),
        "page": chunk.label or None,
        "first_index": chunk.first_page,
        "last_index": chunk.last_page,
        "file": chunk.file or None,
        "line": chunk.line,
        "where": path(chunk, book),
        "start": chunk.start,
        "end": chunk.end,
        "kind": chunk.kind,
        "fields": {name: _fact(value) for name, value in chunk.fields.items()},
        "gm_only": chunk.gm_only,
        "text": chunk.text,
        "marks": [list(mark) for mark in hit.marks],
        "score": round(hit.score, 4),
        "ranks": _ranks(answer.findings, chunk),
    }
    if context:
        before, after = neighbours(app, chunk, context, players=answer.wanted.players)
        told["before"] = [each.text for each in before]
        told["after"] = [each.text for each in after]
    return told


def _ranks(findings: Findings, chunk: Chunk) -> list[dict[str, object]]:
    told = findings.ranks.get(chunk.id, ())
    return [{"stage": name, "rank": rank, "score": score} for name, rank, score in told]


def _fact(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def aside(where: str, chunk: Chunk) -> list[Block]:
    """A passage beside a hit, in a few lines; ``where`` says on which side."""
    named = f"{where}, {chunk.heading}:" if chunk.heading else f"{where}:"
    return [Text(named, "dim"), Text(cut(chunk.text, (), NEIGHBOUR)[0], "dim"), Text("")]
