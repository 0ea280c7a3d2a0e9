"""Getting the compiled kernels ready: at set-up once, and in the background of a run that finds them missing.

Numba keeps what it compiled beside the source (or in ``NUMBA_CACHE_DIR``), so that only the first run on a machine
compiles at all, for about a minute; until then the plain Python search does the work.
"""

from __future__ import annotations

import importlib
import logging
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.solve.problem.problem import Problem, Solution

_log = logging.getLogger("taktwerk.solve")
Kind = Literal["list", "graph", "tabu", "flow", "project", "rules"]
"""The families of kernels: annealing on lists of operations and on the disjunctive graph, tabu search on the graph,
iterated greedy search on flow shops, genetic search on projects, priority rules."""

_ready: dict[Kind, threading.Event] = {
    "list": threading.Event(),
    "graph": threading.Event(),
    "tabu": threading.Event(),
    "flow": threading.Event(),
    "project": threading.Event(),
    "rules": threading.Event(),
}
_LIKELY: tuple[Kind, ...] = ("rules", "graph", "list")
_lock = threading.Lock()
_started: set[Kind] = set()


class CannotStart(ValueError):
    """A search that fits the problem cannot represent this plan of it."""


class CompiledSearch(Protocol):
    """What the searches by compiled kernels have in common. They are made of a problem, a plan and a seed."""

    def rebase(self, start: Solution) -> bool | None:
        """Go on from another plan; ``False`` where the search cannot represent it and goes on as it was."""
        ...

    def run(self, seconds: float, is_over: Callable[[], bool], on_better: Callable[[Solution], None]) -> None:
        """Search for ``seconds``, handing over every better plan; ``is_over`` is asked some times a second."""
        ...


def search_class(kind: Kind) -> Callable[..., CompiledSearch]:
    """Return the search of a kind, made of a problem, a plan and a seed (or ``CannotStart``); compiles nothing.

    That of kind "tabu" also takes the ``Elite`` that it shares.
    """
    places = {
        "list": ("stretches", "list_search"),
        "graph": ("graph_annealing", "GraphAnnealing"),
        "tabu": ("tabu", "TabuSearch"),
        "flow": ("flow_search", "FlowSearch"),
        "project": ("project_search", "ProjectSearch"),
    }
    module, name = places[kind]
    return getattr(importlib.import_module(f"engine.solve.searches.{module}"), name)


def warm_in_background(kind: Kind) -> None:
    """Begin to load or compile a kind of kernels in a thread of its own; once a process."""
    if _is_first(kind):
        threading.Thread(target=_warm_quietly, args=(kind,), name="warm-kernels", daemon=True).start()


def preload() -> None:
    """Load what a run is likely to need, in the background: for a process that waits for its request."""
    threading.Thread(target=_preload, name="preload", daemon=True).start()


def _preload() -> None:
    importlib.import_module("engine.solve.search")
    for kind in _LIKELY:
        if _is_first(kind):
            _warm_quietly(kind)


def _is_first(kind: Kind) -> bool:
    """Whether nobody has begun to load a kind yet; from now on, somebody has."""
    with _lock:
        is_first = kind not in _started
        _started.add(kind)
    return is_first


def wait_for_kernels(kind: Kind, seconds: float) -> bool:
    """Wait for a kind of kernels; return whether they can be called without waiting for the compiler."""
    return _ready[kind].wait(seconds)


def warm() -> float:
    """Load or compile all kernels now; return the seconds that took."""
    begin = time.monotonic()
    for kind in _ready:
        _run_a_little(kind)
        _ready[kind].set()
    return time.monotonic() - begin


def _run_a_little(kind: Kind) -> None:
    problem, plan = _tiny_problem(5 if kind == "flow" else 2)
    if kind == "rules":
        from engine.solve.dispatching.rules import load

        load(problem)
        return
    search: Any = search_class(kind)(problem, plan, 0)
    if kind in ("list", "graph"):
        search.run_counted(5, lambda: False, lambda _: None)
    else:
        search.turn(3, lambda _: None)
    if kind == "tabu":
        search.begin_anew()
    if kind == "list":
        from engine.solve.searches.stretches import StretchAnnealer

        StretchAnnealer(problem, plan, 0).run_counted(5, lambda: False, lambda _: None)


def _tiny_problem(count: int) -> tuple[Problem, Solution]:
    from engine.instants import from_ms
    from engine.model import Metadata, Operation, OptimizationRequest, Resource, Schedule, Snapshot
    from engine.solve.problem.compile import compile_problem
    from engine.solve.problem.problem import Solution

    operations = tuple(Operation(id=f"o{i}", name="", duration=60_000, resource_id="m") for i in range(count))
    schedule = Schedule(
        version="",
        snapshot=Snapshot(resources=(Resource(id="m", name="m"),), events=operations),
        metadata=Metadata(plant_id="", timestamp=from_ms(0), user_id=""),
    )
    problem = compile_problem(OptimizationRequest(schedule_data=schedule))
    plan = Solution.empty(problem)
    for i in range(count):
        plan.start[i], plan.end[i], plan.setup_start[i] = i, i + 1, i
    return problem, plan


def _warm_quietly(kind: Kind) -> None:
    begin = time.monotonic()
    try:
        _run_a_little(kind)
        _ready[kind].set()
        _log.info("kernels ready after %.1f s", time.monotonic() - begin)
    except Exception:
        _log.exception("the compiled kernels are not available; the plain search goes on without them")


def forget_compiled() -> None:
    """Delete what numba keeps beside the source: it notices a change of a kernel, not of the kernels that it calls."""
    for folder in Path(__file__).parents[1].rglob("__pycache__"):
        for kept in (*folder.glob("*.nbi"), *folder.glob("*.nbc")):
            kept.unlink(missing_ok=True)


if __name__ == "__main__":
    forget_compiled()
    warm()
