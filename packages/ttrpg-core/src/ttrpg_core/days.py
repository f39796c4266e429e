"""The days of a campaign: time that passes outside of fights, rests, downtime, the clock as set.

Time passes for every character who is in no fight: effects run out, the stable wake, uses return at
dawn. A fight keeps its own time until it ends; while it is behind the clock, that is said. Each
command is one change of the journal, with the clock and the characters in it.
"""

import random
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple

import attrs

from ttrpg_core import clocks, fights, records
from ttrpg_core.audience import GM, Audience
from ttrpg_core.clocks import Clock
from ttrpg_core.errors import InputError, NotFound, TtrpgError
from ttrpg_core.fights import characters
from ttrpg_core.journal import Change, Journal
from ttrpg_core.table.calendar import lengths, pages, saying
from ttrpg_core.table.calendar.lengths import Length
from ttrpg_core.table.calendar.model import Calendar
from ttrpg_core.table.combat import clock as times
from ttrpg_core.table.combat import resources, rests
from ttrpg_core.table.combat.rules import Rules
from ttrpg_core.table.combat.scene import Fact, Outcome, Scene
from ttrpg_core.table.combat.state import Combatant, Fight
from ttrpg_core.table.world.seen import seen
from ttrpg_core.world import World

NIGHTS = 10
"""Most long rests that one stretch of downtime is worth: after so many, nothing is left to mend."""
_DAWN = 4
"""The part of a day at which it dawns: six of twenty-four hours."""
_DATED = (
    "SELECT id FROM entities WHERE campaign = ? AND kind = 'note' AND instr(state, '\"date\"')"
    " AND json_extract(state, '$.date') <> ''"
)
"""The notes of a campaign that have a date; looking for the word first spares most the reading."""
_RUNNING = "SELECT id FROM fights WHERE campaign = ? AND status <> 'ended' ORDER BY created_at, id"


@attrs.frozen
class Due:
    """Something that fell due: its moment, what kind, what it is, and a reference if it has one."""

    moment: int
    kind: str
    text: str
    note: str = ""
    ref: str = ""


class Passed(NamedTuple):
    """The clock before and after, what happened, what fell due, and which fights are behind."""

    before: Clock
    clock: Clock
    facts: tuple[Fact, ...] = ()
    due: tuple[Due, ...] = ()
    behind: tuple[tuple[str, int], ...] = ()


