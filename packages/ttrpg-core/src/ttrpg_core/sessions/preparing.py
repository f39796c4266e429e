"""What a Game Master wants at hand before a session: plots, people, places, rules, what was."""

from collections.abc import Iterable, Iterator, Sequence

from ttrpg_core.audience import GM
from ttrpg_core.sessions import Sessions
from ttrpg_core.sessions.happened import Happened, happened
from ttrpg_core.table.recaps import stories
from ttrpg_core.table.recaps.sheet import Part, fitted
from ttrpg_core.table.world.entity import Entity
from ttrpg_core.table.world.links import spoken
from ttrpg_core.table.world.people import Npc
from ttrpg_core.table.world.plots import Plot
from ttrpg_core.table.world.rulings import Ruling
from ttrpg_core.table.world.sessions import Session
from ttrpg_core.world import World, orders, rows

MOST = 60
"""Things of a kind that are looked at: more have no room on a sheet."""
NOTE_MAX = 300
"""Characters of a note on the sheet."""
WAITING = 20
"""Plots, with those that go on, after which none that waits is named: a terminal's height."""
_OPEN = (("active",), ("paused", "pending"))
"""The statuses of plots that are not over: those that go on come first."""


def prepared(kept: Sessions, session: Session | None) -> list[Part]:
    """The sheet for a session, or for whichever comes next, cut to what can be read at a glance."""
    world = kept.world
    standing = orders.standing(world)
    open_plots = sum(standing.get(each, 0) for group in _OPEN for each in group)
    found = list(_open_plots(world))
    going = [each for each in found if each.status == "active"]
    waiting = [each for each in found if each.status != "active"]
    ended = kept.first("ended")
    last = None if ended is None else happened(world, ended)
    places = _places(last, going)
    return fitted(
        [
            Part("Prepared", 90, tuple(session.prep.splitlines() if session else ())),
            Part("Last time", 75, tuple(_last(last))),
            Part("Open plots", 70, tuple(map(_plot, [*going, *waiting])), open_plots - len(found)),
            Part("Likely to appear", 85, tuple(_people(world, going, places))),
            Part("Places", 80, tuple(_named(world, places))),
            Part("Pinned notes", 60, tuple(_notes(world))),
            Part("Rulings", 50, tuple(_rulings(world))),
        ]
    )


def _open_plots(world: World) -> Iterator[Plot]:
    """All plots that go on, then those that wait, as long as there is room."""
    for count, each in enumerate(orders.foremost(world, _OPEN, MOST)):
        if count >= WAITING and each.status != "active":
            return
        yield each


def _plot(plot: Plot) -> str:
    about = [each for each in (plot.status, plot.priority, plot.urgency) if each]
    clocks = "".join(f"; {c.name}: {c.filled} of {c.segments}" for c in plot.clocks)
    return f"{_line(plot)} ({', '.join(about)}){clocks}"


def _places(last: Happened | None, going: Iterable[Plot]) -> list[str]:
    """Where the party is likely to be: where it was last, and where what goes on plays."""
    found: list[str] = []
    if last is not None:
        touched = {one for event in last.events() for one in event.refs}
        found += sorted(one for one in touched if one.startswith("location/"))
    for plot in going:
        found += plot.locations
    return list(dict.fromkeys(found))


def _people(world: World, going: Sequence[Plot], places: Sequence[str]) -> Iterator[str]:
    """Who is in the plots that go on, then who is where the party is likely to be."""
    why: dict[str, list[str]] = {}
    for plot in going:
        for reference in (*plot.npcs, *([plot.giver] if plot.giver else ())):
            why.setdefault(reference, []).append(plot.name)
    for each in _at(world, places[:MOST]):
        place = world.peek(each.location)
        why.setdefault(each.ref, []).append(f"at {place.name if place else each.location}")
    for reference, reasons in why.items():
        found = world.peek(reference)
        if found is not None:
            yield f"{_line(found)} ({', '.join(dict.fromkeys(reasons))})"


def _by_name(world: World, where: str, values: Sequence[str] = ()) -> Iterator[Entity]:
    """The things of which something is so, the first so many by name."""
    found = world.connection.execute(
        f"SELECT {rows.COLUMNS} FROM entities WHERE campaign = ? AND {where}"  # noqa: S608 - ours
        " ORDER BY +name COLLATE NOCASE, id LIMIT ?",  # else SQLite walks over all names
        [world.campaign, *values, MOST],
    )
    return map(rows.entity, found.fetchall())


def _at(world: World, places: Sequence[str]) -> Iterator[Npc]:
    """Who is at one of these places."""
    if not places:
        return
    marks = ", ".join("?" for _ in places)
    where = f"kind = 'npc' AND json_extract(state, '$.location') IN ({marks})"
    for each in _by_name(world, where, places):
        assert isinstance(each, Npc), "of the kind that was asked for"
        yield each


def _named(world: World, refs: Iterable[str]) -> Iterator[str]:
    for each in refs:
        found = world.peek(each)
        if found is not None:
            yield _line(found)


def _notes(world: World) -> Iterator[str]:
    # as the index of notes has it
    for each in _by_name(world, "kind = 'note' AND (instr(state, '\"pinned\":true') = 0) = 0"):
        yield _short(spoken(each.text) or each.name)


def _rulings(world: World) -> Iterator[str]:
    for each in world.all("ruling"):
        if isinstance(each, Ruling) and each.status == "standing":
            yield _short(f"{each.name}: {spoken(each.text)}" if each.text else each.name)


def _last(last: Happened | None) -> Iterator[str]:
    told, _ = stories.previously([] if last is None else [last.before(GM)])
    for number, said in told:
        yield f"Session {number}: {said}"


def _line(entity: Entity) -> str:
    role = str(getattr(entity, "role", "") or "")
    head = f"{entity.name}, {role}" if role else entity.name
    return f"{head}: {entity.summary}" if entity.summary else head


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= NOTE_MAX else f"{line[: NOTE_MAX - 4]} ..."
