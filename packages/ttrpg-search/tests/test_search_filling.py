"""Vectors are filled after the text can be searched: on and on, by one, with what is there now."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from ttrpg_core.context import Context
from ttrpg_core.errors import Busy
from ttrpg_core.search import Filler, Question
from ttrpg_core.testing import HashEmbedder
from ttrpg_search import filling
from ttrpg_search.engine import Engine
from ttrpg_search.filling import filled, steps, vectors_of
from ttrpg_search.vectors import faiss_index, files
from ttrpg_search.vectors.exact import Exact

MANY = [(f"Rule {n}", ("Rules", f"Rule {n}"), n, str(n), f"Rule number {n}.") for n in range(40)]


@pytest.fixture
def index(tmp_path):
    made = Exact(Context(folder=tmp_path / "vectors"))
    yield made
    made.close()


@pytest.fixture
def context(app, plugins, tmp_path, index):
    """A context with the index and the hashing embedder."""
    parts = {"vector": index, "embedder": HashEmbedder()}
    return Context(
        folder=tmp_path / "engine",
        database=lambda: app.store.connection,
        backend=lambda role, name="": parts.get(role),
    )


def right(app, index, embedder=None):
    """Whether each passage has the vector of its own text, and nothing else has one."""
    chunks = list(app.library.chunks())
    wanted = vectors_of(embedder or HashEmbedder(), chunks)
    assert index.ids() == {chunk.id for chunk in chunks}
    return all(
        index.search(row, 1, frozenset({chunk.id}))[0][1] > 0.999
        for chunk, row in zip(chunks, wanted, strict=True)
    )


def test_the_engine_fills(app, shelve):
    shelve("Lamplit", MANY)
    engine = app.finder()
    assert isinstance(engine, Filler)
    told = list(engine.fill())
    assert (told[0].done, told[0].total) == (0, 40)
    assert told[-1].complete
    assert told[-1].embedder == app.backend("embedder").id
    assert [step.done for step in told] == sorted({step.done for step in told})
    assert [step.complete for step in engine.fill()] == [True]
    found = app.finder().find(Question("rule number 7"))
    assert "vectors" in {name for told in found.ranks.values() for name, _, _ in told}


def test_without_an_embedder_there_is_nothing_to_fill(app, shelve, plugins, ttrpg_home):
    shelve("Lamplit", MANY)
    context = Context(backend=lambda role, name="": None)
    assert list(Engine(context).fill()) == []


def test_it_stops_anywhere_and_goes_on(app, shelve, context, index):
    shelve("Lamplit", MANY)
    some = filled(context)
    next(some)
    step = next(some)
    some.close()
    assert len(index.ids()) == step.done == filling.FIRST
    again = list(filled(context))
    assert again[0].done == filling.FIRST
    assert again[-1].complete
    assert right(app, index)


def test_a_book_that_goes_takes_its_vectors_along(app, shelve, context, index):
    first = shelve("Lamplit", MANY[:5])
    shelve("Moonlit", MANY[5:9])
    list(filled(context))
    assert len(index.ids()) == 9
    with app.store.transaction():
        app.keyword_searcher().remove(first.sha256)
        app.store.connection.execute("DELETE FROM books WHERE id = ?", [first.id])
        app.library.forget(first.sha256)
    list(filled(context))
    assert right(app, index)


def test_a_book_cut_anew_gets_new_ids_and_vectors(app, shelve, context, index):
    book = shelve("Lamplit", MANY[:5])
    list(filled(context))
    before = index.ids()
    with app.store.transaction():
        chunks = app.library.finish(book.sha256, list(app.library.chunks(book.sha256)))
        app.keyword_searcher().remove(book.sha256)
        app.keyword_searcher().add(chunks)
    assert before.isdisjoint(chunk.id for chunk in chunks), "an id is never given twice"
    list(filled(context))
    assert right(app, index)


def test_another_embedder_begins_anew(app, shelve, context, index):
    shelve("Lamplit", MANY[:5])
    index.add("another/1", [1, 2], [[1.0, 0.0], [0.0, 1.0]])
    list(filled(context))
    assert index.embedder() == HashEmbedder.id
    assert right(app, index)


def test_vectors_of_a_later_copy_of_the_database_are_noticed(app, shelve, context, index):
    shelve("Lamplit", MANY[:5])
    wrong = np.roll(vectors_of(HashEmbedder(), list(app.library.chunks())), 3, axis=1)
    ids = [chunk.id for chunk in app.library.chunks()]
    index.add(HashEmbedder.id, [*ids, 999], [*wrong, wrong[0]])
    list(filled(context))
    assert right(app, index)


def test_damaged_files_are_made_anew(app, shelve, context, index, tmp_path):
    shelve("Lamplit", MANY[:5])
    list(filled(context))
    (tmp_path / "vectors" / "head.json").write_text("{")
    list(filled(context))
    assert right(app, index)


def test_one_fills_at_a_time(app, shelve, context, index):
    shelve("Lamplit", MANY)
    first = filled(context)
    next(first)
    said = []

    def second():
        try:
            next(filled(context))
        except Busy as error:
            said.append(error.message)

    thread = threading.Thread(target=second)  # a lock may be taken again by who has it
    thread.start()
    thread.join()
    assert len(said) == 1
    first.close()
    assert list(filled(context))[-1].complete


def test_a_book_added_meanwhile_is_done_before_it_ends(app, shelve, context, index):
    shelve("Lamplit", MANY[:9])
    told = []
    for step in filled(context):
        if not told:
            shelve("Moonlit", MANY[9:30])
        told.append(step)
    assert told[-1].total == 30
    assert told[-1].complete
    assert right(app, index)


def test_batches_grow_while_they_are_quick_and_shrink_when_slow(app, shelve, monkeypatch, index):
    shelve("Lamplit", MANY)
    monkeypatch.setattr(filling, "QUICK", 60.0)
    told = [step.done for step in steps(app.store.connection, HashEmbedder(), index)]
    assert told == [0, 4, 12, 28, 40]
    index.clear()
    monkeypatch.setattr(filling, "QUICK", 0.0)
    monkeypatch.setattr(filling, "SLOW", 0.0)
    told = [step.done for step in steps(app.store.connection, HashEmbedder(), index)]
    assert told == list(range(0, 41, 4))


def test_codes_are_made_at_the_end_and_may_be_left(app, shelve, tmp_path, monkeypatch):
    pytest.importorskip("faiss", reason="needs the extra: ttrpg-search[faiss]")
    shelve("Lamplit", MANY)
    monkeypatch.setattr(faiss_index, "PATIENT_FROM", 30)
    monkeypatch.setattr(files, "SKETCH_FROM", 30)
    monkeypatch.setattr(files, "SKETCH_WIDE", 4)
    index = faiss_index.FaissIndex(Context(folder=tmp_path / "codes"), patient=True)
    told = []
    for step in steps(app.store.connection, HashEmbedder(), index):
        told.append(step)
        if step.rest:
            break
    assert step.done == step.total
    assert not step.complete
    assert [s.complete for s in steps(app.store.connection, HashEmbedder(), index)] == [False, True]
    assert [s.complete for s in steps(app.store.connection, HashEmbedder(), index)] == [True]


FILLS = """
import time
from ttrpg_core.app import App
from ttrpg_search.embed.static import Static

