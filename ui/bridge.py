"""The channel between the page and the program: one slot ``call(json) -> json``, one signal ``message(json)``.

A request is ``{"method": …, …}`` with the method's fields, an answer ``{"ok": true, "data": …}`` or ``{"ok": false,
"error": {code, message, details}}``. Whatever a request does, an answer comes back.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel
from PySide6.QtCore import QEvent, QObject, Signal, Slot

from engine.errors import ErrorCode, TaktwerkError

_log = logging.getLogger("taktwerk.bridge")

MAX_REQUEST_CHARS: Final = 200_000
_SLOW_S: Final = 0.1
_MOST_IDS: Final = 5_000

_Id = Annotated[str, StringConstraints(min_length=1, max_length=250)]
_Ids = Annotated[list[_Id], Field(max_length=_MOST_IDS)]
_Ms = Annotated[int, Field(ge=-2_300_000_000_000, le=7_300_000_000_000)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False, alias_generator=to_camel)


class Ready(_Request):
    """The page is drawn and listens; answered with the state to show."""

    method: Literal["ready"]


class Execute(_Request):
    """One gesture: a command of ``app.commands`` as JSON."""

    method: Literal["execute"]
    command: dict[str, Any]


class Undo(_Request):
    """Take the last step back."""

    method: Literal["undo"]


class Redo(_Request):
    """Do the last step taken back again."""

    method: Literal["redo"]


class Details(_Request):
    """Everything about one operation, for its tooltip."""

    method: Literal["details"]
    event_id: _Id


class Probe(_Request):
    """Where an operation would lie if it were dropped there."""

    method: Literal["probe"]
    event_id: _Id
    resource_id: _Id | None = None
    start: _Ms


class Select(_Request):
    """The selected operations changed."""

    method: Literal["select"]
    event_ids: _Ids


class Edit(_Request):
    """Open the editor of an operation."""

    method: Literal["edit"]
    event_id: _Id


class OpenOrder(_Request):
    """Show an order."""

    method: Literal["order"]
    order_id: _Id


class OptimiseAround(_Request):
    """Optimise only the neighbourhood of some operations."""

    method: Literal["optimise"]
    event_ids: _Ids


class WhyNot(_Request):
    """Explain why an operation is not at a slot."""

    method: Literal["whyNot"]
    event_id: _Id
    resource_id: _Id | None = None
    start: _Ms


class Viewport(_Request):
    """The visible span of time changed."""

    method: Literal["viewport"]
    start: _Ms
    end: _Ms


class Look(_Request):
    """Where the planner looks: the left edge, the zoom level, the upper edge and the folded groups."""

    method: Literal["look"]
    at: _Ms
    level: Annotated[int, Field(ge=0, le=100)]
    top: Annotated[int, Field(ge=0, le=100_000_000)]
    folded: Annotated[list[_Id], Field(max_length=1_000)]


class Trouble(_Request):
    """Something went wrong in the page."""

    method: Literal["trouble"]
    text: Annotated[str, StringConstraints(max_length=2_000)]


Request = Annotated[
    Ready
    | Execute
    | Undo
    | Redo
    | Details
    | Probe
    | Select
    | Edit
    | OpenOrder
    | OptimiseAround
    | WhyNot
    | Viewport
    | Look
    | Trouble,
    Field(discriminator="method"),
]
_REQUEST: Final = TypeAdapter[Any](Request)

Handler = Callable[[Any], Any]
"""Carries out a request and returns JSON data; may raise ``TaktwerkError``."""


class Bridge(QObject):
    """The one object that the page sees.

    Parameters
    ----------
    handle
        Carries out a validated request, in the interface's thread.
    """

    message = Signal(str)

    def __init__(self, handle: Handler, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._handle = handle

    @Slot(str, result=str)
    def call(self, text: str) -> str:
        """Carry out one request and return its answer; nothing is ever raised into the page."""
        begin = time.perf_counter()
        method = "?"
        try:
            request = parse_request(text)
            method = request.method
            answer: dict[str, Any] = {"ok": True, "data": self._handle(request)}
        except TaktwerkError as error:
            answer = {"ok": False, "error": error.to_json()}
        except Exception:
            _log.exception("request %s failed", method)
            answer = {"ok": False, "error": _internal(method)}
        took = time.perf_counter() - begin
        if took > _SLOW_S:
            _log.warning("request %s held the interface for %.0f ms", method, took * 1000)
        return _encode(answer, method)

    def send(self, kind: str, **fields: Any) -> None:
        """Send one message to the page."""
        self.message.emit(json.dumps({"type": kind, **fields}))

    def event(self, event: QEvent) -> bool:
        """Survive ``deleteLater``, which the channel offers to the page along with our slot."""
        if event.type() == QEvent.Type.DeferredDelete:
            _log.warning("the page tried to delete the bridge")
            return True
        return super().event(event)


def parse_request(text: str) -> Any:
    """Return the request of a JSON text.

    Raises
    ------
    TaktwerkError
        E006 when it is too long, E001 when it is not a known request.
    """
    if len(text) > MAX_REQUEST_CHARS:
        raise TaktwerkError(ErrorCode.TOO_LARGE, f"A request of {len(text)} characters is too long.")
    try:
        return _REQUEST.validate_python(json.loads(text, parse_constant=_refuse_constant))
    except ValidationError as error:
        faults = [{"path": ".".join(map(str, e["loc"])), "reason": e["msg"]} for e in error.errors()[:20]]
        raise TaktwerkError(
            ErrorCode.INVALID_SCHEDULE, "The page sent a request that is not understood.", {"faults": faults}
        ) from None
    except (ValueError, RecursionError):
        raise TaktwerkError(ErrorCode.INVALID_SCHEDULE, "The page sent a request that is not JSON.") from None


def _refuse_constant(name: str) -> Any:
    """NaN and the infinities are no JSON, though Python reads them."""
    raise ValueError(name)


def _internal(method: str) -> dict[str, Any]:
    return {
        "code": "INTERNAL",
        "message": f"Taktwerk could not carry this out ({method}). Nothing was changed; the log has the details.",
        "details": {},
    }


def _encode(answer: dict[str, Any], method: str) -> str:
    try:
        return json.dumps(answer, allow_nan=False)
    except (TypeError, ValueError):
        _log.exception("the answer to %s is not JSON", method)
        return json.dumps({"ok": False, "error": _internal(method)})
