"""How fast a hybrid question is answered, against LanceDB and Chroma, and how that grows.

    python bench/library/speed.py [CHUNKS...]

Sizes are 5,000, 20,000 and 100,000 chunks unless given. Each engine fills an index in a process of
its own, which is kept for the next run (see kept.py); then each has a process that opens its index,
and all are asked in turns, 200 warm questions one by one, so that what else the machine does slows
all of them. Texts, vectors and questions are the same for all (see corpus.py). Printed: seconds to
fill when the index was made, milliseconds to open and answer first, median and 95th percentile of
the rest, the median of their processor time (which says more where others use the machine),
megabytes in memory and on disk, how often the chunk that a question was made of is among the ten;
then ratios with their goals. That of filling is measured anew at the least size, in turns.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from functools import cache, partial
from pathlib import Path

import corpus as made
import engines
import ours
from figures import at_most, not_measured, once
from kept import digest, folder, installed, sources

SIZES = (5_000, 20_000, 100_000)
DEFAULT = {"keyword": "fts5", "vector": "exact"}
FAST = {"keyword": "fts5", "vector": "faiss"}
"""With the extra that gains most: once a process has numpy, the columns beside FTS5 are quicker
than tantivy's candidates, which have to be read and scored one by one (docs/decisions/0016)."""
CHOSEN = {"ttrpg": DEFAULT, "ttrpg-fast": FAST}
ENGINES = ("lancedb", "chroma", "ttrpg", "ttrpg-fast")
ALONE = "ttrpg-near"
"""The vectors alone of the index with the fast extras, as Chroma's are: it has no words."""
HERE = Path(__file__).parent
PACKAGES = HERE.parents[1] / "packages"
OF_OURS = [PACKAGES / f"ttrpg-{name}" / "src" for name in ("core", "search")]
FILLS = 3
"""Times that an index is filled for the ratio of filling, of which the least counts."""
QUESTIONS = 200
OF_LANCEDB, OF_MEDIAN, OF_FILLED = 0.35, 4.0, 1.5
"""Goals: our median by LanceDB's; our 95th percentile by our median; our filling by LanceDB's."""
GROWTH = "growth of the median / of the library"


def fill(engine: str, place: Path, size: int) -> dict[str, float]:
    """Fill an engine's index; called in a process of its own."""
    corpus = made.kept(size, whole=True)
    start = time.perf_counter()
    if engine.startswith("ttrpg"):
        ours.fill(place, corpus, CHOSEN[engine])
    else:
        getattr(engines, f"{engine}_fill")(place, corpus)
    return {"seconds": time.perf_counter() - start}


def grow(place: Path, size: int) -> dict[str, float]:
    """Make of a copy of our default index that with the fast extras; in a process of its own."""
    start = time.perf_counter()
    ours.grow(place, made.kept(size, whole=False), FAST)
    return {"seconds": time.perf_counter() - start}


def answer(engine: str, place: Path, size: int) -> None:
    """Answer the questions whose numbers come on stdin, a line of figures each."""
    corpus = made.kept(size, whole=False)
    before = resident()
    start = time.perf_counter()
    if engine == ALONE:
        ask = ours.nearest(place, corpus, FAST)
    elif engine.startswith("ttrpg"):
        ask = ours.opened(place, corpus, CHOSEN[engine])
    else:
        ask = getattr(engines, f"{engine}_open")(place, corpus)
    ask(0)
    print(time.perf_counter() - start, flush=True)
    for line in sys.stdin:
        number = int(line)
        start, busy = time.perf_counter(), time.process_time()
        hits = ask(number)
        busy, wall = time.process_time() - busy, time.perf_counter() - start
        print(wall, busy, int(corpus.asked[number] in hits), flush=True)
    print(resident() - before, flush=True)


