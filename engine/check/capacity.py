"""Rules on what a resource can bear: units in use, secondary needs, and their working time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from engine.calendars import WorkingTime, is_full_outage, outages_by_resource
from engine.check.choices import unserved_ms
from engine.check.load import Peak, Use, overlaps, peaks
from engine.check.violation import Context, Violation
from engine.instants import to_ms
from engine.model import Operation, Resource, Status, Unavailable
from engine.plan import PlanFacts, chosen
from engine.wording import listing


def check_choices(context: Context) -> None:
    """Every secondary need whose resource is open can be served by one of its candidates."""
    facts = context.facts
    outages = partial_outages(facts)
    context.choices = context.choices.after(facts, lambda key: uses_of(facts, key), outages, context.part)
    for need, holders in context.choices.failed:
        op = facts.operations[need.event_id]
        candidates = listing([facts.resource_label(key) for key in need.candidates])
        when = context.period(need.start_ms, need.end_ms)
        message = f"None of {candidates} can serve {facts.label(op.id)} {when}."
        span = (need.start_ms, need.end_ms)
        context.put(op.id, Violation("demand", message, (op.id, *holders), need.candidates[0], None, *span))


def check_capacity(context: Context) -> None:
    """At no instant is more of a resource in use than it has, setups and pauses included."""
    outages = partial_outages(context.facts)
    for resource_id in context.part.resources:
        resource = context.facts.resources[resource_id]
        if resource.infinite:
            continue
        if resource.nonrenewable:
            _check_stock(context, resource)
            continue
        uses, out = uses_of(context.facts, resource_id), outages.get(resource_id, ())
        alike = all(use.quantity == 1 for use in uses) and len({use.event_id for use in uses}) == len(uses)
        if resource.capacity == 1 and not out and alike:
            for one, other in overlaps(uses):
                _report_overlap(context, resource, one, other)
        else:
            for peak in peaks((*uses, *out), resource.capacity):
                if peak.event_ids:
                    _report_peak(context, resource, peak)


def check_demand_times(context: Context) -> None:
    """While the operation is worked on or set up, so are its secondary resources."""
    facts = context.facts
    for op in context.placed:
        if not op.demands or op.status is Status.COMPLETED:
            continue
        own = facts.working_time(op.resource_id)
        begin_ms, end_ms = facts.setup_start_ms(op.id), facts.ends[op.id]
        for demand in op.needs:
            resource_id = chosen(demand)
            if resource_id is not None and demand.quantity:
                _check_demand_time(context, op, own, resource_id, begin_ms, end_ms)


def uses_by_resource(facts: PlanFacts) -> dict[str, list[Use]]:
    """Return who holds which resource when: primary ones and the chosen secondary ones, setups included."""
    return {key: uses for key in facts.resources if (uses := uses_of(facts, key))}


def uses_of(facts: PlanFacts, resource_id: str) -> list[Use]:
    """Return who holds a resource when, as its primary one or a chosen secondary one, setups included."""
    starts, ends, setups = facts.starts, facts.ends, facts.setups
    held: list[Use] = []
    for key in facts.sequences.get(resource_id, ()):
        start_ms, end_ms = starts[key], ends[key]
        if start_ms < end_ms:
            setup = setups.get(key)
            held.append(Use(start_ms if setup is None else setup.start_ms, end_ms, key))
    for key in facts.secondary_holders.get(resource_id, ()):
        if key in starts and starts[key] < ends[key]:
            begin_ms, end_ms = facts.setup_start_ms(key), ends[key]
            quantities = (d.quantity for d in facts.operations[key].needs if chosen(d) == resource_id)
            held += [Use(begin_ms, end_ms, key, quantity, own=False) for quantity in quantities if quantity]
    return held


def partial_outages(facts: PlanFacts) -> dict[str, tuple[Use, ...]]:
    """Return the spans in which some but not all units of a resource are out, as uses without an operation.

    A full outage is a break and takes no units: operations pause over it holding theirs.
    """
    known = facts.memo.get("partial_outages")
    if known is None:
        known = facts.memo["partial_outages"] = _partial_outages(facts)
    return known


def _partial_outages(facts: PlanFacts) -> dict[str, tuple[Use, ...]]:
    found: dict[str, tuple[Use, ...]] = {}
    for resource_id, outages in outages_by_resource(facts.schedule).items():
        resource = facts.resources[resource_id]
        full = [o for o in outages if is_full_outage(o, resource)]
        partial = [o for o in outages if not is_full_outage(o, resource) and o.capacity]
        if partial and not resource.infinite:
            spans = [use for outage in partial for use in _outside(outage, full)]
            found[resource_id] = tuple(_clipped(spans, resource.capacity))
    return found


def _outside(outage: Unavailable, full: list[Unavailable]) -> Iterator[Use]:
    start_ms, end_ms = to_ms(outage.start), to_ms(outage.end)
    rest = WorkingTime.always(start_ms, end_ms).minus((to_ms(o.start), to_ms(o.end)) for o in full)
    for a, b in rest.intervals():
        yield Use(a, b, "", outage.capacity or 0)


def _clipped(outages: list[Use], capacity: int) -> Iterator[Use]:
    """Outages that overlap add up, but never to more than there is."""
    edges = sorted({edge for use in outages for edge in (use.start_ms, use.end_ms)})
    for start_ms, end_ms in pairwise(edges):
        out = sum(use.quantity for use in outages if use.start_ms <= start_ms and end_ms <= use.end_ms)
        if out:
            yield Use(start_ms, end_ms, "", min(out, capacity))


def _check_stock(context: Context, resource: Resource) -> None:
    """All operations together draw no more from a nonrenewable resource than there is."""
    uses = uses_of(context.facts, resource.id)
    drawn = sum(use.quantity for use in uses)
    if drawn <= resource.capacity:
        return
    ids = tuple(sorted({use.event_id for use in uses}, key=context.facts.position.__getitem__))
    names = listing(context.labels(ids))
    message = f"{resource.name or resource.id} has {resource.capacity} in stock, but {drawn} are drawn by {names}."
    context.put(resource.id, Violation("stock", message, ids, resource.id))


def _report_overlap(context: Context, resource: Resource, one: Use, other: Use) -> None:
    facts = context.facts
    name, first, second = resource.name or resource.id, facts.label(one.event_id), facts.label(other.event_id)
    start_ms, end_ms = other.start_ms, min(one.end_ms, other.end_ms)
    if one.own and other.own and end_ms <= facts.starts[other.event_id]:
        setup = context.period(start_ms, facts.starts[other.event_id])
        message = f"{name} is set up for {second} {setup}, while it runs {first} until {context.moment(one.end_ms)}."
    else:
        does = "runs" if one.own and other.own else "is needed by"
        message = f"{name} {does} {first} and {second} at once {context.period(start_ms, end_ms)}."
    pair = (one.event_id, other.event_id)
    found = Violation("overlap", message, pair, resource.id, None, start_ms, end_ms, end_ms - start_ms)
    context.put(resource.id, found)


def _report_peak(context: Context, resource: Resource, peak: Peak) -> None:
    units = "1 unit" if resource.capacity == 1 else f"{resource.capacity} units"
    down = f", {peak.out} of them out of order," if peak.out else ""
    names = listing(context.labels(peak.event_ids))
    when = context.period(peak.start_ms, peak.end_ms)
    needed = f"{peak.quantity} is" if peak.quantity == 1 else f"{peak.quantity} are"
    message = f"{resource.name or resource.id} has {units}{down} but {needed} needed {when} by {names}."
    span = (peak.start_ms, peak.end_ms)
    found = Violation("capacity", message, peak.event_ids, resource.id, None, *span, peak.end_ms - peak.start_ms)
    context.put(resource.id, found)


def _check_demand_time(
    context: Context, op: Operation, own: WorkingTime, resource_id: str, begin_ms: int, end_ms: int
) -> None:
    missing_ms = unserved_ms(context.facts, own, resource_id, begin_ms, end_ms)
    if not missing_ms:
        return
    facts = context.facts
    served = facts.working_time(resource_id).intervals_in(begin_ms, end_ms)
    gaps = WorkingTime.of(own.intervals_in(begin_ms, end_ms), begin_ms, end_ms).minus(served).intervals()
    name = facts.resource_label(resource_id)
    message = f"{facts.label(op.id)} needs {name} {context.period(*gaps[0])}, when it does not work."
    found = Violation("calendar", message, (op.id,), resource_id, None, gaps[0][0], gaps[-1][1], missing_ms)
    context.put(op.id, found)
