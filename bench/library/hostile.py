"""Every odd and hostile file: what came of adding it, in a process of its own.

    python bench/library/hostile.py

Each file of the test data's ``pdf`` and ``ebooks`` folders, and bombs made here, is given to
``ttrpg library add`` with a home, a working folder and a temporary folder of its own. Printed for
each: what came of it, the seconds, the most memory that one process had, and what was left outside
the home. The goals: nothing hangs, the program itself never crashes, nothing has over 500 MB,
nothing is written elsewhere.
"""

import ast
import os
import resource
import subprocess
import sys
import sysconfig
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import attrs

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("TTRPG_TEST_DATA", ROOT.parent / "shared" / "data"))
TTRPG = str(Path(sysconfig.get_path("scripts")) / "ttrpg")
LONGEST = 300.0
"""Seconds after which a file counts as one that hangs."""
MOST = 500
"""Megabytes that no process may have."""
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
    """The files of the data, then the bombs, which are made in ``made``."""
    for folder in ("pdf", "ebooks"):
        for path in sorted((DATA / folder).rglob("*")):
            if path.is_file() and path.suffix != ".md":
                yield path
    yield from _bombs(made)


def _bombs(made: Path) -> Iterator[Path]:
    """A PDF whose page inflates to 600 MB, and an EPUB with a chapter of 1.5 GB."""
    stream = zlib.compressobj(9)
    block = b"BT /F1 9 Tf (bomb) Tj ET " * 40_000
    squeezed = b"".join(stream.compress(block) for _ in range(600)) + stream.flush()
    pdf = made / "made-flate-bomb.pdf"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        (
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R"
            b"/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>"
        ),
        b"<</Filter/FlateDecode/Length %d>>stream\n%b\nendstream" % (len(squeezed), squeezed),
    ]
    whole = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(whole))
        whole += b"%d 0 obj%b endobj\n" % (number, body)
    start = len(whole)
    whole += b"xref\n0 5\n0000000000 65535 f \n"
    whole += b"".join(b"%010d 00000 n \n" % place for place in places)
    whole += b"trailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % start
    pdf.write_bytes(whole)
    yield pdf
    epub = made / "made-zip-bomb.epub"
    with zipfile.ZipFile(epub, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        archive.writestr(
            "META-INF/container.xml",
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="o.opf" media-type="application/oebps-package+xml"/></rootfiles>'
            "</container>",
        )
        archive.writestr(
            "o.opf",
            '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><manifest><item id="a"'
            ' href="a.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref'
            ' idref="a"/></spine></package>',
        )
        with archive.open("a.xhtml", "w", force_zip64=True) as chapter:
            for _ in range(1500):
                chapter.write(b"<p>" + b"bomb " * 209_714 + b"</p>")
    yield epub


def add(path: Path) -> Came:
    """What comes of ``ttrpg library add`` for one file."""
    with tempfile.TemporaryDirectory() as where:
        folders = {name: Path(where, name) for name in ("home", "work", "tmp", "user")}
        for folder in folders.values():
            folder.mkdir()
        environ = {
            **os.environ,
            "TTRPG_HOME": str(folders["home"]),
            "TMPDIR": str(folders["tmp"]),
            "HOME": str(folders["user"]),
        }
        start = time.perf_counter()
        code: int | None
        try:
            ended = subprocess.run(
                [TTRPG, "library", "add", str(path)],
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
    lines = [line for line in said.splitlines() if line.strip()]
    told = next((line for line in lines if path.name in line or "added" in line), "")
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    return Came(path.name, code, seconds, most, told or (lines[-1] if lines else ""), left)


def main() -> None:
    """Print the table and the sums; ends with 1 when a goal is missed."""
    if len(sys.argv) > 1:
        came = add(Path(sys.argv[1]))
        print(repr(attrs.astuple(came)))
        return
    rows = []
    with tempfile.TemporaryDirectory() as made:
        for path in files(Path(made)):
            # a process of its own for each, so that its children's memory is this file's alone
            told = subprocess.run(
                [sys.executable, __file__, str(path)], capture_output=True, text=True, check=True
            )
            rows.append(Came(*ast.literal_eval(told.stdout)))
            row = rows[-1]
            code = "hung" if row.code is None else str(row.code)
            figures = f"{code:>4} {row.seconds:6.1f} s {row.megabytes:5} MB"
            print(f"{row.name:62.62} {figures}  {row.said:.90}")
    hung = sum(row.code is None for row in rows)
    crashed = sum(row.code is not None and row.code not in GOOD_CODES for row in rows)
    heavy = sum(row.megabytes > MOST for row in rows)
    left = sum(bool(row.left) for row in rows)
    print(
        f"{len(rows)} files: {hung} hung, {crashed} crashed, {heavy} over {MOST} MB,"
        f" {left} left files outside (goal: 0 each)"
    )
    sys.exit(bool(hung + crashed + heavy + left))


if __name__ == "__main__":
    main()
