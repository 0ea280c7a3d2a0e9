"""Requests with a key are carried out once: asked again, the server answers the same again."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Annotated, Final

from fastapi import Depends, Header, Request
from starlette.responses import Response

from app.api.errors import Refused
from app.api.guards import Body, Server
from app.api.services import ApiServices
from engine.errors import ErrorCode, Fault, invalid_schedule

_LONGEST_KEY: Final = 200


class Once:
    """Carries a request out, at most once for each key of a user."""

    def __init__(self, request: Request, server: ApiServices, body: bytes, key: str | None) -> None:
        self._request = request
        self._server = server
        self._body = body
        self._key = key

    def run(self, work: Callable[[], Response]) -> Response:
        """Return what ``work`` answers, or what it answered before.

        Raises
        ------
        Refused
            E001 (422) when the key was used for another request; E004 (409) while the first one is worked on.
        """
        key = self._key
        if key is None:
            return work()
        if not 0 < len(key) <= _LONGEST_KEY:
            raise invalid_schedule([Fault("Idempotency-Key", key[:60], "must have 1 to 200 characters")], "request")
        user, state = self._request.state.caller.user, self._server.state
        found = state.claim(user, key, self._hash(), int(time.time()), self._server.limits.answers_kept_s)
        if found is not None:
            return self._again(found.request_hash, found.status, found.body, found.location)
        try:
            answer = work()
        except BaseException:
            state.release(user, key)
            raise
        state.answer(user, key, answer.status_code, bytes(answer.body), answer.headers.get("location"))
        return answer

    def _again(self, request_hash: str, status: int | None, body: bytes, location: str | None) -> Response:
        if request_hash != self._hash():
            raise invalid_schedule(
                [Fault("Idempotency-Key", self._key, "was used for another request; take a new key")], "request"
            )
        if status is None:
            raise Refused(
                ErrorCode.VERSION_CONFLICT,
                "The first request with this key is still being worked on. Ask again in a moment.",
                headers={"Retry-After": "1"},
            )
        headers = {"Idempotency-Replayed": "true", **({"Location": location} if location else {})}
        return Response(body, status, headers, media_type="application/json")

    def _hash(self) -> str:
        request = self._request
        head = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
        return hashlib.sha256(head + self._body).hexdigest()


async def _once(
    request: Request,
    server: Server,
    body: Body,
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            description="Any text of the caller's, up to 200 characters. Asked again with it within a day, the "
            "server does nothing and answers the same.",
        ),
    ] = None,
) -> Once:
    return Once(request, server, body, key)


OnceOnly = Annotated[Once, Depends(_once)]
