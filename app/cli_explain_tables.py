"""What ``taktwerk explain`` prints for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.cli_output import print_table
from app.explanation import Explanation
from engine.explain import Bottleneck, Consequence, LateOrder, Link, OperationSlack, ResourceLoad, SlotAnswer
from engine.wording import length, moment

_SHOWN_ROWS = 50
_SHOWN_CAUSES = 3
_SHOWN_DELAYERS = 10
_DAYS_ABREAST = 14


def print_late_orders(items: Sequence[LateOrder], explanation: Explanation) -> None:
    """Print the late orders with their main reasons, and the orders that delay others."""
    if not items:
        print("No order is late.")
        return
    rows = [[item.name, length(item.lateness_ms), "\n".join(_reasons(item))] for item in items[:_SHOWN_ROWS]]
    print_table("Late orders", ("Order", "Late by", "Main reasons"), rows)
    _more(len(items))
    delayers = explanation.delaying_orders()[:_SHOWN_DELAYERS]
    rows = [[one.name, str(len(one.orders)), length(one.amount_ms), length(one.late_ms)] for one in delayers]
    if rows:
        print_table("Orders that delay late ones", ("Order", "Delays", "Waits", "Lateness"), rows)


def print_order(item: LateOrder, explanation: Explanation) -> None:
    """Print an order's balance, its causes and its chain."""
    print(item.text)
    rows = [[cause.text, length(cause.amount_ms), length(cause.late_ms)] for cause in item.causes]
    if item.lateness_ms > 0:
        rows.append(["Lateness", "", length(item.lateness_ms)])
    print_table("Causes", ("Cause", "Time", "Of the lateness"), rows)
    zone = explanation.facts.zone
    parts = [
        [link.name if number == 0 else "", moment(part.start_ms, zone), length(part.amount_ms), part.text]
        for link in item.links
        for number, part in enumerate(link.parts)
    ]
    print_table("The chain to its last end", ("Operation", "From", "Time", "What it went into"), parts)


def print_operation(link: Link, slack: OperationSlack | None) -> None:
    """Print what an operation waits for, and how far it can move."""
    for part in link.parts:
        print(part.text)
    if slack is not None:
        print(slack.text)


def print_slot(answer: SlotAnswer, explanation: Explanation) -> None:
    """Print why an operation is not at a slot, and what would become of the plan."""
    print(answer.text)
    for obstacle in answer.obstacles:
        print(f"  - {obstacle.text}")
    if answer.consequence is not None:
        _print_consequence(answer.consequence, explanation)


def _print_consequence(effect: Consequence, explanation: Explanation) -> None:
    print(effect.text)
    for text in effect.broken[:_SHOWN_ROWS]:
        print(f"  ! {text}")
    old, new = effect.before, effect.after
    rows = [
        ["Late orders", str(old.late_orders), str(new.late_orders)],
        ["Tardiness", length(old.total_tardiness_ms), length(new.total_tardiness_ms)],
        ["Makespan", length(old.makespan_ms), length(new.makespan_ms)],
        ["Setup time", length(old.setup_ms), length(new.setup_ms)],
        ["Cost", f"{old.cost:,.0f}", f"{new.cost:,.0f}"],
    ]
    print_table("Key figures", ("Figure", "Now", "Then"), rows)
    hurt = [one for one in effect.orders if one.later_ms > 0]
    rows = [
        [one.name, length(one.later_ms), "" if one.lateness_after_ms is None else length(max(0, one.lateness_after_ms))]
        for one in hurt[:_SHOWN_ROWS]
    ]
    if rows:
        print_table("Orders that end later", ("Order", "Later by", "Late by"), rows)


def print_slack(rows: Sequence[OperationSlack], explanation: Explanation) -> None:
    """Print the operations with the least slack."""
    ranked = sorted(rows, key=lambda row: row.due_slack_ms if row.due_slack_ms is not None else row.end_slack_ms)
    zone = explanation.facts.zone
    cells = [
        [
            row.name,
            moment(row.start_ms, zone),
            "" if row.due_slack_ms is None else length(row.due_slack_ms),
            length(row.end_slack_ms),
            "yes" if row.is_critical else "",
        ]
        for row in ranked[:_SHOWN_ROWS]
    ]
    print_table("Slack, least first", ("Operation", "Starts", "To due", "To the end", "Critical"), cells)
    _more(len(rows))


def print_bottlenecks(rows: Sequence[Bottleneck]) -> None:
    """Print the resources, the worst bottleneck first."""
    cells = [
        [
            str(row.rank),
            row.name,
            length(row.late_ms),
            length(row.waited_ms),
            str(row.delayed_orders),
            f"{row.load:.0%}",
            f"{row.critical_share:.0%}",
        ]
        for row in rows[:_SHOWN_ROWS]
    ]
    columns = ("Rank", "Resource", "Lateness", "Waits", "Late orders", "Load", "Critical")
    print_table("Bottlenecks", columns, cells)


def print_load(resources: Sequence[ResourceLoad]) -> None:
    """Print the load of each resource on each day, in per cent of its working time."""
    days = [day.day for day in resources[0].days] if resources else []
    for first in range(0, len(days), _DAYS_ABREAST):
        until = first + _DAYS_ABREAST
        cells = [[one.name, *(_share(day.load) for day in one.days[first:until])] for one in resources]
        shown = [day[5:] for day in days[first:until]]
        print_table("Load per day", ("Resource", *shown), cells)


def print_conflict(found: dict[str, Any]) -> None:
    """Print what cannot hold together, and what would help."""
    if found.get("status") == "feasible":
        print("There is a plan that keeps every rule: nothing stands in conflict.")
        return
    if found.get("status") == "unknown":
        print("The time limit ended before a plan was found or ruled out.")
        return
    conflict = found.get("conflict", ())
    print("There is no plan. These cannot hold together:" if conflict else "There is no plan.")
    for member in conflict:
        print(f"  - {member['text']}{'' if member.get('proven', True) else ' (perhaps)'}")
    repairs = [[one["text"], one.get("priceText", "")] for one in found.get("repairs", ())]
    if repairs:
        print_table("What would help, the cheapest first", ("Change", "Price"), repairs)


def print_prices(found: dict[str, Any]) -> None:
    """Print what locks and constraints cost, the dearest first."""
    print(f"Best plan known: {found['valueText']}{' (proven optimal)' if found.get('proven') else ''}.")
    rows = [
        [one["text"], one["improvementText"], "proven" if one.get("exact") else "estimate"] for one in found["prices"]
    ]
    if rows:
        print_table("What each lock or constraint costs", ("Rule", "Without it", "Certainty"), rows)
    else:
        print("There is no lock and no constraint to price.")
    if found.get("notExamined"):
        print(f"{len(found['notExamined'])} more were not examined for lack of time.")


def _reasons(item: LateOrder) -> list[str]:
    return [cause.text for cause in item.causes if cause.late_ms][:_SHOWN_CAUSES]


def _share(load: float | None) -> str:
    return "" if load is None else f"{load:.0%}"


def _more(count: int) -> None:
    if count > _SHOWN_ROWS:
        print(f"and {count - _SHOWN_ROWS} more (--json lists them all)")
