"""Backups, refused databases and diagnostics, as the planner meets them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.backups import BackupService, list_backups
from app.diagnostics import Diagnostics
from engine.errors import ErrorCode, TaktwerkError
from storage.database import Database, open_database
from tests.support.databases import first_version, fresh_database, line_schedule
from tests.support.windows import make_workplace
from ui.actions import Actions
from ui.background import wait_for_background
from ui.backups.dialog import BackupsDialog
from ui.backups.flow import BackupFlow
from ui.backups.opening import open_or_offer, tell_read_only
from ui.backups.refused import RefusedDialog
from ui.diagnostics.flow import DiagnosticsFlow
from ui.dialogs.error import ErrorDialog
from ui.workbench import Workbench


def press(dialog: QWidget, words: str) -> None:
    (found,) = [one for one in dialog.findChildren(QPushButton) if one.text() == words]
    assert found.isEnabled(), words
    found.click()


class Closing(QWidget):
    """A window that notes that it was closed."""


def test_three_clicks_restore_a_backup(qtbot: QtBot, tmp_path: Path) -> None:
    window = Closing()
    qtbot.addWidget(window)
    with fresh_database(tmp_path) as database:
        first_version(database, line_schedule())
        service = BackupService(database)
        made = service.make()
        bench, actions = Workbench(window), Actions(window)
        flow = BackupFlow(bench, actions, service)
        assert flow.timer.isActive() and flow.timer.interval() == 30 * 60 * 1000
        window.show()
        actions["file.restore"].trigger()
        qtbot.waitUntil(lambda: flow.dialog is not None)
        assert flow.dialog is not None
        press(flow.dialog, "Restore")
        assert service.restore_at_exit == made.path and not window.isVisible()
        wait_for_background()


def test_the_half_hourly_backup_tells_trouble_only(qtbot: QtBot, tmp_path: Path) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    with fresh_database(tmp_path) as database:
        first_version(database, line_schedule())
        bench = Workbench(window)
        flow = BackupFlow(bench, Actions(window), BackupService(database))
        (tmp_path / "backups").write_text("in the way")
        with qtbot.waitSignal(bench.said, timeout=5_000) as said:
            flow.back_up()
        assert said.args is not None and said.args[0] == "bad" and "No backup could be made" in said.args[1]
        (tmp_path / "backups").unlink()
        flow.back_up()
        qtbot.waitUntil(lambda: (tmp_path / "backups").is_dir(), timeout=5_000)
        wait_for_background()


def _wreck(folder: Path) -> Path:
    with fresh_database(folder) as database:
        first_version(database, line_schedule(300))
        BackupService(database).make()
        assert database.path is not None
        path = database.path
    data = bytearray(path.read_bytes())
    data[-4096:] = b"\xa5" * 4096
    path.write_bytes(data)
    return path


def _ask(*steps: Callable[[RefusedDialog], None]) -> Callable[[RefusedDialog], None]:
    left = list(steps)
    return lambda dialog: left.pop(0)(dialog)


@pytest.mark.logs_errors
def test_a_damaged_database_is_restored_from_the_start_of_the_program(qtbot: QtBot, tmp_path: Path) -> None:
    path = _wreck(tmp_path)

    def restore(dialog: RefusedDialog) -> None:
        press(dialog, "Restore a backup…")
        assert isinstance(dialog.list, BackupsDialog)
        press(dialog.list, "Restore")

    database = open_or_offer(str(path), lambda: open_database(path), lambda _: pytest.fail("no look"), _ask(restore))
    assert isinstance(database, Database) and not database.is_read_only
    database.close()
    assert {one.backup.reason for one in list_backups(path)} == {"manual", "kept"}


@pytest.mark.logs_errors
def test_a_damaged_database_is_looked_at_or_left_alone(qtbot: QtBot, tmp_path: Path) -> None:
    path = _wreck(tmp_path)
    before = path.read_bytes()
    database = open_or_offer(
        str(path),
        lambda: open_database(path),
        lambda found: Database.look_at(found, tmp_path / "scratch"),
        _ask(lambda dialog: press(dialog, "Open for reading"), lambda dialog: press(dialog, "Close")),
    )
    if database is not None:
        assert database.is_read_only
        database.close()
    given_up = open_or_offer(
        str(path), lambda: open_database(path), lambda _: pytest.fail("no look"), _ask(lambda d: press(d, "Close"))
    )
    assert given_up is None and path.read_bytes() == before


@pytest.mark.logs_errors
def test_an_emptied_database_with_backups_is_not_begun_anew(qtbot: QtBot, tmp_path: Path) -> None:
    path = _wreck(tmp_path)
    path.write_bytes(b"")

    def restore(dialog: RefusedDialog) -> None:
        words = " ".join(one.text() for one in dialog.findChildren(QLabel))
        assert "is empty, but there are backups" in words and "newest good one" in words
        assert "Open for reading" not in {one.text() for one in dialog.findChildren(QPushButton)}
        press(dialog, "Restore a backup…")
        assert isinstance(dialog.list, BackupsDialog)
        press(dialog.list, "Restore")

    database = open_or_offer(str(path), lambda: open_database(path), lambda _: pytest.fail("no look"), _ask(restore))
    assert isinstance(database, Database)
    with database.read() as view:
        assert len(view.schedules.list()) == 1
    database.close()


def test_what_is_suggested_is_the_first_button(qtbot: QtBot, tmp_path: Path) -> None:
    path = _wreck(tmp_path)
    damaged = RefusedDialog(TaktwerkError(ErrorCode.STORAGE, "damaged", {"damaged": True}), path)
    newer = RefusedDialog(TaktwerkError(ErrorCode.STORAGE, "newer", {"revision": 9}), path)
    for dialog, suggested in ((damaged, "Restore a backup…"), (newer, "Close")):
        qtbot.addWidget(dialog)
        assert [one.text() for one in dialog.findChildren(QPushButton) if one.isDefault()] == [suggested]


def test_a_look_at_a_damaged_database_says_so_and_can_be_ended_by_a_backup(qtbot: QtBot, tmp_path: Path) -> None:
    with fresh_database(tmp_path) as database:
        first_version(database, line_schedule())
        BackupService(database).make()
        path = database.path
    assert path is not None
    look = Database.look_at(path, tmp_path / "scratch")
    place = make_workplace(qtbot, tmp_path / "window", backups=lambda _: BackupService(look))
    tell_read_only(place.window)
    strip = place.window.area.standing
    assert "reading only" in strip.text() and strip.isVisibleTo(place.window)
    press(strip, "Restore a backup…")
    flow = place.window.backup_flow
    place.wait(lambda: flow.dialog is not None)
    assert flow.dialog is not None and not flow.timer.isActive()
    assert "Back up now" not in {one.text() for one in flow.dialog.findChildren(QPushButton)}
    flow.dialog.reject()
    place.close()
    look.close()


def test_a_newer_database_offers_no_look(qtbot: QtBot) -> None:
    dialog = RefusedDialog(TaktwerkError(ErrorCode.STORAGE, "newer", {"revision": 9}), Path("/nowhere/x.db"))
    qtbot.addWidget(dialog)
    assert {b.text() for b in dialog.findChildren(QPushButton) if "details" in b.text() or "Open" in b.text()} == {
        "Copy details"
    }


@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_error_says_what_now_and_copies_its_details(qtbot: QtBot, code: ErrorCode) -> None:
    dialog = ErrorDialog(TaktwerkError(code, "It went wrong.", {"at": 7}), None, what_now="Do this.")
    qtbot.addWidget(dialog)
    press(dialog, "Copy details")
    copied = QGuiApplication.clipboard().text()
    assert "It went wrong." in copied and code.value in copied and '"at": 7' in copied


def test_the_diagnostics_page_shows_figures_and_saves_a_report(qtbot: QtBot, tmp_path: Path) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    with fresh_database(tmp_path) as database:
        first_version(database, line_schedule())
        bench, actions = Workbench(window), Actions(window)
        diagnostics = Diagnostics(database)
        diagnostics.note_stall(321)
        flow = DiagnosticsFlow(bench, actions, diagnostics)
        actions["help.diagnostics"].trigger()
        qtbot.waitUntil(lambda: flow.dialog is not None, timeout=5_000)
        assert flow.dialog is not None
        words = flow.dialog.as_text()
        assert "Longest stall: 321 ms" in words and "Versions: 1" in words and "Line A" not in words
        flow.save(tmp_path / "report.zip")
        qtbot.waitUntil((tmp_path / "report.zip").exists, timeout=5_000)
        wait_for_background()
        flow.dialog.close()
