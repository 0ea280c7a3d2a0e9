"""What a plan is worth: key figures, and objectives as vectors of integers that are compared lexicographically.

Every vector component is an exactly reproducible integer, the smaller the better: ms for times, ppm for utilisation,
and thousandths of the native unit for what may have fractions (see ``SCALE``). Sums of weighted values go through
``math.fsum``, so that the order of operations does not matter.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from engine.apply import placement
from engine.check import Violation, check
from engine.costs import operation_costs
from engine.horizon import horizon_start_ms, reference_end_ms
from engine.instants import to_ms
from engine.kpi_tally import KpiTally
from engine.model import Metrics, OptimizationRequest, Schedule, Weights
from engine.plan import PlanFacts
from engine.utilization import Utilization, groups_of

HOUR_MS = 3_600_000
MINUTE_MS = 60_000
WEIGHTED_MIX = "weighted_mix"
"""The name reported for a mix of weights."""

AUTOMATIC_MIX = Weights(tardiness=1, makespan=0.5, setup=0.5)
"""What a planner who names no goal wants: an hour late counts as two hours of setup, or of makespan.

A ladder would give up days of makespan for a minute of lateness; and few setups are also how lateness gets small.
"""

SCALE: Mapping[str, int] = {
    "minimize_makespan": 1,
    "minimize_tardiness": 1,
    "minimize_setup": 1,
    "balance_resources": 1,
    "maximize_throughput": 1_000,
    "minimize_cost": 1_000,
    WEIGHTED_MIX: 1_000_000,
}
"""Units of a vector's first component in one native unit: ms, ms, ms, ppm, weighted late count, money, mix value."""

_TIMES = frozenset({"minimize_makespan", "minimize_tardiness", "minimize_setup"})


@dataclass(frozen=True, slots=True)
class Kpis:
    """The key figures of a plan.

    ``makespan_ms`` is the last end minus the horizon's start. ``late_orders`` counts orders that end after their due
    date, and late operations without an order. Tardiness sums over orders (last end) and over operations with a due
    date of their own. ``utilization`` is 0-1: busy working time (setups included) over available working time, from
    the horizon's start to the last end, of all resources of limited capacity that an operation can use.
    """

    makespan_ms: int
    late_orders: int
    total_tardiness_ms: int
    weighted_tardiness_ms: int
    utilization: float
    setup_ms: int
    cost: float
    unscheduled: int


def kpis(
    schedule: Schedule,
    facts: PlanFacts | None = None,
    tardiness_cost_per_hour: float = 1.0,
    tally: KpiTally | None = None,
) -> Kpis:
    """Return the key figures of a schedule as it stands. Operations without a placement count for nothing else.

    ``facts`` and ``tally`` spare work where the caller has them already; the figures are the same without.
    """
    worth = _Worth(facts or PlanFacts(schedule), tardiness_cost_per_hour=tardiness_cost_per_hour, tally=tally)
    return Kpis(
        makespan_ms=worth.makespan_ms,
        late_orders=len(worth.late_weights),
        total_tardiness_ms=sum(late_ms for _, late_ms in worth.tardiness),
        weighted_tardiness_ms=worth.weighted_tardiness_ms,
        utilization=worth.utilization,
        setup_ms=worth.setup_ms,
        cost=worth.cost,
        unscheduled=len(worth.facts.unscheduled),
    )


def objective_names(request: OptimizationRequest) -> tuple[str, ...]:
    """Return the ladder of objectives that the request asks for; ``("weighted_mix",)`` for weights.

    Without any: ``AUTOMATIC_MIX`` if anything has a due date; else makespan.
    """
    options = request.options
    if objective_weights(request) is not None:
        return (WEIGHTED_MIX,)
    if options.objectives:
        return options.objectives
    return ("minimize_makespan",) if options.objective is None else (options.objective,)


def objective_weights(request: OptimizationRequest) -> Weights | None:
    """Return the weights of the mix that the request asks for, or None if it asks for named objectives.

    A request that names no objective, of a schedule with due dates, is for ``AUTOMATIC_MIX``.
    """
    options = request.options
    if options.weights is not None or options.objectives or options.objective is not None:
        return options.weights
    snapshot = request.schedule_data.snapshot
    has_due = any(item.due_date is not None for item in (*snapshot.orders, *snapshot.events))
    return AUTOMATIC_MIX if has_due else None


def objective_name(request: OptimizationRequest) -> str:
    """Return the name of what the request minimises first."""
    return objective_names(request)[0]


