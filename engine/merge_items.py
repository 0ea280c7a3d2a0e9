"""Merging one item that both sides changed, atom by atom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from engine.delta import FieldChange, ItemChange, same
from engine.merge_types import (
    EXECUTION,
    EXECUTION_FIELDS,
    ITEM,
    PLACEMENT,
    PLACEMENT_FIELDS,
    Choice,
    Chooser,
    Conflict,
    Side,
    Value,
    change_to,
)
from engine.model import Operation, Status

_HISTORY = (Status.STARTED, Status.COMPLETED)
_BOOKKEEPING = ("timestamp", "userId")
"""Metadata that say when and by whom a plan was taken: no planner can decide them, the later ones hold."""

_PLACE = ("resourceId", "startDate", "endDate")
_ABSENT = object()

Operations = tuple[Operation | None, Operation | None, Operation | None]
"""One operation in base, ours and theirs."""


def both_changed(
    collection: str,
    key: str,
    ours: ItemChange,
    theirs: ItemChange,
    chooser: Chooser,
    operations: Operations = (None, None, None),
) -> ItemChange | None:
    """Return the merge of two different changes of one item; ``None`` = it stays as it is in the base.

    ``operations`` are those of base, ours and theirs, where the item is an operation and as far as they have it.
    """
    if ours.removed or theirs.removed or ours.added or theirs.added:
        return _merged_whole(
            Conflict(collection, key, ITEM, *_wholes(ours, theirs)), (ours, theirs), chooser, operations
        )
    atoms = _Atoms(collection, key, ours, theirs, operations)
    fields = {**ours.fields, **theirs.fields}
    for atom, names in atoms.shared().items():
        for name in names:
            fields.pop(name, None)
        if atom == "attributes":
            before = ours.fields[atom][0]
            fields[atom] = before, _merged_attributes(atoms, chooser)
        else:
            fields.update(_merged_atom(atoms, atom, chooser))
    fields = {name: change for name, change in fields.items() if not same(*change)}
    return ItemChange(fields) if fields else None


def merged_metadata(
    ours: Mapping[str, FieldChange], theirs: Mapping[str, FieldChange], chooser: Chooser
) -> dict[str, FieldChange]:
    """Return the merge of two changes of the metadata. When and by whom a plan was taken: the later side's."""
    merged = {**ours, **theirs}
    clashes = [name for name in theirs if name in ours and not same(ours[name][1], theirs[name][1])]
    later = "timestamp" in clashes and _instant(theirs) > _instant(ours)
    for name in clashes:
        before, own, their = ours[name][0], ours[name][1], theirs[name][1]
        if name in _BOOKKEEPING:
            merged[name] = before, their if later else own
        else:
            merged[name] = before, chooser.value(Conflict("metadata", "", name, before, own, their))
    return {name: change for name, change in merged.items() if not same(*change)}


def _instant(changes: Mapping[str, FieldChange]) -> str:
    return str(changes["timestamp"][1])


class _Atoms:
    """The atoms of one item that both sides changed."""

    def __init__(
        self,
        collection: str,
        key: str,
        ours: ItemChange,
        theirs: ItemChange,
        operations: Operations,
    ) -> None:
        self.collection, self.key = collection, key
        self.ours, self.theirs = ours.fields, theirs.fields
        self.operations = operations
        self.is_history = any(op is not None and op.status in _HISTORY for op in operations[1:])

    def atom_of(self, name: str) -> str:
        """The atom that a field belongs to."""
        if self.collection != "events":
            return name
        if self.is_history:
            return EXECUTION if name in EXECUTION_FIELDS else name
        return PLACEMENT if name in PLACEMENT_FIELDS else name

    def shared(self) -> dict[str, tuple[str, ...]]:
        """The atoms that both sides changed, with all fields of theirs that either side changed."""
        fields: dict[str, list[str]] = {}
        for name in (*self.ours, *(name for name in self.theirs if name not in self.ours)):
            fields.setdefault(self.atom_of(name), []).append(name)
        mine = {self.atom_of(name) for name in self.ours}
        other = {self.atom_of(name) for name in self.theirs}
        return {atom: tuple(names) for atom, names in fields.items() if atom in mine and atom in other}

    def values(self) -> list[dict[str, Any]]:
        """What an operation's place (with history: and progress) is in base, ours and theirs, with all its fields."""
        sides = [op.to_json() for op in self.operations if op is not None]
        group = EXECUTION_FIELDS if self.is_history else PLACEMENT_FIELDS
        shown = sorted(name for name in group if any(name in side for side in sides))
        return [{name: side.get(name) for name in shown} for side in sides]


