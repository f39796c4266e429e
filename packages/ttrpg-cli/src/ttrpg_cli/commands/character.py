"""``character``: the party, and the numbers that each one has."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
import click

from ttrpg_cli.commands import combatants
from ttrpg_cli.fighting import showing, words
from ttrpg_cli.passing import days_of
from ttrpg_cli.world.carrying import carried
from ttrpg_cli.world.noun import UNDO, noun
from ttrpg_cli.world.options import as_viewer
from ttrpg_core.app import App
from ttrpg_core.audience import GM, PARTY, Audience
from ttrpg_core.days import Days
from ttrpg_core.dice import parse
from ttrpg_core.errors import InputError
from ttrpg_core.fights import characters
from ttrpg_core.table.combat import resources, rests, roster, seen, sheet
from ttrpg_core.table.combat.state import Combatant, Resource
from ttrpg_core.table.world.entity import Entity
from ttrpg_core.table.world.people import Character
from ttrpg_core.views import Block, Text
from ttrpg_core.world import World


def _numbers(
    app: App, world: World, entity: Entity, viewer: Audience
) -> Iterable[Block | Mapping[str, Any] | Entity]:
    """The numbers of a character, and what it has, below its fields."""
    yield from carried(app, world, entity, viewer)
    if isinstance(entity, Character) and entity.sheet != sheet.Sheet():
        view = _view(days_of(app), [entity], viewer)
        yield {"sheet": attrs.asdict(view.combatants[0])}
        yield Text("")
        yield from showing.people(view)
        yield from showing.owed(view)


character = noun(
    "character",
    "Characters of the party: add, show, edit",
    more=_numbers,
    begins=lambda _: {"audience": PARTY},
)


@character.command("sheet")
@click.argument("name", required=False)
@click.option("--hp", metavar="HP", help="Hit points: 12, or 5/12 for five of twelve.")
@click.option("--temp", "temp_hp", type=click.IntRange(0, roster.HP_MAX),
              help="Temporary hit points.")  # fmt: skip
@click.option("--hit-dice", multiple=True, metavar="DICE",
              help="Hit dice, with what each heals besides: 3d8+2.")  # fmt: skip
@combatants.uses_of
@combatants.numbers
@as_viewer
@click.pass_obj
def sheet_(app: App, /, name: str | None, viewer: str, **given: Any) -> None:
    """The numbers of a character, which it takes into fights and rests; alone: those of all.

    They are given with options, and go on from there: ttrpg hit, heal and cond change them in a
    fight and, where none goes on, outside of any.
    """
    days, audience = days_of(app), Audience.of(viewer)
    wants = any(value not in (None, ()) for value in given.values())
    if name is None:
        if wants:
            raise InputError("whose numbers are they?", "ttrpg character sheet NAME --hp 24")
        _show(app, days, characters.party(days.world), audience)
        return
    one = characters.meant(days.world, name, GM if wants else audience)
    if not wants:
        _show(app, days, [one], audience)
        return
    with days.world.change("character.sheet") as change:
        one = characters.meant(days.world, name)
        changed = sheet.of(_changed(days, characters.combatant(one), given), one.sheet.owed)
        new = attrs.evolve(one, sheet=changed)
        if new != one:
            new = days.world.save(change, new)
        change.prose = f"changed the numbers of {one.name!r}"
        change.facts = {"ref": one.ref}
    _show(app, days, [characters.meant(days.world, one.id)], audience)
    app.screen.say(
        f"Changed the numbers of {one.name!r}. {UNDO}" if new != one else "Nothing was different",
        "good",
    )


def _changed(days: Days, one: Combatant, given: Mapping[str, Any]) -> Combatant:
    """A character with other numbers. With hit points one is up; without, what the rules say."""
    law = days.law
    plain: dict[str, Any] = combatants.changes(law, given, one)
    if given["hp"] is not None:
        left, most = words.hp(given["hp"])
        plain |= {"hp": left, "hp_max": most if "/" in given["hp"] else max(left, one.hp_max or 0)}
        if left:
            plain |= {"life": "up", "successes": 0, "failures": 0, "wakes_at": None}
        elif one.life == "up":
            plain["life"] = law.at_zero(one)
    if given["temp_hp"] is not None:
        plain["temp_hp"] = given["temp_hp"]
    new = (*combatants.kept_uses(given), *map(_hit_dice, given["hit_dice"]))
    names = {each.name for each in new}
    plain["resources"] = (*(r for r in one.resources if r.name not in names), *new)
    return roster.checked(attrs.evolve(one, **plain), law)


def _hit_dice(word: str) -> Resource:
    """``3d8+2``: three dice, each of which heals 1d8+2."""
    number, letter, rest = word.strip().partition("d")
    count = words.number(number or "1", "number of hit dice")
    sides = rest.split("+", maxsplit=1)[0].split("-", maxsplit=1)[0]
    if not letter or not sides.isascii() or not sides.isdigit() or not count:
        raise InputError(f"{word!r:.60} are no hit dice", "Such as: 3d8+2")
    heals = f"1d{rest}"
    parse(heals)
    return resources.hit_dice(f"d{sides} Hit Dice", count, heals)


def _show(app: App, days: Days, those: list[Character], viewer: Audience) -> None:
    known = [each for each in those if viewer.sees(each.audience)]
    view = _view(days, known, viewer)
    nobody: list[Block] = [Text("No characters yet: ttrpg character add NAME")]
    blocks = [*showing.people(view), *showing.owed(view)] if known else nobody
    app.screen.show(
        "ttrpg.character.sheet/1",
        {"characters": [attrs.asdict(each) for each in view.combatants]},
        blocks,
    )


def _view(days: Days, those: Sequence[Character], viewer: Audience) -> seen.View:
    law = days.law
    party = rests.together([characters.combatant(each) for each in those], law, days.clock.now)
    return seen.view(attrs.evolve(party, prompts=characters.owed(those)), law, viewer)
