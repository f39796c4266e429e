"""Keyword backends with files of their own: the suite, and what happens when files lag behind."""

import contextlib
import json
import os
import pickle
import random
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import ttrpg_search
from ttrpg_core import entries
from ttrpg_core.context import Context
from ttrpg_core.documents import Chunk
from ttrpg_core.errors import NotFound, StoreError
from ttrpg_core.library import row_of
from ttrpg_core.search import Query, Searcher, Term
from ttrpg_core.testing import SearcherTests
from ttrpg_search import extras, fts
from ttrpg_search.backends import beside
from ttrpg_search.backends.state import Foreign, StateFile
from ttrpg_search.backends.tantivy_index import Tantivy
from ttrpg_search.backends.whoosh_index import Whoosh
from ttrpg_search.fts import Fts5
from ttrpg_search.keyword.plan import plan
from ttrpg_search.keyword.scoring import score
from ttrpg_search.keyword.texts import Texts

BACKENDS = {"tantivy": Tantivy, "whoosh": Whoosh}


def shelved(searcher, connection, chunks):
    """Puts chunks into the library's table, as adding a book does, and indexes them."""
    kept = list(chunks)
    for chunk in kept:
        row = {"id": chunk.id, **row_of(chunk)}
        connection.execute(
            "DELETE FROM chunks WHERE id = ? OR (sha256 = ? AND ordinal = ?)",
            [chunk.id, chunk.sha256, chunk.ordinal],
        )
        connection.execute(
            f"INSERT INTO chunks ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",
            list(row.values()),
        )
    searcher.add(kept)


class BesideTests(SearcherTests):
    name = ""

    @pytest.fixture
    def searcher(self, app, plugins, tmp_path):
        pytest.importorskip(self.name, reason=f"needs the extra: ttrpg-search[{self.name}]")
        plugins.register(ttrpg_search, "search")
        made = BACKENDS[self.name](
            Context(folder=tmp_path / self.name, database=lambda: app.store.connection)
        )
        yield made
        made.close()

    def add(self, searcher, chunks):
        shelved(searcher, searcher._database(), chunks)


class TestTantivy(BesideTests):
    name = "tantivy"


class TestWhoosh(BesideTests):
    name = "whoosh"


RED, BLUE = "a" * 64, "b" * 64


def chunk(number, text, source=RED, heading=""):
    path = (heading,) if heading else ()
    return Chunk(number, source, number, heading, path, number, number, str(number), text)


RULES = [
    chunk(1, "A torch burns for an hour.", heading="Torches"),
    chunk(2, "A grappled foe cannot walk away.", heading="Grappling"),
    chunk(3, "Your AC is what a blow must reach; HP is what it takes.", BLUE, "Armor"),
    chunk(4, "The dragon sleeps beside a torch.", BLUE, "Dragons"),
]


@pytest.fixture(params=list(BACKENDS))
def make(request, app, plugins, tmp_path):
    """Opens a backend on the same folder each time; ``make.folder`` is where its files are."""
    pytest.importorskip(request.param, reason=f"needs the extra: ttrpg-search[{request.param}]")
    plugins.register(ttrpg_search, "search")
    made = []

    def opened():
        context = Context(folder=tmp_path / request.param, database=lambda: app.store.connection)
        made.append(BACKENDS[request.param](context))
        return made[-1]

    opened.folder = tmp_path / request.param
    opened.name = request.param
    opened.connection = app.store.connection
    yield opened
    for each in made:
        each.close()


class Unasked(Exception):
    """The tables were asked for candidates."""


@pytest.fixture
def only_files(monkeypatch):
    """The tables may not be asked for candidates, so whatever is found is found in the files."""

    def refuse(*_):
        raise Unasked

    monkeypatch.setattr(fts, "candidates", refuse)


def ids(searcher, text, k=9, **more):
    return [hit.chunk.id for hit in searcher.search(Query(text, **more), k)]


def test_the_files_find_it(make, only_files):
    searcher = make()
    shelved(searcher, make.connection, RULES)
    assert ids(searcher, "torch") == [1, 4]
    assert ids(searcher, "grapples") == [2], "stems are ours"
    assert ids(searcher, "ac") == [3], "terms of two letters are kept"
    assert ids(searcher, "hp") == [3]
    assert ids(searcher, '"sleeps beside"') == [4]
    assert ids(searcher, "torch -dragon") == [1]
    assert ids(searcher, "torch", sources=frozenset({BLUE})) == [4]
    few = frozenset(range(4, 4 + fts.FEW + 1))
    assert ids(searcher, "torch", within=few) == [4], "too many to be looked at one by one"
    again = make()
    assert ids(again, "torch") == [1, 4]
    assert again.count() == len(RULES)


def test_a_term_has_other_ways_with_weights(make, only_files):
    searcher = make()
    shelved(searcher, make.connection, RULES)
    said = Query("x", terms=(Term("light", (("torch", 0.9), ("sleeps beside", 0.5))),))
    assert [hit.chunk.id for hit in searcher.search(said, 9)] == [1, 4]
    heavy = Query("x", terms=(Term("torch", weight=0.1), Term("ac", weight=3.0)))
    assert searcher.search(heavy, 9)[0].chunk.id == 3


