"""The optimisation service with honest solvers: queue, order, stopping, events, memory, restart."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

import psutil
import pytest

from app.optimization import OptimizationService, RunEvent
from app.request_json import canonical_request
from app.run_archive import RunArchive, Submission
from app.versions import VersionService
from engine.errors import ErrorCode, TaktwerkError
from engine.messages import encode_plan
from engine.model import OptimizationRequest, Options, PlacedEvent, RunStatus
from storage import canonical
from storage.database import Database, open_database
from tests.support import fault_workers as workers
from tests.support.fault_workers import command
from tests.support.plants import at, op, plant
from tests.support.runs import a_request, big_plant, flat_plant, wait_until

MINUTE_MS = 60_000


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(tmp_path / "runs.db")
    yield opened
    opened.close()


@pytest.fixture
def service(database: Database) -> Iterator[OptimizationService]:
    """A service whose runs go on until they are stopped."""
    made = OptimizationService(database, user="tester", command=command(workers.answers_after_a_while))
    yield made
    made.close()


def ended(service: OptimizationService, run_id: str) -> bool:
    return service.status(run_id).completed_at is not None


def has_plan(service: OptimizationService, run_id: str) -> bool:
    return service.status(run_id).has_incumbent


def test_a_run_from_submission_to_result(database: Database, service: OptimizationService) -> None:
    versions = VersionService(database)
    version = versions.import_schedule(flat_plant())
    a = a_request(time_limit=20)
    events: list[RunEvent] = []
    service.subscribe(events.append)
    run_id = service.submit(a, schedule_id=version.schedule_id, base_version_id=version.id, label="Night shift")
    assert service.status(run_id).status in (RunStatus.QUEUED, RunStatus.RUNNING)
    wait_until(lambda: service.status(run_id).objective == 375 * MINUTE_MS)

    view = service.status(run_id)
    assert (view.status, view.label, view.step) == (RunStatus.RUNNING, "Night shift", "Searching")
    assert 10 <= view.percentage <= 99
    assert (view.bound, view.gap) == (1.0, 0.5)
    assert view.remaining_s is not None and 10 < view.remaining_s < 20
    assert [point[0] for point in view.series] == [10, 20]
    response = service.result(run_id)
    assert (response.status, response.result) == (RunStatus.RUNNING, None)
    assert response.progress is not None and response.progress.current_step == "Searching"

    service.stop(run_id, keep=True)
    wait_until(lambda: ended(service, run_id))
    response = service.result(run_id)
    assert response.status is RunStatus.COMPLETED
    assert response.result is not None and response.error is None
    assert len(response.result.events) == 6 and all(event.changed for event in response.result.events)
    metrics = response.result.metrics
    assert (metrics.makespan, metrics.constraint_violations) == (375 * MINUTE_MS, 0)
    assert (metrics.first_solution_ms, metrics.solve_ms, metrics.proof) == (10, 50, "feasible")
    wait_until(lambda: bool(events) and events[-1].kind == "finished")
    kinds = [kind for kind, _ in groupby(event.kind for event in events if event.kind != "phase")]
    assert kinds == ["queued", "started", "incumbent", "finished"]
    assert {event.run_id for event in events} == {run_id}
    assert events[-1].view.metrics == metrics and events[-1].view.percentage == 100

    with database.read() as read:
        row = read.runs.get(run_id)
        stored = read.runs.request(run_id)
        best = read.runs.best_incumbent(run_id)
        assert stored == canonical.dumps(a.model_dump(by_alias=True, exclude_none=True))
    assert (row.status, row.label, row.progress_percentage) == ("completed", "Night shift", 100)
    assert (row.schedule_id, row.base_version_id) == (version.schedule_id, version.id)
    assert row.input_hash == canonical.content_hash(stored)
    assert row.metrics == metrics.to_json()
    assert best is not None and best.seq in (2, 3)  # two plans told within one transaction count as one
    assert best.events_json == encode_plan(list(response.result.events))
    assert [view.run_id for view in service.history(version.schedule_id)] == [run_id]


def test_submitting_does_not_wait_for_anything(database: Database, service: OptimizationService) -> None:
    large = a_request(big_plant(10_000), time_limit=30)
    with database.unit_of_work():  # somebody else is writing
        begun = time.monotonic()
        run_id = service.submit(large)
        took_s = time.monotonic() - begun
        assert service.status(run_id).status is RunStatus.QUEUED
    service.cancel(run_id)
    assert took_s < 0.05


def test_runs_wait_for_their_turn_in_order(service: OptimizationService) -> None:
    ids = [service.submit(a_request(time_limit=20), label=str(number)) for number in range(4)]
    wait_until(lambda: service.status(ids[0]).status is RunStatus.RUNNING)
    assert [service.status(run_id).queue_position for run_id in ids] == [None, 1, 2, 3]
    service.cancel(ids[1])
    assert service.status(ids[1]).status is RunStatus.CANCELLED
    assert [service.status(run_id).queue_position for run_id in ids] == [None, None, 1, 2]
    service.stop(ids[0])
    wait_until(lambda: service.status(ids[2]).status is RunStatus.RUNNING)
    assert service.status(ids[3]).queue_position == 1


def test_several_may_run_at_once(database: Database) -> None:
    service = OptimizationService(database, max_running=2, command=command(workers.answers_after_a_while))
    try:
        ids = [service.submit(a_request(time_limit=20)) for _ in range(3)]
        wait_until(lambda: all(has_plan(service, run_id) for run_id in ids[:2]))
        assert service.status(ids[2]).status is RunStatus.QUEUED
    finally:
        service.close()


def test_cancelling_keeps_what_was_stored_but_gives_no_result(database: Database, service: OptimizationService) -> None:
    run_id = service.submit(a_request(time_limit=20))
    wait_until(lambda: service.status(run_id).objective == 375 * MINUTE_MS)
    service.cancel(run_id)
    wait_until(lambda: ended(service, run_id))
    view = service.status(run_id)
    assert (view.status, view.error, view.has_incumbent) == (RunStatus.CANCELLED, None, True)
    assert service.result(run_id).result is None
    with database.read() as read:
        assert read.runs.get(run_id).status == "cancelled"
        assert read.runs.best_incumbent(run_id) is not None


def test_stopping_and_cancelling_what_is_over_changes_nothing(service: OptimizationService) -> None:
    run_id = service.submit(a_request(time_limit=20))
    wait_until(lambda: has_plan(service, run_id))
    service.stop(run_id)
    wait_until(lambda: ended(service, run_id))
    service.cancel(run_id)
    service.stop(run_id)
    time.sleep(0.1)
    assert service.status(run_id).status is RunStatus.COMPLETED


def test_a_run_that_does_not_exist_is_an_error(service: OptimizationService) -> None:
    for call in (service.status, service.result, service.cancel, service.stop, service.request):
        with pytest.raises(TaktwerkError) as raised:
            call(str(uuid.uuid4()))
        assert raised.value.code is ErrorCode.NOT_FOUND


def test_cancelling_straight_after_submitting(database: Database, service: OptimizationService) -> None:
    ids = [service.submit(a_request(time_limit=20)) for _ in range(10)]
    for run_id in ids:
        service.cancel(run_id)
    wait_until(lambda: all(ended(service, run_id) for run_id in ids))
    assert {service.status(run_id).status for run_id in ids} == {RunStatus.CANCELLED}

    def stored() -> set[str]:
        with database.read() as read:
            return {row.status for row in read.runs.list()}

    wait_until(lambda: stored() == {"cancelled"})


def test_a_profile_fills_in_what_the_request_leaves_open(database: Database, service: OptimizationService) -> None:
    with database.unit_of_work() as uow:
        profile = uow.profiles.add("Mine", 4, {"objective": "minimize_setup", "timeLimit": 77, "seed": 5})
        uow.commit()
    given = Options(seed=9, objectives=("minimize_tardiness", "minimize_cost"))
    a = OptimizationRequest(schedule_data=flat_plant(), profile_id=profile.id, options=given)
    run_id = service.submit(a)
    solved = service.request(run_id)
    assert solved.algorithm_id == 4
    assert (solved.options.time_limit, solved.options.seed) == (77, 9)
    assert (solved.options.objective, solved.options.objectives) == (None, given.objectives)
    explicit = a.model_copy(update={"algorithm_id": 2, "options": Options()})
    assert service.request(service.submit(explicit)).algorithm_id == 2
    assert service.request(service.submit(explicit)).options.objective == "minimize_setup"
    with pytest.raises(TaktwerkError, match="999"):
        service.submit(a.model_copy(update={"profile_id": 999}))


def test_a_slow_or_broken_listener_holds_nothing_up(
    service: OptimizationService, caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest
) -> None:
    request.node.add_marker(pytest.mark.logs_errors)
    seen: list[str] = []

    def broken(_event: RunEvent) -> None:
        time.sleep(0.3)
        raise RuntimeError("no")

    service.subscribe(broken)
    leave = service.subscribe(lambda event: seen.append(event.kind))
    run_id = service.submit(a_request(time_limit=20))
    wait_until(lambda: has_plan(service, run_id))
    service.stop(run_id)
    begun = time.monotonic()
    wait_until(lambda: ended(service, run_id))
    assert time.monotonic() - begun < 1.5
    wait_until(lambda: "finished" in seen)
    assert "a listener failed" in caplog.text
    leave()
    count = len(seen)
    service.cancel(service.submit(a_request()))
    time.sleep(0.8)
    assert len(seen) == count


def test_closing_ends_runs_and_leaves_their_plans(database: Database) -> None:
    service = OptimizationService(database, command=command(workers.answers_after_a_while))
    running, waiting = (service.submit(a_request(time_limit=60)) for _ in range(2))
    wait_until(lambda: service.status(running).objective == 375 * MINUTE_MS)

    def stored_plans() -> int:
        with database.read() as read:
            best = read.runs.best_incumbent(running)
            return best.seq if best else 0

    wait_until(lambda: stored_plans() >= 1)
    begun = time.monotonic()
    service.close()
    assert time.monotonic() - begun < 2
    assert not [child for child in psutil.Process().children() if "answers_after_a_while" in child.cmdline()]
    with pytest.raises(RuntimeError, match="closed"):
        service.submit(a_request())
    later = OptimizationService(database)
    try:
        assert later.recovered == []
        view, queued = later.status(running), later.status(waiting)
        assert view.error is not None and view.error.code is ErrorCode.INTERRUPTED
        assert (view.status, view.has_incumbent) == (RunStatus.FAILED, True)
        assert (queued.status, queued.has_incumbent) == (RunStatus.FAILED, False)
        response = later.result(running)
        assert response.result is not None and response.result.metrics.makespan in (375 * MINUTE_MS, 675 * MINUTE_MS)
        assert later.result(waiting).result is None
    finally:
        later.close()


def dead_owner() -> str:
    """How a program names itself that has ended since."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    created = psutil.Process(process.pid).create_time()
    process.wait()
    return f"{platform.node()}/{process.pid}/{created:.2f}/00000000"


