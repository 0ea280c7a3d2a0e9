"""How far each operation can move right, and which ones cannot: slack and criticality.

A backward pass over the plan's own graph (``engine.explain.graph``): every operation keeps its resources and every
resource its sequence; whatever stands behind may be pushed later, breaks, setups, secondary resources' working times
and hard dates respected; what is pinned stays, and so does what stands before. The latest seat of each operation is
the latest one that leaves each of its successors the latest seat of its own. That is exact for resources of one unit
and for dependencies of every type and lag; on resources of several units it is a lower bound, because the units keep
the order in which they are handed on; a greatest lag is held against the predecessor where it stands (its predecessor
could follow: again a lower bound). Slack is elapsed time, breaks included.

Two limits are asked: the end of the plan (slack to the end), and for each order the later of its due date and its
present end (slack to due): using it up makes no order late, nor any late one later.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from engine.explain.graph import Edge, PlanGraph, Tie
from engine.explain.latest import LatestSeats
from engine.explain.room import Seat, seat_of
from engine.explain.rulebook import Rulebook
from engine.explain.told import Told
from engine.instants import to_ms
from engine.model import Operation, Status
from engine.plan import PlanFacts
from engine.wording import length

_MOST_PASSES = 20
_FAR_MS = 1 << 60


@dataclass(frozen=True, slots=True)
class OperationSlack(Told):
    """How far an operation can move right.

    Attributes
    ----------
    end_slack_ms
        Without changing the plan's last end.
    due_slack_ms
        Without making any order late or later; ``None`` when no due date depends on it.
    is_critical
        Whether either is 0.
    is_fixed
        Whether it is pinned, so that the slack is only what it could be.
    held_by
        What sets the slack to due (else to the end): ``order``, ``operation``, ``dependency``, ``resource``, ``date``
        or ``end``.
    held_by_id
        The order, operation, or the resource's next operation that it is.
    text
        A sentence.
    """

    event_id: str
    name: str
    start_ms: int
    end_slack_ms: int
    due_slack_ms: int | None
    is_critical: bool
    is_fixed: bool
    resource_id: str | None = None
    order_id: str | None = None
    held_by: str = "end"
    held_by_id: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class _Limit:
    """The latest end and start of an operation, and what sets them."""

    end_ms: int = _FAR_MS
    start_ms: int | None = None
    why: str = "end"
    why_id: str | None = None


class Slack:
    """The slack of every placed operation of a plan that is not completed.

    ``is_settled`` is False when operations wait for each other in a circle that could not be resolved.
    """

    def __init__(self, facts: PlanFacts, rules: Rulebook | None = None) -> None:
        self._facts = facts
        self._rules = rules or Rulebook(facts)
        self._graph = PlanGraph(facts)
        self._order = self._graph.backwards()
        self._seats = {key: seat_of(facts, key) for key in facts.starts}
        self._latest = LatestSeats(facts)
        self.is_settled = True

    @cached_property
    def operations(self) -> dict[str, OperationSlack]:
        """The slack of each operation, by id, in the schedule's order."""
        ends, dues = self._to_end, self._to_due
        found: dict[str, OperationSlack] = {}
        for key, seat in self._seats.items():
            if self._facts.operations[key].status is not Status.COMPLETED:
                found[key] = self._told(seat, ends[key], dues[key])
        return found

    @property
    def critical(self) -> tuple[str, ...]:
        """The operations that cannot move right without harm."""
        return tuple(key for key, one in self.operations.items() if one.is_critical)

    def latest_seats(self, *, to_due: bool = False) -> dict[str, Seat]:
        """Return the latest seat of each operation that has one: together they are a plan that does no harm either.

        Pinned operations have their present ones.
        """
        found = self._to_due if to_due else self._to_end
        pins = self._rules.pins
        return {k: self._seats[k] if k in pins else seat for k, (seat, _) in found.items() if seat is not None}

    # the backward pass

    @cached_property
    def _to_end(self) -> dict[str, tuple[Seat | None, _Limit]]:
        return self._pass({key: _Limit(self._facts.last_end_ms or 0) for key in self._seats})

    @cached_property
    def _to_due(self) -> dict[str, tuple[Seat | None, _Limit]]:
        return self._pass({key: self._due_limit(key) for key in self._seats})

    def _pass(self, first: dict[str, _Limit]) -> dict[str, tuple[Seat | None, _Limit]]:
        """Return (latest seat or ``None`` for no limit, what sets it) of each operation."""
        latest: dict[str, Seat | None] = {}
        found: dict[str, tuple[Seat | None, _Limit]] = {}
        for _ in range(_MOST_PASSES):
            is_stable = True
            for key in self._order:
                limit = self._limit(key, first[key], latest)
                op, now = self._facts.operations[key], self._seats[key]
                seat = None
                if limit.end_ms < _FAR_MS or limit.start_ms is not None:
                    end_ms = limit.end_ms if limit.end_ms < _FAR_MS else self._facts.working_time(None).to_ms
                    seat = self._latest.seat(op, now, max(end_ms, now.end_ms), limit.start_ms)
                is_stable &= key in found and found[key][0] == seat
                found[key] = (seat, limit)
                latest[key] = now if key in self._rules.pins else seat
            if is_stable or not self._graph.has_circle:
                return found
        self.is_settled = False
        return found

    def _limit(self, key: str, first: _Limit, latest: dict[str, Seat | None]) -> _Limit:
        """The tightest of an operation's own limits and those of what follows it."""
        seat, limit = self._seats[key], self._own_limit(key, first)
        for edge in self._graph.edges[key]:
            if edge.fixed_ms is not None:
                bound_ms = edge.fixed_ms
            else:
                other = latest.get(edge.target, self._seats[edge.target])
                if other is None:
                    continue
                bound_ms = _point(edge, other) - edge.lag_ms
            why = "resource" if edge.resource_id is not None else "dependency"
            if edge.tie in (Tie.START_START, Tie.START_END):
                limit = _tighter_start(limit, max(bound_ms, seat.start_ms), why, edge.target or edge.resource_id)
            elif bound_ms < limit.end_ms:
                limit = _Limit(max(bound_ms, seat.end_ms), limit.start_ms, why, edge.target or edge.resource_id)
        return limit

    def _own_limit(self, key: str, first: _Limit) -> _Limit:
        """Hard dates and greatest lags; what is broken already holds where it stands."""
        seat, op, limit = self._seats[key], self._facts.operations[key], first
        deadline_ms = self._rules.deadline_ms(op)
        ends = [] if deadline_ms is None else [deadline_ms]
        starts: list[int] = []
        for rule in self._rules.dates.get(key, ()):
            if not rule.type.endswith("noearlierthan"):
                (starts if "start" in rule.type else ends).append(to_ms(rule.date))
        for link in self._facts.predecessors.get(key, ()):
            point = (self._facts.ends if link.type >= 2 else self._facts.starts).get(link.from_event)
            if link.max_lag_ms is not None and point is not None:
                (ends if link.type % 2 else starts).append(point + link.max_lag_ms)
        if ends and min(ends) < limit.end_ms:
            limit = _Limit(max(seat.end_ms, min(ends)), limit.start_ms, "date", None)
        if starts:
            limit = _tighter_start(limit, max(seat.start_ms, min(starts)), "date", None)
        return limit

    def _due_limit(self, key: str) -> _Limit:
        op, limit = self._facts.operations[key], _Limit()
        end_ms = self._facts.ends[key]
        if op.due_date is not None:
            limit = _Limit(max(to_ms(op.due_date), end_ms), None, "operation", key)
        order = self._rules.order_of(op)
        if order is not None and order.due_date is not None:
            due_ms = max(to_ms(order.due_date), self._facts.order_ends[order.id])
            if due_ms < limit.end_ms:
                limit = _Limit(due_ms, None, "order", order.id)
        return limit

    # words

    def _told(self, seat: Seat, end: tuple[Seat | None, _Limit], due: tuple[Seat | None, _Limit]) -> OperationSlack:
        op = self._facts.operations[seat.event_id]
        end_ms = 0 if end[0] is None else end[0].start_ms - seat.start_ms
        due_ms = None if due[0] is None else due[0].start_ms - seat.start_ms
        limit = end[1] if due_ms is None else due[1]
        return OperationSlack(
            event_id=op.id,
            name=self._facts.label(op.id),
            start_ms=seat.start_ms,
            end_slack_ms=end_ms,
            due_slack_ms=due_ms,
            is_critical=end_ms == 0 or due_ms == 0,
            is_fixed=op.id in self._rules.pins,
            resource_id=op.resource_id,
            order_id=op.order_id,
            held_by=limit.why,
            held_by_id=limit.why_id,
            text=self._sentence(op, end_ms, due_ms, limit),
        )

    def _sentence(self, op: Operation, end_ms: int, due_ms: int | None, limit: _Limit) -> str:
        facts, name = self._facts, self._facts.label(op.id)
        slack_ms = end_ms if due_ms is None else due_ms
        what = "the end of the plan moves" if due_ms is None else "an order would be late or later"
        head = f"{name} can move {length(slack_ms)} later before {what}"
        if not slack_ms:
            head = f"{name} cannot move later: {what}"
        match limit.why:
            case "order" if limit.why_id is not None:
                tail = f"its order {facts.orders[limit.why_id].name or limit.why_id} has no more time"
            case "dependency" | "resource" if limit.why_id in facts.operations:
                tail = f"{facts.label(str(limit.why_id))} comes after it"
            case "resource":
                tail = "units of its resource are out of service then"
            case "date":
                tail = "it has a hard date"
            case _:
                return f"{head}."
        return f"{head}; {tail}."


def _point(edge: Edge, other: Seat) -> int:
    if edge.tie is Tie.END_BEGIN:
        return other.begin_ms
    return other.end_ms if edge.tie in (Tie.START_END, Tie.END_END) else other.start_ms


def _tighter_start(limit: _Limit, start_ms: int, why: str, why_id: str | None) -> _Limit:
    if limit.start_ms is not None and limit.start_ms <= start_ms:
        return limit
    return _Limit(limit.end_ms, start_ms, why, why_id)
