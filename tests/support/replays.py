"""Plans to replay: checked plans of random plants, and distributions in a few words."""

from __future__ import annotations

from typing import Any

from engine.apply import apply_result
from engine.check import check
from engine.model import Locks, OptimizationRequest, Options, Schedule
from engine.robustness import Distributions, parse_distributions
from engine.solve.engine import solve
from engine.solve.report import SilentReporter, StopFlag


def planned(schedule: Schedule, locks: Locks | None = None) -> Schedule | None:
    """Return the plan of the dispatching rules, ``None`` when it is not complete and feasible."""
    options = Options(time_limit=0.5, workers=1, deterministic=True)
    request = OptimizationRequest(schedule_data=schedule, locks=locks or Locks(), algorithm_id=4, options=options)
    outcome = solve(request, SilentReporter(), StopFlag())
    if outcome.events is None:
        return None
    plan = apply_result(schedule, outcome.events)
    return None if check(plan) else plan


def noise(duration: dict[str, Any] | None = None, **fields: Any) -> Distributions:
    """Return distributions with this default for durations; further fields of the default's noise."""
    default = {**({"duration": duration} if duration else {}), **fields}
    return parse_distributions({"default": default})


def fixed(value: float) -> Distributions:
    """Return distributions in which everything takes ``value`` times as long."""
    return noise({"type": "fixed", "value": value})
