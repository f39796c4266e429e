"""Entities read from the database: by reference, by the words of somebody in a hurry, in lists."""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from ttrpg_core import text
from ttrpg_core.audience import GM, Audience
from ttrpg_core.errors import NotFound
from ttrpg_core.table.world import kinds
from ttrpg_core.table.world.entity import Entity, fields_of, parts, ref
from ttrpg_core.table.world.seen import Named, Seen, knows, seen
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

    def all(self, kind: str | None = None, viewer: Audience = GM) -> Iterator[Entity]:
        """The entities of a kind, or of every kind, by name; each is read when it is asked for.

        For a viewer those whose audience they belong to.
        """
        where, values = self._where(kind, viewer)
        found = self.connection.execute(
            f"SELECT {rows.COLUMNS} FROM entities WHERE campaign = ?{where}"  # noqa: S608 - names are ours
            " ORDER BY kind, name COLLATE NOCASE, id",
            [self.campaign, *values],
        )
        return map(rows.entity, found)

    def field(
        self, kind: type[Entity], name: str, viewer: Audience = GM
    ) -> Iterator[tuple[str, Any]]:
        """One field of all entities of a kind that have it filled, by reference.

        For whoever walks over thousands; in the order of :meth:`all`. The kind is one that a viewer
        knows by its audience alone.
        """
        where, values = self._where(kind.KIND, viewer)
        found = self.connection.execute(
            f"SELECT id, json_extract(state, '$.{name}') AS held FROM entities WHERE campaign = ?"  # noqa: S608 - names are ours
            f"{where} AND instr(state, '\"{name}\"') AND held IS NOT NULL"
            " ORDER BY kind, name COLLATE NOCASE, id",
            [self.campaign, *values],
        )
        return ((ref(kind.KIND, key), rows.field(kind, name, held)) for key, held in found)

    def counts(self) -> dict[str, int]:
        """How many there are of each kind that is there."""
        found = self.connection.execute(
            "SELECT kind, COUNT(*) FROM entities WHERE campaign = ? GROUP BY kind", [self.campaign]
        )
        return dict(found.fetchall())

    def count(self, kind: str, viewer: Audience = GM) -> int:
        """How many of a kind a viewer knows."""
        cls = kinds.kind(kind)
        if viewer != GM and any(known.needed for known in fields_of(cls).values()):
            named = self.named(viewer)
            return sum(knows(each, viewer, named) for each in self.all(kind, viewer))
        where, values = self._where(kind, viewer)
        found = self.connection.execute(
            f"SELECT COUNT(*) FROM entities WHERE campaign = ?{where}",  # noqa: S608 - only marks
            [self.campaign, *values],
        )
        return int(found.fetchone()[0])

    def _where(self, kind: str | None, viewer: Audience) -> tuple[str, list[str]]:
        """What picks the entities of a kind that are for a viewer, and its values."""
        where, values = ("", []) if kind is None else (" AND kind = ?", [kind])
        if viewer == GM:
            return where, values
        every = self.connection.execute(
            f"SELECT DISTINCT audience FROM entities WHERE campaign = ?{where}",  # noqa: S608 - only marks
            [self.campaign, *values],
        )
        theirs = [each[0] for each in every if viewer.sees(Audience(each[0]))]
        marks = ", ".join("?" for _ in theirs)
        return f"{where} AND audience IN ({marks})", [*values, *theirs]

    def ids(self, kind: str) -> list[str]:
        """The ids of a kind that are taken."""
        found = self.connection.execute(
            "SELECT id FROM entities WHERE campaign = ? AND kind = ?", [self.campaign, kind]
        )
        return [each[0] for each in found]

    def running(self) -> str:
        """The reference of the session that is being played, or "" when none is."""
        found = self.connection.execute(
            "SELECT id FROM entities WHERE campaign = ? AND kind = 'session'"
            " AND json_extract(state, '$.status') IN ('active', 'paused')",
            [self.campaign],
        ).fetchone()
        return "" if found is None else ref("session", found["id"])

    def resolve(self, wanted: str, among: Sequence[str] = (), viewer: Audience = GM) -> str:
        """The reference that words mean: ``npc/mara``, an id, a name, an alias, a beginning.

        Raises NotFound or Ambiguous. Among several kinds, ids and names count alike. For a viewer
        only what they know is there, in what an error says as well.
        """
        wanted = text.text(wanted, "name", 10 * text.NAME_MAX)
        kind, key = parts(wanted.strip())
        if kind in kinds.KINDS and (not among or kind in among):
            among, wanted = (kind,), key
        exact = self._exact(wanted, among)
        if exact is not None and (viewer == GM or self.named(viewer)(exact) is not None):
            return exact
        called = " or ".join(among) if len(among) in {1, 2} else "thing"
        meant: dict[str, sqlite3.Row] = {}
        for each in self._like(wanted, among, viewer) or self._like("", among, viewer):
            told = viewer == GM or text.slug(each["name"]) == each["id"]
            taken = (parts(other)[1] for other in meant)
            key = each["id"] if told else text.unique_slug(each["name"], taken)
            meant[key if len(among) == 1 else ref(each["kind"], key)] = each
        try:
            found = text.match(wanted, [(key, each["name"]) for key, each in meant.items()], called)
        except NotFound:
            other = self._by_alias(wanted, among) if viewer == GM else None
            if other is None:
                raise
            return other
        return ref(meant[found]["kind"], meant[found]["id"])

    def linked(self, target: str) -> str | None:
        """The reference that a link in a text means, exactly: by reference, id, name or alias."""
        kind, key = parts(target)
        if kind in kinds.KINDS:
            return target if self.peek(target) is not None else None
        return self._exact(key, ()) or self._by_alias(target, ())

    def named(self, viewer: Audience = GM) -> Named:
        """The names of entities that a viewer knows, by reference, or by the words of a link."""
        return Names(self, viewer)

    def seen(self, viewer: Audience, kind: str | None = None) -> Iterator[Seen]:
        """What a viewer sees of all entities of a kind, or of every kind, by name."""
        named = self.named(viewer)
        views = (seen(each, viewer, named) for each in self.all(kind, viewer))
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

    def _like(self, wanted: str, among: Sequence[str], viewer: Audience) -> list[sqlite3.Row]:
        """Those known whose id or name has the words somewhere; all of them for no words."""
        marks = ", ".join("?" for _ in among)
        where = f" AND kind IN ({marks})" if among else ""
        found = self.connection.execute(
            "SELECT kind, id, name, audience FROM entities WHERE campaign = ?"  # noqa: S608 - only marks
            f" AND (instr(id, ?) OR instr(lower(name), ?)){where} ORDER BY kind, id",
            [self.campaign, wanted.strip().casefold(), wanted.strip().casefold(), *among],
        )
        return [each for each in found if viewer.sees(Audience(each["audience"]))]

    def _by_alias(self, wanted: str, among: Sequence[str]) -> str | None:
        folded = wanted.strip().casefold()
        fitting = {
            ref(each["kind"], each["id"])
            for each in self.aliases(among)
            if each["value"].casefold() == folded
        }
        return fitting.pop() if len(fitting) == 1 else None

    def aliases(self, among: Sequence[str] = ()) -> sqlite3.Cursor:
        """Kind, id, name, audience and ``value`` of all other names that entities have."""
        marks = ", ".join("?" for _ in among)
        where = f" AND kind IN ({marks})" if among else ""
        return self.connection.execute(
            "SELECT kind, entities.id, name, audience, value"  # noqa: S608 - only marks
            " FROM entities, json_each(state, '$.aliases')"
            f" WHERE campaign = ?{where}",
            [self.campaign, *among],
        )


