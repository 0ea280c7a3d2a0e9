"""A result that the database would not take: said plainly, tried again, or saved somewhere else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from app.exchange import formats
from engine.apply import apply_result
from engine.errors import ErrorCode, TaktwerkError
from ui.background import in_background
from ui.dialogs.error import ErrorDialog
from ui.runs import RunService, RunView
from ui.widgets import label
from ui.workbench import Workbench

_WHAT_NOW = (
    "Free some space and press Try again; Taktwerk also tries by itself every few seconds. Or save the plan as a file "
    "on another drive and import it later."
)


class UnstoredDialog(ErrorDialog):
    """What happened to the result of a run, and the two ways out."""

    def __init__(self, view: RunView, flow: UnstoredFlow) -> None:
        error = TaktwerkError(ErrorCode.STORAGE, view.unstored or "")
        super().__init__(error, flow.window, heading=f"“{view.label}” is not stored yet", what_now=_WHAT_NOW)
        self.setModal(False)
        self.told = label("", "muted", wrap=True)
        self.told.hide()
        self.body.addWidget(self.told)
        self.add_action("Save as a file…", lambda: flow.ask_where(view))
        self.again = self.add_action("Try again", lambda: flow.try_again(view))

    def say(self, words: str) -> None:
        """Say what came of an attempt."""
        self.told.setText(words)
        self.told.setVisible(bool(words))
        self.again.setEnabled(True)


class UnstoredFlow(QObject):
    """Shows one dialog for each run whose result is not stored, and closes it when it is."""

    def __init__(self, workbench: Workbench, runs: RunService) -> None:
        super().__init__(workbench)
        self._bench, self._runs = workbench, runs
        self._shown: dict[str, UnstoredDialog] = {}

    @property
    def window(self) -> Any:
        """The window, as parent of dialogs."""
        return self._bench.window

    def follow(self, view: RunView) -> None:
        """Take a run's newest view: one whose result is stored at last is said to be."""
        dialog = self._shown.pop(view.run_id, None) if view.unstored is None else None
        if dialog is not None:
            dialog.accept()
            self._bench.say(f"The result of {view.label} is stored now.")

    def show(self, view: RunView) -> UnstoredDialog | None:
        """Tell of a run whose result is not stored; ``None`` when it is."""
        if view.unstored is None:
            return None
        dialog = self._shown.get(view.run_id)
        if dialog is not None:
            dialog.raise_()
            return dialog
        dialog = self._shown[view.run_id] = UnstoredDialog(view, self)
        dialog.finished.connect(lambda _: self._shown.pop(view.run_id, None))
        dialog.show()
        return dialog

    def try_again(self, view: RunView) -> None:
        """Try to store it now."""
        dialog = self._shown.get(view.run_id)
        if dialog is not None:
            dialog.again.setEnabled(False)

        def failed(error: Exception) -> None:
            self._answer(view, f"Not yet: {error.message}" if isinstance(error, TaktwerkError) else str(error))

        in_background(
            lambda: self._runs.store_again(view.run_id), lambda _: self.follow(self._runs.status(view.run_id)), failed
        )

    def ask_where(self, view: RunView) -> None:
        """Ask for a file to save the plan in."""
        name = re.sub(r"[^\w-]+", "-", view.label).strip("-") or "plan"
        chosen, _ = QFileDialog.getSaveFileName(
            self._bench.window, "Save the plan", str(Path.home() / f"{name}.json"), "Taktwerk plan (*.json)"
        )
        if chosen:
            self.save(view, Path(chosen))

    def save(self, view: RunView, path: Path) -> None:
        """Write the plan of a run to a file."""

        def work() -> None:
            result = self._runs.result(view.run_id).result
            if result is None:
                raise TaktwerkError(ErrorCode.NOT_FOUND, "This run has no plan to save.", {"run": view.run_id})
            plan = apply_result(self._runs.request(view.run_id).schedule_data, result.events)
            formats.write(plan, path)

        def failed(error: Exception) -> None:
            words = error.message if isinstance(error, TaktwerkError) else str(error)
            self._answer(view, f"The file was not written: {words}")

        words = f"The plan is in {path}. File > Import takes it in again."
        in_background(work, lambda _: self._answer(view, words), failed)

    def _answer(self, view: RunView, words: str) -> None:
        dialog = self._shown.get(view.run_id)
        if dialog is not None:
            dialog.say(words)
        else:
            self._bench.say(words)
