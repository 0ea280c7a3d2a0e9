"""The schedule contract as frozen, strict pydantic models, field for field.

Names on the wire are camelCase (``startDate``), in Python snake_case (``start_date``). Durations are integer
milliseconds, instants aware UTC datetimes, intervals half-open. Equal data gives equal, hashable-by-content models;
an edit is ``model_copy(update=...)``. Cross-reference checks live in ``engine.validate``, whose ``parse_*`` functions
are the way in for data from outside.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from engine.instants import Instant

MAX_ID_LENGTH = 200
MAX_TEXT_LENGTH = 2_000

Id = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID_LENGTH)]
Text = Annotated[str, StringConstraints(max_length=MAX_TEXT_LENGTH)]
Milliseconds = Annotated[int, Field(ge=0, le=100 * 366 * 86_400_000)]
SignedMilliseconds = Annotated[int, Field(ge=-100 * 366 * 86_400_000, le=100 * 366 * 86_400_000)]
Weight = Annotated[float, Field(ge=0, le=1e9)]
Attributes = dict[str, Any]

_T = TypeVar("_T")
Many = Annotated[tuple[_T, ...], Field(strict=False)]
"""A JSON array, kept as a tuple."""


class Dto(BaseModel):
    """Base of everything that crosses a door: frozen, strict, no unknown fields, no NaN or infinity."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=to_camel,
        populate_by_name=True,
        allow_inf_nan=False,
    )

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data with wire names; absent fields are left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    @classmethod
    def made_of(cls, values: dict[str, Any]) -> Self:
        """Return an object of all its fields, which are known to be valid: many times as fast as checking them."""
        return _made(cls, values, set(values))

    def altered(self, values: dict[str, Any]) -> Self:
        """Return a copy with other values, which are known to be valid: ``model_copy`` in a fraction of the time."""
        given = self.__pydantic_fields_set__
        return _made(
            type(self), {**self.__dict__, **values}, given if values.keys() <= given else given | values.keys()
        )


_M = TypeVar("_M", bound=Dto)


def _made(cls: type[_M], values: dict[str, Any], given: set[str]) -> _M:
    made = cls.__new__(cls)
    put = object.__setattr__
    put(made, "__dict__", values)
    put(made, "__pydantic_fields_set__", given)
    put(made, "__pydantic_extra__", None)
    put(made, "__pydantic_private__", None)
    return made


class Status(StrEnum):
    """How far an operation is."""

    PLANNED = "planned"
    RELEASED = "released"
    STARTED = "started"
    COMPLETED = "completed"


class DependencyType(IntEnum):
    """The four dependency types, numbered as on the wire."""

    START_TO_START = 0
    START_TO_FINISH = 1
    FINISH_TO_START = 2
    FINISH_TO_FINISH = 3


class Resource(Dto):
    """A machine, line, person or tool. ``capacity`` counts units usable at once.

    Of a ``nonrenewable`` one (material, money; an extension of the contract) ``capacity`` is the whole stock: what all
    operations of the plan demand of it together. It is a secondary resource and has no time.
    """

    id: Id
    name: Text
    type: Text = "machine"
    calendar: Id | None = None
    capacity: Annotated[int, Field(ge=0, le=1_000_000)] = 1
    infinite: bool = False
    nonrenewable: bool = False
    efficiency: Annotated[float, Field(gt=0, le=1000)] = 1.0
    setup_matrix: Id | None = None
    initial_setup: Id | None = None
    cost_per_hour: Weight | None = None
    group: Text | None = None
    attributes: Attributes | None = None


class Mode(Dto):
    """One alternative of an operation: a primary resource, with its own duration (ms at efficiency 1) and cost."""

    resource_id: Id
    duration: Milliseconds | None = None
    cost: Weight | None = None


