"""One scheduling problem in integers: what the dispatch rules, local search and CP-SAT all work on.

Times are ticks from the horizon start ``h0`` (``Problem.h0_ms``, ``Problem.tick_ms``); what happened before it is
negative. Intervals are half-open. Lower bounds are rounded up and upper bounds down to ticks, durations up: what is
feasible in ticks is feasible in ms. At the natural tick (``Problem.is_exact``) nothing is rounded.

``compile.compile_problem`` makes a ``Problem`` of a request. It leaves out what is out of scope and
unplaced, drops every rule that only operations *fixed by circumstance* (started, completed, frozen, out of scope)
take part in, and everything that is switched off.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.calendars import WorkingTimes
    from engine.model import OptimizationRequest
    from engine.solve.problem.timeline import Timeline

NO_RESOURCE = -1
NO_FAMILY = -1
NO_ORDER = -1
FORBIDDEN = -1

FixedBy = Literal["completed", "started", "frozen", "scope", "lock"]


@dataclass(frozen=True, slots=True)
class ModeData:
    """One way to run an operation: ``work`` ticks of working time of ``resource`` (an index, or ``NO_RESOURCE``).

    ``work_ms`` is the exact work, ``cost`` the money that choosing it costs.
    """

    resource: int
    work: int
    work_ms: int
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class DemandData:
    """``quantity`` units of one of ``candidates`` (resource indices, at least one), held over [setup_start, end).

    The operation's work (not its breaks) must lie in the working time of the chosen resource. With ``only_on`` it is
    held in the modes on these resources alone: the last candidate is then ``Problem.idle``, which serves in all others.
    """

    candidates: tuple[int, ...]
    quantity: int
    only_on: tuple[int, ...] | None = None

    def on(self, resource: int) -> tuple[int, ...]:
        """Return the candidates in the mode on a primary resource."""
        if self.only_on is None:
            return self.candidates
        return self.candidates[:-1] if resource in self.only_on else self.candidates[-1:]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an operation stands: ticks (start rounded down, end up) and the exact instants in ms since 1970."""

    resource: int
    start: int
    end: int
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class FixedData:
    """A placement that must stay, and why. All but 'lock' are fixed by circumstance."""

    placement: Placement
    by: FixedBy

    @property
    def is_lock(self) -> bool:
        """Whether it is a lock: then a conflict with it makes the problem infeasible."""
        return self.by == "lock"

    @property
    def is_history(self) -> bool:
        """Whether the operation has begun: it needs no setup any more."""
        return self.by in ("completed", "started")


@dataclass(frozen=True, slots=True)
class OpData:
    """One operation.

    Attributes
    ----------
    modes
        At least one. A fixed operation has exactly one, on the resource where it stands.
    demands
        Secondary needs. The choice of a fixed operation is narrowed to the one it has, if it has one.
    family
        Setup family index or ``NO_FAMILY``.
    order
        Order index or ``NO_ORDER``.
    release
        Earliest start of its setup (its own and its order's release date, the horizon start), and so of itself.
    est, lst, eet, let
        Further bounds on its start and end (date constraints, deadlines, order deadline). ``-FOREVER`` and ``FOREVER``
        where there is none. Of an operation fixed by circumstance all five are void.
    due_ms
        Its own due date, ms since 1970, or None.
    weight
        Its priority.
    fixed
        Set when its placement must stay.
    previous
        Its placement in the input, or None: the warm start, and what ``incrementalMode`` compares with.
    previous_choice
        The resource that serves each demand in the input, ``NO_RESOURCE`` where that is open.
    served
        Of a fixed one: the resource that is to serve each demand (``engine.solve.problem.served``).
    """

    index: int
    id: str
    modes: tuple[ModeData, ...]
    demands: tuple[DemandData, ...] = ()
    family: int = NO_FAMILY
    order: int = NO_ORDER
    interruptible: bool = True
    release: int = 0
    est: int = 0
    lst: int = 0
    eet: int = 0
    let: int = 0
    due_ms: int | None = None
    weight: float = 1.0
    fixed: FixedData | None = None
    previous: Placement | None = None
    previous_choice: tuple[int, ...] = ()
    served: tuple[int, ...] = ()

    @property
    def is_movable(self) -> bool:
        """Whether the optimiser may choose its placement."""
        return self.fixed is None

    @property
    def is_circumstance(self) -> bool:
        """Whether it is fixed by circumstance: then only what it does to others counts."""
        return self.fixed is not None and not self.fixed.is_lock

    @property
    def is_history(self) -> bool:
        """Whether it has begun."""
        return self.fixed is not None and self.fixed.is_history

    @property
    def needs_setup(self) -> bool:
        """Whether a setup comes before it (if its resource has a matrix): not for what has begun already."""
        return self.family != NO_FAMILY and (self.fixed is None or not self.fixed.is_history)