def resident() -> float:
    """Megabytes in memory now, mapped files among them; a peak would be that of the corpus."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def measure(size: int) -> dict[str, float]:
    """All figures at one size, as "engine figure"; those of an engine that fails are left out."""
    made.kept(size, whole=False)
    folders = {each: place for each in ENGINES if (place := filled(each, size))}
    if fast := folders.get("ttrpg-fast"):
        folders[ALONE] = fast
    found = in_turns({engine: place / "index" for engine, place in folders.items()}, size)
    for engine in found:
        found[engine] |= json.loads((folders[engine] / "figures.json").read_text("utf-8"))
    for engine, told_of in found.items():
        print(
            f"{engine:12} {size:7,} {told_of['seconds']:7.1f} {told_of['open'] * 1000:9.0f}"
            f" {told_of['p50'] * 1000:8.2f} {told_of['p95'] * 1000:8.2f}"
            f" {told_of['busy'] * 1000:8.2f} {told_of['megabytes']:7.0f} {told_of['disk']:7.0f}"
            f" {told_of['found']:6.2f}",
            flush=True,
        )
    return {f"{engine} {name}": each for engine in found for name, each in found[engine].items()}


def filled(engine: str, size: int) -> Path | None:
    """The index of an engine at a size, filled now or in a run before; None where it fails."""

    def write(place: Path) -> bool:
        index = place / "index"
        if engine == "ttrpg-fast" and default:
            shutil.copytree(default / "index", index)
            figures = in_process("grow", engine, index, size)
        else:
            index.mkdir()
            figures = in_process("fill", engine, index, size)
        if figures:
            disk = sum(each.stat().st_size for each in index.rglob("*") if each.is_file())
            (place / "figures.json").write_text(json.dumps({**figures, "disk": disk / 1e6}))
        return bool(figures)

    default = filled("ttrpg", size) if engine == "ttrpg-fast" else None
    return folder(f"{engine}-{size}", _digest(engine.partition("-")[0]), write)


@cache  # a source that is written while this runs is of the next run
def _digest(engine: str) -> str:
    if engine == "ttrpg":
        by: list[object] = [HERE / "ours.py", *sources(*OF_OURS), installed("faiss-cpu")]
    else:
        by = [HERE / "engines.py", installed("chromadb" if engine == "chroma" else engine)]
    return digest(made.fingerprint(), *by)


def in_process(step: str, engine: str, place: Path, size: int) -> dict[str, float]:
    """The figures of a step in a process of its own; none where it fails."""
    ended = subprocess.run(
        child(step, engine, place, size), capture_output=True, text=True, check=False
    )
    if ended.returncode:
        print(f"{engine:12} {size:7,}  not run: {ended.stderr.strip()[-200:]}")
        return {}
    figures: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    return figures


def filling(size: int) -> dict[str, float]:
    """The seconds to fill an index anew, ours and LanceDB's in turns; the least of some runs."""
    found: dict[str, float] = {}
    for _ in range(FILLS):
        for engine in ("lancedb", "ttrpg"):
            with tempfile.TemporaryDirectory() as place:
                if figures := in_process("fill", engine, Path(place), size):
                    found[engine] = min(found.get(engine, 1e9), figures["seconds"])
    return found


