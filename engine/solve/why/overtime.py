"""The least overtime on one resource that leaves a plan: when to work in a break, and how long."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from engine.calendars import DAY_MS, expand
from engine.instants import to_ms
from engine.solve.why.edits import Edit, apply_edits, instant
from engine.solve.why.searching import MINUTE_MS, least_amount, minimised

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.model import OptimizationRequest, PlacedEvent
    from engine.solve.why.feasibility import Judge

Span = tuple[int, int]

_STEP_S = 3.0
_MOST_BREAKS = 12
_LOOK_AHEAD_MS = 7 * DAY_MS
_MOST_BREAKS_TOGETHER = 40


def least_overtime(
    request: OptimizationRequest, resource_id: str, plan: Sequence[PlacedEvent], judge: Judge, until: float
) -> list[tuple[Span, ...]]:
    """Return overtime after which there is a plan: one span as short as can be found, or several where one will not do.

    Parameters
    ----------
    request
        The request, with the resource's calendar.
    resource_id
        A resource with a calendar.
    plan
        A plan that would do if the resource worked round the clock.
    judge, until
        Says whether there is a plan; when to end, a moment of ``time.monotonic``.

    Returns
    -------
    list
        Alternatives, best first, each of spans ``[start, end)`` in ms; empty when none was found.
    """
    search = _Search(request, resource_id, judge, until)
    breaks = search.breaks(plan)
    one = search.shortest(breaks[:_MOST_BREAKS])
    if one is not None:
        return [(one,)]
    several = search.together(breaks[:_MOST_BREAKS_TOGETHER])
    return [several] if several else []


class _Search:
    def __init__(self, request: OptimizationRequest, resource_id: str, judge: Judge, until: float) -> None:
        self._request = request
        self._resource_id = resource_id
        self._judge = judge
        self._until = until
        self._first: Span | None = None

    def breaks(self, plan: Sequence[PlacedEvent]) -> list[Span]:
        """Return the breaks up to a week after the last use in a plan: those that the plan uses first, then by time."""
        uses = self._uses(plan)
        if not uses:
            return []
        metadata = self._request.schedule_data.metadata
        assert metadata.horizon_start is not None
        begin, end = to_ms(metadata.horizon_start), max(b for _, b in uses)
        calendars = {c.id: c for c in self._request.schedule_data.snapshot.calendars}
        resources = {r.id: r for r in self._request.schedule_data.snapshot.resources}
        calendar = calendars[str(resources[self._resource_id].calendar)]
        worked = expand(calendar, metadata.time_zone, begin, end + 2 * _LOOK_AHEAD_MS).intervals()
        edges = [begin, *(edge for span in worked for edge in span), end + 2 * _LOOK_AHEAD_MS]
        gaps = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= MINUTE_MS]
        gaps = [gap for gap in gaps if gap[0] < end + _LOOK_AHEAD_MS]
        self._first = gaps[0] if gaps and gaps[0][0] == begin else None
        return sorted(gaps, key=lambda gap: (not any(a < gap[1] and gap[0] < b for a, b in uses), gap))

    def _uses(self, plan: Sequence[PlacedEvent]) -> list[Span]:
        own = self._resource_id
        return [
            (to_ms(e.start_date), to_ms(e.end_date))
            for e in plan
            if e.start_date is not None
            and e.end_date is not None
            and (e.resource_id == own or own in (e.demands or ()))
        ]

    def shortest(self, breaks: Sequence[Span]) -> Span | None:
        """Return the shortest span at an edge of one break that suffices."""
        best: Span | None = None
        for start, end in breaks:
            is_first = (start, end) == self._first
            for at_start in (False, True) if is_first else (True, False):  # next to a shift, not to the horizon's start
                if time.monotonic() >= self._until:
                    return best
                most = end - start if best is None else min(end - start, best[1] - best[0] - MINUTE_MS)
                if most < MINUTE_MS or not self._suffices([_edge((start, end), most, at_start)]):
                    if best is None:
                        break  # all of this break is not enough
                    continue
                best = self._cut((start, end), most, at_start, [])
        return best

    def together(self, breaks: Sequence[Span]) -> tuple[Span, ...]:
        """Return spans in several breaks that suffice together, none of which can be left out."""
        if not breaks or not self._suffices(breaks):
            return ()
        kept = minimised(breaks, self._suffices, lambda: time.monotonic() >= self._until)
        for i, gap in enumerate(list(kept)):
            others = [*kept[:i], *kept[i + 1 :]]
            cuts = [self._cut(gap, gap[1] - gap[0], at_start, others) for at_start in (True, False)]
            kept[i] = min(cuts, key=lambda span: span[1] - span[0])
        return tuple(sorted(kept))

    def _cut(self, gap: Span, most: int, at_start: bool, others: Sequence[Span]) -> Span:
        """Return as short a span at an edge of a break as suffices beside others; ``most`` is known to."""

        def ask(amount: int) -> int | None:
            return amount if self._suffices([_edge(gap, amount, at_start), *others]) else None

        return _edge(gap, least_amount(ask, most, lambda: time.monotonic() >= self._until), at_start)

    def _suffices(self, spans: Sequence[Span]) -> bool:
        edits: list[Edit] = [
            {"kind": "calendarException", "resourceId": self._resource_id, "from": instant(a), "to": instant(b)}
            for a, b in spans
        ]
        until = min(self._until, time.monotonic() + _STEP_S)
        return self._judge.find(apply_edits(self._request, edits), until).verdict == "feasible"


def _edge(gap: Span, amount: int, at_start: bool) -> Span:
    """Return a span of a length at one edge of a break."""
    amount = min(amount, gap[1] - gap[0])
    return (gap[0], gap[0] + amount) if at_start else (gap[1] - amount, gap[1])
