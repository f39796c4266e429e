"""``recap``: what happened in a session, for the Game Master or as the players may hear it."""

import click

from ttrpg_cli.sessions import telling
from ttrpg_cli.sessions.kept import sessions_of
from ttrpg_cli.words import Words
from ttrpg_core.app import App
from ttrpg_core.audience import GM, PARTY, Audience
from ttrpg_core.errors import InputError
from ttrpg_core.sessions.happened import happened, previously
from ttrpg_core.table.recaps import stories

_viewer = click.option(
    "--as", "viewer", metavar="WHO", default="", help="For whom it is: gm, party or a character."
)


@click.group(
    "recap",
    cls=Words,
    short_help="What happened in a session, for you or the players",
    subcommand_metavar="[SESSION] | COMMAND",
    invoke_without_command=True,
)
@_viewer
@click.option("--previously", "before", is_flag=True, help="The last sessions, to read aloud.")
@click.pass_context
def recap(ctx: click.Context, viewer: str, *, before: bool) -> None:
    """What happened in a SESSION: by number, else the one that runs or the last.

    It is made from the journal, without a model; the numbers are those of 'ttrpg history'. With
    --as party it has what the players know, and nothing else. --previously is for the players
    unless --as says otherwise.
    """
    if ctx.invoked_subcommand is not None:
        return
    app = ctx.find_object(App)
    assert app is not None, "the root group has made one"
    kept = sessions_of(app)
    wanted = " ".join(ctx.args) or None
    if before:
        audience = Audience.of(viewer) if viewer else PARTY
        known = kept.ended()
        if wanted is not None:
            number = kept.find(wanted).number
            known = [each for each in known if each.number < number]
        telling.previously(app, *stories.previously(previously(kept.world, known, audience)))
        return
    audience = Audience.of(viewer) if viewer else GM
    session = kept.find(wanted)
    if session.status == "planned":
        raise InputError(f"session {session.number} has not begun", "Begin it: ttrpg session start")
    telling.recap(app, happened(kept.world, session).recap(audience), audience)
