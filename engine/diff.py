"""What differs between two schedules, as data that can be stored, applied, inverted and composed.

A delta is field-level and by id, in wire names and JSON values. The laws that the property tests hold it to::

    apply(diff(a, b), a) == b          invert(invert(d)) == d
    apply(invert(diff(a, b)), b) == a  compose(diff(a, b), diff(b, c)) == diff(a, c)
    diff(a, a) is empty                invert(compose(d, e)) == compose(invert(e), invert(d))
"""

from __future__ import annotations

from itertools import compress
from operator import is_not
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

from engine.delta import COLLECTIONS, Delta, FieldChange, ItemChange, changed_fields, same
from engine.errors import ErrorCode, TaktwerkError
from engine.model import Constraint, Dto, Metadata, Operation, Schedule, Snapshot

__all__ = ["COLLECTIONS", "Delta", "FieldChange", "ItemChange", "apply", "compose", "diff", "invert", "other_objects"]

T = TypeVar("T")


def diff(a: Schedule, b: Schedule) -> Delta:
    """Return what turns ``a`` into ``b``. Items shared by identity cost nothing."""
    items: dict[str, dict[str, ItemChange]] = {}
    order: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    for collection in COLLECTIONS:
        old: tuple[Any, ...] = getattr(a.snapshot, collection)
        new: tuple[Any, ...] = getattr(b.snapshot, collection)
        if old is new:
            continue
        others = other_objects(old, new)
        if others is not None and all(a.id == b.id for a, b in others):
            changes = {b.id: ItemChange(_field_changes(a, b)) for a, b in others if not _is_same(a, b)}
            if changes:
                items[collection] = changes
            continue
        changes = _item_changes(old, new)
        if changes:
            items[collection] = changes
        order[collection] = tuple(x.id for x in old), tuple(x.id for x in new)
    metadata = {} if a.metadata is b.metadata else _field_changes(a.metadata, b.metadata)
    version = None if a.version == b.version else (a.version, b.version)
    return Delta(items, order, metadata, version)


def other_objects(old: tuple[T, ...], new: tuple[T, ...]) -> list[tuple[T, T]] | None:
    """Return the pairs of items at the same place that are not one object; ``None`` when the lengths differ.

    This is how the few edited items of very many are found in no time.
    """
    if len(old) != len(new):
        return None
    return list(compress(zip(old, new, strict=True), map(is_not, old, new)))


def apply(delta: Delta, schedule: Schedule) -> Schedule:
    """Return ``schedule`` with the delta's changes.

    Raises
    ------
    TaktwerkError
        E004 when the schedule is not the one the delta was taken from (a value before differs).
    """
    updates: dict[str, tuple[Any, ...]] = {}
    for collection in COLLECTIONS:
        changes, order = delta.items.get(collection), delta.order.get(collection)
        if changes or order:
            updates[collection] = _applied(collection, getattr(schedule.snapshot, collection), changes or {}, order)
    snapshot = schedule.snapshot.model_copy(update=updates) if updates else schedule.snapshot
    metadata = schedule.metadata
    if delta.metadata:
        metadata = Metadata.model_validate(_patched("metadata", metadata.to_json(), delta.metadata))
    version = schedule.version
    if delta.version:
        _expect("version", version, delta.version[0])
        version = delta.version[1]
    return Schedule(version=version, snapshot=snapshot, metadata=metadata)


def invert(delta: Delta) -> Delta:
    """Return the delta that takes this one back."""
    return Delta(
        {c: {key: change.inverted() for key, change in changes.items()} for c, changes in delta.items.items()},
        {c: (after, before) for c, (before, after) in delta.order.items()},
        {k: (b, a) for k, (a, b) in delta.metadata.items()},
        (delta.version[1], delta.version[0]) if delta.version else None,
    )


def compose(first: Delta, second: Delta) -> Delta:
    """Return one delta that does ``first`` and then ``second``."""
    items: dict[str, dict[str, ItemChange]] = {}
    order: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    for collection in COLLECTIONS:
        merged = dict(first.items.get(collection, {}))
        for key, later in second.items.get(collection, {}).items():
            change = _composed(merged[key], later) if key in merged else later
            if change is None:
                del merged[key]
            else:
                merged[key] = change
        if merged:
            items[collection] = merged
        one, two = first.order.get(collection), second.order.get(collection)
        before, after = (one or two or ((), ()))[0], (two or one or ((), ()))[1]
        if before != after:
            order[collection] = before, after
    version = first.version or second.version
    if first.version and second.version:
        version = first.version[0], second.version[1]
    if version and version[0] == version[1]:
        version = None
    return Delta(items, order, _composed_fields(first.metadata, second.metadata), version)


