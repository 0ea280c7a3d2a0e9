"""Working time of one resource in integer ticks from the horizon start."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOREVER = 1 << 50
"""A tick after everything; a bound of this value is no bound. ``-FOREVER`` is before everything."""


class Timeline:
    """Sorted, disjoint, maximal half-open working intervals in ticks, known up to ``until``.

    A resource that works always has no ``Timeline`` (``None``). ``None`` as an answer means: not within ``until``.

    Parameters
    ----------
    starts, ends
        The edges of the working intervals.
    until
        The tick up to which the intervals are known; ``FOREVER`` when the last interval never ends.
    """

    __slots__ = ("_cumulated", "_ends", "_starts", "ends", "starts", "until")

    def __init__(self, starts: NDArray[np.int64], ends: NDArray[np.int64], until: int) -> None:
        self.starts = starts
        self.ends = ends
        self.until = until
        self._starts: list[int] = starts.tolist()
        self._ends: list[int] = ends.tolist()
        self._cumulated: list[int] = [0, *np.cumsum(ends - starts).tolist()]

    def __len__(self) -> int:
        return len(self._starts)

    def is_working(self, tick: int) -> bool:
        """Whether the unit of time that begins at ``tick`` is worked."""
        i = bisect_right(self._starts, tick) - 1
        return i >= 0 and tick < self._ends[i]

    def next_working(self, tick: int) -> int | None:
        """Return the first worked tick at or after ``tick``."""
        i = bisect_right(self._ends, tick)
        return max(tick, self._starts[i]) if i < len(self._ends) else None

    def between(self, start: int, end: int) -> int:
        """Return the working ticks within ``[start, end)``."""
        return self._worked_until(end) - self._worked_until(start) if end > start else 0

    def add(self, tick: int, work: int) -> int | None:
        """Return the end of ``work`` > 0 ticks of work that begin at the first worked tick at or after ``tick``."""
        target = self._worked_until(tick) + work
        i = bisect_left(self._cumulated, target) - 1
        if i >= len(self._starts):
            return None
        return self._starts[i] + target - self._cumulated[i]

    def span(self, tick: int, work: int) -> tuple[int, int] | None:
        """Return (start, end) of ``work`` > 0 ticks begun as early as possible from ``tick`` on, over breaks."""
        i = bisect_right(self._ends, tick)
        if i >= len(self._starts):
            return None
        start = max(tick, self._starts[i])
        if start + work <= self._ends[i]:
            return start, start + work
        target = self._cumulated[i] + start - self._starts[i] + work
        i = bisect_left(self._cumulated, target, i + 1) - 1
        return (start, self._starts[i] + target - self._cumulated[i]) if i < len(self._starts) else None

    def back(self, tick: int, work: int) -> int | None:
        """Return the latest start with ``work`` > 0 ticks of work within ``[start, tick)``."""
        target = self._worked_until(tick) - work
        if target < 0:
            return None
        i = bisect_right(self._cumulated, target) - 1
        return self._starts[i] + target - self._cumulated[i]

    def fit(self, tick: int, work: int) -> int | None:
        """Return the earliest start at or after ``tick`` of ``work`` ticks of work without a break."""
        i = bisect_right(self._ends, tick)
        while i < len(self._ends):
            start = max(tick, self._starts[i])
            if self._ends[i] - start >= work:
                return start
            i += 1
        return None

    def covers(self, start: int, end: int) -> bool:
        """Whether ``[start, end)`` lies inside one working interval."""
        i = bisect_right(self._starts, start) - 1
        return i >= 0 and end <= self._ends[i]

    def idle_within(self, start: int, end: int, other: Timeline | None) -> int | None:
        """Return None when this works whenever ``other`` (None = always) works within ``[start, end)``.

        Otherwise the first tick after such a clash at which this works again; ``FOREVER`` when it never does.
        """
        spans = [(start, end)] if other is None else other.pieces(start, end)
        for a, b in spans:
            i = bisect_right(self._starts, a) - 1
            if i < 0 or b > self._ends[i]:
                after = a if i < 0 or a >= self._ends[i] else self._ends[i]
                found = self.next_working(after)
                return FOREVER if found is None else found
        return None

    def pieces(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return the worked parts of ``[start, end)``."""
        out: list[tuple[int, int]] = []
        i = bisect_right(self._ends, start)
        while i < len(self._starts) and self._starts[i] < end:
            out.append((max(start, self._starts[i]), min(end, self._ends[i])))
            i += 1
        return out

    def _worked_until(self, tick: int) -> int:
        i = bisect_right(self._starts, tick) - 1
        if i < 0:
            return 0
        return self._cumulated[i] + min(tick, self._ends[i]) - self._starts[i]
