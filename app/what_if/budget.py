"""The change budget: how much better a plan gets when at most 0, 5, 10 ... operations may be placed differently.

The engine can weigh change (``incrementalMode``) but not count it. So a few runs that weigh it more and less go first;
what they find counts for every budget that holds it. Then each budget is a few short runs in whose scope only so many
operations are: those that the plan so far has moved already, and those that are worth most. A run starts from the plan
of the smaller budget, and its plan counts only if it is better; therefore a larger budget never has a worse one. What
is found is the best of those runs, not a proven optimum.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.what_if.figures import Figures
from app.what_if.movable import as_in, by_lateness, whole_orders
from app.what_if.words import budget_label
from engine.apply import apply_result
from engine.changes import operation_changes
from engine.check import check
from engine.diff import diff
from engine.errors import ErrorCode, Fault, TaktwerkError, invalid_schedule
from engine.metrics import changed_ids, objective_name, objective_value, objective_vector
from engine.model import OptimizationRequest, OptimizationResponse, Schedule, Scope

DEFAULT_BUDGETS = (0, 5, 10, 20, 40)

_SHORT_S = 5.0
"""The most that a run takes in which only a few operations may or should move."""
_CHANGE_WEIGHTS = (0.002, 0.01, 0.04)
_ELSEWHERE = frozenset({"moved", "resource", "secondary", "scheduled", "unscheduled", "added", "deleted"})
"""The kinds of change that a budget counts."""

Solve = Callable[[OptimizationRequest, str], OptimizationResponse]
"""Carries out a request under a label and waits for what comes of it."""


@dataclass(frozen=True, slots=True)
class BudgetPoint:
    """The best plan found with at most ``budget`` operations moved (None: any number); ``moved`` is how many are.

    ``value`` is that of the objective, in its native unit.
    """

    budget: int | None
    moved: int
    vector: tuple[int, ...]
    objective: str
    value: float
    figures: Figures
    schedule: Schedule = field(repr=False)

    @property
    def is_kept(self) -> bool:
        """Whether the plan keeps its budget; what would not is never taken into the curve."""
        return self.budget is None or self.moved <= self.budget

    def to_json(self) -> dict[str, Any]:
        """Return the point without its plan."""
        return {
            "budget": self.budget,
            "moved": self.moved,
            "isKept": self.is_kept,
            "objective": self.objective,
            "objectiveValue": self.value,
            "metrics": self.figures.to_json(),
        }


def moved_operations(base: Schedule, plan: Schedule) -> int:
    """Return how many operations a plan places differently, counted in the difference of the two plans."""
    changes = diff(base, plan).items.get("events", {})
    return sum(not _ELSEWHERE.isdisjoint(one.kinds) for one in operation_changes(base, plan, changes))


class BudgetSweep:
    """Sweeps change budgets over one plan.

    Parameters
    ----------
    request
        The plan, and what makes a plan better. The time limit is that of each run.
    solve
        Carries out the runs.
    stop
        Ends the sweep after the run that is under way.
    tell
        Called with each point when it is known.

    Raises
    ------
    TaktwerkError
        E001 when an operation has no place yet: there is nothing then that could be moved.
    """

    def __init__(
        self,
        request: OptimizationRequest,
        solve: Solve,
        *,
        stop: threading.Event | None = None,
        tell: Callable[[BudgetPoint], None] | None = None,
    ) -> None:
        missing = [op for op in request.schedule_data.snapshot.events if not op.is_placed]
        if missing:
            reason = "it has no place in the plan yet; optimise the plan first, then sweep"
            raise invalid_schedule([Fault(op.id, op.name[:80], reason) for op in missing[:100]], "base of the sweep")
        options = request.options.model_copy(update={"incremental_mode": False, "warm_start": True, "scope": None})
        self._request = request.model_copy(update={"options": options})
        self._base = request.schedule_data
        self._base_faults = len(check(self._base))
        self._tired: set[str] = set()
        self._solve, self._stop, self._tell = solve, stop or threading.Event(), tell

    def run(self, budgets: Sequence[int] = DEFAULT_BUDGETS) -> list[BudgetPoint]:
        """Return the points in the order of their budgets, the last one for any number of moves.

        Runs that find nothing are passed over; a sweep that is stopped returns what it has.

        Raises
        ------
        TaktwerkError
            E002, E003 ... when not even the run without a limit can be carried out.
        """
        points = [self._point(0, self._base)]
        free = self._better(self._base, self._carry_out(self._base, None, budget_label(None, "everything may move")))
        wanted = sorted({one for one in budgets if one > 0})
        nears = self._near_plans() if wanted else []
        for budget in wanted:
            if self._stop.is_set():
                return points
            points.append(self._point(budget, self._within(budget, points[-1].schedule, free, nears)))
        if not self._stop.is_set():
            points.append(self._point(None, self._better(points[-1].schedule, free)))
        return points

    def _near_plans(self) -> list[Schedule]:
        """Plans that were found weighing change, from little to much."""
        found: list[Schedule] = []
        for weight in _CHANGE_WEIGHTS:
            if not self._stop.is_set():
                label = budget_label(None, f"change weighs {weight:g}")
                near = self._carry_out(self._base, None, label, may_fail=True, change_weight=weight)
                found += [near] if near is not None else []
        return found

    def _within(self, budget: int, plan: Schedule, free: Schedule, nears: Sequence[Schedule]) -> Schedule:
        """The best plan found within a budget, starting from that of a smaller one."""
        for near in nears:
            if len(changed_ids(self._base, near)) <= budget:
                plan = self._better(plan, near)
        if len(changed_ids(self._base, free)) <= budget:
            return self._better(plan, free)
        ways = (
            ("what holds late orders up", by_lateness),
            ("late orders as a whole", lambda one: whole_orders(one, self._tired)),
            ("other orders as a whole", lambda one: whole_orders(one, self._tired)),
            ("towards the best plan", lambda one: as_in(one, free)),
        )
        tried: list[set[str]] = []
        for way, rank in ways:
            scope = self._scope(budget, plan, rank)
            if scope in tried or not scope or self._stop.is_set():
                continue
            tried.append(scope)
            found = self._carry_out(plan, scope, budget_label(budget, way), may_fail=True)
            if found is not None and len(changed_ids(self._base, found)) <= budget:
                before, plan = plan, self._better(plan, found)
                if plan is not before:
                    continue
            orders = {op.id: op.order_id or op.id for op in plan.snapshot.events}
            self._tired |= {orders[key] for key in scope}
        return plan

    def _scope(self, budget: int, plan: Schedule, rank: Callable[[Schedule], list[str]]) -> set[str]:
        """What has moved already, and of the rest so many that the budget holds."""
        moved = set(changed_ids(self._base, plan))
        return {*moved, *[key for key in rank(plan) if key not in moved][: budget - len(moved)]}

    def _carry_out(
        self,
        plan: Schedule,
        scope: set[str] | None,
        label: str,
        *,
        may_fail: bool = False,
        change_weight: float | None = None,
    ) -> Schedule | None:
        chosen = None if scope is None else Scope(event_ids=tuple(sorted(scope)))
        limit_s = self._request.options.time_limit
        is_free = scope is None and change_weight is None
        update = {"scope": chosen, "time_limit": limit_s if is_free else min(limit_s, _SHORT_S)}
        if change_weight is not None:
            update |= {"incremental_mode": True, "change_weight": change_weight}
        options = self._request.options.model_copy(update=update)
        response = self._solve(self._request.model_copy(update={"schedule_data": plan, "options": options}), label)
        if response.result is not None:
            return apply_result(plan, response.result.events)
        error = response.error
        if error is not None and not may_fail:
            raise TaktwerkError(ErrorCode(error.code), error.message, dict(error.details))
        return None

    def _better(self, plan: Schedule, other: Schedule | None) -> Schedule:
        """The better of two plans by the goal of the request; the first one if they are equal."""
        if other is None or other is plan or self._vector(other) >= self._vector(plan):
            return plan
        return other if len(check(other)) <= self._base_faults else plan

    def _vector(self, plan: Schedule) -> tuple[int, ...]:
        return objective_vector(self._request, plan)

    def _point(self, budget: int | None, plan: Schedule) -> BudgetPoint:
        moved, vector = moved_operations(self._base, plan), self._vector(plan)
        value = objective_value(self._request, vector)
        figures = Figures.of_plan(plan, moved)
        point = BudgetPoint(budget, moved, vector, objective_name(self._request), value, figures, plan)
        if self._tell is not None:
            self._tell(point)
        return point
