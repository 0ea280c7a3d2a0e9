"""Taktwerk's own JSON: a ScheduleDataDTO, or an OptimizationRequestDTO with one inside."""

from __future__ import annotations

from typing import Any

import orjson

from app.exchange.text import MAX_BYTES, too_large
from engine.errors import Fault, invalid_schedule
from engine.model import Dto, OptimizationRequest, OptimizationResponse, Schedule
from engine.validate import parse_request, parse_schedule


def parse(content: bytes, name: str) -> Schedule | OptimizationRequest:
    """Return the schedule or the request in ``content``.

    Raises
    ------
    TaktwerkError
        E001 with every fault; E006 when it is too large.
    """
    data = load(content, name)
    if "scheduleData" in data:
        return parse_request(data)
    return parse_schedule(data)


def parse_response(content: bytes, name: str) -> OptimizationResponse:
    """Return the OptimizationResponseDTO in ``content``; E001 when it is none."""
    data = load(content, name)
    try:
        return OptimizationResponse.model_validate(data)
    except ValueError as error:
        errors: list[Any] = getattr(error, "errors", list)()
        faults = [Fault(".".join(map(str, e["loc"])), str(e.get("input"))[:80], str(e["msg"])) for e in errors[:100]]
        raise invalid_schedule(faults or [Fault(name, "", str(error))]) from None


def load(content: bytes, name: str) -> dict[str, Any]:
    """Return the JSON object in ``content``; E001 names line and reason when there is none."""
    if len(content) > MAX_BYTES:
        raise too_large(f"{name} is larger than {MAX_BYTES // 2**20} MiB.")
    try:
        data = orjson.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise invalid_schedule([Fault(f"{name}, line {error.lineno}", "", f"this is not JSON: {error.msg}")]) from None
    if not isinstance(data, dict):
        reason = "a JSON object with version, snapshot and metadata is expected"
        raise invalid_schedule([Fault(name, str(data)[:80], reason)])
    return data


def render(data: Dto, *, indent: bool = True) -> bytes:
    """Return the JSON text of any DTO, UTF-8, with a newline at its end."""
    options = orjson.OPT_APPEND_NEWLINE | (orjson.OPT_INDENT_2 if indent else 0)
    return orjson.dumps(data.to_json(), option=options)
