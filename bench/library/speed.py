"""How fast a hybrid question is answered, against LanceDB and Chroma, and how that grows.

    python bench/library/speed.py [CHUNKS...]

Sizes are 5,000, 20,000 and 100,000 chunks unless given. Each engine fills an index in a process of
its own; then each has a process that opens its index, and all are asked in turns, 200 warm
questions one by one, so that what else the machine does slows all of them. Texts, vectors and
questions are the same for all (see corpus.py). Printed: seconds to fill, milliseconds to open and
answer first, median and 95th percentile of the rest, the median of their processor time (which says
more where others use the machine), megabytes in memory and on disk, how often the chunk that a
question was made of is among the ten; then ratios with their goals.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import engines
import ours
from corpus import make
from figures import at_most, not_measured, once

SIZES = (5_000, 20_000, 100_000)
DEFAULT = {"keyword": "fts5", "vector": "exact"}
FAST = {"keyword": "fts5", "vector": "faiss"}
"""With the extra that gains most: once a process has numpy, the columns beside FTS5 are quicker
than tantivy's candidates, which have to be read and scored one by one."""
CHOSEN = {"ttrpg": DEFAULT, "ttrpg-fast": FAST}
ENGINES = ("lancedb", "chroma", "ttrpg", "ttrpg-fast")
QUESTIONS = 200
OF_LANCEDB, OF_MEDIAN, OF_FILLED = 0.35, 4.0, 1.5
"""Goals: our median by LanceDB's; our 95th percentile by our median; our filling by LanceDB's."""
GROWTH = "growth of the median / of the library"


def fill(engine: str, folder: Path, size: int) -> dict[str, float]:
    """Fill an engine's index; called in a process of its own."""
    corpus = make(size)
    start = time.perf_counter()
    if engine.startswith("ttrpg"):
        ours.fill(folder, corpus, CHOSEN[engine])
    else:
        getattr(engines, f"{engine}_fill")(folder, corpus)
    return {"seconds": time.perf_counter() - start}


def answer(engine: str, folder: Path, size: int) -> None:
    """Answer the questions whose numbers come on stdin, a line of figures each."""
    corpus = make(size)
    before = resident()
    start = time.perf_counter()
    if engine.startswith("ttrpg"):
        ask = ours.opened(folder, corpus, CHOSEN[engine])
    else:
        ask = getattr(engines, f"{engine}_open")(folder, corpus)
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
    with tempfile.TemporaryDirectory() as place:
        folders = {engine: Path(place, engine) for engine in ENGINES}
        found: dict[str, dict[str, float]] = {}
        for engine, folder in folders.items():
            folder.mkdir()
            ended = subprocess.run(
                child("fill", engine, folder, size), capture_output=True, text=True, check=False
            )
            if ended.returncode:
                print(f"{engine:12} {size:7,}  not run: {ended.stderr.strip()[-200:]}")
                continue
            found[engine] = json.loads(ended.stdout.splitlines()[-1])
            disk = sum(each.stat().st_size for each in folder.rglob("*") if each.is_file())
            found[engine]["disk"] = disk / 1e6
        asked = in_turns({each: folders[each] for each in found}, size)
        found = {engine: found[engine] | figures for engine, figures in asked.items()}
    for engine, told_of in found.items():
        print(
            f"{engine:12} {size:7,} {told_of['seconds']:7.1f} {told_of['open'] * 1000:9.0f}"
            f" {told_of['p50'] * 1000:8.2f} {told_of['p95'] * 1000:8.2f}"
            f" {told_of['busy'] * 1000:8.2f} {told_of['megabytes']:7.0f} {told_of['disk']:7.0f}"
            f" {told_of['found']:6.2f}",
            flush=True,
        )
    return {f"{engine} {name}": each for engine in found for name, each in found[engine].items()}


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


def child(step: str, engine: str, folder: Path, size: int) -> list[str]:
    """The command of a process of one engine."""
    return [sys.executable, __file__, step, engine, str(folder), str(size)]


def main(sizes: tuple[int, ...]) -> None:
    """Print the table, the ratios and the growth."""
    print(
        f"{'engine':12} {'chunks':>7} {'fill s':>7} {'open ms':>9} {'p50 ms':>8} {'p95 ms':>8}"
        f" {'busy ms':>8} {'MB':>7} {'disk':>7} {'found':>6}"
    )
    every = {size: once(f"in turns {size}", partial(measure, size)) or {} for size in sizes}
    for size in sizes:
        lance, chroma, mine, fast = (of(every[size], engine) for engine in ENGINES)
        if not lance:
            not_measured(f"median / LanceDB hybrid, {size:,} chunks", OF_LANCEDB)
        if not chroma or not fast:
            not_measured(f"median, fast extras / Chroma, {size:,} chunks", 1.0)
        if mine and lance:
            ratio = mine["p50"] / lance["p50"]
            told("median / LanceDB hybrid", size, ratio, OF_LANCEDB)
            print(f"{size:7,}: of its processor time {mine['busy'] / lance['busy']:.2f}")
            told("fill / LanceDB", size, mine["seconds"] / lance["seconds"], OF_FILLED)
        if fast and chroma:
            told("median, fast extras / Chroma", size, fast["p50"] / chroma["p50"], 1.0)
            print(f"{size:7,}: of its processor time {fast['busy'] / chroma['busy']:.2f}")
        if mine:
            told("p95 / median", size, mine["p95"] / mine["p50"], OF_MEDIAN)
    least, most = min(sizes), max(sizes)
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
    elif sys.argv[1:2] == ["answer"]:
        answer(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
    else:
        main(tuple(int(each) for each in sys.argv[1:]) or SIZES)
