"""What a model, an import or a client would like to change: kept until a person says yes.

A proposal holds what it rests on, and the values as they were when it was made. When one of them is
different since, it is not applied, so that nothing a person wrote is lost to it. What is accepted
is one entry of the journal, by whoever proposed it.
"""

import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

import attrs

from ttrpg_core import records
from ttrpg_core.errors import Denied, InputError, NotFound
from ttrpg_core.journal import Change, Journal
from ttrpg_core.proposals import things
from ttrpg_core.proposals.proposal import (
    NOTHING,
    Actor,
    Evidence,
    Proposal,
    State,
    facts,
    read,
    written,
)
from ttrpg_core.sessions import Take
from ttrpg_core.table import campaigns
from ttrpg_core.table.campaigns import Campaign
from ttrpg_core.table.world.entity import Entity, parts
from ttrpg_core.table.world.notes import called
from ttrpg_core.table.world.sessions import Session
from ttrpg_core.world import World, rows

__all__ = ["NOTHING", "Evidence", "Proposal", "Proposals"]

MOST_PENDING = 50
"""Proposals that wait at once: a model that goes round in circles must not fill the disk."""
NOTE_MAX = 2000
"""Longest note, in characters."""
SAID_MAX = 300
"""Characters of what was said that are kept as evidence."""
_SEE = "See: ttrpg proposals"
_BY: Mapping[str, str] = {"model": "a model", "import": "an import", "api": "a client"}


