"""The packs of postings: whatever is added, merged and removed, they say what the texts say."""

import random
import sqlite3
from collections import Counter
from itertools import groupby, pairwise

import numpy as np
import pytest

import ttrpg_search
from ttrpg_core.context import Context
from ttrpg_core.documents import Chunk
from ttrpg_core.search import Query, Term
from ttrpg_search.fts import Fts5
from ttrpg_search.keyword import tokens
from ttrpg_search.keyword.columns import Columns
from ttrpg_search.keyword.packs import ALIKE, BODY, MOST, PATH
from ttrpg_search.keyword.plan import plan
from ttrpg_search.keyword.scoring import WEIGHTS, score
from ttrpg_search.keyword.texts import Texts
from ttrpg_search.schema import packs_of_stems

WORDS = "fire frost hit point armor class spell save wall dragon cave rope lamp door".split()  # noqa: SIM905 - a list of words


@pytest.fixture
def connection(app, plugins):
    plugins.register(ttrpg_search, "search")
    return app.store.connection


def chunk(number, source, rng):
    def said(most):
        words = rng.choices(WORDS, k=rng.randint(0, most))
        return " ".join(word for word, _ in groupby(words))

    path = tuple(each for each in (said(2), said(3)) if each)
    heading = path[-1] if path else ""
    return Chunk(number, source, number, heading, path, None, None, "", said(40) or "rope")


def packed(connection):
    """Each stem's places by chunk, out of the packs."""
    begins = {}
    for number, start, ids in connection.execute("SELECT pack, start, ids FROM search_lots"):
        for place, each in enumerate(np.frombuffer(ids, "<i8").tolist()):
            begins[number, start + place] = each
    found = {}
    for number, stem, docs, bodies, firsts, heads, paths, told in connection.execute(
        "SELECT * FROM search_postings"
    ):
        places = np.frombuffer(told, "<u2").tolist()
        columns = [np.frombuffer(each, "u1") if each else None for each in (bodies, heads, paths)]
        for n, (doc, first) in enumerate(
            zip(np.frombuffer(docs, "<u4").tolist(), np.frombuffer(firsts, "<u2"), strict=True)
        ):
            body, head, path = (0 if each is None else int(each[n]) for each in columns)
            own = [places.pop(0) for _ in range(body + head + path)]
            assert sum(each < PATH for each in own) == head
            assert sum(PATH <= each < BODY for each in own) == path
            assert first == (own[head + path] if body else 0)
            if (number, doc) in begins:
                found.setdefault(stem, {})[begins[number, doc]] = own
        assert not places
    return found


def told(connection):
    """The same, out of the texts."""
    found = {}
    for row in connection.execute("SELECT id, heading, path, body FROM search_texts"):
        for start, field in zip((0, PATH, BODY), tuple(row)[1:], strict=True):
            for place, stem in enumerate(field.split()):
                found.setdefault(stem, {}).setdefault(row[0], []).append(start + place)
    return found


