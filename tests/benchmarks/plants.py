"""The sample plant grown to any number of operations, the same for the same size and seed.

    python -m tests.benchmarks.plants 10000 --seed 1 -o plant.json

A plant has halls, and each hall the sample's machines, people and tools: so there are calendars with breaks, setup
families, operators, tools, cooling times, alternatives within the hall and, for some steps, in the next one. Larger
plants have more halls and a longer order book. Nothing is placed unless asked for.
"""

from __future__ import annotations

import argparse
import datetime as dt
import math
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from app.sample.orders import MONDAY
from app.sample.plant import CALENDARS, HELPERS, MACHINES, MINUTE_MS, SETUP_MATRICES, ZONE
from app.sample.products import PRODUCTS, Product, Step
from engine.calendars import WorkingTime, expand
from engine.instants import from_ms, to_ms
from engine.model import (
    Constraint,
    DateConstraint,
    Demand,
    Dependency,
    Metadata,
    Mode,
    Operation,
    Order,
    Resource,
    Schedule,
    SetConstraint,
    SetupMatrix,
    SetupRule,
    Snapshot,
    Unavailable,
)

HALL_OPERATIONS = 450
"""What one hall has on its books in the sample."""

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_FULL_GAP_MS = 133 * MINUTE_MS
"""Between two orders of a hall when its bottleneck, setups left out, is busy all its time, in three-shift time."""
_OLD_ORDERS = 8
"""Orders of a hall that were on its books before the Monday."""
_HASTE = (1.4, 1.9, 2.5, 3.2)
_HANDLING_MS = 18 * _HOUR_MS
_GRID_MINUTES = 15
_MIX = {
    "AW40": 2, "ZR25": 2, "FL120": 2, "LB75": 1, "HB8": 1, "VB10": 1, "SP60": 1, "RZ30": 1, "BZ12": 1, "KO5": 1,
    "GB2": 1,
}  # fmt: skip
_WEIGHTS = (1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 3.0)
_SHARED_STEPS = ("Saw", "Grind", "Zinc-plate", "Pack", "Wash", "Temper")
"""Steps for which a lot may also go to the next hall."""


def grown_plant(operations: int, seed: int = 1, halls: int | None = None, load: float = 0.95) -> Schedule:
    """Return a plant with exactly so many operations, none of them placed.

    Parameters
    ----------
    operations
        At most 100,000. The last order may be cut short to meet the number.
    seed
        Draws products, lots, hall, promised dates, maintenance.
    halls
        By default as many as make the order book grow with the square root of the size.
    load
        Share of its working time that the busiest group of machines works, setups not counted, while orders come in.
    """
    halls = halls or max(1, round(math.sqrt(operations / HALL_OPERATIONS)))
    draw = random.Random(seed)
    book = _Book(halls, draw, round(_FULL_GAP_MS / load))
    while len(book.operations) < operations:
        book.add_order(operations - len(book.operations))
    resources = tuple(_in_hall(item, hall) for hall in range(halls) for item in (*MACHINES, *HELPERS))
    used = {op.setup_family for op in book.operations if op.setup_family} | {
        item.initial_setup for item in MACHINES if item.initial_setup
    }
    snapshot = Snapshot(
        resources=resources,
        events=tuple(book.operations),
        dependencies=tuple(book.dependencies),
        constraints=tuple(_constraints(book, halls, draw)),
        calendars=CALENDARS,
        orders=tuple(book.orders),
        setup_matrices=tuple(_with_families_kept(matrix, used) for matrix in SETUP_MATRICES),
    )
    metadata = Metadata(
        plant_id=f"grown-{operations}",
        timestamp=MONDAY,
        user_id="benchmark",
        time_zone=ZONE,
        name=f"Sample plant grown to {operations:,} operations",
        horizon_start=MONDAY,
    )
    return Schedule(version="1.0", snapshot=snapshot, metadata=metadata)


