"""How long a rule book takes until its text can be searched, against reading it bare.

    python bench/library/ingest.py [PDF]

Baselines, each in a process of its own, taken in turn with ours (the least of the runs counts):

* *bare*: pypdfium2 reading of every character of every page its code, box, font size, font name
  and flags, one call each, and doing nothing with them. This is what the parser has to know.
* *words*: only those calls to PDFium that our parser makes (the text of a page at once, then place
  and font of each word, and what is drawn), and nothing done with them.
* *text*: pypdfium2's ``get_text_range`` of every page: no places, no fonts, no order.
* *LanceDB*: the same chunks into a new table with a full-text index and no vectors, against the
  same chunks into our new database and its index; both for the work itself in a fresh process, and
  for that process as a whole, with its imports and the opening of an empty database.

Ours is ``ttrpg library add`` as a whole: interpreter, a new database, the children that parse, the
passages, the index. Memory is the sum of what the process and its children hold at the same time.
"""

import ctypes
import importlib
import json
import os
import pickle
import resource
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from figures import MISSED, at_most, not_measured

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("TTRPG_TEST_DATA", ROOT.parent / "shared" / "data"))
SRD = DATA / "rules/pdf/SRD_CC_v5.1.pdf"
OURS = ROOT / "packages/ttrpg-cli/src/ttrpg_cli/book/the-lamplit-road.pdf"
TTRPG = str(Path(sysconfig.get_path("scripts")) / "ttrpg")
RUNS = 3
COPIES = 4
"""Books that are added together, to see what a second processor brings."""
OF_BARE, MOST_MEGABYTES, OF_LANCEDB = 1.5, 400, 1.5
OF_LANCEDB_NAMES = ("chunks / LanceDB, in a process", "chunks / LanceDB, the whole process")
GLANCE = 0.02
"""Seconds between two looks at the memory."""


def bare(path: Path) -> None:
    """Every character with its box, size and font."""
    import pypdfium2
    from pypdfium2 import raw

    document = pypdfium2.PdfDocument(path)
    name = ctypes.create_string_buffer(128)
    flags = ctypes.c_int()
    box = [ctypes.c_double() for _ in range(4)]
    for page in document:
        text = page.get_textpage()
        for at in range(text.count_chars()):
            raw.FPDFText_GetUnicode(text, at)
            raw.FPDFText_GetCharBox(text, at, *(ctypes.byref(each) for each in box))
            raw.FPDFText_GetFontSize(text, at)
            raw.FPDFText_GetFontInfo(text, at, name, 128, ctypes.byref(flags))


def words(path: Path) -> None:
    """What our parser asks PDFium for."""
    import pypdfium2
    from pypdfium2 import raw

    from ttrpg_ingest.pdf.ink import Face, read_ink

    document = pypdfium2.PdfDocument(path)
    faces: dict[tuple[bytes, bool, bool], Face] = {}
    for index in range(len(document)):
        page = raw.FPDF_LoadPage(document.raw, index)
        read_ink(page, faces)
        raw.FPDF_ClosePage(page)


def plain(path: Path) -> None:
    """The text of every page."""
    import pypdfium2

    for page in pypdfium2.PdfDocument(path):
        page.get_textpage().get_text_range()


