"""Entities read from the database: by reference, by the words of somebody in a hurry, in lists."""

import sqlite3
from collections.abc import Iterator, Sequence

from ttrpg_core import text
from ttrpg_core.audience import GM, Audience
from ttrpg_core.errors import NotFound
from ttrpg_core.table.world import kinds
from ttrpg_core.table.world.entity import Entity, parts, ref
from ttrpg_core.table.world.seen import Named, Seen, seen
from ttrpg_core.world import rows


class Reader:
    """The entities of one campaign, to be read."""

    def __init__(self, connection: sqlite3.Connection, campaign: str) -> None:
        self.connection = connection
        self.campaign = campaign

    def peek(self, reference: str) -> Entity | None:
        """The entity with this reference (``npc/mara``), or None."""
        kind, key = parts(reference)
        found = self.connection.execute(
            f"SELECT {rows.COLUMNS} FROM entities WHERE campaign = ? AND kind = ? AND id = ?",  # noqa: S608 - names are ours
            [self.campaign, kind, key],
        ).fetchone()
        return None if found is None else rows.entity(found)

    def get(self, reference: str) -> Entity:
        """The entity with this reference, or NotFound."""
        found = self.peek(reference)
        if found is None:
            raise NotFound(f"there is no {reference}", "See: ttrpg history")
        return found

    def all(self, kind: str | None = None) -> Iterator[Entity]:
        """The entities of a kind, or of every kind, by name; each is read when it is asked for."""
        where, values = ("", []) if kind is None else (" AND kind = ?", [kind])
        found = self.connection.execute(
            f"SELECT {rows.COLUMNS} FROM entities WHERE campaign = ?{where}"  # noqa: S608 - names are ours
            " ORDER BY kind, name COLLATE NOCASE, id",
            [self.campaign, *values],
        )
        return map(rows.entity, found)

    def counts(self) -> dict[str, int]:
        """How many there are of each kind that is there."""
        found = self.connection.execute(
            "SELECT kind, COUNT(*) FROM entities WHERE campaign = ? GROUP BY kind", [self.campaign]
        )
        return dict(found.fetchall())

    def ids(self, kind: str) -> list[str]:
        """The ids of a kind that are taken."""
        found = self.connection.execute(
            "SELECT id FROM entities WHERE campaign = ? AND kind = ?", [self.campaign, kind]
        )
        return [each[0] for each in found]

    def resolve(self, wanted: str, among: Sequence[str] = ()) -> str:
        """The reference that words mean: ``npc/mara``, an id, a name, an alias, a beginning.

        Raises NotFound or Ambiguous. Among several kinds, ids and names count alike.
        """
        kind, key = parts(wanted.strip())
        if kind in kinds.KINDS and (not among or kind in among):
            among, wanted = (kind,), key
        exact = self._exact(wanted, among)
        if exact is not None:
            return exact
        called = " or ".join(among) if among else "thing"
        short = len(among) == 1
        known = self._like(wanted, among) or self._like("", among)
        pairs = [
            (each["id"] if short else ref(each["kind"], each["id"]), each["name"]) for each in known
        ]
        try:
            found = text.match(wanted, pairs, called)
        except NotFound:
            other = self._by_alias(wanted, among)
            if other is None:
                raise
            return other
        return ref(among[0], found) if short else found

    def linked(self, target: str) -> str | None:
        """The reference that a link in a text means, exactly: by reference, id, name or alias."""
        kind, key = parts(target)
        if kind in kinds.KINDS:
            return target if self.peek(target) is not None else None
        return self._exact(key, ()) or self._by_alias(target, ())

    def named(self, viewer: Audience = GM) -> Named:
        """The names of entities that a viewer knows, by reference."""
        known: dict[str, str | None] = {}

        def name(reference: str) -> str | None:
            if reference not in known:
                kind, key = parts(reference)
                found = self.connection.execute(
                    "SELECT name, audience FROM entities"
                    " WHERE campaign = ? AND kind = ? AND id = ?",
                    [self.campaign, kind, key],
                ).fetchone()
                sees = found is not None and viewer.sees(Audience(found["audience"]))
                known[reference] = found["name"] if sees else None
            return known[reference]

        return name

    def seen(self, viewer: Audience, kind: str | None = None) -> Iterator[Seen]:
        """What a viewer sees of all entities of a kind, or of every kind, by name."""
        named = self.named(viewer)
        views = (seen(each, viewer, named) for each in self.all(kind))
        return (each for each in views if each is not None)

    def seen_one(self, reference: str, viewer: Audience) -> Seen:
        """What a viewer sees of one entity; NotFound, as if it were not there, for a secret."""
        found = seen(self.get(reference), viewer, self.named(viewer))
        if found is None:
            raise NotFound(f"there is no {parts(reference)[0]} that {viewer} knows by this name")
        return found

    def _exact(self, wanted: str, among: Sequence[str]) -> str | None:
        """The one entity that has exactly this id or, where none has, this name."""
        marks = ", ".join("?" for _ in among)
        where = f" AND kind IN ({marks})" if among else ""
        for column in ("id = ?", "name = ? COLLATE NOCASE"):
            found = self.connection.execute(
                f"SELECT kind, id FROM entities WHERE campaign = ? AND {column}{where} LIMIT 2",  # noqa: S608 - only marks
                [self.campaign, wanted.strip(), *among],
            ).fetchall()
            if len(found) == 1:
                return ref(found[0]["kind"], found[0]["id"])
        return None

    def _like(self, wanted: str, among: Sequence[str]) -> list[sqlite3.Row]:
        """Those whose id or name has the words somewhere; all of them for no words."""
        marks = ", ".join("?" for _ in among)
        where = f" AND kind IN ({marks})" if among else ""
        return self.connection.execute(
            "SELECT kind, id, name FROM entities WHERE campaign = ?"  # noqa: S608 - only marks
            f" AND (instr(id, ?) OR instr(lower(name), ?)){where}",
            [self.campaign, wanted.strip().casefold(), wanted.strip().casefold(), *among],
        ).fetchall()

    def _by_alias(self, wanted: str, among: Sequence[str]) -> str | None:
        folded = wanted.strip().casefold()
        found = self.connection.execute(
            "SELECT kind, id, value FROM entities, json_each(state, '$.aliases')"
            " WHERE campaign = ?",
            [self.campaign],
        ).fetchall()
        fitting = {
            ref(each["kind"], each["id"])
            for each in found
            if each["value"].casefold() == folded and (not among or each["kind"] in among)
        }
        return fitting.pop() if len(fitting) == 1 else None
