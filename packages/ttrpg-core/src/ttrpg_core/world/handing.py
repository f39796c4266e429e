"""Handouts given, and the log of what was revealed: to whom, when, in which session."""

import hashlib
import json
from pathlib import Path

import attrs

from ttrpg_core import text
from ttrpg_core.audience import Audience
from ttrpg_core.errors import InputError, TtrpgError
from ttrpg_core.table.world import handouts
from ttrpg_core.table.world.handouts import Handout
from ttrpg_core.world import World
from ttrpg_core.world.plotting import rewrite
from ttrpg_core.world.reading import Reader

FILE_MAX = 200_000_000
"""Bytes of a file that is read to know it again."""
_PIECE = 1 << 20


@attrs.frozen
class Reveal:
    """A line of the log: something was ``told``, ``given`` or ``hidden`` again.

    ``name`` is what it is called now, ``field`` the part of it that was revealed, or "".
    """

    entry: int
    at: str
    kind: str
    ref: str
    name: str
    field: str
    to: str
    session: str


def attach(world: World, handout: Handout, file: str) -> Handout:
    """Let a handout have a file: its place, size and SHA-256 are kept, and not a copy of it."""
    path = text.readable_file(file)
    digest, size = _known_by(path)
    return rewrite(
        world,
        "handout.edit",
        handout,
        lambda old: attrs.evolve(old, file=str(path), sha256=digest, size=size),
        f"changed file of {handout.name!r}",
        {"field": "file", "sha256": digest},
    )


def state(handout: Handout) -> str:
    """What became of the file of a handout: "" as it was, else what is wrong."""
    if not handout.file:
        return ""
    try:
        path = text.readable_file(handout.file)
        if path.stat().st_size == handout.size and _known_by(path)[0] == handout.sha256:
            return ""
    except (TtrpgError, OSError) as error:
        return str(error)
    return f"{handout.file} was changed since it was added"


def give(world: World, handout: Handout, to: Audience) -> Handout:
    """Give a handout to the party, a character or everybody; it says when, and in which session."""
    session = world.running()
    return rewrite(
        world,
        "handout.give",
        handout,
        lambda old: handouts.given(old, to, world.now, session),
        f"gave {handout.name!r} to {to}",
        {"to": to.name, "session": session},
    )


def reveals(reader: Reader, to: Audience | None = None) -> list[Reveal]:
    """What was revealed and given, the newest first; what was taken back is left out.

    ``to`` leaves those by which this audience came to know something, or no longer does.
    """
    named = reader.named()
    rows = reader.connection.execute(
        "SELECT id, at, kind, facts FROM journal WHERE campaign = ?"
        " AND kind IN ('world.reveal', 'handout.give') AND undone_by IS NULL AND target IS NULL"
        " ORDER BY id DESC",
        [reader.campaign],
    )
    found = [_reveal(row["id"], row["at"], row["kind"], json.loads(row["facts"])) for row in rows]
    if to is not None:
        theirs = {
            (each.ref, each.field)
            for each in found
            if each.kind != "hidden" and to.sees(Audience(each.to))
        }
        found = [
            each
            for each in found
            if (each.ref, each.field) in theirs
            and (each.kind == "hidden" or to.sees(Audience(each.to)))
        ]
    return [attrs.evolve(each, name=named(each.ref) or each.name) for each in found]


def _reveal(number: int, at: str, kind: str, facts: dict[str, str | None]) -> Reveal:
    to = facts.get("to") or "gm"
    what = "given" if kind == "handout.give" else "hidden" if to == "gm" else "told"
    ref = facts.get("ref") or ""
    part = "" if what == "given" else facts.get("field") or ""
    return Reveal(
        number, at, what, ref, facts.get("name") or ref, part, to, facts.get("session") or ""
    )


def _known_by(path: Path) -> tuple[str, int]:
    """The SHA-256 of a file and its size."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            size += len(piece)
            if size > FILE_MAX:
                raise InputError(f"{path} has more than {FILE_MAX:,} bytes", "Give a smaller copy")
    return digest.hexdigest(), size
