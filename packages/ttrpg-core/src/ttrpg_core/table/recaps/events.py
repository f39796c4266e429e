"""What an entry of the journal says: an event or, of a step of a fight, several.

How much an event weighs is a table here, by the kind of what happened, so that an evening of eight
hundred entries can be told by the forty that matter.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal

import attrs

Severity = Literal["trace", "info", "notable", "important", "critical"]
SEVERITIES: tuple[Severity, ...] = ("trace", "info", "notable", "important", "critical")

_WEIGHTS: Mapping[str, Severity] = MappingProxyType(
    {
        "combat.": "info",
        "combat.add": "trace",
        "combat.bloodied": "notable",
        "combat.death": "important",
        "combat.dying": "important",
        "combat.edited": "trace",
        "combat.end": "important",
        "combat.initiative": "trace",
        "combat.joined": "trace",
        "combat.knocked-out": "important",
        "combat.order": "trace",
        "combat.out": "notable",
        "combat.prompt.": "trace",
        "combat.resource.": "trace",
        "combat.round": "trace",
        "combat.stable": "notable",
        "combat.start": "important",
        "combat.statistics": "trace",
        "combat.time": "trace",
        "combat.turn": "trace",
        "combat.up": "notable",
        "combat.use": "trace",
        "combat.xp": "notable",
        "calendar.": "trace",
        "campaign.use": "trace",
        "handout.give": "notable",
        "note.": "info",
        "plot.tick": "notable",
        "session.": "important",
        "session.attend": "trace",
        "session.edit": "trace",
        "session.pause": "info",
        "session.plan": "trace",
        "session.resume": "info",
        "snapshot.": "trace",
        "time.": "info",
        "time.downtime": "notable",
        "time.rest": "notable",
        "world.reveal": "notable",
    }
)
"""By kind; one that ends in a dot is for all that begin so. The longest that fits counts."""
_MOVED = frozenset({"holder", "attitude", "location"})
"""Fields whose change is worth telling."""


@attrs.frozen
class Record:
    """An entry of the journal: its number, when (ISO 8601, UTC), who, what, and the facts of it."""

    number: int
    at: str
    actor: str
    kind: str
    prose: str
    facts: Mapping[str, Any]


@attrs.frozen
class Event:
    """One thing that happened. ``text`` is the Game Master's own.

    ``refs`` are the entities that it is about, ``who`` the combatant, ``fight`` the fight; ``data``
    is what else its facts say. ``secret`` is True when it speaks of somebody whom players did not
    see then.
    """

    entry: int
    at: str
    actor: str
    kind: str
    severity: Severity
    text: str
    refs: tuple[str, ...] = ()
    fight: str = ""
    who: str = ""
    data: Mapping[str, Any] = attrs.field(factory=dict)
    secret: bool = False


def events(records: Iterable[Record], ours: Collection[tuple[str, str]] = ()) -> Iterator[Event]:
    """The events of entries, in their order.

    ``ours`` are combatants of the party, as ``(fight, id)``: for them a death weighs most.
    """
    for each in records:
        steps = each.facts.get("facts")
        if each.kind.startswith("combat.") and isinstance(steps, Sequence) and steps:
            yield from _of_fight(each, steps, ours)
        else:
            yield Event(
                each.number,
                each.at,
                each.actor,
                each.kind,
                _weight_of(each),
                each.prose,
                _refs(each.facts),
                str(each.facts.get("fight", "")),
                data=each.facts,
            )


def at_least(found: Iterable[Event], least: Severity) -> list[Event]:
    """The events that weigh so much or more."""
    heavy = SEVERITIES[SEVERITIES.index(least) :]
    return [each for each in found if each.severity in heavy]


def weight(kind: str) -> Severity:
    """How much a kind of event weighs by itself."""
    fitting = [
        name for name in _WEIGHTS if kind == name or (name.endswith(".") and kind.startswith(name))
    ]
    return _WEIGHTS[max(fitting, key=len)] if fitting else "info"


def changed(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields of an entity that an edit changed, as ``{field: [old, new]}``."""
    found = facts.get("changed")
    return found if isinstance(found, Mapping) and "field" not in facts else {}


def moved_to(facts: Mapping[str, Any]) -> str:
    """The status that a plot or an arc went to; "" for anything else."""
    return str(facts.get("to", "")) if "from" in facts else ""


def _of_fight(
    record: Record, steps: Sequence[Any], ours: Collection[tuple[str, str]]
) -> Iterator[Event]:
    fight = str(record.facts.get("fight", ""))
    for step in steps:
        kind, who = str(step.get("kind", record.kind)), str(step.get("who", ""))
        found = weight(kind)
        if (fight, who) in ours and kind in {"combat.death", "combat.dying"}:
            found = "critical"
        yield Event(
            record.number,
            record.at,
            record.actor,
            kind,
            found,
            str(step.get("prose", "")),
            (),
            fight,
            who,
            step.get("data") or {},
            bool(step.get("secret")),
        )


def _weight_of(record: Record) -> Severity:
    verb = record.kind.rpartition(".")[2]
    if moved_to(record.facts):
        return "important"
    if _MOVED & set(changed(record.facts)):
        return "notable"
    if verb in {"add", "delete"} and record.kind.partition(".")[0] not in {"note", "combat"}:
        return "notable"
    return weight(record.kind)


def _refs(facts: Mapping[str, Any]) -> tuple[str, ...]:
    several = facts.get("refs")
    found = [str(facts["ref"])] if facts.get("ref") else []
    found += [str(each) for each in several] if isinstance(several, list) else []
    return tuple(dict.fromkeys(found))
