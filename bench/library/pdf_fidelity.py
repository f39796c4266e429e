"""How faithfully PDF books are read, beside a text of the same book in Markdown.

    python bench/library/pdf_fidelity.py [PDF MD_FOLDER]

Without arguments: SRD 5.1 from the test data, then one line for each PDF of the test data.

- word recall: of the words of the Markdown, each as often as it stands there, the share that the
  reading has as often.
- order score: of all runs of four words that follow each other inside a paragraph, heading or
  table row of the Markdown, the share that follow each other in the reading just so. A run over
  a wrongly joined column, a lost space or a misplaced line is not found. ``lost words aside`` is
  the same over runs whose four words the reading has at all.
- split: of the creatures, spells and items that the Markdown has, those that the reading has under
  the same title but not as one passage with at least 17 in 20 of their words (the two differ in
  small things; a variant of a creature, in a box of its own, is not counted with it).
- tables: of the Markdown's tables, the share of which at least seven in ten rows stand, cell for
  cell in this order, in one row each of the reading's tables.
- headings: recall and precision by title; a title of a table counts as a heading on both sides.
- time: wall time of a whole reading over that of bare PDFium: each letter with box and font.

Of a PDF that stands alone:

- recall: letters and figures of PDFium's plain text of each page that the reading has too.
- joints: the share of the joints between paragraphs that read on (as in the quality report): one
  that ends in the middle of a sentence is followed by one that begins there, and the other way.
- printed: of the pages with a label and with a number in their upper or lower margin (a sixth of
  the page, read by PDFium alone), the share whose label is that number; and where labels come from.
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
from figures import at_least, at_most

from ttrpg_core.context import Context
from ttrpg_core.documents import Notice, Section, Source
from ttrpg_core.errors import ParseError
from ttrpg_ingest.chunks import cut
from ttrpg_ingest.edges import without_running_lines
from ttrpg_ingest.facts.quality import order_score
from ttrpg_ingest.folding import fold
from ttrpg_ingest.labels import labelled
from ttrpg_ingest.pdf import Pdf

DATA = Path(os.environ.get("TTRPG_TEST_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
RUN = 4
WHOLE = 0.85
MARGIN, SHORT = 1 / 6, 80
_WORD = re.compile(r"[^\W_]+")
_RULE = re.compile(r"[\s|:-]+")
_EDGE = re.compile(r"^\W*(\d{1,4}|[ivxl]+)\b|\b(\d{1,4}|[ivxl]+)\W*$")
_VARIANT = re.compile(r"\n\W*Variant:")
_BROKEN = re.compile("[\x02\ufffe]\\s*")
_TITLE = re.compile(r"\*\*\s*(?:Table\s*-\s*)?(.+?)\s*\*\*")


@attrs.frozen
class Reading:
    """What came out of a PDF, and what it cost."""

    sections: list[Section]
    notices: list[Notice]
    pages: int
    seconds: float
    raw: list[Section]


def read(path: Path) -> Reading:
    """A whole book, as the library would keep it."""
    start = time.perf_counter()
    parser = Pdf(Context())
    pages = parser.describe(Source(path)).pages
    found = list(parser.parse(Source(path)))
    seconds = time.perf_counter() - start
    sections = [each for each in found if isinstance(each, Section)]
    notices = [each for each in found if isinstance(each, Notice)]
    clean = without_running_lines(labelled(sections))
    return Reading(clean, notices, pages, seconds, sections)


def megabytes() -> float:
    """The most memory that this process had; its parent's does not count."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.findall(r"VmHWM:\s*(\d+)", status.read_text())[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


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


def whole(sections: list[Section], folder: Path) -> Iterator[tuple[str, int, int, list[str]]]:
    """Of each kind of entry: how many there are in Markdown, found, and which are split."""
    from ttrpg_ingest.marks.vault import Vault

    told = Vault(Context()).parse(Source(folder))
    theirs = cut("0", [each for each in told if isinstance(each, Section)], 180)
    mine = cut("0", sections, 180)
    for kind in ("stat_block", "spell", "item"):
        here: dict[str, list[Counter[str]]] = {}
        for chunk in mine:
            if chunk.kind == kind:
                here.setdefault(_key(chunk.heading), []).append(Counter(words(chunk.text)))
        wanted = [chunk for chunk in theirs if chunk.kind == kind]
        found = [chunk for chunk in wanted if _key(chunk.heading) in here]
        split = [
            chunk.heading
            for chunk in found
            if not any(
                (need & have).total() >= WHOLE * need.total()
                for need in [Counter(words(_VARIANT.split(chunk.text)[0]))]
                for have in here[_key(chunk.heading)]
            )
        ]
        yield kind, len(wanted), len(found), split


def plain(path: Path) -> Iterator[tuple[int, str, set[str]]]:
    """Of each page that PDFium opens: its plain text, and the numbers in its margins."""
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    for index, page in enumerate(document):
        text = page.get_textpage()
        height = page.get_height()
        margins = [
            text.get_text_bounded(bottom=height * (1 - MARGIN)),
            text.get_text_bounded(top=height * MARGIN),
        ]
        numbers = {
            first or last
            for line in "\n".join(margins).splitlines()
            for first, last in _EDGE.findall(fold(line))
            if len(line) < SHORT
        }
        yield index, fold(_BROKEN.sub("", text.get_text_range())), numbers
        text.close()
        page.close()


