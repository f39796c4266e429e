"""Fights that are kept: from rows to values and back, each step one change of the journal.

A step reads the fight, works it out and writes what differs inside one transaction that nobody else
can write beside, so two terminals at the same fight lose nothing: the second works on what the
first has left. What did not change is not written, so that an undo touches what its step touched.
"""

import contextlib
import random
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import attrs

from ttrpg_core import clocks, records, text
from ttrpg_core.convert import explain
from ttrpg_core.errors import Ambiguous, NotFound, StoreDamaged
from ttrpg_core.fights import characters, rows
from ttrpg_core.journal import Change, Journal
from ttrpg_core.table.combat import clock, rests, roster
from ttrpg_core.table.combat import rules as laws
from ttrpg_core.table.combat.rules import Rules
from ttrpg_core.table.combat.scene import Fact, Outcome
from ttrpg_core.table.combat.state import Fight
from ttrpg_core.table.world.conditions import Condition
from ttrpg_core.world import Reader, World

CURRENT = "fight"
"""The key in ``chosen`` under which the fight stands that commands mean."""
LONGEST_PROSE = 300
"""Characters of the line that the history shows of one step."""
_ASIDE = ("combat.prompt.", "combat.round", "combat.statistics", "combat.initiative")
"""Kinds of facts that the history can do without in its line; all are among the facts."""

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
    """The fight with this id; its characters, and the time where it has not begun, as of now.

    StoreDamaged when its rows do not make one.
    """
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
        campaign = row["campaign"]
        fight = _made(key, row, people, turns)
        if campaign is None:
            return fight
        if fight.status == "preparing":  # it has not begun: there it is as late as anywhere
            fight = attrs.evolve(fight, began=clocks.now(connection, campaign))
        return characters.fresh(Reader(connection, campaign), fight)


def _made(
    key: str, row: sqlite3.Row, people: Sequence[sqlite3.Row], turns: Sequence[sqlite3.Row]
) -> Fight:
    try:
        return rows.made(row, people, turns)
    except Exception as error:  # whatever a row that somebody edited makes of the converter
        raise StoreDamaged(
            f"the fight {key} cannot be read: {'; '.join(explain(error, key))}",
            "Take back what changed it, or go back to a copy; 'ttrpg doctor' says more",
        ) from error


def law(connection: sqlite3.Connection, name: str, campaign: str | None) -> Rules:
    """The rules of a fight, with the conditions of the table's own."""
    found = laws.load(name)
    if campaign is None:
        return found
    own = Reader(connection, campaign).all("condition")
    return found.with_conditions(each.rule for each in own if isinstance(each, Condition))


def rules_for(system: str) -> str:
    """The rules that the system of a campaign means: by name, else what can be told from it.

    Without a system, 5e of 2024; one that we do not know has hit points and an order.
    """
    folded = system.casefold()
    for name in laws.names():
        if text.slug(system) in {name, text.slug(laws.load(name).title)}:
            return name
    if folded.split()[:1] == ["fate"]:  # Core, Condensed and Accelerated are of one kind
        return "fate"
    if folded and not any(word in folded for word in ("5e", "5.", "d&d", "dnd", "dungeons")):
        return "other"
    return "dnd5e-2014" if "2014" in folded or "5.1" in folded else "dnd5e-2024"


def shift(change: Change, connection: sqlite3.Connection, key: str, seconds: int) -> None:
    """Move a fight to another time, inside a change; its characters have moved already."""
    before = load(connection, key)
    after = attrs.evolve(
        before,
        began=before.began + seconds,
        combatants=tuple(
            each if each.character and each.active else clock.shifted(each, seconds)
            for each in before.combatants
        ),
    )
    rows.write(change, connection, before, after)


@contextlib.contextmanager
def naming(connection: sqlite3.Connection, campaign: str | None, fight: Fight) -> Iterator[None]:
    """Name the fight in which somebody is not found, while several go on."""
    try:
        yield
    except roster.Nobody as error:
        running = [each for each in summaries(connection, campaign) if each.status != "ended"]
        if len(running) < 2 or fight.id == rests.PARTY:  # noqa: PLR2004 - several
            raise
        raise roster.Nobody(f"{error.message} in {fight.name!r}", error.hint) from None


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
            if campaign is not None:
                fight = characters.joined(Reader(self._connection, campaign), nothing, fight)
            row = {"campaign": campaign, "created_at": self.journal.clock().isoformat()}
            change.insert("fights", {**rows.row(fight), **row})
            rules = law(self._connection, fight.rules, campaign)
            facts += self._write(change, nothing, fight, campaign, rules)
            change.put("chosen", {"key": CURRENT, "value": key})
            change.prose = f"prepared the fight {fight.name!r}"
            change.facts = _plain(fight, facts)
        return Step(nothing, fight, rules, facts)

    def change(self, kind: str, wanted: str | None, campaign: str | None, command: Command) -> Step:
        """Do a command in a fight, as one change; ``kind`` is what the journal calls it."""
        with self.journal.change(kind, campaign=campaign) as change:
            before = load(self._connection, find(self._connection, wanted, campaign))
            rules = law(self._connection, before.rules, campaign)
            with naming(self._connection, campaign, before):
                fight, facts = command(before, rules, self.rng)
            if campaign is not None:
                fight = characters.joined(Reader(self._connection, campaign), before, fight)
            facts += self._write(change, before, fight, campaign, rules)
            change.prose = prose(facts)
            change.facts = _plain(fight, facts)
        return Step(before, fight, rules, facts)

    def _write(
        self, change: Change, before: Fight, fight: Fight, campaign: str | None, rules: Rules
    ) -> tuple[Fact, ...]:
        """Write what a step did: to the fight, the characters in it, and when it ends the clock.

        Answers what followed from that: whoever is out of it has the campaign's time again.
        """
        rows.write(change, self._connection, before, fight)
        if campaign is None:
            return ()
        world = World(self.journal, campaign)
        characters.save(change, world, before, fight)
        ends = before.status == "active" and fight.status == "ended"
        if not ends and not characters.left(before, fight):
            return ()
        moment = clocks.now(self._connection, campaign)
        if ends:
            moment = max(moment, clock.over(fight))
            clocks.put(change, self._connection, campaign, moment)
        return characters.catch_up(change, world, rules, moment)

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
            if campaign is not None:  # what is owed in it is owed still
                world, over = World(self.journal, campaign), attrs.evolve(fight, status="ended")
                characters.save(change, world, fight, over)
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
