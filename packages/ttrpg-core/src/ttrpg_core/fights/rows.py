"""Fights as rows of the database, and back: a row for each combatant, turn and effect."""

import functools
import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import attrs

from ttrpg_core.convert import make_converter
from ttrpg_core.journal import Change
from ttrpg_core.table.combat.state import Combatant, Fight, Turn

if TYPE_CHECKING:
    import cattrs

_ROSTER = "roster"
"""The key in a fight's state with the ids of all who are in it.

So nobody's joining can be taken back by itself once the fight knows them, in its order or a turn.
"""


def made(row: sqlite3.Row, people: Sequence[sqlite3.Row], turns: Sequence[sqlite3.Row]) -> Fight:
    """The fight that rows make; any error says that they make none."""
    state = json.loads(row["state"])
    if state.pop(_ROSTER) != [each["id"] for each in people]:
        raise ValueError("its combatants are not those that it had")
    return attrs.evolve(
        _converter().structure(state, Fight),
        combatants=tuple(
            _converter().structure(json.loads(each["state"]), Combatant) for each in people
        ),
        turns=tuple(
            Turn(each["round"], each["who"], bool(each["delayed"]), bool(each["resumed"]))
            for each in turns
        ),
    )


def row(fight: Fight) -> dict[str, str]:
    """The row of a fight itself."""
    rest = attrs.evolve(fight, combatants=(), turns=())
    state = {**_plain_of(rest), _ROSTER: [each.id for each in fight.combatants]}
    return {"id": fight.id, "name": fight.name, "status": fight.status, "state": _json(state)}


def write(change: Change, connection: sqlite3.Connection, before: Fight, after: Fight) -> None:
    """Write what differs between two states of a fight.

    Of one that ends, those who are characters are written in any case: while it went on, they were
    read from the characters themselves.
    """
    key = {"fight": after.id}
    ends = before.status != after.status == "ended"
    was = {each.id: (place, each) for place, each in enumerate(before.combatants)}
    for ordinal, each in enumerate(after.combatants):
        if was.pop(each.id, None) != (ordinal, each) or (ends and each.character):
            change.put(
                "combatants",
                {**key, "id": each.id, "ordinal": ordinal, "state": _json(_plain_of(each))},
            )
    for gone in was:
        change.delete("combatants", {**key, "id": gone})
    _write_effects(change, connection, before, after)
    for ordinal, turn in enumerate(after.turns):
        if before.turns[ordinal : ordinal + 1] != (turn,):
            flags = {"delayed": int(turn.delayed), "resumed": int(turn.resumed)}
            flags |= {"round": turn.round, "ordinal": ordinal}
            change.put("fight_turns", {**key, "who": turn.who, **flags})
    for ordinal in range(len(after.turns), len(before.turns)):
        change.delete("fight_turns", {**key, "ordinal": ordinal})
    if (row_after := row(after)) != row(before):
        change.update("fights", {"id": after.id}, row_after)


def _write_effects(
    change: Change, connection: sqlite3.Connection, before: Fight, after: Fight
) -> None:
    """Keep which effect hangs on which: what others hang on cannot be taken back without them.

    What is kept is looked up, since a character may have lost an effect outside of the fight.
    """
    now = _effects(after)
    if now == _effects(before):
        return
    found = connection.execute(
        "SELECT id, linked_to FROM fight_effects WHERE fight = ?", [after.id]
    ).fetchall()
    was = {each["id"]: each["linked_to"] for each in found}
    for key, link in now.items():
        if key not in was or was[key] != link:
            change.put("fight_effects", {"fight": after.id, "id": key, "linked_to": link})
    for key in was:
        if key not in now:
            change.delete("fight_effects", {"fight": after.id, "id": key})


def _effects(fight: Fight) -> dict[str, str | None]:
    """The effects of a fight, each with what it hangs on; None for nothing that is there."""
    found = {each.id: each for one in fight.combatants for each in one.effects}
    return {key: each.linked_to if each.linked_to in found else None for key, each in found.items()}


@functools.cache
def _converter() -> "cattrs.Converter":
    """One for the process: making it takes longer than a fight."""
    return make_converter(forbid_extra_keys=True)


def _plain_of(value: Fight | Combatant) -> dict[str, object]:
    found: dict[str, object] = _converter().unstructure(value)
    return found


def _json(data: Mapping[str, object]) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))
