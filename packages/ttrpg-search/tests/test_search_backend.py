"""The keyword backend over a real store."""

import re
import sqlite3
import sys

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ttrpg_search
from ttrpg_core import Searcher
from ttrpg_core.context import Context
from ttrpg_core.documents import Chunk
from ttrpg_core.library import row_of
from ttrpg_core.search import Query, Term
from ttrpg_core.testing import PluginTests, SearcherTests
from ttrpg_search.fts import Fts5
from ttrpg_search.keyword.plan import MOST_TERMS, terms_of
from ttrpg_search.keyword.texts import Texts, one_moment

RED, BLUE = "a" * 64, "b" * 64


def passage(number, text, heading="", path=(), source=RED):
    return Chunk(
        id=number,
        sha256=source,
        ordinal=number,
        heading=heading,
        path=(*path, heading) if heading else tuple(path),
        first_page=number,
        last_page=number,
        label=str(number),
        text=text,
    )


class Shelving(Fts5):
    """Puts the chunks into the library's table too, as adding a book does."""

    def add(self, chunks):
        kept = list(chunks)
        for chunk in kept:
            row = {"id": chunk.id, **row_of(chunk)}
            self._database().execute("DELETE FROM chunks WHERE id = ?", [chunk.id])
            self._database().execute(
                "DELETE FROM chunks WHERE sha256 = ? AND ordinal = ?", [chunk.sha256, chunk.ordinal]
            )
            self._database().execute(
                f"INSERT INTO chunks ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",
                list(row.values()),
            )
        super().add(kept)


@pytest.fixture
def searcher(app, plugins):
    plugins.register(ttrpg_search, "search")
    return Shelving(Context(database=lambda: app.store.connection))


class TestFts5(SearcherTests):
    @pytest.fixture
    def searcher(self, app, plugins):
        plugins.register(ttrpg_search, "search")
        return Shelving(Context(database=lambda: app.store.connection))


class TestThePlugin(PluginTests):
    @pytest.fixture
    def plugin(self):
        return ttrpg_search


def ids(searcher, query, k=9, sources=None):
    return [hit.chunk.id for hit in searcher.search(Query(query, sources), k)]


def test_it_is_found_by_its_record(app, plugins):
    plugins.register(ttrpg_search, "search")
    assert plugins.entries(Searcher)["fts5"].role == "keyword"
    assert isinstance(app.keyword_searcher(), Fts5)


def test_the_heading_beats_a_mention(searcher):
    searcher.add(
        [
            passage(1, "A grappled creature cannot move. " + "Grappled, grappled, grappled. " * 3),
            passage(2, "Its speed becomes 0, and it gains no bonus.", "Grappled", ("Conditions",)),
            passage(3, "The roper has grappled many an explorer.", "Roper", ("Monsters",)),
        ]
    )
    assert ids(searcher, "grappled condition")[0] == 2
    assert ids(searcher, "grappled")[0] == 2


def test_the_path_counts_too(searcher):
    searcher.add(
        [
            passage(1, "You take 1d6.", "Fire", ("Spells",)),
            passage(2, "You take 1d6.", "Fire", ("Dangers",)),
        ]
    )
    assert ids(searcher, "fire dangers")[0] == 2
    assert ids(searcher, "fire spells")[0] == 1


def test_more_of_the_question_beats_more_of_one_word(searcher):
    searcher.add(
        [
            passage(1, "lantern lantern lantern lantern lantern"),
            passage(2, "When the lantern goes out, the dark comes near and nobody sees."),
        ]
    )
    assert ids(searcher, "what happens when my lantern goes out")[0] == 2


def test_a_phrase_stands_together(searcher):
    searcher.add(
        [passage(1, "an attack of opportunity"), passage(2, "the opportunity attack rule")]
    )
    assert ids(searcher, '"opportunity attack"') == [2]
    assert set(ids(searcher, "opportunity attack")) == {1, 2}


def test_a_word_can_be_excluded(searcher):
    searcher.add(
        [passage(1, "fire and frost"), passage(2, "fire and oil"), passage(3, "well-lit fire")]
    )
    assert set(ids(searcher, "fire -frost")) == {2, 3}
    assert set(ids(searcher, 'fire -"and oil"')) == {1, 3}
    assert set(ids(searcher, "well-lit")) == {3}, "a hyphen inside a word excludes nothing"
    assert ids(searcher, "-frost") == []


