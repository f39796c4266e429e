"""``ttrpg search``, where the command line is installed too."""

import attrs
import pytest

import ttrpg_search
from ttrpg_core.documents import Chunk, Section
from ttrpg_core.library import Book
from ttrpg_core.search import Hit
from ttrpg_search.commands import caption

PASSAGES = (
    ("Falling", ("Dangers", "Falling"), 4, 4, "6", "A fall does 1d6 harm for each height."),
    ("Grappling", ("Fights", "Grappling"), 5, 6, "7-8", "To hold a foe, roll Stride against 8."),
    ("", (), 0, 0, "", "A foreword about falling in love with games."),
)


def chunks(sha256):
    return [
        Chunk(0, sha256, n, heading, path, first, last, label, text)
        for n, (heading, path, first, last, label, text) in enumerate(PASSAGES)
    ]


@pytest.fixture
def shelf(app, plugins, ttrpg):
    """Two books, shelved as the library does it."""
    plugins.register(ttrpg_search, "search")
    for name, sha256 in (("Lamplit Road", "a" * 64), ("Lamp Book", "b" * 64)):
        with app.store.transaction():
            app.library.begin(sha256, "text", 1, "2026-01-01T00:00:00+00:00")
            app.library.keep(sha256, [Section("text")], 1)
            kept = app.library.finish(sha256, chunks(sha256))
            app.keyword_searcher().add(kept)
            book = Book(
                name.lower().replace(" ", "-"),
                name,
                sha256,
                "/x.pdf",
                "text",
                1,
                9,
                len(kept),
                "2026",
            )
            with app.journal.change("library.add") as change:
                change.insert("books", attrs.asdict(book))
                change.prose = f"added {name!r}"
    app.close()
    return ttrpg


def test_a_passage_with_its_page(shelf):
    result = shelf("search", "falling", "damage", "--book", "lamplit-road")
    assert result.code == 0
    assert result.err == ""
    assert result.out.splitlines()[0] == "Falling"
    assert "Lamplit Road, p. 6, Dangers > Falling" in result.out


def test_one_json_object(shelf):
    data = shelf("search", "grappling", "--book", "lamp-book", "-n", "1", "--json").json()
    assert data["schema"] == "ttrpg.search/1"
    hit = data["hits"][0]
    assert (hit["book"], hit["page"], hit["path"]) == ("lamp-book", "7-8", ["Fights", "Grappling"])
    assert (hit["first_index"], hit["last_index"]) == (5, 6)


def test_plain(shelf):
    out = shelf("search", "falling", "--book", "lamplit", "-n", "1", "--plain").out
    assert "Source: Lamplit Road, p. 6, Dangers > Falling\n" in out


def test_every_book_or_some(shelf):
    found = shelf("search", "falling", "-n", "9", "--json").json()["hits"]
    assert {hit["book"] for hit in found} == {"lamplit-road", "lamp-book"}
    both = shelf(
        "search", "falling", "-n", "9", "--book", "lamp-", "--book", "lamplit", "--json"
    ).json()
    assert len(both["hits"]) == len(found)


def test_a_book_that_fits_two_or_none(shelf):
    result = shelf("search", "x", "--book", "lamp")
    assert result.code == 2
    assert "lamp-book, lamplit-road" in result.err
    assert shelf("search", "x", "--book", "nobody").code == 3


def test_nothing_found(shelf):
    result = shelf("search", "xylophone")
    assert result.code == 3
    assert result.out == ""
    assert "Nothing found in 2 books; try fewer or other words" in result.err
    assert shelf("search", "xylophone", "--json").json()["hits"] == []


def test_no_book_yet(ttrpg, plugins):
    plugins.register(ttrpg_search, "search")
    result = ttrpg("search", "anything")
    assert result.code == 3
    assert "ttrpg library add" in result.err


def test_an_empty_index(shelf, app):
    app.__dict__.pop("store")
    app.store.connection.execute("DELETE FROM search_chunks")
    assert "ttrpg library reindex" in shelf("search", "falling").err


@pytest.mark.parametrize("query", ["", " ", "x" * 1001, "\ud800"])
def test_what_cannot_be_asked(shelf, query):
    result = shelf("search", query)
    assert result.code == 2
    assert "query" in result.err


def test_a_backend_that_is_not_there(shelf):
    result = shelf("search", "x", env={"TTRPG_SEARCH_KEYWORD": "grep"})
    assert result.code == 2
    assert "fts5" in result.err


@pytest.mark.parametrize(
    ("label", "first", "path", "said"),
    [
        ("6", 3, ("A", "B"), "Book, p. 6, A > B"),
        ("6-7", 3, ("A",), "Book, pp. 6-7"),
        ("6", 3, ("Book", "A", "B"), "Book, p. 6, A > B"),
        ("", 3, (), "Book, page 4 of the file"),
        ("", None, (), "Book"),
    ],
)
def test_a_caption(label, first, path, said):
    book = Book("book", "Book", "a" * 64, "/x", "pdf", 1, 9, 1, "2026")
    chunk = Chunk(1, "a" * 64, 0, "", path, first, first, label, "text")
    assert caption(Hit(chunk, 1.0), book) == said
