"""Placing one operation by hand, and pushing what follows it: pure functions from facts to changed operations.

A placed operation begins at the first working instant at or after the wished start and ends when its work is done,
pausing over breaks; one that is not interruptible begins where its work fits whole. Pushing moves later whatever the
move made impossible, by the least amount: successors by dependency, and operations that overlap it on the same
resource, setups included. Nothing is ever pulled earlier.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Iterator
from typing import Literal

from engine.calendars import DAY_MS
from engine.errors import ErrorCode, TaktwerkError
from engine.instants import from_ms, to_ms
from engine.model import Dependency, DependencyType, Operation, Status
from engine.plan import PlanFacts, mode_on

Push = Literal["off", "on", "all"]
"""``on`` pushes operations whose dates are derived, ``all`` also those with dates set by hand or by the optimiser."""

_FARTHEST_MS = 366 * DAY_MS
"""Nothing that ends is pushed so far behind the plan's end."""

_END_POINTS = (DependencyType.START_TO_FINISH, DependencyType.FINISH_TO_FINISH)
_FROM_START = (DependencyType.START_TO_START, DependencyType.START_TO_FINISH)


def place(facts: PlanFacts, op: Operation, resource_id: str | None, start_ms: int) -> Operation:
    """Return the operation placed by hand on ``resource_id`` from ``start_ms`` on.

    Raises
    ------
    TaktwerkError
        E012 for an unknown resource; E001 when none of its modes runs there or its work never fits.
    """
    return _placed(facts, op, resource_id, start_ms).model_copy(update={"manually_scheduled": True})


def push_after(
    facts: PlanFacts, moved: dict[str, Operation], push: Push
) -> tuple[dict[str, Operation], tuple[str, ...]]:
    """Return the moved operations and all that had to give way, with notes on what kept its place."""
    if push == "off":
        return moved, ()
    cascade = _Cascade(facts, moved, push)
    cascade.run()
    return cascade.changed, cascade.notes()


def _placed(facts: PlanFacts, op: Operation, resource_id: str | None, start_ms: int) -> Operation:
    work_ms = _work_ms(facts, op, resource_id)
    start, end = start_ms, start_ms + work_ms
    if resource_id is not None and work_ms:
        working = facts.working_time(resource_id, start_ms + 400 * DAY_MS)
        begin = working.next_working(start_ms) if op.interruptible else working.fit(start_ms, work_ms)
        done = None if begin is None else working.add(begin, work_ms)
        if begin is None or done is None:
            name = facts.resources[resource_id].name
            raise TaktwerkError(
                ErrorCode.INVALID_SCHEDULE,
                f"{op.name} needs {work_ms // 60_000} min of working time on {name}, and its calendar has no room "
                f"for that after {from_ms(start_ms):%Y-%m-%d %H:%M} UTC. Maybe choose an earlier time.",
                {"eventId": op.id, "resourceId": resource_id},
            )
        start, end = begin, done
    return op.model_copy(update={"resource_id": resource_id, "start_date": from_ms(start), "end_date": from_ms(end)})


def _work_ms(facts: PlanFacts, op: Operation, resource_id: str | None) -> int:
    if resource_id is None:
        if op.alternatives:
            raise TaktwerkError(
                ErrorCode.INVALID_SCHEDULE, f"{op.name} needs a resource to be scheduled.", {"eventId": op.id}
            )
        return op.duration
    if resource_id not in facts.resources:
        raise TaktwerkError(ErrorCode.NOT_FOUND, f"There is no resource {resource_id!r}.", {"resourceId": resource_id})
    if mode_on(op, resource_id) is None:
        able = ", ".join(facts.resources[m.resource_id].name for m in op.alternatives) or "none"
        raise TaktwerkError(
            ErrorCode.INVALID_SCHEDULE,
            f"{op.name} cannot run on {facts.resources[resource_id].name}. It can run on: {able}.",
            {"eventId": op.id, "resourceId": resource_id},
        )
    return facts.need_ms(op, resource_id)


