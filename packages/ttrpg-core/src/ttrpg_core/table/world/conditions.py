"""Conditions of the table's own, beside those of the rules."""

from typing import ClassVar

import attrs

from ttrpg_core.table.combat import rules
from ttrpg_core.table.world.entity import Entity, field


@attrs.frozen(kw_only=True)
class Condition(Entity):
    """A condition that somebody may have in a fight; its text is what it does."""

    KIND: ClassVar[str] = "condition"
    PLURAL: ClassVar[str] = "conditions"

    stacking: str = field(
        "What a second one does; by default each source has its own.",
        "choice",
        choices=("source", "highest", "latest", "stack", "extend", "none"),
    )
    stops_actions: bool = field("Whether one who has it can take no actions.", "flag")
    breaks_concentration: bool = field("Whether it ends concentration.", "flag")

    @property
    def rule(self) -> rules.Condition:
        """The same as the rules have one; those that the party may not know are secret."""
        lines = (self.summary, *self.text.splitlines())
        return rules.Condition(
            self.id,
            self.name,
            tuple(line.strip() for line in lines if line.strip()),
            stacking=_STACKINGS[self.stacking],
            stops_actions=self.stops_actions,
            breaks_concentration=self.breaks_concentration,
            secret=self.audience.name == "gm",
        )


_STACKINGS: dict[str, rules.Stacking] = {
    "source": "source",
    "highest": "highest",
    "latest": "latest",
    "stack": "stack",
    "extend": "extend",
    "none": "none",
}
