"""The best plan of a tiny request by trying all of them, judged by the independent checker alone.

For requests of ``tests.support.whole_contract.grid_request``: everything in them is a multiple of an hour, so that some
optimal plan stands on whole hours. (For a given sequence, choice of machines and side of each break, all rules are
differences of two times or bounds of one, and what is weighed is made of such differences: then the best times are
integers in the same unit.) A deadline of every operation bounds the search.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from engine.check import check, untolerated
from engine.horizon import horizon_start_ms
from engine.instants import from_ms, to_ms
from engine.metrics import objective_vector
from engine.model import Demand, Operation, OptimizationRequest, Schedule, Status
from engine.pinning import Pin, pins
from engine.plan import PlanFacts

HOUR_MS = 3_600_000
ALONE = frozenset({"duration", "calendar", "mode", "deadline", "finishnolaterthan", "finishnoearlierthan"})
PAIRS = frozenset({"dependency", "max_lag", "nooverlap", "sameresource", "differentresource"})
"""What is broken by one operation, or by two, is broken whatever else is planned; not so rules that setups touch."""


class TooMany(Exception):
    """There are more plans than can be tried."""


@dataclass(frozen=True)
class Best:
    """The least objective vector of any plan, or None where there is no plan; and how many were judged in full."""

    vector: tuple[int, ...] | None
    judged: int


def best_plan(request: OptimizationRequest, most: int = 60_000) -> Best:
    """Return the best there is. Raises ``TooMany`` when more than ``most`` plans would have to be looked at."""
    return _Trial(request).run(most)


def _is_chosen(demand: Demand) -> bool:
    return demand.resource_id is not None or len(demand.candidates) == 1


def _at(op: Operation, start: int, end: int) -> Operation:
    return op.model_copy(update={"start_date": from_ms(start * HOUR_MS), "end_date": from_ms(end * HOUR_MS)})


class _Trial:
    def __init__(self, request: OptimizationRequest) -> None:
        self._request = request
        self._schedule = request.schedule_data
        self._pins = pins(self._schedule, request)
        self._ops = list(self._schedule.snapshot.events)
        self._open = [i for i, op in enumerate(self._ops) if self._is_open(op)]
        self._with_setups = {r.id for r in self._schedule.snapshot.resources if r.setup_matrix is not None}
        self._first_ms = horizon_start_ms(self._schedule)
        self._known: dict[tuple[int, int, int, int], bool] = {}
        for i, op in enumerate(self._ops):
            if self._pins.get(op.id) is Pin.STARTED:
                self._ops[i] = self._ended_by_duration(i, op)

    def run(self, most: int) -> Best:
        rows: list[list[Operation]] = []
        for i in self._open:
            rows.append(self._candidates(i))
            if math.prod(map(len, rows)) > most:
                raise TooMany
        plans = [(self._least(plan), plan) for plan in itertools.product(*rows)]
        plans.sort(key=lambda item: item[0])
        best: tuple[int, ...] | None = None
        judged = 0
        for least, plan in plans:
            if best is not None and least > best[0]:
                break
            if self._may_hold(plan):
                judged += 1
                vector = self._judge(plan)
                if vector is not None and (best is None or vector < best):
                    best = vector
        return Best(best, judged)

    def _is_open(self, op: Operation) -> bool:
        """Whether something about it is to be decided: if it is fixed, who serves its demands."""
        pin = self._pins.get(op.id)
        if pin is None:
            return op.is_placed or op.status is not Status.COMPLETED
        return op.is_placed and any(not _is_chosen(d) for d in op.demands or ())

    # plans of one operation

    def _candidates(self, i: int) -> list[Operation]:
        """Return every placement of an operation that breaks nothing by itself."""
        op = self._ops[i]
        if op.id in self._pins:
            rows = [(len(check(self._with({i: made}), request=self._request)), made) for made in self._choices(i, op)]
            return [made for count, made in rows if count == min(rows, key=lambda row: row[0])[0]]
        assert op.deadline is not None
        first, last = -(-self._first_ms // HOUR_MS), to_ms(op.deadline) // HOUR_MS
        resources = list(dict.fromkeys(mode.resource_id for mode in op.alternatives)) or [None]
        found: list[Operation] = []
        for resource, start in itertools.product(resources, range(first, last + 1)):
            for end in range(start, last + 1):
                placed = _at(op.model_copy(update={"resource_id": resource}), start, end)
                if not self._is_broken({i: placed.model_copy(update={"demands": None})}, ALONE):
                    found += self._choices(i, placed)
                    break
        return found

    def _ended_by_duration(self, i: int, op: Operation) -> Operation:
        """Return an operation that has started with the end that its duration gives, if there is one."""
        assert op.start_date is not None
        start = to_ms(op.start_date) // HOUR_MS
        for rules in (("duration", "calendar"), ("duration",)):
            for end in range(start, start + 200):
                placed = _at(op, start, end)
                found = check(self._with({i: placed}), request=self._request)
                if not any(v.rule in rules and op.id in v.event_ids for v in found):
                    return placed
        return op

    def _choices(self, i: int, placed: Operation) -> Iterator[Operation]:
        if not placed.demands:
            yield placed
            return
        is_fixed = placed.id in self._pins
        options = [(d.resource_id,) if is_fixed and _is_chosen(d) else d.candidates for d in placed.demands]
        for chosen in itertools.product(*options):
            demands = tuple(
                Demand(resource_id=r, resource_ids=d.resource_ids, quantity=d.quantity, only_on=d.only_on)
                for d, r in zip(placed.demands, chosen, strict=True)
            )
            made = placed.model_copy(update={"demands": demands})
            if is_fixed or not self._is_broken({i: made}, ALONE if self._has_setup(made) else None):
                yield made

    def _has_setup(self, op: Operation) -> bool:
        return op.setup_family is not None and op.resource_id in self._with_setups

    # judging

    def _with(self, placed: dict[int, Operation]) -> Schedule:
        """Return the schedule with some operations placed, and all other movable ones without a place."""
        events = list(self._ops)
        for i, op in enumerate(self._ops):
            if i in placed:
                events[i] = placed[i]
            elif op.id not in self._pins:
                events[i] = op.model_copy(update={"start_date": None, "end_date": None})
        snapshot = self._schedule.snapshot.model_copy(update={"events": tuple(events)})
        return self._schedule.model_copy(update={"snapshot": snapshot})

    def _broken(self, schedule: Schedule, facts: PlanFacts | None = None) -> set[str]:
        found = check(schedule, request=self._request, facts=facts)
        return {violation.rule for violation in untolerated(found, self._pins)}

    def _is_broken(self, placed: dict[int, Operation], rules: frozenset[str] | None) -> bool:
        """Whether one of some rules is broken (None = any rule but that there are others without a place)."""
        broken = self._broken(self._with(placed)) - {"unscheduled"}
        return bool(broken if rules is None else broken & rules)

    def _may_hold(self, plan: Iterable[Operation]) -> bool:
        """Whether no two operations of a plan break anything between them."""
        items = list(zip(self._open, plan, strict=True))
        return all(self._fit(one, other) for one, other in itertools.combinations(items, 2))

    def _fit(self, one: tuple[int, Operation], other: tuple[int, Operation]) -> bool:
        key = (one[0], id(one[1]), other[0], id(other[1]))
        if key not in self._known:
            touched = self._has_setup(one[1]) or self._has_setup(other[1])
            self._known[key] = not self._is_broken(dict((one, other)), ALONE | PAIRS if touched else None)
        return self._known[key]

    def _judge(self, plan: Iterable[Operation]) -> tuple[int, ...] | None:
        schedule = self._with(dict(zip(self._open, plan, strict=True)))
        facts = PlanFacts(schedule)
        if self._broken(schedule, facts):
            return None
        return objective_vector(self._request, schedule, facts)

    def _least(self, plan: tuple[Operation, ...]) -> int:
        """Return a lower bound of the first component, from the ends alone."""
        options = self._request.options
        name = options.objective or (options.objectives or ("",))[0]
        fixed = [op for op in self._ops if op.id in self._pins]
        ends = {op.id: to_ms(op.end_date) for op in (*fixed, *plan) if op.end_date is not None}
        if name == "minimize_makespan":
            return max(ends.values(), default=0) - self._first_ms
        if name == "minimize_tardiness":
            return math.floor(self._lateness_ms(ends))
        return 0

    def _lateness_ms(self, ends: dict[str, int]) -> float:
        """Return the weighted tardiness of orders and operations with a due date."""
        late = [
            op.weight * max(0, ends[op.id] - to_ms(op.due_date))
            for op in self._ops
            if op.due_date is not None and op.id in ends
        ]
        for order in self._schedule.snapshot.orders:
            last = max((ends[op.id] for op in self._ops if op.order_id == order.id and op.id in ends), default=0)
            if order.due_date is not None:
                late.append(order.weight * max(0, last - to_ms(order.due_date)))
        return math.fsum(late)
