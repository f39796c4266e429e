"""The store of conversations: add, name, find, branch, and collect what nobody points to."""

import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

import attrs

from ttrpg_core import text
from ttrpg_core.audience import GM, Audience
from ttrpg_core.errors import Ambiguous, InputError, NotFound
from ttrpg_core.llm.chats.turns import (
    Chat,
    Met,
    Spent,
    Turn,
    clean,
    digest,
    dumped,
    dumped_sources,
    loaded,
    loaded_sources,
    name_of,
)
from ttrpg_core.llm.messages import Image
from ttrpg_core.store import Store
from ttrpg_core.text import TEXT_MAX

TITLE = 70
"""Longest title that is made of a question, in characters."""
SHORT = 8
"""Digits of a turn's hash that are shown."""
EXCERPT = 24
"""Words of an excerpt."""
_MARKS = ("\ue000", "\ue001")
"""What stands around a word that met in an excerpt: characters that nobody uses."""
_HASH = re.compile(r"[0-9a-f]{4,64}\Z")
_LIVE = (
    "WITH RECURSIVE live(hash) AS (SELECT head FROM chats WHERE head IS NOT NULL UNION"
    " SELECT parent FROM turns JOIN live USING (hash) WHERE parent IS NOT NULL) "
)


class Chats:
    """Conversations in the one database; ``clock`` answers the time in UTC."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self.store = store
        self.clock = clock

    @property
    def _connection(self) -> sqlite3.Connection:
        return self.store.connection

    def chats(self) -> list[Chat]:
        """Every conversation, the one that was said something in last first."""
        rows = self._connection.execute("SELECT * FROM chats ORDER BY updated_at DESC, id")
        return [_chat(row) for row in rows]

    def chat(self, wanted: str) -> Chat:
        """The conversation that an id, a title or a unique beginning of either means."""
        known = {chat.id: chat for chat in self.chats()}
        return known[text.match(wanted, [(c.id, c.title) for c in known.values()], "conversation")]

    def last(self) -> Chat | None:
        """The conversation that was said something in last."""
        return next(iter(self.chats()), None)

    def turns(self, chat: Chat) -> list[Turn]:
        """What was said in a conversation, from its beginning to its head."""
        rows = self._connection.execute(
            "WITH RECURSIVE up(hash, depth) AS (SELECT ?, 0 UNION ALL SELECT parent, depth + 1"
            " FROM turns JOIN up USING (hash) WHERE parent IS NOT NULL)"
            " SELECT turns.* FROM up JOIN turns USING (hash) ORDER BY depth DESC",
            [chat.head],
        )
        return [self._turn(row) for row in rows.fetchall()]

    def turn(self, wanted: str, chat: Chat | None = None) -> Turn:
        """The turn whose hash begins so; of one conversation, where it is given."""
        folded = wanted.strip().casefold()
        if not _HASH.match(folded):
            raise InputError(
                f"{wanted!r:.60} is no turn",
                "Turns are shown by: ttrpg chat show; 4 digits at least",
            )
        if chat is not None:
            found = [turn for turn in self.turns(chat) if turn.hash.startswith(folded)]
        else:
            rows = self._connection.execute(
                "SELECT * FROM turns WHERE hash >= ? AND hash < ? LIMIT 9", [folded, folded + "g"]
            )
            found = [self._turn(row) for row in rows.fetchall()]
        if len(found) > 1:
            raise Ambiguous(
                f"{wanted!r} fits {len(found)} turns",
                tuple(turn.hash[: len(folded) + SHORT] for turn in found),
            )
        if not found:
            raise NotFound(f"there is no turn {wanted!r:.60}", "See: ttrpg chat show")
        return found[0]

    def add(self, chat: Chat, *turns: Turn) -> Chat:
        """Put turns at the end of a conversation, and answer it as it is then; one transaction.

        Where another process has said something in it since, what is added becomes a branch of its
        own, and where it was removed, a conversation that begins here: nobody's words are lost. The
        answer then has another id.
        """
        now = self.clock().isoformat()
        with self.store.transaction() as connection:
            there = connection.execute("SELECT 1 FROM turns WHERE hash = ?", [chat.head]).fetchone()
            head = chat.head if there else ""
            for turn in turns:
                head = self._insert(connection, turn, head, now)
            kept = connection.execute("SELECT head FROM chats WHERE id = ?", [chat.id]).fetchone()
            moved = kept is None or (kept["head"] or "") != chat.head
            new = attrs.evolve(chat, head=head, updated_at=now)
            if moved:
                new = attrs.evolve(new, id=self._free_id(chat.title), created_at=now)
            self._write(connection, new)
        return new

    def redo(self, chat: Chat, turn: Turn) -> Chat:
        """Put a turn in the place of a conversation's last one, which was a beginning of it.

        The beginning goes, unless somebody went on from it; as in :meth:`add`, what is put there is
        then a branch.
        """
        begun = chat.head
        with self.store.transaction() as connection:
            row = connection.execute("SELECT parent FROM turns WHERE hash = ?", [begun]).fetchone()
            if row is None:  # all of it was removed
                return self.add(chat, turn)
            kept = connection.execute("SELECT head FROM chats WHERE id = ?", [chat.id]).fetchone()
            ours = kept is not None and kept["head"] == begun
            before = attrs.evolve(chat, head=row["parent"] or "")
            if ours:
                self._write(connection, before)
            new = self.add(before, turn)
            if new.head == begun:
                connection.execute(
                    "UPDATE turns SET spent = ? WHERE hash = ?", [_spent(turn), begun]
                )
            elif ours:
                connection.execute(
                    "DELETE FROM turns WHERE hash = ? AND hash NOT IN (SELECT head FROM chats WHERE"
                    " head IS NOT NULL) AND NOT EXISTS (SELECT 1 FROM turns AS after WHERE"
                    " after.parent = turns.hash)",
                    [begun],
                )
        return new

    def move(self, chat: Chat, head: str) -> Chat:
        """Let a conversation end at another turn, as undo does; its turns stay until collected."""
        return self.change(attrs.evolve(chat, head=head))

    def change(self, chat: Chat) -> Chat:
        """Keep a conversation with other fields."""
        new = attrs.evolve(chat, updated_at=self.clock().isoformat())
        with self.store.transaction() as connection:
            self._write(connection, new)
        return new

    def branch(self, chat: Chat, at: str = "", title: str = "") -> Chat:
        """A second conversation that shares all up to a turn (the head unless ``at`` is given)."""
        head = self.turn(at, chat).hash if at else chat.head
        named = text.name(title, "title") if title else chat.title
        now = self.clock().isoformat()
        with self.store.transaction() as connection:
            new = attrs.evolve(
                chat,
                id=self._free_id(named),
                title=named,
                head=head,
                saved=False,
                created_at=now,
                updated_at=now,
            )
            self._write(connection, new)
        return new

    def remove(self, chats: Sequence[Chat]) -> int:
        """Forget conversations, and every turn that no other one has; answers how many turns."""
        with self.store.transaction() as connection:
            for chat in chats:
                connection.execute("DELETE FROM chats WHERE id = ?", [chat.id])
                connection.execute("DELETE FROM proposals WHERE chat = ?", [chat.id])
            return self._collect(connection)

    def old(self, days: int) -> list[Chat]:
        """Conversations that nothing was said in for so many days, but for those that are saved."""
        before = (self.clock() - timedelta(days=days)).isoformat()
        return [chat for chat in self.chats() if not chat.saved and chat.updated_at < before]

    def collect(self) -> int:
        """Remove turns and pictures that nobody points to; answers how many turns went."""
        with self.store.transaction() as connection:
            return self._collect(connection)

    def search(self, words: str, viewer: Audience = GM, limit: int = 20) -> list[Met]:
        """The turns that say all of these words, best first; those of no conversation are not."""
        wanted = " ".join(f'"{word}"' for word in text.query(words).replace('"', " ").split())
        if not wanted:
            return []
        rows = self._connection.execute(
            f"{_LIVE} SELECT turns.*, snippet(turns_said, 0, ?, ?, '\N{HORIZONTAL ELLIPSIS}', ?)"  # noqa: S608 - no outside text
            " AS met FROM turns_said JOIN turns ON turns.number = turns_said.rowid"
            " WHERE turns_said MATCH ? AND hash IN live ORDER BY bm25(turns_said), number DESC",
            [*_MARKS, EXCERPT, wanted],
        )
        found = []
        for row in rows:
            if viewer.sees(Audience(row["audience"])):
                found.append((row, *_unmarked(row["met"])))
                if len(found) == limit:
                    break
        return [
            Met(self._turn(row), self._standing(row["hash"]), excerpt, marks)
            for row, excerpt, marks in found
        ]

    def _standing(self, turn: str) -> tuple[str, ...]:
        """The conversations that a turn stands in, the latest first."""
        rows = self._connection.execute(
            "WITH RECURSIVE down(hash) AS (SELECT ? UNION SELECT turns.hash FROM turns JOIN down"
            " ON turns.parent = down.hash)"
            " SELECT id FROM chats WHERE head IN down ORDER BY updated_at DESC, id",
            [turn],
        )
        return tuple(row[0] for row in rows)

    def _insert(self, connection: sqlite3.Connection, turn: Turn, parent: str, now: str) -> str:
        name = name_of(turn, parent)
        connection.execute(
            "INSERT INTO turns (hash, parent, role, text, parts, sources, model, finish, audience,"
            " at, spent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (hash) DO NOTHING",
            [
                name,
                parent or None,
                turn.role,
                clean(turn.text),
                dumped(turn.parts),
                dumped_sources(turn.sources),
                turn.model,
                turn.finish,
                turn.audience.name,
                turn.at or now,
                _spent(turn),
            ],
        )
        for image in turn.images:
            picture = digest(image.data)
            connection.execute(
                "INSERT INTO pictures VALUES (?, ?, ?) ON CONFLICT (hash) DO NOTHING",
                [picture, image.media_type, image.data],
            )
            connection.execute(
                "INSERT INTO turn_pictures VALUES (?, ?) ON CONFLICT DO NOTHING", [name, picture]
            )
        return name

    def _turn(self, row: sqlite3.Row) -> Turn:
        pictures = {
            each["hash"]: Image(each["data"], each["media_type"])
            for each in self._connection.execute(
                "SELECT pictures.* FROM turn_pictures JOIN pictures ON picture = pictures.hash"
                " WHERE turn = ?",
                [row["hash"]],
            )
        }
        spent = json.loads(row["spent"])
        return Turn(
            role=row["role"],
            parts=loaded(row["parts"], pictures),
            sources=loaded_sources(row["sources"]),
            model=row["model"],
            finish=row["finish"],
            audience=Audience(row["audience"]),
            spent=None if spent is None else Spent(**spent),
            hash=row["hash"],
            parent=row["parent"] or "",
            at=row["at"],
        )

    def _free_id(self, title: str) -> str:
        taken = (row[0] for row in self._connection.execute("SELECT id FROM chats"))
        return text.unique_slug(title, taken)

    @staticmethod
    def _write(connection: sqlite3.Connection, chat: Chat) -> None:
        row = {**attrs.asdict(chat), "head": chat.head or None, "saved": int(chat.saved)}
        connection.execute(
            "INSERT OR REPLACE INTO chats (id, title, head, campaign, voice, npc, model, saved,"
            " created_at, updated_at) VALUES (:id, :title, :head, :campaign, :voice, :npc, :model,"
            " :saved, :created_at, :updated_at)",
            row,
        )

    @staticmethod
    def _collect(connection: sqlite3.Connection) -> int:
        gone = connection.execute(
            f"DELETE FROM turns WHERE hash NOT IN ({_LIVE} SELECT hash FROM live)"  # noqa: S608 - no outside text
        ).rowcount
        connection.execute(
            "DELETE FROM pictures WHERE hash NOT IN (SELECT picture FROM turn_pictures)"
        )
        if gone:  # what was deleted stays in an index until it is merged
            connection.execute("INSERT INTO turns_said (turns_said) VALUES ('optimize')")
        return gone


def _spent(turn: Turn) -> str:
    return json.dumps(None if turn.spent is None else attrs.asdict(turn.spent))


def _chat(row: sqlite3.Row) -> Chat:
    return Chat(**{**dict(row), "head": row["head"] or "", "saved": bool(row["saved"])})


def titled(first: str) -> str:
    """The first words of a first message, as a name that can be typed and shown; no key in it."""
    from ttrpg_core.logs import HIDDEN, SECRET_VALUES  # it brings structlog

    line = " ".join(SECRET_VALUES.sub(HIDDEN, text.printable(first[:TEXT_MAX])).split())
    short = line if len(line) <= TITLE else line[:TITLE].rsplit(" ", 1)[0]
    try:
        return text.name(short, "title")
    except InputError:  # an image alone, or signs that are no words
        return "Conversation"


def _unmarked(excerpt: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    out, marks = "", []
    for piece in _pieces(excerpt):
        if piece[0] == _MARKS[0]:
            marks.append((len(out), len(out) + len(piece) - 1))
            out += piece[1:]
        else:
            out += piece.removeprefix(_MARKS[1])
    return out, tuple(marks)


def _pieces(excerpt: str) -> Iterator[str]:
    return (piece for piece in re.split(f"(?=[{_MARKS[0]}{_MARKS[1]}])", excerpt) if piece)
