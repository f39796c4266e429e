"""The loop of ``combat watch``: keys become the commands of the table, changes become pictures.

What other processes do to the fight shows without a key: SQLite says when another connection has
changed the database (PRAGMA data_version). Nothing is kept here, so that a crash loses nothing.
"""

import contextlib
import shlex
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import click

from ttrpg_cli import drawing, light
from ttrpg_cli.commands import blows, turning
from ttrpg_cli.fighting.acting import campaign_of, law_of
from ttrpg_cli.screens import screen_of
from ttrpg_cli.stdin import is_typed
from ttrpg_cli.watching import keys, picture
from ttrpg_core import fights
from ttrpg_core.app import App
from ttrpg_core.errors import InputError, TtrpgError
from ttrpg_core.table.combat import seen
from ttrpg_core.views import Block, Progress, Role, Stream

if TYPE_CHECKING:
    from rich.live import Live

    from ttrpg_cli.render import Terminal

TICK = 0.25
"""Seconds between two looks at the database and at the size of the terminal."""
LOGGED = 40
"""Entries of the history that are looked through for the log."""
SIZES = frozenset({"COLUMNS", "LINES"})
"""Variables in which the environment says a size, which a terminal that is resized outgrows."""
LONGEST = 200
"""Characters of a line that is typed."""
AT_ONCE: Mapping[str, click.Command] = {"n": turning.next_, "p": turning.prev}
TYPED: Mapping[str, tuple[str, click.Command]] = {
    "n": ("next", turning.next_),
    "t": ("hit", blows.hit),
    "l": ("heal", blows.heal),
    "g": ("cond", blows.cond),
    "s": ("save", blows.save),
    "o": ("order", turning.order),
}
"""Keys that ask for the rest of a line: that of *next* only where several could be."""


def whole(screen: "Terminal") -> "Live":
    """The whole terminal, for a picture that changes; InputError where it cannot be drawn on."""
    drawable = screen.out.isatty() and is_typed() and bool(light.codes_of(screen.environ))
    if screen.json or screen.plain or not drawable:
        raise InputError("this needs a terminal to draw on", "Use: ttrpg combat show")
    from rich.console import Console
    from rich.live import Live

    # A shell may export the size that its terminal had; rich would believe it for ever.
    environ = {name: value for name, value in screen.environ.items() if name not in SIZES}
    console = Console(file=screen.out, highlight=False, markup=False, emoji=False, _environ=environ)
    return Live(
        console=console,
        screen=True,
        auto_refresh=False,
        redirect_stdout=False,
        redirect_stderr=False,
    )


