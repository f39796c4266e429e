"""The world of a campaign as it is kept: entities found, changed and deleted through the journal.

``World(journal, campaign)`` is all that a command needs. Reading is in :mod:`.reading`, finding by
words in :mod:`.searching`; what an entity is, in :mod:`ttrpg_core.table.world`.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import attrs

from ttrpg_core import text
from ttrpg_core.audience import GM, Audience
from ttrpg_core.errors import InputError
from ttrpg_core.journal import Change, Journal
from ttrpg_core.table.world import making
from ttrpg_core.table.world.entity import Entity, fields_of, parts
from ttrpg_core.table.world.links import links
from ttrpg_core.table.world.making import Changed, Given
from ttrpg_core.world import rows
from ttrpg_core.world.reading import Reader

E = TypeVar("E", bound=Entity)

__all__ = ["Reader", "World"]


class World(Reader):
    """The entities of one campaign; what changes them is one entry of the journal each.

    ``actor`` is who the journal says it was: ``gm``, ``model`` or another client.
    """

    def __init__(self, journal: Journal, campaign: str, actor: str = "gm") -> None:
        super().__init__(journal.store.connection, campaign)
        self.journal = journal
        self.actor = actor

    @property
    def now(self) -> str:
        """The time, as rows keep it."""
        return self.journal.clock().isoformat()

    @contextmanager
    def change(self, kind: str) -> Iterator[Change]:
        """One change of this campaign; what is done inside is a part of it."""
        with self.journal.change(kind, actor=self.actor, campaign=self.campaign) as change:
            yield change

    def add(self, kind: type[E], given: Given, called: str = "") -> E:
        """Add an entity of a kind; ``given`` has its name at least.

        Its id is made from that, or from what it is ``called``.
        """
        with self.change(f"{kind.KIND}.add") as change:
            key = text.unique_slug(called or given["name"], [*self.ids(kind.KIND), *kind.RESERVED])
            made = making.made(kind, key, given, self.resolve, self.now)
            self._check_cycle(made)
            made.check(self.all)
            self._check_name(made)
            change.insert("entities", rows.row(self.campaign, made))
            change.prose = f"added the {kind.one()} {made.name!r}"
            change.facts = {"ref": made.ref, "name": made.name}
        return made

    def edit(self, reference: str, given: Given) -> tuple[Entity, Changed]:
        """Give fields other values; what is different, empty when nothing is."""
        with self.change(f"{parts(reference)[0]}.edit") as change:
            old = self.get(reference)
            new, different = making.changed(old, given, self.resolve, self.now)
            self._check_cycle(new)
            new.check(self.all)
            self._save(change, new, different)
        return new, different

    def reveal(
        self, reference: str, to: Audience, name: str | None = None
    ) -> tuple[Entity, Changed]:
        """Let an audience know of an entity, or read one secret field of it; ``gm`` takes it back.

        Each is an entry of the journal of the kind ``world.reveal``: the log of what was revealed.
        """
        with self.change("world.reveal") as change:
            old = self.get(reference)
            if name is None:
                wider = old.audience.widened(to, repr(old.name))
                new, different = making.changed(old, {"audience": wider}, self.resolve, self.now)
            else:
                new, different = making.revealed(old, name, to, self.now)
            self._save(change, new, different)
            what = old.name if name is None else f"{name.replace('_', ' ')} of {old.name}"
            change.prose = f"hid {what}" if to.name == "gm" else f"revealed {what} to {to.name}"
            change.facts = {
                "ref": reference,
                "name": old.name,
                "field": name,
                "to": to.name,
                "session": self.running(),
            }
        return new, different

    def save(self, change: Change, entity: E) -> E:
        """Write an entity that a rule has made of an old one, inside a change of one's own."""
        new = attrs.evolve(entity, updated_at=self.now)
        key = {"campaign": self.campaign, "kind": new.KIND, "id": new.id}
        change.update("entities", key, rows.row(self.campaign, new))
        return new

    def delete(self, reference: str) -> Entity:
        """Delete an entity. What refers to it stays as it is, and finds it again after an undo."""
        with self.change(f"{parts(reference)[0]}.delete") as change:
            old = self.get(reference)
            key = {"campaign": self.campaign, "kind": old.KIND, "id": old.id}
            change.delete("entities", key)
            change.prose = f"deleted the {old.one()} {old.name!r}"
            change.facts = {"ref": old.ref, "name": old.name}
        return old

    def _save(self, change: Change, new: Entity, different: Changed) -> None:
        if different:
            self._check_name(new)
            self.save(change, new)
            fields = ", ".join(different).replace("_", " ")
            change.prose = f"changed {fields} of {new.name!r}"
            change.facts = {"ref": new.ref, "name": new.name, "changed": _plain(different)}

    def _check_name(self, entity: Entity) -> None:
        """InputError when a name tells players what a link in the text would not.

        The first words of a note are its name, and a link in them may be to somebody unknown.
        """
        if entity.audience == GM:
            return
        named = self.named(entity.audience)
        for name, known in fields_of(type(entity)).items():
            if known.shape != "text" or known.secret:
                continue
            for link in links(getattr(entity, name)):
                word = link.target.rpartition("/")[2]
                told = re.search(rf"\b{re.escape(word)}\b", entity.name, re.IGNORECASE)
                if told is not None and link.label == link.target and named(link.target) is None:
                    raise InputError(
                        f"the name of {entity.name!r} says {word!r}, which {entity.audience} does"
                        " not know",
                        "Give it another with --name, or reveal that first",
                    )

    def _check_cycle(self, entity: Entity) -> None:
        """InputError when a thing would stand inside itself."""
        above, seen = getattr(entity, "parent", ""), {entity.ref}
        while above:
            if above in seen:
                raise InputError(
                    f"{entity.name} would be inside itself", f"{above} is in it; choose another"
                )
            seen.add(above)
            found = self.peek(above)
            above = getattr(found, "parent", "") if found is not None else ""


def _plain(different: Changed) -> dict[str, object]:
    """Changes as JSON has them: long texts by their first words, for the rows have them whole."""
    return {name: [_short(each) for each in pair] for name, pair in different.items()}


def _short(value: object) -> object:
    if isinstance(value, str):
        return value if len(value) <= 200 else f"{value[:196]} ..."  # noqa: PLR2004 - a line or two
    if isinstance(value, Audience):
        return value.name
    return rows.plain(value)
