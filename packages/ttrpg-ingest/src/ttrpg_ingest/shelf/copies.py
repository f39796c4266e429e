"""The same content again: the book that is there, the same read anew, or a second book."""

from ttrpg_core.app import App
from ttrpg_core.errors import InputError
from ttrpg_core.library import Book
from ttrpg_ingest.shelf import content
from ttrpg_ingest.shelf.finding import Found
from ttrpg_ingest.shelf.wishes import IfThere, Wishes


class Copies:
    """What one run of adding does with content that is on the shelf; asked once, for all."""

    def __init__(self, app: App, wishes: Wishes) -> None:
        self.choice: IfThere = wishes.if_there
        self._app = app
        self._wishes = wishes
        self._taken: set[str] = set()

    def place(self, digest: str, found: Found) -> tuple[Book | None, str]:
        """The book that a content is, None for a new one; and the key that it is kept under.

        InputError where there are too many with this content.
        """
        there = self._with(digest, found)
        if there is not None and not self._second(there, found):
            return there, there.sha256
        key = self._free(digest)
        self._taken.add(key)
        return None, key

    def _with(self, digest: str, found: Found) -> Book | None:
        """The book with this content, that of this very file before others."""
        keys = content.keys(digest)
        books = [book for book in self._app.library.books() if book.sha256 in keys]
        path = content.keepable(found.path)
        return next((book for book in books if book.path == path), books[0] if books else None)

    def _free(self, digest: str) -> str:
        used = self._taken | {book.sha256 for book in self._app.library.books()}
        free = next((key for key in content.keys(digest) if key not in used), "")
        if not free:
            raise InputError(
                f"there are {content.MOST_COPIES} books with this content",
                "Take one off the shelf: ttrpg library rm",
            )
        return free

    def _second(self, there: Book, found: Found) -> bool:
        """Whether it is to be a second book.

        The same command again adds nothing twice: the same file is another book only with a title
        or campaign of its own.
        """
        said = self._wishes.said
        own = any(
            said.get(name, getattr(there, name)) != getattr(there, name)
            for name in ("title", "campaign")
        )
        if there.path == content.keepable(found.path) and not own:
            return False
        if not self.choice:
            ask = self._app.screen.ask
            about = f'"{there.title}" is on the shelf with the same content as {found.path.name}.'
            if ask(f"{about} Keep both?", default=False):
                self.choice = "both"
            else:
                anew = ask("Read what is there anew?", default=False)
                self.choice = "update" if anew else "skip"
        return self.choice == "both"
