"""A session told without a model: what happened, to whom, where, each with its entries.

One builder for every viewer. It is given what the viewer sees of entities and fights, now and at
the time of an entry, and makes every line from that: the prose of the journal goes into what the
Game Master reads, and into nothing else. A player is told of an entity only where they know it now
and knew it then.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from ttrpg_core.audience import GM, PARTY, Audience
from ttrpg_core.table.recaps.events import SEVERITIES, Event, Severity, changed, moved_to
from ttrpg_core.table.recaps.fought import Fought
from ttrpg_core.table.world.links import spoken
from ttrpg_core.table.world.seen import Seen

SECTIONS = {
    "People": ("npc", "character", "faction"),
    "Places": ("location",),
    "Plots": ("plot", "arc"),
    "Loot": ("item",),
}
"""Which entities each part of a recap tells of."""
_TOLD = tuple(f"{kind}/" for kinds in SECTIONS.values() for kind in kinds)
_DISCLOSED = ("world.reveal", "handout.give")
QUOTE_MAX = 240
"""Characters of a note that are quoted."""
_NUMBERED = re.compile(r"(?<=\S) \d+\Z")
_AT_ZERO = {
    "combat.death": "{} died",
    "combat.dying": "{} fell, and lay dying",
    "combat.stable": "{} was stabilised",
    "combat.up": "{} was up again",
    "combat.knocked-out": "{} was knocked out",
    "combat.out": "{} was out of the fight",
}


@attrs.frozen
class Fact:
    """One thing that is told, and the entries of the journal that it rests on."""

    text: str
    entries: tuple[int, ...]
    severity: Severity = "info"


@attrs.frozen
class Section:
    """A part of a recap."""

    title: str
    facts: tuple[Fact, ...]


@attrs.frozen
class Known:
    """What a viewer knows.

    ``now`` answers an entity as they see it; ``then`` the same as it was at an entry; ``mentions``
    what a note points at. ``fights`` are those of the session, by id.
    """

    viewer: Audience
    now: Callable[[str], Seen | None]
    then: Callable[[int, str], Seen | None]
    mentions: Callable[[str], Sequence[str]]
    fights: Mapping[str, Fought]


def sections(events: Sequence[Event], known: Known) -> tuple[Section, ...]:
    """The recap of events, without the parts that would be empty."""
    things = _things(events, known)
    found = [
        Section("What happened", tuple(_key_events(events, known))),
        Section("Fights", tuple(_fights(events, known))),
    ]
    for title, kinds in SECTIONS.items():
        facts = [fact for ref, fact in things.items() if ref.partition("/")[0] in kinds]
        found.append(Section(title, tuple(facts)))
    found.append(Section("From the notes", tuple(_quotes(events, known))))
    return tuple(each for each in found if each.facts)


def heaviest(told: Iterable[Section], most: int) -> list[Fact]:
    """The facts that weigh most, in the order they happened."""
    every = [fact for each in told for fact in each.facts if each.title != "From the notes"]
    ranked = sorted(every, key=lambda each: -SEVERITIES.index(each.severity))[:most]
    return sorted(ranked, key=lambda each: each.entries[:1])


def _key_events(events: Sequence[Event], known: Known) -> Iterator[Fact]:
    told: set[tuple[str, str]] = set()
    for each in _lasting(events):
        text = _key(each, known)
        if not text:
            continue
        if each.kind in _DISCLOSED:
            if (each.refs[0], text) in told:
                continue  # first it was one character's, then everybody's
            told.add((each.refs[0], text))
        yield Fact(text, (each.entry,), each.severity)


def _lasting(events: Sequence[Event]) -> Iterator[Event]:
    """The events without those by which something was told or given that was hidden again."""
    hidden: set[tuple[tuple[str, ...], str | None]] = set()
    kept: list[Event] = []
    for each in reversed(events):
        if each.kind in _DISCLOSED:
            what = (each.refs[:1], each.data.get("field"))
            if each.data.get("to") == "gm":
                hidden.add(what)
            elif what in hidden:
                continue
        kept.append(each)
    return reversed(kept)


def _key(event: Event, known: Known) -> str:
    """What is told of one event by itself; "" where it is told elsewhere, or not to this viewer."""
    if event.kind.startswith("combat."):
        return _of_fight(event, known)
    told = {"world.reveal": _revealed, "handout.give": _handed, "time.rest": _rest}.get(
        event.kind, _status if moved_to(event.data) else None
    )
    if told is not None:
        return told(event, known)
    told_elsewhere = event.kind.startswith(("note.", "session.", "snapshot.")) or any(
        ref.startswith(_TOLD) for ref in event.refs
    )
    light = event.severity in {"trace", "info"}
    return "" if told_elsewhere or light or known.viewer != GM else _sentence(event.text)


def _of_fight(event: Event, known: Known) -> str:
    if event.secret and known.viewer != GM:
        return ""
    fight = known.fights.get(event.fight)
    if fight is None:  # outside of any: what befell a character
        character = known.now(f"character/{event.who}")
        return _AT_ZERO.get(event.kind, "").format(character.name) if character else ""
    if event.kind == "combat.xp" and event.data.get("share"):
        foes = event.data.get("foes", [])
        if all(each in fight.names for each in foes):
            return f"{event.data['xp']:,} XP, {event.data['share']:,} each"
    name = fight.names.get(event.who)
    if name is None or event.who not in fight.ours or event.kind not in _AT_ZERO:
        return ""
    return _AT_ZERO[event.kind].format(name)


def _rest(event: Event, known: Known) -> str:
    """A rest of the party, by its length alone: who took it may be nobody's to know."""
    if not known.viewer.sees(PARTY):
        return ""
    facts = event.data.get("facts")
    for fact in facts if isinstance(facts, list) else ():
        if fact.get("kind") == "combat.rest" and fact.get("data", {}).get("length"):
            return f"A {fact['data']['length']} rest was taken"
    return ""


