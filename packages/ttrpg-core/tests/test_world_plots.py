"""Plots and arcs: how they move, what they wait for, their clocks; pure, and as they are kept."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ttrpg_core.audience import GM, PARTY, Audience
from ttrpg_core.errors import InputError, NotFound
from ttrpg_core.journal import Journal
from ttrpg_core.table.world import arcs, kinds, listed, plots
from ttrpg_core.table.world.plots import Plot
from ttrpg_core.world import World, plotting

NOW = "2026-01-02T20:00:00+00:00"
PLOT = kinds.kind("plot")
ARC = kinds.kind("arc")


@pytest.fixture
def world(store, stopped):
    journal = Journal(store, stopped)
    with journal.change("campaign.create") as change:
        change.insert("campaigns", {"id": "salt", "name": "Salt Road", "system": "", "genre": "",
                                    "setting": "", "description": "", "game_date": "",
                                    "created_at": NOW, "updated_at": NOW})  # fmt: skip
        change.put("chosen", {"key": "campaign", "value": "salt"})
    return World(journal, "salt")


def plot(key, status="pending", **more):
    return Plot(id=key, name=key.capitalize(), status=status, **more)


def added(world, name, **given):
    return world.add(PLOT, {"name": name, **given})


@pytest.mark.parametrize(("old", "new"), list(itertools.product(plots.STATUSES, repeat=2)))
def test_every_step_is_possible_or_refused_with_what_is(old, new):
    before = plot("cult", old, started_at="then" if old != "pending" else "")
    if new in plots.MOVES[old]:
        after = plots.moved(before, new, NOW)
        assert after.status == new
        assert after.resolved_at == (NOW if new in {"completed", "failed"} else "")
        assert after.started_at == (NOW if old == "pending" and new == "active"
                                    else before.started_at)  # fmt: skip
        return
    with pytest.raises(InputError) as refused:
        plots.moved(before, new, NOW)
    assert old in str(refused.value)
    for each in plots.MOVES[old]:
        assert f"ttrpg plot {plots.VERBS[each]} cult" in refused.value.hint


@pytest.mark.parametrize(("old", "new"), list(itertools.product(arcs.MOVES, repeat=2)))
def test_every_step_of_an_arc(old, new):
    before = ARC(id="war", name="War", status=old)
    if new in arcs.MOVES[old]:
        after = arcs.moved(before, new, NOW)
        assert after.status == new
        assert bool(after.resolved_at) == (not arcs.MOVES[new])
        return
    with pytest.raises(InputError) as refused:
        arcs.moved(before, new, NOW)
    assert old in str(refused.value)


def test_what_is_waited_for_is_said_from_either_end():
    a, b = plot("a", unlocks=("plot/c",)), plot("b")
    c = plot("c", prerequisites=("plot/b",))
    assert [each.id for each in plots.waits_for(c, [a, b, c])] == ["a", "b"]
    done = plot("a", "completed", unlocks=("plot/c",))
    assert plots.opened_by(done, [done, b, c]) == []
    both = plot("b", "completed")
    assert [each.id for each in plots.opened_by(both, [done, both, c])] == ["c"]
    assert plots.waits_for(plot("d", prerequisites=("plot/gone",)), []) == []


@given(
    st.integers(1, 7).flatmap(
        lambda n: st.tuples(
            st.just(n), st.sets(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)))
        )
    )
)
def test_a_cycle_is_found_when_there_is_one(graph):
    """Against reachability counted out; whatever the graph, it ends."""
    count, edges = graph
    every = [
        plot(f"p{here}", prerequisites=tuple(f"plot/p{to}" for a, to in sorted(edges) if a == here))
        for here in range(count)
    ]
    reach = {(a, b) for a, b in edges}
    for middle, a, b in itertools.product(range(count), repeat=3):
        if (a, middle) in reach and (middle, b) in reach:
            reach.add((a, b))
    for here, each in enumerate(every):
        found = plots.cycle(each, every)
        assert bool(found) == ((here, here) in reach)
        if found:
            ids = [int(name[1:]) for name in found]
            assert ids[0] == ids[-1] == here
            assert set(itertools.pairwise(ids)) <= edges


def test_a_plot_never_waits_for_itself(world):
    added(world, "Gate")
    added(world, "Siege", prerequisites=["gate"])
    with pytest.raises(InputError, match="would wait for itself") as refused:
        world.edit("plot/gate", {"prerequisites": ["siege"]})
    assert "Gate waits for Siege waits for Gate" in refused.value.hint
    with pytest.raises(InputError, match="would wait for itself"):
        added(world, "Spy", prerequisites=["siege"], unlocks=["gate"])
    with pytest.raises(InputError, match="would wait for itself"):
        world.edit("plot/gate", {"unlocks": ["gate"]})
    assert world.counts() == {"plot": 2}


def test_a_plot_that_waits_starts_only_anyway(world):
    gate = added(world, "Gate")
    siege = added(world, "Siege", prerequisites=["gate"])
    with pytest.raises(InputError, match=r"waits for 'Gate' \(pending\)"):
        plotting.move(world, siege, "active")
    assert world.get("plot/siege").status == "pending"
    moved = plotting.move(world, siege, "active", anyway=True)
    assert [each.id for each in moved.skipped] == ["gate"]
    assert gate.status == "pending"


def test_completing_says_what_it_unlocks_and_can_be_undone(world):
    gate = added(world, "Gate")
    added(world, "Siege", prerequisites=["gate"])
    plotting.move(world, gate, "active")
    moved = plotting.move(world, gate, "completed")
    assert [each.name for each in moved.opened] == ["Siege"]
    entry = world.journal.history(1)[0]
    assert (entry.kind, entry.prose) == ("plot.complete", "the plot 'Gate' is completed")
    assert entry.facts == {"ref": "plot/gate", "name": "Gate", "from": "active",
                           "to": "completed", "session": ""}  # fmt: skip
    world.journal.undo()
    assert world.get("plot/gate").status == "active"


@pytest.mark.parametrize(("filled", "by", "now"), [(0, 1, 1), (5, 3, 6), (2, -1, 1), (1, -4, 0)])
def test_a_clock_ticks_within_its_bounds(filled, by, now):
    assert plots.ticked(plots.Clock("Doom", 6, filled), by).filled == now


@pytest.mark.parametrize(("filled", "by"), [(6, 1), (0, -1), (3, 0)])
def test_a_clock_that_cannot_tick(filled, by):
    with pytest.raises(InputError):
        plots.ticked(plots.Clock("Doom", 6, filled), by)


@pytest.mark.parametrize("segments", [-1, 0, 1, 25, 10**12])
def test_no_clock_has_so_many_segments(segments):
    with pytest.raises(InputError, match="segments"):
        plots.clock("Doom", segments)


def test_named_values_are_found_by_number_or_name():
    clocks = (plots.Clock("Doom"), plots.Clock("Dawn"), plots.Clock("2"))
    assert [listed.place(clocks, each, "clock") for each in ("doom", "daw", "2")] == [0, 1, 1]
    assert listed.place(clocks[:1], None, "clock") == 0
    with pytest.raises(InputError, match="there are 3 clocks"):
        listed.place(clocks, None, "clock")
    with pytest.raises(NotFound):
        listed.place((), None, "clock")
    with pytest.raises(InputError, match="already"):
        listed.added(clocks, plots.Clock("DOOM"), "clock")


def test_what_is_revealed_of_a_plot_is_what_the_party_sees(world):
    cult = added(world, "Cult", audience="party")
    for name, audience in (("Find the CANARY", GM), ("Find the key", PARTY)):
        cult = plotting.add_value(
            world, cult, "objectives", plots.Objective(name, audience=audience), "objective"
        )
    cult = plotting.add_value(world, cult, "clocks", plots.Clock("CANARY", 4), "clock")
    assert "CANARY" not in str(world.seen_one(cult.ref, PARTY))
    cult = plotting.reveal_value(world, cult, "clocks", "can", "clock", Audience("mara"))
    assert "CANARY" not in str(world.seen_one(cult.ref, PARTY))
    assert "CANARY" in str(world.seen_one(cult.ref, Audience("mara")))
    assert world.journal.history(1)[0].kind == "world.reveal"


def test_plots_of_an_arc_in_another_order():
    assert arcs.ordered(("a", "b", "c", "d"), ("d", "b")) == ("a", "d", "c", "b")
    with pytest.raises(InputError, match="not of this arc"):
        arcs.ordered(("a",), ("x",))
    with pytest.raises(InputError, match="twice"):
        arcs.ordered(("a",), ("a", "a"))


def state(world):
    found = world.connection.execute("SELECT * FROM entities ORDER BY kind, id")
    return [tuple(row) for row in found]


STEPS = st.one_of(
    st.tuples(st.sampled_from(list(plots.VERBS)), st.integers(0, 2)),
    st.tuples(st.just("tick"), st.integers(0, 2)),
    st.tuples(st.just("after"), st.integers(0, 2)),
    st.tuples(st.just("clock"), st.integers(0, 2)),
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(STEPS, max_size=12))
def test_any_changes_keep_what_must_hold_and_can_all_be_undone(world, steps):
    start, before = state(world), world.journal.history(1)[0].id
    for name in "abc":
        added(world, name)
    for verb, index in steps:
        here = world.get(f"plot/{'abc'[index]}")
        try:
            match verb:
                case "tick":
                    plotting.tick(world, here, None)
                case "after":
                    world.edit(here.ref, {"prerequisites": ["abc"[(index + 1) % 3]]})
                case "clock":
                    plotting.add_value(world, here, "clocks", plots.clock("Doom", 2), "clock")
                case _:
                    plotting.move(world, here, verb)
        except (InputError, NotFound):
            continue
    every = plotting.every(world)
    for each in every:
        assert not plots.cycle(each, every)
        assert bool(each.resolved_at) == (each.status in {"completed", "failed"})
        assert each.started_at or each.status in {"pending", "failed"}
        assert all(0 <= clock.filled <= clock.segments for clock in each.clocks)
    world.journal.undo(sum(entry.id > before for entry in world.journal.history(100)))
    assert state(world) == start
