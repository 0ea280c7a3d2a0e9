"""Problems as flow shops in flat arrays: what the compiled iterated greedy search works on.

In a flow shop all orders visit the same stages one after the other. A stage is a resource of any capacity; with a setup
matrix it is a single machine. There are release dates and least lags, no calendars and no secondary resources.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from engine.solve.problem.problem import FORBIDDEN, NO_FAMILY, NO_RESOURCE
from engine.solve.problem.timeline import FOREVER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from engine.solve.problem.problem import OpData, Problem, ResourceData

    Ints = NDArray[np.int64]

FAST, STEPWISE, PLANNED = 0, 1, 2
"""How places for a job are tried: see the kernels."""

_NEVER = 1 << 50
_LOWER_STEP = 1e-3
_LEAST_JOBS = 5


class Flow(NamedTuple):
    """The problem in arrays over jobs and stages; times are ticks.

    A job costs ``rate`` a tick that it ends after ``due``; each tick of the last end costs ``end_rate``. ``sorts``
    tells at which stages jobs are taken as they arrive, ``kind`` how places are tried (see the kernels).
    """

    stages: int
    kind: int
    most_machines: int
    machines: Ints
    sorts: Ints
    work: Ints
    lag: Ints
    ready: Ints
    due: Ints
    rate: NDArray[np.float64]
    end_rate: float
    family: Ints
    first_family: Ints
    setup_of: Ints
    setup: Ints


def supports_flow(problem: Problem) -> bool:
    """Whether a problem is a flow shop whose makespan or lateness is to be least."""
    return problem.idle == NO_RESOURCE and _rates(problem) is not None and jobs_of(problem) is not None


def jobs_of(problem: Problem) -> Ints | None:
    """Return the operations by job and stage, or None where the problem is no flow shop."""
    if problem.nooverlap or problem.same or problem.different:
        return None
    if not all(_is_plain(problem, op) for op in problem.ops):
        return None
    behind = [-1] * len(problem.ops)
    is_first = [True] * len(problem.ops)
    for arc in problem.arcs:
        is_plain = arc.pred_end and not arc.succ_end and arc.min_lag >= 0 and arc.max_lag is None
        if not is_plain or behind[arc.pred] >= 0 or not is_first[arc.succ]:
            return None
        behind[arc.pred], is_first[arc.succ] = arc.succ, False
    chains: list[list[int]] = []
    for o in range(len(problem.ops)):
        if is_first[o]:
            chain = [o]
            while behind[chain[-1]] >= 0:
                chain.append(behind[chain[-1]])
            chains.append(chain)
    if len(chains) < _LEAST_JOBS or sum(map(len, chains)) < len(problem.ops):
        return None
    routes = {tuple(problem.ops[o].modes[0].resource for o in chain) for chain in chains}
    route = next(iter(routes))
    if len(routes) > 1 or len(set(route)) < len(route):
        return None
    return np.array(chains, np.int64) if _has_plain_dates(problem, chains) else None


def _is_plain(problem: Problem, op: OpData) -> bool:
    mode = op.modes[0]
    if len(op.modes) > 1 or op.fixed is not None or op.demands or mode.resource == NO_RESOURCE or mode.work == 0:
        return False
    resource = problem.resources[mode.resource]
    if resource.setup is not None and (op.family == NO_FAMILY or (resource.setup.ticks == FORBIDDEN).any()):
        return False
    if not 0 < resource.capacity <= 1_000 or resource.infinite or resource.stock is not None:
        return False
    return resource.working is None and not resource.blocked and not resource.outages


def _has_plain_dates(problem: Problem, chains: list[list[int]]) -> bool:
    """Whether a job has at most one release date, and due dates at its end only."""
    ends = {chain[-1] for chain in chains}
    for chain in chains:
        first = problem.ops[chain[0]]
        ready = max(0, first.release, first.est)
        for o in chain:
            op = problem.ops[o]
            if max(op.release, op.est) > ready or op.eet > op.est + op.modes[0].work or (op.due_ms and o not in ends):
                return False
            if op.lst < FOREVER or op.let < FOREVER:
                return False
    return all(order.due_ms is None or len(ends.intersection(order.ops)) == 1 for order in problem.orders)


def _rates(problem: Problem) -> tuple[float, float] | None:
    """Return what a tick of lateness and of makespan cost, or None where something else counts, too."""
    objective = problem.objective
    if objective.incremental:
        return None
    if objective.weights is not None:
        known = {name: weight for name, weight in objective.weights.items() if weight}
        if not set(known) <= {"makespan", "tardiness"}:
            return None
        return known.get("tardiness", 0.0), known.get("makespan", 0.0)
    rates = {"minimize_tardiness": 0.0, "minimize_makespan": 0.0}
    for level, name in enumerate(objective.names):
        if name not in rates:
            return None
        rates[name] += _LOWER_STEP**level
    return rates["minimize_tardiness"], rates["minimize_makespan"]


def flow_of(problem: Problem, jobs: Ints) -> Flow:
    """Return the arrays of a problem that ``supports_flow`` accepts, with its operations by job and stage."""
    rates = _rates(problem)
    assert rates is not None
    late_rate, end_rate = rates
    ops = problem.ops
    stages = [problem.resources[ops[int(o)].modes[0].resource] for o in jobs[0]]
    machines = _ints(resource.capacity for resource in stages)
    due, rate = _due(problem, jobs, late_rate)
    lag_behind = {arc.pred: arc.min_lag for arc in problem.arcs}
    ready = _ints(max(0, ops[int(o)].release, ops[int(o)].est) for o in jobs[:, 0])
    kind = STEPWISE if rate.any() or ready.any() else FAST
    setup_of, setup = _setups(stages)
    return Flow(
        stages=len(stages),
        kind=PLANNED if (machines > 1).any() else kind,
        most_machines=int(machines.max()),
        machines=machines,
        sorts=_ints(bool((machines[:s] > 1).any()) for s in range(len(stages))),
        work=np.array([[ops[o].modes[0].work for o in row] for row in jobs.tolist()], np.int64),
        lag=np.array([[lag_behind.get(o, 0) for o in row] for row in jobs.tolist()], np.int64),
        ready=ready,
        due=due,
        rate=rate,
        end_rate=end_rate,
        family=np.array([[max(0, ops[o].family) for o in row] for row in jobs.tolist()], np.int64),
        first_family=_ints(NO_FAMILY if r.setup is None else r.setup.initial for r in stages),
        setup_of=setup_of,
        setup=setup,
    )


def _due(problem: Problem, jobs: Ints, late_rate: float) -> tuple[Ints, NDArray[np.float64]]:
    """Return when each job is due, and what a tick of its lateness costs."""
    job_of = {int(o): j for j, o in enumerate(jobs[:, -1])}
    due, rate = np.full(len(jobs), _NEVER, np.int64), np.zeros(len(jobs))
    dates = [(order.due_ms, order.weight, o) for order in problem.orders for o in order.ops if o in job_of]
    dates += [(op.due_ms, op.weight, op.index) for op in problem.ops]
    for due_ms, weight, o in dates:
        if due_ms is not None:
            tick = (due_ms - problem.h0_ms) // problem.tick_ms
            due[job_of[o]] = min(due[job_of[o]], tick)
            rate[job_of[o]] += late_rate * weight
    return due, rate


def _setups(stages: list[ResourceData]) -> tuple[Ints, Ints]:
    tables = [r.setup.ticks for r in stages if r.setup is not None]
    place = iter(range(len(tables)))
    of = _ints(-1 if r.setup is None else next(place) for r in stages)
    return of, np.stack(tables).astype(np.int64) if tables else np.zeros((1, 1, 1), np.int64)


def _ints(values: Iterable[int]) -> Ints:
    return np.array(list(values), np.int64)
