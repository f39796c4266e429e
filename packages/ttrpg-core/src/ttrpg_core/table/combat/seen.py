"""A fight as somebody sees it: all of it for the Game Master, for players what they may know.

The party knows its own hit points and how a foe looks, not its numbers; nothing of who is hidden;
and of names only those that are called at the table now, for ids, groups and the fight's own name
keep what it was called when it was prepared. Every field carries its audience, and
:func:`ttrpg_core.audience.project` leaves out.
"""

from typing import Any

import attrs

from ttrpg_core.audience import GM, PARTY, Audience, project
from ttrpg_core.errors import InputError, NotFound
from ttrpg_core.table.combat import cards, conditions, difficulty, durations, turns
from ttrpg_core.table.combat.difficulty import Difficulty, Missing
from ttrpg_core.table.combat.rules import Rules
from ttrpg_core.table.combat.state import Combatant, Effect, Fight, Prompt, Resource

_LOOKS = {"unhurt": 1.0, "hurt": 0.75, "bloodied": 0.4}
"""Share of a bar for one whose hit points are not known: what its looks say."""


@attrs.frozen
class Badge:
    """A condition on somebody: its id and name, what is left of it, and for the GM the rest."""

    condition: str
    title: str = ""
    left: str = ""
    level: int = 1
    id: str = ""
    note: str = ""
    source: str = ""


@attrs.frozen
class Shown:
    """One combatant; what a viewer may not know is None or empty.

    ``looks`` is a word for its hit points, ``share`` how full a bar of them is, from 0 to 1. One
    who ``waits`` has delayed.
    """

    name: str
    looks: str
    share: float
    current: bool
    conditions: tuple[Badge, ...] = ()
    kind: str = ""
    id: str = ""
    side: str = ""
    group: str = ""
    initiative: int | None = None
    card: str = ""
    hp: int | None = None
    hp_max: int | None = None
    temp_hp: int | None = None
    ac: int | None = None
    successes: int = 0
    failures: int = 0
    readied: str = ""
    resources: tuple[Resource, ...] = ()
    hidden: bool = False
    active: bool = True
    surprised: bool = False
    waits: bool = False


@attrs.frozen
class Owed:
    """A roll that is asked for; ``key`` is who owes it. None and empty for who may not know."""

    who: str
    kind: str
    text: str
    key: str = ""
    number: int = 0
    dc: int | None = None
    failed: int | None = None


@attrs.frozen
class View:
    """A fight as it is shown; ``current`` is the name of whose turn it is, if it may be known.

    ``choices`` are the ids of those of whom one says who is next. ``missing`` is what keeps the
    difficulty from being told.
    """

    status: str
    round: int
    current: str
    combatants: tuple[Shown, ...]
    owed: tuple[Owed, ...]
    id: str = ""
    name: str = ""
    rules: str = ""
    newest: bool = True
    choices: tuple[str, ...] = ()
    difficulty: Difficulty | None = None
    missing: Missing | None = None


@attrs.frozen
class _Marked:
    """A field, or a combatant or prompt, with who may know it."""

    audience: Audience
    name: str
    value: Any


def view(fight: Fight, rules: Rules, viewer: Audience = GM) -> View:
    """What a viewer may know of a fight."""
    prompts = [
        _Marked(PARTY if _is_ours(fight.get(each.who)) else GM, "", each) for each in fight.prompts
    ]
    people = known(fight, viewer)
    fields = [
        _Marked(PARTY, "status", fight.status),
        _Marked(PARTY, "round", fight.round),
        _Marked(GM, "id", fight.id),
        _Marked(GM, "name", fight.name),
        _Marked(PARTY, "rules", rules.title),
        _Marked(GM, "newest", fight.is_newest),
        _Marked(GM, "choices", turns.choices(fight)),
        _Marked(GM, "difficulty", _difficulty(fight, rules)),
        _Marked(GM, "missing", difficulty.missing(fight, rules)),
    ]
    nothing: dict[str, Any] = {"status": "", "round": 0}
    return View(
        current=fight.get(fight.current).name if fight.current in people else "",
        combatants=tuple(_shown(fight, rules, each, viewer) for each in people.values()),
        owed=tuple(_owed(fight, rules, each.value, viewer) for each in project(prompts, viewer)),
        **nothing | {each.name: each.value for each in project(fields, viewer)},
    )


def known(fight: Fight, viewer: Audience) -> dict[str, Combatant]:
    """Those of a fight whom a viewer knows of, by id, in their order."""
    people = [
        _Marked(GM if each.hidden or not each.active else PARTY, each.id, each)
        for each in _in_order(fight)
    ]
    return {each.name: each.value for each in project(people, viewer)}


def looks(one: Combatant, rules: Rules) -> str:
    """How somebody looks: unhurt, hurt, bloodied, dying, stable, dead, out; empty without hp."""
    if one.life != "up":
        return one.life
    if one.hp is None:
        return ""
    if one.bloodied:
        return "bloodied"
    return "unhurt" if one.hp == conditions.max_hp(one, rules) else "hurt"


