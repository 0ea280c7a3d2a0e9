"""Working time as sorted, disjoint, half-open intervals of UTC milliseconds, and arithmetic on it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Span = tuple[int, int]
Times = npt.NDArray[np.int64]
_NONE = np.empty(0, dtype=np.int64)


class WorkingTime:
    """The working intervals of something within a window: sorted, disjoint, maximal, half-open, in UTC ms.

    Nothing is known outside ``[from_ms, to_ms)``: it counts as not working, and a question that would need it is
    answered with ``None``.

    Attributes
    ----------
    starts, ends
        Interval edges in ms, ``int64``. Not to be written to.
    from_ms, to_ms
        The window.
    """

    __slots__ = ("_done", "_ends", "_starts", "ends", "from_ms", "starts", "to_ms", "worked")

    def __init__(self, starts: Times, ends: Times, from_ms: int, to_ms: int) -> None:
        self.starts, self.ends = starts, ends
        self.from_ms, self.to_ms = from_ms, to_ms
        self.worked: Times = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(ends - starts)))
        # Plain lists beside the arrays: a single look-up by bisect is several times faster than numpy's.
        self._starts: list[int] = starts.tolist()
        self._ends: list[int] = ends.tolist()
        self._done: list[int] = self.worked.tolist()

    @staticmethod
    def always(from_ms: int, to_ms: int) -> WorkingTime:
        """Return uninterrupted working time over the window."""
        return WorkingTime.of([(from_ms, to_ms)], from_ms, to_ms)

    @staticmethod
    def of(spans: Iterable[Span], from_ms: int, to_ms: int) -> WorkingTime:
        """Return the union of ``spans``, in any order and overlapping as they may be, cut to the window."""
        pairs = np.array(list(spans), dtype=np.int64).reshape(-1, 2)
        return cut(*merged(pairs[:, 0], pairs[:, 1]), from_ms, to_ms)

    @property
    def is_always(self) -> bool:
        """Whether the whole window is worked without a break."""
        return self._starts == [self.from_ms] and self._ends == [self.to_ms]

    @property
    def total_ms(self) -> int:
        """Working ms in the window."""
        return self._done[-1]

    def intervals(self) -> list[Span]:
        """Return the intervals as a list of ``(start, end)``."""
        return list(zip(self._starts, self._ends, strict=True))

    def intervals_in(self, start_ms: int, end_ms: int) -> list[Span]:
        """Return the intervals cut to ``[start_ms, end_ms)``."""
        first, last = bisect_right(self._ends, start_ms), bisect_left(self._starts, end_ms)
        return [(max(self._starts[i], start_ms), min(self._ends[i], end_ms)) for i in range(first, last)]

    def is_working(self, at_ms: int) -> bool:
        """Whether the instant lies in an interval."""
        i = bisect_right(self._starts, at_ms) - 1
        return i >= 0 and at_ms < self._ends[i]

    def is_uninterrupted(self, start_ms: int, end_ms: int) -> bool:
        """Whether the non-empty span ``[start_ms, end_ms)`` lies inside one interval."""
        i = bisect_right(self._starts, start_ms) - 1
        return i >= 0 and start_ms < end_ms <= self._ends[i]

    def next_working(self, at_ms: int) -> int | None:
        """Return the first working instant at or after ``at_ms``."""
        i = bisect_right(self._ends, at_ms)
        return max(self._starts[i], at_ms) if i < len(self._starts) else None

    def worked_before(self, at_ms: int) -> int:
        """Return the working ms from the window's start to ``at_ms``."""
        i = bisect_right(self._starts, at_ms) - 1
        return self._done[i] + min(at_ms, self._ends[i]) - self._starts[i] if i >= 0 else 0

    def worked_before_all(self, at_ms: Times) -> Times:
        """Return ``worked_before`` of many instants at once."""
        if not self._starts:
            return np.zeros(len(at_ms), dtype=np.int64)
        i = np.maximum(np.searchsorted(self.starts, at_ms, side="right") - 1, 0)
        return self.worked[i] + np.maximum(np.minimum(at_ms, self.ends[i]) - self.starts[i], 0)

    def is_working_all(self, at_ms: Times) -> npt.NDArray[np.bool_]:
        """Return ``is_working`` of many instants at once."""
        if not self._starts:
            return np.zeros(len(at_ms), dtype=np.bool_)
        i = np.searchsorted(self.starts, at_ms, side="right") - 1
        return (i >= 0) & (at_ms < self.ends[i])

    def between(self, start_ms: int, end_ms: int) -> int:
        """Return the working ms in ``[start_ms, end_ms)``; 0 when the end is not after the start."""
        return max(0, self.worked_before(end_ms) - self.worked_before(start_ms))

    def add(self, at_ms: int, work_ms: int) -> int | None:
        """Return the end of ``work_ms`` of working time begun at the first working instant at or after ``at_ms``.

        Pauses over breaks. No work ends where it begins: ``at_ms`` itself.
        """
        if work_ms <= 0:
            return at_ms
        goal = self.worked_before(at_ms) + work_ms
        i = bisect_left(self._done, goal) - 1
        return self._starts[i] + goal - self._done[i] if i < len(self._starts) else None

    def back(self, at_ms: int, work_ms: int) -> int | None:
        """Return the latest instant from which exactly ``work_ms`` is worked until ``at_ms``."""
        if work_ms <= 0:
            return at_ms
        goal = self.worked_before(at_ms) - work_ms
        if goal < 0:
            return None
        i = bisect_right(self._done, goal) - 1
        return self._starts[i] + goal - self._done[i]

    def fit(self, at_ms: int, work_ms: int) -> int | None:
        """Return the earliest start at or after ``at_ms`` of ``work_ms`` without a break."""
        if work_ms <= 0:
            return at_ms
        i = bisect_right(self._ends, at_ms)
        if i >= len(self._starts):
            return None
        if self._ends[i] - max(self._starts[i], at_ms) >= work_ms:
            return max(self._starts[i], at_ms)
        for j in range(i + 1, len(self._starts)):
            if self._ends[j] - self._starts[j] >= work_ms:
                return self._starts[j]
        return None

    def minus(self, spans: Iterable[Span]) -> WorkingTime:
        """Return this working time without ``spans``."""
        pairs = np.array([s for s in spans if s[0] < s[1]], dtype=np.int64).reshape(-1, 2)
        if not len(pairs) or not self._starts:
            return self
        off_starts, off_ends = merged(pairs[:, 0], pairs[:, 1])
        on = _complement(off_starts, off_ends, self.from_ms, self.to_ms)
        return WorkingTime(*_common(self.starts, self.ends, *on), self.from_ms, self.to_ms)

    def plus(self, spans: Iterable[Span]) -> WorkingTime:
        """Return this working time and ``spans``, cut to the window."""
        pairs = np.array([s for s in spans if s[0] < s[1]], dtype=np.int64).reshape(-1, 2)
        starts = np.concatenate((self.starts, pairs[:, 0]))
        ends = np.concatenate((self.ends, pairs[:, 1]))
        return cut(*merged(starts, ends), self.from_ms, self.to_ms)

    def common(self, other: WorkingTime) -> WorkingTime:
        """Return what is worked in both, over the window of both."""
        from_ms, to_ms = max(self.from_ms, other.from_ms), min(self.to_ms, other.to_ms)
        starts, ends = _common(self.starts, self.ends, other.starts, other.ends)
        return WorkingTime(starts, ends, from_ms, max(from_ms, to_ms))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, WorkingTime):
            return NotImplemented
        return self._starts == other._starts and self._ends == other._ends

    def __hash__(self) -> int:
        return hash((tuple(self._starts), tuple(self._ends)))

    def __repr__(self) -> str:
        return f"WorkingTime({len(self._starts)} intervals, {self.total_ms} ms in [{self.from_ms}, {self.to_ms}))"


