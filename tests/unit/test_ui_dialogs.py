"""Dialogs: what they show, what they refuse, what command they amount to."""

import datetime as dt
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton, QTreeWidget
from pytestqt.qtbot import QtBot

from app.commands import Edit, Move
from app.session import Answer
from engine.errors import ErrorCode, Fault, TaktwerkError, invalid_schedule
from engine.instants import to_ms
from engine.model import ErrorObject, Status
from engine.plan import PlanFacts
from tests.support.plants import after, at, calendar, machine, op, order, plant
from ui.dialogs.error import ErrorDialog, conflict_words
from ui.dialogs.interval import IntervalDialog
from ui.dialogs.move import MoveDialog, earliest_free
from ui.dialogs.operation import OperationDialog
from ui.dialogs.recovery import RecoveryDialog
from ui.dialogs.save_version import SaveVersionDialog

PLAN = plant(
    [
        op("A", 60, on="M1", start=360, order="O1", family="steel"),
        op("B", 120, modes=["M1", "M2"], on="M1", start=420, order="O1", due=1000),
        op("L", 60, on="M2", start=360, locked=True),
        op("S", 60, on="M2", start=480, status="started"),
        op("U", 60, modes=["M1", "M2"], order="O1"),
    ],
    resources=[machine("M1", calendar="C1"), machine("M2", name="Second machine")],
    orders=[order("O1", name="Order one", release=365)],
    dependencies=[after("A", "U")],
    calendars=[calendar("C1", "06:00-12:00")],
)
FACTS = PlanFacts(PLAN)
OPS = FACTS.operations


class Executed(list[Any]):
    """Collects commands; answers with an error when it is given one."""

    def __init__(self, error: TaktwerkError | None = None) -> None:
        super().__init__()
        self.error = error

    def __call__(self, command: Any) -> Answer:
        self.append(command)
        return Answer(1, "done", error=self.error)


@pytest.fixture
def edit(qtbot: QtBot) -> Callable[..., tuple[OperationDialog, Executed]]:
    def made(event_id: str, error: TaktwerkError | None = None) -> tuple[OperationDialog, Executed]:
        executed = Executed(error)
        dialog = OperationDialog(FACTS, OPS[event_id], dt.UTC, executed, None)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        qtbot.addWidget(dialog)
        dialog.open()
        return dialog, executed

    return made


def test_an_unchanged_operation_is_no_edit(edit: Callable[..., Any]) -> None:
    for event_id in OPS:
        dialog, _ = edit(event_id)
        assert dialog.command() is None, event_id
        assert not dialog._save.isEnabled()


def test_one_save_is_one_command_with_what_changed_only(edit: Callable[..., Any]) -> None:
    dialog, executed = edit("A")
    dialog._name.setText("Cut A")
    dialog._duration.setText("1 h 30 min")
    dialog._due.set_value(at(900))
    dialog._priority.setValue(2.5)
    dialog._family.setCurrentText("")
    dialog._save.click()
    assert executed == [
        Edit(
            kind="edit",
            event_id="A",
            changes={
                "name": "Cut A",
                "duration": 5_400_000,
                "setupFamily": None,
                "priority": 2.5,
                "dueDate": "2026-01-05T15:00:00Z",
            },
        )
    ]
    assert dialog.isHidden()


def test_a_new_start_and_resource_go_into_the_same_command(edit: Callable[..., Any]) -> None:
    dialog, executed = edit("B")
    dialog._resource.setCurrentIndex(1)
    dialog._start.set_value(at(500))
    dialog._start.changed.emit()
    dialog._save.click()
    assert executed == [Edit(kind="edit", event_id="B", start=at(500), resource_id="M2")]


def test_the_end_follows_from_working_time(edit: Callable[..., Any]) -> None:
    dialog, _ = edit("B")
    assert dialog._end.text() == "Mon 5 Jan 09:00"
    dialog._duration.setText("6 h")
    assert dialog._end.text() == "Tue 6 Jan 07:00"
    assert dialog._end_note.text() == "spans 1 d with breaks"
    dialog._start.set_value(at(60))
    dialog._start.changed.emit()
    assert dialog._end_note.text().startswith("starts 5 Jan 06:00, the next working time")


def test_faults_are_said_and_block_saving(edit: Callable[..., Any]) -> None:
    dialog, _ = edit("A")
    for field, bad, good, words in (
        (dialog._name, " ", "A2", "name"),
        (dialog._duration, "soon", "2 h", "duration"),
    ):
        field.setText(bad)
        assert words in dialog._notice.text()
        assert not dialog._save.isEnabled()
        field.setText(good)
        assert dialog._notice.text() == ""
    dialog._release.set_value(at(500))
    dialog._deadline.set_value(at(500))
    dialog._deadline.changed.emit()
    assert "deadline" in dialog._notice.text()


