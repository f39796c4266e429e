"""The program: from a command line to an exit code, and the one handler of errors."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ttrpg_cli import __version__

if TYPE_CHECKING:
    from ttrpg_core.app import App

BUG = 70
"""Exit code of an error that nobody foresaw (EX_SOFTWARE of sysexits.h)."""
INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 + SIGINT."""
PIPE_CLOSED = 141
"""Exit code when the reader of our output went away: 128 + SIGPIPE."""


def main() -> None:
    """The ``ttrpg`` script."""
    sys.exit(run(sys.argv[1:]))


def run(argv: Sequence[str], app: "App | None" = None) -> int:
    """Run one command line and answer its exit code; data goes to stdout, talk to stderr."""
    if list(argv) in (["--version"], ["-V"]):
        print(f"ttrpg {__version__}")  # noqa: T201 - before anything is imported: see tests/test_startup.py
        return 0
    from ttrpg_cli.group import root, screen_of
    from ttrpg_core.app import App

    app = app or App()
    try:
        try:
            result = root.main(list(argv), prog_name="ttrpg", standalone_mode=False, obj=app)
            sys.stdout.flush()
        except BaseException as error:  # noqa: BLE001 - the one handler; it re-raises nothing
            from ttrpg_cli.failures import report

            return report(error, app, screen_of(app), argv)
        return result if isinstance(result, int) else 0
    finally:
        app.close()
