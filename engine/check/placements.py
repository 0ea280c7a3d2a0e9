"""Rules on one operation's placement: is it there, long enough, in working time, on the right resource, in time."""

from __future__ import annotations

from engine.calendars import WorkingTime
from engine.check.violation import Context, Violation
from engine.instants import to_ms
from engine.model import DateConstraint, Operation, Status
from engine.pinning import Pin
from engine.plan import ROUNDING_MS, is_history, mode_on
from engine.wording import length, listing

_MAY_LIE_IN_THE_PAST = frozenset({Pin.COMPLETED, Pin.STARTED, Pin.LOCKED, Pin.FROZEN})


def check_unscheduled(context: Context) -> None:
    """Every operation has a placement; completed ones are history."""
    facts = context.facts
    for key in facts.unscheduled if context.part.is_whole else context.part.operations:
        if key not in facts.starts and facts.operations[key].status is not Status.COMPLETED:
            context.put(key, Violation("unscheduled", f"{facts.label(key)} is not scheduled.", (key,)))


def check_work(context: Context) -> None:
    """Every operation runs where it may, for the working time that it needs, and only within working time."""
    times: dict[str | None, WorkingTime] = {}
    for op in context.placed:
        if op.status is Status.COMPLETED:
            continue
        time = times.get(op.resource_id)
        if time is None:
            time = times[op.resource_id] = context.facts.working_time(op.resource_id)
        _check_mode(context, op)
        _check_duration(context, op, time)


def check_start(context: Context) -> None:
    """Nothing starts in the past or before its release date; a setup neither."""
    orders = (context.facts.orders[key] for key in context.part.orders)
    releases = {order.id: to_ms(order.release_date) for order in orders if order.release_date is not None}
    earliest_ms = context.earliest_ms
    for op in context.placed:
        if op.status is Status.COMPLETED or op.status is Status.STARTED:
            continue
        start_ms = context.facts.starts[op.id]
        if earliest_ms is not None and start_ms < earliest_ms:
            _report_past(context, op, start_ms, earliest_ms)
        release_ms = releases.get(op.order_id) if op.order_id is not None else None
        if op.release_date is not None:
            own_ms = to_ms(op.release_date)
            release_ms = own_ms if release_ms is None else max(release_ms, own_ms)
        if release_ms is not None and start_ms < release_ms:
            _report_release(context, op, start_ms, release_ms)
        if op.setup_family is not None:
            _check_setup_start(context, op, start_ms, release_ms)


def check_ends(context: Context) -> None:
    """Nothing ends after its deadline."""
    facts = context.facts
    for op in context.placed:
        if op.status is Status.COMPLETED:
            continue
        end_ms = facts.ends[op.id]
        if op.deadline is not None and end_ms > (latest := to_ms(op.deadline)):
            late = f"{facts.label(op.id)} ends {context.moment(end_ms)}"
            message = f"{late}, {length(end_ms - latest)} after its deadline {context.moment(latest)}."
            found = Violation("deadline", message, (op.id,), op.resource_id, None, latest, end_ms, end_ms - latest)
            context.put(op.id, found)


def check_order_ends(context: Context) -> None:
    """No order ends after its deadline."""
    for order_id in context.part.orders:
        deadline = context.facts.orders[order_id].deadline
        if deadline is not None:
            _check_order_deadline(context, order_id, to_ms(deadline))


def check_dates(context: Context) -> None:
    """Every date constraint on a start or end holds."""
    for rule in context.part.constraints:
        if isinstance(rule, DateConstraint) and rule.enabled and rule.event_id in context.facts.starts:
            _check_date(context, rule)


def _check_mode(context: Context, op: Operation) -> None:
    if not op.modes or is_history(op):
        return
    if op.resource_id is None:
        names = listing([context.facts.resource_label(m.resource_id) for m in op.modes])
        message = f"{context.facts.label(op.id)} has dates but no resource. It may run on {names}."
    elif mode_on(op, op.resource_id) is None:
        names = listing([context.facts.resource_label(m.resource_id) for m in op.modes])
        where = context.facts.resource_label(op.resource_id)
        message = f"{context.facts.label(op.id)} is planned on {where}, but may only run on {names}."
    else:
        return
    start_ms, end_ms = context.facts.starts[op.id], context.facts.ends[op.id]
    context.put(op.id, Violation("mode", message, (op.id,), op.resource_id, None, start_ms, end_ms))


