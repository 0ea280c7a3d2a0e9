"""Three-way merge: what is one atom, what is a conflict, what a resolution does."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from engine.diff import apply, diff
from engine.errors import ErrorCode, TaktwerkError
from engine.merge import Value, merge
from engine.model import Dependency, Metadata, Operation, Resource, Schedule, Snapshot, Status

_T0 = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def _at(hours: float) -> dt.datetime:
    return _T0 + dt.timedelta(hours=hours)


def _schedule(*operations: Operation) -> Schedule:
    return Schedule(
        version="1",
        snapshot=Snapshot(events=operations),
        metadata=Metadata(plant_id="p", timestamp=_T0, user_id="u"),
    )


def _op(key: str = "a", start: float = 0, resource: str = "m1", **fields: Any) -> Operation:
    return Operation(
        id=key,
        name=key,
        duration=3_600_000,
        resource_id=resource,
        start_date=_at(start),
        end_date=_at(start + 1),
        **fields,
    )


def test_edits_of_different_operations_merge() -> None:
    base = _schedule(_op("a"), _op("b", 2))
    ours = _schedule(_op("a", 5), _op("b", 2))
    theirs = _schedule(_op("a"), _op("b", 7))
    merged = merge(base, ours, theirs)
    assert merged.conflicts == ()
    assert merged.schedule == _schedule(_op("a", 5), _op("b", 7))


def test_a_placement_is_one_atom() -> None:
    base, ours, theirs = _schedule(_op()), _schedule(_op(start=4)), _schedule(_op(resource="m2"))
    merged = merge(base, ours, theirs)
    assert [c.key for c in merged.conflicts] == ["events/a/placement"]
    assert merged.schedule == ours
    assert merge(base, ours, theirs, {"events/a/placement": "theirs"}).schedule == theirs


def test_placement_and_other_fields_are_independent() -> None:
    base, ours = _schedule(_op()), _schedule(_op(priority=5.0))
    theirs = _schedule(_op(start=3, manually_scheduled=True))
    merged = merge(base, ours, theirs)
    assert merged.conflicts == ()
    assert merged.schedule == _schedule(_op(start=3, priority=5.0, manually_scheduled=True))


def test_attributes_merge_by_key() -> None:
    base = _schedule(_op(attributes={"note": "x"}))
    ours = _schedule(_op(attributes={"note": "y"}))
    theirs = _schedule(_op(attributes={"note": "x", "optimized": True}))
    merged = merge(base, ours, theirs)
    assert merged.conflicts == ()
    assert merged.schedule.snapshot.events[0].attributes == {"note": "y", "optimized": True}


def test_removed_here_and_changed_there_is_a_conflict() -> None:
    base, ours, theirs = _schedule(_op("a"), _op("b", 2)), _schedule(_op("a")), _schedule(_op("a"), _op("b", 9))
    merged = merge(base, ours, theirs)
    assert [c.key for c in merged.conflicts] == ["events/b/item"]
    assert merged.schedule == ours
    assert merge(base, ours, theirs, prefer="theirs").schedule == theirs


# history


def test_started_work_beats_a_plan_that_moved_it() -> None:
    base = _schedule(_op())
    started = _schedule(_op(start=0.5, status=Status.STARTED, percent_done=20.0))
    planned = _schedule(_op(start=4, resource="m2", priority=3.0))
    for ours, theirs, side in ((started, planned, "ours"), (planned, started, "theirs")):
        merged = merge(base, ours, theirs, {"events/a/execution": "base"})
        assert merged.conflicts == ()
        assert [(s.conflict.key, s.side) for s in merged.settled] == [("events/a/execution", side)]
        (op,) = merged.schedule.snapshot.events
        assert op == _op(start=0.5, status=Status.STARTED, percent_done=20.0, priority=3.0)


def test_the_news_that_work_began_where_it_stood_beats_a_move() -> None:
    base = _schedule(_op())
    merged = merge(base, _schedule(_op(start=7)), _schedule(_op(status=Status.STARTED)))
    assert merged.schedule == _schedule(_op(status=Status.STARTED)) and merged.conflicts == ()


def test_completed_beats_started_in_the_same_place_and_two_histories_are_a_conflict() -> None:
    base = _schedule(_op())
    started = _schedule(_op(status=Status.STARTED, percent_done=50.0))
    done = _schedule(_op(status=Status.COMPLETED, percent_done=100.0))
    for ours, theirs in ((started, done), (done, started)):
        merged = merge(base, ours, theirs)
        assert merged.schedule == done and merged.conflicts == () and len(merged.settled) == 1
    elsewhere = _schedule(_op(resource="m2", status=Status.COMPLETED))
    for ours, theirs in ((started, elsewhere), (done, elsewhere)):
        merged = merge(base, ours, theirs)
        assert [c.key for c in merged.conflicts] == ["events/a/execution"] and merged.settled == ()
        assert merge(base, ours, theirs, {"events/a/execution": "theirs"}).schedule == theirs
        assert merge(base, ours, theirs, {"events/a/execution": "base"}).schedule == base


def test_executed_work_survives_its_deletion_and_an_old_history_does_not() -> None:
    base, gone = _schedule(_op("a"), _op("b", 2)), _schedule(_op("b", 2))
    done = _schedule(_op("a", status=Status.COMPLETED), _op("b", 2))
    for ours, theirs in ((gone, done), (done, gone)):
        merged = merge(base, ours, theirs)
        assert merged.schedule == done and merged.conflicts == () and merged.settled[0].conflict.atom == "item"
    old = _schedule(_op("a", status=Status.COMPLETED), _op("b", 2))
    renamed = _schedule(_op("a", status=Status.COMPLETED, priority=2.0), _op("b", 2))
    merged = merge(old, gone, renamed)
    assert [c.key for c in merged.conflicts] == ["events/a/item"] and merged.schedule == gone


# choices


def test_each_conflict_is_resolved_each_way() -> None:
    base, ours, theirs = _schedule(_op()), _schedule(_op(start=4)), _schedule(_op(resource="m2"))
    key = "events/a/placement"
    (conflict,) = merge(base, ours, theirs).conflicts
    assert conflict.theirs == {
        "resourceId": "m2",
        "startDate": "2026-01-01T00:00:00Z",
        "endDate": "2026-01-01T01:00:00Z",
    }
    assert merge(base, ours, theirs, {key: "base"}).schedule == base
    own = {"resourceId": "m2", "startDate": "2026-01-01T04:00:00Z", "endDate": "2026-01-01T05:00:00Z"}
    resources = (Resource(id="m1", name="1"), Resource(id="m2", name="2"))
    sides = [
        s.model_copy(update={"snapshot": s.snapshot.model_copy(update={"resources": resources})})
        for s in (base, ours, theirs)
    ]
    merged = merge(*sides, {key: Value(own)})
    assert merged.schedule.snapshot.events == (_op(start=4, resource="m2"),) and merged.unresolved == ()
    unplaced = merge(*sides, {key: Value(None)}).schedule.snapshot.events[0]
    assert unplaced.start_date is None and unplaced.resource_id is None
    for wrong in ({"resourceId": "nowhere"}, {"startDate": "yesterday"}):
        with pytest.raises(TaktwerkError) as raised:
            merge(*sides, {key: Value(wrong)})
        assert raised.value.code is ErrorCode.INVALID_SCHEDULE


def test_fields_items_and_attributes_take_a_value_of_ones_own() -> None:
    base = _shop(_op(priority=1.0, attributes={"n": 1, "k": None}))
    ours = _shop(_op(priority=2.0, attributes={"n": 2, "k": None}))
    theirs = _shop(_op(priority=3.0, attributes={"n": 3}))
    merged = merge(base, ours, theirs)
    assert [c.key for c in merged.conflicts] == ["events/a/attributes.n", "events/a/priority"]
    assert merged.schedule == _shop(_op(priority=2.0, attributes={"n": 2})), "null is a value, absence another"
    keys = ["events/a/priority", "events/a/attributes.n"]
    own = merge(base, ours, theirs, {keys[0]: Value(9.0), keys[1]: Value([7])}).schedule
    assert own == _shop(_op(priority=9.0, attributes={"n": [7]}))
    none = merge(base, ours, theirs, {keys[0]: Value(None), keys[1]: Value(None)}).schedule
    assert none == _shop(_op())
    assert merge(base, ours, theirs, dict.fromkeys(keys, "base")).schedule == _shop(
        _op(priority=1.0, attributes={"n": 1})
    )
    both = merge(_shop(), _shop(_op(start=1)), _shop(_op(start=2)))
    assert [c.key for c in both.conflicts] == ["events/a/item"] and both.conflicts[0].base is None
    assert merge(_shop(), _shop(_op(start=1)), _shop(_op(start=2)), {"events/a/item": "base"}).schedule == _shop()
    whole = {"id": "x", "name": "a", "duration": 60_000}
    made = merge(_shop(), _shop(_op(start=1)), _shop(_op(start=2)), {"events/a/item": Value(whole)}).schedule
    assert made.snapshot.events == (Operation(id="a", name="a", duration=60_000),)


def test_what_python_blurs_is_a_conflict_all_the_same() -> None:
    base = _schedule(_op(attributes={"n": 0}))
    merged = merge(base, _schedule(_op(attributes={"n": 1})), _schedule(_op(attributes={"n": True})))
    assert [c.key for c in merged.conflicts] == ["events/a/attributes.n"]
    empty = merge(_schedule(_op(attributes={"n": 0})), _schedule(_op(attributes={})), _schedule(_op()))
    assert empty.schedule == _schedule(_op())


def test_metadata_and_version_are_merged_and_bookkeeping_is_the_later_ones() -> None:
    base = _schedule(_op())

    def noted(version: str, **fields: Any) -> Schedule:
        return base.model_copy(update={"version": version, "metadata": base.metadata.model_copy(update=fields)})

    ours = noted("2", name="A", timestamp=_at(1), user_id="anna")
    theirs = noted("3", name="B", timestamp=_at(2), user_id="ben", horizon_start=_at(1))
    merged = merge(base, ours, theirs)
    assert [c.key for c in merged.conflicts] == ["metadata//name", "version//version"]
    assert merged.schedule == noted("2", name="A", timestamp=_at(2), user_id="ben", horizon_start=_at(1))
    assert merge(base, theirs, ours).schedule.metadata.user_id == "ben"
    back = merge(base, ours, theirs, {"metadata//name": "base", "version//version": "base"}).schedule
    assert back == noted("1", timestamp=_at(2), user_id="ben", horizon_start=_at(1))
    assert merge(base, noted("2"), noted("2", name="B")).schedule == noted("2", name="B")


# what would dangle


def _shop(*operations: Operation, resources: str = "m1 m2", links: tuple[Dependency, ...] = ()) -> Schedule:
    made = tuple(Resource(id=name, name=name) for name in resources.split())
    return _schedule(*operations).model_copy(
        update={"snapshot": Snapshot(resources=made, events=operations, dependencies=links)}
    )


def test_a_resource_deleted_here_and_used_there_is_a_conflict_that_can_go_both_ways() -> None:
    base = _shop(_op())
    ours, theirs = _shop(_op(), resources="m1"), _shop(_op(resource="m2"))
    merged = merge(base, ours, theirs)
    (conflict,) = merged.conflicts
    assert conflict.key == "resources/m2/reference" and conflict.needed_by == (("events", "a"),)
    assert (conflict.ours, conflict.theirs) == (None, {"id": "m2", "name": "m2"} | conflict.base)
    assert merged.schedule == ours, "with ours the deletion holds, and what needs it stays where it was"
    assert merge(base, ours, theirs, {conflict.key: "theirs"}).schedule == theirs, "with theirs it comes back"
    assert merge(base, ours, theirs, {conflict.key: "base"}).schedule == theirs
    assert merge(base, theirs, ours, {conflict.key: "theirs"}).schedule == ours


def test_what_hangs_on_something_dropped_is_dropped_without_a_question_of_its_own() -> None:
    base = _shop(_op())
    ours = _shop(_op(), resources="m1")
    link = Dependency(id="d", from_event="a", to_event="n")
    theirs = _shop(_op(), _op("n", 3, "m2"), links=(link,))
    merged = merge(base, ours, theirs)
    assert [c.key for c in merged.conflicts] == ["resources/m2/reference"] and merged.schedule == ours
    assert merge(base, ours, theirs, prefer="theirs").schedule == theirs


def test_a_deletion_chosen_against_both_sides_gives_way_to_what_needs_it() -> None:
    base = _shop(_op())
    ours = _shop(_op(), _op("n", 3), links=(Dependency(id="d", from_event="a", to_event="n"),))
    theirs = _shop(_op(), _op("n", 5))
    merged = merge(base, ours, theirs, {"events/n/item": "base"})
    assert merged.schedule == ours, "n was to go, but the dependency of ours needs it"


def test_order_comes_from_the_side_that_changed_it() -> None:
    a, b, c, n, m = _op("a"), _op("b", 2), _op("c", 4), _op("n", 6), _op("m", 8)
    base = _schedule(a, b, c)
    assert merge(base, _schedule(a, b, c, n), _schedule(c, b, a)).schedule == _schedule(c, n, b, a)
    assert merge(base, _schedule(a, n, b, c), _schedule(a, b, c, m)).schedule == _schedule(a, n, b, c, m)
    assert merge(base, _schedule(b, a, c), _schedule(c, b, a)).schedule == _schedule(b, a, c)
    assert merge(base, _schedule(a, b, c, n), _schedule(m, a, b, c, _op("k", 9))).schedule == _schedule(
        m, a, b, c, n, _op("k", 9)
    )


def test_a_delta_fits_only_the_plan_it_was_taken_from() -> None:
    a, b = _schedule(_op("a"), _op("b", 2)), _schedule(_op("a", 5), _op("b", 2))
    delta = diff(a, b)
    others = [_schedule(_op("a", 1), _op("b", 2)), _schedule(_op("b", 2)), a.model_copy(update={"version": "2"})]
    for other in others[:2]:
        with pytest.raises(TaktwerkError) as raised:
            apply(delta, other)
        assert raised.value.code is ErrorCode.VERSION_CONFLICT
    with pytest.raises(TaktwerkError, match="version"):
        apply(diff(b.model_copy(update={"version": "9"}), b), others[2])
