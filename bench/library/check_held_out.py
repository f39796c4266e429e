"""Check the held-out retrieval questions against the rule book they are asked of.

Usage: ``check_held_out.py CORPUS PDF``: the folder of the SRD 5.1 in Markdown, and the same book
as a PDF. Exits with 1 and names each fault when a question points at a heading that is not on its
line or a page its section does not stand on, breaks the rule of its kind, or is asked twice.

The questions guard against over-fitting: most of their sections were drawn at random (seed
20261127) from every part of the book, and they were written without sight of the code that reads
a question or of the tuning set, but for its first three lines. Measure with them; never tune.
The second set was written later, in the same way (seed 20261128). What failed of it was looked at
once it had been measured, so it guards against changes for the worse and is held out no more.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import unicodedata
from bisect import bisect_right
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pypdfium2  # type: ignore[import-untyped]

Question = dict[str, Any]
HERE = Path(__file__).parent
SETS = {
    "held_out": {"exact": 20, "natural": 60, "paraphrase": 40}
    | {"misspelled": 22, "abbreviation": 18},
    "held_out_second": {"exact": 14, "natural": 62, "paraphrase": 40}
    | {"misspelled": 22, "abbreviation": 17},
}
"""The files of questions, and how many of each kind they have."""
HEADING = re.compile(r"^[> ]*(#+)\s+(.*?)\s*$")
WINDOW = 9  # words matched at once: long enough to be rare, short enough to stand on one page
SUFFIXES = re.compile(r"(?:ings?|ions?|ies|ied|ers?|ed|es|ly|s|e|y)$")
STOP = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be by do for from i in into is it its no not of on or out s the their "
        "this to up with your",
    )
)
COMMON = 4  # letters that make one stem the beginning of another
FULL = 0.8  # the least part of a section's runs that must stand on the pages named


def folded(text: str) -> str:
    """Return the letters and digits of ``text``; the editions differ in all the rest."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).lower()))


def stems(text: str) -> set[str]:
    """Return the stems of the words of ``text`` that carry meaning."""
    words = re.findall(r"[a-z0-9]+", re.sub(r"['\u2019]s\b", "", text.lower()))
    return {SUFFIXES.sub("", word) or word for word in words if word not in STOP}


def shared_stems(query: str, heading: str) -> list[str]:
    """Return the stems common to both, one that begins another (four letters or more) included."""
    asked, named = stems(query), stems(heading)

    def same(a: str, b: str) -> bool:
        return a == b or (min(len(a), len(b)) >= COMMON and (a.startswith(b) or b.startswith(a)))

    return sorted(a for a in asked if any(same(a, b) for b in named))


class Book:
    """The text of a PDF as one folded string that knows on which page each letter stands."""

    def __init__(self, path: Path) -> None:
        """Read every page of ``path``, without its running foot."""
        foot = re.compile(r"systemreferencedocument51\d*")
        self.text, self.starts = "", []
        for page in pypdfium2.PdfDocument(path):
            self.starts.append(len(self.text))
            self.text += foot.sub("", folded(page.get_textpage().get_text_range()))

    @cache  # noqa: B019 - one book for one run
    def places(self, phrase: str) -> tuple[tuple[int, int], ...]:
        """Return the first and last page (1-based) of each place ``phrase`` stands."""
        starts = (match.start() for match in re.finditer(re.escape(phrase), self.text))
        return tuple((self.page(at), self.page(at + len(phrase) - 1)) for at in starts)

    def page(self, at: int) -> int:
        """Return the page (1-based) on which letter ``at`` stands."""
        return bisect_right(self.starts, at)


@cache
def lines_of(path: Path) -> list[str]:
    """Return the lines of a Markdown file."""
    return path.read_text(encoding="utf-8").splitlines()


def windows(path: Path, line: int) -> list[str]:
    """Return the section headed on ``line``, to the next heading, as folded runs of words."""
    lines = lines_of(path)
    end = next((i for i in range(line, len(lines)) if HEADING.match(lines[i])), len(lines))
    words = [word for text in lines[line - 1 : end] for word in text.split() if folded(word)]
    starts = range(0, max(1, len(words) - WINDOW + 1), 3)
    return [folded(" ".join(words[i : i + WINDOW])) for i in starts]


def check(question: Question, corpus: Path, book: Book) -> list[str]:
    """Return the faults of one question."""
    query, kind, faults = question["query"], question["kind"], []
    headings = {section["heading"] for section in question["sections"]}
    if headings != set(question["relevant"]):
        faults.append("`relevant` and the headings of `sections` differ")
    if kind == "exact" and query.lower() not in {heading.lower() for heading in headings}:
        faults.append("an exact query must equal a heading")
    for section in question["sections"]:
        path, pages = corpus / section["file"], set(section["pdf_pages"])
        where = f"{section['file']}:{section['line']} {section['heading']}"
        mark = HEADING.match(lines_of(path)[section["line"] - 1])
        if not mark or (len(mark[1]), mark[2]) != (section["level"], section["heading"]):
            faults.append(f"no such heading: {where}")
            continue
        if kind == "paraphrase" and (common := shared_stems(query, section["heading"])):
            faults.append(f"shares {common} with {where}")
        runs = [run for phrase in windows(path, section["line"]) if (run := book.places(phrase))]
        carried = {page for run in runs for span in run for page in span}
        inside = sum(any(set(span) <= pages for span in run) for run in runs)
        if not pages or not pages <= carried or inside < FULL * len(runs):
            faults.append(f"{inside} of {len(runs)} runs on pages {sorted(pages)}: {where}")
    return faults


def faults_of_all(
    name: str, asked: list[Question], unanswerable: list[Question], corpus: Path
) -> list[str]:
    """Return what is wrong with the sets as wholes: strings held, repeats, numbers of a kind."""
    texts = ("\n".join(lines_of(path)).lower() for path in sorted(corpus.rglob("*.md")))
    everything = "\n".join(texts)
    faults = [
        f"{question['id']}: the book does hold {question['absent_from_corpus']!r}"
        for question in unanswerable
        if question["absent_from_corpus"].lower() in everything
    ]
    for field in ("id", "query"):
        seen = Counter(question[field].lower() for question in asked + unanswerable)
        faults += [f"{field} {value!r} stands {n} times" for value, n in seen.items() if n > 1]
    if (kinds := Counter(question["kind"] for question in asked)) != SETS[name]:
        faults.append(f"kinds are {dict(kinds)}, not {SETS[name]}")
    return faults


def main() -> int:
    """Check both files, print the counts and return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("pdf", type=Path)
    arguments = parser.parse_args()
    book = Book(arguments.pdf)
    faulty = False
    for name in SETS:
        asked, unanswerable = (
            [json.loads(line) for line in (HERE / each).read_text(encoding="utf-8").splitlines()]
            for each in (f"{name}.jsonl", f"{name}_unanswerable.jsonl")
        )
        faults = faults_of_all(name, asked, unanswerable, arguments.corpus)
        for question in asked:
            found = check(question, arguments.corpus, book)
            faults += [f"{question['id']}: {one}" for one in found]
        targets = {(one["file"], one["line"]) for each in asked for one in each["sections"]}
        kinds = Counter(question["kind"] for question in asked)
        print(f"{name}: {len(asked)} questions {dict(kinds)}, {len(unanswerable)} unanswerable")
        files = {file for file, _ in targets}
        print(f"{len(targets)} sections in {len(files)} files; {len(faults)} faults")
        print("\n".join(faults), end="\n" if faults else "")
        faulty = faulty or bool(faults)
    return 1 if faulty else 0


if __name__ == "__main__":
    sys.exit(main())
