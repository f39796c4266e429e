"""Fights in two places, rests and time on one clock: what holds whatever is done."""

import contextlib
import tempfile
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from ttrpg_core import clocks, fights
from ttrpg_core.app import App
from ttrpg_core.errors import TtrpgError
from ttrpg_core.fights import Fights, Outcome, characters
from ttrpg_core.table.calendar import almanac
from ttrpg_core.table.calendar.lengths import Length
from ttrpg_core.table.combat import (
    clock,
    effects,
    ending,
    hp,
    resources,
    rests,
    roster,
    saves,
    sheet,
    turns,
)
from ttrpg_core.table.combat.arithmetic import Part
from ttrpg_core.table.combat.sheet import Sheet
from ttrpg_core.table.combat.state import Combatant, Duration, Effect

pytestmark = pytest.mark.long

PROFILE = settings(
    derandomize=True,
    deadline=None,
    max_examples=8,
    stateful_step_count=25,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
HEROES = ("ann", "ben", "cid")
PLACES = ("bridge", "tower")
TABLES = ("clocks", "calendars", "campaigns", "entities", "fights", "combatants", "fight_turns",
          "fight_effects", "chosen")  # fmt: skip
WHO = st.sampled_from(HEROES)
PLACE = st.sampled_from(PLACES)
LENGTHS = st.sampled_from([6, 60, 3600, 86400])
DURATIONS = st.builds(
    Duration,
    st.sampled_from(["turns", "rounds", "minutes", "hours", "end-of-next-turn", "until-short-rest",
                     "until-long-rest", "permanent"]),
    st.integers(1, 3),
)  # fmt: skip


class Split(RuleBasedStateMachine):
    """A party that is now here, now there."""

    def __init__(self, keep):
        super().__init__()
        self.keep = keep
        self.stack = contextlib.ExitStack()

    def teardown(self):
        with self.stack:
            if hasattr(self, "first"):
                self.undo_all()

    @initialize(seed=st.integers(0, 99))
    def begin(self, seed):
        folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        self.app = App(environ={"TTRPG_HOME": folder, "TTRPG_DISABLE": "*"}, folder=Path(folder))
        self.stack.callback(self.app.store.close)
        journal = self.app.journal
        numbers = Sheet(hp=15, hp_max=20, resources=(resources.hit_dice("Dice", 3, "1d8"),))
        sheets = {name.title(): numbers for name in HEROES}
        self.days = self.keep(journal, Random(seed), sheets)
        self.kept = Fights(journal, Random(seed))
        self.entries, self.latest = self.count(), 0
        self.first = self.everything()
        for place, who in zip(PLACES, HEROES, strict=False):
            self.begin_one(place, who)

    def everything(self):
        execute = self.app.store.connection.execute
        return [sorted(map(repr, map(tuple, execute(f"SELECT * FROM {t}")))) for t in TABLES]

    def count(self):
        """Changes that stand: undoing one is an entry, too."""
        query = "SELECT COUNT(*) FROM journal WHERE target IS NULL AND undone_by IS NULL"
        return self.app.store.connection.execute(query).fetchone()[0]

    def undo_all(self):
        if self.count() > self.entries:
            self.app.journal.undo(self.count() - self.entries)
        assert self.everything() == self.first

    def attempt(self, command, *args, **more):
        """Run a command; what is refused has changed nothing."""
        before = self.everything()
        try:
            return command(*args, **more)
        except TtrpgError:
            assert self.everything() == before
            return None

    def step(self, place, command, *args, **more):
        """Do something in a fight; what it did to characters is on their own pages."""
        done = self.attempt(
            self.kept.change, "combat.step", place, "keep",
            lambda f, law, rng: command(f, law, *args, **more),
        )  # fmt: skip
        if done is not None and done.fight.status != "ended":
            heroes = self.heroes()
            for one in done.fight.combatants:
                if one.character and one.active:
                    assert sheet.of(one) == heroes[one.character].sheet

    def fights(self):
        found = fights.summaries(self.app.store.connection, "keep")
        return [fights.load(self.app.store.connection, each.id) for each in found]

    def heroes(self):
        return {each.id: each for each in characters.party(self.days.world)}

    def running(self, place):
        """The fight in a place that is not over; what is none when there is no such."""
        going = [each.id for each in self.fights() if each.status != "ended"]
        return next((key for key in going if key.startswith(place)), "none")

    @rule(place=PLACE, who=WHO)
    def begin_one(self, place, who):
        """Prepare a fight, with somebody in it, and start it."""
        if self.running(place) == "none":
            self.kept.begin(
                lambda key: Outcome(roster.new(key, place, self.days.law), ()), place, "keep"
            )
            self.step(self.running(place), lambda f, law: roster.add(
                f, law, Combatant("", "Goblin", hp=30, hp_max=30)))  # fmt: skip
            self.join(place, who)
            self.start(place)

    @rule(place=PLACE, who=WHO)
    def join(self, place, who):
        self.step(self.running(place), lambda f, law: roster.add(
            f, law, characters.joining(f, characters.meant(self.days.world, who)),
            rng=Random(1)))  # fmt: skip

    @rule(place=PLACE)
    def start(self, place):
        moment = clocks.now(self.app.store.connection, "keep")
        self.step(self.running(place), lambda f, law: turns.start(f, law, Random(1), moment))

    @rule(place=PLACE, times=st.integers(1, 4))
    def go_on(self, place, times):
        for _ in range(times):
            self.step(self.running(place), turns.advance, Random(1))

    @rule(place=PLACE)
    def look_back(self, place):
        self.step(self.running(place), turns.back)

    @rule(place=PLACE, who=st.sampled_from((*HEROES, "goblin")), amount=st.integers(1, 25))
    def hit(self, place, who, amount):
        self.step(self.running(place), hp.hit, who, [Part(amount, "fire")], Random(1))

    @rule(place=PLACE, who=WHO, lasts=DURATIONS)
    def hex(self, place, who, lasts):
        self.step(self.running(place), effects.apply, who, Effect("", "hexed", duration=lasts))

    @rule(place=PLACE, who=WHO)
    def leave(self, place, who):
        self.step(self.running(place), roster.leave, who)

    @rule(place=PLACE, who=WHO)
    def come_back(self, place, who):
        self.step(self.running(place), roster.come_back, who, Random(1))

    @rule(place=PLACE)
    def end(self, place):
        self.step(self.running(place), ending.end)

    @rule(place=PLACE, who=WHO)
    def fade(self, place, who):
        """One leaves with what lasts a round, or hangs on a foe; the fight ends without them."""
        fight = self.running(place)
        self.step(fight, effects.apply, who, Effect("", "dazed", duration=Duration("rounds", 1)))
        self.step(fight, saves.concentrate, "goblin", "Hold")
        held = [each.id for one in self.fights() for each in one.combatants[0].effects]
        for each in held:
            self.step(fight, effects.apply, who, Effect("", "held", linked_to=each))
        self.step(fight, roster.leave, who)
        self.go_on(place, 4)
        self.end(place)

    @rule(seconds=LENGTHS)
    def pass_time(self, seconds):
        self.attempt(self.days.advance, Length(seconds=seconds))

    @rule(length=st.sampled_from(["short", "long"]), who=st.sets(WHO, max_size=2))
    def rest(self, length, who):
        self.attempt(self.days.rest, length, sorted(who))

    @rule(place=PLACE, who=WHO)
    def rest_there(self, place, who):
        self.step(self.running(place), rests.rest, [who], "short", Random(1))

    @rule(who=WHO, lasts=DURATIONS, amount=st.integers(0, 9))
    def befall(self, who, lasts, amount):
        """A curse and a fall outside of any fight."""
        self.attempt(self.days.step, "x", lambda f, law, _: effects.apply(
            f, law, who, Effect("", "cursed", duration=lasts)))  # fmt: skip
        self.attempt(self.days.step, "x", lambda f, law, rng: hp.hit(
            f, law, who, [Part(amount, "fire")], rng))  # fmt: skip

    @rule(back=st.integers(1, 10**6))
    def set_back(self, back):
        self.attempt(self.days.set, self.days.clock.now - back)
        self.latest = self.days.clock.now

    @rule(name=st.sampled_from(["two-moons", "station"]))
    def choose(self, name):
        self.attempt(self.days.use, almanac.content(name))

    @rule()
    def undo(self):
        if self.count() > self.entries:
            self.attempt(self.app.journal.undo)
            self.latest = self.days.clock.now if self.count() > self.entries else 0

    @invariant()
    def time_goes_on(self):
        """The clock is that of the fight that is furthest, or later, and never goes back."""
        if hasattr(self, "first"):
            now = self.days.clock.now
            going = [each for each in self.fights() if each.status == "active"]
            assert now >= max(map(clock.reached, going), default=now)
            assert now >= self.latest
            self.latest = now

    @invariant()
    def a_character_is_one(self):
        """In one fight at most, with the same numbers there and on its own page."""
        if hasattr(self, "first"):
            heroes, seen = self.heroes(), []
            for fight in self.fights():
                for one in fight.combatants:
                    if one.character and one.active and fight.status != "ended":
                        assert sheet.of(one) == heroes[one.character].sheet
                        seen += [one.character] * (fight.status == "active")
            assert len(seen) == len(set(seen))

    @invariant()
    def what_is_due_has_ended(self):
        """Nobody who is in no fight has what ran out before the clock was last stored."""
        if hasattr(self, "first"):
            row = self.app.store.connection.execute("SELECT now FROM clocks").fetchone()
            held = {e.id for hero in self.heroes().values() for e in hero.sheet.effects}
            still = any(each.status != "ended" for each in self.fights())
            for one in characters.free(self.days.world) if row else ():
                for each in one.effects:
                    assert still or not each.linked_to or each.linked_to in held
                    assert (
                        each.due is None or each.due.at > min(row["now"], self.days.clock.now) - 1
                    )


def test_a_party_that_is_now_here_now_there(keep):
    run_state_machine_as_test(lambda: Split(keep), settings=PROFILE)
