"""The diagnostics page: figures in groups, a report to save."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QGridLayout, QVBoxLayout, QWidget

from app.diagnostics import Report
from ui import text
from ui.dialogs.base import Dialog
from ui.widgets import label

_LINES = list[tuple[str, str]]


class DiagnosticsDialog(Dialog):
    """Runs, database, this program, parts."""

    save_chosen = Signal(Path)
    refresh_requested = Signal()

    def __init__(self, report: Report, parent: QWidget | None) -> None:
        super().__init__("Diagnostics", parent, heading="Diagnostics", width=780)
        self._box = QWidget()
        self._grid = QGridLayout(self._box)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(36)
        self._grid.setVerticalSpacing(18)
        self.body.addWidget(self._box)
        note = "The report holds these figures and the bones of the logs: no plans, no names, no file paths."
        self.body.addWidget(label(note, "muted", wrap=True))
        self.add_action("Copy", self._copy, icon_name="copy")
        self.add_action("Refresh", self.refresh_requested.emit)
        self.add_action("Save report…", self._save)
        self.add_action("Close", self.accept, role="primary")
        self.show_report(report)

    def show_report(self, report: Report) -> None:
        """Show these figures from now on."""
        self._groups = groups_of(report)
        while self._grid.count():
            item = self._grid.takeAt(0)
            widget = item.widget() if item else None
            if widget is not None:
                widget.deleteLater()
        for index, (title, lines) in enumerate(self._groups):
            top = Qt.AlignmentFlag.AlignTop
            self._grid.addWidget(_group(title, lines), index // 2, index % 2, top)
        self._grid.setColumnStretch(0, 1)
        self._grid.setColumnStretch(1, 1)

    def as_text(self) -> str:
        """Return the page as text."""
        parts = [f"{title}\n" + "\n".join(f"  {k}: {v}" for k, v in lines) for title, lines in self._groups]
        return "\n\n".join(parts)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.as_text())

    def _save(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Save report", "taktwerk-report.zip", "Zip files (*.zip)")
        if name:
            self.save_chosen.emit(Path(name))


def groups_of(report: Report) -> list[tuple[str, _LINES]]:
    """Return the figures in words, group by group."""
    runs = report.runs
    states = ", ".join(f"{n} {status}" for status, n in sorted(runs.by_status.items()))
    failures = ", ".join(f"{n} × {code}" for code, n in sorted(runs.failures.items()))
    age = report.newest_backup_age_s
    return [
        (
            "Optimisation runs",
            [
                ("Runs", f"{runs.total}" + (f" ({states})" if states else "")),
                ("Typical duration", _seconds(runs.median_s)),
                ("Longest duration", _seconds(runs.longest_s)),
                ("Proven best", str(runs.proven)),
                ("Typical gap", _share(runs.median_gap)),
                ("Worst gap", _share(runs.worst_gap)),
                ("Failures", failures or "none"),
            ],
        ),
        (
            "Database",
            [
                ("Kind", f"on a {report.database_kind}" if report.database_kind == "server" else "file"),
                ("Answers", f"no ({report.trouble})" if report.trouble else "yes"),
                ("Size", _bytes(report.database_bytes)),
                ("Write-ahead log", _bytes(report.log_bytes)),
                ("Schedules", str(report.schedules)),
                ("Versions", str(report.versions)),
                ("Backups", str(report.backups)),
                ("Newest backup", "none" if age is None else f"{text.duration(age * 1000)} ago"),
            ],
        ),
        (
            "This program",
            [
                ("Version", report.program),
                ("Running for", text.duration(report.uptime_s * 1000)),
                ("Memory", _bytes(report.memory_bytes)),
                ("Most memory", _bytes(report.peak_memory_bytes)),
                ("Stalls of the window", str(report.stalls)),
                ("Longest stall", f"{report.longest_stall_ms:.0f} ms"),
            ],
        ),
        ("Parts", list(report.parts.items())),
    ]


def _group(title: str, lines: _LINES) -> QWidget:
    box = QWidget()
    rows = QVBoxLayout(box)
    rows.setContentsMargins(0, 0, 0, 0)
    rows.addWidget(label(title, "caption"))
    grid = QGridLayout()
    grid.setColumnMinimumWidth(0, 140)
    grid.setColumnStretch(1, 1)
    for row, (name, value) in enumerate(lines):
        grid.addWidget(label(name, "muted"), row, 0)
        grid.addWidget(label(value, selectable=True, wrap=True), row, 1)
    rows.addLayout(grid)
    return box


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} s"


def _share(value: float | None) -> str:
    return "–" if value is None else text.percent(value)


def _bytes(value: int | None) -> str:
    return "–" if value is None else f"{value / 1e6:,.1f} MB"
