"""Odd messages through the real page and Qt's own channel: nothing falls over, no plan changes, the board goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from storage import canonical
from tests.support.board_page import BoardPage
from tests.support.board_plant import make_plant
from tests.support.board_session import make_session
from tests.support.bridge_messages import Messages
from tests.support.qt import NO_GPU, pause
from ui import bridge
from ui.scheme import register_scheme

register_scheme()
pytestmark = [pytest.mark.e2e, pytest.mark.logs_errors, NO_GPU]

_CHANNEL = (
    {"type": 6, "object": "bridge", "method": 99, "args": [], "id": -1},
    {"type": 6, "object": "bridge", "method": "deleteLater", "args": [], "id": -2},
    {"type": 6, "object": "nobody", "method": "call", "args": ["{}"], "id": -3},
    {"type": 6, "object": "bridge", "method": "call", "args": [], "id": -4},
    {"type": 6, "object": "bridge", "method": "call", "args": [{"a": [1]}, 2, 3], "id": -5},
    {"type": 6, "object": "bridge", "method": "call", "args": [None]},
    {"type": 9, "object": "bridge", "property": 0, "value": "x"},
    {"type": 7, "object": "bridge", "signal": 77},
    {"type": 8, "object": "bridge", "signal": 77},
    {"type": 10_000},
    {"type": "six"},
    {},
    [],
    None,
)
"""What Qt's protocol does not know, or should not obey."""


@pytest.fixture
def page(qapp: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[BoardPage]:
    monkeypatch.setattr(bridge, "_SLOW_S", 1e9)
    made = BoardPage(make_session(make_plant(6, 1)))
    yield made
    made.close()


def _pour(page: BoardPage, count: int) -> list[dict[str, Any]]:
    """Send messages as the page would and return the answers; only those that must be refused or change nothing."""
    controller = page.view.controller
    assert controller is not None
    messages = Messages(controller.session.working, seed=8)
    texts = [text for text in (messages.next() for _ in range(count)) if '"kind"' not in text and "do" not in text]
    answers: list[dict[str, Any]] = []
    for begin in range(0, len(texts), 100):
        batch = json.dumps(texts[begin : begin + 100])
        got = page.run(f"return await Promise.all({batch}.map(text => board.bridge.remote.call(text)))")
        answers += [json.loads(one) for one in got]
    return answers


@pytest.mark.qt_log_level_fail("NO")
def test_odd_messages_through_the_page_change_nothing(page: BoardPage, caplog: pytest.LogCaptureFixture) -> None:
    controller = page.view.controller
    assert controller is not None
    before, plan = canonical.encode(controller.session.working).content_hash, controller.session.working
    answers = _pour(page, 400)
    assert len(answers) > 100 and all(one["ok"] or one["error"]["code"].startswith("E0") for one in answers)
    page.run(f"for (const odd of {json.dumps(_CHANNEL)}) qt.webChannelTransport.send(JSON.stringify(odd)); return 0")
    page.run(
        "for (const odd of ['', '{', 'null', '[[', 'x'.repeat(300000)]) qt.webChannelTransport.send(odd); return 0"
    )
    pause(300)
    assert controller.session.working is plan and canonical.encode(plan).content_hash == before
    assert not [record for record in caplog.records if record.exc_info]
    assert page.js("window.pwned === undefined")
    assert page.failures == []
    move = {"method": "details", "eventId": plan.snapshot.events[0].id}
    assert json.loads(page.view._bridge.call(json.dumps(move)))["ok"], "the bridge is still there"
    page.settle()
