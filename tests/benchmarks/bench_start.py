"""How long from the start of the program to a board that can be used, beside a bare page with the same board.

    QT_QPA_PLATFORM=offscreen python -m tests.benchmarks.bench_start [--operations 200 1000] [--repeats 5] [--json]

*Workstation* is the real program on a database that holds the plan; it ends when the board says that it is ready and
bars are drawn. *Bare page* is a Qt window with nothing but Bryntum's scheduler in it, its own engine switched off as
ours is, and the same resources and bars as data of the page. Both are processes of their own, timed from before Python
starts. *Bare browser* is that window with an empty page: what no program in Qt WebEngine can be faster than. *CPU* is
the time of the program's own process, without the browser's: it says more than the clock where others keep the machine
busy.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks.output import print_table

ROOT = Path(__file__).resolve().parents[2]
BRYNTUM = ROOT / "node_modules" / "@bryntum" / "schedulerpro"
PAGE = """<!doctype html><meta charset="utf-8">
<link rel="stylesheet" href="/bryntum/schedulerpro.css"><link rel="stylesheet" href="/bryntum/svalbard-light.css">
<body style="margin:0;height:100vh"><div id="board" style="height:100%"></div>
<script src="/bryntum/schedulerpro.umd.js"></script><script>
fetch('/data.json').then(answer => answer.json()).then(async data => {
  const B = bryntum.schedulerpro, project = new B.SchedulerProjectModel();
  await project.loadInlineData(data);
  window.board = new B.SchedulerPro({appendTo: 'board', project, startDate: new Date(data.from),
    endDate: new Date(data.to), viewPreset: 'hourAndDay', columns: [{field: 'name', text: 'Resource', width: 200}]});
});
</script>"""
DRAWN = "document.querySelectorAll('.b-sch-event').length > 0"
_POLL_MS = 10


def child_window(folder: Path) -> None:
    """The real workstation; prints when its board is ready."""
    from app.__main__ import open_workstation
    from app.cli import WorkstationStart
    from app.config import load_settings

    os.environ["TAKTWERK_LOG_DIR"] = str(folder / "logs")
    settings = load_settings(database=str(folder / "plan.db"))
    _watch_application(_drawn_in_window)
    open_workstation(WorkstationStart(settings))


def _drawn_in_window(told: Callable[[], None]) -> None:
    from PySide6.QtWidgets import QApplication

    widgets: list[Any] = QApplication.topLevelWidgets()
    for window in widgets:
        # Nothing is imported here: that would be part of what is measured.
        if type(window).__name__ == "MainWindow" and window.board.is_ready:
            _ask(window.board.web_view.page(), f"document.body.dataset.state === 'ready' && {DRAWN}", told)


def _watch_application(look: Callable[[Callable[[], None]], None]) -> None:
    """Look again and again once the application is there; say when it is done, and end."""
    import ui.application as application

    original = application.make_application

    @functools.wraps(original)
    def made(*arguments: Any) -> Any:
        found = original(*arguments)
        _poll(look)
        return found

    application.make_application = made


def child_page(address: str, condition: str) -> None:
    """A window with one page; prints when the condition holds in it."""
    from PySide6.QtCore import QUrl
    from PySide6.QtWebEngineWidgets import QWebEngineView
    from PySide6.QtWidgets import QApplication

    application = QApplication(sys.argv[:1])
    view = QWebEngineView()
    view.resize(1500, 940)
    view.load(QUrl(address))
    view.show()
    _poll(lambda told: _ask(view.page(), condition, told))
    application.exec()


_timers: list[Any] = []


def _poll(look: Callable[[Callable[[], None]], None]) -> None:
    from PySide6.QtCore import QTimer

    timer = QTimer()
    timer.timeout.connect(lambda: look(_ready))
    timer.start(_POLL_MS)
    _timers.append(timer)


def _ready() -> None:
    print(f"ready {time.process_time() * 1000:.0f}", flush=True)
    os._exit(0)


def _ask(page: Any, condition: str, told: Callable[[], None]) -> None:
    page.runJavaScript(condition, 0, lambda answer: told() if answer is True else None)


def timed(*arguments: str) -> tuple[float, float]:
    """Start a child and return how long it took to say that it is ready, and its CPU time, in ms."""
    environment = {"QT_QPA_PLATFORM": "offscreen", "QTWEBENGINE_DISABLE_SANDBOX": "1", **os.environ}
    begun = time.perf_counter()
    command = [sys.executable, "-m", "tests.benchmarks.bench_start", "--child", *arguments]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as child:
        assert child.stdout is not None
        end = threading.Timer(120, child.kill)
        end.start()
        told = next((line for line in iter(child.stdout.readline, "") if line.startswith("ready ")), "")
        took = (time.perf_counter() - begun) * 1000
        end.cancel()
    assert told, f"never ready: {arguments}"
    return took, float(told.split()[1])


def prepare(folder: Path, operations: int) -> None:
    """Store a placed plan, and the same as data of the bare page."""
    from app.versions import VersionService
    from engine.instants import format_instant, to_ms
    from storage.database import open_database
    from tests.support.databases import line_schedule

    schedule = line_schedule(operations, machines=max(4, operations // 20))
    database = open_database(folder / "plan.db")
    VersionService(database).import_schedule(schedule)
    database.close()
    events = [op for op in schedule.snapshot.events if op.start_date and op.end_date]
    start = min(to_ms(op.start_date) for op in events if op.start_date)
    data = {
        "from": start,
        "to": max(to_ms(op.end_date) for op in events if op.end_date),
        "resourcesData": [{"id": one.id, "name": one.name} for one in schedule.snapshot.resources],
        "eventsData": [
            {
                "id": op.id,
                "name": op.name,
                "resourceId": op.resource_id,
                "startDate": format_instant(op.start_date),
                "endDate": format_instant(op.end_date),
            }
            for op in events
            if op.start_date and op.end_date
        ],
    }
    (folder / "data.json").write_text(json.dumps(data))
    (folder / "index.html").write_text(PAGE)
    (folder / "empty.html").write_text("<!doctype html><title>empty</title>")
    (folder / "bryntum").symlink_to(BRYNTUM)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def measure(operations: int, repeats: int) -> dict[str, Any]:
    """One row: medians in ms, the bare page's and the workstation's ratio."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        prepare(folder, operations)
        handler = functools.partial(_Quiet, directory=name)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            address = f"http://127.0.0.1:{server.server_port}"
            found: dict[str, list[tuple[float, float]]] = {"bare browser": [], "bare page": [], "workstation": []}
            for turn in range(repeats + 1):  # the first fills the caches of the disk
                took = {
                    "bare browser": timed("page", f"{address}/empty.html", "document.readyState === 'complete'"),
                    "bare page": timed("page", f"{address}/index.html", DRAWN),
                    "workstation": timed("window", name),
                }
                for key, value in took.items():
                    if turn:
                        found[key].append(value)
            server.shutdown()
    row: dict[str, Any] = {"operations": operations}
    for number, unit in enumerate(("ms", "CPU ms")):
        median = {key: statistics.median(value[number] for value in values) for key, values in found.items()}
        row |= {f"{key} {unit}": round(value) for key, value in median.items()}
        row[f"{unit.removesuffix('ms')}ratio"] = round(median["workstation"] / median["bare page"], 2)
    return row


def main() -> None:
    """Measure and print, or be a child."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--operations", type=int, nargs="+", default=[200, 1_000])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        kind, *rest = options.child
        child_window(Path(rest[0])) if kind == "window" else child_page(rest[0], rest[1])
        return
    rows = [measure(count, options.repeats) for count in options.operations]
    print(json.dumps(rows, indent=2)) if options.json else print_table(rows)


if __name__ == "__main__":
    main()
