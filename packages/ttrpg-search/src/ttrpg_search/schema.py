"""Tables of the keyword index. They can be dropped and filled again: ``ttrpg library reindex``."""

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

tables = Migrations("ttrpg-search")


@tables()
def keyword_index(db: Database) -> None:
    """Chunks as they were handed over, and an FTS5 index over them that triggers keep in step."""
    db.execute(
        "CREATE TABLE search_chunks (id INTEGER PRIMARY KEY, sha256 TEXT NOT NULL, ordinal INTEGER"
        " NOT NULL, heading TEXT NOT NULL, path TEXT NOT NULL, crumbs TEXT NOT NULL, first_page"
        " INTEGER, last_page INTEGER, label TEXT NOT NULL, text TEXT NOT NULL)"
    )
    db.execute("CREATE INDEX search_chunks_sha256 ON search_chunks (sha256)")
    db.execute(
        "CREATE VIRTUAL TABLE search_fts USING fts5(heading, crumbs, text, content='search_chunks',"
        " content_rowid='id', tokenize='porter unicode61 remove_diacritics 2')"
    )
    db.execute(
        "CREATE TRIGGER search_chunks_insert AFTER INSERT ON search_chunks BEGIN"
        " INSERT INTO search_fts (rowid, heading, crumbs, text)"
        " VALUES (new.id, new.heading, new.crumbs, new.text); END"
    )
    db.execute(
        "CREATE TRIGGER search_chunks_delete AFTER DELETE ON search_chunks BEGIN"
        " INSERT INTO search_fts (search_fts, rowid, heading, crumbs, text)"
        " VALUES ('delete', old.id, old.heading, old.crumbs, old.text); END"
    )
