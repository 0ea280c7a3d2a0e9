"""The time of a run."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clock:
    """The time of a run: when it began, when searching has to end (moments of ``time.monotonic``), and its limit."""

    begin: float
    deadline: float
    limit_s: float

    @property
    def left_s(self) -> float:
        """Seconds left for searching."""
        return max(0.0, self.deadline - time.monotonic())

    @property
    def percentage(self) -> float:
        """How much of the time limit is used up."""
        return min(99.0, 100 * (time.monotonic() - self.begin) / self.limit_s)
