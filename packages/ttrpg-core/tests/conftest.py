"""What the kernel's tests share: a home of their own, a store in it, a clock, a fresh Python."""

import asyncio
import contextlib
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from sqlite_utils.migrations import Migrations

from ttrpg_core import records, schema
from ttrpg_core.days import Days
from ttrpg_core.documents import Chunk
from ttrpg_core.entries import Provider
from ttrpg_core.errors import InputError
from ttrpg_core.journal import Journal
from ttrpg_core.library import Book, Library
from ttrpg_core.llm import Message, Purpose, Request
from ttrpg_core.llm.chats import Chat, Chats
from ttrpg_core.llm.routing import Records, Router, Rules, Vendors
from ttrpg_core.proposals import Proposals
from ttrpg_core.search import Findings, Hit
from ttrpg_core.settings_tables import ModelsSettings
from ttrpg_core.store import SchemaSet, Store
from ttrpg_core.table import campaigns
from ttrpg_core.table.combat.sheet import Sheet
from ttrpg_core.table.world.people import Character
from ttrpg_core.talk.tools import Toolbox
from ttrpg_core.talk.turns import Conversation
from ttrpg_core.talk.voices import Voice
from ttrpg_core.testing import FakeModels, FakeVendor, MemoryPurse, Scripted
from ttrpg_core.world import World

CORE = SchemaSet("ttrpg-core", "ttrpg_core.schema:tables", lambda: schema.tables)


@attrs.define
class Clock:
    """A clock that stands until it is moved."""

    now: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith("TTRPG_") and name != "TTRPG_TEST_DATA":
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    monkeypatch.setenv("TTRPG_HOME", str(folder))
    return folder


@pytest.fixture
def stopped() -> Clock:
    return Clock()


@pytest.fixture
def core() -> SchemaSet:
    return CORE


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    opened = Store(home / "ttrpg.db", [CORE])
    yield opened
    opened.close()


@pytest.fixture
def journal(store: Store, stopped: Clock) -> Journal:
    return Journal(store, stopped)


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def salt_road(journal: Journal) -> World:
    """The world of a campaign in which nothing is yet."""
    made = campaigns.create("Salt Road", {}, (), "2026")
    with journal.change("campaign.create") as change:
        change.insert("campaigns", records.row(made))
    return World(journal, made.id)


def _keep(journal: Journal, rng: random.Random, sheets: Mapping[str, Sheet]) -> Days:
    with journal.change("campaign.create") as change:
        change.insert("campaigns", records.row(campaigns.create("Keep", {}, (), "")))
    made = Days(journal, "keep", rng)
    for name, numbers in sheets.items():
        hero = made.world.add(Character, {"name": name, "level": 3})
        with made.world.change("character.sheet") as change:
            made.world.save(change, attrs.evolve(hero, sheet=numbers))
    return made


@pytest.fixture
def keep() -> Callable[[Journal, random.Random, Mapping[str, Sheet]], Days]:
    """``keep(journal, rng, sheets)``: the days of a new campaign, with characters in it."""
    return _keep


