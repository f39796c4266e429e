"""The program: from a command line to an exit code, and the one handler of errors."""

import gc
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
COMPLETE = "_TTRPG_COMPLETE"
"""The variable by which a shell asks for completions; what goes wrong then is nobody's to read."""


COLLECT_AFTER = 50_000
"""New objects after which Python looks for garbage. Its own 700 has it look a hundred times while
modules are imported, which are no garbage: a twelfth of a search from the shell."""


def main() -> None:
    """The ``ttrpg`` script."""
    gc.set_threshold(COLLECT_AFTER)
    try:
        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # before there was a command, or while an error was told
        code = INTERRUPTED
    # Python looks for garbage once more as it ends, in all that was ever imported; everything that
    # has to be closed is closed by now, and the memory goes with the process
    gc.freeze()
    sys.exit(code)


def run(argv: Sequence[str], app: "App | None" = None) -> int:
    """Run one command line and answer its exit code; data goes to stdout, talk to stderr."""
    if list(argv) in (["--version"], ["-V"]):
        return _version()
    from ttrpg_core.app import App

    app = app or App()
    try:
        if app.environ.get(COMPLETE):
            return _complete(app)
        try:
            result = _done(app, _checked(argv))
            if sys.stdout is not None:
                sys.stdout.flush()
        except BaseException as error:  # noqa: BLE001 - the one handler; it re-raises nothing
            from ttrpg_cli.failures import report
            from ttrpg_cli.screens import screen_of

            return report(error, app, screen_of(app), argv)
        return result
    finally:
        app.close()


def _done(app: "App", argv: list[str]) -> int:
    """Run the command, by its quick way where the line has one."""
    from ttrpg_cli.quick import quickly

    code = quickly(app, argv)
    if code is not None:
        return code
    from click.exceptions import Exit

    from ttrpg_cli.group import root

    try:
        with root.make_context("ttrpg", argv, obj=app) as context:
            result = root.invoke(context)
    except Exit as ended:  # as after --help; a light way out
        return ended.exit_code
    return result if isinstance(result, int) else 0


def _checked(argv: Sequence[str]) -> list[str]:
    """The arguments; a NUL in one cannot come from a shell, and no file or table can have it."""
    if any("\0" in argument for argument in argv):
        from ttrpg_core.errors import InputError

        raise InputError("an argument has a NUL character", "Type it again without")
    return list(argv)


def _version() -> int:
    """The version, before anything is imported: see tests/test_startup.py."""
    try:
        print(f"ttrpg {__version__}", flush=True)  # noqa: T201 - there is no screen yet
    except OSError as error:
        from ttrpg_cli.failures import let_go

        let_go()
        print(f"Error: {error.strerror}", file=sys.stderr)  # noqa: T201 - as above
        return 1
    return 0


def _complete(app: "App") -> int:
    """Answer the shell; silence where that cannot be done, for it would stand in the prompt."""
    from click.shell_completion import shell_complete

    from ttrpg_cli.group import root

    try:
        return shell_complete(root, {"obj": app}, "ttrpg", COMPLETE, app.environ[COMPLETE])
    except Exception:  # noqa: BLE001 - a plugin or a damaged database may raise anything
        return 1
