"""The board in the window: a locked-down web page that shows the session's plan and reports the planner's gestures."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson
from PySide6.QtCore import QCoreApplication, QFile, QIODevice, QSize, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWebChannel import QWebChannel
from PySide6.QtWebEngineCore import QWebEnginePage, QWebEngineScript
from PySide6.QtWebEngineWidgets import QWebEngineView
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.errors import ErrorCode, TaktwerkError
from ui import bridge as requests
from ui import palette
from ui.bridge import Bridge
from ui.scheme import ORIGIN, Produce, find_bryntum
from ui.web_profile import OwnPage, make_profile

if TYPE_CHECKING:  # the page begins to load before the projection of plans is imported
    from app.board import BoardController
    from app.board.comparison import BoardOverlay
    from app.board.window import WindowRequest
    from app.preview import Preview
    from app.session import Answer, PlanningSession

_log = logging.getLogger("taktwerk.board")

COLOUR_KEYS: Final = ("order", "lateness", "family", "status")
_RELOAD_MS: Final = 250
_MOST_CRASHES: Final = 4
_CRASH_SPAN_S: Final = 60.0
_FARTHEST: Final = 1e14
_WINDOW_FIELDS: Final = ("from", "to", "rowFrom", "rowTo", "viewFrom", "viewTo")


class BoardView(QWidget):
    """Shows one session on the board.

    Parameters
    ----------
    bryntum
        Where the Bryntum package is, if not where npm installs it. Without the package the board is a plain chart.
    read_only
        True for a board that only shows (comparison): no gesture reaches the session.
    """

    ready = Signal()
    failed = Signal(str)
    message = Signal(str)
    selection_changed = Signal(tuple)
    edit_requested = Signal(str)
    order_requested = Signal(str)
    optimise_requested = Signal(tuple)
    why_not_requested = Signal(str, object, object)
    """(operation, resource or ``None``, start in ms): explain why it is not there."""
    viewport_changed = Signal(object, object)
    looked = Signal(object)
    """Where the planner looks now, while boards are kept in step: give it to the other board's ``follow``."""
    answered = Signal(object)
    """The session's answer to a gesture on the board, refusals included."""

    def __init__(self, parent: QWidget | None = None, *, bryntum: Path | None = None, read_only: bool = False) -> None:
        super().__init__(parent)
        self._bryntum = find_bryntum(bryntum)
        self._read_only = read_only
        self._controller: BoardController | None = None
        self._unsubscribe: Callable[[], None] | None = None
        self._is_ready = False
        self._selected: tuple[str, ...] = ()
        self._colour_by = "order"
        self._dependencies = False
        self._dark = False
        self._step: dict[str, Any] | None = None
        self._waiting: list[tuple[str, dict[str, Any]]] = []
        self._crashes: list[float] = []
        self.failure = ""
        """What ``failed`` told; it may have told before anybody listened."""
        self.failed.connect(self._note_failure)
        self._bridge = Bridge(self._handle, self)
        self._view = QWebEngineView(self)
        self._view.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._view)
        self._profile = make_profile(self._bryntum, self._api, QCoreApplication.instance())
        self._page = self._make_page()
        self._load()

    # the session

    @property
    def controller(self) -> BoardController | None:
        """The projection of the session shown, if any."""
        return self._controller

    @property
    def is_ready(self) -> bool:
        """Whether the page is drawn and listens."""
        return self._is_ready

    @property
    def web_view(self) -> QWebEngineView:
        """The view that hosts the page; tests send their mouse to its focus proxy."""
        return self._view

    def set_session(self, session: PlanningSession | None) -> None:
        """Show a session from now on, or nothing."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        self._controller = None
        if session is not None:
            from app.board import BoardController

            self._controller = BoardController(session, self.answered.emit)
            self._unsubscribe = session.subscribe(self._on_answer)
        self._select(())
        self._send("session")

    def set_preview(self, preview: Preview | None) -> None:
        """Lay a run's result over the plan: changed bars are marked, their present places stay as ghosts."""
        if self._controller is not None and self._controller.preview is not preview:
            self._controller.set_preview(preview)
            self._send("stale", frame=True)

    def set_overlay(self, overlay: BoardOverlay | None) -> None:
        """Show a comparison with another plan; a preview goes before it."""
        if self._controller is not None and self._controller.overlay is not overlay:
            self._controller.set_overlay(overlay)
            self._send("stale", frame=True)

    def keep_in_step(self, is_on: bool, *, leads: bool = False) -> None:
        """Tell of every move of the view by ``looked``, or do not; a board that leads tells at once where it looks."""
        self._step = {"on": is_on, "leads": leads}
        self._send("pair", **self._step)

    def follow(self, look: dict[str, Any]) -> None:
        """Look where another board looks; that is not told by ``looked``."""
        self._send("look", **look)

    def refresh(self) -> None:
        """Draw everything anew from the session."""
        self._send("stale", frame=True)

    # what the window asks

    def selected_event_ids(self) -> tuple[str, ...]:
        """Return the selected operations."""
        return self._selected

    def go_to(self, event_id: str) -> bool:
        """Scroll to an operation, select it and let it flash; false when it is not on the board."""
        place = self._controller.place_of(event_id) if self._controller else None
        if place is None:
            return False
        self._send("goTo", eventId=event_id, row=place[0], start=place[1], end=place[2])
        return True

    def go_to_time(self, at_ms: int) -> None:
        """Scroll so that an instant (ms UTC) is in the middle."""
        self._send("goToTime", at=at_ms)

    def show_span(self, start_ms: int, end_ms: int) -> None:
        """Show a span of time (ms UTC), as far as the zoom levels allow; a second board follows with this."""
        self._send("showSpan", start=start_ms, end=end_ms)

    def find_text(self, text: str) -> int:
        """Select the operations that match a text, scroll to the first and return how many there are."""
        ids = self._controller.find(text) if self._controller else []
        self._send("select", eventIds=ids)
        if ids:
            self.go_to(ids[0])
        return len(ids)

    def select(self, event_ids: tuple[str, ...]) -> None:
        """Select operations without scrolling."""
        self._send("select", eventIds=list(event_ids))

    def zoom_in(self) -> None:
        """Show less time in more detail."""
        self._send("zoom", how="in")

    def zoom_out(self) -> None:
        """Show more time."""
        self._send("zoom", how="out")

    def zoom_fit(self) -> None:
        """Show the whole plan."""
        self._send("zoom", how="fit")

    def set_colour_by(self, key: str) -> None:
        """Colour the bars by ``order``, ``lateness``, ``family`` or ``status``."""
        if key not in COLOUR_KEYS:
            raise ValueError(f"unknown colour key {key!r}; one of {', '.join(COLOUR_KEYS)}")
        self._colour_by = key
        self._send("colour", by=key)

    def set_dependencies_visible(self, visible: bool) -> None:
        """Draw all dependencies between visible bars, or only those of what is selected."""
        self._dependencies = visible
        self._send("dependencies", on=visible)

    def set_dark(self, dark: bool) -> None:
        """Use the dark theme, or the light one."""
        self._dark = dark
        self._send("theme", dark=dark)

    def legend(self) -> list[tuple[str, str, str]]:
        """Return (text, fill, edge) of the present colours; none for orders, which are too many."""
        tones = {"lateness": palette.LATENESS, "status": palette.STATUS}.get(self._colour_by)
        if tones is not None:
            return [(tone.name, tone.fill, tone.edge) for tone in tones.values()]
        if self._colour_by == "family" and self._controller is not None:
            names = self._controller.snapshot().family_index
            tone_of = palette.CATEGORIES
            return [(n, tone_of[i % 12].fill, tone_of[i % 12].edge) for n, i in list(names.items())[:12]]
        return []

    def grab_image(self) -> QPixmap:
        """Return the board as it stands on the screen."""
        return self._view.grab()

    def sizeHint(self) -> QSize:
        """A board likes room."""
        return QSize(1200, 700)

    def dispose(self) -> None:
        """End the page. It must go before the profile; a closed board cannot be shown again."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        self._controller = None
        self._is_ready = False
        page, self._page = self._page, None
        if page is not None:
            page.renderProcessTerminated.disconnect(self._on_crash)
            self._view.setPage(None)  # pyright: ignore[reportArgumentType]
            page.deleteLater()
            page.destroyed.connect(self._profile.deleteLater)

    # the page

    def _make_page(self) -> OwnPage | None:
        page = OwnPage(self._profile, self._view)
        _insert_channel_script(page)
        channel = QWebChannel(page)
        channel.registerObject("bridge", self._bridge)
        page.setWebChannel(channel)
        page.setBackgroundColor(palette.SURFACE)
        page.renderProcessTerminated.connect(self._on_crash)
        page.loadFinished.connect(self._on_loaded)
        self._view.setPage(page)
        return page

    def _load(self) -> None:
        self._is_ready = False
        name = "index.html" if self._bryntum is not None else "plain.html"
        self._view.load(QUrl(f"{ORIGIN}/{name}"))

    def _on_loaded(self, fine: bool) -> None:
        if not fine and self._page is not None:
            _log.error("the board's page could not be loaded")
            self.failed.emit("The board could not be loaded. The log has the details.")

    def _note_failure(self, words: str) -> None:
        self.failure = words

    def _on_crash(self, status: QWebEnginePage.RenderProcessTerminationStatus, code: int) -> None:
        if status == QWebEnginePage.RenderProcessTerminationStatus.NormalTerminationStatus:
            return
        now = time.monotonic()
        self._crashes = [t for t in self._crashes if now - t < _CRASH_SPAN_S] + [now]
        self._is_ready = False
        _log.warning("the board's display process ended (%s, code %d)", status.name, code)
        if len(self._crashes) >= _MOST_CRASHES:
            self.failed.emit("The board's display keeps failing. Your plan is safe; restart Taktwerk to see it again.")
            return
        self.message.emit("The board's display failed and was restarted. Nothing was lost.")
        QTimer.singleShot(_RELOAD_MS, self._load)

    def _send(self, kind: str, **fields: Any) -> None:
        if self._is_ready:
            self._bridge.send(kind, **fields)
        elif kind in ("goTo", "goToTime", "showSpan", "select", "zoom", "look"):
            self._waiting = [w for w in self._waiting if w[0] != kind] + [(kind, fields)]

    def _on_answer(self, answer: Answer) -> None:
        self._send("stale", frame=answer.structure_changed)

    # bulk data

    def _api(self, name: str, query: dict[str, str]) -> Produce | None:
        if self._controller is None:
            return (lambda: b"null") if name in ("board/frame", "board/window") else None
        from app.board.frame import frame_json
        from app.board.window import window_json

        snapshot = self._controller.snapshot()
        if name == "board/frame":
            return lambda: orjson.dumps({**frame_json(snapshot), "palette": web_palette()})
        if name == "board/window":
            request = window_request(query)
            return lambda: orjson.dumps(window_json(snapshot, request))
        return None

    # requests

    def _handle(self, request: Any) -> Any:
        match request:
            case requests.Ready():
                return self._on_ready()
            case requests.Select():
                return self._select(tuple(request.event_ids))
            case requests.Viewport():
                return self.viewport_changed.emit(request.start, request.end)
            case requests.Look():
                return self.looked.emit(request.model_dump(exclude={"method"}))
            case requests.Trouble():
                _log.error("the board reports: %s", request.text)
                return None
            case _:
                return self._handle_session(request)

    def _handle_session(self, request: Any) -> Any:
        controller = self._controller
        if controller is None:
            raise TaktwerkError(ErrorCode.NOT_FOUND, "No schedule is open.")
        match request:
            case requests.Details():
                return controller.details(request.event_id)
            case requests.Probe():
                return controller.probe(request.event_id, request.resource_id, request.start)
            case requests.Edit():
                return self.edit_requested.emit(request.event_id)
            case requests.OpenOrder():
                return self.order_requested.emit(request.order_id)
            case requests.OptimiseAround():
                return self.optimise_requested.emit(tuple(request.event_ids))
            case requests.WhyNot():
                return self.why_not_requested.emit(request.event_id, request.resource_id, request.start)
            case _:
                return self._change(controller, request)

    def _change(self, controller: BoardController, request: Any) -> dict[str, Any]:
        if self._read_only:
            raise TaktwerkError(ErrorCode.RESOURCE_LOCKED, "This board only shows a plan; edit it on the main board.")
        if isinstance(request, requests.Execute):
            return controller.execute(request.command)
        return controller.undo() if isinstance(request, requests.Undo) else controller.redo()

    def _on_ready(self) -> dict[str, Any]:
        self._is_ready = True
        QTimer.singleShot(0, self._after_ready)
        return {
            "colourBy": self._colour_by,
            "dependencies": self._dependencies,
            "dark": self._dark,
            "readOnly": self._read_only,
            "selected": list(self._selected),
        }

    def _after_ready(self) -> None:
        waiting, self._waiting = self._waiting, []
        if self._step:
            self._send("pair", **self._step)
        for kind, fields in waiting:
            self._send(kind, **fields)
        self.ready.emit()

    def _select(self, event_ids: tuple[str, ...]) -> None:
        if event_ids != self._selected:
            self._selected = event_ids
            self.selection_changed.emit(event_ids)


def window_request(query: dict[str, str]) -> WindowRequest:
    """Return the window that a query asks for.

    Raises
    ------
    TaktwerkError
        E001 when a field is missing or not a number.
    """
    from app.board.window import WindowRequest

    try:
        from_ms, to_ms, row_from, row_to, view_from, view_to = (int(float(query[k])) for k in _WINDOW_FIELDS)
        scale = float(query["msPerPx"])
        if not all(abs(n) < _FARTHEST for n in (from_ms, to_ms, row_from, row_to, view_from, view_to, scale)):
            raise ValueError(query)
    except (KeyError, ValueError, OverflowError):
        raise TaktwerkError(ErrorCode.INVALID_SCHEDULE, "The page asked for a window that is not understood.") from None
    row_from, view_from = max(0, row_from), max(0, view_from)
    return WindowRequest(from_ms, max(from_ms, to_ms), row_from, row_to, view_from, view_to, max(1.0, scale))


def web_palette() -> dict[str, Any]:
    """Return the colours of bars for the page."""
    return {
        "categories": [asdict(tone) for tone in palette.CATEGORIES],
        "lateness": {key: asdict(tone) for key, tone in palette.LATENESS.items()},
        "status": {key: asdict(tone) for key, tone in palette.STATUS.items()},
    }


def _insert_channel_script(page: QWebEnginePage) -> None:
    """Give the page Qt's own channel script before anything of it runs."""
    file = QFile(":/qtwebchannel/qwebchannel.js")
    file.open(QIODevice.OpenModeFlag.ReadOnly)
    script = QWebEngineScript()
    script.setName("qwebchannel")
    script.setSourceCode(bytes(file.readAll().data()).decode())
    script.setInjectionPoint(QWebEngineScript.InjectionPoint.DocumentCreation)
    script.setWorldId(QWebEngineScript.ScriptWorldId.MainWorld)
    page.scripts().insert(script)
