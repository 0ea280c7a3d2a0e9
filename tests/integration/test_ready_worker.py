"""A solver process that waits: it is used, replaced, and its end costs no run anything."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import psutil
import pytest

from app.ready_worker import ReadyWorker
from app.request_json import canonical_request
from app.run_execution import limits_of
from app.solver_process import Ending, SolverProcess
from engine.messages import FromSolver, Hello
from engine.model import OptimizationRequest, Options
from tests.support.board_plant import make_plant

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def ready() -> Iterator[ReadyWorker]:
    made = ReadyWorker(quiet_s=0.0)
    yield made
    made.close()


def waiting(ready: ReadyWorker, other_than: int | None = None) -> int:
    """Return the process that waits, once there is one."""
    until = time.monotonic() + 30
    while (pid := ready.pid) is None or pid == other_than:
        assert time.monotonic() < until
        time.sleep(0.02)
    return pid


def solved(ready: ReadyWorker, limit_s: float = 5.0) -> tuple[Ending, list[int]]:
    """Return how a run ended, and which processes it used."""
    options = Options(time_limit=limit_s, workers=1)
    request = OptimizationRequest(schedule_data=make_plant(orders=4), algorithm_id=4, options=options)
    pids: list[int] = []

    def hear(message: FromSolver, _: bytes) -> None:
        if isinstance(message, Hello):
            pids.append(message.pid)

    return SolverProcess(canonical_request(request), limits_of(request), hear, ready=ready).run(), pids


def test_a_run_takes_the_process_that_waits_and_another_one_is_started(ready: ReadyWorker) -> None:
    first = waiting(ready)
    ending, pids = solved(ready)
    assert (ending.cause, pids) == ("result", [first])
    assert waiting(ready, first) != first


def test_waiting_takes_nothing_from_the_time_of_a_run(ready: ReadyWorker) -> None:
    waiting(ready)
    time.sleep(2.5)
    ending, _ = solved(ready, limit_s=2.0)
    assert ending.cause == "result"
    assert ending.result is not None
    assert ending.result.elapsed_ms < 2_000


def test_a_process_that_died_while_it_waited_is_not_taken(ready: ReadyWorker) -> None:
    first = waiting(ready)
    os.kill(first, signal.SIGKILL)
    psutil.Process(first).wait(5)
    ending, pids = solved(ready)
    assert ending.cause == "result"
    assert first not in pids


def test_a_process_that_dies_as_it_is_taken_is_replaced(ready: ReadyWorker) -> None:
    first = waiting(ready)
    time.sleep(1.0)
    os.kill(first, signal.SIGSTOP)  # alive, so it is taken; it cannot answer
    killer = psutil.Process(first)
    request = OptimizationRequest(
        schedule_data=make_plant(orders=4), algorithm_id=4, options=Options(time_limit=8.0, workers=1)
    )
    heard: list[int] = []

    def hear(message: FromSolver, _: bytes) -> None:
        if isinstance(message, Hello):
            heard.append(message.pid)
            if message.pid == first:
                killer.kill()

    ending = SolverProcess(canonical_request(request), limits_of(request), hear, ready=ready).run()
    assert ending.cause == "result"
    assert heard[0] == first
    assert len(heard) == 2


def test_closing_ends_the_process_that_waits() -> None:
    ready = ReadyWorker(quiet_s=0.0)
    process = psutil.Process(waiting(ready))
    ready.close()
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    assert ready.pid is None
