"""How long a question takes, from the shell's prompt to the passage, and inside the process.

    python bench/search.py [BOOK]

BOOK is a file to put on the shelf (default: SRD 5.2 as Markdown from the test data where it is,
else the rule book that ships). Whole processes are compared with `python -c "import click"`;
queries with a bare FTS5 query on the same table, which ranks by BM25 alone. The least of the runs
counts.
"""

import os
import sqlite3
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from startup import cpu
from ttrpg_core.app import App
from ttrpg_core.search import Query

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("TTRPG_TEST_DATA", ROOT.parent / "shared" / "data"))
SRD = DATA / "rules/md/dnd5e-srd-5.2/DND-SRD-5.2-CC.md"
OURS = ROOT / "packages/ttrpg-cli/src/ttrpg_cli/book/the-lamplit-road.pdf"
TTRPG = str(Path(sysconfig.get_path("scripts")) / "ttrpg")
QUERIES = (
    "grappled condition",
    "opportunity attack",
    "how does falling damage work",
    "fireball",
    "AC of plate",
)


def least(action: Callable[[], object], runs: int = 15) -> float:
    """Seconds of the quickest run."""
    best = float("inf")
    for _ in range(runs):
        start = time.perf_counter()
        action()
        best = min(best, time.perf_counter() - start)
    return best


def bare(connection: sqlite3.Connection, query: str) -> object:
    """The baseline: BM25 over the same index, any of the words, no second ordering."""
    words = " OR ".join(f'"{word}"' for word in query.split())
    return connection.execute(
        "SELECT c.text, c.label FROM search_fts JOIN search_chunks c ON c.id = search_fts.rowid"
        " WHERE search_fts MATCH ? ORDER BY bm25(search_fts) LIMIT 3",
        [words],
    ).fetchall()


def main() -> None:
    """Measure and print."""
    book = Path(sys.argv[1]) if len(sys.argv) > 1 else SRD if SRD.exists() else OURS
    with tempfile.TemporaryDirectory() as home:
        environ = {**os.environ, "TTRPG_HOME": home}
        start = time.perf_counter()
        subprocess.run(
            [TTRPG, "library", "add", str(book)], env=environ, check=True, capture_output=True
        )
        added = time.perf_counter() - start
        app = App(environ=environ)
        searcher = app.keyword_searcher()
        print(f"{book.name}: {searcher.count():,} passages, added in {added:.1f} s")
        base = [sys.executable, "-c", "import click"]
        click = min(cpu(base, environ) for _ in range(10))
        whole = min(cpu([TTRPG, "search", "grappled", "condition"], environ) for _ in range(10))
        print(f"ttrpg search: {whole * 1000:.0f} ms CPU, {whole / click:.1f} times import click")
        print(f"{'query':32} {'ms':>7} {'/ bare FTS5':>12}")
        for query in QUERIES:
            ours = least(lambda: searcher.search(Query(query), 3))  # noqa: B023 - called at once
            theirs = least(lambda: bare(app.store.connection, query))  # noqa: B023 - called at once
            print(f"{query:32} {ours * 1000:7.2f} {ours / theirs:12.1f}")
        app.close()


if __name__ == "__main__":
    main()
