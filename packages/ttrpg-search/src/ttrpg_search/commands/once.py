"""One question, answered and kept: what ``search`` does, however its line was read."""

from ttrpg_core.app import App
from ttrpg_core.errors import NotFound
from ttrpg_core.views import Block
from ttrpg_search.commands.finding import Answer, Wanted, checked, find, keep
from ttrpg_search.commands.saying import say_read, say_unanswered
from ttrpg_search.commands.shown import data


def found(app: App, wanted: Wanted) -> Answer:
    """What the books answer, and how the question was read; NotFound behind the last answer."""
    answer = find(app, checked(wanted))
    if wanted.offset and not answer.hits:
        raise NotFound("there is no more", "Ask something else, or without --offset")
    if not answer.answered:
        say_unanswered(app, answer)
    say_read(app, answer)
    return answer


def show(app: App, answer: Answer, shown: list[Block], context: int = 0) -> int:
    """Show an answer and keep that it was asked for; the exit code."""
    app.screen.show("ttrpg.search/2", data(app, answer, context), shown)
    if answer.more:
        left = answer.findings.total - answer.wanted.offset - len(answer.hits)
        app.screen.say(f"{left} more: ttrpg search --more", "dim")
    keep(app, answer, "search")
    return 0 if answer.answered else NotFound.code