def _revealed(event: Event, known: Known) -> str:
    field = event.data.get("field")
    told = _both(event, known)
    if told is None or event.data.get("to") == "gm":
        return ""
    if field and known.viewer != GM and field not in told.fields:
        return ""
    what = f"the {field.replace('_', ' ')} of {told.name}" if field else told.name
    if known.viewer == GM:
        return f"{_who(event)} learned of {what}"
    return f"You learned of {what}"


def _status(event: Event, known: Known) -> str:
    """Where a plot or an arc went; for players as they could read it then."""
    told = _both(event, known)
    if told is None:
        return ""
    if known.viewer == GM:
        return f"{told.name} is {moved_to(event.data)}"
    then = known.then(event.entry, event.refs[0])
    status = then.fields.get("status") if then is not None and "status" in told.fields else None
    return f"{told.name} is {status}" if status else ""


def _handed(event: Event, known: Known) -> str:
    told = _both(event, known)
    if told is None:
        return ""
    return f"{_who(event)} got {told.name}" if known.viewer == GM else f"Got {told.name}"


def _who(event: Event) -> str:
    """Whom a thing was told or given, to begin a line with."""
    to = str(event.data.get("to"))
    return {"party": "The party", "public": "Everybody"}.get(to, to)


def _both(event: Event, known: Known) -> Seen | None:
    """The first entity of an event, where the viewer knows it now and knew it then: as it is now.

    The Game Master knows everything, and what is deleted since by the name it had.
    """
    if not event.refs:
        return None
    ref = event.refs[0]
    now = known.now(ref)
    if known.viewer == GM:
        name = str(event.data.get("name") or ref)
        return now or Seen(ref.partition("/")[0], ref, name, "", {})
    return now if now is not None and known.then(event.entry, ref) is not None else None


def _things(events: Sequence[Event], known: Known) -> dict[str, Fact]:
    """What was met, found or changed, by reference, with the entries that say so."""
    found: dict[str, tuple[list[int], Severity]] = {}
    for each in events:
        for ref in _touched(each, known):
            entries, severity = found.get(ref, ([], "info"))
            heavier = max(severity, each.severity, key=SEVERITIES.index)
            found[ref] = ([*entries, each.entry], heavier)
    told: dict[str, Fact] = {}
    for ref, (entries, severity) in found.items():
        now = known.now(ref)
        if now is not None:
            told[ref] = Fact(_line(now), tuple(dict.fromkeys(entries)), severity)
    return told


def _touched(event: Event, known: Known) -> Iterator[str]:
    """The entities that an event lets this viewer say: they were there."""
    if event.kind.startswith("note."):
        for ref in event.refs:
            if known.now(ref) is not None and _knew(event, ref, known):
                yield from known.mentions(ref)
        return
    verb = event.kind.rpartition(".")[2]
    if verb == "delete" or event.kind.startswith(("session.", "combat.", "snapshot.")):
        return
    for ref in event.refs:
        if _knew(event, ref, known):
            yield ref


