"""A board on the screen, driven as a planner would: real mouse and keys through Qt."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from app.session import PlanningSession
from tests.support.qt import js, jsa, pause, wait
from ui.board_view import BoardView

_TRIES = 3
_STEPS = 10


class BoardPage:
    """A shown ``BoardView`` and ways to look at it and to touch it."""

    def __init__(self, session: PlanningSession | None = None, **options: Any) -> None:
        self.messages: list[str] = []
        self.failures: list[str] = []
        self.edits: list[str] = []
        self.answers: list[Any] = []
        self.view = BoardView(**options)
        self.view.message.connect(self.messages.append)
        self.view.failed.connect(self.failures.append)
        self.view.edit_requested.connect(self.edits.append)
        self.view.answered.connect(self.answers.append)
        self.view.resize(1400, 820)
        self.view.show()
        if session is not None:
            self.view.set_session(session)
        self.wait_ready()

    def close(self) -> None:
        """End the page and the view."""
        self.view.dispose()
        self.view.close()
        self.view.deleteLater()
        pause(20)

    # looking

    def js(self, code: str) -> Any:
        """The value of an expression in the page."""
        return js(self._page, code)

    def run(self, body: str) -> Any:
        """What an async function body in the page returns."""
        return jsa(self._page, body)

    @property
    def _page(self) -> Any:
        return self.view.web_view.page()

    def wait_ready(self) -> None:
        """Wait until the page is drawn and quiet."""
        wait(lambda: self.view.is_ready, 40)
        wait(lambda: self.js("document.body.dataset.state") == "ready", 40)
        self.settle()

    def settle(self) -> None:
        """Wait until nothing is being loaded any more."""
        quiet = "!!(!window.board || !board.scheduler || board.loader.isQuiet)"
        for _ in range(2):
            pause(100)
            wait(lambda: self.js(quiet), 30)

    def box(self, event_id: str) -> tuple[float, float, float, float] | None:
        """Where an operation's bar is: x, y, width, height in the view."""
        return self.js(
            f"(e => e && (r => [r.x, r.y, r.width, r.height])(e.getBoundingClientRect()))"
            f"(document.querySelector('[data-assignment-id=\"p:{event_id}\"] .b-sch-event'))"
        )

    def middle(self, event_id: str) -> QPoint:
        """The middle of a bar."""
        box = wait(lambda: self.box(event_id), 10)
        return QPoint(round(box[0] + min(box[2] / 2, 40)), round(box[1] + box[3] / 2))

    def row_y(self, resource_id: str) -> int:
        """The middle of a row."""
        y, height = self.js(
            f"(r => [r.y, r.height])(document.querySelector('.b-grid-row[data-id=\"{resource_id}\"]')"
            ".getBoundingClientRect())"
        )
        return round(y + height / 2)

    def bar(self, event_id: str) -> dict[str, Any] | None:
        """The bar that the page holds."""
        return self.run(f"return board.bars.get('{event_id}') ?? null")

    def px(self, milliseconds: float) -> float:
        """How many pixels a span takes at the present zoom."""
        return milliseconds / self.run(
            "return (await import('planner://app/levels.js')).LEVELS[board.viewport.level].msPerPx"
        )

    def toasts(self) -> str:
        """The messages that are shown."""
        return self.js("[...document.querySelectorAll('.tk-toast')].map(e => e.textContent).join('\\n')")

    def faded_rows(self) -> set[str]:
        """The resources whose rows are faded because they cannot take the dragged bar."""
        ids = self.js(
            "[...document.querySelectorAll('.b-grid-row:not(.tk-group)')]"
            ".filter(e => getComputedStyle(e).opacity < 1).map(e => e.dataset.id)"
        )
        return set(ids)

    # touching

    @property
    def target(self) -> Any:
        """The widget that takes mouse and keys."""
        return self.view.web_view.focusProxy()

    def move(self, to: QPoint) -> None:
        """Move the mouse there from elsewhere."""
        for at in (QPoint(6, 6), to - QPoint(4, 2), to):
            QTest.mouseMove(self.target, at)
            pause(30)

    def click(self, event_id: str, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
        """Click a bar."""
        at = self.middle(event_id)
        self.move(at)
        QTest.mouseClick(self.target, button, pos=at)
        pause(120)

    def key(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """Press a key."""
        QTest.keyClick(self.target, key, modifier)
        pause(80)
        self.settle()

    def drag(self, event_id: str, by: QPoint, *, drop: bool = True) -> None:
        """Drag a bar by a distance; without ``drop`` the button stays down."""
        start = self.middle(event_id)
        self._press(start)
        for step in range(1, _STEPS + 1):
            QTest.mouseMove(self.target, start + by * step / _STEPS)
            pause(20)
            if step == 2:
                wait(lambda: self.js("board.gestures.dragging"), 10)
        end = start + by
        away = f"Math.hypot(board.gestures.pointer.x - {end.x()}, board.gestures.pointer.y - {end.y()})"
        wait(lambda: self.js(away) < 2)
        pause(150)
        if drop:
            self.drop(end)

    def pull(self, event_id: str, by: QPoint) -> None:
        """Move the mouse with its button down from a bar, whatever comes of it."""
        start = self.middle(event_id)
        self._press(start)
        for step in range(1, _STEPS + 1):
            QTest.mouseMove(self.target, start + by * step / _STEPS)
            pause(20)
        QTest.mouseRelease(self.target, Qt.MouseButton.LeftButton, pos=start + by)
        pause(60)

    def drag_in_vain(self, event_id: str, by: QPoint, why: str) -> None:
        """Try to drag a bar that may not be dragged, until the page says why.

        A page that is busy takes the moves of a mouse together, or the press too late: so move on, and press again.
        """
        start = self.middle(event_id)
        for _ in range(_TRIES):
            self._press(start)
            for step in range(1, 6 * _STEPS):
                QTest.mouseMove(self.target, start + by * min(step, _STEPS) / _STEPS + QPoint(step % 2, 0))
                pause(40)
                if why in self.toasts():
                    break
            QTest.mouseRelease(self.target, Qt.MouseButton.LeftButton, pos=start + by)
            pause(60)
            if why in self.toasts():
                return
        raise AssertionError(f"the page never said {why!r}, but {self.toasts()!r}")

    def _press(self, at: QPoint) -> None:
        self.move(at)
        QTest.mousePress(self.target, Qt.MouseButton.LeftButton, pos=at)

    def drop(self, at: QPoint) -> None:
        """Let go."""
        QTest.mouseRelease(self.target, Qt.MouseButton.LeftButton, pos=at)
        wait(lambda: not self.js("board.gestures.dragging"), 20)
        pause(60)
        self.settle()