def _check_duration(context: Context, op: Operation, time: WorkingTime) -> None:
    facts = context.facts
    start_ms, end_ms, need_ms = facts.starts[op.id], facts.ends[op.id], facts.need_ms(op)
    elapsed_ms = end_ms - start_ms
    worked_ms = facts.worked_ms[op.id] if need_ms and op.interruptible else elapsed_ms
    if worked_ms == 0 < elapsed_ms:  # wholly in a break: one fault, told once
        _report_break(context, op, start_ms, end_ms)
        return
    exact = op.resource_id is None or facts.resources[op.resource_id].efficiency == 1 or need_ms == 0
    if not need_ms <= worked_ms < need_ms + (1 if exact else ROUNDING_MS):
        _report_duration(context, op, worked_ms, need_ms)
    if need_ms == 0 or elapsed_ms <= 0 or time.is_always:
        return
    if not op.interruptible:
        if not time.is_uninterrupted(start_ms, end_ms):
            _report_break(context, op, start_ms, end_ms)
    elif not ((is_history(op) or time.is_working(start_ms)) and time.is_working(end_ms - 1)):
        _report_break(context, op, start_ms, end_ms)


def _report_duration(context: Context, op: Operation, worked_ms: int, need_ms: int) -> None:
    facts = context.facts
    where = "" if op.resource_id is None else f" on {facts.resource_label(op.resource_id)}"
    message = f"{facts.label(op.id)} is given {length(worked_ms)} of working time{where}, but needs {length(need_ms)}."
    start_ms, end_ms = facts.starts[op.id], facts.ends[op.id]
    amount_ms = abs(worked_ms - need_ms)
    context.put(op.id, Violation("duration", message, (op.id,), op.resource_id, None, start_ms, end_ms, amount_ms))


def _report_break(context: Context, op: Operation, start_ms: int, end_ms: int) -> None:
    facts = context.facts
    time, where = facts.working_time(op.resource_id), facts.resource_label(str(op.resource_id))
    if time.between(start_ms, end_ms) == 0:
        why = f"is planned {context.period(start_ms, end_ms)}, when {where} does not work"
    elif not time.is_working(start_ms):
        why = f"starts {context.moment(start_ms)}, when {where} does not work"
    elif not time.is_working(end_ms - 1):
        why = f"ends {context.moment(end_ms)}, after {where} has stopped working"
    else:
        pause = next(s for _, s in time.intervals_in(start_ms, end_ms))
        why = f"must not be interrupted, but {where} has a break from {context.moment(pause)}"
    message = f"{facts.label(op.id)} {why}."
    context.put(op.id, Violation("calendar", message, (op.id,), op.resource_id, None, start_ms, end_ms))


def _report_past(context: Context, op: Operation, start_ms: int, earliest_ms: int) -> None:
    if context.pin(op.id) in _MAY_LIE_IN_THE_PAST:
        return
    starts = f"{context.facts.label(op.id)} starts {context.moment(start_ms)}"
    message = f"{starts}, in the past: the plan begins {context.moment(earliest_ms)}, and it has not started."
    found = Violation("horizon", message, (op.id,), op.resource_id, None, start_ms, earliest_ms, earliest_ms - start_ms)
    context.put(op.id, found)


def _report_release(context: Context, op: Operation, start_ms: int, release_ms: int) -> None:
    early_ms = release_ms - start_ms
    starts = f"{context.facts.label(op.id)} starts {context.moment(start_ms)}"
    message = f"{starts}, {length(early_ms)} before its release {context.moment(release_ms)}."
    order = _holder(context, op, release_ms, "release_date")
    found = Violation("release", message, (op.id,), op.resource_id, order, start_ms, release_ms, early_ms)
    context.put(op.id, found)


