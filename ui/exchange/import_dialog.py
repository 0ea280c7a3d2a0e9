"""Take a file in: which one, as what, and a look at what it would change before anything is written."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QCheckBox, QFileDialog, QGridLayout, QHBoxLayout, QLineEdit, QStackedWidget, QWidget

from app.exchange.formats import JSON_FORMAT, TEXT_FORMATS
from app.exchange.share import SHARE_FORMATS
from app.exchange.table_mapping import Mapping
from app.exchange.tables import TABLES, Row
from app.intake import MOST_ROWS, Finding, Intake
from engine.instants import parse_instant, zone_of
from ui import palette, text
from ui.dialogs.base import Dialog
from ui.exchange.columns_editor import ColumnsEditor
from ui.exchange.start_page import StartPage, dropped_file
from ui.tables import Column, RowTable
from ui.widgets import Notice, Segmented, button, combo, label

_PAUSE_MS = 300
_TONES = {"added": palette.GOOD, "removed": palette.BAD, "changed": palette.PREVIEW}
_CHANGES = {"added": "＋ new", "removed": "－ missing", "changed": "～ changed"}
_KINDS = {"bad": ("✕ Fault", palette.BAD), "warn": ("▲ Breaks a rule", palette.WARN), "info": ("To know", None)}
_FIELDS = {column.field: re.sub(r" \(.*", "", column.title) for table in TABLES for column in table.columns}
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_PAGES = ("changes", "findings", "columns")


class ImportDialog(Dialog):
    """Asks for a look whenever the file or what is to become of it changes, and shows what was found."""

    look_requested = Signal()
    import_chosen = Signal()

    def __init__(
        self,
        parent: QWidget | None,
        schedule_name: str = "",
        directory: Path | None = None,
        recent: Sequence[Path] = (),
    ) -> None:
        super().__init__("Import file", parent, heading="Import a file", width=860)
        self._directory = directory
        self.resize(860, 640)
        self.intake: Intake | None = None
        self.mapping_key = ""
        """Under which a mapping of these tables is remembered."""
        self._make_fields(schedule_name)
        self.summary, self.notice = label("", "strong", wrap=True), Notice("info")
        self.trust = QCheckBox("Trust this sender from now on")
        self.pages = Segmented((("changes", "Changes"), ("findings", "Findings"), ("columns", "Columns")))
        self.pages.changed.connect(self.show_page)
        self.pages.setMinimumWidth(320)
        self.rows: RowTable[Row] = RowTable(_row_columns(dt.UTC), stretch=4)
        self.findings: RowTable[Finding] = RowTable(_finding_columns(), stretch=2)
        self.columns = ColumnsEditor()
        self.columns.changed.connect(self._ask)
        for table in (self.rows, self.findings):
            table.setProperty("role", "framed")
        self.start = StartPage(recent)
        self.start.path_chosen.connect(self.path.setText)
        self.start.browse_requested.connect(self._on_browse)
        self.setAcceptDrops(True)
        self.stack = QStackedWidget()
        self.stack.setMinimumHeight(270)
        for page in (self.start, self.rows, self.findings, self.columns):
            self.stack.addWidget(page)
        head = QHBoxLayout()
        head.addWidget(self.summary, 1)
        head.addWidget(self.pages)
        for part in (self._grid(), self.notice, self.trust, head):
            self.body.addWidget(part) if isinstance(part, QWidget) else self.body.addLayout(part)
        self.body.addWidget(self.stack, 1)
        self.add_action("Cancel", self.reject)
        self.ok = self.add_action("Import", self.import_chosen.emit, role="primary", icon_name="import")
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_PAUSE_MS)
        self._later.timeout.connect(self.look_requested)
        self._forget()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_file(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = dropped_file(event)
        if path is not None:
            event.acceptProposedAction()
            self.path.setText(path)

    # what is chosen

    def set_path(self, path: Path) -> None:
        """Preset the file."""
        self.path.setText(str(path))

    def chosen_path(self) -> Path | None:
        """Return the file, None while there is none of that name."""
        words = self.path.text().strip()
        path = Path(words).expanduser()
        return path if words and path.exists() else None

    def mapping(self) -> Mapping | None:
        """Return how the planner wants columns to be read, None while they were left alone."""
        return self.columns.mapping()

    # what was found

    def show_busy(self) -> None:
        """Say that the file is being looked at."""
        self.ok.setEnabled(False)
        self.summary.setText("Looking…")

    def show_error(self, message: str) -> None:
        """Say why the file cannot be taken in; the dialog stays."""
        self._forget()
        self.notice.say("bad", message)

    def show_intake(self, found: Intake) -> None:
        """Show what was found."""
        self.intake = found
        self.summary.setText(_summary(found))
        package = found.preview.package
        self.notice.say("info" if _is_trusted(found) else "warn", package.signature_sentence() if package else "")
        signer = package.signer if package else None
        self.trust.setVisible(signer is not None and signer.trusted_as is None)
        zone = dt.UTC if found.incoming is None else zone_of(found.incoming.schedule.metadata.time_zone)
        self.rows.rows_model.set_columns(_row_columns(zone))
        self.rows.set_rows(found.rows)
        self.findings.set_rows(found.findings)
        self.columns.show_plans(found.preview.plans, found.preview.sheets)
        bad = sum(one.kind == "bad" for one in found.findings)
        changes = f"{text.number(len(found.rows))}{'+' if len(found.rows) == MOST_ROWS else ''}"
        self.pages.set_text("changes", f"Changes ({changes})")
        self.pages.set_text("findings", f"Findings ({text.number(len(found.findings))})")
        self.pages.show()
        is_foreign = bool(found.preview.sheets) and not found.preview.plans
        self.show_page("columns" if is_foreign else "findings" if bad or not found.rows else "changes")
        self.ok.setEnabled(found.is_possible)
        self.ok.setText("Import" if found.landing is None or found.landing.target is None else "Import as scenario")

    def show_page(self, key: str) -> None:
        """Show ``changes``, ``findings`` or ``columns``."""
        self.pages.set_value(key)
        self.stack.setCurrentIndex(1 + _PAGES.index(key))

    # inside

    def _make_fields(self, schedule_name: str) -> None:
        self.path, self.name = QLineEdit(), QLineEdit()
        self.path.setPlaceholderText("A package, workbook, CSV, project, frePPLe, JSON or benchmark file")
        self.path.textChanged.connect(lambda _: self._on_path())
        self.name.setPlaceholderText("As in the file")
        self.name.editingFinished.connect(self._ask_if_known)
        self.format, self.place = combo(), combo()
        self.format.addItem("Recognise", None)
        self.format.addItem("Taktwerk JSON", JSON_FORMAT)
        for entry in SHARE_FORMATS.values():
            if entry.can_read:
                self.format.addItem(f"{entry.title[:1].upper()}{entry.title[1:]}", entry.name)
        for entry in TEXT_FORMATS.values():
            self.format.addItem(f"{entry.title.capitalize()} ({entry.name})", entry.name)
        self.place.addItem("What fits: its own schedule, or a scenario", "auto")
        if schedule_name:
            self.place.addItem(f"Scenario of {schedule_name}", "branch")
        self.place.addItem("New schedule", "new")
        for one in (self.format, self.place):
            one.currentIndexChanged.connect(lambda _: self._ask())

    def _grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
        fields = (("File", self.path, 0, 0), ("Format", self.format, 1, 0), ("Comes in as", self.place, 1, 2))
        for title, field, row, column in fields:
            grid.addWidget(label(title, "muted"), row, column)
            field.setAccessibleName(title)
            grid.addWidget(field, row, column + 1, 1, 3 if row == 0 else 1)
        grid.addWidget(button("Browse…", self._on_browse), 0, 4)
        grid.addWidget(label("Name", "muted"), 2, 0)
        self.name.setAccessibleName("Name")
        grid.addWidget(self.name, 2, 1, 1, 3)
        return grid

    def _forget(self) -> None:
        self.intake = None
        self.summary.setText("")
        self.notice.say("info", "")
        self.trust.hide()
        self.trust.setChecked(False)
        self.pages.hide()
        self.stack.setCurrentIndex(0)
        self.ok.setEnabled(False)

    def _on_path(self) -> None:
        self.columns.forget()
        self._forget()
        if self.chosen_path() is not None:
            self._later.start()
        elif self.path.text().strip():
            self.notice.say("bad", "There is no such file.")

    def _ask(self) -> None:
        if self.chosen_path() is not None:
            self.look_requested.emit()

    def _ask_if_known(self) -> None:
        if self.intake is not None:
            self._ask()

    def _on_browse(self) -> None:
        picker = QFileDialog(self, "Import file", str(self._directory or Path.home()))
        picker.setFileMode(QFileDialog.FileMode.ExistingFile)
        shared = [f"*{end}" for entry in SHARE_FORMATS.values() if entry.can_read for end in entry.suffixes]
        known = [f"*{entry.suffix}" for entry in TEXT_FORMATS.values() if entry.suffix]
        picker.setNameFilters([f"Plans (*.json {' '.join(shared + known)} *.txt)", "All files (*)"])
        picker.fileSelected.connect(self.path.setText)
        picker.open()


def _is_trusted(found: Intake) -> bool:
    package = found.preview.package
    return package is not None and package.signer is not None and package.signer.trusted_as is not None


def _summary(found: Intake) -> str:
    incoming, landing = found.incoming, found.landing
    if not found.preview.plans and found.preview.sheets:
        return "No table of this file is known. Choose what its sheets and columns hold."
    if incoming is None or landing is None:
        faults = sum(one.kind == "bad" for one in found.findings)
        return f"{text.count(faults, 'cell')} cannot be read. Nothing is taken in until they are right."
    if landing.same_as is not None:
        return f"This is version {landing.same_as.number}, which is there already. There is nothing to take in."
    shot = incoming.schedule.snapshot
    if landing.target is None or landing.begins_at is None:
        parts = (len(shot.events), "operation"), (len(shot.orders), "order"), (len(shot.resources), "resource")
        size = ", ".join(text.count(count, noun) for count, noun in parts)
        return f"Becomes the new schedule {incoming.title}: {size}."
    counts = found.counts
    words = [f"{text.number(counts[key])} {word}" for key, word in _COUNTED if counts.get(key)] or ["no difference"]
    return (
        f"Becomes the scenario {landing.scenario} of {landing.target.schedule.name}, begun at version "
        f"{landing.begins_at.number}. Against the live plan: {', '.join(words)}."
    )


_COUNTED = (("added", "new"), ("changed", "changed"), ("removed", "missing"))


def _row_columns(zone: dt.tzinfo) -> list[Column[Row]]:
    return [
        Column("", lambda row: _CHANGES.get(row["change"], ""), colour=lambda row: _TONES.get(row["change"])),
        Column("What", lambda row: str(row["what"])),
        Column("Name", lambda row: str(row["name"] or row["id"])),
        Column("Field", lambda row: _FIELDS.get(row.get("field", ""), str(row.get("field", "")))),
        Column("Before", lambda row: _value(row.get("before"), zone)),
        Column("After", lambda row: _value(row.get("after"), zone)),
    ]


def _value(value: object, zone: dt.tzinfo) -> str:
    """A value as planners read it: instants in the time of the plant."""
    words = "" if value is None else str(value)
    return text.instant(parse_instant(words), zone, year=True) if _INSTANT.fullmatch(words) else words


def _finding_columns() -> list[Column[Finding]]:
    return [
        Column("", lambda one: _KINDS[one.kind][0], colour=lambda one: _KINDS[one.kind][1]),
        Column("Where", lambda one: one.where),
        Column("What", lambda one: one.words),
    ]
