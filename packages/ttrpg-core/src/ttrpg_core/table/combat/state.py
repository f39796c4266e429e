"""A fight as values: who is in it, whose turn it is, and what is on whom.

Everything is frozen and made of plain data, so that a fight turns into rows or JSON and back with
:mod:`ttrpg_core.convert`. Nothing here decides a rule: the modules beside it do.

Time is one number, seconds on the campaign's clock. A fight knows when it began and how long a
round is; "now" follows from the turn it stands at. That is what makes *previous turn* harmless:
nothing counts down, so nothing can be counted twice.
"""

from collections.abc import Mapping
from typing import Literal

import attrs

from ttrpg_core.errors import NotFound

Kind = Literal["player", "npc", "monster", "ally", "environment"]
Life = Literal["up", "dying", "stable", "dead", "out"]
"""``out`` is for systems in which nobody dies by hit points alone."""
Edge = Literal["start", "end"]
Mode = Literal["each", "group", "side", "cards", "elective"]
"""Who rolls for initiative together; with ``cards``, who is dealt one.

In ``elective`` each rolls, which says who begins; then whoever has acted says who is next.
"""
Status = Literal["preparing", "active", "ended"]
TraitKind = Literal["resistance", "vulnerability", "immunity", "threshold", "reduction"]
Trigger = Literal["turn-start", "turn-end", "round", "fight", "short-rest", "long-rest", "dawn"]
Offer = Literal["", "others-turn-end", "turn-start", "failed-save"]
DurationKind = Literal[
    "turns",
    "rounds",
    "minutes",
    "hours",
    "end-of-next-turn",
    "start-of-next-turn",
    "end-of-source-turn",
    "until-save",
    "until-removed",
    "permanent",
    "until-trigger",
    "custom",
    "until-short-rest",
    "until-long-rest",
]


@attrs.frozen
class Trait:
    """How damage of a type is taken; ``type`` is ``all`` for every type.

    ``amount`` is the threshold or what a reduction takes off. ``unless`` are properties of the
    damage that pass by it: ``("magical", "silvered")``.
    """

    kind: TraitKind
    type: str = "all"
    amount: int = 0
    unless: tuple[str, ...] = ()


@attrs.frozen
class Refresh:
    """When uses come back: how many (None for all), and on what roll (``1d6``, 5 or more)."""

    when: Trigger
    amount: int | None = None
    roll: str = ""
    needs: int = 0


@attrs.frozen
class Resource:
    """Anything with uses: legendary actions, a breath that recharges, slots, hit dice.

    ``offer`` says when to remind of it. ``heals`` is what one use regains in a short rest, as dice.
    """

    name: str
    most: int
    left: int
    refresh: tuple[Refresh, ...] = ()
    offer: Offer = ""
    heals: str = ""


@attrs.frozen
class Duration:
    """How long an effect is meant to last.

    ``n`` counts turns, rounds, minutes or hours. ``of`` is the combatant whose turns are meant,
    empty for the bearer's. ``text`` is what ends it, where only people can tell.
    """

    kind: DurationKind = "until-removed"
    n: int = 0
    of: str = ""
    text: str = ""


@attrs.frozen
class Due:
    """The moment at which an effect ends: a time, and an edge of somebody's turn in that round.

    ``at`` is in seconds on the clock, the start of the round that is meant. An empty ``who`` is the
    start of the round itself. Whoever has no turn then cannot keep it: it ends with the round.
    """

    at: int
    who: str = ""
    edge: Edge = "start"


@attrs.frozen
class RepeatSave:
    """A saving throw that ends an effect, and when it is due."""

    ability: str = "con"
    dc: int = 10
    when: Literal["turn-start", "turn-end", "damage", "action"] = "turn-end"


@attrs.frozen
class Recurring:
    """Damage or healing that an effect brings at an edge of the bearer's turns."""

    dice: str
    type: str = ""
    edge: Edge = "start"
    heals: bool = False


@attrs.frozen
class Effect:
    """A condition on somebody; ``id`` is the bearer's and a number, so it is the same everywhere.

    ``linked_to`` is the effect that it ends with, such as the caster's concentration;
    ``until_healed`` ends it with the first hit point regained.
    """

    id: str
    condition: str
    source: str = ""
    note: str = ""
    level: int = 1
    duration: Duration = Duration()
    due: Due | None = None
    save: RepeatSave | None = None
    recurring: Recurring | None = None
    traits: tuple[Trait, ...] = ()
    linked_to: str = ""
    until_healed: bool = False


@attrs.frozen
class Tally:
    """What a combatant did and suffered, in hit points and times, for the end of the fight."""

    dealt: int = 0
    taken: int = 0
    healing: int = 0
    healed: int = 0
    downs: int = 0
    felled: int = 0


