"""``config``: settings with their sources."""

import contextlib
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from ttrpg_core import entries, text
from ttrpg_core.app import App
from ttrpg_core.errors import ConfigError, InputError, TtrpgError
from ttrpg_core.paths import Paths, write_atomically
from ttrpg_core.settings import Config, Value, variable_of
from ttrpg_core.settings_files import CAMPAIGN
from ttrpg_core.views import Fields, Table, Text

VALUE_MAX = 10_000
"""Longest value that is taken, in characters."""


def _keys(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Settings for the shell."""
    values = ctx.find_root().obj.config.values
    return [
        CompletionItem(key, help=value.help)
        for key, value in values.items()
        if key.startswith(incomplete)
    ]


@click.group(invoke_without_command=True, short_help="Settings, each with where it comes from")
@click.pass_context
def config(ctx: click.Context) -> None:
    """Settings. Without a command: all of them."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(show)


@config.command()
@click.pass_obj
def show(app: App) -> None:
    """Every setting: its value, and the file, variable or default it comes from."""
    values = list(app.config.values.values())
    rows = [(value.key, _said(value.value), value.where) for value in values]
    app.screen.show(
        "ttrpg.config/1",
        {"settings": [_plain(value) for value in values], "ignored": _ignored(app)},
        [Table(("Setting", "Value", "From"), rows)],
    )
    _say_ignored(app)


@config.command()
@click.argument("key", shell_complete=_keys)
@click.pass_obj
def get(app: App, key: str) -> None:
    """One setting."""
    value = app.config.get(key)
    pairs = [
        (value.key, _said(value.value)),
        ("from", value.where),
        ("means", value.help),
        ("allowed", value.allowed),
        ("variable", variable_of(value.key)),
    ]
    app.screen.show("ttrpg.config.get/1", _plain(value), [Fields(pairs)])


@config.command("set")
@click.argument("key", shell_complete=_keys)
@click.argument("value")
@click.pass_obj
def set_(app: App, key: str, value: str) -> None:
    """Write a setting to your config.toml; its comments stay."""
    _leave_out_broken_campaign(app)
    old = app.config.get(key)
    audit = app.audit  # before it is written: nothing is changed that could not be told of
    new = app.config.set(key, text.text(value, "value", VALUE_MAX))
    audit.record("setting.changed", {"key": key, "old": _said(old.value), "new": _said(new.value)})
    app.screen.show("ttrpg.config.set/1", _plain(new), [])
    app.screen.say(f"{key} = {_said(new.value)} in {new.where}; it was {_said(old.value)}", "good")
    if old.source > new.source:
        app.screen.say(f"{old.where} still overrides it", "warn")


@config.command()
@click.pass_obj
def path(app: App) -> None:
    """Where the settings stand."""
    _leave_out_broken_campaign(app)
    folder = app.config.folder_file
    data = {"user": str(app.paths.config), "campaign": str(folder) if folder else None}
    shown = [Text(str(app.paths.config))] + ([Text(str(folder))] if folder else [])
    app.screen.show("ttrpg.config.path/1", data, shown)
    _say_ignored(app)


@config.command()
@click.pass_obj
def edit(app: App) -> None:
    """Open your config.toml in $EDITOR; a text with a mistake is kept beside it, not used.

    The next edit then goes on with what was kept.
    """
    target = app.paths.config
    draft = target.with_name("config.draft.toml")
    before = _written(draft) or _written(target) or "# Settings of ttrpg; see: ttrpg config show\n"
    after = click.edit(before, extension=".toml")
    if after is None or (after == before and not draft.exists()):
        app.screen.say("Nothing was changed")
        return
    write_atomically(draft, after)
    folders = _DraftPaths(app.paths.config_dir, app.paths.data_dir, app.paths.state_dir)
    try:
        Config(folders, {}, campaign=False)
    except ConfigError as error:
        hint = f"Your text is kept in {draft}; {target} is unchanged"
        raise InputError(error.message, hint) from error
    write_atomically(target, after)
    draft.unlink()
    _leave_out_broken_campaign(app)
    app.audit.record("setting.changed", {"file": str(target)})
    app.screen.say(f"Saved {target}", "good")


def _leave_out_broken_campaign(app: App) -> None:
    """Go on without a campaign's file that cannot be used: a stop here would leave no way out."""
    try:
        _ = app.config
    except ConfigError as error:
        # What is wrong elsewhere is raised again, by the same words.
        app.config = Config(app.paths, app.environ, app.flags, app.folder, campaign=False)
        app.screen.say(f"{error.message}; going on without {app.config.folder_file}", "warn")


def _ignored(app: App) -> list[str]:
    """What the campaign's file says of personal settings, plugins' included."""
    tables = app.config.campaign_plugins()
    for kind, record in entries.KINDS.items():
        for name in tables & app.plugins.owned(kind).keys():
            with contextlib.suppress(TtrpgError):  # a broken plugin is for its own command to tell
                app.context(record, name)
    return app.config.ignored


def _say_ignored(app: App) -> None:
    """Tell of each setting that was passed over: silence would look as if it held."""
    for label in _ignored(app):
        key = label.removeprefix(f"{CAMPAIGN}.")
        way = "edit" if key.startswith("plugins.") else f"set {key} VALUE"
        app.screen.say(
            f"{label} is personal and not taken from a campaign's folder; use: ttrpg config {way}",
            "warn",
        )


def _written(path: Path) -> str:
    """What stands in a file; empty where there is none."""
    try:
        return path.read_text("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text", "Mend it with another editor") from error


class _DraftPaths(Paths):
    """The same folders, with the draft in place of the settings."""

    @property
    def config(self) -> Path:
        """The draft."""
        return self.config_dir / "config.draft.toml"


def _said(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return '""' if value == "" else str(value)


def _plain(value: Value) -> dict[str, object]:
    return {
        "key": value.key,
        "value": value.value,
        "source": value.source.name.lower(),
        "where": value.where,
    }
