"""The page of a vault that lists the others, and has the campaign at a glance as its reader may."""

from collections.abc import Iterator, Mapping
from typing import Any

from ttrpg_core.dashboard import Dashboard
from ttrpg_core.exchange.vault import front, names
from ttrpg_core.exchange.vault.page import REF
from ttrpg_core.table import campaigns
from ttrpg_core.table.campaigns import Campaign
from ttrpg_core.table.world.kinds import KINDS, kind
from ttrpg_core.table.world.plots import Plot
from ttrpg_core.table.world.seen import Seen
from ttrpg_core.table.world.sessions import Session

INDEX = "campaign"
"""What stands for a reference in this page."""


def title(name: str, titles: Mapping[str, str]) -> str:
    """The title of the page of a campaign with this name, beside all the others."""
    taken = {each.casefold() for each in titles.values()}
    found = names.title(name) or INDEX.capitalize()
    return f"{found} (campaign)" if found.casefold() in taken else found


def page(board: Dashboard, titles: Mapping[str, str]) -> str:
    """The page; ``board`` and ``titles`` are what its reader knows."""
    campaign = board.campaign
    lines = [f"# {campaign.name}", ""]
    if campaign.description:
        lines += [campaign.description.strip("\n"), ""]
    for heading, told in (
        ("Sessions at a glance", _sessions(board, titles)),
        ("Fights that go on", _fights(board)),
        ("Open plots", _plots(board, titles)),
        ("Lately", _lately(board)),
        *_kinds(titles),
    ):
        if found := [f"- {each}" for each in told]:
            lines += [f"## {heading}", "", *found, ""]
    return front.join({REF: INDEX, **_head(campaign, board.date)}, "\n".join(lines))


def _head(campaign: Campaign, date: str) -> dict[str, Any]:
    """What a campaign says of itself in short, without what is empty."""
    texts = {name: getattr(campaign, name) for name in ("system", "genre", "setting")}
    players = [
        f"{each.name} ({each.character})" if each.character else each.name
        for each in campaign.players
    ]
    lists = {name: list(getattr(campaign, name)) for name in campaigns.LISTS}
    told = {**texts, "game_date": date, "players": players, **lists}
    told["put_away"] = campaign.archived_at[:10]
    return {name: value for name, value in told.items() if value}


def _sessions(board: Dashboard, titles: Mapping[str, str]) -> Iterator[str]:
    for word, pair in (("Running", board.running), ("Last", board.last), ("Next", board.coming)):
        if pair is not None:
            session, view = pair
            date = session.date or session.ended_at[:10]
            yield f"{word}: {_link(session, view, titles)}" + (f", {date}" if date else "")


def _fights(board: Dashboard) -> Iterator[str]:
    for each in board.fights:
        told = f"round {each.round}" if each.status == "active" else "not begun"
        yield f"{each.name}: {told}, {each.combatants} in it"


def _plots(board: Dashboard, titles: Mapping[str, str]) -> Iterator[str]:
    for plot, view in board.plots:
        words = [str(view.fields[name]) for name in _STANDING if view.fields.get(name)]
        words += [
            f"{each['name']} {each.get('filled', 0)}/{each['segments']}"
            for each in view.fields.get("clocks", ())
        ]
        yield f"{_link(plot, view, titles)}: {', '.join(words)}"
    if more := board.open_plots - len(board.plots):
        yield f"and {more} more"


_STANDING = ("status", "priority", "urgency")


def _lately(board: Dashboard) -> Iterator[str]:
    for each in board.recent:
        yield f"{each.at[:10]} {each.prose}" + (" (undone)" if each.undone_by else "")


def _kinds(titles: Mapping[str, str]) -> Iterator[tuple[str, list[str]]]:
    for each in KINDS:
        found = sorted(title for ref, title in titles.items() if ref.startswith(f"{each}/"))
        plural = kind(each).PLURAL
        yield plural[:1].upper() + plural[1:], [f"[[{title}]]" for title in found]


def _link(thing: Session | Plot, view: Seen, titles: Mapping[str, str]) -> str:
    found = titles.get(thing.ref)
    return f"[[{found}]]" if found else view.name
