"""Runs: their state by compare-and-set, their plans, their curve, and what a crash leaves."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import ErrorCode, TaktwerkError
from engine.model import RunStatus
from engine.run_states import TRANSITIONS
from storage import canonical, sqlite_file
from storage.database import Database
from storage.rows import ProgressPoint
from tests.support.databases import BACKENDS, first_version, fresh_database, line_schedule


@pytest.fixture(params=BACKENDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with fresh_database(tmp_path, request.param) as opened:
        yield opened


def _add(database: Database, status: RunStatus = RunStatus.QUEUED, owner: str | None = None) -> str:
    """Add a run and bring it to a state."""
    way = {
        RunStatus.QUEUED: [],
        RunStatus.RUNNING: [RunStatus.RUNNING],
        RunStatus.COMPLETED: [RunStatus.RUNNING, RunStatus.COMPLETED],
        RunStatus.FAILED: [RunStatus.FAILED],
        RunStatus.CANCELLED: [RunStatus.CANCELLED],
    }
    with database.unit_of_work() as uow:
        run_id = uow.runs.add(algorithm_id=1, owner=owner).id
        for step in way[status]:
            assert uow.runs.transition(run_id, step)
        uow.commit()
    return run_id


def test_a_run_keeps_everything_it_was_given(database: Database) -> None:
    version = first_version(database, line_schedule())
    request = canonical.dumps({"scheduleData": line_schedule().to_json()})
    with database.unit_of_work() as uow:
        run = uow.runs.add(
            algorithm_id=2,
            schedule_id=version.schedule_id,
            base_version_id=version.id,
            profile_id=1,
            label="Night",
            options={"timeLimit": 10},
            lock_set={"events": ["a"]},
            seed=7,
            request=request,
            owner="pid 1",
            created_by=uow.users.ensure("anna"),
            program_version="1.0",
            solver_version="9.15",
        )
        uow.commit()
    with database.read() as view:
        assert view.runs.get(run.id) == run
        assert view.runs.request(run.id) == request
        assert view.runs.list(version.schedule_id) == [run]
        assert view.runs.list(statuses=[RunStatus.RUNNING]) == []
    assert (run.status, run.progress_percentage, run.started_at, run.result_version_id) == ("queued", 0, None, None)
    assert run.input_hash == canonical.content_hash(request)
    assert (run.options, run.lock_set, run.seed) == ({"timeLimit": 10}, {"events": ["a"]}, 7)


@pytest.mark.parametrize("source", list(RunStatus))
@pytest.mark.parametrize("target", list(RunStatus))
def test_only_the_moves_of_the_table_happen(tmp_path: Path, source: RunStatus, target: RunStatus) -> None:
    with fresh_database(tmp_path) as database:
        run_id = _add(database, source)
        with database.unit_of_work() as uow:
            moved = uow.runs.transition(run_id, target)
            uow.commit()
        with database.read() as view:
            run = view.runs.get(run_id)
    assert moved == (target in TRANSITIONS[source])
    assert run.status == (target if moved else source)


def test_times_progress_and_columns_come_with_the_move(database: Database) -> None:
    run_id = _add(database, RunStatus.RUNNING)
    with database.unit_of_work() as uow:
        assert uow.runs.update_progress(run_id, 41.6, "Improving", [ProgressPoint(10, 100.0, None)])
        uow.commit()
    with database.read() as view:
        running = view.runs.get(run_id)
    assert (running.progress_percentage, running.step, running.completed_at) == (42, "Improving", None)
    assert running.started_at is not None and running.started_at >= running.queued_at
    with database.unit_of_work() as uow:
        assert uow.runs.transition(run_id, "completed", metrics={"makespan": 5}, warnings=["late"])
        uow.commit()
    with database.unit_of_work() as uow:
        assert not uow.runs.update_progress(run_id, 50, "Too late", [ProgressPoint(20, 90.0, None)])
        with pytest.raises(TypeError):
            uow.runs.transition(run_id, "failed", label="x")
        with pytest.raises(TaktwerkError, match="no run"):
            uow.runs.transition("nothing", "failed")
        uow.commit()
    with database.read() as view:
        done = view.runs.get(run_id)
        assert [point.elapsed_ms for point in view.runs.points(run_id)] == [10]
    assert (done.status, done.progress_percentage, done.metrics, done.warnings) == (
        "completed",
        100,
        {"makespan": 5},
        ["late"],
    )
    assert done.completed_at is not None


def test_of_two_that_end_a_run_at_once_one_wins(database: Database) -> None:
    for _ in range(10):
        run_id = _add(database, RunStatus.RUNNING)
        won: list[str] = []
        barrier = threading.Barrier(2)

        def end(status: str, run_id: str = run_id, won: list[str] = won, barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            with database.unit_of_work() as uow:
                if uow.runs.transition(run_id, status):
                    won.append(status)
                uow.commit()

        threads = [threading.Thread(target=end, args=(status,)) for status in ("completed", "cancelled")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with database.read() as view:
            assert [view.runs.get(run_id).status] == won


def test_the_newest_plan_is_the_best_and_the_curve_is_in_order(database: Database) -> None:
    run_id = _add(database, RunStatus.RUNNING)
    with database.read() as view:
        assert view.runs.best_incumbent(run_id) is None and not view.runs.has_incumbent(run_id)
    plans = [canonical.dumps([{"id": f"a{i}"} for i in range(n)]) for n in (1, 2, 3)]
    with database.unit_of_work() as uow:
        for seq, plan in enumerate(plans, start=1):
            uow.runs.add_incumbent(run_id, seq, seq * 100, 50.5 - seq, 40.0, plan)
        uow.runs.add_points(run_id, [ProgressPoint(1, None, 1.5), ProgressPoint(5, 9.0, 1.5)])
        uow.runs.add_points(run_id, [ProgressPoint(7, 8.0, None)])
        uow.commit()
    with database.read() as view:
        best = view.runs.best_incumbent(run_id)
        points = view.runs.points(run_id)
    assert best is not None
    assert (best.seq, best.elapsed_ms, best.objective, best.bound) == (3, 300, 47.5, 40.0)
    assert best.events_json == plans[2]
    assert points == [ProgressPoint(1, None, 1.5), ProgressPoint(5, 9.0, 1.5), ProgressPoint(7, 8.0, None)]


def test_a_damaged_plan_is_noticed(tmp_path: Path) -> None:
    with fresh_database(tmp_path) as database:
        run_id = _add(database, RunStatus.RUNNING)
        with database.unit_of_work() as uow:
            uow.runs.add_incumbent(run_id, 1, 1, 1.0, None, b"[1,2,3]" * 100)
            uow.commit()
        plain = sqlite_file.connect(tmp_path / "taktwerk.db")
        plain.execute("UPDATE run_incumbents SET events = substr(events, 1, length(events) - 9) || x'00'")
        plain.close()
        with database.read() as view, pytest.raises(TaktwerkError) as raised:
            view.runs.best_incumbent(run_id)
    assert raised.value.code is ErrorCode.STORAGE


def test_runs_that_nobody_runs_any_more_fail_and_keep_their_plan(database: Database) -> None:
    with_plan = _add(database, RunStatus.RUNNING, "dead")
    without = _add(database, RunStatus.RUNNING, "dead")
    queued = _add(database, RunStatus.QUEUED, "dead")
    living = _add(database, RunStatus.RUNNING, "alive")
    done = _add(database, RunStatus.COMPLETED, "dead")
    with database.unit_of_work() as uow:
        uow.runs.add_incumbent(with_plan, 1, 5, 1.0, None, b"[]")
        uow.commit()
    with database.unit_of_work() as uow:
        failed = uow.runs.fail_interrupted(lambda owner: owner == "alive")
        uow.commit()
    assert set(failed) == {with_plan, without, queued}
    with database.read() as view:
        errors = {key: view.runs.get(key).error for key in failed}
        assert all(view.runs.get(key).status == "failed" for key in failed)
        assert (view.runs.get(living).status, view.runs.get(done).status) == ("running", "completed")
        assert view.runs.has_incumbent(with_plan)
    assert all(error is not None and error["code"] == "E007" for error in errors.values())
    texts = {key: str(error) for key, error in errors.items()}
    assert "can be applied" in texts[with_plan] and "start it again" in texts[without] and "waiting" in texts[queued]


def test_of_an_ended_run_only_the_best_plan_stays(database: Database) -> None:
    ended, going = _add(database, RunStatus.RUNNING), _add(database, RunStatus.RUNNING)
    with database.unit_of_work() as uow:
        for run_id in (ended, going):
            for seq in (1, 2, 3):
                uow.runs.add_incumbent(run_id, seq, seq * 100, 10.0 - seq, None, b"[%d]" % seq)
        assert uow.runs.prune_incumbents(ended) == 0, "it goes on"
        uow.runs.transition(ended, RunStatus.FAILED)
        assert uow.runs.prune_incumbents() == 2
        assert uow.runs.prune_incumbents(ended) == 0
        uow.commit()
    with database.read() as view:
        best = view.runs.best_incumbent(ended)
        assert best is not None and (best.seq, best.events_json) == (3, b"[3]")
    with database.unit_of_work() as uow:
        uow.runs.transition(going, RunStatus.COMPLETED)
        assert uow.runs.prune_incumbents(going) == 2