class Proposals:
    """Proposals in the database of a journal; ``clock`` answers the time in UTC.

    ``take`` takes a snapshot before a session begins, and after it has ended.
    """

    def __init__(
        self, journal: Journal, clock: Callable[[], datetime], take: Take = lambda *_: None
    ) -> None:
        self.journal = journal
        self.clock = clock
        self.take = take

    @property
    def _connection(self) -> sqlite3.Connection:
        return self.journal.store.connection

    def pending(self, campaign: str | None = None) -> list[Proposal]:
        """Those that nobody has decided on, oldest first."""
        return [each for each in self.all(campaign) if each.state == "pending"]

    def all(self, campaign: str | None = None) -> list[Proposal]:
        """Every proposal, of one campaign or of all, oldest first."""
        found = self._connection.execute(
            "SELECT * FROM proposals WHERE ? IS NULL OR campaign = ? ORDER BY id",
            [campaign, campaign],
        )
        return [read(row) for row in found]

    def one(self, number: int) -> Proposal:
        """The proposal with this number, in whatever state, or NotFound."""
        row = self._connection.execute("SELECT * FROM proposals WHERE id = ?", [number]).fetchone()
        if row is None:
            raise NotFound(f"there is no proposal {number}", _SEE)
        return read(row)

    def edit(
        self,
        campaign: Campaign,
        fields: Mapping[str, str],
        chat: str = "",
        evidence: Evidence = NOTHING,
        actor: Actor = "model",
    ) -> Proposal:
        """Propose other values for fields; InputError where they cannot be, or change nothing."""
        _only_texts(fields)
        _, changed = campaigns.edit(campaign, fields, "")
        if not changed:
            raise InputError("nothing would change", "The values are so already")
        return self._keep(Proposal(0, chat, "", campaign.id, changed, actor=actor), evidence)

    def note(
        self,
        campaign: Campaign,
        words: str,
        chat: str = "",
        evidence: Evidence = NOTHING,
        actor: Actor = "model",
    ) -> Proposal:
        """Propose a note; its first line is its name."""
        kept = words.strip()
        if not kept or len(kept) > NOTE_MAX:
            raise InputError(f"a note has 1 to {NOTE_MAX:,} characters", "Write it shorter")
        name = called(kept)
        given = {"name": name} if name == kept else {"name": name, "text": kept}
        return self.add(campaign, "note", given, chat, evidence, actor)

    def add(
        self,
        campaign: Campaign,
        kind: str,
        given: Mapping[str, str],
        chat: str = "",
        evidence: Evidence = NOTHING,
        actor: Actor = "model",
    ) -> Proposal:
        """Propose a new thing of a kind; ``given`` has its name at least, lists with ``;``.

        The name of a relation is its words, and its ``source`` and ``target`` are given as well.
        """
        changes, name = things.added(World(self.journal, campaign.id), kind, given)
        return self._keep(
            Proposal(
                0, chat, "", campaign.id, changes, kind="note" if kind == "note" else "entity.add",
                actor=actor, target=kind, name=name,
            ),
            evidence,
        )  # fmt: skip

    def change(
        self,
        campaign: Campaign,
        wanted: str,
        given: Mapping[str, str],
        chat: str = "",
        evidence: Evidence = NOTHING,
        actor: Actor = "model",
    ) -> Proposal:
        """Propose other values for fields of a thing; InputError where nothing would change.

        The ``status`` of a plot, an arc or a session is where it should go, and ``clocks`` is one
        clock of a plot as it should be: ``The flood 2/6``. Both are proposed alone.
        """
        world = World(self.journal, campaign.id)
        old = world.get(world.resolve(wanted))
        changes = things.edited(world, old, given)
        if not changes:
            raise InputError("nothing would change", "The values are so already")
        return self._keep(
            Proposal(
                0, chat, "", campaign.id, changes, kind="entity.edit", actor=actor,
                target=old.ref, name=old.name,
            ),
            evidence,
        )  # fmt: skip

    def remove(
        self,
        campaign: Campaign,
        wanted: str,
        chat: str = "",
        evidence: Evidence = NOTHING,
        actor: Actor = "model",
    ) -> Proposal:
        """Propose that a thing is deleted."""
        world = World(self.journal, campaign.id)
        old = world.get(world.resolve(wanted))
        return self._keep(
            Proposal(
                0, chat, "", campaign.id, {}, kind="entity.delete", actor=actor, target=old.ref,
                name=old.name, seen=_state(old),
            ),
            evidence,
        )  # fmt: skip

    def amend(self, number: int, field: str, value: str) -> Proposal:
        """Give a field of a proposal another value, before it is accepted."""
        with self.journal.store.transaction() as connection:
            old = self._waiting(number)
            if old.kind == "entity.delete":
                raise InputError(f"proposal {number} has no fields: it deletes", _SEE)
            new = self._amended(old, field, value)
            amended = tuple(dict.fromkeys([*old.evidence.amended, field]))
            new = attrs.evolve(new, evidence=attrs.evolve(old.evidence, amended=amended))
            connection.execute(
                "UPDATE proposals SET facts = ?, evidence = ? WHERE id = ?",
                [facts(new), written(attrs.asdict(new.evidence)), number],
            )
        return new

    def accept(self, number: int, instead: Mapping[str, str] = MappingProxyType({})) -> Proposal:
        """Do what a proposal says; one entry of the journal. Denied where the game has changed.

        ``instead`` are other values for fields of it, this time: what waits again has its own.
        """
        with self.journal.store.transaction():
            first = self._waiting(number)
            for field, value in instead.items():
                first = self._amended(first, field, value)
            kind = _kind_of_entry(first)
            if kind == "session.start":
                self.take(first.campaign, f"before {first.name}")
            with self.journal.change(kind, actor=first.actor, campaign=first.campaign) as change:
                if first.kind == "campaign.edit":
                    self._edit_campaign(change, first)
                else:
                    self._change_world(first)
                change.prose += f", proposed by {_BY[first.actor]}"
                change.facts = {**change.facts, "proposal": number}
                done = self._decide(first, "applied")
            if kind == "session.end":
                self.take(first.campaign, f"after {first.name}")
        return done

    def refuse(self, number: int) -> Proposal:
        """Let a proposal go."""
        with self.journal.store.transaction():
            return self._decide(self._waiting(number), "refused")

    def _edit_campaign(self, change: Change, proposal: Proposal) -> None:
        old = records.campaign(self._connection, proposal.campaign)
        for field, (before, _) in proposal.changes.items():
            if getattr(old, field) != before:
                raise _stale(proposal, f"the {field.replace('_', ' ')} of {old.name!r}")
        wanted = {field: after for field, (_, after) in proposal.changes.items()}
        new, changed = campaigns.edit(old, wanted, self.clock().isoformat())
        change.update("campaigns", {"id": old.id}, records.row(new))
        change.prose = f"changed {', '.join(changed).replace('_', ' ')} of {old.name!r}"
        change.facts = {"campaign": old.id, "changed": changed}

    def _change_world(self, proposal: Proposal) -> None:
        world = World(self.journal, proposal.campaign, proposal.actor)
        if proposal.kind in {"entity.add", "note"}:
            things.add(world, proposal.target, proposal.changes)
            return
        old = world.peek(proposal.target)
        if old is None:
            raise _stale(proposal, f"{proposal.name!r} is gone, it")
        if proposal.kind == "entity.delete":
            if _state(old) != proposal.seen:
                raise _stale(proposal, repr(old.name))
            world.delete(old.ref)
            return
        if field := things.differs(old, proposal.changes):
            raise _stale(proposal, f"the {field.replace('_', ' ')} of {old.name!r}")
        things.edit(world, old, proposal.changes)

    def _amended(self, old: Proposal, field: str, value: str) -> Proposal:
        campaign = records.campaign(self._connection, old.campaign)
        world = World(self.journal, old.campaign)
        if old.kind == "campaign.edit":
            _only_texts({field: value})
            new, _ = campaigns.edit(campaign, {field: value}, "")
            was = old.changes.get(field, [getattr(campaign, field)])[0]
            return attrs.evolve(old, changes={**old.changes, field: [was, getattr(new, field)]})
        if old.kind in {"entity.add", "note"}:
            given = {name: new for name, (_, new) in old.changes.items()}
            changes, name = things.added(world, old.target, {field: value}, given)
            return attrs.evolve(old, changes=changes, name=name)
        thing = world.get(old.target)
        if things.step_of(thing.KIND, {field, *old.changes}) and {field} != old.changes.keys():
            raise InputError(f"the {field} cannot be proposed with others", "Propose it by itself")
        told = things.edited(world, thing, {field: value})
        was, new = told.get(field, [things.plain(getattr(thing, field))] * 2)
        before = old.changes.get(field, [was])[0]
        return attrs.evolve(old, changes={**old.changes, field: [before, new]})

    def _keep(self, made: Proposal, evidence: Evidence) -> Proposal:
        with self.journal.store.transaction() as connection:
            if len(self.pending()) >= MOST_PENDING:
                raise Denied(
                    f"{MOST_PENDING} proposals wait already", "Decide on them: ttrpg proposals"
                )
            made = attrs.evolve(made, at=self.clock().isoformat(), evidence=evidence)
            cursor = connection.execute(
                "INSERT INTO proposals (chat, at, campaign, kind, facts, state, actor, evidence)"
                " VALUES (?, ?, ?, ?, ?, 'pending', ?, ?)",
                [
                    made.chat,
                    made.at,
                    made.campaign,
                    made.kind,
                    facts(made),
                    made.actor,
                    written(attrs.asdict(evidence)),
                ],
            )
            return attrs.evolve(made, id=int(cursor.lastrowid or 0))

    def _waiting(self, number: int) -> Proposal:
        found = self.one(number)
        if found.state != "pending":
            raise NotFound(f"proposal {number} was {found.state} already", _SEE)
        return found

    def _decide(self, proposal: Proposal, state: State) -> Proposal:
        self._connection.execute(
            "UPDATE proposals SET state = ? WHERE id = ?", [state, proposal.id]
        )
        return attrs.evolve(proposal, state=state)


def _kind_of_entry(proposal: Proposal) -> str:
    """What the journal calls the change: as if a person had made it."""
    if proposal.kind == "campaign.edit":
        return proposal.kind
    kind = parts(proposal.target)[0] or proposal.target
    if proposal.kind == "entity.edit":
        return things.entry(kind, proposal.changes)
    if proposal.kind == "entity.delete":
        return f"{kind}.delete"
    return "session.plan" if kind == Session.KIND else f"{kind}.add"


def _only_texts(fields: Mapping[str, str]) -> None:
    """InputError for what is not a text of a campaign: lists are the Game Master's to change."""
    for field in fields:
        if field not in campaigns.EDITABLE:
            raise InputError(
                f"{field!r:.60} of a campaign cannot be proposed",
                f"One of: {', '.join(campaigns.EDITABLE)}",
            )


def _stale(proposal: Proposal, what: str) -> Denied:
    return Denied(
        f"{what} was changed since proposal {proposal.id} was made",
        f"Refuse it, and ask again: ttrpg proposals reject {proposal.id}",
    )


def _state(entity: Entity) -> str:
    """All of an entity, so that any change since can be told."""
    return str(rows.row("", entity)["state"]) + entity.name + entity.audience.name