def in_turns(folders: dict[str, Path], size: int) -> dict[str, dict[str, float]]:
    """Ask every engine each question before any is asked the next."""
    with contextlib.ExitStack() as stack:
        asked: dict[str, subprocess.Popen[str]] = {}
        found: dict[str, dict[str, float]] = {}
        for engine, folder in folders.items():
            process = stack.enter_context(
                subprocess.Popen(
                    child("answer", engine, folder, size),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            if opened := said(process):
                asked[engine], found[engine] = process, {"open": opened[0]}
            else:
                print(f"{engine:12} {size:7,}  not asked: it says above why")
        rows: dict[str, list[list[float]]] = {engine: [] for engine in asked}
        for number in range(1, QUESTIONS):
            for engine, process in asked.items():
                assert process.stdin
                process.stdin.write(f"{number}\n")
                process.stdin.flush()
                rows[engine].append(said(process))
        for engine, process in asked.items():
            assert process.stdin
            process.stdin.close()
            walls, busy, right = (list(each) for each in zip(*rows[engine], strict=True))
            walls.sort()
            found[engine] |= {
                "p50": walls[len(walls) // 2],
                "p95": walls[int(len(walls) * 0.95)],
                "busy": sorted(busy)[len(busy) // 2],
                "found": sum(right) / len(right),
                "megabytes": said(process)[0],
            }
    return found


def said(process: "subprocess.Popen[str]") -> list[float]:
    """The next line of figures of an engine."""
    assert process.stdout
    return [float(each) for each in process.stdout.readline().split()]


def child(step: str, engine: str, place: Path, size: int) -> list[str]:
    """The command of a process of one engine."""
    return [sys.executable, __file__, step, engine, str(place), str(size)]


def main(sizes: tuple[int, ...]) -> None:
    """Print the table, the ratios and the growth."""
    print(
        f"{'engine':12} {'chunks':>7} {'fill s':>7} {'open ms':>9} {'p50 ms':>8} {'p95 ms':>8}"
        f" {'busy ms':>8} {'MB':>7} {'disk':>7} {'found':>6}"
    )
    every = {size: once(f"in turns {size}", partial(measure, size)) or {} for size in sizes}
    for size in sizes:
        lance, chroma, mine, fast, near = (of(every[size], each) for each in (*ENGINES, ALONE))
        if not lance:
            not_measured(f"median / LanceDB hybrid, {size:,} chunks", OF_LANCEDB)
        if not chroma or not fast:
            not_measured(f"median, fast extras / Chroma, {size:,} chunks", 1.0)
        if mine and lance:
            ratio = mine["p50"] / lance["p50"]
            told("median / LanceDB hybrid", size, ratio, OF_LANCEDB)
            print(f"{size:7,}: of its processor time {mine['busy'] / lance['busy']:.2f}")
        if fast and chroma:
            told("median, fast extras / Chroma", size, fast["p50"] / chroma["p50"], 1.0)
            print(f"{size:7,}: of its processor time {fast['busy'] / chroma['busy']:.2f}")
        if near and chroma:
            alone = near["p50"] / chroma["p50"]
            print(f"{size:7,}: fast extras' vectors alone / Chroma: {alone:.2f}")
        if mine:
            told("p95 / median", size, mine["p95"] / mine["p50"], OF_MEDIAN)
    least, most = min(sizes), max(sizes)
    fills = once(f"filling {least}", partial(filling, least)) or {}
    if {"lancedb", "ttrpg"} <= fills.keys():
        told("fill / LanceDB", least, fills["ttrpg"] / fills["lancedb"], OF_FILLED)
    else:
        not_measured(f"fill / LanceDB, {least:,} chunks", OF_FILLED)
    small, large = of(every[least], "ttrpg"), of(every[most], "ttrpg")
    if small and large and most > least:
        print(
            f"growth of {most / least:.0f} times: median {large['p50'] / small['p50']:.1f} times,"
            f" disk {large['disk'] / small['disk']:.1f}, memory"
            f" {large['megabytes'] / small['megabytes']:.1f}"
        )
        grown = (large["p50"] / small["p50"]) / (most / least)
        print(f"growth of the median / of the library: {grown:.2f} ({at_most(GROWTH, grown, 1)})")


def of(every: dict[str, float], engine: str) -> dict[str, float]:
    """The figures of one engine; empty where it could not be run."""
    return {
        name.removeprefix(f"{engine} "): figure
        for name, figure in every.items()
        if name.startswith(f"{engine} ")
    }


def told(name: str, size: int, figure: float, goal: float) -> None:
    """Print a ratio at a size, with its goal."""
    said = at_most(f"{name}, {size:,} chunks", figure, goal)
    print(f"{size:7,}: {name} {figure:.2f} ({said})")


if __name__ == "__main__":
    if sys.argv[1:2] == ["fill"]:
        print(json.dumps(fill(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))))
    elif sys.argv[1:2] == ["grow"]:
        print(json.dumps(grow(Path(sys.argv[3]), int(sys.argv[4]))))
    elif sys.argv[1:2] == ["answer"]:
        answer(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
    else:
        main(tuple(int(each) for each in sys.argv[1:]) or SIZES)
