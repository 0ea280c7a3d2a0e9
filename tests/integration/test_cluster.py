"""Runs on a real Dask cluster of two workers: the same answers as here, and a worker that is killed loses no plan."""

from __future__ import annotations

import json
import queue
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.client import Client
from app.cluster import Cluster
from app.optimization import OptimizationService
from engine.errors import ErrorCode, TaktwerkError
from engine.model import RunStatus
from storage.database import open_database
from tests.support import fault_workers as workers
from tests.support.api import an_api, body_of, serving
from tests.support.dask_cluster import LocalCluster, dask_cluster
from tests.support.databases import line_schedule
from tests.support.fault_workers import command
from tests.support.runs import a_request, wait_until

pytest.importorskip("distributed", reason="Dask is not installed (the extra 'dask')")
pytestmark = [pytest.mark.xdist_group("dask"), pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    with dask_cluster(tmp_path_factory.mktemp("dask")) as made:
        yield made


def connected(machines: LocalCluster, count: int = 2, way: object = None) -> Cluster:
    cluster = Cluster(machines.url, None if way is None else command(way))  # type: ignore[arg-type]
    wait_until(lambda: cluster.workers == count, 60)
    return cluster


@pytest.fixture
def runs(machines: LocalCluster, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[OptimizationService]:
    cluster = connected(machines, way=getattr(request, "param", None))
    database = open_database(tmp_path / "t.db")
    service = OptimizationService(database, 2, "anna", command=cluster.start)
    yield service
    service.close()
    database.close()
    cluster.close()


def ended(runs: OptimizationService, run_id: str) -> RunStatus:
    wait_until(lambda: runs.status(run_id).completed_at is not None, 60)
    return runs.status(run_id).status


@pytest.mark.parametrize(
    "address", ["dask://", "dask://host", "spark://host:1", "http://127.0.0.1:8786", "127.0.0.1:8786", ""]
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(TaktwerkError) as caught:
        Cluster(address)
    assert caught.value.code is ErrorCode.INVALID_SCHEDULE


def test_the_api_solves_on_the_cluster(machines: LocalCluster, tmp_path: Path) -> None:
    cluster = connected(machines)
    with an_api(tmp_path, cluster.start) as api, serving(api) as address:
        plant = Client(address, api.token())
        schedule = plant.import_schedule(line_schedule(20).to_json())["scheduleId"]
        plan = plant.wait(plant.submit(json.loads(body_of(plant.data(schedule)))))
        assert plan["status"] == "completed", plan
        assert plan["result"]["metrics"]["constraintViolations"] == 0
        assert plant.apply(schedule, plan["result"]["versionId"])["newVersionId"]
    cluster.close()


@pytest.mark.parametrize("runs", [workers.answers_after_a_while], indirect=True)
def test_runs_are_stopped_and_cancelled_there(runs: OptimizationService) -> None:
    first, second = (runs.submit(a_request(time_limit=60)) for _ in range(2))
    for run_id in (first, second):
        wait_until(lambda run_id=run_id: runs.status(run_id).has_incumbent, 60)
    runs.stop(first, keep=True)
    runs.cancel(second)
    assert (ended(runs, first), ended(runs, second)) == (RunStatus.COMPLETED, RunStatus.CANCELLED)
    assert runs.result(first).result is not None


@pytest.mark.logs_errors
@pytest.mark.parametrize("runs", [workers.killed_with_incumbents], indirect=True)
def test_a_solver_that_dies_there_fails_as_it_does_here(runs: OptimizationService) -> None:
    run_id = runs.submit(a_request(time_limit=60))
    assert ended(runs, run_id) is RunStatus.FAILED
    answer = runs.result(run_id)
    assert answer.error is not None and "SIGKILL" in answer.error.message
    assert answer.result is not None  # the best plan that it had


@pytest.mark.logs_errors
def test_a_killed_worker_loses_neither_the_plan_nor_the_next_run(
    machines: LocalCluster, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "taktwerk.solver")
    cluster = connected(machines, way=workers.answers_after_a_while)
    database = open_database(tmp_path / "t.db")
    runs = OptimizationService(database, 1, "anna", command=cluster.start)
    run_id = runs.submit(a_request(time_limit=60))
    wait_until(lambda: runs.status(run_id).has_incumbent, 60)
    (address,) = re.findall(r"solved by the cluster's worker (\S+)", caplog.text)
    name = machines.kill(address, cluster)
    assert ended(runs, run_id) is RunStatus.FAILED
    answer = runs.result(run_id)
    assert answer.error is not None and answer.error.code == "E007"
    assert f"worker {address} was lost" in answer.error.message
    assert "best plan found before is kept" in answer.error.message
    assert answer.result is not None and answer.result.metrics.constraint_violations == 0
    following = runs.submit(a_request(time_limit=60))  # on the worker that is left
    wait_until(lambda: runs.status(following).has_incumbent, 60)
    runs.stop(following)
    assert ended(runs, following) is RunStatus.COMPLETED
    machines.add_worker(f"{name}-again")
    runs.close()
    database.close()
    cluster.close()


@pytest.mark.slow
def test_a_worker_that_dies_before_its_solver_spoke_is_replaced(
    machines: LocalCluster, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "taktwerk.solver")
    cluster = connected(machines, way=workers.never_says_hello)
    database = open_database(tmp_path / "t.db")
    runs = OptimizationService(database, 1, "anna", command=cluster.start)
    run_id = runs.submit(a_request(time_limit=60))

    def tried() -> list[str]:
        return re.findall(r"solved by the cluster's worker (\S+)", caplog.text)

    wait_until(lambda: len(tried()) == 1, 60)
    name = machines.kill(tried()[0], cluster)
    wait_until(lambda: len(tried()) == 2, 20)
    assert runs.status(run_id).status is RunStatus.RUNNING and tried()[0] != tried()[1]
    runs.cancel(run_id)
    assert ended(runs, run_id) is RunStatus.CANCELLED
    machines.add_worker(f"{name}-again")
    runs.close()
    database.close()
    cluster.close()


@pytest.mark.slow
def test_a_solver_whose_server_is_gone_is_ended(machines: LocalCluster) -> None:
    cluster = connected(machines, way=workers.hangs_without_a_plan)
    heard: queue.SimpleQueue[Any] = queue.SimpleQueue()
    cluster.start(heard.put, "deserted")
    message, _ = heard.get(timeout=60)
    pid = message.pid
    assert psutil.pid_exists(pid)
    cluster._client.close()  # as when the server's machine is switched off: nobody says the end
    wait_until(lambda: not psutil.pid_exists(pid), 30)


def test_a_cluster_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.cluster._CONNECT_S", 1)
    with pytest.raises(TaktwerkError, match="cannot be reached") as caught:
        Cluster("dask://127.0.0.1:1")
    assert caught.value.code is ErrorCode.STORAGE
