"""The command group: what is installed, shown without being imported.

``--help`` and completion need a name and a line for each command, and both stand in its record. The
command's own module is imported when the command is about to run.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from ttrpg_cli.screens import say_problems, screen_of
from ttrpg_core.entries import Command

if TYPE_CHECKING:
    from ttrpg_core.app import App

SECTIONS = ("At the table", "Books", "Campaign", "Models", "Program")
"""Headings of ``ttrpg --help``, in order; a plugin's own come after them by name."""
BROUGHT_BY = {
    "library": "ttrpg-ingest",
    **dict.fromkeys(("search", "ask", "quote", "eval"), "ttrpg-search"),
}
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
        return name, load(ctx.obj, name), rest

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
        raise PluginError(
            f"command {name}: its target is a {type(loaded).__name__}, not a click.Command"
        )
    loaded.name = name
    return with_common_options(loaded)


class Verbs(dict[str, click.Command]):
    """The commands of a group, found by the words that other tools have for them too.

    ``ttrpg campaign new`` is ``create`` and ``ttrpg npc delete`` is ``rm``. They are in no list,
    and a group that takes words of its own (``ttrpg note new boots``) reads them as words.
    """

    SAME = (
        ("create", "new", "add"),
        ("rm", "delete", "remove", "del"),
        ("list", "ls"),
        ("show", "view"),
    )

    def get(self, key: str, default: Any = None) -> Any:
        """The command of this name, or the first whose name means the same."""
        if key not in self:
            same = next((words for words in self.SAME if key in words), ())
            key = next((word for word in same if word in self), key)
        return super().get(key, default)


def with_common_options(command: click.Command) -> click.Command:
    """Give a command and its children ``--json``, ``--plain`` and ``--quiet``, once."""
    if isinstance(command, click.Group):
        command.commands = Verbs(command.commands)
        for child in command.commands.values():
            with_common_options(child)
    names = {name for param in command.params for name in param.opts}
    command.params += [option for option in common_options() if option.opts[0] not in names]
    return command


def common_options() -> list[click.Option]:
    """The options that stand before or after a command's name."""
    return [
        _flag("--json", "Print data as one JSON object.", _switch),
        _flag("--plain", "Print linear text, for screen readers and scripts.", _switch),
        _flag("--quiet", "Say nothing but data and errors.", _switch),
    ]


def _flag(
    name: str, text: str, callback: Callable[[click.Context, click.Parameter, bool], None]
) -> click.Option:
    """An option that acts when it is met, before the command runs."""
    return click.Option(
        name.split(), is_flag=True, expose_value=False, is_eager=True, callback=callback, help=text
    )


def _switch(ctx: click.Context, param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's signature
    if value and ctx.obj is not None:
        setattr(screen_of(ctx.obj), str(param.name), True)


class Unknown(click.UsageError):
    """A command that is not there; ``hint`` is the most useful thing to say of it."""

    def __init__(self, name: str, hint: str) -> None:
        super().__init__(f"there is no command {name!r:.60}")
        self.hint = hint


def unknown(name: str, app: "App", known: Sequence[str]) -> Unknown:
    """What to say of a command that is not there, the most useful first."""
    import difflib

    near = next(iter(difflib.get_close_matches(name[:100], known, n=1, cutoff=0.7)), None)
    brought = next(iter(difflib.get_close_matches(name[:100], BROUGHT_BY, n=1, cutoff=0.7)), None)
    entry = app.plugins.entries(Command).get(name)
    if entry is not None:
        return Unknown(name, f"It needs {' or '.join(entry.needs)}, and no plugin here has any")
    if near is not None:
        return Unknown(name, f"Did you mean: ttrpg {near}")
    if brought is not None and brought not in known:
        from ttrpg_cli.install import install_line

        package = BROUGHT_BY[brought]
        beside = [plugin.distribution for plugin in app.plugins.installed if plugin.distribution]
        return Unknown(
            name, f"{brought!r} comes with {package}: {install_line(package, beside=beside)}"
        )
    if app.plugins.problems:
        broken = app.plugins.problems[0]
        return Unknown(
            name, f"The plugin {broken.plugin!r} could not be used ({broken.where}): {broken.error}"
        )
    return Unknown(name, "See: ttrpg --help")


def _offline(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's signature
    if value:
        ctx.obj.flags["general.offline"] = True


def _key_file(ctx: click.Context, _: click.Parameter, value: tuple[str, ...]) -> None:
    """Take note of files with keys; what is in them is read when a key is wanted."""
    from pathlib import Path

    for each in value:
        name, sign, file = each.partition("=")
        if not (name and sign and file):
            raise click.BadParameter(f"{each!r:.60} is not NAME=FILE, such as anthropic=key.txt")
        ctx.obj.key_files[name.lower()] = Path(file)


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
        _flag("--offline", "Open no socket.", _offline),
        click.Option(
            ["--key-file"],
            metavar="NAME=FILE",
            multiple=True,
            expose_value=False,
            callback=_key_file,
            help="A file with the key NAME, for this command alone.",
        ),
        click.Option(
            ["--debug"], is_flag=True, help="Show the trace of an error, and log to stderr."
        ),
        _flag("-V --version", "Print the version.", _version),
    ],
)
@click.pass_context
def root(ctx: click.Context, *, debug: bool) -> None:
    """The Game Master's assistant.

    Without a command: where you are, and what to do next.
    """
    app: App = ctx.obj
    screen = screen_of(app)
    if debug:
        from ttrpg_core.logs import configure

        screen.debug = True
        configure(app.paths.state_dir, verbose=True)
    app.plugins.owned("commands")  # asked before the problems are counted
    if ctx.invoked_subcommand != "plugins":
        say_problems(app)
    if ctx.invoked_subcommand is None:
        from ttrpg_cli.commands.here import here

        here(app)
