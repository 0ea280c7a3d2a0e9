"""Help > Diagnostics."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject

from app.diagnostics import Diagnostics, Report
from ui.actions import Actions
from ui.background import in_background
from ui.diagnostics.dialog import DiagnosticsDialog
from ui.workbench import Workbench


class DiagnosticsFlow(QObject):
    """Shows the page and saves the report, both collected in the background."""

    def __init__(self, workbench: Workbench, actions: Actions, diagnostics: Diagnostics | None) -> None:
        super().__init__(workbench)
        self._bench, self._diagnostics = workbench, diagnostics
        self.dialog: DiagnosticsDialog | None = None
        actions["help.diagnostics"].triggered.connect(lambda _=False: self.open())
        actions["help.diagnostics"].setEnabled(diagnostics is not None)

    def open(self) -> None:
        """Collect the figures and show them."""
        if self._diagnostics is not None:
            in_background(self._diagnostics.report, self._show, self._bench.show_error)

    def save(self, target: Path) -> None:
        """Write the report for those who help."""
        assert self._diagnostics is not None
        diagnostics = self._diagnostics
        in_background(
            lambda: diagnostics.write_bundle(target),
            lambda path: self._bench.say(f"The report was saved as {path.name}."),
            lambda error: self._bench.show_error(error, "The report was not saved"),
        )

    def _show(self, report: Report) -> None:
        if self.dialog is not None:
            self.dialog.show_report(report)
            return
        self.dialog = dialog = DiagnosticsDialog(report, self._bench.window)
        dialog.save_chosen.connect(self.save)
        dialog.refresh_requested.connect(self.open)
        dialog.finished.connect(self._forget)
        dialog.open()

    def _forget(self, _: int) -> None:
        self.dialog = None
