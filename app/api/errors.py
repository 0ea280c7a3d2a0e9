"""One error body for everything that can go wrong, ``{code, message, details}``, and the HTTP status of each code."""

from __future__ import annotations

import logging
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from engine.errors import ErrorCode, Fault, TaktwerkError, invalid_schedule
from engine.validation.reading import shortened

STATUS: Final = {
    ErrorCode.INVALID_SCHEDULE: 422,
    ErrorCode.SOLVER_TIMEOUT: 409,
    ErrorCode.INFEASIBLE_PROBLEM: 409,
    ErrorCode.VERSION_CONFLICT: 409,
    ErrorCode.RESOURCE_LOCKED: 423,
    ErrorCode.TOO_LARGE: 413,
    ErrorCode.INTERRUPTED: 409,
    ErrorCode.STORAGE: 503,
    ErrorCode.PACKAGE: 422,
    ErrorCode.UNAUTHORISED: 401,
    ErrorCode.RATE_LIMIT: 429,
    ErrorCode.NOT_FOUND: 404,
}
"""The HTTP status of each code."""

_MAX_SHOWN_FAULTS: Final = 100
_log = logging.getLogger("taktwerk.api")


class Refused(TaktwerkError):
    """An error with another status than its code's, or with headers."""

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        details: dict[str, Any] | None = None,
        *,
        status: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(code, message, details)
        self.status = status or STATUS[code]
        self.headers = headers or {}


class NothingMore(Exception):
    """A stream that was read to its end is asked for again: 204, which tells an EventSource to stop asking."""


def error_response(error: TaktwerkError) -> Response:
    """Return the answer for an error."""
    status, headers = STATUS[error.code], {}
    if isinstance(error, Refused):
        status, headers = error.status, dict(error.headers)
    if status == 401:
        headers.setdefault("WWW-Authenticate", "Bearer")
    return Response(to_bytes(error.to_json()), status, headers, media_type="application/json")


def to_bytes(data: Any) -> bytes:
    """Return data as JSON; what has no JSON form is written as text."""
    return orjson.dumps(data, default=str, option=orjson.OPT_NON_STR_KEYS)


def install(app: FastAPI) -> None:
    """Have an application answer every error in the one form."""
    app.add_exception_handler(TaktwerkError, _coded)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _plain)
    app.add_exception_handler(NothingMore, _nothing_more)
    app.add_exception_handler(Exception, _broken)


async def _coded(_request: Request, error: Exception) -> Response:
    assert isinstance(error, TaktwerkError)
    if error.code is ErrorCode.STORAGE:
        _log.warning("storage refused: %s", error.message)
    return error_response(error)


async def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [
        Fault(".".join(str(part) for part in found["loc"]), shortened(found.get("input")), found["msg"])
        for found in error.errors()[:_MAX_SHOWN_FAULTS]
    ]
    return error_response(invalid_schedule(faults, "request"))


async def _plain(request: Request, error: Exception) -> Response:
    """Errors of the framework: no such path, no such method, a body too large."""
    assert isinstance(error, HTTPException)
    if error.status_code == 413:
        told = Refused(ErrorCode.TOO_LARGE, "The request is too large.", status=413)
    elif error.status_code == 404:
        told = Refused(ErrorCode.NOT_FOUND, f"There is no {request.url.path} here.", status=404)
    elif error.status_code == 405:
        told = Refused(
            ErrorCode.NOT_FOUND, f"{request.url.path} does not know the method {request.method}.", status=405
        )
    else:
        told = Refused(ErrorCode.INVALID_SCHEDULE, str(error.detail), status=error.status_code)
    told.headers.update(error.headers or {})
    return error_response(told)


async def _nothing_more(_request: Request, _error: Exception) -> Response:
    return Response(status_code=204)


async def _broken(_request: Request, error: Exception) -> Response:
    _log.exception("a request broke down", exc_info=error)
    message = f"The request failed with an internal error ({type(error).__name__}); the server's log has the details."
    return error_response(Refused(ErrorCode.INTERRUPTED, message, status=500))
