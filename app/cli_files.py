"""``taktwerk check`` and ``taktwerk convert``: commands on files alone."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from app import exchange
from app.cli_output import metric_rows, note, print_json, print_table
from app.config import Settings
from app.exchange import taktwerk_json
from app.exchange.share import Sharing
from app.exchange.text import STANDARD_STREAM, read_bytes
from engine.apply import apply_result
from engine.check import Violation, check
from engine.errors import ErrorCode, TaktwerkError
from engine.instants import format_instant, from_ms
from engine.metrics import metrics
from engine.model import OptimizationRequest, OptimizationResponse, Schedule

_SHOWN_VIOLATIONS = 50


def add_check_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``check``."""
    parser.add_argument("input", metavar="INPUT", help="a schedule or request; - reads standard input")
    parser.add_argument("--result", metavar="OUT.json", help="check this result of an optimisation of INPUT")
    add_format_argument(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def add_format_argument(parser: argparse.ArgumentParser) -> None:
    """Declare ``--format``, which names the input's format."""
    parser.add_argument("--format", metavar="NAME", help=f"format of the input: {', '.join(exchange.NAMES)}")


def add_convert_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``convert``."""
    parser.add_argument("input", metavar="IN", help="the file to read; - reads standard input")
    parser.add_argument("output", metavar="OUT", help="the file to write; - writes standard output")
    add_format_argument(parser)
    parser.add_argument("--to", metavar="NAME", help="format of OUT, by default told from its ending")
    parser.add_argument("--base", metavar="FILE", help="show the differences to this plan (html, pdf, excel, csv)")
    parser.add_argument("--resource", metavar="ID", help="only this resource's work (ics)")
    parser.add_argument("--table", metavar="NAME", help="which table (csv)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def check_plan(options: argparse.Namespace, _settings: Settings) -> int:
    """Check a plan, print every violation and the key figures; 1 when there is a violation."""
    data = exchange.read_input(options.input, options.format)
    request = data if isinstance(data, OptimizationRequest) else OptimizationRequest(schedule_data=data)
    base = request.schedule_data
    plan = base
    if options.result:
        plan = with_result(base, options.result)
        violations = check(plan, base=base, request=request)
    else:
        violations = check(plan)
    figures = metrics(request, plan, violations=violations)
    if options.json:
        print_json({"violations": [violation_json(item) for item in violations], "metrics": figures.to_json()})
        return 1 if violations else 0
    for item in violations[:_SHOWN_VIOLATIONS]:
        print(f"{item.rule}: {item.message}")
    if len(violations) > _SHOWN_VIOLATIONS:
        print(f"and {len(violations) - _SHOWN_VIOLATIONS} more (--json lists them all)")
    count = "1 violation." if len(violations) == 1 else f"{len(violations)} violations."
    print(count if violations else "The plan keeps every rule.")
    print_table("Key figures", ("Figure", "Value"), metric_rows(figures))
    return 1 if violations else 0


def violation_json(item: Violation) -> dict[str, Any]:
    """Return a violation as plain JSON data in wire names."""
    document: dict[str, Any] = {"rule": item.rule, "message": item.message, "eventIds": list(item.event_ids)}
    for name, value in (("resourceId", item.resource_id), ("constraintId", item.constraint_id)):
        if value is not None:
            document[name] = value
    for name, at_ms in (("start", item.start_ms), ("end", item.end_ms)):
        if at_ms is not None:
            document[name] = format_instant(from_ms(at_ms))
    if item.amount_ms is not None:
        document["amount"] = item.amount_ms
    return document


def with_result(base: Schedule, path: str) -> Schedule:
    """Return the schedule with the placements of a response laid over it."""
    response: OptimizationResponse = taktwerk_json.parse_response(read_bytes(path), path)
    if response.result is None:
        reason = f": {response.error.message}" if response.error else ""
        raise TaktwerkError(
            ErrorCode.NOT_FOUND, f"{path} holds no plan; its run is {response.status.value}{reason}", {"path": path}
        )
    return apply_result(base, response.result.events)


def convert(options: argparse.Namespace, _settings: Settings) -> int:
    """Read one format and write another; what is lost is told."""
    data, notes = exchange.read_noted(options.input, options.format)
    schedule = data.schedule_data if isinstance(data, OptimizationRequest) else data
    base = exchange.read(options.base) if options.base else None
    base_title = Path(options.base).stem if options.base else ""
    sharing = Sharing(base=base, base_title=base_title, resource=options.resource, table=options.table)
    notes += exchange.write(schedule, options.output, options.to, sharing)
    if options.output == STANDARD_STREAM:
        for text in notes:
            note(text)
    elif options.json:
        print_json({"output": options.output, "operations": len(schedule.snapshot.events), "notes": notes})
    else:
        for text in notes:
            print(text)
        print(f"{options.output}: {len(schedule.snapshot.events):,} operations written.")
    return 0
