"""The whole search, over a shelf of books."""

import json
import random

import attrs
import numpy as np
import pytest

import ttrpg_search
from ttrpg_core import entries
from ttrpg_core.context import Context
from ttrpg_core.documents import Chunk
from ttrpg_core.errors import InputError, PluginError
from ttrpg_core.library import Book
from ttrpg_core.search import Finder, Question, Searcher
from ttrpg_core.testing import HashEmbedder
from ttrpg_search.engine import Engine, Tuning
from ttrpg_search.filling import fill

RULES = (
    ("Falling", "A fall does 1d6 harm for each height that a lantern bearer falls.", "text", {}),
    ("Grappling", "To hold a foe, roll Stride against 8. It ends when you let go.", "text", {}),
    (
        "Lantern Wisp",
        "AC 12, hit points 9. A wisp that falls is grappled.",
        "stat_block",
        {"cr": 0.5},
    ),
    ("Marsh Troll", "AC 15, hit points 84. It grapples.", "stat_block", {"cr": 5.0}),
    ("Ember Dart", "A dart of flame burns a foe.", "spell", {"level": 2.0, "school": "evocation"}),
    ("Frost Veil", "A veil of frost hides you.", "spell", {"level": 4.0, "school": "illusion"}),
)
OTHER = (("Falling", "Falling costs a point of Luck.", "text", {}),)
HOUSE = (("Falling", "At our table a fall does 2d6 harm.", "text", {}),)


class Vectors:
    """An exact index in memory."""

    def __init__(self, embedder=""):
        self.by, self.rows = embedder, {}

    def embedder(self):
        return self.by if self.rows else ""

    def ids(self):
        return frozenset(self.rows)

    def add(self, embedder, ids, vectors):
        self.by = embedder
        self.rows.update(zip(ids, vectors, strict=True))

    def remove(self, ids):
        for each in ids:
            self.rows.pop(each, None)

    def clear(self):
        self.rows.clear()

    def search(self, vector, k, within=None):
        found = [
            (number, float(np.dot(vector, row)))
            for number, row in self.rows.items()
            if within is None or number in within
        ]
        return sorted(found, key=lambda each: (-each[1], each[0]))[:k]

    def close(self):
        self.rows.clear()


class Backwards:
    def rerank(self, question, chunks):
        return list(range(len(chunks)))


@pytest.fixture
def shelve(app, plugins):
    plugins.register(ttrpg_search, "search")

    def shelve(name, passages, **more):
        sha256 = name.ljust(64, "0")
        chunks = [
            Chunk(0, sha256, n, heading, ("Rules", heading), n, n, str(n + 1), text, kind, fields)
            for n, (heading, text, kind, fields) in enumerate(passages)
        ]
        with app.store.transaction():
            app.library.begin(sha256, "text", 1, "2026-01-01T00:00:00+00:00")
            app.keyword_searcher().add(app.library.finish(sha256, chunks))
            book = Book(name, name.title(), sha256, "/x", "text", 1, 9, len(chunks), "2026", **more)
            with app.journal.change("library.add") as change:
                change.insert("books", attrs.asdict(book))
                change.prose = "added"
        return sha256

    return shelve


@pytest.fixture
def make(app, shelve):
    """An engine with backends given: ``make(embedder=..., vector=...)``."""
    shelve("lamplit", RULES, system="lamplit")

    def make(tuning=None, **given):
        def backend(role, name=""):
            return app.keyword_searcher() if role == "keyword" else given.get(role)

        context = Context(database=lambda: app.store.connection, backend=backend)
        return Engine(context, tuning or Tuning())

    return make


def headings(findings):
    return [hit.chunk.heading for hit in findings.hits]


def test_it_is_found_by_its_record(app, shelve):
    shelve("lamplit", RULES)
    assert isinstance(app.finder(), Engine)
    assert isinstance(app.finder(), Finder)
    assert app.finder().find(Question("falling")).hits[0].chunk.heading == "Falling"


def test_the_right_passage_with_its_marks_steps_and_ranks(make):
    found = make().find(Question("fallling harm"))
    hit = found.hits[0]
    assert hit.chunk.heading == "Falling"
    assert found.corrected == "falling harm"
    assert found.answered
    assert [hit.chunk.text[a:b] for a, b in hit.marks] == ["fall", "harm", "falls"]
    assert {step.name for step in found.steps} >= {"spelling", "words", "answered"}
    assert found.ranks[hit.chunk.id][0][:2] == ("words", 1)


def test_what_stands_for_the_words_is_marked_and_not_what_is_near(shelve, make):
    """An excerpt goes by the marks: what is only near the thing would lead it away."""
    text = "Armor Class 12. It fails its saving throws, and each attack roll hits; class is all."
    shelve("caves", (("Cave Eel", text, "stat_block", {}),), system="dnd5e")
    shelve("rules", (("Armor Class", "Dexterity adds to it.", "text", {}),), system="dnd5e")
    hit = make().find(Question("cave eel ac")).hits[0]
    assert [hit.chunk.text[a:b] for a, b in hit.marks] == ["Armor Class"]
    hit = make().find(Question("saving throw of what lives in caves")).hits[0]
    assert [hit.chunk.text[a:b] for a, b in hit.marks] == ["saving throws"]


