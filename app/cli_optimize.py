"""``taktwerk optimize``: solve a file, with a live line on a terminal."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from app import exchange
from app.certificates import certify_response
from app.cli_files import add_format_argument
from app.cli_output import hours, metric_rows, note, print_json, print_table
from app.config import Settings
from app.exchange import taktwerk_json
from app.exchange.text import STANDARD_STREAM, read_bytes, write_bytes
from app.optimization import RunEvent, RunView, run_once
from app.profiles import laid_over
from engine.errors import ErrorCode, Fault, TaktwerkError, invalid_schedule
from engine.metrics import metrics, objective_name
from engine.model import OBJECTIVES, OptimizationRequest, OptimizationResponse
from engine.validate import parse_request
from storage.database import open_database

ALGORITHMS = {"auto": 1, "cp-sat": 2, "cp-sat-lns": 3, "dispatch": 4}
_TIME_OBJECTIVES = ("minimize_makespan", "minimize_tardiness", "minimize_setup")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("input", metavar="INPUT", help="a schedule, a request or a benchmark file; - reads stdin")
    parser.add_argument("--request", metavar="R.json", help="the other fields of the request, for a schedule")
    parser.add_argument(
        "--objective", metavar="O", help=f"{', '.join(OBJECTIVES)}; several, separated by commas, make a ladder"
    )
    parser.add_argument("--algorithm", metavar="A", help=f"{', '.join(ALGORITHMS)}, or its number")
    parser.add_argument("--time-limit", metavar="S", type=float, help="seconds; the default is 30")
    parser.add_argument("--workers", metavar="N", type=int, help="solver threads; the default is the machine's cores")
    parser.add_argument("--seed", metavar="N", type=int, help="a number; others give other searches")
    add_format_argument(parser)
    parser.add_argument("-o", "--output", metavar="OUT.json", help="write the response here; - is standard output")
    parser.add_argument("--certificate", metavar="FILE", help="write what `replay` checks the run by here")
    parser.add_argument("--json", action="store_true", help="print the response as one JSON document")


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Optimise, write and print the response; 1 when there is no plan."""
    request = request_of(options, settings)
    if not options.json and options.output != STANDARD_STREAM:
        _introduce(request)
    with _stop_on_interrupt() as stop, _live_line(request) as show:
        try:
            response = run_once(request, show, stop)
        except KeyboardInterrupt:
            raise TaktwerkError(ErrorCode.INTERRUPTED, "The run was cancelled.") from None
    if options.output:
        write_bytes(taktwerk_json.render(response), options.output)
    certificate = certify_response(request, response) if options.certificate else None
    if certificate is not None:
        write_bytes(taktwerk_json.render(certificate), options.certificate)
    if response.result is None or response.error is not None:
        raise _failure(response)
    if options.json and options.output != STANDARD_STREAM:
        print_json(response.to_json())
    elif options.output != STANDARD_STREAM:
        _tell(request, response)
        if options.output:
            print(f"The response is in {options.output}.")
    return 0


def request_of(options: argparse.Namespace, settings: Settings) -> OptimizationRequest:
    """Return the request of the arguments: INPUT, then ``--request``, then single options, the later ones winning.

    Raises
    ------
    TaktwerkError
        E001 with every fault, E006, E012.
    """
    data = exchange.read_input(options.input, options.format)
    request = data if isinstance(data, OptimizationRequest) else OptimizationRequest(schedule_data=data)
    given = _request_file(options.request) if options.request else {}
    changes = _single_options(options)
    if not given and not changes and request.profile_id is None:
        return request
    document = request.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_unset=True)
    document["scheduleData"] = request.schedule_data.to_json()
    merged = laid_over(document.get("options", {}), given.get("options", {}))
    document.update(given)
    if "algorithm" in changes:
        document["algorithmId"] = changes.pop("algorithm")
    document["options"] = laid_over(merged, changes)
    return parse_request(_with_profile(document, settings))


def _request_file(path: str) -> dict[str, Any]:
    document = taktwerk_json.load(read_bytes(path), path)
    if "scheduleData" in document:
        reason = "INPUT holds the schedule already; give this file as INPUT, or leave the field out"
        raise invalid_schedule([Fault(f"{path}: scheduleData", "...", reason)])
    if not isinstance(document.get("options", {}), dict):
        raise invalid_schedule([Fault(f"{path}: options", str(document["options"])[:80], "an object is expected")])
    return document


