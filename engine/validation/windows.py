"""Dates that contradict each other, so that no plan at all could keep them."""

from __future__ import annotations

from typing import Any

from engine.instants import format_instant, to_ms
from engine.model import DateConstraint, Operation, Order, Status, Unavailable
from engine.validation.draft import Draft, earliest, latest
from engine.wording import length, moment


def check_windows(draft: Draft) -> None:
    """Report spans that end before they begin, and dates that leave an operation no room."""
    rules: dict[str, list[tuple[str, DateConstraint]]] = {}
    for i, rule in draft.each("constraints"):
        if isinstance(rule, Unavailable):
            check_span(draft, draft.path("constraints", i), rule)
        elif isinstance(rule, DateConstraint) and rule.enabled:
            rules.setdefault(rule.event_id, []).append((draft.path("constraints", i, "date"), rule))
    orders = dict(draft.orders)
    for i, order in draft.each("orders"):
        if order.release_date is not None and order.deadline is not None and order.release_date >= order.deadline:
            reason = f"must come after its release {_words(draft, to_ms(order.release_date))}"
            draft.add(draft.path("orders", i, "deadline"), format_instant(order.deadline), reason)
            orders.pop(order.id, None)  # told once, not again for each of its operations
    for i, op in draft.each("events"):
        path = draft.path("events", i)
        _check_placement(draft, path, op)
        order = orders.get(op.order_id) if op.order_id is not None else None
        if op.status is not Status.COMPLETED and (op.id in rules or _is_bound(op, order)):
            _Window(draft, path, op, order).check(rules.get(op.id, ()))


def check_span(draft: Draft, path: str, span: Any) -> None:
    """Report a ``start``-``end`` span that is empty or runs backwards."""
    if span.end <= span.start:
        start = _words(draft, to_ms(span.start))
        draft.add(
            f"{path}.end", format_instant(span.end), f"must come after `start` ({start}). Maybe the two are swapped"
        )


def _is_bound(op: Operation, order: Order | None) -> bool:
    """Whether release dates and deadlines can leave it no room."""
    released = op.release_date is not None or (order is not None and order.release_date is not None)
    return released and (op.deadline is not None or (order is not None and order.deadline is not None))


def _check_placement(draft: Draft, path: str, op: Operation) -> None:
    if op.start_date is not None and op.end_date is None:
        draft.add(f"{path}.endDate", None, "is missing beside `startDate`; give both or neither")
    elif op.end_date is not None and op.start_date is None:
        draft.add(f"{path}.startDate", None, "is missing beside `endDate`; give both or neither")
    elif op.start_date is not None and op.end_date is not None and op.end_date < op.start_date:
        start = _words(draft, to_ms(op.start_date))
        draft.add(
            f"{path}.endDate",
            format_instant(op.end_date),
            f"lies before `startDate` ({start}). Maybe the two are swapped",
        )


class _Window:
    """The dates that bound one operation, each with where it stands and what it says."""

    def __init__(self, draft: Draft, path: str, op: Operation, order: Order | None) -> None:
        self._draft, self._path, self._op = draft, path, op
        self._least_ms = draft.least_ms.get(op.id, 0)
        self._bounds: dict[str, tuple[int, str, str]] = {}
        started = op.status is Status.STARTED
        release_ms = None if started else latest(op.release_date, order.release_date if order else None)
        deadline_ms = earliest(op.deadline, order.deadline if order else None)
        if release_ms is not None:
            self._narrow("start from", release_ms, f"{path}.releaseDate", "is released")
        if deadline_ms is not None:
            own = op.deadline is not None and to_ms(op.deadline) == deadline_ms
            where = path if own else draft.path("orders", draft.ids["orders"][str(op.order_id)])
            self._narrow("end until", deadline_ms, f"{where}.deadline", "has its deadline")

    def check(self, rules: Any) -> None:
        """Report the first contradiction among the bounds."""
        started = self._op.status is Status.STARTED
        for path, rule in rules:
            on_start = "start" in rule.type
            if on_start and started:
                continue
            point, at_ms = "start" if on_start else "end", to_ms(rule.date)
            if "later" not in rule.type:
                self._narrow(f"{point} from", at_ms, path, _SAYS[rule.type])
            if "earlier" not in rule.type:
                self._narrow(f"{point} until", at_ms, path, _SAYS[rule.type])
        for low, high, least_ms in (
            ("start from", "start until", 0),
            ("end from", "end until", 0),
            ("start from", "end until", self._least_ms),
        ):
            if low in self._bounds and high in self._bounds and self._clash(low, high, least_ms):
                return

    def _narrow(self, bound: str, at_ms: int, path: str, says: str) -> None:
        known = self._bounds.get(bound)
        if known is None or (at_ms > known[0] if bound.endswith("from") else at_ms < known[0]):
            self._bounds[bound] = (at_ms, path, says)

    def _clash(self, low: str, high: str, least_ms: int) -> bool:
        from_ms, _, from_says = self._bounds[low]
        until_ms, path, until_says = self._bounds[high]
        if from_ms + least_ms <= until_ms:
            return False
        draft, op = self._draft, self._op
        work = f" and takes at least {length(least_ms)}" if least_ms else ""
        first = f"{op.name or op.id} {from_says} {_words(draft, from_ms)}{work}"
        reason = f"no plan can keep this: {first}, but {until_says} {_words(draft, until_ms)}"
        draft.add(path, _words(draft, until_ms), reason)
        return True


_SAYS = {
    "startnoearlierthan": "must not start before",
    "startnolaterthan": "must not start after",
    "finishnoearlierthan": "must not end before",
    "finishnolaterthan": "must not end after",
    "muststarton": "must start on",
    "mustfinishon": "must end on",
}


def _words(draft: Draft, at_ms: int) -> str:
    return moment(at_ms, draft.zone)
