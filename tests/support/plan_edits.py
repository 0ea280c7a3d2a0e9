"""Small random plans and random edits of them, fast: what the laws of deltas and merges are tried on.

Every plan is valid (nothing dangles, no id twice), uses every collection, and every kind of edit occurs: places, fields
and attributes with values that Python blurs (``1``, ``True``, ``1.0``), added and deleted items with all that hangs on
them, order, history, metadata.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from engine.model import (
    Calendar,
    CalendarException,
    DateConstraint,
    Demand,
    Dependency,
    Mode,
    Operation,
    Order,
    Resource,
    Schedule,
    SetConstraint,
    SetupMatrix,
    SetupRule,
    Shift,
    Status,
    Unavailable,
)
from engine.references import references
from tests.support.rule_cases import at, op, placed, plant, res

_SHIFT = Shift(days=(1, 2, 3), from_="06:00", to="14:00")
_VALUES: tuple[Any, ...] = (0, 1, True, False, 1.0, 2.5, None, "x", "", [1, True], [True, 1], {"a": 1}, {"a": True}, {})


def small_plan(draw: random.Random) -> Schedule:
    """Return a plan of a few operations that uses every collection."""
    items: list[Any] = [
        res("m1", setup_matrix="s", calendar="c1"),
        res("m2", calendar=draw.choice([None, "c2"])),
        res("m3", attributes={"n": draw.choice(_VALUES)}),
        res("t1"),
        res("t2"),
        Calendar(id="c1", name="Early", week=(_SHIFT,)),
        Calendar(id="c2", name="Late", week=()),
        SetupMatrix(id="s", name="s", rules=(SetupRule(from_="*", to="*", duration=1),)),
        Order(id="o1", name="One", due_date=at(500)),
        Order(id="o2", name="Two", attributes={"vip": True}),
        *(_operation(draw, f"x{i}") for i in range(draw.randrange(3, 7))),
        Dependency(id="d1", from_event="x0", to_event="x1"),
        Dependency(id="d2", from_event="x1", to_event="x2"),
        DateConstraint(id="k1", type="muststarton", event_id="x0", date=at(10)),
        SetConstraint(id="k2", type="nooverlap", event_ids=("x0", "x2")),
        Unavailable(id="k3", type="unavailable", resource_id="m3", start=at(0), end=at(60)),
    ]
    return plant(*items)


def edited(draw: random.Random, schedule: Schedule, most: int = 5) -> Schedule:
    """Return the plan after at most so many random edits."""
    for _ in range(draw.randrange(most + 1)):
        schedule = draw.choice(_EDITS)(draw, schedule)
    return schedule


def dangling(schedule: Schedule) -> list[tuple[str, str]]:
    """Return what is named and not there, and ids that stand twice."""
    names = list(type(schedule.snapshot).model_fields)
    ids = {name: [item.id for item in getattr(schedule.snapshot, name)] for name in names}
    twice = [(name, key) for name in names for key in set(ids[name]) if ids[name].count(key) > 1]
    every = (item for name in names for item in getattr(schedule.snapshot, name))
    return twice + [key for item in every for key in references(item) if key[1] not in ids[key[0]]]


def with_items(schedule: Schedule, **parts: tuple[Any, ...]) -> Schedule:
    """Return the plan with other items in some collections."""
    return schedule.model_copy(update={"snapshot": schedule.snapshot.model_copy(update=parts)})


def _operation(draw: random.Random, name: str) -> Operation:
    fields: dict[str, Any] = {
        "order_id": draw.choice([None, "o1", "o2"]),
        "attributes": draw.choice([None, {}, {"a": draw.choice(_VALUES)}, {"a": 1, "b": draw.choice(_VALUES)}]),
        "modes": draw.choice([None, (), (Mode(resource_id="m1"), Mode(resource_id="m2"))]),
        "demands": draw.choice([None, (Demand(resource_ids=("t1", "t2"), resource_id=draw.choice([None, "t1"])),)]),
        "priority": draw.choice([None, 1.0, 2.0]),
    }
    start = draw.choice([None, 0, 60, 90])
    if start is None:
        return op(name, 30, draw.choice([None, "m1"]), **fields)
    return placed(name, start, start + 30, draw.choice(["m1", "m2", "m3"]), **fields)


def _one(draw: random.Random, schedule: Schedule, collection: str) -> Any:
    items = getattr(schedule.snapshot, collection)
    return draw.choice(items) if items else None


def _put(schedule: Schedule, collection: str, item: Any, **update: Any) -> Schedule:
    if item is None:
        return schedule
    items = getattr(schedule.snapshot, collection)
    changed = item.model_copy(update=update)
    return with_items(schedule, **{collection: tuple(changed if i is item else i for i in items)})


def _move(draw: random.Random, schedule: Schedule) -> Schedule:
    start = draw.choice([0, 30, 60, 90, 120])
    where = draw.choice([r.id for r in schedule.snapshot.resources if r.id.startswith("m")] or [None])
    update = {"resource_id": where, "start_date": at(start), "end_date": at(start + 30)}
    return _put(schedule, "events", _one(draw, schedule, "events"), **update)


def _unschedule(draw: random.Random, schedule: Schedule) -> Schedule:
    return _put(schedule, "events", _one(draw, schedule, "events"), start_date=None, end_date=None)


def _edit_fields(draw: random.Random, schedule: Schedule) -> Schedule:
    update = draw.choice(
        [
            {"name": draw.choice("abc")},
            {"priority": draw.choice([None, 1.0, 3.0])},
            {"locked": draw.random() < 0.5, "due_date": draw.choice([None, at(300)])},
            {"modes": draw.choice([None, ()])},
        ]
    )
    return _put(schedule, "events", _one(draw, schedule, "events"), **update)


def _edit_attributes(draw: random.Random, schedule: Schedule) -> Schedule:
    collection = draw.choice(["events", "events", "resources", "orders"])
    item = _one(draw, schedule, collection)
    if item is None:
        return schedule
    attributes = dict(item.attributes or {})
    if attributes and draw.random() < 0.3:
        attributes.pop(draw.choice(sorted(attributes)))
    else:
        attributes[draw.choice("ab")] = draw.choice(_VALUES)
    return _put(schedule, collection, item, attributes=draw.choice([attributes, attributes, attributes or None]))


def _work(draw: random.Random, schedule: Schedule) -> Schedule:
    status = draw.choice([Status.STARTED, Status.STARTED, Status.COMPLETED, Status.RELEASED])
    schedule = _move(draw, schedule) if draw.random() < 0.5 else schedule
    return _put(
        schedule, "events", _one(draw, schedule, "events"), status=status, percent_done=draw.choice([0.0, 50.0])
    )


def _add(draw: random.Random, schedule: Schedule) -> Schedule:
    resources = [r.id for r in schedule.snapshot.resources]
    orders = [o.id for o in schedule.snapshot.orders]
    new = f"n{draw.randrange(3)}"
    kind = draw.choice(["events", "events", "orders", "resources"])
    if any(i.id == new for i in getattr(schedule.snapshot, kind)):
        return schedule
    if kind == "orders":
        item: Any = Order(id=new, name=draw.choice("pq"))
    elif kind == "resources":
        item = Resource(id=new, name=draw.choice("pq"))
    else:
        item = placed(new, 0, 30, draw.choice(resources), order_id=draw.choice([None, *orders]))
    items = list(getattr(schedule.snapshot, kind))
    items.insert(draw.randrange(len(items) + 1), item)
    return with_items(schedule, **{kind: tuple(items)})


def _link(draw: random.Random, schedule: Schedule) -> Schedule:
    events = [o.id for o in schedule.snapshot.events]
    new = f"l{draw.randrange(2)}"
    if len(events) < 2 or any(d.id == new for d in schedule.snapshot.dependencies):
        return schedule
    one, other = draw.sample(events, 2)
    link = Dependency(id=new, from_event=one, to_event=other, lag=float(draw.randrange(3)))
    return with_items(schedule, dependencies=(*schedule.snapshot.dependencies, link))


def _delete(draw: random.Random, schedule: Schedule) -> Schedule:
    collection = draw.choice(["events", "events", "orders", "resources", "dependencies", "constraints", "calendars"])
    item = _one(draw, schedule, collection)
    return schedule if item is None else without(schedule, collection, item.id)


def without(schedule: Schedule, collection: str, identity: str) -> Schedule:
    """Return the plan without an item and without all that cannot be without it; operations leave orders and places."""
    gone = (collection, identity)
    snapshot = schedule.snapshot
    parts: dict[str, list[Any]] = {name: list(getattr(snapshot, name)) for name in type(snapshot).model_fields}
    parts[collection] = [item for item in parts[collection] if item.id != identity]
    for name in ("dependencies", "constraints"):
        parts[name] = [item for item in parts[name] if gone not in references(item)]
    left = [r.id for r in parts["resources"] if r.id.startswith("m")]
    for i, item in enumerate(parts["events"]):
        if gone in references(item):
            update: dict[str, Any] = {"order_id": None} if collection == "orders" else {"modes": None, "demands": None}
            if collection == "resources" and item.resource_id == identity:
                update["resource_id"] = left[0] if left else None
            parts["events"][i] = item.model_copy(update=update)
    if collection in ("calendars", "setup_matrices"):
        field = "calendar" if collection == "calendars" else "setup_matrix"
        parts["resources"] = [
            r.model_copy(update={field: None}) if gone in references(r) else r for r in parts["resources"]
        ]
    return with_items(schedule, **{name: tuple(items) for name, items in parts.items()})


def _reorder(draw: random.Random, schedule: Schedule) -> Schedule:
    collection = draw.choice(["events", "orders", "resources"])
    items = list(getattr(schedule.snapshot, collection))
    draw.shuffle(items)
    return with_items(schedule, **{collection: tuple(items)})


def _edit_frame(draw: random.Random, schedule: Schedule) -> Schedule:
    exception = CalendarException(from_="2026-01-06", to="2026-01-07", working=False)
    edits: list[tuple[str, dict[str, Any]]] = [
        ("resources", {"efficiency": draw.choice([1.0, 0.5]), "name": draw.choice("ab")}),
        ("orders", {"due_date": draw.choice([None, at(100), at(900)])}),
        ("calendars", {"exceptions": draw.choice([(), (exception,)])}),
        ("constraints", {"enabled": draw.random() < 0.5}),
        ("dependencies", {"lag": draw.choice([0.0, 5.0])}),
        ("setup_matrices", {"rules": ()}),
    ]
    collection, update = draw.choice(edits)
    return _put(schedule, collection, _one(draw, schedule, collection), **update)


def _edit_head(draw: random.Random, schedule: Schedule) -> Schedule:
    if draw.random() < 0.3:
        return schedule.model_copy(update={"version": draw.choice("123")})
    update = draw.choice(
        [
            {"name": draw.choice([None, "A", "B"])},
            {"horizon_start": draw.choice([None, at(0), at(30)])},
            {"timestamp": at(draw.randrange(3)), "user_id": draw.choice(["anna", "ben"])},
        ]
    )
    return schedule.model_copy(update={"metadata": schedule.metadata.model_copy(update=update)})


_EDITS: tuple[Callable[[random.Random, Schedule], Schedule], ...] = (
    _move,
    _move,
    _unschedule,
    _edit_fields,
    _edit_attributes,
    _edit_attributes,
    _work,
    _add,
    _link,
    _delete,
    _reorder,
    _edit_frame,
    _edit_head,
)
