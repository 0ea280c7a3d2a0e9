"""Two plans side by side: figures, orders, operations, and single changes taken over."""

from __future__ import annotations

import json

import pytest

from app.cherry_pick import cherry_pick
from app.comparison import UNKNOWN_CAUSE, Cause, compare
from engine.check import check
from engine.diff import diff
from engine.errors import ErrorCode, TaktwerkError
from engine.model import Demand, Schedule, Status
from engine.validate import parse_schedule
from tests.support.rule_cases import dep, op, order, placed, plant, res


def _without(schedule: Schedule, **names: set[str]) -> Schedule:
    """Return the schedule without some items, by collection."""
    kept = {name: tuple(i for i in getattr(schedule.snapshot, name) if i.id not in ids) for name, ids in names.items()}
    return schedule.model_copy(update={"snapshot": schedule.snapshot.model_copy(update=kept)})


def _before() -> Schedule:
    return plant(
        res("m1"),
        res("m2"),
        order("late", due_date=100),
        order("gone", due_date=500),
        order("steady", due_date=900),
        placed("a", 0, 60, "m1", order_id="late"),
        placed("b", 60, 120, "m1", order_id="gone"),
        placed("c", 120, 180, "m2", order_id="steady"),
        placed("d", 200, 260, "m2"),
        placed("e", 300, 360, "m2"),
        op("f", 60, "m1"),
        dep("a", "b"),
    )


def _after() -> Schedule:
    return plant(
        res("m1"),
        res("m2"),
        res("m3"),
        order("late", due_date=100),
        order("steady", due_date=900),
        order("new", due_date=2000),
        placed("a", 60, 120, "m1", order_id="late"),
        placed("c", 120, 180, "m1", order_id="steady"),
        placed("d", 200, 260, "m2", locked=True),
        placed("e", 300, 360, "m2", status=Status.STARTED, priority=3.0),
        placed("f", 400, 460, "m1"),
        placed("g", 500, 560, "m3", order_id="new"),
        dep("c", "g"),
    )


def test_every_kind_of_change_is_told() -> None:
    found = compare(_before(), _after(), "Version 1", "Version 2")
    assert {change.event_id: change.kinds for change in found.operations} == {
        "a": ("moved",),
        "c": ("resource",),
        "d": ("lock",),
        "e": ("status", "fields"),
        "f": ("scheduled",),
        "g": ("added",),
        "b": ("deleted",),
    }
    assert found.by_event["a"].shift_ms == 3_600_000 and found.by_event["b"].after is None
    assert found.kind_counts == {
        "added": 1, "deleted": 1, "scheduled": 1, "resource": 1, "moved": 1, "lock": 1, "status": 1, "fields": 1
    }  # fmt: skip
    assert [(i.order_id, i.kind, i.shift_ms) for i in found.orders] == [
        ("late", "newly_late", 3_600_000),
        ("gone", "removed", None),
        ("new", "added", None),
    ]
    assert found.orders[0].late_after_ms == 20 * 60_000 and found.orders[0].late_before_ms == 0
    assert {(c.collection, c.item_id, c.kind) for c in found.frame} == {
        ("resources", "m3", "added"),
        ("orders", "gone", "deleted"),
        ("orders", "new", "added"),
        ("dependencies", "a-b-2", "deleted"),
        ("dependencies", "c-g-2", "added"),
    }
    verdicts = {row.field: (row.before, row.after, row.verdict) for row in found.kpis}
    assert verdicts["late_orders"] == (0, 1, "worse") and verdicts["unscheduled"] == (1, 0, "better")
    json.dumps(found.to_json())
    assert not found.is_empty and compare(_before(), _before()).is_empty
    assert found.reversed().by_event["g"].kind == "deleted"


def test_orders_that_get_better_or_leave_the_plan() -> None:
    found = {i.order_id: i.kind for i in compare(_after(), _before()).orders}
    assert found == {"late": "no_longer_late", "gone": "added", "new": "removed"}
    unplaced = plant(res("m1"), order("late", due_date=100), op("a", 60, "m1", order_id="late"))
    placed_ = plant(res("m1"), order("late", due_date=100), placed("a", 0, 60, "m1", order_id="late"))
    later = plant(res("m1"), order("late", due_date=100), placed("a", 10, 70, "m1", order_id="late"))
    other_due = plant(res("m1"), order("late", due_date=90), placed("a", 0, 60, "m1", order_id="late"))
    assert [i.kind for i in compare(unplaced, placed_).orders] == ["scheduled"]
    assert [i.kind for i in compare(placed_, unplaced).orders] == ["unscheduled"]
    assert [i.kind for i in compare(placed_, later).orders] == ["later"]
    assert [i.kind for i in compare(later, placed_).orders] == ["earlier"]
    assert [i.kind for i in compare(placed_, other_due).orders] == ["due_changed"]


