"""The kernel's own tables, as one named set of migrations.

A step is never edited after it was released; the next one alters what it made. A plugin's tables
carry its package's name in front; the kernel's are the plain nouns.
"""

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

tables = Migrations("ttrpg-core")


@tables()
def journal(db: Database) -> None:
    """Every change to the game, with the images of the rows that it touched."""
    db.execute(
        "CREATE TABLE journal (id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL,"
        " actor TEXT NOT NULL, kind TEXT NOT NULL, campaign TEXT, prose TEXT NOT NULL,"
        " facts TEXT NOT NULL, target INTEGER REFERENCES journal(id),"
        " undone_by INTEGER REFERENCES journal(id))"
    )
    db.execute(
        "CREATE TABLE journal_rows (entry INTEGER NOT NULL REFERENCES journal(id), ordinal INTEGER"
        " NOT NULL, tbl TEXT NOT NULL, key TEXT NOT NULL, before TEXT, after TEXT,"
        " PRIMARY KEY (entry, ordinal)) WITHOUT ROWID"
    )
    db.execute("CREATE INDEX journal_rows_key ON journal_rows (tbl, key, entry)")


@tables()
def audit(db: Database) -> None:
    """Who did what that matters for security."""
    db.execute(
        "CREATE TABLE audit (id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL,"
        " severity TEXT NOT NULL, kind TEXT NOT NULL, actor TEXT NOT NULL, facts TEXT NOT NULL)"
    )
    db.execute("CREATE INDEX audit_at ON audit (at)")


@tables()
def campaigns(db: Database) -> None:
    """Campaigns, and which one is current (in ``chosen``)."""
    db.execute(
        "CREATE TABLE campaigns (id TEXT PRIMARY KEY, name TEXT NOT NULL, system TEXT NOT NULL,"
        " genre TEXT NOT NULL, setting TEXT NOT NULL, description TEXT NOT NULL,"
        " game_date TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL)"
    )
    db.execute("CREATE TABLE chosen (key TEXT PRIMARY KEY, value TEXT NOT NULL)")


@tables()
def library(db: Database) -> None:
    """Books on the shelf, their sections as read, and the chunks cut from them.

    ``books`` rows go through the journal. Sections and chunks belong to the file's content hash
    and can be made again, so they do not.
    """
    db.execute(
        "CREATE TABLE books (id TEXT PRIMARY KEY, title TEXT NOT NULL, sha256 TEXT NOT NULL,"
        " path TEXT NOT NULL, parser TEXT NOT NULL, size INTEGER NOT NULL, pages INTEGER NOT NULL,"
        " chunks INTEGER NOT NULL, added_at TEXT NOT NULL)"
    )
    db.execute("CREATE UNIQUE INDEX books_sha256 ON books (sha256)")
    db.execute(
        "CREATE TABLE readings (sha256 TEXT PRIMARY KEY, parser TEXT NOT NULL, total INTEGER NOT"
        " NULL, done INTEGER NOT NULL, finished INTEGER NOT NULL, at TEXT NOT NULL)"
    )
    db.execute(
        "CREATE TABLE sections (sha256 TEXT NOT NULL, ordinal INTEGER NOT NULL, path TEXT NOT NULL,"
        " page INTEGER, label TEXT, text TEXT NOT NULL, PRIMARY KEY (sha256, ordinal))"
    )
    db.execute(
        "CREATE TABLE chunks (id INTEGER PRIMARY KEY, sha256 TEXT NOT NULL, ordinal INTEGER NOT"
        " NULL, heading TEXT NOT NULL, path TEXT NOT NULL, first_page INTEGER, last_page INTEGER,"
        " label TEXT NOT NULL, text TEXT NOT NULL)"
    )
    db.execute("CREATE UNIQUE INDEX chunks_place ON chunks (sha256, ordinal)")
