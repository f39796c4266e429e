"""Fights that are kept: from rows to values and back, each step one change of the journal.

A step reads the fight, works it out and writes what differs inside one transaction that nobody else
can write beside, so two terminals at the same fight lose nothing: the second works on what the
first has left. What did not change is not written, so that an undo touches what its step touched.
"""

import functools
import json
import random
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import attrs

from ttrpg_core import records, text
from ttrpg_core.convert import explain, make_converter
from ttrpg_core.errors import Ambiguous, NotFound, StoreDamaged
from ttrpg_core.journal import Change, Journal
from ttrpg_core.table.combat import rules as laws
from ttrpg_core.table.combat.rules import Rules
from ttrpg_core.table.combat.scene import Fact, Outcome
from ttrpg_core.table.combat.state import Combatant, Fight, Turn

if TYPE_CHECKING:
    import cattrs

CURRENT = "fight"
"""The key in ``chosen`` under which the fight stands that commands mean."""
LONGEST_PROSE = 300
"""Characters of the line that the history shows of one step."""
_ASIDE = ("combat.prompt.", "combat.round", "combat.statistics", "combat.initiative")
"""Kinds of facts that the history can do without in its line; all are among the facts."""

_ROSTER = "roster"
"""The key in a fight's state with the ids of all who are in it.

So nobody's joining can be taken back by itself once the fight knows them, in its order or a turn.
"""

Command = Callable[[Fight, Rules, random.Random], Outcome]
"""A command of :mod:`ttrpg_core.table.combat`, with its arguments filled in."""


@attrs.frozen
class Summary:
    """A fight in a list."""

    id: str
    name: str
    campaign: str | None
    status: str
    created_at: str
    round: int
    combatants: int


class Step(NamedTuple):
    """A fight before and after a command, and what happened; ``law`` are its rules."""

    before: Fight
    fight: Fight
    law: Rules
    facts: tuple[Fact, ...]

    @property
    def changed(self) -> bool:
        """Whether there is anything to take back."""
        return self.before != self.fight


def summaries(connection: sqlite3.Connection, campaign: str | None) -> list[Summary]:
    """The fights of a campaign, or those outside any, the newest first."""
    rows = connection.execute(
        "SELECT id, name, campaign, status, created_at,"
        " (SELECT COALESCE(MAX(round), 0) FROM fight_turns WHERE fight = fights.id) AS round,"
        " (SELECT COUNT(*) FROM combatants WHERE fight = fights.id) AS combatants"
        " FROM fights WHERE campaign IS ? ORDER BY created_at DESC, id",
        [campaign],
    )
    return [Summary(**dict(row)) for row in rows]


def find(connection: sqlite3.Connection, wanted: str | None, campaign: str | None) -> str:
    """The id of the fight that is meant: by a name or unique beginning, else the one that goes on.

    Several may go on when the party splits; then it is the chosen one. Raises NotFound or
    Ambiguous.
    """
    known = summaries(connection, campaign)
    if wanted is not None:
        return text.match(wanted, [(each.id, each.name) for each in known], "fight")
    running = [each.id for each in known if each.status != "ended"]
    row = connection.execute("SELECT value FROM chosen WHERE key = ?", [CURRENT]).fetchone()
    if row is not None and row["value"] in running:
        return str(row["value"])
    if not running:
        raise NotFound("no fight goes on", "Start one: ttrpg combat new NAME")
    if len(running) > 1:
        raise Ambiguous(
            f"{len(running)} fights go on",
            tuple(running),
            f"ttrpg combat use NAME chooses one: {', '.join(running[: text.SHOWN])}",
        )
    return running[0]


def load(connection: sqlite3.Connection, key: str) -> Fight:
    """The fight with this id. StoreDamaged when its rows do not make one."""
    with records.one_moment(connection):
        row = connection.execute("SELECT * FROM fights WHERE id = ?", [key]).fetchone()
        if row is None:
            raise NotFound(f"there is no fight {key!r}", "See: ttrpg combat list")
        people = connection.execute(
            "SELECT id, state FROM combatants WHERE fight = ? ORDER BY ordinal", [key]
        ).fetchall()
        turns = connection.execute(
            "SELECT round, who, delayed, resumed FROM fight_turns WHERE fight = ? ORDER BY ordinal",
            [key],
        ).fetchall()
    try:
        return _made(row, people, turns)
    except Exception as error:  # whatever a row that somebody edited makes of the converter
        raise StoreDamaged(
            f"the fight {key} cannot be read: {'; '.join(explain(error, key))}",
            "Take back what changed it, or go back to a copy; 'ttrpg doctor' says more",
        ) from error


def rules_for(system: str) -> str:
    """The rules that the system of a campaign means: by name, else what can be told from it.

    Without a system, 5e of 2024; one that we do not know has hit points and an order.
    """
    folded = system.casefold()
    for name in laws.names():
        if text.slug(system) in {name, text.slug(laws.load(name).title)}:
            return name
    if folded and not any(word in folded for word in ("5e", "5.", "d&d", "dnd", "dungeons")):
        return "other"
    return "dnd5e-2014" if "2014" in folded or "5.1" in folded else "dnd5e-2024"


