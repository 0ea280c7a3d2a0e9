"""Choose a file, its format and a name for the new schedule."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QGridLayout, QLineEdit, QWidget

from app.exchange.formats import JSON_FORMAT, TEXT_FORMATS
from ui.dialogs.base import Dialog
from ui.widgets import Notice, button, combo, label


class ImportDialog(Dialog):
    """Makes a new schedule with version 1; the file itself is read when the planner confirms."""

    import_chosen = Signal(object, object, str)
    """(path, format name or None to recognise it, name)."""

    def __init__(self, parent: QWidget | None, directory: Path | None = None) -> None:
        super().__init__("Import file", parent, heading="Import a schedule or a benchmark file", width=560)
        self._directory = directory
        self._path = QLineEdit()
        self._path.setPlaceholderText("JSON, or a jsp, fjsp or psplib file")
        self._path.textChanged.connect(lambda _: self._refresh())
        self._format = combo()
        self._format.addItem("Recognise", None)
        self._format.addItem("Taktwerk JSON", JSON_FORMAT)
        for entry in TEXT_FORMATS.values():
            self._format.addItem(f"{entry.title.capitalize()} ({entry.name})", entry.name)
        self._name = QLineEdit()
        self._name.setPlaceholderText("As in the file")
        self._notice = Notice("bad")
        browse = button("Browse…", self._on_browse)
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setColumnStretch(1, 1)
        for row, (title, field) in enumerate((("File", self._path), ("Format", self._format), ("Name", self._name))):
            grid.addWidget(label(title, "muted"), row, 0)
            field.setAccessibleName(title)
            grid.addWidget(field, row, 1)
        grid.addWidget(browse, 0, 2)
        self.body.addLayout(grid)
        self.body.addWidget(self._notice)
        self.add_action("Cancel", self.reject)
        self._ok = self.add_action("Import", self._on_import, role="primary", icon_name="import")
        self._refresh()

    def set_path(self, path: Path) -> None:
        """Preset the file."""
        self._path.setText(str(path))

    def show_error(self, message: str) -> None:
        """Say why the import failed; the dialog stays."""
        self._notice.say("bad", message)
        self._ok.setEnabled(True)
        self._ok.setText("Import")

    def _on_browse(self) -> None:
        picker = QFileDialog(self, "Import file", str(self._directory or Path.home()))
        picker.setFileMode(QFileDialog.FileMode.ExistingFile)
        endings = " ".join(f"*{entry.suffix}" for entry in TEXT_FORMATS.values())
        picker.setNameFilters([f"Schedules (*.json {endings} *.txt)", "All files (*)"])
        picker.fileSelected.connect(self._path.setText)
        picker.open()

    def _on_import(self) -> None:
        self._ok.setEnabled(False)
        self._ok.setText("Importing…")
        self._notice.say("bad", "")
        self.import_chosen.emit(Path(self._path.text().strip()), self._format.currentData(), self._name.text().strip())

    def _refresh(self) -> None:
        path = self._path.text().strip()
        is_there = bool(path) and Path(path).is_file()
        self._notice.say("bad", "" if is_there or not path else "There is no such file.")
        self._ok.setEnabled(is_there)