@pytest.mark.parametrize("term", ["AC", "HP", "DC", "ac"])
def test_terms_of_two_letters(searcher, term):
    searcher.add(
        [passage(1, "Your AC is 12, HP 9, the DC 15."), passage(2, "Nothing of the kind.")]
    )
    assert ids(searcher, term) == [1]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("falls", "A fall hurts"),
        ("healing", "It heals"),
        ("ubermut", "\N{LATIN CAPITAL LETTER U WITH DIAERESIS}bermut"),
        ("it's", "It's late"),
    ],
)
def test_forms_of_a_word(searcher, asked, told):
    searcher.add([passage(1, told), passage(2, "Something else.")])
    assert ids(searcher, asked) == [1]


def test_words_that_say_nothing_are_left_out_while_others_remain(searcher):
    searcher.add([passage(1, "the of and what"), passage(2, "a torch")])
    assert ids(searcher, "what is the torch") == [2]
    assert ids(searcher, "what the") == [1]


def test_marks_are_right(searcher):
    text = "\N{DRAGON} Dragons fear the dragon\u2019s own fire; a drag is no DRAGON."
    searcher.add([passage(1, text)])
    hit = searcher.search(Query("dragon"), 1)[0]
    assert [text[start:end] for start, end in hit.marks] == ["Dragons", "dragon", "DRAGON"]


def test_another_way_of_saying_is_found_and_marked(searcher):
    text = "Your Armor Class is what a blow must reach; armor alone is no class."
    searcher.add([passage(1, text), passage(2, "A blow must reach your shield.")])
    query = Query("ac", terms=(Term("ac", (("armor class", 1.0),)),))
    hit = searcher.search(query, 5)[0]
    assert hit.chunk.id == 1
    assert [text[start:end] for start, end in hit.marks] == ["Armor Class"]


def test_a_weaker_way_of_saying_counts_less(searcher):
    searcher.add([passage(1, "the foe runs"), passage(2, "the enemy runs"), passage(3, "a door")])
    query = Query("foe", terms=(Term("foe", (("enemy", 0.5),)),))
    hits = searcher.search(query, 5)
    assert [hit.chunk.id for hit in hits] == [1, 2]
    assert hits[0].score > hits[1].score > 0


def test_only_within_the_passages_asked_for(searcher):
    searcher.add([passage(n, "fire and smoke") for n in range(1, 30)])
    hits = searcher.search(Query("fire", within=frozenset({7, 9, 99})), 5)
    assert {hit.chunk.id for hit in hits} == {7, 9}
    assert searcher.search(Query("fire", within=frozenset()), 5) == []


def test_what_must_be_absent_with_terms(searcher):
    searcher.add([passage(1, "fire and frost"), passage(2, "fire and oil")])
    query = Query("fire", terms=(Term("fire"),), absent=("frosts",))
    assert [hit.chunk.id for hit in searcher.search(query, 5)] == [2]


def test_very_common_words_alone_are_found(searcher, monkeypatch):
    monkeypatch.setattr("ttrpg_search.keyword.candidates.OFTEN", 5)
    searcher.add([passage(n, "the attack roll meets its target") for n in range(20)])
    searcher.add([passage(50, "attack", "Attack roll")])
    assert ids(searcher, "attack roll", 3)[0] == 50
    assert len(ids(searcher, "attack", 30)) == 21
    assert len(ids(searcher, "attack target", 30)) >= 20


def test_scores_are_those_of_the_hits(searcher):
    searcher.add([passage(n, f"word{n} common fire") for n in range(20)])
    query = Query("fire word7")
    found = [(hit.chunk.id, hit.score) for hit in searcher.search(query, 5)]
    assert searcher.match(query, 5).best == found


def test_only_the_books_asked_for(searcher):
    searcher.add([passage(1, "fire"), passage(2, "fire", source=BLUE)])
    assert ids(searcher, "fire", sources=frozenset({BLUE})) == [2]


def test_a_rollback_takes_the_index_along(searcher, app):
    searcher.add([passage(1, "fire")])

    def change_and_fail():
        with app.store.transaction():
            searcher.remove(RED)
            searcher.add([passage(2, "frost")])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change_and_fail()
    assert ids(searcher, "fire") == [1]
    assert ids(searcher, "frost") == []


