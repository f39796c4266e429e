"""The kernel's own tables, as one named set of migrations.

A step is never edited after it was released; the next one alters what it made. A plugin's tables
carry its package's name in front; the kernel's are the plain nouns.
"""

from sqlite_utils import Database

from ttrpg_core.schema_first import tables

__all__ = ["tables"]


@tables()
def fights(db: Database) -> None:
    """Fights, who is in them and the turns they had; all of it goes through the journal.

    A row for each combatant and each turn, so that a change touches what it changes and no more.
    ``state`` is the rest of the value as JSON, without what is a default.
    """
    db.execute(
        "CREATE TABLE fights (id TEXT PRIMARY KEY, campaign TEXT REFERENCES campaigns(id)"
        " ON DELETE CASCADE, name TEXT NOT NULL, status TEXT NOT NULL, state TEXT NOT NULL,"
        " created_at TEXT NOT NULL)"
    )
    db.execute("CREATE INDEX fights_campaign ON fights (campaign)")
    db.execute(
        "CREATE TABLE combatants (fight TEXT NOT NULL REFERENCES fights(id) ON DELETE CASCADE,"
        " id TEXT NOT NULL, ordinal INTEGER NOT NULL, state TEXT NOT NULL,"
        " PRIMARY KEY (fight, id))"
    )
    db.execute(
        "CREATE TABLE fight_turns (fight TEXT NOT NULL REFERENCES fights(id) ON DELETE CASCADE,"
        " ordinal INTEGER NOT NULL, round INTEGER NOT NULL, who TEXT NOT NULL,"
        " delayed INTEGER NOT NULL, resumed INTEGER NOT NULL, PRIMARY KEY (fight, ordinal))"
    )


@tables()
def world(db: Database) -> None:
    """The entities of campaigns; ``state`` is what its kind has, as JSON without defaults.

    What they say is indexed by triggers from the rows, so that an undo or a rollback keeps it
    true. ``number`` is what the index calls a row: SQLite's own may change in a copy.
    """
    db.execute(
        "CREATE TABLE entities (campaign TEXT NOT NULL REFERENCES campaigns(id) ON DELETE CASCADE,"
        " kind TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, audience TEXT NOT NULL,"
        " state TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,"
        " number INTEGER NOT NULL, PRIMARY KEY (campaign, kind, id))"
    )
    db.execute("CREATE UNIQUE INDEX entities_number ON entities (number)")
    db.execute("CREATE INDEX entities_name ON entities (campaign, name COLLATE NOCASE)")
    db.execute("CREATE INDEX entities_id ON entities (campaign, id)")
    db.execute("CREATE INDEX entities_listed ON entities (campaign, kind, name COLLATE NOCASE, id)")
    db.execute(
        "CREATE INDEX entities_pinned ON entities (campaign, instr(state, '\"pinned\":true') = 0,"
        " created_at DESC, id DESC) WHERE kind = 'note'"
    )
    db.execute(
        "CREATE VIEW entities_text AS SELECT number, name, (SELECT group_concat(atom, ' ')"
        " FROM json_tree(entities.state) WHERE type = 'text') AS said FROM entities"
    )
    db.execute(
        "CREATE VIRTUAL TABLE entities_said USING fts5(name, said, content='entities_text',"
        " content_rowid='number', tokenize='porter unicode61 remove_diacritics 2')"
    )
    gone = (
        "INSERT INTO entities_said (entities_said, rowid, name, said) VALUES ('delete',"
        " old.number, old.name, (SELECT group_concat(atom, ' ') FROM json_tree(old.state)"
        " WHERE type = 'text'));"
    )
    new = (
        "INSERT INTO entities_said (rowid, name, said) VALUES (new.number, new.name,"
        " (SELECT group_concat(atom, ' ') FROM json_tree(new.state) WHERE type = 'text'));"
    )
    db.execute(f"CREATE TRIGGER entities_added AFTER INSERT ON entities BEGIN {new} END")
    db.execute(f"CREATE TRIGGER entities_gone AFTER DELETE ON entities BEGIN {gone} END")
    db.execute(f"CREATE TRIGGER entities_changed AFTER UPDATE ON entities BEGIN {gone} {new} END")