@pytest.fixture
def python(home: Path, tmp_path: Path) -> Run:
    """Run code in a fresh interpreter with this test's home; ``path`` goes before sys.path."""

    def run(
        code: str, *args: object, path: Path | None = None, check: bool = True, **env: str
    ) -> subprocess.CompletedProcess[str]:
        environ = {**os.environ, **env}
        if path is not None:
            environ["PYTHONPATH"] = str(path)
        done = subprocess.run(
            [sys.executable, "-c", code, *map(str, args)],
            env=environ,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if check:
            assert done.returncode == 0, done.stderr
        return done

    return run


@pytest.fixture
def path(home: Path) -> Path:
    return home / "ttrpg.db"


@pytest.fixture
def used(path: Path, core: SchemaSet) -> Path:
    """A database with the kernel's tables and a row in one of them."""
    with contextlib.closing(Store(path, [core])) as store:
        store.connection.execute("INSERT INTO chosen VALUES ('campaign', 'keep')")
    return path


# A small world of tables for the journal's tests.

WORLD_TABLES = """
CREATE TABLE npcs (id TEXT PRIMARY KEY, name TEXT, hp INTEGER, portrait BLOB, mood REAL, any);
CREATE TABLE places (map TEXT, cell INTEGER, what TEXT, PRIMARY KEY (map, cell)) WITHOUT ROWID;
CREATE TABLE notes (words TEXT);
CREATE TABLE factions (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
CREATE TABLE members (id INTEGER PRIMARY KEY,
  faction INTEGER REFERENCES factions ON DELETE CASCADE, npc TEXT);
CREATE TABLE oaths (id INTEGER PRIMARY KEY, member INTEGER REFERENCES members(id)
  ON DELETE SET NULL, words TEXT);
CREATE TABLE debts (id INTEGER PRIMARY KEY, faction INTEGER REFERENCES factions(id));
CREATE TABLE seats (id TEXT PRIMARY KEY, place INTEGER NOT NULL UNIQUE);
CREATE TABLE sums (id INTEGER PRIMARY KEY, a INTEGER, double INTEGER AS (a * 2) STORED);
CREATE TABLE "odd ""name" (id INTEGER PRIMARY KEY, "a column" TEXT, "select" TEXT);
"""

_world = Migrations("ttrpg-world")


@_world()
def tables(db):
    for statement in WORLD_TABLES.split(";"):
        if statement.strip():
            db.execute(statement)


WORLD = SchemaSet("ttrpg-world", "json:world", lambda: _world)


@pytest.fixture
def world() -> SchemaSet:
    return WORLD


def _dump(store: Store) -> dict[str, list]:
    """Every table but the journal's, with the type of every value."""
    found = {}
    names = store.connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    for (name,) in names.fetchall():
        if not name.startswith(("journal", "sqlite", "_sqlite")):
            table = name.replace('"', '""')
            rows = store.connection.execute(f'SELECT * FROM "{table}"').fetchall()
            found[name] = sorted([[(type(v).__name__, v) for v in row] for row in rows], key=repr)
    return found


@pytest.fixture
def dump() -> Callable[..., Any]:
    return _dump


def _insert(journal: Journal, table: str, **row):
    with journal.change("test.insert") as change:
        change.insert(table, row)
        change.prose = f"adds {next(iter(row.values()))}"


@pytest.fixture
def insert() -> Callable[..., Any]:
    return _insert


def _update(journal: Journal, table: str, key: dict, **values):
    with journal.change("test.update") as change:
        change.update(table, key, values)
        change.prose = f"changes {next(iter(key.values()))}"


@pytest.fixture
def update() -> Callable[..., Any]:
    return _update


def _delete(journal: Journal, table: str, **key):
    with journal.change("test.delete") as change:
        change.delete(table, key)


@pytest.fixture
def delete() -> Callable[..., Any]:
    return _delete


# A router over a store, with vendors and money that are fakes.


QUESTION = Request([Message("user", "What does falling cost?")], max_tokens=100)


@attrs.define
class Table:
    """A router with what it stands on."""

    router: Router
    purse: MemoryPurse
    records: Records
    models: dict
    slept: list
    question: Request = QUESTION
    purpose: Purpose = attrs.field(factory=lambda: Purpose("ask"))

    async def ask(self, request=QUESTION, need=None, pieces=None):
        """The call after its block, with its text; ``pieces`` stops after so many."""
        async with self.router.call(request, Purpose("ask"), need) as call:
            if pieces is None:
                await call.reply.read()
            else:
                for _ in range(pieces):
                    await anext(call.reply)
        return call


@pytest.fixture
def table(store, stopped):
    def lay(*models, use=None, budget=None, advice=None, keys=True, offline=False, **settings):
        vendor = FakeVendor(models=models)
        purse = MemoryPurse(budget=budget)
        if advice is not None:
            purse.advice = advice
        slept = []

        async def sleep(seconds):
            slept.append(seconds)
            stopped.move(seconds=seconds)
            await asyncio.sleep(0)

        names = use or [f"v/{each.info.id}" for each in models]
        records = Records(store, stopped, Rules())
        known = {
            "v": Provider("v", "Fakes", "x:y", offline=True),
            "k": Provider("k", "With a key", "x:y", key="K_API_KEY"),
        }
        router = Router(
            ModelsSettings(use=tuple(names), **settings),
            Vendors(known, lambda _: vendor, lambda *_: keys, offline=offline),
            purse,
            records,
            rng=random.Random(7),
            sleep=sleep,
            count=lambda *_: 10,
        )
        return Table(router, purse, records, {each.info.id: each for each in models}, slept)

    return lay


# A conversation with a scripted model, which has tools and books.


class Rounds(Scripted):
    """Plays one script after the other; the last again and again."""

    def __init__(self, *scripts, **more):
        super().__init__(scripts[0], **more)
        self.scripts = list(scripts)

    def stream(self, request):
        self.pieces = tuple(self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0])
        return super().stream(request)

    async def _play(self, request):
        async for piece in super()._play(request):
            await asyncio.sleep(0)  # as a socket does
            yield piece


class Shelf:
    def __init__(self, *texts):
        self.texts = texts
        self.digests = ""

    def find(self, question):
        if question.text.startswith("page:"):
            raise InputError("no such filter")
        hits = [
            Hit(
                Chunk(
                    n, "a" * 64, n, "H", ("H",), 1, 1, "2", text, gm_only="CANARY" in text,
                    digest=f"{self.digests}{n}",
                ),
                1.0,
            )
            for n, text in enumerate(self.texts)
        ]  # fmt: skip
        return Findings(tuple(hits), bool(hits), len(hits))


PLAIN = Voice("plain", "Plain", tone="Brief")


@pytest.fixture
def talk(store, stopped, journal):
    """Makes a conversation with a scripted model."""

    def make(*scripts, texts=(), voice=PLAIN, model=None, campaign=None, **more):
        with store.transaction() as connection:
            row = attrs.asdict(Book("book", "The Book", "a" * 64, "", "text", 1, 1, 1, "2026"))
            marks = ", ".join("?" for _ in row)
            connection.execute(
                f"INSERT OR IGNORE INTO books ({', '.join(row)}) VALUES ({marks})",
                list(row.values()),
            )
        model = model or Rounds(*scripts)
        box = Toolbox(
            journal,
            Library(store),
            Shelf(*texts) if texts else None,
            random.Random(1),
            Proposals(journal, stopped),
        )
        return Conversation(
            Chats(store, stopped),
            Chat("", ""),
            FakeModels({"fake/scripted": model}),
            box,
            voice,
            lambda: campaign,
            **more,
        )

    return make
