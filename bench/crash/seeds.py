"""What a home can have and no line makes: done with the parts of the program instead."""

from ttrpg_cli.talking.kept import chats_of, proposals_of
from ttrpg_core import records
from ttrpg_core.app import App
from ttrpg_core.llm import Message, Price, Purpose, Request


def proposals(app: App) -> None:
    """Two notes that a model would like to write."""
    campaign = records.current(app.store.connection)
    assert campaign is not None
    for words in ("The ferry is late", "The toll went up"):
        proposals_of(app).note(campaign, words)


def alert(app: App) -> None:
    """A budget that runs out."""
    app.alerts.raise_alert("approaching", "day", "warning", "Most of today's budget is used")


def lost_call(app: App) -> None:
    """A call of a program that was killed."""
    request = Request([Message("user", "x")], max_tokens=1000)
    app.purse.reserve("acme/large", Price(0, 1000), request, Purpose("ask"))
    app.store.connection.execute("UPDATE calls SET process = '99999999 1'")


def loose_turns(app: App) -> None:
    """Turns that no conversation has any more, as after ``/undo``."""
    chats = chats_of(app)
    chats.move(chats.chats()[0], "")
