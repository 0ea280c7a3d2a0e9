"""How long the window is held up while the Explain dock works out its pages on a large plant.

    QT_QPA_PLATFORM=offscreen python -m tests.benchmarks.bench_explain [--operations 10000]

Stalls are measured as in ``bench_window``, with a stand-in for the board. *Seconds* is how long an answer takes. Every
page is asked twice of a fresh plan: the first question pays for what is kept.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSettings

from app.commands import Move
from app.merging import MergeService
from app.versions import VersionService
from engine.instants import from_ms
from storage.database import open_database
from tests.benchmarks.bench_window import HOUR_MS, Beat, hurried_plant
from tests.benchmarks.output import print_table, write_figures
from tests.support.qt import pause, wait
from tests.support.ui_fakes import FakeBoard, FakeRuns
from ui.application import make_application
from ui.background import wait_for_background
from ui.main_window import MainWindow
from ui.services import Services
from ui.studio.catalog import Catalog

LIMIT_S = 300


class Desk:
    """A window on a database of its own, with the Explain dock in front."""

    def __init__(self, folder: Path, operations: int) -> None:
        self.database = open_database(folder / "bench.db")
        versions = VersionService(self.database, "bench")
        runs: Any = FakeRuns()
        with self.database.read() as view:
            catalog = Catalog(view.algorithms.list(), view.profiles.list())
        settings = QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat)
        merges = MergeService(self.database, versions, "bench")
        self.window = MainWindow(Services(versions, runs, catalog, "bench", settings, FakeBoard, merges=merges))
        self.window.show()
        self.rows: list[dict[str, Any]] = []
        self.window.open_schedule(versions.import_schedule(hurried_plant(operations)).schedule_id)
        wait(lambda: self.bench.session is not None, LIMIT_S)
        pause(2_000)
        self.window.docks.show("explain")
        self.settle()
        self.beat = Beat()

    @property
    def bench(self) -> Any:
        return self.window.workbench

    @property
    def session(self) -> Any:
        return self.bench.session

    def settle(self) -> None:
        """Wait until nothing is being worked out."""
        pause(400)
        wait(lambda: not self.window.explain_flow.is_busy, LIMIT_S)
        pause(100)

    def step(self, name: str, work: Callable[[], Any]) -> None:
        """Do one thing and note how long it held the window up."""
        self.beat.take()
        begun = time.perf_counter()
        work()
        wait(lambda: not self.window.explain_flow.is_busy, LIMIT_S)
        took = time.perf_counter() - begun
        self.rows.append({"step": name, "seconds": round(took, 2), **self.beat.take()})
        print(f"  {name}", flush=True)

    def edit(self) -> None:
        """Move an operation, so that everything has to be worked out anew."""
        facts = self.session.facts
        op = next(op for op in facts.operations.values() if op.status.value == "planned" and op.is_placed)
        start = from_ms(facts.starts[op.id] + HOUR_MS)
        self.bench.execute(Move(kind="move", event_id=op.id, start=start))
        pause(50)

    def page(self, key: str) -> None:
        """Show a page, and wait until it is worked out."""
        self.window.explain.show_page(key)
        pause(20)
        wait(lambda: not self.window.explain_flow.is_busy, LIMIT_S)

    def ask(self) -> None:
        """Ask why an operation in the middle of the plan does not start two hours earlier."""
        facts = self.session.facts
        keys = sorted(facts.starts, key=lambda key: facts.starts[key])
        op = facts.operations[keys[len(keys) // 2]]
        self.window.explain_flow.ask_about(op.id, op.resource_id, facts.starts[op.id] - 2 * HOUR_MS)

    def measure(self) -> list[dict[str, Any]]:
        """Return one row per step."""
        self.window.explain.show_page("slot")
        self.step("idle", lambda: pause(2_000))
        self.step("why not here, first", self.ask)
        self.step("why not here, again", self.ask)
        self.step("late orders, after that", lambda: self.page("late"))
        for key in ("load", "slack"):
            self.step(f"{key}, after that", lambda key=key: self.page(key))
        self.window.explain.show_page("slot")
        self.edit()
        self.settle()
        self.step("late orders, after an edit", lambda: self.page("late"))
        return self.rows

    def close(self) -> None:
        """End everything."""
        self.window.close()
        wait_for_background(30_000)
        pause(50)
        self.database.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--operations", type=int, default=10_000)
    parser.add_argument("--json", help="write the figures to this file too")
    given = parser.parse_args()
    application = make_application()
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder), given.operations)
        rows = desk.measure()
        desk.close()
    print_table(rows)
    if given.json:
        write_figures(given.json, "explain", vars(given), rows)
    application.quit()


if __name__ == "__main__":
    main()
