"""``keys``: kept in the keyring or a private file, shown by source and never by value."""

import click
from click.shell_completion import CompletionItem

from ttrpg_cli.stdin import is_typed, read_stdin
from ttrpg_core import entries
from ttrpg_core.app import App
from ttrpg_core.errors import InputError
from ttrpg_core.secrets import KEY_MAX, key_name
from ttrpg_core.views import Table, Text


def _variables(app: App) -> dict[str, str]:
    """The environment variable of each installed provider and speech engine that wants a key."""
    providers = app.plugins.entries(entries.Provider).items()
    speakers = app.plugins.entries(entries.Speaker).items()
    found = {name: entry.key for name, entry in providers if entry.key}
    return found | {name: entry.key for name, entry in speakers if entry.key}


def _names(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names for the shell: keys that are kept, and keys that a plugin could use."""
    app = ctx.find_root().obj
    known = {each.name for each in app.secrets.known()} | set(_variables(app))
    return [CompletionItem(name) for name in sorted(known) if name.startswith(incomplete)]


@click.group(
    invoke_without_command=True, short_help="Keys of providers: kept, shown by source only"
)
@click.pass_context
def keys(ctx: click.Context) -> None:
    """Keys of providers and speech engines. Without a command: the list."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@keys.command("list")
@click.pass_obj
def list_(app: App) -> None:
    """Which keys there are and where each comes from; never a value."""
    known = app.secrets.known(_variables(app))
    app.screen.show(
        "ttrpg.keys/1",
        {
            "keys": [
                {"name": each.name, "source": each.source, "where": each.detail} for each in known
            ]
        },
        [
            Table(
                ("Key", "From", "Where"),
                [(each.name, each.source, each.detail) for each in known],
                empty="No keys, and none is needed: ttrpg works without a model.",
            )
        ],
    )


@keys.command("set")
@click.argument("name", shell_complete=_names)
@click.argument("more", nargs=-1, metavar="")
@click.pass_obj
def set_(app: App, name: str, more: tuple[str, ...]) -> None:
    """Keep a key, asked for without echo or read from stdin; never give it as an argument."""
    if more:  # not repeated in the error, as click would do
        raise InputError(
            "a key is not an argument: it would stay in your shell's history",
            f"Paste it when asked: ttrpg keys set {name}. Was it a key? Then make a new one",
        )
    name = key_name(name)
    audit = app.audit  # before the key is kept: nothing is kept that could not be told of
    if is_typed():
        value = click.prompt(f"Key for {name}", hide_input=True, err=True)
    else:
        value = read_stdin(KEY_MAX, f"key {name}")
    if not value.strip():
        raise InputError(
            "no key was given", f"Paste it when asked, or: ttrpg keys set {name} < FILE"
        )
    kept = app.secrets.set(name, value)
    audit.record("key.added", {"name": kept.name, "store": kept.source}, severity="security")
    for notice in app.secrets.notices:
        app.screen.say(notice, "warn")
    app.screen.show(
        "ttrpg.keys.set/1", {"name": kept.name, "source": kept.source, "where": kept.detail}, []
    )
    app.screen.say(f"Kept the key {kept.name} in the {kept.source} ({kept.detail})", "good")


@keys.command()
@click.argument("name", shell_complete=_names)
@click.pass_obj
def rm(app: App, name: str) -> None:
    """Forget a key. It cannot be taken back: no copy is kept."""
    audit = app.audit
    gone = app.secrets.remove(name)
    audit.record("key.removed", {"name": gone.name, "store": gone.source}, severity="security")
    app.screen.show("ttrpg.keys.rm/1", {"name": gone.name, "source": gone.source}, [])
    app.screen.say(f"Forgot the key {gone.name} from the {gone.source}", "good")
    variable = _variables(app).get(gone.name)
    if variable and app.environ.get(variable):
        app.screen.say(f"{variable} is still set, and is used", "warn")


@keys.command()
@click.pass_obj
def path(app: App) -> None:
    """Where keys are kept when there is no keyring."""
    app.screen.show("ttrpg.keys.path/1", {"path": str(app.paths.keys)}, [Text(str(app.paths.keys))])