class Names:
    """What entities are called, for one viewer: a :data:`~ttrpg_core.table.world.seen.Named`.

    The first are looked up one by one; whoever asks for many gets all of them at once, so that a
    long list is not a query for each of its references and links.
    """

    FEW = 150

    def __init__(self, reader: Reader, viewer: Audience) -> None:
        self._reader = reader
        self._viewer = viewer
        self._known: dict[str, str | None] = {}
        self._left = self.FEW
        self._all: dict[str, list[sqlite3.Row]] = {}
        self._aliases: dict[str, list[sqlite3.Row]] | None = None

    def __call__(self, reference: str) -> str | None:
        """The name that the viewer knows; None when they do not know the thing, or none is."""
        if reference not in self._known:
            kind, key = parts(reference)
            words = reference.strip()
            if self._left == 0:
                self._read_all()
            self._left -= 1
            if kind not in kinds.KINDS:
                self._known[reference] = self._of_words(words)
            elif self._left >= 0:
                self._keep(self._read(" AND kind = ? AND id = ?", kind, key))
        return self._known.setdefault(reference, None)

    def _read(self, where: str, *values: str) -> list[sqlite3.Row]:
        return self._reader.connection.execute(
            f"SELECT kind, id, name, audience FROM entities WHERE campaign = ?{where}",  # noqa: S608 - ours
            [self._reader.campaign, *values],
        ).fetchall()

    def _keep(self, found: Sequence[sqlite3.Row]) -> None:
        for each in found:
            self._known[ref(each["kind"], each["id"])] = each["name"] if self._sees(each) else None

    def _read_all(self) -> None:
        """Everything by its reference, and by each word that a link may have for it."""
        every = self._read("")
        self._keep(every)
        called = [(each["id"], each) for each in every] + [(each["name"], each) for each in every]
        for words, each in called:
            self._all.setdefault(words.casefold(), []).append(each)

    def _called_also(self, words: str) -> list[sqlite3.Row]:
        """Those that are also called so; all aliases are read the first time that one is asked."""
        if self._aliases is None:
            self._aliases = {}
            for each in self._reader.aliases():
                self._aliases.setdefault(each["value"].casefold(), []).append(each)
        return self._aliases.get(words.casefold(), [])

    def _sees(self, each: sqlite3.Row) -> bool:
        return self._viewer.sees(Audience(each["audience"]))

    def _of_words(self, words: str) -> str | None:
        """What words in a link say: the name of the thing with this id, else the words.

        None where all that they may mean is secret and, for players, where they mean nothing: that
        may be a secret which was deleted.
        """
        if self._left < 0:
            found = self._all.get(words.casefold(), [])
        else:
            found = self._read(" AND id = ?", words)
            found += self._read(" AND name = ? COLLATE NOCASE", words)
        found = found or self._called_also(words)
        known = [each for each in found if self._sees(each)]
        if not known and (found or self._viewer != GM):
            return None
        called = {each["name"] for each in known if each["id"] == words}
        return called.pop() if len(called) == 1 else words
