"""A run's result beside the plan at hand: a diff, never a second schedule that lives on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from engine.apply import apply_result
from engine.check import Violation, check
from engine.diff import other_objects
from engine.instants import to_ms
from engine.merge import Choice, Conflict, merge
from engine.metrics import Kpis, kpis, objective_vector
from engine.model import Operation, OptimizationRequest, OptimizationResult, Schedule
from engine.plan_state import PlanState


@dataclass(frozen=True, slots=True)
class PlacementChange:
    """One operation that a result would move. Times are ms UTC; ``None`` = not scheduled on that side."""

    event_id: str
    name: str
    order_id: str | None
    from_resource: str | None
    to_resource: str | None
    from_start_ms: int | None
    from_end_ms: int | None
    to_start_ms: int | None
    to_end_ms: int | None

    @property
    def shift_ms(self) -> int | None:
        """How much later it would start (negative: earlier)."""
        if self.from_start_ms is None or self.to_start_ms is None:
            return None
        return self.to_start_ms - self.from_start_ms

    @property
    def kind(self) -> str:
        """``resource``, ``moved``, ``added`` or ``removed``."""
        if self.from_start_ms is None:
            return "added"
        if self.to_start_ms is None:
            return "removed"
        return "resource" if self.from_resource != self.to_resource else "moved"


@dataclass(frozen=True)
class Preview:
    """What applying a run's result would make of the working schedule.

    ``merged`` is the three-way merge of (the run's input, the working schedule, the result). ``conflicts`` are the
    placements that both the planner and the run changed; the planner's side is in ``merged`` unless ``resolutions`` say
    otherwise.
    """

    run_id: str
    input: Schedule
    working: Schedule
    result: Schedule
    merged: Schedule
    conflicts: tuple[Conflict, ...]
    warnings: tuple[str, ...]
    resolutions: dict[str, Choice] | None = None
    gain: int | None = None
    """What the run found against what it began with: 1 better, 0 as good, -1 worse; ``None``: not known."""

    @cached_property
    def changes(self) -> tuple[PlacementChange, ...]:
        """The operations that would be placed differently, in the order of the schedule."""
        return tuple(placement_changes(self.working, self.merged))

    @cached_property
    def kpis_before(self) -> Kpis:
        """The working schedule's figures."""
        return kpis(self.working)

    @cached_property
    def after(self) -> PlanState:
        """The plan after applying."""
        return PlanState.of(self.merged)

    @property
    def kpis_after(self) -> Kpis:
        """The figures after applying."""
        return self.after.kpis

    @property
    def violations(self) -> tuple[Violation, ...]:
        """The rules that the merged schedule would break."""
        return self.after.violations

    def rebased(self, working: Schedule, resolutions: Mapping[str, Choice] | None = None) -> Preview:
        """Return the preview over what the planner has made of the schedule meanwhile; earlier resolutions stay."""
        chosen: dict[str, Choice] = {**(self.resolutions or {}), **(resolutions or {})}
        merged = merge(self.input, working, self.result, chosen)
        state = merged.schedule, merged.conflicts, self.warnings, chosen
        return Preview(self.run_id, self.input, working, self.result, *state, gain=self.gain)


def make_preview(
    run_id: str,
    input_schedule: Schedule,
    working: Schedule,
    result: OptimizationResult,
    request: OptimizationRequest | None = None,
) -> Preview:
    """Return the preview of a result over the working schedule; with the ``request``, it knows what was gained."""
    solved = apply_result(input_schedule, result.events)
    merged = merge(input_schedule, working, solved)
    gain = None if request is None else _gain(request, input_schedule, solved)
    return Preview(
        run_id, input_schedule, working, solved, merged.schedule, merged.conflicts, result.warnings, gain=gain
    )


def _gain(request: OptimizationRequest, before: Schedule, after: Schedule) -> int | None:
    """Compare two plans by the goal of a request; a plan that is not complete or breaks rules is worse than any."""
    if any(not op.is_placed for op in before.snapshot.events):
        return 1
    was, now = objective_vector(request, before), objective_vector(request, after)
    if now < was or check(before, request=request):
        return 1
    return 0 if now == was else -1


def placement_changes(before: Schedule, after: Schedule) -> list[PlacementChange]:
    """Return the operations whose resource or times differ, in the order of ``after``."""
    if before is after:
        return []
    pairs = other_objects(before.snapshot.events, after.snapshot.events)
    if pairs is not None and all(was.id == op.id for was, op in pairs):
        return [_change(was, op) for was, op in pairs if _place(was) != _place(op)]
    old = {op.id: op for op in before.snapshot.events}
    changes: list[PlacementChange] = []
    for op in after.snapshot.events:
        was = old.get(op.id)
        if was is op or (was is not None and _place(was) == _place(op)):
            continue
        changes.append(_change(was, op))
    return changes


def _change(was: Operation | None, op: Operation) -> PlacementChange:
    from_place = _place(was) if was else (None, None, None)
    to_place = _place(op)
    return PlacementChange(
        op.id, op.name, op.order_id, from_place[0], to_place[0], from_place[1], from_place[2], to_place[1], to_place[2]
    )


def _place(op: Operation) -> tuple[str | None, int | None, int | None]:
    start = None if op.start_date is None else to_ms(op.start_date)
    end = None if op.end_date is None else to_ms(op.end_date)
    return op.resource_id, start, end
