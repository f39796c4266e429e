"""What a Game Master wants at hand before a session: plots, people, places, rules, what was."""

from collections.abc import Iterable, Iterator, Sequence

from ttrpg_core.audience import GM
from ttrpg_core.sessions import Sessions
from ttrpg_core.sessions.happened import happened, previously
from ttrpg_core.table.recaps import stories
from ttrpg_core.table.recaps.sheet import Part, fitted
from ttrpg_core.table.world import plots
from ttrpg_core.table.world.entity import Entity
from ttrpg_core.table.world.links import spoken
from ttrpg_core.table.world.notes import Note
from ttrpg_core.table.world.people import Npc
from ttrpg_core.table.world.plots import Plot
from ttrpg_core.table.world.rulings import Ruling
from ttrpg_core.table.world.sessions import Session
from ttrpg_core.world import World

NOTE_MAX = 300
"""Characters of a note on the sheet."""


def prepared(kept: Sessions, session: Session | None) -> list[Part]:
    """The sheet for a session, or for whichever comes next, cut to what can be read at a glance."""
    world = kept.world
    going = [each for each in _plots(world) if each.status == "active"]
    waiting = [each for each in _plots(world) if each.status in {"pending", "paused"}]
    places = _places(kept, going)
    return fitted(
        [
            Part("Prepared", 90, tuple(session.prep.splitlines() if session else ())),
            Part("Last time", 75, tuple(_last(kept))),
            Part("Open plots", 70, tuple(map(_plot, [*going, *waiting]))),
            Part("Likely to appear", 85, tuple(_people(world, going, places))),
            Part("Places", 80, tuple(_named(world, places))),
            Part("Pinned notes", 60, tuple(_notes(world))),
            Part("Rulings", 50, tuple(_rulings(world))),
        ]
    )


def _plots(world: World) -> list[Plot]:
    """Plots that are not over, what matters most first."""
    found = [each for each in world.all("plot") if isinstance(each, Plot)]
    return sorted((e for e in found if e.status not in {"completed", "failed"}), key=plots.order)


def _plot(plot: Plot) -> str:
    about = [each for each in (plot.status, plot.priority, plot.urgency) if each]
    clocks = "".join(f"; {c.name}: {c.filled} of {c.segments}" for c in plot.clocks)
    return f"{_line(plot)} ({', '.join(about)}){clocks}"


def _places(kept: Sessions, going: Iterable[Plot]) -> list[str]:
    """Where the party is likely to be: where it was last, and where what goes on plays."""
    found: list[str] = []
    for each in kept.ended()[:1]:
        touched = {ref for event in happened(kept.world, each).events() for ref in event.refs}
        found += sorted(ref for ref in touched if ref.startswith("location/"))
    for plot in going:
        found += plot.locations
    return list(dict.fromkeys(found))


def _people(world: World, going: Sequence[Plot], places: Sequence[str]) -> Iterator[str]:
    """Who is in the plots that go on, then who is where the party is likely to be."""
    why: dict[str, list[str]] = {}
    for plot in going:
        for ref in (*plot.npcs, *([plot.giver] if plot.giver else ())):
            why.setdefault(ref, []).append(plot.name)
    for each in world.all("npc"):
        if isinstance(each, Npc) and each.location in places:
            place = world.peek(each.location)
            why.setdefault(each.ref, []).append(f"at {place.name if place else each.location}")
    for ref, reasons in why.items():
        found = world.peek(ref)
        if found is not None:
            yield f"{_line(found)} ({', '.join(dict.fromkeys(reasons))})"


def _named(world: World, refs: Iterable[str]) -> Iterator[str]:
    for ref in refs:
        found = world.peek(ref)
        if found is not None:
            yield _line(found)


def _notes(world: World) -> Iterator[str]:
    for each in world.all("note"):
        if isinstance(each, Note) and each.pinned:
            yield _short(spoken(each.text) or each.name)


def _rulings(world: World) -> Iterator[str]:
    for each in world.all("ruling"):
        if isinstance(each, Ruling) and each.status == "standing":
            yield _short(f"{each.name}: {spoken(each.text)}" if each.text else each.name)


def _last(kept: Sessions) -> Iterator[str]:
    told, _ = stories.previously(previously(kept.world, kept.ended()[:1], GM))
    for number, said in told:
        yield f"Session {number}: {said}"


def _line(entity: Entity) -> str:
    role = str(getattr(entity, "role", "") or "")
    head = f"{entity.name}, {role}" if role else entity.name
    return f"{head}: {entity.summary}" if entity.summary else head


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= NOTE_MAX else f"{line[: NOTE_MAX - 4]} ..."
