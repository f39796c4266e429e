"""A shelf of small books whose passages stand in their text, as the library shelves them."""

import attrs
import pytest

import ttrpg_search
from ttrpg_core.documents import Chunk, Section
from ttrpg_core.library import Book

HOLDING = (
    "To hold a foe, roll Stride against 8. The held foe cannot walk away. It ends when you let go,"
    " or when the foe wins a roll of Hand."
)
PASSAGES = (
    ("Falling", ("Dangers", "Falling"), 4, "6", "A fall does 1d6 harm for each height."),
    (
        "Grappling",
        ("Fights", "Grappling"),
        5,
        "7",
        HOLDING,
    ),
    ("Climbing", ("Dangers", "Climbing"), 6, "8", "Whoever climbs a wall rolls Stride against 9."),
    ("Foreword", ("Foreword",), 0, "", "A foreword about falling in love with games."),
)


@pytest.fixture
def shelve(app, plugins):
    """Shelves a book of passages (heading, path, page index, printed page, text)."""
    plugins.register(ttrpg_search, "search")

    def put(title, passages=PASSAGES, gm_only=(), **facts):
        name = title.lower().replace(" ", "-")
        sha256 = f"{len(app.library.books()) + 10:064x}"
        sections, chunks, at = [], [], 0
        for n, (heading, path, page, label, text) in enumerate(passages):
            sections.append(Section(text, heading, len(path), page, label or None))
            start = at + len(heading) + 2
            at = start + len(text) + 2
            chunks.append(
                Chunk(
                    0,
                    sha256,
                    n,
                    heading,
                    path,
                    page,
                    page,
                    label,
                    text,
                    gm_only=heading in gm_only,
                    start=start,
                    end=start + len(text),
                )
            )
        with app.store.transaction():
            app.library.begin(sha256, "text", 1, "2026-01-01T00:00:00+00:00")
            app.library.keep(sha256, sections, 1)
            kept = app.library.finish(sha256, chunks)
            app.keyword_searcher().add(kept)
            book = Book(name, title, sha256, "/x.pdf", "text", 1, 9, len(kept), "2026", **facts)
            with app.journal.change("library.add") as change:
                change.insert("books", attrs.asdict(book))
                change.prose = f"added {title!r}"
        return book

    return put


@pytest.fixture
def reopened(app):
    """Closes the App's store, so that the next run of the command line has it alone."""

    def close():
        app.close()
        app.__dict__.pop("store", None)
        for name in ("library", "journal", "audit"):
            app.__dict__.pop(name, None)

    return close


@pytest.fixture
def shelf(shelve, reopened, ttrpg):
    """Two books with the same passages; runs command lines."""
    shelve("Lamplit Road")
    shelve("Lamp Book")
    reopened()
    return ttrpg