def test_a_choice_of_a_secondary_resource_and_the_optimisers_mark() -> None:
    tools = ("t1", "t2")
    items = [res("m1"), res("t1"), res("t2")]
    before = plant(*items, placed("a", 0, 60, "m1", demands=(Demand(resource_ids=tools, resource_id="t1"),)))
    marked = {"attributes": {"optimized": True}, "manually_scheduled": True}
    after = plant(*items, placed("a", 5, 65, "m1", demands=(Demand(resource_ids=tools, resource_id="t2"),), **marked))
    assert compare(before, after).operations[0].kinds == ("moved", "secondary")
    other = plant(*items, placed("a", 0, 60, "m1", demands=(Demand(resource_ids=("t2",), resource_id="t2"),)))
    assert compare(before, other).operations[0].kinds == ("fields",)


def test_filters_by_kind_cause_order_and_resource() -> None:
    causes = {"a": Cause("optimiser", run_id="r"), "d": Cause("planner"), "e": Cause("planner")}
    found = compare(_before(), _after(), causes=causes)
    assert found.cause_counts == {"planner": 1, "lock": 1, "optimiser": 1, UNKNOWN_CAUSE: 4}
    assert [c.event_id for c in found.changes(kinds={"lock", "status"})] == ["d", "e"]
    assert [c.event_id for c in found.changes(causes={"optimiser"})] == ["a"]
    assert [c.event_id for c in found.changes(causes={UNKNOWN_CAUSE}, resource_ids={"m3"})] == ["g"]
    assert [c.event_id for c in found.changes(order_ids={"late", "gone"})] == ["a", "b"]
    assert compare(_before(), _after()).with_causes(causes).operations == found.operations


def test_violations_count_among_the_figures_on_demand() -> None:
    row = compare(_before(), _after(), with_violations=True).kpis[-1]
    assert (row.field, row.before, row.after) == ("violations", len(check(_before())), len(check(_after())))


def test_single_operations_are_taken_over() -> None:
    found = compare(_before(), _after())
    picked = found.take(event_ids=["a", "d"])
    taken = {o.id: o for o in picked.schedule.snapshot.events}
    assert taken["a"] == next(o for o in _after().snapshot.events if o.id == "a") and taken["d"].locked
    assert picked.taken == (("events", "a"), ("events", "d"))
    assert diff(_before(), picked.schedule).changed_ids("events") == ("a", "d")
    assert "a-b-2" not in {d.id for d in picked.schedule.snapshot.dependencies}
    back = found.take(event_ids=["a"], back=True)
    assert {o.id: o.start_date for o in back.schedule.snapshot.events}["a"] == _before().snapshot.events[0].start_date


def test_what_an_operation_needs_comes_along() -> None:
    found = compare(_before(), _after())
    added = found.take(event_ids=["g"])
    assert set(added.along) == {("orders", "new"), ("resources", "m3"), ("dependencies", "c-g-2")}
    gone = found.take(event_ids=["b"])
    assert set(gone.along) == {("dependencies", "a-b-2")}
    order_gone = found.take(keys=[("orders", "gone")])
    assert set(order_gone.along) == {("events", "b"), ("dependencies", "a-b-2")}
    for picked in (added, gone, order_gone):
        parse_schedule(picked.schedule.to_json())


def test_an_order_is_taken_with_its_operations() -> None:
    found = compare(_before(), _after())
    assert found.take(order_ids=["late"]).taken == (("events", "a"),)
    picked = found.take(order_ids=["gone", "new"])
    assert {o.id for o in picked.schedule.snapshot.orders} == {"late", "steady", "new"}
    assert "b" not in {o.id for o in picked.schedule.snapshot.events}
    parse_schedule(picked.schedule.to_json())
    everything = found.take(
        order_ids=["late", "gone", "steady", "new"], event_ids=[c.event_id for c in found.operations]
    )
    assert diff(everything.schedule, _after()).is_empty


def test_nothing_to_take_is_said() -> None:
    with pytest.raises(TaktwerkError) as raised:
        compare(_before(), _after()).take(order_ids=["nobody"])
    assert raised.value.code is ErrorCode.NOT_FOUND


def test_a_change_of_a_parent_is_carried_onto_another_plan() -> None:
    base, source = _before(), _after()
    onto = plant(*_items(base, without="c"), placed("c", 700, 760, "m2", order_id="steady"))
    picked = cherry_pick(onto, source, event_ids=["a", "c"], base=base)
    places = {o.id: o for o in picked.schedule.snapshot.events}
    assert places["a"] == {o.id: o for o in source.snapshot.events}["a"]
    assert places["c"].resource_id == "m1" and [c.key for c in picked.conflicts] == ["events/c/placement"]


def _items(schedule: Schedule, without: str) -> list[object]:
    s = schedule.snapshot
    return [
        i for name in ("resources", "orders", "events", "dependencies") for i in getattr(s, name) if i.id != without
    ]
