"""Cases of BCDice, replayed with the dice that it drew.

Only what both grammars mean alike: sums and products of ``NdX`` and whole numbers, in brackets.
BCDice rounds ``/`` to whole numbers where we follow d20 and make a float, writes ``=`` and ``<>``,
lets a sum be the number of dice, has a D66 of its own (its rands name two dice of 6 sides) and
allows a comment after the expression; such cases are left out.
"""

import os
import random
import re
import tomllib
from pathlib import Path

import pytest

from ttrpg_core.dice import roll

ROOT = Path(os.environ.get("TTRPG_TEST_DATA") or Path(__file__).parents[4] / "shared" / "data")
FOLDER = ROOT / "dice" / "bcdice"
PLAIN = re.compile(r"(?=.*d)(?:[0-9]*d(?!66\b)[0-9]+|[0-9]+|[-+*() ])+", re.IGNORECASE)
ARROW = "\N{FULLWIDTH GREATER-THAN SIGN}"
PRODUCT_OF_DICE = re.compile(r"\)\s*d", re.IGNORECASE)


class Replay(random.Random):
    """Chance that gives the dice of a case, and minds that just those are asked for."""

    def __init__(self, rands):
        super().__init__(0)
        self.rands = list(rands)

    def randrange(self, start, stop=None, step=1):
        drawn = self.rands.pop(0)
        assert drawn["sides"] == start
        return drawn["value"] - 1


def shared_cases():
    for name in ("AddDice.toml", "None.toml"):
        if (FOLDER / name).is_file():
            for case in tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))["test"]:
                text = case["input"].split("カッコ")[0].strip()
                if PLAIN.fullmatch(text) and not PRODUCT_OF_DICE.search(text) and case["output"]:
                    yield text, case["output"], case["rands"]


CASES = list(shared_cases())


@pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no BCDice data in {FOLDER}")
def test_enough_cases_are_shared():
    assert len(CASES) >= 10


@pytest.mark.parametrize(("text", "output", "rands"), CASES)
def test_the_total_is_that_of_bcdice(text, output, rands):
    chance = Replay(rands)
    assert roll(text, chance).total == int(output.rsplit(ARROW, 1)[1])
    assert not chance.rands
