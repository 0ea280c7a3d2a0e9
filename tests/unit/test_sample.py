"""The sample plant: committed as made, believable in size, feasible, and worth optimising."""

from __future__ import annotations

from collections import Counter
from functools import cache

from app.exchange import read
from app.sample import SAMPLE_FILE, build
from engine.check import check
from engine.instants import to_ms
from engine.metrics import kpis
from engine.model import Schedule, Status
from engine.plan import PlanFacts


@cache
def sample() -> Schedule:
    return read(SAMPLE_FILE)


def test_committed_file_is_what_the_program_makes() -> None:
    assert build() == sample(), "run `python -m app.sample` and look at what changed"


def test_plan_keeps_every_rule() -> None:
    assert check(sample()) == []


def test_size() -> None:
    shot = sample().snapshot
    primaries = {mode.resource_id for event in shot.events for mode in event.alternatives}
    groups = {resource.group for resource in shot.resources if resource.id in primaries}
    assert len(primaries) >= 20
    assert len(groups) >= 5
    assert len(shot.orders) >= 60
    assert all(order.due_date and order.customer and order.product for order in shot.orders)
    assert len({order.priority for order in shot.orders}) > 1
    assert len(shot.events) >= 300


def test_every_feature_is_there() -> None:
    data = sample()
    shot = data.snapshot
    events = shot.events
    kinds = Counter(constraint.type for constraint in shot.constraints)
    assert kinds["unavailable"] and kinds["startnoearlierthan"] and kinds["sameresource"]
    assert any(c.type == "unavailable" and c.capacity for c in shot.constraints)
    assert len(shot.setup_matrices) >= 5
    assert any(event.modes and len({mode.duration for mode in event.modes}) > 1 for event in events)
    assert any(demand.resource_ids for event in events for demand in event.demands or ())
    assert any(not event.interruptible for event in events)
    assert any(resource.infinite for resource in shot.resources)
    assert any(resource.efficiency != 1 for resource in shot.resources)
    assert any(dependency.lag for dependency in shot.dependencies)
    statuses = Counter(event.status for event in events)
    assert statuses[Status.STARTED] >= 3
    assert statuses[Status.COMPLETED] >= 10
    assert 2 <= sum(event.locked for event in events) <= 5
    assert data.metadata.time_zone == "Europe/Berlin"
    assert data.metadata.horizon_start and data.metadata.freeze_until
    frozen = [event for event in events if event.start_date and event.start_date < data.metadata.freeze_until]
    assert any(event.status == Status.PLANNED for event in frozen)


def test_part_time_line_and_every_machine_but_few_have_work() -> None:
    shot = sample().snapshot
    used = {event.resource_id for event in shot.events}
    primaries = {mode.resource_id for event in shot.events for mode in event.alternatives}
    assert "ASM-3" in used
    assert len(primaries - used) <= 1


def test_hurried_plan_is_late_and_sets_up_needlessly() -> None:
    figures = kpis(sample())
    assert 15 <= figures.late_orders <= 25
    assert figures.unscheduled == 0
    facts = PlanFacts(sample())
    start_ms = to_ms(sample().metadata.horizon_start or sample().metadata.timestamp)
    changes = sum(setup.duration_ms > 0 and setup.start_ms >= start_ms for setup in facts.setups.values())
    with_family = sum(event.setup_family is not None for event in sample().snapshot.events)
    assert changes > 0.4 * with_family


def test_history_lies_before_now_and_the_rest_after() -> None:
    now = sample().metadata.horizon_start
    assert now is not None
    for event in sample().snapshot.events:
        assert event.start_date and event.end_date
        match event.status:
            case Status.COMPLETED:
                assert event.end_date <= now
                assert event.percent_done == 100
            case Status.STARTED:
                assert event.start_date < now < event.end_date
                assert 0 <= event.percent_done < 100
            case _:
                assert event.start_date >= now