def objective_vector(
    request: OptimizationRequest, schedule: Schedule, facts: PlanFacts | None = None
) -> tuple[int, ...]:
    """Return the worth of a plan for a request: integers, compared lexicographically, the smaller the better.

    Horizon, reference window and what counts as a change come from the request's own schedule, so that all plans for
    one request compare. Only complete plans do: an operation without a placement counts for nothing.

    Parameters
    ----------
    request
        Objectives, weights, and the input plan.
    schedule
        The plan.
    facts
        ``PlanFacts(schedule)`` if the caller has them already.
    """
    base = request.schedule_data
    rate = request.options.tardiness_cost_per_hour
    worth = _Worth(facts or PlanFacts(schedule), base, rate)
    names = objective_names(request)
    vector = [part for name in names for part in _parts(name, worth, objective_weights(request))]
    if request.options.incremental_mode:
        unit = MINUTE_MS if names[0] in _TIMES else SCALE[names[0]]
        vector[0] += round(request.options.change_weight * worth.change_minutes * unit)
    return tuple(vector)


def objective_value(request: OptimizationRequest, vector: tuple[int, ...]) -> float:
    """Return a vector's first component in its native unit: ms, ppm, weighted late count, money, mix value."""
    return vector[0] / SCALE[objective_name(request)]


def gap_of(value: float, bound: float | None) -> float | None:
    """Return |incumbent - bound| / max(1, |incumbent|), or ``None`` without a bound."""
    return None if bound is None else abs(value - bound) / max(1.0, abs(value))


def improvement_percentage(before: float, after: float) -> float:
    """Return by how many percent of ``before`` the objective got better; 0 when there was nothing to improve."""
    return (before - after) / abs(before) * 100 if before else 0.0


def metrics(
    request: OptimizationRequest,
    result: Schedule,
    *,
    violations: Iterable[Violation] | None = None,
    best_bound: float | None = None,
    first_solution_ms: int | None = None,
    solve_ms: int | None = None,
    facts: PlanFacts | None = None,
) -> Metrics:
    """Return the metrics of a result, measured against the request's own schedule.

    Parameters
    ----------
    request
        What was asked.
    result
        The resulting schedule.
    violations
        What the checker found; it is asked when this is absent.
    best_bound
        Proven bound of the objective, in its native unit. Equal to the objective's value it proves it optimal.
    first_solution_ms, solve_ms
        How long the first plan and the whole run took.
    facts
        ``PlanFacts(result)`` if the caller has them already.
    """
    facts = facts or PlanFacts(result)
    worth = _Worth(facts, request.schedule_data, request.options.tardiness_cost_per_hour)
    value = objective_value(request, objective_vector(request, result, facts))
    found = check(result, request=request, facts=facts) if violations is None else list(violations)
    gap = gap_of(value, best_bound)
    return Metrics(
        makespan=worth.makespan_ms,
        resource_utilization=worth.utilization,
        total_setup_time=worth.setup_ms,
        constraint_violations=len(found),
        improvement_percentage=_improvement(request, value),
        objective=objective_name(request),
        objective_value=value,
        best_bound=best_bound,
        gap=gap,
        total_tardiness=sum(late_ms for _, late_ms in worth.tardiness),
        weighted_tardiness=worth.weighted_tardiness_ms,
        late_orders=len(worth.late_weights),
        cost=worth.cost,
        changed_events=len(changed_ids(request.schedule_data, result)),
        first_solution_ms=first_solution_ms,
        solve_ms=solve_ms,
        proof="optimal" if gap is not None and gap <= 1e-9 else "feasible",
    )


def changed_ids(base: Schedule, result: Schedule) -> tuple[str, ...]:
    """Return the operations of ``result`` whose placement differs from that in ``base``."""
    before = {op.id: op for op in base.snapshot.events}
    return tuple(
        op.id
        for op in result.snapshot.events
        if (old := before.get(op.id)) is not op and (old is None or placement(op) != placement(old))
    )


def utilization_by_resource(schedule: Schedule, facts: PlanFacts | None = None) -> dict[str, float]:
    """Return the utilisation of each resource of limited capacity that an operation can use, as in ``Kpis``."""
    facts = facts or PlanFacts(schedule)
    until_ms = facts.last_end_ms
    return {} if until_ms is None else Utilization(facts, facts.horizon_start_ms, until_ms).shares()


