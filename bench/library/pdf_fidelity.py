"""How faithfully PDF books are read, beside a text of the same book in Markdown.

    python bench/library/pdf_fidelity.py [PDF MD_FOLDER]

Without arguments: SRD 5.1 from the test data, then one line for each PDF of the test data.

- word recall: of the words of the Markdown, each as often as it stands there, the share that the
  reading has as often.
- order score: of all runs of four words that follow each other inside a paragraph, heading or
  table row of the Markdown, the share that follow each other in the reading just so. A run over
  a wrongly joined column, a lost space or a misplaced line is not found. ``lost words aside`` is
  the same over runs whose four words the reading has at all.
- tables: of the Markdown's tables, the share of which at least seven in ten rows stand, cell for
  cell in this order, in one row each of the reading's tables.
- headings: recall and precision by title; a title of a table counts as a heading on both sides.
- time: wall time of a whole reading over that of bare PDFium: each letter with box and font.
"""

import json
import os
import re
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import attrs

from ttrpg_core.context import Context
from ttrpg_core.documents import Notice, Section, Source
from ttrpg_core.errors import ParseError
from ttrpg_ingest.edges import without_running_lines
from ttrpg_ingest.labels import labelled
from ttrpg_ingest.pdf import Pdf

DATA = Path(os.environ.get("TTRPG_TEST_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
RUN = 4
_WORD = re.compile(r"[^\W_]+")
_RULE = re.compile(r"[\s|:-]+")
_TITLE = re.compile(r"\*\*\s*(?:Table\s*-\s*)?(.+?)\s*\*\*")


@attrs.frozen
class Reading:
    """What came out of a PDF, and what it cost."""

    sections: list[Section]
    notices: list[Notice]
    pages: int
    seconds: float


def read(path: Path) -> Reading:
    """A whole book, as the library would keep it."""
    start = time.perf_counter()
    parser = Pdf(Context())
    pages = parser.describe(Source(path)).pages
    found = list(parser.parse(Source(path)))
    seconds = time.perf_counter() - start
    sections = [each for each in found if isinstance(each, Section)]
    notices = [each for each in found if isinstance(each, Notice)]
    return Reading(without_running_lines(labelled(sections)), notices, pages, seconds)


def bare(path: Path) -> float:
    """Seconds that PDFium takes for each letter with its box and font, and nothing else."""
    import ctypes

    import pypdfium2
    import pypdfium2.raw as pdfium

    start = time.perf_counter()
    document = pypdfium2.PdfDocument(path)
    box = [ctypes.c_double() for _ in range(4)]
    name, flags = ctypes.create_string_buffer(128), ctypes.c_int()
    for page in document:
        text = page.get_textpage()
        for index in range(text.count_chars()):
            pdfium.FPDFText_GetUnicode(text.raw, index)
            pdfium.FPDFText_GetCharBox(text.raw, index, *box)
            pdfium.FPDFText_GetFontInfo(text.raw, index, name, 128, flags)
            pdfium.FPDFText_GetFontSize(text.raw, index)
        text.close()
        page.close()
    return time.perf_counter() - start


def words(text: str) -> list[str]:
    """The words as they are compared."""
    return _WORD.findall(text.casefold().replace("\u2019", "'").replace("'", ""))


def blocks(folder: Path) -> Iterator[str]:
    """The paragraphs, headings and table rows of a folder of Markdown."""
    for file in sorted(folder.rglob("*.md")):
        text = re.sub(r"<[^>]+>|\]\([^)]*\)", " ", file.read_text("utf-8"))
        for block in re.split(r"\n\s*\n", text):
            lines = block.strip().split("\n")
            if any(line.lstrip(" >").startswith(("|", "#", "-", "*")) for line in lines):
                yield from (line for line in lines if not _RULE.fullmatch(line))
            else:
                yield block


def runs(text: Iterable[str]) -> Counter[tuple[str, ...]]:
    """Each run of words, as often as it stands there."""
    found: Counter[tuple[str, ...]] = Counter()
    for block in text:
        here = words(block)
        found.update(zip(*(here[at:] for at in range(RUN)), strict=False))
    return found


def tables(lines: Iterable[str]) -> list[list[str]]:
    """The rows of each pipe table, its cells' words run together."""
    found: list[list[str]] = []
    inside = False
    for line in lines:
        row = line.strip(" >")
        if not row.startswith("|"):
            inside = False
            continue
        if not inside:
            found.append([])
        inside = True
        key = "".join(words(row))
        if key and not _RULE.fullmatch(row):
            found[-1].append(key)
    return [table for table in found if table]


def compare(reading: Reading, folder: Path) -> dict[str, float]:
    """The figures for a book that is there in Markdown too."""
    wanted = list(blocks(folder))
    text = [f"{each.heading}\n\n{each.text}" for each in reading.sections]
    need, have = Counter(words("\n".join(wanted))), Counter(words("\n".join(text)))
    order, got = runs(wanted), runs([" ".join(text)])
    known = {run: count for run, count in order.items() if all(word in have for word in run)}
    files = [file.read_text("utf-8") for file in sorted(folder.rglob("*.md"))]
    lines = [line for file in files for line in [*file.split("\n"), ""]]
    mine = tables(line for each in reading.sections for line in [*each.text.split("\n"), ""])
    rows = {row for table in mine for row in table}
    theirs = tables(lines)
    others = [table for table in theirs if table[0] != "strdexconintwischa"]
    heads = {_key(line.lstrip(" >#")) for line in lines if line.lstrip(" >").startswith("#")}
    bold = {_key(each[1]) for line in lines if (each := _TITLE.fullmatch(line.strip(" >")))}
    titles = [_key(each.heading) for each in reading.sections if each.heading]
    return {
        "word recall": (need & have).total() / need.total(),
        "order score": sum(min(n, got[run]) for run, n in order.items()) / order.total(),
        "order score, lost words aside": sum(min(n, got[run]) for run, n in known.items())
        / sum(known.values()),
        "tables found": _found(theirs, rows),
        "tables found, ability scores aside": _found(others, rows),
        "headings recall": len(heads & set(titles)) / len(heads),
        "headings precision": sum(each in heads | bold for each in titles) / len(titles),
    }


def _found(wanted: list[list[str]], rows: set[str]) -> float:
    good = sum(sum(row in rows for row in table) >= 0.7 * len(table) for table in wanted)
    return good / max(1, len(wanted))


def _key(title: str) -> str:
    return "".join(words(title))


def answerable(reading: Reading, tune: Path) -> float:
    """The share of the headings that questions lead to that stand on one of their pages."""
    placed = {(_key(each.heading), (each.page or 0) + 1) for each in reading.sections}
    wanted = {
        (_key(section["heading"]), tuple(section["pdf_pages"]))
        for line in tune.read_text("utf-8").splitlines()
        for section in json.loads(line)["sections"]
        if section.get("pdf_pages")
    }
    missing = [
        (title, pages)
        for title, pages in sorted(wanted)
        if not any((title, page) in placed for page in pages)
    ]
    print("  not found as headings:", ", ".join(f"{title} {pages}" for title, pages in missing))
    return 1 - len(missing) / len(wanted)


def line(path: Path) -> str:
    """What became of one PDF."""
    try:
        reading = read(path)
    except ParseError as error:
        return f"{path.name:40} refused: {error.message}"
    heads = sum(bool(each.heading) for each in reading.sections)
    grids = sum(each.kind == "table" for each in reading.sections)
    label = next((e for e in reading.sections if e.label and e.page), None)
    said = f"{label.label} at {label.page}" if label else "none"
    return (
        f"{path.name:40} {reading.pages:5} pages {heads:5} headings {grids:4} tables "
        f"{len(reading.notices):4} notices {reading.seconds:6.2f} s  label {said}"
    )


def book(path: Path, folder: Path) -> None:
    """All figures of one book, each with its goal."""
    reading = read(path)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    goals = {"word recall": 0.99, "order score": 0.97}
    print(f"{path.name}, {reading.pages} pages")
    for name, value in compare(reading, folder).items():
        goal = f"  goal {goals[name]}" if name in goals else ""
        print(f"  {name:36} {value:.4f}{goal}")
    tune = DATA / "retrieval/tune.jsonl"
    if path.name == "SRD_CC_v5.1.pdf":
        right = {e.page for e in reading.sections if e.label == str((e.page or 0) + 1)}
        print(f"  {'pages with the right label':36} {len(right) / reading.pages:.4f}  goal 0.99")
        if tune.exists():
            print(f"  {'headings of questions on their page':36} {answerable(reading, tune):.4f}")
    cost = bare(path)
    ratio = reading.seconds / cost
    print(f"  {'seconds':36} {reading.seconds:.2f}; bare {cost:.2f}; ratio {ratio:.2f}  goal 1.5")
    print(f"  {'peak MB':36} {peak:.0f}  goal 400")


def main(arguments: list[str]) -> int:
    """Print the figures."""
    match arguments:
        case ["--line", file]:
            print(line(Path(file)))
            return 0
        case [file, folder]:
            book(Path(file), Path(folder))
            return 0
    if not DATA.is_dir():
        print("no test data: set TTRPG_TEST_DATA", file=sys.stderr)
        return 2
    sys.stdout.flush()
    book(DATA / "rules/pdf/SRD_CC_v5.1.pdf", DATA / "rules/md/dnd5e-srd-5.1")
    sys.stdout.flush()
    for path in sorted([*DATA.glob("rules/pdf/*.pdf"), *DATA.glob("pdf/*/*.pdf")]):
        subprocess.run([sys.executable, __file__, "--line", str(path)], timeout=300, check=False)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
