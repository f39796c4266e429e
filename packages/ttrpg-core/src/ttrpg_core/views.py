"""What a command shows, said without a terminal: blocks of meaning, and the screen they go to.

A command hands the screen its data, once as plain values (``--json`` prints them as one object with
a ``schema``) and once as blocks. Only the command line's ``render.py`` knows colour and width, so a
plugin's command looks like ours and reads well aloud under ``--plain``.
"""

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, Protocol, TypeAlias

from ttrpg_core.values import frozen

Role = Literal["plain", "title", "good", "bad", "warn", "dim", "command"]
"""What a text means; a terminal may colour it, and its words never depend on the colour."""


@frozen
class Text:
    """A line or paragraph; wrapped to the width."""

    text: str
    role: Role = "plain"


@frozen
class Fields:
    """Names and their values, one pair a line."""

    pairs: Sequence[tuple[str, str]]


@frozen
class Table:
    """Rows under headings; ``empty`` is said when there are none."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    empty: str = ""


@frozen
class Quote:
    """A passage of a book: the text, where it stands, and words to point out.

    ``marks`` are spans ``(start, end)`` of characters in ``text``.
    """

    text: str
    caption: str
    marks: Sequence[tuple[int, int]] = ()


@frozen
class Bars:
    """A histogram: label, share of the largest (0 to 1) and the figure to print, a row each."""

    rows: Sequence[tuple[str, float, str]]
    title: str = ""


@frozen
class Tree:
    """Things inside of things: depth (0 for a root), text and what to add to it, a row each.

    What is one deeper than the row before is inside it; ``empty`` is said when there are none.
    """

    rows: Sequence[tuple[int, str, str]]
    empty: str = ""


@frozen
class Board:
    """Cards side by side in columns: heading and cards of each. A card's first line is its title.

    As many columns stand beside each other as have room; ``empty`` is said when no card is there.
    """

    columns: Sequence[tuple[str, Sequence[str]]]
    empty: str = ""


@frozen
class Markdown:
    """A text in Markdown, such as what a model wrote: drawn on a terminal, else as it stands."""

    text: str


Block: TypeAlias = Text | Fields | Table | Quote | Bars | Tree | Board | Markdown


class Later(Mapping[str, Any]):
    """Data for ``--json`` that is made once somebody reads it: a person reads the blocks alone."""

    def __init__(self, make: Callable[[], Mapping[str, Any]]) -> None:
        self._make = make

    @functools.cached_property
    def _made(self) -> Mapping[str, Any]:
        return self._make()

    def __getitem__(self, name: str) -> Any:
        """The value of this name."""
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        """The names."""
        return iter(self._made)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._made)


class Progress(Protocol):
    """A bar for long work."""

    def update(self, done: int, note: str = "") -> None:
        """So many of the total are done."""
        ...


class Stream(Protocol):
    """A text that is shown while it comes."""

    def write(self, piece: str) -> None:
        """Show the next piece, which may end in the middle of a word or of a mark."""
        ...


class Screen(Protocol):
    """Where a command's results go."""

    def show(self, schema: str, data: Mapping[str, Any], blocks: Iterable[Block]) -> None:
        """Print data on stdout: blocks for a person, or one JSON object with its schema."""
        ...

    def stream(self, waiting: str = "") -> AbstractContextManager[Stream]:
        """Show Markdown on stdout while it comes, and end its last line when the block is left.

        Nothing is shown under ``--json``: the whole text goes into the object that :meth:`show`
        prints afterwards. ``waiting`` is said on stderr until the first piece is there.
        """
        ...

    def say(self, text: str, role: Role = "plain") -> None:
        """A line on stderr: what changed, a warning. Silent under ``--quiet`` unless bad."""
        ...

    def progress(self, title: str, total: int, done: int = 0) -> AbstractContextManager[Progress]:
        """A bar on stderr with rate and time left; nothing off a terminal but start and end."""
        ...

    def ask(self, question: str, *, default: bool) -> bool:
        """Yes or no; the default where nobody can answer."""
        ...