def _shown(fight: Fight, rules: Rules, one: Combatant, viewer: Audience) -> Shown:
    ours = PARTY if _is_ours(one) else GM
    most, look = conditions.max_hp(one, rules), looks(one, rules)
    exact = (one.hp or 0) / most if most else 0.0
    share = exact if viewer.sees(ours) else _LOOKS.get(look, 0.0)
    badges = [_Marked(_of_badge(one, rules, each), "", each) for each in one.effects]
    fields = [
        _Marked(ours, "kind", one.kind),
        _Marked(GM, "id", one.id),
        _Marked(GM, "side", one.side),
        _Marked(GM, "group", one.group),
        _Marked(ours, "initiative", one.initiative),
        _Marked(ours, "card", _card(fight, one)),
        _Marked(ours, "hp", one.hp),
        _Marked(ours, "hp_max", most),
        _Marked(ours, "temp_hp", one.temp_hp or None),
        _Marked(ours, "ac", one.ac),
        _Marked(ours, "successes", one.successes),
        _Marked(ours, "failures", one.failures),
        _Marked(ours, "readied", one.readied),
        _Marked(ours, "resources", one.resources),
        _Marked(GM, "hidden", one.hidden),
        _Marked(GM, "active", one.active),
        _Marked(ours, "surprised", one.surprised),
        _Marked(PARTY, "waits", one.id in turns.waiting(fight)),
    ]
    known: dict[str, Any] = {each.name: each.value for each in project(fields, viewer)}
    return Shown(
        name=one.name,
        looks=look,
        share=share,
        current=one.id == fight.current and fight.status == "active",
        conditions=tuple(
            _badge(fight, rules, each.value, ours, viewer) for each in project(badges, viewer)
        ),
        **known,
    )


def _card(fight: Fight, one: Combatant) -> str:
    by_cards = fight.mode == "cards" and one.initiative is not None
    return cards.title(one.initiative or 0) if by_cards else ""


def _of_badge(one: Combatant, rules: Rules, effect: Effect) -> Audience:
    """Who knows of a condition: on a foe the party sees those that the rules name, no more.

    One that the party may not know of is on nobody, as far as they see.
    """
    known = next((each for each in rules.conditions if each.id == effect.condition), None)
    if known is None:
        return PARTY if _is_ours(one) else GM
    return GM if known.secret else PARTY


def _badge(fight: Fight, rules: Rules, effect: Effect, ours: Audience, viewer: Audience) -> Badge:
    due = effect.due
    about = fight.get(due.who) if due and due.who and fight.has(due.who) else None
    by_words = due is None or (about is not None and about.hidden)
    fields = [
        _Marked(GM if by_words else ours, "left", durations.left(fight, effect)),
        _Marked(PARTY, "level", effect.level),
        _Marked(GM, "id", effect.id),
        _Marked(GM, "note", effect.note),
        _Marked(GM, "source", effect.source),
    ]
    known: dict[str, Any] = {each.name: each.value for each in project(fields, viewer)}
    return Badge(effect.condition, rules.called(effect.condition), **known)


def _owed(fight: Fight, rules: Rules, prompt: Prompt, viewer: Audience) -> Owed:
    one = fight.get(prompt.who)
    held = next((each for each in one.effects if each.id == prompt.effect), None)
    save = f"{prompt.ability.upper()} save".strip()
    short = {
        "death-save": "death save",
        "concentration": f"{save} to keep concentrating",
        "repeat-save": save,
    }[prompt.kind]
    whole = {
        "death-save": short,
        "concentration": f"DC {prompt.dc} {save} to keep up {_title(held, rules)}",
        "repeat-save": f"DC {prompt.dc} {save} against {_title(held, rules)}",
    }[prompt.kind]
    if prompt.failed is not None:
        whole += f": failed with {prompt.failed}"
    fields = [
        _Marked(PARTY, "text", short),
        _Marked(GM, "text", whole),
        _Marked(GM, "key", prompt.who),
        _Marked(GM, "number", prompt.number),
        _Marked(GM, "dc", prompt.dc),
        _Marked(GM, "failed", prompt.failed),
    ]
    known: dict[str, Any] = {each.name: each.value for each in project(fields, viewer)}
    return Owed(one.name, prompt.kind, **known)


def _title(held: Effect | None, rules: Rules) -> str:
    return "it" if held is None else held.note or rules.called(held.condition)


def _is_ours(one: Combatant) -> bool:
    return one.kind in {"player", "ally"} and not one.hidden


def _in_order(fight: Fight) -> list[Combatant]:
    """By initiative, those without it after them as they joined, and those who left at the end."""
    rest = [each.id for each in fight.combatants if each.id not in fight.order]
    people = [fight.get(key) for key in (*fight.order, *rest)]
    return sorted(people, key=lambda each: not each.active)


def _difficulty(fight: Fight, rules: Rules) -> Difficulty | None:
    """How hard it is, where the rules can tell: experience or skills of the foes, and levels."""
    if difficulty.missing(fight, rules):
        return None
    try:
        found = difficulty.of_fight(fight, rules)
    except (InputError, NotFound):
        return None
    return found if found.xp or not found.bands else None
