"""Takes replications in and makes the report of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.instants import from_ms, to_ms
from engine.plan import PlanFacts
from engine.robustness.limits import limits_of
from engine.robustness.network import Link, Network, Node
from engine.robustness.report import (
    BrokenLimit,
    HandOff,
    ItemRisk,
    ResourceBuffer,
    RobustnessReport,
    bins_of,
    quantile,
    spread_of,
    wilson,
)
from engine.working_time import Times

MOST_HAND_OFFS: Final = 200
MOST_LIMITS: Final = 200


@dataclass(frozen=True, slots=True)
class Options:
    """How a plan is replayed; see ``engine.robustness.replay`` (the function)."""

    replications: int
    seed: int
    may_start_earlier: bool
    overtime_ms: int


class Recorder:
    """Takes replications in, batch after batch, and keeps what the report needs."""

    def __init__(self, network: Network, options: Options) -> None:
        self._network, self._facts = network, network.facts
        self._options, self._replications = options, options.replications
        self._items = _items(network)
        self._item_ends: list[list[Times]] = [[] for _ in self._items]
        self._last_ends: list[Times] = []
        self._passed: dict[tuple[int, int, int], list[float]] = {}
        self._late_sum = np.zeros(len(network.nodes))
        self._late_count = np.zeros(len(network.nodes), dtype=np.int64)
        self._downtime = np.zeros(len(network.nodes))
        self._limits = limits_of(network)
        self._broken = [0] * len(self._limits)
        self.has_endless_waits = False

    # while it goes on

    def pass_on(self, i: int, delay: Times, who: npt.NDArray[np.int16], owners: Sequence[Times]) -> None:
        """Note by how much an operation began late, and which of its links decided that."""
        late = delay > 0
        if not late.any():
            return
        self._late_sum[i] += float(delay[late].sum())
        self._late_count[i] += int(late.sum())
        node = self._network.nodes[i]
        numbers = who[late]
        counts, sums = np.bincount(numbers), np.bincount(numbers, weights=delay[late])
        for number in np.flatnonzero(counts).tolist():
            if 0 < number <= len(node.links):
                self._add(node.links[number - 1].before, i, number, counts[number], sums[number])
            elif number:
                self._pass_on_units(i, number, delay, late & (who == number), owners[number - len(node.links) - 1])

    def hold_back(self, i: int, delay: Times, who: npt.NDArray[np.int16] | None) -> None:
        """Note by how much an operation's end had to wait, and for which link."""
        if who is None:
            return
        node, late = self._network.nodes[i], delay > 0
        for number in np.unique(who[late]).tolist():
            if number:
                mine = late & (who == number)
                self._add(node.links[number - 1].before, i, number, int(mine.sum()), float(delay[mine].sum()))

    def add_downtime(self, i: int, down: Times) -> None:
        """Note the repairs during an operation."""
        self._downtime[i] += float(down.sum())

    def take(self, starts: Times, ends: Times) -> None:
        """Take a whole batch in."""
        if not len(self._network.nodes):
            return
        self._last_ends.append(ends.max(axis=0))
        for number, (_, members) in enumerate(self._items):
            self._item_ends[number].append(ends[members].max(axis=0))
        for number, limit in enumerate(self._limits):
            self._broken[number] += int(limit.broken(starts, ends).sum())

    def _pass_on_units(self, i: int, number: int, delay: Times, mine: npt.NDArray[np.bool_], owners: Times) -> None:
        givers, places = np.unique(owners[mine], return_inverse=True)
        counts, sums = np.bincount(places), np.bincount(places, weights=delay[mine])
        for giver, count, total in zip(givers.tolist(), counts, sums, strict=True):
            if giver:
                self._add(giver - 1, i, number, int(count), float(total))

    def _add(self, before: int, after: int, number: int, count: int, total: float) -> None:
        known = self._passed.setdefault((before, after, number), [0, 0.0])
        known[0] += int(count)
        known[1] += float(total)

    # at the end

    def report(self) -> RobustnessReport:
        """Return what was found."""
        facts, count = self._facts, self._replications
        begin_ms = facts.horizon_start_ms
        lasts = np.concatenate(self._last_ends) if self._last_ends else np.full(count, begin_ms)
        ends = [np.concatenate(parts) for parts in self._item_ends]
        items = [_risk(facts, key, members, end) for (key, members), end in zip(self._items, ends, strict=True)]
        late = [end > to_ms(item.due_date) for item, end in zip(items, ends, strict=True) if item.due_date is not None]
        together = np.sum(late, axis=0) if late else np.zeros(count)
        spans = np.maximum(lasts - begin_ms, 0)
        return RobustnessReport(
            replications=count,
            seed=self._options.seed,
            may_start_earlier=self._options.may_start_earlier,
            overtime=self._options.overtime_ms,
            operations=len(self._network.nodes),
            all_on_time=float((together == 0).mean()) if late else None,
            expected_late=float(together.mean()),
            planned_late=sum(item.planned_tardiness > 0 for item in items),
            expected_weighted_tardiness=math.fsum(item.weight * item.expected_tardiness for item in items),
            makespan=spread_of(spans, max(0, (facts.last_end_ms or begin_ms) - begin_ms)),
            makespan_bins=bins_of(spans),
            items=tuple(sorted(items, key=_by_risk)),
            hand_offs=self._hand_offs(),
            broken_limits=self._broken_limits(),
            resources=tuple(self._buffers()),
            notes=tuple(self._notes()),
        )

    def _hand_offs(self) -> tuple[HandOff, ...]:
        worst = sorted(self._passed.items(), key=lambda pair: (-pair[1][1], pair[0]))[:MOST_HAND_OFFS]
        return tuple(self._hand_off(*key, int(count), total) for key, (count, total) in worst)

    def _hand_off(self, before: int, after: int, number: int, count: int, total: float) -> HandOff:
        nodes = self._network.nodes
        one, other = nodes[before], nodes[after]
        if number <= len(other.links):
            link = other.links[number - 1]
        else:
            pool = self._network.pools[other.pools[number - len(other.links) - 1].pool]
            is_own = pool.resource_id == one.op.resource_id == other.op.resource_id
            link = Link(before, "sequence" if is_own else "shared", before_setup=True, resource_id=pool.resource_id)
        return HandOff(
            from_event=one.op.id,
            to_event=other.op.id,
            kind=link.kind,
            resource_id=link.resource_id,
            dependency_id=link.dependency_id,
            share=count / self._replications,
            mean_delay=total / count,
            expected_delay=total / self._replications,
            buffer=_planned_buffer(one, other, link),
        )

    def _broken_limits(self) -> tuple[BrokenLimit, ...]:
        found = [(n, limit) for n, limit in zip(self._broken, self._limits, strict=True) if n]
        found.sort(key=lambda pair: (-pair[0], pair[1].kind, pair[1].nodes))
        return tuple(
            BrokenLimit(
                kind=limit.kind,
                event_ids=tuple(self._network.nodes[i].op.id for i in limit.nodes),
                constraint_id=limit.key,
                share=n / self._replications,
            )
            for n, limit in found[:MOST_LIMITS]
        )

    def _buffers(self) -> Iterable[ResourceBuffer]:
        network, facts = self._network, self._facts
        for resource_id, sequence in facts.sequences.items():
            members = [network.index[key] for key in sequence]
            buffer_ms, span_ms = _idle(facts, [network.nodes[i] for i in members])
            plays = len(members) * self._replications
            yield ResourceBuffer(
                resource_id=resource_id,
                operations=len(members),
                buffer=buffer_ms,
                buffer_share=buffer_ms / span_ms if span_ms else 0.0,
                delayed_share=float(self._late_count[members].sum()) / plays,
                mean_delay=float(self._late_sum[members].sum()) / plays,
                downtime=float(self._downtime[members].sum()) / self._replications,
            )

    def _notes(self) -> Iterable[str]:
        missing = len(self._facts.unscheduled)
        if missing:
            what = "1 operation is" if missing == 1 else f"{missing} operations are"
            yield f"{what} not scheduled and left out."
        if self.has_endless_waits:
            yield "Some operations wait for each other in a circle; their delays are cut short."


