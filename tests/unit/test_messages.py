"""The wire between application and solver: what is written is read, and nothing else is."""

from __future__ import annotations

import io
import json
import os

import pytest

from engine.errors import ErrorCode
from engine.instants import from_ms
from engine.messages import (
    MAX_LINE_BYTES,
    Alive,
    BadMessage,
    Bound,
    Explained,
    Failed,
    FromApp,
    FromSolver,
    Hello,
    Incumbent,
    Phase,
    Result,
    Solve,
    Stop,
    decode_plan,
    encode,
    encode_plan,
    read_from_app,
    read_from_solver,
    relative_gap,
)
from engine.model import PlacedEvent

PLAN = b'[{"id":"A\xc3\xa9"}]'
HUGE = 10**30

SOLVER_MESSAGES: list[tuple[FromSolver, bytes]] = [
    (Hello(versions={"protocol": "1"}, pid=7), b""),
    (Alive(), b""),
    (Phase(name="Searching – größer", percentage=12.5), b""),
    (Incumbent(seq=1, elapsed_ms=3, objective=1.5, vector=(HUGE, -2), payload_bytes=len(PLAN)), PLAN),
    (Bound(elapsed_ms=4, bound=-1e12, gap=0.25), b""),
    (Result(status="optimal", elapsed_ms=9, vector=(1,), warnings=("a\nb",), payload_bytes=len(PLAN)), PLAN),
    (Explained(elapsed_ms=9, payload_bytes=len(PLAN)), PLAN),
    (Failed(code=ErrorCode.INFEASIBLE_PROBLEM, message="no", details={"conflict": [{"rule": "deadline"}]}), b""),
]
APP_MESSAGES: list[tuple[FromApp, bytes]] = [
    (Solve(elapsed_ms=120, budget_ms=29_000, payload_bytes=2), b"{}"),
    (Solve(task="lock_prices", elapsed_ms=0, budget_ms=9_000, payload_bytes=2), b"{}"),
    (Stop(keep=True), b""),
    (Stop(keep=False), b""),
]


def test_a_stream_of_messages_is_read_as_it_was_written() -> None:
    stream = io.BytesIO(b"".join(encode(*message) for message in SOLVER_MESSAGES))
    assert [read_from_solver(stream) for _ in SOLVER_MESSAGES] == SOLVER_MESSAGES
    assert read_from_solver(stream) is None
    stream = io.BytesIO(b"".join(encode(*message) for message in APP_MESSAGES))
    assert [read_from_app(stream) for _ in APP_MESSAGES] == APP_MESSAGES
    assert read_from_app(stream) is None


@pytest.mark.parametrize("message", SOLVER_MESSAGES, ids=lambda message: message[0].type)
def test_a_message_is_one_line_of_json_with_wire_names(message: tuple[FromSolver, bytes]) -> None:
    line, _, rest = encode(*message).partition(b"\n")
    data = json.loads(line)
    assert data["type"] == message[0].type
    assert not any("_" in key for key in data)
    assert rest == (message[1] + b"\n" if message[1] else b"")


