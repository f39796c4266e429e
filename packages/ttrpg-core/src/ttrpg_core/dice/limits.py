"""How much one dice expression may ask for, so that every input ends soon.

An expression may come from a player, a book, a model or a random table; none of them is trusted to
be reasonable. The number of dice follows d20's ``RollContext``, which stops at 1,000.
"""

import attrs

DEEPEST = 64
"""No ``Limits.depth`` above this: parser and roller descend with the brackets, on the stack."""


@attrs.frozen
class Limits:
    """The bounds of one expression.

    ``length`` is in characters; ``dice`` is for one term and ``rolls`` for the whole expression,
    rerolls and explosions included; ``depth`` counts nested brackets and signs; ``magnitude`` is
    the largest number met anywhere (below 2**53, so a float holds each whole number exactly).
    ``explosions`` is how many times in a row odds follow one exploding die at most, and ``work``
    how many elementary steps odds may take, one to two million a second.
    """

    length: int = attrs.field(default=1000, validator=attrs.validators.ge(1))
    dice: int = attrs.field(default=1000, validator=attrs.validators.ge(1))
    sides: int = attrs.field(default=1_000_000, validator=attrs.validators.ge(1))
    depth: int = attrs.field(
        default=50, validator=[attrs.validators.ge(1), attrs.validators.le(DEEPEST)]
    )
    rolls: int = attrs.field(default=1000, validator=attrs.validators.ge(1))
    magnitude: int = attrs.field(
        default=10**15, validator=[attrs.validators.ge(1), attrs.validators.lt(2**53)]
    )
    explosions: int = attrs.field(default=40, validator=attrs.validators.ge(1))
    work: int = attrs.field(default=2_000_000, validator=attrs.validators.ge(1))


DEFAULT = Limits()
"""What holds unless the caller says otherwise."""
