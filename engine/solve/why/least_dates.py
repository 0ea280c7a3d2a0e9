"""The least change of a date after which a request has a plan: deadlines, date constraints, releases, the freeze."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.instants import to_ms
from engine.pinning import pins
from engine.solve.why.changing import Changing, Offer, Plan
from engine.solve.why.edits import Edit, instant
from engine.solve.why.searching import MINUTE_MS, last_end, minutes_up, point_of, with_only_due, within
from engine.wording import length

if TYPE_CHECKING:
    from engine.solve.why.rules_given import Rule


def later_deadline(changing: Changing, rule: Rule, plan: Plan) -> list[Offer]:
    """Return by how much later the deadline of an order or operation must be, by minimising the excess."""
    item, name, key = changing.dated(rule)
    assert item.deadline is not None
    at_ms = to_ms(item.deadline)
    late_ms = _excess(changing, rule, _bound_by(changing, rule), at_ms, plan)
    text = f"Move the deadline of {name} to {changing.at(at_ms + late_ms)}, {length(late_ms)} later."
    edit: Edit = {"kind": "deadline", **key, "to": instant(at_ms + late_ms)}
    return [Offer((edit,), text, f"{length(late_ms)} later", late_ms, item.weight)]


def later_finish(changing: Changing, rule: Rule, plan: Plan) -> list[Offer]:
    """Return by how much later something may have to end."""
    constraint = changing.constraint(rule)
    at_ms = to_ms(constraint.date)
    late_ms = _excess(changing, rule, {constraint.event_id}, at_ms, plan)
    return [_moved(changing, rule, at_ms, at_ms + late_ms)]


def other_bound(changing: Changing, rule: Rule, plan: Plan) -> list[Offer]:
    """Return by how much a bound on a start, or an earliest end, must move."""
    constraint = changing.constraint(rule)
    at_ms, is_end = to_ms(constraint.date), constraint.type.startswith("finish")
    sign = 1 if constraint.type.endswith("nolaterthan") else -1

    def needs(found: Plan) -> int:
        return sign * (point_of(found, constraint.event_id, is_end) - at_ms)

    amount = changing.least(lambda a: _date_edit(rule, at_ms + sign * a), needs(plan), needs)
    return [_moved(changing, rule, at_ms, at_ms + sign * amount)]


def other_exact_date(changing: Changing, rule: Rule, plan: Plan) -> list[Offer]:
    """Return the nearest date, before or after, on which something can start or end."""
    constraint = changing.constraint(rule)
    at_ms, is_end = to_ms(constraint.date), constraint.type == "mustfinishon"
    nearest = point_of(plan, constraint.event_id, is_end)

    def needs(found: Plan) -> int:
        nonlocal nearest
        at = point_of(found, constraint.event_id, is_end)
        nearest = min(nearest, at, key=lambda t: abs(t - at_ms))
        return abs(at - at_ms)

    changing.least_of(lambda a: within(changing.base, constraint, at_ms - a, at_ms + a), abs(nearest - at_ms), needs)
    return [_moved(changing, rule, at_ms, nearest)]


def earlier_release(changing: Changing, rule: Rule, _plan: Plan) -> list[Offer]:
    """Return by how much earlier an order or operation must be released."""
    item, name, key = changing.dated(rule)
    assert item.release_date is not None
    at_ms = to_ms(item.release_date)

    def edit(amount: int) -> Edit:
        return {"kind": "release", **key, "to": instant(at_ms - amount)}

    amount = changing.least(edit, at_ms - changing.facts.horizon_start_ms)
    text = f"Release {name} on {changing.at(at_ms - amount)}, {length(amount)} earlier."
    return [Offer((edit(amount),), text, f"{length(amount)} earlier", amount)]


def shorter_freeze(changing: Changing, _rule: Rule, _plan: Plan) -> list[Offer]:
    """Return by how much earlier the frozen period must end."""
    until = changing.base.schedule_data.metadata.freeze_until
    assert until is not None
    at_ms = to_ms(until)

    def edit(amount: int) -> Edit:
        return {"kind": "freeze", "to": instant(at_ms - amount)}

    amount = changing.least(edit, at_ms - min([changing.facts.horizon_start_ms, *changing.facts.starts.values()]))
    text = f"End the frozen period on {changing.at(at_ms - amount)}, {length(amount)} earlier."
    return [Offer((edit(amount),), text, f"{length(amount)} less frozen", amount)]


def _excess(changing: Changing, rule: Rule, members: set[str], at_ms: int, plan: Plan) -> int:
    """Return by how much too late the last of some operations ends at least, in whole minutes."""
    aim = with_only_due(changing.with_edits(*rule.release), rule, at_ms)
    best = changing.best_plan_of(aim) or plan
    last = min(last_end(best, members), last_end(plan, members))
    return minutes_up(max(MINUTE_MS, last - at_ms))


def _bound_by(changing: Changing, rule: Rule) -> set[str]:
    """Return the operations that a deadline holds: those that circumstance fixes are exempt."""
    if rule.order_id is None:
        return {rule.id}
    held = {key for key, pin in pins(changing.base.schedule_data, changing.base).items() if pin.is_circumstance}
    return set(changing.facts.order_operations[rule.order_id]) - held


def _moved(changing: Changing, rule: Rule, from_ms: int, to: int) -> Offer:
    constraint = changing.constraint(rule)
    amount = abs(to - from_ms)
    way = f"{length(amount)} {'later' if to > from_ms else 'earlier'}"
    name = f" {constraint.name!r}" if constraint.name else ""
    text = f"Move the date of the constraint{name} to {changing.at(to)}, {way}: {rule.text}"
    return Offer((_date_edit(rule, to),), text, way, amount)


def _date_edit(rule: Rule, at_ms: int) -> Edit:
    return {"kind": "constraintDate", "constraintId": rule.id, "to": instant(at_ms)}
