"""The command line inside the test's own process, and what came of it."""

import contextlib
import importlib
import io
import json
import os
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from unittest import mock

import attrs

from ttrpg_core.app import App
from ttrpg_core.plugins import Plugins


@attrs.frozen
class Result:
    """What a run of the command line left: its exit code, stdout and stderr."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Stdout as the one JSON object that ``--json`` prints; AssertionError shows all if not."""
        try:
            return json.loads(self.out)
        except ValueError as error:
            msg = f"stdout is not JSON ({error}); the run was {self!r}"
            raise AssertionError(msg) from error


class _Run(Protocol):
    def __call__(self, argv: Sequence[str], app: App) -> int: ...


@attrs.frozen
class Runner:
    """Runs ``ttrpg`` as if typed: ``ttrpg("roll", "2d6", input="", env={"COLUMNS": "60"})``.

    Each call is a run of its own with a new ``App``, as each is a new process in life; home,
    plugins, chance and clock go on from one to the next.
    """

    plugins: Plugins
    rng: random.Random
    clock: Callable[[], datetime]

    def __call__(
        self,
        *arguments: str | os.PathLike[str],
        input: str | bytes = "",  # noqa: A002 - subprocess.run calls it so
        env: Mapping[str, str] | None = None,
    ) -> Result:
        """One run. ``input`` is what stdin holds; ``env`` is added to the environment."""
        # By name, as the kernel does not import what is built upon it.
        run: _Run = importlib.import_module("ttrpg_cli.main").run
        argv = [os.fspath(argument) for argument in arguments]
        stdin = input.encode() if isinstance(input, str) else input
        with mock.patch.dict(os.environ, env or {}), _streams(stdin) as (out, err):
            app = App(plugins=self.plugins, rng=self.rng, clock=self.clock)
            try:
                code = run(argv, app)
            finally:
                app.close()
        return Result(code, out.getvalue().decode(), err.getvalue().decode())


@contextlib.contextmanager
def _streams(stdin: bytes) -> Iterator[tuple[io.BytesIO, io.BytesIO]]:
    """Real text streams over bytes, as a process has them: ``sys.stdout.buffer`` works too."""
    out, err = io.BytesIO(), io.BytesIO()
    with (
        mock.patch.object(sys, "stdin", _text(io.BytesIO(stdin))),
        mock.patch.object(sys, "stdout", _text(out)) as stdout,
        mock.patch.object(sys, "stderr", _text(err)) as stderr,
    ):
        yield out, err
        stdout.flush()
        stderr.flush()
        stdout.detach()  # else it would close the bytes before they are read
        stderr.detach()


def _text(raw: io.BytesIO) -> io.TextIOWrapper:
    return io.TextIOWrapper(raw, encoding="utf-8", newline="\n", write_through=True)
