"""Solver processes that misbehave, one way each. Started as ``python fault_workers.py WAY [ARGUMENT]``.

They speak the real protocol up to the point where they fail, so that the supervisor cannot tell them from the real
one before. Those that deliver plans put every operation on its resource one after the other (right for plants without
calendars), or, to lie, all of them at the same moment.
"""

from __future__ import annotations

import os
import pathlib
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import NoReturn

from engine.horizon import horizon_start_ms
from engine.instants import from_ms, to_ms
from engine.messages import (
    Alive,
    FromSolver,
    Hello,
    Incumbent,
    Phase,
    Result,
    Solve,
    Stop,
    encode,
    encode_plan,
    read_from_app,
)
from engine.model import OptimizationRequest, PlacedEvent
from engine.protocol import PROTOCOL_VERSION

COMMAND = [sys.executable, "-P", os.path.abspath(__file__)]

_request: OptimizationRequest


def say(message: FromSolver, payload: bytes = b"") -> None:
    raw(encode(message, payload))


def raw(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]


def die(number: int = signal.SIGKILL) -> NoReturn:
    os.kill(os.getpid(), number)
    time.sleep(60)
    raise SystemExit


def note_the_time() -> None:
    """Write down when all was well for the last time, where ``STAMP=file`` was given: a fault follows at once."""
    for argument in sys.argv[2:]:
        if argument.startswith("STAMP="):
            pathlib.Path(argument.removeprefix("STAMP=")).write_text(str(time.monotonic()))


def hello() -> None:
    say(Hello(pid=os.getpid(), versions={"protocol": PROTOCOL_VERSION, "python": "0"}))
    note_the_time()


def read_request() -> None:
    global _request
    while (arrived := read_from_app(sys.stdin.buffer)) is not None:
        message, payload = arrived
        if isinstance(message, Solve):
            _request = OptimizationRequest.model_validate_json(payload)
            note_the_time()
            return
        if isinstance(message, Stop) and not message.keep:
            os._exit(0)


def one_by_one(gap_ms: int = 0) -> tuple[list[PlacedEvent], int]:
    """The operations in their order, never two at once, ``gap_ms`` between them, and the makespan in ms."""
    schedule = _request.schedule_data
    start = now = horizon_start_ms(schedule)
    events: list[PlacedEvent] = []
    for op in schedule.snapshot.events:
        end = now + op.duration
        events.append(
            PlacedEvent(
                id=op.id, resource_id=op.resource_id, start_date=from_ms(now), end_date=from_ms(end), changed=True
            )
        )
        now = end + gap_ms
    return events, now - gap_ms - start


def all_at_once() -> tuple[list[PlacedEvent], int]:
    schedule = _request.schedule_data
    start = horizon_start_ms(schedule)
    events = [
        PlacedEvent(
            id=op.id, resource_id=op.resource_id, start_date=from_ms(start), end_date=from_ms(start + op.duration)
        )
        for op in schedule.snapshot.events
    ]
    return events, max(op.duration for op in schedule.snapshot.events)


def incumbent_bytes(seq: int, plan: tuple[list[PlacedEvent], int]) -> bytes:
    events, makespan = plan
    payload = encode_plan(events)
    message = Incumbent(
        seq=seq,
        elapsed_ms=10 * seq,
        objective=makespan,
        vector=(makespan,),
        bound=1.0,
        gap=0.5,
        payload_bytes=len(payload),
    )
    return encode(message, payload)


def result_bytes(plan: tuple[list[PlacedEvent], int], status: str = "feasible") -> bytes:
    events, makespan = plan
    payload = encode_plan(events)
    message = Result(status=status, elapsed_ms=50, first_solution_ms=10, vector=(makespan,), payload_bytes=len(payload))
    return encode(message, payload)


def begin() -> None:
    """All that goes well: hello, request, first phase, a poor and a better plan."""
    hello()
    read_request()
    say(Phase(name="Searching", percentage=10))
    raw(incumbent_bytes(1, one_by_one(gap_ms=3_600_000)))
    raw(incumbent_bytes(2, one_by_one()))
    note_the_time()


def stay_alive() -> NoReturn:
    while True:
        say(Alive())
        time.sleep(0.1)


def killed_before_hello() -> None:
    note_the_time()
    die()


def killed_after_hello() -> None:
    hello()
    die()


def killed_while_reading() -> None:
    hello()
    sys.stdin.buffer.read(10)
    die()


def killed_in_a_phase() -> None:
    hello()
    read_request()
    say(Phase(name="Searching", percentage=10))
    die()


def killed_with_incumbents() -> None:
    begin()
    die()


def killed_inside_an_incumbent() -> None:
    begin()
    data = incumbent_bytes(3, one_by_one())
    raw(data[: len(data) - 20])
    die()


def killed_inside_the_result() -> None:
    begin()
    raw(result_bytes(one_by_one())[:40])
    die()


def crashes() -> None:
    begin()
    die(signal.SIGSEGV)


def exits_without_a_result() -> None:
    begin()
    sys.exit(0)


def closes_its_output() -> None:
    begin()
    os.close(1)
    time.sleep(60)


