"""Compressed working time: the coordinate in which operations of one calendar never pause.

On a clock, position ``w`` counts the working ticks since the horizon start. An operation with ``D`` ticks of work
occupies exactly ``[w, w + D)`` on the clock of its resource, however many breaks it pauses over, so that capacity,
sequence and setups need no literal per break. Two maps lead back to real ticks; they differ at a break, where a start
stands at the right end of the break and an end at its left end. ``W(t)`` is the work done within ``[0, t)``.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.solve.problem.timeline import FOREVER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.solve.problem.problem import Problem
    from engine.solve.problem.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Break:
    """A break: it stands at position ``at`` of the clock and lasts over the real ticks ``[start, end)``."""

    at: int
    start: int
    end: int


class Clock:
    """The working time of one or more resources with the same calendar, as a coordinate.

    Parameters
    ----------
    timeline
        The working time; None = always, the real clock.
    until
        Positions and ticks beyond this tick do not exist.
    relaxed_from
        From this tick on breaks are ignored (a relaxation that keeps models of far horizons small).
    since
        No tick before this one is asked for.
    """

    def __init__(self, timeline: Timeline | None, until: int, relaxed_from: int = FOREVER, since: int = 0) -> None:
        self.until = until
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._sums: list[int] = [0]
        self._zero = 0
        self.is_real = timeline is None
        if timeline is not None:
            spans = list(zip(timeline.starts.tolist(), timeline.ends.tolist(), strict=True))
            for start, end in _cut(spans, min(until, timeline.until), until, relaxed_from):
                self._starts.append(start)
                self._ends.append(end)
                self._sums.append(self._sums[-1] + end - start)
            self.is_real = len(self._starts) == 1 and self._starts[0] <= since and self._ends[0] >= until
        self._zero = 0 if self.is_real else self.work_at(0)
        self.last = self.work_at(until)

    def work_at(self, tick: int) -> int:
        """Return W(tick): the working ticks within ``[0, tick)``; negative before 0."""
        if self.is_real:
            return tick
        i = bisect_right(self._starts, tick) - 1
        if i < 0:
            return -self._zero
        return self._sums[i] + min(tick, self._ends[i]) - self._starts[i] - self._zero

    def start_at(self, w: int) -> int:
        """Return the real tick at which something starts that starts at position ``w``."""
        if self.is_real:
            return w
        i = max(0, bisect_right(self._sums, w + self._zero) - 1)
        if i >= len(self._starts):
            return self.until
        return self._starts[i] + w + self._zero - self._sums[i]

    def end_at(self, w: int) -> int:
        """Return the real tick at which something ends that ends at position ``w``."""
        if self.is_real:
            return w
        i = max(0, bisect_left(self._sums, w + self._zero) - 1)
        if i >= len(self._starts):
            return self.until
        return self._starts[i] + w + self._zero - self._sums[i]

    def first_start(self, tick: int) -> int:
        """Return the least position whose start is at or after ``tick``."""
        return self.work_at(tick)

    def last_start(self, tick: int) -> int:
        """Return the greatest position whose start is at or before ``tick``."""
        if self.is_real:
            return tick
        if tick >= self.until:
            return self.last
        w = self.work_at(tick)
        return w if self.start_at(w) <= tick else w - 1

    def first_end(self, tick: int) -> int:
        """Return the least position whose end is at or after ``tick``."""
        if self.is_real:
            return tick
        w = self.work_at(tick)
        return w if self.end_at(w) >= tick else w + 1

    def last_end(self, tick: int) -> int:
        """Return the greatest position whose end is at or before ``tick``."""
        return tick if self.is_real else self.work_at(min(tick, self.until))

    def breaks(self, low: int, high: int) -> list[Break]:
        """Return the breaks at positions in ``[low, high]``, in order."""
        if self.is_real:
            return []
        first = max(1, bisect_left(self._sums, low + self._zero))
        last = min(bisect_right(self._sums, high + self._zero), len(self._starts))
        return [Break(self._sums[i] - self._zero, self._ends[i - 1], self._starts[i]) for i in range(first, last)]

    def gaps(self, low: int, high: int) -> list[tuple[int, int]]:
        """Return the real spans within ``[low, high)`` that are not worked."""
        if self.is_real or low >= high:
            return []
        first = bisect_right(self._ends, low)
        out: list[tuple[int, int]] = []
        at = low
        for i in range(first, len(self._starts)):
            if self._starts[i] >= high:
                break
            if self._starts[i] > at:
                out.append((at, self._starts[i]))
            at = max(at, self._ends[i])
        if at < high:
            out.append((at, high))
        return out


def _cut(spans: Sequence[tuple[int, int]], known: int, until: int, relaxed_from: int) -> list[tuple[int, int]]:
    """Return the spans cut at ``known``, the breaks from ``relaxed_from`` on filled in up to ``until``."""
    out = [(s, min(e, known)) for s, e in spans if s < min(known, relaxed_from)]
    if relaxed_from < until:
        if out and out[-1][1] >= relaxed_from:
            out[-1] = (out[-1][0], until)
        else:
            out.append((relaxed_from, until))
    return out


class ClockSet:
    """The clocks of a problem, one for each distinct calendar. Parameters as for ``Clock``."""

    def __init__(self, problem: Problem, until: int, relaxed_from: int = FOREVER) -> None:
        self.real = Clock(None, until)
        self.until = until
        self.relaxed_from = relaxed_from
        self._problem = problem
        self._since = min((op.fixed.placement.start for op in problem.ops if op.fixed is not None), default=0)
        self._by_resource: dict[int, Clock] = {}
        self._by_content: dict[tuple[bytes, bytes], Clock] = {}

    def of(self, resource: int) -> Clock:
        """Return the clock of a resource; the real one where it always works or there is none."""
        if resource not in self._by_resource:
            self._by_resource[resource] = self._make(resource)
        return self._by_resource[resource]

    def _make(self, resource: int) -> Clock:
        timeline = self._problem.resources[resource].working if resource >= 0 else None
        if timeline is None:
            return self.real
        key = timeline.starts.tobytes(), timeline.ends.tobytes()
        if key not in self._by_content:
            clock = Clock(timeline, self.until, self.relaxed_from, min(0, self._since))
            self._by_content[key] = self.real if clock.is_real else clock
        return self._by_content[key]
