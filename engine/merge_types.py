"""What a merge speaks of: sides, choices, conflicts, and what chooses between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from engine.delta import ItemChange, changed_fields

Side = Literal["ours", "theirs"]

PLACEMENT_FIELDS = frozenset({"resourceId", "startDate", "endDate", "demands"})
EXECUTION_FIELDS = PLACEMENT_FIELDS | {"status", "percentDone"}
"""What is one atom, "execution", once an operation has been started or completed."""

ITEM, PLACEMENT, EXECUTION, REFERENCE = "item", "placement", "execution", "reference"
"""Atoms of more than one field. ``REFERENCE``: a whole item that one side deleted and the other side uses."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value of one's own for a conflict: as JSON, in the shape of the conflict's values; ``None`` = absent."""

    value: Any


Choice = Literal["base", "ours", "theirs"] | Value


@dataclass(frozen=True, slots=True)
class Conflict:
    """One atom that both sides changed differently. Values are JSON by wire name; ``None`` = absent or removed.

    ``atom`` is a field's wire name, ``attributes.<key>``, or ``placement``, ``execution``, ``item`` (all fields) or
    ``reference`` (all fields; ``needed_by`` says what on the other side needs the item: (collection, id)).
    """

    collection: str
    item_id: str
    atom: str
    base: Any
    ours: Any
    theirs: Any
    needed_by: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """What a resolution names."""
        return f"{self.collection}/{self.item_id}/{self.atom}"

    def value_of(self, choice: Choice) -> Any:
        """Return what a choice stands for."""
        if isinstance(choice, Value):
            return choice.value
        return {"base": self.base, "ours": self.ours, "theirs": self.theirs}[choice]


@dataclass(frozen=True, slots=True)
class Settled:
    """A conflict that was decided without asking, because history beats plans."""

    conflict: Conflict
    side: Side


class Chooser:
    """Decides conflicts by resolutions, or by the side that is preferred, and keeps them."""

    def __init__(self, resolutions: Mapping[str, Choice], prefer: Side) -> None:
        self._resolutions = resolutions
        self._prefer: Side = prefer
        self._found: dict[str, Conflict] = {}
        self.settled: list[Settled] = []

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """Every conflict that came up, in order."""
        return tuple(self._found.values())

    @property
    def unresolved(self) -> tuple[Conflict, ...]:
        """Those without a resolution."""
        return tuple(c for c in self._found.values() if c.key not in self._resolutions)

    @property
    def has_values(self) -> bool:
        """Whether a resolution is a value of the planner's own."""
        return any(isinstance(choice, Value) for choice in self._resolutions.values())

    def choice(self, conflict: Conflict) -> Choice:
        """Keep a conflict and return what is chosen."""
        self._found[conflict.key] = conflict
        return self._resolutions.get(conflict.key, self._prefer)

    def value(self, conflict: Conflict) -> Any:
        """Keep a conflict and return the value that is chosen."""
        return conflict.value_of(self.choice(conflict))

    def settle(self, conflict: Conflict, side: Side) -> None:
        """Keep a conflict as decided by history."""
        self.settled.append(Settled(conflict, side))


def change_to(before: Any, after: Any) -> ItemChange | None:
    """Return the change from one state of an item to another, both as JSON or ``None``; ``None`` = no change."""
    if before is None:
        return None if after is None else ItemChange({k: (None, v) for k, v in after.items()}, added=True)
    if after is None:
        return ItemChange({k: (v, None) for k, v in before.items()}, removed=True)
    fields = changed_fields(before, after)
    return ItemChange(fields) if fields else None
