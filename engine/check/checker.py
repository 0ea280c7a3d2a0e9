"""The checker's entry points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.apply import apply_result
from engine.check.steps import listed, run
from engine.check.violation import Context, Violation
from engine.model import OptimizationRequest, PlacedEvent, Schedule
from engine.pinning import Pin
from engine.plan import PlanFacts

_PIN_RULES = frozenset(pin.value for pin in Pin)


def check(
    schedule: Schedule,
    base: Schedule | None = None,
    request: OptimizationRequest | None = None,
    facts: PlanFacts | None = None,
) -> list[Violation]:
    """Return every rule that the plan breaks, in a fixed order; an empty list means that it is feasible.

    Parameters
    ----------
    schedule
        A valid schedule (see ``engine.validate``); its placements may break anything.
    base
        The plan it came from. Then what may not move is held against it, and nothing may start before its horizon.
        By default the request's schedule, if there is a request.
    request
        Adds locks, blocked intervals and scope.
    facts
        ``PlanFacts(schedule)`` if the caller has them already.
    """
    if base is None and request is not None:
        base = request.schedule_data
    context = Context(facts or PlanFacts(schedule), base, request)
    run(context)
    return listed(context.found, context.facts)


def check_result(plan: OptimizationRequest | Schedule, events: Iterable[PlacedEvent]) -> list[Violation]:
    """Return the rules that a result breaks when it is laid over what it was computed from.

    Raises
    ------
    TaktwerkError
        E012 when the result names an operation that the schedule does not have.
    """
    request = plan if isinstance(plan, OptimizationRequest) else None
    base = plan.schedule_data if isinstance(plan, OptimizationRequest) else plan
    return check(apply_result(base, events, mark_manual=False), base, request)


def is_tolerated(violation: Violation, pins: Mapping[str, Pin]) -> bool:
    """Whether no plan could avoid it: it concerns only operations that circumstance holds where they are.

    These are started, completed, frozen and out-of-scope operations. A broken lock is never tolerated.

    Parameters
    ----------
    violation
        What the checker found.
    pins
        ``engine.pinning.pins`` of the input and its request.
    """
    ids = violation.event_ids
    if violation.rule in _PIN_RULES:  # moved although pinned: that is the plan's own doing
        return False
    return bool(ids) and all(key in pins and pins[key].is_circumstance for key in ids)


def untolerated(violations: Iterable[Violation], pins: Mapping[str, Pin]) -> list[Violation]:
    """Return the violations that a plan is to blame for."""
    return [v for v in violations if not is_tolerated(v, pins)]
