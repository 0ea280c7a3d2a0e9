"""One run of this engine, as the workstation makes it, with its wall time and its memory."""

from __future__ import annotations

import time
from dataclasses import dataclass

from app.bench.memory import PeakMemory
from app.run_once import run_once
from engine.model import OptimizationRequest, OptimizationResponse


@dataclass(frozen=True, slots=True)
class MeasuredRun:
    """A response, the seconds from request to checked response, and the most memory that the solver process held."""

    response: OptimizationResponse
    wall_s: float
    peak_bytes: int


def measured_run(request: OptimizationRequest) -> MeasuredRun:
    """Optimise in a process of its own and wait for the checked result."""
    with PeakMemory() as memory:
        begun = time.monotonic()
        response = run_once(request)
        wall_s = time.monotonic() - begun
    return MeasuredRun(response, wall_s, memory.peak_bytes)
