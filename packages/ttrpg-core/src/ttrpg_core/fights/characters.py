"""The party's characters in fights: read as they are now, and written with each step.

A character has one number of hit points. While a fight goes on, those who take part in it are read
from the world, and what a step does to them is written to both in the same change: so what the
character's own page says is true in the middle of a fight, a correction there counts in the fight,
and one undo takes a step back in both. One who has left a fight is not in it any more.

A roll that is owed goes along: into the fight that begins or is joined, and out of it again.
"""

import sqlite3
from collections.abc import Sequence
from typing import cast

import attrs

from ttrpg_core import text
from ttrpg_core.audience import GM, PARTY, Audience
from ttrpg_core.errors import InputError
from ttrpg_core.journal import Change
from ttrpg_core.table.combat import conditions, death, rests, sheet
from ttrpg_core.table.combat.rules import Rules
from ttrpg_core.table.combat.scene import Fact, Scene
from ttrpg_core.table.combat.sheet import Sheet
from ttrpg_core.table.combat.state import Combatant, Effect, Fight, Prompt
from ttrpg_core.table.world.people import Character
from ttrpg_core.world import Reader, World

_ELSEWHERE = (
    "SELECT fights.id FROM fights JOIN combatants ON fight = fights.id WHERE campaign = ?"
    " AND status = 'active' AND json_extract(combatants.state, '$.character') = ?"
    " AND COALESCE(json_extract(combatants.state, '$.active'), 1) AND fights.id <> ?"
)


def party(reader: Reader) -> list[Character]:
    """The characters of a campaign, by name."""
    return [cast("Character", each) for each in reader.all("character")]


def meant(reader: Reader, wanted: str, viewer: Audience = GM) -> Character:
    """The character that a name or a unique beginning of it means, of those a viewer knows."""
    return cast("Character", reader.get(reader.resolve(wanted, ("character",), viewer)))


def called(reader: Reader, name: str) -> Character | None:
    """The character with exactly this name or id, if there is one."""
    folded = name.strip().casefold()
    found = [each for each in party(reader) if folded in {each.id, each.name.casefold()}]
    return found[0] if len(found) == 1 else None


def is_npc(reader: Reader, name: str) -> bool:
    """Whether somebody whom the Game Master plays has exactly this name."""
    row = reader.connection.execute(
        "SELECT 1 FROM entities WHERE campaign = ? AND kind = 'npc' AND name = ? COLLATE NOCASE",
        [reader.campaign, text.name(name, "combatant's name")],
    ).fetchone()
    return row is not None


def combatant(character: Character) -> Combatant:
    """A character as it goes into a fight."""
    return sheet.player(character.id, character.name, character.level or 0, character.sheet)


def fighting(connection: sqlite3.Connection, campaign: str, key: str, besides: str = "") -> str:
    """The id of the fight that goes on with a character in it, ``besides`` one; empty for none."""
    row = connection.execute(_ELSEWHERE, [campaign, key, besides]).fetchone()
    return "" if row is None else str(row["id"])


def joining(fight: Fight, character: Character) -> Combatant:
    """A character to put into a fight, hidden while the party does not know of it.

    InputError when somebody has its id there already.
    """
    if fight.has(character.id):
        if fight.get(character.id).character == character.id:
            raise InputError(
                f"{character.name} is in this fight, or has left it",
                f"They can come back: ttrpg combat return {character.id}",
            )
        raise InputError(
            f"somebody is called {character.id} in this fight already",
            f"If it is not {character.name}, give the other one another name",
        )
    return attrs.evolve(combatant(character), hidden=not PARTY.sees(character.audience))


def fresh(reader: Reader, fight: Fight) -> Fight:
    """The fight with its characters as they are now."""
    if fight.status == "ended" or not any(each.character for each in fight.combatants):
        return fight
    return attrs.evolve(fight, combatants=tuple(_now(reader, each) for each in fight.combatants))


def joined(reader: Reader, before: Fight, after: Fight) -> Fight:
    """The fight after a step, with those who joined it or came back as they are now.

    Where it goes on, the rolls that they owe are owed in it.
    InputError when one who takes part in it now takes part in another that goes on.
    """
    here = {each.id for each in before.combatants if each.active}
    now = {each.id for each in after.combatants if each.character and each.active}
    new = now - here
    begins = before.status != "active" == after.status
    entering = now if begins else new if after.status == "active" else set()
    for key in entering:
        other = fighting(reader.connection, reader.campaign, after.get(key).character, after.id)
        if other:
            raise InputError(
                f"{after.get(key).name} is in the fight {other}, which goes on",
                f"End it, or take them out of it: ttrpg combat remove {key} --fight {other}",
            )
    those = [reader.peek(f"character/{e.character}") for e in after.combatants if e.id in entering]
    asked = owed([each for each in those if isinstance(each, Character)])
    last = after.last_prompt
    return attrs.evolve(
        after,
        combatants=tuple(
            _now(reader, each) if each.id in new else each for each in after.combatants
        ),
        prompts=(*after.prompts, *(attrs.evolve(p, number=last + p.number) for p in asked)),
        last_prompt=last + len(asked),
    )