@tables()
def campaigns_and_snapshots(db: Database) -> None:
    """Who plays a campaign, its words and limits, whether it is put away; names of moments of it.

    ``position`` is the last entry of the journal before the moment. A snapshot points at no row:
    whatever becomes of its campaign, it stays.
    """
    for column in ("players", "tags", "lines", "veils"):
        db.execute(f"ALTER TABLE campaigns ADD COLUMN {column} TEXT NOT NULL DEFAULT '[]'")
    db.execute("ALTER TABLE campaigns ADD COLUMN archived_at TEXT NOT NULL DEFAULT ''")
    db.execute(
        "CREATE TABLE snapshots (campaign TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL,"
        " kind TEXT NOT NULL, note TEXT NOT NULL, position INTEGER NOT NULL, at TEXT NOT NULL,"
        " PRIMARY KEY (campaign, id))"
    )
    db.execute("CREATE INDEX journal_campaign ON journal (campaign, id)")
    db.execute(
        "CREATE INDEX journal_revealed ON journal (campaign, id)"
        " WHERE kind IN ('world.reveal', 'handout.give')"
    )
    db.execute(
        "CREATE INDEX journal_named ON journal (campaign, id)"
        " WHERE kind IN ('snapshot.create', 'snapshot.delete')"
    )


@tables()
def clocks(db: Database) -> None:
    """The time of a campaign, in seconds, and the calendar that says what date that is, as TOML.

    Apart, so that a change of the time does not write the calendar down once more.
    """
    campaign = "campaign TEXT PRIMARY KEY REFERENCES campaigns(id) ON DELETE CASCADE"
    db.execute(f"CREATE TABLE clocks ({campaign}, now INTEGER NOT NULL)")
    db.execute(f"CREATE TABLE calendars ({campaign}, content TEXT NOT NULL)")


@tables()
def effects_of_fights(db: Database) -> None:
    """Which effect hangs on which, so that none is taken back alone while another needs it.

    What an effect is stands in the state of its bearer.
    """
    db.execute(
        "CREATE TABLE fight_effects (fight TEXT NOT NULL REFERENCES fights(id) ON DELETE CASCADE,"
        " id TEXT NOT NULL, linked_to TEXT, PRIMARY KEY (fight, id),"
        " FOREIGN KEY (fight, linked_to) REFERENCES fight_effects (fight, id))"
    )
    db.execute("CREATE INDEX fight_effects_link ON fight_effects (fight, linked_to)")
    every = "FROM combatants, json_each(combatants.state, '$.effects') AS effect"
    key = "json_extract(effect.value, '$.id')"
    db.execute(f"INSERT OR IGNORE INTO fight_effects (fight, id) SELECT fight, {key} {every}")
    db.execute(
        "UPDATE fight_effects SET linked_to = (SELECT held.id FROM fight_effects AS held WHERE"  # noqa: S608 - the names are ours
        " held.fight = fight_effects.fight AND held.id = (SELECT"
        f" json_extract(effect.value, '$.linked_to') {every} WHERE"
        f" combatants.fight = fight_effects.fight AND {key} = fight_effects.id))"
    )


@tables()
def evidence(db: Database) -> None:
    """Who made a proposal, and what it rests on."""
    db.execute("ALTER TABLE proposals ADD COLUMN actor TEXT NOT NULL DEFAULT 'model'")
    db.execute("ALTER TABLE proposals ADD COLUMN evidence TEXT NOT NULL DEFAULT '{}'")


