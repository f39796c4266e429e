"""Every odd and hostile file: what came of adding it, in a process of its own.

    python bench/library/hostile.py [WORD...]

Each file of the test data's ``pdf`` and ``ebooks`` folders, and those of ``hostile_made.py``, is
given to ``ttrpg library add`` with a home, a working folder and a temporary folder of its own;
ebooks once more to the readers of other people, where these are installed. Printed for each: what
came of it, the seconds, the most memory that one process had, and what was left outside the home.
As many files as there are processors are added at once. With WORDs, only files with one of them in
their name. The goals: nothing hangs, the program itself
never crashes, nothing has over 500 MB, nothing is written elsewhere.
"""

import ast
import importlib.util
import os
import resource
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import attrs
from figures import MISSED, at_most
from hostile_made import make

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("TTRPG_TEST_DATA", ROOT.parent / "shared" / "data"))
TTRPG = str(Path(sysconfig.get_path("scripts")) / "ttrpg")
LONGEST = 300.0
"""Seconds after which a file counts as one that hangs."""
MOST = 500
"""Megabytes that no process may have."""
ONE = "--one"
OTHERS = {
    ".epub": ("ebooklib", "epub-ebooklib"),
    ".mobi": ("mobi", "mobi-unpack"),
    ".azw3": ("mobi", "mobi-unpack"),
}
"""By suffix, a package of other people and the name of the parser that asks it."""
GOOD_CODES = (0, 1, 2, 3)
"""Exit codes that say what happened; 70 and signals are crashes."""


@attrs.frozen
class Came:
    """What came of one file: ``said`` is its last line, ``megabytes`` the most of one process."""

    name: str
    code: int | None
    seconds: float
    megabytes: int
    said: str
    left: tuple[str, ...]


def files(made: Path) -> Iterator[Path]:
    """The files of the data, then those that mean harm, which are made in ``made``."""
    for folder in ("pdf", "ebooks"):
        for path in sorted((DATA / folder).rglob("*")):
            if path.is_file() and path.suffix != ".md":
                yield path
    yield from make(made)


def readers(path: Path) -> Iterator[str]:
    """Who reads a file: what suits it, said by "", and what others wrote for its kind."""
    yield ""
    package, parser = OTHERS.get(path.suffix, ("", ""))
    if package and importlib.util.find_spec(package) is not None:
        yield parser


def add(path: Path, parser: str) -> Came:
    """What comes of ``ttrpg library add`` for one file."""
    chosen = ["--parser", parser] if parser else []
    beside = {*path.parent.iterdir(), *path.parent.parent.iterdir()}
    with tempfile.TemporaryDirectory() as where:
        folders = {name: Path(where, name) for name in ("home", "work", "tmp", "user")}
        for folder in folders.values():
            folder.mkdir()
        environ = {
            **os.environ,
            "TTRPG_HOME": str(folders["home"]),
            "TMPDIR": str(folders["tmp"]),
            "HOME": str(folders["user"]),
            # vectors are filled by a process of its own, which goes on after this one
            "TTRPG_SEARCH_EMBEDDER": "none",
        }
        start = time.perf_counter()
        code: int | None
        try:
            ended = subprocess.run(
                [TTRPG, "library", "add", *chosen, str(path)],
                env=environ,
                cwd=folders["work"],
                capture_output=True,
                timeout=LONGEST,
                stdin=subprocess.DEVNULL,
                check=False,
            )
            code, said = ended.returncode, ended.stderr.decode("utf-8", "replace")
        except subprocess.TimeoutExpired:
            code, said = None, "it hung"
        seconds = time.perf_counter() - start
        left = tuple(
            str(each.relative_to(where))
            for name in ("work", "tmp", "user")
            for each in folders[name].rglob("*")
        )
    left += tuple(map(str, {*path.parent.iterdir(), *path.parent.parent.iterdir()} - beside))
    lines = [line for line in said.splitlines() if line.strip()]
    told = next((line for line in lines if path.name in line or "added" in line), "")
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    name = f"{path.name} [{parser}]" if parser else path.name
    return Came(name, code, seconds, most, told or (lines[-1] if lines else ""), left)


def main(words: list[str]) -> int:
    """Print the table and the sums; 3 when a goal is missed."""
    rows = []
    with (
        tempfile.TemporaryDirectory() as top,
        ThreadPoolExecutor(os.cpu_count() or 1) as several,
    ):
        made = Path(top, "made")
        made.mkdir()
        chosen = [  # all are made first: whatever else comes to be there was left by the program
            (path, parser)
            for path in [*files(made)]
            for parser in readers(path)
            if not words or any(word in f"{path.name} {parser}" for word in words)
        ]
        for row in several.map(_row, *zip(*chosen, strict=True)) if chosen else ():
            rows.append(row)
            print(_line(row), flush=True)
    hung = sum(row.code is None for row in rows)
    crashed = sum(row.code is not None and row.code not in GOOD_CODES for row in rows)
    heavy = sum(row.megabytes > MOST for row in rows)
    left = sum(bool(row.left) for row in rows)
    print(
        f"{len(rows)} files: {hung} hung, {crashed} crashed, {heavy} over {MOST} MB,"
        f" {left} left files outside (goal: 0 each)"
    )
    if rows:
        for name, count in (
            ("hung", hung),
            ("crashed", crashed),
            (f"over {MOST} MB", heavy),
            ("left files outside", left),
        ):
            at_most(f"of {len(rows)} hostile and odd files, {name}", count, 0)
    return MISSED if hung + crashed + heavy + left else 0


def _row(path: Path, parser: str) -> Came:
    """What came of a file, found out by a process of its own: the memory of its children is its."""
    told = subprocess.run(
        [sys.executable, __file__, ONE, str(path), parser],
        capture_output=True,
        text=True,
        check=True,
    )
    return Came(*ast.literal_eval(told.stdout))


def _line(row: Came) -> str:
    """A line of the table."""
    code = "hung" if row.code is None else str(row.code)
    figures = f"{code:>4} {row.seconds:6.1f} s {row.megabytes:5} MB"
    outside = f" LEFT {', '.join(row.left)}" if row.left else ""
    return f"{row.name:62.62} {figures}  {row.said:.90}{outside}"


if __name__ == "__main__":
    if sys.argv[1:2] == [ONE]:
        print(repr(attrs.astuple(add(Path(sys.argv[2]), sys.argv[3]))))
        sys.exit(0)
    sys.exit(main(sys.argv[1:]))