def _item_changes(old: tuple[Any, ...], new: tuple[Any, ...]) -> dict[str, ItemChange]:
    before = {x.id: x for x in old}
    after = {x.id: x for x in new}
    out: dict[str, ItemChange] = {}
    for key, item in after.items():
        was = before.get(key)
        if was is None:
            out[key] = ItemChange({k: (None, v) for k, v in item.to_json().items()}, added=True)
        elif not _is_same(was, item):
            out[key] = ItemChange(_field_changes(was, item))
    for key, item in before.items():
        if key not in after:
            out[key] = ItemChange({k: (v, None) for k, v in item.to_json().items()}, removed=True)
    return out


def _field_changes(a: Dto, b: Dto) -> dict[str, FieldChange]:
    return changed_fields(a.to_json(), b.to_json())


def _is_same(a: Any, b: Any) -> bool:
    """Whether two items are the same to the last bit of their JSON; only ``attributes`` can hold what Python blurs."""
    if a is b:
        return True
    if type(a) is not type(b) or a.__dict__ != b.__dict__:
        return False
    own = a.__dict__.get("attributes")
    return own is None or same(own, b.attributes)


def _applied(
    collection: str,
    items: tuple[Any, ...],
    changes: dict[str, ItemChange],
    order: tuple[tuple[str, ...], tuple[str, ...]] | None,
) -> tuple[Any, ...]:
    if order is None:
        places = [i for i, item in enumerate(items) if item.id in changes]
        _expect(f"the number of {collection} to change", len(places), len(changes))
        out = list(items)
        for i in places:
            out[i] = _changed(collection, out[i], changes[out[i].id])
        return tuple(out)
    _expect(f"the ids of {collection}", tuple(x.id for x in items), order[0])
    by_id = {x.id: x for x in items}
    for key, change in changes.items():
        _expect(f"{collection} {key}", key in by_id, not change.added)
        if change.removed:
            _changed(collection, by_id.pop(key), change)
        elif change.added:
            by_id[key] = parse_item(collection, {k: v for k, (_, v) in change.fields.items()})
        else:
            by_id[key] = _changed(collection, by_id[key], change)
    _expect(f"what {collection} there are", set(by_id), set(order[1]))
    return tuple(by_id[key] for key in order[1])


def _changed(collection: str, item: Any, change: ItemChange) -> Any:
    data = _patched(f"{collection} {item.id}", item.to_json(), change.fields)
    return None if change.removed else parse_item(collection, data)


def _patched(where: str, data: dict[str, Any], fields: dict[str, FieldChange]) -> dict[str, Any]:
    for key, (before, after) in fields.items():
        _expect(f"{key} of {where}", data.get(key), before)
        if after is None:
            data.pop(key, None)
        else:
            data[key] = after
    return data


def parse_item(collection: str, data: dict[str, Any]) -> Any:
    """Return the item of a collection that JSON data describe (pydantic.ValidationError when they do not)."""
    if collection == "events":
        return Operation.model_validate(data)
    if collection == "constraints":
        return _CONSTRAINTS(data)
    return _ITEM_TYPES[collection].model_validate(data)


def _expect(what: str, found: Any, wanted: Any) -> None:
    if not same(found, wanted):
        raise TaktwerkError(
            ErrorCode.VERSION_CONFLICT,
            f"These changes do not fit this schedule: {what} is {found!r:.80}, the changes start from {wanted!r:.80}.",
        )


def _composed(first: ItemChange, second: ItemChange) -> ItemChange | None:
    if first.added and second.removed:
        return None
    fields = _composed_fields(first.fields, second.fields)
    if first.removed and second.added:
        return ItemChange(fields) if fields else None
    added, removed = first.added, second.removed
    return ItemChange(fields, added, removed) if fields or added or removed else None


def _composed_fields(first: dict[str, FieldChange], second: dict[str, FieldChange]) -> dict[str, FieldChange]:
    out = dict(first)
    for key, (before, after) in second.items():
        out[key] = (out[key][0] if key in out else before, after)
    return {k: v for k, v in out.items() if not same(*v)}


_CONSTRAINTS = TypeAdapter[Any](Constraint).validate_python
_ITEM_TYPES: dict[str, type[Dto]] = {
    name: cast("type[Dto]", cast(Any, Snapshot.model_fields[name].annotation).__args__[0])
    for name in COLLECTIONS
    if name != "constraints"
}
