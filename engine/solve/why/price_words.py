"""Values of objectives, and differences of them, in the planner's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.metrics import SCALE
from engine.wording import length

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.metrics import Kpis

_PARTS: dict[str, tuple[tuple[str, str], ...]] = {
    "minimize_makespan": (("time", "shorter"),),
    "minimize_tardiness": (("time", "less weighted lateness"),),
    "maximize_throughput": (("count", "fewer late (weighted)"), ("time", "less weighted lateness")),
    "minimize_setup": (("time", "less setup"), ("time", "shorter")),
    "minimize_cost": (("money", "less cost"),),
    "balance_resources": (("share", "lower peak load"), ("share", "less spread of load")),
    "weighted_mix": (("mix", "better"),),
}
"""Of each component of an objective's vector: its unit, and what less of it is called."""


def value_words(name: str, value: float) -> str:
    """Return the value of an objective, in its native unit, with that unit."""
    unit = _PARTS[name][0][0]
    if unit == "time":
        return length(round(value))
    if unit == "share":
        return f"{value / 10_000:.1f} %"
    return f"{value:,.2f}"


def improvement_words(names: Sequence[str], before: tuple[int, ...], after: tuple[int, ...]) -> str:
    """Return by how much a worth is better, in its first component that differs; ``no gain`` when none does."""
    parts = [(name, unit, words) for name in names for unit, words in _PARTS[name]]
    for (name, unit, words), old, new in zip(parts, before, after, strict=True):
        if old != new:
            return f"{_amount(name, unit, old - new)} {words}"
    return "no gain"


def figures_words(before: Kpis, after: Kpis) -> str:
    """Return how the key figures of a plan differ, better and worse, in words."""
    times = (
        ("weighted_tardiness_ms", "less weighted lateness", "more weighted lateness"),
        ("makespan_ms", "shorter", "longer"),
        ("setup_ms", "less setup", "more setup"),
    )
    parts: list[str] = []
    for name, less, more in times:
        gain = getattr(before, name) - getattr(after, name)
        if gain:
            parts.append(f"{length(abs(gain))} {less if gain > 0 else more}")
    cost = before.cost - after.cost
    if abs(cost) >= 0.01:
        parts.append(f"{abs(cost):,.2f} {'less' if cost > 0 else 'more'} cost")
    return ", ".join(parts) or "no gain"


def _amount(name: str, unit: str, amount: int) -> str:
    if unit == "time":
        return length(amount)
    if unit == "share":
        return f"{amount / 10_000:.1f} %"
    return f"{amount / SCALE[name]:,.2f}"
