"""A campaign at a glance: what is in it, sessions, what is open, what was changed lately.

For a player it is made of what they see; what was changed, fights and snapshots are the Game
Master's. For an earlier moment it is made of the images in the journal, as a snapshot is.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import TypeVar

import attrs

from ttrpg_core import clocks, fights, text
from ttrpg_core.audience import GM, Audience
from ttrpg_core.fights import Summary
from ttrpg_core.journal import Entry
from ttrpg_core.snapshots import Moment, Snapshot, Snapshots
from ttrpg_core.table.campaigns import Campaign
from ttrpg_core.table.world import kinds, plots, sessions
from ttrpg_core.table.world.entity import Entity, fields_of
from ttrpg_core.table.world.plots import Plot
from ttrpg_core.table.world.seen import Named, Seen, knows, seen
from ttrpg_core.table.world.sessions import Session
from ttrpg_core.world import World, orders, rows

T = TypeVar("T", bound=Entity)
RECENT = 6
"""Changes that it has."""
PLOTS = 8
"""Open plots that it has; the others are counted."""
_OPEN = ("active", "paused", "pending")
"""How a plot stands that is not over, in the order of the list."""


@attrs.frozen
class Dashboard:
    """A campaign at a glance, as its viewer sees it; ``date`` is the one in the game.

    ``counts`` are by kind. A session and a plot come with what the viewer sees of them; ``plots``
    are the first of ``open_plots``.
    """

    campaign: Campaign
    date: str
    counts: Mapping[str, int]
    running: tuple[Session, Seen] | None
    last: tuple[Session, Seen] | None
    coming: tuple[Session, Seen] | None
    plots: tuple[tuple[Plot, Seen], ...]
    open_plots: int
    fights: tuple[Summary, ...] = ()
    recent: tuple[Entry, ...] = ()
    snapshot: Snapshot | None = None


def now(world: World, campaign: Campaign, kept: Snapshots, viewer: Audience = GM) -> Dashboard:
    """The campaign as it is."""
    date = campaign.game_date
    if clocks.content(world.connection, campaign.id) is not None:
        date = clocks.read(world.connection, campaign.id).say()
    named = world.named(viewer)
    if viewer != GM:
        open_id = text.unique_slug(campaign.name, ()) == campaign.id  # else it tells an older name
        known = attrs.evolve(campaign, id=campaign.id if open_id else "", description="", tags=())
        things = (*world.all("session", viewer), *world.all("plot", viewer))
        return _made(known, date, _known(world, viewer, named), things, viewer, named)
    known_fights = fights.summaries(world.connection, campaign.id)
    counts = world.counts() | ({"fight": len(known_fights)} if known_fights else {})
    known_sessions = chain.from_iterable(
        orders.sessions(world, each, 1) for each in (sessions.RUNNING, ("planned",), ("ended",))
    )
    standing = orders.standing(world)
    first = orders.foremost(world, [[each] for each in _OPEN], PLOTS)
    found = _made(campaign, date, counts, (*known_sessions, *first), viewer, named)
    return attrs.evolve(
        found,
        open_plots=sum(standing.get(each, 0) for each in _OPEN),
        fights=tuple(each for each in known_fights if each.status != "ended"),
        recent=tuple(world.journal.history(RECENT, campaign=campaign.id)),
        snapshot=next(iter(kept.all(campaign)), None),
    )


def then(world: World, campaign: Campaign, kept: Snapshots, moment: Moment) -> Dashboard:
    """The campaign as it was, for the Game Master; without what was running beside it."""
    was = kept.campaign_at(campaign, moment)
    images = kept.rows_at(campaign, moment, "entities")
    counts = dict(Counter(str(each["kind"]) for each in images))
    if count := len(kept.rows_at(campaign, moment, "fights")):
        counts["fight"] = count
    things = [rows.entity(each) for each in images if each["kind"] in {"session", "plot"}]
    return _made(was, was.game_date, counts, things, GM, world.named())


def _known(world: World, viewer: Audience, named: Named) -> dict[str, int]:
    """How many things of each kind a player knows."""
    groups = world.connection.execute(
        "SELECT kind, audience, COUNT(*) FROM entities WHERE campaign = ? GROUP BY kind, audience",
        [world.campaign],
    ).fetchall()
    found: Counter[str] = Counter()
    for kind, audience, count in groups:
        if viewer.sees(Audience(audience)):
            found[kind] += count
    for kind in [*found]:
        if any(each.needed for each in fields_of(kinds.kind(kind)).values()):
            found[kind] = sum(knows(each, viewer, named) for each in world.all(kind))
    return {kind: count for kind, count in found.items() if count}


def _made(
    campaign: Campaign,
    date: str,
    counts: Mapping[str, int],
    things: Iterable[Entity],
    viewer: Audience,
    named: Named,
) -> Dashboard:
    known = [each for each in things if knows(each, viewer, named)]
    order = sessions.ordered([each for each in known if isinstance(each, Session)])
    opened = [each for each in known if isinstance(each, Plot) and each.status in _OPEN]
    if viewer == GM:
        opened.sort(key=plots.order)
    opened.sort(key=lambda each: _OPEN.index(each.status))

    def view(each: T) -> tuple[T, Seen]:
        shown = seen(each, viewer, named)
        assert shown is not None, "they know it"
        return each, shown

    def first(*statuses: str) -> tuple[Session, Seen] | None:
        return next((view(each) for each in order if each.status in statuses), None)

    return Dashboard(
        campaign,
        date,
        dict(sorted(counts.items())),
        running=first(*sessions.RUNNING),
        last=first("ended"),
        coming=first("planned"),
        plots=tuple(map(view, opened[:PLOTS])),
        open_plots=len(opened),
    )
