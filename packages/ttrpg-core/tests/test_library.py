"""The shelf: what was read of a book is kept by its content, and found again as it was."""

import pytest

from ttrpg_core.documents import Chunk, Section
from ttrpg_core.library import Book, Library, Reading

SHA, OTHER = "a" * 64, "b" * 64
SECTIONS = [
    Section("Once upon a time.\n\nThere was <b>rain</b>.", "Chapter 1 > a", 1, 0, "iii"),
    Section("More.", "", 0, 1, None),
    Section("'; DROP TABLE sections;--", "Zwölf", 2, None, ""),
]


@pytest.fixture
def library(store) -> Library:
    return Library(store)


def shelve(journal, title: str, sha256: str = SHA, id: str = "book") -> None:  # noqa: A002 - the field
    with journal.change("book.add") as change:
        change.insert(
            "books",
            {
                "id": id, "title": title, "sha256": sha256, "path": "/x.pdf", "parser": "pdf",
                "size": 10, "pages": 2, "chunks": 1, "added_at": "2026-01-02",
            },
        )  # fmt: skip


def chunk(ordinal: int, sha256: str = SHA, **more) -> Chunk:
    values = {
        "id": 0, "sha256": sha256, "ordinal": ordinal, "heading": "Grappling",
        "path": ("Combat", "Grappling"), "first_page": 3, "last_page": 4, "label": "12-13",
        "text": f"text {ordinal}",
    }  # fmt: skip
    return Chunk(**values | more)


def count(store, table: str) -> int:
    return store.connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]


def test_sections_come_back_in_order_and_exactly(library):
    library.begin(SHA, "pdf", 10, "2026-01-02")
    library.keep(SHA, SECTIONS[:2], done=2)
    assert library.reading(SHA) == Reading(SHA, "pdf", 10, 2, finished=False)
    library.keep(SHA, SECTIONS[2:], done=3)
    assert list(library.sections(SHA)) == SECTIONS
    assert library.reading(SHA).done == 3
    assert library.reading(OTHER) is None


def test_beginning_again_starts_from_nothing(library, store):
    for _ in range(2):
        library.begin(SHA, "pdf", 10, "2026-01-02")
        library.keep(SHA, SECTIONS, done=5)
        library.finish(SHA, [chunk(0)])
    library.begin(SHA, "text", 3, "2026-01-03")
    assert library.reading(SHA) == Reading(SHA, "text", 3, 0, finished=False)
    assert list(library.sections(SHA)) == []
    assert count(store, "chunks") == 1, "an index knows it until the reading is done"
    library.finish(SHA, [chunk(0), chunk(1)])
    assert count(store, "chunks") == 2


def test_chunks_without_a_reading_are_orphans_too(library, store):
    library.begin(SHA, "pdf", 10, "2026-01-02")
    library.finish(SHA, [chunk(0)])
    library.unread(SHA)
    assert library.reading(SHA) is None
    assert library.orphans() == [SHA]
    library.forget(SHA)
    assert library.orphans() == []
    assert count(store, "chunks") == 0


def test_an_interruption_keeps_what_was_kept(library):
    library.begin(SHA, "pdf", 10, "2026-01-02")
    library.keep(SHA, SECTIONS[:1], done=1)

    def broken():
        yield SECTIONS[1]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        library.keep(SHA, broken(), done=2)
    assert list(library.sections(SHA)) == SECTIONS[:1]
    assert library.reading(SHA).done == 1


def test_chunks_get_their_ids_and_come_back(library, journal):
    shelve(journal, "Rules")
    library.begin(SHA, "pdf", 10, "2026-01-02")
    kept = library.finish(SHA, [chunk(0), chunk(1, path=(), first_page=None, last_page=None)])
    assert len({each.id for each in kept}) == 2
    assert list(library.chunks(SHA)) == kept
    assert list(library.chunks()) == kept
    assert library.reading(SHA).finished
    again = library.finish(SHA, [chunk(0, text="other")])
    assert list(library.chunks(SHA)) == again


def test_only_books_on_the_shelf_are_searched(library, journal):
    shelve(journal, "Rules")
    for sha in (SHA, OTHER):
        library.begin(sha, "pdf", 1, "2026-01-02")
        library.finish(sha, [chunk(0, sha)])
    assert {each.sha256 for each in library.chunks()} == {SHA}
    assert library.orphans() == [OTHER]
    journal.undo()
    assert list(library.chunks()) == []
    assert library.orphans() == [SHA, OTHER]
    journal.redo()
    assert library.orphans() == [OTHER]
    library.forget(OTHER)
    assert library.orphans() == []
    assert library.reading(OTHER) is None


def test_books_by_title_without_regard_to_case(library, journal):
    shelve(journal, "beta", SHA, "b")
    shelve(journal, "Alpha", OTHER, "a")
    assert [book.title for book in library.books()] == ["Alpha", "beta"]
    assert library.book_of(SHA) == Book("b", "beta", SHA, "/x.pdf", "pdf", 10, 2, 1, "2026-01-02")
    assert library.book_of("c" * 64) is None
