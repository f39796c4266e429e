"""A fight on the screen: its title, bars of hit points, what is on whom, what is owed."""

import shlex
from collections.abc import Iterable, Sequence

import attrs

from ttrpg_core import text
from ttrpg_core.fights import Step, plain
from ttrpg_core.table.combat import rests, seen
from ttrpg_core.table.combat.difficulty import Missing
from ttrpg_core.table.combat.scene import Fact, count
from ttrpg_core.table.combat.seen import Badge, Owed, Shown, View
from ttrpg_core.views import Bars, Block, Fields, Role, Screen, Text

LABEL = 28
"""Characters of a name beside its bar."""
_IN_TITLE = {"combat.turn", "combat.round"}
"""Facts that the title says."""
_IN_BARS = {"combat.initiative"}
"""Facts that the list says, when they are many."""
_ROLES: dict[str, Role] = {
    "combat.death": "bad",
    "combat.dying": "bad",
    "combat.bloodied": "warn",
    "combat.stable": "good",
    "combat.up": "good",
}


def step(screen: Screen, done: Step) -> None:
    """What a step did, and how the fight stands; of one that begins, how hard it will be."""
    view = seen.view(done.fight, done.law)
    begins = done.before.status == "preparing" and done.fight.status == "active"
    screen.show(
        "ttrpg.combat.step/1",
        {"changed": done.changed, "facts": plain(done.facts), "fight": attrs.asdict(view)},
        [*_said(done), *blocks(view), *(_hard(view) if begins else ())],
    )


def fight(screen: Screen, view: View) -> None:
    """A fight as a viewer may see it."""
    found = [*blocks(view), *_hard(view)]
    screen.show("ttrpg.combat/1", {"fight": attrs.asdict(view)}, found)


def _hard(view: View) -> list[Block]:
    """How hard a fight is and by which rule, or what has yet to be told."""
    if view.missing:
        return [Text(""), Fields(_missing(view.missing))]
    if view.difficulty is None:
        return []
    hard = view.difficulty
    bands = ", ".join(f"{name} {limit:,}" for name, limit in hard.bands)
    verdict = f"{hard.verdict}: {hard.value:,} of {bands} XP" if bands else hard.verdict
    notes = [("", note) for note in hard.notes]
    return [Text(""), Fields([("Difficulty", verdict), ("", hard.rule), *notes])]


def _missing(missing: Missing) -> list[tuple[str, str]]:
    """What the difficulty needs to be told, and how it is given."""
    told = [
        (f"the {what} of {_several(who)}", f"ttrpg combat edit {who[0]} {option}")
        for what, who, option in (
            ("level", missing.levels, "--level 3"),
            ("challenge rating", missing.ratings, "--cr 1/2"),
            ("peak skill", missing.peaks, "--level 4"),
        )
        if who
    ]
    return [
        ("" if n else "Difficulty", f"needs {what}: {command}")
        for n, (what, command) in enumerate(told)
    ]


def _several(names: Sequence[str]) -> str:
    more = len(names) - text.SHOWN
    return ", ".join(names[: text.SHOWN]) + (f" and {more} more" if more > 0 else "")


def blocks(view: View) -> list[Block]:
    """The fight itself."""
    found: list[Block] = [Text(title(view), "title")]
    found += people(view) if view.combatants else [Text("Nobody is in it yet")]
    if len(view.choices) > 1:
        found += [Text(""), Text(f"Who is next? ttrpg next NAME: {', '.join(view.choices)}", "dim")]
    return [*found, *owed(view)]


def owed(view: View) -> list[Block]:
    """The rolls that are asked for, and how they are answered."""
    if not view.owed:
        return []
    rows = [(_name(each), f"{each.text}{_answer(each)}") for each in view.owed]
    return [Text(""), Text("Owed:", "title"), Fields(rows)]


def people(view: View) -> list[Block]:
    """Bars of hit points, and what is on whom."""
    found: list[Block] = [Bars([_bar(each) for each in view.combatants])]
    details = [(each.name, line) for each in view.combatants if (line := _details(each))]
    return [*found, Text(""), Fields(details)] if details else found


def title(view: View) -> str:
    """``Ambush: round 2, Mara's turn``."""
    if view.id == rests.PARTY:
        return "The party"
    name = view.name or "The fight"
    if view.status == "preparing":
        return f"{name}: not begun"
    if view.status == "ended":
        return f"{name}: over, after {count(view.round, 'round')}"
    whose = f", {view.current}'s turn" if view.current else ""
    back = "" if view.newest else " (looking back)"
    return f"{name}: round {view.round}{whose}{back}"


def _said(done: Step) -> Iterable[Block]:
    facts = done.facts
    few = sum(each.kind in _IN_BARS for each in facts) == 1
    found: list[Block] = [
        Text(
            each.prose + _command(done, each),
            _ROLES.get(each.kind, "warn" if ".prompt." in each.kind else "plain"),
        )
        for each in facts
        if each.kind not in _IN_TITLE and (few or each.kind not in _IN_BARS)
    ]
    return [*found, Text("")] if found else []


def _command(done: Step, fact: Fact) -> str:
    """The command that does what is reminded of, where one does."""
    data = fact.data
    if fact.kind == "combat.prompt.recurring":
        what = "heal" if data["heals"] else "hit"
        words = f"{data['dice']} {data['type']}".strip()
        return f": ttrpg {what} {fact.who} {words}" + ("" if data["heals"] else " --from nobody")
    owes = any(each.who == fact.who and each.failed is not None for each in done.fight.prompts)
    if fact.kind == "combat.prompt.resource" and not owes:
        return f": ttrpg combat spend {fact.who} {shlex.quote(str(data['resource']))}"
    return ""


def _bar(one: Shown) -> tuple[str, float, str]:
    name = one.name if len(one.name) <= LABEL else f"{one.name[: LABEL - 3]}..."
    label = ("> " if one.current else "  ") + name
    if one.initiative is not None:
        label += f" {one.card or one.initiative}"
    return label, one.share, _figure(one)


def _figure(one: Shown) -> str:
    if one.hp is None:
        return one.looks or "-"
    extra = f"+{one.temp_hp} " if one.temp_hp else ""
    look = f"{one.looks} " if one.looks not in {"unhurt", "hurt"} else ""
    return f"{look}{extra}{one.hp}/{one.hp_max} hp"


def _details(one: Shown) -> str:
    found = [_badge(each) for each in one.conditions]
    if one.looks == "dying":
        found.append(f"death saves {one.successes} made, {one.failures} failed")
    found += [f"readies: {one.readied}"] if one.readied else []
    found += [
        word
        for word, is_so in (
            ("waits", one.waits),
            ("surprised", one.surprised),
            ("hidden", one.hidden),
        )
        if is_so
    ]
    found += [] if one.active else ["has left"]
    found += [f"{each.name} {each.left}/{each.most}" for each in one.resources]
    return ", ".join(found)


def _badge(badge: Badge) -> str:
    name = badge.title + (f" {badge.level}" if badge.level > 1 else "")
    name += f" on {badge.note}" if badge.note and badge.condition == "concentrating" else ""
    name += f" by {badge.note}" if badge.note and badge.condition != "concentrating" else ""
    return f"{name} ({badge.left})" if badge.left else name


def _name(owed: Owed) -> str:
    return f"#{owed.number} {owed.who}" if owed.number else owed.who


def _answer(owed: Owed) -> str:
    """The command that answers, for whoever may type it."""
    if not owed.key:
        return ""
    more = "" if owed.failed is None else " --resist, or --accept"
    return f" (ttrpg save {owed.key}{more})"
