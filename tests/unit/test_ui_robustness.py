"""The Robustness dock: from the button to the tables, and from a row to its operation."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from pytestqt.qtbot import QtBot

from app.commands import Move
from app.robustness import ReplaySettings, RobustnessService, Stopped, assess
from engine.errors import ErrorCode, TaktwerkError
from engine.model import Schedule
from engine.robustness import RobustnessReport
from tests.support.plants import after, at, op, order, plant
from tests.support.windows import Workplace, make_workplace
from ui.robustness.panel import RobustnessPanel


class Replayer(RobustnessService):
    """Replays at once, or waits until it is stopped."""

    def __init__(self) -> None:
        self.asked: list[tuple[ReplaySettings, str | None]] = []
        self.error: Exception | None = None
        self.waits = False

    def run(
        self,
        schedule: Schedule,
        settings: ReplaySettings,
        *,
        schedule_id: str | None = None,
        progress: Callable[[float], None] = lambda _: None,
        stop: threading.Event | None = None,
    ) -> RobustnessReport:
        self.asked.append((settings, schedule_id))
        progress(0.5)
        if self.waits:
            assert stop is not None and stop.wait(10)
            raise Stopped
        if self.error is not None:
            raise self.error
        return assess(schedule, settings)


def two_orders() -> Schedule:
    """An order that is surely late, one that is surely not, and one that luck decides."""
    return plant(
        [
            op("A", 60, on="M1", start=0, order="late"),
            op("B", 60, on="M1", start=60, order="sure"),
            op("C", 60, on="M1", start=120, order="luck"),
        ],
        dependencies=[after("A", "B")],
        orders=[order("late", due=10), order("sure", due=6_000), order("luck", due=182)],
        now=0,
    )


@pytest.fixture
def place(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workplace]:
    made = make_workplace(qtbot, tmp_path)
    monkeypatch.setattr(made.window.robustness_flow, "_service", Replayer())
    yield made
    made.close()


def panel(place: Workplace) -> RobustnessPanel:
    return place.window.robustness


def replayer(place: Workplace) -> Replayer:
    return place.window.robustness_flow._service  # type: ignore[return-value]


def is_showing(one: RobustnessPanel) -> bool:
    return one._stack.currentIndex() == 1


def cells(one: RobustnessPanel, column: int) -> list[str]:
    model = one.orders.model()
    return [model.index(row, column).data() for row in range(model.rowCount())]


def test_without_a_schedule_there_is_nothing_to_replay(place: Workplace) -> None:
    assert not panel(place).start.isEnabled()
    place.open(two_orders())
    assert panel(place).start.isEnabled() and not is_showing(panel(place))


def test_a_replay_fills_the_tables(place: Workplace) -> None:
    schedule_id = place.open(two_orders())
    one = panel(place)
    one.replications.setValue(400)
    one.overtime.setValue(30)
    one.earlier.setChecked(True)
    one.start.click()
    place.wait(lambda: is_showing(one))
    assert replayer(place).asked == [(ReplaySettings(400, 0, True, 30), schedule_id)]
    assert cells(one, 0) == ["late", "luck", "sure"]
    shares = cells(one, 2)
    assert shares[0] == "0 %" and shares[2] == "100 %" and shares[1] not in ("0 %", "100 %")
    assert "orders late (planned 1)" in one._summary.text()
    assert "durations assumed" in one._summary.text()
    assert one.start.text() == "Replay" and one.bar.isHidden()
    assert one.hand_offs.model().rowCount() >= 2 and one.resources.model().rowCount() == 1


def test_rows_lead_to_operations(place: Workplace, qtbot: QtBot) -> None:
    place.open(two_orders())
    one = panel(place)
    place.window.docks.show("robustness")
    one.start.click()
    place.wait(lambda: is_showing(one))
    click(qtbot, one, one.orders, 1, 0)
    assert place.board.calls[-1] == ("go_to", "C")
    one.show_list("handOffs")
    first = one.hand_offs.rows_model.rows[0]
    click(qtbot, one, one.hand_offs, 0, 0)
    assert place.board.calls[-1] == ("go_to", first.from_event)
    click(qtbot, one, one.hand_offs, 0, 1)
    assert place.board.calls[-1] == ("go_to", first.to_event)
    for key in ("orders", "handOffs", "resources"):
        one.show_list(key)
        picture = QPixmap(one.size())
        one.render(picture)
        assert not picture.isNull()


def click(qtbot: QtBot, one: RobustnessPanel, table: object, row: int, column: int) -> None:
    view = one.orders if table is one.orders else one.hand_offs
    spot = view.visualRect(view.model().index(row, column)).center()
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=spot)


def test_a_changed_plan_is_told(place: Workplace) -> None:
    place.open(two_orders())
    one = panel(place)
    one.start.click()
    place.wait(lambda: is_showing(one))
    assert one._stale.isHidden()
    place.window.workbench.execute(Move(kind="move", event_id="C", start=at(200)))
    place.wait(lambda: not one._stale.isHidden())
    place.do("edit.undo")
    one.start.click()
    place.wait(lambda: one._stale.isHidden())


def test_it_can_be_stopped_and_begun_again(place: Workplace) -> None:
    place.open(two_orders())
    one = panel(place)
    replayer(place).waits = True
    one.start.click()
    place.wait(lambda: one.bar.value() == 50)
    assert one.start.text() == "Stop" and not one.replications.isEnabled()
    one.start.click()
    assert one.start.text() == "Replay" and not is_showing(one)
    replayer(place).waits = False
    one.start.click()
    place.wait(lambda: is_showing(one))


def test_closing_ends_a_replay(place: Workplace) -> None:
    place.open(two_orders())
    replayer(place).waits = True
    panel(place).start.click()
    place.wait(lambda: panel(place).bar.value() == 50)
    place.window.close()
    assert place.window.robustness_flow._job is None


def test_an_error_is_shown(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Exception] = []
    monkeypatch.setattr(place.window.workbench, "show_error", lambda error, heading: shown.append(error))
    place.open(two_orders())
    replayer(place).error = TaktwerkError(ErrorCode.INTERRUPTED, "gone")
    panel(place).start.click()
    place.wait(lambda: shown)
    assert panel(place).start.text() == "Replay"


def test_a_file_of_distributions_is_asked_for(
    place: Workplace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    one = panel(place)
    answers = iter([("", ""), (str(tmp_path / "given.json"), "")])
    monkeypatch.setattr("ui.robustness.panel.QFileDialog.getOpenFileName", lambda *_: next(answers))
    one.source.setCurrentIndex(1)
    one.source.activated.emit(1)
    assert one.source.currentIndex() == 0 and one.settings().distributions is None
    one.source.setCurrentIndex(1)
    one.source.activated.emit(1)
    assert one.source.currentText() == "given.json"
    assert one.settings().distributions == tmp_path / "given.json"
