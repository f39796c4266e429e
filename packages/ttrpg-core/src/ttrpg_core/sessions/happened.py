"""What happened in a session, read from the journal: its timeline, and its recap for a viewer.

A session's entries are those of its campaign from its start to its end; what was taken back, or
rolled back to before it, did not happen.
"""

import functools
import json
from collections.abc import Iterable
from itertools import islice

import attrs

from ttrpg_core import fights
from ttrpg_core.audience import GM, Audience
from ttrpg_core.errors import NotFound
from ttrpg_core.rows import dump_key
from ttrpg_core.table.combat.state import Fight
from ttrpg_core.table.recaps import stories, telling
from ttrpg_core.table.recaps.events import Event, Record, events
from ttrpg_core.table.recaps.fought import fought
from ttrpg_core.table.recaps.stories import Before, Recap
from ttrpg_core.table.world import sessions
from ttrpg_core.table.world.entity import fields_of
from ttrpg_core.table.world.links import links
from ttrpg_core.table.world.seen import Named, Seen, may_read, seen
from ttrpg_core.table.world.sessions import Session
from ttrpg_core.world import World, rows

BACK = 3
"""Sessions that "previously on" goes back."""
_ROLLBACK = "snapshot.rollback"
_NEWEST = 2**63 - 1
"""After every entry."""


@attrs.frozen
class Happened:
    """The entries of one session, and the fights that were fought in it."""

    world: World
    session: Session
    records: tuple[Record, ...]
    fights: dict[str, Fight]

    def events(self) -> list[Event]:
        """Everything that happened, in its order."""
        ours = {
            (key, each.id)
            for key, fight in self.fights.items()
            for each in fight.combatants
            if each.kind in {"player", "ally"}
        }
        return list(events(self.records, ours))

    def known(self, viewer: Audience) -> telling.Known:
        """What a viewer knows of the world and these fights."""
        named = self.world.named(viewer)
        now = functools.cache(lambda ref: _now(self.world, viewer, named, ref))
        return telling.Known(
            viewer,
            now,
            functools.cache(lambda entry, ref: _then(self.world, viewer, named, entry, ref)),
            lambda ref: [each for each in _mentions(self.world, viewer, ref) if now(each)],
            {key: fought(fight, viewer) for key, fight in self.fights.items()},
        )

    def before(self, viewer: Audience) -> Before:
        """The session as "previously on" has it for a viewer."""
        line = _line(self.world, self.session, viewer)
        told = () if line else self.recap(viewer).sections
        return stories.before(self.session.number, line, told)

    def recap(self, viewer: Audience = GM) -> Recap:
        """What a viewer is told of the session."""
        session, named = self.session, self.world.named(viewer)
        view = _now(self.world, viewer, named, session.ref)
        there = [name for each in session.present if view is not None and (name := named(each))]
        told = fields_of(Session)["told"]
        theirs = session.told if may_read(told, "told", viewer, session.revealed) else ""
        return Recap(
            session.number,
            "" if view is None else view.name,
            session.started_at,
            session.ended_at,
            sessions.spoken(sessions.played(session, self.world.now)),
            (*there, *(session.players if view is not None else ())),
            session.recap if viewer == GM else theirs,
            telling.sections(self.events(), self.known(viewer)),
        )


def happened(world: World, session: Session) -> Happened:
    """What happened in a session; nothing where the journal does not know its start."""
    records = _records(world, session)
    found: dict[str, Fight] = {}
    for each in records:
        key = each.facts.get("fight")
        if isinstance(key, str) and key not in found:
            try:
                found[key] = fights.load(world.connection, key)
            except NotFound:  # deleted since
                continue
    return Happened(world, session, records, found)


def previously(world: World, ended: Iterable[Session], viewer: Audience) -> list[Before]:
    """Sessions that ended, the last of them first, each as "previously on" has it for a viewer."""
    return [_before(world, each, viewer) for each in islice(ended, BACK)]


def _before(world: World, session: Session, viewer: Audience) -> Before:
    line = _line(world, session, viewer)
    if line:
        return stories.before(session.number, line, ())
    return happened(world, session).before(viewer)


def _line(world: World, session: Session, viewer: Audience) -> str:
    """What was written of a session in a line, where the viewer may read it."""
    view = _now(world, viewer, world.named(viewer), session.ref)
    return "" if view is None else str(view.fields.get("summary", ""))


def _records(world: World, session: Session) -> tuple[Record, ...]:
    began = _entry(world, "session.start", session, 0)
    if began is None:
        return ()
    until = _entry(world, "session.end", session, began)
    found = world.connection.execute(
        "SELECT id, at, actor, kind, prose, facts FROM journal WHERE campaign = ?"
        " AND id BETWEEN ? AND ? AND target IS NULL AND undone_by IS NULL ORDER BY id",
        [world.campaign, began, _NEWEST if until is None else until],
    )
    held: list[Record] = []
    for row in found:
        facts = json.loads(row["facts"])
        if row["kind"] == _ROLLBACK:
            held = [each for each in held if each.number <= facts.get("position", row["id"])]
        held.append(Record(row["id"], row["at"], row["actor"], row["kind"], row["prose"], facts))
    return tuple(held)


def _entry(world: World, kind: str, session: Session, after: int) -> int | None:
    """The last entry of a kind that holds and changed this session, after another one."""
    key = {"campaign": world.campaign, "kind": session.KIND, "id": session.id}
    found = world.connection.execute(
        "SELECT MAX(journal.id) FROM journal_rows CROSS JOIN journal ON journal.id = entry"
        " WHERE tbl = 'entities' AND key = ? AND entry > ? AND kind = ? AND campaign = ?"
        " AND undone_by IS NULL",
        [dump_key(key), after, kind, world.campaign],
    ).fetchone()
    return None if found[0] is None else int(found[0])


def _now(world: World, viewer: Audience, named: Named, ref: str) -> Seen | None:
    entity = world.peek(ref)
    return None if entity is None else seen(entity, viewer, named)


def _then(world: World, viewer: Audience, named: Named, entry: int, ref: str) -> Seen | None:
    """An entity as a viewer saw it when an entry had been written, by what that left of its row."""
    kind, _, key = ref.partition("/")
    wanted = {"campaign": world.campaign, "kind": kind, "id": key}
    for image in world.journal.rows(entry):
        if image.table == "entities" and dict(image.key) == wanted and image.after is not None:
            return seen(rows.entity(image.after), viewer, named)
    return None


def _mentions(world: World, viewer: Audience, ref: str) -> list[str]:
    """What a note points at, in fields that the viewer may read and by links in their texts."""
    entity = world.peek(ref)
    if entity is None:
        return []
    found: list[str] = []
    for name, known in fields_of(type(entity)).items():
        if not may_read(known, name, viewer, entity.revealed):
            continue
        held = getattr(entity, name)
        if known.shape in {"ref", "refs"}:
            found += [held] if isinstance(held, str) else held
        elif known.shape in {"line", "text"}:
            found += [each for link in links(held) if (each := world.linked(link.target))]
    return [each for each in dict.fromkeys(found) if each]
