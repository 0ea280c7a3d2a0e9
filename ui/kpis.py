"""The figures of a plan as a planner reads them, and which way each is better."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from ui import text

Tone = Literal["good", "bad", "none"]


class KpiValues(Protocol):
    """What ``engine.metrics.Kpis`` holds."""

    @property
    def makespan_ms(self) -> int: ...
    @property
    def late_orders(self) -> int: ...
    @property
    def total_tardiness_ms(self) -> int: ...
    @property
    def utilization(self) -> float: ...
    @property
    def setup_ms(self) -> int: ...
    @property
    def cost(self) -> float: ...


@dataclass(frozen=True, slots=True)
class KpiSpec:
    """One figure: ``field`` of the Kpis, how to write it and its change, and whether more or less is better."""

    field: str
    title: str
    meaning: str
    written: Callable[[Any], str]
    change_written: Callable[[Any], str]
    is_more_better: bool
    step: float
    """A smaller change is none (what the written change would round to nothing)."""


KPIS: Final[tuple[KpiSpec, ...]] = (
    KpiSpec(
        "makespan_ms",
        "Makespan",
        "From the start of the horizon to the end of the last operation",
        text.duration,
        text.signed_duration,
        False,
        1,
    ),
    KpiSpec(
        "late_orders",
        "Late orders",
        "Orders whose last operation ends after the due date",
        text.number,
        text.signed_number,
        False,
        1,
    ),
    KpiSpec(
        "total_tardiness_ms",
        "Tardiness",
        "How late all late orders are together",
        text.duration,
        text.signed_duration,
        False,
        1,
    ),
    KpiSpec(
        "utilization",
        "Utilisation",
        "Busy working time of the resources as a share of their available working time over the makespan",
        text.percent,
        lambda change: f"{text.signed_number(change * 100, 1)} %",
        True,
        0.0005,
    ),
    KpiSpec("setup_ms", "Setup", "Time spent on setups", text.duration, text.signed_duration, False, 1),
    KpiSpec(
        "cost",
        "Cost",
        "Resource hours, setups, chosen alternatives and lateness, in the currency of the plant's cost rates",
        text.number,
        text.signed_number,
        False,
        0.5,
    ),
)


@dataclass(frozen=True, slots=True)
class KpiChange:
    """A change in words, and whether it is good."""

    text: str
    tone: Tone


def change(spec: KpiSpec, before: KpiValues, after: KpiValues) -> KpiChange:
    """Return how the figure changed from ``before`` to ``after``."""
    difference = getattr(after, spec.field) - getattr(before, spec.field)
    if abs(difference) < spec.step:
        return KpiChange("±0", "none")
    is_good = (difference > 0) == spec.is_more_better
    return KpiChange(spec.change_written(difference), "good" if is_good else "bad")
