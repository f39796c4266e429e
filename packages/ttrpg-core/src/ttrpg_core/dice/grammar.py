"""The grammar of dice expressions, and the parser that reads it.

Compatible with Avrae's d20 1.1.2 where the two overlap (its ``grammar.lark`` was the model)::

    expression  = comparison
    comparison  = sum (("==" | "!=" | "<" | ">" | "<=" | ">=") sum)*
    sum         = product (("+" | "-") product)*
    product     = signed (("*" | "/" | "//" | "%") signed)*
    signed      = ("+" | "-") signed | term label*
    term        = number | dice operation* | group set-operation*
    group       = "(" comparison ("," comparison)* ","? ")"
    dice        = number? ("d" number | "d%" | "dF")
    operation   = set-operation | ("rr" | "r" | "ro" | "ra" | "e") selector | "!"
                | ("mi" | "ma") number | "adv" | "dis"
    set-operation = ("k" | "p") selector | ("dh" | "dl") number?
    selector    = ("<" | ">" | "<=" | ">=")? number | ("h" | "l") number?
    label       = "[" text "]"

Spaces may stand between any two tokens, and letters may be of either case. New beside d20: ``dF``,
``dh`` and ``dl`` (d20's ``ph`` and ``pl``), ``kh`` without a number for one, ``<=`` and ``>=`` in
selectors, ``r`` for ``rr``, ``!`` for exploding on the highest face, ``adv`` and ``dis`` after one
die. ``d%`` is what it is in d20, the tens die: 0, 10, ... 90; write d100 for 1 to 100.

**The one difference on purpose**: a comparison written directly against a dice term counts the dice
that meet it (``5d10>=8``: how many show 8 or more), as dice-pool games write it. Against anything
else it gives 1 or 0, as d20 does always: ``1d20+5>=15``, ``(5d10)>=8``. An empty ``()``, which d20
takes for 0, is an error here.
"""

from collections.abc import Callable
from typing import cast

from ttrpg_core.dice.limits import DEFAULT, Limits
from ttrpg_core.dice.tokens import Token, shown, tokenize, word_at
from ttrpg_core.dice.tree import (
    COMPARISONS,
    Chain,
    Compare,
    Count,
    Dice,
    Expression,
    Group,
    Labelled,
    Node,
    Number,
    Operation,
    Rank,
    Selector,
    Sign,
    Step,
    Verb,
)
from ttrpg_core.errors import DiceError

_SELECTING = {"k", "p", "r", "rr", "ro", "ra", "e"}
_CLAMPING = {"mi", "ma"}
_TWICE = {"adv", "dis"}
_ON_SETS = {"k", "p", "dh", "dl"}
_OPERATIONS = _SELECTING | _CLAMPING | _TWICE | _ON_SETS
_DICE_WORDS = {"d", "d%", "df"}
_HINTS = {
    "kh": "Keep the highest three with kh3, the lowest with kl1; k6 keeps the dice that show 6.",
    "d": "Drop the lowest with dl1, the highest with dh1.",
    "!": "A ! explodes on the highest face; to explode on another write e6 or e>4.",
}


def parse(expression: str, limits: Limits = DEFAULT) -> Expression:
    """Read a dice expression.

    Raises:
        DiceError: it does not fit the grammar or the limits; with the position, and often a hint.
    """
    return _Parser(expression, limits).parse()


