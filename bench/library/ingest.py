"""How long a rule book takes until its text can be searched, against reading it bare.

    python bench/library/ingest.py [PDF]

The baseline is pypdfium2 reading every page's characters with their boxes and fonts and doing
nothing with them; then ``ttrpg library add`` as a whole process, with the child that parses. Also
printed: the same chunks put into LanceDB with a full-text index and no vectors, against putting
them into our index. The least of three runs counts.
"""

import ctypes
import json
import os
import resource
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("TTRPG_TEST_DATA", ROOT.parent / "shared" / "data"))
SRD = DATA / "rules/pdf/SRD_CC_v5.1.pdf"
OURS = ROOT / "packages/ttrpg-cli/src/ttrpg_cli/book/the-lamplit-road.pdf"
TTRPG = str(Path(sysconfig.get_path("scripts")) / "ttrpg")
RUNS = 3
OF_BARE, MOST_MEGABYTES, OF_LANCEDB = 1.5, 400, 1.5


def bare(path: Path) -> int:
    """Every character with its box, size and font, through pypdfium2; answers how many."""
    import pypdfium2
    from pypdfium2 import raw

    count = 0
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
            count += 1
    return count


def add(path: Path) -> None:
    """``ttrpg library add`` in a home of its own."""
    with tempfile.TemporaryDirectory() as home:
        environ = {**os.environ, "TTRPG_HOME": home}
        subprocess.run(
            [TTRPG, "library", "add", str(path)], env=environ, check=True, capture_output=True
        )


def lancedb(path: Path) -> dict[str, float]:
    """The chunks of a book into LanceDB and into our index, in seconds."""
    import lancedb as lance
    import pyarrow as pa

    from ttrpg_core.app import App

    with tempfile.TemporaryDirectory() as home:
        environ = {**os.environ, "TTRPG_HOME": home}
        subprocess.run(
            [TTRPG, "library", "add", str(path)], env=environ, check=True, capture_output=True
        )
        app = App(environ=environ)
        chunks = list(app.library.chunks())
        searcher = app.keyword_searcher()
        theirs = mine = float("inf")
        for number in range(RUNS):
            start = time.perf_counter()
            with app.store.transaction():
                searcher.remove(chunks[0].sha256)
                searcher.add(chunks)
            mine = min(mine, time.perf_counter() - start)
            start = time.perf_counter()
            table = lance.connect(Path(home, f"lance-{number}")).create_table(
                "chunks",
                pa.table(
                    {
                        "id": [chunk.id for chunk in chunks],
                        "heading": [chunk.heading for chunk in chunks],
                        "text": [chunk.text for chunk in chunks],
                    }
                ),
            )
            table.create_fts_index("text")
            theirs = min(theirs, time.perf_counter() - start)
        app.close()
    return {"chunks": len(chunks), "ours": mine, "lancedb": theirs}


def timed(step: str, path: Path) -> dict[str, float]:
    """One step in a process of its own: seconds, megabytes of it or its largest child."""
    ended = subprocess.run(
        [sys.executable, __file__, step, str(path)], capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    return found


def child(step: str, path: Path) -> dict[str, float]:
    """What a process of its own does."""
    if step == "lancedb":
        return lancedb(path)
    start = time.perf_counter()
    {"bare": bare, "add": add}[step](path)
    seconds = time.perf_counter() - start
    who = resource.RUSAGE_SELF if step == "bare" else resource.RUSAGE_CHILDREN
    return {"seconds": seconds, "megabytes": resource.getrusage(who).ru_maxrss / 1024}


def main(path: Path) -> None:
    """Print the figures and the ratios."""
    runs = [(timed("bare", path), timed("add", path)) for _ in range(RUNS)]
    base = min(each["seconds"] for each, _ in runs)
    ours = min(each["seconds"] for _, each in runs)
    most = max(each["megabytes"] for _, each in runs)
    print(
        f"{path.name}: bare pypdfium2 {base:.1f} s; ttrpg library add {ours:.1f} s, {most:.0f} MB"
    )
    print(f"ratio to bare extraction {ours / base:.2f} (goal {OF_BARE})")
    print(f"memory {most:.0f} MB (goal {MOST_MEGABYTES})")
    index = timed("lancedb", path)
    print(
        f"{index['chunks']:.0f} chunks indexed: ours {index['ours']:.2f} s, LanceDB"
        f" {index['lancedb']:.2f} s"
    )
    print(f"ratio to LanceDB {index['ours'] / index['lancedb']:.2f} (goal {OF_LANCEDB})")


if __name__ == "__main__":
    if len(sys.argv) > 2:  # noqa: PLR2004 - the child's own call
        print(json.dumps(child(sys.argv[1], Path(sys.argv[2]))))
    else:
        main(Path(sys.argv[1]) if len(sys.argv) > 1 else SRD if SRD.exists() else OURS)
