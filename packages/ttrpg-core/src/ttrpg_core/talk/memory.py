"""What an NPC remembers of what was said to it, per campaign: bounded, and told without a model.

The last exchanges stand as they were. An older one shrinks to the line of it that says most: names,
numbers, promises. What the Game Master wants kept for good is a fact. Nothing else comes in here,
so an NPC cannot remember what it never heard.
"""

import re
import sqlite3
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Literal

import attrs

from ttrpg_core import text
from ttrpg_core.errors import Denied
from ttrpg_core.store import Store

RECENT = 8
"""Exchanges that stand as they were said."""
LINES = 40
"""Lines that are kept of older ones."""
FACTS = 50
"""Facts that are kept for good, at the most."""
SAID_MAX = 600
"""Characters kept of what one side says in an exchange."""
LINE_MAX = 200
FACT_MAX = 300
Kind = Literal["said", "line", "fact"]

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_NAMED = re.compile(r"(?<=[\w,;] )[A-Z][\w'\u2019-]+")
_NUMBER = re.compile(r"\d+")
_BINDING = re.compile(
    r"\b(?:promise\w*|promising|swear\w*|sworn|owe[sd]?|never|always|will|must|secret\w*|meet|"
    r"name is|call me|gave|give[ns]?|paid|pay|kill\w*|stole|stolen|agree\w*|deal|trust|remember)\b",
    re.IGNORECASE,
)


@attrs.frozen
class Remembered:
    """What an NPC remembers: facts for good, lines of long ago, the last exchanges in words."""

    facts: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    recent: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.facts or self.lines or self.recent)


class Memory:
    """The memory of one NPC in one campaign."""

    def __init__(
        self, store: Store, clock: Callable[[], datetime], npc: str, campaign: str
    ) -> None:
        self.store = store
        self.clock = clock
        self.npc = npc
        self.campaign = campaign

    def all(self, without: Collection[str] = ()) -> Remembered:
        """Everything, oldest first, but for exchanges ``without``, which are told anyway."""
        recent = (said for said in self._texts("said") if said not in without)
        return Remembered(tuple(self._texts("fact")), tuple(self._texts("line")), tuple(recent))

    def heard(self, said: str, answered: str) -> None:
        """Keep an exchange; the oldest beyond the last few shrink to a line each."""
        heard = exchange(said, answered)
        with self.store.transaction() as connection:
            self._add(connection, "said", heard)
            for number, old in self._rows("said")[:-RECENT]:
                connection.execute("DELETE FROM npc_memory WHERE id = ?", [number])
                if line := telling(old):
                    self._add(connection, "line", line)
            for number, _ in self._rows("line")[:-LINES]:
                connection.execute("DELETE FROM npc_memory WHERE id = ?", [number])

    def unheard(self, said: str, answered: str) -> None:
        """Take an exchange back, where it still stands as it was said."""
        with self.store.transaction() as connection:
            connection.execute(
                "DELETE FROM npc_memory WHERE id = (SELECT MAX(id) FROM npc_memory WHERE npc = ?"
                " AND campaign = ? AND kind = 'said' AND text = ?)",
                [self.npc, self.campaign, exchange(said, answered)],
            )

    def remember(self, fact: str) -> None:
        """Keep a fact for good. Denied when there are too many."""
        kept = text.text(" ".join(fact.split()), "fact", FACT_MAX)
        with self.store.transaction() as connection:
            if len(self._rows("fact")) >= FACTS:
                raise Denied(
                    f"{self.npc} remembers {FACTS} facts already", "/forget lets go of all of them"
                )
            self._add(connection, "fact", kept)

    def forget(self) -> int:
        """Let go of everything; answers how much there was."""
        with self.store.transaction() as connection:
            return connection.execute(
                "DELETE FROM npc_memory WHERE npc = ? AND campaign = ?", [self.npc, self.campaign]
            ).rowcount

    def _texts(self, kind: str) -> list[str]:
        return [said for _, said in self._rows(kind)]

    def _rows(self, kind: str) -> list[tuple[int, str]]:
        rows = self.store.connection.execute(
            "SELECT id, text FROM npc_memory WHERE npc = ? AND campaign = ? AND kind = ?"
            " ORDER BY id",
            [self.npc, self.campaign, kind],
        )
        return [(row["id"], row["text"]) for row in rows.fetchall()]

    def _add(self, connection: sqlite3.Connection, kind: Kind, said: str) -> None:
        connection.execute(
            "INSERT INTO npc_memory (npc, campaign, kind, text, at) VALUES (?, ?, ?, ?, ?)",
            [self.npc, self.campaign, kind, said, self.clock().isoformat()],
        )


def telling(said_and_answered: str) -> str:
    """The sentence of an exchange that says most; "" when none says anything of note."""
    best, worth = "", 0
    for line in said_and_answered.splitlines():
        who, _, said = line.partition(": ")
        for sentence in _SENTENCE.split(said):
            weight = _weight(sentence)
            if weight > worth:
                best, worth = f"{who}: {_cut(sentence, LINE_MAX)}", weight
    return best


def told(remembered: Remembered) -> Sequence[str]:
    """Memory as paragraphs for a prompt."""
    parts = []
    if remembered.facts:
        parts.append("You remember for certain:\n" + _listed(remembered.facts))
    if remembered.lines:
        parts.append("From talks long ago:\n" + _listed(remembered.lines))
    if remembered.recent:
        parts.append("From talks not long ago:\n" + "\n".join(remembered.recent))
    return parts


def _listed(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _weight(sentence: str) -> int:
    return (
        2 * len(set(_NAMED.findall(sentence)))
        + 2 * len(_NUMBER.findall(sentence))
        + 3 * len(_BINDING.findall(sentence))
    )


def exchange(said: str, answered: str) -> str:
    """What was said and answered, as it is remembered."""
    return f"They said: {_cut(said, SAID_MAX)}\nYou said: {_cut(answered, SAID_MAX)}"


def _cut(said: str, longest: int) -> str:
    line = " ".join(said.split())
    return line if len(line) <= longest else f"{line[: longest - 2]} \N{HORIZONTAL ELLIPSIS}"
