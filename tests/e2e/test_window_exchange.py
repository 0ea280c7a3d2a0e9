"""Files in and out of the main window: first what they would change, never a silent replace; with a fake board."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.commands import Move
from app.exchange import formats, package
from app.exchange.package_keys import KeyRing
from app.exchange.share import SHARE_FORMATS, Sharing
from app.handing_on import Export, export
from app.intake import IntakeDesk
from tests.support.plants import after, at, machine, op, order, plant
from tests.support.windows import Workplace, make_workplace
from ui.exchange.export_dialog import ExportDialog
from ui.exchange.import_dialog import ImportDialog

pytestmark = pytest.mark.e2e

PLAN = plant(
    [
        op("A", 60, modes=["M1", "M2"], on="M1", start=0, order="O1", name="Saw A"),
        op("B", 60, modes=["M1", "M2"], on="M1", start=60, order="O1", name="Saw B"),
        op("C", 60, on="M2", start=0, order="O2"),
    ],
    resources=[machine("M1", name="Saw one"), machine("M2", name="Saw two")],
    orders=[order("O1", due=120, name="Order one"), order("O2", due=600)],
    dependencies=[after("A", "B")],
    now=0,
)


@pytest.fixture
def place(qtbot: QtBot, tmp_path: Path) -> Iterator[Workplace]:
    made = make_workplace(qtbot, tmp_path)
    flow = made.window.exchange_flow
    flow._keys = KeyRing(tmp_path / "keys")
    flow._desk = IntakeDesk(made.versions, "anna", flow._keys)
    yield made
    made.close()


def looked_at(place: Workplace, path: Path) -> ImportDialog:
    dialog = place.window.exchange_flow.ask_to_import(path)
    place.wait(lambda: dialog.intake is not None or dialog.notice.text())
    return dialog


def rows_of(dialog: ImportDialog) -> list[tuple[Any, ...]]:
    return [(r["change"], r["what"], r["id"], r.get("field")) for r in dialog.rows.rows_model.rows]


def choose(box: Any, key: Any) -> None:
    box.setCurrentIndex(box.findData(key))
    box.activated.emit(box.currentIndex())


def test_a_package_arrives_as_a_branch_with_its_differences(place: Workplace, tmp_path: Path) -> None:
    schedule_id = place.open(PLAN)
    sender = KeyRing(tmp_path / "berta")
    moved = PLAN.snapshot.events[1].model_copy(update={"start_date": at(120), "end_date": at(180)})
    events = (PLAN.snapshot.events[0], moved, op("N", 30, on="M2", start=200, order="O2"))
    theirs = PLAN.model_copy(update={"snapshot": PLAN.snapshot.model_copy(update={"events": events})})
    path = tmp_path / "theirs.takt"
    head = place.session.head
    export(
        place.versions,
        Export(path, "takt", head, working=theirs, with_history=True, is_signed=True),
        user="Berta",
        keys=sender,
    )
    dialog = looked_at(place, path)
    assert "'Berta' by their own account, who is not known here" in dialog.notice.text()
    assert dialog.summary.text().startswith("Becomes the scenario From Berta of ")
    assert dialog.summary.text().endswith("begun at version 1. Against the live plan: 1 new, 1 changed, 1 missing.")
    assert {("added", "operation", "N", None), ("removed", "operation", "C", None)} <= set(rows_of(dialog))
    assert dialog.ok.text() == "Import as scenario" and len(place.versions.list(schedule_id)) == 1
    dialog.trust.setChecked(True)
    dialog.ok.click()
    place.wait(lambda: place.window.compare_flow.comparison is not None)
    comparison = place.window.compare_flow.comparison
    assert comparison is not None
    assert {c.event_id: c.kind for c in comparison.operations} == {"B": "moved", "C": "deleted", "N": "added"}
    assert [h.name for h in place.versions.heads(schedule_id)] == ["From Berta", "main"]
    assert place.versions.head(schedule_id).id == head.id and place.session.working == PLAN

    again = looked_at(place, path)
    assert again.intake is not None and again.intake.landing is not None
    assert "there already" in again.summary.text() and not again.ok.isEnabled()
    assert "who is trusted here" in again.notice.text() and not again.trust.isVisible()
    again.reject()

    broken = tmp_path / "broken.takt"
    broken.write_bytes(path.read_bytes().replace(b"schedule.json", b"schedulf.json"))
    refused = looked_at(place, broken)
    assert refused.notice.text().startswith("E009") and not refused.ok.isEnabled()


def test_a_foreign_workbook_is_mapped_once_and_remembered(place: Workplace, tmp_path: Path) -> None:
    path = tmp_path / "fertigung.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Fertigung"
    for row in (("AG-Nr", "Zeit", "Farbe"), ("X1", 1.5, "rot"), ("X2", 2, "blau")):
        sheet.append(row)
    book.save(path)
    dialog = looked_at(place, path)
    assert dialog.summary.text().startswith("No table of this file is known") and not dialog.ok.isEnabled()
    table = dialog.columns.table

    def settle(row: int, column: int, key: Any) -> None:
        before = dialog.intake
        choose(table.cellWidget(row, column), key)
        place.wait(lambda: dialog.intake is not before and dialog.intake is not None)

    settle(0, 2, "operations")
    titles = {table.item(row, 1).text(): row for row in range(table.rowCount())}
    assert list(titles)[1:] == ["AG-Nr", "Zeit", "Farbe"]
    settle(titles["AG-Nr"], 2, "id")
    titles = {table.item(row, 1).text(): row for row in range(table.rowCount())}
    settle(titles["Zeit"], 2, "duration")
    titles = {table.item(row, 1).text(): row for row in range(table.rowCount())}
    unit: Any = table.cellWidget(titles["Zeit"], 3)
    before = dialog.intake
    unit.setCurrentText("h")
    unit.activated.emit(unit.currentIndex())
    place.wait(lambda: dialog.intake is not before and dialog.ok.isEnabled())
    assert "new schedule fertigung: 2 operations" in dialog.summary.text()
    dialog.ok.click()
    place.wait(lambda: place.window.workbench.session is not None)
    assert [(o.id, o.duration) for o in place.session.working.snapshot.events] == [("X1", 5_400_000), ("X2", 7_200_000)]

    sheet.append(("X3", 3, "rot"))
    book.save(path)
    again = looked_at(place, path)
    place.wait(lambda: again.intake is not None and again.ok.isEnabled())
    assert again.mapping() is not None, "as it was mapped the last time"
    assert ("added", "operation", "X3", None) in rows_of(again) and again.ok.text() == "Import as scenario"


def test_what_is_wrong_with_cells_is_told_and_nothing_is_written(place: Workplace, tmp_path: Path) -> None:
    place.open(PLAN)
    path = tmp_path / "plan.xlsx"
    formats.write(PLAN, path, "excel")
    book = openpyxl.load_workbook(path)
    book["operations"]["D2"] = "quickly"
    book.save(path)
    dialog = looked_at(place, path)
    assert dialog.summary.text() == "1 cell cannot be read. Nothing is taken in until they are right."
    (fault,) = [one for one in dialog.findings.rows_model.rows if one.kind == "bad"]
    assert fault.where == "operations D2" and "quickly" in fault.words and not dialog.ok.isEnabled()


def test_the_plan_is_handed_on_in_every_format(place: Workplace, tmp_path: Path) -> None:
    place.open(PLAN)
    place.window.workbench.execute(Move(kind="move", event_id="B", start=at(480)))
    place.do("file.export")
    dialogs = [d for d in place.window.findChildren(ExportDialog) if d.isVisible()]
    (dialog,) = dialogs
    assert dialog.plan.currentText() == "Working plan, with unsaved edits"
    for entry in SHARE_FORMATS.values():
        if not entry.can_write:
            continue
        dialog.format.setCurrentIndex(dialog.format.findData(entry.name))
        path = tmp_path / f"out{dialog._suffix()}"
        dialog.path.setText(str(path))
        dialog.base.setCurrentIndex(dialog.base.count() - 1)
        dialog.history.setChecked(True)
        dialog.ok.click()
        place.wait(lambda p=path: dialog.notice.text().startswith(f"{p.name} is written"), 20)
        assert path.stat().st_size > 100 and not list(tmp_path.glob(".*.part"))
    assert dialog.close_button.text() == "Close"
    found = package.read((tmp_path / "out.takt").read_bytes(), "out.takt", KeyRing(tmp_path / "keys"))
    assert found.schedule == place.session.working and len(found.history) == 2
    assert "changes.csv" in zipfile.ZipFile(tmp_path / "out.zip").namelist()
    dialog.path.setText(str(tmp_path / "no such folder" / "x.zip"))
    dialog.ok.click()
    place.wait(lambda: dialog.notice.text().startswith("E008"))


def test_a_board_that_is_cut_in_a_pdf_is_told() -> None:
    from app.exchange import pdf_report

    weeks = [op(f"W{i}", 60, on="M1", start=i * 14 * 1440) for i in range(61)]
    crowd = [op(f"C{i}", 30, on=f"R{i}", start=0) for i in range(1_900)]
    _, notes = pdf_report.render_file(plant([*weeks, *crowd], now=0), Sharing())
    assert any("cut at 60 pages" in note for note in notes)
    _, notes = pdf_report.render_file(PLAN, Sharing())
    assert not any("cut" in note for note in notes)


def test_the_empty_dialog_says_what_it_reads_and_takes_a_dropped_file_and_the_last_ones(
    place: Workplace, tmp_path: Path
) -> None:
    place.open(PLAN)
    path = tmp_path / "plan.takt"
    export(place.versions, Export(path, "takt", place.session.head, working=PLAN))
    dialog = place.window.exchange_flow.ask_to_import()
    assert dialog.stack.currentWidget() is dialog.start
    assert dialog.start.recent == []
    shown = " ".join(one.text() for one in dialog.start.findChildren(QLabel))
    assert all(f".{ending}" in shown for ending in ("takt", "xlsx", "csv", "xml", "jsp"))
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    nothing = Qt.KeyboardModifier.NoModifier
    event = QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, nothing)
    dialog.start.zone.dropEvent(event)
    assert dialog.chosen_path() == path
    place.wait(lambda: dialog.intake is not None)
    choose(dialog.place, "new")
    place.wait(lambda: dialog.intake is not None and dialog.ok.isEnabled())
    accepted: list[int] = []
    dialog.finished.connect(accepted.append)
    dialog.import_chosen.emit()
    place.wait(lambda: accepted)
    again = place.window.exchange_flow.ask_to_import()
    assert [one.text() for one in again.start.recent] == ["plan.takt"]
    again.start.recent[0].click()
    assert again.chosen_path() == path
    place.wait(lambda: again.intake is not None)
    again.reject()
