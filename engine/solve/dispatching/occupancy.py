"""What occupies a resource while a plan is being built, and where the next operation fits in.

``UnaryTrack`` keeps disjoint spans in order, with setups between them; ``LevelTrack`` keeps how many units are in use.
Both can take back what was put in last.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from typing import TYPE_CHECKING

from engine.solve.problem.problem import NO_FAMILY
from engine.solve.problem.timeline import FOREVER

if TYPE_CHECKING:
    from engine.solve.problem.timeline import Timeline


class UnaryTrack:
    """The spans of a resource that runs one operation at a time.

    Attributes
    ----------
    begins, ends
        Edges of the spans, setup included, in order.
    starts, families, holders
        For each span the start of the operation itself, its family (``NO_FAMILY`` for spans as a secondary resource)
        and its index.
    """

    __slots__ = ("begins", "ends", "families", "holders", "setup", "starts", "working")

    def __init__(self, working: Timeline | None, setup: list[list[int]] | None) -> None:
        self.begins: list[int] = []
        self.ends: list[int] = []
        self.starts: list[int] = []
        self.families: list[int] = []
        self.holders: list[int] = []
        self.working = working
        self.setup = setup

    def copy(self) -> UnaryTrack:
        """Return an independent copy."""
        other = UnaryTrack(self.working, self.setup)
        other.begins, other.ends, other.starts = self.begins[:], self.ends[:], self.starts[:]
        other.families, other.holders = self.families[:], self.holders[:]
        return other

    def family_before(self, i: int, initial: int) -> int:
        """Return the family that the resource stands in before position ``i``."""
        families = self.families
        for j in range(i - 1, -1, -1):
            if families[j] != NO_FAMILY:
                return families[j]
        return initial

    def next_with_family(self, i: int) -> int:
        """Return the position of the first span with a family from ``i`` on, or -1."""
        families = self.families
        for j in range(i, len(families)):
            if families[j] != NO_FAMILY:
                return j
        return -1

    def insert(self, i: int, begin: int, start: int, end: int, family: int, holder: int) -> None:
        """Put a span in at position ``i``."""
        self.begins.insert(i, begin)
        self.ends.insert(i, end)
        self.starts.insert(i, start)
        self.families.insert(i, family)
        self.holders.insert(i, holder)

    def position(self, begin: int, holder: int) -> int:
        """Return where the span of ``holder`` that begins at ``begin`` stands."""
        i = bisect_left(self.begins, begin)
        while self.holders[i] != holder:
            i += 1
        return i

    def remove(self, begin: int, holder: int) -> int:
        """Take out the span of ``holder`` that begins at ``begin``; return where it was."""
        i = self.position(begin, holder)
        del self.begins[i], self.ends[i], self.starts[i], self.families[i], self.holders[i]
        return i

    def busy_until(self, begin: int, end: int) -> int | None:
        """Return None when ``[begin, end)`` is free, else the end of the last span that meets it."""
        i = bisect_right(self.ends, begin)
        if i >= len(self.begins) or self.begins[i] >= end:
            return None
        j = bisect_left(self.begins, end, i)
        return self.ends[j - 1]


class LevelTrack:
    """The units in use of a resource of some capacity, as steps: ``levels[i]`` from ``times[i]`` on."""

    __slots__ = ("capacity", "levels", "times")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.times: list[int] = [-FOREVER]
        self.levels: list[int] = [0]

    def copy(self) -> LevelTrack:
        """Return an independent copy."""
        other = LevelTrack(self.capacity)
        other.times, other.levels = self.times[:], self.levels[:]
        return other

    def add(self, begin: int, end: int, units: int) -> None:
        """Use ``units`` more (or fewer, when negative) over ``[begin, end)``."""
        first, last = self._edge(begin), self._edge(end)
        levels = self.levels
        for i in range(first, last):
            levels[i] += units

    def busy_until(self, begin: int, end: int, units: int) -> int | None:
        """Return None when ``units`` more fit in over ``[begin, end)``, else the end of the last step too full."""
        room = self.capacity - units
        times, levels = self.times, self.levels
        i = bisect_left(times, end) - 1
        while i >= 0:
            if levels[i] > room:
                return times[i + 1] if i + 1 < len(times) else FOREVER
            if times[i] <= begin:
                return None
            i -= 1
        return None

    def _edge(self, time: int) -> int:
        """Return the index of the step that begins at ``time``, made if there is none."""
        times = self.times
        i = bisect_left(times, time)
        if i == len(times) or times[i] != time:
            times.insert(i, time)
            self.levels.insert(i, self.levels[i - 1])
        return i


class SpanSet:
    """Spans of a set of operations of which no two may run at once."""

    __slots__ = ("spans",)

    def __init__(self) -> None:
        self.spans: list[tuple[int, int]] = []

    def add(self, start: int, end: int) -> None:
        """Put a span in."""
        insort(self.spans, (start, end))

    def remove(self, start: int, end: int) -> None:
        """Take a span out."""
        self.spans.remove((start, end))

    def busy_until(self, start: int, end: int) -> int | None:
        """Return None when ``[start, end)`` meets no span, else the end of one that it meets."""
        latest = None
        for a, b in self.spans:
            if a >= end:
                break
            if b > start and a < end:
                latest = b if latest is None else max(latest, b)
        return latest
