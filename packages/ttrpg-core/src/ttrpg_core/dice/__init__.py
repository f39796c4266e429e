"""Dice: a grammar, a roller, exact odds, and limits so that every expression ends.

::

    from random import Random
    from ttrpg_core.dice import odds, roll

    roll("4d6kh3", Random(7)).text      # 4d6kh3 (3, ~~2~~, 4, 6) = 13
    odds("1d20adv+5").at_least(15)      # Fraction(319, 400)

The grammar stands in :mod:`ttrpg_core.dice.grammar`. Errors are
:class:`~ttrpg_core.errors.DiceError`; :func:`caret` shows where.
"""

from ttrpg_core.dice.caret import caret
from ttrpg_core.dice.grammar import parse
from ttrpg_core.dice.limits import DEFAULT, Limits
from ttrpg_core.dice.odds import Odds, odds
from ttrpg_core.dice.result import Die, Part, Roll
from ttrpg_core.dice.roll import roll
from ttrpg_core.dice.tree import Expression

__all__ = [
    "DEFAULT",
    "Die",
    "Expression",
    "Limits",
    "Odds",
    "Part",
    "Roll",
    "caret",
    "odds",
    "parse",
    "roll",
]
