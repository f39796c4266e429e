"""``ttrpg`` alone: where you are, and two commands to go on with."""

from collections.abc import Iterator

from ttrpg_core import records
from ttrpg_core.app import App
from ttrpg_core.records import Fighting, Playing
from ttrpg_core.table.campaigns import Campaign
from ttrpg_core.views import Block, Fields, Text

NEXT = 2
"""Commands that are offered."""


def here(app: App) -> None:
    """Show the current campaign, the shelf and the last change; make nothing."""
    if not app.paths.database.exists():
        data: dict[str, object] = {
            "campaign": None,
            "session": None,
            "fight": None,
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
            "ttrpg.here/1", _with(data, following[:NEXT]), [*blocks, *_next(following[:NEXT])]
        )
        return
    campaign = records.current(app.store.connection)
    key = campaign.id if campaign else None
    playing = records.playing(app.store.connection, key) if key else None
    fighting = records.fighting(app.store.connection, key)
    books = app.library.books()
    last = next(iter(app.journal.history(1)), None)
    data = {
        "campaign": key,
        "session": playing._asdict() if playing else None,
        "fight": fighting._asdict() if fighting else None,
        "books": len(books),
        "last": last.prose if last else None,
        "home": str(app.paths.data_dir),
    }
    pairs = [
        ("Campaign", _named(campaign) if campaign else "none chosen"),
        ("Books", _counted(len(books), "book") if books else "none yet"),
        ("Last change", last.prose if last else "none"),
    ]
    going = []
    if campaign and campaign.game_date:
        going.append(("Game date", campaign.game_date))
    if playing:
        going.append(("Session", _played(playing)))
    if fighting:
        going.append(("Fight", _fought(fighting)))
    pairs[1:1] = going
    following = [
        *_at_the_table(playing, fighting),
        *_following(app, has_campaign=campaign is not None, has_books=bool(books)),
    ][:NEXT]
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
    return found


def _at_the_table(playing: Playing | None, fighting: Fighting | None) -> Iterator[tuple[str, str]]:
    """What a fight and a session that go on ask for next."""
    if fighting is not None:
        if not fighting.meant:
            yield "ttrpg combat use NAME", f"choose one of {fighting.going} fights"
        elif fighting.status == "active":
            yield "ttrpg next", "the next turn of the fight"
        else:
            yield "ttrpg combat start", "begin the fight that is prepared"
    if playing is not None:
        if playing.status == "paused":
            yield "ttrpg session resume", f"go on with session {playing.number}"
        else:
            yield "ttrpg note TEXT", "write down what happens"


def _played(playing: Playing) -> str:
    number = f"session {playing.number}"
    title = "" if playing.name.casefold() == number else f": {playing.name}"
    return f"{playing.number}{title}, {'paused' if playing.status == 'paused' else 'runs'}"


def _fought(fighting: Fighting) -> str:
    how = f"round {fighting.round}" if fighting.status == "active" else "not begun"
    others = f", and {fighting.going - 1} more" if fighting.going > 1 else ""
    return f"{fighting.name}, {how}{others}"


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
