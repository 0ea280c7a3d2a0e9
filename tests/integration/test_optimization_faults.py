"""Whatever a solver does, its run ends in time: completed with a checked plan, or failed with a code and the best."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from app.optimization import OptimizationService, RunView
from app.run_execution import limits_of
from engine.check import check_result
from engine.model import OptimizationRequest, OptimizationResponse, RunStatus, Status
from storage.database import Database, open_database
from tests.support import fault_workers as faults
from tests.support.fault_workers import command
from tests.support.plants import after, op, plant, request
from tests.support.runs import a_request, flat_plant, wait_until

pytestmark = pytest.mark.logs_errors

SLACK_S = 0.7
MINUTE_MS = 60_000
ONE_BY_ONE_MS = sum(60 + i for i in range(6)) * MINUTE_MS


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(tmp_path / "runs.db")
    yield opened
    opened.close()


def solve(database: Database, way: object, a: OptimizationRequest) -> tuple[RunView, OptimizationResponse]:
    """Run a request with a worker that fails in some way; the end as remembered equals the end as stored."""
    service = OptimizationService(database, command=command(way))  # type: ignore[arg-type]
    try:
        run_id = service.submit(a)
        wait_until(lambda: service.status(run_id).completed_at is not None, 30)
        view, response = service.status(run_id), service.result(run_id)
    finally:
        service.close()
    later = OptimizationService(database)
    try:
        stored = later.status(run_id)
        assert (stored.status, stored.has_incumbent, stored.metrics) == (view.status, view.has_incumbent, view.metrics)
        assert (stored.error and stored.error.to_json()) == (view.error and view.error.to_json())
        assert later.result(run_id).result == response.result
    finally:
        later.close()
    return view, response


def assert_keeps_the_checked_best(a: OptimizationRequest, view: RunView, response: OptimizationResponse) -> None:
    assert view.has_incumbent
    assert response.result is not None
    assert response.result.metrics.makespan == ONE_BY_ONE_MS
    assert response.result.metrics.objective_value == ONE_BY_ONE_MS
    assert response.result.metrics.changed_events == 6
    assert check_result(a, response.result.events) == []


FAULTS = [
    (faults.killed_with_incumbents, "E007", "SIGKILL"),
    pytest.param(faults.killed_inside_an_incumbent, "E007", "cut off", marks=pytest.mark.slow),
    pytest.param(faults.killed_inside_the_result, "E007", "cut off", marks=pytest.mark.slow),
    pytest.param(faults.crashes, "E007", "SIGSEGV", marks=pytest.mark.slow),
    (faults.exits_without_a_result, "E007", "exit code 0"),
    pytest.param(faults.sends_garbage, "E007", "unreadable", marks=pytest.mark.slow),
    pytest.param(faults.sends_a_huge_line, "E007", "longer than", marks=pytest.mark.slow),
    (faults.lies, "E007", "breaks"),
    pytest.param(faults.names_a_stranger, "E007", "nobody", marks=pytest.mark.slow),
    pytest.param(faults.sends_an_unreadable_plan, "E007", "cannot be read", marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("way", "code", "words"), FAULTS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_fault_is_a_coded_failure_and_the_best_plan_is_kept(
    database: Database, way: object, code: str, words: str
) -> None:
    a = a_request(time_limit=20)
    view, response = solve(database, way, a)
    assert view.status is RunStatus.FAILED
    assert response.error is not None
    assert response.error.code == code
    assert words in response.error.message
    assert "kept and can be applied" in response.error.message
    assert response.error.details["hasIncumbent"] is True
    assert_keeps_the_checked_best(a, view, response)


@pytest.mark.parametrize(
    "way",
    [
        faults.killed_in_a_phase,
        pytest.param(faults.killed_before_hello, marks=pytest.mark.slow),
        pytest.param(faults.speaks_another_version, marks=pytest.mark.slow),
    ],
)
def test_a_fault_before_the_first_plan_leaves_none(database: Database, way: object) -> None:
    view, response = solve(database, way, a_request(time_limit=20))
    assert view.status is RunStatus.FAILED
    assert response.error is not None and response.error.code == "E007"
    assert not view.has_incumbent
    assert response.result is None


def test_memory_beyond_the_limit_is_a_failure_with_the_best_plan_kept(database: Database) -> None:
    a = a_request(time_limit=20, memory_limit=250)
    view, response = solve(database, faults.eats_memory, a)
    assert response.error is not None and response.error.code == "E006"
    assert_keeps_the_checked_best(a, view, response)


@pytest.mark.parametrize("way", [faults.hangs, pytest.param(faults.freezes, marks=pytest.mark.slow)])
def test_a_hang_with_a_plan_completes_at_the_limit(database: Database, way: object) -> None:
    a = a_request(time_limit=1.5)
    view, response = solve(database, way, a)
    assert view.status is RunStatus.COMPLETED
    assert view.elapsed_s < 1.5 + 1.0 + SLACK_S
    assert response.result is not None
    assert any("did not answer at the time limit" in warning for warning in response.result.warnings)
    assert_keeps_the_checked_best(a, view, response)


def test_a_hang_without_a_plan_fails_at_the_limit(database: Database) -> None:
    view, response = solve(database, faults.hangs_without_a_plan, a_request(time_limit=1.0))
    assert view.status is RunStatus.FAILED
    assert response.error is not None and response.error.code == "E002"
    assert "Your plan is as it was. Optimise again with more time" in response.error.message
    assert view.elapsed_s < 1.0 + 1.0 + SLACK_S


def test_a_hang_without_a_plan_leaves_the_plan_that_it_began_with(database: Database) -> None:
    placed = request(plant([op("A", 60, on="M1", start=0), op("B", 60, on="M1", start=90)], now=0), time_limit=1.0)
    view, response = solve(database, faults.hangs_without_a_plan, placed)
    assert view.status is RunStatus.COMPLETED
    assert response.result is not None
    assert response.result.metrics.changed_events == 0
    assert any("The plan stays as it is" in warning for warning in response.result.warnings)
    broken = request(plant([op("A", 60, on="M1", start=0), op("B", 60, on="M1", start=30)], now=0), time_limit=1.0)
    view, response = solve(database, faults.hangs_without_a_plan, broken)
    assert response.error is not None and response.error.code == "E002"


def test_what_a_solver_said_before_it_was_ended_is_heard(database: Database) -> None:
    a = a_request(time_limit=1.0)
    view, response = solve(database, faults.tells_its_plan_when_ended, a)
    assert view.status is RunStatus.COMPLETED
    assert_keeps_the_checked_best(a, view, response)


def test_a_solver_that_only_lies_leaves_nothing(database: Database) -> None:
    view, response = solve(database, faults.always_lies, a_request(time_limit=20))
    assert view.status is RunStatus.FAILED
    assert response.error is not None
    assert response.error.details["violations"][0]["rule"] == "overlap"
    assert response.error.details["hasIncumbent"] is False
    assert not view.has_incumbent
    assert response.result is None


def test_a_boast_is_not_believed(database: Database) -> None:
    a = a_request(time_limit=20)
    view, response = solve(database, faults.boasts, a)
    assert view.status is RunStatus.COMPLETED
    assert_keeps_the_checked_best(a, view, response)
    assert response.result is not None
    assert response.result.metrics.proof == "feasible"
    assert response.result.metrics.best_bound is None
    assert any("figures for this plan were wrong" in warning for warning in response.result.warnings)


def test_what_fixed_work_breaks_is_tolerated_and_told(database: Database) -> None:
    started = {"on": "M1", "status": Status.STARTED}
    schedule = plant([op("A", 60, start=0, **started), op("B", 60, start=30, **started), op("C", 60, on="M1")])
    a = request(schedule, time_limit=5.0, objective="minimize_makespan")
    service = OptimizationService(database, command=command(faults.keeps_what_is_placed))
    try:
        run_id = service.submit(a)
        wait_until(lambda: service.status(run_id).completed_at is not None)
        response = service.result(run_id)
    finally:
        service.close()
    assert response.status is RunStatus.COMPLETED, response.error
    assert response.result is not None
    assert response.result.metrics.constraint_violations > 0
    assert any("may not move" in warning for warning in response.result.warnings)


def test_kill_9_from_outside_in_the_middle(database: Database) -> None:
    a = a_request(time_limit=20)
    service = OptimizationService(database, command=command(faults.hangs))
    try:
        run_id = service.submit(a)
        wait_until(lambda: service.status(run_id).has_incumbent and service.status(run_id).objective == ONE_BY_ONE_MS)
        solver = next(child for child in psutil.Process().children() if "hangs" in child.cmdline())
        os.kill(solver.pid, signal.SIGKILL)
        killed_at = time.monotonic()
        wait_until(lambda: service.status(run_id).completed_at is not None)
        assert time.monotonic() - killed_at < 1.0
        assert_keeps_the_checked_best(a, service.status(run_id), service.result(run_id))
    finally:
        service.close()


def test_after_a_fault_the_next_run_goes_on(database: Database, tmp_path: Path) -> None:
    flag = tmp_path / "second"
    service = OptimizationService(database, command=[*command(faults.fails_once), str(flag)])
    try:
        first, second = (service.submit(a_request(time_limit=5)) for _ in range(2))
        wait_until(lambda: service.status(second).completed_at is not None)
        assert service.status(first).status is RunStatus.FAILED
        assert service.status(second).status is RunStatus.COMPLETED
    finally:
        service.close()


def test_time_for_checking_grows_with_the_plan() -> None:
    small = limits_of(a_request(flat_plant(6)))
    large = limits_of(a_request(flat_plant(6_000)))
    assert large.reserve_s > small.reserve_s + 0.3
    assert large.end_at_s + large.reserve_s <= 5.0 + 1.0
    busy = limits_of(a_request(flat_plant(6_000)), encoding_s=0.4)
    assert busy.reserve_s == pytest.approx(1.2)
    assert busy.end_at_s + busy.reserve_s <= 5.0 + 1.0
    assert limits_of(a_request(flat_plant(6_000)), encoding_s=100).reserve_s == pytest.approx(4 * large.reserve_s)


def test_dependencies_do_not_disturb_the_judgement(database: Database) -> None:
    schedule = plant([op("A", 60, on="M1"), op("B", 30, on="M2")], dependencies=[after("A", "B")])
    view, response = solve(database, faults.answers_at_once, a_request(schedule))
    assert view.status is RunStatus.COMPLETED, view.error
    assert response.result is not None
    assert response.result.metrics.makespan == 90 * MINUTE_MS
    assert response.result.metrics.proof == "feasible"
    assert view.percentage == 100
