"""What the application and a solver process say to each other: JSON lines over pipes, no pickle.

One line is one message. A message that carries a schedule or a plan says how long it is (``payloadBytes``) and is
followed by exactly so many bytes, contract JSON (what a solver hands over, in one line), and a line feed. The receiver
can so forward or store a plan without decoding it. Both sides validate every line and refuse what is too long, so that
a broken partner shows as a :class:`BadMessage`, never as a guess.

Application to solver: ``solve`` (once, with the request and what to do with it), ``stop``. End of input means: end now.
Solver to application: ``hello``, then ``phase``, ``incumbent``, ``bound`` and ``alive`` in any order, and one last
message: ``result``, ``explained`` or ``failed``. End of output before the last message is a failure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, BinaryIO, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from engine.errors import ErrorCode
from engine.model import Many, PlacedEvent

MAX_LINE_BYTES: Final = 1 << 20
MAX_PAYLOAD_BYTES: Final = 1 << 29
_CHUNK_BYTES: Final = 1 << 18

PayloadSize = Annotated[int, Field(ge=0, le=MAX_PAYLOAD_BYTES)]
ElapsedMs = Annotated[int, Field(ge=0)]


Task = Literal["optimize", "explain_infeasible", "lock_prices"]
"""What a solver process is asked for: the best plan; why there is none; what each lock and constraint costs."""


class BadMessage(ValueError):
    """The other side sent something that is not a message; the text says what."""


class _Message(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=to_camel,
        populate_by_name=True,
        allow_inf_nan=False,
    )


class Solve(_Message):
    """Carry out a task on the request in the payload.

    ``budget_ms`` is the time left, ``elapsed_ms`` what the run has used so far. ``was_ready`` says that the process was
    started before the run was: its time counts from this message, not from ``hello``.
    """

    type: Literal["solve"] = "solve"
    task: Task = "optimize"
    was_ready: bool = False
    elapsed_ms: ElapsedMs
    budget_ms: ElapsedMs
    payload_bytes: PayloadSize


class Stop(_Message):
    """Stop: hand over the best plan so far (``keep``) or just end."""

    type: Literal["stop"] = "stop"
    keep: bool


class Hello(_Message):
    """The solver is there. ``versions`` names at least ``protocol`` and ``python``."""

    type: Literal["hello"] = "hello"
    versions: dict[str, str]
    pid: int


class Alive(_Message):
    """The solver has nothing to tell and is not stuck."""

    type: Literal["alive"] = "alive"


class Phase(_Message):
    """What the solver does now, in plain words, and how far it is (0-100)."""

    type: Literal["phase"] = "phase"
    name: Annotated[str, Field(max_length=2_000)]
    percentage: Annotated[float, Field(ge=0, le=100)]


class Incumbent(_Message):
    """A better plan (in the payload). ``elapsed_ms`` since the run began.

    ``objective`` and ``bound`` are in the objective's native unit, ``vector`` is as in ``engine.metrics``.
    """

    type: Literal["incumbent"] = "incumbent"
    seq: Annotated[int, Field(ge=1)]
    elapsed_ms: ElapsedMs
    objective: float
    vector: Many[int]
    bound: float | None = None
    gap: float | None = None
    payload_bytes: PayloadSize


class Bound(_Message):
    """A better lower bound on the objective, in its native unit."""

    type: Literal["bound"] = "bound"
    elapsed_ms: ElapsedMs
    bound: float
    gap: float | None = None


class Result(_Message):
    """The last message of a run that found a plan (in the payload). Units as in ``Incumbent``."""

    type: Literal["result"] = "result"
    status: Literal["optimal", "feasible"]
    elapsed_ms: ElapsedMs
    first_solution_ms: ElapsedMs | None = None
    vector: Many[int]
    bound: float | None = None
    warnings: Many[str] = ()
    payload_bytes: PayloadSize


class Explained(_Message):
    """The last message of a task other than optimising. The payload is its answer, a JSON object."""

    type: Literal["explained"] = "explained"
    elapsed_ms: ElapsedMs
    payload_bytes: PayloadSize


class Failed(_Message):
    """The last message of a run without a plan: a coded error."""

    type: Literal["failed"] = "failed"
    code: Annotated[ErrorCode, Field(strict=False)]
    message: str
    details: dict[str, Any] = {}


FromApp = Solve | Stop
FromSolver = Hello | Alive | Phase | Incumbent | Bound | Result | Explained | Failed

_FROM_APP: TypeAdapter[FromApp] = TypeAdapter(Annotated[FromApp, Field(discriminator="type")])
_FROM_SOLVER: TypeAdapter[FromSolver] = TypeAdapter(Annotated[FromSolver, Field(discriminator="type")])
_PLAN: TypeAdapter[list[PlacedEvent]] = TypeAdapter(list[PlacedEvent])


def encode(message: FromApp | FromSolver, payload: bytes = b"") -> bytes:
    """Return the bytes of one message with its payload.

    A ``failed`` message too long for a line loses its details, never its code.

    Raises
    ------
    ValueError
        When ``payload`` is not as long as the message says, or the line would be refused by the other side.
    """
    if len(payload) != getattr(message, "payload_bytes", 0):
        raise ValueError(f"the payload has {len(payload)} bytes, which is not what the message says")
    line = message.model_dump_json(by_alias=True, exclude_none=True).encode()
    if len(line) >= MAX_LINE_BYTES and isinstance(message, Failed):
        short = message.model_copy(update={"message": message.message[:10_000], "details": {"shortened": True}})
        line = short.model_dump_json(by_alias=True, exclude_none=True).encode()
    if len(line) >= MAX_LINE_BYTES:
        raise ValueError(f"a message of {len(line)} bytes is too long; the limit is {MAX_LINE_BYTES}")
    return b"%s\n%s\n" % (line, payload) if payload else line + b"\n"


def encode_plan(events: list[PlacedEvent]) -> bytes:
    """Return a plan as contract JSON, ready to be a payload."""
    return _PLAN.dump_json(events, by_alias=True, exclude_none=True)


def decode_plan(payload: bytes) -> list[PlacedEvent]:
    """Return the plan of a payload.

    Raises
    ------
    BadMessage
        When the payload is not a plan in contract JSON.
    """
    try:
        return _PLAN.validate_json(payload)
    except ValidationError as error:
        raise BadMessage(f"the plan cannot be read: {_first_fault(error)}") from None


def read_from_app(stream: BinaryIO) -> tuple[FromApp, bytes] | None:
    """Return the next message and its payload, in the solver's process; ``None`` at the end of the stream.

    Raises
    ------
    BadMessage
        See :func:`read_from_solver`.
    """
    return _read(stream, _FROM_APP)


def read_from_solver(stream: BinaryIO) -> tuple[FromSolver, bytes] | None:
    """Return the next message and its payload, in the application's process; ``None`` at the end of the stream.

    Raises
    ------
    BadMessage
        When a line is no message, is longer than ``MAX_LINE_BYTES``, or the stream ends inside a message.
    """
    return _read(stream, _FROM_SOLVER, _read_line_of)


def relative_gap(objective: float, bound: float | None) -> float | None:
    """Return ``|incumbent - bound| / max(1, |incumbent|)``, or ``None`` without a bound."""
    return None if bound is None else abs(objective - bound) / max(1.0, abs(objective))


def _read(
    stream: BinaryIO, adapter: TypeAdapter[Any], payload_of: Callable[[BinaryIO, int], bytes] | None = None
) -> tuple[Any, bytes] | None:
    line = stream.readline(MAX_LINE_BYTES)
    if not line:
        return None
    if not line.endswith(b"\n"):
        if len(line) >= MAX_LINE_BYTES:
            raise BadMessage(f"a line is longer than {MAX_LINE_BYTES} bytes")
        raise BadMessage(f"the last line is cut off after {len(line)} bytes")
    try:
        message = adapter.validate_json(line)
    except ValidationError as error:
        raise BadMessage(f"a line is no message ({_first_fault(error)}): {line[:80]!r}") from None
    size: int = getattr(message, "payload_bytes", 0)
    if size == 0:
        return message, b""
    payload = payload_of(stream, size) if payload_of else stream.read(size)
    if len(payload) < size or stream.read(1) != b"\n":
        raise BadMessage(f"the {size} bytes that belong to a {message.type} message are cut off or do not end there")
    return message, payload


def _read_line_of(stream: BinaryIO, size: int) -> bytes:
    """Return so many bytes, or fewer when the stream or the line ends: what a solver hands over is one line of JSON.

    What is said after a message that was cut off would else be taken for the rest of it, as long as that lasts.
    """
    parts: list[bytes] = []
    while size > 0 and (part := stream.read1(min(size, _CHUNK_BYTES))):  # pyright: ignore[reportAttributeAccessIssue]
        parts.append(part)
        size -= len(part)
        if b"\n" in part:
            return b"".join(parts)[:-1]  # too short, also where the break is the last byte
    return b"".join(parts)


def _first_fault(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else str(first["msg"])
