"""What must hold of every outcome of the solver, whatever the request: told as plain sentences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.apply import apply_result
from engine.check import check_result, untolerated
from engine.metrics import objective_vector
from engine.model import OptimizationRequest, PlacedEvent
from engine.pinning import pins
from engine.solve.engine import solve
from engine.solve.report import Outcome, StopFlag


@dataclass
class Told:
    """A reporter that keeps plans and bounds."""

    vectors: list[tuple[int, ...]] = field(default_factory=list)
    bounds: list[float] = field(default_factory=list)

    def phase(self, name: str, percentage: float) -> None:
        """Ignore the step."""

    def incumbent(self, events: list[PlacedEvent], vector: tuple[int, ...], bound: float | None) -> None:
        """Keep the plan's vector."""
        self.vectors.append(vector)

    def bound(self, value: float) -> None:
        """Keep the bound."""
        self.bounds.append(value)


def solved(request: OptimizationRequest) -> tuple[Outcome, list[str]]:
    """Solve a request; return the outcome and what is wrong with it by itself."""
    told = Told()
    outcome = solve(request, told, StopFlag())
    return outcome, list(faults(request, outcome, told))


def faults(request: OptimizationRequest, outcome: Outcome, told: Told) -> Iterable[str]:
    """Yield what is wrong with an outcome by itself."""
    schedule = request.schedule_data
    if outcome.events is None or outcome.vector is None:
        if outcome.status not in ("infeasible", "unknown") or outcome.events is not None or outcome.vector is not None:
            yield f"{outcome.status} without a plan"
        return
    for violation in untolerated(check_result(request, outcome.events), pins(schedule, request)):
        yield f"{violation.rule}: {violation.message}"
    if (known := objective_vector(request, apply_result(schedule, outcome.events))) != outcome.vector:
        yield f"the plan is worth {known}, not {outcome.vector}"
    if outcome.bound is not None and outcome.bound > outcome.vector[0]:
        yield f"bound {outcome.bound} above {outcome.vector[0]}"
    if told.vectors != sorted(told.vectors, reverse=True) or len(set(told.vectors)) != len(told.vectors):
        yield f"plans that are not better one after the other: {told.vectors}"
    if not told.vectors or told.vectors[-1] != outcome.vector:
        yield f"{outcome.vector} was never reported: {told.vectors}"
    if told.bounds != sorted(told.bounds):
        yield f"bounds that fall: {told.bounds}"


def contradictions(outcomes: Iterable[Outcome]) -> Iterable[str]:
    """Yield where outcomes of one problem contradict each other."""
    outcomes = list(outcomes)
    vectors = [o.vector for o in outcomes if o.vector is not None]
    if not vectors:
        return
    best = min(vectors)
    for outcome in outcomes:
        if outcome.status == "infeasible":
            yield f"called infeasible, but there is a plan: {best}"
        if outcome.status == "optimal" and outcome.vector != best:
            yield f"{outcome.vector} called optimal, but there is {best}"
        if outcome.bound is not None and outcome.bound > best[0]:
            yield f"a bound of {outcome.bound}, but there is {best}"