def abandoned_run(database: Database, plan: list[PlacedEvent], owner: str = "unknown") -> str:
    """A run as a program leaves it that is killed in its middle."""
    archive = RunArchive(database)
    archive._owner = owner  # pyright: ignore[reportPrivateUsage]
    a = a_request(plant([op("A", 60, on="M1")]), time_limit=60)
    run_id = str(uuid.uuid4())
    archive.add(Submission(run_id, a, canonical_request(a), "", None, None))
    assert archive.start(run_id)
    with database.unit_of_work() as uow:
        uow.runs.add_incumbent(run_id, 1, 1_000, 60.0 * MINUTE_MS, 1.0, encode_plan(plan))
        uow.commit()
    return run_id


@pytest.mark.parametrize(
    "owner",
    [dead_owner, lambda: f"{platform.node()}/{os.getpid()}/1000.00/00000000", lambda: "unknown"],
    ids=["it has ended", "its number is another's now", "it is not named"],
)
def test_runs_of_a_program_that_died_are_failed_and_their_plan_can_be_applied(
    database: Database, owner: Callable[[], str]
) -> None:
    good = [PlacedEvent(id="A", resource_id="M1", start_date=at(0), end_date=at(60))]
    run_id = abandoned_run(database, good, owner())
    service = OptimizationService(database)
    try:
        assert service.recovered == [run_id]
        view = service.status(run_id)
        assert (view.status, view.has_incumbent) == (RunStatus.FAILED, True)
        assert view.error is not None and view.error.code is ErrorCode.INTERRUPTED
        response = service.result(run_id)
        assert response.result is not None
        assert response.result.metrics.makespan == 60 * MINUTE_MS
        assert response.result.events[0].changed
    finally:
        service.close()