class Watch:
    """One fight on the screen, until q is pressed."""

    def __init__(self, app: App, fight: str) -> None:
        self.app = app
        self.fight = fight
        self.key = ""
        self.line = ""
        self.said = ""
        self.help = False
        self._seen: tuple[object, ...] = ()

    def run(self) -> None:
        """Show it, and do what is typed."""
        screen = screen_of(self.app)
        fancy = drawing.can(screen.out, "\N{FULL BLOCK}\N{BOX DRAWINGS LIGHT VERTICAL}")
        with whole(screen) as live, keys.pressed() as typed:
            going = True
            while going:
                try:
                    self._draw(live, fancy=fancy)
                    going = all(self.press(key) for key in typed.read(TICK))
                except KeyboardInterrupt:
                    going = bool(self.key)
                    self.key = self.line = ""
                    self._seen = ()

    def press(self, key: str) -> bool:
        """Do what a key says; False when it was the last."""
        self._seen = ()
        if self.key:
            self._type(key)
            return True
        self.said, shown, self.help = "", self.help, False
        if key in {"q", keys.END}:
            return False
        if key == "?":
            self.help = not shown
        elif key == "n" and len(self.scene().view.choices) > 1:
            self.key, self.line = key, ""
        elif key in AT_ONCE:
            self._do(AT_ONCE[key], [])
        elif key == "u":
            self._undo()
        elif key in TYPED:
            self.key, self.line = key, ""
        return True

    def scene(self) -> picture.Scene:
        """What there is to draw now."""
        connection = self.app.store.connection
        fight = fights.load(connection, self.fight)
        entries = self.app.journal.history(LOGGED, campaign=campaign_of(self.app))
        return picture.Scene(
            seen.view(fight, law_of(self.app, fight)),
            [each.prose for each in entries if each.undone_by is None],
            f"{TYPED[self.key][0]} {self.line}" if self.key else None,
            self.said,
            help=self.help,
        )

    def _draw(self, live: "Live", *, fancy: bool) -> None:
        """Draw, if anything is not as it was drawn last."""
        size = live.console.size
        version = self.app.store.connection.execute("PRAGMA data_version").fetchone()[0]
        now = (version, size.width, size.height)
        if now != self._seen:
            drawn = picture.picture(self.scene(), size.width, size.height, fancy=fancy)
            live.update(drawn, refresh=True)
            self._seen = now

    def _type(self, key: str) -> None:
        """A key of a line that is being typed."""
        if key in {keys.ESCAPE, keys.END}:
            self.key = self.line = ""
        elif key in {"\x7f", "\b"}:
            self.line = self.line[:-1]
        elif key == "\x15":  # Ctrl-U
            self.line = ""
        elif key in "\r\n":
            _, command = TYPED[self.key]
            line, self.key, self.line = self.line, "", ""
            try:
                words = shlex.split(line)
            except ValueError:
                self.said = "a quote is not closed"
                return
            if words:
                self._do(command, words)
        elif key.isprintable() and len(self.line) < LONGEST:
            self.line += key

    def _do(self, command: click.Command, words: list[str]) -> None:
        """Run a command of the table in this fight; what is wrong is said at the foot."""
        if {"-h", "--help"} & set(words):
            self.said = f"See: ttrpg {command.name} --help"
            return
        with self._heard() as ear:
            arguments = [*words, "--fight", self.fight]
            with command.make_context(command.name, arguments, obj=self.app) as context:
                command.invoke(context)
            self.said = ear.said

    def _undo(self) -> None:
        with self._heard():
            with self.app.store.transaction():
                done = self.app.journal.undo()
                self.app.audit.record("change.undone", {"entries": [each.id for each in done]})
            self.said = f"Taken back: {done[0].prose}; 'ttrpg redo' does it again"

    @contextlib.contextmanager
    def _heard(self) -> "Iterator[Ear]":
        """While the block runs, what commands print comes here; errors are said at the foot."""
        before, ear = self.app.screen, Ear()
        self.app.screen = ear
        try:
            yield ear
        except TtrpgError as error:
            self.said = f"{error.message}. {error.hint}".replace("\n", " ")
        except click.ClickException as error:
            self.said = error.format_message()
        finally:
            self.app.screen = before


class Ear:
    """A Screen that draws nothing, and keeps in one line what was shown."""

    def __init__(self) -> None:
        self.said = ""

    def show(self, schema: str, data: Mapping[str, Any], blocks: Iterable[Block]) -> None:
        """Keep what happened, or what conditions do; the picture shows how the fight stands."""
        del schema, blocks
        facts = [each["prose"] for each in data.get("facts", ())]
        told = [f"{each['title']}: {' '.join(each['text'])}" for each in data.get("conditions", ())]
        self.said = "; ".join([*facts, *told])

    def say(self, text: str, role: Role = "plain") -> None:
        """That it can be taken back is known here."""

    def stream(self, waiting: str = "") -> AbstractContextManager[Stream]:
        """No command of the table streams."""
        raise _unused(waiting)

    def progress(self, title: str, total: int, done: int = 0) -> AbstractContextManager[Progress]:
        """No command of the table takes long."""
        raise _unused(f"{title} {done}/{total}")

    def ask(self, question: str, *, default: bool) -> bool:
        """The default, since nobody is asked."""
        del question
        return default


def _unused(what: str) -> NotImplementedError:
    return NotImplementedError(what)