def _holder(context: Context, op: Operation, at_ms: int, field: str) -> str | None:
    """The id of the order whose date binds, or ``None`` where it is the operation's own."""
    own = getattr(op, field)
    return None if own is not None and to_ms(own) == at_ms else op.order_id


def _check_setup_start(context: Context, op: Operation, start_ms: int, release_ms: int | None) -> None:
    setup = context.facts.setups.get(op.id)
    if setup is None or setup.duration_ms == 0:
        return
    facts = context.facts
    task = f"The setup of {facts.resource_label(setup.resource_id)} for {facts.label(op.id)}"
    if not setup.complete:
        message = f"{task} takes {length(setup.duration_ms)}, but there is not so much working time before it."
        limit_ms = None
    elif release_ms is not None and setup.start_ms < release_ms <= start_ms:
        limit_ms = release_ms
        message = f"{task} begins {context.moment(setup.start_ms)}, before the release {context.moment(limit_ms)}."
    elif context.now_ms is not None and setup.start_ms < context.now_ms <= start_ms:
        limit_ms = context.now_ms
        message = f"{task} begins {context.moment(setup.start_ms)}, before the plan does: {context.moment(limit_ms)}."
    else:
        return
    amount_ms = None if limit_ms is None else limit_ms - setup.start_ms
    ids = (op.id,) if setup.previous_id is None else (setup.previous_id, op.id)
    found = Violation("setup", message, ids, setup.resource_id, None, setup.start_ms, setup.end_ms, amount_ms)
    context.put(op.id, found)


def _check_order_deadline(context: Context, order_id: str, latest_ms: int) -> None:
    facts = context.facts
    if facts.order_ends.get(order_id, latest_ms) <= latest_ms:
        return
    members = [k for k in facts.order_operations[order_id] if facts.ends.get(k, latest_ms) > latest_ms]
    late = [k for k in members if facts.operations[k].status is not Status.COMPLETED]
    if not late:
        return
    end_ms = max(facts.ends[k] for k in late)
    name = facts.orders[order_id].name or order_id
    when = f"ends {context.moment(end_ms)}, {length(end_ms - latest_ms)} after its deadline"
    message = f"Order {name} {when} {context.moment(latest_ms)}, with {listing(context.labels(late))}."
    found = Violation("deadline", message, tuple(late), None, order_id, latest_ms, end_ms, end_ms - latest_ms)
    context.put(order_id, found)


_DATE_RULES: dict[str, tuple[bool, int, str]] = {
    # type: (on the start, sign: -1 not earlier, 1 not later, 0 exactly, words)
    "startnoearlierthan": (True, -1, "must not start before"),
    "startnolaterthan": (True, 1, "must not start after"),
    "muststarton": (True, 0, "must start on"),
    "finishnoearlierthan": (False, -1, "must not end before"),
    "finishnolaterthan": (False, 1, "must not end after"),
    "mustfinishon": (False, 0, "must end on"),
}


def _check_date(context: Context, rule: DateConstraint) -> None:
    facts, op = context.facts, context.facts.operations[rule.event_id]
    on_start, sign, words = _DATE_RULES[rule.type]
    if op.status is Status.COMPLETED or (on_start and op.status is Status.STARTED):
        return
    at_ms, limit_ms = (facts.starts if on_start else facts.ends)[op.id], to_ms(rule.date)
    gap_ms = at_ms - limit_ms
    if gap_ms == 0 or gap_ms * sign < 0:
        return
    does = "starts" if on_start else "ends"
    by = f"{length(abs(gap_ms))} too {'late' if gap_ms > 0 else 'early'}"
    wanted = f"{facts.label(op.id)} {words} {context.moment(limit_ms)}"
    message = f"{wanted}, but {does} {context.moment(at_ms)}, {by}."
    early, late = min(at_ms, limit_ms), max(at_ms, limit_ms)
    context.put(rule.id, Violation(rule.type, message, (op.id,), op.resource_id, rule.id, early, late, abs(gap_ms)))
