"""``condition``: conditions of the table's own, and what any of them does."""

from typing import Any

import click

from ttrpg_cli.commands import effects_of
from ttrpg_cli.world.noun import noun
from ttrpg_core.audience import PARTY

_EXPLAIN = "explain"


class ConditionGroup(click.Group):
    """A group in which a name that is no command is that of a condition."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is meant; ``condition poisoned`` explains it."""
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            args = [_EXPLAIN, *args]
        return super().resolve_command(ctx, args)


def _known_to_the_party(_: Any) -> dict[str, Any]:
    return {"audience": PARTY}


condition = noun(
    "condition",
    "Conditions of your own, with what they do",
    ("summary", "text"),
    begins=_known_to_the_party,
    of=ConditionGroup,
)
condition.help = (
    "Conditions of your own, which ttrpg cond puts on somebody like those of the rules. Without a"
    " command: the list. With the name of any condition: what it does."
)
condition.add_command(effects_of.conditions, _EXPLAIN)
