"""What a plan is worth at the desk, and which plans no other one beats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from engine.metrics import kpis
from engine.model import Metrics, Schedule


@dataclass(frozen=True, slots=True)
class Figures:
    """The key figures of a plan, as ``engine.metrics.Kpis``; ``moved`` counts operations that are placed differently
    than in the base."""

    makespan_ms: int
    late_orders: int
    total_tardiness_ms: int
    utilization: float
    setup_ms: int
    cost: float
    moved: int = 0

    @staticmethod
    def of_metrics(found: Metrics) -> Figures:
        """Return the figures of a run's result."""
        return Figures(
            found.makespan,
            found.late_orders,
            found.total_tardiness,
            found.resource_utilization,
            found.total_setup_time,
            found.cost,
            found.changed_events,
        )

    @staticmethod
    def of_plan(schedule: Schedule, moved: int = 0) -> Figures:
        """Return the figures of a plan as it stands."""
        found = kpis(schedule)
        return Figures(
            found.makespan_ms,
            found.late_orders,
            found.total_tardiness_ms,
            found.utilization,
            found.setup_ms,
            found.cost,
            moved,
        )

    def to_json(self) -> dict[str, Any]:
        """Return them by wire name."""
        names = {
            "makespan_ms": "makespan",
            "late_orders": "lateOrders",
            "total_tardiness_ms": "totalTardiness",
            "utilization": "resourceUtilization",
            "setup_ms": "totalSetupTime",
            "cost": "cost",
            "moved": "changedEvents",
        }
        return {names[key]: value for key, value in asdict(self).items()}


def dominates(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether ``one`` is nowhere worse and somewhere better; less is better."""
    return all(a <= b for a, b in zip(one, other, strict=True)) and any(a < b for a, b in zip(one, other, strict=True))


def non_dominated(points: Sequence[Sequence[float]]) -> list[bool]:
    """Return for each point whether no other one dominates it; less is better, equal points stand together."""
    return [not any(dominates(other, point) for other in points) for point in points]
