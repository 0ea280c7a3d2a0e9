"""What a long history costs: room, and time to save, open, compare, merge and verify.

    python -m tests.benchmarks.bench_versions [--operations 10000] [--versions 1000] [--changes 20] [--json F]

Each version moves ``--changes`` operations. ``file`` is the database, ``snapshot`` one version as plain JSON. Opening
is measured on the first, the last and versions spread between, in a service that remembers nothing; ``cpu`` is what it
takes of a core. The algebra is measured on two edits of 1,000 operations each, against parsing the two plans' JSON
texts (``ratio``).
"""

from __future__ import annotations

import argparse
import datetime as dt
import gc
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.versions import VersionService
from engine.diff import diff
from engine.merge import merge
from engine.model import Schedule
from storage import canonical
from storage.database import open_database
from tests.benchmarks.output import print_table, write_figures
from tests.support.databases import line_schedule


def shifted(schedule: Schedule, draw: random.Random, count: int) -> Schedule:
    """Return the plan with some operations moved by up to eight hours."""
    events = list(schedule.snapshot.events)
    for i in draw.sample(range(len(events)), count):
        op, shift = events[i], dt.timedelta(minutes=draw.randrange(-480, 480))
        assert op.start_date is not None and op.end_date is not None
        events[i] = op.altered({"start_date": op.start_date + shift, "end_date": op.end_date + shift})
    return schedule.model_copy(update={"snapshot": schedule.snapshot.model_copy(update={"events": tuple(events)})})


def timed(act: Callable[[], Any], times: int = 1) -> float:
    """Return the median seconds of a call."""
    found: list[float] = []
    for _ in range(times):
        begin = time.perf_counter()
        act()
        found.append(time.perf_counter() - begin)
    return statistics.median(found)


def history(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Save the versions, then look at them."""
    plan = line_schedule(options.operations, 20)
    snapshot = len(canonical.encode(plan).data)
    draw = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "versions.db"
        database = open_database(path)
        service = VersionService(database)
        info = service.import_schedule(plan)
        ids, saves = [info.id], list[float]()
        for _ in range(options.versions - 1):
            plan = shifted(plan, draw, options.changes)
            begin = time.perf_counter()
            info = service.save(info.schedule_id, info.id, plan)
            saves.append(time.perf_counter() - begin)
            ids.append(info.id)
        database.close()
        size = path.stat().st_size
        database = open_database(path)
        some = [ids[i] for i in {0, len(ids) - 1, *(len(ids) * k // 20 for k in range(20))}]
        begin = time.process_time()
        opens = [timed(lambda key=key: VersionService(database).data(key)) for key in some]
        opening_cpu = (time.process_time() - begin) / len(some)
        fresh = VersionService(database)
        rows = [
            {"what": "file MB", "value": size / 1e6},
            {"what": "snapshot MB", "value": snapshot / 1e6},
            {"what": "file / snapshot", "value": size / snapshot},
            {"what": "save s (median)", "value": statistics.median(saves)},
            {"what": "open s (median)", "value": statistics.median(opens)},
            {"what": "open s (worst)", "value": max(opens)},
            {"what": "open cpu s (mean)", "value": opening_cpu},
            {"what": "compare first and last s", "value": timed(lambda: fresh.compare(ids[0], ids[-1]))},
            {"what": "blame s", "value": timed(lambda: fresh.blame(ids[-1], "j0-o0"))},
            {"what": "history s", "value": timed(lambda: fresh.history(info.schedule_id))},
        ]
        begin = time.perf_counter()
        faults = fresh.verify(info.schedule_id)
        rows.append({"what": "verify all s", "value": time.perf_counter() - begin})
        rows.append({"what": "faults", "value": len(faults)})
        database.close()
    return rows


def algebra(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Compare and merge two edits of 1,000 operations each, as they come from the database: sharing nothing."""
    draw, base = random.Random(2), line_schedule(options.operations, 20)
    texts = [canonical.encode(plan).data for plan in (base, shifted(base, draw, 1_000), shifted(base, draw, 1_000))]
    gc.collect()
    gc.disable()
    one, ours, theirs = (canonical.decode(text) for text in texts)
    parse = timed(lambda: [canonical.decode(text) for text in texts[:2]], 5)
    compared = timed(lambda: diff(ours, theirs), 5)
    merged = timed(lambda: merge(one, ours, theirs), 5)
    gc.enable()
    return [
        {"what": "parse two texts s", "value": parse},
        {"what": "diff s", "value": compared},
        {"what": "diff ratio", "value": compared / parse},
        {"what": "merge s", "value": merged},
        {"what": "merge ratio", "value": merged / parse},
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--operations", type=int, default=10_000)
    parser.add_argument("--versions", type=int, default=1_000)
    parser.add_argument("--changes", type=int, default=20)
    parser.add_argument("--json", help="write the figures to this file")
    options = parser.parse_args()
    rows = [*algebra(options), *(history(options) if options.versions else [])]
    print_table(rows)
    if options.json:
        write_figures(options.json, "versions", vars(options), rows)


if __name__ == "__main__":
    main()
