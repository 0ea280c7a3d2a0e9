"""The switch of the local HTTP API: the real server on the window's database, asked by real HTTP requests."""

from __future__ import annotations

import json
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.local_api import LocalApi
from app.optimization import OptimizationService
from tests.support.plants import machine, op, plant
from tests.support.windows import Workplace, make_workplace
from ui.local_api.flow import LocalApiFlow

pytestmark = pytest.mark.e2e
PLAN = plant([op("A", 60, on="M1", start=0)], resources=[machine("M1")], now=0)


@pytest.fixture
def place(qtbot: QtBot, tmp_path: Path) -> Iterator[Workplace]:
    made = make_workplace(
        qtbot,
        tmp_path,
        runs=lambda database: OptimizationService(database, 1, "anna"),
        local_api=lambda database, runs: LocalApi(database, runs, "", "anna", folder=tmp_path / "api"),
    )
    yield made
    made.close()


def asked(place: Workplace, url: str, token: str = "") -> tuple[int, Any]:
    """Ask in another thread, as another program would, while the window's loop runs."""
    answer: list[tuple[int, Any]] = []

    def ask() -> None:
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
        try:
            with urllib.request.urlopen(request, timeout=10) as found:
                answer.append((found.status, json.load(found)))
        except urllib.error.HTTPError as error:
            answer.append((error.code, json.load(error)))
        except urllib.error.URLError as error:
            answer.append((0, str(error.reason)))

    threading.Thread(target=ask).start()
    place.wait(lambda: answer, 15)
    return answer[0]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until_on(place: Workplace, dialog: Any) -> str:
    place.wait(lambda: dialog.switch.text() == "Switch off", 20)
    return dialog.address.text()


def test_it_is_switched_on_asked_with_a_token_and_switched_off(place: Workplace) -> None:
    schedule_id = place.open(PLAN)
    window = place.window
    place.do("tools.api")
    dialog = window.api_flow.dialog
    assert dialog is not None
    assert (dialog.state.text(), dialog.address.text(), window.status.api.isVisible()) == ("Off", "", False)
    dialog.port.setValue(free_port())
    dialog.switch.click()
    address = until_on(place, dialog)
    assert address == f"http://127.0.0.1:{dialog.port.value()}/api"
    assert window.status.api.text() == f"HTTP API on, port {dialog.port.value()}"

    status, answer = asked(place, f"{address}/schedules")
    assert (status, answer["code"]) == (401, "E010")
    dialog.user.setText("mes")
    dialog.scope.setCurrentIndex(0)
    dialog.make.click()
    place.wait(lambda: dialog.token.text())
    assert QApplication.clipboard().text() == dialog.token.text()
    status, answer = asked(place, f"{address}/schedules", dialog.token.text())
    assert status == 200
    assert [one["id"] for one in answer["schedules" if isinstance(answer, dict) else 0]] == [schedule_id]

    dialog.switch.click()
    place.wait(lambda: dialog.switch.text() == "Switch on")
    assert not window.status.api.isVisible()
    assert asked(place, f"{address}/schedules", dialog.token.text())[0] == 0


def test_a_port_that_is_taken_is_told_in_the_dialog(place: Workplace) -> None:
    place.do("tools.api")
    dialog = place.window.api_flow.dialog
    assert dialog is not None
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        dialog.port.setValue(other.getsockname()[1])
        dialog.switch.click()
        place.wait(lambda: "cannot be used" in dialog.notice.text(), 20)
    assert dialog.state.text() == "Off" and dialog.switch.isEnabled()


def test_it_is_off_at_the_start_unless_that_is_set_and_ends_with_the_window(place: Workplace) -> None:
    flow: LocalApiFlow = place.window.api_flow
    flow.begin()
    place.qtbot.wait(50)
    assert not place.window.status.api.isVisible()
    dialog = flow.open()
    assert dialog is not None
    dialog.at_start.setChecked(True)
    settings: QSettings = place.window._services.settings
    settings.setValue("api/port", free_port())
    flow.begin()
    address = until_on(place, dialog)
    assert asked(place, f"{address}/health")[0] == 200
    place.window.close()
    assert asked(place, f"{address}/health")[0] == 0