def test_a_message_cut_off_in_its_plan_is_known_at_the_next_line() -> None:
    data = encode(Explained(elapsed_ms=9, payload_bytes=len(PLAN)), PLAN)
    source, sink = os.pipe()
    with os.fdopen(source, "rb") as stream, os.fdopen(sink, "wb", buffering=0) as worker:
        worker.write(data[: -len(PLAN) // 2] + b"\n")  # and the pipe stays open
        with pytest.raises(BadMessage, match="cut off"):
            read_from_solver(stream)


def test_a_payload_may_hold_line_feeds() -> None:
    payload = b'[\n{"id":"A"}\n]'
    data = encode(Solve(elapsed_ms=0, budget_ms=1, payload_bytes=len(payload)), payload) + encode(Stop(keep=True))
    stream = io.BytesIO(data)
    assert read_from_app(stream) == (Solve(elapsed_ms=0, budget_ms=1, payload_bytes=len(payload)), payload)
    assert read_from_app(stream) == (Stop(keep=True), b"")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"hello\n", "no message"),
        (b"\n", "no message"),
        (b"[]\n", "no message"),
        (b"{}\n", "no message"),
        (b'{"type":"stop","keep":true}\n', "no message"),  # the other direction
        (b'{"type":"phase","name":"x"}\n', "percentage"),
        (b'{"type":"phase","name":"x","percentage":"1"}\n', "percentage"),
        (b'{"type":"phase","name":"x","percentage":101}\n', "percentage"),
        (b'{"type":"phase","name":"x","percentage":NaN}\n', "no message"),
        (b'{"type":"bound","elapsedMs":1,"bound":Infinity}\n', "bound"),
        (b'{"type":"alive","extra":1}\n', "extra"),
        (b'{"type":"failed","code":"E999","message":"x"}\n', "code"),
        (b'{"type":"incumbent","seq":1,"elapsedMs":1,"objective":1,"vector":[1],"payloadBytes":-1}\n', "payloadBytes"),
        (b'{"type":"alive"}', "cut off"),
        (b"\xff\xfe\x00\n", "no message"),
        (b"x" * (MAX_LINE_BYTES + 5), "longer than"),
        (b"[" * 100_000 + b"\n", "no message"),
    ],
)
def test_what_is_not_a_message_is_refused_with_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(BadMessage, match=reason):
        read_from_solver(io.BytesIO(data))


@pytest.mark.parametrize("cut", [1, 5, len(PLAN)])
def test_a_payload_that_is_cut_off_is_refused(cut: int) -> None:
    data = encode(*SOLVER_MESSAGES[3])
    with pytest.raises(BadMessage, match="cut off"):
        read_from_solver(io.BytesIO(data[:-cut]))


def test_a_payload_longer_than_told_is_refused() -> None:
    data = encode(*SOLVER_MESSAGES[3])
    with pytest.raises(BadMessage, match="do not end there"):
        read_from_solver(io.BytesIO(data[:-1] + b"more\n"))


def test_encoding_refuses_a_payload_of_another_length() -> None:
    with pytest.raises(ValueError, match="3 bytes"):
        encode(Result(status="feasible", elapsed_ms=0, vector=(1,), payload_bytes=2), b"[ ]")
    with pytest.raises(ValueError, match="2 bytes"):
        encode(Alive(), b"[]")


def test_a_failure_too_long_for_a_line_keeps_its_code() -> None:
    long = Failed(code=ErrorCode.INVALID_SCHEDULE, message="many", details={"faults": ["x" * 100] * 20_000})
    arrived = read_from_solver(io.BytesIO(encode(long)))
    assert arrived is not None
    assert arrived[0] == Failed(code=ErrorCode.INVALID_SCHEDULE, message="many", details={"shortened": True})


def test_a_plan_is_contract_json() -> None:
    events = [
        PlacedEvent(
            id="A", resource_id="M1", start_date=from_ms(0), end_date=from_ms(1_500), changed=True, demands=("W",)
        ),
        PlacedEvent(id="B"),
    ]
    payload = encode_plan(events)
    assert json.loads(payload) == [
        {
            "id": "A",
            "resourceId": "M1",
            "startDate": "1970-01-01T00:00:00Z",
            "endDate": "1970-01-01T00:00:01.500Z",
            "changed": True,
            "demands": ["W"],
        },
        {"id": "B", "changed": False},
    ]
    assert decode_plan(payload) == events


@pytest.mark.parametrize("payload", [b"", b"{}", b"[1]", b'[{"id":1}]', b'[{"id":"A","startDate":"soon"}]', b"[{"])
def test_a_plan_that_cannot_be_read_is_refused(payload: bytes) -> None:
    with pytest.raises(BadMessage, match="the plan cannot be read"):
        decode_plan(payload)


@pytest.mark.parametrize(
    ("objective", "bound", "gap"),
    [
        (100.0, 90.0, 0.1),
        (100.0, 100.0, 0.0),
        (0.0, 0.0, 0.0),
        (0.5, 0.25, 0.25),
        (-10.0, -20.0, 1.0),
        (5.0, None, None),
    ],
)
def test_the_gap_is_a_share_of_the_incumbent(objective: float, bound: float | None, gap: float | None) -> None:
    assert relative_gap(objective, bound) == gap
