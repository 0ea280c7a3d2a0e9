"""Slots and slack mean what they say: the independent checker agrees."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from app.sample import SAMPLE_FILE
from engine.check import check
from engine.explain import Rulebook, Slack, why_not_here
from engine.explain.pushing import with_seats
from engine.explain.room import Room, Seat, seat_of
from engine.explain.trial import Trial
from engine.model import Schedule
from engine.plan import PlanFacts
from engine.validate import parse_schedule
from tests.support.explain_plans import moved_to, workshop_plan

MINUTE_MS = 60_000


def sample() -> Schedule:
    return parse_schedule(SAMPLE_FILE.read_bytes())


def slots(facts: PlanFacts, seed: int, count: int) -> list[tuple[str, str | None, int]]:
    """Random operations at random resources of theirs and times near their present one."""
    draw = random.Random(seed)
    keys = [key for key in facts.starts if key not in Rulebook(facts).pins]
    found: list[tuple[str, str | None, int]] = []
    for key in draw.choices(keys, k=count):
        resource_id = draw.choice(facts.operations[key].alternatives).resource_id
        found.append((key, resource_id, facts.starts[key] + draw.randrange(-60, 120) * 15 * MINUTE_MS))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_a_slot_is_free_exactly_when_the_checker_agrees(seed: int) -> None:
    plan = sample() if seed == 0 else workshop_plan(seed=seed)
    facts = PlanFacts(plan)
    assert not check(plan)
    rules, free = Rulebook(facts), 0
    for key, resource_id, start_ms in slots(facts, seed, 30):
        answer = why_not_here(facts, key, resource_id, start_ms, rules, ())
        op = facts.operations[key]
        room = Room(facts)
        room.remove(key)
        trial = Trial(room, rules, op, resource_id)
        seat = trial.seat(start_ms)
        assert (seat is not None) == answer.is_free == (not answer.obstacles)
        end_ms = facts.working_time(resource_id).add(start_ms, facts.need_ms(op, resource_id))
        assert end_ms is not None
        demands = seat_of(facts, key).demands if seat is None else seat.demands
        there = seat or Seat(key, resource_id, start_ms, end_ms, start_ms, demands)
        broken = check(moved_to(plan, there))
        assert bool(broken) != answer.is_free, (answer.text, [o.text for o in answer.obstacles], broken)
        free += answer.is_free
        if answer.earliest_at_ms is not None:
            first = trial.seat(answer.earliest_at_ms)
            assert first is not None and not check(moved_to(plan, first)), answer.text
    assert free


@pytest.mark.parametrize("seed", range(4))
def test_a_consequence_is_a_plan_and_tells_what_it_breaks(seed: int) -> None:
    plan = sample() if seed == 0 else workshop_plan(seed=seed)
    facts = PlanFacts(plan)
    told = 0
    for key, resource_id, start_ms in slots(facts, seed + 10, 12):
        effect = why_not_here(facts, key, resource_id, start_ms).consequence
        if effect is None:
            continue
        assert [v.message for v in check(effect.schedule)] == list(effect.broken)
        after = PlanFacts(effect.schedule)
        assert after.starts[key] == effect.start_ms >= start_ms
        moved = {k for k in facts.starts if after.starts[k] != facts.starts[k]} - {key}
        assert moved == set(effect.moved)
        assert all(after.starts[k] > facts.starts[k] for k in moved)
        for one in effect.orders:
            assert one.later_ms == after.order_ends[one.order_id] - facts.order_ends[one.order_id]
        told += 1
    assert told


@pytest.mark.parametrize("seed", range(6))
def test_all_slack_can_be_used_up_at_once_without_harm(seed: int) -> None:
    plan = sample() if seed == 0 else workshop_plan(seed=seed)
    facts = PlanFacts(plan)
    slack = Slack(facts)
    for to_due in (False, True):
        seats = slack.latest_seats(to_due=to_due)
        assert any(seat.start_ms > facts.starts[key] for key, seat in seats.items())
        after = PlanFacts(with_seats(plan, seats))
        assert not check(after.schedule)
        assert _harm_ms(facts, after) == 0 or not to_due
        assert after.last_end_ms == facts.last_end_ms or to_due
    assert slack.is_settled
    for key, one in slack.operations.items():
        if key not in Rulebook(facts).pins:
            assert one.end_slack_ms == slack.latest_seats()[key].start_ms - facts.starts[key]


@pytest.mark.parametrize("seed", range(5))
def test_no_more_than_the_slack_on_machines_of_one_unit(seed: int) -> None:
    """Without crews and breaks, one minute more than the slack does harm."""
    plan = workshop_plan(seed=seed, rules=False)
    facts, rules = PlanFacts(plan), Rulebook(PlanFacts(plan))
    slack, tried = Slack(facts), 0
    for key, one in random.Random(seed).sample(sorted(slack.operations.items()), 20):
        seat = _later(facts, rules, key, one.end_slack_ms + MINUTE_MS)
        seats = _in_sequence(facts, seat)
        assert (seats.last_end_ms or 0) > (facts.last_end_ms or 0), one.text
        if one.due_slack_ms is not None:
            seat = _later(facts, rules, key, one.due_slack_ms + MINUTE_MS)
            assert _harm_ms(facts, _in_sequence(facts, seat)) > 0, one.text
        tried += 1
    assert tried


def _later(facts: PlanFacts, rules: Rulebook, key: str, by_ms: int) -> Seat:
    """The operation's seat when it begins so much later, whatever stands there."""
    op, seat = facts.operations[key], seat_of(facts, key)
    trial = Trial(Room(facts, ()), rules, op, op.resource_id)
    moved = trial.seat(seat.start_ms + by_ms)
    setup = facts.setups.get(key)
    if moved is None:
        end_ms = facts.working_time(op.resource_id).add(seat.start_ms + by_ms, facts.work_ms(op))
        assert end_ms is not None
        moved = seat._replace(start_ms=seat.start_ms + by_ms, end_ms=end_ms)
    begin = facts.working_time(op.resource_id).back(moved.start_ms, 0 if setup is None else setup.duration_ms)
    assert begin is not None
    return moved._replace(begin_ms=begin, demands=seat.demands)


def _in_sequence(facts: PlanFacts, seat: Seat) -> PlanFacts:
    """Push everything after the seat, in the plan's sequences: a longest path, worked out the plain way."""
    starts, ends = dict(facts.starts), dict(facts.ends)
    length = {k: ends[k] - starts[k] for k in starts}
    starts[seat.event_id], ends[seat.event_id] = seat.start_ms, seat.start_ms + length[seat.event_id]
    is_changing = True
    while is_changing:
        is_changing = False
        bounds = [(d.to_event, ends[d.from_event] + d.lag_ms) for d in facts.schedule.snapshot.dependencies]
        for members in facts.sequences.values():
            bounds += [(b, ends[a]) for a, b in pairwise(members)]
        for key, bound_ms in bounds:
            if starts[key] < bound_ms:
                starts[key], ends[key] = bound_ms, bound_ms + length[key]
                is_changing = True
    seats = {k: Seat(k, facts.operations[k].resource_id, starts[k], ends[k], starts[k]) for k in starts}
    return PlanFacts(with_seats(facts.schedule, seats))


def _harm_ms(before: PlanFacts, after: PlanFacts) -> int:
    """By how much orders became late or later."""
    late = before.order_lateness_ms
    return sum(max(0, ms) - max(0, late[key]) for key, ms in after.order_lateness_ms.items())
