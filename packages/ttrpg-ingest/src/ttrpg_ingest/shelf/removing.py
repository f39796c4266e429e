"""Changing what stands on the shelf: taking off, forgetting, correcting."""

import attrs

from ttrpg_core.app import App
from ttrpg_core.errors import InputError, NotFound
from ttrpg_core.library import Book
from ttrpg_ingest.shelf.learning import dumped
from ttrpg_ingest.shelf.shelving import details_of, keyword_searcher
from ttrpg_ingest.shelf.wishes import facts_checked


def remove(app: App, book: Book) -> None:
    """Take a book off the shelf; what was read of it stays until ``prune``, so undo is whole."""
    with app.journal.change("library.remove") as change:
        if all(each.id != book.id for each in app.library.books()):
            raise _gone(book)
        change.delete("books", {"id": book.id})
        change.prose = f'removed "{book.title}"'
        change.facts = {"book": book.id, "sha256": book.sha256}
        app.audit.record("document.removed", {"book": book.id, "title": book.title})


def prune(app: App) -> int:
    """Forget what was read of books that are on no shelf; answers how many there were."""
    searcher = keyword_searcher(app)
    with app.store.transaction():
        orphans = app.library.orphans()
        for sha256 in orphans:
            if searcher is not None:
                searcher.remove(sha256)
            app.library.forget(sha256)
    return len(orphans)


def edit(app: App, book: Book, said: dict[str, str]) -> tuple[Book, list[str]]:
    """Correct columns of a book; answers it as it is now, and which of them are different.

    What the user said is remembered, so that a later reading does not overwrite it.
    """
    if not said:
        raise InputError(
            "nothing to change", f"Name a field: ttrpg library edit {book.id} --system dnd5e"
        )
    values = facts_checked(app, said)
    with app.journal.change("library.edit") as change:
        now = next((each for each in app.library.books() if each.id == book.id), None)
        if now is None:
            raise _gone(book)
        different = [name for name, value in values.items() if getattr(now, name) != value]
        details = details_of(now)
        stated = details.get("set", [])
        names = {*(stated if isinstance(stated, list) else []), *values}
        new = attrs.evolve(now, **values, details=dumped({**details, "set": sorted(names)}))  # type: ignore[arg-type]
        if different:
            change.update("books", {"id": now.id}, attrs.asdict(new))
            change.prose = f'changed {", ".join(different)} of "{now.title}"'
            change.facts = {"book": now.id, "changed": different}
    return (new if different else now), different


def _gone(book: Book) -> NotFound:
    """What is said when another process took it off meanwhile."""
    return NotFound(f"{book.title} is no longer on the shelf", "See: ttrpg history")