@tables()
def gaps(db: Database) -> None:
    """Numbers that no entry of the journal has, since a restore went on counting behind them."""
    db.execute("CREATE TABLE gaps (first INTEGER PRIMARY KEY, last INTEGER NOT NULL)")


@tables()
def acceptances(db: Database) -> None:
    """What was accepted waits again while that is undone, and is accepted again by a redo.

    The number stands in the facts of the entry; functions of JSON are not trusted in a trigger.
    """
    mark = "'\"proposal\": '"
    number = f"CAST(substr(NEW.facts, instr(NEW.facts, {mark}) + 12) AS INTEGER)"
    db.execute(
        "CREATE TRIGGER journal_undone AFTER UPDATE OF undone_by ON journal"  # noqa: S608 - the names are ours
        f" WHEN instr(NEW.facts, {mark}) > 0 BEGIN UPDATE proposals"
        " SET state = iif(NEW.undone_by IS NULL, 'applied', 'pending')"
        f" WHERE id = {number} AND (NEW.undone_by IS NULL OR state = 'applied'); END"
    )


@tables()
def undone(db: Database) -> None:
    """What was undone last is found at once, however much was done before."""
    db.execute("CREATE INDEX journal_redo ON journal (undone_by) WHERE undone_by IS NOT NULL")


@tables()
def outlines_of_plots(db: Database) -> None:
    """What plots are sorted by, so that a list of them does not take their states apart.

    Kept by triggers from the rows, so that an undo or a rollback keeps it true. What a plot leaves
    out is empty.
    """
    db.execute(
        "CREATE TABLE plot_outlines (campaign TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL,"
        " status TEXT NOT NULL, priority TEXT NOT NULL, urgency TEXT NOT NULL,"
        " PRIMARY KEY (campaign, id)) WITHOUT ROWID"
    )
    words = ", ".join(
        f"coalesce(max(said.value) FILTER (WHERE said.key = '{each}'), '')"
        for each in ("status", "priority", "urgency")
    )
    db.execute(
        "INSERT INTO plot_outlines SELECT campaign, entities.id, name,"  # noqa: S608 - the names are ours
        f" {words} FROM entities LEFT JOIN json_each(entities.state) AS said"
        " WHERE kind = 'plot' AND json_valid(state) GROUP BY campaign, entities.id"
    )
    gone = "DELETE FROM plot_outlines WHERE campaign = old.campaign AND id = old.id;"
    new = (
        "INSERT INTO plot_outlines SELECT new.campaign, new.id, new.name,"  # noqa: S608 - the names are ours
        f" {words} FROM json_each(new.state) AS said;"
    )
    for name, event, steps in (
        ("added", "INSERT", new),
        ("gone", "DELETE", gone),
        ("changed", "UPDATE", gone + new),
    ):
        row = "old" if event == "DELETE" else "new"
        db.execute(
            f"CREATE TRIGGER plots_{name} AFTER {event} ON entities WHEN {row}.kind = 'plot'"
            f" BEGIN {steps} END"
        )


@tables()
def images_apart(db: Database) -> None:
    """The images of rows beside the index that finds them.

    Inside it, as they were, one of more than a thousand bytes took a page of its own.
    """
    db.execute("ALTER TABLE journal_rows RENAME TO journal_rows_before")
    db.execute(
        "CREATE TABLE journal_rows (entry INTEGER NOT NULL REFERENCES journal(id), ordinal INTEGER"
        " NOT NULL, tbl TEXT NOT NULL, key TEXT NOT NULL, before TEXT, after TEXT,"
        " PRIMARY KEY (entry, ordinal))"
    )
    db.execute(
        "INSERT INTO journal_rows SELECT entry, ordinal, tbl, key, before, after"
        " FROM journal_rows_before ORDER BY entry, ordinal"
    )
    db.execute("DROP TABLE journal_rows_before")
    db.execute("CREATE INDEX journal_rows_key ON journal_rows (tbl, key, entry)")
