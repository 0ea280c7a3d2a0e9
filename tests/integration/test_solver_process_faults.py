"""A solver process that misbehaves ends as a coded failure, in time, with its plans kept and nothing left running."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import psutil
import pytest

from app.solver_process import CANCEL_GRACE_S, OVERTIME_S, STOP_GRACE_S, Ending, Limits, SolverProcess
from engine.errors import ErrorCode
from engine.messages import FromSolver, Hello, Incumbent, Phase
from tests.support import fault_workers as faults
from tests.support.fault_workers import command
from tests.support.runs import a_request, wait_until

SLACK_S = 0.5
"""For a busy machine."""

pytestmark = pytest.mark.logs_errors


@dataclass
class Run:
    """A supervised process in a thread, and everything that it said."""

    process: SolverProcess
    said: list[tuple[FromSolver, bytes]] = field(default_factory=list)
    ending: Ending | None = None
    took_s: float = 0.0

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        begun = time.monotonic()
        self.ending = self.process.run()
        self.took_s = time.monotonic() - begun

    def finish(self) -> Ending:
        if not self.thread.is_alive():
            self.thread.start()
        self.thread.join(30)
        assert self.ending is not None
        assert not psutil.pid_exists(self.pid) or self.pid == 0
        return self.ending

    def start(self) -> Run:
        self.thread.start()
        return self

    @property
    def pid(self) -> int:
        return next((m.pid for m, _ in list(self.said) if isinstance(m, Hello)), 0)

    @property
    def incumbents(self) -> list[Incumbent]:
        return [m for m, _ in list(self.said) if isinstance(m, Incumbent)]


def run_of(worker: Sequence[str], time_limit: float = 8.0, **limits: float) -> Run:
    request = a_request(time_limit=time_limit).model_dump_json(by_alias=True, exclude_none=True).encode()
    said: list[tuple[FromSolver, bytes]] = []
    process = SolverProcess(
        request, Limits(time_limit, **limits), lambda *message: said.append(message), worker, "test-run"
    )
    return Run(process, said)


DEATHS = [
    (faults.killed_before_hello, 0, "SIGKILL"),
    pytest.param(faults.killed_after_hello, 0, "SIGKILL", marks=pytest.mark.slow),
    pytest.param(faults.killed_while_reading, 0, "SIGKILL", marks=pytest.mark.slow),
    pytest.param(faults.killed_in_a_phase, 0, "SIGKILL", marks=pytest.mark.slow),
    (faults.killed_with_incumbents, 2, "SIGKILL"),
    pytest.param(faults.killed_inside_an_incumbent, 2, "cut off", marks=pytest.mark.slow),
    (faults.killed_inside_the_result, 2, "cut off"),
    pytest.param(faults.crashes, 2, "SIGSEGV", marks=pytest.mark.slow),
    (faults.exits_without_a_result, 2, "exit code 0"),
    (faults.closes_its_output, 2, "closed its output"),
    (faults.sends_garbage, 2, "presolve: 12 constraints"),
    pytest.param(faults.sends_binary, 2, "unreadable", marks=pytest.mark.slow),
    (faults.sends_a_huge_line, 2, "longer than 1048576 bytes"),
    pytest.param(faults.announces_a_huge_plan, 2, "payloadBytes", marks=pytest.mark.slow),
    pytest.param(faults.sends_an_unknown_message, 2, "surprise", marks=pytest.mark.slow),
    (faults.speaks_another_version, 0, "another version"),
]


@pytest.mark.parametrize(("way", "plans", "words"), DEATHS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_death_is_noticed_at_once_and_keeps_the_plans(way: object, plans: int, words: str) -> None:
    run = run_of(command(way), time_limit=20)  # type: ignore[arg-type]
    ending = run.finish()
    assert ending.cause == "fault"
    assert ending.error is not None
    assert ending.error.code is ErrorCode.INTERRUPTED
    assert words in ending.error.message
    assert [message.seq for message in run.incumbents] == list(range(1, plans + 1))
    assert run.took_s < 5


def test_kill_9_from_outside_is_noticed_at_once() -> None:
    run = run_of(command(faults.hangs), time_limit=20).start()
    wait_until(lambda: len(run.incumbents) == 2)
    os.kill(run.pid, signal.SIGKILL)
    killed_at = time.monotonic()
    ending = run.finish()
    assert time.monotonic() - killed_at < 0.5
    assert ending.cause == "fault"
    assert "SIGKILL" in str(ending.error)


@pytest.mark.parametrize(
    "way",
    [
        faults.hangs,
        faults.freezes,
        pytest.param(faults.hangs_without_a_plan, marks=pytest.mark.slow),
        pytest.param(faults.falls_silent, marks=pytest.mark.slow),
    ],
)
def test_a_process_that_ignores_everything_is_gone_at_the_limit(way: object) -> None:
    run = run_of(command(way), time_limit=1.0)  # type: ignore[arg-type]
    ending = run.finish()
    assert ending.cause == "time_limit"
    assert ending.error is not None
    assert ending.error.code is ErrorCode.SOLVER_TIMEOUT
    assert 1.0 < run.took_s < 1.0 + OVERTIME_S + SLACK_S


def test_time_for_checking_is_kept_back() -> None:
    run = run_of(command(faults.hangs), time_limit=1.0, reserve_s=0.8)
    run.finish()
    assert run.took_s + 0.8 < 1.0 + OVERTIME_S + SLACK_S


def test_silence_is_a_fault_long_before_the_limit() -> None:
    run = run_of(command(faults.falls_silent), time_limit=20, silence_s=0.6)
    ending = run.finish()
    assert ending.cause == "fault"
    assert "no sign of life" in str(ending.error)
    assert run.took_s < 5


def test_a_process_that_does_not_start_up_is_a_fault() -> None:
    ending = run_of(command(faults.never_says_hello), time_limit=20, start_s=0.5).finish()
    assert ending.cause == "fault"
    assert "did not start within 0.5 seconds" in str(ending.error)


def test_a_program_that_does_not_exist_is_a_fault() -> None:
    ending = run_of(["/nowhere/taktwerk"]).finish()
    assert ending.cause == "fault"
    assert "could not be started" in str(ending.error)


def test_too_much_memory_is_a_fault() -> None:
    run = run_of(command(faults.eats_memory), time_limit=20, memory_bytes=300 << 20)
    ending = run.finish()
    assert ending.cause == "fault"
    assert ending.error is not None
    assert ending.error.code is ErrorCode.TOO_LARGE
    assert "300 MiB" in ending.error.message
    assert len(run.incumbents) == 2


def test_children_of_the_process_go_with_it() -> None:
    run = run_of(command(faults.hangs_with_children), time_limit=1.0)
    run.finish()
    name = next(m.name for m, _ in run.said if isinstance(m, Phase))
    child = int(name.removeprefix("child "))
    wait_until(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)


def test_an_honest_process_answers_a_stop_with_its_plan() -> None:
    run = run_of(command(faults.answers_after_a_while), time_limit=20).start()
    wait_until(lambda: len(run.incumbents) == 2)
    asked_at = time.monotonic()
    run.process.stop(keep=True)
    ending = run.finish()
    assert ending.cause == "result"
    assert ending.plan.startswith(b'[{"id":"A0"')
    assert time.monotonic() - asked_at < 0.5


def test_an_honest_process_is_asked_at_the_limit() -> None:
    run = run_of(command(faults.answers_after_a_while), time_limit=3.0)
    assert run.finish().cause == "result"
    assert 2.5 < run.took_s < 3.0 + OVERTIME_S + SLACK_S


@pytest.mark.parametrize(
    ("keep", "cause", "within_s"), [(True, "stopped", STOP_GRACE_S), (False, "cancelled", CANCEL_GRACE_S)]
)
def test_a_stop_that_nobody_answers_is_carried_out(keep: bool, cause: str, within_s: float) -> None:
    run = run_of(command(faults.hangs), time_limit=20).start()
    wait_until(lambda: len(run.incumbents) == 2)
    asked_at = time.monotonic()
    run.process.stop(keep)
    assert run.finish().cause == cause
    assert time.monotonic() - asked_at < within_s + SLACK_S


def test_cancelling_wins_over_stopping() -> None:
    run = run_of(command(faults.hangs), time_limit=20).start()
    wait_until(lambda: len(run.incumbents) == 2)
    run.process.stop(keep=True)
    run.process.stop(keep=False)
    run.process.stop(keep=True)
    asked_at = time.monotonic()
    assert run.finish().cause == "cancelled"
    assert time.monotonic() - asked_at < CANCEL_GRACE_S + SLACK_S


def test_cancelling_before_the_process_says_hello() -> None:
    run = run_of(command(faults.never_says_hello), time_limit=20)
    run.process.stop(keep=False)
    assert run.finish().cause == "cancelled"
    assert run.took_s < CANCEL_GRACE_S + SLACK_S