def merged(starts: Times, ends: Times) -> tuple[Times, Times]:
    """Sort, drop the empty, and join what overlaps or touches."""
    real = starts < ends
    starts, ends = starts[real], ends[real]
    if not len(starts):
        return _NONE, _NONE
    order = np.argsort(starts, kind="stable")
    starts, reach = starts[order], np.maximum.accumulate(ends[order])
    apart = np.concatenate((np.ones(1, dtype=np.bool_), starts[1:] > reach[:-1]))
    return starts[apart], reach[np.concatenate((apart[1:], np.ones(1, dtype=np.bool_)))]


def cut(starts: Times, ends: Times, from_ms: int, to_ms: int) -> WorkingTime:
    """Return sorted disjoint intervals cut to a window, as working time."""
    inside = (ends > from_ms) & (starts < to_ms)
    return WorkingTime(np.maximum(starts[inside], from_ms), np.minimum(ends[inside], to_ms), from_ms, to_ms)


def _complement(starts: Times, ends: Times, from_ms: int, to_ms: int) -> tuple[Times, Times]:
    low, high = np.array([from_ms], dtype=np.int64), np.array([to_ms], dtype=np.int64)
    gaps_from, gaps_to = np.concatenate((low, ends)), np.concatenate((starts, high))
    real = gaps_from < gaps_to
    return gaps_from[real], gaps_to[real]


def _common(starts: Times, ends: Times, other_starts: Times, other_ends: Times) -> tuple[Times, Times]:
    """The overlaps of two sorted disjoint interval lists."""
    first = np.searchsorted(other_ends, starts, side="right")
    last = np.searchsorted(other_starts, ends, side="left")
    counts = np.maximum(last - first, 0)
    mine = np.repeat(np.arange(len(starts)), counts)
    begin = np.cumsum(counts) - counts
    theirs = first[mine] + np.arange(len(mine)) - begin[mine]
    return np.maximum(starts[mine], other_starts[theirs]), np.minimum(ends[mine], other_ends[theirs])
