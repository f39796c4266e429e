"""Tables of what was asked and opened. They stay on this machine and can be emptied at any time."""

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

tables = Migrations("ttrpg-search-asked")


@tables()
def asked_and_opened(db: Database) -> None:
    """A row a question, with the chunks that were shown in their order, and a row an opening.

    ``how`` is the command that asked, ``options`` what it was told as JSON, ``stages`` what took
    part, ``shown`` the ids of chunks as JSON, ``answered`` whether the books answer it.
    """
    db.execute(
        "CREATE TABLE search_asked (id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL,"
        " question TEXT NOT NULL, words TEXT NOT NULL, how TEXT NOT NULL, options TEXT NOT NULL,"
        " results INTEGER NOT NULL, answered INTEGER NOT NULL, ms REAL NOT NULL,"
        " stages TEXT NOT NULL, campaign TEXT NOT NULL, shown TEXT NOT NULL)"
    )
    db.execute("CREATE INDEX search_asked_at ON search_asked (at)")
    db.execute("CREATE INDEX search_asked_words ON search_asked (words)")
    db.execute(
        "CREATE TABLE search_opened (asked INTEGER NOT NULL REFERENCES search_asked(id)"
        " ON DELETE CASCADE, chunk INTEGER NOT NULL, rank INTEGER NOT NULL, at TEXT NOT NULL)"
    )
    db.execute("CREATE INDEX search_opened_asked ON search_opened (asked)")
