"""Who is put into a fight by a name: a creature of the rules, or one made by hand."""

from typing import NamedTuple

from ttrpg_cli.fighting import words
from ttrpg_cli.fighting.acting import campaign_of
from ttrpg_core import text
from ttrpg_core.app import App
from ttrpg_core.errors import InputError
from ttrpg_core.fights import characters
from ttrpg_core.table.combat import creatures
from ttrpg_core.table.combat.creatures import Creature
from ttrpg_core.table.combat.rules import Rules
from ttrpg_core.table.combat.state import Combatant
from ttrpg_core.world import Reader


class Newcomer(NamedTuple):
    """One before options change it: ``creature`` is what it is of the rules, ``dice`` are rolled.

    ``like`` says which creatures it may have meant instead.
    """

    made: Combatant
    creature: Creature | None = None
    dice: str = ""
    like: str = ""

    def told(self, made: Combatant) -> tuple[str, ...]:
        """What to say of it as it was made, a line each: whose numbers it has."""
        if self.creature is None:
            return tuple(filter(None, [self.like]))
        note = self.creature.note and f"Not in its numbers: {self.creature.note}"
        return tuple(filter(None, [self.creature.summary(made, self.dice), note]))


def by_hand(name: str, hp: str) -> Newcomer:
    """One with hit points as they were typed."""
    left, most = words.hp(hp)
    return Newcomer(Combatant("", name, hp=left, hp_max=most))


def of_rules(law: Rules, name: str, *, roll_hp: bool) -> Newcomer:
    """The creature of the rules that a name means, else one without numbers.

    InputError where hit dice are to be rolled, and there are none.
    """
    found = creatures.find(law.name, name)
    if found is not None:
        return Newcomer(found.made, found, found.dice if roll_hp else "")
    like = _like(law, name)
    if roll_hp:
        raise InputError(
            f"{name!r:.60} has no hit dice in {law.title}", like or "Give hit points: --hp 12"
        )
    return Newcomer(Combatant("", name), like=like)


def is_somebody(app: App, name: str, kind: str) -> bool:
    """Whether this is no creature of the rules whatever it is called: a player's, or an NPC."""
    if kind in {"player", "environment"}:
        return True
    campaign, clean = campaign_of(app), text.name(name, "combatant's name")
    return campaign is not None and characters.is_npc(Reader(app.store.connection, campaign), clean)


def _like(law: Rules, name: str) -> str:
    found = creatures.named_like(law.name, name)
    if not found:
        return ""
    shown = ", ".join(found[: text.SHOWN]) + (" ..." if len(found) > text.SHOWN else "")
    return f"No numbers for {name!r:.60}; {creatures.SOURCES[law.name]} has {shown}"