def test_what_is_locked_or_begun_cannot_be_moved(edit: Callable[..., Any]) -> None:
    for event_id in ("L", "S"):
        dialog, _ = edit(event_id)
        assert not dialog._start.isEnabled()
        assert not dialog._resource.isEnabled()
    dialog, executed = edit("L")
    dialog._locked.setChecked(False)
    assert dialog._start.isEnabled()
    dialog._save.click()
    assert executed[0].changes == {"locked": False}


def test_status_is_sent_by_its_wire_name(edit: Callable[..., Any]) -> None:
    dialog, executed = edit("A")
    dialog._status.setCurrentIndex(dialog._status.findData(Status.RELEASED))
    dialog._percent.setValue(40)
    dialog._save.click()
    assert executed[0].changes == {"status": "released", "percentDone": 40}


def test_a_refusal_keeps_the_dialog_open(edit: Callable[..., Any]) -> None:
    dialog, _ = edit("A", TaktwerkError(ErrorCode.RESOURCE_LOCKED, "A is locked."))
    dialog._name.setText("X")
    dialog._save.click()
    assert dialog.isVisible()
    assert dialog._notice.text() == "E005: A is locked."


def test_an_unscheduled_operation_may_stay_so(edit: Callable[..., Any]) -> None:
    dialog, executed = edit("U")
    dialog._name.setText("U2")
    dialog._save.click()
    assert executed[0].start is None


def test_the_earliest_free_place_comes_after_predecessors_release_and_others() -> None:
    assert earliest_free(FACTS, OPS["U"], "M1") == to_ms(at(540))
    assert earliest_free(FACTS, OPS["U"], "M2") == to_ms(at(420))


def test_the_move_dialog_suggests_that_place(qtbot: QtBot) -> None:
    executed = Executed()
    dialog = MoveDialog(FACTS, OPS["U"], dt.UTC, executed, None)
    qtbot.addWidget(dialog)
    assert dialog.command() == Move(kind="move", event_id="U", start=at(540), resource_id="M1")
    assert dialog._end.text() == "Mon 5 Jan 10:00"
    dialog._ok.click()
    assert len(executed) == 1


def test_an_error_shows_code_message_conflict_and_repairs(qtbot: QtBot) -> None:
    error = ErrorObject(
        code="E003",
        message="No plan can keep these.",
        details={
            "conflict": [{"message": "A is locked", "eventId": "A"}, {"message": "Order one is due"}],
            "repairs": [{"message": "Unlock A"}],
        },
    )
    dialog = ErrorDialog(error, None)
    qtbot.addWidget(dialog)
    links = [b for b in dialog.findChildren(QPushButton) if b.text() == "A is locked"]
    with qtbot.waitSignal(dialog.go_to_event) as caught:
        links[0].click()
    assert caught.args == ["A"]
    dialog._copy()
    copied = QGuiApplication.clipboard().text()
    assert copied.startswith("E003: No plan can keep these.")
    assert "Unlock A" in copied
    assert conflict_words("plain words") == ("plain words", None)


def test_every_fault_of_a_schedule_is_listed(qtbot: QtBot) -> None:
    faults = [Fault(f"snapshot.events[{i}].duration", -5, "must not be negative") for i in range(7)]
    dialog = ErrorDialog(invalid_schedule(faults), None)
    qtbot.addWidget(dialog)
    root = dialog.findChild(QTreeWidget).topLevelItem(0)
    assert root.childCount() == 7
    assert root.child(6).text(0) == "snapshot.events[6].duration"
    assert root.child(6).text(1) == "must not be negative (found -5)"


def test_recovery_says_how_much_and_from_when(qtbot: QtBot) -> None:
    edits = [SimpleNamespace(label=f"Move A{i}", created_at=at(600 + i)) for i in range(14)]
    dialog = RecoveryDialog(edits, 3, dt.UTC, None)
    qtbot.addWidget(dialog)
    buttons = {b.text(): b for b in dialog.findChildren(QPushButton)}
    with qtbot.waitSignal(dialog.restore_chosen):
        buttons["Restore 14 edits from 10:13"].click()
    assert "Start from version 3" in buttons


def test_a_blocked_span_must_end_after_it_starts(qtbot: QtBot) -> None:
    dialog = IntervalDialog(PLAN, dt.UTC, OPS["B"], None)
    qtbot.addWidget(dialog)
    made = dialog.interval()
    assert (made.resource_id, made.start, made.end) == ("M1", at(420), at(540))
    dialog._until.set_value(at(420))
    dialog._until.changed.emit()
    assert not dialog._ok.isEnabled()
    assert dialog._notice.text()


def test_saving_passes_the_comment_on(qtbot: QtBot) -> None:
    dialog = SaveVersionDialog(4, "The working plan becomes version 4.", 2, None)
    qtbot.addWidget(dialog)
    dialog._comment.setPlainText("  Rush order first ")
    with qtbot.waitSignal(dialog.save_chosen) as caught:
        dialog._on_save()
    assert caught.args == ["Rush order first"]
