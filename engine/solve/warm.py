"""Getting the compiled kernels ready: at set-up once, and in the background of a run that finds them missing.

Numba keeps what it compiled beside the source (or in ``NUMBA_CACHE_DIR``), so that only the first run on a machine
compiles at all, for some 20 s; until then the plain Python search does the work.
"""

from __future__ import annotations

import logging
import threading
import time

_log = logging.getLogger("taktwerk.solve")
_ready = threading.Event()
_tabu_ready = threading.Event()
_lock = threading.Lock()
_started = False


def kernels_ready() -> bool:
    """Whether the compiled kernels can be called without waiting for the compiler."""
    return _ready.is_set()


def warm_in_background() -> None:
    """Begin to load or compile the kernels in a thread of their own, once a process."""
    global _started
    with _lock:
        if _started:
            return
        _started = True
    threading.Thread(target=_warm_quietly, name="warm-kernels", daemon=True).start()


def wait_for_kernels(seconds: float, *, tabu: bool = False) -> bool:
    """Wait for the kernels, those of the tabu search or all others; return whether they are ready."""
    return (_tabu_ready if tabu else _ready).wait(seconds)


def warm() -> float:
    """Load or compile the kernels now; return the seconds that took."""
    from engine.instants import from_ms
    from engine.model import Metadata, Operation, OptimizationRequest, Resource, Schedule, Snapshot
    from engine.solve.annealing import Annealer
    from engine.solve.compile import compile_problem
    from engine.solve.problem import Solution
    from engine.solve.tabu import TabuSearch

    begin = time.monotonic()
    operations = tuple(Operation(id=x, name=x, duration=60_000, resource_id="m") for x in "ab")
    schedule = Schedule(
        version="",
        snapshot=Snapshot(resources=(Resource(id="m", name="m"),), events=operations),
        metadata=Metadata(plant_id="", timestamp=from_ms(0), user_id=""),
    )
    problem = compile_problem(OptimizationRequest(schedule_data=schedule))
    Annealer(problem, Solution.empty(problem), 0).run_counted(5, lambda: False, lambda _: None)
    _ready.set()
    TabuSearch(problem, Solution.empty(problem), 0).turn(3, lambda _: None)
    _tabu_ready.set()
    return time.monotonic() - begin


def _warm_quietly() -> None:
    try:
        _log.info("kernels ready after %.1f s", warm())
    except Exception:
        _log.exception("the compiled kernels are not available; the plain search goes on without them")


if __name__ == "__main__":
    warm()
