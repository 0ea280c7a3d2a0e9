"""The sample plant's order book: drawn, but the same at every call."""

from __future__ import annotations

import datetime as dt
import math
import random
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from app.sample.plant import CALENDARS, MINUTE_MS, ZONE
from app.sample.products import PRODUCTS, Product, Step
from engine.calendars import WorkingTime, expand
from engine.instants import from_ms, to_ms
from engine.model import Dependency, Mode, Operation, Order

MONDAY = dt.datetime(2026, 11, 23, 6, 0, tzinfo=ZoneInfo(ZONE))
"""The first morning of the plan, in local time."""

_GRID_MINUTES = 15
_CUSTOMERS = (
    ("Nordwind Antriebe", 3.0), ("Alpina Pumpen", 2.0), ("Brenner Hydraulik", 2.0), ("Van Aalst Machines", 1.0),
    ("Saarland Armaturen", 1.0), ("Kowalski Przekladnie", 1.0), ("Officine Ferraro", 1.0), ("Bohemia Motory", 1.0),
    ("Lumen Verpackung", 1.0), ("Harz Bergtechnik", 1.0),
)  # fmt: skip
_MIX = ("AW40", "AW40", "ZR25", "ZR25", "FL120", "FL120", "LB75", "LB75", "HB8", "VB10", "SP60", "RZ30", "BZ12", "KO5",
        "GB2")  # fmt: skip
"""How often each product is ordered, in fifteen orders."""

ORDER_COUNT = 72
_HASTE = (1.4, 1.9, 2.5, 3.2)
"""Promised lead time as a multiple of the work content, in three-shift time."""

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_HANDLING_MS = 18 * _HOUR_MS
_OLD_ORDERS = 16
"""Orders that were on the floor before the Monday."""

_OLD_GAP_MS = 4 * _HOUR_MS
_GAP_MS = 110 * 60_000
"""Between two orders that come in, before and after the Monday, in three-shift time."""


@dataclass(frozen=True)
class OrderBook:
    """Orders with their operations and dependencies, by order in the sequence in which they came in."""

    orders: tuple[Order, ...]
    operations: tuple[Operation, ...]
    dependencies: tuple[Dependency, ...]


def order_book() -> OrderBook:
    """Return the order book: the same at every call."""
    draw = random.Random(1123)
    week = expand(CALENDARS[0], ZONE, to_ms(MONDAY) - 30 * _DAY_MS, to_ms(MONDAY) + 90 * _DAY_MS)
    by_key = {product.key: product for product in PRODUCTS}
    keys: list[str] = []
    while len(keys) < ORDER_COUNT:
        block = list(_MIX)
        draw.shuffle(block)
        keys += block
    orders: list[Order] = []
    operations: list[Operation] = []
    dependencies: list[Dependency] = []
    for index, key in enumerate(keys[:ORDER_COUNT]):
        product = by_key[key]
        order_id = _order_id(index)
        quantity = draw.choice(product.lots)
        steps = [_operation(order_id, number, step, quantity) for number, step in enumerate(product.steps)]
        operations += steps
        dependencies += _dependencies(order_id, product)
        orders.append(_order(index, product, quantity, steps, week, draw))
    return OrderBook(tuple(orders), tuple(operations), tuple(dependencies))


def _order_id(index: int) -> str:
    return f"A{1001 + index}"


def operation_id(order_id: str, number: int) -> str:
    """Return the id of an order's step, numbered 10, 20, ... as on a routing sheet."""
    return f"{order_id}-{10 * (number + 1)}"


def _rounded(minutes: float) -> int:
    return max(1, math.ceil(minutes / _GRID_MINUTES)) * _GRID_MINUTES * MINUTE_MS


def _operation(order_id: str, number: int, step: Step, quantity: int) -> Operation:
    minutes = step.fixed + step.piece * quantity
    duration = _rounded(minutes)
    modes = tuple(
        Mode(resource_id=key, duration=_rounded(minutes * step.factors[key]) if key in step.factors else None)
        for key in step.machines
    )
    return Operation(
        id=operation_id(order_id, number),
        name=f"{step.name} {order_id}",
        duration=duration,
        modes=modes,
        demands=step.demands or None,
        setup_family=step.family,
        order_id=order_id,
        interruptible=step.interruptible,
    )


def _dependencies(order_id: str, product: Product) -> list[Dependency]:
    found: list[Dependency] = []
    for number, step in enumerate(product.steps):
        before = step.after if step.after is not None else ((number - 1,) if number else ())
        for other in before:
            first, second = operation_id(order_id, other), operation_id(order_id, number)
            found.append(
                Dependency(
                    id=f"{first}>{second}",
                    from_event=first,
                    to_event=second,
                    lag=step.cooling_h,
                    lag_unit="h" if step.cooling_h else "ms",
                )
            )
    return found


def _order(
    index: int, product: Product, quantity: int, steps: list[Operation], week: WorkingTime, draw: random.Random
) -> Order:
    customer, priority = draw.choice(_CUSTOMERS)
    release_ms = _released_at(index, week)
    lead_ms = round(sum(step.duration for step in steps) * draw.choice(_HASTE)) + _HANDLING_MS
    due_ms = week.add(release_ms, lead_ms)
    assert due_ms is not None
    order_id = _order_id(index)
    return Order(
        id=order_id,
        name=f"{order_id} {product.name}",
        product=product.name,
        quantity=quantity,
        customer=customer,
        release_date=from_ms(release_ms // _HOUR_MS * _HOUR_MS),
        due_date=_delivery(from_ms(due_ms)),
        priority=priority,
    )


def _released_at(index: int, week: WorkingTime) -> int:
    """Orders come in at a steady pace of three-shift time, the first ones before the Monday."""
    ahead = index - _OLD_ORDERS
    old = ahead < 0
    moment = week.back(to_ms(MONDAY), -ahead * _OLD_GAP_MS) if old else week.add(to_ms(MONDAY), ahead * _GAP_MS)
    assert moment is not None
    return moment


def _delivery(moment: dt.datetime) -> dt.datetime:
    """Return the next 16:00 on a weekday at or after ``moment``: goods leave once a day."""
    local = moment.astimezone(ZoneInfo(ZONE))
    day = local.date() if local.hour < 16 else local.date() + dt.timedelta(days=1)
    while day.isoweekday() > 5:
        day += dt.timedelta(days=1)
    return dt.datetime.combine(day, dt.time(16), ZoneInfo(ZONE))
