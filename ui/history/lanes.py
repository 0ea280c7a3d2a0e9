"""Which lane each version of a history takes, and which lines run past it. Pure: no Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GraphRow:
    """One version in the graph, newest on top.

    Attributes
    ----------
    lane
        Where its dot is, 0 = leftmost.
    above
        Lanes of lines that come from newer versions and end in the dot.
    past
        Lanes of lines that run by.
    below
        Lanes of lines that leave to its parents, the first parent's first.
    """

    lane: int
    above: tuple[int, ...]
    past: tuple[int, ...]
    below: tuple[int, ...]

    @property
    def width(self) -> int:
        """How many lanes are in use here."""
        return 1 + max((self.lane, *self.above, *self.past, *self.below))


def graph_rows(nodes: Sequence[tuple[str, Sequence[str]]], first: str | None = None) -> list[GraphRow]:
    """Return the rows of a history.

    Parameters
    ----------
    nodes
        (id, ids of its parents) of every version, children before parents. Parents that are not among them are left
        out.
    first
        The version that is to stand in the leftmost lane with its first parents: the live plan's.
    """
    known = {key for key, _ in nodes}
    lanes: list[str | None] = [first] if first in known else []
    """The version that each lane leads down to."""
    kept = {0} if lanes else set[int]()
    """Lanes that are only kept free: no line is in them yet."""
    rows: list[GraphRow] = []
    for key, parents in nodes:
        waiting = [i for i, wanted in enumerate(lanes) if wanted == key]
        lane = waiting[0] if waiting else _free(lanes)
        above = tuple(i for i in waiting if i not in kept)
        kept.difference_update(waiting)
        for index in waiting:
            lanes[index] = None
        past = tuple(i for i, wanted in enumerate(lanes) if wanted is not None and i not in kept)
        below: list[int] = []
        for number, parent in enumerate(p for p in parents if p in known):
            below.append(_lane_for(parent, lanes, lane if number == 0 else None))
            kept.discard(below[-1])
        rows.append(GraphRow(lane, above, past, tuple(below)))
        while lanes and lanes[-1] is None:
            lanes.pop()
    return rows


def _lane_for(parent: str, lanes: list[str | None], own: int | None) -> int:
    """The lane that leads to a parent: the version's own for the first one, else one that leads there already."""
    if own is None:
        known = next((i for i, wanted in enumerate(lanes) if wanted == parent), None)
        if known is not None:
            return known
        own = _free(lanes)
    while len(lanes) <= own:
        lanes.append(None)
    lanes[own] = parent
    return own


def _free(lanes: list[str | None]) -> int:
    return next((i for i, wanted in enumerate(lanes) if wanted is None), len(lanes))
