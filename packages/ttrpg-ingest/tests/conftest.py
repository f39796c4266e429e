"""Real files written byte by byte, an App of its own for each test, and a screen that remembers."""

import contextlib
import os
import random
import zlib
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

import ttrpg_core.plugin
import ttrpg_ingest
from ttrpg_core import Searcher, hookimpl
from ttrpg_core.app import App
from ttrpg_core.plugins import Plugins

DATA = Path(os.environ.get("TTRPG_TEST_DATA", Path(__file__).parents[3].parent / "shared" / "data"))


class Screen:
    """Keeps what it is shown."""

    def __init__(self):
        self.shown, self.said, self.bars = [], [], []

    def show(self, schema, data, blocks):
        self.shown.append((schema, data, list(blocks)))

    def say(self, text, role="plain"):
        self.said.append((text, role))

    @contextlib.contextmanager
    def progress(self, title, total, done=0):
        bar = SimpleNamespace(title=title, total=total, steps=[done])
        bar.update = lambda done, note="": bar.steps.append(done)
        self.bars.append(bar)
        yield bar

    def ask(self, question, *, default):
        return default


class Index:
    """A searcher that keeps its chunks in the database, so it takes part in transactions."""

    def __init__(self, context):
        self.database = context.database
        self.database().execute(
            "CREATE TABLE IF NOT EXISTS seen (id INTEGER PRIMARY KEY, sha256, text)"
        )

    def add(self, chunks):
        rows = [(chunk.id, chunk.sha256, chunk.text) for chunk in chunks]
        self.database().executemany("INSERT OR REPLACE INTO seen VALUES (?, ?, ?)", rows)

    def remove(self, source):
        self.database().execute("DELETE FROM seen WHERE sha256 = ?", [source])

    def search(self, query, k):
        return []

    def count(self):
        return self.database().execute("SELECT COUNT(*) FROM seen").fetchone()[0]

    def close(self):
        pass


class IndexPlugin:
    @hookimpl
    def ttrpg_searchers(self):
        yield Searcher("seen", "Remembers chunks", "ttrpg_ingest_test_index:Index")


class Point:
    """An entry point for what is at hand."""

    def __init__(self, name, plugin):
        self.name, self.value, self.plugin = name, name, plugin

    def load(self):
        return self.plugin


@pytest.fixture
def make_app(tmp_path, monkeypatch):
    """App factory: ``make_app(searcher=False, plugins=[...])``; the same home each time."""
    made = []
    monkeypatch.setitem(
        __import__("sys").modules, "ttrpg_ingest_test_index", SimpleNamespace(Index=Index)
    )

    def make(*, searcher=True, plugins=(), **settings):
        known = Plugins()
        known.add(Point("core", ttrpg_core.plugin), distribution="ttrpg-core")
        known.add(Point("ingest", ttrpg_ingest), distribution="ttrpg-ingest")
        if searcher:
            known.add(Point("seen", IndexPlugin()))
        for number, plugin in enumerate(plugins):
            known.add(Point(f"plugin-{number}", plugin))
        app = App(
            environ={**os.environ, "TTRPG_HOME": str(tmp_path / "home")},
            flags={f"library.{name}": value for name, value in settings.items()},
            folder=tmp_path,
            plugins=known,
            screen=Screen(),
            clock=lambda: datetime(2026, 1, 2, tzinfo=UTC),
        )
        made.append(app)
        return app

    yield make
    for app in made:
        app.close()


@pytest.fixture
def app(make_app):
    return make_app()


@pytest.fixture
def data():
    """A file of the shared data, or a skip that says so."""

    def find(name):
        path = DATA / name
        if not path.is_file():
            pytest.skip(f"no {name}: set TTRPG_TEST_DATA to the folder of shared data")
        return path

    return find


def pdf_bytes(pages, labels="", title=""):
    """A PDF: pages are lists of ``(x, y, font, size, text)``; fonts F1 Times, F2 Helvetica-Bold."""
    numbered = f"/PageLabels << /Nums {labels} >>" if labels else ""
    kids = " ".join(f"{6 + 2 * n} 0 R" for n in range(len(pages)))
    fonts = "/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >>"
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R {numbered} >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Times-Roman /Encoding /WinAnsiEncoding >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
        f"<< /Title ({title}) >>",
    ]
    for number, page in enumerate(pages):
        drawn = "\n".join(
            f"BT /{font} {size} Tf 1 0 0 1 {x} {y} Tm ({_escaped(text)}) Tj ET"
            for x, y, font, size, text in page
        )
        packed = zlib.compress(drawn.encode("cp1252"))
        objects += [
            (
                f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] {fonts}"
                f" /Contents {7 + 2 * number} 0 R >>"
            ),
            b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed),
        ]
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        raw = body if isinstance(body, bytes) else body.encode()
        out += b"%d 0 obj\n%s\nendobj\n" % (number, raw)
    xref = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer << /Size %d /Root 1 0 R /Info 5 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        xref,
    )
    return bytes(out)


def _escaped(text):
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


WORDS = [
    "goblin",
    "torch",
    "ladder",
    "cellar",
    "oath",
    "river",
    "bell",
    "candle",
    "thorn",
    "mirror",
    "ferry",
    "tower",
    "ash",
    "crown",
]


def rule_book(count, first=1, seed=7):
    """Pages like a rule book's: running head, chapters, headings, body and a printed number."""
    rng = random.Random(seed)
    pages = []
    for index in range(count):
        page = [(72, 750, "F1", 10, f"The Lantern Rules {index + first}")]
        y = 700
        if index % 10 == 0:
            page.append((72, y, "F2", 26, f"Chapter {index // 10 + 1}"))
            y -= 40
        for part in range(2):
            page.append((72, y, "F2", 13, f"Rule {index}-{'ab'[part]} of the Road"))
            y -= 20
            for _ in range(8):
                words = " ".join(rng.choice(WORDS) for _ in range(11))
                page.append((72, y, "F1", 10, f"{words.capitalize()}."))
                y -= 12
            y -= 20
        pages.append(page)
    return pages


@pytest.fixture
def make_pdf(tmp_path):
    """Write a PDF: ``make_pdf("a.pdf", pages, labels=..., title=...)``."""

    def make(name, pages, **more):
        path = tmp_path / name
        path.write_bytes(pdf_bytes(pages, **more))
        return path

    return make


@pytest.fixture
def book_pages():
    return rule_book


@pytest.fixture
def hostile(tmp_path, monkeypatch):
    """A module of parsers that the child can import: ``hostile(source)`` answers its name."""
    folder = tmp_path / "modules"
    folder.mkdir()
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    )

    def write(body):
        (folder / "hostile_parsers.py").write_text(body, "utf-8")
        return "hostile_parsers"

    return write