def test_the_heading_weighs_more_than_a_mention(make, only_files):
    searcher = make()
    many = [chunk(10 + n, "A lantern, a lantern and a lantern. " * 3) for n in range(150)]
    shelved(searcher, make.connection, [*many, chunk(900, "It glows.", heading="Lantern")])
    assert ids(searcher, "lantern", 1) == [900]


def test_the_best_of_many_is_among_its_candidates(make):
    rng = random.Random(4)
    names = ["oath", "bell", "river", "thorn", "mirror", "ash", "lamp", "crown", "ferry", "salt"]
    weights = [2**-n for n in range(len(names))]
    many = [
        chunk(
            n,
            " ".join(rng.choices(names, weights, k=rng.randint(5, 60))),
            heading=" ".join(rng.choices(names, k=2)) if n % 3 else "",
        )
        for n in range(1, 500)
    ]
    searcher = make()
    shelved(searcher, make.connection, many)
    texts = Texts(make.connection)
    every = list(texts.of(texts.ids()))
    missed = 0
    for _ in range(40):
        asked = Query(" ".join(rng.sample(names, rng.randint(1, 4))))
        planned = plan(asked, texts)
        best = max(score(text, planned) for text in every)
        missed += searcher.search(asked, 1)[0].score < best - 1e-6
    assert missed <= 1, "what many passages say alike leaves something to chance"


def test_what_another_process_adds_is_seen(make, only_files):
    one, other = make(), make()
    shelved(one, make.connection, RULES[:2])
    assert ids(other, "torch") == [1]
    shelved(other, make.connection, RULES[2:])
    assert ids(one, "torch") == [1, 4]
    one.remove(RED)
    assert ids(other, "torch") == [4]
    assert other.count() == 2


def test_a_change_that_was_rolled_back_is_not_found(make, only_files, app):
    searcher = make()
    shelved(searcher, make.connection, RULES[:2])
    seen = []
    with contextlib.suppress(ZeroDivisionError), app.store.transaction():
        shelved(searcher, make.connection, RULES[2:])
        seen = ids(searcher, "torch")
        raise ZeroDivisionError
    assert seen == [1, 4]
    assert ids(searcher, "dragon") == []
    assert ids(searcher, "torch") == [1]
    assert searcher.count() == 2


def test_books_added_with_another_backend_are_brought_in_step(make, app, monkeypatch):
    searcher = make()
    shelved(searcher, make.connection, RULES[:2])
    shelved(Fts5(Context(database=lambda: make.connection)), make.connection, RULES[2:])
    monkeypatch.setattr(fts, "candidates", None)
    assert ids(make(), "torch") == [1, 4]


def test_what_lags_far_behind_waits_for_reindex(make, monkeypatch):
    searcher = make()
    shelved(searcher, make.connection, RULES[:2])
    monkeypatch.setattr(type(searcher), "lag", 1)
    shelved(Fts5(Context(database=lambda: make.connection)), make.connection, RULES[2:])
    again = make()
    assert ids(again, "torch") == [1, 4], "the tables answer"
    assert again.count() == 2, "and verify sees that two are missing"
    again.remove(BLUE)
    shelved(again, make.connection, RULES[2:])
    assert again.count() == 4
    monkeypatch.setattr(fts, "candidates", None)
    assert ids(make(), "torch") == [1, 4]


@pytest.mark.parametrize("what", ["gone", "emptied", "junk", "half"])
def test_damaged_files_are_made_anew(make, what):
    searcher = make()
    shelved(searcher, make.connection, RULES)
    searcher.close()
    for path in (make.folder / "files").iterdir():
        if what == "gone":
            path.unlink()
        elif path.is_file():
            whole = path.read_bytes()
            path.write_bytes({"emptied": b"", "junk": b"\x80junk" * 99}.get(what, whole[::2]))
    again = make()
    assert ids(again, "torch") == [1, 4]
    assert again.count() == 4
    assert ids(make(), "grapple") == [2]


def test_without_its_folder_it_begins_anew(make):
    shelved(make(), make.connection, RULES)
    shutil.rmtree(make.folder)
    again = make()
    assert ids(again, "torch") == [1, 4]
    assert (make.folder / "state.json").exists()


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_its_folder_is_private(make):
    shelved(make(), make.connection, RULES)
    assert stat.S_IMODE(make.folder.stat().st_mode) == 0o700


class Trap:
    """Unpickled, it touches a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def strange(make, how, trap):
    """Another's index in our place: whole, or a file of ours swapped, or one put beside it."""
    state = make.folder / "state.json"
    files = make.folder / "files"
    bad = pickle.dumps(Trap(trap))
    if how == "seal":
        told = json.loads(state.read_text())
        state.write_text(json.dumps({**told, "mark": "1"}))
    elif how == "no state":
        state.unlink()
    elif how == "beside":
        (files / "_MAIN_99.toc").write_bytes(bad)
    elif how == "open to all":
        make.folder.chmod(0o777)
    for path in files.iterdir():
        if path.is_file() and how != "beside":
            path.write_bytes(bad)


