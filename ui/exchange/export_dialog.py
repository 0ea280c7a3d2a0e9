"""Hand a plan on as a file: which plan, in what format, with what beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QFileDialog, QGridLayout, QLineEdit, QVBoxLayout, QWidget

from app.exchange.formats import JSON_FORMAT, TEXT_FORMATS
from app.exchange.share import SHARE_FORMATS
from app.exchange.tables import TABLES
from app.handing_on import Export
from app.versions import VersionInfo
from engine.model import Schedule
from ui.dialogs.base import Dialog
from ui.widgets import Notice, button, combo, label

_WITH_BASE = ("excel", "csv", "html", "pdf")
_ABOUT = {
    "takt": "One file for another Taktwerk: exact, verified, with history and signature if you like.",
    "excel": "A workbook with all tables; it can be changed and read back.",
    "csv": "One table, or all of them in a zip file; they can be changed and read back.",
    "mspdi": "Opens in Microsoft Project.",
    "html": "One file that every browser opens, without a network: chart, search, figures.",
    "pdf": "For the notice board: figures, board, orders.",
    "ics": "Appointments for a calendar, of one machine or of all.",
    JSON_FORMAT: "The plan as it is stored, for other programs.",
}


class ExportDialog(Dialog):
    """Asks what to write where; stays until it is written, and says what the file lacks."""

    export_chosen = Signal(object)
    """The ``Export``."""

    def __init__(
        self,
        parent: QWidget | None,
        working: Schedule,
        head: VersionInfo,
        versions: Sequence[VersionInfo],
        *,
        is_dirty: bool = False,
        directory: Path | None = None,
        name: str = "plan",
    ) -> None:
        super().__init__("Export", parent, heading="Hand the plan on", width=560)
        self._working, self._head = working, head
        self._versions = {info.id: info for info in versions} | {head.id: head}
        self._directory, self._stem = directory or Path.home(), _file_name(name)
        self._is_typed = False
        self.format, self.plan, self.base = combo("Format"), combo("Plan"), combo("Differences to")
        self.resource, self.table = combo("Resource"), combo("Table")
        self.history = QCheckBox("With the versions before it")
        self.sign = QCheckBox("Sign with your key")
        self.path = QLineEdit()
        self.path.setAccessibleName("File")
        self.about, self.notice = label("", "muted", wrap=True), Notice("info")
        self._fill(working, versions, is_dirty)
        self._lay_out()
        self.close_button = self.add_action("Cancel", self.reject)
        self.ok = self.add_action("Export", self._on_export, role="primary", icon_name="export")
        self.format.currentIndexChanged.connect(lambda _: self._refresh())
        self.table.currentIndexChanged.connect(lambda _: self._refresh())
        self.path.textEdited.connect(lambda _: self._on_typed())
        self._refresh()

    def wanted(self) -> Export:
        """Return what is chosen."""
        kind = self.format.currentData()
        version = self.plan.currentData()
        return Export(
            Path(self.path.text().strip()).expanduser(),
            kind,
            self._head if version is None else self._versions[version],
            self._working if version is None else None,
            self._versions.get(self.base.currentData()) if kind in _WITH_BASE else None,
            self.resource.currentData() if kind == "ics" else None,
            self.table.currentData() if kind == "csv" else None,
            kind == "takt" and self.history.isChecked(),
            kind == "takt" and self.sign.isChecked(),
        )

    def show_busy(self) -> None:
        """Say that the file is being written."""
        self.notice.say("info", "Writing…")
        self.ok.setEnabled(False)

    def show_done(self, path: Path, notes: Sequence[str]) -> None:
        """Say that it is written and what it lacks."""
        lines = [f"{path.name} is written.", *notes]
        self.notice.say("warn" if len(notes) > 1 else "info", "\n".join(lines))
        self.ok.setEnabled(True)
        self.close_button.setText("Close")

    def show_error(self, message: str) -> None:
        """Say why nothing was written; the dialog stays."""
        self.notice.say("bad", message)
        self.ok.setEnabled(True)

    # inside

    def _fill(self, working: Schedule, versions: Sequence[VersionInfo], is_dirty: bool) -> None:
        for entry in SHARE_FORMATS.values():
            if entry.can_write:
                self.format.addItem(_titled(entry.title, entry.suffixes[0]), entry.name)
        self.format.addItem(_titled("Taktwerk JSON", ".json"), JSON_FORMAT)
        for entry in TEXT_FORMATS.values():
            if entry.render:
                self.format.addItem(_titled(entry.title, entry.suffix or ".txt"), entry.name)
        if is_dirty:
            self.plan.addItem("Working plan, with unsaved edits", None)
        self.base.addItem("None", "")
        for info in versions:
            words = f"Version {info.number}{', ' + info.comment if info.comment else ''}"
            self.plan.addItem(words, info.id)
            self.base.addItem(words, info.id)
        self.plan.setCurrentIndex(0 if is_dirty else max(0, self.plan.findData(self._head.id)))
        self.resource.addItem("All resources", None)
        for item in working.snapshot.resources:
            self.resource.addItem(item.name or item.id, item.id)
        self.table.addItem("All, in a zip file", None)
        for table in TABLES:
            if table.name != "changes":
                self.table.addItem(table.name.capitalize(), table.name)

    def _lay_out(self) -> None:
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(1, 1)
        self._captions: dict[QWidget, QWidget] = {}
        rows = (
            ("Format", self.format),
            ("Plan", self.plan),
            ("Differences to", self.base),
            ("Only the work of", self.resource),
            ("Table", self.table),
        )
        for row, (title, field) in enumerate(rows):
            caption = label(title, "muted")
            caption.setBuddy(field)
            self._captions[field] = caption
            self._grid.addWidget(caption, row, 0)
            self._grid.addWidget(field, row, 1, 1, 2)
        box = QVBoxLayout()
        box.addWidget(self.history)
        box.addWidget(self.sign)
        self._grid.addLayout(box, len(rows), 1, 1, 2)
        self._grid.addWidget(label("File", "muted"), len(rows) + 1, 0)
        self._grid.addWidget(self.path, len(rows) + 1, 1)
        self._grid.addWidget(button("Browse…", self._on_browse), len(rows) + 1, 2)
        self.body.addLayout(self._grid)
        self.body.addWidget(self.about)
        self.body.addWidget(self.notice)
        self.body.addStretch(1)

    def _refresh(self) -> None:
        kind = self.format.currentData()
        shown: dict[Any, bool] = {
            self.base: kind in _WITH_BASE,
            self.resource: kind == "ics",
            self.table: kind == "csv",
            self.history: kind == "takt",
            self.sign: kind == "takt",
        }
        for field, is_shown in shown.items():
            field.setVisible(is_shown)
            if field in self._captions:
                self._captions[field].setVisible(is_shown)
        self.about.setText(_ABOUT.get(kind, "A benchmark format: it holds the problem as far as it can."))
        self.notice.say("info", "")
        self._preset_path()

    def _preset_path(self) -> None:
        if self._is_typed and self.path.text().strip():
            path = Path(self.path.text().strip())
            self.path.setText(str(path.with_suffix(self._suffix())))
        else:
            self.path.setText(str(self._directory / f"{self._stem}{self._suffix()}"))

    def _suffix(self) -> str:
        kind = self.format.currentData()
        if kind == "csv":
            return ".csv" if self.table.currentData() else ".zip"
        if kind in SHARE_FORMATS:
            return SHARE_FORMATS[kind].suffixes[0]
        return ".json" if kind == JSON_FORMAT else TEXT_FORMATS[kind].suffix or ".txt"

    def _on_typed(self) -> None:
        self._is_typed = True
        self.notice.say("info", "")

    def _on_browse(self) -> None:
        picker = QFileDialog(self, "Export", str(Path(self.path.text()).parent))
        picker.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        picker.selectFile(Path(self.path.text()).name)
        picker.setNameFilters([f"*{self._suffix()}", "All files (*)"])
        picker.setDefaultSuffix(self._suffix())

        def chosen(words: str) -> None:
            self._is_typed = True
            self.path.setText(words)

        picker.fileSelected.connect(chosen)
        picker.open()

    def _on_export(self) -> None:
        if not self.path.text().strip():
            self.notice.say("bad", "Name the file to write.")
        elif Path(self.path.text().strip()).expanduser().is_dir():
            self.notice.say("bad", "This is a folder; name a file in it.")
        else:
            self.export_chosen.emit(self.wanted())


def _titled(title: str, suffix: str) -> str:
    return f"{title[:1].upper()}{title[1:]} ({suffix})"


def _file_name(name: str) -> str:
    kept = "".join(sign if sign.isalnum() or sign in " -_" else "-" for sign in name).strip(" -")
    return kept.replace("- ", " ")[:80] or "plan"
