"""The bar above the board while a result is previewed: figures before and after, Apply and Discard."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.preview import Preview
from ui import palette, text
from ui.icons import icon, pixmap
from ui.kpis import KPIS, KpiSpec, KpiValues, change
from ui.theme import set_role
from ui.widgets import ElidedLabel, button, label, line


class PreviewBar(QFrame):
    """Not modal: the planner can go on working and look around before deciding."""

    apply_requested = Signal()
    discard_requested = Signal()
    changes_requested = Signal()
    conflicts_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "preview")
        self._title = ElidedLabel("", "heading")
        self._note = ElidedLabel("", "muted")
        self._figures = {spec.field: _Figure(spec) for spec in KPIS}
        self._row = _Figures(list(self._figures.values()))
        self.apply = button("Apply", self.apply_requested.emit, role="primary", icon_name="apply")
        self.apply.setToolTip("Make this plan a new version, in one undo step (Ctrl+Return)")
        self.discard = button("Discard", self.discard_requested.emit, icon_name="discard")
        self.discard.setToolTip("Put the preview away; the result stays in the run history")
        self.changes = button("Show changes", self.changes_requested.emit, role="link")
        self.conflicts = button("", self.conflicts_requested.emit, role="link")
        self._lay_out()
        self.hide()

    def show_preview(self, preview: Preview, title: str) -> None:
        """Show what applying would do."""
        number = len(preview.changes)
        is_gain = preview.gain is None or preview.gain > 0
        self._title.setText(f"Preview of {title}" if is_gain else f"No better plan was found: {title}")
        self._note.setText(self._summary(preview))
        self.changes.setText(f"Show {text.count(number, 'change')}")
        self.changes.setVisible(number > 0)
        clashes = len(preview.conflicts)
        self.conflicts.setText(f"{text.count(clashes, 'conflict')} with your edits")
        self.conflicts.setVisible(clashes > 0)
        self.discard.setEnabled(True)
        self.apply.setEnabled(number > 0)
        self.apply.setText("Apply" if is_gain else "Apply all the same")
        self.discard.setText("Discard" if is_gain else "Keep the plan")
        set_role(self.apply, "primary" if is_gain else "")
        set_role(self.discard, "" if is_gain else "primary")
        self.apply.setIcon(icon("apply", palette.INK_ON_ACCENT if is_gain else palette.INK_MUTED))
        self.discard.setIcon(icon("discard", palette.INK_MUTED if is_gain else palette.INK_ON_ACCENT))
        for figure in self._figures.values():
            figure.show_values(preview.kpis_before, preview.kpis_after)
        self.show()
        self._row.fit()

    def set_busy(self, is_busy: bool, what: str = "") -> None:
        """Disable the buttons while the preview is applied."""
        self.apply.setEnabled(not is_busy)
        self.discard.setEnabled(not is_busy)
        if what:
            self._note.setText(what)

    def _summary(self, preview: Preview) -> str:
        if not preview.changes:
            return "Nothing would change."
        moved = sum(c.kind == "resource" for c in preview.changes)
        worth = {0: "It is as good as the present one. ", -1: "It is worse than the present one. "}
        begin = worth.get(1 if preview.gain is None else preview.gain, "")
        parts = [f"{begin}{text.count(len(preview.changes), 'operation')} would change"]
        parts += [f"{text.number(moved)} to another resource"] if moved else []
        broken = len(preview.violations)
        parts += [f"{text.count(broken, 'rule')} would be broken" if broken else "all rules hold"]
        parts += list(preview.warnings[:1])
        return ", ".join(parts[:3]) + ("" if len(parts) < 4 else f". {parts[3]}")

    def _lay_out(self) -> None:
        eye = QLabel()
        eye.setPixmap(pixmap("preview", 22, palette.PREVIEW, self.devicePixelRatioF()))
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(self._title)
        words.addWidget(self._note)
        top = QHBoxLayout()
        top.setSpacing(10)
        top.addWidget(eye, 0, Qt.AlignmentFlag.AlignTop)
        top.addLayout(words, 1)
        for one in (self.conflicts, self.changes, self.discard, self.apply):
            top.addWidget(one)
        box = QVBoxLayout(self)
        box.setContentsMargins(14, 10, 14, 10)
        box.setSpacing(8)
        box.addLayout(top)
        indent = QHBoxLayout()
        indent.setContentsMargins(22, 0, 0, 0)
        indent.addWidget(self._row)
        box.addLayout(indent)


class _Figure(QWidget):
    """One figure: its name and change, and under them the value before and after."""

    def __init__(self, spec: KpiSpec) -> None:
        super().__init__()
        self._spec = spec
        self._before, self._after = label("", "muted"), label("", "strong")
        self._change = label("", "chip-none")
        values = QHBoxLayout()
        values.setSpacing(5)
        for one in (self._before, label(text.ARROW, "muted"), self._after):
            values.addWidget(one)
        values.addStretch(1)
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(label(spec.title, "small"))
        head.addWidget(self._change)
        head.addStretch(1)
        box = QVBoxLayout(self)
        box.setContentsMargins(10, 0, 8, 0)
        box.setSpacing(1)
        box.addLayout(head)
        box.addLayout(values)
        self.setToolTip(spec.meaning)

    def show_values(self, before: KpiValues, after: KpiValues) -> None:
        """Show both values and the change between them."""
        spec = self._spec
        shown = change(spec, before, after)
        self._before.setText(spec.written(getattr(before, spec.field)))
        self._after.setText(spec.written(getattr(after, spec.field)))
        self._change.setText(shown.text)
        set_role(self._change, f"chip-{shown.tone}")


class _Figures(QWidget):
    """Figures side by side; those that do not fit are left out from the right."""

    def __init__(self, figures: Sequence[_Figure]) -> None:
        super().__init__()
        self._figures = figures
        self._lines = [line("vline") for _ in figures[1:]]
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for index, figure in enumerate(figures):
            if index:
                row.addWidget(self._lines[index - 1])
            row.addWidget(figure)
        row.addStretch(1)

    def minimumSizeHint(self) -> QSize:
        return QSize(100, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()

    def fit(self) -> None:
        """Show as many as fit."""
        left = self.width()
        for index, figure in enumerate(self._figures):
            left -= figure.sizeHint().width() + 1
            figure.setVisible(left >= 0 or index == 0)
            if index:
                self._lines[index - 1].setVisible(left >= 0)
