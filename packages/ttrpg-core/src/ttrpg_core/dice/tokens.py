"""A dice expression cut into tokens.

Written by hand, as one regular expression: the alphabet is small, the expression has been measured
before it comes here, and a wrong character is reported with its column and what to write instead.
Upper case is read as lower case, except in labels. Only ASCII letters and digits have a meaning.
"""

import re
import unicodedata
from typing import Literal

import attrs

from ttrpg_core.dice.limits import Limits
from ttrpg_core.errors import DiceError

Kind = Literal["number", "decimal", "name", "symbol", "label", "end"]

_TOKEN = re.compile(
    r"""
    (?P<space> [ \t\f\r\n]+ )
  | (?P<label> \[ [^\[\]]* \] )
  | (?P<decimal> [0-9]+ \. [0-9]* | \. [0-9]+ )
  | (?P<number> [0-9]+ )
  | (?P<name> adv | dis | rr | ro | ra | mi | ma | dh | dl | df | d% | [dekprhl] )
  | (?P<symbol> // | == | !=(?!=) | >= | <= | [-+*/%<>!(),] )
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_WORD = re.compile(r"[^\W\d_]+")
_LOOKALIKES = {
    "×": "Write * to multiply.",  # noqa: RUF001 - the sign that books print
    "÷": "Write / to divide, or // to round down.",
    "−": "Write the plain - of the keyboard.",  # noqa: RUF001 - the sign that books print
    "–": "Write the plain - of the keyboard.",  # noqa: RUF001 - the same
    "—": "Write the plain - of the keyboard.",
    "≥": "Write >=.",
    "≤": "Write <=.",
    "≠": "Write !=.",
    "=": "Write == to ask whether two numbers are equal.",
    "[": "A label ends with ], as in 8d6[fire].",
    "]": "A label starts with [, as in 8d6[fire].",
    "{": "Write round brackets: (1d6, 2d4)kh1.",
    "}": "Write round brackets: (1d6, 2d4)kh1.",
    "^": "There are no powers; multiply with *.",
    "+": "Write the plain + of the keyboard.",
    "-": "Write the plain - of the keyboard.",
    "(": "Write the plain ( of the keyboard.",
    ")": "Write the plain ) of the keyboard.",
}


@attrs.frozen
class Token:
    """One token: ``text`` in lower case (a label as it was typed), ``position`` from 0."""

    kind: Kind
    text: str
    position: int


def tokenize(expression: str, limits: Limits) -> tuple[Token, ...]:
    """Cut an expression into tokens, the last of kind ``end``.

    Raises:
        DiceError: the expression is too long, or holds a character without a meaning.
    """
    if len(expression) > limits.length:
        raise DiceError(
            f"This is {len(expression)} characters long; at most {limits.length} can be rolled",
            expression,
            limits.length,
            "Split it into several rolls.",
        )
    tokens: list[Token] = []
    position = 0
    while position < len(expression):
        match = _TOKEN.match(expression, position)
        if match is None:
            raise _unknown(expression, position)
        position = match.end()
        if match.lastgroup != "space":
            tokens.append(_token(match, expression, limits))
    tokens.append(Token("end", "", len(expression)))
    return tuple(tokens)


def word_at(expression: str, position: int) -> str:
    """The whole run of letters at a position, for a message that names what was typed."""
    match = _WORD.match(expression, position)
    return match.group() if match else expression[position : position + 1]


def shown(text: str) -> str:
    """A piece of the expression that is safe to print: short, and without control characters."""
    most = 20
    clean = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text[: most + 1])
    return clean if len(text) <= most else clean[:most] + "..."


def _token(match: re.Match[str], expression: str, limits: Limits) -> Token:
    position, text = match.start(), match.group()
    match match.lastgroup:
        case "label":
            if not text.isprintable():
                wrong = next(i for i, c in enumerate(text) if not c.isprintable())
                raise DiceError(
                    "A label holds only characters that can be printed",
                    expression,
                    position + wrong,
                )
            return Token("label", text, position)
        case "number":
            digits = text.lstrip("0")
            if len(digits) > len(str(limits.magnitude)) or int(digits or "0") > limits.magnitude:
                raise DiceError(
                    f"The number {shown(text)} is too large; {limits.magnitude:,} is the most",
                    expression,
                    position,
                )
            return Token("number", text, position)
        case "decimal":
            if float(text) > limits.magnitude:
                raise DiceError(
                    f"The number {shown(text)} is too large; {limits.magnitude:,} is the most",
                    expression,
                    position,
                )
            return Token("decimal", text, position)
        case "name":
            return Token("name", text.lower(), position)
        case _:
            return Token("symbol", text, position)


def _unknown(expression: str, position: int) -> DiceError:
    character = expression[position]
    if character.isalpha():
        while position and expression[position - 1].isalpha():
            position -= 1
        return DiceError(
            f"“{shown(word_at(expression, position))}” has no meaning in a dice expression",
            expression,
            position,
            "Dice are written as 2d6, 1d20adv, 4d6kh3 or 8d6[fire].",
        )
    hint = _LOOKALIKES.get(unicodedata.normalize("NFKC", character), "")
    if character.isdigit() or character.isnumeric():
        hint = "Write numbers with the digits 0 to 9."
    return DiceError(
        f"“{shown(character)}” cannot stand here",
        expression,
        position,
        hint,
    )
