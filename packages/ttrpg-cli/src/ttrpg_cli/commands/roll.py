"""``roll``: dice, with their odds drawn on request."""

import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction

import click

from ttrpg_core.app import App
from ttrpg_core.dice import Odds, Roll, odds, parse
from ttrpg_core.dice import roll as throw
from ttrpg_core.dice.result import number_text
from ttrpg_core.dice.tree import Value
from ttrpg_core.errors import DiceError
from ttrpg_core.views import Bars, Block, Fields, Role, Text

BARS = 41
"""Most rows of a histogram; more totals than that are drawn in equal ranges."""
RARE = Fraction(1, 10_000)
"""A tail that is rarer than this is one row, not a page of empty bars."""


@click.command(
    short_help="Roll dice: 4d6kh3, 1d20adv+5, 8d6[fire]",
    context_settings={"ignore_unknown_options": True},  # so that 1d20 -2 needs no quotes
)
@click.argument("expressions", metavar="EXPR...", nargs=-1, required=True)
@click.option("--seed", type=int, metavar="N", help="The same N gives the same dice.")
@click.option(
    "--odds", "want_odds", is_flag=True, help="The exact distribution, instead of a roll."
)
@click.pass_obj
def roll(app: App, expressions: tuple[str, ...], seed: int | None, *, want_odds: bool) -> None:
    """Roll each EXPR.

    \b
      4d6kh3        keep the highest 3; also kl, dh, dl
      1d20adv+5     advantage; also dis
      3d6rr1        reroll every 1; ro once, ra add one
      1d10e10, 2d6! explode
      8d6[fire]+3   totals by label
      5d10>=8       count the dice that show 8 or more
      d100, 4dF     percentile dice, Fate dice; d% is the tens die, 0 to 90

    A bad expression is shown with the column that is wrong.
    """  # noqa: D301 - \b is click's mark for a block that keeps its lines
    for expression in expressions:
        if expression.startswith("--"):  # no dice: a misspelt option
            raise click.NoSuchOption(expression, possibilities=["--seed", "--odds"])
    wanted = _joined(expressions)
    if want_odds:
        _odds(app, wanted)
        return
    number = app.rng.getrandbits(48) if seed is None else seed
    rng = random.Random(number)
    rolled = [throw(expression, rng) for expression in wanted]
    app.screen.show(
        "ttrpg.roll/1",
        {"seed": number, "rolls": [_plain(each) for each in rolled]},
        [block for each in rolled for block in _blocks(each)],
    )


def _joined(typed: Sequence[str]) -> list[str]:
    """The expressions meant: ``1d20 + 5`` and ``1d20 -2`` typed without quotes are one each."""
    expressions: list[str] = []
    for each in typed:
        if expressions and each[:1] in {"+", "-"}:
            expressions[-1] += f" {each}"
        else:
            expressions.append(each)
    if all(map(_parses, expressions)):
        return expressions
    whole = " ".join(typed)
    return [whole] if _parses(whole) else expressions  # rolling says which of them is wrong


def _parses(expression: str) -> bool:
    try:
        parse(expression)
    except DiceError:
        return False
    return True


def _blocks(rolled: Roll) -> list[Block]:
    lucky = rolled.natural is not None and rolled.natural in {1, 20}
    said = f"   natural {rolled.natural}" if lucky else ""
    role: Role = "plain" if not lucky else "good" if rolled.natural == 20 else "bad"  # noqa: PLR2004 - the d20
    blocks: list[Block] = [Text(rolled.text + said, role)]
    if any(rolled.by_label):
        shares = [
            f"{label or 'other'} {number_text(value)}" for label, value in rolled.by_label.items()
        ]
        blocks.append(Text("  " + ", ".join(shares)))
    return blocks


