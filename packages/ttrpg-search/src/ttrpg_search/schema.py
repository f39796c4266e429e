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


@tables()
def stems_of_chunks(db: Database) -> None:
    """Stems instead of a second copy of the text, what is known of each stem, and every word.

    ``search_texts`` has the stems of a chunk, parted by spaces; the text itself stays in the
    kernel's ``chunks``. It is what FTS5 indexes and what passages are scored by; ``section`` is one
    number for all chunks of a section. ``search_totals`` counts it all; its ``generation``
    is another number after each change. ``search_stems`` says in how many chunks a stem is,
    ``search_words`` which words were seen, with their length (for spelling); "wildshape" is one,
    said "wild shape". ``search_initials`` has the initials of headings: "boh" is "bag of holding".

    :func:`packs_of_stems` and :func:`rows_at_once` fill them.
    """
    for name in ("search_chunks_insert", "search_chunks_delete"):
        db.execute(f"DROP TRIGGER {name}")
    db.execute("DROP TABLE search_fts")
    db.execute("DROP TABLE search_chunks")
    db.execute(
        "CREATE TABLE search_texts (id INTEGER PRIMARY KEY, sha256 TEXT NOT NULL, length INTEGER"
        " NOT NULL, section INTEGER NOT NULL, kind TEXT NOT NULL, heading TEXT NOT NULL, path TEXT"
        " NOT NULL, body TEXT NOT NULL)"
    )
    db.execute("CREATE INDEX search_texts_sha256 ON search_texts (sha256)")
    db.execute(
        "CREATE TABLE search_lots (lot INTEGER PRIMARY KEY, sha256 TEXT NOT NULL, ids BLOB NOT"
        " NULL, lengths BLOB NOT NULL, titles BLOB NOT NULL, sections BLOB NOT NULL, kinds BLOB"
        " NOT NULL, kind_names TEXT NOT NULL)"
    )
    db.execute(
        "CREATE TABLE search_postings (lot INTEGER NOT NULL, stem TEXT NOT NULL, pairs BLOB NOT"
        " NULL, places BLOB NOT NULL, PRIMARY KEY (lot, stem)) WITHOUT ROWID"
    )
    db.execute(
        "CREATE TABLE search_stems (stem TEXT PRIMARY KEY, chunks INTEGER NOT NULL) WITHOUT ROWID"
    )
    db.execute(
        "CREATE TABLE search_words (word TEXT PRIMARY KEY, stem TEXT NOT NULL, said TEXT NOT"
        " NULL, length INTEGER NOT NULL) WITHOUT ROWID"
    )
    db.execute("CREATE INDEX search_words_length ON search_words (length)")
    db.execute(
        "CREATE TABLE search_initials (initials TEXT NOT NULL, said TEXT NOT NULL, stems TEXT NOT"
        " NULL, PRIMARY KEY (initials, said)) WITHOUT ROWID"
    )
    db.execute(
        "CREATE TABLE search_totals (chunks INTEGER NOT NULL, length INTEGER NOT NULL, generation"
        " INTEGER NOT NULL)"
    )
    db.execute("INSERT INTO search_totals VALUES (0, 0, 0)")
    db.execute(
        "CREATE VIRTUAL TABLE search_index USING fts5(heading, path, body, content='search_texts',"
        " content_rowid='id', tokenize='unicode61 remove_diacritics 0')"
    )
    db.execute(
        "CREATE TRIGGER search_texts_insert AFTER INSERT ON search_texts BEGIN"
        " INSERT INTO search_index (rowid, heading, path, body)"
        " VALUES (new.id, new.heading, new.path, new.body);"
        " UPDATE search_totals SET chunks = chunks + 1, length = length + new.length; END"
    )
    db.execute(
        "CREATE TRIGGER search_texts_delete AFTER DELETE ON search_texts BEGIN"
        " INSERT INTO search_index (search_index, rowid, heading, path, body)"
        " VALUES ('delete', old.id, old.heading, old.path, old.body);"
        " UPDATE search_totals SET chunks = chunks - 1, length = length - old.length; END"
    )


@tables()
def beside(db: Database) -> None:
    """What an index in files beside the database is checked by.

    ``search_stamps`` has other random bytes for a book each time that such an index is told of its
    passages. The key of ``search_seal`` is this database's own, and seals the files.
    """
    db.execute("CREATE TABLE search_stamps (sha256 TEXT PRIMARY KEY, stamp TEXT NOT NULL)")
    db.execute("CREATE TABLE search_seal (key TEXT NOT NULL)")
    db.execute("INSERT INTO search_seal VALUES (lower(hex(randomblob(32))))")


@tables()
def packs_of_stems(db: Database) -> None:
    """Packs of the places of stems instead of lots alone; see ``keyword/packs.py``.

    What is indexed is packed anew; :func:`rows_at_once` indexes the books on the shelf where
    nothing is. A later step that changes these tables fills them itself, and then takes the filling
    out of these.
    """
    from ttrpg_search.keyword.texts import Texts

    db.execute("DROP TABLE search_postings")
    db.execute("DROP TABLE search_lots")
    db.execute("CREATE TABLE search_packs (pack INTEGER PRIMARY KEY, size INTEGER NOT NULL)")
    db.execute(
        "CREATE TABLE search_lots (lot INTEGER PRIMARY KEY, pack INTEGER NOT NULL, start INTEGER"
        " NOT NULL, sha256 TEXT NOT NULL, ids BLOB NOT NULL, lengths BLOB NOT NULL, titles BLOB NOT"
        " NULL, sections BLOB NOT NULL, kinds BLOB NOT NULL, kind_names TEXT NOT NULL)"
    )
    db.execute(
        "CREATE TABLE search_postings (pack INTEGER NOT NULL, stem TEXT NOT NULL, docs BLOB NOT"
        " NULL, bodies BLOB NOT NULL, firsts BLOB NOT NULL, heads BLOB NOT NULL, paths BLOB NOT"
        " NULL, places BLOB NOT NULL, PRIMARY KEY (pack, stem)) WITHOUT ROWID"
    )
    texts = Texts(db.conn)
    if texts.count():
        texts.pack()


@tables()
def rows_at_once(db: Database) -> None:
    """Rows go into the FTS5 index in one statement, and by no trigger for each.

    FTS5 writes out what it has gathered at the end of every statement, also of one in a trigger:
    a segment of its index for each passage, which then have to be merged.
    """
    from ttrpg_search.keyword.texts import Texts

    db.execute("DROP TRIGGER search_texts_insert")
    texts = Texts(db.conn)
    if not texts.count():
        texts.add_books()