class Days:
    """The time of one campaign, changed through its journal; ``rng`` is what rests roll with."""

    def __init__(self, journal: Journal, campaign: str, rng: random.Random) -> None:
        self.journal = journal
        self.campaign = campaign
        self.rng = rng
        self.world = World(journal, campaign)

    @property
    def connection(self) -> sqlite3.Connection:
        """The database."""
        return self.journal.store.connection

    @property
    def clock(self) -> Clock:
        """The time now."""
        return clocks.read(self.connection, self.campaign)

    @property
    def law(self) -> Rules:
        """The rules that the campaign's system means, with the table's own conditions."""
        found = records.campaign(self.connection, self.campaign)
        return fights.law(self.connection, fights.rules_for(found.system), self.campaign)

    def advance(self, length: Length) -> Passed:
        """Let time pass: effects run out, and what the calendar and dated notes say falls due."""
        with self._change("time.advance") as change:
            before = self.clock
            seconds = _seconds(before, length)
            passed = self._pass(change, before, seconds)
            change.prose = f"{lengths.say(before.calendar, seconds)} pass: {passed.clock.say()}"
        return passed

    def downtime(self, length: Length, what: str, who: Sequence[str] = ()) -> Passed:
        """Let days pass that somebody uses for something; each night is a long rest for all."""
        with self._change("time.downtime") as change:
            before = self.clock
            seconds = _seconds(before, length)
            people = [characters.meant(self.world, each) for each in who]
            nights = min(seconds // before.calendar.day, NIGHTS)
            passed = self._pass(change, before, seconds, nights)
            names = ", ".join(each.name for each in people)
            told = f"{lengths.say(before.calendar, seconds)} of downtime: {what}"
            change.prose = f"{told} ({names})" if names else told
            change.facts |= {"what": what, "who": [each.ref for each in people]}
        return passed

    def rest(
        self,
        length: rests.Length,
        who: Sequence[str] = (),
        spend: Mapping[str, Mapping[str, int]] | None = None,
    ) -> Passed:
        """A rest of the characters that are meant, outside of fights; of all who are in none.

        ``spend`` says by a character's id how many of which hit dice are spent.
        """
        with self._change("time.rest") as change:
            before, law = self.clock, self.law
            free = characters.free(self.world)
            keys = [characters.meant(self.world, each).id for each in who] or [p.id for p in free]
            for key in keys:
                self._check_free(free, key)
            if not keys:
                raise NotFound(
                    "there is nobody who could rest", "Add a character: ttrpg character add NAME"
                )
            together = characters.together(self.world, law, before.now)
            done = rests.rest(together, law, keys, length, self.rng, spend)
            passed = self._kept(change, before, together, done)
            change.prose = done.facts[0].prose
        return passed

    def step(self, kind: str, command: fights.Command) -> fights.Step:
        """Do to characters outside of fights what could be done to them in one: a fall, a potion.

        No time passes by it. Rolls that are asked for are owed until they are made.
        """
        with self._change(kind) as change:
            together, law = self.together()
            done = command(together, law, self.rng)
            characters.save(change, self.world, together, done.fight, done.facts)
            change.prose = fights.prose(done.facts)
            change.facts = {"facts": fights.plain(done.facts)}
        return fights.Step(together, done.fight, law, done.facts)

    def together(self) -> tuple[Fight, Rules]:
        """The characters who are in no fight, as if in one together, and the rules."""
        law = self.law
        return characters.together(self.world, law, self.clock.now), law

    def set(self, moment: int) -> Passed:
        """Set the clock to another moment, without time passing.

        Everything that was to end at some time moves along with it, and so do fights that go on.
        """
        with self._change("time.set") as change:
            before = self.clock
            saying.say(before.calendar, moment)  # so that it is in the calendar
            facts = self._shift(change, before.now, moment)
            after = clocks.put(change, self.connection, self.campaign, moment)
            change.prose = f"set the clock to {after.say()}"
            change.facts = {"before": before.now, "now": after.now}
        return Passed(before, after, facts)

    def use(self, toml: str, date: str | None = None) -> Passed:
        """Give the campaign a calendar; ``date`` is today in it, else the clock stays as it is."""
        with self._change("calendar.use") as change:
            before = self.clock
            calendar = clocks.choose(change, self.connection, self.campaign, toml).calendar
            moment = before.now if date is None else saying.moment(date, calendar, before.now)
            facts = self._shift(change, before.now, moment)
            after = clocks.put(change, self.connection, self.campaign, moment)
            change.prose = f"chose the calendar {after.calendar.title!r}: {after.say()}"
            change.facts = {"calendar": after.calendar.name, "before": before.now, "now": after.now}
        return Passed(before, after, facts)

    def drop(self) -> Passed:
        """Take the calendar away: days are counted."""
        with self._change("calendar.drop") as change:
            before = self.clock
            after = clocks.drop(change, self.connection, self.campaign)
            change.prose = "put the calendar away"
        return Passed(before, after)

    def behind(self, now: int) -> tuple[tuple[str, int], ...]:
        """The fights that go on and have not come so far: name, and seconds."""
        found = [fights.load(self.connection, key) for key in self._running()]
        late = [(each.name, times.behind(now, each)) for each in found if each.status == "active"]
        return tuple((name, seconds) for name, seconds in late if seconds > 0)

    def due(
        self, after: int, until: int, calendar: Calendar, viewer: Audience = GM
    ) -> tuple[Due, ...]:
        """What falls due after a moment, up to and at another, as far as somebody knows of it.

        That is what the calendar says, and notes with a date.
        """
        found = [
            Due(each.moment, each.kind, each.text, each.note)
            for each in pages.occasions(calendar, after + 1, until + 1)
        ]
        found += [each for each in self.dated(calendar, viewer) if after < each.moment <= until]
        return tuple(sorted(found, key=lambda each: each.moment))

    def dated(self, calendar: Calendar, viewer: Audience = GM) -> Iterator[Due]:
        """The notes that have a date which the calendar knows, as a viewer sees them."""
        named = self.world.named(viewer)
        rows = self.connection.execute(_DATED, [self.campaign]).fetchall()
        for row in rows:
            note = seen(self.world.get(f"note/{row['id']}"), viewer, named)
            try:
                moment = saying.moment(note.fields["date"], calendar) if note else None
            except TtrpgError:  # written for another calendar, or in words of its own
                continue
            if note and moment is not None:
                yield Due(moment, "note", note.name, note.fields.get("summary", ""), note.ref)

    def _change(self, kind: str) -> AbstractContextManager[Change]:
        return self.journal.change(kind, campaign=self.campaign)

    def _pass(self, change: Change, before: Clock, seconds: int, nights: int = 0) -> Passed:
        """Let seconds pass for all who are in no fight, with so many long rests at their end."""
        law = self.law
        together = characters.together(self.world, law, before.now)
        scene = Scene(together, law, self.rng)
        rests.need_no_dying(scene, seconds)
        times.elapse(scene, seconds)
        characters.let_go(self.world, scene)
        for each in scene.fight.combatants:
            if _dawns(before.calendar, before.now, before.now + seconds):
                resources.refresh(scene, each.id, "dawn")
            for _ in range(nights if each.life == "up" else 0):
                rests.recover(scene, each.id, "long")
        return self._kept(change, before, together, scene.outcome())

    def _kept(self, change: Change, before: Clock, together: Fight, done: Outcome) -> Passed:
        """Write what has become of the characters and the clock."""
        characters.save(change, self.world, together, done.fight)
        after = clocks.put(change, self.connection, self.campaign, done.fight.now)
        facts = tuple(each for each in done.facts if each.kind != "combat.time")
        change.facts = {"before": before.now, "now": after.now, "facts": fights.plain(facts)}
        due = self.due(before.now, after.now, after.calendar)
        return Passed(before, after, facts, due, self.behind(after.now))

    def _check_free(self, free: Sequence[Combatant], key: str) -> None:
        if all(each.id != key for each in free):
            fight = characters.fighting(self.connection, self.campaign, key)
            raise InputError(
                f"{key} is in the fight {fight}",
                f"Rest in it: ttrpg rest short --fight {fight}, or end it first",
            )

    def _running(self) -> list[str]:
        return [row["id"] for row in self.connection.execute(_RUNNING, [self.campaign]).fetchall()]

    def _shift(self, change: Change, now: int, moment: int) -> tuple[Fact, ...]:
        """Move all moments of the campaign's fights and characters; what is over by now ends."""
        if moment == now:
            return ()
        facts = characters.catch_up(change, self.world, self.law, now)
        for each in characters.party(self.world):
            one = characters.combatant(each)
            characters.write(change, self.world, times.shifted(one, moment - now))
        for key in self._running():
            fights.shift(change, self.connection, key, moment - now)
        return facts


def _seconds(clock: Clock, length: Length) -> int:
    """How many seconds a length of time is from now on."""
    then = lengths.later(clock.calendar, clock.now, length)
    if then <= clock.now:
        raise InputError("no time would pass", "Give a length of time: 8 hours, or 3 days")
    return then - clock.now


def _dawns(calendar: Calendar, start: int, end: int) -> bool:
    """Whether it dawns after a moment, up to and at another."""
    dawn = calendar.day // _DAWN
    return (end - dawn) // calendar.day > (start - dawn) // calendar.day
