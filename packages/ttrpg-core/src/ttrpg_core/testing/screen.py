"""A screen that keeps what it is shown, so that a test can read it."""

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from ttrpg_core.views import Bars, Block, Board, Fields, Markdown, Quote, Role, Table, Text, Tree


@attrs.frozen
class Shown:
    """One ``show``: its schema, its data as ``--json`` would print them, its blocks."""

    schema: str
    data: Mapping[str, Any]
    blocks: tuple[Block, ...]


@attrs.frozen
class Said:
    """One ``say``."""

    text: str
    role: Role


@attrs.define
class Bar:
    """One ``progress``: its title and total, how far it came, and its last note."""

    title: str
    total: int
    done: int
    note: str = ""

    def update(self, done: int, note: str = "") -> None:
        """So many of the total are done."""
        self.done = done
        self.note = note


@attrs.define
class Streamed:
    """One ``stream``: its pieces as they came, and whether the block was left."""

    waiting: str
    pieces: list[str] = attrs.field(factory=list)
    ended: bool = False

    def write(self, piece: str) -> None:
        """Keep a piece."""
        self.pieces.append(piece)

    @property
    def text(self) -> str:
        """All pieces."""
        return "".join(self.pieces)


@attrs.define
class RecordingScreen:
    """A ``Screen`` for tests.

    ``shown``, ``said``, ``bars`` and ``streams`` are what came, in order; ``asked`` the questions.
    ``answers`` are given one a question; when they are used up, the question's default is.
    """

    shown: list[Shown] = attrs.field(factory=list)
    said: list[Said] = attrs.field(factory=list)
    bars: list[Bar] = attrs.field(factory=list)
    streams: list[Streamed] = attrs.field(factory=list)
    asked: list[str] = attrs.field(factory=list)
    answers: list[bool] = attrs.field(factory=list)

    def show(self, schema: str, data: Mapping[str, Any], blocks: Iterable[Block]) -> None:
        """Keep data and blocks; TypeError when the data cannot be printed as JSON."""
        printed = json.loads(json.dumps(dict(data), default=str))
        self.shown.append(Shown(schema, printed, tuple(blocks)))

    @contextlib.contextmanager
    def stream(self, waiting: str = "") -> Iterator[Streamed]:
        """Keep what is streamed."""
        streamed = Streamed(waiting)
        self.streams.append(streamed)
        try:
            yield streamed
        finally:
            streamed.ended = True

    def say(self, text: str, role: Role = "plain") -> None:
        """Keep a line."""
        self.said.append(Said(text, role))

    @contextlib.contextmanager
    def progress(self, title: str, total: int, done: int = 0) -> Iterator[Bar]:
        """Keep a bar."""
        bar = Bar(title, total, done)
        self.bars.append(bar)
        yield bar

    def ask(self, question: str, *, default: bool) -> bool:
        """The next of ``answers``, else the default."""
        self.asked.append(question)
        return self.answers.pop(0) if self.answers else default

    @property
    def text(self) -> str:
        """Everything shown to a person so far, as plain lines."""
        return "\n".join(
            line for shown in self.shown for block in shown.blocks for line in _lines(block)
        )


def _lines(block: Block) -> Iterator[str]:
    match block:
        case Text() | Markdown():
            yield block.text
        case Fields():
            yield from (f"{name}: {value}" for name, value in block.pairs)
        case Table():
            yield "\t".join(block.headings)
            yield from ("\t".join(row) for row in block.rows)
            if not block.rows:
                yield block.empty
        case Quote():
            yield block.text
            yield block.caption
        case Bars():
            yield block.title
            yield from (f"{label}: {figure}" for label, _, figure in block.rows)
        case Board():
            yield from _cards(block)
        case Tree():
            yield from (f"{text} {note}".rstrip() for _, text, note in block.rows)
            if not block.rows:
                yield block.empty


def _cards(block: Board) -> list[str]:
    cards = [f"{heading}: {card}" for heading, cards in block.columns for card in cards]
    return cards or [block.empty]
