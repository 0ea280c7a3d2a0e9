"""The objective side of a problem: names or weights, and the constants that balance needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.horizon import horizon_start_ms, reference_end_ms
from engine.metrics import objective_names, objective_weights
from engine.solve.problem.problem import ObjectiveData
from engine.utilization import groups_of, possible_primaries

if TYPE_CHECKING:
    from engine.calendars import WorkingTimes
    from engine.model import OptimizationRequest


def compile_objective(request: OptimizationRequest, times: WorkingTimes) -> ObjectiveData:
    """Return what to minimise (``engine.metrics.objective_vector`` has the definitions and units)."""
    options = request.options
    weights = objective_weights(request)
    schedule = request.schedule_data
    resources = schedule.snapshot.resources
    start_ms, end_ms = horizon_start_ms(schedule), reference_end_ms(schedule)
    possible = possible_primaries(schedule)
    counted = [i for i, r in enumerate(resources) if r.id in possible and not r.infinite and r.capacity]
    index = {resources[i].id: i for i in counted}
    groups = (tuple(index[key] for key in group if key in index) for group in groups_of(schedule))
    return ObjectiveData(
        names=() if weights is not None else tuple(objective_names(request)),
        weights=None if weights is None else dict(weights),
        incremental=options.incremental_mode,
        change_weight=options.change_weight,
        tardiness_cost_per_hour=options.tardiness_cost_per_hour,
        balance_end_ms=end_ms,
        balance_resources=tuple(counted),
        balance_available_ms=tuple(times.of(r.id).between(start_ms, end_ms) * r.capacity for r in resources),
        balance_groups=tuple(group for group in groups if len(group) > 1),
    )
