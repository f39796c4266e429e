"""``recap``: what happened in a session, for the Game Master or as the players may hear it."""

import click

from ttrpg_cli.commands.session import numbers
from ttrpg_cli.sessions import telling
from ttrpg_cli.sessions.kept import sessions_of
from ttrpg_cli.talking.kept import proposals_of
from ttrpg_cli.words import Words
from ttrpg_cli.world.noun import UNDO
from ttrpg_core.app import App
from ttrpg_core.audience import GM, PARTY, Audience
from ttrpg_core.errors import InputError
from ttrpg_core.sessions.happened import happened, previously
from ttrpg_core.table.recaps import stories
from ttrpg_core.views import Markdown

STYLES = ("plain", "dramatic", "bardic", "chronicle", "pulp")
"""Those of :data:`ttrpg_core.talk.telling.STYLES`, which brings what asks models."""
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
@click.option("--style", type=click.Choice(STYLES), help="Let a model tell it, in this style.")
@click.option("--model", metavar="VENDOR/MODEL", default="", help="The model that tells it.")
@click.option("--previously", "before", is_flag=True, help="The last sessions, to read aloud.")
@click.pass_context
def recap(ctx: click.Context, viewer: str, style: str | None, model: str, *, before: bool) -> None:
    """What happened in a SESSION: by number, else the one that runs or the last.

    It is made from the journal, without a model; the numbers are those of 'ttrpg history'. With
    --as party it has what the players know, and nothing else. --previously is for the players
    unless --as says otherwise.

    With --style or --model a language model tells it, from the same facts: each sentence names the
    entries that it rests on, what does not is marked, and it waits until you accept it.
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
            known = (each for each in known if each.number < number)
        telling.previously(app, *stories.previously(previously(kept.world, known, audience)))
        return
    audience = Audience.of(viewer) if viewer else GM
    session = kept.find(wanted)
    if session.status == "planned":
        raise InputError(f"session {session.number} has not begun", "Begin it: ttrpg session start")
    found = happened(kept.world, session)
    if not style and not model:
        telling.recap(app, found.recap(audience), audience)
        return
    from ttrpg_cli.sessions.modelled import told  # with what it takes to ask a model

    told(app, found, audience, style or STYLES[0], model)


@recap.command()
@click.argument("wanted", metavar="SESSION", required=False, shell_complete=numbers)
@_viewer
@click.option("--whole", is_flag=True, help="With the sentences that are unsupported.")
@click.pass_obj
def accept(app: App, wanted: str | None, viewer: str, *, whole: bool) -> None:
    """Keep what a model told of a session as its story; for the players with --as party."""
    from ttrpg_core.talk import drafts

    kept, audience = sessions_of(app), Audience.of(viewer) if viewer else GM
    session = kept.find(wanted)
    done = drafts.accept(proposals_of(app), kept.world, session, audience, whole=whole)
    text = str(done.changes[drafts.field_of(audience)][1])
    app.screen.show(
        "ttrpg.recap.accept/1",
        {"session": session.number, "for": str(audience), "proposal": done.id, "text": text},
        [Markdown(text)],
    )
    app.screen.say(f"Kept as the story of session {session.number}. {UNDO}", "good")
