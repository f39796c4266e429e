"""A proposal as it is kept: what would change, what it rests on, and how it reads."""

import json
import sqlite3
from collections.abc import Container, Mapping, Sequence
from typing import Any, Literal

import attrs

State = Literal["pending", "applied", "refused"]
Kind = Literal["campaign.edit", "entity.add", "entity.edit", "entity.delete", "note"]
Actor = Literal["model", "import", "api"]


@attrs.frozen
class Evidence:
    """What a proposal rests on.

    ``said`` is what a person had said before it and ``turn`` that turn of the talk, ``because`` the
    reason that was given, ``entries`` the entries of the journal and ``quotes`` the passages that
    were before the model. ``amended`` are the fields that a person gave another value since.
    """

    said: str = ""
    turn: str = ""
    because: str = ""
    entries: tuple[int, ...] = ()
    quotes: tuple[str, ...] = ()
    amended: tuple[str, ...] = ()


NOTHING = Evidence()


@attrs.frozen
class Proposal:
    """A change that somebody may make: ``{field: [as it was, as it would be]}``.

    ``target`` is what it is about: a reference, the kind of what is new, "" for the campaign.
    ``name`` is what that is called, and ``seen`` when a thing that would go was changed last.
    """

    id: int
    chat: str
    at: str
    campaign: str
    changes: Mapping[str, Sequence[Any]]
    state: State = "pending"
    kind: Kind = "campaign.edit"
    actor: Actor = "model"
    target: str = ""
    name: str = ""
    seen: str = ""
    evidence: Evidence = NOTHING

    @property
    def title(self) -> str:
        """What would become of what, in a few words."""
        match self.kind:
            case "campaign.edit":
                return f"Change the campaign {self.campaign}"
            case "entity.edit":
                return f"Change {self.name} ({self.target})"
            case "entity.delete":
                return f"Delete {self.name} ({self.target})"
            case _:
                return f"Add the {self.target} {self.name}"

    @property
    def lines(self) -> list[str]:
        """The change in words, a line a field; what is only added to is told by what is added."""
        match self.kind:
            case "campaign.edit":
                return self._differences()
            case "entity.edit":
                return self._differences(of=f" of {self.name}")
            case "entity.delete":
                return [f"delete {self.name!r} ({self.target})"]
            case "note":
                words = self.changes.get("text", self.changes["name"])[1]
                return [f"note: {words!r}", *self._differences({"name", "text"})]
            case _:
                return [f"new {self.target}: {self.name!r}", *self._differences({"name"})]

    def _differences(self, without: Container[str] = (), of: str = "") -> list[str]:
        return [
            f"{field.replace('_', ' ')}{of}: {_told(field, old, new)}"
            for field, (old, new) in self.changes.items()
            if field not in without
        ]


def facts(proposal: Proposal) -> str:
    """What the row of a proposal keeps of the change, as JSON."""
    if proposal.kind == "campaign.edit":
        return written(proposal.changes)
    names = ("target", "name", "seen", "changes")
    return written({name: getattr(proposal, name) for name in names})


def read(row: sqlite3.Row) -> Proposal:
    """The proposal of a row."""
    facts = json.loads(row["facts"])
    known: dict[str, Any] = {"changes": facts} if row["kind"] == "campaign.edit" else facts
    evidence: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in json.loads(row["evidence"]).items()
    }
    return Proposal(
        id=row["id"],
        chat=row["chat"],
        at=row["at"],
        campaign=row["campaign"],
        state=row["state"],
        kind=row["kind"],
        actor=row["actor"],
        evidence=Evidence(**evidence),
        **known,
    )


def written(value: Mapping[str, Any]) -> str:
    """A value as JSON."""
    return json.dumps(dict(value), ensure_ascii=False)


def _told(field: str, old: Any, new: Any) -> str:
    return _clock(old, new) if field == "clocks" else _difference(old, new)


def _difference(old: Any, new: Any) -> str:
    if isinstance(old, list) or isinstance(new, list):
        return _listed(old or [], new or [])
    if old and isinstance(new, str) and new.startswith(str(old)):
        return f"adds {new.removeprefix(str(old)).strip()!r}"
    return f"{old!r} becomes {new!r}" if old else repr(new)


def _clock(old: Sequence[Any], new: Sequence[Any]) -> str:
    """A clock of a plot: how far it was, and how far it would be."""
    if old and new:
        return f"{old[0]} becomes {str(new[0]).rpartition(' ')[2]}"
    return _listed(old, new)


def _listed(old: Sequence[Any], new: Sequence[Any]) -> str:
    more = [str(each) for each in new if each not in old]
    less = [str(each) for each in old if each not in new]
    said = [f"adds {', '.join(more)}"] if more else []
    said += [f"takes away {', '.join(less)}"] if less else []
    return "; ".join(said) or "another order"
