"""Postings made ready: the same answers, never those of another moment, and none the worse lost."""

import os
import random

import pytest

import ttrpg_search
from ttrpg_core.context import Context
from ttrpg_core.documents import Chunk
from ttrpg_core.search import Query, Term
from ttrpg_core.testing import HashEmbedder
from ttrpg_search.asking.lexicon import lexicon
from ttrpg_search.filling import filled
from ttrpg_search.fts import Fts5
from ttrpg_search.keyword import ready
from ttrpg_search.vectors.exact import Exact

PHRASES = {("hit", "point"), ("armor", "class"), ("point", "fire"), ("rope", "sextant")}
ASKED = [
    Query(" ".join(said), terms=tuple(Term(each, (("armor class", 0.6),)) for each in said))
    for said in (("fire",), ("hit point", "lamp"), ("spell", "wall"), ("point fire", "cave door"))
]
WORDS = "fire hit point armor class spell wall cave rope lamp door".split()  # noqa: SIM905 - a list of words


def chunk(number, source, rng):
    heading, text = (" ".join(rng.choices(WORDS, k=most)) for most in (2, 30))
    return Chunk(number, source, number, heading, (heading,), None, None, "", text)


@pytest.fixture
def connection(app, plugins):
    plugins.register(ttrpg_search, "search")
    return app.store.connection


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(ready, "READY_FROM", 40)
    return tmp_path / "words"


@pytest.fixture
def searcher(connection, folder):
    """Sixty passages, with the file of them."""
    rng = random.Random(3)
    made = Fts5(Context(database=lambda: connection, folder=folder))
    made.add([chunk(n, f"{n // 20:064x}", rng) for n in range(60)])
    assert made.unready()
    made.make_ready(PHRASES)
    assert not made.unready()
    return made


def answers(connection, folder, asked=ASKED):
    """What a new searcher answers."""
    searcher = Fts5(Context(database=lambda: connection, folder=folder))
    return [searcher.match(query, 20).best for query in asked]


def test_the_answers_are_those_of_the_packs(searcher, connection, folder, tmp_path):
    plain = answers(connection, tmp_path / "none")
    assert all(len(each) > 5 for each in plain)
    assert answers(connection, folder) == plain
    connection.execute("UPDATE search_postings SET docs = x'', places = x''")
    told = answers(connection, folder, ASKED[:-1])
    assert told == plain[:-1], "all but a phrase that nobody named is read from the file alone"


def test_a_file_of_another_moment_is_not_read(searcher, connection, folder, tmp_path):
    before = answers(connection, folder)
    connection.execute("BEGIN")
    searcher.remove(f"{1:064x}")
    assert searcher.unready()
    within = answers(connection, folder)
    assert within == answers(connection, tmp_path / "none") != before
    connection.rollback()
    assert not searcher.unready()
    assert answers(connection, folder) == before


def test_the_file_of_an_earlier_moment_goes(searcher, connection, folder):
    searcher.add([chunk(n, "f" * 64, random.Random(4)) for n in range(100, 110)])
    (folder / ".half.killed").write_bytes(b"half of a file")
    searcher.make_ready(PHRASES)
    assert len(list(folder.iterdir())) == 1
    assert answers(connection, folder) == [searcher.match(query, 20).best for query in ASKED]


def test_a_searcher_that_is_open_takes_the_file_when_there_is_one(connection, folder):
    rng = random.Random(3)
    searcher = Fts5(Context(database=lambda: connection, folder=folder))
    searcher.add([chunk(n, "a" * 64, rng) for n in range(60)])
    before = searcher.match(ASKED[0], 20).best
    searcher.make_ready(PHRASES)
    connection.execute("UPDATE search_postings SET docs = x'', places = x''")
    assert before
    assert searcher.match(ASKED[2], 20).best == answers(connection, folder, ASKED[2:3])[0] != []


@pytest.mark.parametrize("kept", [0, 5, 300, -1, -9, -400])
def test_a_damaged_file_costs_time_and_no_answer(searcher, connection, folder, tmp_path, kept):
    (file,) = folder.iterdir()
    data = file.read_bytes()
    file.write_bytes(data[:kept])
    plain = answers(connection, tmp_path / "none")
    assert answers(connection, folder) == plain
    file.write_bytes(bytes(len(data)))
    assert answers(connection, folder) == plain
    assert searcher.unready(), "the next filling makes it again"


def test_a_file_that_is_cut_while_it_is_open_is_left(searcher, connection, folder, tmp_path):
    searcher.match(ASKED[0], 20)
    (file,) = folder.iterdir()
    os.truncate(file, 20)
    assert searcher.match(ASKED[3], 20).best == answers(connection, tmp_path / "none")[3]


def test_a_disk_that_is_full_leaves_nothing_half(searcher, folder, monkeypatch):
    searcher.add([chunk(100, "f" * 64, random.Random(4))])
    before = list(folder.iterdir())

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ttrpg_search.keyword.ready.os.fsync", full)
    searcher.make_ready(PHRASES)
    assert searcher.unready()
    assert list(folder.iterdir()) == before


def test_it_is_made_behind_the_vectors(app, shelve, folder, tmp_path):
    shelve("Lamplit", [(f"Rule {n}", ("Rules",), n, "", f"Rule number {n}.") for n in range(50)])
    database = lambda: app.store.connection  # noqa: E731 - a fixture's own
    parts = {
        "keyword": Fts5(Context(database=database, folder=folder)),
        "vector": Exact(Context(folder=tmp_path / "vectors")),
        "embedder": HashEmbedder(),
    }
    context = Context(folder=tmp_path, database=database, backend=lambda role: parts[role])
    told = [(step.done, step.rest) for step in filled(context)]
    assert told[-2:] == [(50, "a file of words for a large library"), (50, "")]
    assert not parts["keyword"].unready()
    assert [step.complete for step in filled(context)] == [True]


def test_the_phrases_of_the_language_are_those_that_are_looked_for():
    found = lexicon(frozenset()).phrases()
    assert ("hit", "point") in found
    assert all(len(each) > 1 for each in found)
