"""Who is in a fight: the commands ``combat add``, ``edit``, ``remove`` and their like."""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, Literal, TypeVar

import attrs
import click

from ttrpg_cli.fighting import acting, newcomers, words
from ttrpg_cli.fighting.acting import act, campaign_of, each_of, whom
from ttrpg_core import fights, text
from ttrpg_core.app import App
from ttrpg_core.errors import InputError, NotFound
from ttrpg_core.fights import characters
from ttrpg_core.table.combat import resources, roster
from ttrpg_core.table.combat.rules import Rules
from ttrpg_core.table.combat.scene import Fact, Outcome
from ttrpg_core.table.combat.state import Combatant, Fight, Resource, Trait, TraitKind
from ttrpg_core.table.world.people import Character
from ttrpg_core.world import Reader

F = TypeVar("F", bound=Callable[..., Any])

NUMBER = click.IntRange(-1000, 1000)
_TRAITS: Mapping[str, TraitKind] = {
    "resist": "resistance",
    "vulnerable": "vulnerability",
    "immune": "immunity",
    "threshold": "threshold",
    "reduce": "reduction",
}
_NUMBERS = (
    click.option("--ac", type=click.IntRange(0, 1000), help="Armor class."),
    click.option("--bonus", "initiative_bonus", type=NUMBER, help="Bonus to initiative."),
    click.option("--score", type=NUMBER, help="What breaks ties, such as Dexterity."),
    click.option("--save", "saves", multiple=True, metavar="ABILITY=BONUS",
                 help="Bonus to a save: dex=3."),
    click.option("--resist", multiple=True, metavar="TYPE",
                 help="Takes half: fire, all, or slashing:magical where magic passes by it."),
    click.option("--vulnerable", multiple=True, metavar="TYPE", help="Takes twice as much."),
    click.option("--immune", multiple=True, metavar="TYPE", help="Takes nothing."),
    click.option("--threshold", multiple=True, metavar="N", help="Takes nothing below this."),
    click.option("--reduce", multiple=True, metavar="N", help="Takes so much less."),
    click.option("--not", "condition_immunities", multiple=True, metavar="CONDITION",
                 help="A condition it cannot get."),
    click.option("--at-zero", type=click.Choice(["dying", "dead", "out"]),
                 help="What 0 hit points mean; by default what the rules say of its kind."),
)  # fmt: skip
_USES = (
    click.option("--per-day", multiple=True, metavar="NAME=N",
                 help="Uses that a long rest gives back."),
    click.option("--per-rest", multiple=True, metavar="NAME=N",
                 help="Uses that any rest gives back."),
)  # fmt: skip
_PLACE = (
    click.option("--side", help="Whose side: party, foes, or a word of your own."),
    click.option("--group", help="Who rolls for initiative together."),
    click.option("--level", type=click.IntRange(0, 1000), help="A character's level."),
    click.option("--cr", help="A foe's challenge rating: 1/4, 5."),
    click.option("--xp", type=click.IntRange(0, 10_000_000), help="Experience for it."),
)  # fmt: skip


def numbers(command: F) -> F:
    """What of a combatant or character is given, and may be corrected later."""
    return _with(command, _NUMBERS)


def uses_of(command: F) -> F:
    """What somebody can use, and what brings it back."""
    return _with(command, _USES)


def _stats(command: F) -> F:
    return _with(command, (*_NUMBERS, *_PLACE))


