"""However a plan is edited, what is carried from state to state equals what is computed anew."""

from __future__ import annotations

import random

import pytest

from app.commands import with_operations
from app.sample import SAMPLE_FILE
from engine.check import check
from engine.instants import to_ms
from engine.metrics import kpis
from engine.model import Demand, Resource, Schedule
from engine.moves import place
from engine.plan import PlanFacts
from engine.plan_state import PlanState
from engine.validate import parse_schedule
from tests.support.board_plant import make_plant
from tests.support.edits import MINUTE_MS, any_edit, placed_at_random
from tests.support.plants import machine, op, plant
from tests.support.random_plants import small_plant

FACTS = (
    "starts", "ends", "sequences", "setups", "worked_ms", "order_operations", "order_ends", "order_lateness_ms",
    "event_lateness_ms", "unscheduled", "name_counts", "undecided", "predecessors", "successors", "position",
    "constraints_on", "horizon_start_ms", "last_end_ms",
)  # fmt: skip


def assert_as_anew(state: PlanState) -> None:
    """All that the state says is what a fresh look at its schedule says, in the same order."""
    schedule, facts = state.schedule, PlanFacts(state.schedule)
    assert list(state.violations) == check(schedule)
    assert state.kpis == kpis(schedule)
    for name in FACTS:
        assert getattr(state.facts, name) == getattr(facts, name), name
    assert list(state.facts.starts) == list(facts.starts) == list(facts.ends)
    holders = {k: v for k, v in state.facts.secondary_holders.items() if v}
    assert holders == facts.secondary_holders


def edited(draw: random.Random, state: PlanState, steps: int) -> None:
    """Edit at random, going back now and then, and look at every state."""
    states = [state]
    for _ in range(steps):
        if len(states) > 1 and draw.random() < 0.2:
            target = draw.choice(states).schedule  # a state long gone by: as an undo does, or a merge
        else:
            target = with_operations(state.schedule, any_edit(draw, state.facts))
        before = set(state.violations)
        state = state.after(target)
        states.append(state)
        assert set(state.fresh_violations) == set(state.violations) - before
        assert_as_anew(state)


def with_a_stock(schedule: Schedule) -> Schedule:
    """Every other operation draws from a stock, some only on one of their machines; there is not enough of it."""
    events = tuple(
        one.model_copy(update={"demands": (*(one.demands or ()), Demand(resource_id="steel", only_on=only))})
        if i % 2
        else one
        for i, one in enumerate(schedule.snapshot.events)
        for only in [None if i % 4 == 1 else (one.alternatives[0].resource_id,)]
    )
    steel = Resource(id="steel", name="Steel", capacity=len(events) // 4, nonrenewable=True)
    update = {"events": events, "resources": (*schedule.snapshot.resources, steel)}
    return schedule.model_copy(update={"snapshot": schedule.snapshot.model_copy(update=update)})


@pytest.mark.parametrize("seed", range(24))
def test_on_random_plants(seed: int):
    draw = random.Random(seed)
    schedule, _ = small_plant(seed, size=draw.choice([4, 9, 20]))
    if seed % 4 == 1:
        schedule = with_a_stock(schedule)
    if seed % 3 == 0:  # without "now", the horizon moves along with the plan
        metadata = schedule.metadata.model_copy(update={"horizon_start": None})
        schedule = schedule.model_copy(update={"metadata": metadata})
    edited(draw, PlanState.of(placed_at_random(draw, schedule)), 25)


def test_on_the_sample():
    schedule = parse_schedule(SAMPLE_FILE.read_bytes())
    edited(random.Random(1), PlanState.of(schedule), 25)


@pytest.mark.parametrize("seed", [5, 6])
def test_on_a_workshop_full_of_operators_and_furnaces(seed: int):
    edited(random.Random(seed), PlanState.of(make_plant(orders=30, seed=seed)), 30)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 400))
def test_on_many_random_plants(seed: int):
    test_on_random_plants(seed)


def test_an_open_need_feels_what_others_take():
    """A is served by T1 or T2; it fails while B holds the one and C the other, and is served when C goes or lets go."""
    open_need = Demand(resource_ids=("T1", "T2"))
    schedule = plant(
        [
            op("A", 60, on="M1", start=0, demands=[open_need]),
            op("B", 60, on="M2", start=0, demands=["T1"]),
            op("C", 60, on="M3", start=200, demands=[Demand(resource_ids=("T1", "T2"), resource_id="T2")]),
        ],
        resources=[machine(key) for key in ("M1", "M2", "M3", "T1", "T2")],
    )
    state = PlanState.of(schedule)
    there = place(state.facts, state.facts.operations["C"], "M3", state.facts.starts["A"] + 30 * MINUTE_MS)
    crowded = state.after(with_operations(schedule, {"C": there}))
    assert [v.rule for v in crowded.fresh_violations] == ["demand"]
    assert_as_anew(crowded)
    assert not crowded.after(schedule).violations
    undecided = there.model_copy(update={"demands": (open_need,)})
    assert_as_anew(crowded.after(with_operations(schedule, {"C": undecided})))


def test_what_else_changes_is_noticed():
    state = PlanState.of(make_plant(orders=6))
    snapshot = state.schedule.snapshot
    machine = snapshot.resources[0].model_copy(update={"cost_per_hour": 1_000.0, "capacity": 3})
    resources = (machine, *snapshot.resources[1:])
    other = state.schedule.model_copy(update={"snapshot": snapshot.model_copy(update={"resources": resources})})
    assert other != state.schedule
    assert_as_anew(state.after(other))
    fewer = snapshot.model_copy(update={"events": snapshot.events[:-1], "dependencies": ()})
    assert_as_anew(state.after(state.schedule.model_copy(update={"snapshot": fewer})))


def test_a_far_move_widens_the_calendars():
    state = PlanState.of(make_plant(orders=6))
    one = next(o for o in state.schedule.snapshot.events if not o.locked and o.start_date and o.status == "planned")
    far = place(state.facts, one, one.resource_id, to_ms(one.start_date) + 3_000 * 86_400_000)
    after = state.after(with_operations(state.schedule, {one.id: far}))
    assert_as_anew(after)
    assert_as_anew(after.after(state.schedule))