@dataclass(frozen=True, slots=True)
class SetupData:
    """The setup matrix of a resource, dense over all families (``[from, to]``).

    ``ticks`` are durations with ``FORBIDDEN`` where the sequence is banned, ``ms`` the exact durations of the rules,
    banned or not, ``cost`` money. ``initial`` is the family the resource stands in before its first operation with a
    family, or ``NO_FAMILY`` (then no setup).
    """

    ticks: NDArray[np.int64]
    ms: NDArray[np.int64]
    cost: NDArray[np.float64]
    initial: int


@dataclass(frozen=True, slots=True)
class ResourceData:
    """One resource.

    Attributes
    ----------
    capacity
        Units at once; meaningless when ``infinite``.
    working
        Its calendar minus full outages in ticks; None = always working.
    setup
        Its setup matrix; such a resource has capacity 1.
    outages
        Partial outages ``(start, end, units)``: units that are missing. They may overlap.
    blocked
        Spans ``(start, end)`` that no span of a movable operation, setup included, may overlap, as primary or
        secondary.
    stock
        What all demands on it together may come to, where it is nonrenewable; it is ``infinite`` at any one time then.
    """

    index: int
    id: str
    capacity: int
    infinite: bool
    working: Timeline | None = None
    setup: SetupData | None = None
    outages: tuple[tuple[int, int, int], ...] = ()
    blocked: tuple[tuple[int, int], ...] = ()
    cost_per_hour: float = 0.0
    stock: int | None = None

    @property
    def is_unary(self) -> bool:
        """Whether it runs one operation at a time."""
        return self.capacity == 1 and not self.infinite


@dataclass(frozen=True, slots=True)
class ArcData:
    """A dependency: point(succ) - point(pred) within [min_lag, max_lag] ticks; ``max_lag`` None = no upper bound.

    ``pred_end`` / ``succ_end`` tell whether the point is the end or the start of the operation (setup not included).
    """

    id: str
    pred: int
    succ: int
    pred_end: bool
    succ_end: bool
    min_lag: int
    max_lag: int | None = None


@dataclass(frozen=True, slots=True)
class SetData:
    """A set constraint over operation indices (at least two)."""

    id: str
    ops: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class OrderData:
    """An order that has operations in the problem. Release and deadline are already in its operations' bounds."""

    index: int
    id: str
    ops: tuple[int, ...]
    due_ms: int | None
    weight: float


