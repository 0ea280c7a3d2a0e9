"""What the solver process says, and how often."""

from __future__ import annotations

import io
import threading
import time

import pytest

from engine.errors import ErrorCode
from engine.instants import from_ms
from engine.messages import (
    Alive,
    Bound,
    Failed,
    FromSolver,
    Incumbent,
    Phase,
    Result,
    decode_plan,
    encode_plan,
    read_from_solver,
)
from engine.model import PlacedEvent
from engine.outbox import ALIVE_EVERY_S, PROGRESS_PER_SECOND, Outbox


class Pipe(io.BytesIO):
    """Keeps what is written, with the moment of each flush."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    def flush(self) -> None:
        self.times.append(time.monotonic())


def plan(start_ms: int) -> list[PlacedEvent]:
    return [PlacedEvent(id="A", resource_id="M1", start_date=from_ms(start_ms), end_date=from_ms(start_ms + 1))]


def said(pipe: Pipe) -> list[tuple[FromSolver, bytes]]:
    stream = io.BytesIO(pipe.getvalue())
    messages = []
    while (message := read_from_solver(stream)) is not None:
        messages.append(message)
    return messages


def result_of(events: list[PlacedEvent], vector: tuple[int, ...]) -> tuple[Result, bytes]:
    payload = encode_plan(events)
    return Result(status="feasible", elapsed_ms=1, vector=vector, payload_bytes=len(payload)), payload


def test_a_flood_of_progress_becomes_a_trickle_that_ends_with_the_newest() -> None:
    pipe = Pipe()
    outbox = Outbox(pipe)
    begun = time.monotonic()
    value = 100_000
    while time.monotonic() - begun < 1.0:
        value -= 1
        outbox.incumbent(plan(value), (value,), float(-value))
        outbox.phase(f"Searching {value}", 50)
        outbox.bound(100_000.0 - value)
        time.sleep(0.001)
    outbox.finish(Failed(code=ErrorCode.INTERRUPTED, message="x"))
    messages = said(pipe)
    assert len(messages) <= PROGRESS_PER_SECOND + 4
    assert sum(isinstance(message, Phase) for message, _ in messages) >= 2  # plans do not crowd out the rest
    newest = [m for m in messages if isinstance(m[0], Incumbent)][-1]
    assert newest[0].vector == (value,)  # type: ignore[union-attr]
    assert decode_plan(newest[1]) == plan(value)
    assert isinstance(messages[-1][0], Failed)


def test_the_first_plan_goes_out_at_once() -> None:
    pipe = Pipe()
    outbox = Outbox(pipe)
    told = time.monotonic()
    outbox.incumbent(plan(5), (5,), None)
    while not pipe.times:
        assert time.monotonic() - told < 2
        time.sleep(0.001)
    assert pipe.times[0] - told < 0.1


def test_only_better_plans_and_bounds_are_told() -> None:
    pipe = Pipe()
    outbox = Outbox(pipe)
    for vector in [(5, 9), (5, 9), (6, 0), (5, 8)]:
        outbox.incumbent(plan(vector[0]), vector, None)
        time.sleep(1.2 / PROGRESS_PER_SECOND)
    for bound in [1.0, 0.5, float("nan"), float("inf"), 2.0]:
        outbox.bound(bound)
        time.sleep(1.2 / PROGRESS_PER_SECOND)
    outbox.finish(Failed(code=ErrorCode.INTERRUPTED, message="x"))
    messages = [message for message, _ in said(pipe)]
    assert [(m.seq, m.vector) for m in messages if isinstance(m, Incumbent)] == [(1, (5, 9)), (2, (5, 8))]
    assert [m.bound for m in messages if isinstance(m, Bound)] == [1.0, 2.0]


def test_objectives_are_told_in_their_native_unit() -> None:
    pipe = Pipe()
    outbox = Outbox(pipe)
    outbox.measure_in(1_000)
    outbox.incumbent(plan(5), (2_500, 7), 2_000)
    time.sleep(1.5 / PROGRESS_PER_SECOND)
    outbox.bound(2_250)
    time.sleep(1.5 / PROGRESS_PER_SECOND)
    outbox.finish(*result_of(plan(5), (2_500, 7)))
    incumbent, bound = (message for message, _ in said(pipe)[:2])
    assert isinstance(incumbent, Incumbent) and isinstance(bound, Bound)
    assert (incumbent.objective, incumbent.bound, incumbent.gap) == (2.5, 2.0, 0.2)
    assert (bound.bound, bound.gap) == (2.25, 0.1)
    assert outbox.native(500) == 0.5


def test_a_result_does_not_wait_for_progress_but_a_failure_lets_the_plan_go_first() -> None:
    for last, count in [(result_of(plan(4), (4,)), 0), ((Failed(code=ErrorCode.TOO_LARGE, message="x"), b""), 1)]:
        pipe = Pipe()
        outbox = Outbox(pipe)
        outbox.phase("Searching", 1)
        while not pipe.times:
            time.sleep(0.001)
        outbox.incumbent(plan(4), (4,), None)
        begun = time.monotonic()
        outbox.finish(*last)
        assert time.monotonic() - begun < 0.15
        assert isinstance(said(pipe)[0][0], Phase)
        assert sum(isinstance(message, Incumbent) for message, _ in said(pipe)) == count
        assert said(pipe)[-1] == last


def test_the_first_of_two_endings_wins_and_nothing_follows_it() -> None:
    pipe = Pipe()
    outbox = Outbox(pipe)
    endings = [Failed(code=ErrorCode.TOO_LARGE, message=str(i)) for i in range(8)]
    threads = [threading.Thread(target=outbox.finish, args=(ending,)) for ending in endings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    outbox.phase("late", 1)
    time.sleep(0.3)
    assert len(said(pipe)) == 1


def test_a_silent_solver_shows_that_it_lives() -> None:
    pipe = Pipe()
    Outbox(pipe)
    time.sleep(ALIVE_EVERY_S + 0.4)
    assert [type(message) for message, _ in said(pipe)] == [Alive]


def test_time_counts_from_when_the_run_began_for_the_application() -> None:
    outbox = Outbox(Pipe())
    outbox.start_clock(1_500, time.monotonic() - 2)
    assert 3_500 <= outbox.elapsed_ms() < 3_700


def test_a_phase_outside_the_scale_is_brought_back() -> None:
    pipe = Pipe()
    outbox = Outbox(pipe)
    outbox.phase("x" * 5_000, 140)
    while not pipe.times:
        time.sleep(0.001)
    assert said(pipe)[0][0] == Phase(name="x" * 2_000, percentage=100)


@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_code_can_be_told(code: ErrorCode) -> None:
    pipe = Pipe()
    Outbox(pipe).finish(Failed(code=code, message="x"))
    assert said(pipe) == [(Failed(code=code, message="x"), b"")]