def test_packs_say_what_the_texts_say(connection):
    rng = random.Random(5)
    texts = Texts(connection)
    number, books = 0, []
    for turn in range(60):
        if books and rng.random() < 0.3:
            texts.remove(books.pop(rng.randrange(len(books))))
        else:
            book = f"{turn:064x}"
            chunks = [chunk(number + n, book, rng) for n in range(rng.randint(1, 12))]
            number += len(chunks)
            books.append(book)
            texts.add(chunks)
            if rng.random() < 0.2:  # a passage that is there already is replaced
                texts.add([chunk(chunks[-1].id, book, rng)])
        assert packed(connection) == told(connection)
        sizes = [row[0] for row in connection.execute("SELECT size FROM search_packs")]
        tiers = [size.bit_length() // 2 for size in sizes]
        assert max(map(tiers.count, tiers), default=0) < ALIKE + 1
        living = connection.execute("SELECT SUM(length(ids)) / 8 FROM search_lots").fetchone()[0]
        assert sum(sizes) <= 2 * (living or 0)
    for book in books:
        texts.remove(book)
    for table in ("packs", "lots", "postings"):
        assert not connection.execute(f"SELECT COUNT(*) FROM search_{table}").fetchone()[0]


def test_what_is_kept_of_the_texts_is_what_one_text_after_the_other_says(connection):
    said = [
        ("Hunter\u2019s Mark", "1st-level divination, range: 90 feet (V); the ranger's _prey_"),
        ("", " \u2014 | -- | '' "),
        (
            "The Sun Blade of the very long and never ending Winter Night",
            "Caf\u00e9: ni\u00f1o's 2d6+3",
        ),
        (
            "Wild Shape",
            "Stra\u00dfe stra\u00dfen \u0130 \u039f\u0394\u039f\u03a3.\u0391 fire/cold rock'n'roll",
        ),
    ]
    chunks = [
        Chunk(n, f"{n % 2:064x}", n, heading, ("Magic", heading), None, None, "", text)
        for n, (heading, text) in enumerate(said)
    ]
    texts = Texts(connection)
    texts.add([*chunks, chunks[0]])
    texts.add(chunks[2:3])
    texts.add([chunk(9, "c" * 64, random.Random(3))])
    texts.remove("c" * 64)
    stems = Counter()
    for each in chunks:
        fields = [tokens.stems(field) for field in (each.heading, "Magic", each.text)]
        row = connection.execute("SELECT * FROM search_texts WHERE id = ?", [each.id]).fetchone()
        assert tuple(row)[2] == len(fields[2])
        assert tuple(row)[5:] == tuple(f" {' '.join(field)} " for field in fields)
        titled = fields[0][:8]
        stems.update({*titled, *fields[1], *fields[2], *map(" ".join, pairwise(titled))})
    kept = connection.execute("SELECT stem, chunks FROM search_stems WHERE chunks != 0")
    assert dict(map(tuple, kept)) == stems
    assert texts.count() == len(chunks)
    every = {word for heading, text in said for word in tokens.words(f"{heading} Magic {text}")}
    known = {row[0] for row in connection.execute("SELECT word FROM search_words")}
    assert every <= known
    assert texts.said(["wildshape"]) == {"wildshape": "wild shape"}
    assert texts.initials("ws") == ["wild shape"]


def test_columns_score_as_single_passages_are_scored(connection):
    rng = random.Random(6)
    texts = Texts(connection)
    for book in range(9):
        texts.add([chunk(100 * book + n, f"{book:064x}", rng) for n in range(12)])
    texts.remove(f"{4:064x}")
    for said in (("fire",), ("hit point", "armor"), ("spell save", "wall", "lamp"), ("door cave",)):
        terms = tuple(Term(each, (("dragon", 0.4), ("armor class", 0.6))) for each in said)
        planned = plan(Query(" ".join(said), terms=terms), texts)
        columns = Columns(connection, planned.generation, planned.mean_length, WEIGHTS)
        found = dict(columns.best(columns.scores(planned), 10))
        assert len(found) == 10
        for text in texts.of(found):
            assert found[text.id] == pytest.approx(score(text, planned), rel=0.03)
        assert columns.lots.count == texts.count()


def test_a_word_said_without_end_is_counted_so_often(connection):
    text = "ac " * (MOST + 40)
    Texts(connection).add([Chunk(1, "a" * 64, 1, "", (), None, None, "", text)])
    places = packed(connection)["ac"][1]
    assert places == list(range(BODY, BODY + MOST))


def test_nothing_is_merged_by_half(connection, monkeypatch):
    texts = Texts(connection)
    rng = random.Random(7)
    for book in range(ALIKE - 1):
        texts.add([chunk(10 * book + n, f"{book:064x}", rng) for n in range(5)])
    before = told(connection)

    def broken(*_):
        raise sqlite3.OperationalError("disk full")

    monkeypatch.setattr("ttrpg_search.keyword.packs._drop", broken)
    connection.execute("BEGIN")
    with pytest.raises(sqlite3.OperationalError):
        texts.add([chunk(900 + n, "f" * 64, rng) for n in range(5)])
    connection.rollback()
    assert packed(connection) == told(connection) == before


def test_what_an_older_version_indexed_is_packed_anew(app, plugins, connection):
    rng = random.Random(8)
    Texts(connection).add([chunk(n, "a" * 64, rng) for n in range(30)])
    before = told(connection)
    for table in ("packs", "lots", "postings"):
        connection.execute(f"DROP TABLE search_{table}")
    connection.execute("CREATE TABLE search_lots (lot)")
    connection.execute("CREATE TABLE search_postings (lot)")
    packs_of_stems(app.store.db)
    assert packed(connection) == told(connection) == before


def test_the_best_of_some_books_are_looked_at_as_the_best_of_all(connection):
    rng = random.Random(9)
    texts = Texts(connection)
    for book in range(4):
        texts.add([chunk(100 * book + n, f"{book:064x}", rng) for n in range(40)])
    planned = plan(Query("fire wall lamp"), texts)
    columns = Columns(connection, planned.generation, planned.mean_length, WEIGHTS)
    allowed = columns.lots.allowed(frozenset({f"{2:064x}"}), None, [205])
    found = dict(columns.best(columns.scores(planned, allowed), 10))
    assert len(found) == 10
    assert all(200 <= number < 240 and number != 205 for number in found)
    for text in texts.of(found):
        assert found[text.id] == pytest.approx(score(text, planned), rel=0.03)


def test_a_question_that_is_interrupted_spoils_no_other(app, plugins, connection, monkeypatch):
    rng = random.Random(10)
    searcher = Fts5(Context(database=lambda: connection))
    searcher.add([chunk(n, "a" * 64, rng) for n in range(60)])
    before = searcher.match(Query("fire wall"), 10).best

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Columns, "_look", interrupted)
        with pytest.raises(KeyboardInterrupt):
            searcher.match(Query("fire wall"), 10)
    assert searcher.match(Query("fire wall"), 10).best == before
