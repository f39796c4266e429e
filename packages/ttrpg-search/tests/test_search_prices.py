"""Questions for a price are answered by the row of the list that has the thing."""

import attrs
import pytest

import ttrpg_search
from ttrpg_core.documents import Chunk
from ttrpg_core.library import Book
from ttrpg_core.search import Question

WEAPONS = """\
| Weapon | Cost | Damage |
| --- | --- | --- |
| Club | 1 sp | 1d4 |
| Long sword | 15 gp | 1d8 |
| Sword, great | 50 gp | 2d6 |
| Lantern oil (flask) | 1 sp | — |
"""
BARE = """\
| Wagon | 35 gp | 400 lb. |
| --- | --- | --- |
| Horse, riding | 75 gp | 480 lb. |
| War horse | 400 gp | 540 lb. |
"""
ARMOR = """\
| Armor | Price | AC |
| --- | --- | --- |
| Plate | 1,500 | 18 |
"""
HARM = """\
| Fall | Harm |
| --- | --- |
| Long sword | 1d8 |
| Riding horse | 2d6 |
"""
PASSAGES = (
    (
        "Swords",
        "A long sword is worth more to its bearer than its price. A sword costs blood.",
        "text",
    ),
    ("Weapons for Sale", WEAPONS, "table"),
    ("Stable", BARE, "table"),
    ("Mail", ARMOR, "table"),
    ("Harm", HARM, "table"),
    ("Riding", "To ride a horse well costs years. A riding horse is worth its price.", "text"),
    ("Plate Armor", "Plate armor costs its wearer speed. The price of plate is sweat.", "text"),
)


@pytest.fixture
def first(app, plugins):
    """The heading of the best passage, and all that was found."""
    plugins.register(ttrpg_search, "search")
    sha256 = "a" * 64
    chunks = [
        Chunk(0, sha256, n, heading, ("Goods", heading), n, n, str(n + 1), text, kind, {})
        for n, (heading, text, kind) in enumerate(PASSAGES)
    ]
    with app.store.transaction():
        app.library.begin(sha256, "text", 1, "2026-01-01T00:00:00+00:00")
        app.keyword_searcher().add(app.library.finish(sha256, chunks))
        book = Book("goods", "Goods", sha256, "/x", "text", 1, 9, len(chunks), "2026")
        with app.journal.change("library.add") as change:
            change.insert("books", attrs.asdict(book))
            change.prose = "added"

    def ask(text):
        found = app.finder().find(Question(text))
        return found.hits[0].chunk.heading, found

    return ask


@pytest.mark.parametrize(
    ("question", "heading"),
    [
        ("cost of a long sword", "Weapons for Sale"),
        ("how much does a long sword cost?", "Weapons for Sale"),
        ("price of a great sword", "Weapons for Sale"),
        ("how much is lantern oil", "Weapons for Sale"),
        ("riding horse price", "Stable"),
        ("what is a war horse worth", "Stable"),
        ("where can I buy plate mail", "Mail"),
        ("what does plate mail cost", "Mail"),
    ],
)
def test_the_list_stands_first(first, question, heading):
    shown, found = first(question)
    assert shown == heading
    assert found.answered


@pytest.mark.parametrize(
    "question",
    ["long sword", "how hard does a long sword hit", "riding a horse", "price of a dragon egg"],
)
def test_what_asks_no_price_or_is_in_no_list_is_ranked_as_ever(first, question):
    _, found = first(question)
    assert "prices" not in {step.name for step in found.steps}


def test_a_row_without_money_is_no_price(first):
    _, found = first("what does a riding horse cost")
    assert "Harm" not in [hit.chunk.heading for hit in found.hits[:1]]
    assert [step.said for step in found.steps if step.name == "prices"] == [
        "a row with the price in 1 of the tables"
    ]


def test_filters_hold(first):
    _, found = first("cost of a long sword page:1")
    assert [hit.chunk.heading for hit in found.hits] == ["Swords"]