def _single_options(options: argparse.Namespace) -> dict[str, Any]:
    """Return what was given on the command line, by wire name."""
    changes: dict[str, Any] = {}
    if options.objective:
        names = [name.strip() for name in options.objective.split(",")]
        changes.update({"objectives": names} if len(names) > 1 else {"objective": names[0]})
    if options.algorithm:
        number = ALGORITHMS.get(options.algorithm) or (int(options.algorithm) if options.algorithm.isdigit() else None)
        if number not in ALGORITHMS.values():
            known = ", ".join(f"{name} ({number})" for name, number in ALGORITHMS.items())
            raise invalid_schedule([Fault("--algorithm", options.algorithm, f"unknown algorithm; known are {known}")])
        changes["algorithm"] = number
    single = {"timeLimit": options.time_limit, "workers": options.workers, "seed": options.seed}
    return changes | {name: value for name, value in single.items() if value is not None}


def _with_profile(document: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """Lay the request's own fields over those of the stored profile that it names."""
    number = document.get("profileId")
    if not isinstance(number, int):
        return document
    database = open_database(settings.database)
    try:
        with database.read() as view:
            profile = view.profiles.get(number)
    finally:
        database.close()
    merged = laid_over(profile.options, document.get("options", {}))
    return {"algorithmId": profile.algorithm_id, **document, "options": merged}


@contextmanager
def _stop_on_interrupt() -> Iterator[threading.Event]:
    """Give an event that the first Ctrl+C sets (stop and keep); the second one cancels."""
    stop = threading.Event()

    def on_interrupt(_signal: int, _frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        note("Stopping with the best plan so far (Ctrl+C again cancels).")

    if threading.current_thread() is not threading.main_thread():
        yield stop  # handlers can be set in the main thread only
        return
    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


class _LiveLine:
    """One line about the run as it stands, drawn anew several times a second."""

    def __init__(self, request: OptimizationRequest) -> None:
        self._objective = objective_name(request)
        self._limit_s = request.options.time_limit
        self._began = time.monotonic()
        self._view: RunView | None = None

    def take(self, event: RunEvent) -> None:
        """Note how the run stands."""
        self._view = event.view

    def __rich__(self) -> Text:
        elapsed = min(time.monotonic() - self._began, self._limit_s + 1)
        parts = [f"{elapsed:3.0f} s of {self._limit_s:g} s"]
        view = self._view
        if view is not None:
            if view.objective is not None:
                parts.append(f"best {_native(self._objective, view.objective)}")
            if view.bound is not None:
                parts.append(f"bound {_native(self._objective, view.bound)}")
            if view.gap is not None:
                parts.append(f"gap {100 * view.gap:.1f} %")
            parts.append(view.step or "Starting")
        return Text(" · ".join(parts), no_wrap=True, overflow="ellipsis")


@contextmanager
def _live_line(request: OptimizationRequest) -> Iterator[Callable[[RunEvent], None] | None]:
    """Show a live line on standard error while the run goes on, if that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    line = _LiveLine(request)
    with Live(line, console=Console(stderr=True), refresh_per_second=5, transient=True):
        yield line.take


def _native(objective: str, value: float) -> str:
    """Return an objective's value in words of its unit."""
    if objective in _TIME_OBJECTIVES:
        return hours(value)
    return f"{value / 10_000:.1f} %" if objective == "balance_resources" else f"{value:,.2f}"


def _introduce(request: OptimizationRequest) -> None:
    shot = request.schedule_data.snapshot
    name = request.schedule_data.metadata.name or "The schedule"
    print(
        f"{name}: {len(shot.events):,} operations, {len(shot.orders):,} orders, {len(shot.resources):,} resources. "
        f"Objective {objective_name(request)}, at most {request.options.time_limit:g} s.",
        flush=True,
    )


def _tell(request: OptimizationRequest, response: OptimizationResponse) -> None:
    assert response.result is not None
    after = response.result.metrics
    is_placed = any(operation.is_placed for operation in request.schedule_data.snapshot.events)
    before = metrics(request, request.schedule_data) if is_placed else None
    columns = ("Figure", "Before", "After") if before else ("Figure", "Value")
    print_table("Key figures", columns, metric_rows(after, before))
    if after.objective and after.objective_value is not None:
        bound = "" if after.best_bound is None else f", bound {_native(after.objective, after.best_bound)}"
        gap = "" if after.gap is None else f", gap {100 * after.gap:.1f} %"
        proof = "proven optimal" if after.proof == "optimal" else "not proven optimal"
        print(f"{after.objective}: {_native(after.objective, after.objective_value)}{bound}{gap}, {proof}.")
    print(f"{after.changed_events:,} operations changed, {(after.solve_ms or 0) / 1000:.1f} s.")
    for warning in response.result.warnings:
        print(f"Note: {warning}")


def _failure(response: OptimizationResponse) -> TaktwerkError:
    if response.error is None:
        return TaktwerkError(ErrorCode.INTERRUPTED, "The run was stopped before it had found a plan.")
    return TaktwerkError(ErrorCode(response.error.code), response.error.message, response.error.details)
