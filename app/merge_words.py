"""Conflicts of a merge in a planner's words: names, local times, what each side wants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.delta import COLLECTIONS, same
from engine.instants import parse_instant, to_ms, zone_of
from engine.merge import Choice, Conflict, Settled, Value
from engine.model import Schedule
from engine.references import items_of
from engine.wording import length, listing, moment, period

_KINDS = {
    "events": "Operation",
    "resources": "Resource",
    "orders": "Order",
    "dependencies": "Dependency",
    "constraints": "Constraint",
    "calendars": "Calendar",
    "setup_matrices": "Setup matrix",
}
_ATOMS = {
    "placement": "Place",
    "execution": "Work done",
    "item": "Deleted or changed",
    "reference": "Deleted, but still used",
    "name": "Name",
    "duration": "Duration",
    "locked": "Lock",
    "status": "Status",
    "percentDone": "Done",
    "priority": "Priority",
    "releaseDate": "Release",
    "dueDate": "Due date",
    "deadline": "Deadline",
    "horizonStart": "Now",
    "freezeUntil": "Frozen until",
    "modes": "Alternatives",
    "manuallyScheduled": "Placed by hand",
    "orderId": "Order",
    "version": "Version of the data",
}
_DURATIONS = ("duration",)
_DATES = ("releaseDate", "dueDate", "deadline", "horizonStart", "freezeUntil", "date", "start", "end", "timestamp")
_NOTHING = "–"


@dataclass(frozen=True, slots=True)
class ConflictView:
    """A conflict as a planner sees it.

    Attributes
    ----------
    conflict
        With its key and the three values as JSON.
    subject, order_name
        What it is about (``Operation Milling 3``), and the name of the operation's order, if any.
    what
        What both sides changed (``Place``, ``Due date``).
    base, ours, theirs
        What each side wants, in words.
    needed_by
        What still uses the item that was deleted, in words.
    choice
        What the planner chose; ``None`` while nothing is.
    taken
        What is in the merge as it stands, in words.
    """

    conflict: Conflict
    subject: str
    order_name: str | None
    what: str
    base: str
    ours: str
    theirs: str
    needed_by: str
    choice: Choice | None
    taken: str

    @property
    def key(self) -> str:
        """What a choice names."""
        return self.conflict.key

    @property
    def event_id(self) -> str | None:
        """The operation concerned, if it is one."""
        return self.conflict.item_id if self.conflict.collection == "events" else None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data in wire names."""
        conflict = self.conflict
        return {
            "key": conflict.key,
            "collection": conflict.collection,
            "id": conflict.item_id,
            "atom": conflict.atom,
            "subject": self.subject,
            "order": self.order_name,
            "what": self.what,
            "words": {"base": self.base, "ours": self.ours, "theirs": self.theirs, "taken": self.taken},
            "values": {"base": conflict.base, "ours": conflict.ours, "theirs": conflict.theirs},
            "neededBy": [list(key) for key in conflict.needed_by],
            "choice": choice_to_json(self.choice),
        }


def choice_to_json(choice: Choice | None) -> Any:
    """Return a choice as JSON: a side's name, or ``{"value": ...}``."""
    return {"value": choice.value} if isinstance(choice, Value) else choice


def choice_from_json(data: Any) -> Choice:
    """Return the choice of ``choice_to_json`` data (ValueError when it is none)."""
    if isinstance(data, dict) and set(data) == {"value"}:
        return Value(data["value"])
    if data in ("base", "ours", "theirs"):
        return data
    raise ValueError(f"{data!r} is no choice; it is base, ours, theirs, or an object with a value")


