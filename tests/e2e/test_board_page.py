"""The board's page under strain: 10,000 operations, a killed renderer, hostile names, and no Bryntum at all."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt, QUrl

from app.board.window import MOST_BARS
from engine.model import Resource, Schedule, Unavailable
from tests.support.board_page import BoardPage
from tests.support.board_plant import HOUR_MS, make_plant
from tests.support.board_session import make_session
from tests.support.qt import NO_GPU, pause, wait
from ui import board_view
from ui.scheme import find_bryntum, register_scheme

register_scheme()
pytestmark = [pytest.mark.e2e, NO_GPU]
needs_bryntum = pytest.mark.skipif(find_bryntum() is None, reason="the Bryntum package is not installed")

EVIL = '<img src=x onerror="window.pwned=1"><script>window.pwned=2</script>'

Open = Callable[..., BoardPage]


@pytest.fixture
def open_board(qapp: Any) -> Iterator[Open]:
    opened: list[BoardPage] = []

    def open_one(schedule: Schedule, **options: Any) -> BoardPage:
        opened.append(BoardPage(make_session(schedule), **options))
        return opened[-1]

    yield open_one
    for page in opened:
        page.close()


@needs_bryntum
def test_ten_thousand_operations_stay_usable(open_board: Open) -> None:
    plant = make_plant(1850, 28)
    assert len(plant.snapshot.events) >= 10_000 and len(plant.snapshot.resources) >= 190
    board = open_board(plant)
    session = board.view.controller.session  # type: ignore[union-attr]
    scroll = "board.scheduler.timeAxisSubGrid.scrollable.x += 2500; board.scheduler.scrollable.y += %d; return 0"
    for down in (0, 900, 2600):
        before = board.run("return board.loader.stats.refills")
        board.run(scroll % down)
        pause(250)
        board.settle()
        held = board.run("return board.bars.size")
        assert 0 < held <= MOST_BARS
        assert board.run("return board.loader.stats.refills") > before
        _assert_view_is_complete(board)
    board.view.zoom_fit()
    pause(250)
    board.settle()
    assert board.run("return board.bars.size") <= MOST_BARS
    _assert_none_is_lost(board)
    last = max(session.facts.ends, key=lambda k: session.facts.ends[k])
    assert board.view.go_to(last)
    wait(lambda: board.view.selected_event_ids() == (last,), 30)


def _assert_view_is_complete(board: BoardPage) -> None:
    """Every operation that lies in the visible part is on the board, alone or in a block."""
    view = board.run("return board.viewport.view()")
    controller = board.view.controller
    assert controller is not None
    snapshot = controller.snapshot()
    facts = snapshot.facts
    rows = {r.id for r in snapshot.rows[view["rowFrom"] : view["rowTo"]]}
    due = {
        key
        for key, start in facts.starts.items()
        if start < view["to"] and facts.ends[key] > view["from"] and facts.operations[key].resource_id in rows
    }
    shown = set(board.run("return [...board.bars.keys()]"))
    merged = board.run("return board.window.merged")
    assert merged or due <= shown


def _assert_none_is_lost(board: BoardPage) -> None:
    """What is drawn as blocks stands for as many operations as the window has."""
    part = board.run("const {from, to, rowFrom, rowTo} = board.window; return {from, to, rowFrom, rowTo}")
    controller = board.view.controller
    assert controller is not None
    snapshot = controller.snapshot()
    facts = snapshot.facts
    rows = {r.id for r in snapshot.rows[part["rowFrom"] : part["rowTo"]]}
    count = sum(
        start < part["to"] and facts.ends[key] >= part["from"] and facts.operations[key].resource_id in rows
        for key, start in facts.starts.items()
    )
    assert board.run("return [...board.bars.values()].reduce((n, b) => n + (b.q ?? 1), 0)") >= count > 0


@needs_bryntum
def test_a_drag_on_a_big_plan_is_answered(open_board: Open) -> None:
    board = open_board(make_plant(600, 12))
    controller = board.view.controller
    assert controller is not None
    board.run("board.scheduler.scrollable.y = 560; return 0")
    pause(200)
    board.settle()
    board.view.zoom_in()
    board.view.zoom_in()
    pause(200)
    board.settle()
    visible = board.run(
        "const out = []; for (const e of document.querySelectorAll('.b-sch-event-wrap[data-assignment-id^=\"p:\"]')) {"
        "const r = e.getBoundingClientRect(); if (r.left > 300 && r.width > 40 && r.right < 1100 && r.top > 100"
        " && r.bottom < 700) out.push(e.dataset.eventId); } return out"
    )
    key = next(
        k
        for k in visible
        if not controller.session.facts.operations[k].locked
        and controller.session.facts.operations[k].status.value in ("planned", "released")
    )
    start = controller.session.facts.starts[key]
    board.drag(key, QPoint(round(board.px(3 * HOUR_MS)), 0))
    assert controller.session.facts.starts[key] > start
    assert (board.bar(key) or {})["s"] == controller.session.facts.starts[key]


@needs_bryntum
def test_a_killed_renderer_comes_back_with_the_plan_as_it_stands(open_board: Open) -> None:
    board = open_board(make_plant(12, 2))
    controller = board.view.controller
    assert controller is not None
    op = next(o for o in controller.session.working.snapshot.events if o.status == "released" and not o.locked)
    controller.execute({"kind": "lock", "eventIds": [op.id], "locked": True})
    board.settle()
    board.view.select((op.id,))
    wait(lambda: board.view.selected_event_ids() == (op.id,))
    pid = board.view.web_view.page().renderProcessPid()
    os.kill(pid, signal.SIGKILL)
    wait(lambda: board.messages, 20)
    assert "restarted" in board.messages[0]
    board.wait_ready()
    assert board.view.web_view.page().renderProcessPid() != pid
    bar = board.bar(op.id)
    assert bar is not None and bar["lk"] == 1
    assert board.view.selected_event_ids() == (op.id,)
    assert board.failures == []


@needs_bryntum
def test_names_are_never_markup(open_board: Open) -> None:
    plant = make_plant(6, 2)
    snapshot = plant.snapshot
    changes = {
        "events": tuple(o.model_copy(update={"name": EVIL + o.id}) for o in snapshot.events),
        "orders": tuple(
            o.model_copy(update={"name": EVIL, "product": EVIL, "customer": EVIL}) for o in snapshot.orders
        ),
        "resources": tuple(
            Resource.model_validate({**r.model_dump(), "name": EVIL + r.id, "group": EVIL + str(r.group)})
            for r in snapshot.resources
        ),
        "constraints": tuple(
            c.model_copy(update={"reason": EVIL}) for c in snapshot.constraints if isinstance(c, Unavailable)
        ),
    }
    evil = plant.model_copy(update={"snapshot": snapshot.model_copy(update=changes)})
    board = open_board(evil)
    controller = board.view.controller
    assert controller is not None
    op = next(
        o
        for o in controller.session.working.snapshot.events
        if o.resource_id == "lathe-1" and not o.locked and o.status == "released"
    )
    board.move(board.middle(op.id))
    wait(lambda: board.js("document.querySelector('.tk-tip').classList.contains('tk-shown')"), 10)
    board.run(f"board.toasts.show({EVIL!r}); return 0")
    board.drag(op.id, QPoint(30, board.row_y("bench-1") - board.row_y("lathe-1")), drop=False)
    wait(lambda: "cannot run on" in board.js("document.querySelector('.tk-drag').textContent"), 10)
    board.drop(QPoint(600, board.row_y("bench-1")))
    board.click(op.id, Qt.MouseButton.RightButton)
    pause(300)
    assert board.js("window.pwned === undefined && document.querySelectorAll('img, #board script').length === 0")
    assert "onerror" in board.js("document.getElementById('board').textContent")


@needs_bryntum
def test_the_page_can_do_nothing_but_its_work(open_board: Open, caplog: pytest.LogCaptureFixture) -> None:
    board = open_board(make_plant(3, 1))
    denied = board.run("""
      const tried = {};
      const attempt = async (name, f) => { try { tried[name] = await f() } catch (error) { tried[name] = "refused" } };
      await attempt("eval", () => (0, eval)("1"));
      await attempt("function", () => new Function("return 1")());
      await attempt("remote", async () => (await fetch("https://example.org/")).status);
      await attempt("file", async () => (await fetch("file:///etc/passwd")).status);
      await attempt("other host", async () => (await fetch("planner://other/index.html")).status);
      await attempt("post", async () => (await fetch("/api/board/frame", {method: "POST", body: "x"})).status);
      await attempt("traversal", async () => (await fetch("/..%2f..%2fpyproject.toml")).status);
      await attempt("unknown", async () => (await fetch("/api/board/secrets")).status);
      await attempt("window", () => (window.open("https://example.org/") === null ? "refused" : "opened"));
      await attempt("storage", () => (window.localStorage === null ? "refused" : "there"));
      await attempt("position", () => new Promise((done, fail) =>
        navigator.geolocation.getCurrentPosition(done, fail)));
      return tried;
    """)
    allowed = {name: result for name, result in denied.items() if result != "refused"}
    assert allowed == {} or all(isinstance(code, int) and code >= 400 for code in allowed.values()), allowed
    url = board.view.web_view.url()
    board.js("(location.href = 'https://example.org/', 0)")
    pause(300)
    assert board.view.web_view.url() == url == QUrl("planner://app/index.html")
    assert board.js("board.bars.size") > 0
    caplog.clear()


@needs_bryntum
def test_a_read_only_board_shows_but_does_not_change(open_board: Open) -> None:
    board = open_board(make_plant(12, 2), read_only=True)
    controller = board.view.controller
    assert controller is not None
    op = next(
        o for o in controller.session.working.snapshot.events if o.resource_id == "mill-1" and o.status == "planned"
    )
    board.pull(op.id, QPoint(60, 0))
    board.click(op.id)
    board.key(Qt.Key.Key_Delete)
    board.key(Qt.Key.Key_L)
    assert controller.session.working is controller.session.head_schedule
    answer = board.run("try { await board.bridge.call('undo'); return 'done' } catch (e) { return e.code }")
    assert answer == "E005"


def test_without_the_package_there_is_a_plain_chart(open_board: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board_view, "find_bryntum", lambda configured=None: None)
    plant = make_plant(12, 2)
    board = open_board(plant)
    bars = board.js("document.querySelectorAll('rect[data-event-id]').length")
    assert bars >= len(plant.snapshot.events)
    assert "npm install" in board.js("document.getElementById('note').textContent")
    key = plant.snapshot.events[3].id
    board.view.go_to(key)
    wait(lambda: board.js("document.querySelectorAll('rect.tk-selected').length") >= 1)
    assert board.view.selected_event_ids() == (key,)
    board.run(
        f"document.querySelector('rect[data-event-id=\"{key}\"]')"
        ".dispatchEvent(new MouseEvent('dblclick', {bubbles: true})); return 0"
    )
    wait(lambda: board.edits == [key])
    controller = board.view.controller
    assert controller is not None
    width = board.js(f"document.querySelector('rect[data-event-id=\"{key}\"]').getAttribute('width')")
    board.view.zoom_in()
    wait(lambda: board.js(f"document.querySelector('rect[data-event-id=\"{key}\"]').getAttribute('width')") != width)
    controller.session.execute(_unschedule(controller, key))
    wait(lambda: board.js(f"document.querySelector('rect[data-event-id=\"{key}\"]') === null"))


def _unschedule(controller: Any, key: str) -> Any:
    from app.commands import Lock, Unschedule

    if controller.session.facts.operations[key].locked:
        controller.session.execute(Lock(kind="lock", event_ids=(key,), locked=False))
    return Unschedule(kind="unschedule", event_ids=(key,))
