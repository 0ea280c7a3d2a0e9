"""Why orders are late: what their time went into, in parts that add up to the lateness to the millisecond.

Let an order end at *C* with the due date *D*; its lateness is *L = C - D > 0*. The chain that leads to its last end
(see ``engine.explain.chain``) covers the time from its origin *O* to *C*: the plan's "now", or the release date of the
order if that is later. Every part of it is either *needed* (work *W* and lags *G*) or a *delay* (*d1, d2, ...* in time
order), so that ``C - O = W + G + sum(d)``. With the *reserve* ``R = (D - O) - (W + G)``, the time that the order had to
spare,

    L  =  (C - O) - (D - O)  =  sum(d) - R .

A reserve below zero is time that no plan could give: *overdue* as far as the due date lies before the origin,
*shortage* for the rest. A reserve above zero is used up by the delays as they come: the first ones cost no lateness
until it is gone. What is left of each delay is its ``late_ms``, and

    L  =  overdue + shortage + sum(late_ms)

exactly, in whole milliseconds, for every late order of every plan, also of one that breaks rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from engine.explain.chain import Chains
from engine.explain.part import Kind, Link, Part, shares
from engine.explain.part_words import TITLES
from engine.explain.rulebook import Rulebook
from engine.explain.told import Told
from engine.instants import to_ms
from engine.plan import PlanFacts
from engine.wording import length, listing, moment


@dataclass(frozen=True, slots=True)
class OrderShare(Told):
    """How much of something falls to one order: of waiting, and of lateness. ``None`` = operations without an order."""

    order_id: str | None
    amount_ms: int
    late_ms: int


@dataclass(frozen=True, slots=True)
class Cause(Told):
    """All parts of a chain of one kind on one resource: how long, how much of the lateness, and whose doing.

    ``title`` names it. ``orders`` are those that hold what was waited for, the one with most lateness first; a time in
    which several held it is split equally among their operations. ``event_ids`` are the operations of the chain that it
    happened to.
    """

    kind: Kind
    amount_ms: int
    late_ms: int
    event_ids: tuple[str, ...]
    orders: tuple[OrderShare, ...] = ()
    resource_id: str | None = None
    title: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class LateOrder(Told):
    """Why an order (or an operation with a due date of its own and no order) is late.

    ``lateness_ms`` = sum of ``late_ms`` over ``causes``
    = sum of ``amount_ms`` over all parts that are delays - ``reserve_ms``.
    ``origin_kind`` says what the chain begins with: ``now``, ``release`` or ``start``.
    """

    id: str
    name: str
    lateness_ms: int
    due_ms: int
    completion_ms: int
    origin_ms: int
    origin_kind: str
    needed_ms: int
    reserve_ms: int
    causes: tuple[Cause, ...]
    links: tuple[Link, ...]
    order_id: str | None = None
    weight: float = 1.0
    text: str = ""

    @property
    def parts(self) -> list[Part]:
        """All parts of the chain, in time order."""
        return [part for link in self.links for part in link.parts]


@dataclass(frozen=True, slots=True)
class Delayer(Told):
    """The late orders that a resource, or another order, delays: sums, and each one's share, the worst first."""

    id: str
    name: str
    amount_ms: int
    late_ms: int
    orders: tuple[OrderShare, ...]


