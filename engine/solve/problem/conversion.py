"""Solutions in ticks to placed events in exact instants, and back from the placements of the input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.instants import from_ms
from engine.model import PlacedEvent
from engine.solve.problem.problem import NO_RESOURCE

if TYPE_CHECKING:
    from engine.solve.problem.problem import OpData, Problem, Solution


def to_events(problem: Problem, solution: Solution) -> list[PlacedEvent]:
    """Return the plan that a solution stands for: one event for each operation of the problem, in its order.

    Ends are exact: on a tick coarser than the natural one they are computed anew from the exact work.
    """
    ids = [resource.id for resource in problem.request.schedule_data.snapshot.resources]
    offset = problem.demand_offset
    events: list[PlacedEvent] = []
    starts, ends = solution.start.tolist(), solution.end.tolist()
    modes, choices = solution.mode.tolist(), solution.choice.tolist()
    for op in problem.ops:
        i = op.index
        start_ms, end_ms = _span_ms(problem, op, modes[i], starts[i], ends[i])
        resource = op.modes[modes[i]].resource
        chosen = choices[offset[i] : offset[i + 1]]
        events.append(
            PlacedEvent.made_of(
                {
                    "id": op.id,
                    "resource_id": None if resource == NO_RESOURCE else ids[resource],
                    "start_date": from_ms(start_ms),
                    "end_date": from_ms(end_ms),
                    "changed": _is_changed(op, resource, start_ms, end_ms, chosen),
                    "demands": tuple([ids[r] for r in _named(problem, op, chosen)]) if chosen else None,
                }
            )
        )
    return events


def _named(problem: Problem, op: OpData, chosen: list[int]) -> list[int]:
    """Return the resource to name for each demand: the first that could serve it where it is not held."""
    if problem.idle not in chosen:
        return chosen
    return [d.candidates[0] if r == problem.idle else r for d, r in zip(op.demands, chosen, strict=True)]


def _span_ms(problem: Problem, op: OpData, mode: int, start: int, end: int) -> tuple[int, int]:
    if op.fixed is not None:
        return op.fixed.placement.start_ms, op.fixed.placement.end_ms
    start_ms = problem.to_ms(start)
    if problem.is_exact:
        return start_ms, problem.to_ms(end)
    data = op.modes[mode]
    if data.resource == NO_RESOURCE or data.work_ms == 0:
        return start_ms, start_ms + data.work_ms
    resource = problem.request.schedule_data.snapshot.resources[data.resource]
    exact = problem.times.of(resource.id).add(start_ms, data.work_ms)
    return start_ms, problem.to_ms(end) if exact is None else exact


def _is_changed(op: OpData, resource: int, start_ms: int, end_ms: int, chosen: list[int]) -> bool:
    old = op.previous
    if old is None or (old.resource, old.start_ms, old.end_ms) != (resource, start_ms, end_ms):
        return True
    return list(op.previous_choice) != chosen
