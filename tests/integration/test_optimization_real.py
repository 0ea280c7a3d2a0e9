"""Runs with the real solver, from request to checked plan."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.optimization import OptimizationService, RunEvent, run_once
from engine.apply import apply_result
from engine.check import check_result
from engine.metrics import objective_vector
from engine.model import RunStatus
from storage.database import Database, open_database
from tests.support.plants import after, at, op, order, plant, request
from tests.support.runs import a_request, big_plant, wait_until

MINUTE_MS = 60_000


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(tmp_path / "runs.db")
    yield opened
    opened.close()


def test_a_small_plant_is_solved_to_its_known_optimum() -> None:
    schedule = plant(
        [op("A1", 30, on="M1"), op("A2", 20, on="M2"), op("B1", 10, on="M1"), op("B2", 40, on="M2")],
        dependencies=[after("A1", "A2"), after("B1", "B2")],
    )
    events: list[RunEvent] = []
    response = run_once(request(schedule, time_limit=15.0, objective="minimize_makespan", workers=1), events.append)
    assert response.status is RunStatus.COMPLETED, response.error
    assert response.result is not None
    metrics = response.result.metrics
    assert metrics.makespan == 70 * MINUTE_MS
    assert (metrics.proof, metrics.gap, metrics.best_bound) == ("optimal", 0.0, 70.0 * MINUTE_MS)
    assert (metrics.changed_events, metrics.constraint_violations) == (4, 0)
    assert metrics.first_solution_ms is not None and metrics.solve_ms is not None
    assert metrics.first_solution_ms <= metrics.solve_ms < 15_000
    placed = {event.id: event for event in response.result.events}
    assert placed["B1"].start_date == at(0)
    assert events[0].kind == "started" and events[-1].kind == "finished"


def test_locks_that_cannot_hold_together_are_e003_with_the_conflict() -> None:
    schedule = plant([op("A", 60, on="M1", start=0, locked=True), op("B", 60, on="M1", start=30, locked=True)])
    response = run_once(request(schedule, time_limit=10.0, workers=1))
    assert response.status is RunStatus.FAILED
    assert response.error is not None
    assert response.error.code == "E003"
    assert response.error.details["conflict"]
    assert "repairs" in response.error.details
    assert response.result is None


def test_a_service_run_stopped_early_keeps_a_feasible_plan_with_its_true_worth(database: Database) -> None:
    a = a_request(big_plant(300, machines=6), time_limit=60, objective="minimize_tardiness")
    service = OptimizationService(database)
    try:
        run_id = service.submit(a)
        wait_until(lambda: service.status(run_id).has_incumbent, 40)
        service.stop(run_id, keep=True)
        asked_at = time.monotonic()
        wait_until(lambda: service.status(run_id).completed_at is not None, 10)
        assert time.monotonic() - asked_at < 4
        response = service.result(run_id)
    finally:
        service.close()
    assert response.status is RunStatus.COMPLETED, response.error
    assert response.result is not None
    assert check_result(a, response.result.events) == []
    vector = objective_vector(a, apply_result(a.schedule_data, response.result.events))
    assert response.result.metrics.objective_value == vector[0]


def test_a_run_ends_within_its_time_limit_and_a_second() -> None:
    begun = time.monotonic()
    response = run_once(a_request(big_plant(500, machines=10), time_limit=8, objective="minimize_tardiness"))
    assert 6 < time.monotonic() - begun < 8 + 1
    assert response.status is RunStatus.COMPLETED, response.error
    assert response.result is not None
    assert response.result.metrics.constraint_violations == 0


def test_a_stop_event_ends_it_with_the_best_plan() -> None:
    stop = threading.Event()
    a = a_request(big_plant(300, machines=6), time_limit=60, objective="minimize_tardiness")
    begun = time.monotonic()
    response = run_once(a, lambda event: stop.set() if event.kind == "incumbent" else None, stop)
    assert response.status is RunStatus.COMPLETED, response.error
    assert time.monotonic() - begun < 40


def test_an_order_that_is_late_is_weighed() -> None:
    schedule = plant([op("A", 60, on="M1", order="O1")], orders=[order("O1", due=30)])
    response = run_once(request(schedule, time_limit=20.0, workers=1))
    assert response.result is not None, response.error
    metrics = response.result.metrics
    assert (metrics.objective, metrics.objective_value) == ("weighted_mix", 0.5 + 0.5)  # hours late, half the makespan
    assert (metrics.late_orders, metrics.proof) == (1, "optimal")
