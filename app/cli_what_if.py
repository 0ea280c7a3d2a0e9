"""``taktwerk what-if``: variants of one plan beside each other, and change budgets, from a small JSON file."""

from __future__ import annotations

import argparse
import contextlib
import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from app import exchange
from app.cli_files import add_format_argument
from app.cli_output import hours, note, print_json, print_table
from app.cli_versions_find import find_version
from app.config import Settings
from app.exchange.text import STANDARD_STREAM, read_bytes
from app.optimization import OptimizationService
from app.versions import VersionService
from app.what_if.budget import BudgetPoint, BudgetSweep
from app.what_if.changes import Experiment, Variant
from app.what_if.desk import Base, Entry, WhatIfDesk
from app.what_if.experiment import read_experiment, request_of
from app.what_if.figures import Figures, non_dominated
from app.what_if.waiting import AwaitedRuns
from engine.errors import Fault, invalid_schedule
from engine.model import OptimizationRequest, Schedule
from engine.wording import length
from storage.database import open_database

_COLUMNS = ("Makespan", "Late orders", "Tardiness", "Utilisation", "Setup time", "Cost", "Moved")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("input", metavar="INPUT", help="a plan's file, or a version: its id or SCHEDULE:NUMBER")
    parser.add_argument("experiment", metavar="WHATIF.json", help="variants, options and budgets; - reads stdin")
    parser.add_argument("--budgets", metavar="N,N,…", help="sweep change budgets too; wins over the file")
    parser.add_argument("--time-limit", metavar="S", type=float, help="seconds of each run; wins over the file")
    parser.add_argument("--parallel", metavar="N", type=int, help="runs at a time; the default is the setting's")
    parser.add_argument("--keep", metavar="VARIANT", action="append", default=[], help="keep it as a scenario")
    add_format_argument(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Try the variants and print what comes of them; 1 when one of them has no plan."""
    with contextlib.ExitStack() as stack:
        desk, runs, base = _desk(options, settings, stack)
        experiment = _experiment(options, base.schedule)
        with _cancelling(desk, base):
            entries = _tried(desk, runs, base, experiment)
            points = _swept(runs, base, experiment)
            kept = [_keep(desk, entries, name) for name in options.keep]
    if options.json:
        print_json(_document(base, entries, points, kept))
    else:
        _tell(base, entries, points, kept)
    return 0 if all(entry.figures for entry in entries) else 1


def _desk(
    options: argparse.Namespace, settings: Settings, stack: contextlib.ExitStack
) -> tuple[WhatIfDesk, OptimizationService, Base]:
    """Return the desk on the database, or for a file on one that is gone afterwards."""
    is_file = options.input == STANDARD_STREAM or Path(options.input).exists()
    if is_file and options.keep:
        raise _wrong("--keep", options.keep[0], "a scenario needs a version in the database as INPUT, not a file")
    where = settings.database
    if is_file:
        where = str(Path(stack.enter_context(tempfile.TemporaryDirectory())) / "what-if.db")
    database = open_database(where)
    stack.callback(database.close)
    versions = VersionService(database, settings.user)
    if is_file:
        data = exchange.read_input(options.input, options.format)
        plan = data.schedule_data if isinstance(data, OptimizationRequest) else data
        version = versions.import_schedule(plan)
    else:
        version = find_version(versions, options.input)
    parallel = settings.max_running if options.parallel is None else options.parallel
    if not 1 <= parallel <= 64:
        raise _wrong("--parallel", parallel, "it lies between 1 and 64")
    runs = OptimizationService(database, parallel, settings.user)
    stack.callback(runs.close)
    with database.read() as view:
        profiles = {profile.name: profile.id for profile in view.profiles.list()}
    desk = WhatIfDesk(runs, versions, profiles)
    return desk, runs, desk.base(version)


def _experiment(options: argparse.Namespace, schedule: Schedule) -> Experiment:
    found = read_experiment(read_bytes(options.experiment), options.experiment, schedule)
    document = found.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)
    if options.time_limit is not None:
        document.setdefault("options", {})["timeLimit"] = options.time_limit
        for variant in document.get("variants", []):
            variant.get("options", {}).pop("timeLimit", None)
    if options.budgets:
        parts = options.budgets.split(",")
        document["budgets"] = [int(part) if part.strip().isdigit() else part for part in parts]
    unknown = [name for name in options.keep if name not in {variant.name for variant in found.variants}]
    if unknown:
        raise _wrong("--keep", unknown[0], "no variant of the file has this name")
    return read_experiment(json.dumps(document).encode(), options.experiment, schedule)


def _tried(desk: WhatIfDesk, runs: OptimizationService, base: Base, experiment: Experiment) -> list[Entry]:
    ids = desk.start(base, experiment.variants, experiment.options)
    waiting = AwaitedRuns(runs, base)
    for variant, run_id in zip(experiment.variants, ids, strict=True):
        waiting.wait(run_id)
        note(f"{variant.name}: {runs.status(run_id).status.value}")
    by_id = {entry.run_id: entry for entry in desk.entries(base.schedule_id, base.version_id)}
    return [by_id[run_id] for run_id in ids]


def _swept(runs: OptimizationService, base: Base, experiment: Experiment) -> list[BudgetPoint]:
    if not experiment.budgets:
        return []
    request = request_of(Variant(name="Change budget"), base.schedule, experiment.options)

    def tell(point: BudgetPoint) -> None:
        note(f"{_most(point)}: {_native(point.objective, point.value)}")

    sweep = BudgetSweep(request, AwaitedRuns(runs, base), tell=tell)
    return sweep.run(experiment.budgets)


def _keep(desk: WhatIfDesk, entries: Sequence[Entry], name: str) -> str:
    entry = next(one for one in entries if one.name == name)
    return f"{name}: version {desk.keep(entry.run_id, name).number}"


@contextlib.contextmanager
def _cancelling(desk: WhatIfDesk, base: Base) -> Iterator[None]:
    """Cancel what is under way when the command is interrupted."""
    try:
        yield
    except KeyboardInterrupt:
        desk.cancel_all(base.schedule_id, base.version_id)
        raise


def _document(
    base: Base, entries: Sequence[Entry], points: Sequence[BudgetPoint], kept: Sequence[str]
) -> dict[str, object]:
    best = _best(entries)
    return {
        "base": {"version": base.number, "metrics": Figures.of_plan(base.schedule).to_json()},
        "variants": [
            {
                "name": entry.name,
                "changes": entry.words,
                "runId": entry.run_id,
                "status": entry.view.status.value,
                "metrics": entry.figures.to_json() if entry.figures else None,
                "error": entry.view.error.to_json() if entry.view.error else None,
                "nonDominated": entry.run_id in best,
            }
            for entry in entries
        ],
        "budgets": [point.to_json() for point in points],
        "kept": list(kept),
    }


def _best(entries: Sequence[Entry]) -> set[str]:
    """The variants that none beats in tardiness, makespan and cost at once."""
    known = [(entry, entry.figures) for entry in entries if entry.figures is not None]
    stands = non_dominated([(f.total_tardiness_ms, f.makespan_ms, f.cost) for _, f in known])
    return {entry.run_id for (entry, _), stand in zip(known, stands, strict=True) if stand}


def _tell(base: Base, entries: Sequence[Entry], points: Sequence[BudgetPoint], kept: Sequence[str]) -> None:
    best = _best(entries)
    rows = [["", "Present plan", *_cells(Figures.of_plan(base.schedule)), ""]]
    for entry in entries:
        if entry.figures is None:
            why = entry.view.error.message if entry.view.error else entry.view.status.value
            rows.append(["", entry.name, *[""] * len(_COLUMNS), f"{entry.words}. {why}"])
        else:
            mark = "*" if entry.run_id in best else ""
            rows.append([mark, entry.name, *_cells(entry.figures), entry.words])
    print_table(
        "Variants (* = none is better in tardiness, makespan and cost)", ("", "Name", *_COLUMNS, "Changes"), rows
    )
    if points:
        budgets = [[_most(p), str(p.moved), _native(p.objective, p.value), *_cells(p.figures)[:-1]] for p in points]
        print_table("Change budget", ("Budget", "Moved", "Goal", *_COLUMNS[:-1]), budgets)
    for line in kept:
        print(f"Kept as scenario {line}")


def _cells(found: Figures) -> list[str]:
    return [
        length(found.makespan_ms),
        str(found.late_orders),
        hours(found.total_tardiness_ms),
        f"{100 * found.utilization:.1f} %",
        hours(found.setup_ms),
        f"{found.cost:,.0f}",
        str(found.moved),
    ]


def _most(point: BudgetPoint) -> str:
    return "any number" if point.budget is None else f"at most {point.budget}"


def _native(objective: str, value: float) -> str:
    if objective in ("minimize_makespan", "minimize_tardiness", "minimize_setup"):
        return hours(value)
    return f"{value / 10_000:.1f} %" if objective == "balance_resources" else f"{value:,.2f}"


def _wrong(where: str, value: object, reason: str) -> Exception:
    return invalid_schedule([Fault(where, str(value)[:80], reason)], "command")
