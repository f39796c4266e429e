"""One step of a fight from the command line: whom it means, doing it, saying what came of it."""

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from ttrpg_cli.fighting import showing
from ttrpg_core import fights as kept
from ttrpg_core import records, text
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
_RULES = (
    "SELECT json_extract(state, '$.rules') AS rules, id FROM fights WHERE status <> 'ended'"
    " GROUP BY rules"
)
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

    Somebody who is not of the party is in a fight that is prepared. One of the party who is not in
    a fight that goes on is outside of it.
    """
    days = None if wanted is not None else _days(app)
    if days is None:
        try:
            act(app, kind, wanted, command)
        except roster.Nobody as nobody:
            _act_beside(app, kind, wanted, command, nobody)
        return
    try:
        report(app, days.step(kind, command))
    except NotFound as nobody:
        try:
            act(app, kind, wanted, command)
        except (NotFound, Ambiguous):
            raise nobody from None


def _act_beside(
    app: App, kind: str, wanted: str | None, command: Command, nobody: roster.Nobody
) -> None:
    """Do one step to those of the party who are in no fight, while others fight."""
    campaign = campaign_of(app)
    if campaign is None or wanted is not None:
        raise nobody
    try:
        step = Days(app.journal, campaign, app.rng).step(kind, command)
    except roster.Nobody:
        raise nobody from None
    report(app, step)


def looked_at(app: App, wanted: str | None, who: str) -> tuple[Fight, Rules]:
    """Where somebody is looked at as :func:`act_anywhere` would act on them, and the rules."""
    days = None if wanted is not None else _days(app)
    if days is not None:
        together, law = days.together()
        with contextlib.suppress(NotFound):
            roster.find(together, who)
            return together, law
    connection, campaign = app.store.connection, campaign_of(app)
    found = kept.load(connection, kept.find(connection, wanted, campaign))
    if days is None and wanted is None and campaign is not None:
        beside, law = Days(app.journal, campaign, app.rng).together()
        if not _has(found, who) and _has(beside, who):
            return beside, law
    return found, law_of(app, found)


def _has(fight: Fight, who: str) -> bool:
    """Whether a name means somebody in a fight, or several."""
    try:
        roster.find(fight, who)
    except Ambiguous:
        return True
    except NotFound:
        return False
    return True


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
    for rules, _same in peek(ctx.find_root().obj.paths.database, _RULES):
        names = {text.slug(each.name): each.name for each in creatures.load(rules)}
        found += [
            CompletionItem(key, help=name)
            for key, name in names.items()
            if key.startswith(incomplete.casefold())
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