def left(before: Fight, after: Fight) -> bool:
    """Whether a character has left the fight in this step."""
    here = {each.id for each in after.combatants if each.active}
    return any(each.character and each.active and each.id not in here for each in before.combatants)


def free(reader: Reader) -> list[Combatant]:
    """The characters who are in no fight that goes on."""
    return [
        combatant(each)
        for each in party(reader)
        if not fighting(reader.connection, reader.campaign, each.id)
    ]


def together(reader: Reader, law: Rules, moment: int) -> Fight:
    """Those who are in no fight as if in one together, with the rolls that they owe."""
    keys = {each.id for each in free(reader)}
    those = [each for each in party(reader) if each.id in keys]
    asked = owed(those)
    fight = rests.together([combatant(each) for each in those], law, moment)
    return attrs.evolve(fight, prompts=asked, last_prompt=len(asked))


def owed(those: Sequence[Character]) -> tuple[Prompt, ...]:
    """The rolls that characters owe outside of fights, numbered, but for what is settled by now."""
    asked = [
        each
        for one in those
        for each in one.sheet.owed
        if any(effect.id == each.effect for effect in one.sheet.effects)
    ]
    return tuple(attrs.evolve(each, number=number) for number, each in enumerate(asked, 1))


def catch_up(change: Change, world: World, law: Rules, moment: int) -> tuple[Fact, ...]:
    """End what has run out by a moment on those who are in no fight."""
    before = together(world, law, moment)
    scene = Scene(before, law)
    conditions.lapse(scene)
    death.wake(scene)
    let_go(world, scene)
    done = scene.outcome()
    save(change, world, before, done.fight)
    return done.facts


def let_go(reader: Reader, scene: Scene) -> None:
    """End what hangs on an effect that nobody has any more.

    What it hung on was somebody's in a fight that is over, or ended while its bearer was elsewhere.
    So was a foe that held somebody.
    """
    ours = party(reader)
    near = {each.id for each in ours}
    held = {effect.id for each in ours for effect in each.sheet.effects}
    held |= {effect.id for each in scene.fight.combatants for effect in each.effects}
    for one in scene.fight.combatants:
        for effect in one.effects:
            if effect.linked_to and effect.linked_to not in held:
                conditions.end(scene, one.id, effect.id, "what it hung on is gone")
            elif effect.source and effect.source not in near and _is_hold(scene, effect):
                conditions.end(scene, one.id, effect.id, "nobody holds on any longer")


def _is_hold(scene: Scene, effect: Effect) -> bool:
    return scene.rules.known(effect.condition).held


def save(
    change: Change, world: World, before: Fight, after: Fight, facts: Sequence[Fact] = ()
) -> None:
    """Write what a step did to characters to the characters themselves.

    A save that changed nothing is written too, as when they were last touched: so it is in the
    history, and in the log of the session.
    """
    was = {each.id: _kept(before, each) for each in before.combatants}
    changed = after.last_prompt != before.last_prompt
    for each in after.combatants:
        if each.character and each.active and _kept(after, each) != was.get(each.id):
            write(change, world, each, after)
            changed = False
        if each.character:
            _hand_over(change, world, each, before, after)
    outside = after.id == rests.PARTY
    for fact in facts if changed and outside else ():
        found = world.peek(f"character/{fact.who}") if fact.kind == "combat.save" else None
        if found is not None:
            world.save(change, found)


def _hand_over(change: Change, world: World, one: Combatant, before: Fight, after: Fight) -> None:
    """Keep what one owes in one place: in the fight that it takes part in, else on its sheet."""
    was, now = (
        fight.status == "active" and fight.has(one.id) and fight.get(one.id).active
        for fight in (before, after)
    )
    found = world.peek(f"character/{one.character}")
    if was == now or not isinstance(found, Character):
        return
    held = {each.id for each in found.sheet.effects}
    asked = [p for p in before.prompts if was and p.who == one.id and p.effect in held]
    back = tuple(attrs.evolve(each, number=0) for each in asked)
    if back != found.sheet.owed:
        world.save(change, attrs.evolve(found, sheet=attrs.evolve(found.sheet, owed=back)))


def _kept(fight: Fight, one: Combatant) -> Sheet:
    asked = [each for each in fight.prompts if each.who == one.id and fight.id == rests.PARTY]
    return sheet.of(one, tuple(attrs.evolve(each, number=0) for each in asked))


def write(change: Change, world: World, one: Combatant, fight: Fight | None = None) -> None:
    """Write the sheet of one to its character, if there still is such a character.

    What is owed outside of fights stays as it is, but for a step of ``fight`` outside of any.
    """
    found = world.peek(f"character/{one.character}")
    if not isinstance(found, Character):
        return
    outside = fight is not None and fight.id == rests.PARTY
    new = _kept(fight, one) if fight and outside else sheet.of(one, found.sheet.owed)
    if found.sheet != new:
        world.save(change, attrs.evolve(found, sheet=new))


def _now(reader: Reader, one: Combatant) -> Combatant:
    if not one.character or not one.active:
        return one
    found = reader.peek(f"character/{one.character}")
    if not isinstance(found, Character):
        return one
    return sheet.onto(found.sheet, attrs.evolve(one, level=one.level or found.level or 0))
