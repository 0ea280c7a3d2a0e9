"""A small client of the HTTP API, on the standard library alone: ``urllib``. ``docs/http-api.md`` shows how to use it.

It waits and asks again where the server says so (``Retry-After``) or the connection breaks, with an idempotency key, so
that nothing is done twice.
"""

from __future__ import annotations

import http.client
import json
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, Final

from engine.errors import ErrorCode, TaktwerkError

_TERMINAL: Final = ("completed", "failed", "cancelled")
_ATTEMPTS: Final = 4
_LONGEST_WAIT_S: Final = 60.0
Json = dict[str, Any]


class Client:
    """One server and one user.

    Parameters
    ----------
    address
        As ``taktwerk serve`` shows it, without ``/api``.
    token
        From ``taktwerk token issue``.
    timeout_s
        How long one answer may take.
    tls
        For ``https`` with a certificate of the plant's own.

    Raises
    ------
    TaktwerkError
        From every method: what the server answers, with its code; E008 when it cannot be reached.
    """

    def __init__(self, address: str, token: str, timeout_s: float = 60.0, tls: ssl.SSLContext | None = None) -> None:
        if not address.startswith(("http://", "https://")):
            raise ValueError("the address begins with http:// or https://")
        self._address = address.rstrip("/")
        self._token = token
        self._timeout_s = timeout_s
        handlers = [urllib.request.ProxyHandler({}), _NoRedirects()]
        if tls is not None:
            handlers.append(urllib.request.HTTPSHandler(context=tls))
        self._opener = urllib.request.build_opener(*handlers)

    # schedules and versions

    def health(self) -> Json:
        """Return whether the server works."""
        return self._json("GET", "/api/health")

    def profiles(self) -> Json:
        """Return the algorithms and profiles."""
        return self._json("GET", "/api/profiles")

    def schedules(self) -> list[Json]:
        """Return every schedule with its live version."""
        return self._json("GET", "/api/schedules")["schedules"]

    def import_schedule(self, data: Mapping[str, Any] | bytes, **query: str) -> Json:
        """Take a plan in, as data or as the content of a file; ``query`` as the API's (name, format, file, into)."""
        return self._json("POST", "/api/schedules", data, query)

    def data(self, schedule_id: str, head: str = "main") -> Json:
        """Return the plan that a head stands on."""
        return self._json("GET", f"/api/schedules/{_quoted(schedule_id)}/data", query={"head": head})

    def versions(self, schedule_id: str) -> list[Json]:
        """Return a schedule's versions, newest first."""
        return self._json("GET", f"/api/schedules/{_quoted(schedule_id)}/versions")["versions"]

    def save(self, schedule_id: str, data: Mapping[str, Any], expected_head: str, comment: str = "") -> Json:
        """Save an edited plan as the next version (E004 when the head moved)."""
        query = {"expectedHead": expected_head, "comment": comment}
        return self._json("POST", f"/api/schedules/{_quoted(schedule_id)}/versions", data, query)

    def diff(self, schedule_id: str, version_id: str, base: str = "") -> Json:
        """Compare a version with another one, by default its parent."""
        return self._json("GET", _version(schedule_id, version_id, "diff"), query={"from": base} if base else None)

    def apply(self, schedule_id: str, version_id: str, **wanted: str) -> Json:
        """Apply a run's plan (``result.versionId``) or a version; ``wanted``: head, comment, take, expectedHead."""
        return self._json("POST", _version(schedule_id, version_id, "apply"), wanted)

    def merge(self, schedule_id: str, version_id: str, **wanted: Any) -> Json:
        """Merge a version into a head; ``wanted``: into, take, choices, comment."""
        return self._json("POST", _version(schedule_id, version_id, "merge"), wanted)

    def rollback(self, schedule_id: str, version_id: str, **wanted: str) -> Json:
        """Go back to a version; ``wanted``: head, comment, expectedHead."""
        return self._json("POST", _version(schedule_id, version_id, "rollback"), wanted)

    def export(self, schedule_id: str, version_id: str, format: str = "taktwerk", **query: str) -> bytes:
        """Return a version as a file's content."""
        path = _version(schedule_id, version_id, "export")
        with self._open("GET", path, query={"format": format, **query}) as answer:
            return answer.read()

    # runs

    def submit(self, request: Mapping[str, Any], label: str = "", head: str = "") -> str:
        """Queue an optimisation, perhaps for a scenario, and return the run's id."""
        query = {"label": label, **({"head": head} if head else {})}
        return self._json("POST", "/api/schedules/optimize", request, query)["runId"]

    def status(self, run_id: str) -> Json:
        """Return how a run stands: an OptimizationResponseDTO."""
        return self._json("GET", _run(run_id))

    def cancel(self, run_id: str) -> None:
        """End a run without its plan."""
        self._open("DELETE", _run(run_id)).close()

    def stop(self, run_id: str) -> None:
        """End a run with the best plan it has."""
        self._open("POST", _run(run_id, "/stop")).close()

    def follow(self, run_id: str) -> Iterator[Json]:
        """Yield a run's progress until it is over; a stream that breaks off is taken up where it ended."""
        last, failures = "", 0
        while last != "end":
            try:
                headers = {"Last-Event-ID": last} if last else {}
                with self._open("GET", _run(run_id, "/progress"), headers=headers) as stream:
                    for event_id, data in _events(stream):
                        last, failures = event_id or last, 0
                        yield data
                    failures += 1
            except (OSError, http.client.HTTPException):
                failures += 1
            if failures >= _ATTEMPTS:
                raise _unreachable(self._address, "the progress stream breaks off again and again")
            if last != "end":
                time.sleep(0.2 * failures)

    def wait(self, run_id: str) -> Json:
        """Wait until a run is over and return how it ended."""
        for event in self.follow(run_id):
            if event["status"] in _TERMINAL:
                break
        return self.status(run_id)

    # inside

    def _json(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | bytes | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Any:
        with self._open(method, path, body, query) as answer:
            return json.load(answer)

    def _open(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | bytes | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Return the open answer; refusals are raised, broken connections and "later" are tried again."""
        address = self._address + path + ("?" + urllib.parse.urlencode(query) if query else "")
        sent = {"Authorization": f"Bearer {self._token}", "Accept": "*/*", **(headers or {})}
        content = None
        if method == "POST":
            sent["Idempotency-Key"] = str(uuid.uuid4())
            sent["Content-Type"] = "application/octet-stream" if isinstance(body, bytes) else "application/json"
            content = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        for attempt in range(1, _ATTEMPTS + 1):
            request = urllib.request.Request(address, content, sent, method=method)
            try:
                return self._opener.open(request, timeout=self._timeout_s)
            except urllib.error.HTTPError as error:
                with error:
                    refusal = _refusal(error)
                wait = error.headers.get("Retry-After")
                if wait is None or attempt == _ATTEMPTS:
                    raise refusal from None
                time.sleep(min(_LONGEST_WAIT_S, float(wait)))
            except (OSError, http.client.HTTPException) as error:
                if attempt == _ATTEMPTS:
                    raise _unreachable(self._address, str(error)) from None
                time.sleep(0.2 * attempt)
        raise AssertionError("not reached")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The server redirects nobody; a token is never sent elsewhere."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _events(stream: Any) -> Iterator[tuple[str, Json]]:
    """Yield (id, data) of the events of a stream, https://html.spec.whatwg.org/multipage/server-sent-events.html."""
    event_id, data = "", ""
    for line in stream:
        text = line.decode().rstrip("\r\n")
        if text.startswith("id:"):
            event_id = text[3:].strip()
        elif text.startswith("data:"):
            data += text[5:]
        elif not text and data:
            yield event_id, json.loads(data)
            data = ""


def _refusal(error: urllib.error.HTTPError) -> TaktwerkError:
    try:
        told = json.loads(error.read())
        return TaktwerkError(ErrorCode(told["code"]), told["message"], told["details"])
    except (ValueError, KeyError, TypeError):
        return _unreachable(error.url, f"it answers {error.code} {error.reason}")


def _unreachable(address: str, why: str) -> TaktwerkError:
    return TaktwerkError(ErrorCode.STORAGE, f"{address} cannot be used: {why}. Is `taktwerk serve` running?")


def _version(schedule_id: str, version_id: str, what: str) -> str:
    return f"/api/schedules/{_quoted(schedule_id)}/versions/{_quoted(version_id)}/{what}"


def _run(run_id: str, what: str = "") -> str:
    return f"/api/schedules/optimize/{_quoted(run_id)}{what}"


def _quoted(text: str) -> str:
    return urllib.parse.quote(text, safe="")
