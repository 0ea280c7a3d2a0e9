"""A hundred thousand messages that our page never sends, into the real bridge, controller and session.

Nothing falls over, no fault of ours is logged, every answer is JSON with a code, and what is refused changes nothing:
the plan stays the very object that it was, its content hash and the stored draft too.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.board import BoardController
from app.session import PlanningSession
from app.versions import VersionService
from engine.errors import ErrorCode
from storage import canonical
from storage.database import Database, open_database
from tests.support.board_plant import make_plant
from tests.support.bridge_messages import Messages
from ui import board_view, bridge
from ui.board_view import BoardView
from ui.bridge import Bridge

pytestmark = [pytest.mark.logs_errors, pytest.mark.timeout(3600)]

_CODES = {code.value for code in ErrorCode}
_READS = ("ready", "details", "probe", "select", "edit", "order", "optimise", "whyNot", "viewport", "look", "trouble")


class Tracebacks(logging.Handler):
    """Collects what is logged as a fault of ours; that the page reports trouble is none."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info or (record.levelno >= logging.ERROR and "the board reports" not in record.msg):
            self.found.append(self.format(record))


class Signals:
    """Stands for the view's signals: emitting them reaches nobody."""

    def emit(self, *_: Any) -> None: ...


class Door:
    """The bridge with the view's own handlers on a session, without a page."""

    def __init__(self, database: Database) -> None:
        self.versions = VersionService(database, "anna")
        info = self.versions.import_schedule(make_plant(6, 1))
        opened = self.versions.open(info.schedule_id)
        self.session = PlanningSession(self.versions, info.schedule_id, opened.head, opened.schedule)
        self.controller = BoardController(self.session)
        self.bridge = Bridge(self._handle)
        self.view = _view(self.controller)

    def _handle(self, request: Any) -> Any:
        return BoardView._handle(self.view, request)

    def state(self) -> tuple[Any, ...]:
        """What a refused message must leave as it is."""
        session = self.session
        edits = self.versions.edit_count(session.schedule_id)
        return session.working, session.head.id, session.undo_label, session.redo_label, edits


def _view(controller: BoardController) -> Any:
    """A view's state without its window; the handlers are the real ones."""

    class Bare:
        _read_only = False
        _selected: tuple[str, ...] = ()
        _is_ready = False
        _step = None
        _colour_by, _dependencies, _dark = "order", False, False

        def __getattr__(self, name: str) -> Any:
            method = getattr(BoardView, name)
            return method.__get__(self) if callable(method) else Signals()

    bare: Any = Bare()
    bare._controller, bare._waiting = controller, []
    for name in (
        "viewport_changed",
        "looked",
        "edit_requested",
        "order_requested",
        "optimise_requested",
        "why_not_requested",
        "selection_changed",
        "ready",
    ):
        setattr(bare, name, Signals())
    return bare


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    monkeypatch.setattr(board_view, "QTimer", type("NoTimer", (), {"singleShot": staticmethod(lambda *_: None)}))
    monkeypatch.setattr(bridge, "_SLOW_S", 1e9)
    database = open_database(tmp_path / "plans.db")
    yield Door(database)
    database.close()


def _pour(door: Door, count: int, seed: int) -> Counter[str]:
    messages, seen = Messages(door.session.working, seed), Counter[str]()
    tracebacks = Tracebacks()
    logging.getLogger("taktwerk").addHandler(tracebacks)
    hashed = canonical.encode(door.session.working).content_hash
    try:
        for number in range(count):
            text, before = messages.next(), door.state()
            answer = json.loads(door.bridge.call(text))
            after = door.state()
            if answer["ok"]:
                method = json.loads(text)["method"]
                seen[method] += 1
                if method not in _READS:
                    hashed = canonical.encode(door.session.working).content_hash
                    continue
            else:
                code = answer["error"]["code"]
                seen[code] += 1
                assert code in _CODES and answer["error"]["message"], (answer, text[:2000])
            assert all(a is b or a == b for a, b in zip(before, after, strict=True)), f"changed by {text[:2000]!r}"
            assert after[0] is before[0], f"changed by {text[:2000]!r}"
            if number % 500 == 0:
                assert canonical.encode(door.session.working).content_hash == hashed
            assert not tracebacks.found, f"{text[:2000]!r}\n{tracebacks.found[0]}"
    finally:
        logging.getLogger("taktwerk").removeHandler(tracebacks)
    _assert_stored(door)
    return seen


def _assert_stored(door: Door) -> None:
    """What is in the database is what the session shows."""
    recovered = VersionService(door.versions._database).recover(door.session.schedule_id)
    stored = door.session.head_schedule if recovered is None else recovered.schedule
    assert recovered is None or recovered.problem is None
    assert canonical.encode(stored).content_hash == canonical.encode(door.session.working).content_hash


def test_two_thousand_odd_messages(door: Door) -> None:
    seen = _pour(door, 2_000, seed=1)
    assert seen.total() == 2_000 and seen["E001"] > 500 and seen["execute"] > 20


@pytest.mark.slow
def test_a_hundred_thousand_odd_messages(door: Door) -> None:
    seen = _pour(door, 100_000, seed=2)
    print(dict(seen.most_common()))
    assert seen.total() == 100_000
