"""``taktwerk explain``: why a plan is as it is, why there is none, what locks cost."""

from __future__ import annotations

import argparse
from typing import Any

from app import exchange
from app.cli_explain_tables import (
    print_bottlenecks,
    print_conflict,
    print_late_orders,
    print_load,
    print_operation,
    print_order,
    print_prices,
    print_slack,
    print_slot,
)
from app.cli_files import add_format_argument, with_result
from app.cli_output import note, print_json
from app.config import Settings
from app.explanation import Explanation, to_json
from engine.errors import Fault, TaktwerkError, invalid_schedule
from engine.instants import parse_instant, to_ms, zone_of
from engine.model import OptimizationRequest, Schedule

_DEFAULT_LIMIT_S = 30.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("input", metavar="INPUT", help="a schedule with a plan, or a request; - reads standard input")
    parser.add_argument("--result", metavar="OUT.json", help="explain this result of an optimisation of INPUT")
    parser.add_argument("--order", metavar="ID", help="why this order ends when it does")
    parser.add_argument("--event", metavar="ID", help="what this operation waits for, and how far it can move")
    parser.add_argument("--at", metavar="RESOURCE,START", help="with --event: why it does not start there")
    parser.add_argument("--slack", action="store_true", help="how far each operation can move right")
    parser.add_argument("--bottlenecks", action="store_true", help="resources, the worst bottleneck first")
    parser.add_argument("--load", action="store_true", help="what each resource does on each day")
    parser.add_argument("--infeasible", action="store_true", help="why there is no plan, and what would help")
    parser.add_argument("--lock-prices", action="store_true", help="what each lock and constraint costs")
    parser.add_argument(
        "--time-limit",
        metavar="S",
        type=float,
        default=_DEFAULT_LIMIT_S,
        help="seconds for --infeasible and --lock-prices; the default is 30",
    )
    add_format_argument(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(options: argparse.Namespace, _settings: Settings) -> int:
    """Explain what is asked for, by default the late orders and the bottlenecks."""
    if options.at and not options.event:
        note("--at needs --event, the operation to put there.")
        return 2
    data = exchange.read_input(options.input, options.format)
    request = data if isinstance(data, OptimizationRequest) else OptimizationRequest(schedule_data=data)
    plan = with_result(request.schedule_data, options.result) if options.result else request.schedule_data
    explanation = Explanation(plan, request=request)
    document = _of_the_plan(options, explanation, plan) | _of_the_solver(options, request)
    if options.json:
        print_json(document)
    return 0


def _of_the_plan(options: argparse.Namespace, explanation: Explanation, plan: Schedule) -> dict[str, Any]:
    """Tell what needs no solver; a summary when nothing at all is asked for."""
    asked = (options.order, options.event, options.slack, options.load, options.infeasible, options.lock_prices)
    is_summary = not any(asked) and not options.bottlenecks
    told: dict[str, Any] = {}
    quiet = options.json
    if is_summary:
        late = explanation.late_orders()
        told["lateOrders"] = to_json(late)
        told["delayingResources"] = to_json(explanation.delaying_resources())
        told["delayingOrders"] = to_json(explanation.delaying_orders())
        if not quiet:
            print_late_orders(late, explanation)
    if options.order:
        item = explanation.order(options.order)
        told["order"] = item.to_json()
        if not quiet:
            print_order(item, explanation)
    if options.event:
        told |= _of_the_operation(options, explanation, plan)
    if options.slack:
        rows = explanation.slack()
        told["slack"] = to_json(rows)
        if not quiet:
            print_slack(rows, explanation)
    if options.bottlenecks or is_summary:
        worst = explanation.bottlenecks()
        told["bottlenecks"] = to_json(worst)
        if not quiet:
            print_bottlenecks(worst)
    if options.load:
        load = explanation.load()
        told["load"] = to_json(load)
        if not quiet:
            print_load(load)
    return told


def _of_the_operation(options: argparse.Namespace, explanation: Explanation, plan: Schedule) -> dict[str, Any]:
    if options.at:
        resource_id, start_ms = _slot(options.at, plan)
        answer = explanation.why_not(options.event, resource_id, start_ms)
        if not options.json:
            print_slot(answer, explanation)
        return {"slot": answer.to_json()}
    link = explanation.waits(options.event)
    slack = next((row for row in explanation.slack() if row.event_id == options.event), None)
    if not options.json:
        print_operation(link, slack)
    return {"operation": link.to_json()} | ({} if slack is None else {"operationSlack": slack.to_json()})


def _of_the_solver(options: argparse.Namespace, request: OptimizationRequest) -> dict[str, Any]:
    if not (options.infeasible or options.lock_prices):
        return {}
    from app.explain_tasks import explain_infeasible, lock_prices  # starts the solver's process: not for the others

    told: dict[str, Any] = {}
    if options.infeasible:
        told["infeasible"] = explain_infeasible(request, options.time_limit)
        if not options.json:
            print_conflict(told["infeasible"])
    if options.lock_prices:
        told["lockPrices"] = lock_prices(request, options.time_limit)
        if not options.json:
            print_prices(told["lockPrices"])
    return told


def _slot(text: str, plan: Schedule) -> tuple[str | None, int]:
    """Return resource and start of ``RESOURCE,START``; the part before the last comma is the resource."""
    resource_id, comma, start = text.rpartition(",")
    try:
        if not comma:
            raise ValueError("write RESOURCE,START, for example LAT-1,2026-11-23T06:00")
        return resource_id or None, to_ms(parse_instant(start, zone_of(plan.metadata.time_zone)))
    except ValueError as error:
        raise _bad_slot(text, str(error)) from None


def _bad_slot(text: str, reason: str) -> TaktwerkError:
    return invalid_schedule([Fault("--at", text, reason)])
