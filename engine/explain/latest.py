"""How late one operation can stand within given limits: its work laid backwards from them."""

from __future__ import annotations

from engine.explain.room import Seat
from engine.model import Operation
from engine.plan import PlanFacts

_MINUTE_MS = 60_000
_MOST_STEPS = 1_000


class LatestSeats:
    """Finds the latest seat of operations on their present resources, setups and secondary resources as they are."""

    def __init__(self, facts: PlanFacts) -> None:
        self._facts = facts

    def seat(self, op: Operation, now: Seat, end_ms: int, start_ms: int | None) -> Seat:
        """Return the latest seat, not before the present one, that ends and starts by the given limits.

        The present seat if there is no later one. Starts in the working time are exact; where a limit on the start
        lies in a break, the start found is a minute before it.

        Parameters
        ----------
        op
            The operation.
        now
            Its present seat.
        end_ms
            The limit of its end.
        start_ms
            The limit of its start, if there is one.
        """
        limit_ms = end_ms
        for _ in range(_MOST_STEPS):
            found = self._unserved(op, now, limit_ms, start_ms)
            if found.start_ms <= now.start_ms:
                return now
            clash_ms = self._last_clash(op, found)
            if clash_ms is None:
                return found
            limit_ms = clash_ms
        return now

    def _unserved(self, op: Operation, now: Seat, end_ms: int, start_ms: int | None) -> Seat:
        """The latest seat with regard to the operation's own resource alone."""
        time, work_ms = self._facts.working_time(op.resource_id), self._facts.work_ms(op)
        begin = time.back(end_ms, work_ms) if op.interruptible or not work_ms else self._whole(op, now, end_ms)
        at_ms = now.start_ms if begin is None else begin
        if start_ms is not None and at_ms > start_ms:
            at_ms = start_ms
            if work_ms and not time.is_working(at_ms):
                pieces = time.intervals_in(now.start_ms, at_ms)
                at_ms = max(pieces[-1][0], pieces[-1][1] - _MINUTE_MS) if pieces else now.start_ms
            if work_ms and not op.interruptible:
                at_ms = self._whole(op, now, at_ms + work_ms) or now.start_ms
        if at_ms <= now.start_ms:
            return now
        setup = self._facts.setups.get(op.id)
        end = time.add(at_ms, work_ms)
        begins = time.back(at_ms, 0 if setup is None else setup.duration_ms)
        if end is None or begins is None:
            return now
        return now._replace(start_ms=at_ms, end_ms=end, begin_ms=begins)

    def _whole(self, op: Operation, now: Seat, end_ms: int) -> int | None:
        """The latest start of work that must not pause."""
        work_ms = self._facts.work_ms(op)
        pieces = self._facts.working_time(op.resource_id).intervals_in(now.start_ms, end_ms)
        return next((b - work_ms for a, b in reversed(pieces) if b - a >= work_ms), None)

    def _last_clash(self, op: Operation, seat: Seat) -> int | None:
        """Where the last span begins in which the operation works and one of its secondary resources does not."""
        own = self._facts.working_time(op.resource_id)
        found: list[int] = []
        for resource_id in seat.demands:
            if resource_id is None or (other := self._facts.working_time(resource_id)) is own or other.is_always:
                continue
            common = self._facts.common_time(own, other)
            if own.between(seat.begin_ms, seat.end_ms) == common.between(seat.begin_ms, seat.end_ms):
                continue
            for a, b in reversed(own.intervals_in(seat.begin_ms, seat.end_ms)):
                gaps = common.intervals_in(a, b)
                if not gaps or gaps[-1][1] < b:
                    found.append(gaps[-1][1] if gaps else a)
                    break
                if sum(y - x for x, y in gaps) < b - a:
                    edges = [a, *(y for _, y in gaps)]
                    found.append(max(e for e, (x, _) in zip(edges, gaps, strict=False) if x > e))
                    break
        return min(found, default=None)
