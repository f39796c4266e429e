"""The terminal: the only file that knows colour, width and bars.

Data goes to stdout, talk to stderr. Off a terminal there is no colour and no bar; ``--plain``
prints linear text that reads well aloud; ``--json`` prints one object.
"""

import contextlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from ttrpg_cli import drawing, light
from ttrpg_cli.stdin import is_typed
from ttrpg_core.text import printable, printable_json
from ttrpg_core.views import (
    Block,
    Board,
    Fields,
    Markdown,
    Progress,
    Quote,
    Role,
    Stream,
    Table,
    Text,
    Tree,
)

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Shown
    from rich.progress import TaskID

    from ttrpg_cli.markdown import Marked

PIPE_WIDTH = 100
"""Columns where there is no terminal to ask."""
NARROWEST = 20
"""Columns that are filled at least; in fewer, a table would have no room for its cells."""
LONGEST_ERROR = 2000
"""Characters of an error that are printed; it may repeat a very long argument."""


class Terminal:
    """A Screen on two streams.

    ``json``, ``plain``, ``quiet`` and ``debug`` are the user's switches; ``pager`` answers whether
    long output is shown a screen at a time, and is asked only then.
    """

    def __init__(
        self,
        out: TextIO,
        err: TextIO,
        environ: Mapping[str, str],
        pager: Callable[[], bool] = lambda: False,
    ) -> None:
        self.out = out
        self.err = err
        self.environ = environ
        self.pager = pager
        self.json = False
        self.plain = False
        self.quiet = False
        self.debug = False
        self._over: Callable[[str], None] | None = None
        for stream in (out, err):
            reconfigure = getattr(stream, "reconfigure", None)
            if reconfigure is not None:  # a letter the terminal lacks must not end a command
                reconfigure(errors="backslashreplace")

    def show(self, schema: str, data: Mapping[str, Any], blocks: Iterable[Block]) -> None:
        """Print data on stdout: blocks for a person, or one JSON object with its schema."""
        if self.json:
            ascii_only = not drawing.can(self.out, "\N{FULL BLOCK}")
            whole = {"schema": schema, **data}
            text = json.dumps(whole, ensure_ascii=ascii_only, default=str, indent=2)
            self._write(printable_json(text) + "\n")
        elif self.plain:
            self._write("".join(f"{line}\n" for block in blocks for line in linear(block)))
        else:
            self._page(self._render(blocks))

    @contextlib.contextmanager
    def stream(self, waiting: str = "") -> Iterator[Stream]:
        """Markdown on stdout while it comes; under ``--json`` none of it.

        Drawn on a terminal, else as it was written. What is ``waiting`` turns on stderr until then.
        """
        shown = self._drawing()
        with self._spinning(waiting) as stop:
            shown.begun = stop
            try:
                yield shown
            finally:
                shown.end()

    def _drawing(self) -> "_Unshown | _Plain | _Drawn":
        if self.json:
            return _Unshown()
        if self.plain or not self.out.isatty():
            return _Plain(self._write)
        return _Drawn(self._marked(self._write))

    def _marked(self, out: Callable[[str], None]) -> "Marked":
        """What draws Markdown, as wide as the terminal."""
        from ttrpg_cli.markdown import Marked

        return Marked(
            out,
            lambda: self._width(self.out),
            lambda table: self._render([table]),
            light.codes_of(self.environ),
            fancy=drawing.can(self.out, "\N{BULLET}\N{BOX DRAWINGS LIGHT VERTICAL}"),
        )

    @contextlib.contextmanager
    def _spinning(self, waiting: str) -> Iterator[Callable[[], None]]:
        """A spinner while the block runs, or until what is answered is called."""
        if not waiting or self.quiet or not self.err.isatty():
            yield _nothing
        elif self.plain or not light.codes_of(self.environ):
            self.say(waiting, "dim")
            yield _nothing
        else:
            from ttrpg_cli.waiting import FRAMES, Spinner

            fancy = drawing.can(self.err, FRAMES)
            spinner = Spinner(self._written, printable(waiting), fancy=fancy)
            self._over = spinner.over
            spinner.start()
            try:
                yield spinner.stop
            finally:
                spinner.stop()
                self._over = None

    def say(self, text: str, role: Role = "plain") -> None:
        """A line on stderr; silent under ``--quiet`` unless it is bad."""
        if self.quiet and role != "bad":
            return
        self._talk(self._styled(self._set(printable(text)), role) + "\n")

    def error(self, message: str, hint: str) -> None:
        """An error: the cause, then what to do."""
        told = self._set(f"Error: {_short(message)}").removeprefix("Error: ")
        self._talk(self._styled("Error: ", "bad") + told + "\n")
        if hint:
            self._talk(self._set(_short(hint)) + "\n")

    def _set(self, text: str) -> str:
        """Talk in lines that end between words on a terminal, which would break them anywhere."""
        if not self.err.isatty() or not light.can_draw([Text(text)], self.environ, terminal=True):
            return text
        return light.folded(text, self._width(self.err))

    @contextlib.contextmanager
    def progress(self, title: str, total: int, done: int = 0) -> Iterator[Progress]:
        """A bar on stderr with rate and time left; off a terminal the title alone, once."""
        if self.quiet or self.plain or not self.err.isatty():
            self.say(title)
            yield _Silent()
            return
        with drawing.bar(self._console(self.err)) as shown:
            task = shown.add_task(printable(title), total=total or None, completed=done, note="")
            yield _Bar(shown, task)

    def ask(self, question: str, *, default: bool) -> bool:
        """Yes or no; the default where nobody can answer."""
        if self.json or not is_typed():
            return default
        import click

        return click.confirm(printable(question), default=default, err=True)

    def _styled(self, text: str, role: Role) -> str:
        if self.plain or not self.err.isatty() or not drawing.STYLES[role]:
            return text
        if light.can_draw([Text(text)], self.environ, terminal=True):
            return light.styled(text, drawing.STYLES[role], light.codes_of(self.environ))
        with (console := self._console(self.err)).capture() as captured:
            console.print(text, style=drawing.STYLES[role], end="", soft_wrap=True)
        return captured.get()

    def _width(self, stream: TextIO) -> int:
        """Columns to fill: as the user says, as wide as the terminal, or those of a pipe."""
        wanted = self.environ.get("COLUMNS", "")
        if wanted.isdecimal():
            return max(NARROWEST, int(wanted[:4]))
        return max(NARROWEST, light.size_of(stream)[0] if stream.isatty() else PIPE_WIDTH)

    def _console(self, stream: TextIO) -> "Console":
        from rich.console import Console

        width = self._width(stream)
        return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)

    def _render(self, blocks: Iterable[Block]) -> str:
        out: list[str] = []
        run: list[Block] = []
        for block in blocks:
            if isinstance(block, Markdown) and self.out.isatty():
                out.append(self._rendered(run))
                run = []
                marked = self._marked(out.append)
                marked.write(block.text)
                marked.end()
            else:
                run.append(Text(block.text) if isinstance(block, Markdown) else block)
        return "".join([*out, self._rendered(run)])

    def _rendered(self, blocks: Sequence[Block]) -> str:
        if not blocks:
            return ""
        terminal = self.out.isatty()
        fancy = drawing.can(self.out, "\N{FULL BLOCK}\N{BOX DRAWINGS LIGHT VERTICAL}")
        width = self._width(self.out)
        if light.can_draw(blocks, self.environ, terminal=terminal, width=width):
            return light.draw(blocks, width, self.environ, fancy=fancy, terminal=terminal)
        console = self._console(self.out)
        with console.capture() as captured:
            for block in blocks:
                # A path in a pipe is not to be broken.
                whole = isinstance(block, Text) and not terminal
                console.print(drawing.drawn(block, console.width, fancy=fancy), soft_wrap=whole)
        return "".join(f"{line.rstrip()}\n" for line in captured.get().split("\n")[:-1])

    def _page(self, text: str) -> None:
        tall = self.out.isatty() and text.count("\n") > light.size_of(self.out)[1]
        if tall and self.pager():
            # as git does: colours, no pager for one screen, and the text stays when it is left
            import click

            os.environ.setdefault("LESS", "FRX")
            click.echo_via_pager(text)
        else:
            self._write(text)

    def _write(self, text: str) -> None:
        """Data; a disk that is full or a reader that went away ends the command."""
        if text:
            self.out.write(text)
            self.out.flush()

    def _talk(self, text: str) -> None:
        """Talk, in place of whatever turns on the line."""
        (self._over or self._written)(text)

    def _written(self, text: str) -> None:
        """Where nobody can hear it, the command goes on."""
        with contextlib.suppress(OSError):
            self.err.write(text)
            self.err.flush()


