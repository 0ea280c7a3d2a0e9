"""The doors of the web board: what may be asked, what may be served."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QUrl

from engine.errors import ErrorCode, TaktwerkError
from ui import bridge as requests
from ui.board_view import web_palette, window_request
from ui.bridge import MAX_REQUEST_CHARS, Bridge, parse_request
from ui.scheme import SchemeHandler, content_security_policy, find_bryntum, trial_image_host
from ui.web_profile import is_own


def _call(bridge: Bridge, **request: Any) -> Any:
    return json.loads(bridge.call(json.dumps(request)))


def test_a_request_is_validated_and_answered() -> None:
    seen: list[Any] = []
    bridge = Bridge(lambda request: seen.append(request) or {"x": 1})
    assert _call(bridge, method="details", eventId="a") == {"ok": True, "data": {"x": 1}}
    assert isinstance(seen[0], requests.Details) and seen[0].event_id == "a"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{",
        "{}",
        '{"method": "format c:"}',
        '{"method": "details"}',
        '{"method": "details", "eventId": 7}',
        '{"method": "details", "eventId": ""}',
        '{"method": "details", "eventId": "a", "more": 1}',
        '{"method": "probe", "eventId": "a", "start": 1e400}',
        '{"method": "probe", "eventId": "a", "start": NaN}',
        '{"method": "select", "eventIds": "a"}',
        "[" * 100_000,
    ],
)
def test_what_is_not_a_request_is_refused_and_not_handled(text: str) -> None:
    bridge = Bridge(lambda request: pytest.fail("handled"))
    answer = json.loads(bridge.call(text))
    assert answer["ok"] is False and answer["error"]["code"] == "E001"


def test_a_request_that_is_too_long_is_refused_unread() -> None:
    with pytest.raises(TaktwerkError, match="E006"):
        parse_request("x" * (MAX_REQUEST_CHARS + 1))


def test_a_coded_error_reaches_the_page_as_it_is() -> None:
    def refuse(request: Any) -> Any:
        raise TaktwerkError(ErrorCode.RESOURCE_LOCKED, "It is locked.", {"eventId": "a"})

    answer = _call(Bridge(refuse), method="undo")
    assert answer["error"] == {"code": "E005", "message": "It is locked.", "details": {"eventId": "a"}}


@pytest.mark.logs_errors
@pytest.mark.parametrize("result", [RuntimeError("boom"), {1, 2}, float("nan")])
def test_a_fault_of_ours_is_logged_and_never_raised_into_the_page(
    result: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def work(request: Any) -> Any:
        if isinstance(result, Exception):
            raise result
        return result

    answer = _call(Bridge(work), method="undo")
    assert answer["ok"] is False and "boom" not in answer["error"]["message"]
    assert any(record.exc_info for record in caplog.records)


def test_a_slow_request_is_logged(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter((10.0, 10.3))
    monkeypatch.setattr(requests.time, "perf_counter", lambda: next(ticks))
    with caplog.at_level(logging.WARNING, "taktwerk.bridge"):
        _call(Bridge(lambda request: None), method="undo")
    assert "300 ms" in caplog.text


def test_the_bridge_survives_the_channel_s_delete_later(caplog: pytest.LogCaptureFixture) -> None:
    _ = QCoreApplication.instance() or QCoreApplication([])
    bridge = Bridge(lambda request: 1)
    bridge.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert _call(bridge, method="undo") == {"ok": True, "data": 1}
    assert "tried to delete" in caplog.text


@pytest.fixture
def handler(tmp_path: Path) -> SchemeHandler:
    package = tmp_path / "bryntum"
    package.mkdir()
    (package / "schedulerpro.module.js").write_text("export {}")
    (package / ".npmrc.js").write_text("secret")
    (package / "notes.exe").write_text("no")
    (tmp_path / "outside.js").write_text("secret")
    (package / "link.js").symlink_to(tmp_path / "outside.js")
    return SchemeHandler(package, lambda name, query: None)


@pytest.mark.parametrize("path", ["/index.html", "/board.js", "/board.css", "/bryntum/schedulerpro.module.js"])
def test_our_own_files_are_served(handler: SchemeHandler, path: str) -> None:
    assert handler.file_of(path) is not None


@pytest.mark.parametrize(
    "url",
    [
        "planner://app/../scheme.py",
        "planner://app/..%2f..%2f..%2fetc%2fpasswd",
        "planner://app/%2e%2e/%2e%2e/pyproject.toml",
        "planner://app/bryntum/../outside.js",
        "planner://app/bryntum/..%2foutside.js",
        "planner://app/bryntum//..//outside.js",
        "planner://app/bryntum/%2fetc%2fpasswd",
        "planner://app/bryntum/link.js",
        "planner://app/bryntum/.npmrc.js",
        "planner://app/bryntum/notes.exe",
        "planner://app/bryntum/..%5coutside.js",
        "planner://app/bryntum/missing.js",
        "planner://app/board.js%00.html",
        "planner://app/",
        "planner://app/bryntum/",
    ],
)
def test_nothing_else_is_served(handler: SchemeHandler, url: str) -> None:
    assert handler.file_of(QUrl(url).path(QUrl.ComponentFormattingOption.FullyDecoded)) is None
    assert handler.file_of(QUrl(url).path()) is None


def test_without_the_package_its_files_are_not_there(tmp_path: Path) -> None:
    bare = SchemeHandler(None, lambda name, query: None)
    assert bare.file_of("/bryntum/schedulerpro.module.js") is None and bare.file_of("/plain.html") is not None


def test_the_package_is_found_where_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "schedulerpro.module.js").write_text("")
    assert find_bryntum(tmp_path) == tmp_path.resolve()
    monkeypatch.setenv("TAKTWERK_BRYNTUM", str(tmp_path))
    assert find_bryntum() == tmp_path.resolve()


def test_only_a_trial_may_ask_its_maker_for_an_image(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"name": "@bryntum/schedulerpro"}')
    assert trial_image_host(tmp_path) is None and trial_image_host(None) is None
    (tmp_path / "package.json").write_text('{"name": "@bryntum/schedulerpro-trial"}')
    assert trial_image_host(tmp_path) == "https://bryntum.com"


def test_the_policy_allows_no_eval_and_no_remote_host() -> None:
    policy = content_security_policy()
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "unsafe-eval" not in policy and "http" not in policy and "*" not in policy


@pytest.mark.parametrize(
    "url", ["https://example.org/", "planner://other/", "file:///etc/passwd", "data:text/html,x", ""]
)
def test_other_addresses_are_not_ours(url: str) -> None:
    assert not is_own(QUrl(url))
    assert is_own(QUrl("planner://app/index.html"))


def test_a_window_query_is_read_or_refused() -> None:
    query = {"from": "0", "to": "10", "rowFrom": "-3", "rowTo": "9", "viewFrom": "1", "viewTo": "2", "msPerPx": "60000"}
    request = window_request(query)
    assert (request.row_from, request.to_ms, request.px_ms) == (0, 10, 60_000.0)
    for bad in ({**query, "to": "x"}, {**query, "msPerPx": "nan"}, {**query, "to": "1e999"}, {}):
        with pytest.raises(TaktwerkError, match="E001"):
            window_request(bad)


def test_the_page_gets_a_colour_for_every_key() -> None:
    palette = web_palette()
    assert len(palette["categories"]) >= 8
    assert set(palette["lateness"]) == {"on time", "at risk", "late", "no due date"}
    assert set(palette["status"]) == {"planned", "released", "started", "completed"}
