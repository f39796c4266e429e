"""``completion``: the script that a shell sources."""

import click
from click.shell_completion import get_completion_class

from ttrpg_cli.main import COMPLETE
from ttrpg_cli.screens import screen_of

_HOW = {
    "bash": 'eval "$(ttrpg completion bash)"    # in ~/.bashrc',
    "zsh": 'eval "$(ttrpg completion zsh)"    # in ~/.zshrc, after compinit',
    "fish": "ttrpg completion fish > ~/.config/fish/completions/ttrpg.fish",
}


@click.command(short_help="Completion for bash, zsh or fish")
@click.argument("shell", type=click.Choice(tuple(_HOW)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script; to have it always, put into your shell's start-up file:

    \b
      bash:  eval "$(ttrpg completion bash)"
      zsh:   eval "$(ttrpg completion zsh)"
      fish:  ttrpg completion fish > ~/.config/fish/completions/ttrpg.fish
    """  # noqa: D301, D415 - click's mark for a block; the list ends it
    screen = screen_of(ctx.obj)
    found = get_completion_class(shell)
    assert found is not None
    script = found(ctx.find_root().command, {}, "ttrpg", COMPLETE).source()
    if screen.json:
        screen.show("ttrpg.completion/1", {"shell": shell, "script": script}, [])
    else:
        click.echo(script)
    screen.say(f"To have it always: {_HOW[shell]}", "dim")
