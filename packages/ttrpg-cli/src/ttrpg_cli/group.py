"""The command group: what is installed, shown without being imported.

``--help`` and completion need a name and a line for each command, and both stand in its record. The
command's own module is imported when the command is about to run.
"""

import difflib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from ttrpg_core.entries import Command

if TYPE_CHECKING:
    from ttrpg_cli.render import Terminal
    from ttrpg_core.app import App

SECTIONS = ("At the table", "Books", "Campaign", "Program")
"""Headings of ``ttrpg --help``, in order; a plugin's own come after them by name."""
BROUGHT_BY = {"library": "ttrpg-ingest", "search": "ttrpg-search"}
"""First-party commands and the package that brings each."""


class Lazy(click.Command):
    """Stands in for a command until it runs; knows its name and help line only."""

    def __init__(self, entry: Command) -> None:
        super().__init__(entry.name, short_help=entry.summary, add_help_option=False)


class Ttrpg(click.Group):
    """The root group; its children are the installed ``Command`` records."""

    def entries(self, ctx: click.Context) -> dict[str, Command]:
        """The commands that can be offered: those whose needs are met."""
        app: App = ctx.obj
        return {
            name: entry
            for name, entry in app.plugins.entries(Command).items()
            if not entry.needs or any(app.plugins.owned(kind) for kind in entry.needs)
        }

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names, sorted."""
        return sorted(self.entries(ctx))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The stand-in for a command."""
        entry = self.entries(ctx).get(cmd_name)
        return None if entry is None else Lazy(entry)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The real command, imported now."""
        name, rest = args[0], args[1:]
        if name not in self.entries(ctx):
            if ctx.resilient_parsing:
                return None, None, args
            raise unknown(name, ctx.obj, list(self.entries(ctx)))
        loaded = load(ctx.obj, name)
        return name, loaded, rest

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands under their headings."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for name, entry in sorted(self.entries(ctx).items()):
            sections.setdefault(entry.section, []).append((name, entry.summary))
        known = [section for section in SECTIONS if section in sections]
        for section in [*known, *sorted(set(sections) - set(SECTIONS))]:
            with formatter.section(section):
                formatter.write_dl(sections[section])


def load(app: "App", name: str) -> click.Command:
    """The click command of a record, with the options that every command has."""
    from ttrpg_core.errors import PluginError

    loaded = app.plugins.load(Command, name)
    if not isinstance(loaded, click.Command):
        raise PluginError(f"command {name}: its target is a {type(loaded).__name__}, not a click.Command")
    loaded.name = name
    return with_common_options(loaded)


def with_common_options(command: click.Command) -> click.Command:
    """Give a command and its children ``--json``, ``--plain`` and ``--quiet``, once."""
    if isinstance(command, click.Group):
        for child in command.commands.values():
            with_common_options(child)
    names = {name for param in command.params for name in param.opts}
    command.params += [option for option in common_options() if option.opts[0] not in names]
    return command


def common_options() -> list[click.Option]:
    """The options that stand before or after a command's name."""
    return [
        click.Option(
            [f"--{name}"], is_flag=True, expose_value=False, is_eager=True, callback=_switch, help=text
        )
        for name, text in (
            ("json", "Print data as one JSON object."),
            ("plain", "Print linear text, for screen readers and scripts."),
            ("quiet", "Say nothing but data and errors."),
        )
    ]


def screen_of(app: "App") -> "Terminal":
    """The terminal that an App prints to, made on first use."""
    from ttrpg_cli.render import Terminal

    found = getattr(app, "_screen", None)
    if found is None:
        found = Terminal(sys.stdout, sys.stderr, app.environ)
        app.screen = found
    return found  # type: ignore[no-any-return]


def _switch(ctx: click.Context, param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's signature
    if value and isinstance(ctx.obj, object) and ctx.obj is not None:
        setattr(screen_of(ctx.obj), str(param.name), True)


def unknown(name: str, app: "App", known: Sequence[str]) -> click.UsageError:
    """What to say of a command that is not there, the most useful first."""
    error = click.UsageError(f"there is no command {name!r}")
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
    if close:
        error.hint = f"Did you mean: ttrpg {close[0]}"  # type: ignore[attr-defined]
    elif name in BROUGHT_BY:
        from ttrpg_cli.install import install_line

        package = BROUGHT_BY[name]
        error.hint = f"'{name}' comes with {package}: {install_line(package)}"  # type: ignore[attr-defined]
    elif app.plugins.problems:
        broken = app.plugins.problems[0]
        error.hint = f"The plugin {broken.plugin!r} could not be used: {broken.error}"  # type: ignore[attr-defined]
    else:
        error.hint = "See: ttrpg --help"  # type: ignore[attr-defined]
    return error


def _offline(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's signature
    if value:
        ctx.obj.flags["general.offline"] = True


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's signature
    if value and not ctx.resilient_parsing:
        from ttrpg_cli import __version__

        click.echo(f"ttrpg {__version__}")
        ctx.exit()


@click.group(
    cls=Ttrpg,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    params=[
        *common_options(),
        click.Option(
            ["--offline"], is_flag=True, expose_value=False, is_eager=True, callback=_offline, help="Open no socket."
        ),
        click.Option(["--debug"], is_flag=True, help="Show the trace of an error, and log to stderr."),
        click.Option(
            ["-V", "--version"], is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Print the version."
        ),
    ],
)
@click.pass_context
def root(ctx: click.Context, debug: bool) -> Any:  # noqa: FBT001 - click's signature
    """The Game Master's assistant.

    Without a command: where you are, and what to do next.
    """
    app: App = ctx.obj
    screen = screen_of(app)
    if debug:
        from ttrpg_core.logs import configure

        screen.debug = True
        configure(app.paths.state_dir, verbose=True)
    if app.plugins.problems:
        screen.say(f"{len(app.plugins.problems)} plugin problem(s); see: ttrpg plugins", "dim")
    if ctx.invoked_subcommand is None:
        from ttrpg_cli.commands.here import here

        here(app)
