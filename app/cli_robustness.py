"""``taktwerk robustness``: what becomes of a plan when durations differ and machines break down."""

from __future__ import annotations

import argparse

from app import exchange
from app.cli_files import add_format_argument, with_result
from app.cli_output import note, print_json, print_table
from app.config import Settings
from app.exchange import taktwerk_json
from app.exchange.text import write_bytes
from app.robustness import DEFAULT_REPLICATIONS, MOST_REPLICATIONS, ReplaySettings, assess, history_of
from engine.instants import to_ms, zone_of
from engine.model import Schedule
from engine.robustness import HandOff, ItemRisk, RobustnessReport
from engine.wording import length, moment

_SHOWN_ITEMS = 25
_SHOWN_HAND_OFFS = 15


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("input", metavar="INPUT", help="a schedule with a plan, or a request; - reads standard input")
    parser.add_argument("--result", metavar="OUT.json", help="replay this result of an optimisation of INPUT")
    parser.add_argument(
        "--replications", metavar="N", type=_count, default=DEFAULT_REPLICATIONS, help="how often; the default is 1000"
    )
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="equal numbers give equal reports")
    parser.add_argument(
        "--distributions", metavar="FILE", help="what may differ; by default learnt from completed operations"
    )
    parser.add_argument(
        "--history", metavar="SCHEDULE", help="learn from the versions of this stored schedule (its id) as well"
    )
    parser.add_argument(
        "--may-start-earlier", action="store_true", help="begin as soon as possible, not at the planned start"
    )
    parser.add_argument(
        "--overtime",
        metavar="MIN",
        type=_minutes,
        default=0.0,
        help="how far uninterruptible work may run into a break",
    )
    add_format_argument(parser)
    parser.add_argument("-o", "--output", metavar="OUT.json", help="write the report here")
    parser.add_argument("--progress", action="store_true", help="print the per cent done to standard error")
    parser.add_argument("--json", action="store_true", help="print the report as one JSON document")


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Replay the plan and print the report."""
    schedule = exchange.read(options.input, options.format)
    if options.result:
        schedule = with_result(schedule, options.result)
    wish = ReplaySettings(
        replications=options.replications,
        seed=options.seed,
        may_start_earlier=options.may_start_earlier,
        overtime_minutes=options.overtime,
        distributions=options.distributions,
    )
    history = history_of(settings.database, options.history) if options.history else ()
    report = assess(schedule, wish, history, _Progress() if options.progress else None)
    if options.output:
        write_bytes(taktwerk_json.render(report), options.output)
    if options.json:
        print_json(report.to_json())
    else:
        _tell(schedule, report)
    return 0


class _Progress:
    """Prints each new per cent once."""

    def __init__(self) -> None:
        self._last = -1

    def __call__(self, share: float) -> bool:
        percent = int(share * 100)
        if percent > self._last:
            self._last = percent
            note(f"{percent} %")
        return True


def _tell(schedule: Schedule, report: RobustnessReport) -> None:
    zone = zone_of(schedule.metadata.time_zone)
    print(f"{report.operations:,} operations, {report.replications:,} replications. {_source(report)}")
    span = report.makespan
    usual, bad = _hours(span.p50), _hours(span.p90)
    print(f"Makespan: planned {_hours(span.planned)}, half of the time at most {usual}, P90 {bad}.")
    if report.all_on_time is not None:
        print(
            f"Late: planned {report.planned_late}, expected {report.expected_late:.1f}; "
            f"nothing late in {100 * report.all_on_time:.1f} % of the replications."
        )
    for text in report.notes:
        note(text)

    def item(one: ItemRisk) -> list[str]:
        due = "" if one.due_date is None else moment(to_ms(one.due_date), zone)
        shares = (
            ""
            if one.on_time is None or one.low is None or one.high is None
            else (f"{100 * one.on_time:.1f} % ({100 * one.low:.0f}–{100 * one.high:.0f})")
        )
        return [one.name, due, shares, _rough(one.expected_tardiness), _rough(one.p90_tardiness)]

    dated = [one for one in report.items if one.due_date is not None]
    columns = ("Order", "Due", "On time", "Expected lateness", "P90 lateness")
    print_table(_title("Orders", len(dated), _SHOWN_ITEMS), columns, map(item, dated[:_SHOWN_ITEMS]))
    _tell_hand_offs(schedule, report.hand_offs)
    if report.broken_limits:
        rows = [
            [limit.kind, ", ".join(limit.event_ids), f"{100 * limit.share:.1f} %"] for limit in report.broken_limits
        ]
        title = _title("Hard limits that luck can break", len(rows), _SHOWN_HAND_OFFS)
        print_table(title, ("Rule", "Operations", "How often"), rows[:_SHOWN_HAND_OFFS])


def _tell_hand_offs(schedule: Schedule, hand_offs: tuple[HandOff, ...]) -> None:
    if not hand_offs:
        print("No delay is passed on.")
        return
    names = {op.id: op.name or op.id for op in schedule.snapshot.events}
    places = {resource.id: resource.name or resource.id for resource in schedule.snapshot.resources}
    rows = [
        [
            names[one.from_event],
            names[one.to_event],
            places[one.resource_id] if one.resource_id is not None else one.kind,
            f"{100 * one.share:.0f} %",
            _rough(one.mean_delay),
            _rough(one.buffer),
        ]
        for one in hand_offs[:_SHOWN_HAND_OFFS]
    ]
    columns = ("From", "To", "Over", "How often", "Delay then", "Buffer")
    print_table(_title("Fragile hand-offs", len(hand_offs), _SHOWN_HAND_OFFS), columns, rows)


def _title(title: str, count: int, shown: int) -> str:
    return f"{title} (the worst {shown} of {count})" if count > shown else title


def _source(report: RobustnessReport) -> str:
    source = report.source
    if source.kind == "given":
        return "Distributions as given."
    if not source.samples:
        return "No completed operation to learn from: durations are assumed to vary by 15 %."
    count = "1 completed operation" if source.samples == 1 else f"{source.samples:,} completed operations"
    return f"Learnt from {count}: work takes {source.mean:.2f} times as long as planned, ± {source.sd:.2f}."


def _rough(milliseconds: float) -> str:
    """A length to the minute."""
    return length(round(milliseconds / 60_000) * 60_000)


def _hours(milliseconds: float) -> str:
    return f"{milliseconds / 3_600_000:,.1f} h"


def _count(text: str) -> int:
    value = int(text)
    if not 1 <= value <= MOST_REPLICATIONS:
        raise argparse.ArgumentTypeError(f"a number from 1 to {MOST_REPLICATIONS:,}, not {text}")
    return value


def _minutes(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 10_000:
        raise argparse.ArgumentTypeError(f"minutes from 0 to 10,000, not {text}")
    return value
