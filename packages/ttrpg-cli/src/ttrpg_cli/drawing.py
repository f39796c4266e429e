"""How a block looks on a terminal, and the bar of long work: the part of rendering that needs rich.

Every text that comes from outside goes through ``printable`` here, so that a book or a name cannot
move the cursor, and no colour says what the words do not.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from ttrpg_core.text import printable
from ttrpg_core.views import Bars, Block, Board, Fields, Markdown, Quote, Role, Table, Text, Tree

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress, Task
    from rich.text import Text as Words

STYLES: dict[Role, str] = {
    "plain": "",
    "title": "bold",
    "good": "green",
    "bad": "bold red",
    "warn": "yellow",
    "dim": "dim",
    "command": "cyan",
}
MARKED = "bold yellow"
"""The style of what is pointed out in a quote."""
CARD = 14
"""Columns of the terminal that a column of a board has at least, its edge among them."""
READING_WIDTH = 88
"""Widest a paragraph is set, in characters: longer lines are hard to follow."""
DEEPEST = 8
"""Levels of a tree that are drawn around a row: more of them would leave no room for it."""
_GOES_ON = {"├": "│", "└": " ", "─": " ", "`": " ", "-": " ", ".": " "}
"""What stands in the place of a tree's lines before the second line of a row."""
NARROWEST = 8
"""Least width of a paragraph or bar; a terminal that is narrower wraps by itself."""


def drawn(block: Block, width: int, *, fancy: bool) -> "RenderableType":
    """A block as something rich prints; ``fancy`` when the stream has more than ASCII."""
    from rich.text import Text as Words

    if isinstance(block, Text | Markdown):
        return Words(printable(block.text), style=STYLES[getattr(block, "role", "plain")])
    if isinstance(block, Fields):
        return _fields(block)
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Quote):
        return _quote(block, width, edge(fancy=fancy))
    return _chart(block, width, fancy=fancy)


def _chart(block: Tree | Board | Bars, width: int, *, fancy: bool) -> "RenderableType":
    if isinstance(block, Tree):
        return _tree(block, width, fancy=fancy)
    if isinstance(block, Board):
        return _board(block, width, fancy=fancy)
    return _bars(block, width, fancy=fancy)


def edge(*, fancy: bool) -> str:
    """What stands before each line of a quote."""
    return "\N{BOX DRAWINGS LIGHT VERTICAL} " if fancy else "| "


def can(stream: TextIO, text: str) -> bool:
    """Whether a stream's encoding has these characters."""
    try:
        text.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def bar(console: "Console") -> "Progress":
    """A progress bar with what is done, the rate and the time left; it goes when the work ends."""
    from rich import progress
    from rich.text import Text as Words

    class Rate(progress.ProgressColumn):
        """How many a second, once that is known."""

        def render(self, task: "Task") -> Words:
            """The rate of the last half minute."""
            speed = task.finished_speed or task.speed
            return Words("" if speed is None else f"{speed:.3g}/s", style="dim")

    return progress.Progress(
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        Rate(),
        progress.TimeRemainingColumn(),
        progress.TextColumn("{task.fields[note]}", style="dim", markup=False),
        console=console,
        transient=True,
    )


def _fields(block: Fields) -> "RenderableType":
    from rich.table import Table as Grid
    from rich.text import Text as Words

    grid = Grid.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in block.pairs:
        grid.add_row(Words(printable(name)), Words(printable(value)))
    return grid


