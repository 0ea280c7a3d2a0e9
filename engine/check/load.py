"""Who holds a resource when: the spans that operations and outages take of its units."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_SEEN_AT_ONCE = 8


class Use(NamedTuple):
    """So many units held over ``[start_ms, end_ms)`` by an operation; an outage has no ``event_id``."""

    start_ms: int
    end_ms: int
    event_id: str
    quantity: int = 1
    own: bool = True
    """Whether the resource is the operation's primary one."""


class Peak(NamedTuple):
    """A maximal span in which more is held than there is.

    At its worst instant operations hold ``quantity`` units and ``out`` are out of order.
    """

    start_ms: int
    end_ms: int
    quantity: int
    out: int
    event_ids: tuple[str, ...]


def overlaps(uses: Iterable[Use]) -> Iterator[tuple[Use, Use]]:
    """Yield pairs that hold something at the same time, the one that starts first before the other.

    Every use that overlaps any other is in some pair. Where very many overlap, each is paired with the ones that end
    last only, so that a heap of 10,000 at one instant does not become 50 million pairs.
    """
    running: list[Use] = []
    for use in sorted(use for use in uses if use.start_ms < use.end_ms):
        running = [other for other in running if other.end_ms > use.start_ms]
        for other in running:
            yield other, use
        running.append(use)
        if len(running) > _SEEN_AT_ONCE:
            running.remove(min(running, key=lambda other: other.end_ms))


def peaks(uses: Iterable[Use], capacity: int) -> Iterator[Peak]:
    """Yield the spans in which the uses together hold more than ``capacity``."""
    edges: list[tuple[int, int, Use]] = []
    for use in uses:
        if use.start_ms < use.end_ms and use.quantity > 0:
            edges.append((use.start_ms, use.quantity, use))
            edges.append((use.end_ms, -use.quantity, use))
    edges.sort()  # who leaves goes before who comes
    held, begin_ms, most, out = 0, None, 0, 0
    running: dict[str, int] = {}
    seen: dict[str, None] = {}
    for at_ms, change, use in edges:
        held += change
        running[use.event_id] = running.get(use.event_id, 0) + change
        if not running[use.event_id]:
            del running[use.event_id]
        if held > capacity:
            if begin_ms is None:
                begin_ms, most, seen = at_ms, 0, dict.fromkeys(running)
            seen[use.event_id] = None
            if held > most:
                most, out = held, running.get("", 0)
        elif begin_ms is not None:
            yield Peak(begin_ms, at_ms, most - out, out, tuple(key for key in seen if key))
            begin_ms = None


class Load:
    """The uses of one resource, sorted by start, asked for what is free in a span."""

    def __init__(self, uses: Iterable[Use] = ()) -> None:
        self._uses = sorted(use for use in uses if use.start_ms < use.end_ms)
        self._longest_ms = max((u.end_ms - u.start_ms for u in self._uses), default=0)

    def add(self, use: Use) -> None:
        """Take a span."""
        insort(self._uses, use)
        self._longest_ms = max(self._longest_ms, use.end_ms - use.start_ms)

    def remove(self, use: Use) -> None:
        """Give a span back that was taken."""
        del self._uses[bisect_left(self._uses, use)]

    def beside(self, start_ms: int, end_ms: int) -> list[Use]:
        """Return the uses that overlap the span."""
        first = bisect_left(self._uses, (start_ms - self._longest_ms,))
        last = bisect_left(self._uses, (end_ms,))
        return [use for use in self._uses[first:last] if use.end_ms > start_ms]

    def fits(self, use: Use, capacity: int) -> bool:
        """Whether the use has room beside the others."""
        beside = self.beside(use.start_ms, use.end_ms)
        inside = [u._replace(start_ms=max(u.start_ms, use.start_ms), end_ms=min(u.end_ms, use.end_ms)) for u in beside]
        return next(peaks((use, *inside), capacity), None) is None
