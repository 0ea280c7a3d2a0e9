"""Submitting and applying through each door, as ratios to the bare cost: JSON parse, validate, one insert.

    python -m tests.benchmarks.bench_api [--operations 100 1000 10000] [--repeats 5] [--json]

*Submit* ends when the run's id is there; *apply* when the version is on the disk. Each door does everything once before
it is timed; *first* is what that cost on a server just started. The bare cost is a commit that waits for the disk, as
every save does. The command line is timed in this process, without the start of Python. It has no queue and no apply of
its own: its column is ``versions import``.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.api.services import ApiLimits
from app.cli import main as command_line
from app.client import Client
from app.optimization import OptimizationService
from app.session import PlanningSession
from app.versions import VersionService
from engine.validate import parse_request
from storage import sqlite_file
from storage.database import open_database
from tests.benchmarks.output import print_table
from tests.support.api import an_api, serving
from tests.support.databases import line_schedule

REQUEST: dict[str, Any] = {"algorithmId": 4, "options": {"timeLimit": 20, "workers": 1}}


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """How long it took, in ms, and what it returned."""
    begun = time.perf_counter()
    made = work()
    return (time.perf_counter() - begun) * 1000, made


def bare(folder: Path, body: bytes) -> float:
    """Parse, validate, and insert one row that holds it."""
    database = sqlite_file.connect(folder / "bare.db")
    sqlite_file.turn_wal_on(folder / "bare.db")
    database.execute("CREATE TABLE plans (data BLOB)")

    def work() -> None:
        parse_request(body)
        database.execute("BEGIN IMMEDIATE")
        database.execute("INSERT INTO plans VALUES (?)", (body,))
        database.execute("COMMIT")

    work()
    took = timed(work)[0]
    database.close()
    return took


def window(folder: Path, body: bytes) -> dict[str, float]:
    """Submit and apply as the window does."""
    database = open_database(folder / "window.db")
    versions, runs = VersionService(database), OptimizationService(database)
    request = parse_request(body)
    info = versions.import_schedule(request.schedule_data)

    def once() -> tuple[float, float]:
        head = versions.head(info.schedule_id)
        submit, run_id = timed(lambda: runs.submit(request, schedule_id=info.schedule_id, base_version_id=head.id))
        while runs.status(run_id).completed_at is None:
            time.sleep(0.05)
        session = PlanningSession(versions, info.schedule_id, head, versions.data(head.id))
        result = runs.result(run_id).result
        assert result is not None
        session.show_preview(run_id, request.schedule_data, result)
        return submit, timed(session.apply_preview)[0]

    once()
    submit, apply = once()
    runs.close()
    database.close()
    return {"window submit": submit, "window apply": apply}


def http(folder: Path, body: bytes) -> dict[str, float]:
    """Submit and apply over HTTP, on a connection of its own each."""
    with an_api(folder, limits=ApiLimits(optimizations_per_minute=1_000)) as api, serving(api) as address:
        client = Client(address, api.token())
        schedule_id = client.import_schedule(json.loads(body)["scheduleData"])["scheduleId"]

        def once() -> tuple[float, float]:
            request = {**json.loads(body), "scheduleData": client.data(schedule_id)}
            submit, run_id = timed(lambda: client.submit(request))
            plan = client.wait(run_id)
            return submit, timed(lambda: client.apply(schedule_id, plan["result"]["versionId"]))[0]

        first = once()
        submit, apply = once()
        return {"http submit": submit, "http apply": apply, "http first submit": first[0]}


def prompt(folder: Path, body: bytes) -> float:
    """Import at the command line."""
    file = folder / "plan.json"
    file.write_bytes(json.dumps(json.loads(body)["scheduleData"]).encode())
    arguments = ["versions", "import", str(file), "--as-new", "--json", "--database", str(folder / "cli.db")]
    with contextlib.redirect_stdout(io.StringIO()):
        command_line(arguments)
        return timed(lambda: command_line(arguments))[0]


def measure(operations: int, repeats: int) -> dict[str, Any]:
    """One row of the table: medians in ms, and ratios to the bare cost."""
    schedule = line_schedule(operations, machines=max(2, operations // 20)).to_json()
    body = json.dumps({"scheduleData": schedule, **REQUEST}).encode()
    rows: list[dict[str, float]] = []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            row = {"bare": bare(folder, body), "cli import": prompt(folder, body)}
            rows.append(row | window(folder, body) | http(folder, body))
    median = {name: statistics.median(row[name] for row in rows) for name in rows[0]}
    ratios = {f"{name} ratio": round(value / median["bare"], 2) for name, value in median.items() if name != "bare"}
    return {"operations": operations, **{f"{name} ms": round(value, 1) for name, value in median.items()}, **ratios}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--operations", type=int, nargs="+", default=[100, 1_000, 10_000])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = [measure(count, options.repeats) for count in options.operations]
    print(json.dumps(rows, indent=2)) if options.json else print_table(rows)


if __name__ == "__main__":
    main()
