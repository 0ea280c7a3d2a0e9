"""Three-way merge: what is one atom, what is a conflict, what a resolution does."""

from __future__ import annotations

import datetime as dt
from typing import Any

from engine.merge import merge
from engine.model import Metadata, Operation, Schedule, Snapshot

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