@attrs.frozen
class Combatant:
    """One in the fight. ``hp`` is None where hit points are not kept, as for a lair.

    ``score`` breaks ties of initiative (Dexterity in 5e), ``roll_off`` the ties of that.
    ``at_zero`` is what 0 hit points mean for this one, empty for what the rules say of its kind.
    ``late`` is the round that it joined too late to act in. ``wakes_at`` is when a stable one
    regains a hit point, in seconds on the clock. ``active`` is False for one who left.
    ``character`` is the id of the party's character that it is, if it is one.
    """

    id: str
    name: str
    kind: Kind = "monster"
    side: str = ""
    group: str = ""
    hp: int | None = None
    hp_max: int | None = None
    hp_max_lost: int = 0
    temp_hp: int = 0
    ac: int = 10
    initiative_bonus: int = 0
    initiative: int | None = None
    score: int = 0
    roll_off: int = 0
    pinned: bool = False
    traits: tuple[Trait, ...] = ()
    condition_immunities: tuple[str, ...] = ()
    resources: tuple[Resource, ...] = ()
    saves: Mapping[str, int] = attrs.field(factory=dict)
    effects: tuple[Effect, ...] = ()
    last_effect: int = 0
    life: Life = "up"
    successes: int = 0
    failures: int = 0
    at_zero: Literal["", "dying", "dead", "out"] = ""
    wakes_at: int | None = None
    hidden: bool = False
    active: bool = True
    surprised: bool = False
    readied: str = ""
    late: int = 0
    level: int = 0
    cr: str = ""
    xp: int | None = None
    tally: Tally = Tally()
    character: str = ""

    @property
    def bloodied(self) -> bool:
        """At half its hit points or fewer (SRD 5.2.1, Rules Glossary, "Bloodied")."""
        return self.hp is not None and self.hp_max is not None and 2 * self.hp <= self.hp_max

    @property
    def acts(self) -> bool:
        """Whether it gets turns: it is here, and neither dead nor out. The dying do, to save."""
        return self.active and self.life not in {"dead", "out"}


@attrs.frozen
class Turn:
    """A turn that was begun. A delayed one ended as it began; a resumed one only ends."""

    round: int
    who: str
    delayed: bool = False
    resumed: bool = False


@attrs.frozen
class Prompt:
    """A roll that somebody owes; ``number`` is its own in the fight.

    ``failed`` is the total of one that failed and may still be turned into a success.
    """

    number: int
    kind: Literal["concentration", "repeat-save", "death-save"]
    who: str
    effect: str = ""
    ability: str = ""
    dc: int = 0
    failed: int | None = None


@attrs.frozen
class Fight:
    """The whole state. ``rules`` names the rules it is played by.

    ``order`` is the initiative order, kept as it is and never sorted behind the GM's back.
    ``turns`` are all turns begun so far, ``at`` the index of the one that is shown: the last, but
    for a look back. ``began`` is in seconds on the clock, ``skipped`` what passed beside rounds.
    ``dealt`` are the cards that are out, where initiative goes by cards.
    """

    id: str
    name: str
    rules: str
    status: Status = "preparing"
    mode: Mode = "each"
    reroll: bool = False
    round_seconds: int = 6
    began: int = 0
    skipped: int = 0
    combatants: tuple[Combatant, ...] = ()
    order: tuple[str, ...] = ()
    turns: tuple[Turn, ...] = ()
    at: int = -1
    prompts: tuple[Prompt, ...] = ()
    last_prompt: int = 0
    dealt: tuple[int, ...] = ()

    @property
    def current(self) -> str:
        """Whose turn it is; empty before the first."""
        return self.turns[self.at].who if self.at >= 0 else ""

    @property
    def round(self) -> int:
        """The round that is shown, from 1; 0 before the first turn."""
        return self.turns[self.at].round if self.at >= 0 else 0

    @property
    def now(self) -> int:
        """Seconds on the clock at the start of this round."""
        return self.began + self.skipped + max(self.round - 1, 0) * self.round_seconds

    @property
    def is_newest(self) -> bool:
        """Whether the turn that is shown is the last begun, not an earlier one looked back at."""
        return self.at == len(self.turns) - 1

    def get(self, key: str) -> Combatant:
        """The combatant with this id."""
        for each in self.combatants:
            if each.id == key:
                return each
        raise NotFound(f"there is no combatant {key!r} in the fight")

    def has(self, key: str) -> bool:
        """Whether somebody with this id is in the fight, or was."""
        return any(each.id == key for each in self.combatants)
