"""How far a run is: what listeners, boards and the API are told while it goes on, and when it is over."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from engine.errors import TaktwerkError
from engine.messages import Alive, Bound, FromSolver, Incumbent, Phase
from engine.metrics import objective_name
from engine.model import (
    ErrorObject,
    Metrics,
    OptimizationRequest,
    OptimizationResponse,
    OptimizationResult,
    Progress,
    RunStatus,
)
from engine.run_states import can_move

Point = tuple[int, float | None, float | None]
"""(elapsed ms, objective, bound), both in the objective's native unit."""

EventKind = Literal["queued", "started", "phase", "incumbent", "bound", "finished", "stored"]
"""``stored`` comes after ``finished``, when an end that the database would not take is stored at last."""

LAST_STEP: Final = {
    RunStatus.COMPLETED: "Complete",
    RunStatus.CANCELLED: "Cancelled",
    RunStatus.FAILED: "Failed",
}
MAX_POINTS: Final = 2_000
_NEARLY_DONE: Final = 99.0


@dataclass(frozen=True, slots=True)
class RunView:
    """One run at one moment.

    ``objective_name`` says what is made small first, ``None`` for a run of long ago of which that is not known.
    ``percentage`` is 0-100, ``step`` what it does now in plain words. ``objective`` and ``bound`` are in the
    objective's native unit (ms, money, weighted late count, ppm), ``gap`` is a share. ``queue_position`` counts from 1
    while the run waits. ``series`` is the curve so far, oldest point first, empty in a list of runs.
    ``has_incumbent`` says that there is a plan to apply. ``head_name`` is the head that it was made for, ``None`` when
    that is not known. ``unstored`` says why the result is not in the database yet and where it is kept; ``None``: it
    is stored.
    """

    run_id: str
    status: RunStatus
    percentage: float = 0.0
    step: str | None = None
    objective_name: str | None = None
    objective: float | None = None
    bound: float | None = None
    gap: float | None = None
    elapsed_s: float = 0.0
    time_limit_s: float = 0.0
    queue_position: int | None = None
    series: tuple[Point, ...] = ()
    error: TaktwerkError | None = None
    has_incumbent: bool = False
    label: str = ""
    queued_at: dt.datetime | None = None
    started_at: dt.datetime | None = None
    completed_at: dt.datetime | None = None
    algorithm_id: int = 1
    profile_id: int | None = None
    metrics: Metrics | None = None
    warnings: tuple[str, ...] = ()
    schedule_id: str | None = None
    base_version_id: str | None = None
    result_version_id: str | None = None
    head_name: str | None = None
    unstored: str | None = None

    @property
    def remaining_s(self) -> float | None:
        """The most that a running run still takes."""
        return max(0.0, self.time_limit_s - self.elapsed_s) if self.status is RunStatus.RUNNING else None

    def progress(self) -> Progress:
        """Return the contract's progress object."""
        return Progress(percentage=self.percentage, current_step=self.step, estimated_time_remaining=self.remaining_s)

    def response(self, result: OptimizationResult | None = None) -> OptimizationResponse:
        """Return the contract's response, with the plan if there is one to show."""
        error = None if self.error is None else ErrorObject.model_validate(self.error.to_json())
        return OptimizationResponse(
            run_id=self.run_id, status=self.status, progress=self.progress(), result=result, error=error
        )


@dataclass(frozen=True, slots=True)
class RunEvent:
    """Something happened to a run; ``view`` is how it stands then."""

    kind: EventKind
    run_id: str
    view: RunView


