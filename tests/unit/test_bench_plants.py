"""The plants and the counting of the larger benchmarks."""

from __future__ import annotations

import random

from engine.check import check
from engine.validate import faults_of
from tests.benchmarks.bench_incremental import breakdown, changed_operations, longest_rising, other_predecessor
from tests.benchmarks.edits import random_edit
from tests.benchmarks.plants import grown_plant
from tests.support.plants import moved, op, order, plant


def test_a_grown_plant_is_valid_and_the_same_for_its_seed() -> None:
    schedule = grown_plant(700, seed=3)
    assert schedule == grown_plant(700, seed=3)
    assert schedule != grown_plant(700, seed=4)
    assert len(schedule.snapshot.events) == 700
    assert faults_of(schedule) == []


def test_a_grown_plant_has_what_plants_have() -> None:
    shot = grown_plant(2_000).snapshot
    assert any(len(op.alternatives) > 1 for op in shot.events)
    assert any(op.setup_family for op in shot.events)
    assert any(demand.resource_ids for op in shot.events for demand in op.demands or ())
    assert any(not op.interruptible for op in shot.events)
    assert all(order.due_date for order in shot.orders)
    assert {rule.type for rule in shot.constraints} == {"unavailable", "startnoearlierthan", "sameresource"}
    halls = {item.id.split("-")[0] for item in shot.resources}
    assert len(halls) == 2
    assert any(len({mode.resource_id[:2] for mode in op.alternatives}) == 2 for op in shot.events)


def test_more_load_means_closer_orders() -> None:
    calm, busy = (grown_plant(500, load=load).snapshot.orders[-1].release_date for load in (0.8, 1.0))
    assert calm and busy and calm > busy


def test_the_longest_rising_part_is_what_kept_its_order() -> None:
    assert longest_rising([]) == 0
    assert longest_rising([0, 1, 2]) == 3
    assert longest_rising([2, 0, 1]) == 2
    assert longest_rising([3, 2, 1]) == 1


def test_one_operation_moved_to_the_front_is_one_change() -> None:
    before = plant([op(key, 10, on="M1", start=10 * place) for place, key in enumerate("ABCD")])
    after = moved(before, "D", start=-10)
    assert changed_operations(before, after) == 1
    assert other_predecessor(before, after) == 2
    assert changed_operations(before, before) == other_predecessor(before, before) == 0


def test_another_machine_is_a_change_and_a_later_start_alone_is_none() -> None:
    before = plant([op("A", 10, modes=["M1", "M2"], on="M1", start=0), op("B", 10, on="M1", start=10)])
    assert changed_operations(before, moved(before, "A", on="M2")) == 1
    assert changed_operations(before, moved(before, "B", start=99)) == 0


def test_a_breakdown_hits_a_busy_machine() -> None:
    work = [op(f"A{i}", 300, on=f"M{i}", start=60) for i in range(3)]
    schedule = plant(work, now=0)
    assert check(schedule) == []
    broken = breakdown(schedule, random.Random(1))
    assert check(broken) != []


def test_edits_are_drawn_from_their_seed() -> None:
    events = [op(f"A{i}", 60, on="M1", modes=["M1", "M2"], start=60 * i, order=f"O{i}") for i in range(4)]
    schedule = plant(events, orders=[order(f"O{i}", due=500) for i in range(4)], now=0)
    drawn = [random_edit(schedule, random.Random(seed)) for seed in range(30)]
    assert drawn == [random_edit(schedule, random.Random(seed)) for seed in range(30)]
    assert sum(edited != schedule for edited, _ in drawn) > 20
    assert all(faults_of(edited) == [] for edited, _ in drawn)
