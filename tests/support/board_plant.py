"""A generated plant with a plausible plan: shifts, setups, alternatives, operators, maintenance, locks, late orders."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field
from itertools import pairwise

from engine.calendars import WorkingTime, WorkingTimes
from engine.instants import from_ms
from engine.model import (
    Calendar,
    Demand,
    Dependency,
    Metadata,
    Mode,
    Operation,
    Order,
    Resource,
    Schedule,
    SetupDefault,
    SetupMatrix,
    SetupRule,
    Shift,
    Snapshot,
    Status,
    Unavailable,
)
from engine.setups import SetupTable

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
START = dt.datetime(2026, 11, 23, 5, 0, tzinfo=dt.UTC)
START_MS = round(START.timestamp() * 1000)
ZONE = "Europe/Berlin"

_STAGES = (
    ("Saw", "Cutting", 0.75, None),
    ("Lathe", "Turning", 2.5, "turn"),
    ("Mill", "Milling", 3.5, "mill"),
    ("Furnace", "Heat treatment", 5.0, None),
    ("Grinder", "Grinding", 2.0, None),
    ("Bench", "Assembly", 1.5, None),
)
_PRODUCTS = ("Gear housing", "Drive shaft", "Pump body", "Bearing seat", "Valve block", "Coupling", "Spindle", "Flange")
_CUSTOMERS = ("Adler GmbH", "Borealis AS", "Carlo & Figli", "Dumont SA", "Eriksson AB", "Falk KG")
_FAMILIES = ("Steel", "Alu", "Brass", "Cast")


@dataclass
class _Plan:
    """The state of the little scheduler that lays the operations out."""

    times: WorkingTimes
    free: dict[str, int] = field(default_factory=dict)
    units: dict[str, list[int]] = field(default_factory=dict)
    family: dict[str, str] = field(default_factory=dict)
    tables: dict[str, SetupTable] = field(default_factory=lambda: {m.id: SetupTable(m) for m in _matrices()})

    def setup_ms(self, matrix: str | None, resource_id: str, family: str) -> int:
        if matrix is None:
            return 0
        return self.tables[matrix].lookup(self.family.get(resource_id, "Steel"), family).duration_ms

    def working(self, resource_id: str) -> WorkingTime:
        return self.times.of(resource_id)


def make_plant(orders: int = 24, machines_per_stage: int = 3, seed: int = 7, days: int | None = None) -> Schedule:
    """Return a schedule of ``orders`` x 5 to 6 operations on ``6 * machines_per_stage`` machines and some operators."""
    rng = random.Random(seed)
    resources = _resources(machines_per_stage)
    made = [_order(rng, i, days or max(5, orders // (2 * machines_per_stage))) for i in range(orders)]
    shell = Schedule(
        version="1",
        snapshot=Snapshot(
            resources=tuple(resources),
            calendars=_calendars(),
            setup_matrices=_matrices(),
            constraints=tuple(_maintenance(resources, rng)),
            orders=tuple(made),
        ),
        metadata=Metadata(
            plant_id="plant-1",
            timestamp=START,
            user_id="tests",
            time_zone=ZONE,
            name="Works Freiberg",
            horizon_start=START,
            freeze_until=START + dt.timedelta(hours=4),
        ),
    )
    plan = _Plan(WorkingTimes(shell, START_MS - 30 * DAY_MS, START_MS + 1500 * DAY_MS))
    events: list[Operation] = []
    dependencies: list[Dependency] = []
    for order in sorted(made, key=lambda o: o.due_date or START):
        chain = _operations(rng, order, machines_per_stage, plan)
        events += chain
        dependencies += [Dependency(id=f"{a.id}>{b.id}", from_event=a.id, to_event=b.id) for a, b in pairwise(chain)]
    events = _marked(events, rng)
    snapshot = shell.snapshot.model_copy(update={"events": tuple(events), "dependencies": tuple(dependencies)})
    return shell.model_copy(update={"snapshot": snapshot})


def _resources(machines: int) -> list[Resource]:
    out: list[Resource] = []
    for short, group, _, matrix in _STAGES:
        for number in range(1, machines + 1):
            furnace = short == "Furnace"
            out.append(
                Resource(
                    id=f"{short.lower()}-{number}",
                    name=f"{short} {number}",
                    group=group,
                    calendar=None if furnace else "two-shift" if number % 2 else "day",
                    capacity=3 if furnace else 1,
                    efficiency=0.8 if short == "Mill" and number == machines > 1 else 1.0,
                    setup_matrix=matrix,
                    initial_setup="Steel" if matrix else None,
                    cost_per_hour=60.0,
                )
            )
    out += [
        Resource(id=f"fitter-{n}", name=f"Fitter {n}", type="labour", group="Operators", calendar="attendance")
        for n in range(1, machines + 1)
    ]
    return out


def _calendars() -> tuple[Calendar, ...]:
    week = (1, 2, 3, 4, 5)
    return (
        Calendar(
            id="two-shift",
            name="Two shifts",
            week=(Shift(days=week, from_="06:00", to="14:00"), Shift(days=week, from_="14:30", to="22:00")),
        ),
        Calendar(id="attendance", name="Attendance", week=(Shift(days=week, from_="05:00", to="23:00"),)),
        Calendar(id="day", name="Day shift", week=(Shift(days=week, from_="07:00", to="17:00"),)),
    )


def _matrices() -> tuple[SetupMatrix, ...]:
    quarter = HOUR_MS // 4
    return (
        SetupMatrix(id="turn", name="Turning", default=SetupDefault(duration=3 * quarter)),
        SetupMatrix(
            id="mill",
            name="Milling",
            default=SetupDefault(duration=2 * quarter),
            rules=(SetupRule(from_="Cast", to="Alu", duration=6 * quarter),),
        ),
    )


def _maintenance(resources: list[Resource], rng: random.Random) -> list[Unavailable]:
    out: list[Unavailable] = []
    for resource in resources[1::4]:
        start = START + dt.timedelta(days=rng.randint(1, 4), hours=rng.randint(2, 8))
        out.append(
            Unavailable(
                id=f"down-{resource.id}",
                type="unavailable",
                resource_id=resource.id,
                start=start,
                end=start + dt.timedelta(hours=5),
                reason=rng.choice(("Spindle service", "Inspection", "Calibration")),
            )
        )
    return out


def _order(rng: random.Random, index: int, days: int) -> Order:
    due = START + dt.timedelta(days=rng.uniform(1.2, days))
    return Order(
        id=f"o{index}",
        name=f"SO-{10_041 + index * 7}",
        product=rng.choice(_PRODUCTS),
        quantity=float(rng.choice((10, 25, 40, 60, 120))),
        customer=rng.choice(_CUSTOMERS),
        due_date=due.replace(minute=0, second=0, microsecond=0),
        priority=float(rng.choice((1, 1, 1, 2, 5))),
    )


def _operations(rng: random.Random, order: Order, machines: int, plan: _Plan) -> list[Operation]:
    ready, family, out = START_MS, rng.choice(_FAMILIES), list[Operation]()
    stages = [s for s in _STAGES if s[0] in ("Saw", "Lathe", "Mill", "Bench") or rng.random() < 0.7]
    for position, (short, _, hours, matrix) in enumerate(stages):
        quarters = max(1, round(rng.uniform(0.6, 1.6) * hours * 4))
        duration = quarters * HOUR_MS // 4
        able = [f"{short.lower()}-{n}" for n in range(1, machines + 1)]
        if len(able) > 2 and rng.random() < 0.4:
            able.remove(rng.choice(able))
        fitter = min((f"fitter-{n}" for n in range(1, machines + 1)), key=lambda r: (plan.free.get(r, START_MS), r))
        if short == "Bench":
            ready = max(ready, plan.free.get(fitter, START_MS))
        resource_id = min(able, key=lambda r: (max(plan.free.get(r, START_MS), ready), r))
        working = plan.working(resource_id)
        setup_ms = plan.setup_ms(matrix, resource_id, family)
        start = working.next_working(plan.free.get(resource_id, START_MS))
        assert start is not None
        start = working.next_working(max(ready, working.add(start, setup_ms) or start))
        assert start is not None
        slow = short == "Mill" and resource_id.endswith(f"-{machines}") and machines > 1
        end = working.add(start, -(-duration * 10 // 8) if slow else duration)
        assert end is not None
        if short == "Furnace":
            units = sorted([*plan.units.get(resource_id, [START_MS] * 3), end])[1:]
            plan.units[resource_id], plan.free[resource_id] = units, units[0]
        else:
            plan.free[resource_id] = end
        if short == "Bench":
            plan.free[fitter] = end
        if matrix:
            plan.family[resource_id] = family
        ready = end + HOUR_MS // 4
        out.append(
            Operation(
                id=f"{order.id}-{10 * (position + 1)}",
                name=f"{10 * (position + 1)} {_VERBS[short]}",
                duration=duration,
                resource_id=resource_id,
                start_date=from_ms(start),
                end_date=from_ms(end),
                modes=tuple(Mode(resource_id=r) for r in able),
                demands=(Demand(resource_id=fitter),) if short == "Bench" else None,
                setup_family=family if matrix else None,
                order_id=order.id,
                manually_scheduled=True,
            )
        )
    return out


_VERBS = {"Saw": "Saw", "Lathe": "Turn", "Mill": "Mill", "Furnace": "Harden", "Grinder": "Grind", "Bench": "Assemble"}


def _marked(events: list[Operation], rng: random.Random) -> list[Operation]:
    """Some operations done, begun, released, locked, and one unscheduled."""
    now = START + dt.timedelta(hours=1)
    out: list[Operation] = []
    for op in events:
        assert op.start_date is not None and op.end_date is not None
        update: dict[str, object] = {}
        if op.end_date <= now:
            update = {"status": Status.COMPLETED, "percent_done": 100.0}
        elif op.start_date < now:
            update = {"status": Status.STARTED, "percent_done": float(rng.randint(10, 60))}
        elif rng.random() < 0.08:
            update = {"locked": True}
        elif op.start_date < now + dt.timedelta(hours=20):
            update = {"status": Status.RELEASED}
        out.append(op.model_copy(update=update) if update else op)
    return out
