"""How far a run is, as it is told."""

from __future__ import annotations

import time

import pytest

from app.run_progress import MAX_POINTS, RunProgress
from engine.errors import ErrorCode, TaktwerkError
from engine.messages import Alive, Bound, Hello, Incumbent, Phase
from engine.model import Metrics, RunStatus
from tests.support.runs import a_request

METRICS = Metrics(
    makespan=7, resource_utilization=0.5, total_setup_time=0, constraint_violations=0,
    objective_value=7.0, best_bound=6.0, gap=1 / 7,
)  # fmt: skip


def running(time_limit: float = 100.0) -> RunProgress:
    progress = RunProgress("run", a_request(time_limit=time_limit), "Try")
    assert progress.start()
    return progress


def incumbent(seq: int, objective: float, bound: float | None = None) -> Incumbent:
    return Incumbent(
        seq=seq, elapsed_ms=seq, objective=objective, vector=(round(objective),), bound=bound, payload_bytes=0
    )


def test_a_waiting_run_tells_its_place() -> None:
    progress = RunProgress("run", a_request(), "Try", "s", "v")
    view = progress.view(lambda: 3)
    assert (view.status, view.queue_position, view.percentage, view.elapsed_s) == (RunStatus.QUEUED, 3, 0, 0)
    assert (view.remaining_s, view.schedule_id, view.base_version_id) == (None, "s", "v")
    assert view.objective_name == "minimize_makespan"
    progress.start()
    assert progress.view(lambda: 3).queue_position is None


def test_the_percentage_is_the_greater_of_phase_and_time_and_never_falls() -> None:
    progress = running(time_limit=1.0)
    progress.take(Phase(name="Searching", percentage=60))
    assert progress.view().percentage == 60
    progress.take(Phase(name="Looking back", percentage=10))
    view = progress.view()
    assert (view.percentage, view.step) == (60, "Looking back")
    time.sleep(0.7)
    assert 70 <= progress.view().percentage < 99
    time.sleep(0.4)
    view = progress.view()
    assert (view.percentage, view.remaining_s) == (99, 0)
    progress.finish(RunStatus.COMPLETED, metrics=METRICS, has_incumbent=True)
    assert progress.view().percentage == 100


def test_plans_and_bounds_make_the_curve() -> None:
    progress = running()
    assert progress.take(Hello(pid=1, versions={})) is None
    assert progress.take(Bound(elapsed_ms=1, bound=5.0)) == "bound"
    assert not progress.view().has_incumbent
    assert progress.take(incumbent(2, 9.0, 5.0)) == "incumbent"
    assert progress.take(Bound(elapsed_ms=3, bound=6.0, gap=0.3)) == "bound"
    assert progress.take(Alive()) == "phase"
    view = progress.view()
    assert view.series == ((1, None, 5.0), (2, 9.0, 5.0), (3, 9.0, 6.0))
    assert (view.objective, view.bound, view.gap, view.has_incumbent) == (9.0, 6.0, 0.3, True)


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    progress = running()
    for number in range(1, 5 * MAX_POINTS):
        progress.take(incumbent(number, 1e6 - number))
    series = progress.view().series
    assert MAX_POINTS / 2 <= len(series) <= MAX_POINTS
    assert (series[0][0], series[-1][0]) == (1, 5 * MAX_POINTS - 1)
    assert list(series) == sorted(series)


@pytest.mark.parametrize("status", [RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED])
def test_what_is_over_stays_over(status: RunStatus) -> None:
    progress = running()
    assert progress.finish(status)
    view = progress.view()
    assert not progress.start()
    assert not progress.finish(RunStatus.FAILED)
    assert not progress.finish(RunStatus.COMPLETED)
    time.sleep(0.02)
    assert progress.view() == view
    assert view.completed_at is not None


def test_a_waiting_run_may_be_cancelled_but_not_completed() -> None:
    progress = RunProgress("run", a_request())
    assert not progress.finish(RunStatus.COMPLETED)
    assert progress.status is RunStatus.QUEUED
    assert progress.finish(RunStatus.CANCELLED)
    assert progress.view().elapsed_s == 0


def test_the_end_shows_the_checked_figures() -> None:
    progress = running()
    progress.take(incumbent(1, 3.0, 1.0))
    progress.check()
    assert progress.view().step == "Checking the plan"
    progress.finish(RunStatus.COMPLETED, metrics=METRICS, warnings=("Mind.",), has_incumbent=True)
    view = progress.view()
    assert (view.objective, view.bound, view.gap) == (7.0, 6.0, 1 / 7)
    assert view.series[-1][1:] == (7.0, 6.0)
    assert (view.metrics, view.warnings, view.step) == (METRICS, ("Mind.",), "Complete")


def test_the_response_is_the_contracts() -> None:
    progress = running(time_limit=50)
    progress.take(Phase(name="Searching", percentage=25))
    told = progress.view().response().to_json()
    assert (told["runId"], told["status"]) == ("run", "running")
    assert told["progress"]["percentage"] == 25 and told["progress"]["currentStep"] == "Searching"
    assert 49 < told["progress"]["estimatedTimeRemaining"] <= 50
    assert "error" not in told and "result" not in told
    error = TaktwerkError(ErrorCode.INFEASIBLE_PROBLEM, "No.", {"conflict": [1], "repairs": []})
    progress.finish(RunStatus.FAILED, error)
    assert progress.view().response().to_json()["error"] == {
        "code": "E003",
        "message": "No.",
        "details": {"conflict": [1], "repairs": []},
    }