def _letters(text: str) -> Counter[str]:
    return Counter(char for char in text.casefold() if char.isalnum())


def alone(path: Path) -> str:
    """What became of one PDF, in one line."""
    try:
        reading = read(path)
    except ParseError as error:
        return f"{path.name:34.34} {error.message.removeprefix(path.name).strip(' :')}"
    peak = megabytes()
    texts: Counter[int] = Counter()
    letters: dict[int, Counter[str]] = {}
    labels = {each.page: each.label for each in reading.sections if each.label}
    for each in reading.raw:
        texts[each.page or 0] += len(each.text.split())
        here = letters.setdefault(each.page or 0, Counter())
        here.update(_letters(f"{each.heading} {each.text}"))
    need = have = printing = right = 0
    try:
        for index, text, numbers in plain(path):
            there = _letters(text)
            need += there.total()
            have += (there & letters.get(index, Counter())).total()
            printing += bool(numbers and index in labels)
            right += labels.get(index) in numbers
    except RuntimeError:  # only pypdf opens it
        need = 0
    empty = reading.pages - sum(count > 0 for count in texts.values())
    heads = sum(bool(each.heading) for each in reading.sections)
    grids = sum(each.kind == "table" for each in reading.sections)
    own = any(each.label for each in reading.raw)
    if need:
        at_least("word recall of a PDF alone", have / need, 0.99, path.name)
    if printing:
        at_least("printed page of a PDF's pages right", right / printing, 0.99, path.name)
    at_most("MB for a PDF alone", peak, 500, path.name)
    source = "none" if not labels else "the file" if own else "learnt"
    return (
        f"{path.name:34.34} {reading.pages:5} {empty:5} {texts.total():8,} "
        f"{have / need if need else 1:7.4f} {order_score(reading.sections):6.3f} {heads:5} "
        f"{grids:6} {source:>8} {f'{right}/{printing}' if labels else '-':>8} "
        f"{reading.seconds:7.2f} {peak:5.0f}"
    )


HEAD = (
    f"{'file':34} {'pages':>5} {'empty':>5} {'words':>8} {'recall':>7} {'joints':>6} {'heads':>5} "
    f"{'tables':>6} {'labels':>8} {'printed':>8} {'seconds':>7} {'MB':>5}"
)


def book(path: Path, folder: Path) -> None:
    """All figures of one book, each with its goal."""
    reading = read(path)
    peak = megabytes()
    goals = {"word recall": 0.99, "order score": 0.97}
    print(f"{path.name}, {reading.pages} pages, beside {folder.name} in Markdown")
    for name, value in compare(reading, folder).items():
        goal = f"  {at_least(f'SRD, {name}', value, goals[name])}" if name in goals else ""
        print(f"  {name:42} {value:.4f}{goal}")
    for kind, count, found, split in whole(reading.sections, folder):
        name = f"{kind}: split, of {found} found of {count}"
        goal = at_most(f"SRD, split: {kind}", len(split), 0)
        print(f"  {name:42} {len(split)}  {goal}  {', '.join(split[:8])}")
    tune = DATA / "retrieval/tune.jsonl"
    if path.name == "SRD_CC_v5.1.pdf":
        right = {e.page for e in reading.sections if e.label == str((e.page or 0) + 1)}
        share = len(right) / reading.pages
        goal = at_least("SRD, pages with the right label", share, 0.99)
        print(f"  {'pages with the right label':42} {share:.4f}  {goal}")
        if tune.exists():
            print(f"  {'headings of questions on their page':42} {answerable(reading, tune):.4f}")
    cost = bare(path)
    ratio = reading.seconds / cost
    goal = at_most("SRD, seconds of the parser / bare", ratio, 1.5)
    print(f"  {'seconds':42} {reading.seconds:.2f}; bare {cost:.2f}; ratio {ratio:.2f}  {goal}")
    print(f"  {'peak MB':42} {peak:.0f}  {at_most('SRD, MB of the parser', peak, 400)}")


def main(arguments: list[str]) -> int:
    """Print the figures."""
    match arguments:
        case ["--line", file]:
            print(alone(Path(file)))
            return 0
        case [file, folder]:
            book(Path(file), Path(folder))
            return 0
    if not DATA.is_dir():
        print("fidelity: skipped, the test data is not here; set TTRPG_TEST_DATA")
        return 0
    sys.stdout.flush()
    book(DATA / "rules/pdf/SRD_CC_v5.1.pdf", DATA / "rules/md/dnd5e-srd-5.1")
    print(f"\nEach PDF alone; goals: recall .99, printed 99 in 100, MB 500\n{HEAD}")
    sys.stdout.flush()
    for path in sorted([*DATA.glob("rules/pdf/*.pdf"), *DATA.glob("pdf/*/*.pdf")]):
        subprocess.run([sys.executable, __file__, "--line", str(path)], timeout=300, check=False)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
