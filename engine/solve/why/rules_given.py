"""The rules of a request that can be released, one by one: what a conflict is made of.

First come decisions of planners: locks, dates, constraints, blocked intervals, and when resources work. Then the facts
of the plant, which say why the decisions clash: dependencies, demands, capacities, banned setups. What is frozen or out
of scope counts as a fact here: releasing it binds the operations concerned by rules that it exempts them from.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from engine.horizon import horizon_start_ms
from engine.instants import from_ms, to_ms
from engine.model import DateConstraint, SetConstraint, Unavailable
from engine.pinning import Pin, pins
from engine.plan import PlanFacts
from engine.solve.why.edits import Edit
from engine.solve.why.rule_release import pausing_locks, released
from engine.solve.why.rule_words import Words, capital
from engine.wording import length

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from engine.model import OptimizationRequest


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A rule that can be released.

    Attributes
    ----------
    kind, id
        What it is, and the id of what carries it: an operation, order, constraint, dependency, resource, setup matrix,
        or the number of a blocked interval.
    text
        What it demands, in the planner's words.
    release
        Edits that release it.
    event_id, order_id, resource_id
        What to show for it.
    is_fact
        Whether it comes from the plant, not from a planner.
    """

    kind: str
    id: str
    text: str
    release: tuple[Edit, ...]
    event_id: str | None = None
    order_id: str | None = None
    resource_id: str | None = None
    is_fact: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Kind and id, which tell it from all others of a request."""
        return self.kind, self.id

    def to_json(self) -> dict[str, Any]:
        """Return it as a member of ``details.conflict``, without ``proven``."""
        shown = {"eventId": self.event_id, "orderId": self.order_id, "resourceId": self.resource_id}
        out: dict[str, Any] = {"kind": self.kind, "id": self.id, "text": self.text}
        out |= {key: value for key, value in shown.items() if value is not None}
        return out | {"fact": True} if self.is_fact else out


def prepared(request: OptimizationRequest) -> OptimizationRequest:
    """Return a request to try variants of: the same horizon start for all of them, exact ticks, a simple objective."""
    schedule = request.schedule_data
    begin = from_ms(horizon_start_ms(schedule))
    metadata = schedule.metadata.model_copy(update={"horizon_start": begin})
    simple = {"objective": "minimize_makespan", "objectives": None, "weights": None, "incremental_mode": False}
    options = request.options.model_copy(update={**simple, "tick": None})
    schedule = schedule.model_copy(update={"metadata": metadata})
    return request.model_copy(update={"schedule_data": schedule, "options": options})


class RuleBook:
    """Lists the rules of a request, and returns the request without some of them."""

    def __init__(self, request: OptimizationRequest) -> None:
        self.request = request
        self.facts_of_plan = PlanFacts(request.schedule_data)
        self._words = Words(self.facts_of_plan)
        self._snapshot = request.schedule_data.snapshot
        self._pins = pins(request.schedule_data, request)

    @cached_property
    def decisions(self) -> tuple[Rule, ...]:
        """The rules that planners set: those with the widest effect first."""
        wide = [*self._constraints(), *self._blocked(), *self._calendars(), *self._greatest_lags()]
        return (*wide, *self._pauses(), *self._releases(), *self._deadlines(), *self._locks())

    @cached_property
    def facts(self) -> tuple[Rule, ...]:
        """The rules that come from the plant and its products."""
        held = [*self._freeze(), *self._scope()]
        return (*held, *self._setups(), *self._capacities(), *self._demands(), *self._dependencies())

    def without(self, rules: Iterable[Rule]) -> OptimizationRequest:
        """Return the request with some rules released."""
        return released(self.request, rules, self._pausing)

    @cached_property
    def _pausing(self) -> frozenset[str]:
        return pausing_locks(self.request, self.facts_of_plan)

    # decisions

    def _constraints(self) -> Iterator[Rule]:
        for rule in self._snapshot.constraints:
            if not rule.enabled:
                continue
            event_id = rule.event_id if isinstance(rule, DateConstraint) else None
            if isinstance(rule, SetConstraint):
                event_id = next(iter(rule.event_ids), None)
            off = {"kind": "disable", "constraintId": rule.id}
            resource_id = rule.resource_id if isinstance(rule, Unavailable) else None
            yield Rule(rule.type, rule.id, self._words.constraint(rule), (off,), event_id, resource_id=resource_id)

    def _blocked(self) -> Iterator[Rule]:
        for i, interval in enumerate(self.request.locks.resource_intervals):
            span = interval.to_json()
            text = f"{self._words.facts.resource_label(interval.resource_id)} is blocked "
            text += f"{self._words.period(to_ms(interval.start), to_ms(interval.end))}."
            edit = {"kind": "unblock", **span}
            yield Rule("blocked", str(i), text, (edit,), resource_id=interval.resource_id)

    def _calendars(self) -> Iterator[Rule]:
        calendars, used = self.facts_of_plan.calendars, self._used_resources
        for resource in self._snapshot.resources:
            if resource.calendar is not None and resource.id in used:
                text = self._words.works(resource, calendars[resource.calendar])
                edit = {"kind": "noCalendar", "resourceId": resource.id}
                yield Rule("calendar", resource.id, text, (edit,), resource_id=resource.id)

    def _greatest_lags(self) -> Iterator[Rule]:
        for dependency in self._snapshot.dependencies:
            if dependency.max_lag_ms is not None:
                edit = {"kind": "maxLag", "dependencyId": dependency.id}
                text = self._words.greatest_lag(dependency)
                yield Rule("maxLag", dependency.id, text, (edit,), dependency.to_event)

    def _pauses(self) -> Iterator[Rule]:
        for op in self._snapshot.events:
            if not op.interruptible and op.duration:
                text = f"{self.facts_of_plan.label(op.id)} takes {length(op.duration)} and must not be interrupted."
                edit = {"kind": "interruptible", "eventId": op.id}
                yield Rule("uninterrupted", op.id, text, (edit,), op.id)

    def _releases(self) -> Iterator[Rule]:
        for order in self._snapshot.orders:
            if order.release_date is not None:
                text = f"{capital(self._words.order(order))} is released {self._words.moment(order.release_date)}."
                yield Rule("release", order.id, text, (_on_order("release", order.id),), order_id=order.id)
        for op in self._snapshot.events:
            if op.release_date is not None:
                text = f"{self.facts_of_plan.label(op.id)} is released {self._words.moment(op.release_date)}."
                yield Rule("release", op.id, text, (_on_event("release", op.id),), op.id)

    def _deadlines(self) -> Iterator[Rule]:
        for order in self._snapshot.orders:
            if order.deadline is not None:
                text = f"{capital(self._words.order(order))} must end by {self._words.moment(order.deadline)}."
                yield Rule("deadline", order.id, text, (_on_order("deadline", order.id),), order_id=order.id)
        for op in self._snapshot.events:
            if op.deadline is not None:
                text = f"{self.facts_of_plan.label(op.id)} must end by {self._words.moment(op.deadline)}."
                yield Rule("deadline", op.id, text, (_on_event("deadline", op.id),), op.id)

    def _locks(self) -> Iterator[Rule]:
        begin_ms = self.facts_of_plan.horizon_start_ms
        for op in self._snapshot.events:
            if self._pins.get(op.id) is Pin.LOCKED or (op.locked and op.start_date is None):
                # One that stands in the past could not stay there unlocked: it is left there, and tolerated.
                is_past = op.start_date is not None and to_ms(op.start_date) < begin_ms
                edit = _on_event("tolerate" if is_past else "unlock", op.id)
                yield Rule("lock", op.id, self._words.lock(op), (edit,), op.id)

    # facts

    def _freeze(self) -> Iterator[Rule]:
        until = self.request.schedule_data.metadata.freeze_until
        if until is not None and Pin.FROZEN in self._pins.values():
            text = f"What starts before {self._words.moment(until)} is frozen."
            yield Rule("freeze", "freeze", text, ({"kind": "freeze"},))

    def _scope(self) -> Iterator[Rule]:
        if Pin.OUT_OF_SCOPE in self._pins.values():
            kept = sum(pin is Pin.OUT_OF_SCOPE for pin in self._pins.values())
            text = f"{kept} {'operation' if kept == 1 else 'operations'} outside the chosen part may not move."
            yield Rule("scope", "scope", text, ({"kind": "scope"},), is_fact=True)

    def _setups(self) -> Iterator[Rule]:
        for matrix in self._snapshot.setup_matrices:
            if any(rule.forbidden for rule in matrix.rules):
                text = f"Setup matrix {matrix.name or matrix.id} bans some sequences."
                edit = {"kind": "allowSequences", "matrixId": matrix.id}
                yield Rule("setup", matrix.id, text, (edit,), is_fact=True)

    def _capacities(self) -> Iterator[Rule]:
        used = self._used_resources
        for resource in self._snapshot.resources:
            if resource.id in used and not resource.infinite and resource.setup_matrix is None:
                text, edit = self._words.capacity(resource), {"kind": "capacity", "resourceId": resource.id}
                yield Rule("capacity", resource.id, text, (edit,), resource_id=resource.id, is_fact=True)

    def _demands(self) -> Iterator[Rule]:
        for op in self._snapshot.events:
            if op.demands:
                text = f"{self.facts_of_plan.label(op.id)} needs {self._words.demands(op)}."
                yield Rule("demand", op.id, text, (_on_event("dropDemands", op.id),), op.id, is_fact=True)

    def _dependencies(self) -> Iterator[Rule]:
        for dependency in self._snapshot.dependencies:
            kind = "dropDependency" if dependency.max_lag_ms is None else "lag"
            edit = {"kind": kind, "dependencyId": dependency.id}
            text = self._words.least_lag(dependency)
            yield Rule("dependency", dependency.id, text, (edit,), dependency.to_event, is_fact=True)

    @cached_property
    def _used_resources(self) -> set[str]:
        """Resources on which something can run, or that something needs."""
        used: set[str] = set()
        for op in self._snapshot.events:
            used.update(mode.resource_id for mode in op.alternatives)
            used.update(key for demand in op.demands or () for key in demand.candidates)
            if op.resource_id is not None:
                used.add(op.resource_id)
        return used


def _on_event(kind: str, key: str) -> Edit:
    return {"kind": kind, "eventId": key}


def _on_order(kind: str, key: str) -> Edit:
    return {"kind": kind, "orderId": key}