def hangs() -> None:
    """Ignores every request to stop and every friendly signal, but shows that it is alive."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    begin()
    stay_alive()


def hangs_without_a_plan() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    hello()
    read_request()
    stay_alive()


def tells_its_plan_when_ended() -> None:
    """Says nothing until it is ended, as one does whose words lie unread in the pipe."""
    hello()
    read_request()
    data = incumbent_bytes(1, one_by_one())

    def tell(*_: object) -> None:
        raw(data)
        os._exit(0)

    signal.signal(signal.SIGTERM, tell)
    stay_alive()


def hangs_with_children() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    hello()
    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    read_request()
    say(Phase(name=f"child {child}", percentage=0))
    stay_alive()


def freezes() -> None:
    begin()
    die(signal.SIGSTOP)


def falls_silent() -> None:
    begin()
    time.sleep(60)


def never_says_hello() -> None:
    time.sleep(60)


def eats_memory() -> None:
    """Takes more and more; notes the time for as long as it keeps to what its supervisor allows."""
    import psutil

    from app.run_execution import limits_of

    begin()
    limit = limits_of(_request).memory_bytes
    me, hoard = psutil.Process(), list[bytearray]()
    while True:
        hoard.append(bytearray(b"x") * (8 << 20))
        if me.memory_info().rss < limit:
            note_the_time()
        time.sleep(0.02)


def sends_garbage() -> None:
    begin()
    raw(b"presolve: 12 constraints\n")
    stay_alive()


def sends_binary() -> None:
    begin()
    raw(bytes(range(256)) + b"\n")
    stay_alive()


def sends_a_huge_line() -> None:
    begin()
    for _ in range(64):
        raw(b"x" * (1 << 20))
    stay_alive()


def announces_a_huge_plan() -> None:
    begin()
    raw(b'{"type":"result","status":"feasible","elapsedMs":1,"vector":[1],"payloadBytes":99999999999999}\n')
    stay_alive()


def sends_an_unknown_message() -> None:
    begin()
    raw(b'{"type":"surprise"}\n')
    stay_alive()


def sends_random_bytes() -> None:
    begin()
    raw(os.urandom(5_000))
    raw(b"\n")
    stay_alive()


def cuts_a_message() -> None:
    """Half a message, then a new line as if it were whole."""
    begin()
    data = incumbent_bytes(3, one_by_one())
    raw(data[: len(data) // 2] + b"\n")
    stay_alive()


def repeats_its_hello() -> None:
    """Begins again in the middle, and ends."""
    begin()
    hello()
    hello()
    sys.exit(0)


def closes_its_input() -> None:
    """Nobody can tell it anything any more; then it is gone."""
    hello()
    os.close(0)
    time.sleep(0.2)
    die()


def stays_alive() -> None:
    """Begins well and then only shows that it is there."""
    begin()
    stay_alive()


def speaks_another_version() -> None:
    note_the_time()
    say(Hello(pid=os.getpid(), versions={"protocol": "0", "python": "0"}))
    stay_alive()


def lies() -> None:
    begin()
    raw(result_bytes(all_at_once(), "optimal"))


def always_lies() -> None:
    hello()
    read_request()
    raw(incumbent_bytes(1, all_at_once()))
    raw(result_bytes(all_at_once(), "optimal"))


def boasts() -> None:
    begin()
    events, _ = one_by_one()
    raw(result_bytes((events, 1), "optimal"))


def names_a_stranger() -> None:
    begin()
    events, makespan = one_by_one()
    raw(result_bytes(([*events, PlacedEvent(id="nobody", resource_id="M1")], makespan)))


def sends_an_unreadable_plan() -> None:
    begin()
    payload = b'[{"id": 7}]'
    raw(encode(Result(status="feasible", elapsed_ms=1, vector=(1,), payload_bytes=len(payload)), payload))


def answers_at_once() -> None:
    begin()
    raw(result_bytes(one_by_one()))


def keeps_what_is_placed() -> None:
    """Leaves placed operations where they are and puts the others behind all of them."""
    hello()
    read_request()
    schedule = _request.schedule_data
    start = horizon_start_ms(schedule)
    now = max((to_ms(op.end_date) for op in schedule.snapshot.events if op.end_date), default=start)
    events: list[PlacedEvent] = []
    for op in schedule.snapshot.events:
        begun, end = op.start_date, op.end_date
        if begun is None:
            begun, end = from_ms(now), from_ms(now + op.duration)
            now += op.duration
        events.append(PlacedEvent(id=op.id, resource_id=op.resource_id, start_date=begun, end_date=end))
    raw(result_bytes((events, now - start)))


def fails_once() -> None:
    """Dies the first time, with the file named by the argument as its memory."""
    flag = pathlib.Path(sys.argv[2])
    if not flag.exists():
        flag.touch()
        die()
    answers_at_once()


def answers_after_a_while() -> None:
    """An honest worker that would search for ever: stops when asked, with its best plan."""
    begin()
    stopped = threading.Event()

    def listen() -> None:
        while (arrived := read_from_app(sys.stdin.buffer)) is not None:
            if isinstance(arrived[0], Stop):
                if not arrived[0].keep:
                    os._exit(0)
                stopped.set()
        os._exit(3)

    threading.Thread(target=listen, daemon=True).start()
    while not stopped.wait(0.05):
        say(Alive())
    raw(result_bytes(one_by_one()))
    os._exit(0)


WAYS: dict[str, Callable[[], None]] = {
    name: way for name, way in list(globals().items()) if callable(way) and getattr(way, "__module__", "") == __name__
}


def command(way: str | Callable[[], None]) -> list[str]:
    """How to start a worker that fails in this way."""
    return [*COMMAND, way if isinstance(way, str) else way.__name__]


if __name__ == "__main__":
    WAYS[sys.argv[1]]()