class Demand(Dto):
    """A secondary need, held for the operation's whole span, setup included.

    ``resource_id`` alone is a fixed need. ``resource_ids`` is a choice of one; ``resource_id`` beside it is the
    present choice (an extension of the contract, which has no field for it). ``only_on`` (an extension too) limits the
    need to some of the operation's modes: those on these primary resources.
    """

    resource_id: Id | None = None
    resource_ids: Many[Id] | None = None
    quantity: Annotated[int, Field(ge=0, le=1_000_000)] = 1
    only_on: Many[Id] | None = None

    def is_held_on(self, resource_id: str | None) -> bool:
        """Whether it is needed while the operation runs on a primary resource."""
        return self.only_on is None or resource_id in self.only_on

    @property
    def candidates(self) -> tuple[str, ...]:
        """The resources that can serve this demand."""
        if self.resource_ids is not None:
            return self.resource_ids
        return (self.resource_id,) if self.resource_id is not None else ()


class Operation(Dto):
    """One operation, *event* on the wire. ``duration`` is working time in ms at efficiency 1, without setup.

    ``[start_date, end_date)`` is the present placement, breaks included, setup excluded.
    """

    id: Id
    name: Text
    duration: Milliseconds
    resource_id: Id | None = None
    start_date: Instant | None = None
    end_date: Instant | None = None
    manually_scheduled: bool = False
    locked: bool = False
    priority: Weight | None = None
    modes: Many[Mode] | None = None
    demands: Many[Demand] | None = None
    setup_family: Id | None = None
    order_id: Id | None = None
    release_date: Instant | None = None
    due_date: Instant | None = None
    deadline: Instant | None = None
    interruptible: bool = True
    status: Annotated[Status, Field(strict=False)] = Status.PLANNED
    percent_done: Annotated[float, Field(ge=0, le=100)] = 0
    attributes: Attributes | None = None

    @property
    def weight(self) -> float:
        """The priority, 1 by default."""
        return 1.0 if self.priority is None else self.priority

    @property
    def needs(self) -> tuple[Demand, ...]:
        """The demands that it has on its present primary resource."""
        if not self.demands:
            return ()
        for demand in self.demands:
            if demand.only_on is not None:
                return tuple(demand for demand in self.demands if demand.is_held_on(self.resource_id))
        return self.demands

    @property
    def is_placed(self) -> bool:
        """Whether it has a start and an end."""
        return self.start_date is not None and self.end_date is not None

    @property
    def alternatives(self) -> tuple[Mode, ...]:
        """The modes to choose from: ``modes``, or the one resource it has, or none (it runs on no primary resource)."""
        if self.modes:
            return self.modes
        return (Mode(resource_id=self.resource_id),) if self.resource_id is not None else ()


class Order(Dto):
    """A customer order. Release holds for all its operations; due (soft) and deadline (hard) for its last end."""

    id: Id
    name: Text
    product: Text | None = None
    quantity: Annotated[float, Field(ge=0)] | None = None
    customer: Text | None = None
    release_date: Instant | None = None
    due_date: Instant | None = None
    deadline: Instant | None = None
    priority: Weight | None = None
    attributes: Attributes | None = None

    @property
    def weight(self) -> float:
        """The priority, 1 by default."""
        return 1.0 if self.priority is None else self.priority


LagUnit = Literal["ms", "s", "m", "h", "d"]
LAG_UNIT_MS: dict[str, int] = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
LagAmount = Annotated[float, Field(ge=-3.2e12, le=3.2e12)]


class Dependency(Dto):
    """A precedence with elapsed-time lag: successor point >= predecessor point + lag, and <= point + max_lag."""

    id: Id
    from_event: Id
    to_event: Id
    type: Annotated[DependencyType, Field(strict=False)] = DependencyType.FINISH_TO_START
    lag: LagAmount = 0
    lag_unit: LagUnit = "ms"
    max_lag: LagAmount | None = None
    max_lag_unit: LagUnit = "ms"

    @property
    def lag_ms(self) -> int:
        """The lag in ms."""
        return round(self.lag * LAG_UNIT_MS[self.lag_unit])

    @property
    def max_lag_ms(self) -> int | None:
        """The greatest lag in ms, if there is one."""
        return None if self.max_lag is None else round(self.max_lag * LAG_UNIT_MS[self.max_lag_unit])


