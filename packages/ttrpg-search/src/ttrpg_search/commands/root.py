"""``ttrpg search``: a passage from your own books, with its printed page."""

from typing import get_args

import attrs
import click

from ttrpg_core.app import App
from ttrpg_core.documents import Kind
from ttrpg_core.errors import InputError, NotFound
from ttrpg_search.commands import completing, stats
from ttrpg_search.commands.finding import Answer, Wanted, checked, find, keep, last, wanted_again
from ttrpg_search.commands.shown import blocks, data, explanation

KINDS: tuple[str, ...] = get_args(Kind)
_SWITCHES = frozenset({"--json", "--plain", "--quiet"})
_PROMISED = frozenset({"spelling?", "did you mean", "systems", "system"})


class Words(click.Group):
    """A group whose first word is a command only when no other words of a question follow.

    ``search stats --days 7`` is the command, ``search stats of a goblin`` a question, as is
    everything behind ``--``.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Options and a command, or options anywhere among the words of a question."""
        ctx.meta[__name__] = asks = not self._names_command(args)
        ctx.allow_interspersed_args = asks
        ctx.ignore_unknown_options = asks  # a question may hold -words
        if asks:
            return click.Command.parse_args(self, ctx, args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Answer the question, or run the command."""
        if ctx.meta[__name__]:
            return click.Command.invoke(self, ctx)
        return super().invoke(ctx)

    def _names_command(self, args: list[str]) -> bool:
        rest = list(args)
        while rest and rest[0] in _SWITCHES:
            rest.pop(0)
        if not rest or rest[0] not in self.commands:
            return False
        takes = [p for p in self.commands[rest[0]].params if isinstance(p, click.Argument)]
        if takes and len(rest) > 1 and rest[1].isdecimal():
            return True
        return len(rest) == 1 or rest[1].startswith("-")


@click.group(
    "search",
    cls=Words,
    commands={
        command.name or "": command
        for command in (stats.stats, stats.gaps, stats.forget, stats.open_)
    },
    short_help="Find a rule in your books, with its page",
    subcommand_metavar="QUERY... | COMMAND",
    invoke_without_command=True,
)
@click.option(
    "--book",
    "books",
    multiple=True,
    shell_complete=completing.books,
    help="Only in this book; may be repeated.",
)
@click.option(
    "--system",
    default="",
    shell_complete=completing.systems,
    help="Only in books of this game system.",
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(KINDS),
    help="Only passages of this kind; may be repeated.",
)
@click.option("--page", default="", metavar="PAGES", help="Only on these pages: 12, 12-14.")
@click.option(
    "-n", "--results", type=click.IntRange(1, 100), help="Passages to show; 3 unless set."
)
@click.option("--offset", type=click.IntRange(0, 1000), default=0, help="Leave out the first.")
@click.option("--more", is_flag=True, help="What follows the last answer.")
@click.option(
    "--context",
    type=click.IntRange(0, 10),
    default=0,
    help="Passages before and after each, too.",
)
@click.option("--full", is_flag=True, help="Whole passages, however long.")
@click.option("--paths", is_flag=True, help="The file of each passage, too.")
@click.option("--explain", is_flag=True, help="How the answer was found.")
@click.option("--keyword", "keyword_only", is_flag=True, help="By words alone, without vectors.")
@click.option("--players", is_flag=True, help="Without what only the GM may see.")
@click.option("-i", "--interactive", is_flag=True, help="Ask again and again, and look around.")
@click.option(
    "--open",
    "opened",
    type=click.IntRange(1, 10_000),
    metavar="N",
    help="Open the book at this passage; without QUERY, of the last answer.",
)
@click.pass_context
def search(
    ctx: click.Context,
    books: tuple[str, ...],
    system: str,
    kinds: tuple[str, ...],
    page: str,
    results: int | None,
    offset: int,
    context: int,
    opened: int | None,
    *,
    more: bool,
    full: bool,
    paths: bool,
    explain: bool,
    keyword_only: bool,
    players: bool,
    interactive: bool,
) -> None:
    """Find the passages that answer QUERY, best first, each with book and printed page.

    With quotes around the whole, as in 'fire -bolt "hit points"', "such words" stand together and
    a -word must not be there. book: system: kind: page: level: and cr: in it are filters.

    stats, gaps, forget and open are commands when no other word follows; behind -- they are words
    to find. Ends with 3 when your books do not answer.
    """
    if ctx.invoked_subcommand is not None:
        return
    app: App = ctx.obj
    most = results or app.settings.search.results
    words = " ".join(ctx.args)
    wanted = Wanted(words, books, system, kinds, page, most, offset, keyword_only, players)
    if interactive:
        from ttrpg_search.commands.interactive import converse

        converse(ctx, wanted)
        return
    if more:
        wanted = _following(app, words, results)
    elif opened is not None and not words:
        ctx.invoke(stats.open_, number=opened)
        return
    answer = find(app, checked(wanted))
    shown = blocks(app, answer, context=context, full=full, paths=paths)
    if not answer.findings.answered:
        _say_unanswered(app, answer)
    say_read(app, answer)
    if explain:
        shown += explanation(answer)
    app.screen.show("ttrpg.search/2", data(app, answer, context), shown)
    if answer.more and answer.hits:
        left = answer.findings.total - answer.wanted.offset - len(answer.hits)
        app.screen.say(f"{left} more: ttrpg search --more", "dim")
    keep(app, answer, "search")
    if opened is not None:
        ctx.invoke(stats.open_, number=opened)
    if not answer.findings.answered:
        ctx.exit(NotFound.code)


def say_read(app: App, answer: Answer) -> None:
    """How the question was read, where that was not as it was typed."""
    if answer.findings.corrected:
        app.screen.say(f"Searched for: {answer.findings.corrected}")
    for step in answer.findings.steps:
        if step.name in _PROMISED:
            app.screen.say(f"{step.name.capitalize()}: {step.said}", "dim")


def _say_unanswered(app: App, answer: Answer) -> None:
    """That the books do not answer, and why that may be."""
    asked = len(answer.wanted.books) or len(answer.books)
    where = f"Not in your books ({asked} asked)"
    if answer.hits:
        app.screen.say(f"{where}; what is nearest:", "warn")
        return
    if answer.wanted.offset:
        app.screen.say("There is no more", "warn")
        return
    for book in answer.books.values():
        if app.library.reading(book.sha256) is None:
            said = f"What was read of {book.title!r} was pruned: ttrpg library add {book.path}"
            app.screen.say(said, "warn")
    indexed = app.keyword_searcher().count()
    hint = "try fewer or other words" if indexed else "the index is empty: ttrpg library reindex"
    app.screen.say(f"{where}; {hint}", "warn")


def _following(app: App, words: str, results: int | None) -> Wanted:
    """The last question, from where its answer ended."""
    if words:
        raise InputError("--more goes on with the last question", "Leave out the words")
    asked = last(app)
    before = wanted_again(asked)
    offset = before.offset + asked.results
    return attrs.evolve(before, count=results or before.count, offset=offset)