class MergeWords:
    """Speaks of the items of base, ours and theirs by the names that they have there."""

    def __init__(self, base: Schedule, ours: Schedule, theirs: Schedule) -> None:
        self._zone = zone_of(theirs.metadata.time_zone)
        self._items: dict[str, dict[str, Any]] = {
            name: {**items_of(base, name), **items_of(theirs, name), **items_of(ours, name)} for name in COLLECTIONS
        }

    def view(self, conflict: Conflict, choice: Choice | None, prefer: Choice) -> ConflictView:
        """Return a conflict in words; ``prefer`` is what holds while nothing is chosen."""
        item = self._items.get(conflict.collection, {}).get(conflict.item_id)
        order = self._items["orders"].get(getattr(item, "order_id", None) or "")
        taken = conflict.value_of(prefer if choice is None else choice)
        words = [self.value(conflict, value) for value in (conflict.base, conflict.ours, conflict.theirs, taken)]
        return ConflictView(
            conflict=conflict,
            subject=self.subject(conflict.collection, conflict.item_id),
            order_name=None if order is None else order.name,
            what=_what(conflict.atom),
            base=words[0],
            ours=words[1],
            theirs=words[2],
            needed_by=listing([self.subject(*key) for key in conflict.needed_by]) if conflict.needed_by else "",
            choice=choice,
            taken=words[3],
        )

    def settled(self, one: Settled) -> str:
        """Return in words what history decided."""
        conflict, other = one.conflict, "theirs" if one.side == "ours" else "ours"
        kept, lost = (self.value(conflict, conflict.value_of(side)) for side in (one.side, other))  # type: ignore[arg-type]
        return f"{self.subject(conflict.collection, conflict.item_id)}: {kept} (begun work holds against: {lost})"

    def subject(self, collection: str, item_id: str) -> str:
        """Return the name of an item with its kind."""
        if collection not in _KINDS:
            return "Plan"
        item = self._items[collection].get(item_id)
        name = getattr(item, "name", None) or item_id
        if collection == "dependencies" and item is not None:
            name = f"{self._name('events', item.from_event)} → {self._name('events', item.to_event)}"
        return f"{_KINDS[collection]} {name}"

    def value(self, conflict: Conflict, value: Any) -> str:
        """Return a value of a conflict in words."""
        if conflict.atom in ("item", "reference"):
            return "not there" if value is None else self._item(conflict.collection, value)
        if conflict.atom in ("placement", "execution"):
            return self._place(value or {})
        return self._field(conflict.atom.removeprefix("attributes."), value)

    def brief(self, conflict: Conflict, value: Any) -> str:
        """Return a value in as few words as a column has room for: of a place, where and when it starts."""
        is_place = conflict.atom in ("placement", "execution", "item") and isinstance(value, dict)
        if not is_place or not value.get("startDate"):
            return self.value(conflict, value)
        at = parse_instant(value["startDate"])
        _, day, month, _, clock = moment(to_ms(at), self._zone).split(" ")
        when = f"{day} {month} {clock}"
        where = self._name("resources", value["resourceId"]) if value.get("resourceId") else ""
        return ", ".join(part for part in (where, when) if part)

    def name(self, collection: str, item_id: str) -> str:
        """Return the name of an item, without its kind."""
        return self._name(collection, item_id)

    def against(self, conflict: Conflict, value: Any) -> str:
        """Return how a value differs from the base's, in words; empty where that says nothing."""
        base = conflict.base
        if same(value, base):
            return "as before"
        if value is None or conflict.atom not in ("placement", "execution") or not isinstance(base, dict):
            return ""
        parts: list[str] = []
        if value.get("startDate") and base.get("startDate"):
            shift = to_ms(parse_instant(value["startDate"])) - to_ms(parse_instant(base["startDate"]))
            if shift:
                parts.append(f"{length(abs(shift))} {'later' if shift > 0 else 'earlier'}")
        if value.get("resourceId") != base.get("resourceId"):
            parts.append("other resource")
        return ", ".join(parts)

    def _item(self, collection: str, value: dict[str, Any]) -> str:
        if collection == "events":
            return self._place(value)
        if collection == "dependencies":
            return f"{self._name('events', value['fromEvent'])} → {self._name('events', value['toEvent'])}"
        return str(value.get("name") or value.get("type") or value.get("id"))

    def _place(self, value: dict[str, Any]) -> str:
        parts: list[str] = []
        if value.get("status") in ("started", "completed"):
            done = f", {value['percentDone']:g} % done" if value.get("percentDone") else ""
            parts.append(f"{value['status']}{done}")
        if value.get("resourceId"):
            parts.append(f"on {self._name('resources', value['resourceId'])}")
        if value.get("startDate") and value.get("endDate"):
            start, end = (to_ms(parse_instant(value[name])) for name in ("startDate", "endDate"))
            parts.append(period(start, end, self._zone))
        else:
            parts.append("not scheduled")
        chosen = [d["resourceId"] for d in value.get("demands") or () if d.get("resourceId")]
        if chosen:
            parts.append(f"with {listing([self._name('resources', key) for key in chosen])}")
        return " ".join(parts)

    def _field(self, name: str, value: Any) -> str:
        if value is None:
            return _NOTHING
        if name in _DATES:
            return moment(to_ms(parse_instant(value)), self._zone)
        if name in _DURATIONS:
            return length(value)
        if name == "orderId":
            return self._name("orders", value)
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, list):
            return f"{len(value)} entries"
        return f"{value:g}" if isinstance(value, float) else str(value)

    def _name(self, collection: str, item_id: str) -> str:
        return getattr(self._items[collection].get(item_id), "name", None) or item_id


def _what(atom: str) -> str:
    if atom.startswith("attributes."):
        return atom.removeprefix("attributes.")
    if atom in _ATOMS:
        return _ATOMS[atom]
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in atom)
    return words[:1].upper() + words[1:]
