"""The sessions of a campaign as they are kept, and what the journal says happened in each.

``Sessions(world)`` plans, starts and ends them; :mod:`.happened` reads their entries and makes
timelines and recaps, :mod:`.preparing` what a Game Master wants at hand before one.
"""

from collections.abc import Callable, Iterator, Sequence

import attrs

from ttrpg_core.errors import InputError, NotFound
from ttrpg_core.table.world import sessions
from ttrpg_core.table.world.making import Given
from ttrpg_core.table.world.sessions import RUNNING, Session, Status
from ttrpg_core.world import World, orders

CURRENT = "session"
"""The key in ``chosen`` under which the id of the session stands that runs."""
NUMBER_MAX = 100_000
_DONE = {"start": "started", "resume": "went on with", "pause": "paused", "end": "ended"}

Take = Callable[[str, str], object]
"""Takes a snapshot of a campaign, with a name that says why; ``Snapshots.take`` is one."""


def _no_snapshot(_: str, __: str) -> None:
    """What is done where nobody wants snapshots."""


class Sessions:
    """The sessions of one campaign, each step one change of its journal.

    ``take`` takes a snapshot before a session begins, and after it has ended.
    """

    def __init__(self, world: World, take: Take = _no_snapshot) -> None:
        self.world = world
        self.take = take

    def all(self) -> Iterator[Session]:
        """Every session: what runs first, then what is planned, then the last that ended.

        Each is read when it is asked for.
        """
        return orders.sessions(self.world)

    def first(self, *among: Status) -> Session | None:
        """The first session of these statuses, in the order of the list, if there is one."""
        return next(orders.sessions(self.world, among, 1), None)

    def running(self) -> Session | None:
        """The session that has begun and not ended, if any does."""
        return self.first(*RUNNING)

    def coming(self) -> Session | None:
        """The session that runs, else the first that is planned, if there is one."""
        return self.first(*RUNNING, "planned")

    def ended(self) -> Iterator[Session]:
        """The sessions that ended, the last first."""
        return orders.sessions(self.world, ("ended",))

    def find(self, wanted: str | None) -> Session:
        """The session that a number, a title or an id means.

        Without a word the one that runs, else the last that ended, else the next that is planned.
        Raises NotFound or Ambiguous.
        """
        if wanted is None:
            latest = self.first(*RUNNING, "ended") or self.first("planned")
            if latest is None:
                raise NotFound("there is no session yet", "Plan one: ttrpg session plan")
            return latest
        number = wanted.strip().removeprefix("#")
        if number.isdecimal() and len(number) <= len(str(NUMBER_MAX)):
            by_id = self.world.peek(f"session/{int(number)}")
            if isinstance(by_id, Session) and by_id.number == int(number):
                return by_id
            for each in self.all():
                if each.number == int(number):
                    return each
            raise NotFound(f"there is no session {number}", "See: ttrpg session list")
        found = self.world.get(self.world.resolve(wanted, ("session",)))
        assert isinstance(found, Session), "the kind of a session is session"
        return found

    def plan(self, title: str, given: Given, number: int | None = None) -> Session:
        """Plan a session, by default the one after the last; its title says its number without one.

        Its number is its id too, so that ``session/12`` is session 12. InputError for one that
        another has.
        """
        with self.world.change("session.plan") as change:
            taken = orders.numbers(self.world)
            chosen = max(taken, default=0) + 1 if number is None else number
            if not 0 <= chosen <= NUMBER_MAX:
                raise InputError(f"a session cannot be number {chosen}", "They count from 0")
            if chosen in taken:
                raise InputError(
                    f"there is a session {chosen} already", "Leave --number out for the next one"
                )
            named = {**given, "name": title.strip() or f"Session {chosen}"}
            made = self.world.add(Session, named, str(chosen))
            assert isinstance(made, Session), "of the kind that was asked for"
            self.world.save(change, made := attrs.evolve(made, number=chosen))
            change.prose = f"planned {_called(made)}"
            change.facts = {"ref": made.ref, "name": made.name, "number": chosen}
        return made

    def start(self, wanted: str | None) -> Session:
        """Begin a session: the one named, else the first that is planned, else a new one.

        A snapshot of the campaign is taken before it. Raises InputError while another runs.
        """
        with self.world.change("session.start"):
            self._alone()
            self.take(self.world.campaign, f"before {self._next(wanted)}")
            if wanted is not None:
                found = self.find(wanted)
            else:
                found = self.first("planned") or self.plan("", {})
            return self._move(found, "active", "start")

    def pause(self) -> Session:
        """Stop the clock of the session that runs."""
        with self.world.change("session.pause"):
            return self._move(self._one_that_runs(), "paused", "pause")

    def resume(self) -> Session:
        """Let the clock of the session that runs go on."""
        with self.world.change("session.resume"):
            found = self._one_that_runs()
            if found.status == "active":
                raise InputError(f"session {found.number} is not paused", "It goes on already")
            return self._move(found, "active", "resume")

    def end(self, given: Given) -> Session:
        """End the session that runs; ``given`` is what is to be written down of it.

        A snapshot of the campaign is taken after it.
        """
        with self.world.journal.store.transaction():
            with self.world.change("session.end"):
                found = self._one_that_runs()
                if given:
                    found = self._session(self.world.edit(found.ref, given)[0].ref)
                ended = self._move(found, "ended", "end")
            self.take(self.world.campaign, f"after session {ended.number}")
        return ended

    def attend(self, session: Session, there: Sequence[str], away: Sequence[str]) -> Session:
        """Note who was there, and who was not after all.

        A name is a character's where there is one, else that of somebody who plays none.
        """
        with self.world.change("session.attend") as change:
            present: list[str] = []
            players: list[str] = []
            for name in there:
                key = self._character(name)
                (players if key is None else present).append(key or name)
            for name in away:
                key = self._character(name)
                (players if key is None else present).append(f"-{key or name}")
            given = {"present": present, "players": players}
            changed, different = self.world.edit(session.ref, given)
            if different:
                change.prose = f"noted who was at {_called(session)}"
        return self._session(changed.ref)

    def _character(self, name: str) -> str | None:
        try:
            return self.world.resolve(name, ("character",))
        except NotFound:
            return None

    def _session(self, reference: str) -> Session:
        found = self.world.get(reference)
        assert isinstance(found, Session), "of the kind that its reference says"
        return found

    def _next(self, wanted: str | None) -> str:
        """What a session that is about to begin is called, in the name of a snapshot."""
        if wanted is not None:
            return f"session {self.find(wanted).number}"
        planned = self.first("planned")
        if planned is not None:
            return f"session {planned.number}"
        return f"session {max(orders.numbers(self.world), default=0) + 1}"

    def _alone(self) -> None:
        found = self.running()
        if found is not None:
            raise InputError(
                f"session {found.number} is {found.status}", "End it first: ttrpg session end"
            )

    def _one_that_runs(self) -> Session:
        found = self.running()
        if found is None:
            raise NotFound("no session runs", "Start one: ttrpg session start")
        return found

    def _move(self, session: Session, to: Status, verb: str) -> Session:
        """One step of a session, inside a change of its own."""
        with self.world.change(f"session.{verb}") as change:
            moved = sessions.moved(session, to, self.world.now)
            moved = attrs.evolve(moved, updated_at=self.world.save(change, moved).updated_at)
            row = {"key": CURRENT, "value": moved.id}
            if moved.running:
                change.put("chosen", row)
            elif self._chosen() == moved.id:
                change.delete("chosen", {"key": CURRENT})
            change.prose = f"{_DONE[verb]} {_called(moved)}"
            change.facts = {"ref": moved.ref, "name": moved.name, "number": moved.number}
        return moved

    def _chosen(self) -> str:
        found = self.world.connection.execute(
            "SELECT value FROM chosen WHERE key = ?", [CURRENT]
        ).fetchone()
        return "" if found is None else str(found["value"])


def _called(session: Session) -> str:
    """``session 3``, with its title where it has one of its own."""
    number = f"session {session.number}"
    return number if session.name.casefold() == number else f"{number}, {session.name!r}"
