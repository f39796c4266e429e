"""The dashboard on the screen: a campaign in a screenful, and what to do next."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import attrs

from ttrpg_cli.campaigns.showing import card, several
from ttrpg_cli.world.showing import data
from ttrpg_core.app import App
from ttrpg_core.audience import GM, Audience
from ttrpg_core.dashboard import Dashboard
from ttrpg_core.journal import Entry
from ttrpg_core.table import campaigns
from ttrpg_core.table.world.seen import Seen
from ttrpg_core.table.world.sessions import Session, played, spoken
from ttrpg_core.views import Bars, Block, Fields, Table, Text

FIGHTS = 8
"""Fights that go on that are shown."""
CLOCKS = 4
"""Clocks that are drawn."""
NEXT = 4
"""Commands that are offered."""
_MADE = ("session", "plot", "npc", "combat", "note", "snapshot", "next")
"""Commands that are offered where they are installed."""


def show(app: App, found: Dashboard, viewer: Audience = GM, moment: str = "") -> None:
    """Show a dashboard, as its viewer sees it; ``moment`` says when, where it is not now."""
    now = app.clock().isoformat()
    following = [] if moment or viewer != GM else _following(app, found)
    told: dict[str, object] = {
        "campaign": campaigns.plain(found.campaign),
        "date": found.date,
        "moment": moment or "now",
        "counts": dict(found.counts),
        "sessions": {
            name: None if each is None else _session(*each, now)
            for name, each in (
                ("running", found.running),
                ("last", found.last),
                ("next", found.coming),
            )
        },
        "plots": [data(view) for _, view in found.plots],
        "open_plots": found.open_plots,
    }
    if viewer == GM:
        told |= {
            "fights": [attrs.asdict(each) for each in found.fights],
            "recent": [
                {
                    "id": each.id,
                    "at": each.at,
                    "kind": each.kind,
                    "prose": each.prose,
                    "undone_by": each.undone_by,
                }
                for each in found.recent
            ],
            "snapshot": attrs.asdict(found.snapshot) if found.snapshot else None,
            "next": [command for command, _ in following],
        }
    app.screen.show("ttrpg.campaign.show/1", told, _blocks(found, now, moment, following, viewer))


def _blocks(
    found: Dashboard,
    now: str,
    moment: str,
    following: Sequence[tuple[str, str]],
    viewer: Audience,
) -> Iterator[Block]:
    if moment:
        yield Text(f"As it was at {moment}", "dim")
    yield Fields([*card(found.campaign, found.date), ("In it", _counted(found.counts))])
    lines = [
        (label, line)
        for label, line in (
            ("Running", _running(found.running, now)),
            ("Last", _last(found.last, now)),
            ("Next", _coming(found.coming)),
        )
        if line
    ]
    if lines:
        yield Text("")
        yield Text("Sessions", "title")
        yield Fields([(f"  {label}", line) for label, line in lines])
    if found.fights:
        yield Text("")
        yield Text("Fights", "title")
        yield Fields(
            [
                (
                    f"  {each.name}",
                    f"{_status(each.status)}, round {each.round}, {each.combatants} in it",
                )
                for each in found.fights[:FIGHTS]
            ]
        )
    yield from _plots(found, viewer)
    if found.recent:
        yield Text("")
        yield Text("Lately", "title")
        yield Fields([(f"  {_day(each.at)}", _done(each)) for each in found.recent])
    if following:
        yield Text("")
        yield Text("Next", "title")
        yield Fields([(f"  {command}", why) for command, why in following])


def _plots(found: Dashboard, viewer: Audience) -> Iterator[Block]:
    if not found.plots:
        return
    yield Text("")
    yield Text("Open plots", "title")
    if viewer == GM:
        rows = [
            (f"  {each.name}", each.status, each.priority, each.urgency, view.ref.partition("/")[2])
            for each, view in found.plots
        ]
        yield Table(("  Name", "Status", "Priority", "Urgency", "Id"), rows)
    else:
        yield Fields(
            [(f"  {view.name}", str(view.fields.get("status", ""))) for _, view in found.plots]
        )
    if more := found.open_plots - len(found.plots):
        yield Text(f"  and {more} more: ttrpg plot", "dim")
    clocks = [
        (f"{each['name']} ({view.name})", each.get("filled", 0), each["segments"])
        for _, view in found.plots
        for each in view.fields.get("clocks", ())
    ]
    if clocks:
        yield Text("")
        yield Bars(
            [(name, filled / of, f"{filled}/{of}") for name, filled, of in clocks[:CLOCKS]],
            "Clocks",
        )


def _following(app: App, found: Dashboard) -> list[tuple[str, str]]:
    """Commands that fit how the campaign stands; the most pressing first."""
    known = app.plugins.owned("commands")
    offered: list[tuple[str, str]] = []
    if found.campaign.archived_at:
        offered.append((f"ttrpg campaign restore {found.campaign.id}", "take it up again"))
    if any(each.status == "active" for each in found.fights):
        offered.append(("ttrpg next", "the next turn of the fight"))
    elif found.fights:
        offered.append(("ttrpg combat start", "begin the fight that is prepared"))
    if found.running is not None:
        offered.append(("ttrpg session end", f"end session {found.running[0].number}"))
    elif found.coming is not None:
        offered.append(("ttrpg session start", f"begin session {found.coming[0].number}"))
    else:
        offered.append(("ttrpg session plan", "plan the next session"))
    if not found.counts.get("npc"):
        offered.append(("ttrpg npc add NAME", "somebody to meet"))
    if not found.counts.get("plot"):
        offered.append(("ttrpg plot add NAME", "something that may happen"))
    offered.append(("ttrpg snapshot create NAME", "name this moment, to come back to"))
    offered.append((f"ttrpg history --campaign {found.campaign.id}", "all that was changed"))
    return [each for each in offered if each[0].split()[1] in known][:NEXT]


def _session(session: Session, view: Seen, now: str) -> dict[str, object]:
    seconds = round(played(session, now).total_seconds())
    return {**data(view), "number": session.number, "status": session.status, "played": seconds}


def _running(pair: tuple[Session, Seen] | None, now: str) -> str:
    if pair is None:
        return ""
    paused = ", paused" if pair[0].status == "paused" else ""
    return f"{_called(pair)}, {spoken(played(pair[0], now))} so far{paused}"


def _last(pair: tuple[Session, Seen] | None, now: str) -> str:
    if pair is None:
        return ""
    told = [_called(pair)]
    if pair[0].ended_at:
        told.append(datetime.fromisoformat(pair[0].ended_at).astimezone().strftime("%Y-%m-%d"))
        told.append(spoken(played(pair[0], now)))
    return ", ".join(told)


def _coming(pair: tuple[Session, Seen] | None) -> str:
    if pair is None:
        return ""
    return _called(pair) + (f", {pair[0].date}" if pair[0].date else "")


def _called(pair: tuple[Session, Seen]) -> str:
    session, view = pair
    plain = f"Session {session.number}"
    return plain if view.name == plain else f"{plain}: {view.name}"


def _counted(counts: Mapping[str, int]) -> str:
    told = [f"{count} {several(kind, count)}" for kind, count in counts.items()]
    return ", ".join(told) or "nothing yet"


def _status(status: str) -> str:
    return {"preparing": "not begun", "active": "goes on"}.get(status, status)


def _done(entry: Entry) -> str:
    return f"{entry.prose} (#{entry.id}{', undone' if entry.undone_by else ''})"


def _day(at: str) -> str:
    return datetime.fromisoformat(at).astimezone().strftime("%m-%d %H:%M")
