"""The best plan of a run, shared by everything that searches, and the gate through which plans leave.

Nothing is reported before the independent checker has passed it. At large size that takes time, so that better plans
in quick succession are held back and the best of them reported after a while.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from engine.apply import apply_result
from engine.check import Violation, check, untolerated
from engine.metrics import objective_vector
from engine.pinning import pins
from engine.plan import PlanFacts
from engine.solve.dispatching.dispatch import Found
from engine.solve.problem.conversion import to_events

if TYPE_CHECKING:
    from engine.model import PlacedEvent
    from engine.solve.problem.problem import Problem
    from engine.solve.report import Reporter

_log = logging.getLogger("taktwerk.engine")

_REPORT_EVERY_S = 0.25
_SHARE_OF_TIME_FOR_CHECKS = 0.1
_QUICK_CHECK_S = 0.1


class Incumbents:
    """Collects plans from several threads, checks and reports the better ones.

    Attributes
    ----------
    best
        The best plan that was offered (exact or not yet checked), for searches to go on from.
    events, vector
        The best plan that the checker passed, and its objective vector; None before there is one.
    bound
        The greatest lower bound of the first component so far, or None.
    rejections
        How many plans the checker did not pass. Searches that went on from one have to go back to ``best``.
    """

    def __init__(self, problem: Problem, report: Reporter) -> None:
        self.problem = problem
        self.best: Found | None = None
        self.events: list[PlacedEvent] | None = None
        self.vector: tuple[int, ...] | None = None
        self.bound: int | None = None
        self.is_optimal = False
        self._report = report
        self._lock = threading.RLock()
        self._pins = pins(problem.request.schedule_data, problem.request)
        self._at_once = problem.request.options.deterministic  # what is rejected must not depend on the clock
        self.rejections = 0
        self._passed: Found | None = None
        self._pending: Found | None = None
        self._next_at = 0.0
        self.check_s = 0.0

    def offer(self, found: Found) -> bool:
        """Take a plan; return whether it is better than all before."""
        with self._lock:
            if self.best is not None and found.vector >= self.best.vector:
                return False
            if self.vector is not None and found.vector >= self.vector:
                return False
            self.best = self._pending = found
            if self.vector is None or self._at_once or time.monotonic() >= self._next_at:
                self.flush()
            return True

    def flush(self) -> None:
        """Check and report the best plan that was held back, if there is one."""
        with self._lock:
            found, self._pending = self._pending, None
            if found is None:
                return
            begin = time.monotonic()
            self._publish(found)
            self.check_s = time.monotonic() - begin
            self._next_at = time.monotonic() + max(_REPORT_EVERY_S, self.check_s / _SHARE_OF_TIME_FOR_CHECKS)

    def flush_if_due(self) -> None:
        """Report what was held back if that is long enough ago."""
        if self._pending is not None and time.monotonic() >= self._next_at:
            self.flush()

    def finish(self, quick: bool) -> None:
        """Report what was held back; if it has to be quick, only where checking takes next to no time."""
        if not quick or self.check_s < _QUICK_CHECK_S:
            self.flush()

    def adopt(self, events: list[PlacedEvent], vector: tuple[int, ...]) -> None:
        """Take the input plan, which the checker has passed already, as the first incumbent."""
        with self._lock:
            if self.vector is None or vector < self.vector:
                self.events, self.vector = events, vector
                self._report.incumbent(events, vector, self.bound)

    def raise_bound(self, value: int) -> None:
        """Take a lower bound of the first component; report it when it is better than before."""
        with self._lock:
            if self.bound is None or value > self.bound:
                self.bound = value
                self._report.bound(value)

    @property
    def is_proven(self) -> bool:
        """Whether the best plan is known to be optimal in the whole vector."""
        vector = self.best.vector if self.best is not None else self.vector
        if vector is None:
            return False
        if self.is_optimal or not any(vector):
            return True
        return len(vector) == 1 and self.bound is not None and vector[0] <= self.bound

    def _publish(self, found: Found) -> None:
        request = self.problem.request
        events = to_events(self.problem, found.solution)
        schedule = apply_result(request.schedule_data, events, mark_manual=False)
        facts = PlanFacts(schedule)
        violations = untolerated(check(schedule, request=request, facts=facts), self._pins)
        if violations:
            self._reject(found, violations)
            return
        self._passed = found
        vector = found.vector if self.problem.is_exact else objective_vector(request, schedule, facts)
        if self.vector is None or vector < self.vector:
            self.events, self.vector = events, vector
            self._report.incumbent(events, vector, self.bound)

    def _reject(self, found: Found, violations: list[Violation]) -> None:
        """Drop a plan that the checker did not pass: a fault of ours at the natural tick, expected at a coarser one."""
        self.rejections += 1
        if self.best is found:
            self.best = self._passed
        level = logging.ERROR if self.problem.is_exact else logging.INFO
        messages = "; ".join(v.message for v in violations[:5])
        _log.log(level, "a plan by %s breaks %d rules: %s", found.rule, len(violations), messages)