class Fights:
    """The fights of one store, changed through its journal; ``rng`` is what they roll with."""

    def __init__(self, journal: Journal, rng: random.Random) -> None:
        self.journal = journal
        self.rng = rng

    @property
    def _connection(self) -> sqlite3.Connection:
        return self.journal.store.connection

    def begin(self, make: Callable[[str], Outcome], name: str, campaign: str | None) -> Step:
        """Keep a new fight, which ``make`` makes with the id that it gets; it is the chosen one."""
        with self.journal.change("combat.new", campaign=campaign) as change:
            taken = [row["id"] for row in self._connection.execute("SELECT id FROM fights")]
            key = text.unique_slug(text.name(name, "fight's name"), taken)
            fight, facts = make(key)
            nothing = attrs.evolve(fight, combatants=(), turns=())
            row = {"campaign": campaign, "created_at": self.journal.clock().isoformat()}
            change.insert("fights", {**_row(fight), **row})
            _write(change, nothing, fight)
            change.put("chosen", {"key": CURRENT, "value": key})
            change.prose = f"prepared the fight {fight.name!r}"
            change.facts = _plain(fight, facts)
        return Step(nothing, fight, laws.load(fight.rules), facts)

    def change(self, kind: str, wanted: str | None, campaign: str | None, command: Command) -> Step:
        """Do a command in a fight, as one change; ``kind`` is what the journal calls it."""
        with self.journal.change(kind, campaign=campaign) as change:
            before = load(self._connection, find(self._connection, wanted, campaign))
            law = laws.load(before.rules)
            fight, facts = command(before, law, self.rng)
            _write(change, before, fight)
            change.prose = prose(facts)
            change.facts = _plain(fight, facts)
        return Step(before, fight, law, facts)

    def use(self, wanted: str, campaign: str | None) -> Fight:
        """Make a fight the one that commands mean."""
        with self.journal.change("combat.use", campaign=campaign) as change:
            fight = load(self._connection, find(self._connection, wanted, campaign))
            change.put("chosen", {"key": CURRENT, "value": fight.id})
            change.prose = f"chose the fight {fight.name!r}"
            change.facts = {"fight": fight.id}
        return fight

    def delete(self, wanted: str, campaign: str | None) -> Fight:
        """Delete a fight with all that is in it."""
        with self.journal.change("combat.delete", campaign=campaign) as change:
            fight = load(self._connection, find(self._connection, wanted, campaign))
            change.delete("fights", {"id": fight.id})
            change.prose = f"deleted the fight {fight.name!r}"
            change.facts = {"fight": fight.id}
        return fight


def prose(facts: Sequence[Fact]) -> str:
    """What happened, in one line: without what is only asked or counted, where there is more."""
    told = [each for each in facts if not each.kind.startswith(_ASIDE)] or facts
    whole = "; ".join(each.prose for each in told)
    return whole if len(whole) <= LONGEST_PROSE else f"{whole[: LONGEST_PROSE - 4]} ..."


def plain(facts: Sequence[Fact]) -> list[dict[str, object]]:
    """Facts as JSON has them."""
    return [attrs.asdict(each) for each in facts]


def _plain(fight: Fight, facts: Sequence[Fact]) -> dict[str, object]:
    return {"fight": fight.id, "round": fight.round, "facts": plain(facts)}


@functools.cache
def _converter() -> "cattrs.Converter":
    """One for the process: making it takes longer than a fight."""
    return make_converter(forbid_extra_keys=True)


def _made(row: sqlite3.Row, people: Sequence[sqlite3.Row], turns: Sequence[sqlite3.Row]) -> Fight:
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


def _write(change: Change, before: Fight, after: Fight) -> None:
    """Write what differs between two states of a fight."""
    key = {"fight": after.id}
    was = {each.id: (place, each) for place, each in enumerate(before.combatants)}
    for ordinal, each in enumerate(after.combatants):
        if was.pop(each.id, None) != (ordinal, each):
            change.put(
                "combatants",
                {**key, "id": each.id, "ordinal": ordinal, "state": _json(_plain_of(each))},
            )
    for gone in was:
        change.delete("combatants", {**key, "id": gone})
    for ordinal, turn in enumerate(after.turns):
        if before.turns[ordinal : ordinal + 1] != (turn,):
            row = {"delayed": int(turn.delayed), "resumed": int(turn.resumed)}
            row |= {"round": turn.round, "ordinal": ordinal}
            change.put("fight_turns", {**key, "who": turn.who, **row})
    for ordinal in range(len(after.turns), len(before.turns)):
        change.delete("fight_turns", {**key, "ordinal": ordinal})
    if (row_after := _row(after)) != _row(before):
        change.update("fights", {"id": after.id}, row_after)


def _row(fight: Fight) -> dict[str, str]:
    rest = attrs.evolve(fight, combatants=(), turns=())
    state = {**_plain_of(rest), _ROSTER: [each.id for each in fight.combatants]}
    return {"id": fight.id, "name": fight.name, "status": fight.status, "state": _json(state)}


def _plain_of(value: Fight | Combatant) -> dict[str, object]:
    found: dict[str, object] = _converter().unstructure(value)
    return found


def _json(data: Mapping[str, object]) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))