class Lateness:
    """Why the late orders of a plan are late, and who delays whom.

    Parameters
    ----------
    facts
        The plan.
    rules
        Its rulebook, with the request's locks if there is one.
    """

    def __init__(self, facts: PlanFacts, rules: Rulebook | None = None) -> None:
        self._facts = facts
        self._chains = Chains(facts, rules)

    @cached_property
    def late_orders(self) -> tuple[LateOrder, ...]:
        """Every late order, and every late operation without an order, the latest first."""
        facts, found = self._facts, list[LateOrder]()
        for order_id, late_ms in facts.order_lateness_ms.items():
            if late_ms > 0:
                found.append(self.explain_order(order_id))
        for key, late_ms in facts.event_lateness_ms.items():
            if late_ms > 0 and facts.operations[key].order_id is None:
                op = facts.operations[key]
                assert op.due_date is not None
                found.append(self._explain(key, facts.label(key), key, to_ms(op.due_date), None, op.weight))
        return tuple(sorted(found, key=lambda item: (-item.lateness_ms, item.id)))

    def explain_order(self, order_id: str) -> LateOrder:
        """Return why an order with a due date and a placed operation ends when it does.

        An order in time has a negative lateness; then the delays' ``late_ms`` are all 0.
        """
        facts = self._facts
        order, end_ms = facts.orders[order_id], facts.order_ends[order_id]
        assert order.due_date is not None
        last = max(k for k in facts.order_operations[order_id] if facts.ends.get(k) == end_ms)
        return self._explain(order_id, order.name or order_id, last, to_ms(order.due_date), order_id, order.weight)

    def chain(self, event_id: str) -> tuple[Link, ...]:
        """Return the chain that leads to the end of a placed operation, first link first."""
        return tuple(self._chains.walk(event_id, self._floor(self._facts.ends[event_id]))[0])

    @cached_property
    def by_resource(self) -> tuple[Delayer, ...]:
        """The resources that late orders were held up at or by, the one with most lateness first.

        All delays that happened at the resource count: that others held it, its setups, breaks and outages.
        """
        sums: dict[str, dict[str | None, list[int]]] = {}
        for item in self.late_orders:
            for part in item.parts:
                if not part.kind.is_needed and part.resource_id is not None:
                    _count(sums, part.resource_id, item.id, part.amount_ms, part.late_ms)
        return _delayers(sums, self._facts.resource_label)

    @cached_property
    def by_order(self) -> tuple[Delayer, ...]:
        """The orders that held what late orders waited for, the one that cost most lateness first."""
        sums: dict[str, dict[str | None, list[int]]] = {}
        for item in self.late_orders:
            for part in item.parts:
                for order_id, amount_ms, late_ms in split(self._facts, part):
                    if order_id is not None and order_id != item.order_id:
                        _count(sums, order_id, item.id, amount_ms, late_ms)
        return _delayers(sums, self._order_name)

    # inside

    def _explain(
        self, key: str, name: str, last_id: str, due_ms: int, order_id: str | None, weight: float
    ) -> LateOrder:
        facts = self._facts
        end_ms = facts.ends[last_id]
        links, origin_ms = self._chains.walk(last_id, self._floor(end_ms))
        needed_ms = sum(p.amount_ms for link in links for p in link.parts if p.kind.is_needed)
        reserve_ms = due_ms - origin_ms - needed_ms
        links = _absorbed(links, max(0, reserve_ms), end_ms > due_ms)
        item = LateOrder(
            id=key,
            name=name,
            lateness_ms=end_ms - due_ms,
            due_ms=due_ms,
            completion_ms=end_ms,
            origin_ms=origin_ms,
            origin_kind=self._origin(origin_ms, links),
            needed_ms=needed_ms,
            reserve_ms=reserve_ms,
            causes=(),
            links=tuple(links),
            order_id=order_id,
            weight=weight,
        )
        item = replace(item, causes=self._causes(item))
        return replace(item, text=self._sentence(item))

    def _floor(self, end_ms: int) -> int:
        """How far back a chain is followed: to the horizon's start, and through history for what ended before it."""
        horizon_ms = self._facts.horizon_start_ms
        return min(self._facts.starts.values()) if end_ms <= horizon_ms else horizon_ms

    def _origin(self, origin_ms: int, links: list[Link]) -> str:
        first = self._facts.operations[links[0].event_id]
        order = self._facts.orders.get(first.order_id or "")
        if order is not None and order.release_date is not None and to_ms(order.release_date) == origin_ms:
            return "release"
        return "now" if origin_ms == self._facts.horizon_start_ms else "start"

    def _causes(self, item: LateOrder) -> tuple[Cause, ...]:
        groups: dict[tuple[Kind, str | None], list[Part]] = {}
        for part in item.parts:
            if not part.kind.is_needed:
                groups.setdefault((part.kind, part.resource_id), []).append(part)
        found = [self._cause(kind, key, parts) for (kind, key), parts in groups.items()]
        if item.lateness_ms > 0 and item.reserve_ms < 0:
            overdue_ms = min(-item.reserve_ms, max(0, item.origin_ms - item.due_ms))
            for kind, ms in ((Kind.OVERDUE, overdue_ms), (Kind.SHORTAGE, -item.reserve_ms - overdue_ms)):
                if ms:
                    found.append(Cause(kind, ms, ms, (), title=TITLES[kind], text=self._too_late(kind, item, ms)))
        return tuple(sorted(found, key=lambda c: (-c.late_ms, -c.amount_ms, c.kind.value, c.resource_id or "")))

    def _cause(self, kind: Kind, resource_id: str | None, parts: list[Part]) -> Cause:
        sums: dict[str | None, list[int]] = {}
        for part in parts:
            for order_id, amount_ms, late_ms in split(self._facts, part):
                _add(sums, order_id, amount_ms, late_ms)
        orders = _ranked(sums)
        events = tuple(dict.fromkeys(part.event_id for part in parts))
        amount_ms, late_ms = sum(p.amount_ms for p in parts), sum(p.late_ms for p in parts)
        where = "" if resource_id is None else f" at {self._facts.resource_label(resource_id)}"
        names = [self._order_name(share.order_id) for share in orders if share.order_id is not None]
        by = f" by {listing(names, 3)}" if names and kind in (Kind.CAPACITY, Kind.SECONDARY) else ""
        title = f"{TITLES[kind]}{where}{by}"
        text = f"{title}: {length(amount_ms)}"
        if late_ms != amount_ms:
            text += f", {length(late_ms)} of it beyond the reserve" if late_ms else ", within the reserve"
        return Cause(kind, amount_ms, late_ms, events, orders, resource_id, title, text + ".")

    def _too_late(self, kind: Kind, item: LateOrder, ms: int) -> str:
        zone = self._facts.zone
        if kind is Kind.OVERDUE:
            return f"The due date {moment(item.due_ms, zone)} was {length(ms)} past when the order's time began."
        since = {"now": "From now", "release": "From its release"}.get(item.origin_kind, "From its start")
        span = length(max(0, item.due_ms - item.origin_ms))
        return f"{since} to the due date there are {span}, but its work and lags alone take {length(item.needed_ms)}."

    def _sentence(self, item: LateOrder) -> str:
        zone = self._facts.zone
        when = f"ends {moment(item.completion_ms, zone)}"
        if item.lateness_ms <= 0:
            return f"{item.name} {when}, {length(-item.lateness_ms)} before its due date."
        text = f"{item.name} {when}, {length(item.lateness_ms)} after its due date {moment(item.due_ms, zone)}."
        if item.reserve_ms > 0:
            text += f" It had {length(item.reserve_ms)} to spare and lost {length(item.lateness_ms + item.reserve_ms)}."
        return text

    def _order_name(self, order_id: str | None) -> str:
        order = self._facts.orders.get(order_id or "")
        return (order.name or order.id) if order is not None else str(order_id)