@pytest.mark.parametrize(
    ("text", "only"),
    [
        ("kind:spell foe", {"Ember Dart"}),
        ("kind:monster grapples cr:1-", {"Marsh Troll"}),
        ("falls cr:1/2", {"Lantern Wisp"}),
        ("veil dart school:illusion", {"Frost Veil"}),
        ("veil dart level:<=3", {"Ember Dart"}),
        ("falling page:1", {"Falling"}),
        ("grappling -hold", {"Lantern Wisp", "Marsh Troll"}),
        ('"hit points" grapple', {"Lantern Wisp", "Marsh Troll"}),
    ],
)
def test_filters(make, text, only):
    assert set(headings(make().find(Question(text)))) == only


def test_books_and_systems(make, shelve):
    engine = make()
    other = shelve("luckbook", OTHER, system="luck")
    books = {hit.chunk.sha256 for hit in engine.find(Question("falling")).hits}
    assert len(books) == 2
    assert "systems" in {step.name for step in engine.find(Question("falling")).steps}
    for question in (
        Question("falling", sources=frozenset({other})),
        Question("falling", system="luck"),
        Question("falling system:luck"),
        Question("falling book:luckbook"),
        Question("falling book:luck"),
    ):
        assert {hit.chunk.sha256 for hit in engine.find(question).hits} == {other}
    for text in ("falling book:nowhere", "falling system:nothing"):
        with pytest.raises(InputError, match="fits no book"):
            engine.find(Question(text))
    with pytest.raises(InputError, match="fits no book"):
        engine.find(Question("falling", system="nothing"))


def test_a_campaign_chooses_its_system(make, shelve, app):
    engine = make()
    shelve("luckbook", OTHER, system="luck")
    app.store.connection.execute(
        "INSERT INTO campaigns (id, name, system, genre, setting, description, game_date,"
        " created_at, updated_at) VALUES ('c1', 'C', 'luck', '', '', '', '', '2026', '2026')"
    )
    app.store.connection.execute("INSERT INTO chosen VALUES ('campaign', 'c1')")
    found = engine.find(Question("falling"))
    assert {hit.chunk.sha256[:4] for hit in found.hits} == {"luck"}
    assert any(step.name == "system" for step in found.steps)


def test_house_rules_stand_above_the_book(make, shelve, app):
    engine = make()
    ours = shelve("house", HOUSE, kind="house_rules")
    assert engine.find(Question("falling harm")).hits[0].chunk.sha256 == ours
    assert engine.find(Question("grappling")).hits[0].chunk.sha256 != ours
    app.store.connection.execute("UPDATE books SET campaign = 'c9' WHERE kind = 'house_rules'")
    assert ours not in {hit.chunk.sha256 for hit in engine.find(Question("falling harm")).hits}


def test_a_book_off_the_shelf_is_not_asked(make, app):
    engine = make()
    app.store.connection.execute("DELETE FROM books")
    app.store.connection.execute(
        "INSERT INTO books (id, title, sha256, path, parser, size, pages, chunks, added_at)"
        " VALUES ('new', 'New', 'ff', '', '', 0, 0, 0, '')"
    )
    assert engine.find(Question("falling")).hits == ()


def test_paging(make):
    engine = make()
    whole = headings(engine.find(Question("falls grapples lantern hit points")))
    paged = [
        headings(engine.find(Question("falls grapples lantern hit points", count=1, offset=n)))[0]
        for n in range(len(whole))
    ]
    assert paged == whole
    past = engine.find(Question("falls grapples lantern hit points", offset=len(whole)))
    assert past.hits == ()
    assert past.total == len(whole)


def test_passages_of_one_section_come_once(make, shelve):
    engine = make()
    shelve("long", [("Ladders", f"Ladders are climbed, part {n}.", "text", {}) for n in range(5)])
    assert headings(engine.find(Question("ladders climbed"))).count("Ladders") >= 1


def test_vectors_find_what_words_do_not(make, app):
    class Meaning(HashEmbedder):
        def embed(self, texts):
            return super().embed([text.replace("xyzzy", "falling") for text in texts])

    vectors, embedder = Vectors(), Meaning()
    engine = make(vector=vectors, embedder=embedder)
    assert fill(app.store.connection, embedder, vectors).made == len(RULES)
    found = engine.find(Question("xyzzy"))
    assert found.hits[0].chunk.heading == "Falling"
    assert [name for name, _, _ in found.ranks[found.hits[0].chunk.id]] == ["vectors"]
    assert engine.find(Question("xyzzy", keyword_only=True)).hits == ()
    only = engine.find(Question("xyzzy kind:spell"))
    assert {hit.chunk.kind for hit in only.hits} == {"spell"}