def test_the_index_agrees_with_its_chunks_after_many_changes(searcher, app):
    for turn in range(5):
        searcher.add([passage(n, f"word{n} turn{turn} common") for n in range(20)])
        searcher.add([passage(100 + n, f"word{n}", source=BLUE) for n in range(turn)])
        searcher.remove(BLUE)
    connection = app.store.connection
    connection.execute("INSERT INTO search_index (search_index) VALUES ('integrity-check')")
    assert searcher.count() == 20
    assert dict(connection.execute("SELECT stem, chunks FROM search_stems WHERE chunks != 0")) == {
        **{f"word{n}": 1 for n in range(20)},
        "turn4": 20,
        "common": 20,
    }
    assert ids(searcher, "turn3") == []
    assert len(ids(searcher, "turn4", 99)) == 20


@given(st.text(max_size=300))
def test_any_text_is_understood(text):
    terms, absent = terms_of(text)
    assert len(terms) <= MOST_TERMS
    for said in (*(term.text for term in terms), *absent):
        assert re.fullmatch(r"\w+( \w+)*", said)


@given(st.lists(st.from_regex(r"[a-z]{4,9}", fullmatch=True), min_size=1, max_size=5, unique=True))
def test_quoting_makes_one_term(words):
    assert [term.text for term in terms_of(f'"{" ".join(words)}"')[0]] == [" ".join(words)]


def test_an_index_of_the_version_before_is_made_anew(app, plugins):
    plugins.register(ttrpg_search, "search")
    shelved = Shelving(Context(database=lambda: app.store.connection))
    shelved.add([passage(1, "fire"), passage(2, "frost", source=BLUE)])
    connection = app.store.connection
    book = {
        name: "" for (name,) in connection.execute("SELECT name FROM pragma_table_info('books')")
    }
    book |= {"id": "red", "sha256": RED, "size": 0, "pages": 0, "chunks": 1, "details": "{}"}
    connection.execute(
        f"INSERT INTO books ({', '.join(book)}) VALUES ({', '.join('?' * len(book))})",
        list(book.values()),
    )
    for table in (
        "index",
        "texts",
        "stems",
        "words",
        "initials",
        "totals",
        "packs",
        "lots",
        "postings",
        "stamps",
        "seal",
    ):
        connection.execute(f"DROP TABLE IF EXISTS search_{table}")
    connection.execute("DELETE FROM _sqlite_migrations WHERE migration_set = 'ttrpg-search'")
    connection.execute("DELETE FROM store WHERE key = 'schemas'")
    app.close()
    app.__dict__.pop("store")
    again = Fts5(Context(database=lambda: app.store.connection))
    assert ids(again, "fire") == [1]
    assert ids(again, "frost") == [], "a book that is on no shelf is not indexed anew"


def test_what_is_added_at_once_is_one_part_of_the_index(searcher, app):
    searcher.add([passage(number, f"fire number {number}") for number in range(1, 300)])
    parts = "SELECT COUNT(DISTINCT segid) FROM search_index_idx"
    assert app.store.connection.execute(parts).fetchone()[0] == 1
    searcher.add([passage(number, f"frost number {number}") for number in range(200, 400)])
    assert searcher.count() == 399
    app.store.connection.execute(
        "INSERT INTO search_index (search_index, rank) VALUES ('integrity-check', 1)"
    )


def test_a_replaced_passage_keeps_its_place(searcher):
    searcher.add([passage(1, "old words")])
    searcher.add([attrs.evolve(passage(1, "new words"), label="7")])
    assert ids(searcher, "old") == []
    assert searcher.search(Query("new"), 1)[0].chunk.label == "7"


def test_a_word_said_hundreds_of_times_in_headings(searcher):
    path = tuple(" ".join(["ac"] * 60) for _ in range(6))
    searcher.add([passage(1, "ac 15 " * 300, path[0], path), passage(2, "an ac of 15")])
    import numpy as np  # so that the columns are asked

    assert np.__name__ in sys.modules
    for _ in range(2):
        assert set(ids(searcher, "ac 15")) == {1, 2}


def test_a_question_is_of_one_moment(searcher, app, tmp_path):
    searcher.add([passage(n, f"fire number{n}") for n in range(9)])
    connection = app.store.connection
    other = sqlite3.connect(app.paths.database)
    with one_moment(connection):
        before = Texts(connection).totals()
        other.execute("UPDATE search_totals SET generation = 7")
        other.commit()
        assert Texts(connection).totals() == before
    assert Texts(connection).totals().generation == 7
    assert not connection.in_transaction
    other.close()
