"""``taktwerk bench``: this engine beside others on any set of instances."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from app.bench import cells, comparison, peers, report
from app.bench.cells import Cell, Results
from app.bench.gaps import family_lines
from app.bench.manifest import BUNDLED, pick, read_manifest, read_selection, select
from app.cli_output import note, print_json, print_table
from app.config import Settings
from engine.errors import Fault, invalid_schedule

_DEFAULT_TIME_S = 10.0
_DEFAULT_WORKERS = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--manifest", metavar="FILE", help="the instances; the default is the small set that is built in"
    )
    parser.add_argument(
        "--select", metavar="FILE", help="only the instances that this CSV file lists (family, instance)"
    )
    parser.add_argument("--family", metavar="F", nargs="+", default=[], help="only these families")
    parser.add_argument("--instance", metavar="I", nargs="+", default=[], help="only these instances")
    parser.add_argument("--per-family", metavar="N", type=int, help="at most N of each family, spread over its sizes")
    parser.add_argument(
        "--time-limit", metavar="S", type=float, default=_DEFAULT_TIME_S, help="seconds a run, default 10"
    )
    parser.add_argument("--workers", metavar="N", type=int, default=_DEFAULT_WORKERS, help="solver threads, default 2")
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="of every solver, default 0")
    parser.add_argument(
        "--algorithm", metavar="A", nargs="+", default=["auto"], help=f"ours: {', '.join(comparison.ALGORITHMS)}"
    )
    parser.add_argument("--peers", metavar="P,P", default="", help=f"others beside: {', '.join(peers.PACKAGES)}")
    parser.add_argument("--peer-python", metavar="FILE", help="the Python that has the peers; the default is this one")
    parser.add_argument("-o", "--output", metavar="RESULTS.json", type=Path, help="write every result here at once")
    parser.add_argument("--resume", action="store_true", help="go on with that file; what it has is not repeated")
    parser.add_argument("--report", metavar="RESULTS.json", help="measure nothing; print these results as Markdown")
    parser.add_argument("--title", metavar="T", default="Benchmark", help="the heading of the report")
    parser.add_argument("--json", action="store_true", help="print everything as one JSON document")


def run(options: argparse.Namespace, _settings: Settings) -> int:
    """Measure and print, or print what was measured before."""
    if options.report:
        _print_report(cells.load(options.report), options)
        return 0
    plan = _plan(options)
    if options.resume and options.output is None:
        raise _wrong("--resume", "", "name the file to go on with: --output RESULTS.json")
    results = cells.begin(plan.conditions(), options.output, options.resume)
    try:
        comparison.compare(plan, results, _tell)
    except KeyboardInterrupt:
        if options.output is None:
            raise
        note(f"Stopped. What was measured is in {options.output}; --resume goes on with it.")
        return 130
    if options.json:
        print_json(report.to_json(results))
    else:
        _print_lines(results)
    return 0


def _plan(options: argparse.Namespace) -> comparison.Plan:
    unknown = sorted(set(options.algorithm) - set(comparison.ALGORITHMS))
    if unknown:
        known = ", ".join(comparison.ALGORITHMS)
        raise _wrong("--algorithm", ", ".join(unknown), f"unknown algorithm; known are {known}")
    for name in ("time_limit", "workers", "per_family"):
        value = getattr(options, name)
        if value is not None and not value > 0:
            raise _wrong(f"--{name.replace('_', '-')}", value, "a number above 0 is expected")
    if options.seed < 0:
        raise _wrong("--seed", options.seed, "a number of 0 or more is expected")
    instances = read_manifest(options.manifest or BUNDLED)
    if options.select:
        instances = pick(instances, read_selection(options.select))
    python = options.peer_python or sys.executable
    return comparison.Plan(
        instances=select(instances, options.family, options.instance, options.per_family),
        algorithms=list(dict.fromkeys(options.algorithm)),
        peers=_peers(options.peers, python),
        python=python,
        time_limit=options.time_limit,
        workers=options.workers,
        seed=options.seed,
    )


def _peers(wanted: str, python: str) -> dict[str, dict[str, str | None]]:
    """Return the peers that are there, and tell which are not."""
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    unknown = [name for name in names if name not in peers.PACKAGES]
    if unknown:
        raise _wrong("--peers", ", ".join(unknown), f"unknown solver; known are {', '.join(peers.PACKAGES)}")
    found = peers.installed(python, names) if names else {}
    for name in names:
        if name not in found:
            missing = f"the package {peers.PACKAGES[name]}" if peers.script_of(name).is_file() else "its script"
            note(f"{name} is not installed here ({missing} is missing); going on without it.")
    return found


def _wrong(option: str, value: object, reason: str) -> Exception:
    return invalid_schedule([Fault(option, value, reason)], "command")


def _tell(cell: Cell, number: int, count: int) -> None:
    note(report.progress_line(cell, number, count))


def _print_lines(results: Results) -> None:
    lines = family_lines(results.cells)
    print_table("Benchmark", report.COLUMNS, report.table_rows(lines))
    _print_all(report.shortfalls(lines))


def _print_all(texts: Sequence[str]) -> None:
    for text in texts:
        print(text)


def _print_report(results: Results, options: argparse.Namespace) -> None:
    if options.json:
        print_json(report.to_json(results))
    else:
        print(report.markdown(results, options.title), end="")
