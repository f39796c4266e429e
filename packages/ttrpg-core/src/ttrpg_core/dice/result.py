"""What a roll answers: totals for the rules, dice and pieces of text for whoever prints them."""

from collections.abc import Mapping

import attrs

from ttrpg_core.dice.tree import Count, Expression, Value

DROPPED = "~~"
"""What stands around a dropped die in plain text, as in Markdown; nothing relies on colour."""


@attrs.frozen
class Die:
    """One die as it lies on the table.

    ``name`` is ``d6``, ``d%`` or ``dF``. ``face`` is what it shows and ``value`` what it counts
    for, which differ only after ``mi`` or ``ma``. ``rerolled`` are the faces it showed before, the
    oldest first. ``kept`` is whether it counts at all, ``exploded`` whether it brought another die,
    and ``success`` whether it met the comparison, or None where successes are not counted.
    """

    name: str
    face: int
    value: int
    kept: bool
    exploded: bool
    rerolled: tuple[int, ...]
    success: bool | None = None


@attrs.frozen
class Part:
    """A piece of the text, for a renderer that marks dice its own way.

    ``kept`` is False for what does not count: a dropped die, or a face that was rerolled. ``die``
    is the die whose face this is, None for rerolled faces and the text between.
    """

    text: str
    kept: bool = True
    die: Die | None = None


@attrs.frozen
class Roll:
    """A roll and everything that can be asked about it.

    ``total`` is an int, or a float where ``/`` or a decimal point made one, as in d20. ``dice`` are
    all dice in the order in which they stand in the expression. ``by_label`` splits the total by
    label, with what has none under ``""``. ``successes`` is None where none were counted.
    ``natural`` is the face of the only kept d20, so that a 20 or a 1 can be called out.
    """

    expression: Expression
    total: Value
    parts: tuple[Part, ...]
    dice: tuple[Die, ...]
    by_label: Mapping[str, Value]
    successes: int | None
    natural: int | None

    @property
    def text(self) -> str:
        """The roll on one line: ``4d6kh3 (5, 3, ~~2~~, 6) = 14``."""
        pieces: list[str] = []
        kept = True
        for part in self.parts:
            if part.kept != kept:
                pieces.append(DROPPED)
                kept = part.kept
            pieces.append(part.text)
        if not kept:
            pieces.append(DROPPED)
        unit = ""
        if isinstance(self.expression.root, Count):
            unit = " success" if self.total == 1 else " successes"
        return f"{''.join(pieces)} = {number_text(self.total)}{unit}"

    def __str__(self) -> str:
        return self.text


def number_text(value: Value) -> str:
    """A number for people: ints in full, floats to twelve figures."""
    return str(value) if isinstance(value, int) else f"{value:.12g}"
