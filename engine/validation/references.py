"""Ids that stand twice, and ids that name nothing."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from engine.model import Demand, Dependency, Operation, Resource, SetConstraint, Unavailable
from engine.validation.draft import Draft

_ONE = {
    "resources": "resource",
    "events": "operation",
    "calendars": "calendar",
    "orders": "order",
    "setupMatrices": "setup matrix",
}
_SUGGEST_AMONG = 2_000


class References:
    """Looks ids up and reports those that name nothing."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._suggestions = 20

    def check(self, path: str, identity: str | None, name: str) -> None:
        """Report the id at ``path`` unless it is in the collection or absent."""
        known = self._draft.ids[name]
        if identity is None or identity in known:
            return
        maybe = self._close(identity, known)
        self._draft.add(path, identity, f"there is no {_ONE[name]} with this id{maybe}")

    def check_all(self, path: str, identities: Iterable[str] | None, name: str) -> None:
        """Report every id of a list that names nothing, and every one that stands twice."""
        seen: set[str] = set()
        for i, identity in enumerate(identities or ()):
            self.check(f"{path}[{i}]", identity, name)
            if identity in seen:
                self._draft.add(f"{path}[{i}]", identity, "stands twice in this list; keep one")
            seen.add(identity)

    def _close(self, identity: str, known: dict[str, int]) -> str:
        if not known or self._suggestions <= 0 or len(known) > _SUGGEST_AMONG or len(identity) > 60:
            return ""
        self._suggestions -= 1  # looking for a similar one is slow
        close = difflib.get_close_matches(identity, known, n=1)
        return f". Maybe `{close[0]}` is meant" if close else ""


def check_references(draft: Draft) -> None:
    """Report ids that stand twice and references that dangle."""
    for name, position, identity in draft.doubles:
        first = draft.path(name, draft.ids[name][identity], "id")
        draft.add(draft.path(name, position, "id"), identity, f"the id stands at {first} too; ids must be unique")
    references = References(draft)
    for i, resource in draft.each("resources"):
        _check_resource(draft, references, draft.path("resources", i), resource)
    for i, op in draft.each("events"):
        _check_operation(draft, references, draft.path("events", i), op)
    for i, link in draft.each("dependencies"):
        _check_dependency(draft, references, draft.path("dependencies", i), link)
    for i, rule in draft.each("constraints"):
        path = draft.path("constraints", i)
        if isinstance(rule, Unavailable):
            references.check(f"{path}.resourceId", rule.resource_id, "resources")
            resource = draft.resources.get(rule.resource_id)
            if resource is not None and resource.nonrenewable:
                draft.add(f"{path}.resourceId", rule.resource_id, "is nonrenewable: a stock cannot be out of order")
        elif isinstance(rule, SetConstraint):
            references.check_all(f"{path}.eventIds", rule.event_ids, "events")
        else:
            references.check(f"{path}.eventId", rule.event_id, "events")


def _check_resource(draft: Draft, references: References, path: str, resource: Resource) -> None:
    references.check(f"{path}.calendar", resource.calendar, "calendars")
    if resource.nonrenewable and (resource.calendar is not None or resource.setup_matrix is not None):
        draft.add(f"{path}.nonrenewable", True, "is a stock without time: it can have no calendar and no setup matrix")
    references.check(f"{path}.setupMatrix", resource.setup_matrix, "setupMatrices")
    if resource.setup_matrix is not None and (resource.capacity != 1 or resource.infinite):
        has = "unlimited capacity" if resource.infinite else f"capacity {resource.capacity}"
        reason = f"a setup matrix needs a resource of capacity 1, and this one has {has}"
        draft.add(f"{path}.setupMatrix", resource.setup_matrix, f"{reason}. Maybe split it into single machines")


def _check_operation(draft: Draft, references: References, path: str, op: Operation) -> None:
    references.check(f"{path}.resourceId", op.resource_id, "resources")
    references.check(f"{path}.orderId", op.order_id, "orders")
    _check_primaries(draft, path, op)
    seen: set[str] = set()
    for k, mode in enumerate(op.modes or ()):
        references.check(f"{path}.modes[{k}].resourceId", mode.resource_id, "resources")
        if mode.resource_id in seen:
            draft.add(f"{path}.modes[{k}].resourceId", mode.resource_id, "has a mode already; keep one per resource")
        seen.add(mode.resource_id)
    own = {mode.resource_id for mode in op.alternatives}
    for k, demand in enumerate(op.demands or ()):
        where = f"{path}.demands[{k}]"
        _check_only_on(draft, where, demand, own)
        _check_stock(draft, where, demand)
        references.check_all(f"{where}.resourceIds", demand.resource_ids, "resources")
        if demand.resource_ids is None:
            references.check(f"{where}.resourceId", demand.resource_id, "resources")
        if not demand.candidates:
            draft.add(where, None, "needs `resourceId`, or `resourceIds` with at least one resource to choose from")
        elif demand.resource_id is not None and demand.resource_id not in demand.candidates:
            reason = "is chosen, but not among `resourceIds`"
            draft.add(f"{where}.resourceId", demand.resource_id, f"{reason}. Maybe add it there")


def _check_only_on(draft: Draft, where: str, demand: Demand, own: set[str]) -> None:
    for resource_id in demand.only_on or ():
        if resource_id not in own:
            reason = "is no resource that the operation can run on. Maybe add a mode on it"
            draft.add(f"{where}.onlyOn", resource_id, reason)
    if demand.only_on == ():
        draft.add(f"{where}.onlyOn", None, "must name a resource that it can run on; leave it out to hold on all")


def _check_stock(draft: Draft, where: str, demand: Demand) -> None:
    if demand.resource_ids is None:
        return
    for resource_id in demand.resource_ids:
        resource = draft.resources.get(resource_id)
        if resource is not None and resource.nonrenewable:
            draft.add(f"{where}.resourceIds", resource_id, "is nonrenewable and cannot be a choice; use `resourceId`")


def _check_primaries(draft: Draft, path: str, op: Operation) -> None:
    """A nonrenewable resource is drawn from; nothing runs on it."""
    named = [(f"{path}.modes[{k}].resourceId", mode.resource_id) for k, mode in enumerate(op.modes or ())]
    if op.resource_id is not None:
        named.append((f"{path}.resourceId", op.resource_id))
    for where, resource_id in named:
        resource = draft.resources.get(resource_id)
        if resource is not None and resource.nonrenewable:
            draft.add(where, resource_id, "is nonrenewable, so that nothing can run on it. Maybe it is a demand")


def _check_dependency(draft: Draft, references: References, path: str, link: Dependency) -> None:
    references.check(f"{path}.fromEvent", link.from_event, "events")
    references.check(f"{path}.toEvent", link.to_event, "events")
    if link.from_event == link.to_event:
        draft.add(f"{path}.toEvent", link.to_event, "an operation cannot depend on itself; remove this dependency")