class _Cascade:
    """The wave of pushes that one move sets off, earliest start first; every operation only ever moves later."""

    def __init__(self, facts: PlanFacts, moved: dict[str, Operation], push: Push) -> None:
        self._facts = facts
        self._push = push
        self._moved = frozenset(moved)
        self.changed = dict(moved)
        self._kept: dict[str, None] = {}
        self._left = 50 * (len(facts.operations) + 10)
        ends = [_end(op) for op in moved.values() if op.is_placed]
        self._rows: dict[str, _Row] = {}
        self._latest_ms = max([facts.last_end_ms or 0, *ends]) + _FARTHEST_MS

    @property
    def _is_circular(self) -> bool:
        return self._left <= 0

    def run(self) -> None:
        """Push until nothing stands in the way any more; a circle of waits, which would never end, pushes nothing."""
        queue = [(_start(op), key) for key, op in self.changed.items() if op.is_placed]
        heapq.heapify(queue)
        while queue and not self._is_circular:
            _, key = heapq.heappop(queue)
            op = self.changed[key]
            for other, earliest in (*self._waiting_successors(op), *self._overlapped(op)):
                self._left -= 1
                if earliest > self._latest_ms:
                    self._left = 0
                elif self._push_to(other, earliest):
                    heapq.heappush(queue, (_start(self.changed[other]), other))
        if self._is_circular:
            self.changed = {key: self.changed[key] for key in self._moved}

    def notes(self) -> tuple[str, ...]:
        """What the planner should know of the wave."""
        out: list[str] = []
        pushed = len(self.changed) - len(self._moved)
        if self._is_circular:
            return ("Nothing was pushed: the operations behind it wait for each other in a circle",)
        if pushed:
            out.append(f"{pushed} {'operation' if pushed == 1 else 'operations'} pushed later")
        if self._kept:
            count = len(self._kept)
            out.append(
                f"{count} {'operation' if count == 1 else 'operations'} in the way kept "
                f"{'its' if count == 1 else 'their'} place (locked, begun or set by hand)"
            )
        return tuple(out)

    def _now(self, key: str) -> Operation:
        return self.changed.get(key) or self._facts.operations[key]

    def _waiting_successors(self, op: Operation) -> list[tuple[str, int]]:
        out: list[tuple[str, int]] = []
        for dependency in self._facts.successors.get(op.id, ()):
            successor = self._now(dependency.to_event)
            if successor.is_placed:
                earliest = self._earliest_start(op, successor, dependency)
                if earliest > _start(successor):
                    out.append((successor.id, earliest))
        return out

    def _earliest_start(self, op: Operation, successor: Operation, dependency: Dependency) -> int:
        point = _start(op) if dependency.type in _FROM_START else _end(op)
        bound = point + dependency.lag_ms
        if dependency.type not in _END_POINTS:
            return bound
        late_by = bound - _end(successor)
        return _start(successor) + max(0, late_by)

    def _overlapped(self, op: Operation) -> list[tuple[str, int]]:
        row = self._row(op.resource_id)
        if row is None or _end(op) == _start(op):
            return []
        out: list[tuple[str, int]] = []
        for other in self._beside(row, _start(op), self._latest_end_of_setup(op)):
            if other.id == op.id or _end(other) <= _start(op) or _end(other) == _start(other):
                continue
            after = _end(op) + self._setup_span(op, other)
            if _start(other) < after:
                out.append((other.id, after))
        return out

    def _row(self, resource_id: str | None) -> _Row | None:
        """What runs on a resource that takes one operation at a time; ``None`` for any other resource."""
        resource = self._facts.resources.get(resource_id or "")
        if resource is None or resource.infinite or resource.capacity != 1:
            return None
        row = self._rows.get(resource.id)
        if row is None:
            row = self._rows[resource.id] = _Row(self._facts, resource.id)
            for key, op in self.changed.items():
                if op.resource_id == resource.id and op.is_placed:
                    row.arrived[key] = (_start(op), _end(op))
        return row

    def _beside(self, row: _Row, start_ms: int, end_ms: int) -> Iterator[Operation]:
        """The placed operations on a row that may have to do with a span, by start, those that were moved last."""
        for key in row.between(start_ms, end_ms):
            if key not in self.changed:
                yield self._facts.operations[key]
        for key in [k for k, (begin, end) in row.arrived.items() if begin < end_ms and end > start_ms]:
            yield self.changed[key]

    def _latest_end_of_setup(self, op: Operation) -> int:
        """When the longest setup after an operation would be done."""
        resource = self._facts.resources[str(op.resource_id)]
        if resource.setup_matrix is None:
            return _end(op)
        longest_ms = self._facts.setup_tables[resource.setup_matrix].longest_ms
        done = self._facts.working_time(resource.id).add(_end(op), longest_ms)
        return _end(op) + longest_ms if done is None else done

    def _setup_span(self, before: Operation, after: Operation) -> int:
        """How long after ``before`` the setup for ``after`` keeps the resource, breaks included."""
        resource = self._facts.resources.get(before.resource_id or "")
        if resource is None or resource.setup_matrix is None or not before.setup_family or not after.setup_family:
            return 0
        change = self._facts.setup_tables[resource.setup_matrix].lookup(before.setup_family, after.setup_family)
        setup_ms = change.duration_ms
        done = self._facts.working_time(resource.id).add(_end(before), setup_ms) if setup_ms else None
        if not setup_ms:
            return 0
        return setup_ms if done is None else done - _end(before)

    def _push_to(self, key: str, earliest_ms: int) -> bool:
        op = self._now(key)
        if _start(op) >= earliest_ms:
            return False
        if key in self._moved or not self._may_move(op):
            self._kept[key] = None
            return False
        try:
            placed = _placed(self._facts, op, op.resource_id, earliest_ms)
        except TaktwerkError:
            self._kept[key] = None
            return False
        pushed = self.changed[key] = self._behind_fixed(placed)
        row = self._row(op.resource_id)
        if row is not None:
            row.arrived[key] = (_start(pushed), _end(pushed))
        return True

    def _behind_fixed(self, op: Operation) -> Operation:
        """Return the operation behind every one that cannot give way to it."""
        row = self._row(op.resource_id)
        while row is not None:
            other = next((o for o in self._beside(row, _start(op), _end(op)) if self._blocks(o, op)), None)
            if other is None:
                break
            op = _placed(self._facts, op, op.resource_id, _end(other) + self._setup_span(other, op))
        return op

    def _blocks(self, other: Operation, op: Operation) -> bool:
        if other.id == op.id or (other.id not in self._moved and self._may_move(other)):
            return False
        return _start(op) < _end(other) and _start(other) < _end(op)

    def _may_move(self, op: Operation) -> bool:
        if op.locked or op.status in (Status.STARTED, Status.COMPLETED):
            return False
        return self._push == "all" or not op.manually_scheduled


class _Row:
    """What ran on one resource before the push, and in ``arrived`` where what was moved there since lies now."""

    def __init__(self, facts: PlanFacts, resource_id: str) -> None:
        self._keys = facts.sequences.get(resource_id, ())
        self._starts = [facts.starts[key] for key in self._keys]
        self._longest_ms = max((facts.ends[key] - facts.starts[key] for key in self._keys), default=0)
        self.arrived: dict[str, tuple[int, int]] = {}

    def between(self, start_ms: int, end_ms: int) -> tuple[str, ...]:
        """Return all operations that ran in a span, by start; there may be some from just before it."""
        first = bisect_left(self._starts, start_ms - self._longest_ms)
        return self._keys[first : bisect_left(self._starts, end_ms)]


def _start(op: Operation) -> int:
    assert op.start_date is not None
    return to_ms(op.start_date)


def _end(op: Operation) -> int:
    assert op.end_date is not None
    return to_ms(op.end_date)
