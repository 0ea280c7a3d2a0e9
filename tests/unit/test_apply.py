"""Laying results over schedules."""

from __future__ import annotations

import pytest

from engine.apply import apply_result, placed_event, placed_events, placement
from engine.errors import ErrorCode, TaktwerkError
from engine.model import Demand, PlacedEvent
from tests.support.plants import at, moved, op, plant

BASE = plant(
    [
        op("A", 60, "M", 0, attributes={"colour": "red"}),
        op("B", 60, modes=["M", "N"]),
        op("C", 60, "N", 0, demands=["W", ["K", "L"]]),
    ]
)


def event(schedule, key):
    return next(o for o in schedule.snapshot.events if o.id == key)


def placed(key, on, start, **more):
    return PlacedEvent(id=key, resource_id=on, start_date=at(start), end_date=at(start + 60), **more)


def test_a_changed_placement_is_written_and_marked():
    after = apply_result(BASE, [placed("A", "M", 30)])
    a = event(after, "A")
    assert (a.start_date, a.end_date, a.resource_id) == (at(30), at(90), "M")
    assert a.manually_scheduled
    assert a.attributes == {"colour": "red", "optimized": True}
    assert event(BASE, "A").attributes == {"colour": "red"}


def test_what_keeps_its_placement_stays_the_very_same():
    after = apply_result(BASE, [placed("A", "M", 0, changed=True)])
    assert [x is y for x, y in zip(after.snapshot.events, BASE.snapshot.events, strict=True)] == [True] * 3


def test_without_marks_only_placements_are_written():
    a = event(apply_result(BASE, [placed("A", "M", 30)], mark_manual=False), "A")
    assert not a.manually_scheduled
    assert a.attributes == {"colour": "red"}


def test_an_unplaced_operation_is_placed():
    b = event(apply_result(BASE, [placed("B", "N", 0)]), "B")
    assert b.is_placed
    assert b.resource_id == "N"
    assert b.attributes == {"optimized": True}


def test_a_result_may_leave_an_operation_unplaced():
    a = event(apply_result(BASE, [PlacedEvent(id="A", resource_id="M")]), "A")
    assert not a.is_placed


def test_choices_of_secondary_resources_are_written_into_the_choice_only():
    c = event(apply_result(BASE, [placed("C", "N", 0, demands=("W", "L"))]), "C")
    assert c.demands == (Demand(resource_id="W"), Demand(resource_ids=("K", "L"), resource_id="L"))
    assert c.manually_scheduled


def test_a_fixed_secondary_resource_stays_what_it_is():
    c = event(apply_result(BASE, [placed("C", "N", 30, demands=("X", "K"))]), "C")
    assert c.demands[0] == Demand(resource_id="W")


def test_an_unknown_operation_is_an_error():
    with pytest.raises(TaktwerkError) as caught:
        apply_result(BASE, [placed("A", "M", 30), placed("ghost", "M", 0)])
    assert caught.value.code is ErrorCode.NOT_FOUND
    assert "'ghost'" in caught.value.message


def test_demands_must_match_in_number():
    with pytest.raises(ValueError, match="1 chosen resources for 2 demands"):
        apply_result(BASE, [placed("C", "N", 0, demands=("W",))])


def test_events_of_a_schedule_and_back():
    other = apply_result(BASE, [placed("B", "N", 60), placed("C", "N", 0, demands=("W", "K"))], mark_manual=False)
    events = placed_events(other, BASE)
    assert [e.changed for e in events] == [False, True, True]
    assert [e.demands for e in events] == [None, None, ("W", "K")]
    assert apply_result(BASE, events, mark_manual=False) == other
    assert not any(e.changed for e in placed_events(other))


def test_an_open_choice_is_left_out_of_the_event():
    assert placed_event(event(BASE, "C")).demands is None


def test_a_placement_is_resource_times_and_choices():
    a = event(BASE, "A")
    assert placement(a) == placement(a.model_copy(update={"name": "other", "priority": 3.0}))
    for changed in (moved(BASE, "A", start=1), moved(BASE, "A", on="N")):
        assert placement(event(changed, "A")) != placement(a)
