"""What would dangle after a merge: one side deleted what the other side uses. A conflict, and never a broken plan."""

from __future__ import annotations

from typing import Any

from engine.delta import COLLECTIONS, Delta, ItemChange
from engine.errors import Fault, invalid_schedule
from engine.merge_types import REFERENCE, Chooser, Conflict, change_to
from engine.model import Schedule
from engine.references import Key, items_of, references

_REVERTED, _RESTORED = 1, 2
"""What was done to an item. It only ever goes up, so that mending comes to an end."""

_SHOWN = 20


class References:
    """Mends a merge until nothing dangles.

    Where the deletion is taken, what needs the item becomes what the deleting side made of it; where the deletion is
    not taken, the item comes back.

    Parameters
    ----------
    sides
        Base, ours, theirs.
    deltas
        What ours and theirs changed.
    chooser
        Decides the conflicts.
    """

    def __init__(
        self, sides: tuple[Schedule, Schedule, Schedule], deltas: tuple[Delta, Delta], chooser: Chooser
    ) -> None:
        self._sides = sides
        self._deltas = deltas
        self._chooser = chooser
        self._done: dict[Key, int] = {}
        self._followed: dict[Key, int] = {}
        self._items: dict[tuple[int, str], dict[str, Any]] = {}

    def mend(self, schedule: Schedule, items: dict[str, dict[str, ItemChange]]) -> bool:
        """Change ``items``, which made ``schedule`` of the base, where something dangles; return whether it did."""
        gone = self._gone(items)
        if not gone:
            return False
        dangling: dict[Key, dict[Key, None]] = {}
        for collection in COLLECTIONS:
            for item in getattr(schedule.snapshot, collection):
                for key in references(item):
                    if key in gone:
                        dangling.setdefault(key, {})[collection, item.id] = None
        for key, holders in dangling.items():
            self._settle(key, tuple(holders), items)
        return bool(dangling)

    def _gone(self, items: dict[str, dict[str, ItemChange]]) -> set[Key]:
        """What any of the three has and the merge has not."""
        gone = {(name, key) for name, changes in items.items() for key, change in changes.items() if change.removed}
        for delta in self._deltas:
            for name, changes in delta.items.items():
                gone.update((name, key) for key, change in changes.items() if change.added and key not in items[name])
        return gone

    def _settle(self, key: Key, holders: tuple[Key, ...], items: dict[str, dict[str, ItemChange]]) -> None:
        base, ours, theirs = (self._json(side, key) for side in range(3))
        if key in self._followed:  # dropped because of something else that was decided: no question of its own
            remover, value = self._followed[key], None
        elif (ours is None) != (theirs is None):
            remover = 1 if ours is None else 2
            value = self._chooser.value(Conflict(*key, REFERENCE, base, ours, theirs, holders[:_SHOWN]))
        else:  # both have it or neither: it went by a choice, against which what needs it stands
            remover, value = 0, ours or base
        if value is None and not any(holder in self._done for holder in holders):
            for holder in holders:
                self._put(holder, self._json(remover, holder), items)
                self._done[holder] = _REVERTED
                self._followed[holder] = remover
            return
        self._put(key, value or ours or theirs or base, items)
        self._done[key] = _RESTORED

    def _put(self, key: Key, value: Any, items: dict[str, dict[str, ItemChange]]) -> None:
        change = change_to(self._json(0, key), value)
        if change is None:
            items[key[0]].pop(key[1], None)
        else:
            items[key[0]][key[1]] = change

    def _json(self, side: int, key: Key) -> Any:
        """The whole item on a side (0 base, 1 ours, 2 theirs); ``None`` where it is not there."""
        collection, identity = key
        if (side, collection) not in self._items:
            self._items[side, collection] = items_of(self._sides[side], collection)
        item = self._items[side, collection].get(identity)
        return None if item is None else item.to_json()


def refuse_unknown(schedule: Schedule) -> None:
    """Raise E001 when something names what is not there; values of a planner's own can."""
    known = {name: items_of(schedule, name) for name in COLLECTIONS}
    faults = [
        Fault(f"{name} {item.id}", key[1], f"there is nothing with this id among the {key[0]}")
        for name in COLLECTIONS
        for item in known[name].values()
        for key in references(item)
        if key[1] not in known[key[0]]
    ]
    if faults:
        raise invalid_schedule(faults, "merge")
