"""How long submitting a run takes, and how long anything holds the application up while one goes on.

    python -m tests.benchmarks.bench_submit [--operations 10000] [--time-limit 15] [--qt] [--json]

A heartbeat asks for its turn every 5 ms, as a window does: a thread that sleeps or, with ``--qt``, a timer in a Qt
event loop. A *stall* is how much later than that it gets it. The same heartbeat with nothing going on stands beside it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.optimization import OptimizationService, RunEvent
from app.run_progress import RunView
from app.solver_process import Limits, SolverProcess
from engine.messages import FromSolver, Hello
from engine.model import OptimizationRequest, Schedule
from storage.database import open_database
from tests.support.runs import a_request, big_plant

BEAT_S = 0.005
SUBMISSIONS = 5


class Heartbeat:
    """Stalls in ms, with the moment of each. Beats in a thread; ``beat`` may also be called by a timer."""

    def __init__(self) -> None:
        self.stalls: list[tuple[float, float]] = []
        self._last: float | None = None
        self._is_on = True

    def beat(self) -> None:
        now = time.perf_counter()
        if self._last is not None:
            self.stalls.append((now, max(0.0, now - self._last - BEAT_S) * 1000))
        self._last = now

    def run(self) -> None:
        while self._is_on:
            time.sleep(BEAT_S)
            self.beat()

    def stop(self) -> None:
        self._is_on = False

    def summary(self) -> dict[str, float]:
        stalls = sorted(stall for _, stall in self.stalls)
        return {
            "beats": len(stalls),
            "median_ms": round(statistics.median(stalls), 2),
            "p99_ms": round(stalls[int(len(stalls) * 0.99)], 2),
            "max_ms": round(stalls[-1], 2),
            "over_16_ms": sum(stall > 16 for stall in stalls),
            "over_50_ms": sum(stall > 50 for stall in stalls),
        }


def with_heartbeat(work: Callable[[], Any], qt: bool) -> tuple[Any, dict[str, float]]:
    """Do some work on a thread of its own, which is where the service does its, and listen to the heart."""
    heartbeat = Heartbeat()
    if qt:
        return _in_qt(work, heartbeat), heartbeat.summary()
    thread = threading.Thread(target=heartbeat.run, daemon=True)
    thread.start()
    result = work()
    heartbeat.stop()
    thread.join()
    return result, heartbeat.summary()


def _in_qt(work: Callable[[], Any], heartbeat: Heartbeat) -> Any:
    from PySide6.QtCore import QCoreApplication, Qt, QTimer

    app = QCoreApplication.instance() or QCoreApplication([])
    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(heartbeat.beat)
    timer.start(round(BEAT_S * 1000))
    result: list[Any] = []
    thread = threading.Thread(target=lambda: result.append(work()))
    thread.start()
    done = QTimer()
    done.timeout.connect(lambda: None if thread.is_alive() else app.quit())
    done.start(20)
    app.exec()
    return result[0]


def whole_run(service: OptimizationService, request: OptimizationRequest) -> tuple[float, RunView]:
    """Submit, follow, and wait for the end; returns the ms that submitting took."""
    over = threading.Event()

    def hear(event: RunEvent) -> None:
        if event.kind == "finished":
            over.set()

    leave = service.subscribe(hear)
    begun = time.perf_counter()
    run_id = service.submit(request)
    took_ms = (time.perf_counter() - begun) * 1000
    over.wait()
    leave()
    return took_ms, service.status(run_id)


def submit_latencies(service: OptimizationService, schedule: Schedule) -> list[float]:
    """How long submitting takes, in ms, with fresh data each time; the runs are cancelled."""
    times: list[float] = []
    for seed in range(SUBMISSIONS):
        fresh = schedule.model_copy(deep=True)
        request = a_request(fresh, time_limit=60, seed=seed)
        begun = time.perf_counter()
        run_id = service.submit(request)
        times.append((time.perf_counter() - begun) * 1000)
        service.cancel(run_id)
    return times


def time_to_hello() -> float:
    """From starting a solver process to its first message, in ms, median of five."""
    return statistics.median(_hello_ms() for _ in range(5))


def _hello_ms() -> float:
    times: list[float] = []
    begun = time.perf_counter()

    def hear(message: FromSolver, _payload: bytes) -> None:
        if isinstance(message, Hello):
            times.append((time.perf_counter() - begun) * 1000)
            process.stop(keep=False)

    process = SolverProcess(b"{}", Limits(20.0), hear)
    process.run()
    return times[0]


def stop_latency(service: OptimizationService, request: OptimizationRequest, keep: bool) -> float:
    """From asking a run that has a plan to stop until its result is there, checked and stored, in ms."""
    has_plan, over = threading.Event(), threading.Event()

    def hear(event: RunEvent) -> None:
        if event.kind == "incumbent":
            has_plan.set()
        if event.kind == "finished":
            over.set()

    leave = service.subscribe(hear)
    run_id = service.submit(request)
    has_plan.wait(60)
    time.sleep(1.0)
    if over.is_set():
        return float("nan")  # it was done before it could be stopped
    begun = time.perf_counter()
    service.stop(run_id, keep)
    over.wait()
    leave()
    return (time.perf_counter() - begun) * 1000


def measure(operations: int, time_limit: float, qt: bool) -> dict[str, Any]:
    """Return all figures."""
    schedule = big_plant(operations)
    request = a_request(schedule, time_limit=time_limit, objective="minimize_tardiness")
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(Path(folder) / "bench.db")
        service = OptimizationService(database)
        try:
            _, idle = with_heartbeat(lambda: time.sleep(min(time_limit, 5.0)), qt)
            (submitted_ms, view), busy = with_heartbeat(lambda: whole_run(service, request), qt)
            latencies = submit_latencies(service, schedule)
            figures = {
                "operations": operations,
                "heart": "Qt timer" if qt else "thread",
                "submit_ms": {"median": round(statistics.median(latencies), 2), "max": round(max(latencies), 2)},
                "submit_in_run_ms": round(submitted_ms, 2),
                "stall_idle": idle,
                "stall_run": busy,
                "time_limit_s": time_limit,
                "run_s": round(view.elapsed_s, 2),
                "run_status": view.status.value,
                "first_plan_ms": view.metrics.first_solution_ms if view.metrics else None,
                "hello_ms": round(time_to_hello(), 1),
                "stop_keep_ms": round(stop_latency(service, request, keep=True), 1),
                "cancel_ms": round(stop_latency(service, request, keep=False), 1),
            }
        finally:
            service.close()
            database.close()
    return figures


def show(figures: dict[str, Any]) -> None:
    """Print what submitting takes, and the stalls with a run beside those without one."""
    submit = figures["submit_ms"]
    print(f"{figures['operations']:,} operations; the heart beats in a {figures['heart']}")
    print(f"submit, interface's thread  median {submit['median']} ms, longest {submit['max']} ms (goal < 50)")
    print(f"submit, first of the run    {figures['submit_in_run_ms']} ms\n")
    idle, run = figures["stall_idle"], figures["stall_run"]
    print(f"{'stalls of the event loop':27}{'idle':>10}{'run':>10}")
    for name in idle:
        print(f"{name:27}{idle[name]:>10}{run[name]:>10}")
    print()
    for name in ("run_status", "run_s", "time_limit_s", "first_plan_ms", "hello_ms", "stop_keep_ms", "cancel_ms"):
        print(f"{name:27}{figures[name]!s:>10}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--operations", type=int, default=10_000)
    parser.add_argument("--time-limit", type=float, default=15.0)
    parser.add_argument("--qt", action="store_true", help="beat in a Qt event loop")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures = measure(arguments.operations, arguments.time_limit, arguments.qt)
    if arguments.json:
        print(json.dumps(figures))
        return
    show(figures)


if __name__ == "__main__":
    main()
