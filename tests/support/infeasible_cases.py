"""Plants without a plan, each for a known reason, hidden among rules that all can be kept.

``infeasible_case(seed)`` mixes a cause (``CAUSES[seed % len(CAUSES)]``) into a small feasible plant of random noise:
orders with dependencies, dates with plenty of time, calendars, setups, a crew, outages, locks and constraints that
stand in nobody's way. Times are minutes after Monday 2026-01-05 00:00 UTC.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from engine.model import Demand, OptimizationRequest, ResourceInterval, Scope
from tests.support.plants import (
    DAY,
    HOUR,
    after,
    block,
    calendar,
    date_rule,
    machine,
    matrix,
    op,
    order,
    outage,
    plant,
    request,
    set_rule,
)

Key = tuple[str, str]


@dataclass
class Parts:
    """A plant in the making."""

    events: list[Any] = field(default_factory=list)
    resources: list[Any] = field(default_factory=list)
    dependencies: list[Any] = field(default_factory=list)
    constraints: list[Any] = field(default_factory=list)
    calendars: list[Any] = field(default_factory=list)
    orders: list[Any] = field(default_factory=list)
    matrices: list[Any] = field(default_factory=list)
    blocks: list[ResourceInterval] = field(default_factory=list)
    locked: list[str] = field(default_factory=list)
    freeze: float | None = None
    scope: Scope | None = None

    def add_noise(self, draw: random.Random) -> None:
        """Add what can be planned in many ways."""
        self.calendars += [
            calendar("two", "06:00-14:00", "14:00-22:00", days=(1, 2, 3, 4, 5, 6)),
            calendar("day", "07:00-12:00", "12:30-16:00"),
        ]
        self.resources += [
            machine("N1", calendar=draw.choice(["two", None]), setup_matrix="S0", initial_setup="f0"),
            machine("N2", calendar=draw.choice(["two", "day"]), efficiency=draw.choice([1.0, 0.8])),
            machine("N3", calendar="two", capacity=2),
            machine("crew0", capacity=2, type="person"),
            machine("far"),
        ]
        self.matrices.append(matrix("S0", {("f0", "f1"): 15, ("f1", "f0"): 25}))
        for j in range(draw.choice([2, 3])):
            self._noise_order(draw, j)
        self.constraints += [
            outage("N2", 600, 690),
            date_rule("startnoearlierthan", "n0-0", draw.choice([0, 60, 400])),
            set_rule("nooverlap", "n0-1", "n1-1"),
            date_rule("finishnolaterthan", "n1-2", 20 * DAY),
            set_rule("differentresource", "n0-2", "far0", enabled=draw.random() < 0.8),
            outage("N1", 300, 350, enabled=False),
        ]
        self.events.append(op("far0", 90, on="far", start=3 * DAY, locked=True))
        self.blocks.append(block("far", 4 * DAY, 5 * DAY))

    def _noise_order(self, draw: random.Random, j: int) -> None:
        name = f"n{j}"
        dates = {"deadline": draw.choice([None, 14 * DAY]), "due": draw.choice([DAY, 3 * DAY])}
        self.orders.append(order(name, release=draw.choice([None, 120]), priority=draw.choice([None, 3.0]), **dates))
        for k in range(3):
            modes = draw.choice([["N1"], ["N2"], ["N1", "N3"], ["N2", "N3"]])
            fields = {"family": draw.choice(["f0", "f1"]), "order": name, "interruptible": draw.random() < 0.6}
            demands = [Demand(resource_id="crew0")] if draw.random() < 0.4 else None
            self.events.append(op(f"{name}-{k}", draw.choice([20, 45, 90]), modes=modes, demands=demands, **fields))
            if k:
                most = draw.choice([None, None, 5 * DAY])
                self.dependencies.append(
                    after(f"{name}-{k - 1}", f"{name}-{k}", lag=draw.choice([0, 30]), max_lag=most)
                )

    def request(self, draw: random.Random, **options: Any) -> OptimizationRequest:
        """Return the request, with its operations in random order."""
        draw.shuffle(self.events)
        draw.shuffle(self.constraints)
        schedule = plant(
            self.events,
            self.resources,
            dependencies=self.dependencies,
            constraints=self.constraints,
            calendars=self.calendars,
            orders=self.orders,
            matrices=self.matrices,
            now=0,
            freeze=self.freeze,
        )
        return request(schedule, locked=self.locked, blocks=self.blocks, scope=self.scope, **options)


@dataclass(frozen=True)
class InfeasibleCase:
    """A request without a plan.

    ``cause`` are members that each explanation must have. ``least`` is the least change of some of them in minutes,
    where that is known.
    """

    name: str
    request: OptimizationRequest
    cause: frozenset[Key]
    least: dict[Key, float]


Cause = Callable[[Parts, random.Random], tuple[set[Key], dict[Key, float]]]


def deadline_of_a_chain(parts: Parts, draw: random.Random):
    work = [draw.choice([30, 60, 90]) for _ in range(3)]
    short = draw.choice([1, 10, 45])
    parts.orders.append(order("late", deadline=sum(work) + 20 - short, priority=1.0))
    parts.events += [op(f"c{i}", minutes, on=f"X{i % 2}", order="late") for i, minutes in enumerate(work)]
    parts.dependencies += [after("c0", "c1"), after("c1", "c2", lag=20)]
    return {("deadline", "late")}, {("deadline", "late"): short}


def deadlines_on_one_machine(parts: Parts, draw: random.Random):
    a, b = draw.choice([60, 100]), draw.choice([50, 80])
    parts.events += [op("a", a, on="X", deadline=a + b - 10), op("b", b, on="X", deadline=a + b - 10)]
    return {("deadline", "a"), ("deadline", "b"), ("capacity", "X")}, {("deadline", "a"): 10, ("deadline", "b"): 10}


def lock_against_lock(parts: Parts, draw: random.Random):
    at = draw.choice([0, 500])
    parts.events += [op("a", 60, on="X", start=at, locked=True), op("b", 60, on="X", start=at + 30)]
    parts.locked.append("b")
    return {("lock", "a"), ("lock", "b")}, {}


def lock_against_maintenance(parts: Parts, draw: random.Random):
    at = draw.choice([100, 700])
    parts.events.append(op("a", 120, on="X", start=at, locked=True, interruptible=draw.random() < 0.5))
    parts.constraints.append(outage("X", at + 60, at + 200))
    return {("lock", "a"), ("unavailable", f"out-X-{at + 60}")}, {("unavailable", f"out-X-{at + 60}"): 60}


def lock_against_deadline(parts: Parts, draw: random.Random):
    parts.events.append(op("a", 60, on="X", start=200, locked=True, deadline=draw.choice([230, 259])))
    return {("lock", "a"), ("deadline", "a")}, {}


def release_against_deadline(parts: Parts, draw: random.Random):
    released, work, short = draw.choice([100, 1000]), draw.choice([30, 90]), draw.choice([5, 25])
    parts.orders.append(order("late", deadline=released + work - short))
    parts.events.append(op("a", work, modes=["X", "Y"], order="late", release=released))
    return {("release", "a"), ("deadline", "late")}, {("deadline", "late"): short, ("release", "a"): short}


def banned_sequences(parts: Parts, draw: random.Random):
    parts.matrices.append(matrix("bans", {("g", "h"): None, ("h", "g"): None}, default=draw.choice([None, 10])))
    parts.resources.append(machine("X", setup_matrix="bans"))
    parts.events += [op("a", 40, on="X", family="g"), op("b", 50, on="X", family="h")]
    return {("setup", "bans")}, {}


def greatest_lag_over_a_weekend(parts: Parts, draw: random.Random):
    parts.resources.append(machine("Y", calendar="early"))
    parts.calendars.append(calendar("early", "06:00-14:00"))
    friday = 4 * DAY + 12 * HOUR
    parts.events += [op("a", 180, on="X"), op("b", 60, on="Y")]
    parts.dependencies.append(after("a", "b", max_lag=draw.choice([60, 600])))
    parts.constraints.append(date_rule("muststarton", "a", friday))
    return {("maxLag", "a>b/2"), ("muststarton", "muststarton-a"), ("calendar", "Y")}, {}


def longer_than_a_shift(parts: Parts, draw: random.Random):
    extra = draw.choice([15, 120])
    parts.resources.append(machine("Y", calendar="early"))
    parts.calendars.append(calendar("early", "06:00-14:00"))
    parts.events.append(op("a", 480 + extra, on="Y", interruptible=False))
    return {("calendar", "Y"), ("uninterrupted", "a")}, {("calendar", "Y"): extra}


def not_at_once_with_deadlines(parts: Parts, draw: random.Random):
    a = draw.choice([60, 75])
    parts.events += [op("a", a, on="X", deadline=100), op("b", 50, on="Y", deadline=100)]
    parts.constraints.append(set_rule("nooverlap", "a", "b"))
    cause = {("nooverlap", "nooverlap-a-b"), ("deadline", "a"), ("deadline", "b")}
    return cause, {("deadline", "a"): a - 50, ("deadline", "b"): a - 50}


def same_and_different(parts: Parts, draw: random.Random):
    parts.events += [op("a", 30, modes=["X", "Y"]), op("b", 30, modes=["X", "Y"])]
    parts.constraints += [set_rule("sameresource", "a", "b"), set_rule("differentresource", "b", "a")]
    return {("sameresource", "sameresource-a-b"), ("differentresource", "differentresource-b-a")}, {}


def same_without_a_common_machine(parts: Parts, draw: random.Random):
    parts.events += [op("a", 30, modes=["X", "Z"]), op("b", 30, modes=["Y", "W"])]
    parts.constraints.append(set_rule("sameresource", "a", "b"))
    return {("sameresource", "sameresource-a-b")}, {}


def too_few_machines_to_differ(parts: Parts, draw: random.Random):
    parts.events += [op(key, 30, modes=["X", "Y"]) for key in ("a", "b", "c")]
    parts.constraints.append(set_rule("differentresource", "a", "b", "c"))
    return {("differentresource", "differentresource-a-b-c")}, {}


def frozen_in_the_way(parts: Parts, draw: random.Random):
    parts.events += [op("f", 240, on="X", start=0), op("a", 60, on="X", deadline=draw.choice([120, 299]))]
    parts.freeze = 60
    return {("freeze", "freeze"), ("deadline", "a")}, {}


def blocked_until_the_deadline(parts: Parts, draw: random.Random):
    until, short = 600, draw.choice([10, 40])
    parts.events.append(op("a", 60, on="X", deadline=until + 60 - short))
    parts.blocks.insert(0, block("X", 0, until))
    return {("blocked", "0"), ("deadline", "a")}, {("deadline", "a"): short, ("blocked", "0"): short}


def crew_too_small(parts: Parts, draw: random.Random):
    parts.resources.append(machine("crew", capacity=2))
    parts.events.append(op("a", 30, on="X", demands=[Demand(resource_id="crew", quantity=draw.choice([3, 4]))]))
    return {("capacity", "crew"), ("demand", "a")}, {}


def crew_shared_with_deadlines(parts: Parts, draw: random.Random):
    parts.resources.append(machine("crew", capacity=3))
    two = [Demand(resource_id="crew", quantity=2)]
    parts.events += [op(key, 60, on=on, demands=two, deadline=110) for key, on in (("a", "X"), ("b", "Y"))]
    return {("deadline", "a"), ("deadline", "b"), ("capacity", "crew")}, {("deadline", "a"): 10}


def start_too_early_for_its_predecessor(parts: Parts, draw: random.Random):
    short = draw.choice([5, 60])
    parts.events += [op("a", 120, on="X"), op("b", 30, on="Y")]
    parts.dependencies.append(after("a", "b"))
    parts.constraints.append(date_rule("startnolaterthan", "b", 120 - short))
    key = ("startnolaterthan", "startnolaterthan-b")
    return {key, ("dependency", "a>b/2")}, {key: short, ("dependency", "a>b/2"): short}


def exact_starts_that_overlap(parts: Parts, draw: random.Random):
    parts.events += [op("a", 60, on="X"), op("b", 60, on="X")]
    parts.constraints += [date_rule("muststarton", "a", 300), date_rule("muststarton", "b", 320)]
    keys = {("muststarton", "muststarton-a"), ("muststarton", "muststarton-b")}
    return keys, dict.fromkeys(keys, 40)


def end_not_before_the_deadline(parts: Parts, draw: random.Random):
    parts.events.append(op("a", 60, on="X", deadline=500))
    parts.constraints.append(date_rule("finishnoearlierthan", "a", 500 + (short := draw.choice([1, 90]))))
    key = ("finishnoearlierthan", "finishnoearlierthan-a")
    return {key, ("deadline", "a")}, {key: short, ("deadline", "a"): short}


def holiday_before_the_deadline(parts: Parts, draw: random.Random):
    holiday = ("2026-01-05", "2026-01-05", False)
    parts.calendars.append(calendar("bank", "08:00-16:00", exceptions=[holiday]))
    parts.resources.append(machine("Y", calendar="bank"))
    parts.events.append(op("a", 120, on="Y", deadline=DAY + 9 * HOUR))
    return {("calendar", "Y"), ("deadline", "a")}, {("deadline", "a"): 60, ("calendar", "Y"): 60}


def out_of_scope_in_the_way(parts: Parts, draw: random.Random):
    parts.events += [op("f", 200, on="X", start=0), op("a", 60, on="X", deadline=150)]
    parts.scope = Scope(event_ids=tuple(e.id for e in parts.events if e.id != "f"))
    return {("scope", "scope"), ("deadline", "a")}, {("deadline", "a"): 110}


def locked_before_its_predecessor(parts: Parts, draw: random.Random):
    parts.events += [op("a", 90, on="X", release=60), op("b", 30, on="Y", start=120, locked=True)]
    parts.dependencies.append(after("a", "b"))
    return {("lock", "b"), ("release", "a"), ("dependency", "a>b/2")}, {("release", "a"): 30}


CAUSES: list[Cause] = [
    deadline_of_a_chain,
    deadlines_on_one_machine,
    lock_against_lock,
    lock_against_maintenance,
    lock_against_deadline,
    release_against_deadline,
    banned_sequences,
    greatest_lag_over_a_weekend,
    longer_than_a_shift,
    not_at_once_with_deadlines,
    same_and_different,
    same_without_a_common_machine,
    too_few_machines_to_differ,
    frozen_in_the_way,
    blocked_until_the_deadline,
    crew_too_small,
    crew_shared_with_deadlines,
    start_too_early_for_its_predecessor,
    exact_starts_that_overlap,
    end_not_before_the_deadline,
    holiday_before_the_deadline,
    out_of_scope_in_the_way,
    locked_before_its_predecessor,
]


def infeasible_case(seed: int, **options: Any) -> InfeasibleCase:
    """Return the case of a seed; options are those of the request."""
    draw = random.Random(seed)
    cause = CAUSES[seed % len(CAUSES)]
    parts = Parts()
    parts.add_noise(draw)
    keys, least = cause(parts, draw)
    given = {"time_limit": 20.0, "workers": 1} | options
    return InfeasibleCase(f"{cause.__name__}-{seed}", parts.request(draw, **given), frozenset(keys), least)