@dataclass(frozen=True, slots=True)
class ObjectiveData:
    """What to minimise. The vector and its units are those of ``engine.metrics.objective_vector``.

    Attributes
    ----------
    names
        The ladder of objective names, most important first; empty when ``weights`` is set.
    weights
        The mix by name (makespan, tardiness, throughput, cost, balance, setup, change), or None.
    incremental, change_weight
        ``incrementalMode`` and its weight.
    tardiness_cost_per_hour
        For minimize_cost.
    balance_end_ms
        End of the reference window [h0, end) for balance_resources.
    balance_resources
        Indices of the resources of limited capacity that are a possible primary of some operation.
    balance_available_ms
        Working ms within the reference window times capacity, of every resource by index.
    balance_groups
        The sets of (only such) resource indices whose utilisation should be alike.
    """

    names: tuple[str, ...]
    weights: dict[str, float] | None = None
    incremental: bool = False
    change_weight: float = 0.0
    tardiness_cost_per_hour: float = 1.0
    balance_end_ms: int = 0
    balance_resources: tuple[int, ...] = ()
    balance_available_ms: tuple[int, ...] = ()
    balance_groups: tuple[tuple[int, ...], ...] = ()


@dataclass(slots=True)
class Problem:
    """Everything a solver needs, in ticks. Treat it as immutable; compile it anew with ``growth`` for a wider window.

    Attributes
    ----------
    request
        What it was compiled from.
    h0_ms, tick_ms, is_exact
        Horizon start; length of a tick; whether the tick is the natural one, so that nothing had to be rounded.
    window_end
        The tick up to which calendars are known. No placement may reach beyond.
    horizon
        A tick by which a sensible plan should end (for a model's domains); at most ``window_end``.
    ops, resources, orders, families, arcs
        Indexed by their own ``index``; ``families`` are names.
    same, different, nooverlap
        Set constraints.
    demand_offset
        ``demand_offset[op] + k`` is the position of demand ``k`` of ``op`` in ``Solution.choice``; length ops + 1.
    times
        Working times in ms, by resource id, over the window.
    warnings
        What was tolerated or left out, in plain words.
    idle
        Index of a resource without limits that stands in where a demand is not held, or ``NO_RESOURCE`` where every
        demand is held in every mode.
    is_served
        Whether who is to serve what is fixed (``OpData.served``) breaks no capacity.
    evaluator
        Kept by ``engine.solve.problem.evaluate``.
    """

    request: OptimizationRequest
    h0_ms: int
    tick_ms: int
    is_exact: bool
    window_end: int
    horizon: int
    ops: tuple[OpData, ...]
    resources: tuple[ResourceData, ...]
    orders: tuple[OrderData, ...]
    families: tuple[str, ...]
    arcs: tuple[ArcData, ...]
    same: tuple[SetData, ...]
    different: tuple[SetData, ...]
    nooverlap: tuple[SetData, ...]
    objective: ObjectiveData
    demand_offset: tuple[int, ...]
    times: WorkingTimes
    warnings: list[str] = field(default_factory=list)
    idle: int = NO_RESOURCE
    is_served: bool = True
    evaluator: object = field(default=None, repr=False, compare=False)

    def to_ms(self, tick: int) -> int:
        """Return the instant of a tick in ms since 1970."""
        return self.h0_ms + tick * self.tick_ms

    @property
    def movable(self) -> list[int]:
        """Indices of the operations that may be placed freely."""
        return [op.index for op in self.ops if op.fixed is None]

    @property
    def stocks(self) -> list[ResourceData]:
        """The nonrenewable resources."""
        return [resource for resource in self.resources if resource.stock is not None]


@dataclass(slots=True)
class Solution:
    """A complete plan in ticks: arrays by operation index, ``choice`` (resource indices) by ``demand_offset``.

    ``setup_start`` equals ``start`` where there is no setup. Fixed operations are included.
    """

    mode: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    setup_start: NDArray[np.int64]
    choice: NDArray[np.int64]

    @staticmethod
    def empty(problem: Problem) -> Solution:
        """Return a solution of zeros, to be filled."""
        n = len(problem.ops)
        arrays = [np.zeros(n, np.int64) for _ in range(4)]
        return Solution(*arrays, choice=np.full(problem.demand_offset[-1], NO_RESOURCE, np.int64))

    def copy(self) -> Solution:
        """Return an independent copy."""
        return Solution(
            self.mode.copy(), self.start.copy(), self.end.copy(), self.setup_start.copy(), self.choice.copy()
        )