def _items(network: Network) -> list[tuple[tuple[str, str], list[int]]]:
    """Orders, and operations without one that have a date: ((kind, id), members)."""
    facts, orders = network.facts, dict[str, list[int]]()
    alone: list[tuple[tuple[str, str], list[int]]] = []
    for i, node in enumerate(network.nodes):
        if node.op.order_id is not None and node.op.order_id in facts.orders:
            orders.setdefault(node.op.order_id, []).append(i)
        elif node.op.due_date is not None or node.op.deadline is not None:
            alone.append((("operation", node.op.id), [i]))
    return [(("order", key), members) for key, members in orders.items()] + alone


def _risk(facts: PlanFacts, key: tuple[str, str], members: Sequence[int], ends: Times) -> ItemRisk:
    kind, item_id = key
    item = facts.orders[item_id] if kind == "order" else facts.operations[item_id]
    ids = facts.order_operations[item_id] if kind == "order" else (item_id,)
    placed = [i for i in ids if i in facts.ends]
    last = max(placed, key=lambda i: facts.ends[i])
    planned_ms = facts.ends[last]
    due = item.due_date or item.deadline
    due_ms = None if due is None else to_ms(due)
    late = np.zeros(len(ends), dtype=np.int64) if due_ms is None else np.maximum(ends - due_ms, 0)
    in_time = int((late == 0).sum())
    low, high = wilson(in_time, len(ends))
    has_date = due_ms is not None
    return ItemRisk(
        id=item_id,
        kind="order" if kind == "order" else "operation",
        name=item.name or item_id,
        due_date=due,
        planned_end=from_ms(planned_ms),
        on_time=in_time / len(ends) if has_date else None,
        low=low if has_date else None,
        high=high if has_date else None,
        planned_tardiness=0 if due_ms is None else max(0, planned_ms - due_ms),
        expected_tardiness=float(late.mean()),
        p90_tardiness=quantile(late, 0.9),
        p50_end=from_ms(quantile(ends, 0.5)),
        p90_end=from_ms(quantile(ends, 0.9)),
        weight=item.weight,
        last_event=last,
        unscheduled=len(ids) - len(placed),
    )


def _by_risk(item: ItemRisk) -> tuple[float, float, str]:
    return (2.0 if item.on_time is None else item.on_time, -item.expected_tardiness, item.id)


def _planned_buffer(one: Node, other: Node, link: Link) -> int:
    """How much later the first could be in the plan before the second notices."""
    before = one.end_ms if link.from_end else one.start_ms
    after = other.occupied_ms if link.before_setup else other.end_ms if link.to_end else other.start_ms
    return max(0, after - before - link.lag_ms)


def _idle(facts: PlanFacts, nodes: Sequence[Node]) -> tuple[int, int]:
    """Idle working ms within the span of a resource's operations, and working ms of the span."""
    if not nodes:
        return 0, 0
    time = facts.working_time(nodes[0].op.resource_id)
    begin_ms, until_ms = min(n.occupied_ms for n in nodes), max(n.end_ms for n in nodes)
    busy_ms, reach_ms = 0, begin_ms
    for node in sorted(nodes, key=lambda n: n.occupied_ms):
        busy_ms += time.between(max(reach_ms, node.occupied_ms), node.end_ms)
        reach_ms = max(reach_ms, node.end_ms)
    span_ms = time.between(begin_ms, until_ms)
    return max(0, span_ms - busy_ms), span_ms
