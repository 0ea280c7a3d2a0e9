"""A comparison: every solver on every instance, one after the other, instance by instance."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from app import exchange
from app.bench.cells import OWN, Cell, Conditions, Results
from app.bench.judging import Task, blank, own_cell, peer_cell
from app.bench.machine import OtherLoad, describe
from app.bench.manifest import Instance
from engine.errors import TaktwerkError
from engine.model import OptimizationRequest, Options, Schedule

ALGORITHMS = {"auto": 1, "cp-sat": 2, "cp-sat-lns": 3, "dispatch": 4}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be compared.

    ``algorithms`` are names of ``ALGORITHMS``; ``peers`` maps each peer that is there to its versions; ``python`` is
    under what they run.
    """

    instances: Sequence[Instance]
    algorithms: Sequence[str]
    peers: Mapping[str, dict[str, str | None]]
    python: str
    time_limit: float
    workers: int
    seed: int

    @property
    def solvers(self) -> dict[str, str | None]:
        """The solvers by name, and the algorithm of those that are ours."""
        own = {OWN if name == "auto" else f"{OWN}:{name}": name for name in self.algorithms}
        return {**own, **dict.fromkeys(self.peers)}

    def conditions(self) -> Conditions:
        """Return under what conditions it is measured, now and here."""
        return Conditions(
            date=dt.datetime.now(dt.UTC).date().isoformat(),
            time_limit=self.time_limit,
            workers=self.workers,
            seed=self.seed,
            solvers=tuple(self.solvers),
            machine=describe(),
            peers=dict(self.peers),
        )


def compare(plan: Plan, results: Results, on_cell: Callable[[Cell, int, int], None]) -> None:
    """Measure every cell that the results lack, and add it to them.

    Parameters
    ----------
    on_cell
        Called after each cell with its number and how many there are to measure.
    """
    missing = [
        (instance, solver, algorithm)
        for instance in plan.instances
        for solver, algorithm in plan.solvers.items()
        if not results.has(instance.family, instance.name, solver)
    ]
    schedule: Schedule | TaktwerkError | None = None
    last: Instance | None = None
    for number, (instance, solver, algorithm) in enumerate(missing, start=1):
        if instance is not last:
            schedule, last = _read(instance), instance
        assert schedule is not None
        with OtherLoad() as others:
            cell = _cell(plan, instance, schedule, solver, algorithm)
        cell = cell.model_copy(update={"other_load": others.cores})
        results.add(cell)
        on_cell(cell, number, len(missing))


def _read(instance: Instance) -> Schedule | TaktwerkError:
    try:
        return exchange.read(instance.path, instance.format)
    except TaktwerkError as error:
        return error


def _cell(
    plan: Plan, instance: Instance, schedule: Schedule | TaktwerkError, solver: str, algorithm: str | None
) -> Cell:
    if isinstance(schedule, TaktwerkError):
        return Cell(
            family=instance.family,
            instance=instance.name,
            solver=solver,
            operations=instance.operations,
            objective=instance.objective,
            status="unreadable",
            best_known=instance.best_known,
            best_known_bound=instance.bound,
            reason=schedule.message[:300],
        )
    options = Options.model_validate(
        {
            "objective": instance.objective,
            "time_limit": plan.time_limit,
            "workers": plan.workers,
            "seed": plan.seed,
        }
    )
    number = ALGORITHMS[algorithm or "auto"]
    request = OptimizationRequest(schedule_data=schedule, algorithm_id=number, options=options)
    task = Task(instance, request)
    try:
        return own_cell(task, solver) if algorithm is not None else peer_cell(task, solver, plan.python)
    except TaktwerkError as error:
        return blank(task, solver, "no plan", error.message[:300])