def _table(block: Table) -> "RenderableType":
    from rich.table import Table as Grid
    from rich.text import Text as Words

    if not block.rows:
        return Words(printable(block.empty), style="dim")
    grid = Grid(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    for heading in block.headings:
        grid.add_column(Words(printable(heading)), overflow="fold")
    for row in block.rows:
        grid.add_row(*(Words(printable(cell)) for cell in row))
    return grid


def _quote(block: Quote, width: int, edge: str) -> "RenderableType":
    from rich.console import Console
    from rich.text import Text as Words

    words = marked(block)
    room = max(NARROWEST, min(width, READING_WIDTH) - len(edge))
    lines = words.wrap(Console(width=room), room)
    quoted = Words()
    for line in lines:
        line.rstrip()
        quoted.append(edge, style="dim").append_text(line).append("\n")
    quoted.append(printable(block.caption), style="italic")
    return quoted


def marked(block: Quote) -> "Words":
    """The text of a quote, safe to print, with what is marked in it made to stand out."""
    from rich.text import Text as Words

    words = Words()
    done = 0
    for start, end in sorted(block.marks):
        if start < done:
            continue  # inside the mark before it
        words.append(printable(block.text[done:start]))
        words.append(printable(block.text[start:end]), style=MARKED)
        done = end
    words.append(printable(block.text[done:]))
    return words


def _bars(block: Bars, width: int, *, fancy: bool) -> "RenderableType":
    from rich.text import Text as Words

    label_width = max((len(label) for label, _, _ in block.rows), default=0)
    figure_width = max((len(figure) for _, _, figure in block.rows), default=0)
    room = max(NARROWEST, min(width, READING_WIDTH) - label_width - figure_width - 3)
    lines = Words(f"{printable(block.title)}\n" if block.title else "", style="bold")
    for number, (label, share, figure) in enumerate(block.rows):
        lines.append(f"{label:>{label_width}} ", style="not bold")
        lines.append(f"{bar_of(share, room, fancy=fancy):<{room}} ", style="not bold cyan")
        lines.append(f"{figure:>{figure_width}}", style="not bold dim")
        lines.append("\n" if number + 1 < len(block.rows) else "")
    return lines


def _tree(block: Tree, width: int, *, fancy: bool) -> "RenderableType":
    from rich.console import Console
    from rich.text import Text as Words

    if not block.rows:
        return Words(printable(block.empty), style="dim")
    drawn = Words()
    for (_, text, note), lead in zip(block.rows, leads(block.rows, fancy=fancy), strict=True):
        words = Words(printable(text))
        words.append(f"  {printable(note)}" if note else "", style="dim")
        room = max(NARROWEST, width - len(lead))
        behind = "".join(_GOES_ON.get(char, char) for char in lead)
        for number, line in enumerate(words.wrap(Console(width=room), room)):
            line.rstrip()
            drawn.append("\n" if drawn else "")
            drawn.append(behind if number else lead, style="dim").append_text(line)
    return drawn


def leads(rows: Sequence[tuple[int, str, str]], *, fancy: bool) -> list[str]:
    """The lines of a tree before each of its rows; only the last few levels of a deep one."""
    on, last, between = ("│  ", "└─ ", "├─ ") if fancy else ("|  ", "`- ", "|- ")
    found: list[str] = []
    later: set[int] = set()  # levels on which another row follows before the thing around it ends
    for depth, _, _ in reversed(rows):
        around = [on if level in later else "   " for level in range(1, depth)]
        own = [between if depth in later else last] if depth else []
        cut = "... " if len(around) > DEEPEST else ""
        found.append(cut + "".join([*around[-DEEPEST:], *own]))
        later = {level for level in later if level < depth} | {depth}
    return found[::-1]


def bar_of(share: float, room: int, *, fancy: bool) -> str:
    """A bar of so many of ``room`` columns, to an eighth; whatever is there can be seen."""
    eighths = round(max(0.0, min(1.0, share)) * room * 8)
    if share > 0:
        eighths = max(1, eighths)
    if not fancy:
        return "#" * max(1 if share > 0 else 0, round(eighths / 8))
    whole, part = divmod(eighths, 8)
    return "\N{FULL BLOCK}" * whole + ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")[part]


def _board(block: Board, width: int, *, fancy: bool) -> "RenderableType":
    from rich import box
    from rich.console import Group
    from rich.table import Table as Grid
    from rich.text import Text as Words

    if not any(cards for _, cards in block.columns):
        return Words(printable(block.empty), style="dim")
    abreast = max(1, min(len(block.columns), width // CARD))
    rows: list[RenderableType] = []
    for start in range(0, len(block.columns), abreast):
        shown = block.columns[start : start + abreast]
        grid = Grid(
            box=box.MINIMAL if fancy else box.ASCII2,
            width=width * len(shown) // abreast,
            header_style="bold",
            show_edge=False,
            pad_edge=False,
        )
        for heading, _ in shown:
            grid.add_column(Words(printable(heading)), overflow="fold", ratio=1)
        grid.add_row(*(_cards(cards) for _, cards in shown))
        rows += [Words(""), grid] if rows else [grid]
    return Group(*rows)


def _cards(cards: Sequence[str]) -> "Words":
    """The cards of a column under each other, with a line between them."""
    from rich.text import Text as Words

    told = Words()
    for card in cards:
        title, _, rest = printable(card).partition("\n")
        told.append("\n\n" if told else "").append(title)
        told.append(f"\n{rest}" if rest else "", style="dim")
    return told
