"""Which size of chunk answers the most questions, by plain BM25.

    python bench/library/chunks.py [--pdf] [--words 80,120,180,250,350]

The same questions (tune.jsonl) are put to SQLite's FTS5 with weights for heading, path and text,
over the Markdown rules cut into chunks of each size, without overlap and with 15 percent of the
chunk before under the same heading. With ``--pdf`` the PDF of the same rules, by page. A question
is answered at k when one of the first k distinct sections is right: a chunk stands for the heading
that it begins under and, where an entry has several, for all of them.

Nothing is expanded or corrected: this measures the cutting, not the search.
"""

import argparse
import json
import os
import re
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ttrpg_core.context import Context
from ttrpg_core.documents import Chunk, Section, Source
from ttrpg_ingest.chunks import cut

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("TTRPG_TEST_DATA", ROOT.parent / "shared" / "data"))
BOOK = DATA / "rules/md/dnd5e-srd-5.1"
PDF = DATA / "rules/pdf/SRD_CC_v5.1.pdf"
QUESTIONS = DATA / "retrieval/tune.jsonl"
WEIGHTS = "5.0, 2.0, 1.0"
"""Of the heading, the path and the text."""
OVERLAP = 0.15
AT = (1, 5, 10)
DEEP = 60
"""Chunks that are fetched for the first ten sections."""
_STOP_WORDS = (
    "a an and are as at be by can do does for from get have how i if in is it its me my of on or "
    "our so that the their there they this to was we what when where which who why will with you "
    "your s t"
)
_STOP = frozenset(_STOP_WORDS.split())


def folder(root: Path) -> list[Section]:
    """The sections of a folder of Markdown, with file and line."""
    from ttrpg_ingest.marks.vault import Vault

    return [each for each in Vault(Context()).parse(Source(root)) if isinstance(each, Section)]


def pages(path: Path) -> list[Section]:
    """The sections of a PDF as the library keeps them."""
    from ttrpg_ingest.edges import without_running_lines
    from ttrpg_ingest.labels import labelled
    from ttrpg_ingest.pdf import Pdf

    found = [each for each in Pdf(Context()).parse(Source(path)) if isinstance(each, Section)]
    return list(without_running_lines(labelled(found)))


class Index:
    """Chunks in FTS5."""

    def __init__(self, chunks: Sequence[Chunk], overlap: float) -> None:
        self.chunks = chunks
        self.table = sqlite3.connect(":memory:")
        self.table.execute(
            "CREATE VIRTUAL TABLE c USING fts5(heading, path, text, tokenize='porter unicode61')"
        )
        rows = []
        before: Chunk | None = None
        for number, chunk in enumerate(chunks):
            text = chunk.text
            if overlap and before is not None and before.path == chunk.path:
                words = before.text.split()
                text = " ".join(words[-max(1, int(overlap * len(words))) :]) + "\n" + text
            rows.append((number, chunk.heading, " ".join(chunk.path[:-1]), text))
            before = chunk
        self.table.executemany(
            "INSERT INTO c (rowid, heading, path, text) VALUES (?, ?, ?, ?)", rows
        )

    def search(self, query: str) -> list[Chunk]:
        """The best chunks."""
        words = [word for word in re.findall(r"\w+", query.lower()) if word not in _STOP]
        if not words:
            return []
        found = self.table.execute(
            f"SELECT rowid FROM c WHERE c MATCH ? ORDER BY bm25(c, {WEIGHTS}) LIMIT {DEEP}",
            [" OR ".join(f'"{word}"' for word in words)],
        )
        return [self.chunks[number] for (number,) in found]


def places(chunk: Chunk, *, by_page: bool) -> frozenset[object]:
    """What a chunk stands for: headings by file and line, or pages."""
    if by_page:
        first = chunk.first_page or 0
        return frozenset(range(first + 1, (chunk.last_page or first) + 2))
    lines = chunk.fields.get("lines", (str(chunk.line),))
    return (
        frozenset((chunk.file, str(line)) for line in lines)
        if isinstance(lines, tuple)
        else frozenset()
    )


def rank(question: dict[str, Any], found: Sequence[Chunk], *, by_page: bool) -> int | None:
    """The place of the right section among the distinct ones, from 1."""
    wanted: set[object] = set()
    for section in question["sections"]:
        wanted |= (
            set(section["pdf_pages"]) if by_page else {(section["file"], str(section["line"]))}
        )
    seen: set[frozenset[object]] = set()
    for chunk in found:
        here = places(chunk, by_page=by_page)
        if here in seen:
            continue
        seen.add(here)
        if here & wanted:
            return len(seen)
    return None


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pdf", action="store_true", help="the PDF, by page")
    parser.add_argument("--words", default="80,120,180,250,350", help="sizes to try")
    chosen = parser.parse_args()
    questions = [json.loads(line) for line in QUESTIONS.read_text("utf-8").splitlines()]
    sections = pages(PDF) if chosen.pdf else folder(BOOK)
    print(f"{(PDF if chosen.pdf else BOOK).name}: {len(questions)} questions")
    print(f"{'words':>5} {'overlap':>7} {'chunks':>6} {'cut s':>6}", end="")
    print("".join(f" {f'at {k}':>6}" for k in AT), f"{'mrr':>6}")
    for words in map(int, chosen.words.split(",")):
        start = time.process_time()
        chunks = cut("0", sections, words)
        seconds = time.process_time() - start
        for overlap in (0.0, OVERLAP):
            index = Index(chunks, overlap)
            ranks = [
                rank(each, index.search(each["query"]), by_page=chosen.pdf) for each in questions
            ]
            shares = [sum(r is not None and r <= k for r in ranks) / len(ranks) for k in AT]
            mrr = sum(1 / r for r in ranks if r) / len(ranks)
            print(f"{words:5} {overlap:7.0%} {len(chunks):6,} {seconds:6.2f}", end="")
            print("".join(f" {share:6.3f}" for share in shares), f"{mrr:6.3f}")


if __name__ == "__main__":
    main()