def _short(text: str) -> str:
    cut = text if len(text) <= LONGEST_ERROR else text[: LONGEST_ERROR - 3] + "..."
    return printable(cut)


def _nothing() -> None:
    """What there is to do where nothing turns."""


class _Unshown:
    begun: Callable[[], None] = staticmethod(_nothing)

    def write(self, piece: str) -> None:
        """Nothing is shown."""

    def end(self) -> None:
        """Nothing was."""


class _Plain:
    """Pieces as they come, made safe."""

    begun: Callable[[], None] = staticmethod(_nothing)

    def __init__(self, out: Callable[[str], None]) -> None:
        self._out = out
        self._ended = True

    def write(self, piece: str) -> None:
        """Print a piece; what a vendor ends its lines with besides is left out."""
        text = printable(piece.replace("\r", ""))
        if text:
            self.begun()
            self._out(text)
            self._ended = text.endswith("\n")

    def end(self) -> None:
        """End the last line."""
        if not self._ended:
            self._out("\n")


class _Drawn:
    """Pieces as Markdown, drawn."""

    begun: Callable[[], None] = staticmethod(_nothing)

    def __init__(self, marked: "Marked") -> None:
        self._marked = marked

    def write(self, piece: str) -> None:
        """Draw a piece."""
        if piece:
            self.begun()
            self._marked.write(piece)

    def end(self) -> None:
        """Draw what was held back."""
        self.begun()
        self._marked.end()


