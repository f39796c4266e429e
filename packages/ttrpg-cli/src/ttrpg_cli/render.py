"""The terminal: the only file that knows colour, width and bars.

Data goes to stdout, talk to stderr. Off a terminal there is no colour and no bar; ``--plain`` prints
linear text that reads well aloud; ``--json`` prints one object.
"""

import contextlib
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TextIO

import click

from ttrpg_core.text import printable
from ttrpg_core.views import Bars, Block, Fields, Progress, Quote, Role, Table, Text

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_STYLES: dict[Role, str] = {
    "plain": "",
    "title": "bold",
    "good": "green",
    "bad": "bold red",
    "warn": "yellow",
    "dim": "dim",
    "command": "cyan",
}
_READING_WIDTH = 88
"""Widest a paragraph is set, in characters: longer lines are hard to follow."""


class Terminal:
    """A Screen on two streams. ``json``, ``plain``, ``quiet`` and ``debug`` are the user's switches."""

    def __init__(self, out: TextIO, err: TextIO, environ: Mapping[str, str]) -> None:
        self.out = out
        self.err = err
        self.environ = environ
        self.json = False
        self.plain = False
        self.quiet = False
        self.debug = False
        for stream in (out, err):
            if hasattr(stream, "reconfigure"):  # a letter the terminal lacks must not end a command
                stream.reconfigure(errors="backslashreplace")

    def show(self, schema: str, data: Mapping[str, Any], blocks: Iterable[Block]) -> None:
        """Print data on stdout: blocks for a person, or one JSON object with its schema."""
        if self.json:
            ascii_only = not _can(self.out, "█")
            text = json.dumps({"schema": schema, **data}, ensure_ascii=ascii_only, default=str, indent=2)
            self._write(self.out, text + "\n")
        elif self.plain:
            self._write(self.out, "".join(line + "\n" for block in blocks for line in linear(block)))
        else:
            self._page(self._render(blocks))

    def say(self, text: str, role: Role = "plain") -> None:
        """A line on stderr; silent under ``--quiet`` unless it is bad."""
        if self.quiet and role != "bad":
            return
        self._write(self.err, self._styled(printable(text), role) + "\n")

    def error(self, message: str, hint: str) -> None:
        """An error: the cause, then what to do."""
        self._write(self.err, self._styled("Error: ", "bad") + printable(message) + "\n")
        if hint:
            self._write(self.err, printable(hint) + "\n")

    @contextlib.contextmanager
    def progress(self, title: str, total: int, done: int = 0) -> Iterator[Progress]:
        """A bar on stderr with rate and time left; off a terminal the title alone, once."""
        if self.quiet or self.plain or not self.err.isatty():
            self.say(title)
            yield _Silent()
            return
        from rich import progress as bars

        unit = bars.TextColumn("{task.fields[note]}", style="dim")
        with bars.Progress(
            bars.TextColumn("{task.description}"),
            bars.BarColumn(),
            bars.MofNCompleteColumn(),
            bars.TimeRemainingColumn(),
            unit,
            console=self._console(self.err),
            transient=True,
        ) as shown:
            task = shown.add_task(printable(title), total=total or None, completed=done, note="")
            yield _Bar(shown, task)

    def ask(self, question: str, *, default: bool) -> bool:
        """Yes or no; the default where nobody can answer."""
        if self.json or not click.get_text_stream("stdin").isatty():
            return default
        return click.confirm(printable(question), default=default, err=True)

    def _styled(self, text: str, role: Role) -> str:
        if self.plain or not self.err.isatty() or not _STYLES[role]:
            return text
        with (console := self._console(self.err)).capture() as captured:
            console.print(text, style=_STYLES[role], end="", soft_wrap=True)
        return captured.get()

    def _console(self, stream: TextIO) -> "Console":
        from rich.console import Console

        width = None if self.environ.get("COLUMNS") or stream.isatty() else 100
        return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)

    def _render(self, blocks: Iterable[Block]) -> str:
        console = self._console(self.out)
        fancy = _can(self.out, "█▏│")
        with console.capture() as captured:
            for block in blocks:
                console.print(_drawn(block, console.width, fancy=fancy))
        lines = (line.rstrip() for line in captured.get().splitlines())
        return "\n".join(lines) + "\n"

    def _page(self, text: str) -> None:
        tall = self.out.isatty() and text.count("\n") > shutil.get_terminal_size().lines
        if tall and self.environ.get("TTRPG_GENERAL_PAGER", "true").lower() != "false":
            click.echo_via_pager(text)
        else:
            self._write(self.out, text)

    @staticmethod
    def _write(stream: TextIO, text: str) -> None:
        stream.write(text)
        stream.flush()


