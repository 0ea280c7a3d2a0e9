"""The planner's words for objectives, algorithms and run states, and the units their values are read in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ui import text

OBJECTIVE_TITLES: Final[dict[str, str]] = {
    "minimize_tardiness": "Least tardiness",
    "maximize_throughput": "Most orders on time",
    "minimize_makespan": "Shortest makespan",
    "minimize_setup": "Least setup time",
    "minimize_cost": "Least cost",
    "balance_resources": "Even utilisation",
}
OBJECTIVE_TIPS: Final[dict[str, str]] = {
    "minimize_tardiness": "Sum of lateness over orders, each times its priority",
    "maximize_throughput": "Fewest late orders, then least tardiness",
    "minimize_makespan": "The last operation ends as early as possible",
    "minimize_setup": "Least total setup time, then the shortest makespan",
    "minimize_cost": "Resource hours, setups, chosen alternatives and lateness",
    "balance_resources": "Lowest peak utilisation, then least spread within a group",
}
WEIGHT_TITLES: Final[dict[str, tuple[str, str]]] = {
    "tardiness": ("Tardiness", "per hour late, times priority"),
    "throughput": ("Late orders", "per late order, times priority"),
    "makespan": ("Makespan", "per hour"),
    "setup": ("Setup", "per hour"),
    "cost": ("Cost", "per unit of cost"),
    "balance": ("Peak utilisation", "per per cent"),
    "change": ("Change", "per hour moved or changed resource"),
}
ALGORITHM_TITLES: Final[dict[int, tuple[str, str]]] = {
    1: ("Automatic", "Chooses by the size of the plan"),
    2: ("CP-SAT", "Exact: proves how good the plan is"),
    3: ("CP-SAT with large neighbourhoods", "For large plans"),
    4: ("Dispatching rules", "Instant, without proof"),
}
STATUS_TITLES: Final[dict[str, str]] = {
    "queued": "Queued",
    "running": "Running",
    "completed": "Completed",
    "failed": "Failed",
    "cancelled": "Cancelled",
}
STATUS_CHIPS: Final[dict[str, str]] = {
    "queued": "chip-none",
    "running": "chip-info",
    "completed": "chip-good",
    "failed": "chip-bad",
    "cancelled": "chip-none",
}


@dataclass(frozen=True, slots=True)
class Unit:
    """How values of an objective are drawn: divide by ``divisor``, name the axis ``name``."""

    divisor: float
    name: str


_TIME_OBJECTIVES = frozenset({"minimize_makespan", "minimize_tardiness", "minimize_setup"})


def time_unit(largest_ms: float) -> Unit:
    """Return the unit in which durations up to ``largest_ms`` read best."""
    if largest_ms >= 4 * text.DAY_MS:
        return Unit(text.DAY_MS, "days")
    return Unit(text.HOUR_MS, "hours") if largest_ms >= 3 * text.HOUR_MS else Unit(text.MINUTE_MS, "minutes")


def axis_unit(objective: str | None, largest: float) -> Unit:
    """Return the unit in which values up to ``largest`` read best."""
    if objective in _TIME_OBJECTIVES:
        return time_unit(largest)
    if objective == "balance_resources":
        return Unit(10_000, "% peak utilisation")
    names = {"maximize_throughput": "late orders", "minimize_cost": "cost", "weighted_mix": "weighted sum"}
    return Unit(1, names.get(objective or "", ""))


def objective_text(objective: str | None, value: float | None) -> str:
    """Return an objective value in words; a dash when there is none."""
    if value is None:
        return text.DASH
    written: dict[str, Callable[[float], str]] = {
        "maximize_throughput": lambda v: f"{text.number(v, 0 if v == int(v) else 1)} late",
        "minimize_cost": lambda v: text.number(v, 0 if abs(v) >= 100 else 2),
        "balance_resources": lambda v: f"{text.number(v / 10_000, 1)} % peak",
    }
    if objective in _TIME_OBJECTIVES:
        return text.duration(value)
    return written.get(objective or "", lambda v: text.number(v, 0 if abs(v) >= 1000 else 2))(value)


def goal_title(objective: str | None) -> str:
    """Return what a run makes small, in words; a dash when it is not known."""
    return "Weighted sum" if objective == "weighted_mix" else OBJECTIVE_TITLES.get(objective or "", text.DASH)


def gap_text(gap: float | None) -> str:
    """Return a gap as per cent."""
    if gap is None:
        return text.DASH
    return text.percent(gap, 0 if gap == 0 or gap >= 10 else 2 if gap < 0.001 else 1)
