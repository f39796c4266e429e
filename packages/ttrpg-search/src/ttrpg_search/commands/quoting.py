"""``ttrpg quote``: whether a quote stands in your books, word for word, and where."""

import attrs
import click

from ttrpg_core.app import App
from ttrpg_core.errors import CitationError, InputError, NotFound
from ttrpg_core.library import Book
from ttrpg_core.quotes import LONGEST, Found, Place, Verdict, check
from ttrpg_core.views import Block, Quote, Table, Text
from ttrpg_search.commands import completing
from ttrpg_search.commands.finding import chosen
from ttrpg_search.commands.typed import piped

_MARKS = "\"'\u201c\u201d\u2018\u2019\u00ab\u00bb"


@click.command("quote", short_help="Whether a quote stands in your books, word for word")
@click.argument("words", metavar="QUOTE", nargs=-1)
@click.option("--book", shell_complete=completing.books, help="The book that it is said to be of.")
@click.option("--page", metavar="PAGE", help="The printed page that it is said to be on.")
@click.pass_obj
def quote(app: App, words: tuple[str, ...], book: str | None, page: str | None) -> None:
    """Say of QUOTE: supported, misattributed, altered, or not found; and where it stands.

    Spaces, line breaks, kinds of quotation marks and capitals do not count; every word and number
    does. ... leaves words out. Without QUOTE, or with -, it is read from stdin. Ends with 6 unless
    it is supported.
    """
    said = " ".join(words)
    if said in {"", "-"}:
        said = piped(LONGEST)
    said = _bare(said)
    if not said:
        raise InputError("there is no quote", 'Like: ttrpg quote "A fall does 1d6 harm"')
    if len(said) > LONGEST:
        raise InputError(f"the quote has more than {LONGEST:,} characters", "Check a part of it")
    shelf = {each.sha256: each for each in app.library.books()}
    if not shelf:
        raise NotFound("there is no book yet", "Put one on the shelf: ttrpg library add BOOK.pdf")
    place = _place(shelf, book, page)
    verdict = check(said, app.library, None, place)
    app.screen.show(
        "ttrpg.quote/1",
        {
            "quote": said,
            "verdict": verdict.outcome,
            "similarity": round(verdict.similarity, 4),
            "differences": [
                {**attrs.asdict(each), "grave": each.grave} for each in verdict.differences
            ],
            "found": _data(shelf, verdict.found),
        },
        _blocks(shelf, verdict),
    )
    if verdict.outcome != "supported":
        raise CitationError(f"the quote is {_named(verdict)}", said_of(verdict))


def said_of(verdict: Verdict) -> str:
    """A verdict in words, with what differs."""
    match verdict.outcome:
        case "supported":
            return "it stands there"
        case "misattributed":
            found = verdict.found
            label = "" if found is None or not found.label else f": p. {found.label}"
            return f"it stands elsewhere{label}"
        case "altered":
            return "; ".join(each.told for each in verdict.differences) or "other words are near"
        case _:
            return "nothing like it stands in your books"


def _named(verdict: Verdict) -> str:
    return verdict.outcome.replace("_", " ")


def _bare(said: str) -> str:
    """A quote without the quotation marks around the whole of it."""
    said = said.strip()
    while len(said) > 1 and said[0] in _MARKS and said[-1] in _MARKS:
        said = said[1:-1].strip()
    return said


def _place(shelf: dict[str, Book], book: str | None, page: str | None) -> Place | None:
    """The place that a quote is said to be from; InputError for a page of no one book."""
    if book is None and page is None:
        return None
    if book is None and len(shelf) > 1:
        raise InputError(f"--page {page} of which book?", "Name it: --book")
    sha256 = next(iter(shelf)) if book is None else chosen(shelf.values(), [book])[0]
    if page is None:
        return Place(sha256)
    if page.startswith("#") and page[1:].isdecimal():
        return Place(sha256, page=int(page[1:]) - 1)
    return Place(sha256, page.strip())


def _blocks(shelf: dict[str, Book], verdict: Verdict) -> list[Block]:
    good = verdict.outcome == "supported"
    blocks: list[Block] = [Text(_named(verdict).capitalize(), "good" if good else "bad")]
    found = verdict.found
    if found is None or found.sha256 not in shelf:
        return blocks
    blocks.append(Quote(found.text, _where(shelf[found.sha256], found)))
    if verdict.differences:
        rows = [
            [each.said or "-", each.stands or "-", "number or negation" if each.grave else ""]
            for each in verdict.differences
        ]
        blocks += [Text(""), Table(["quoted", "in the book", ""], rows)]
    if verdict.recased:
        blocks.append(Text("Capitals differ.", "dim"))
    return blocks


def _where(book: Book, found: Found) -> str:
    if found.label:
        return f"{book.title}, {'pp.' if '-' in found.label else 'p.'} {found.label}"
    return book.title if found.page is None else f"{book.title}, page {found.page + 1} of the file"


def _data(shelf: dict[str, Book], found: Found | None) -> dict[str, object] | None:
    if found is None:
        return None
    book = shelf.get(found.sha256)
    return {
        "book": None if book is None else book.id,
        "title": None if book is None else book.title,
        "page": found.label or None,
        "index": found.page,
        "start": found.start,
        "end": found.end,
        "text": found.text,
    }