@pytest.mark.parametrize("how", ["seal", "no state", "swapped", "beside", "open to all"])
def test_what_it_did_not_write_is_never_opened(make, how, tmp_path):
    trap = tmp_path / "sprung"
    shelved(make(), make.connection, RULES)
    strange(make, how, trap)
    again = make()
    assert ids(again, "torch") == [1, 4]
    assert again.count() == 4
    assert not trap.exists()
    assert not (make.folder / "files" / "_MAIN_99.toc").exists() or make.name == "tantivy"


@pytest.mark.parametrize("how", ["seal", "no state"])
def test_a_large_library_says_so_first(make, how, tmp_path, monkeypatch):
    searcher = make()
    shelved(searcher, make.connection, RULES)
    monkeypatch.setattr(type(searcher), "lag", 1)
    strange(make, how, tmp_path / "sprung")
    again = make()
    with pytest.raises(StoreError, match="not made by this library") as caught:
        again.search(Query("torch"), 3)
    assert "ttrpg library reindex" in caught.value.hint
    assert again.count() == 0, "so that verify finds it"
    for source in (RED, BLUE):
        again.remove(source)
        shelved(again, make.connection, [each for each in RULES if each.sha256 == source])
    assert ids(again, "torch") == [1, 4]
    assert again.count() == 4
    assert not (tmp_path / "sprung").exists()


def test_another_database_does_not_trust_its_files(make, tmp_path):
    searcher = make()
    shelved(searcher, make.connection, RULES)
    make.connection.execute("UPDATE search_seal SET key = lower(hex(randomblob(32)))")
    with pytest.raises(Foreign):
        StateFile(make.folder, bytes.fromhex(_key(make.connection))).read()
    assert ids(make(), "torch") == [1, 4]


def _key(connection):
    return connection.execute("SELECT key FROM search_seal").fetchone()[0]


def test_a_folder_that_cannot_be_made_leaves_the_tables(make, monkeypatch):
    make.folder.write_text("a file of that name")
    shelved(Fts5(Context(database=lambda: make.connection)), make.connection, RULES)
    searcher = make()
    assert ids(searcher, "torch") == [1, 4]
    assert searcher.count() == 0
    with pytest.raises(StoreError):
        searcher.add(RULES)


def test_while_another_process_writes_the_tables_answer(make, monkeypatch):
    monkeypatch.setattr(beside, "PATIENCE", 0.01)
    shelved(make(), make.connection, RULES[:2])
    hold = """
import sys, time
from pathlib import Path
from ttrpg_core.paths import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(make.folder / "state.json")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        child.stdout.readline()
        assert ids(make(), "torch") == [1]
        child.stdin.close()


KILLED = """
import os, sys
from pathlib import Path
from ttrpg_core.app import App
from ttrpg_core import entries
from ttrpg_core.search import Searcher

name, turns = sys.argv[1], int(sys.argv[2])
app = App()
searcher = app.make(entries.Searcher, name, Searcher)
searcher.count()
left = [turns]

def before(call):
    def counted(*args, **named):
        left[0] -= 1
        if left[0] < 0:
            os._exit(9)
        return call(*args, **named)
    return counted

for each in ("replace", "fsync", "unlink", "rename", "remove", "mkdir"):
    setattr(os, each, before(getattr(os, each)))
with app.store.transaction():
    (source,) = [b.sha256 for b in app.library.books()]
    chunks = list(app.library.chunks(source))
    searcher.remove(source)
    searcher.add(chunks)
print("done")
"""


@pytest.mark.skipif(os.name != "posix", reason="ends a process as kill -9 does")
@pytest.mark.parametrize("name", list(BACKENDS))
@pytest.mark.long
def test_killed_at_any_write_it_is_in_step_again(name, app, plugins, shelve, ttrpg_home):
    pytest.importorskip(name, reason=f"needs the extra: ttrpg-search[{name}]")
    shelve("Lamplit")
    there = app.keyword_searcher().count()
    ended = 9
    turns = 0
    while ended:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", KILLED, name, str(turns)],
            capture_output=True,
            text=True,
            check=False,
        )
        ended = done.returncode
        assert ended in (0, 9), done.stderr
        searcher = app.make(entries.Searcher, name, Searcher)
        found = [hit.chunk.heading for hit in searcher.search(Query("climbing"), 3)]
        assert found[:1] == ["Climbing"], turns
        assert searcher.count() == there
        searcher.close()
        turns += 1
    assert turns > 2


@pytest.mark.parametrize("name", list(BACKENDS))
def test_a_missing_extra_is_said(name, app, plugins, monkeypatch):
    plugins.register(ttrpg_search, "search")

    def missing(module):
        raise ImportError(module)

    monkeypatch.setattr(extras.importlib, "import_module", missing)
    made = BACKENDS[name]
    with pytest.raises(NotFound) as caught:
        made(Context())
    assert f"pip install 'ttrpg-search[{name}]'" in caught.value.hint
