"""The time of a run."""

from __future__ import annotations

import time
from dataclasses import dataclass

MOST_KEPT = 0.4
"""The largest share of a time limit that is kept for its end."""


@dataclass(slots=True)
class Clock:
    """The time of a run: when it began (a moment of ``time.monotonic``), its limit, and what its end is kept for.

    At the end what was held back is checked and handed over, which takes as long as the first check did.
    """

    begin: float
    limit_s: float
    kept_s: float

    def keep(self, seconds: float) -> None:
        """Leave so much of the time limit for the end."""
        self.kept_s = seconds

    @property
    def deadline(self) -> float:
        """When searching has to end."""
        return self.begin + self.limit_s - min(self.kept_s, MOST_KEPT * self.limit_s)

    @property
    def left_s(self) -> float:
        """Seconds left for searching."""
        return max(0.0, self.deadline - time.monotonic())

    @property
    def percentage(self) -> float:
        """How much of the time limit is used up."""
        return min(99.0, 100 * (time.monotonic() - self.begin) / self.limit_s)
