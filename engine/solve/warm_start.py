"""The input plan as a first incumbent, and conflicts among locks, both by the independent checker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.apply import placed_events
from engine.check import Violation, check, is_tolerated, untolerated
from engine.instants import from_ms
from engine.metrics import objective_vector
from engine.pinning import pins
from engine.plan import PlanFacts
from engine.solve.problem.problem import NO_RESOURCE, Solution

if TYPE_CHECKING:
    from engine.model import Operation, OptimizationRequest, PlacedEvent
    from engine.solve.problem.problem import FixedData, OpData, Problem

_NOT_CERTAIN = frozenset({"unscheduled", "setup", "forbidden_sequence"})


def input_plan(request: OptimizationRequest) -> tuple[list[PlacedEvent], tuple[int, ...]] | None:
    """Return the input plan and its objective vector if it is complete and breaks no rule, else None."""
    schedule = request.schedule_data
    facts = PlanFacts(schedule)
    if not facts.starts or facts.unscheduled:
        return None
    if untolerated(check(schedule, request=request, facts=facts), pins(schedule, request)):
        return None
    return list(placed_events(schedule, schedule)), objective_vector(request, schedule, facts)


def input_solution(problem: Problem) -> Solution | None:
    """Return the input plan in ticks, or None where it is incomplete or does not fall on ticks.

    Setup starts are not filled in beyond what order of start needs: they equal the starts.
    """
    solution = Solution.empty(problem)
    for op in problem.ops:
        at = op.fixed.placement if op.fixed is not None else op.previous
        if at is None or NO_RESOURCE in op.previous_choice:
            return None
        if op.fixed is None and (problem.to_ms(at.start), problem.to_ms(at.end)) != (at.start_ms, at.end_ms):
            return None
        k = _mode_of(op, at.resource)
        if k is None or (op.fixed is None and op.previous is None):
            return None
        i = op.index
        solution.mode[i], solution.start[i], solution.end[i], solution.setup_start[i] = k, at.start, at.end, at.start
        offset = problem.demand_offset[i]
        solution.choice[offset : offset + len(op.demands)] = op.previous_choice
    return solution


def lock_conflicts(problem: Problem) -> list[Violation]:
    """Return the rules that locks break among themselves and with what else cannot move: then there is no plan.

    Found by checking the schedule with everything movable taken out. Setups are left aside, because what is put in
    between could change them.
    """
    fixed = {op.id: op.fixed for op in problem.ops if op.fixed is not None}
    if not any(data.is_lock for data in fixed.values()):
        return []
    request = problem.request
    schedule = request.schedule_data
    events = tuple(_at(op, fixed.get(op.id)) for op in schedule.snapshot.events)
    resources = tuple(r.model_copy(update={"setup_matrix": None}) for r in schedule.snapshot.resources)
    snapshot = schedule.snapshot.model_copy(update={"events": events, "resources": resources})
    reduced = schedule.model_copy(update={"snapshot": snapshot})
    found = check(reduced, base=schedule, request=request)
    held = pins(schedule, request)
    return [v for v in found if v.rule not in _NOT_CERTAIN and v.event_ids and not is_tolerated(v, held)]


def _at(op: Operation, fixed: FixedData | None) -> Operation:
    """Return the operation where it has to stay, or without a placement."""
    if fixed is None:
        return op.model_copy(update={"start_date": None, "end_date": None})
    return op.model_copy(update={"end_date": from_ms(fixed.placement.end_ms)})


def _mode_of(op: OpData, resource: int) -> int | None:
    return next((k for k, mode in enumerate(op.modes) if mode.resource == resource), None)
