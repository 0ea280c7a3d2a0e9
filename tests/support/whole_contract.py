"""Random requests in which every feature of the contract may occur at once.

``whole_request`` draws plants of some ten operations, many of them feasible; ``grid_request`` tiny ones whose times are
whole hours within a day or so, small enough to try every plan (``tests.support.exhaustive``). The features are listed
in ``FEATURES``, and a test counts that each of them does occur.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine.model import (
    OBJECTIVES,
    Calendar,
    CalendarException,
    Demand,
    Dependency,
    Locks,
    Mode,
    Operation,
    OptimizationRequest,
    Options,
    Resource,
    ResourceInterval,
    Schedule,
    Scope,
    SetupDefault,
    SetupMatrix,
    SetupRule,
    Shift,
    Status,
    Weights,
)
from tests.support.rule_cases import at, date, down, op, order, placed, plant, res, together

DAY = 1_440
BASES = (0, 0, 0, 82 * DAY, 292 * DAY)
"""Days on which plants begin: an ordinary Monday, and the Saturdays before the clocks change in Europe in 2026."""

DATES = (
    "startnoearlierthan",
    "startnolaterthan",
    "finishnoearlierthan",
    "finishnolaterthan",
    "muststarton",
    "mustfinishon",
)
FAMILIES = ("f0", "f1", "f2")
LAG_UNITS = {"ms": 60_000, "s": 60, "m": 1, "h": 1 / 60, "d": 1 / DAY}


@dataclass(frozen=True)
class Scale:
    """The size of what is drawn: minutes of the smallest step, steps of the dates, and of the longest work."""

    step: int
    span: int
    works: tuple[int, ...]
    is_grid: bool = False

    def minutes(self, steps: float) -> float:
        """Return steps in minutes."""
        return steps * self.step


WORKSHOP = Scale(5, 400, (0, 3, 4, 6, 9, 12, 20, 36))
GRID = Scale(60, 16, (0, 1, 2, 3, 4), is_grid=True)


def whole_request(
    seed: int, algorithm: int = 1, size: int = 9, rules: float = 1.0, **options: Any
) -> OptimizationRequest:
    """Return a request; equal seeds give equal requests.

    ``rules`` is how likely features are, compared with everything at once; ``options`` win over what is drawn.
    """
    return _Draw(seed, WORKSHOP, size, rules).request(algorithm, **options)


def grid_request(
    seed: int, algorithm: int = 2, size: int = 3, hours: int = 20, rules: float = 0.5, **options: Any
) -> OptimizationRequest:
    """Return a tiny request in whole hours, ``rules`` how likely each feature is; no plan reaches beyond ``hours``."""
    return _Draw(seed, GRID, size, rules=rules, until=hours).request(algorithm, **options)


class _Draw:
    def __init__(self, seed: int, scale: Scale, size: int, rules: float = 1.0, until: int | None = None) -> None:
        self.random = random.Random(seed)
        self.scale = scale
        self.size = size
        self.rules = rules
        self.until = until
        self.base = self.random.choice(BASES)
        self.machines: list[Resource] = []
        self.crews: list[Resource] = []
        self.names = [f"x{i}" for i in range(size)]

    # drawing

    def chance(self, share: float) -> bool:
        """Return whether something rare happens."""
        return self.random.random() < share * self.rules

    def pick(self, *values: Any) -> Any:
        return self.random.choice(values)

    def at(self, steps: float) -> float:
        """Return minutes for the builders of ``rule_cases``."""
        return self.base + self.scale.minutes(steps)

    # parts

    def request(self, algorithm: int, **given: Any) -> OptimizationRequest:
        schedule = self.schedule()
        options = {"workers": 1, "deterministic": True, "time_limit": 3.0} | self.options(schedule) | given
        return OptimizationRequest(
            schedule_data=schedule, algorithm_id=algorithm, options=Options(**options), locks=self.locks(schedule)
        )

    def schedule(self) -> Schedule:
        machines = 2 if self.scale.is_grid else 4
        self.machines = [self.machine(i) for i in range(machines)]
        self.crews = self.secondaries()
        events = [_with_possible_demands(self.operation(i)) for i in range(self.size)]
        is_drawn_from = any("stock" in demand.candidates for event in events for demand in event.demands or ())
        items = [
            *self.machines,
            *self.crews,
            *([self.stock()] if is_drawn_from else []),
            *events,
            *self.dependencies(events),
            *self.constraints(events),
        ]
        items += [*self.orders(), *self.calendars(), self.matrix("s"), self.matrix("t")]
        made = plant(*items, freeze=self.at(3) if self.chance(0.25) else None, horizon=self.base)
        changed: dict[str, Any] = {"time_zone": self.pick("UTC", "Europe/Berlin")}
        if self.chance(0.15):
            changed["horizon_start"] = None
        return made.model_copy(update={"metadata": made.metadata.model_copy(update=changed)})

    def machine(self, i: int) -> Resource:
        fields: dict[str, Any] = {"cost_per_hour": self.pick(None, 10.0 + i, 0.0)}
        fields["group"] = self.pick(None, "g", "h")
        fields["efficiency"] = self.pick(1.0, 1.0, *((0.5,) if self.scale.is_grid else (0.8, 1.25, 0.7)))
        if self.chance(0.7):
            fields["calendar"] = self.pick("day", "split", "night", "zone", "odd")
        kind = self.random.random()
        if kind < 0.45:
            fields["setup_matrix"] = self.pick("s", "t")
            fields["initial_setup"] = self.pick(None, *FAMILIES)
        elif kind < 0.65:
            fields["capacity"] = self.pick(2, 2, 3)
        elif kind < 0.72:
            fields["infinite"] = True
        elif kind < 0.73:
            fields["capacity"] = 0
        return res(f"m{i}", **fields)

    def secondaries(self) -> list[Resource]:
        crew = res("crew", capacity=3, calendar=self.pick(None, "long"), cost_per_hour=7.0)
        tools = [res("tool1", cost_per_hour=3.0, efficiency=0.5), res("tool2", calendar=self.pick(None, "long"))]
        if self.chance(0.2):
            tools.append(res("rack", infinite=True))
        return [crew, *tools]

    def stock(self) -> Resource:
        """Return a material of which all operations together may take so much."""
        return res("stock", capacity=self.size + 1, nonrenewable=True)

    def operation(self, i: int) -> Operation:
        name, draw = f"x{i}", self.random
        machines = draw.sample(self.machines, draw.choice([1, 1, 2, min(3, len(self.machines))]))
        work = self.scale.minutes(draw.choice(self.scale.works))
        if not self.scale.is_grid and self.chance(0.04):
            work += 1 / 60_000 * draw.choice([1, 500, 20_000])
        fields = self.operation_fields(machines)
        resource = None
        if self.chance(0.08):
            fields["modes"] = None  # no primary resource
        elif self.chance(0.15):
            fields["modes"], resource = None, machines[0].id
        if i < 2 and self.chance(0.5):
            return self.begun(name, machines[0].id, fields)
        if self.chance(0.45):
            return self.standing(name, work, resource or machines[0].id, fields)
        return op(name, work, resource, **fields)

    def operation_fields(self, machines: list[Resource]) -> dict[str, Any]:
        draw, scale = self.random, self.scale
        fields: dict[str, Any] = {
            "modes": tuple(self.mode(m) for m in machines),
            "setup_family": draw.choice([None, *FAMILIES]),
            "order_id": draw.choice([None, "p", "q"]),
            "interruptible": draw.random() < 0.65,
            "priority": draw.choice([None, 0.0, 0.5, 3.0]),
            "demands": self.demands(machines),
            "manually_scheduled": draw.random() < 0.3,
            "status": draw.choice([Status.PLANNED, Status.RELEASED]),
        }
        if self.chance(0.35):
            fields["due_date"] = self.at(draw.randrange(2, scale.span))
        if self.chance(0.15):
            fields["release_date"] = self.at(draw.randrange(scale.span // 4))
        if self.until is not None:
            fields["deadline"] = self.at(self.until)
        elif self.chance(0.15):
            fields["deadline"] = self.at(draw.choice([300, 900, 3_000]))
        return fields

    def mode(self, machine: Resource) -> Mode:
        duration = None
        if self.chance(0.3):
            duration = round(self.scale.minutes(self.random.choice(self.scale.works)) * 60_000)
        return Mode(resource_id=machine.id, duration=duration, cost=self.pick(None, 2.5))

    def demands(self, machines: list[Resource]) -> tuple[Demand, ...] | None:
        kinds: list[Callable[[], Demand]] = [
            lambda: Demand(resource_id="crew", quantity=self.pick(1, 2, 3, 0)),
            lambda: Demand(resource_ids=("tool1", "tool2"), quantity=self.pick(1, 1, 0)),
            lambda: Demand(resource_ids=("tool2", "tool1"), resource_id="tool1"),
            lambda: Demand(resource_id="tool2"),
            lambda: Demand(resource_ids=tuple(r.id for r in self.crews)),
            lambda: Demand(resource_id="stock", quantity=self.pick(1, 2)),
            lambda: Demand(resource_id="crew", only_on=(machines[-1].id,)),
            lambda: Demand(resource_ids=("m0", "crew")),
        ]
        if any(machine.id == "m0" for machine in machines) and self.random.random() < 0.9:
            kinds.pop()  # it would have to be its own helper
        found = [kind() for kind in kinds if self.chance(0.12)]
        return tuple(found[:2]) or None

    def begun(self, name: str, machine: str, fields: dict[str, Any]) -> Operation:
        """Return an operation that has started, or is over."""
        modes = fields["modes"]
        if modes is not None and all(mode.resource_id != machine for mode in modes):
            fields["modes"] = None
        if self.chance(0.5):
            fields |= {"status": Status.COMPLETED, "percent_done": 100.0}
            return placed(name, self.at(-6), self.at(self.pick(-2, 1)), machine, **fields)
        fields |= {"status": Status.STARTED, "percent_done": self.pick(0.0, 30.0, 99.5)}
        minutes = self.scale.minutes(self.pick(2, 3, 4))
        return placed(name, self.at(-1), self.at(2), machine, minutes=minutes, **fields)

    def standing(self, name: str, work: float, machine: str, fields: dict[str, Any]) -> Operation:
        """Return an operation with a present place, now and then a locked one."""
        begin = self.random.choice([0, 1, 2, 5, self.scale.span // 3])
        made = placed(
            name, self.at(begin), self.at(begin) + max(work, self.scale.step), machine, minutes=work, **fields
        )
        return made.model_copy(update={"locked": self.chance(0.02)})

    def dependencies(self, events: list[Operation]) -> list[Dependency]:
        found: list[Dependency] = []
        for b in range(self.size):
            for a in range(b):
                if self.random.random() < 1.2 / self.size:
                    found.append(self.dependency(events[a].id, events[b].id))
        return found

    def dependency(self, before: str, after: str) -> Dependency:
        lag = self.scale.minutes(self.pick(0, 0, 0, 1, 3, -1, -4))
        most = self.scale.minutes(self.pick(8, 60)) if self.chance(0.1) else None
        unit = self.pick(*LAG_UNITS) if not self.scale.is_grid else self.pick("ms", "s", "m", "h")
        return Dependency(
            id=f"{before}-{after}",
            from_event=before,
            to_event=after,
            type=self.pick(0, 1, 2, 2, 2, 3),
            lag=lag * LAG_UNITS[unit],
            lag_unit=unit,
            max_lag=most,
            max_lag_unit="m",
        )

    def constraints(self, events: list[Operation]) -> list[Any]:
        draw, span = self.random, self.scale.span
        found: list[Any] = []
        for event in events:
            for kind in DATES:
                if self.chance(0.02 if kind.endswith("earlierthan") else 0.008):
                    at_most = span if "earlier" in kind else 4 * span
                    when = self.at(draw.randrange(2, at_most))
                    found.append(date(kind, event.id, when, enabled=draw.random() < 0.8))
        for machine in (*self.machines, *self.crews):
            if self.chance(0.25):
                begin = draw.randrange(-2, span // 2)
                units = draw.choice([None, 1, 2])
                found.append(
                    down(
                        machine.id, self.at(begin), self.at(begin + draw.choice([1, 4, 12])), units, draw.random() < 0.8
                    )
                )
        for kind in ("sameresource", "differentresource", "nooverlap"):
            if self.chance(0.3):
                names = draw.sample(self.names, min(self.size, draw.choice([2, 2, 3])))
                can_hold = kind == "nooverlap" or _can_hold(kind, [e for e in events if e.id in names])
                enabled = draw.random() < (0.85 if can_hold else 0.1)
                found.append(together(kind, *names).model_copy(update={"enabled": enabled}))
        return found

    def orders(self) -> list[Any]:
        span = self.scale.span
        first: dict[str, Any] = {"due_date": self.at(self.random.randrange(2, span)), "priority": self.pick(None, 2.0)}
        second: dict[str, Any] = {"priority": self.pick(None, 0.0, 5.0)}
        if self.chance(0.7):
            second["due_date"] = self.at(self.random.randrange(2, span))
        if self.chance(0.2):
            second["release_date"] = self.at(self.pick(1, 3))
        if self.chance(0.2) and self.until is None:
            second["deadline"] = self.at(self.pick(500, 3_000))
        return [order("p", **first), order("q", **second)]

    def calendars(self) -> list[Calendar]:
        day = at(self.base).date()
        tomorrow, after = (at(self.base + k * DAY).date() for k in (1, 2))
        exceptions = (
            CalendarException(from_=str(tomorrow), to=str(tomorrow), working=False),
            CalendarException(from_=f"{tomorrow}T10:00", to=f"{tomorrow}T15:00", working=True),
            CalendarException(from_=f"{after}T00:00", to=f"{after}T24:00"[:11] + "09:00", working=True),
        )
        every, week_days = (1, 2, 3, 4, 5, 6, 7), (1, 2, 3, 4, 5)
        rare = (CalendarException(from_=f"{day}T02:00", to=f"{day}T18:00", working=True),)
        return [
            _calendar("day", every, ("06:00", "18:00")),
            _calendar("split", every, ("00:00", "05:00"), ("06:00", "11:00"), exceptions=exceptions),
            _calendar("night", every, ("22:00", "06:00"), ("12:00", "24:00")),
            _calendar("zone", every, ("01:00", "09:00"), ("11:00", "20:00"), time_zone="Europe/Berlin"),
            _calendar("odd", week_days if self.chance(0.5) else every, ("03:00", "17:00"), time_zone="America/New_York")
            if self.random.random() < 0.7
            else Calendar(id="odd", name="odd", week=(), exceptions=rare),
            _calendar("long", every, ("02:00", "23:00")),
        ]

    def matrix(self, name: str) -> SetupMatrix:
        draw = self.random
        lengths = [0, 1, 1, 2] if self.scale.is_grid else [0, 1, 2, 4, 8]
        rules: list[SetupRule] = []
        for a in ("f0", "f1", "*"):
            for b in (*FAMILIES, "*"):
                if draw.random() < 0.5:
                    minutes = self.scale.minutes(draw.choice(lengths))
                    banned = a != b and a != "*" and self.chance(0.05)
                    cost = self.pick(None, 4.0)
                    rules.append(
                        SetupRule(from_=a, to=b, duration=round(minutes * 60_000), cost=cost, forbidden=banned)
                    )
        rest = SetupDefault(duration=round(self.scale.minutes(1) * 60_000), cost=self.pick(None, 1.0))
        return SetupMatrix(id=name, name=name, rules=tuple(rules), default=rest if draw.random() < 0.5 else None)

    def locks(self, schedule: Schedule) -> Locks:
        draw = self.random
        standing = [e.id for e in schedule.snapshot.events if e.is_placed]
        events = tuple(standing[-1:]) if standing and self.chance(0.03) else ()
        spans: list[ResourceInterval] = []
        for resource in schedule.snapshot.resources:
            if self.chance(0.12):
                begin = draw.randrange(0, self.scale.span // 2)
                end = begin + draw.choice([1, 3, 8])
                spans.append(ResourceInterval(resource_id=resource.id, start=at(self.at(begin)), end=at(self.at(end))))
        return Locks(events=events, resource_intervals=tuple(spans))

    def options(self, schedule: Schedule) -> dict[str, Any]:
        draw = self.random
        found: dict[str, Any] = {"seed": draw.randrange(100)}
        kind = draw.random()
        if kind < 0.6:
            found["objective"] = draw.choice(OBJECTIVES)
        elif kind < 0.75:
            found["objectives"] = tuple(draw.sample(OBJECTIVES, draw.choice([2, 3])))
        elif kind < 0.93:
            names = draw.sample(list(Weights.model_fields), draw.choice([2, 4, 7]))
            found["weights"] = Weights(**{name: draw.choice([0.0, 0.5, 1.0, 3.0]) for name in names} | {names[0]: 1.0})
        if draw.random() < 0.2:
            found |= {"incremental_mode": True, "change_weight": draw.choice([0.0, 0.05, 2.0])}
        found["warm_start"] = draw.random() < 0.7
        found["tardiness_cost_per_hour"] = draw.choice([0.0, 1.0, 30.0])
        if not self.scale.is_grid and draw.random() < 0.1:
            found["tick"] = draw.choice([300_000, 420_000, 1_800_000])
        if self.chance(0.15):
            found["scope"] = self.scope(schedule)
        return found

    def scope(self, schedule: Schedule) -> Scope:
        draw, events = self.random, schedule.snapshot.events
        kind = draw.randrange(3)
        if kind == 0:
            chosen = draw.sample([e.id for e in events], max(1, len(events) * 2 // 3))
            return Scope(event_ids=tuple(chosen))
        if kind == 1:
            return Scope(resource_ids=("m0", "m1"))
        return Scope(start=at(self.at(1)), end=at(self.at(self.scale.span)))


def _with_possible_demands(event: Operation) -> Operation:
    """Return an operation without the demands for modes that it does not have in the end."""
    own = {mode.resource_id for mode in event.alternatives}
    demands = tuple(d for d in event.demands or () if d.only_on is None or own.issuperset(d.only_on))
    return event.model_copy(update={"demands": demands or None})


def _can_hold(kind: str, events: list[Operation]) -> bool:
    """Whether their modes leave a set of operations the same resource, or different ones (more or less)."""
    sets = [{mode.resource_id for mode in event.alternatives} for event in events]
    if kind == "sameresource":
        return bool(set.intersection(*sets))
    return len(set.union(*sets)) >= len(events)


def _calendar(name: str, days: tuple[int, ...], *shifts: tuple[str, str], **fields: Any) -> Calendar:
    week = tuple(Shift(days=days, from_=a, to=b) for a, b in shifts)
    return Calendar(id=name, name=name, week=week, **fields)