class _Worth:
    """All that any objective needs of one plan, computed when asked for."""

    def __init__(
        self,
        facts: PlanFacts,
        base: Schedule | None = None,
        tardiness_cost_per_hour: float = 1.0,
        tally: KpiTally | None = None,
    ) -> None:
        self.facts = facts
        self._base = base or facts.schedule
        self._rate = tardiness_cost_per_hour
        self._tally = tally

    @cached_property
    def start_ms(self) -> int:
        own = self._base is self.facts.schedule
        return self.facts.horizon_start_ms if own else horizon_start_ms(self._base)

    @property
    def makespan_ms(self) -> int:
        end_ms = self.facts.last_end_ms
        return 0 if end_ms is None else max(0, end_ms - self.start_ms)

    @cached_property
    def tardiness(self) -> list[tuple[float, int]]:
        """(weight, tardiness in ms) of every late order and every operation late by its own due date."""
        facts = self.facts
        late = [(facts.orders[k].weight, ms) for k, ms in facts.order_lateness_ms.items() if ms > 0]
        return late + [(facts.operations[k].weight, ms) for k, ms in facts.event_lateness_ms.items() if ms > 0]

    @cached_property
    def weighted_tardiness_ms(self) -> int:
        return round(math.fsum(weight * late_ms for weight, late_ms in self.tardiness))

    @cached_property
    def late_weights(self) -> list[float]:
        """The weights of late orders, and of late operations that have no order."""
        facts = self.facts
        late = [facts.orders[k].weight for k, ms in facts.order_lateness_ms.items() if ms > 0]
        alone = (facts.operations[k] for k, ms in facts.event_lateness_ms.items() if ms > 0)
        return late + [op.weight for op in alone if op.order_id is None]

    @cached_property
    def setup_ms(self) -> int:
        return sum(setup.duration_ms for setup in self.facts.setups.values())

    @cached_property
    def cost(self) -> float:
        """Resource hours, setup rules, modes, and weighted tardiness hours, in money."""
        terms = operation_costs(self.facts) if self._tally is None else self._tally.cost_terms()
        terms += [setup.cost for setup in self.facts.setups.values()]
        terms.append(self.weighted_tardiness_ms / HOUR_MS * self._rate)
        return math.fsum(terms)

    @cached_property
    def utilization(self) -> float:
        """Busy over available working time, over the makespan."""
        until_ms = self.facts.last_end_ms
        if until_ms is None:
            return 0.0
        if self._tally is not None:
            return self._tally.utilization(until_ms)
        return Utilization(self.facts, self.start_ms, until_ms).overall()

    @cached_property
    def balance_ppm(self) -> tuple[int, int]:
        """Peak utilisation in the reference window, and the sum of its spreads within groups."""
        window = (self.start_ms, reference_end_ms(self._base))
        ppm = Utilization(self.facts, *window).loads_ppm()
        groups = groups_of(self._base)
        spread = sum(max(used) - min(used) for group in groups if (used := [ppm[key] for key in group if key in ppm]))
        return max(ppm.values(), default=0), spread

    @cached_property
    def change_minutes(self) -> float:
        """Minutes moved plus 60 for every changed resource, of operations that the base has placed."""
        moved_ms, switched = 0, 0
        for old in self._base.snapshot.events:
            now_ms = self.facts.starts.get(old.id)
            if old.start_date is not None and old.end_date is not None and now_ms is not None:
                moved_ms += abs(now_ms - to_ms(old.start_date))
                switched += self.facts.operations[old.id].resource_id != old.resource_id
        return moved_ms / MINUTE_MS + 60 * switched


def _parts(name: str, worth: _Worth, weights: Weights | None) -> tuple[int, ...]:
    """The vector of one objective."""
    match name:
        case "minimize_makespan":
            return (worth.makespan_ms,)
        case "minimize_tardiness":
            return (worth.weighted_tardiness_ms,)
        case "maximize_throughput":
            return round(math.fsum(worth.late_weights) * SCALE[name]), worth.weighted_tardiness_ms
        case "minimize_setup":
            return worth.setup_ms, worth.makespan_ms
        case "minimize_cost":
            return (round(worth.cost * SCALE[name]),)
        case "balance_resources":
            return worth.balance_ppm
        case _:
            return (round(_mix(worth, weights or Weights()) * SCALE[WEIGHTED_MIX]),)


def _mix(worth: _Worth, weights: Weights) -> float:
    """The weighted sum: hours, weighted hours late, weighted late count, money, percent, setup and change hours."""
    terms = (
        weights.makespan and weights.makespan * worth.makespan_ms / HOUR_MS,
        weights.tardiness and weights.tardiness * worth.weighted_tardiness_ms / HOUR_MS,
        weights.throughput and weights.throughput * math.fsum(worth.late_weights),
        weights.cost and weights.cost * worth.cost,
        weights.balance and weights.balance * worth.balance_ppm[0] / 10_000,
        weights.setup and weights.setup * worth.setup_ms / HOUR_MS,
        weights.change and weights.change * worth.change_minutes / 60,
    )
    return math.fsum(terms)


def _improvement(request: OptimizationRequest, value: float) -> float:
    base = request.schedule_data
    facts = PlanFacts(base)
    if facts.unscheduled or not facts.starts:
        return 0.0
    return improvement_percentage(objective_value(request, objective_vector(request, base, facts)), value)