def _with(command: F, options: Sequence[Callable[[F], F]]) -> F:
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@click.argument("name", required=False, shell_complete=acting.newcomers)
@click.argument("number", type=click.IntRange(1, roster.COMBATANTS_MAX), default=1)
@click.option("--hp", metavar="HP", help="Hit points: 12, or 5/12 for five of twelve.")
@click.option("--roll-hp", is_flag=True, help="Roll the hit dice of a creature of the rules.")
@click.option(
    "--temp",
    "temp_hp",
    type=click.IntRange(0, roster.HP_MAX),
    default=0,
    help="Temporary hit points.",
)
@click.option(
    "-k",
    "--kind",
    default="monster",
    show_default=True,
    type=click.Choice(["player", "npc", "monster", "ally", "environment"]),
    help="What it is; a lair is environment.",
)
@click.option("--initiative", type=NUMBER, help="Its initiative, where it is not rolled.")
@click.option("--hidden", is_flag=True, help="The players do not see it.")
@click.option(
    "--legendary", type=click.IntRange(1, 100), metavar="N", help="Legendary actions a round."
)
@click.option(
    "--resistances", type=click.IntRange(1, 100), metavar="N", help="Legendary resistances a day."
)
@click.option("--lair", is_flag=True, help="A lair action a round.")
@click.option(
    "--recharge",
    multiple=True,
    metavar="NAME=N",
    help="Comes back on N or more of a d6: 'Fire Breath=5'.",
)
@click.option("--party", is_flag=True, help="All characters of the party who are in no fight.")
@uses_of
@_stats
@acting.in_fight
@click.pass_obj
def add(
    app: App,
    /,
    name: str | None,
    number: int,
    hp: str | None,
    fight: str | None,
    *,
    party: bool,
    roll_hp: bool,
    **given: Any,
) -> None:
    """Put NAME into the fight, or a NUMBER of its kind: goblin-1, goblin-2 ...

    A character of the campaign, by name and without --hp, comes as it is; --party brings all. So
    does a creature of the rules, such as an owlbear: its numbers are those of the SRD 5.1 or 5.2,
    but for what options say. Any other is as the options say, and so is an NPC.

    Who joins a running fight rolls for initiative, and acts in this round unless its place has
    passed.
    """
    if roll_hp and (hp is not None or party):
        raise InputError("--roll-hp goes with a creature of the rules alone", "Leave it or --hp")
    if party == (name is not None):
        raise InputError("who joins?", "Give a NAME, or --party for all characters")
    heroes = _heroes(app, name, fight) if hp is None else []
    if heroes and roll_hp:
        raise InputError(f"{heroes[0].name} has hit points of their own", "Leave out --roll-hp")
    if heroes:
        act(app, "combat.add", fight, lambda f, law, rng: _join(f, law, rng, heroes, given))
        return
    if name is None:
        raise NotFound("no character is free to join", "See: ttrpg character list")
    _add(app, name, number, hp, fight, roll_hp=roll_hp, given=given)


def _add(
    app: App,
    name: str,
    number: int,
    hp: str | None,
    fight: str | None,
    *,
    roll_hp: bool,
    given: Mapping[str, Any],
) -> None:
    """Put creatures into the fight, by the rules or by hand, and say whose numbers they have."""
    typed = None if hp is None else newcomers.by_hand(name, hp)
    if typed is None and newcomers.is_somebody(app, name, given["kind"]):
        if roll_hp:
            raise InputError(f"{name!r:.60} has no hit dice", "Give hit points: --hp 12")
        typed = newcomers.Newcomer(Combatant("", name))
    told: tuple[str, ...] = ()

    def join(found: Fight, law: Rules, rng: Random) -> Outcome:
        nonlocal told
        new = typed or newcomers.of_rules(law, name, roll_hp=roll_hp)
        made = _changed(law, new.made, given)
        told = new.told(made)
        return roster.add(found, law, made, number, rng, new.dice)

    step = acting.fights_of(app).change("combat.add", fight, campaign_of(app), join)
    for each in told:
        app.screen.say(each)
    acting.report(app, step)


def _changed(law: Rules, one: Combatant, given: Mapping[str, Any]) -> Combatant:
    """A newcomer with what the options of ``add`` say; its worth is that of a rating given."""
    plain = {
        key: given[key]
        for key in ("temp_hp", "kind", "initiative", "hidden")
        if given[key] is not None
    }
    xp = None if given["cr"] is not None else one.xp
    uses = _with_uses(one.resources, _resources(given))
    return attrs.evolve(one, **{**plain, "xp": xp, "resources": uses, **changes(law, given, one)})


def _with_uses(known: Sequence[Resource], given: Sequence[Resource]) -> tuple[Resource, ...]:
    """What a creature can use, each once: what is given stands before what is known."""
    return tuple({each.name: each for each in (*known, *given)}.values())


def _heroes(app: App, name: str | None, fight: str | None) -> list[Character]:
    """The character with this name, or without one those who are not in the fight yet."""
    campaign, connection = campaign_of(app), app.store.connection
    if campaign is None:
        return []
    reader = Reader(connection, campaign)
    if name is not None:
        found = characters.called(reader, name)
        return [] if found is None else [found]
    here = fights.load(connection, fights.find(connection, fight, campaign))
    return [
        each
        for each in characters.party(reader)
        if not here.has(each.id) and not characters.fighting(connection, campaign, each.id, here.id)
    ]


def _join(
    fight: Fight, law: Rules, rng: Random, heroes: Sequence[Character], given: Mapping[str, Any]
) -> Outcome:
    """Characters into a fight, as they are."""
    facts: list[Fact] = []
    place = {key: given[key] for key in ("initiative", "side", "group") if given[key] is not None}
    for each in heroes:
        one = characters.joining(fight, each)
        one = attrs.evolve(one, **place, hidden=given["hidden"] or one.hidden)
        fight, more = roster.add(fight, law, one, rng=rng)
        facts += more
    return Outcome(fight, tuple(facts))


