"""Rules between operations: dependencies, sequences on one resource, and constraints on sets."""

from __future__ import annotations

from collections.abc import Iterable

from engine.check.load import Use, overlaps
from engine.check.violation import Context, Violation
from engine.model import Dependency, DependencyType, SetConstraint, Status
from engine.pinning import Pin
from engine.plan import Setup
from engine.wording import length, listing

_FROM_END = frozenset({DependencyType.FINISH_TO_START, DependencyType.FINISH_TO_FINISH})
_TO_END = frozenset({DependencyType.START_TO_FINISH, DependencyType.FINISH_TO_FINISH})


def check_dependencies(context: Context) -> None:
    """The successor's point comes after the predecessor's, by at least the lag and at most the greatest lag."""
    facts = context.facts
    starts, ends, operations = facts.starts, facts.ends, facts.operations
    for link in _links(context):
        if link.from_event not in starts or link.to_event not in starts:
            continue
        to_end = link.type in _TO_END
        status = operations[link.to_event].status
        if status is Status.COMPLETED or (status is Status.STARTED and not to_end):
            continue  # that point of the successor is history
        before_ms = (ends if link.type in _FROM_END else starts)[link.from_event]
        gap_ms = (ends if to_end else starts)[link.to_event] - before_ms
        if gap_ms < link.lag_ms:
            _report_early(context, link, before_ms, gap_ms)
        most_ms = link.max_lag_ms
        if most_ms is not None and gap_ms > most_ms:
            _report_late(context, link, before_ms, gap_ms, most_ms)


def check_sequences(context: Context) -> None:
    """No banned sequence of setup families runs on a resource."""
    for setup in _setups(context):
        if setup.forbidden:
            where = context.facts.resource_label(setup.resource_id)
            what = f"{context.facts.label(setup.event_id)} ({setup.to_family}) after {setup.from_family}"
            message = f"{where} runs {what}, a sequence that its setup matrix forbids."
            ids = (setup.event_id,) if setup.previous_id is None else (setup.previous_id, setup.event_id)
            span = (setup.start_ms, setup.end_ms)
            context.put(setup.event_id, Violation("forbidden_sequence", message, ids, setup.resource_id, None, *span))


def check_sets(context: Context) -> None:
    """Operations bound to one resource share it, those bound to different ones do not, and no two overlap."""
    checks = {"sameresource": _check_same, "differentresource": _check_different, "nooverlap": _check_no_overlap}
    for rule in context.part.constraints:
        if isinstance(rule, SetConstraint) and rule.enabled:
            placed = [key for key in dict.fromkeys(rule.event_ids) if key in context.facts.starts]
            checks[rule.type](context, rule, placed)


def _links(context: Context) -> Iterable[Dependency]:
    if context.part.is_whole:
        return context.facts.schedule.snapshot.dependencies
    predecessors = context.facts.predecessors
    return (link for key in context.part.successors for link in predecessors.get(key, ()))


def _setups(context: Context) -> Iterable[Setup]:
    setups = context.facts.setups
    if context.part.is_whole:
        return setups.values()
    return (setups[key] for key in context.part.operations if key in setups)


def _report_early(context: Context, link: Dependency, before_ms: int, gap_ms: int) -> None:
    does, did = _verbs(link)
    facts = context.facts
    lag = "" if link.lag_ms <= 0 else f" and {length(link.lag_ms)} must pass"
    if link.lag_ms < 0:
        lag = f" and it may come at most {length(-link.lag_ms)} before that"
    after = f"{facts.label(link.from_event)} {did} {context.moment(before_ms)}{lag}"
    at_ms, short_ms = before_ms + gap_ms, link.lag_ms - gap_ms
    message = f"{facts.label(link.to_event)} {does} {context.moment(at_ms)}, {length(short_ms)} too early: {after}."
    ids, resource_id = (link.from_event, link.to_event), facts.operations[link.to_event].resource_id
    found = Violation("dependency", message, ids, resource_id, link.id, at_ms, at_ms + short_ms, short_ms)
    context.put(link.to_event, found)


def _report_late(context: Context, link: Dependency, before_ms: int, gap_ms: int, most_ms: int) -> None:
    does, did = _verbs(link)
    facts = context.facts
    after = f"{facts.label(link.from_event)} {did} {context.moment(before_ms)}"
    allowed = f"at most {length(most_ms)} may pass" if most_ms >= 0 else f"it must come {length(-most_ms)} before that"
    at_ms, over_ms = before_ms + gap_ms, gap_ms - most_ms
    late = f"{length(over_ms)} too late"
    message = f"{facts.label(link.to_event)} {does} {context.moment(at_ms)}, {late}: {after} and {allowed}."
    ids, resource_id = (link.from_event, link.to_event), facts.operations[link.to_event].resource_id
    context.put(
        link.to_event, Violation("max_lag", message, ids, resource_id, link.id, at_ms - over_ms, at_ms, over_ms)
    )


def _verbs(link: Dependency) -> tuple[str, str]:
    return "ends" if link.type in _TO_END else "starts", "ends" if link.type in _FROM_END else "starts"


def _check_same(context: Context, rule: SetConstraint, placed: list[str]) -> None:
    """Fixed operations set the resource; the others must follow. Without fixed ones, the first one sets it.

    What is only out of scope counts as fixed where nothing else is.
    """
    operations = context.facts.operations
    keys = [key for key in placed if operations[key].resource_id is not None]
    held = [key for key in keys if context.pin(key) is not None]
    fixed = [key for key in held if context.pin(key) is not Pin.OUT_OF_SCOPE]
    leaders = {operations[key].resource_id: key for key in reversed(fixed or held or keys[:1])}
    if len(leaders) > 1:
        _report_resources(context, rule, tuple(leaders.values()), "must run on the same resource, but run on")
    for key in keys:
        if operations[key].resource_id not in leaders:
            pair = (next(iter(leaders.values())), key)
            _report_resources(context, rule, pair, "must run on the same resource, but run on")


def _check_different(context: Context, rule: SetConstraint, placed: list[str]) -> None:
    by_resource: dict[str, list[str]] = {}
    for key in placed:
        resource_id = context.facts.operations[key].resource_id
        if resource_id is not None:
            by_resource.setdefault(resource_id, []).append(key)
    for keys in by_resource.values():
        for key in keys[1:]:
            _report_resources(context, rule, (keys[0], key), "must run on different resources, but both run on")


def _check_no_overlap(context: Context, rule: SetConstraint, placed: list[str]) -> None:
    starts, ends = context.facts.starts, context.facts.ends
    for one, other in overlaps(Use(starts[key], ends[key], key) for key in placed):
        start_ms, end_ms = other.start_ms, min(one.end_ms, other.end_ms)
        pair = (one.event_id, other.event_id)
        names = listing(context.labels(pair))
        message = f"{names} must not run at once, but both run {context.period(start_ms, end_ms)}."
        found = Violation("nooverlap", message, pair, None, rule.id, start_ms, end_ms, end_ms - start_ms)
        context.put(rule.id, found)


def _report_resources(context: Context, rule: SetConstraint, keys: tuple[str, ...], words: str) -> None:
    facts = context.facts
    used = dict.fromkeys(str(facts.operations[key].resource_id) for key in keys)
    where = listing([facts.resource_label(key) for key in used])
    message = f"{listing(context.labels(keys))} {words} {where}."
    start_ms, end_ms = min(facts.starts[k] for k in keys), max(facts.ends[k] for k in keys)
    context.put(rule.id, Violation(rule.type, message, keys, None, rule.id, start_ms, end_ms))