class _Silent:
    def update(self, done: int, note: str = "") -> None:
        """Nothing is shown."""


class _Bar:
    def __init__(self, shown: Any, task: Any) -> None:
        self._shown = shown
        self._task = task

    def update(self, done: int, note: str = "") -> None:
        """Move the bar."""
        self._shown.update(self._task, completed=done, note=printable(note))


def linear(block: Block) -> Iterator[str]:
    """A block as plain lines, each whole by itself."""
    if isinstance(block, Text):
        yield printable(block.text)
    elif isinstance(block, Fields):
        yield from (f"{name}: {printable(value)}" for name, value in block.pairs)
    elif isinstance(block, Table):
        for row in block.rows:
            cells = zip(block.headings, row, strict=True)
            yield "; ".join(f"{heading}: {printable(cell)}" for heading, cell in cells if cell)
        if not block.rows and block.empty:
            yield block.empty
    elif isinstance(block, Quote):
        yield printable(block.text)
        yield f"Source: {printable(block.caption)}"
    else:
        if block.title:
            yield block.title
        yield from (f"{label.strip()}: {figure}" for label, _, figure in block.rows)


def _drawn(block: Block, width: int, *, fancy: bool) -> "RenderableType":
    """A block as something rich prints."""
    from rich.padding import Padding
    from rich.table import Table as Grid
    from rich.text import Text as Words

    if isinstance(block, Text):
        return Words(printable(block.text), style=_STYLES[block.role])
    if isinstance(block, Fields):
        grid = Grid.grid(padding=(0, 2, 0, 0))
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(overflow="fold")
        for name, value in block.pairs:
            grid.add_row(name, Words(printable(value)))
        return grid
    if isinstance(block, Table):
        if not block.rows:
            return Words(block.empty, style="dim")
        grid = Grid(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
        for heading in block.headings:
            grid.add_column(heading, overflow="fold")
        for row in block.rows:
            grid.add_row(*(Words(printable(cell)) for cell in row))
        return grid
    if isinstance(block, Quote):
        return _quote(block, min(width, _READING_WIDTH), "│ " if fancy else "| ")
    return Padding(_bars(block, width, fancy=fancy), (0, 0))


def _quote(block: Quote, width: int, edge: str) -> "RenderableType":
    from rich.console import Console
    from rich.text import Text as Words

    words = Words(block.text)
    for start, end in block.marks:
        words.stylize("bold yellow", start, end)
    words = Words("\n").join(
        line for line in words.split("\n", allow_blank=True)
    )
    lines = words.wrap(Console(width=width), width - len(edge))
    drawn = Words()
    for line in lines:
        line.rstrip()
        drawn.append(edge, style="dim").append_text(line).append("\n")
    drawn.append(printable(block.caption), style="italic")
    return drawn


def _bars(block: Bars, width: int, *, fancy: bool) -> "RenderableType":
    from rich.text import Text as Words

    label_width = max((len(label) for label, _, _ in block.rows), default=0)
    figure_width = max((len(figure) for _, _, figure in block.rows), default=0)
    room = max(8, min(width, _READING_WIDTH) - label_width - figure_width - 3)
    drawn = Words(block.title + "\n" if block.title else "", style="bold")
    for number, (label, share, figure) in enumerate(block.rows):
        filled = _bar(share, room, fancy=fancy)
        drawn.append(f"{label:>{label_width}} ", style="not bold")
        drawn.append(f"{filled:<{room}} ", style="not bold cyan")
        drawn.append(f"{figure:>{figure_width}}", style="not bold dim")
        drawn.append("\n" if number + 1 < len(block.rows) else "")
    return drawn


def _bar(share: float, room: int, *, fancy: bool) -> str:
    eighths = round(max(0.0, min(1.0, share)) * room * 8)
    if share > 0:
        eighths = max(1, eighths)
    if not fancy:
        return "#" * max(1 if share > 0 else 0, round(eighths / 8))
    whole, part = divmod(eighths, 8)
    return "█" * whole + ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")[part]


def _can(stream: TextIO, text: str) -> bool:
    """Whether a stream's encoding has these characters."""
    try:
        text.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
