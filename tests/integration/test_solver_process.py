"""The solver process itself: what it says, what it keeps to itself, and that it never outlives its parent."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

import engine
from app.optimization import RunEvent, run_once
from app.worker_pipe import worker_command
from engine.messages import Failed, FromSolver, Hello, Incumbent, Phase, Result, Solve, Stop, encode, read_from_solver
from engine.model import OptimizationResponse, RunStatus
from engine.protocol import PROTOCOL_VERSION
from engine.solve.report import Outcome
from engine.worker import EXIT_BAD_INPUT, EXIT_INPUT_ENDED
from tests.support import odd_solvers as odd
from tests.support.odd_solvers import command
from tests.support.runs import a_request, wait_until

ROOT = str(Path(engine.__file__).parents[1])
TOTAL_MS = 375 * 60_000

Processes = Callable[[Callable[..., Outcome]], "Worker"]


class Worker:
    """A solver process without its supervisor."""

    def __init__(self, way: Callable[..., Outcome]) -> None:
        self.process = subprocess.Popen(
            command(way),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": ROOT},
        )

    def send(self, data: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def ask(self, time_limit: float = 20.0) -> None:
        payload = a_request(time_limit=time_limit).model_dump_json(by_alias=True, exclude_none=True).encode()
        self.send(encode(Solve(elapsed_ms=0, budget_ms=round(time_limit * 1000), payload_bytes=len(payload)), payload))

    def hear(self, kind: type[FromSolver]) -> tuple[FromSolver, bytes]:
        assert self.process.stdout
        while (arrived := read_from_solver(self.process.stdout)) is not None:  # type: ignore[arg-type]
            if isinstance(arrived[0], kind):
                return arrived
        raise AssertionError(f"no {kind.__name__}: {self.process.stderr.read().decode()}")  # type: ignore[union-attr]

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


@pytest.fixture
def start() -> Iterator[Processes]:
    workers: list[Worker] = []

    def begin(way: Callable[..., Outcome]) -> Worker:
        workers.append(Worker(way))
        return workers[-1]

    yield begin
    for worker in workers:
        worker.end()


def solve(way: Callable[..., Outcome], **options: float) -> OptimizationResponse:
    return run_once(a_request(**{"time_limit": 10, **options}), command=command(way))  # type: ignore[arg-type]


def error_of(way: Callable[..., Outcome], **options: float) -> tuple[str, str]:
    response = solve(way, **options)
    assert response.status is RunStatus.FAILED
    assert response.error is not None
    return response.error.code, response.error.message


# what it says


def test_a_run_tells_hello_then_plans_then_its_result(start: Processes) -> None:
    worker = start(odd.solves)
    hello, _ = worker.hear(Hello)
    assert isinstance(hello, Hello)
    assert hello.pid == worker.process.pid
    assert hello.versions["protocol"] == PROTOCOL_VERSION
    worker.ask()
    result, plan = worker.hear(Result)
    assert isinstance(result, Result)
    assert (result.status, result.vector, result.bound) == ("feasible", (TOTAL_MS,), TOTAL_MS / 2)
    assert result.warnings == ("Mind the gap.",)
    assert result.first_solution_ms is not None and result.first_solution_ms <= result.elapsed_ms
    assert plan.startswith(b'[{"id":"A0","resourceId":"M1","startDate":"2026-01-05T00:00:00Z"')
    assert worker.process.wait(2) == 0


def test_whatever_is_printed_stays_out_of_the_messages() -> None:
    response = solve(odd.chatters)
    assert response.status is RunStatus.COMPLETED
    assert response.result is not None
    assert response.result.metrics.makespan == TOTAL_MS
    assert response.result.warnings == ("Mind the gap.",)


def test_starting_and_reading_count_towards_the_time_limit() -> None:
    code, message = error_of(odd.tells_its_budget, time_limit=3)
    assert code == "E002"
    assert 0.5 < float(message.removeprefix("budget ")) < 2.9


def test_a_stop_ends_the_search_with_its_plan() -> None:
    stop = threading.Event()
    events: list[RunEvent] = []

    def hear(event: RunEvent) -> None:
        events.append(event)
        if event.kind == "incumbent":
            stop.set()

    begun = time.monotonic()
    response = run_once(a_request(time_limit=30), hear, stop, command(odd.waits_for_the_stop))
    assert response.status is RunStatus.COMPLETED
    assert time.monotonic() - begun < 10
    kinds = [event.kind for event in events if event.kind != "phase"]
    assert kinds == ["started", "incumbent", "finished"]
    assert events[-1].view.percentage == 100


def test_a_stop_before_the_first_plan_cancels() -> None:
    stop = threading.Event()

    def hear(event: RunEvent) -> None:
        if event.view.step == "Searching":
            stop.set()

    response = run_once(a_request(time_limit=30), hear, stop, command(odd.waits_without_a_plan))
    assert (response.status, response.error, response.result) == (RunStatus.CANCELLED, None, None)


def test_at_the_limit_it_is_asked_and_its_plan_taken() -> None:
    begun = time.monotonic()
    response = solve(odd.waits_for_the_stop, time_limit=2)
    assert response.status is RunStatus.COMPLETED
    assert response.result is not None
    assert response.result.warnings == ()
    assert time.monotonic() - begun < 2 + 1 + 0.5


# how it fails


@pytest.mark.logs_errors
@pytest.mark.parametrize(
    ("way", "code", "words", "keeps"),
    [
        (odd.raises, "E007", "RuntimeError: the model is odd", True),
        (odd.exits, "E007", "SystemExit", False),
        (odd.is_infeasible, "E003", "2 rules cannot hold together", False),
        (odd.raises_infeasible, "E003", "No plan.", False),
        (odd.waits_without_a_plan, "E002", "No plan was found within the time limit", False),
        (odd.runs_out_of_memory, "E006", "more memory than what the machine has", True),
        (odd.writes_wild_memory, "E007", "SIGSEGV", True),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_every_failure_has_a_code(way: Callable[..., Outcome], code: str, words: str, keeps: bool) -> None:
    response = solve(way, time_limit=2.5)
    assert response.status is RunStatus.FAILED
    assert response.error is not None
    assert response.error.code == code
    assert words in response.error.message
    assert (response.result is not None) is keeps


def test_a_conflict_passes_through_with_its_repairs() -> None:
    response = solve(odd.is_infeasible)
    assert response.error is not None
    assert [part["kind"] for part in response.error.details["conflict"]] == ["deadline", "lock"]
    assert response.error.details["repairs"] == [{"message": "Unlock B."}]


@pytest.mark.logs_errors
@pytest.mark.parametrize("way", [odd.eats_memory, odd.gulps_memory])
def test_the_memory_limit_holds(way: Callable[..., Outcome]) -> None:
    response = solve(way, memory_limit=400)
    assert response.error is not None
    assert response.error.code == "E006"
    assert "400 MiB" in response.error.message
    assert response.result is not None


def test_a_request_that_is_not_valid_is_refused_with_every_fault(start: Processes) -> None:
    worker = start(odd.solves)
    payload = b'{"scheduleData": {"version": 1}, "surprise": true}'
    worker.send(encode(Solve(elapsed_ms=0, budget_ms=1_000, payload_bytes=len(payload)), payload))
    failed, _ = worker.hear(Failed)
    assert isinstance(failed, Failed)
    assert failed.code == "E001"
    assert len(failed.details["faults"]) >= 3


def test_garbage_in_its_input_is_a_coded_failure(start: Processes) -> None:
    worker = start(odd.solves)
    worker.send(b"optimise, please\n")
    failed, _ = worker.hear(Failed)
    assert isinstance(failed, Failed)
    assert failed.code == "E007"
    assert worker.process.wait(2) == EXIT_BAD_INPUT


# how it ends


def test_the_end_of_its_input_ends_it_in_the_middle_of_a_search(start: Processes) -> None:
    worker = start(odd.sleeps)
    worker.ask()
    worker.hear(Incumbent)
    assert worker.process.stdin
    worker.process.stdin.close()
    assert worker.process.wait(1) == EXIT_INPUT_ENDED


def test_cancelling_ends_it_at_once(start: Processes) -> None:
    worker = start(odd.sleeps)
    worker.ask()
    worker.hear(Incumbent)
    worker.send(encode(Stop(keep=False)))
    assert worker.process.wait(1) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a process to its parent")
@pytest.mark.parametrize("way", [odd.holds_the_interpreter, pytest.param(odd.sleeps, marks=pytest.mark.slow)])
def test_it_dies_with_its_parent_even_when_it_cannot_listen(way: Callable[..., Outcome]) -> None:
    script = (
        "import sys\n"
        "from app.optimization import run_once\n"
        "from tests.support.odd_solvers import command\n"
        "from tests.support.runs import a_request\n"
        f"run_once(a_request(time_limit=60), lambda e: print(e.kind, flush=True), command=command({way.__name__!r}))\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": ROOT}
    )
    try:
        assert parent.stdout
        assert parent.stdout.readline().strip() == b"started"
        wait_until(lambda: bool(psutil.Process(parent.pid).children()))
        worker = psutil.Process(parent.pid).children()[0]
        parent.stdout.readline()  # it has told something: it searches
        time.sleep(0.5)
        assert worker.is_running()
        os.kill(parent.pid, signal.SIGKILL)
        gone, _ = psutil.wait_procs([worker], timeout=2)
        assert gone or worker.status() == psutil.STATUS_ZOMBIE
    finally:
        parent.kill()
        parent.communicate()


def test_it_starts_from_any_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "__init__.py").write_text("raise SystemExit(99)")
    monkeypatch.chdir(tmp_path)
    assert solve(odd.solves).status is RunStatus.COMPLETED


def test_a_packaged_program_has_its_own_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    assert worker_command()[0] == sys.executable
    assert worker_command()[-2:] == ["-m", "engine.worker"]
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", "/opt/taktwerk/taktwerk")
    assert worker_command() == ["/opt/taktwerk/taktwerk-solver"]


def test_phases_are_told(start: Processes) -> None:
    """The newest for certain: an earlier one may be replaced before it was sent."""
    worker = start(odd.waits_without_a_plan)
    worker.ask()
    while (phase := worker.hear(Phase)[0]).name != "Searching":  # type: ignore[union-attr]
        assert phase.name == "Reading the schedule"  # type: ignore[union-attr]