def test_an_unchecked_plan_of_a_program_that_died_is_checked_before_it_is_shown(database: Database) -> None:
    bad = [PlacedEvent(id="A", resource_id="M1", start_date=at(0), end_date=at(30))]
    run_id = abandoned_run(database, bad)
    service = OptimizationService(database)
    try:
        with pytest.raises(TaktwerkError, match="refused"):
            service.result(run_id)
    finally:
        service.close()


def test_runs_of_a_program_that_lives_are_left_alone(database: Database, service: OptimizationService) -> None:
    run_id = service.submit(a_request(time_limit=20))
    wait_until(lambda: has_plan(service, run_id))
    second = OptimizationService(database)
    try:
        assert second.recovered == []
        assert second.status(run_id).status is RunStatus.RUNNING
        second.cancel(run_id)
        wait_until(lambda: ended(service, run_id))
        assert service.status(run_id).status is RunStatus.CANCELLED
    finally:
        second.close()


def test_a_database_that_refuses_does_not_end_a_run(
    database: Database, service: OptimizationService, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    request.node.add_marker(pytest.mark.logs_errors)
    run_id = service.submit(a_request(time_limit=20))
    wait_until(lambda: service.status(run_id).status is RunStatus.RUNNING)

    def refuse(*_: object, **__: object) -> bool:
        raise TaktwerkError(ErrorCode.STORAGE, "The disk is full.")

    monkeypatch.setattr(RunArchive, "note", refuse)
    monkeypatch.setattr(RunArchive, "finish", refuse)
    wait_until(lambda: has_plan(service, run_id))
    service.stop(run_id)
    wait_until(lambda: ended(service, run_id))
    view, response = service.status(run_id), service.result(run_id)
    assert view.status is RunStatus.COMPLETED
    assert any("could not be stored" in warning for warning in view.warnings)
    assert response.result is not None


def test_a_database_that_refuses_the_run_fails_it(
    service: OptimizationService, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    request.node.add_marker(pytest.mark.logs_errors)

    def refuse(*_: object, **__: object) -> bool:
        raise TaktwerkError(ErrorCode.STORAGE, "The disk is full.")

    monkeypatch.setattr(RunArchive, "add", refuse)
    run_id = service.submit(a_request())
    wait_until(lambda: ended(service, run_id))
    view = service.status(run_id)
    assert view.status is RunStatus.FAILED
    assert view.error is not None and view.error.code is ErrorCode.STORAGE


def test_many_threads_at_once(service: OptimizationService) -> None:
    ids: list[str] = []

    def work() -> None:
        run_id = service.submit(a_request(time_limit=20))
        ids.append(run_id)
        for _ in range(20):
            service.status(run_id)
        service.cancel(run_id)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_until(lambda: all(ended(service, run_id) for run_id in ids))
    assert {service.status(run_id).status for run_id in ids} == {RunStatus.CANCELLED}


@pytest.mark.slow
def test_old_runs_are_read_from_the_database(database: Database) -> None:
    service = OptimizationService(database, command=command(workers.answers_at_once))
    try:
        ids = [service.submit(a_request(time_limit=20)) for _ in range(10)]
        wait_until(lambda: all(ended(service, run_id) for run_id in ids), 30)
        views = [service.status(run_id) for run_id in ids]
        assert {view.status for view in views} == {RunStatus.COMPLETED}
        assert len({(view.objective, len(view.series)) for view in views}) == 1
        results = {service.result(run_id).result for run_id in ids}
        assert len({result.metrics.makespan for result in results if result}) == 1
    finally:
        service.close()
