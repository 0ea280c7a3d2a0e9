"""What every request passes first: Host, Origin, a request id, security headers, counting."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Collection
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.errors import Refused, error_response
from app.api.monitoring import Monitor
from app.api.tokens import forbidden
from engine.errors import ErrorCode

_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
_log = logging.getLogger("taktwerk.api")


class Gate:
    """The outermost layer.

    Parameters
    ----------
    app
        What is behind it.
    hosts
        Returns the Host headers that are let in: a page on another name that leads here (DNS rebinding) stays out.
    monitor
        Counts.
    """

    def __init__(self, app: ASGIApp, hosts: Callable[[], Collection[str]], monitor: Monitor) -> None:
        self._app = app
        self._hosts = hosts
        self._monitor = monitor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, request_id, status = time.monotonic(), uuid.uuid4().hex[:16], 0

        is_replaced = False

        async def answer(message: Message) -> None:
            nonlocal status, is_replaced
            if is_replaced:
                return
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                if status == 413 and headers.get("content-type", "").startswith("text/plain"):
                    # the framework's own refusal of a large body; every error has our one form
                    too_large = Refused(ErrorCode.TOO_LARGE, "The request is larger than this server takes.")
                    await error_response(too_large)(scope, receive, answer)
                    is_replaced = True
                    return
                headers["X-Request-Id"] = request_id
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                self._note(scope, status, time.monotonic() - begun, request_id)
            await send(message)

        refusal = self._refusal(Headers(scope=scope))
        if refusal is not None:
            await error_response(forbidden(refusal))(scope, receive, answer)
            return
        await self._app(scope, receive, answer)

    def _refusal(self, headers: Headers) -> str | None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts():
            return "This server does not answer to that name. Use the address that `taktwerk serve` shows."
        if "origin" in headers:
            return "Requests from web pages are not answered."
        return None

    def _note(self, scope: Scope, status: int, seconds: float, request_id: str) -> None:
        route = getattr(scope.get("route"), "path", "none")
        method = scope["method"] if scope["method"] in ("GET", "POST", "DELETE", "HEAD", "PUT", "PATCH") else "other"
        self._monitor.request(method, route, status, seconds)
        caller = scope.get("state", {}).get("caller")
        _log.info(
            "%s %s: %d",
            method,
            route,
            status,
            extra={"request_id": request_id, "ms": round(seconds * 1000, 1), "user": getattr(caller, "user", None)},
        )