@click.command()
@acting.who
@click.option("--name", help="Another name; the id stays.")
@click.option("--hp-max", type=click.IntRange(1, roster.HP_MAX), help="Hit point maximum.")
@_stats
@acting.in_fight
@click.pass_obj
def edit(app: App, /, who: str, fight: str | None, **given: Any) -> None:
    """Correct what is written of WHO. Of traits, those of a kind that is given are replaced."""
    if not any(value not in {None, ()} for value in given.values()):
        raise InputError("nothing to correct", "Name something: ttrpg combat edit gob2 --ac 15")

    def correct(found: Fight, law: Rules, _: Random) -> Outcome:
        one = found.get(roster.find(found, who))
        plain = {key: given[key] for key in ("name", "hp_max") if given[key] is not None}
        return roster.edit(found, law, attrs.evolve(one, **plain, **changes(law, given, one)))

    act(app, "combat.edit", fight, correct)


def changes(law: Rules, given: Mapping[str, Any], one: Combatant) -> dict[str, Any]:
    """The fields that the options of ``_stats`` name, for one who is as ``one`` is."""
    names = ("side", "group", "ac", "initiative_bonus", "score", "at_zero", "level", "xp")
    found = {name: given[name] for name in names if given.get(name) is not None}
    for name in {"side", "group"} & set(found):
        found[name] = text.name(found[name], name)
    if given.get("cr") is not None:
        found["cr"] = _rating(law, given["cr"])
    if given["saves"]:
        found["saves"] = {**one.saves, **words.saves(given["saves"])}
    if given["condition_immunities"]:
        found["condition_immunities"] = tuple(
            condition(law, each) for each in given["condition_immunities"]
        )
    new: list[Trait] = []
    for option, kind in _TRAITS.items():
        typed = given[option]
        new += (
            [words.trait(kind, each, law) for each in typed]
            if typed
            else [each for each in one.traits if each.kind == kind]
        )
    return {**found, "traits": tuple(new)}


def _rating(law: Rules, wanted: str) -> str:
    """A challenge rating that the rules know, if they know any."""
    cleaned = text.name(wanted, "challenge rating")
    if law.xp and cleaned not in law.xp:
        raise InputError(
            f"there is no challenge rating {cleaned!r:.60}", text.nearest(cleaned, law.xp)
        )
    return cleaned


def condition(law: Rules, wanted: str) -> str:
    """The id of a condition of the rules; any word where they name none."""
    if not law.conditions:
        return text.name(wanted, "condition").casefold()
    return law.condition(wanted).id


def _resources(given: Mapping[str, Any]) -> tuple[Resource, ...]:
    found = []
    if given["legendary"]:
        found.append(resources.legendary_actions(given["legendary"]))
    if given["resistances"]:
        found.append(resources.legendary_resistance(given["resistances"]))
    if given["lair"]:
        found.append(resources.lair_actions())
    found += [resources.recharge(*words.uses(each)) for each in given["recharge"]]
    return (*found, *kept_uses(given))


def kept_uses(given: Mapping[str, Any]) -> tuple[Resource, ...]:
    """What the options of :func:`uses_of` name."""
    return (
        *(resources.per_day(*words.uses(each)) for each in given["per_day"]),
        *(resources.per_rest(*words.uses(each)) for each in given["per_rest"]),
    )


@click.command()
@acting.who
@acting.in_fight
@click.pass_obj
def remove(app: App, who: str, fight: str | None) -> None:
    """Take WHO out of the fight: fled, banished, gone. What they did stays."""
    act(app, "combat.remove", fight, lambda f, law, _: each_of(
        f, whom(f, who), lambda f, key: roster.leave(f, law, key)))  # fmt: skip


@click.command("return")
@acting.who
@acting.in_fight
@click.pass_obj
def return_(app: App, who: str, fight: str | None) -> None:
    """Bring back WHO left, with the initiative they had."""
    act(app, "combat.return", fight, lambda f, law, rng: each_of(
        f, whom(f, who), lambda f, key: roster.come_back(f, law, key, rng)))  # fmt: skip


@click.command()
@acting.who
@acting.in_fight
@click.pass_obj
def hide(app: App, who: str, fight: str | None) -> None:
    """Hide WHO from the players' view. Their turns come as before."""
    _hide(app, who, fight, hidden=True)


@click.command()
@acting.who
@acting.in_fight
@click.pass_obj
def reveal(app: App, who: str, fight: str | None) -> None:
    """Show WHO was hidden."""
    _hide(app, who, fight, hidden=False)


def _hide(app: App, who: str, fight: str | None, *, hidden: bool) -> None:
    kind: Literal["combat.hide", "combat.reveal"] = "combat.hide" if hidden else "combat.reveal"
    act(app, kind, fight, lambda f, law, _: each_of(
        f, whom(f, who), lambda f, key: roster.hide(f, law, key, hidden=hidden)))  # fmt: skip


COMMANDS = (add, edit, remove, return_, hide, reveal)
