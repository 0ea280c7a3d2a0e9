"""The laws of deltas and merges, over random edits of a small schedule."""

from __future__ import annotations

import datetime as dt

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.diff import Delta, apply, compose, diff, invert
from engine.merge import merge
from engine.model import Metadata, Operation, Order, Resource, Schedule, Snapshot

_DAY = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
_IDS = [f"op{i}" for i in range(6)]


def _operations() -> st.SearchStrategy[Operation]:
    minute = st.integers(0, 500).map(lambda m: _DAY + dt.timedelta(minutes=m))
    return st.builds(
        Operation,
        id=st.sampled_from(_IDS),
        name=st.sampled_from(["a", "b"]),
        duration=st.sampled_from([60_000, 120_000]),
        resource_id=st.sampled_from(["m1", "m2", None]),
        start_date=st.none() | minute,
        end_date=st.none() | minute,
        manually_scheduled=st.booleans(),
        attributes=st.none() | st.dictionaries(st.sampled_from(["x", "y", "z"]), st.integers(0, 3) | st.none()),
    )


def _schedules() -> st.SearchStrategy[Schedule]:
    events = st.lists(_operations(), max_size=6, unique_by=lambda op: op.id)
    orders = st.lists(
        st.builds(Order, id=st.sampled_from(["o1", "o2", "o3"]), name=st.sampled_from(["p", "q"])),
        max_size=3,
        unique_by=lambda order: order.id,
    )
    return st.builds(
        lambda events, orders, name: Schedule(
            version="v",
            snapshot=Snapshot(resources=(Resource(id="m1", name="M1"),), events=tuple(events), orders=tuple(orders)),
            metadata=Metadata(plant_id="p", timestamp=_DAY, user_id="u", name=name),
        ),
        events,
        orders,
        st.sampled_from([None, "n1", "n2"]),
    )


@settings(max_examples=150, deadline=None)
@given(_schedules(), _schedules(), _schedules())
def test_deltas_apply_invert_and_compose(a: Schedule, b: Schedule, c: Schedule) -> None:
    ab, bc = diff(a, b), diff(b, c)
    assert apply(ab, a) == b
    assert apply(invert(ab), b) == a
    assert invert(invert(ab)) == ab
    assert diff(a, a).is_empty
    assert compose(ab, bc) == diff(a, c)
    assert apply(compose(ab, bc), a) == c
    assert invert(compose(ab, bc)) == compose(invert(bc), invert(ab))


@settings(max_examples=100, deadline=None)
@given(_schedules(), _schedules())
def test_deltas_survive_json(a: Schedule, b: Schedule) -> None:
    delta = diff(a, b)
    assert Delta.from_json(delta.to_json()) == delta


@settings(max_examples=150, deadline=None)
@given(_schedules(), _schedules(), _schedules())
def test_merge_laws(base: Schedule, ours: Schedule, theirs: Schedule) -> None:
    assert merge(base, ours, base).schedule == ours
    assert merge(base, base, theirs).schedule == theirs
    assert merge(base, ours, ours).schedule == ours
    assert merge(base, ours, ours).conflicts == ()
    one = merge(base, ours, theirs)
    keys = {c.key for c in one.conflicts}
    assert {c.key for c in one.unresolved} == keys
    settled = merge(base, ours, theirs, dict.fromkeys(keys, "theirs"))
    assert settled.unresolved == ()
    for merged in (one.schedule, settled.schedule):
        ids = [op.id for op in merged.snapshot.events]
        assert len(ids) == len(set(ids))