class _Book:
    """The order book as it fills."""

    def __init__(self, halls: int, draw: random.Random, gap_ms: int) -> None:
        self.orders: list[Order] = []
        self.operations: list[Operation] = []
        self.dependencies: list[Dependency] = []
        self.cut_twice: list[tuple[str, str]] = []
        self.gap_ms = gap_ms
        self._halls = halls
        self._draw = draw
        self._by_key = {product.key: product for product in PRODUCTS}
        self._week: WorkingTime | None = None
        self._week_end_ms = 0

    def add_order(self, at_most: int) -> None:
        """Draw one order of at most so many operations."""
        draw, number = self._draw, len(self.orders)
        product = self._by_key[draw.choices(list(_MIX), list(_MIX.values()))[0]]
        quantity, hall = draw.choice(product.lots), number % self._halls
        key = f"A{1001 + number}"
        steps = product.steps[:at_most]
        made = [_operation(key, index, step, quantity, hall, self._halls) for index, step in enumerate(steps)]
        self.operations += made
        self.dependencies += _dependencies(key, steps)
        self.orders.append(self._order(number, product, quantity, made))
        if [step.name for step in steps if step.name in ("Rough-turn", "Finish-turn")] == ["Rough-turn", "Finish-turn"]:
            self.cut_twice.append((_operation_id(key, 1), _operation_id(key, 3)))

    def _order(self, number: int, product: Product, quantity: int, made: list[Operation]) -> Order:
        release_ms = self._released_ms(number // self._halls)
        lead_ms = round(sum(op.duration for op in made) * self._draw.choice(_HASTE)) + _HANDLING_MS
        due_ms = self._time_until(release_ms + 40 * _DAY_MS + 3 * lead_ms).add(release_ms, lead_ms)
        assert due_ms is not None
        return Order(
            id=f"A{1001 + number}",
            name=f"A{1001 + number} {product.name}",
            product=product.name,
            quantity=quantity,
            release_date=from_ms(release_ms // _HOUR_MS * _HOUR_MS),
            due_date=_delivery(from_ms(due_ms)),
            priority=self._draw.choice(_WEIGHTS),
        )

    def _released_ms(self, place: int) -> int:
        """When the hall's order number ``place`` came in."""
        ahead, now_ms = place - _OLD_ORDERS, to_ms(MONDAY)
        if ahead < 0:
            moment = self._time_until(now_ms + _DAY_MS).back(now_ms, -ahead * self.gap_ms)
        else:
            moment = self._time_until(now_ms + 30 * _DAY_MS + 3 * ahead * self.gap_ms).add(now_ms, ahead * self.gap_ms)
        assert moment is not None
        return moment

    def _time_until(self, until_ms: int) -> WorkingTime:
        if self._week is None or until_ms > self._week_end_ms:
            self._week_end_ms = until_ms + 200 * _DAY_MS
            self._week = expand(CALENDARS[0], ZONE, to_ms(MONDAY) - 60 * _DAY_MS, self._week_end_ms)
        return self._week


def _hall_key(key: str, hall: int) -> str:
    return f"H{hall + 1}-{key}"


def _in_hall(item: Resource, hall: int) -> Resource:
    group = f"Hall {hall + 1} {item.group}"
    return item.model_copy(
        update={"id": _hall_key(item.id, hall), "name": f"{item.name}, hall {hall + 1}", "group": group}
    )


def _operation_id(order_id: str, number: int) -> str:
    return f"{order_id}-{10 * (number + 1)}"


def _rounded_ms(minutes: float) -> int:
    return max(1, math.ceil(minutes / _GRID_MINUTES)) * _GRID_MINUTES * MINUTE_MS


def _operation(order_id: str, number: int, step: Step, quantity: int, hall: int, halls: int) -> Operation:
    minutes = step.fixed + step.piece * quantity
    reach = (hall, (hall + 1) % halls) if step.name in _SHARED_STEPS and halls > 1 else (hall,)
    modes = tuple(
        Mode(
            resource_id=_hall_key(key, place),
            duration=_rounded_ms(minutes * step.factors[key]) if key in step.factors else None,
        )
        for place in reach
        for key in step.machines
    )
    return Operation(
        id=_operation_id(order_id, number),
        name=f"{step.name} {order_id}",
        duration=_rounded_ms(minutes),
        modes=modes,
        demands=tuple(_demand_in_hall(demand, hall) for demand in step.demands) or None,
        setup_family=step.family,
        order_id=order_id,
        interruptible=step.interruptible,
    )


def _demand_in_hall(demand: Demand, hall: int) -> Demand:
    if demand.resource_ids is not None:
        return demand.model_copy(update={"resource_ids": tuple(_hall_key(key, hall) for key in demand.resource_ids)})
    return demand.model_copy(update={"resource_id": _hall_key(demand.resource_id or "", hall)})


def _dependencies(order_id: str, steps: tuple[Step, ...]) -> Iterator[Dependency]:
    for number, step in enumerate(steps):
        before = step.after if step.after is not None else ((number - 1,) if number else ())
        for other in before:
            first, second = _operation_id(order_id, other), _operation_id(order_id, number)
            unit = "h" if step.cooling_h else "ms"
            yield Dependency(
                id=f"{first}>{second}", from_event=first, to_event=second, lag=step.cooling_h, lag_unit=unit
            )


def _delivery(moment: dt.datetime) -> dt.datetime:
    """Return the next 16:00 on a weekday at or after ``moment``."""
    local = moment.astimezone(ZoneInfo(ZONE))
    day = local.date() if local.hour < 16 else local.date() + dt.timedelta(days=1)
    while day.isoweekday() > 5:
        day += dt.timedelta(days=1)
    return dt.datetime.combine(day, dt.time(16), ZoneInfo(ZONE))


def _with_families_kept(matrix: SetupMatrix, families: Iterable[str]) -> SetupMatrix:
    """Say first that what stays in its family needs no setup; the default would hold there too."""
    kept = tuple(SetupRule(from_=family, to=family) for family in sorted(families))
    return matrix.model_copy(update={"rules": kept + matrix.rules})


def _constraints(book: _Book, halls: int, draw: random.Random) -> Iterator[Constraint]:
    """Per hall and week some maintenance and sick leave; late material; finishing on the lathe of the roughing cut."""
    machines = [item for item in MACHINES if not item.infinite]
    weeks = max(1, math.ceil(len(book.orders) / halls * book.gap_ms / (5 * _DAY_MS)))
    for hall in range(halls):
        for week in range(weeks):
            for item in draw.sample(machines, 3):
                start = MONDAY + dt.timedelta(weeks=week, hours=draw.randrange(0, 120, 4))
                end = start + dt.timedelta(hours=draw.choice((4, 8, 16)))
                yield Unavailable(
                    id=f"service-{hall + 1}-{week + 1}-{item.id}",
                    type="unavailable",
                    resource_id=_hall_key(item.id, hall),
                    start=start,
                    end=end,
                    reason="Service",
                )
            start = MONDAY + dt.timedelta(weeks=week, hours=24 * draw.randrange(4))
            yield Unavailable(
                id=f"sick-{hall + 1}-{week + 1}",
                type="unavailable",
                resource_id=_hall_key("OPS-CNC", hall),
                start=start,
                end=start + dt.timedelta(days=2),
                reason="Operators on sick leave",
                capacity=2,
            )
    for order in book.orders:
        if draw.random() < 0.03:
            release = max(order.release_date or MONDAY, MONDAY)
            yield DateConstraint(
                id=f"material-{order.id}",
                type="startnoearlierthan",
                event_id=_operation_id(order.id, 0),
                date=release + dt.timedelta(hours=draw.randrange(12, 72)),
                name="Material arrives then",
            )
    for number, pair in enumerate(book.cut_twice):
        if number % 3 == 0:
            yield SetConstraint(id=f"same-lathe-{pair[0]}", type="sameresource", event_ids=pair)


def main() -> None:
    """Write a plant to a file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("operations", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--halls", type=int)
    parser.add_argument("--load", type=float, default=0.95)
    parser.add_argument("-o", "--output", type=Path, required=True)
    given = parser.parse_args()
    schedule = grown_plant(given.operations, given.seed, given.halls, given.load)
    given.output.write_text(schedule.model_dump_json(by_alias=True, exclude_none=True), encoding="utf-8")


if __name__ == "__main__":
    main()
