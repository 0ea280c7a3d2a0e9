"""Cells from runs: every plan, ours and the peers', laid over its instance, checked and weighed by the same code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.bench.cells import Cell, Status
from app.bench.gaps import gap_percent
from app.bench.manifest import Instance
from app.bench.measured import measured_run
from app.bench.peer_problem import CannotExpress, PeerProblem, peer_problem
from app.bench.peers import ask
from app.exchange.benchmark import UNIT_MS
from engine.apply import apply_result
from engine.check import check
from engine.errors import TaktwerkError
from engine.metrics import objective_vector
from engine.model import OptimizationRequest, PlacedEvent

_MIB = 1 << 20
_PROVEN = 0.999
"""A peer's bound is of a whole-numbered value, so anything closer than one unit is a proof."""


@dataclass(frozen=True, slots=True)
class Task:
    """An instance, and the request that asks for a plan of it."""

    instance: Instance
    request: OptimizationRequest


def blank(task: Task, solver: str, status: Status, reason: str | None = None, **figures: Any) -> Cell:
    """Return the cell of a solver without a plan."""
    known = task.instance
    return Cell(
        family=known.family,
        instance=known.name,
        solver=solver,
        operations=len(task.request.schedule_data.snapshot.events),
        objective=known.objective,
        status=status,
        best_known=known.best_known,
        best_known_bound=known.bound,
        reason=reason,
        **figures,
    )


def own_cell(task: Task, solver: str) -> Cell:
    """Return what this engine makes of an instance, by the algorithm of the request, as the workstation runs it."""
    run = measured_run(task.request)
    figures: dict[str, Any] = {"wall_s": round(run.wall_s, 2), "peak_mib": run.peak_bytes // _MIB or None}
    result = run.response.result
    if result is None:
        error = run.response.error
        return blank(task, solver, "no plan", error.message if error else run.response.status.value, **figures)
    figures["first_plan_ms"] = result.metrics.first_solution_ms
    if result.metrics.best_bound is not None:
        figures["bound"] = result.metrics.best_bound / UNIT_MS
    return judged(task, solver, result.events, is_optimal=result.metrics.proof == "optimal", figures=figures)


def peer_cell(task: Task, name: str, python: str) -> Cell:
    """Return what a peer makes of an instance."""
    try:
        problem = peer_problem(task.request)
    except CannotExpress as error:
        return blank(task, name, "cannot express", str(error))
    options = task.request.options
    limits = {"timeLimit": options.time_limit, "workers": options.workers, "seed": options.seed}
    run = ask(python, name, {**problem.document, **limits})
    figures: dict[str, Any] = {"wall_s": round(run.wall_s, 2), "peak_mib": run.peak_bytes // _MIB or None}
    answer = run.document
    if answer is None:
        return blank(task, name, "failed" if run.is_broken else "no plan", run.reason, **figures)
    if answer["tasks"] is None:
        status: Status = "cannot express" if answer["status"] == "cannot express" else "no plan"
        return blank(task, name, status, answer.get("reason") or answer["status"], **figures)
    return _of_answer(task, name, problem, answer, figures)


def _of_answer(task: Task, name: str, problem: PeerProblem, answer: dict[str, Any], figures: dict[str, Any]) -> Cell:
    if answer["firstS"] is not None:
        figures["first_plan_ms"] = round(1000 * answer["firstS"])
    if answer["bound"] is not None:
        figures["bound"] = answer["bound"] * problem.tick_ms / UNIT_MS
    is_optimal = answer["status"] == "optimal"
    return judged(task, name, problem.events(answer["tasks"]), is_optimal=is_optimal, figures=figures)


def judged(
    task: Task, solver: str, events: Sequence[PlacedEvent], *, is_optimal: bool, figures: dict[str, Any]
) -> Cell:
    """Return the cell of a plan, by the independent checker and our own weighing, whatever its solver says of it."""
    request, known = task.request, task.instance
    try:
        plan = apply_result(request.schedule_data, events, mark_manual=False)
    except (TaktwerkError, ValueError) as error:
        return blank(task, solver, "broken plan", str(error)[:300], **figures)
    violations = check(plan, request.schedule_data, request)
    value = objective_vector(request, plan)[0] / UNIT_MS
    if violations:
        reason = violations[0].message
        return blank(task, solver, "broken plan", reason, value=value, violations=len(violations), **figures)
    gap = None if known.best_known is None else gap_percent(value, known.best_known, known.objective)
    bound = figures.get("bound")
    is_proven = is_optimal and (bound is None or bound > value - _PROVEN)
    return blank(task, solver, "plan", value=value, violations=0, gap=gap, optimal=is_proven, **figures)
