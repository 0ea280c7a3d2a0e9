"""Random plants that use every rule of the contract, and workshops of any size, for tests and measurements.

``small_plant`` mixes all rules at random and may well be infeasible; ``workshop`` is a feasible plant of a plausible
shape: orders of several operations on stages of parallel machines, with shifts, setups, a crew and due dates.
"""

from __future__ import annotations

import random
from typing import Any

from engine.model import Demand, Locks, Mode, Operation, Resource, Schedule, SetupMatrix, SetupRule, Status
from tests.support.rule_cases import blocked, date, dep, down, op, order, placed, plant, res, together, week

_DATES = ("startnoearlierthan", "startnolaterthan", "finishnoearlierthan", "finishnolaterthan", "muststarton")


def small_plant(seed: int, size: int = 8) -> tuple[Schedule, Locks]:
    """Return a plant of ``size`` operations with a random mix of rules, and locks for a request."""
    draw = random.Random(seed)
    machines = [_machine(draw, i) for i in range(4)]
    crews = [
        res("crew", capacity=3, calendar=draw.choice([None, "long"]), cost_per_hour=7.0),
        res("tool1", cost_per_hour=3.0),
        res("tool2", cost_per_hour=1.0),
    ]
    events = [_operation(draw, i) for i in range(size)]
    relations = [
        dep(f"x{a}", f"x{b}", draw.randrange(4), draw.choice([0, 0, 15, -10]), draw.choice([None, None, None, 600]))
        for a in range(size)
        for b in range(a + 1, size)
        if draw.random() < 1.5 / size
    ]
    rules: list[Any] = [down("m0", 100, 160), down("m3", 0, 200, 1)]
    rules += [
        date(draw.choice(_DATES), f"x{i}", draw.choice([300, 900, 2500])) for i in range(size) if draw.random() < 0.08
    ]
    for kind in ("sameresource", "differentresource", "nooverlap"):
        if draw.random() < 0.4:
            rules.append(together(kind, *(f"x{i}" for i in draw.sample(range(size), 2))))
    orders = [
        order("p", due_date=draw.choice([200, 700]), priority=2.0),
        order("q", due_date=1_000, deadline=draw.choice([6_000, 20_000]), release_date=60),
    ]
    calendars = [week("short", ("06:00", "10:00"), ("11:00", "15:00")), week("long", ("04:00", "20:00"))]
    items = [*machines, *crews, *events, *relations, *rules, *orders, *calendars, _matrix(draw, "s", 3, banned=0.05)]
    schedule = plant(*items, freeze=draw.choice([None, 30]))
    return schedule, blocked(f"m{draw.randrange(4)}", 300, 340) if draw.random() < 0.4 else Locks()


def workshop(operations: int, machines: int = 9, seed: int = 1, tightness: float = 0.3, rules: bool = True) -> Schedule:
    """Return a plant of ``operations`` in orders of six; without ``rules``: no setups, calendars or crew."""
    draw = random.Random(seed)
    stages = max(2, machines // 3)
    rows: list[Any] = [
        res(
            f"m{m}",
            calendar=draw.choice(["two", "two", None]) if rules else None,
            setup_matrix="s" if rules and m % 2 == 0 else None,
            initial_setup="f0" if rules and m % 2 == 0 else None,
            cost_per_hour=float(draw.randint(20, 60)),
            group=f"stage {m % stages}",
        )
        for m in range(machines)
    ]
    items: list[Any] = [*rows]
    if rules:
        items += [res("crew", capacity=max(3, machines // 3)), week("two", ("06:00", "22:00"), days=(1, 2, 3, 4, 5))]
        items.append(_matrix(draw, "s", 6))
    load = operations * 70 / machines
    for j in range(-(-operations // 6)):
        family, route = f"f{draw.randrange(6)}", [draw.randrange(stages) for _ in range(6)]
        items.append(
            order(f"o{j}", due_date=300 + tightness * 2 * load * draw.random(), priority=draw.choice([1.0, 2.0]))
        )
        for k, stage in enumerate(route):
            minutes = draw.choice([15, 30, 45, 60, 90, 120])
            modes = tuple(Mode(resource_id=f"m{m}") for m in range(machines) if m % stages == stage)
            demands = (Demand(resource_id="crew"),) if rules and draw.random() < 0.25 else None
            fields = {"setup_family": family if rules else None, "order_id": f"o{j}", "demands": demands}
            items.append(op(f"o{j}-{k}", minutes, None, modes=modes, interruptible=draw.random() < 0.8, **fields))
            if k:
                items.append(dep(f"o{j}-{k - 1}", f"o{j}-{k}", lag=draw.choice([0, 0, 10])))
    return plant(*items)


def _machine(draw: random.Random, i: int) -> Resource:
    if i == 3:
        return res("m3", capacity=2, calendar=draw.choice([None, "short"]), cost_per_hour=11.0)
    return res(
        f"m{i}",
        calendar=draw.choice([None, "short", "long"]),
        efficiency=draw.choice([1.0, 1.0, 0.8]),
        setup_matrix="s" if i < 2 else None,
        initial_setup="f1" if i == 0 else None,
        cost_per_hour=float(10 + i),
        group="g" if i < 3 else None,
    )


def _operation(draw: random.Random, i: int) -> Operation:
    modes = draw.sample(range(4), draw.choice([1, 2, 3]))
    fields: dict[str, Any] = {
        "modes": tuple(Mode(resource_id=f"m{m}", cost=draw.choice([None, 2.5])) for m in modes),
        "setup_family": draw.choice([None, "f0", "f1", "f2"]),
        "order_id": draw.choice([None, "p", "q"]),
        "interruptible": draw.random() < 0.7,
        "priority": draw.choice([None, 0.5, 3.0]),
        "demands": draw.choice(
            [
                None,
                None,
                (Demand(resource_id="crew", quantity=draw.choice([1, 2])),),
                (Demand(resource_ids=("tool1", "tool2")), Demand(resource_id="crew")),
            ]
        ),
    }
    if draw.random() < 0.3:
        fields["due_date"] = draw.choice([120, 400, 1_500])
    if draw.random() < 0.15:
        fields["release_date"] = draw.choice([30, 240])
    minutes = draw.choice([0, 20, 45, 60, 100, 180])
    if i == 0:
        return placed("x0", -60, 40, "m2", minutes=100, status=Status.STARTED)
    if draw.random() < 0.25:
        begin = draw.choice([0, 20, 400])
        span = placed(f"x{i}", begin, begin + max(20, minutes), f"m{modes[0]}", **fields)
        return span.model_copy(update={"locked": draw.random() < 0.08})
    return op(f"x{i}", minutes, None, **fields)


def _matrix(draw: random.Random, name: str, families: int, banned: float = 0.0) -> SetupMatrix:
    rules = tuple(
        SetupRule(
            from_=f"f{a}",
            to=f"f{b}",
            duration=0 if a == b else draw.choice([5, 10, 20, 40]) * 60_000,
            cost=draw.choice([None, 4.0]),
            forbidden=a != b and draw.random() < banned,
        )
        for a in range(families)
        for b in range(families)
    )
    return SetupMatrix(id=name, name=name, rules=rules)
