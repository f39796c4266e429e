"""``ttrpg search``: a passage from your own books, with its printed page."""

import re
from functools import partial

import attrs
import click

from ttrpg_core.app import App
from ttrpg_core.errors import InputError
from ttrpg_search.commands import stats
from ttrpg_search.commands.finding import Wanted, keep, last, wanted_again
from ttrpg_search.commands.once import found, show
from ttrpg_search.commands.options import where_to_look
from ttrpg_search.commands.quick import COMMANDS
from ttrpg_search.commands.shown import blocks, explanation

_SWITCHES = frozenset({"--json", "--plain", "--quiet"})
_ABSENT = re.compile(r"-(?!n\d+\Z)[^\W_][^\W_].*", re.DOTALL)
"""A word that must not be there, as in fire -bolt; -n5 is an option, and so is a single letter."""


class Words(click.Group):
    """A group whose first word is a command only when no other words of a question follow.

    ``search stats --days 7`` is the command, ``search stats of a goblin`` a question, as is
    everything behind ``--``.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Options and a command, or options anywhere among the words of a question."""
        ctx.meta[__name__] = asks = not self._names_command(args)
        ctx.allow_interspersed_args = asks
        if not asks:
            return super().parse_args(ctx, args)
        end = args.index("--") if "--" in args else len(args)
        absent = [word for word in args[:end] if _ABSENT.fullmatch(word)]
        kept = [word for word in args[:end] if not _ABSENT.fullmatch(word)]
        click.Command.parse_args(self, ctx, [*kept, *args[end:]])
        ctx.args += absent
        return ctx.args

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
    commands=dict(zip(COMMANDS, (stats.stats, stats.gaps, stats.forget, stats.open_), strict=True)),
    short_help="Find a rule in your books, with its page",
    subcommand_metavar="QUERY... | COMMAND",
    invoke_without_command=True,
)
@where_to_look
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
    shown = partial(blocks, app, context=context, full=full, paths=paths)
    if interactive:
        from ttrpg_search.commands.interactive import converse

        converse(ctx, wanted, shown)
        return
    if more:
        wanted = _following(app, words, results)
    elif opened is not None and not words:
        ctx.invoke(stats.open_, number=opened)
        return
    answer = found(app, wanted)
    if opened is not None:  # the book says the rest
        keep(app, answer, "search")
        ctx.invoke(stats.open_, number=opened)
        return
    told = [*shown(answer), *(explanation(answer) if explain else [])]
    ctx.exit(show(app, answer, told, context))


def _following(app: App, words: str, results: int | None) -> Wanted:
    """The last question, from where its answer ended."""
    if words:
        raise InputError("--more goes on with the last question", "Leave out the words")
    asked = last(app)
    before = wanted_again(asked)
    offset = before.offset + asked.results
    return attrs.evolve(before, count=results or before.count, offset=offset)
