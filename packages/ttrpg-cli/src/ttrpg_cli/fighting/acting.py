"""One step of a fight from the command line: whom it means, doing it, saying what came of it."""

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from ttrpg_cli.fighting import showing
from ttrpg_core import fights as kept
from ttrpg_core import records
from ttrpg_core.app import App
from ttrpg_core.days import Days
from ttrpg_core.errors import Ambiguous, NotFound
from ttrpg_core.fights import Command, Fights, Step, characters
from ttrpg_core.store import peek
from ttrpg_core.table.combat import creatures, roster
from ttrpg_core.table.combat.rules import Rules
from ttrpg_core.table.combat.scene import Fact, Outcome
from ttrpg_core.table.combat.state import Fight
from ttrpg_core.world import Reader

F = TypeVar("F", bound=Callable[..., Any])
UNDO = "'ttrpg undo' takes it back"
_PEOPLE = (
    "SELECT combatants.id, fights.name FROM combatants JOIN fights ON fights.id = fight"
    " WHERE status <> 'ended' UNION SELECT entities.id, name FROM entities JOIN chosen"
    " ON value = campaign WHERE key = 'campaign' AND kind = 'character' ORDER BY 1"
)
_CHARACTERS = (
    "SELECT entities.id, name FROM entities JOIN chosen ON value = campaign"
    " WHERE key = 'campaign' AND kind = 'character' ORDER BY 1"
)
_RULES = "SELECT DISTINCT rules, rules FROM fights WHERE status <> 'ended'"
_FIGHTS = "SELECT id, name FROM fights ORDER BY id"


def fights_of(app: App) -> Fights:
    """The fights that are kept, rolling with the app's own chance."""
    return Fights(app.journal, app.rng)


def campaign_of(app: App) -> str | None:
    """The current campaign's id; fights may be without one."""
    found = records.current(app.store.connection)
    return found.id if found else None


def act(app: App, kind: str, wanted: str | None, command: Command) -> None:
    """Do one step in the fight that is meant, and show what happened and how it stands."""
    step = fights_of(app).change(kind, wanted, campaign_of(app), command)
    report(app, step)


def act_anywhere(app: App, kind: str, wanted: str | None, command: Command) -> None:
    """Do one step in the fight that is meant; while none goes on, to the party outside of any.

    Somebody who is not of the party is in a fight that is prepared.
    """
    days = None if wanted is not None else _days(app)
    if days is None:
        act(app, kind, wanted, command)
        return
    try:
        report(app, days.step(kind, command))
    except NotFound as nobody:
        try:
            act(app, kind, wanted, command)
        except (NotFound, Ambiguous):
            raise nobody from None


def looked_at(app: App, wanted: str | None, who: str) -> tuple[Fight, Rules]:
    """Where somebody is looked at as :func:`act_anywhere` would act on them, and the rules."""
    days = None if wanted is not None else _days(app)
    if days is not None:
        together, law = days.together()
        with contextlib.suppress(NotFound):
            roster.find(together, who)
            return together, law
    connection = app.store.connection
    found = kept.load(connection, kept.find(connection, wanted, campaign_of(app)))
    return found, law_of(app, found)


def _days(app: App) -> Days | None:
    """The party's days, where it has characters and no fight goes on."""
    campaign, connection = campaign_of(app), app.store.connection
    if campaign is None or not characters.party(Reader(connection, campaign)):
        return None
    if any(each.status == "active" for each in kept.summaries(connection, campaign)):
        return None
    return Days(app.journal, campaign, app.rng)


def law_of(app: App, fight: Fight) -> Rules:
    """The rules of a fight, with the conditions of the table's own."""
    return kept.law(app.store.connection, fight.rules, campaign_of(app))


def report(app: App, step: Step) -> None:
    """What came of a step; it can be taken back if anything did."""
    showing.step(app.screen, step)
    if step.changed:
        app.screen.say(UNDO, "good")


def whom(fight: Fight, wanted: str) -> list[str]:
    """The ids that are meant: one combatant, or several with commas between them."""
    names = [each for each in wanted.split(",") if each.strip()] or [wanted]
    return list(dict.fromkeys(roster.find(fight, each) for each in names))


def each_of(fight: Fight, who: Sequence[str], command: Callable[[Fight, str], Outcome]) -> Outcome:
    """Do the same to several, one after another, as one step."""
    facts: list[Fact] = []
    for key in who:
        fight, more = command(fight, key)
        facts += more
    return Outcome(fight, tuple(facts))


def people(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Combatants' ids for the shell."""
    return _items(ctx, _PEOPLE, incomplete)


def fights(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Fights' ids for the shell."""
    return _items(ctx, _FIGHTS, incomplete)


def newcomers(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Characters for the shell, and the creatures of fights that go on once there is a letter."""
    found = _items(ctx, _CHARACTERS, incomplete)
    if not incomplete:
        return found
    folded = incomplete.casefold()
    for rules, _same in peek(ctx.find_root().obj.paths.database, _RULES):
        found += [
            CompletionItem(each.name, help=each.source)
            for each in creatures.load(rules)
            if each.name.casefold().startswith(folded)
        ]
    return found


def _items(ctx: click.Context, query: str, incomplete: str) -> list[CompletionItem]:
    known = peek(ctx.find_root().obj.paths.database, query)
    return [CompletionItem(each, help=name) for each, name in known if each.startswith(incomplete)]


def in_fight(command: F) -> F:
    """``--fight``, for when several go on."""
    return click.option(
        "--fight", metavar="NAME", shell_complete=fights, help="The fight, when several go on."
    )(command)


who = click.argument("who", shell_complete=people)
"""The combatant that is meant."""
