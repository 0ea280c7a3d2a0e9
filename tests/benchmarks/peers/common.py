"""What the peers' scripts share: reading the problem, hearing of incumbents, writing the answer."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from importlib import metadata
from typing import Any

from ortools.sat.python import cp_model


class Incumbents(cp_model.CpSolverSolutionCallback):
    """Notes when the first plan came, in seconds since ``begun``."""

    def __init__(self, begun: float) -> None:
        super().__init__()
        self.first_s: float | None = None
        self._begun = begun

    def on_solution_callback(self) -> None:
        if self.first_s is None:
            self.first_s = time.monotonic() - self._begun


def set_up(solver: cp_model.CpSolver, problem: dict[str, Any], begun: float) -> None:
    """Give the solver what is left of the time limit after the model was built, threads and seed."""
    solver.parameters.max_time_in_seconds = max(0.1, problem["timeLimit"] - (time.monotonic() - begun))
    solver.parameters.num_workers = problem["workers"]
    solver.parameters.random_seed = problem["seed"]


def main(package: str, solve: Callable[[dict[str, Any], float], dict[str, Any]]) -> None:
    """Answer the problem on standard input; the clock starts once everything is imported."""
    problem = json.load(sys.stdin)
    begun = time.monotonic()
    answer = {"firstS": None, "tasks": None, "bound": None}
    answer |= solve(problem, begun)
    answer["wallS"] = time.monotonic() - begun
    answer["versions"] = {name: metadata.version(name) for name in (package, "ortools")}
    sys.stdout.write(json.dumps(answer))
