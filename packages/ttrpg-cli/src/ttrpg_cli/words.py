"""A group that takes words of its own as well as commands."""

import click

_SWITCHES = frozenset({"--json", "--plain", "--quiet"})


class Words(click.Group):
    """A group whose first word is a command only when what follows suits it.

    ``chat list`` is the command, ``chat list the gods of the coast`` a message, as is everything
    behind ``--``. The words are in ``ctx.args`` then.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Options and a command, or options anywhere among the words."""
        ctx.meta[__name__] = worded = not self._names_command(args)
        ctx.allow_interspersed_args = worded
        if not worded:
            return super().parse_args(ctx, args)
        return click.Command.parse_args(self, ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Take the words, or run the command."""
        if ctx.meta[__name__]:
            return click.Command.invoke(self, ctx)
        return super().invoke(ctx)

    def _names_command(self, args: list[str]) -> bool:
        rest = list(args)
        while rest and rest[0] in _SWITCHES:
            rest.pop(0)
        if not rest or rest[0] not in self.commands:
            return False
        takes = [p.nargs for p in self.commands[rest[0]].params if isinstance(p, click.Argument)]
        words = next((n for n, word in enumerate(rest[1:]) if word.startswith("-")), len(rest) - 1)
        return -1 in takes or words <= sum(takes)