def _merged_atom(atoms: _Atoms, atom: str, chooser: Chooser) -> dict[str, FieldChange]:
    """Return the changes of one atom's fields that both sides changed."""
    if atom not in (PLACEMENT, EXECUTION):
        before, own, their = atoms.ours[atom][0], atoms.ours[atom][1], atoms.theirs[atom][1]
        if same(own, their):
            return {atom: (before, own)}
        return {atom: (before, chooser.value(Conflict(atoms.collection, atoms.key, atom, before, own, their)))}
    base, ours, theirs = atoms.values()
    if same(ours, theirs):
        return {name: (base[name], ours[name]) for name in base}
    conflict = Conflict(atoms.collection, atoms.key, atom, base, ours, theirs)
    side = _history(atoms.operations) if atom == EXECUTION else None
    if side is not None:
        chooser.settle(conflict, side)
    taken = chooser.value(conflict) if side is None else conflict.value_of(side)
    if taken is None:  # a value of the planner's own: not scheduled
        taken = {name: None if name in _PLACE else value for name, value in base.items()}
    group = EXECUTION_FIELDS if atom == EXECUTION else PLACEMENT_FIELDS
    return {name: (base.get(name), value) for name, value in {**base, **taken}.items() if name in group}


def _merged_attributes(atoms: _Atoms, chooser: Chooser) -> Any:
    base, ours, theirs = (
        side or {} for side in (atoms.ours["attributes"][0], atoms.ours["attributes"][1], atoms.theirs["attributes"][1])
    )
    out = dict(ours)
    for name in sorted(base.keys() | ours.keys() | theirs.keys()):
        before, own, their = (side.get(name, _ABSENT) for side in (base, ours, theirs))
        if same(their, before) or same(own, their):
            continue
        taken = their
        if not same(own, before):
            shown = [None if value is _ABSENT else value for value in (before, own, their)]
            conflict = Conflict(atoms.collection, atoms.key, f"attributes.{name}", shown[0], shown[1], shown[2])
            choice = chooser.choice(conflict)
            taken = _attribute(choice, before, own, their)
        if taken is _ABSENT:
            out.pop(name, None)
        else:
            out[name] = taken
    return out or None


def _attribute(choice: Choice, before: Any, own: Any, their: Any) -> Any:
    if isinstance(choice, Value):
        return _ABSENT if choice.value is None else choice.value
    return {"base": before, "ours": own, "theirs": their}[choice]


def _merged_whole(
    conflict: Conflict, changes: tuple[ItemChange, ItemChange], chooser: Chooser, operations: Operations
) -> ItemChange | None:
    """Return the merge of an item that one side deleted and the other changed, or that both added."""
    side = _history_of_items(changes, operations)
    if side is not None:
        chooser.settle(conflict, side)
        return changes[0] if side == "ours" else changes[1]
    value = chooser.value(conflict)
    return change_to(conflict.base, {**value, "id": conflict.item_id} if value is not None else None)


def _wholes(ours: ItemChange, theirs: ItemChange) -> tuple[Any, Any, Any]:
    """The whole item in base, ours and theirs; ``None`` where it is not there. The side that deletes knows all."""
    removing = ours if ours.removed else theirs
    base = {k: v[0] for k, v in removing.fields.items()} if removing.removed else {}

    def after(change: ItemChange) -> Any:
        values = {**base, **{k: v[1] for k, v in change.fields.items()}}
        return None if change.removed else {k: v for k, v in values.items() if v is not None}

    return base or None, after(ours), after(theirs)


def _history(operations: Operations) -> Side | None:
    """The side whose history holds: the one that has one, or the one that has got further in the same one."""
    ours, theirs = cast("tuple[Operation, Operation]", operations[1:])
    begun = ours.status in _HISTORY, theirs.status in _HISTORY
    if begun[0] != begun[1]:
        return "ours" if begun[0] else "theirs"
    is_same_start = (ours.resource_id, ours.start_date) == (theirs.resource_id, theirs.start_date)
    if ours.status == theirs.status or not is_same_start:
        return None
    return "ours" if ours.status is Status.COMPLETED else "theirs"


def _history_of_items(changes: tuple[ItemChange, ItemChange], operations: Operations) -> Side | None:
    """The side whose news of execution hold against the other side's deletion or plan of the same operation."""
    begun = [
        op is not None and op.status in _HISTORY and not EXECUTION_FIELDS.isdisjoint(change.fields)
        for op, change in zip(operations[1:], changes, strict=True)
    ]
    if begun[0] == begun[1]:
        return None
    return "ours" if begun[0] else "theirs"
