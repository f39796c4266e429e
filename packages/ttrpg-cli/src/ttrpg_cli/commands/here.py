"""``ttrpg`` alone: where you are, and two commands to go on with."""

from ttrpg_core import records
from ttrpg_core.app import App
from ttrpg_core.table.campaigns import Campaign
from ttrpg_core.views import Block, Fields, Text


def here(app: App) -> None:
    """Show the current campaign, the shelf and the last change; make nothing."""
    if not app.paths.database.exists():
        data: dict[str, object] = {
            "campaign": None,
            "books": 0,
            "last": None,
            "home": str(app.paths.data_dir),
        }
        following = [
            ("ttrpg demo", "see the main job in a minute"),
            ("ttrpg --help", "every command"),
        ]
        if "library" in app.plugins.owned("commands"):
            following.insert(1, ("ttrpg library add BOOK.pdf", "put your first book on the shelf"))
        blocks: list[Block] = [Text("Nothing here yet: no campaign, no book.", "title")]
        app.screen.show(
            "ttrpg.here/1", _with(data, following[:2]), [*blocks, *_next(following[:2])]
        )
        return
    campaign = records.current(app.store.connection)
    books = app.library.books()
    last = next(iter(app.journal.history(1)), None)
    data = {
        "campaign": campaign.id if campaign else None,
        "books": len(books),
        "last": last.prose if last else None,
        "home": str(app.paths.data_dir),
    }
    pairs = [
        ("Campaign", _named(campaign) if campaign else "none chosen"),
        ("Books", _counted(len(books), "book") if books else "none yet"),
        ("Last change", last.prose if last else "none"),
    ]
    if campaign and campaign.game_date:
        pairs.insert(1, ("Game date", campaign.game_date))
    following = _following(app, has_campaign=campaign is not None, has_books=bool(books))
    app.screen.show("ttrpg.here/1", _with(data, following), [Fields(pairs), *_next(following)])


def _following(app: App, *, has_campaign: bool, has_books: bool) -> list[tuple[str, str]]:
    commands = app.plugins.owned("commands")
    found = []
    if has_campaign:
        found.append(("ttrpg campaign show", "the campaign at a glance"))
    else:
        known = records.campaigns(app.store.connection)
        found.append(
            (f"ttrpg campaign use {known[0].id}", "go on with it")
            if known
            else ("ttrpg campaign create NAME", "start a campaign")
        )
    if not has_books and "library" in commands:
        found.append(("ttrpg library add BOOK.pdf", "put a book on the shelf"))
    if has_books and "search" in commands:
        found.append(('ttrpg search "QUESTION"', "find a rule, with its page"))
    found += [("ttrpg roll 1d20", "roll dice"), ("ttrpg history", "what was done")]
    return found[:2]


def _named(campaign: Campaign) -> str:
    return campaign.name + (" (put away)" if campaign.archived_at else "")


def _with(data: dict[str, object], following: list[tuple[str, str]]) -> dict[str, object]:
    return {**data, "next": [command for command, _ in following]}


def _next(following: list[tuple[str, str]]) -> list[Block]:
    return [
        Text(""),
        Text("Next:", "dim"),
        Fields([(f"  {command}", why) for command, why in following]),
    ]


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
