"""Vectors of what was added: made at once where that is quick, else after the command has ended.

Which vectors there are is the business of the installed search (:class:`ttrpg_core.search.Filler`);
here is only when they are made. The text can be searched all the while.
"""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import attrs

from ttrpg_core.app import App
from ttrpg_core.errors import Busy, NotFound, TtrpgError
from ttrpg_core.paths import make_folder
from ttrpg_core.search import Filled, Filler, VectorIndex
from ttrpg_core.settings import variable_of
from ttrpg_ingest.processes import environ_of

if TYPE_CHECKING:
    from ttrpg_core.views import Progress

PATIENCE = 20.0
"""Seconds that are worth waiting for; what takes longer is made in the background."""
JUDGED = 2.0
"""Seconds before it is judged how long it takes: the first passages pay for loading a model."""
MOMENT = 0.5
"""Seconds after which a bar is shown."""
WATCHED = 0.5
"""Seconds between two looks at what another process does."""
_CHOICES = ("search.embedder", "search.vector", "general.offline")
"""Settings that the process in the background must share, wherever they were said."""
_running: list["subprocess.Popen[bytes]"] = []
"""Kept, so that nobody waits for their end or complains that nobody did."""


@attrs.frozen
class Made:
    """How far the vectors are now, and how many were ``made`` by this call."""

    now: Filled
    made: int


def make(app: App, *, patience: float = float("inf"), wait: bool = True) -> Made | None:
    """Make the vectors that are missing, with a bar; None where none are wanted.

    It stops when the rest would take longer than ``patience`` (seconds), once that is known. While
    another process makes them its progress is shown; without ``wait`` that is Busy. Ctrl-C stops
    it, and the next call goes on.
    """
    try:
        finder = app.finder()
    except NotFound:
        return None
    with contextlib.closing(finder):
        if not isinstance(finder, Filler):
            return None
        with _begun(app, finder, wait=wait) as (first, steps):
            if first is None:
                return None
            now = first if first.complete else _make(app, first, steps, patience)
    return Made(now, now.done - first.done)


def after_adding(app: App) -> None:
    """Make the vectors of what was just added, or leave them to the background, and say which.

    What goes wrong here costs vectors and not the books, so it is said and raises nothing.
    """
    say = app.screen.say
    try:
        made = make(app, patience=PATIENCE, wait=False)
    except Busy:
        say("Another process makes the vectors, and takes these books along", "dim")
        return
    except TtrpgError as error:
        said = f"no vectors were made, so words alone are searched: {error.message}"
        say(f"{said}. {error.hint}" if error.hint else said, "warn")
        return
    except KeyboardInterrupt:
        say("The books are on the shelf; 'ttrpg library index' goes on with their vectors")
        raise
    if made is None or made.now.complete:
        return
    left = made.now.total - made.now.done
    told = f"{left:,} passages have no vectors yet" if left else f"There is {made.now.rest} to make"
    if app.settings.search.background and start(app):
        say(f"{told}; that goes on in the background ('ttrpg library index' shows how far it is)")
    else:
        say(f"{told}: ttrpg library index", "warn")


def start(app: App) -> bool:
    """Start a process that makes the vectors and outlives this one; whether it could be started."""
    environ = environ_of(app.environ)
    for key in _CHOICES:
        value = app.config.get(key).value
        environ[variable_of(key)] = str(value).lower() if isinstance(value, bool) else value
    command = [sys.executable, "-P", "-m", "ttrpg_ingest.background"]
    if app.folder is not None:
        command.append(str(app.folder))
    log = make_folder(app.paths.state_dir) / "vectors.log"
    apart: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        quiet = subprocess.DETACHED_PROCESS | subprocess.BELOW_NORMAL_PRIORITY_CLASS
        apart = {"creationflags": quiet}
    try:
        with log.open("wb") as told:
            process = subprocess.Popen(
                command, env=environ, stdin=subprocess.DEVNULL, stdout=told, stderr=told, **apart
            )
    except OSError as error:
        app.screen.say(f"nothing could be started in the background: {error}", "warn")
        return False
    _running.append(process)
    return True


@contextlib.contextmanager
def _begun(
    app: App, filler: Filler, *, wait: bool
) -> Iterator[tuple[Filled | None, Iterator[Filled]]]:
    """How it was before, and the steps, which are closed behind the block."""
    steps = filler.fill()
    try:
        try:
            first = next(steps, None)
        except Busy:
            if not wait:
                raise
            first, steps = _waited(app, filler)
        yield first, steps
    finally:
        close = getattr(steps, "close", None)  # an iterator need not have one
        if close is not None:
            close()


def _waited(app: App, filler: Filler) -> tuple[Filled | None, Iterator[Filled]]:
    """Show how far another process is, until it lets go."""
    index = app.backend("vector")
    total = sum(app.library.counts().values())
    with app.screen.progress("Another process makes the vectors", total) as bar:
        while True:
            if isinstance(index, VectorIndex):
                bar.update(len(index.ids()))
            time.sleep(WATCHED)
            steps = filler.fill()
            with contextlib.suppress(Busy):
                return next(steps, None), steps


def _make(app: App, first: Filled, steps: Iterator[Filled], patience: float) -> Filled:
    """Go on to the end, or till that takes too long; a bar is shown when it takes a moment."""
    now = first
    begun = time.monotonic()
    with contextlib.ExitStack() as stack:
        bar: Progress | None = None
        while not now.complete and _takes(first, now, time.monotonic() - begun) <= patience:
            if bar is None and time.monotonic() - begun > MOMENT:
                shown = app.screen.progress("Making vectors", first.total, first.done)
                bar = stack.enter_context(shown)
            if bar is not None:
                bar.update(now.done, now.rest)
            now = next(steps, now)
    return now


def _takes(first: Filled, now: Filled, spent: float) -> float:
    """Seconds that all of it would take, by what was done so far; for ever when nobody knows.

    0 while it is too early to say.
    """
    if now.done < now.total:
        made = now.done - first.done
        judged = spent >= JUDGED and made
        return spent * (now.total - first.done) / made if judged else 0.0
    return float("inf")
