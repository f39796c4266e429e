"""``ttrpg search WORDS``, without click: see ``quick`` of :class:`ttrpg_core.entries.Command`."""

from collections.abc import Callable, Sequence

from ttrpg_core.app import App

COMMANDS = ("stats", "gaps", "forget", "open")
"""The commands of ``search``; a line with one of their names is read by click."""
KEYWORD = "--keyword"


def words_of(arguments: Sequence[str]) -> tuple[str, bool] | None:
    """The question of a line of words, and whether words alone are asked; None for any other."""
    words = [each for each in arguments if each != KEYWORD]
    if not words or any(each.startswith("-") or each in COMMANDS for each in words):
        return None
    return " ".join(words), len(words) < len(arguments)


def quick(arguments: Sequence[str]) -> Callable[[App], int] | None:
    """What to run for a line of words, perhaps with ``--keyword``; None for any other."""
    read = words_of(arguments)
    if read is None:
        return None
    question, keyword_only = read

    def run(app: App) -> int:
        from ttrpg_search.commands.finding import Wanted
        from ttrpg_search.commands.once import found, show
        from ttrpg_search.commands.shown import blocks

        most = app.settings.search.results
        answer = found(app, Wanted(question, count=most, keyword_only=keyword_only))
        return show(app, answer, blocks(app, answer))

    return run
