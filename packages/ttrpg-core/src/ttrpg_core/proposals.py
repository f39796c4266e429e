"""What a model would like to change: kept until a person says yes, and then done by the journal.

A proposal holds the values as they were when it was made; when one of them is different since, it
is not applied, so that nothing a person wrote is lost to it.
"""

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal

import attrs

from ttrpg_core import records
from ttrpg_core.errors import Denied, InputError, NotFound
from ttrpg_core.journal import Journal
from ttrpg_core.table import campaigns
from ttrpg_core.table.campaigns import Campaign

MOST_PENDING = 50
"""Proposals that wait at once: a model that goes round in circles must not fill the disk."""
NOTE_MAX = 2000
"""Longest note, in characters."""
State = Literal["pending", "applied", "refused"]


@attrs.frozen
class Proposal:
    """Other values for fields of a campaign: ``{field: [as it was, as it would be]}``."""

    id: int
    chat: str
    at: str
    campaign: str
    changes: Mapping[str, Sequence[str]]
    state: State = "pending"

    @property
    def lines(self) -> list[str]:
        """The change in words, a line a field; what is only added to is told by what is added."""
        return [
            f"{field.replace('_', ' ')}: {_difference(old, new)}"
            for field, (old, new) in self.changes.items()
        ]


class Proposals:
    """Proposals in the database of a journal; ``clock`` answers the time in UTC."""

    def __init__(self, journal: Journal, clock: Callable[[], datetime]) -> None:
        self.journal = journal
        self.clock = clock

    @property
    def _connection(self) -> sqlite3.Connection:
        return self.journal.store.connection

    def pending(self) -> list[Proposal]:
        """Those that nobody has decided on, oldest first."""
        rows = self._connection.execute(
            "SELECT * FROM proposals WHERE state = 'pending' ORDER BY id"
        )
        return [_proposal(row) for row in rows]

    def edit(self, campaign: Campaign, fields: Mapping[str, str], chat: str) -> Proposal:
        """Propose other values for fields; InputError where they cannot be, or change nothing."""
        _, changed = campaigns.edit(campaign, fields, "")
        if not changed:
            raise InputError("nothing would change", "The values are so already")
        return self._keep(campaign, changed, chat)

    def note(self, campaign: Campaign, words: str, chat: str) -> Proposal:
        """Propose a note, a paragraph at the end of the campaign's description."""
        kept = words.strip()
        if not kept or len(kept) > NOTE_MAX:
            raise InputError(f"a note has 1 to {NOTE_MAX:,} characters", "Write it shorter")
        whole = f"{campaign.description}\n\n{kept}" if campaign.description else kept
        return self.edit(campaign, {"description": whole}, chat)

    def accept(self, number: int) -> Proposal:
        """Do what a proposal says; one entry of the journal. Denied where the game has changed."""
        with self.journal.change("campaign.edit", actor="model") as change:
            proposal = self._one(number)
            old = records.campaign(self._connection, proposal.campaign)
            for field, (before, _) in proposal.changes.items():
                if getattr(old, field) != before:
                    raise Denied(
                        f"the {field.replace('_', ' ')} of {old.name!r} was changed since proposal"
                        f" {number} was made",
                        f"Refuse it, and ask again: ttrpg chat refuse {number}",
                    )
            wanted = {field: after for field, (_, after) in proposal.changes.items()}
            new, changed = campaigns.edit(old, wanted, self.clock().isoformat())
            change.campaign = old.id
            change.update("campaigns", {"id": old.id}, records.row(new))
            fields = ", ".join(changed).replace("_", " ")
            change.prose = f"changed {fields} of {old.name!r}, proposed by a model"
            change.facts = {"campaign": old.id, "changed": changed, "proposal": number}
            return self._decide(proposal, "applied")

    def refuse(self, number: int) -> Proposal:
        """Let a proposal go."""
        with self.journal.store.transaction():
            return self._decide(self._one(number), "refused")

    def _keep(
        self, campaign: Campaign, changes: Mapping[str, Sequence[str]], chat: str
    ) -> Proposal:
        with self.journal.store.transaction() as connection:
            if len(self.pending()) >= MOST_PENDING:
                raise Denied(
                    f"{MOST_PENDING} proposals wait already", "Decide on them: ttrpg chat pending"
                )
            at = self.clock().isoformat()
            cursor = connection.execute(
                "INSERT INTO proposals (chat, at, campaign, kind, facts, state)"
                " VALUES (?, ?, ?, 'campaign.edit', ?, 'pending')",
                [chat, at, campaign.id, json.dumps(dict(changes), ensure_ascii=False)],
            )
            return Proposal(int(cursor.lastrowid or 0), chat, at, campaign.id, changes)

    def _one(self, number: int) -> Proposal:
        row = self._connection.execute("SELECT * FROM proposals WHERE id = ?", [number]).fetchone()
        if row is None:
            raise NotFound(f"there is no proposal {number}", "See: ttrpg chat pending")
        found = _proposal(row)
        if found.state != "pending":
            raise NotFound(
                f"proposal {number} was {found.state} already", "See: ttrpg chat pending"
            )
        return found

    def _decide(self, proposal: Proposal, state: State) -> Proposal:
        self._connection.execute(
            "UPDATE proposals SET state = ? WHERE id = ?", [state, proposal.id]
        )
        return attrs.evolve(proposal, state=state)


def _proposal(row: sqlite3.Row) -> Proposal:
    changes = json.loads(row["facts"])
    return Proposal(row["id"], row["chat"], row["at"], row["campaign"], changes, row["state"])


def _difference(old: str, new: str) -> str:
    if old and new.startswith(old):
        return f"adds {new.removeprefix(old).strip()!r}"
    return f"{old!r} becomes {new!r}" if old else repr(new)
