"""No text keeps a pattern busy for ever: a book of endless dots or bars is read like another."""

import subprocess
import sys

PROBE = r"""
import importlib, pkgutil, re
from ttrpg_ingest.chunks import features, pieces, prose, tables

names = ["ttrpg_ingest.edges", "ttrpg_ingest.labels"]
for package in map(importlib.import_module, ("ttrpg_ingest.chunks", "ttrpg_ingest.facts")):
    names += [m.name for m in pkgutil.iter_modules(package.__path__, package.__name__ + ".")]
patterns = {
    value
    for name in names
    for value in vars(importlib.import_module(name)).values()
    if isinstance(value, re.Pattern)
}
assert len(patterns) > 50, len(patterns)
RUNS = (
    "| ", "+1|", "+1", "|1", "|", ".", ". ", "_ ", "_", "* ", "=\n", " \n", "-- |", "--|", "-",
    ": ", "1 ", "1-", "1,", "> ", "(", "A ", "a ", "Aa", "Ab 1 ", "1st ", "IV ", "d6 ", "\u2026",
)
for run in RUNS:
    for before in ("", "1 ", "-- |", "| 3 | +2 "):
        for pattern in patterns:
            # a search from every place may well be slow, but not without end
            pattern.search(before + run * 60 + "!")
            pattern.match(before + run * 2_000 + "!")
for run in (*RUNS, "![", " \\n", "* "):  # these meet whole texts, however long
    pieces.weight("|" + run * 50_000)
    list(features._ROW.finditer(run * 50_000 + "!"))
for run in RUNS:  # these meet whole lines, however long
    tables._DIE.match(run * 50_000 + "!")
    tables._SEPARATOR.match(run * 50_000 + "!")
    prose._LEADERS.search(run * 50_000 + "!")
"""


def test_runs_of_signs_end():
    subprocess.run([sys.executable, "-c", PROBE], check=True, timeout=90)