def add(path: Path, *options: str) -> float:
    """``ttrpg library add`` in a home of its own; the most megabytes it held."""
    with tempfile.TemporaryDirectory() as home:
        process = subprocess.Popen(
            [TTRPG, "library", "add", str(path), *options],
            env={**os.environ, "TTRPG_HOME": home},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        most = [0]
        watching = threading.Thread(target=_watch, args=(process, most), daemon=True)
        watching.start()
        _, err = process.communicate()
        watching.join()
        if process.returncode:
            raise SystemExit(err.decode())
    return most[0] / 1e6


def _watch(process: "subprocess.Popen[bytes]", most: list[int]) -> None:
    """Look at a process and its children until it ends; bytes held by all, pages shared too."""
    while process.poll() is None:
        most[0] = max(most[0], _held(process.pid))
        time.sleep(GLANCE)


def _held(pid: int) -> int:
    """Bytes of a process and what it started; 0 where the system does not say."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for task in Path(f"/proc/{pid}/task").iterdir():
            if task.name != str(pid):
                children += (task / "children").read_text().split()
    except OSError:
        return 0
    return pages * resource.getpagesize() + sum(_held(int(child)) for child in children)


def chunks_of(path: Path, file: Path) -> None:
    """The chunks of a book, as the library cuts it, kept in a file for both engines."""
    from ttrpg_core.app import App

    with tempfile.TemporaryDirectory() as home:
        environ = {**os.environ, "TTRPG_HOME": home}
        subprocess.run(
            [TTRPG, "library", "add", str(path)], env=environ, check=True, capture_output=True
        )
        app = App(environ=environ)
        file.write_bytes(pickle.dumps(list(app.library.chunks())))
        app.close()


def into_ours(file: Path) -> float:
    """Chunks into a new database and its index; seconds, without imports and opening."""
    from ttrpg_core.app import App

    chunks = pickle.loads(file.read_bytes())
    with tempfile.TemporaryDirectory() as home:
        app = App(environ={**os.environ, "TTRPG_HOME": home})
        app.library.begin(chunks[0].sha256, "pdf", 0, "")
        searcher = app.keyword_searcher()
        importlib.import_module("ttrpg_search.keyword.packs")  # LanceDB is imported here, too
        start = time.perf_counter()
        with app.store.transaction():
            searcher.add(app.library.finish(chunks[0].sha256, chunks))
        seconds = time.perf_counter() - start
        app.close()
    return seconds


def into_lancedb(file: Path) -> float:
    """Chunks into a new table with a full-text index; seconds, without imports and opening."""
    import lancedb
    import pyarrow as pa

    chunks = pickle.loads(file.read_bytes())
    with tempfile.TemporaryDirectory() as folder:
        database = lancedb.connect(folder)
        start = time.perf_counter()
        rows = {
            "id": [chunk.id for chunk in chunks],
            "heading": [chunk.heading for chunk in chunks],
            "text": [chunk.text for chunk in chunks],
        }
        database.create_table("chunks", pa.table(rows)).create_fts_index("text")
        return time.perf_counter() - start


INDEXED = {"ours": into_ours, "lancedb": into_lancedb}


def indexed(path: Path) -> list[tuple[str, float, float]] | None:
    """Ours against LanceDB, each run in a process of its own: in it, and as a whole process."""
    inside: dict[str, float] = {}
    whole: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "chunks")
        chunks_of(path, file)
        for _ in range(RUNS):
            for step in INDEXED:
                start = time.perf_counter()
                ended = subprocess.run(
                    [sys.executable, __file__, step, str(file)],
                    capture_output=True,
                    text=True,
                    check=False,
                )
                if ended.returncode:
                    print(f"{step}: not run: {ended.stderr.strip()[-200:]}")
                    for name in OF_LANCEDB_NAMES:
                        not_measured(name, OF_LANCEDB)
                    return None
                whole[step] = min(whole.get(step, 1e9), time.perf_counter() - start)
                inside[step] = min(inside.get(step, 1e9), json.loads(ended.stdout.split()[-1]))
        count = len(pickle.loads(file.read_bytes()))
    for name, times in (("in a process", inside), ("the whole process", whole)):
        print(
            f"{count} chunks kept and indexed, {name}: ours {times['ours']:.2f} s, LanceDB"
            f" {times['lancedb']:.2f} s"
        )
    return [
        (name, each["ours"] / each["lancedb"], OF_LANCEDB)
        for name, each in zip(OF_LANCEDB_NAMES, (inside, whole), strict=True)
    ]


BASELINES: dict[str, Callable[[Path], None]] = {"bare": bare, "words": words, "text": plain}


def measured(step: str, path: Path) -> dict[str, float]:
    """One step: wall seconds, CPU seconds of it and its children, megabytes."""
    before = _cpu()
    start = time.perf_counter()
    if step in BASELINES:
        BASELINES[step](path)
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    else:
        most = add(path, *(["--jobs", "1"] if step == "alone" else []))
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "cpu": _cpu() - before, "megabytes": most}


def _cpu() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def in_process(step: str, path: Path) -> dict[str, float]:
    """One step in a process of its own."""
    ended = subprocess.run(
        [sys.executable, __file__, step, str(path)], stdout=subprocess.PIPE, text=True, check=True
    )
    found: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    return found


def best(runs: list[dict[str, float]]) -> dict[str, float]:
    """The least wall and CPU of the runs, and the most memory."""
    return {
        "seconds": min(each["seconds"] for each in runs),
        "cpu": min(each["cpu"] for each in runs),
        "megabytes": max(each["megabytes"] for each in runs),
    }


def copies(path: Path, folder: Path) -> Path:
    """A folder of several books: the same one, with a comment behind the end of each file."""
    for number in range(COPIES):
        copy = folder / f"book-{number}.pdf"
        shutil.copyfile(path, copy)
        with copy.open("ab") as file:
            file.write(f"\n% copy {number}\n".encode())
    return folder


def main(path: Path) -> bool:
    """Print the figures and the ratios; whether every goal is met."""
    steps = ["add", *BASELINES]
    every: dict[str, list[dict[str, float]]] = {step: [] for step in steps}
    for _ in range(RUNS):
        for step in steps:
            every[step].append(in_process(step, path))
    found = {step: best(runs) for step, runs in every.items()}
    print(f"{path.name}, {os.cpu_count()} processors, least of {RUNS} runs")
    print(f"{'':24} {'wall s':>8} {'CPU s':>8} {'MB':>6} {'add / this':>11}")
    names = {"add": "ttrpg library add", "bare": "bare (the goal's)"}
    ours = found["add"]
    for step in steps:
        here = found[step]
        ratio = f"{ours['seconds'] / here['seconds']:11.2f}" if step != "add" else ""
        print(
            f"{names.get(step, step):24} {here['seconds']:8.2f} {here['cpu']:8.2f}"
            f" {here['megabytes']:6.0f} {ratio}"
        )
    checks = [
        ("wall / bare", ours["seconds"] / found["bare"]["seconds"], OF_BARE),
        ("CPU / bare", ours["cpu"] / found["bare"]["cpu"], OF_BARE),
        ("memory in MB, process and children", ours["megabytes"], MOST_MEGABYTES),
    ]
    with tempfile.TemporaryDirectory() as folder:
        several = copies(path, Path(folder))
        together, alone = (in_process(step, several)["seconds"] for step in ("add", "alone"))
    print(f"{COPIES} such books: {together:.1f} s, one after the other (--jobs 1) {alone:.1f} s")
    checks += indexed(path) or []
    for name, figure, goal in checks:
        print(f"{name}: {figure:.2f} ({at_most(name, figure, goal)})")
    return all(figure <= goal for _, figure, goal in checks)


if __name__ == "__main__":
    if len(sys.argv) > 2:  # noqa: PLR2004 - the child's own call
        step, file = sys.argv[1], Path(sys.argv[2])
        print(json.dumps(INDEXED[step](file) if step in INDEXED else measured(step, file)))
    else:
        wanted = Path(sys.argv[1]) if len(sys.argv) > 1 else SRD if SRD.exists() else OURS
        sys.exit(0 if main(wanted) else MISSED)
