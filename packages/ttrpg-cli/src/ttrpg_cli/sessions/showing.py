"""Sessions on the screen: a list, one of them, its timeline, what to have ready, time played."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import attrs

from ttrpg_cli.world.showing import data, more
from ttrpg_core.app import App
from ttrpg_core.audience import GM, Audience
from ttrpg_core.errors import NotFound
from ttrpg_core.sessions import Sessions
from ttrpg_core.table.recaps.events import Event
from ttrpg_core.table.recaps.sheet import Part
from ttrpg_core.table.world.seen import Seen, seen
from ttrpg_core.table.world.sessions import Session, played, spoken
from ttrpg_core.views import Bars, Block, Fields, Later, Markdown, Role, Table, Text

_TEXTS = ("prep", "recap", "told", "text", "secret")
_ROLES: Mapping[str, Role] = {"critical": "bad", "important": "warn", "trace": "dim"}
BARS = 12
"""Sessions whose length is drawn."""


def listing(
    app: App, found: Sequence[Session], total: int, view: Callable[[Session], Seen | None]
) -> None:
    """Sessions that somebody knows, of so many; ``view`` is what they see of one."""
    now = app.clock().isoformat()
    rows = [
        (
            str(each.number),
            each.name,
            each.status,
            _when(each.started_at) or each.date,
            spoken(played(each, now)) if each.started_at else "",
        )
        for each in found
    ]

    def whole() -> dict[str, Any]:
        views = ((each, view(each)) for each in found)
        known = [_data(each, seen, now) for each, seen in views if seen is not None]
        return {"total": total, "sessions": known}

    app.screen.show(
        "ttrpg.session.list/1",
        Later(whole),
        [
            Table(
                ("", "Title", "Status", "When", "Played"),
                rows,
                empty="No session yet: ttrpg session plan",
            ),
            *more(total, len(found)),
        ],
    )


def one(app: App, kept: Sessions, session: Session, viewer: Audience = GM) -> None:
    """One session, as a viewer sees it; NotFound when they know nothing of it."""
    named = kept.world.named(viewer)
    view = seen(session, viewer, named)
    if view is None:
        raise NotFound(f"there is no session that {viewer} knows by this number")
    now, fields = app.clock().isoformat(), view.fields
    there = [*(view.names.get(e, e) for e in fields.get("present", [])), *fields.get("players", [])]
    where = f" ({view.ref})" if view.ref else ""
    pairs = [
        (f"Session {session.number}", f"{view.name}{where}"),
        ("Status", session.status),
        ("Planned for", fields.get("date", "")),
        ("Began", _when(session.started_at)),
        ("Ended", _when(session.ended_at)),
        ("Played", _played(session, now)),
        ("There", ", ".join(there)),
        ("Known to", view.audience if view.audience != "gm" else ""),
        ("Summary", fields.get("summary", "")),
        ("Tags", ", ".join(fields.get("tags", []))),
    ]
    blocks: list[Block] = [Fields([pair for pair in pairs if pair[1]])]
    for name in _TEXTS:
        if name in fields:
            blocks += [Text(""), Text(f"{name.capitalize()}:", "title"), Markdown(fields[name])]
    app.screen.show("ttrpg.session/1", {"session": _data(session, view, now)}, blocks)


def timeline(
    app: App, session: Session, events: Sequence[Event], fights: Mapping[str, str]
) -> None:
    """What happened, in its order, with headings where another thing begins."""
    blocks: list[Block] = [Text(f"Session {session.number}: {session.name}", "title")]
    group = ""
    rows: list[tuple[str, ...]] = []
    for each in events:
        title = f"Fight: {fights.get(each.fight, each.fight)}" if each.fight else ""
        if title != group:
            blocks += _rows(rows)
            rows = []
            blocks += [Text(""), Text(title or "And then", "title")]
            group = title
        rows.append((_clock(each.at), f"#{each.entry}", _mark(each), each.text))
    blocks += _rows(rows)
    if not events:
        blocks.append(Text("Nothing happened in it that is known.", "dim"))
    app.screen.show(
        "ttrpg.session.timeline/1",
        {
            "session": session.number,
            "events": [
                {**attrs.asdict(each), "refs": list(each.refs), "data": dict(each.data)}
                for each in events
            ],
        },
        blocks,
    )


def sheet(app: App, session: Session | None, parts: Sequence[Part]) -> None:
    """What to have at hand."""
    blocks: list[Block] = []
    if session is not None:
        blocks.append(Text(f"Session {session.number}: {session.name}", "title"))
    for part in parts:
        blocks += [Text(""), Text(part.title, "title")]
        blocks += [Text(f"- {line}") for line in part.lines]
        if part.left_out:
            blocks.append(Text(f"{part.left_out} more have no room here", "dim"))
    if not parts:
        blocks.append(
            Text("Nothing is prepared: add plots, NPCs, notes, or 'ttrpg session prepare'")
        )
    app.screen.show(
        "ttrpg.session.prep/1",
        {
            "session": None if session is None else session.number,
            "parts": [{**attrs.asdict(each), "lines": list(each.lines)} for each in parts],
        },
        blocks,
    )


def playtime(app: App, lengths: Sequence[tuple[int, timedelta]]) -> None:
    """How long was played."""
    total = sum((each for _, each in lengths), timedelta())
    longest = max((each for _, each in lengths), default=timedelta())
    average = total / len(lengths) if lengths else timedelta()
    pairs = [
        ("Sessions", str(len(lengths))),
        ("Played in all", spoken(total)),
        ("On average", spoken(average)),
        ("Longest", spoken(longest)),
    ]
    rows = [
        (f"{number}", each / longest if longest else 0.0, spoken(each))
        for number, each in lengths[-BARS:]
    ]
    app.screen.show(
        "ttrpg.session.stats/1",
        {
            "sessions": len(lengths),
            "seconds": round(total.total_seconds()),
            "average_seconds": round(average.total_seconds()),
            "longest_seconds": round(longest.total_seconds()),
            "lengths": [
                {"number": number, "seconds": round(each.total_seconds())}
                for number, each in lengths
            ],
        },
        [Fields(pairs), Text(""), Bars(rows, "The last sessions")]
        if rows
        else [Text("No session was played yet: ttrpg session start", "dim")],
    )


def _data(session: Session, view: Seen, now: str) -> dict[str, Any]:
    return {**data(view), "played_seconds": round(played(session, now).total_seconds())}


def _played(session: Session, now: str) -> str:
    if not session.started_at:
        return ""
    pauses = len(session.pauses)
    said = f", {pauses} pause{'s' * (pauses != 1)}" if pauses else ""
    return spoken(played(session, now)) + said


def _rows(rows: Sequence[tuple[str, ...]]) -> Iterator[Block]:
    if rows:
        yield Table(("When", "", "", "What"), rows)


def _mark(event: Event) -> str:
    return {"critical": "!!", "important": "!", "notable": "*"}.get(event.severity, "")


def _when(at: str) -> str:
    return datetime.fromisoformat(at).astimezone().strftime("%Y-%m-%d %H:%M") if at else ""


def _clock(at: str) -> str:
    return datetime.fromisoformat(at).astimezone().strftime("%H:%M")