def split(facts: PlanFacts, part: Part) -> list[tuple[str | None, int, int]]:
    """Return (order, amount, lateness) of a wait for others: equal shares for their operations, in whole ms."""
    if part.kind not in (Kind.CAPACITY, Kind.SECONDARY) or not part.event_ids:
        return []
    count = len(part.event_ids)
    amounts, lates = shares(part.amount_ms, count), shares(part.late_ms, count)
    orders = (facts.operations[key].order_id for key in part.event_ids)
    return list(zip(orders, amounts, lates, strict=True))


def _absorbed(links: list[Link], reserve_ms: int, is_late: bool) -> list[Link]:
    """Give every delay what is left of it once the reserve is used up, first come, first served."""
    found: list[Link] = []
    for link in links:
        parts: list[Part] = []
        for part in link.parts:
            if not part.kind.is_needed and is_late:
                used_ms = min(reserve_ms, part.amount_ms)
                reserve_ms -= used_ms
                part = replace(part, late_ms=part.amount_ms - used_ms)
            parts.append(part)
        found.append(replace(link, parts=tuple(parts)))
    return found


def _add(sums: dict[str | None, list[int]], key: str | None, amount_ms: int, late_ms: int) -> None:
    known = sums.setdefault(key, [0, 0])
    known[0] += amount_ms
    known[1] += late_ms


def _count(sums: dict[str, dict[str | None, list[int]]], key: str, order_id: str, amount_ms: int, late_ms: int) -> None:
    _add(sums.setdefault(key, {}), order_id, amount_ms, late_ms)


def _ranked(sums: dict[str | None, list[int]]) -> tuple[OrderShare, ...]:
    found: Iterable[OrderShare] = (OrderShare(key, amount, late) for key, (amount, late) in sums.items())
    return tuple(sorted(found, key=lambda share: (-share.late_ms, -share.amount_ms, share.order_id or "")))


def _delayers(sums: dict[str, dict[str | None, list[int]]], name_of: Callable[[str], str]) -> tuple[Delayer, ...]:
    found: list[Delayer] = []
    for key, members in sums.items():
        orders = _ranked(members)
        amount_ms, late_ms = sum(s.amount_ms for s in orders), sum(s.late_ms for s in orders)
        found.append(Delayer(key, name_of(key), amount_ms, late_ms, orders))
    return tuple(sorted(found, key=lambda d: (-d.late_ms, -d.amount_ms, d.id)))
