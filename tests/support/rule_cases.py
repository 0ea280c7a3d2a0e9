"""One tiny instance a rule of the contract, each with its known optimum.

The clock starts on Monday 2026-01-05 00:00 UTC; times in the builders are minutes from there. ``RULE_CASES`` is what
every algorithm is held to: it must find a plan that the checker passes exactly when ``feasible``, and the first
component of that plan's objective vector is ``expected``.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from engine.model import (
    Calendar,
    CalendarException,
    DateConstraint,
    Demand,
    Dependency,
    Locks,
    Metadata,
    Mode,
    Operation,
    OptimizationRequest,
    Options,
    Order,
    Resource,
    ResourceInterval,
    Schedule,
    Scope,
    SetConstraint,
    SetupDefault,
    SetupMatrix,
    SetupRule,
    Shift,
    Snapshot,
    Status,
    Unavailable,
    Weights,
)

MINUTE_MS = 60_000
DAY = 1_440
START = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)


def at(minutes: float) -> dt.datetime:
    """Return the instant ``minutes`` after the start of the clock."""
    return START + dt.timedelta(minutes=minutes)


def op(name: str, minutes: float, resource: str | None = "m1", **fields: Any) -> Operation:
    """Return an operation of a duration in minutes; dates in ``fields`` are minutes too."""
    for key in ("release_date", "due_date", "deadline", "start_date", "end_date"):
        if key in fields:
            fields[key] = at(fields[key])
    return Operation(id=name, name=name, duration=round(minutes * MINUTE_MS), resource_id=resource, **fields)


def placed(name: str, start: float, end: float, resource: str | None = "m1", **fields: Any) -> Operation:
    """Return an operation that stands on ``[start, end)`` minutes; its duration is that long unless given."""
    minutes = fields.pop("minutes", end - start)
    return op(name, minutes, resource, start_date=start, end_date=end, **fields)


def res(name: str, **fields: Any) -> Resource:
    """Return a resource."""
    return Resource(id=name, name=name, **fields)


def on(*modes: tuple[Any, ...]) -> tuple[Mode, ...]:
    """Return modes from ``(resource[, minutes[, cost]])``."""
    out: list[Mode] = []
    for resource, *rest in modes:
        duration = rest[0] * MINUTE_MS if rest and rest[0] is not None else None
        out.append(Mode(resource_id=resource, duration=duration, cost=rest[1] if len(rest) > 1 else None))
    return tuple(out)


def dep(before: str, after: str, kind: int = 2, lag: float = 0, max_lag: float | None = None) -> Dependency:
    """Return a dependency with lags in minutes."""
    return Dependency(
        id=f"{before}-{after}-{kind}",
        from_event=before,
        to_event=after,
        type=kind,  # type: ignore[arg-type]
        lag=lag,
        lag_unit="m",
        max_lag=max_lag,
        max_lag_unit="m",
    )


def date(kind: str, event: str, minutes: float, **fields: Any) -> DateConstraint:
    """Return a date constraint."""
    return DateConstraint(id=f"{kind}-{event}", type=kind, event_id=event, date=at(minutes), **fields)  # type: ignore[arg-type]


def down(resource: str, start: float, end: float, capacity: int | None = None, enabled: bool = True) -> Unavailable:
    """Return an outage."""
    name = f"down-{resource}-{start}"
    return Unavailable(
        id=name,
        type="unavailable",
        resource_id=resource,
        start=at(start),
        end=at(end),
        capacity=capacity,
        enabled=enabled,
    )


def together(kind: str, *events: str) -> SetConstraint:
    """Return a set constraint."""
    return SetConstraint(id=kind, type=kind, event_ids=events)  # type: ignore[arg-type]


def week(name: str, *shifts: tuple[str, str], days: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7), **fields: Any) -> Calendar:
    """Return a calendar with the same shifts on each of ``days``."""
    return Calendar(id=name, name=name, week=tuple(Shift(days=days, from_=a, to=b) for a, b in shifts), **fields)


def matrix(*rules: tuple[str, str, float | None], default: float | None = None, cost: float = 0) -> SetupMatrix:
    """Return the matrix ``s`` of rules in minutes; None bans the sequence. Each setup costs ``cost``."""
    made = tuple(
        SetupRule(from_=a, to=b, forbidden=True)
        if minutes is None
        else SetupRule(from_=a, to=b, duration=round(minutes * MINUTE_MS), cost=cost or None)
        for a, b, minutes in rules
    )
    other = None if default is None else SetupDefault(duration=round(default * MINUTE_MS))
    return SetupMatrix(id="s", name="s", default=other, rules=made)


def order(name: str, **fields: Any) -> Order:
    """Return an order; dates in minutes."""
    for key in ("release_date", "due_date", "deadline"):
        if key in fields:
            fields[key] = at(fields[key])
    return Order(id=name, name=name, **fields)


def plant(*items: Any, freeze: float | None = None, horizon: float = 0) -> Schedule:
    """Return the schedule of all items, sorted into its collections by type; ``m1`` is there if nothing else is."""
    kinds = {Operation: [], Resource: [], Dependency: [], Calendar: [], Order: [], SetupMatrix: []}
    constraints: list[Any] = []
    for item in items:
        kinds.get(type(item), constraints).append(item)
    if not kinds[Resource] and any(o.resource_id for o in kinds[Operation]):
        kinds[Resource] = [res("m1")]
    return Schedule(
        version="1",
        snapshot=Snapshot(
            resources=tuple(kinds[Resource]),
            events=tuple(kinds[Operation]),
            dependencies=tuple(kinds[Dependency]),
            constraints=tuple(constraints),
            calendars=tuple(kinds[Calendar]),
            orders=tuple(kinds[Order]),
            setup_matrices=tuple(kinds[SetupMatrix]),
        ),
        metadata=Metadata(
            plant_id="p",
            timestamp=START,
            user_id="u",
            horizon_start=at(horizon),
            freeze_until=None if freeze is None else at(freeze),
        ),
    )


@dataclass(frozen=True)
class RuleCase:
    """An instance of one rule and what an optimal plan of it is worth.

    ``expected`` is the first component of the objective vector in its own unit (None where there is no plan).
    """

    name: str
    schedule: Schedule
    expected: int | None
    options: dict[str, Any] = field(default_factory=dict)
    locks: Locks = field(default_factory=Locks)

    @property
    def feasible(self) -> bool:
        """Whether there is a plan."""
        return self.expected is not None

    def request(self, algorithm: int = 4, time_limit: float = 5.0, **options: Any) -> OptimizationRequest:
        """Return the request to solve it with one worker, reproducibly."""
        given = {"objective": "minimize_makespan", "workers": 1, "deterministic": True} | self.options | options
        if "weights" in given or "objectives" in given:
            del given["objective"]
        return OptimizationRequest(
            schedule_data=self.schedule,
            algorithm_id=algorithm,
            options=Options(time_limit=time_limit, **given),
            locks=self.locks,
        )


def makespan(name: str, minutes: float | None, *items: Any, locks: Locks | None = None, **fields: Any) -> RuleCase:
    """Return a case whose least makespan is ``minutes``; ``fields`` go to the plant, or to the options."""
    plant_fields = {k: fields.pop(k) for k in ("freeze", "horizon") if k in fields}
    expected = None if minutes is None else round(minutes * MINUTE_MS)
    return RuleCase(name, plant(*items, **plant_fields), expected, fields, locks or Locks())


def valued(name: str, value: int, *items: Any, **options: Any) -> RuleCase:
    """Return a case with an objective of its own and its least value."""
    return RuleCase(name, plant(*items), value, options)


def blocked(resource: str, start: float, end: float) -> Locks:
    """Return a lock on a span of a resource."""
    return Locks(resource_intervals=(ResourceInterval(resource_id=resource, start=at(start), end=at(end)),))


_DAY_SHIFT = week("day", ("08:00", "16:00"))
_SPLIT = week("split", ("08:00", "12:00"), ("13:00", "17:00"))
_WORK = {"calendar": "day"}
_HOLIDAY = CalendarException(from_="2026-01-05", to="2026-01-05", working=False)

CAPACITY_CASES = [
    makespan("single_operation", 60, op("a", 60)),
    makespan("one_at_a_time", 90, op("a", 60), op("b", 30)),
    makespan("capacity_two", 120, res("m1", capacity=2), op("a", 60), op("b", 60), op("c", 60)),
    makespan("infinite", 60, res("m1", infinite=True), op("a", 60), op("b", 60), op("c", 60)),
    makespan("fastest_mode", 30, res("m1"), res("m2"), op("a", 60, None, modes=on(("m1", 60), ("m2", 30)))),
    makespan(
        "modes_shared_out",
        60,
        res("m1"),
        res("m2"),
        op("a", 60, None, modes=on(("m1",), ("m2",))),
        op("b", 60, None, modes=on(("m1",), ("m2",))),
    ),
    makespan(
        "slower_mode_beats_waiting",
        60,
        res("m1"),
        res("m2"),
        op("a", 60, None, modes=on(("m1", 40), ("m2", 60))),
        op("b", 60, None, modes=on(("m1", 40), ("m2", 60))),
    ),
    makespan("efficiency_two", 30, res("m1", efficiency=2.0), op("a", 60)),
    makespan("efficiency_rounds_up", 86, res("m1", efficiency=0.7), op("a", 60)),
    makespan("milestone", 60, op("a", 60), op("done", 0), dep("a", "done")),
    makespan("no_resource", 45, op("a", 45, None), op("b", 30, None)),
]

DEMAND_CASES = [
    makespan(
        "shared_tool",
        120,
        res("m1"),
        res("m2"),
        res("tool"),
        op("a", 60, "m1", demands=(Demand(resource_id="tool"),)),
        op("b", 60, "m2", demands=(Demand(resource_id="tool"),)),
    ),
    makespan(
        "choice_of_tools",
        60,
        res("m1"),
        res("m2"),
        res("t1"),
        res("t2"),
        op("a", 60, "m1", demands=(Demand(resource_ids=("t1", "t2")),)),
        op("b", 60, "m2", demands=(Demand(resource_ids=("t1", "t2")),)),
    ),
    makespan(
        "quantity",
        120,
        res("m1"),
        res("m2"),
        res("crew", capacity=3),
        op("a", 60, "m1", demands=(Demand(resource_id="crew", quantity=2),)),
        op("b", 60, "m2", demands=(Demand(resource_id="crew", quantity=2),)),
    ),
    makespan(
        "quantity_above_capacity",
        None,
        res("m1"),
        res("crew", capacity=3),
        op("a", 60, "m1", demands=(Demand(resource_id="crew", quantity=4),)),
    ),
    makespan(
        "two_demands",
        120,
        res("m1"),
        res("m2"),
        res("tool"),
        res("crew", capacity=5),
        op("a", 60, "m1", demands=(Demand(resource_id="tool"), Demand(resource_id="crew"))),
        op("b", 60, "m2", demands=(Demand(resource_id="crew"), Demand(resource_id="tool"))),
    ),
    makespan(
        "secondary_calendar",
        540,
        _DAY_SHIFT,
        res("m1"),
        res("crew", calendar="day"),
        op("a", 60, "m1", demands=(Demand(resource_id="crew"),)),
    ),
    makespan(
        "no_pause_for_secondary",
        None,
        _SPLIT,
        res("m1"),
        res("crew", calendar="split"),
        op("a", 300, "m1", demands=(Demand(resource_id="crew"),)),
    ),
    makespan(
        "pause_of_primary_frees_secondary_calendar",
        840,
        _SPLIT,
        res("m1", calendar="split"),
        res("crew", calendar="split"),
        op("a", 300, "m1", demands=(Demand(resource_id="crew"),)),
    ),
    makespan(
        "secondary_held_over_pause",
        840 + 60,
        _SPLIT,
        res("m1", calendar="split"),
        res("m2"),
        res("crew"),
        op("a", 300, "m1", demands=(Demand(resource_id="crew"),)),
        op("b", 60, "m2", demands=(Demand(resource_id="crew"),), release_date=480),
        dep("a", "b", 0),
    ),
    makespan(
        "project",
        60 + 30,
        res("r1", capacity=2),
        op("a", 60, None, demands=(Demand(resource_id="r1"),)),
        op("b", 30, None, demands=(Demand(resource_id="r1"),)),
        op("c", 30, None, demands=(Demand(resource_id="r1", quantity=2),)),
    ),
]

CALENDAR_CASES = [
    makespan("waits_for_shift", 540, _DAY_SHIFT, res("m1", **_WORK), op("a", 60)),
    makespan("pauses_over_night", DAY + 600, _DAY_SHIFT, res("m1", **_WORK), op("a", 600)),
    makespan(
        "uninterrupted_in_one_shift",
        840,
        _SPLIT,
        res("m1", calendar="split"),
        op("a", 60, interruptible=False),
        op("b", 240, interruptible=False),
    ),
    makespan("too_long_for_a_shift", None, _DAY_SHIFT, res("m1", **_WORK), op("a", 600, interruptible=False)),
    makespan(
        "holiday",
        DAY + 540,
        week("day", ("08:00", "16:00"), exceptions=(_HOLIDAY,)),
        res("m1", **_WORK),
        op("a", 60),
    ),
    makespan(
        "night_shift",
        1_320 + 420,
        week("n", ("22:00", "06:00"), days=(1,)),
        res("m1", calendar="n"),
        op("a", 420),
    ),
    makespan("pauses_over_outage", 90, down("m1", 30, 60), op("a", 60)),
    makespan("uninterrupted_after_outage", 120, down("m1", 30, 60), op("a", 60, interruptible=False)),
    makespan("partial_outage", 120, res("m1", capacity=2), down("m1", 0, 60, 1), op("a", 60), op("b", 60)),
    makespan("disabled_outage", 60, down("m1", 0, 60, enabled=False), op("a", 60)),
    makespan(
        "mode_with_earlier_shift",
        540,
        _DAY_SHIFT,
        week("late", ("16:00", "20:00")),
        res("m1", calendar="late"),
        res("m2", **_WORK),
        op("a", 60, None, modes=on(("m1",), ("m2",))),
    ),
]

_STEEL = {"setup_matrix": "s"}
_AB = matrix(("A", "B", 30), ("B", "A", 30))

SETUP_CASES = [
    makespan(
        "families_batched",
        210,
        _AB,
        res("m1", **_STEEL),
        op("a1", 60, setup_family="A"),
        op("b1", 60, setup_family="B"),
        op("a2", 60, setup_family="A"),
    ),
    makespan("initial_setup", 90, _AB, res("m1", initial_setup="B", **_STEEL), op("a", 60, setup_family="A")),
    makespan(
        "asymmetric_setup",
        130,
        matrix(("A", "B", 10), ("B", "A", 60)),
        res("m1", **_STEEL),
        op("a", 60, setup_family="A"),
        op("b", 60, setup_family="B"),
    ),
    makespan(
        "forbidden_sequence",
        150,
        matrix(("A", "B", None), ("B", "A", 30)),
        res("m1", **_STEEL),
        op("a", 60, setup_family="A"),
        op("b", 60, setup_family="B"),
    ),
    makespan(
        "forbidden_both_ways",
        None,
        matrix(("A", "B", None), ("B", "A", None)),
        res("m1", **_STEEL),
        op("a", 60, setup_family="A"),
        op("b", 60, setup_family="B"),
    ),
    makespan(
        "forbidden_from_initial",
        None,
        matrix(("A", "B", None)),
        res("m1", initial_setup="A", **_STEEL),
        op("b", 60, setup_family="B"),
    ),
    makespan(
        "detour_round_forbidden",
        180 + 20,
        matrix(("A", "B", None), ("B", "*", None), ("A", "C", 10), ("C", "B", 10), ("C", "A", 10)),
        res("m1", initial_setup="A", **_STEEL),
        op("a", 60, setup_family="A"),
        op("b", 60, setup_family="B"),
        op("c", 60, setup_family="C"),
    ),
    makespan(
        "wildcard_before_default",
        125,
        matrix(("*", "B", 5), default=20),
        res("m1", **_STEEL),
        op("a", 60, setup_family="A"),
        op("b", 60, setup_family="B"),
    ),
    makespan(
        "no_setup_within_family_by_rule",
        120,
        matrix(("A", "A", 0), ("*", "*", 15), default=20),
        res("m1", **_STEEL),
        op("a1", 60, setup_family="A"),
        op("a2", 60, setup_family="A"),
    ),
    makespan(
        "any_family_includes_the_same",
        135,
        matrix(("*", "*", 15), default=20),
        res("m1", **_STEEL),
        op("a1", 60, setup_family="A"),
        op("a2", 60, setup_family="A"),
    ),
    makespan(
        "explicit_setup_within_family",
        130,
        matrix(("A", "A", 10)),
        res("m1", **_STEEL),
        op("a1", 60, setup_family="A"),
        op("a2", 60, setup_family="A"),
    ),
    makespan(
        "no_family_keeps_setup",
        180,
        matrix(("A", "B", 30), ("B", "A", 30)),
        res("m1", initial_setup="A", **_STEEL),
        op("a1", 60, setup_family="A"),
        op("x", 60),
        op("a2", 60, setup_family="A"),
        dep("a1", "x"),
        dep("x", "a2"),
    ),
    makespan(
        "setup_after_release",
        150,
        _AB,
        res("m1", initial_setup="A", **_STEEL),
        op("b", 60, setup_family="B", release_date=60),
    ),
    makespan(
        "setup_before_predecessor_ends",
        120,
        _AB,
        res("m1", initial_setup="A", **_STEEL),
        res("m2"),
        op("x", 60, "m2"),
        op("b", 60, setup_family="B"),
        dep("x", "b"),
    ),
    makespan(
        "setup_over_break",
        840,
        _SPLIT,
        _AB,
        res("m1", initial_setup="A", calendar="split", **_STEEL),
        op("b", 60, setup_family="B"),
        date("startnoearlierthan", "b", 720),
    ),
    makespan(
        "setup_holds_the_crew",
        150,
        _AB,
        res("m1", initial_setup="A", **_STEEL),
        res("m2"),
        res("crew"),
        op("b", 60, setup_family="B", demands=(Demand(resource_id="crew"),)),
        op("x", 60, "m2", demands=(Demand(resource_id="crew"),)),
    ),
    makespan(
        "setup_avoids_crews_break",
        600 + 90,
        week("day", ("10:00", "16:00")),
        _AB,
        res("m1", initial_setup="A", **_STEEL),
        res("crew", calendar="day"),
        op("b", 60, setup_family="B", demands=(Demand(resource_id="crew"),)),
    ),
    makespan(
        "completed_sets_the_family",
        90,
        _AB,
        res("m1", initial_setup="B", **_STEEL),
        placed("old", -60, 0, setup_family="A", status=Status.COMPLETED),
        op("b", 60, setup_family="B"),
    ),
    makespan(
        "setup_not_scaled_by_efficiency",
        60,
        _AB,
        res("m1", initial_setup="A", efficiency=2.0, **_STEEL),
        op("b", 60, setup_family="B"),
    ),
]

_TWO = (res("m1"), res("m2"))

DEPENDENCY_CASES = [
    makespan("finish_to_start", 90, *_TWO, op("a", 60), op("b", 30, "m2"), dep("a", "b")),
    makespan("lag", 120, *_TWO, op("a", 60), op("b", 30, "m2"), dep("a", "b", lag=30)),
    makespan("negative_lag", 90, *_TWO, op("a", 60), op("b", 60, "m2"), dep("a", "b", lag=-30)),
    makespan("start_to_start", 75, *_TWO, op("a", 60), op("b", 60, "m2"), dep("a", "b", 0, lag=15)),
    makespan("finish_to_finish", 65, *_TWO, op("a", 60), op("b", 10, "m2"), dep("a", "b", 3, lag=5)),
    makespan(
        "start_to_finish",
        130,
        *_TWO,
        op("a", 10),
        op("b", 30, "m2"),
        dep("a", "b", 1, lag=30),
        date("startnoearlierthan", "a", 100),
    ),
    makespan(
        "finish_to_start_max_lag",
        540,
        _DAY_SHIFT,
        res("m1"),
        res("m2", **_WORK),
        op("a", 60),
        op("b", 60, "m2"),
        dep("a", "b", max_lag=0),
    ),
    makespan(
        "start_to_start_max_lag",
        150,
        *_TWO,
        op("a", 60),
        op("b", 30, "m2"),
        dep("a", "b", 0, max_lag=10),
        date("startnoearlierthan", "b", 100),
    ),
    makespan(
        "finish_to_finish_max_lag",
        130,
        *_TWO,
        op("a", 60),
        op("b", 30, "m2"),
        dep("a", "b", 3, lag=-60, max_lag=20),
        date("startnoearlierthan", "b", 100),
    ),
    makespan(
        "start_to_finish_max_lag",
        130,
        *_TWO,
        op("a", 20),
        op("b", 30, "m2"),
        dep("a", "b", 1, lag=-500, max_lag=40),
        date("startnoearlierthan", "b", 100),
    ),
    makespan(
        "max_lag_cannot_hold",
        None,
        *_TWO,
        op("a", 60, deadline=60),
        op("b", 30, "m2", release_date=120),
        dep("a", "b", max_lag=30),
    ),
    makespan(
        "no_wait_chain_on_shared_machine",
        150,
        *_TWO,
        op("a1", 30, "m1"),
        op("a2", 60, "m2"),
        op("b1", 30, "m1"),
        op("b2", 60, "m2"),
        dep("a1", "a2", max_lag=0),
        dep("b1", "b2", max_lag=0),
    ),
    makespan("cycle_of_dependencies", None, *_TWO, op("a", 60), op("b", 60, "m2"), dep("a", "b"), dep("b", "a", lag=1)),
    makespan(
        "history_not_checked",
        60,
        *_TWO,
        op("a", 60),
        placed("b", -30, 30, "m2", status=Status.STARTED),
        dep("a", "b"),
    ),
]

DATE_CASES = [
    makespan("release", 160, op("a", 60, release_date=100)),
    makespan("order_release", 160, op("a", 60, order_id="o"), order("o", release_date=100)),
    makespan("deadline", 120, op("a", 60), op("b", 60, deadline=60)),
    makespan("deadlines_cannot_hold", None, op("a", 60, deadline=60), op("b", 60, deadline=60)),
    makespan("order_deadline", 120, op("a", 60), op("b", 60, order_id="o"), order("o", deadline=60)),
    makespan("start_no_earlier", 160, op("a", 60), date("startnoearlierthan", "a", 100)),
    makespan("start_no_later", 120, op("a", 60), op("b", 60), date("startnolaterthan", "b", 0)),
    makespan("finish_no_earlier", 200, op("a", 60), date("finishnoearlierthan", "a", 200)),
    makespan("finish_no_later", 120, op("a", 60), op("b", 60), date("finishnolaterthan", "b", 60)),
    makespan("must_start_on", 160, op("a", 60), date("muststarton", "a", 100)),
    makespan("must_finish_on", 100, op("a", 60), date("mustfinishon", "a", 100)),
    makespan("gap_before_fixed_date", 150, op("a", 60), op("b", 60), op("c", 30), date("muststarton", "a", 30)),
    makespan("date_in_a_break", None, _DAY_SHIFT, res("m1", **_WORK), op("a", 60), date("muststarton", "a", 0)),
    makespan("disabled_date", 60, op("a", 60), date("muststarton", "a", 100, enabled=False)),
    makespan("horizon_start", 60, op("a", 60), horizon=30),
]

_EITHER = on(("m1",), ("m2",))

SET_CASES = [
    makespan(
        "same_resource",
        120,
        *_TWO,
        op("a", 60, None, modes=_EITHER),
        op("b", 60, None, modes=_EITHER),
        together("sameresource", "a", "b"),
    ),
    makespan(
        "different_resource",
        100,
        *_TWO,
        op("a", 30, None, modes=on(("m1", 30), ("m2", 100))),
        op("b", 30, None, modes=on(("m1", 30), ("m2", 100))),
        together("differentresource", "a", "b"),
    ),
    makespan("no_overlap", 120, *_TWO, op("a", 60), op("b", 60, "m2"), together("nooverlap", "a", "b")),
    makespan("different_resource_impossible", None, op("a", 60), op("b", 60), together("differentresource", "a", "b")),
    makespan(
        "same_resource_as_fixed",
        120,
        *_TWO,
        placed("a", -60, 60, "m1", status=Status.STARTED),
        op("b", 60, None, modes=_EITHER),
        together("sameresource", "a", "b"),
    ),
]

FIXED_CASES = [
    makespan("started", 120, placed("a", -60, 60, status=Status.STARTED), op("b", 60)),
    makespan("completed_holds_nothing_after", 60, placed("a", -60, 0, status=Status.COMPLETED), op("b", 60)),
    makespan("locked", 150, placed("a", 30, 90, locked=True), op("b", 60), op("c", 30)),
    makespan("locked_by_request", 150, placed("a", 30, 90), op("b", 60), locks=Locks(events=("a",))),
    makespan("frozen", 120, placed("a", 30, 60), op("b", 60), freeze=40),
    makespan("locks_overlap", None, placed("a", 0, 60, locked=True), placed("b", 30, 90, locked=True)),
    makespan("lock_in_a_break", None, _DAY_SHIFT, res("m1", **_WORK), placed("a", 0, 60, locked=True)),
    makespan("lock_against_deadline", None, placed("a", 60, 120, locked=True, deadline=90)),
    makespan("blocked_interval", 120, op("a", 60), locks=blocked("m1", 0, 60)),
    makespan("no_pause_over_blocked_interval", 120, op("a", 60), locks=blocked("m1", 30, 60)),
    makespan(
        "locked_inside_blocked_interval",
        120,
        placed("a", 0, 30, locked=True),
        op("b", 60),
        locks=blocked("m1", 0, 60),
    ),
    makespan(
        "blocked_secondary",
        120,
        res("m1"),
        res("tool", capacity=3),
        op("a", 60, demands=(Demand(resource_id="tool"),)),
        locks=blocked("tool", 20, 60),
    ),
    makespan("scope", 120, placed("a", 60, 120), placed("b", 200, 260), scope=Scope(event_ids=("b",))),
    makespan(
        "scope_by_resource",
        200,
        *_TWO,
        placed("a", 140, 200, "m1"),
        placed("b", 300, 360, "m2"),
        scope=Scope(resource_ids=("m2",)),
    ),
    makespan(
        "started_conflict_tolerated",
        120,
        placed("a", -60, 60, status=Status.STARTED),
        placed("b", -30, 30, status=Status.STARTED),
        op("c", 60),
    ),
]

HOUR_MS = 60 * MINUTE_MS
_LATE = {"objective": "minimize_tardiness"}

OBJECTIVE_CASES = [
    valued("tardiness", 30 * MINUTE_MS, op("a", 60, due_date=60), op("b", 30, due_date=30), **_LATE),
    valued(
        "weighted_tardiness",
        60 * MINUTE_MS,
        op("a", 60, due_date=60, priority=3.0),
        op("b", 30, due_date=30),
        **_LATE,
    ),
    valued(
        "order_tardiness_counts_last_end",
        20 * MINUTE_MS,
        *_TWO,
        op("a", 60, order_id="o"),
        op("b", 30, "m2", order_id="o"),
        order("o", due_date=40),
        **_LATE,
    ),
    valued(
        "order_weight",
        60 * MINUTE_MS,
        op("a", 60, order_id="o"),
        op("b", 60, order_id="p"),
        order("o", due_date=60),
        order("p", due_date=60, priority=5.0),
        **_LATE,
    ),
    valued("default_is_a_mix", 1_000_000, op("a", 60), op("b", 60, due_date=60), objective=None),
    valued("default_is_makespan", 120 * MINUTE_MS, op("a", 60), op("b", 60), objective=None),
    valued(
        "throughput",
        1_000,
        op("a", 60, due_date=60),
        op("b", 30, due_date=30),
        objective="maximize_throughput",
    ),
    valued(
        "throughput_prefers_weight",
        1_000,
        op("a", 60, due_date=60, priority=5.0),
        op("b", 60, due_date=60),
        objective="maximize_throughput",
    ),
    valued(
        "least_setup",
        30 * MINUTE_MS,
        _AB,
        res("m1", **_STEEL),
        op("a1", 60, setup_family="A"),
        op("b1", 60, setup_family="B"),
        op("a2", 60, setup_family="A"),
        objective="minimize_setup",
    ),
    valued(
        "cheapest_resource",
        4_000,
        res("m1", cost_per_hour=10.0),
        res("m2", cost_per_hour=4.0),
        op("a", 60, None, modes=_EITHER),
        objective="minimize_cost",
    ),
    valued(
        "mode_cost",
        10_000,
        res("m1", cost_per_hour=10.0),
        res("m2", cost_per_hour=4.0),
        op("a", 60, None, modes=on(("m1",), ("m2", None, 8.0))),
        objective="minimize_cost",
    ),
    valued(
        "setup_cost",
        12_000 + 5_000,
        matrix(("A", "B", 30), cost=5.0),
        res("m1", cost_per_hour=8.0, initial_setup="A", **_STEEL),
        op("b", 60, setup_family="B"),
        objective="minimize_cost",
    ),
    valued(
        "cost_of_tardiness",
        8_000,
        res("m1", cost_per_hour=6.0),
        op("a", 60, due_date=0),
        objective="minimize_cost",
        tardiness_cost_per_hour=2.0,
    ),
    valued(
        "cost_of_secondary",
        3_000 + 2 * 5_000,
        res("m1", cost_per_hour=3.0),
        res("t1", cost_per_hour=9.0, capacity=2),
        res("t2", cost_per_hour=5.0, capacity=2),
        op("a", 60, demands=(Demand(resource_ids=("t1", "t2"), quantity=2),)),
        objective="minimize_cost",
    ),
    valued(
        "ladder",
        30 * MINUTE_MS,
        op("a", 60, due_date=60),
        op("b", 30, due_date=30),
        objectives=("minimize_tardiness", "minimize_makespan"),
    ),
]

RULE_CASES: list[RuleCase] = [
    *CAPACITY_CASES,
    *DEMAND_CASES,
    *CALENDAR_CASES,
    *SETUP_CASES,
    *DEPENDENCY_CASES,
    *DATE_CASES,
    *SET_CASES,
    *FIXED_CASES,
    *OBJECTIVE_CASES,
]
_ = (HOUR_MS, Weights)