class _Parser:
    """Recursive descent, a method a rule; only brackets and signs descend, and are counted."""

    def __init__(self, expression: str, limits: Limits) -> None:
        self.text = expression
        self.limits = limits
        self.tokens = tokenize(expression, limits)
        self.index = 0
        self.depth = 0
        self.dice = 0

    def parse(self) -> Expression:
        root = self.comparison()
        if self.here.kind != "end":
            raise self.unexpected()
        return Expression(self.text, root)

    # Moving over the tokens

    @property
    def here(self) -> Token:
        return self.tokens[self.index]

    def take(self) -> Token:
        token = self.here
        self.index += 1
        return token

    def at(self, kind: str, *texts: str) -> bool:
        return self.here.kind == kind and (not texts or self.here.text in texts)

    def error(self, message: str, token: Token, hint: str = "") -> DiceError:
        return DiceError(message, self.text, token.position, hint)

    def source(self, first: int) -> str:
        """The tokens from an index up to here as typed, in lower case and without spaces."""
        return "".join(t.text for t in self.tokens[first : self.index])

    def deeper(self, token: Token) -> None:
        self.depth += 1
        if self.depth > self.limits.depth:
            raise self.error(
                f"More than {self.limits.depth} brackets and signs inside one another",
                token,
                "Take some brackets away, or split it into several rolls.",
            )

    # The rules, from the loosest operator to the tightest

    def comparison(self) -> Node:
        first = self.sum()
        if self.at("symbol", *COMPARISONS) and (pool := _bare_pool(first)):
            token = self.take()
            relation = cast("Compare", token.text)
            first = Count(*pool, relation, self.sum(), token.position)
        return self.chain(first, self.sum, tuple(COMPARISONS))

    def sum(self) -> Node:
        return self.chain(self.product(), self.product, ("+", "-"))

    def product(self) -> Node:
        return self.chain(self.signed(), self.signed, ("*", "/", "//", "%"))

    def chain(self, first: Node, rule: Callable[[], Node], operators: tuple[str, ...]) -> Node:
        steps: list[Step] = []
        while self.at("symbol", *operators):
            token = self.take()
            steps.append(Step(token.text, rule(), token.position))
        return Chain(first, tuple(steps)) if steps else first

    def signed(self) -> Node:
        if not self.at("symbol", "+", "-"):
            return self.labelled()
        token = self.take()
        self.deeper(token)
        item = self.signed()
        self.depth -= 1
        return Sign("-" if token.text == "-" else "+", item, token.position)

    def labelled(self) -> Node:
        item = self.term()
        labels: list[str] = []
        while self.at("label"):
            labels.append(self.take().text[1:-1].strip())
        label = ", ".join(filter(None, labels))
        return Labelled(item, label) if label else item

    def term(self) -> Number | Dice | Group:
        if self.at("symbol", "("):
            return self.group()
        if self.at("name", *_DICE_WORDS):
            return self.pool(None)
        if self.at("number"):
            token = self.take()
            if self.at("name", *_DICE_WORDS):
                return self.pool(token)
            return Number(int(token.text), token.position)
        if self.at("decimal"):
            token = self.take()
            if self.at("name", *_DICE_WORDS):
                raise self.error("Only whole dice can be rolled", token)
            return Number(float(token.text), token.position)
        raise self.missing("a number, dice or an opening bracket")

    def group(self) -> Group:
        opening = self.take()
        self.deeper(opening)
        if self.at("symbol", ")"):
            raise self.error("There is nothing between these brackets", opening)
        items = [self.comparison()]
        is_set = False
        while self.at("symbol", ","):
            is_set = True
            self.take()
            if self.at("symbol", ")"):
                break
            items.append(self.comparison())
        if self.here.kind == "end":
            raise self.error("This bracket is never closed", opening, "Add a ) where it ends.")
        if not self.at("symbol", ")"):
            raise self.unexpected()
        self.take()
        self.depth -= 1
        first = self.index
        operations = self.operations(None)
        return Group(tuple(items), is_set, operations, self.source(first), opening.position)

    # Dice and what is done to them

    def pool(self, number: Token | None) -> Dice:
        first = self.index - (number is not None)
        word = self.take()
        count = int(number.text) if number else 1
        name, faces = self.faces(word)
        if count > self.limits.dice:
            raise self.error(
                f"{count:,} dice are too many; {self.limits.dice:,} is the most",
                number or word,
            )
        operations = self.operations(faces, count)
        if any(t.text in _TWICE for t in self.tokens[first : self.index]):
            count = 2
        self.dice += count
        if self.dice > self.limits.rolls:
            raise self.error(
                f"More than {self.limits.rolls:,} dice in one roll",
                number or word,
                "Split it into several rolls.",
            )
        position = (number or word).position
        return Dice(count, name, faces, operations, self.source(first), position)

    def faces(self, word: Token) -> tuple[str, range]:
        """The name of a die and its faces; ``d%`` is the tens die of d20: 0, 10, ... 90."""
        if word.text == "d%":
            return "d%", range(0, 100, 10)
        if word.text == "df":
            return "dF", range(-1, 2)
        if not self.at("number"):
            raise self.missing("the number of sides, as in d6", "Write d6, d%, or dF.")
        token = self.take()
        sides = int(token.text)
        if not sides:
            raise self.error("A die needs at least one side", token)
        if sides > self.limits.sides:
            raise self.error(
                f"A die with {sides:,} sides is too large; {self.limits.sides:,} is the most",
                token,
            )
        return f"d{sides}", range(1, sides + 1)

    def operations(self, faces: range | None, count: int = 0) -> tuple[Operation, ...]:
        """What follows a pool of dice, or a group when ``faces`` is None."""
        done: list[Operation] = []
        twice = False
        while operation := self.operation(faces):
            token = self.tokens[self.index - 1]
            if token.text in _TWICE:
                if twice or count != 1:
                    raise self.error(
                        f"{token.text} stands once, after a single die",
                        token,
                        "Write 1d20adv or 1d20dis; of several dice keep some with kh1 or kl1.",
                    )
                twice = True
            last = done[-1] if done else None
            if last and last.verb == operation.verb and operation.verb not in _CLAMPING:
                selectors = last.selectors + operation.selectors
                done[-1] = Operation(last.verb, selectors, last.position)
            else:
                done.append(operation)
        return tuple(done)

    def operation(self, faces: range | None) -> Operation | None:
        """One operation, or None when something else follows."""
        token = self.here
        if faces is not None and self.at("symbol", "!"):
            self.take()
            if self.at("number"):
                raise self.error("No number follows !", self.here, _HINTS["!"])
            return Operation("e", (Selector("==", faces[-1]),), token.position)
        if not self.at("name", *_OPERATIONS):
            return None
        if faces is None and token.text not in _ON_SETS:
            raise self.error(
                f"{token.text} works on dice, not on brackets",
                token,
                "Write it directly after the dice, inside the brackets.",
            )
        self.take()
        verb = "rr" if token.text == "r" else token.text
        if token.text in _TWICE:
            verb, selector = "k", Selector("h" if token.text == "adv" else "l", 1)
        elif token.text in {"dh", "dl"}:
            verb = "p"
            selector = Selector("h" if token.text == "dh" else "l", self.number_or_one())
        elif token.text in _CLAMPING:
            if not self.at("number"):
                raise self.missing(f"a number, as in {token.text}2")
            selector = Selector("==", int(self.take().text))
        else:
            selector = self.selector(token)
        return Operation(cast("Verb", verb), (selector,), token.position)

    def selector(self, verb: Token) -> Selector:
        if self.at("name", "h", "l"):
            rank: Rank = "h" if self.take().text == "h" else "l"
            return Selector(rank, self.number_or_one())
        relation: Compare = "=="
        if self.at("symbol", "<", ">", "<=", ">="):
            relation = cast("Compare", self.take().text)
        if not self.at("number"):
            kept = verb.text == "k"
            example = "kh3" if kept else f"{verb.text}1"
            raise self.missing(
                f"which dice {verb.text} takes, as in {example}", _HINTS["kh"] if kept else ""
            )
        return Selector(relation, int(self.take().text))

    def number_or_one(self) -> int:
        return int(self.take().text) if self.at("number") else 1

    # What went wrong

    def missing(self, wanted: str, hint: str = "") -> DiceError:
        """The error when a rule needs something that is not here."""
        token = self.here
        if token.kind == "end":
            found = "nothing here" if not self.text.strip() else "the end"
            hint = hint or ("Write something like 2d6+3." if not self.text.strip() else "")
            return self.error(f"Expected {wanted}, found {found}", token, hint)
        return self.error(f"Expected {wanted}, found “{self.name(token)}”", token, hint)

    def unexpected(self) -> DiceError:
        """The error when a whole term has ended and something follows that no rule takes."""
        token = self.here
        name = self.name(token)
        match token.text:
            case ")":
                return self.error("This bracket was never opened", token)
            case ",":
                return self.error(
                    "A comma separates the members of a set, inside brackets",
                    token,
                    "Write (1d6, 2d4)kh1.",
                )
            case "(":
                hint = "Write an operator before the bracket, as in 2*(1d6)."
            case "!":
                hint = _HINTS["!"]
            case "d":
                hint = _HINTS["d"]
            case _ if token.kind in {"number", "decimal"}:
                hint = "Write an operator between two numbers."
            case _:
                hint = ""
        return self.error(f"“{name}” cannot stand here", token, hint)

    def name(self, token: Token) -> str:
        return shown(word_at(self.text, token.position) if token.kind == "name" else token.text)


def _bare_pool(node: Node) -> tuple[Dice, str] | None:
    """The pool and its label, when a comparison against this term counts dice."""
    match node:
        case Dice():
            return node, ""
        case Labelled(item=Dice() as dice, label=label):
            return dice, label
        case _:
            return None
