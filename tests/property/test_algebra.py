"""The laws of deltas and merges over random plans and edits of every kind; ``make test-full`` tries 10,000 of each."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.diff import Delta, apply, compose, diff, invert
from engine.merge import Merged, Side, merge
from engine.merge_types import EXECUTION_FIELDS
from engine.model import Operation, Schedule, Status
from storage import canonical
from tests.support.plan_edits import dangling, edited, small_plan

_SEEDS = st.integers(0, 2**48)
_FEW = settings(max_examples=1_000, deadline=None, suppress_health_check=list(HealthCheck))
_MANY = settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck), database=None)


def _three(seed: int) -> tuple[Schedule, Schedule, Schedule]:
    """A plan and two edits of it; the second edit often of the first one."""
    draw = random.Random(seed)
    base = small_plan(draw)
    one = edited(draw, base)
    return base, one, edited(draw, one if draw.random() < 0.3 else base)


def _hash(schedule: Schedule) -> str:
    return canonical.encode(schedule).content_hash


def _delta_laws(seed: int) -> None:
    a, b, c = _three(seed)
    assert dangling(a) == dangling(b) == dangling(c) == []
    ab, bc = diff(a, b), diff(b, c)
    assert apply(ab, a) == b and _hash(apply(ab, a)) == _hash(b), "to the last bit of what is stored"
    assert apply(invert(ab), b) == a
    assert invert(invert(ab)) == ab
    assert diff(a, a).is_empty and ab.is_empty == (_hash(a) == _hash(b))
    ac = compose(ab, bc)
    assert ac == diff(a, c)
    assert _hash(apply(ac, a)) == _hash(c)
    assert invert(ac) == compose(invert(bc), invert(ab))
    assert compose(ab, invert(ab)).is_empty
    stored = Delta.from_json(canonical.loads(canonical.dumps(ab.to_json())))
    assert stored == ab and _hash(apply(stored, a)) == _hash(b)


def _merge_laws(seed: int) -> None:
    base, ours, theirs = _three(seed)
    assert merge(base, ours, base).schedule == ours
    assert merge(base, base, theirs).schedule == theirs
    again = merge(base, ours, ours)
    assert _hash(again.schedule) == _hash(ours) and not again.conflicts and not again.settled
    one, other = merge(base, ours, theirs), merge(base, theirs, ours)
    assert {c.key for c in one.conflicts} == {c.key for c in one.unresolved}
    for merged in (one, other, _settled(base, ours, theirs, "theirs"), _settled(base, ours, theirs, "ours")):
        assert dangling(merged.schedule) == []
        _hold_history(base, ours, theirs, merged)
    assert merge(base, ours, theirs, prefer="theirs").schedule == _settled(base, ours, theirs, "theirs").schedule
    if not one.conflicts:
        assert not other.conflicts
        assert diff(one.schedule, other.schedule).items == {}, "whoever comes first"


def _settled(base: Schedule, ours: Schedule, theirs: Schedule, side: Side) -> Merged:
    """The merge with a choice for every conflict, those that a choice raises too."""
    chosen: dict[str, Side] = {}
    while True:
        merged = merge(base, ours, theirs, chosen, side)
        if not merged.unresolved:
            return merged
        chosen.update((conflict.key, side) for conflict in merged.unresolved)


def _hold_history(base: Schedule, ours: Schedule, theirs: Schedule, merged: Merged) -> None:
    """What one side alone has begun since is in the merge, whatever the other side planned."""
    was, mine, other, found = ({op.id: op for op in s.snapshot.events} for s in (base, ours, theirs, merged.schedule))
    conflicts = {(c.collection, c.item_id) for c in merged.conflicts} | {
        h for c in merged.conflicts for h in c.needed_by
    }
    for key in mine.keys() | other.keys():
        begun = [_begun(side.get(key), was.get(key)) for side in (mine, other)]
        if begun == [True, False] and ("events", key) not in conflicts:
            assert _execution(found[key]) == _execution(mine[key])


def _begun(op: Operation | None, before: Operation | None) -> bool:
    if op is None or op.status not in (Status.STARTED, Status.COMPLETED):
        return False
    return before is None or _execution(op) != _execution(before)


def _execution(op: Operation) -> dict[str, object]:
    return {name: value for name, value in op.to_json().items() if name in EXECUTION_FIELDS}


@_FEW
@given(_SEEDS)
def test_deltas_apply_invert_compose_and_survive_storage(seed: int) -> None:
    _delta_laws(seed)


@_FEW
@given(_SEEDS)
def test_merges_keep_what_one_side_did_and_never_break_a_plan(seed: int) -> None:
    _merge_laws(seed)


@pytest.mark.slow
@pytest.mark.timeout(900)
@_MANY
@given(_SEEDS)
def test_ten_thousand_deltas(seed: int) -> None:
    _delta_laws(seed)


@pytest.mark.slow
@pytest.mark.timeout(900)
@_MANY
@given(_SEEDS)
def test_ten_thousand_merges(seed: int) -> None:
    _merge_laws(seed)