def _plain(rolled: Roll) -> dict[str, object]:
    return {
        "expression": rolled.expression.text,
        "total": rolled.total,
        "text": rolled.text,
        "dice": [
            {
                "die": die.name,
                "face": die.face,
                "value": die.value,
                "kept": die.kept,
                "rerolled": list(die.rerolled),
            }
            for die in rolled.dice
        ],
        "by_label": dict(rolled.by_label),
        "successes": rolled.successes,
        "natural": rolled.natural,
    }


def _odds(app: App, expressions: Sequence[str]) -> None:
    found = [odds(expression) for expression in expressions]
    blocks: list[Block] = []
    for expression, each in zip(expressions, found, strict=True):
        blocks += [*([Text("")] if blocks else []), *_drawn(expression, each)]
    data = {"odds": [_distribution(e, each) for e, each in zip(expressions, found, strict=True)]}
    app.screen.show("ttrpg.odds/1", data, blocks)


def _drawn(expression: str, found: Odds) -> list[Block]:
    rows = _ranges(found)
    most = max(share for _, share in rows)
    bars = [(label, float(share / most), f"{float(share):7.2%}") for label, share in rows]
    middle = found.percentile(50)
    pairs = [
        ("mean", f"{float(found.mean):.4g}"),
        ("deviation", f"{found.deviation:.4g}"),
        ("range", f"{number_text(found.min)} to {number_text(found.max)}"),
        (
            "median",
            f"{number_text(middle)} ({float(found.at_least(middle)):.1%} roll that or more)",
        ),
    ]
    if not found.exact:
        pairs.append(("left out", f"{float(found.left):.2g}, where dice explode further"))
    return [Bars(bars, expression), Fields(pairs)]


def _ranges(found: Odds) -> list[tuple[str, Fraction]]:
    """Totals with their probability: in equal ranges when they are many, rare tails in one row."""
    shares = found.probabilities
    first = _after_the_rare(shares.items())
    last = _after_the_rare(reversed(list(shares.items())))
    drawn = {total: share for total, share in shares.items() if first <= total <= last}
    rows = [("below", _sum(shares, lambda total: total < first))]
    rows += (
        _grouped(drawn) if len(drawn) > BARS else [(number_text(t), s) for t, s in drawn.items()]
    )
    rows.append(("above", _sum(shares, lambda total: total > last)))
    return [(label, share) for label, share in rows if share]


def _after_the_rare(shares: Iterable[tuple[Value, Fraction]]) -> Value:
    """The first total that is not in the rare tail which comes before it."""
    sum_so_far = Fraction(0)
    for total, share in shares:
        sum_so_far += share
        if sum_so_far >= RARE:
            return total
    return total  # an open end: what was left out has the rest of the probability


def _sum(shares: Mapping[Value, Fraction], wanted: Callable[[Value], bool]) -> Fraction:
    return sum((share for total, share in shares.items() if wanted(total)), Fraction(0))


def _grouped(shares: Mapping[Value, Fraction]) -> list[tuple[str, Fraction]]:
    low, high = min(shares), max(shares)
    whole = all(isinstance(total, int) for total in shares)
    if not whole:
        low = math.floor(low)
    step = math.ceil((high - low + 1) / BARS) if high - low > 1 else (high - low) / BARS
    sums: dict[int, Fraction] = {}
    for total, share in shares.items():
        place = min(BARS - 1, int((total - low) / step))
        sums[place] = sums.get(place, Fraction(0)) + share
    edges = {place: low + place * step for place in sums}
    last = {place: min(high, edge + step - (1 if whole else 0)) for place, edge in edges.items()}
    return [(f"{edges[p]:g} to {last[p]:g}", sums[p]) for p in sorted(sums)]


def _distribution(expression: str, found: Odds) -> dict[str, object]:
    return {
        "expression": expression,
        "mean": float(found.mean),
        "deviation": found.deviation,
        "min": found.min,
        "max": found.max,
        "exact": found.exact,
        "totals": [
            {"total": total, "probability": float(share), "exactly": str(share)}
            for total, share in found.probabilities.items()
        ],
    }
