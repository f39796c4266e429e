"""``ttrpg search -i``: one question after the other, and a look around each answer."""

import contextlib
import re
from collections.abc import Callable

import attrs
import click

from ttrpg_core.app import App
from ttrpg_core.errors import InputError, NotFound, TtrpgError
from ttrpg_core.library import Book
from ttrpg_core.search import Finder, Hit
from ttrpg_core.views import Block, Fields, Text
from ttrpg_search.commands.finding import Answer, Wanted, analytics, checked, find, keep
from ttrpg_search.commands.opening import open_book, read_book
from ttrpg_search.commands.saying import say_read, say_unanswered
from ttrpg_search.commands.shown import (
    around,
    caption,
    data,
    explanation,
    neighbours,
    passage,
    title,
)
from ttrpg_search.commands.typed import is_typed, line, remember_lines

PROMPT = "search> "
AROUND = 1
"""Passages before and after one that ``c`` shows."""
KEYS = (
    ("WORDS", "ask something; the filters are as in 'ttrpg search'"),
    ("3", "read passage 3, all of it"),
    ("c, c 3", "what stands before and after it"),
    ("f, f 3", "the full page that it stands on"),
    ("o, o 3", "open the book there"),
    ("n, p", "the next passages, the ones before"),
    ("e", "how the answer was found"),
    ("?", "this list"),
    ("q", "leave, as Ctrl-D does"),
)
_KEY = re.compile(r"(?P<key>[cfo])?\s*(?P<number>\d{1,4})?")
_WAYS = {
    **dict.fromkeys(("next", "more"), "n"),
    **dict.fromkeys(("previous", "back"), "p"),
    **dict.fromkeys(("explain",), "e"),
    **dict.fromkeys(("help", "h"), "?"),
    **dict.fromkeys(("quit", "exit", ":q"), "q"),
}


def converse(ctx: click.Context, wanted: Wanted, shown: Callable[[Answer], list[Block]]) -> None:
    """Ask until the lines end; an error costs its question and no more.

    ``shown`` makes an answer ready to be shown; the query of ``wanted`` is asked first, if any.
    """
    app: App = ctx.obj
    if is_typed():
        remember_lines(wanted.query)
        app.screen.say("Ask something; ? lists the keys, q leaves", "dim")
    with contextlib.closing(app.finder()) as finder:
        talk = Talk(ctx, finder, wanted, shown)
        typed = wanted.query or _next_line(app)
        while typed is not None and talk.hear(typed.strip()):
            typed = _next_line(app)


def _next_line(app: App) -> str | None:
    """The next line; none behind the last, and none after Ctrl-C at the prompt."""
    try:
        typed = line(PROMPT)
    except KeyboardInterrupt:
        typed = None
    if typed is None and is_typed():
        app.screen.say("")
    return typed


class Talk:
    """A conversation: what was answered last, and which passage was looked at last."""

    def __init__(
        self,
        ctx: click.Context,
        finder: Finder,
        wanted: Wanted,
        shown: Callable[[Answer], list[Block]],
    ) -> None:
        self._ctx = ctx
        self._app: App = ctx.obj
        self._finder = finder
        self._wanted = wanted
        self._shown = shown
        self._answer: Answer | None = None
        self._asked: int | None = None
        self._looked = 0

    def hear(self, typed: str) -> bool:
        """Do what a line says; False when it says to leave."""
        said = _WAYS.get(typed.casefold(), typed)
        if said == "q":
            return False
        try:
            self._do(said)
        except KeyboardInterrupt:
            self._app.screen.say("Stopped", "warn")
        except TtrpgError as error:
            self._app.screen.say(f"{error.message}. {error.hint}".rstrip(" ."), "bad")
        return True

    def _do(self, said: str) -> None:
        ways: dict[str, Callable[[], None]] = {
            "": lambda: None,
            "?": self._help,
            "n": lambda: self._turn(1),
            "p": lambda: self._turn(-1),
            "e": self._explain,
        }
        key = _KEY.fullmatch(said)
        if said in ways:
            ways[said]()
        elif key is not None:
            self._look(key["key"] or "", int(key["number"] or 0))
        else:
            self._ask(attrs.evolve(self._wanted, query=said))

    def _help(self) -> None:
        self._app.screen.show("ttrpg.search.keys/1", {"keys": dict(KEYS)}, [Fields(KEYS)])

    def _ask(self, wanted: Wanted) -> None:
        answer = find(self._app, checked(wanted), self._finder)
        if wanted.offset and not answer.hits:
            raise NotFound("there is no more", "Ask something else")
        self._answer, self._looked = answer, 0
        if not answer.answered:
            say_unanswered(self._app, answer)
        say_read(self._app, answer)
        self._app.screen.show("ttrpg.search/2", data(self._app, answer), self._shown(answer))
        if answer.more:
            left = answer.findings.total - wanted.offset - len(answer.hits)
            self._app.screen.say(f"{left} more: n", "dim")
        self._asked = keep(self._app, answer, "search")

    def _turn(self, way: int) -> None:
        before = self._last().wanted
        offset = before.offset + way * before.count
        if offset < 0:
            raise NotFound("these are the first", "n shows the next")
        self._ask(attrs.evolve(before, offset=offset))

    def _explain(self) -> None:
        answer = self._last()
        self._app.screen.show("ttrpg.search/2", data(self._app, answer), explanation(answer)[1:])

    def _look(self, key: str, wanted: int) -> None:
        """A passage: all of it, what stands around, its page, or its book."""
        answer = self._last()
        first = answer.wanted.offset + 1
        number = wanted or self._looked or first
        if not first <= number < first + len(answer.hits):
            last = first + len(answer.hits) - 1
            raise NotFound(f"there is no passage {number} here", f"There are {first} to {last}")
        hit = answer.hits[number - first]
        book = answer.books[hit.chunk.sha256]
        self._looked = number
        if self._asked is not None:
            analytics(self._app).opened(self._asked, hit.chunk.id, number)
        match key:
            case "o":
                open_book(self._ctx, hit.chunk, book)
            case "f":
                read_book(self._ctx, hit.chunk, book)
            case _:
                self._passage(number, hit, book, AROUND if key == "c" else 0)

    def _passage(self, number: int, hit: Hit, book: Book, count: int) -> None:
        before, after = neighbours(self._app, hit.chunk, count, players=self._wanted.players)
        shown: list[Block] = [Text(title(number, hit, book), "title")]
        shown += around(before, passage(hit.chunk, caption(hit, book), hit.marks, full=True), after)
        self._app.screen.show(
            "ttrpg.search.passage/1",
            {
                "rank": number,
                "book": book.id,
                "page": hit.chunk.label or None,
                "text": hit.chunk.text,
                "before": [each.text for each in before],
                "after": [each.text for each in after],
            },
            shown,
        )

    def _last(self) -> Answer:
        if self._answer is None:
            raise InputError("nothing was asked yet", "Type a question")
        return self._answer