def _knew(event: Event, ref: str, known: Known) -> bool:
    """Whether the viewer knew an entity then, and of what became of it."""
    if known.viewer == GM:
        return True
    then, now = known.then(event.entry, ref), known.now(ref)
    if then is None or now is None:
        return False
    if event.kind == "world.reveal":
        field = event.data.get("field")
        return event.data.get("to") != "gm" and (not field or field in now.fields)
    if event.kind.rpartition(".")[2] in {"add", "give"}:
        return True
    read = {"name", "audience", *(set(now.fields) & set(then.fields))}
    moved = {"status"} if moved_to(event.data) else {*changed(event.data)}
    return bool(moved & read)


def _line(thing: Seen) -> str:
    """An entity in a line, from what its viewer sees of it."""
    said = [
        str(thing.fields[name])
        for name in ("role", "type", "status", "attitude")
        if thing.fields.get(name)
    ]
    if holder := thing.fields.get("holder"):
        said.append(f"with {thing.names.get(holder, holder)}")
    head = ", ".join([thing.name, *said])
    summary = str(thing.fields.get("summary", ""))
    return f"{head}: {summary}" if summary else head


def _fights(events: Sequence[Event], known: Known) -> Iterator[Fact]:
    for key, fight in known.fights.items():
        own = [each for each in events if each.fight == key]
        entries = tuple(dict.fromkeys(each.entry for each in own))
        if not own or not fight.names:
            continue
        ended = [each for each in own if each.kind == "combat.end"]
        shown = tuple(each.entry for each in ended) or (entries[0], entries[-1])
        yield Fact(_fight(fight), tuple(dict.fromkeys(shown)), "important")
        for each in own:
            if each.kind == "combat.statistics" and each.who in fight.ours:
                yield Fact(_statistics(fight.names[each.who], each.data), (each.entry,))


def _fight(fight: Fought) -> str:
    """A fight in a line: against whom, how long, who fell."""
    foes = [name for key, name in fight.names.items() if key not in fight.ours]
    against = f" against {_counted(foes)}" if foes else ""
    how = f"{fight.rounds:,} round{'s' * (fight.rounds != 1)}"
    head = f"{fight.name or 'A fight'}{against}: {how}"
    fell = [fight.names[key] for key in fight.fallen if key not in fight.ours]
    down = [fight.names[key] for key in fight.fallen if key in fight.ours]
    said = [head if fight.ended else f"{head} so far"]
    said += [f"{_counted(fell)} fell"] if fell else []
    said += [f"{_counted(down)} still down"] if down else []
    return "; ".join(said)


def _statistics(name: str, tally: Mapping[str, Any]) -> str:
    parts = [
        f"{tally[key]:,} {what}"
        for key, what in (
            ("dealt", "dealt"),
            ("taken", "taken"),
            ("healing", "healed in others"),
            ("felled", "felled"),
            ("downs", "time down" if tally.get("downs") == 1 else "times down"),
        )
        if tally.get(key)
    ]
    return f"{name}: {', '.join(parts)}" if parts else f"{name} was there"


def _quotes(events: Sequence[Event], known: Known) -> Iterator[Fact]:
    told = set()
    for each in events:
        if not each.kind.startswith("note.") or each.kind.endswith(".delete"):
            continue
        for ref in each.refs:
            now = known.now(ref)
            if now is None or ref in told or not _knew(each, ref, known):
                continue
            told.add(ref)
            said = " ".join(spoken(str(now.fields.get("text") or now.name)).split())
            short = said if len(said) <= QUOTE_MAX else f"{said[: QUOTE_MAX - 4]} ..."
            yield Fact(f'"{short}"', (each.entry,))


def _counted(names: Sequence[str]) -> str:
    """``Goblin (3), Drake``: Goblin 1 and Goblin 2 are two goblins."""
    counts: dict[str, list[str]] = {}
    for name in names:
        counts.setdefault(_NUMBERED.sub("", name), []).append(name)
    return ", ".join(
        f"{kind} ({len(each)})" if len(each) > 1 else each[0] for kind, each in counts.items()
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
