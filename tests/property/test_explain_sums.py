"""Every late order's lateness is the sum of its parts, in whole milliseconds; and what parts claim is true."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest

from app.sample import SAMPLE_FILE
from engine.check import check
from engine.explain import Kind, Lateness, LateOrder
from engine.explain.lateness import split
from engine.explain.room import Room
from engine.explain.rulebook import Rulebook
from engine.explain.trial import Trial
from engine.model import Schedule
from engine.plan import PlanFacts
from engine.validate import parse_schedule
from tests.support.explain_plans import mixed_plan, moved_to, shaken, workshop_plan

SEEDS = range(25)


@pytest.fixture(scope="module")
def sample() -> Schedule:
    return parse_schedule(SAMPLE_FILE.read_bytes())


def assert_sums(lateness: Lateness, facts: PlanFacts) -> int:
    """Check every late order, and return how many there are."""
    for item in lateness.late_orders:
        assert type(item.lateness_ms) is int
        assert item.lateness_ms == item.completion_ms - item.due_ms > 0
        assert_chain(item)
        delays = [part for part in item.parts if not part.kind.is_needed]
        assert sum(part.amount_ms for part in delays) - item.reserve_ms == item.lateness_ms
        assert sum(cause.late_ms for cause in item.causes) == item.lateness_ms
        extra = sum(c.late_ms for c in item.causes if c.kind in (Kind.OVERDUE, Kind.SHORTAGE))
        assert extra == max(0, -item.reserve_ms)
        assert sum(part.late_ms for part in delays) + extra == item.lateness_ms
        for part in delays:
            assert 0 <= part.late_ms <= part.amount_ms
            shares = split(facts, part)
            if shares:
                assert sum(amount for _, amount, _ in shares) == part.amount_ms
                assert sum(late for _, _, late in shares) == part.late_ms
    late = sum(ms > 0 for ms in facts.order_lateness_ms.values())
    alone = sum(ms > 0 and facts.operations[k].order_id is None for k, ms in facts.event_lateness_ms.items())
    assert len(lateness.late_orders) == late + alone
    return late + alone


def assert_chain(item: LateOrder) -> None:
    """The parts cover the time from origin to completion, one after the other, each with a length and a sentence."""
    parts = item.parts
    assert all(part.amount_ms == part.end_ms - part.start_ms > 0 and part.text for part in parts)
    assert all(one.end_ms == other.start_ms for one, other in pairwise(parts))
    if parts:
        assert (parts[0].start_ms, parts[-1].end_ms) == (item.origin_ms, item.completion_ms)
    else:
        assert item.origin_ms == item.completion_ms


def test_parts_add_up_on_the_sample_plant(sample: Schedule) -> None:
    facts = PlanFacts(sample)
    assert assert_sums(Lateness(facts), facts) > 10


@pytest.mark.parametrize("seed", SEEDS)
def test_parts_add_up_on_random_plants(seed: int) -> None:
    plan = mixed_plan(seed)
    for schedule in (plan, shaken(plan, seed)):
        facts = PlanFacts(schedule)
        assert_sums(Lateness(facts), facts)


@pytest.mark.parametrize("seed", range(4))
def test_parts_add_up_on_workshops(seed: int) -> None:
    plan = workshop_plan(seed=seed)
    facts = PlanFacts(plan)
    assert assert_sums(Lateness(facts), facts) > 2
    broken = PlanFacts(shaken(plan, seed))
    assert_sums(Lateness(broken), broken)


def test_delays_by_resource_and_order_are_the_same_sums(sample: Schedule) -> None:
    lateness = Lateness(PlanFacts(sample))
    delays = [p for item in lateness.late_orders for p in item.parts if not p.kind.is_needed and p.resource_id]
    assert sum(one.late_ms for one in lateness.by_resource) == sum(part.late_ms for part in delays)
    for one in (*lateness.by_resource, *lateness.by_order):
        assert one.late_ms == sum(share.late_ms for share in one.orders)
        assert one.amount_ms == sum(share.amount_ms for share in one.orders)


def free_parts(schedule: Schedule) -> Iterator[tuple[str, int]]:
    """Operations that are said to be able to begin earlier, and when."""
    for item in Lateness(PlanFacts(schedule)).late_orders:
        for part in item.parts:
            if part.kind is Kind.SLACK:
                yield part.event_id, part.start_ms


def test_what_could_begin_earlier_really_could(sample: Schedule) -> None:
    found = 0
    for plan in (sample, *(workshop_plan(seed=seed) for seed in range(4))):
        facts = PlanFacts(plan)
        for event_id, at_ms in free_parts(plan):
            room = Room(facts)
            room.remove(event_id)
            op = facts.operations[event_id]
            trial = Trial(room, Rulebook(facts), op, op.resource_id)
            seat = trial.seat(at_ms) or trial.seat(trial.start_after(at_ms) or at_ms)
            assert seat is not None
            assert seat.start_ms < facts.starts[event_id]
            assert not check(moved_to(plan, seat)), event_id
            found += 1
    assert found
