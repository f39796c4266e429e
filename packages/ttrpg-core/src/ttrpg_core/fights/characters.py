"""The party's characters in fights: read as they are now, and written with each step.

A character has one number of hit points. While a fight goes on, those who take part in it are read
from the world, and what a step does to them is written to both in the same change: so what the
character's own page says is true in the middle of a fight, a correction there counts in the fight,
and one undo takes a step back in both. One who has left a fight is not in it any more.
"""

import sqlite3
from typing import cast

import attrs

from ttrpg_core.errors import InputError
from ttrpg_core.journal import Change
from ttrpg_core.table.combat import sheet
from ttrpg_core.table.combat.state import Combatant, Fight
from ttrpg_core.table.world.people import Character
from ttrpg_core.world import Reader, World

_ELSEWHERE = (
    "SELECT fights.id, name FROM fights JOIN combatants ON fight = fights.id WHERE campaign = ?"
    " AND status <> 'ended' AND json_extract(combatants.state, '$.character') = ?"
    " AND COALESCE(json_extract(combatants.state, '$.active'), 1) AND fights.id <> ?"
)


def party(reader: Reader) -> list[Character]:
    """The characters of a campaign, by name."""
    return [cast("Character", each) for each in reader.all("character")]


def meant(reader: Reader, wanted: str) -> Character:
    """The character that a name or a unique beginning of it means."""
    return cast("Character", reader.get(reader.resolve(wanted, ("character",))))


def called(reader: Reader, name: str) -> Character | None:
    """The character with exactly this name or id, if there is one."""
    folded = name.strip().casefold()
    found = [each for each in party(reader) if folded in {each.id, each.name.casefold()}]
    return found[0] if len(found) == 1 else None


def combatant(character: Character) -> Combatant:
    """A character as it goes into a fight."""
    return sheet.player(character.id, character.name, character.level or 0, character.sheet)


def fighting(connection: sqlite3.Connection, campaign: str, key: str, besides: str = "") -> str:
    """The id of the fight that a character is in, ``besides`` one; empty when in none."""
    row = connection.execute(_ELSEWHERE, [campaign, key, besides]).fetchone()
    return "" if row is None else str(row["id"])


def joining(reader: Reader, fight: Fight, character: Character) -> Combatant:
    """A character to put into a fight. InputError when it is in one already."""
    if fight.has(character.id):
        raise InputError(
            f"somebody is called {character.id} in this fight already",
            "Nothing to do, if it is the character; else edit the name of the other",
        )
    _check_free(reader, fight, character.id)
    return combatant(character)


def fresh(reader: Reader, fight: Fight) -> Fight:
    """The fight with its characters as they are now."""
    if fight.status == "ended" or not any(each.character for each in fight.combatants):
        return fight
    return attrs.evolve(fight, combatants=tuple(_now(reader, each) for each in fight.combatants))


def returned(reader: Reader, before: Fight, after: Fight) -> Fight:
    """The fight after a step, with those who came back as they are now."""
    away = {each.id for each in before.combatants if each.character and not each.active}
    back = [each.id for each in after.combatants if each.active and each.id in away]
    for key in back:
        _check_free(reader, after, key)
    return attrs.evolve(
        after,
        combatants=tuple(
            _now(reader, each) if each.id in back else each for each in after.combatants
        ),
    )


def save(change: Change, world: World, before: Fight, after: Fight) -> None:
    """Write what a step did to characters to the characters themselves."""
    was = {each.id: sheet.of(each) for each in before.combatants}
    for each in after.combatants:
        if each.character and each.active and sheet.of(each) != was.get(each.id):
            write(change, world, each)


def write(change: Change, world: World, one: Combatant) -> None:
    """Write the sheet of one to its character, if there still is such a character."""
    found = world.peek(f"character/{one.character}")
    if isinstance(found, Character) and found.sheet != sheet.of(one):
        world.save(change, attrs.evolve(found, sheet=sheet.of(one)))


def _now(reader: Reader, one: Combatant) -> Combatant:
    if not one.character or not one.active:
        return one
    found = reader.peek(f"character/{one.character}")
    return sheet.onto(found.sheet, one) if isinstance(found, Character) else one


def _check_free(reader: Reader, fight: Fight, key: str) -> None:
    other = fighting(reader.connection, reader.campaign, key, fight.id)
    if other:
        raise InputError(
            f"{key} is in the fight {other}",
            f"Take them out of it first: ttrpg combat remove {key} --fight {other}",
        )