embed = Static.embed

def slowly(self, texts):
    time.sleep(0.05)
    return embed(self, texts)

Static.embed = slowly
app = App()
for step in app.finder().fill():
    print(step.done, step.complete, flush=True)
app.close()
"""


@pytest.mark.skipif(os.name != "posix", reason="needs kill -9")
def test_killed_it_goes_on_and_nothing_is_lost(app, shelve, ttrpg_home):
    for number in range(5):
        shelve(f"Book {number}", [(f"{h} {number}", *rest) for h, *rest in MANY])
    command = [sys.executable, "-W", "ignore", "-c", FILLS]
    kept = []
    for _ in range(3):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            for line in child.stdout:
                if int(line.split()[0]) > (kept[-1] if kept else 0):
                    break
            time.sleep(0.03)
            child.send_signal(signal.SIGKILL)
        kept.append(len(app.backend("vector").ids()))
    assert kept == sorted(set(kept)), "each goes on from where the last one was killed"
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = done.stdout.split("\n")
    assert int(lines[0].split()[0]) >= kept[-1]
    assert lines[-2] == "200 True"
    assert right(app, app.backend("vector"), app.backend("embedder"))


def test_a_damaged_index_costs_its_vectors_and_not_the_answer(app, shelve):
    shelve("Lamplit", MANY)
    list(app.finder().fill())
    head = app.paths.indexes / "vectors" / "head.json"
    head.write_text("{")
    found = app.finder().find(Question("rule number 7"))
    assert found.hits
    (said,) = [step.said for step in found.steps if step.name == "vectors"]
    assert "cannot be read" in said
    assert list(app.finder().fill())[-1].complete
    assert right(app, app.backend("vector"), app.backend("embedder"))
