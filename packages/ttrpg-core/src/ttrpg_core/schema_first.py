"""The first steps of the kernel's own tables, from the journal to models.

:mod:`ttrpg_core.schema` goes on from them; a new step is written there, for that module's time of
change says that there is one.
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


@tables()
def facts_of_books(db: Database) -> None:
    """What a book says of itself, what its chunks are, and where each stands in the text.

    ``chunks`` is made anew, so that an id is never given twice: vectors are kept by it.
    """
    for column in (
        "kind TEXT NOT NULL DEFAULT 'rulebook'",
        "authors TEXT NOT NULL DEFAULT ''",
        "publisher TEXT NOT NULL DEFAULT ''",
        "edition TEXT NOT NULL DEFAULT ''",
        "language TEXT NOT NULL DEFAULT ''",
        "system TEXT NOT NULL DEFAULT ''",
        "genre TEXT NOT NULL DEFAULT ''",
        "campaign TEXT NOT NULL DEFAULT ''",
        "details TEXT NOT NULL DEFAULT '{}'",
    ):
        db.execute(f"ALTER TABLE books ADD COLUMN {column}")
    db.execute("ALTER TABLE readings ADD COLUMN notices TEXT NOT NULL DEFAULT '[]'")
    for column in (
        "kind TEXT NOT NULL DEFAULT ''",
        "file TEXT NOT NULL DEFAULT ''",
        "line INTEGER",
    ):
        db.execute(f"ALTER TABLE sections ADD COLUMN {column}")
    db.execute("DROP INDEX chunks_place")
    db.execute("ALTER TABLE chunks RENAME TO chunks_before")
    db.execute(
        "CREATE TABLE chunks (id INTEGER PRIMARY KEY AUTOINCREMENT, sha256 TEXT NOT NULL, ordinal"
        " INTEGER NOT NULL, heading TEXT NOT NULL, path TEXT NOT NULL, first_page INTEGER,"
        " last_page INTEGER, label TEXT NOT NULL, text TEXT NOT NULL,"
        " kind TEXT NOT NULL DEFAULT 'text', fields TEXT NOT NULL DEFAULT '{}',"
        " gm_only INTEGER NOT NULL DEFAULT 0, file TEXT NOT NULL DEFAULT '', line INTEGER,"
        " start INTEGER NOT NULL DEFAULT 0, end INTEGER NOT NULL DEFAULT 0,"
        " digest TEXT NOT NULL DEFAULT '')"
    )
    db.execute(
        "INSERT INTO chunks (id, sha256, ordinal, heading, path, first_page, last_page, label,"
        " text) SELECT id, sha256, ordinal, heading, path, first_page, last_page, label, text"
        " FROM chunks_before"
    )
    db.execute("DROP TABLE chunks_before")
    db.execute("CREATE UNIQUE INDEX chunks_place ON chunks (sha256, ordinal)")


@tables()
def chats(db: Database) -> None:
    """Conversations with models: heads, the turns that they point at, pictures, what NPCs heard.

    A turn is named by the hash of its parent and its content, so that branches share what they
    have in common. This is what was said, not the game: it does not go through the journal.
    """
    db.execute(
        "CREATE TABLE turns (number INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, parent TEXT"
        " REFERENCES turns(hash), role TEXT NOT NULL, text TEXT NOT NULL, parts TEXT NOT NULL,"
        " sources TEXT NOT NULL, model TEXT NOT NULL, finish TEXT NOT NULL,"
        " audience TEXT NOT NULL, at TEXT NOT NULL, spent TEXT NOT NULL)"
    )
    db.execute("CREATE INDEX turns_parent ON turns (parent)")
    db.execute(
        "CREATE VIRTUAL TABLE turns_said USING fts5(text, content='turns', content_rowid='number',"
        " tokenize='porter unicode61 remove_diacritics 2')"
    )
    db.execute(
        "CREATE TRIGGER turns_added AFTER INSERT ON turns BEGIN"
        " INSERT INTO turns_said (rowid, text) VALUES (new.number, new.text); END"
    )
    db.execute(
        "CREATE TRIGGER turns_gone AFTER DELETE ON turns BEGIN INSERT INTO turns_said"
        " (turns_said, rowid, text) VALUES ('delete', old.number, old.text); END"
    )
    db.execute(
        "CREATE TABLE pictures (hash TEXT PRIMARY KEY, media_type TEXT NOT NULL,"
        " data BLOB NOT NULL)"
    )
    db.execute(
        "CREATE TABLE turn_pictures (turn TEXT NOT NULL REFERENCES turns(hash) ON DELETE CASCADE,"
        " picture TEXT NOT NULL REFERENCES pictures(hash), PRIMARY KEY (turn, picture))"
    )
    db.execute("CREATE INDEX turn_pictures_picture ON turn_pictures (picture)")
    db.execute(
        "CREATE TABLE chats (id TEXT PRIMARY KEY, title TEXT NOT NULL, head TEXT REFERENCES"
        " turns(hash), campaign TEXT NOT NULL, voice TEXT NOT NULL, npc TEXT NOT NULL,"
        " model TEXT NOT NULL, saved INTEGER NOT NULL, created_at TEXT NOT NULL,"
        " updated_at TEXT NOT NULL)"
    )
    db.execute("CREATE INDEX chats_head ON chats (head)")
    db.execute(
        "CREATE TABLE proposals (id INTEGER PRIMARY KEY AUTOINCREMENT, chat TEXT NOT NULL,"
        " at TEXT NOT NULL, campaign TEXT NOT NULL, kind TEXT NOT NULL, facts TEXT NOT NULL,"
        " state TEXT NOT NULL)"
    )
    db.execute(
        "CREATE TABLE npc_memory (id INTEGER PRIMARY KEY AUTOINCREMENT, npc TEXT NOT NULL,"
        " campaign TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, at TEXT NOT NULL)"
    )
    db.execute("CREATE INDEX npc_memory_of ON npc_memory (npc, campaign, kind)")


@tables()
def money(db: Database) -> None:
    """What models cost: every call, the sums of days that were let go, budgets and alerts.

    Money is in whole nano-dollars. ``calls.cost`` is the worst case while a call is open and the
    actual after, so one sum over it is what is spent and set aside. ``at`` is when money was set
    aside; ``prices`` are those of that moment, ``asked`` the input tokens expected then, and
    ``unseen`` the output tokens that may be made without being shown.
    """
    db.execute(
        "CREATE TABLE calls (id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL,"
        " state TEXT NOT NULL, model TEXT NOT NULL, why TEXT NOT NULL, who TEXT NOT NULL,"
        " campaign TEXT NOT NULL, session TEXT NOT NULL, prices TEXT NOT NULL,"
        " asked INTEGER NOT NULL, unseen INTEGER NOT NULL, reserved INTEGER NOT NULL,"
        " cost INTEGER NOT NULL, input INTEGER NOT NULL DEFAULT 0,"
        " cached INTEGER NOT NULL DEFAULT 0,"
        " written INTEGER NOT NULL DEFAULT 0, output INTEGER NOT NULL DEFAULT 0,"
        " reasoning INTEGER NOT NULL DEFAULT 0, certainty TEXT NOT NULL,"
        " finish TEXT NOT NULL DEFAULT 'cancelled', seconds REAL NOT NULL DEFAULT 0,"
        " first_seconds REAL,"
        " process TEXT NOT NULL, error TEXT NOT NULL DEFAULT '')"
    )
    db.execute("CREATE INDEX calls_sums ON calls (at, campaign, session, cost)")
    db.execute("CREATE INDEX calls_open ON calls (process) WHERE state = 'open'")
    db.execute(
        "CREATE TABLE spending (day TEXT NOT NULL, model TEXT NOT NULL, why TEXT NOT NULL,"
        " who TEXT NOT NULL, campaign TEXT NOT NULL, session TEXT NOT NULL,"
        " certainty TEXT NOT NULL, calls INTEGER NOT NULL, input INTEGER NOT NULL,"
        " cached INTEGER NOT NULL, written INTEGER NOT NULL, output INTEGER NOT NULL,"
        " reasoning INTEGER NOT NULL, cost INTEGER NOT NULL, seconds REAL NOT NULL,"
        " PRIMARY KEY (day, model, why, who, campaign, session, certainty)) WITHOUT ROWID"
    )
    db.execute(
        "CREATE TABLE budgets (id TEXT PRIMARY KEY, period TEXT NOT NULL, campaign TEXT NOT NULL,"
        " session TEXT NOT NULL, amount INTEGER NOT NULL, changed_at TEXT NOT NULL)"
    )
    db.execute(
        "CREATE TABLE alerts (id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL,"
        " kind TEXT NOT NULL, subject TEXT NOT NULL, severity TEXT NOT NULL, message TEXT NOT NULL,"
        " times INTEGER NOT NULL DEFAULT 1, last_at TEXT NOT NULL, acknowledged_at TEXT)"
    )
    db.execute("CREATE INDEX alerts_subject ON alerts (kind, subject, at)")


@tables()
def models(db: Database) -> None:
    """What is remembered of language models, for every process that asks them.

    ``models`` are those that a vendor named; ``breakers``, ``limits`` and ``answers`` say how each
    has fared; ``rotations`` whose turn it is. Times are in seconds of Unix time.
    """
    db.execute(
        "CREATE TABLE models (model TEXT PRIMARY KEY, vendor TEXT NOT NULL, context INTEGER NOT"
        " NULL, max_output INTEGER NOT NULL, capabilities TEXT NOT NULL, at REAL NOT NULL)"
    )
    db.execute("CREATE INDEX models_vendor ON models (vendor)")
    db.execute(
        "CREATE TABLE breakers (model TEXT PRIMARY KEY, state TEXT NOT NULL, failures INTEGER NOT"
        " NULL, successes INTEGER NOT NULL, since REAL NOT NULL, probe TEXT NOT NULL,"
        " probe_since REAL NOT NULL)"
    )
    db.execute(
        "CREATE TABLE limits (model TEXT NOT NULL, kind TEXT NOT NULL, remaining REAL NOT NULL,"
        " resets_at REAL NOT NULL, most REAL, PRIMARY KEY (model, kind)) WITHOUT ROWID"
    )
    db.execute(
        "CREATE TABLE answers (model TEXT PRIMARY KEY, first_seconds REAL, answered INTEGER NOT"
        " NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '',"
        " error_at REAL, at REAL)"
    )
    db.execute("CREATE TABLE rotations (name TEXT PRIMARY KEY, position INTEGER NOT NULL)")
