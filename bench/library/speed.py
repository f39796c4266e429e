"""How fast a hybrid question is answered, against LanceDB and Chroma, and how that grows.

    python bench/library/speed.py [CHUNKS...]

Sizes are 5,000, 20,000 and 100,000 chunks unless given. Each engine runs in a process of its own
that fills an index, then another that opens it and asks 200 warm questions; texts, vectors and
questions are the same for all (see corpus.py). Printed: seconds to fill, milliseconds to open and
answer first, median and 95th percentile of the rest, the median of their processor time (which says
more where others use the machine), megabytes in memory and on disk, how often the chunk that a
question was made of is among the ten; then ratios with their goals.
"""

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
ENGINES = ("lancedb", "chroma", "ttrpg", "ttrpg-fast")
OF_LANCEDB, OF_MEDIAN, OF_FILLED = 0.35, 4.0, 1.5
"""Goals: our median by LanceDB's; our 95th percentile by our median; our filling by LanceDB's."""
GROWTH = "growth of the median / of the library"


def run(engine: str, step: str, folder: Path, size: int) -> dict[str, float]:
    """One step of one engine; called in a process of its own."""
    corpus = make(size)
    before = resident()
    start = time.perf_counter()
    chosen = FAST if engine == "ttrpg-fast" else DEFAULT
    if step == "fill":
        if engine.startswith("ttrpg"):
            ours.fill(folder, corpus, chosen)
        else:
            getattr(engines, f"{engine}_fill")(folder, corpus)
        return {"seconds": time.perf_counter() - start}
    if engine.startswith("ttrpg"):
        ask = ours.opened(folder, corpus, chosen)
    else:
        ask = getattr(engines, f"{engine}_open")(folder, corpus)
    first = ask(0)
    opened = time.perf_counter() - start
    times, busy = [], []
    found = 0
    for number in range(1, len(corpus.queries)):
        start, before_it = time.perf_counter(), time.process_time()
        hits = ask(number)
        busy.append(time.process_time() - before_it)
        times.append(time.perf_counter() - start)
        found += corpus.asked[number] in hits
    times.sort()
    return {
        "open": opened,
        "p50": times[len(times) // 2],
        "p95": times[int(len(times) * 0.95)],
        "busy": sorted(busy)[len(busy) // 2],
        "megabytes": resident() - before,
        "found": found / len(times),
        "first": float(bool(first)),
    }


def resident() -> float:
    """Megabytes in memory now, mapped files among them; a peak would be that of the corpus."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def measure(engine: str, size: int) -> dict[str, float] | None:
    """All figures of one engine at one size; None when it could not be run."""
    with tempfile.TemporaryDirectory() as folder:
        figures: dict[str, float] = {}
        for step in ("fill", "ask"):
            ended = subprocess.run(
                [sys.executable, __file__, engine, step, folder, str(size)],
                capture_output=True,
                text=True,
                check=False,
            )
            if ended.returncode:
                print(f"{engine:12} {size:7,}  not run: {ended.stderr.strip()[-200:]}")
                return None
            figures |= json.loads(ended.stdout.splitlines()[-1])
        disk = sum(each.stat().st_size for each in Path(folder).rglob("*") if each.is_file())
        figures["disk"] = disk / 1e6
    print(
        f"{engine:12} {size:7,} {figures['seconds']:7.1f} {figures['open'] * 1000:9.0f}"
        f" {figures['p50'] * 1000:8.2f} {figures['p95'] * 1000:8.2f} {figures['busy'] * 1000:8.2f}"
        f" {figures['megabytes']:7.0f} {figures['disk']:7.0f} {figures['found']:6.2f}",
        flush=True,
    )
    return figures


def main(sizes: tuple[int, ...]) -> None:
    """Print the table, the ratios and the growth."""
    print(
        f"{'engine':12} {'chunks':>7} {'fill s':>7} {'open ms':>9} {'p50 ms':>8} {'p95 ms':>8}"
        f" {'busy ms':>8} {'MB':>7} {'disk':>7} {'found':>6}"
    )
    every = {
        (engine, size): once(f"{engine} {size}", partial(measure, engine, size))
        for size in sizes
        for engine in ENGINES
    }
    for size in sizes:
        lance, chroma = every["lancedb", size], every["chroma", size]
        mine, fast = every["ttrpg", size], every["ttrpg-fast", size]
        if not lance:
            not_measured(f"median / LanceDB hybrid, {size:,} chunks", OF_LANCEDB)
        if not chroma or not fast:
            not_measured(f"median, fast extras / Chroma, {size:,} chunks", 1.0)
        if mine and lance:
            ratio = mine["p50"] / lance["p50"]
            told("median / LanceDB hybrid", size, ratio, OF_LANCEDB)
            told("fill / LanceDB", size, mine["seconds"] / lance["seconds"], OF_FILLED)
        if fast and chroma:
            told("median, fast extras / Chroma", size, fast["p50"] / chroma["p50"], 1.0)
        if mine:
            told("p95 / median", size, mine["p95"] / mine["p50"], OF_MEDIAN)
    least, most = min(sizes), max(sizes)
    small, large = every["ttrpg", least], every["ttrpg", most]
    if small and large and most > least:
        print(
            f"growth of {most / least:.0f} times: median {large['p50'] / small['p50']:.1f} times,"
            f" disk {large['disk'] / small['disk']:.1f}, memory"
            f" {large['megabytes'] / small['megabytes']:.1f}"
        )
        grown = (large["p50"] / small["p50"]) / (most / least)
        print(f"growth of the median / of the library: {grown:.2f} ({at_most(GROWTH, grown, 1)})")


def told(name: str, size: int, figure: float, goal: float) -> None:
    """Print a ratio at a size, with its goal."""
    said = at_most(f"{name}, {size:,} chunks", figure, goal)
    print(f"{size:7,}: {name} {figure:.2f} ({said})")


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[2] in {"fill", "ask"}:  # noqa: PLR2004 - the child's own call
        print(json.dumps(run(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))))
    else:
        main(tuple(int(each) for each in sys.argv[1:]) or SIZES)
