"""The real solver process around a solver that does odd things. Started as ``python odd_solvers.py WAY``.

Everything is real but ``engine.solve.engine.solve``, which is one of the functions below.
"""

from __future__ import annotations

import ctypes
import os
import sys
import time
import types
from collections.abc import Callable

from engine.errors import ErrorCode, TaktwerkError
from engine.horizon import horizon_start_ms
from engine.instants import from_ms
from engine.model import OptimizationRequest, PlacedEvent
from engine.solve.report import Outcome, Reporter, StopFlag

COMMAND = [sys.executable, "-P", os.path.abspath(__file__)]


def one_by_one(request: OptimizationRequest, gap_ms: int = 0) -> tuple[list[PlacedEvent], tuple[int, ...]]:
    schedule = request.schedule_data
    start = now = horizon_start_ms(schedule)
    events: list[PlacedEvent] = []
    for op in schedule.snapshot.events:
        end = now + op.duration
        events.append(PlacedEvent(id=op.id, resource_id=op.resource_id, start_date=from_ms(now), end_date=from_ms(end)))
        now = end + gap_ms
    return events, (now - gap_ms - start,)


def solves(request: OptimizationRequest, report: Reporter, stop: StopFlag) -> Outcome:
    report.phase("Searching", 20)
    report.incumbent(*one_by_one(request, 60_000), None)
    events, vector = one_by_one(request)
    report.incumbent(events, vector, vector[0] / 2)
    return Outcome("feasible", events, vector, vector[0] / 2, ["Mind the gap."])


def chatters(request: OptimizationRequest, report: Reporter, stop: StopFlag) -> Outcome:
    """Prints in every way there is."""
    print("printed")
    sys.stdout.write("written\n")
    os.write(1, b"raw\n")
    libc = ctypes.CDLL(None)
    libc.puts(b"from C")
    libc.fflush(None)
    os.system("echo from a child")
    return solves(request, report, stop)


def tells_its_budget(request: OptimizationRequest, report: Reporter, stop: StopFlag) -> Outcome:
    return Outcome("unknown", reason=f"budget {request.options.time_limit:.3f}")


def waits_for_the_stop(request: OptimizationRequest, report: Reporter, stop: StopFlag) -> Outcome:
    events, vector = one_by_one(request)
    report.incumbent(events, vector, None)
    stop.wait(60)
    return Outcome("feasible", events, vector, None)


def waits_without_a_plan(request: OptimizationRequest, report: Reporter, stop: StopFlag) -> Outcome:
    report.phase("Searching", 20)
    stop.wait(60)
    return Outcome("unknown")


def sleeps(request: OptimizationRequest, report: Reporter, stop: StopFlag) -> Outcome:
    report.incumbent(*one_by_one(request), None)
    time.sleep(60)
    raise AssertionError


def holds_the_interpreter(request: OptimizationRequest, report: Reporter, stop: StopFlag) -> Outcome:
    """As a compiler or a solver in C can: no other thread of the process runs."""
    report.phase("Searching", 20)
    time.sleep(0.3)
    ctypes.PyDLL(None).sleep(60)
    raise AssertionError


def raises(request: OptimizationRequest, report: Reporter, stop: StopFlag) -> Outcome:
    report.incumbent(*one_by_one(request), None)
    raise RuntimeError("the model is odd")


def exits(request: OptimizationRequest, report: Reporter, stop: StopFlag) -> Outcome:
    sys.exit(3)


def is_infeasible(request: OptimizationRequest, report: Reporter, stop: StopFlag) -> Outcome:
    conflict = [{"kind": "deadline", "message": "A must end by 01:00."}, {"kind": "lock", "message": "B is locked."}]
    return Outcome("infeasible", conflict=conflict, repairs=[{"message": "Unlock B."}])


def raises_infeasible(request: OptimizationRequest, report: Reporter, stop: StopFlag) -> Outcome:
    raise TaktwerkError(ErrorCode.INFEASIBLE_PROBLEM, "No plan.", {"conflict": [], "repairs": []})


def runs_out_of_memory(request: OptimizationRequest, report: Reporter, stop: StopFlag) -> Outcome:
    report.incumbent(*one_by_one(request), None)
    raise MemoryError


def eats_memory(request: OptimizationRequest, report: Reporter, stop: StopFlag) -> Outcome:
    report.incumbent(*one_by_one(request), None)
    hoard: list[bytearray] = []
    while True:
        hoard.append(bytearray(b"x") * (4 << 20))
        time.sleep(0.01)


def gulps_memory(request: OptimizationRequest, report: Reporter, stop: StopFlag) -> Outcome:
    """More at once than any limit allows."""
    report.incumbent(*one_by_one(request), None)
    return Outcome("unknown", reason=str(len(bytearray(b"x") * (8 << 30))))


def writes_wild_memory(request: OptimizationRequest, report: Reporter, stop: StopFlag) -> Outcome:
    report.incumbent(*one_by_one(request), None)
    time.sleep(0.3)
    ctypes.string_at(8)
    raise AssertionError


WAYS: dict[str, Callable[[OptimizationRequest, Reporter, StopFlag], Outcome]] = {
    name: way for name, way in list(globals().items()) if getattr(way, "__module__", "") == __name__ and callable(way)
}


def command(way: str | Callable[..., Outcome]) -> list[str]:
    """How to start the solver process with this solver in it."""
    return [*COMMAND, way if isinstance(way, str) else way.__name__]


if __name__ == "__main__":
    stand_in = types.ModuleType("engine.solve.engine")
    stand_in.solve = WAYS[sys.argv[1]]  # type: ignore[attr-defined]
    sys.modules["engine.solve.engine"] = stand_in
    import engine.solve

    engine.solve.engine = stand_in  # type: ignore[attr-defined]
    from engine.worker import main

    sys.exit(main())
