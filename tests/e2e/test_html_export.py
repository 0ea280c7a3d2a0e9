"""An exported page in a real browser: it holds the plan, draws it, finds, filters, and reaches nothing outside."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt, QUrl
from PySide6.QtTest import QTest
from PySide6.QtWebEngineCore import QWebEnginePage, QWebEngineProfile
from PySide6.QtWebEngineWidgets import QWebEngineView
from shiboken6 import delete

from app.exchange import write
from app.exchange.share import Sharing
from engine.instants import to_ms
from engine.model import Schedule
from tests.support.databases import line_schedule, moved
from tests.support.qt import NO_GPU, js, wait

pytestmark = [pytest.mark.e2e, NO_GPU, pytest.mark.usefixtures("qapp")]


_SET = (
    "(e => {{ e.value = '{value}'; e.dispatchEvent(new Event('{event}')); return 1; }})"
    "(document.getElementById('{id}'))"
)


class Page(QWebEnginePage):
    """A page that remembers what its console says."""

    def __init__(self, profile: QWebEngineProfile) -> None:
        super().__init__(profile)
        self.said: list[str] = []

    def javaScriptConsoleMessage(self, level: object, message: str, line: int, source: str) -> None:
        self.said.append(message)


def plans() -> tuple[Schedule, Schedule]:
    base = line_schedule(40, 4)
    changed = moved(base, "j0-o5", 30)
    events = list(changed.snapshot.events)
    events[7] = events[7].model_copy(update={"resource_id": "m0"})
    events[9] = events[9].model_copy(update={"start_date": None, "end_date": None})
    events[11] = events[11].model_copy(update={"name": "<img src=x onerror=alert(1)>"})
    shot = changed.snapshot.model_copy(update={"events": tuple(events)})
    return base, changed.model_copy(update={"snapshot": shot})


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[QWebEngineView, Page, Schedule]]:
    base, now = plans()
    write(now, tmp_path / "plan.html", None, Sharing(base=base, base_title="version 1"))
    profile = QWebEngineProfile()
    page, view = Page(profile), QWebEngineView()
    view.setPage(page)
    view.resize(1200, 800)
    view.show()
    loaded: list[bool] = []
    page.loadFinished.connect(loaded.append)
    view.load(QUrl.fromLocalFile(str(tmp_path / "plan.html")))
    wait(lambda: loaded)
    wait(lambda: js(page, "!!window.taktwerk && taktwerk.draw() > 0"))
    yield view, page, now
    view.close()
    delete(view)
    delete(page)  # a page must not outlive its profile
    delete(profile)


def test_the_page_holds_the_plan(opened: tuple[QWebEngineView, Page, Schedule]) -> None:
    _, page, schedule = opened
    held = js(page, "taktwerk.operations.map(o => [o.id, o.name, o.start, o.end, o.resource, o.kind])")
    origin = js(page, "taktwerk.data.origin")
    assert len(held) == len(schedule.snapshot.events)
    for row, event in zip(held, schedule.snapshot.events, strict=True):
        start = None if event.start_date is None else to_ms(event.start_date) - origin
        end = None if event.end_date is None else to_ms(event.end_date) - origin
        assert row[:4] == [event.id, event.name, start, end]
        assert js(page, f"taktwerk.data.resources[{row[4]}].id") == event.resource_id if row[0] == "j0-o0" else True
    kinds = {row[0]: row[5] for row in held if row[5] != "same"}
    assert kinds == {"j0-o5": "moved", "j0-o7": "resource", "j0-o9": "removed", "j1-o1": "changed"}


def test_it_searches_filters_and_tells(opened: tuple[QWebEngineView, Page, Schedule]) -> None:
    view, page, _ = opened
    typed = _SET.format(event="input", id="search", value="{}")
    js(page, typed.replace("{}", "operation 12"))
    assert js(page, "document.getElementById('found').textContent") == "1 found"
    assert js(page, "taktwerk.state.rows.length") == 1
    js(page, typed.replace("{}", ""))
    js(page, _SET.format(event="change", id="resource", value="1"))
    assert js(page, "taktwerk.state.rows.map(r => r.resource.id)") == ["m1"]
    js(page, _SET.format(event="change", id="resource", value=""))
    js(page, "(taktwerk.goTo('j0-o5'), taktwerk.draw())")
    assert "Operation 5" in js(page, "document.getElementById('details').textContent")
    js(page, "(taktwerk.goTo('j1-o1'), taktwerk.draw())")
    place = js(page, "(p => { const b = document.getElementById('chart').getBoundingClientRect(); "
                     "return {x: p.x + b.left, y: p.y + b.top}; })(taktwerk.positionOf('j1-o1'))")  # fmt: skip
    js(page, "(document.querySelector('#details .close').click(), 1)")
    assert js(page, "document.getElementById('details').hidden")
    at = QPoint(round(place["x"]), round(place["y"]))
    QTest.mouseClick(view.focusProxy(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    wait(lambda: not js(page, "document.getElementById('details').hidden"))
    assert "<img src=x" in js(page, "document.querySelector('#details h2').textContent")  # a text, not an image
    assert js(page, "document.querySelectorAll('img').length") == 0


def test_its_lists_theme_and_policy(opened: tuple[QWebEngineView, Page, Schedule]) -> None:
    _, page, _ = opened
    for view, rows in (("orders", 4), ("operations", 40), ("changes", 4)):
        js(page, f"(document.getElementById('tab-{view}').click(), 1)")
        assert js(page, f"document.querySelectorAll('#{view} tbody tr').length") == rows, view
    js(page, "(document.getElementById('theme').click(), 1)")
    first = js(page, "document.documentElement.dataset.theme")
    js(page, "(document.getElementById('theme').click(), 1)")
    assert {first, js(page, "document.documentElement.dataset.theme")} == {"light", "dark"}
    assert js(page, "performance.getEntriesByType('resource').length") == 0
    assert page.said == []
    js(page, "(fetch('https://example.invalid/').catch(() => 1), 1)")
    wait(lambda: page.said)
    assert any("Content Security Policy" in text for text in page.said)