class RunProgress:
    """Follows one run from what its solver says. Any thread may ask and tell.

    Parameters
    ----------
    run_id, request
        The run and what it solves.
    label
        How the planner calls it.
    """

    def __init__(
        self,
        run_id: str,
        request: OptimizationRequest,
        label: str = "",
        schedule_id: str | None = None,
        base_version_id: str | None = None,
        head_name: str | None = None,
    ) -> None:
        self._head_name = head_name
        self._lock = threading.Lock()
        self._run_id = run_id
        self._algorithm_id, self._profile_id = request.algorithm_id, request.profile_id
        self._time_limit_s = request.options.time_limit
        self._objective_name = objective_name(request)
        self._label = label
        self._schedule_id, self._base_version_id = schedule_id, base_version_id
        self._queued_at = _now()
        self._status = RunStatus.QUEUED
        self._started_at: dt.datetime | None = None
        self._completed_at: dt.datetime | None = None
        self._clock_zero = self._clock_end = 0.0
        self._step: str | None = "Waiting for its turn"
        self._phase_percentage = self._percentage = 0.0
        self._objective: float | None = None
        self._bound: float | None = None
        self._gap: float | None = None
        self._series: list[Point] = []
        self._error: TaktwerkError | None = None
        self._has_incumbent = False
        self._metrics: Metrics | None = None
        self._warnings: tuple[str, ...] = ()

    @property
    def status(self) -> RunStatus:
        """The state it is in."""
        return self._status

    @property
    def last_point(self) -> Point | None:
        """The newest point of its curve."""
        return self._series[-1] if self._series else None

    def start(self) -> bool:
        """It begins, unless it is over already; return whether it does."""
        with self._lock:
            if not can_move(self._status, RunStatus.RUNNING):
                return False
            self._status = RunStatus.RUNNING
            self._started_at = _now()
            self._clock_zero = time.monotonic()
            self._step = "Starting"
            return True

    def take(self, message: FromSolver) -> EventKind | None:
        """Take a message in; return what kind of news it is, if it is any."""
        with self._lock:
            match message:
                case Phase():
                    self._step, self._phase_percentage = message.name, message.percentage
                    return "phase"
                case Incumbent():
                    self._objective, self._bound, self._gap = message.objective, message.bound, message.gap
                    self._has_incumbent = True
                    self._add_point(message.elapsed_ms)
                    return "incumbent"
                case Bound():
                    self._bound, self._gap = message.bound, message.gap
                    self._add_point(message.elapsed_ms)
                    return "bound"
                case Alive():
                    return "phase"  # time has passed
                case _:
                    return None

    def check(self) -> None:
        """The solver is done; its plan is being checked."""
        with self._lock:
            self._step = "Checking the plan"

    def finish(
        self,
        status: RunStatus,
        error: TaktwerkError | None = None,
        metrics: Metrics | None = None,
        warnings: tuple[str, ...] = (),
        has_incumbent: bool = False,
    ) -> bool:
        """It is over, unless it was already; return whether it is by this call.

        ``metrics`` are those of the plan that it leaves, if it leaves one.
        """
        with self._lock:
            if not can_move(self._status, status):
                return False
            self._percentage = self._current_percentage()
            self._clock_end = time.monotonic()
            self._completed_at = _now()
            self._status, self._error, self._metrics, self._warnings = status, error, metrics, warnings
            self._has_incumbent = has_incumbent
            self._step = LAST_STEP[status]
            if metrics is not None:
                self._objective, self._bound, self._gap = metrics.objective_value, metrics.best_bound, metrics.gap
                self._add_point(round(self._elapsed_s() * 1000))
            return True

    def view(self, queue_position: Callable[[], int | None] | None = None) -> RunView:
        """Return how it stands. ``queue_position`` is asked while the run waits."""
        position = queue_position() if queue_position and self._status is RunStatus.QUEUED else None
        with self._lock:
            return RunView(
                run_id=self._run_id,
                status=self._status,
                percentage=self._current_percentage(),
                step=self._step,
                objective_name=self._objective_name,
                objective=self._objective,
                bound=self._bound,
                gap=self._gap,
                elapsed_s=self._elapsed_s(),
                time_limit_s=self._time_limit_s,
                queue_position=position,
                series=tuple(self._series),
                error=self._error,
                has_incumbent=self._has_incumbent,
                label=self._label,
                queued_at=self._queued_at,
                started_at=self._started_at,
                completed_at=self._completed_at,
                algorithm_id=self._algorithm_id,
                profile_id=self._profile_id,
                metrics=self._metrics,
                warnings=self._warnings,
                schedule_id=self._schedule_id,
                base_version_id=self._base_version_id,
                head_name=self._head_name,
            )

    # inside

    def _elapsed_s(self) -> float:
        if self._started_at is None:
            return 0.0
        return (self._clock_end or time.monotonic()) - self._clock_zero

    def _current_percentage(self) -> float:
        """Never falls: the greater of what the solver says and what has passed of its time, below 100 till the end."""
        if self._status is RunStatus.COMPLETED:
            return 100.0
        if self._status is RunStatus.RUNNING:
            passed = 100.0 * self._elapsed_s() / self._time_limit_s
            self._percentage = min(_NEARLY_DONE, max(self._percentage, self._phase_percentage, passed))
        return self._percentage

    def _add_point(self, elapsed_ms: int) -> None:
        self._series.append((elapsed_ms, self._objective, self._bound))
        if len(self._series) > MAX_POINTS:
            del self._series[1:-1:2]


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