class _Constraint(Dto):
    id: Id
    enabled: bool = True
    name: Text | None = None


class DateConstraint(_Constraint):
    """A hard date on one operation."""

    type: Literal[
        "startnoearlierthan",
        "startnolaterthan",
        "finishnoearlierthan",
        "finishnolaterthan",
        "muststarton",
        "mustfinishon",
    ]
    event_id: Id
    date: Instant


class Unavailable(_Constraint):
    """Maintenance or breakdown of ``capacity`` units (all by default) over ``[start, end)``."""

    type: Literal["unavailable"]
    resource_id: Id
    start: Instant
    end: Instant
    reason: Text | None = None
    capacity: Annotated[int, Field(ge=0)] | None = None


class SetConstraint(_Constraint):
    """A rule on a set of operations: the same or pairwise different primary resources, or never two at once."""

    type: Literal["sameresource", "differentresource", "nooverlap"]
    event_ids: Many[Id]


Constraint = Annotated[DateConstraint | Unavailable | SetConstraint, Field(discriminator="type")]

ClockTime = Annotated[str, StringConstraints(pattern=r"^(([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?|24:00(:00)?)$")]


class Shift(Dto):
    """A weekly working interval, local time, on ``days`` (Monday = 1); ``to`` <= ``from`` runs past midnight."""

    days: Many[Annotated[int, Field(ge=1, le=7)]]
    from_: ClockTime = Field(validation_alias="from", serialization_alias="from")
    to: ClockTime


class CalendarException(Dto):
    """A span, dates (whole local days, ``to`` included) or date-times (half-open), that overrides the week."""

    from_: Annotated[str, StringConstraints(min_length=1, max_length=40)] = Field(
        validation_alias="from", serialization_alias="from"
    )
    to: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    working: bool
    name: Text | None = None


class Calendar(Dto):
    """Working time: a week in local time and exceptions, later ones over earlier ones."""

    id: Id
    name: Text
    time_zone: Text | None = None
    week: Many[Shift]
    exceptions: Many[CalendarException] = ()


class SetupDefault(Dto):
    """The setup between families that no rule names."""

    duration: Milliseconds
    cost: Weight | None = None


class SetupRule(Dto):
    """The setup from one family to another (``*`` = any); ``forbidden`` bans the sequence."""

    from_: Id = Field(validation_alias="from", serialization_alias="from")
    to: Id
    duration: Milliseconds = 0
    cost: Weight | None = None
    forbidden: bool = False


class SetupMatrix(Dto):
    """Sequence-dependent setups; the first matching rule holds, else ``default``, else no setup."""

    id: Id
    name: Text
    default: SetupDefault | None = None
    rules: Many[SetupRule] = ()


class Snapshot(Dto):
    """Everything in a schedule."""

    resources: Many[Resource] = ()
    events: Many[Operation] = ()
    dependencies: Many[Dependency] = ()
    constraints: Many[Constraint] = ()
    calendars: Many[Calendar] = ()
    orders: Many[Order] = ()
    setup_matrices: Many[SetupMatrix] = ()


class Metadata(Dto):
    """Where and when a schedule was taken. ``horizon_start`` is "now"; what starts before ``freeze_until`` stays."""

    plant_id: Text
    timestamp: Instant
    user_id: Text
    time_zone: Text = "UTC"
    name: Text | None = None
    schedule_id: Text | None = None
    horizon_start: Instant | None = None
    freeze_until: Instant | None = None


class Schedule(Dto):
    """ScheduleDataDTO: one schedule, as stored, sent and solved."""

    version: Text
    snapshot: Snapshot
    metadata: Metadata


ObjectiveName = Literal[
    "minimize_makespan",
    "maximize_throughput",
    "minimize_cost",
    "balance_resources",
    "minimize_tardiness",
    "minimize_setup",
]
OBJECTIVES: tuple[str, ...] = ObjectiveName.__args__  # type: ignore[attr-defined]