class _Silent:
    def update(self, done: int, note: str = "") -> None:
        """Nothing is shown."""


class _Bar:
    def __init__(self, shown: "Shown", task: "TaskID") -> None:
        self._shown = shown
        self._task = task

    def update(self, done: int, note: str = "") -> None:
        """Move the bar."""
        self._shown.update(self._task, completed=done, note=printable(note))


def linear(block: Block) -> Iterator[str]:
    """A block as plain lines, each whole by itself."""
    if isinstance(block, Text | Markdown):
        yield printable(block.text)
    elif isinstance(block, Fields):
        yield from (f"{printable(name)}: {printable(value)}" for name, value in block.pairs)
    elif isinstance(block, Table):
        for row in block.rows:
            cells = zip(block.headings, row, strict=True)
            said = (f"{heading}: {cell}" if heading else cell for heading, cell in cells if cell)
            yield printable("; ".join(said))
        if not block.rows and block.empty:
            yield printable(block.empty)
    elif isinstance(block, Quote):
        yield printable(block.text)
        yield f"Source: {printable(block.caption)}"
    elif isinstance(block, Tree):
        yield from _levels(block)
    elif isinstance(block, Board):
        yield from _cards(block)
    else:
        if block.title:
            yield printable(block.title)
        yield from (f"{label.strip()}: {figure.strip()}" for label, _, figure in block.rows)


def _levels(block: Tree) -> Iterator[str]:
    for depth, text, note in block.rows:
        told = f"{text}; {note}" if note else text
        yield printable(f"Level {depth + 1}: {told}" if depth else told)
    if not block.rows and block.empty:
        yield printable(block.empty)


def _cards(block: Board) -> Iterator[str]:
    for heading, cards in block.columns:
        for card in cards:
            yield printable(f"{heading}: {'; '.join(card.splitlines())}")
    if block.empty and not any(cards for _, cards in block.columns):
        yield printable(block.empty)
