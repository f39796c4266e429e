"""``combat``: fights, from the first who joins to the experience at the end."""

from random import Random

import attrs
import click

from ttrpg_cli.commands import combatants, effects_of, uses
from ttrpg_cli.commands.condition import condition
from ttrpg_cli.fighting import acting, showing
from ttrpg_cli.fighting.acting import UNDO, act, campaign_of, fights_of, law_of, whom
from ttrpg_core import clocks, fights, records, text
from ttrpg_core.app import App
from ttrpg_core.audience import GM, Audience
from ttrpg_core.errors import InputError
from ttrpg_core.table.combat import ending, order, roster, rules, seen, turns
from ttrpg_core.table.combat.scene import Fact, Outcome
from ttrpg_core.table.combat.state import Fight, Mode
from ttrpg_core.views import Table

_fight = click.argument("fight", required=False, shell_complete=acting.fights)


@click.group(invoke_without_command=True, short_help="Fights: prepare, start, show, end")
@click.pass_context
def combat(ctx: click.Context) -> None:
    """Fights. Without a command: the list.

    At the table: ttrpg next, prev, hit, heal, save, cond and order. Names may be shortened as far
    as they stay clear: gob2 is goblin-2.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@combat.command("list")
@click.pass_obj
def list_(app: App) -> None:
    """The fights of the current campaign, the newest first."""
    found = fights.summaries(app.store.connection, campaign_of(app))
    app.screen.show(
        "ttrpg.combat.list/1",
        {"fights": [attrs.asdict(each) for each in found]},
        [
            Table(
                ("Name", "Id", "Status", "Round", "Combatants"),
                [
                    (each.name, each.id, each.status, str(each.round or ""), str(each.combatants))
                    for each in found
                ],
                empty="No fight yet: ttrpg combat new NAME",
            )
        ],
    )


@combat.command()
@click.argument("name")
@click.option("--rules", "system", help="The rules; by default those of the campaign's system.")
@click.option(
    "--roll",
    "mode",
    type=click.Choice(["each", "group", "side", "cards", "elective"]),
    default="group",
    show_default=True,
    help="Who rolls for initiative together; cards are dealt each round; in elective, the first is"
    " rolled for and then says who is next: ttrpg next NAME.",
)
@click.option("--reroll", is_flag=True, help="Roll for initiative in each round.")
@click.option(
    "--after",
    metavar="FIGHT",
    shell_complete=acting.fights,
    help="Take the party over from an earlier fight, as it came out of it.",
)
@click.pass_obj
def new(
    app: App,
    name: str,
    system: str | None,
    mode: Mode,
    after: str | None,
    *,
    reroll: bool,
) -> None:
    """Prepare a fight; then add who is in it, and start."""
    campaign = records.current(app.store.connection)
    wanted = fights.rules_for(campaign.system if campaign else "")
    if system is not None:
        names = [(each, rules.load(each).title) for each in rules.names()]
        wanted = text.match(system, names, "set of rules")

    def make(key: str) -> Outcome:
        law = rules.load(wanted)
        moment = clocks.now(app.store.connection, campaign.id) if campaign else 0
        if after is None:
            return Outcome(roster.new(key, name, law, moment, mode, reroll=reroll), ())
        connection = app.store.connection
        earlier = fights.load(connection, fights.find(connection, after, campaign_of(app)))
        moment = max(moment, earlier.now)
        made = roster.new(key, name, law, moment, mode, reroll=reroll)
        facts: list[Fact] = []
        for each in ending.carried(earlier, law):
            made, more = roster.add(made, law, each)
            facts += more
        return Outcome(made, tuple(facts))

    step = fights_of(app).begin(make, name, campaign.id if campaign else None)
    showing.step(app.screen, step)
    app.screen.say(f"Prepared {step.fight.name!r} by the rules of {step.law.title}. {UNDO}", "good")
    app.screen.say("Next: ttrpg combat add NAME --hp 12, then ttrpg combat start", "dim")


@combat.command()
@_fight
@click.option(
    "--surprised",
    multiple=True,
    metavar="WHO",
    shell_complete=acting.people,
    help="Who is surprised; may be given again.",
)
@click.pass_obj
def start(app: App, fight: str | None, surprised: tuple[str, ...]) -> None:
    """Roll for initiative, and begin the first turn."""

    def begin(found: Fight, law: rules.Rules, rng: Random) -> Outcome:
        facts: tuple[Fact, ...] = ()
        if surprised:
            keys = [key for each in surprised for key in whom(found, each)]
            found, facts = roster.surprise(found, law, keys)
        campaign = campaign_of(app)
        moment = clocks.now(app.store.connection, campaign) if campaign else None
        found, more = turns.start(found, law, rng, moment)
        return Outcome(found, facts + more)

    act(app, "combat.start", fight, begin)


@combat.command()
@_fight
@click.option(
    "--as", "viewer", metavar="WHO", default="gm", help="As party, public or a character sees it."
)
@click.pass_obj
def show(app: App, fight: str | None, viewer: str) -> None:
    """One fight: whose turn it is, hit points, what is on whom, what is owed."""
    connection = app.store.connection
    audience = Audience.of(viewer)
    found = fights.load(connection, fights.find(connection, fight, campaign_of(app)))
    showing.fight(app.screen, seen.view(found, law_of(app, found), audience))
    if audience == GM and found.status == "preparing":
        app.screen.say("Next: ttrpg combat start", "dim")


@combat.command()
@_fight
@click.pass_obj
def watch(app: App, fight: str | None) -> None:
    """A fight on the whole screen, as it changes, also by other terminals. ? shows the keys."""
    from ttrpg_cli.watching.loop import Watch

    connection = app.store.connection
    Watch(app, fights.find(connection, fight, campaign_of(app))).run()


@combat.command()
@click.argument("fight", shell_complete=acting.fights)
@click.pass_obj
def use(app: App, fight: str) -> None:
    """Choose the fight that commands mean, when several go on."""
    found = fights_of(app).use(fight, campaign_of(app))
    showing.fight(app.screen, seen.view(found, law_of(app, found)))
    app.screen.say(f"{found.name!r} is the fight that commands mean. {UNDO}", "good")


@combat.command()
@_fight
@click.option(
    "--defeated",
    multiple=True,
    metavar="WHO",
    shell_complete=acting.people,
    help="Foes that count, where some fled or gave in; by default those who fell.",
)
@click.pass_obj
def end(app: App, fight: str | None, defeated: tuple[str, ...]) -> None:
    """End a fight: what was done and suffered, experience, and what there is to take."""

    def finish(found: Fight, law: rules.Rules, _: object) -> Outcome:
        keys = [key for each in defeated for key in whom(found, each)] if defeated else None
        return ending.end(found, law, keys)

    act(app, "combat.end", fight, finish)


@combat.command()
@click.argument("fight", shell_complete=acting.fights)
@click.pass_obj
def delete(app: App, fight: str) -> None:
    """Delete a fight, with all that happened in it."""
    found = fights_of(app).delete(fight, campaign_of(app))
    app.screen.show("ttrpg.combat.delete/1", {"fight": found.id}, [])
    app.screen.say(f"Deleted {found.name!r}. {UNDO}", "good")


@combat.command()
@click.argument("who", nargs=-1, shell_complete=acting.people)
@click.option("--adv", metavar="WHO", multiple=True, help="Who rolls with advantage.")
@click.option("--dis", metavar="WHO", multiple=True, help="Who rolls with disadvantage.")
@acting.in_fight
@click.pass_obj
def initiative(
    app: App, who: tuple[str, ...], adv: tuple[str, ...], dis: tuple[str, ...], fight: str | None
) -> None:
    """Roll for initiative: all anew, or only WHO. Set one by hand with ttrpg order WHO NUMBER."""

    def throw(found: Fight, law: rules.Rules, rng: Random) -> Outcome:
        if not found.combatants:
            raise InputError("nobody is there to roll", "Add combatants first")
        only, up, down = (
            [key for each in words for key in whom(found, each)] for words in (who, adv, dis)
        )
        return order.roll_initiative(found, law, rng, only, up, down)

    act(app, "combat.initiative", fight, throw)


for _command in (condition, *combatants.COMMANDS, *effects_of.COMMANDS, *uses.COMMANDS):
    combat.add_command(_command)
