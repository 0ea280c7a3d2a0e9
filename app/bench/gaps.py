"""How far plans are from the best known ones, instance by instance and family by family."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.bench.cells import OWN, Cell

_NO_BETTER = 1e-9


def gap_percent(value: float, best_known: float, objective: str = "minimize_makespan") -> float:
    """Return how much a value is above the best known one, in %; below 0 when it is better.

    Where the best value may be 0, as for tardiness, it is (value - best) / max(1, best): a plan late by 3 units where
    nothing need be late is 300 % off.
    """
    below_one = objective == "minimize_tardiness" or best_known == 0
    return 100 * (value - best_known) / (max(1.0, best_known) if below_one else best_known)


@dataclass(frozen=True, slots=True)
class FamilyLine:
    """What one solver made of one family.

    Gaps in %, over its plans for instances with a reference: the published best value or, where none is published, the
    best value found in this measurement (``own_reference`` counts those). ``ratio`` is the mean gap of this engine over
    that of this peer, on the instances for which both have a plan; ``lead`` the difference of the two in percentage
    points, which also means something when both gaps are small.
    """

    family: str
    solver: str
    instances: int
    plans: int
    broken: int
    mean_gap: float | None
    worst_gap: float | None
    at_best_known: int
    proven: int
    own_reference: int
    mean_first_plan_s: float | None
    peak_mib: int | None
    ratio: float | None = None
    lead: float | None = None


def family_lines(cells: Sequence[Cell]) -> list[FamilyLine]:
    """Return a line for each family and solver, in the order in which they were first measured."""
    gaps, references = _gaps(cells)
    grouped: defaultdict[tuple[str, str], list[Cell]] = defaultdict(list)
    families = list(dict.fromkeys(cell.family for cell in cells))
    solvers = list(dict.fromkeys(cell.solver for cell in cells))
    for cell in cells:
        grouped[cell.family, cell.solver].append(cell)
    return [
        _line(grouped[family, solver], gaps, references, grouped[family, OWN])
        for family in families
        for solver in solvers
        if grouped[family, solver]
    ]


Key = tuple[str, str, str]


def _gaps(cells: Iterable[Cell]) -> tuple[dict[Key, float], set[tuple[str, str]]]:
    """Return the gap of every plan, and the instances whose reference is the best value of this measurement."""
    best: dict[tuple[str, str], float] = {}
    plans = [cell for cell in cells if cell.has_plan and cell.value is not None]
    for cell in plans:
        assert cell.value is not None
        key = (cell.family, cell.instance)
        best[key] = min(best.get(key, math.inf), cell.value)
    gaps: dict[Key, float] = {}
    own: set[tuple[str, str]] = set()
    for cell in plans:
        assert cell.value is not None
        reference = cell.best_known
        if reference is None:
            reference = best[cell.family, cell.instance]
            own.add((cell.family, cell.instance))
        gaps[cell.key] = gap_percent(cell.value, reference, cell.objective)
    return gaps, own


def _line(
    cells: Sequence[Cell], gaps: dict[Key, float], own_reference: set[tuple[str, str]], ours: Sequence[Cell]
) -> FamilyLine:
    plans = [cell for cell in cells if cell.has_plan]
    found = [gaps[cell.key] for cell in plans if cell.key in gaps]
    firsts = [cell.first_plan_ms / 1000 for cell in plans if cell.first_plan_ms is not None]
    peaks = [cell.peak_mib for cell in cells if cell.peak_mib is not None]
    family, solver = cells[0].family, cells[0].solver
    ratio, lead = _against(cells, ours, gaps) if solver.split(":")[0] != OWN else (None, None)
    return FamilyLine(
        family=family,
        solver=solver,
        instances=len(cells),
        plans=len(plans),
        broken=sum(cell.status == "broken plan" for cell in cells),
        mean_gap=_mean(found),
        worst_gap=max(found, default=None),
        at_best_known=sum(gap <= _NO_BETTER for gap in found),
        proven=sum(cell.optimal for cell in plans),
        own_reference=sum((cell.family, cell.instance) in own_reference for cell in plans),
        mean_first_plan_s=_mean(firsts),
        peak_mib=max(peaks, default=None),
        ratio=ratio,
        lead=lead,
    )


def _against(theirs: Sequence[Cell], ours: Sequence[Cell], gaps: dict[Key, float]) -> tuple[float | None, float | None]:
    """Return our mean gap over theirs, and their mean gap less ours, on the instances that both have a plan for."""
    mine = {cell.instance: gaps[cell.key] for cell in ours if cell.key in gaps}
    both = [(mine[cell.instance], gaps[cell.key]) for cell in theirs if cell.key in gaps and cell.instance in mine]
    if not both:
        return None, None
    own_mean, their_mean = (math.fsum(column) / len(both) for column in zip(*both, strict=True))
    ratio = own_mean / their_mean if their_mean > _NO_BETTER else None
    return ratio, their_mean - own_mean


def _mean(numbers: Sequence[float]) -> float | None:
    return math.fsum(numbers) / len(numbers) if numbers else None
