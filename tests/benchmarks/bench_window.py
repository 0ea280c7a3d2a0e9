"""How long the real window is held up by each thing a planner does on a large plant.

    QT_QPA_PLATFORM=offscreen python -m tests.benchmarks.bench_window [--operations 10000] [--time-limit 30]

A timer asks for its turn every 5 ms. A *stall* is how much later than that it gets it; per step, the longest, beside
that of a window in which nothing goes on. *Busy* is the longest CPU time that the interface's thread took between two
turns: what is left of a stall on a machine that does nothing else. *Hand* is the slowest call of a gesture, from the
page's request to its answer, or of submitting a run, on the clock and in CPU time.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSettings, Qt, QTimer

from app.commands import with_operations
from app.merging import MergeService
from app.optimization import OptimizationService
from app.sample.planning import HurriedPlanner
from app.versions import VersionService
from engine.instants import from_ms, to_ms
from engine.model import Operation, Schedule, Status
from storage.database import Database, open_database
from tests.benchmarks.output import print_table, write_figures
from tests.benchmarks.plants import grown_plant
from tests.support.qt import pause, wait
from ui.application import make_application
from ui.background import wait_for_background
from ui.compare.side import Side
from ui.main_window import MainWindow
from ui.scheme import register_scheme
from ui.services import Services
from ui.studio.catalog import Catalog

BEAT_MS = 5
HOUR_MS = 3_600_000
GESTURES = 8
_SHIFT = 2
"""The column of the list of changes that says how much later an operation starts."""


class Beat:
    """The longest stall since it was last asked."""

    def __init__(self) -> None:
        self._last, self._cpu = time.perf_counter(), time.thread_time()
        self._stalls: list[float] = []
        self._busy: list[float] = []
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start(BEAT_MS)

    def _beat(self) -> None:
        now, cpu = time.perf_counter(), time.thread_time()
        self._stalls.append(max(0.0, (now - self._last) * 1000 - BEAT_MS))
        self._busy.append((cpu - self._cpu) * 1000)
        self._last, self._cpu = now, cpu

    def take(self) -> dict[str, Any]:
        """Return the figures since the last time, in ms, and begin anew."""
        pause(2 * BEAT_MS)
        stalls, self._stalls = self._stalls, []
        busy, self._busy = self._busy, []
        return {
            "longest stall ms": round(max(stalls, default=0.0), 1),
            "stalls > 50 ms": sum(stall > 50 for stall in stalls),
            "longest busy ms": round(max(busy, default=0.0), 1),
            "busy > 50 ms": sum(ms > 50 for ms in busy),
        }


class Desk:
    """The window on a database of its own, worked by a script."""

    def __init__(self, folder: Path, schedule: Schedule, time_limit_s: float) -> None:
        self.database: Database = open_database(folder / "bench.db")
        self.versions = VersionService(self.database, "bench")
        self.runs = OptimizationService(self.database, 1, "bench")
        with self.database.read() as view:
            catalog = Catalog(view.algorithms.list(), view.profiles.list())
        settings = QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat)
        self.schedule_id = self.versions.import_schedule(schedule).schedule_id
        merges = MergeService(self.database, self.versions, "bench")
        self.window = MainWindow(Services(self.versions, self.runs, catalog, "bench", settings, merges=merges))
        self.window.resize(1500, 940)
        self.window.show()
        self.time_limit_s = time_limit_s
        self.beat = Beat()
        self.rows: list[dict[str, Any]] = []
        self._hand_ms = self._hand_cpu_ms = 0.0

    def step(self, name: str, work: Callable[[], Any]) -> None:
        """Do one thing and note how long it held the window up."""
        self.beat.take()
        self._hand_ms = self._hand_cpu_ms = 0.0
        work()
        figures = self.beat.take()
        hand = {"hand ms": round(self._hand_ms, 1) or None, "hand cpu ms": round(self._hand_cpu_ms, 1) or None}
        self.rows.append({"step": name, **figures, **hand})
        print(f"  {name}", flush=True)

    def by_hand(self, call: Callable[[], Any]) -> Any:
        """Call something in the interface's thread and remember the slowest."""
        begun, cpu = time.perf_counter(), time.thread_time()
        result = call()
        self._hand_ms = max(self._hand_ms, (time.perf_counter() - begun) * 1000)
        self._hand_cpu_ms = max(self._hand_cpu_ms, (time.thread_time() - cpu) * 1000)
        return result

    @property
    def session(self) -> Any:
        return self.window.workbench.session

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send what the page would send."""
        text = json.dumps(request)
        answer = json.loads(self.by_hand(lambda: self.window.board._bridge.call(text)))
        assert answer["ok"], answer
        pause(150)
        return answer["data"]

    def open(self) -> None:
        self.window.open_schedule(self.schedule_id)
        wait(lambda: self.session is not None and self.window.board.is_ready, 120)
        pause(3_000)

    def movable(self) -> list[Operation]:
        ops = [op for op in self.session.working.snapshot.events if op.is_placed and op.status is Status.PLANNED]
        return [op for op in ops if not op.locked][:: max(1, len(ops) // GESTURES)][:GESTURES]

    def move_some(self) -> None:
        for op in self.movable():
            start = from_ms(self.session.facts.starts[op.id] + HOUR_MS).isoformat()
            self.ask({"method": "execute", "command": {"kind": "move", "eventId": op.id, "start": start}})

    def undo_some(self) -> None:
        for _ in range(GESTURES):
            self.ask({"method": "undo"})

    def redo_some(self) -> None:
        for _ in range(GESTURES):
            self.ask({"method": "redo"})

    def submit(self) -> None:
        setup = self.window.studio.setup
        setup.show_settings(replace(setup.settings(), time_limit_s=self.time_limit_s, workers=1))
        self.by_hand(self.window.run_flow.optimize)
        pause(300)

    def run_to_its_end(self) -> None:
        run = self.window.studio.active_run()
        assert run is not None
        wait(lambda: self.window.studio.active_run() is None, 600)
        ended = self.runs.status(run.run_id)
        if not ended.has_incumbent:
            raise SystemExit(f"The run {ended.status.value}: {ended.error}")

    def preview(self) -> None:
        wait(lambda: self.session.preview is not None, 60)
        pause(2_500)

    def apply(self) -> None:
        number = self.session.head.number
        self.by_hand(self.window.run_flow.apply)
        wait(lambda: self.session.head.number > number, 60)
        pause(2_500)

    def save(self) -> None:
        number = self.session.head.number
        self.by_hand(lambda: self.window.file_flow.save("bench"))
        wait(lambda: self.session.head.number > number, 60)
        pause(500)

    def compare(self) -> None:
        """Compare the first version with the last one."""
        flow, versions = self.window.compare_flow, self.versions.list(self.schedule_id)
        before, after = Side.of_version(versions[-1]), Side.of_version(versions[0])
        self.by_hand(lambda: flow.compare(before, after))
        wait(lambda: flow.comparison is not None and flow.comparison.after_name == after.name, 120)
        pause(2_500)

    def end_comparison(self) -> None:
        self.by_hand(self.window.compare_flow.end)
        pause(4_000)

    def close(self) -> None:
        self.window.close()
        wait_for_background(30_000)
        pause(50)
        self.runs.close()
        self.database.close()


def hurried_plant(operations: int) -> Schedule:
    """Return the sample plant grown, with the plan of a hurried person."""
    schedule = grown_plant(operations)
    begin = schedule.metadata.horizon_start or schedule.metadata.timestamp
    return with_operations(schedule, HurriedPlanner(schedule, to_ms(begin)).plan())


def measure(operations: int, time_limit_s: float) -> list[dict[str, Any]]:
    """Return one row per step."""
    schedule = hurried_plant(operations)
    print(f"{len(schedule.snapshot.events)} operations, {len(schedule.snapshot.resources)} resources", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder), schedule, time_limit_s)
        desk.step("open", desk.open)
        desk.step("idle", lambda: pause(5_000))
        desk.step(f"{GESTURES} moves", desk.move_some)
        desk.step(f"{GESTURES} undos", desk.undo_some)
        desk.step(f"{GESTURES} redos", desk.redo_some)
        desk.step("save a version", desk.save)
        desk.step("submit a run", desk.submit)
        desk.step("while it runs", desk.run_to_its_end)
        desk.step("its result arrives, preview", desk.preview)
        desk.step("apply it", desk.apply)
        desk.step("undo that", lambda: desk.ask({"method": "undo"}))
        desk.step("open again", desk.open)
        desk.step("compare two versions", desk.compare)
        desk.window.compare.operations.table.sortByColumn(_SHIFT, Qt.SortOrder.DescendingOrder)
        desk.step("end that", desk.end_comparison)
        desk.step("compare them, sorted", desk.compare)
        desk.close()
    return desk.rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--operations", type=int, default=10_000)
    parser.add_argument("--time-limit", type=float, default=30.0)
    parser.add_argument("--json", help="write the figures to this file too")
    given = parser.parse_args()
    register_scheme()
    application = make_application()
    rows = measure(given.operations, given.time_limit)
    print_table(rows)
    if given.json:
        write_figures(given.json, "window", vars(given), rows)
    application.quit()


if __name__ == "__main__":
    main()
