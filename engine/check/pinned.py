"""Rules on what may not move: against the input plan and the request."""

from __future__ import annotations

from engine.check.violation import Context, Violation
from engine.instants import to_ms
from engine.model import Operation, ResourceInterval
from engine.pinning import Pin
from engine.plan import chosen

_WHY = {
    Pin.COMPLETED: "it is completed",
    Pin.STARTED: "it has started",
    Pin.LOCKED: "it is locked",
    Pin.FROZEN: "it starts within the frozen time",
    Pin.OUT_OF_SCOPE: "it is outside the scope of this run",
}


def check_pins(context: Context) -> None:
    """What is completed, started, locked, frozen or out of scope keeps its placement."""
    if context.base is None or context.base is context.facts.schedule:
        return
    before = {op.id: op for op in context.base.snapshot.events}
    for key, pin in context.pins.items():
        op = context.facts.operations.get(key)
        if op is None or op is before[key]:
            continue
        if not _kept(before[key], op, pin):
            _report(context, before[key], op, pin)


def check_blocks(context: Context) -> None:
    """Nothing that may move runs, or is set up, on a resource while the request blocks it."""
    if context.request is None:
        return
    by_resource: dict[str, list[ResourceInterval]] = {}
    for block in context.request.locks.resource_intervals:
        by_resource.setdefault(block.resource_id, []).append(block)
    if not by_resource:
        return
    for op in context.placed:
        if op.id in context.pins:
            continue
        for resource_id in _held(op):
            for block in by_resource.get(resource_id, ()):
                _check_block(context, op, block)


def _kept(before: Operation, now: Operation, pin: Pin) -> bool:
    """Whether the placement is the same: of a started operation the end may follow its duration, and a choice of
    secondary resources that was open may be made."""
    if (before.resource_id, before.start_date) != (now.resource_id, now.start_date):
        return False
    if pin is not Pin.STARTED and before.end_date != now.end_date:
        return False
    pairs = zip(before.demands or (), now.demands or (), strict=False)
    return all(chosen(old) in (None, chosen(new)) for old, new in pairs)


def _report(context: Context, before: Operation, now: Operation, pin: Pin) -> None:
    message = f"{context.facts.label(now.id)} must stay {_where(context, before)}, because {_WHY[pin]}, but is "
    message += f"{_where(context, now)}."
    dates = [to_ms(d) for d in (before.start_date, before.end_date) if d is not None] or [None, None]
    found = Violation(pin.value, message, (now.id,), before.resource_id, None, dates[0], dates[-1])
    context.put(now.id, found)


def _where(context: Context, op: Operation) -> str:
    if op.start_date is None or op.end_date is None:
        return "unscheduled"
    on = "" if op.resource_id is None else f"on {context.facts.resource_label(op.resource_id)} "
    return on + context.period(to_ms(op.start_date), to_ms(op.end_date))


def _held(op: Operation) -> set[str]:
    held = {key for d in op.needs if d.quantity and (key := chosen(d)) is not None}
    return held | ({op.resource_id} if op.resource_id is not None else set())


def _check_block(context: Context, op: Operation, block: ResourceInterval) -> None:
    begin_ms, end_ms = context.facts.setup_start_ms(op.id), context.facts.ends[op.id]
    from_ms, until_ms = max(begin_ms, to_ms(block.start)), min(end_ms, to_ms(block.end))
    if from_ms >= until_ms:
        return
    name = context.facts.resource_label(block.resource_id)
    blocked = f"{name} is blocked {context.period(to_ms(block.start), to_ms(block.end))}"
    message = f"{blocked}, but {context.facts.label(op.id)} holds it {context.period(begin_ms, end_ms)}."
    span = (from_ms, until_ms)
    context.put(op.id, Violation("blocked", message, (op.id,), block.resource_id, None, *span, until_ms - from_ms))
