"""What a process remembers of the keyword index is what the tables say, whatever changed them."""

import random

import pytest

import ttrpg_search
from ttrpg_core.documents import Chunk
from ttrpg_core.search import Question
from ttrpg_search.keyword import known
from ttrpg_search.keyword.known import Known
from ttrpg_search.keyword.texts import Texts

WORDS = "fire frost hit point armor class spell save wall dragon".split()  # noqa: SIM905 - a list of words


@pytest.fixture
def connection(app, plugins):
    plugins.register(ttrpg_search, "search")
    return app.store.connection


def chunk(number, source, text):
    return Chunk(number, source * 64, number, "", (), None, None, "", text)


def compared(remembered, connection, rng):
    """One question's look-ups, remembered and read anew."""
    wanted = rng.choices(WORDS, k=4)
    remembered.look()
    texts = Texts(connection)
    assert remembered.chunks_with(wanted) == texts.chunks_with(wanted)
    assert remembered.said(wanted) == texts.said(wanted)
    assert remembered.totals() == texts.totals()


def test_what_is_remembered_is_what_the_tables_say(connection, monkeypatch):
    monkeypatch.setattr(known, "MOST", 6)  # so that words are forgotten, too
    rng = random.Random(3)
    remembered = Known(connection)
    for turn in range(60):
        compared(remembered, connection, rng)
        connection.execute("BEGIN")
        if rng.random() < 0.3:
            Texts(connection).remove("a" * 64)
        else:
            text = " ".join(rng.choices(WORDS, k=2))
            Texts(connection).add([chunk(turn, rng.choice("ab"), text)])
        compared(remembered, connection, rng)
        if rng.random() < 0.5:
            connection.rollback()
        else:
            connection.commit()


def test_words_are_read_once_while_nothing_changes(connection):
    with connection:
        Texts(connection).add([chunk(1, "a", "fire wall")])
    remembered = Known(connection)
    remembered.look()
    asked = []
    connection.set_trace_callback(asked.append)
    for _ in range(2):
        assert remembered.chunks_with(["fire", "frost"]) == {"fire": 1}
    connection.set_trace_callback(None)
    assert len(asked) == 1


def test_marks_of_a_finding_are_made_when_they_are_looked_at(app, plugins, monkeypatch):
    plugins.register(ttrpg_search, "search")
    from ttrpg_search import engine

    made = []
    marker = engine._marks
    monkeypatch.setattr(engine, "_marks", lambda *told: made.append(1) or marker(*told))
    with app.store.transaction():
        app.library.begin("a" * 64, "x", 0, "1974")
        texts = ("a wall of fire", "the fire wall is long")
        chunks = [chunk(n, "a", text) for n, text in enumerate(texts)]
        kept = app.library.finish("a" * 64, chunks)
        app.keyword_searcher().add(kept)
    hits = app.finder().find(Question("fire wall")).hits
    assert hits
    assert not made
    every = [[hit.chunk.text[a:b] for a, b in hit.marks] for hit in hits]
    assert sorted(map(sorted, every)) == [["fire", "wall"]] * len(hits)
    assert made == [1]
    assert hits[0].marks == tuple(hits[0].marks)
    assert hits[0].marks != ()
    assert hits[0].marks[-1:] == (hits[0].marks[-1],)
    assert hash(hits[0].marks) == hash(tuple(hits[0].marks))
    assert repr(hits[0].marks) == repr(tuple(hits[0].marks))