class Weights(Dto):
    """A weighted mix; see ``engine.metrics`` for the unit of each term."""

    makespan: Weight = 0
    tardiness: Weight = 0
    throughput: Weight = 0
    cost: Weight = 0
    balance: Weight = 0
    setup: Weight = 0
    change: Weight = 0


class Scope(Dto):
    """Only operations that meet every given field may move."""

    event_ids: Many[Id] | None = None
    resource_ids: Many[Id] | None = None
    start: Instant | None = None
    end: Instant | None = None


class Options(Dto):
    """How to optimise. ``time_limit`` in seconds; ``tick`` and ``memory_limit`` (MiB) may be left to the engine."""

    objective: ObjectiveName | None = None
    weights: Weights | None = None
    objectives: Many[ObjectiveName] | None = None
    time_limit: Annotated[float, Field(gt=0, le=7 * 86_400)] = 30.0
    workers: Annotated[int, Field(ge=1, le=256)] | None = None
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    deterministic: bool = False
    incremental_mode: bool = False
    change_weight: Weight = 0.05
    warm_start: bool = True
    scope: Scope | None = None
    tick: Annotated[int, Field(ge=1, le=86_400_000)] | None = None
    tardiness_cost_per_hour: Weight = 1.0
    memory_limit: Annotated[int, Field(ge=64, le=1_000_000)] | None = None


class ResourceInterval(Dto):
    """A span of a resource that is blocked for everything but what is locked there."""

    resource_id: Id
    start: Instant
    end: Instant


class Locks(Dto):
    """What the optimiser must leave alone."""

    events: Many[Id] = ()
    resource_intervals: Many[ResourceInterval] = ()


class OptimizationRequest(Dto):
    """OptimizationRequestDTO: a schedule and how to optimise it."""

    schedule_data: Schedule
    algorithm_id: Annotated[int, Field(ge=1, le=4)] = 1
    profile_id: int | None = None
    options: Options = Options()
    locks: Locks = Locks()


class RunStatus(StrEnum):
    """The states of a run; the last three are terminal."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Progress(Dto):
    """How far a run is: 0-100 %, the current step, seconds left."""

    percentage: Annotated[float, Field(ge=0, le=100)]
    current_step: str | None = None
    estimated_time_remaining: float | None = None


class PlacedEvent(Dto):
    """One operation of a result. ``demands`` lists the chosen resource of each demand, in their order."""

    id: Id
    resource_id: Id | None = None
    start_date: Instant | None = None
    end_date: Instant | None = None
    changed: bool = False
    demands: Many[Id] | None = None


class Metrics(Dto):
    """What a plan is worth. Times in ms, utilisation 0-1; ``gap`` = |incumbent - bound| / max(1, |incumbent|)."""

    makespan: int
    resource_utilization: float
    total_setup_time: int
    constraint_violations: int
    improvement_percentage: float = 0
    objective: str | None = None
    objective_value: float | None = None
    best_bound: float | None = None
    gap: float | None = None
    total_tardiness: int = 0
    weighted_tardiness: int = 0
    late_orders: int = 0
    cost: float = 0
    changed_events: int = 0
    first_solution_ms: int | None = None
    solve_ms: int | None = None
    proof: Literal["optimal", "feasible"] | None = None


class OptimizationResult(Dto):
    """The plan that a run found."""

    version_id: str | None = None
    events: Many[PlacedEvent]
    metrics: Metrics
    warnings: Many[str] = ()


class ErrorObject(Dto):
    """A coded error on the wire."""

    code: str
    message: str
    details: dict[str, Any] = {}


class OptimizationResponse(Dto):
    """OptimizationResponseDTO: the state of a run, and its result or error."""

    run_id: str
    status: Annotated[RunStatus, Field(strict=False)]
    progress: Progress | None = None
    result: OptimizationResult | None = None
    error: ErrorObject | None = None