def test_vectors_of_another_embedder_are_left_aside(make, app):
    vectors, embedder = Vectors(), HashEmbedder()
    engine = make(vector=vectors, embedder=embedder)
    vectors.add("another/1", [1], [[1.0] * 64])
    found = engine.find(Question("falling"))
    assert found.hits[0].chunk.heading == "Falling"
    assert any("another/1" in step.said for step in found.steps)


def test_a_broken_embedder_costs_its_ranking_alone(app, shelve):
    shelve("lamplit", RULES)

    def backend(role, name=""):
        if role == "embedder":
            raise PluginError("no weights", "Get them", plugin="x")
        return app.keyword_searcher() if role == "keyword" else None

    engine = Engine(Context(database=lambda: app.store.connection, backend=backend))
    found = engine.find(Question("falling"))
    assert found.hits[0].chunk.heading == "Falling"
    assert any("no weights" in step.said for step in found.steps)


def test_a_reranker_that_answers_nonsense_is_left_aside(make):
    class Short(Backwards):
        def rerank(self, question, chunks):
            return [1.0]

    question = Question("falling damage")
    found = make(reranker=Short()).find(question)
    assert headings(found) == headings(make().find(question))
    assert "reranker" in [step.name for step in found.steps]


def test_a_passage_whose_text_is_gone_is_left_out(make, app):
    before = make().find(Question("falling damage"))
    app.store.connection.execute("DELETE FROM chunks WHERE id = ?", [before.hits[0].chunk.id])
    after = make().find(Question("falling damage"))
    assert headings(after) == headings(before)[1:]


def test_a_reranker_orders_once_more(make):
    question = Question("falls grapples lantern hit points")
    plain = headings(make().find(question))
    assert headings(make(reranker=Backwards()).find(question)) == plain[::-1]


def test_filling_goes_on_and_forgets(make, app, shelve):
    make()
    vectors, embedder = Vectors(), HashEmbedder()
    told = []
    done = fill(app.store.connection, embedder, vectors, lambda *each: told.append(each))
    assert (done.made, done.forgotten, done.kept) == (len(RULES), 0, 0)
    assert told[-1] == (len(RULES), len(RULES))
    shelve("more", [(f"Rule {n}", "a rule", "text", {}) for n in range(69)])
    done = fill(app.store.connection, embedder, vectors)
    assert (done.made, done.kept) == (69, len(RULES))
    app.keyword_searcher().remove("more".ljust(64, "0"))
    assert fill(app.store.connection, embedder, vectors).forgotten == 69
    assert len(vectors.ids()) == len(RULES)
    vectors.by = "another/1"
    assert fill(app.store.connection, embedder, vectors).made == len(RULES)
    assert vectors.embedder() == embedder.id
    assert all(abs(np.linalg.norm(row) - 1) < 1e-5 for row in vectors.rows.values())


def test_nothing_in_the_books(make):
    found = make().find(Question("xylophone quartet"))
    assert not found.answered
    nearly = make().find(Question("xylophone lantern"))
    assert nearly.hits
    assert not nearly.answered


@pytest.mark.parametrize("text", ["", " ", "???", "kind:spell", "-falling", '"', "the of"])
def test_odd_questions(make, text):
    found = make().find(Question(text))
    assert found.total >= len(found.hits)


def test_any_backend_of_words_will_do(app, shelve):
    from ttrpg_core.testing import MemorySearcher

    shelve("lamplit", RULES)
    memory = MemorySearcher()
    memory.add(app.library.chunks())
    assert isinstance(memory, Searcher)
    context = Context(
        database=lambda: app.store.connection,
        backend=lambda role, name="": memory if role == "keyword" else None,
    )
    assert Engine(context).find(Question("falling")).hits[0].chunk.heading == "Falling"


def test_it_closes_twice(make):
    engine = make(vector=Vectors(), embedder=HashEmbedder())
    engine.find(Question("falling"))
    engine.close()
    engine.close()
    assert engine.find(Question("falling")).hits


def test_it_answers_the_same_twice(make, shelve):
    rng = random.Random(3)
    words = ["oath", "bell", "river", "thorn", "mirror", "ash"]
    shelve(
        "many", [(f"Rule {n}", " ".join(rng.choices(words, k=9)), "text", {}) for n in range(60)]
    )
    engine = make()
    for query in words:
        first = engine.find(Question(query))
        assert json.dumps(headings(first)) == json.dumps(headings(engine.find(Question(query))))


def test_settings_name_it(app, plugins):
    plugins.register(ttrpg_search, "search")
    roles = {name: entry.role for name, entry in plugins.entries(entries.Searcher).items()}
    assert roles["engine"] == "finder"
