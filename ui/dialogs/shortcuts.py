"""Every keyboard shortcut, from the table of actions."""

from __future__ import annotations

from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QGridLayout, QScrollArea, QWidget

from ui.actions import ACTIONS, MENUS, plain_text
from ui.dialogs.base import Dialog
from ui.widgets import label


class ShortcutsDialog(Dialog):
    """Two columns a menu: keys and what they do."""

    def __init__(self, parent: QWidget | None) -> None:
        super().__init__("Keyboard shortcuts", parent, heading="Keyboard shortcuts", width=520)
        content = QWidget()
        grid = QGridLayout(content)
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(5)
        grid.setColumnStretch(1, 1)
        row = 0
        for menu in MENUS:
            members = [spec for spec in ACTIONS if spec.menu == menu and spec.shortcut]
            if not members:
                continue
            grid.addWidget(label(menu, "caption"), row, 0, 1, 2)
            for offset, spec in enumerate(members, 1):
                keys = (QKeySequence(k).toString(QKeySequence.SequenceFormat.NativeText) for k in spec.shortcut)
                grid.addWidget(label(" or ".join(keys)), row + offset, 0)
                grid.addWidget(label(plain_text(spec.text), "muted"), row + offset, 1)
            row += len(members) + 1
            grid.setRowMinimumHeight(row, 10)
            row += 1
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(content)
        scroll.setMinimumHeight(460)
        self.body.addWidget(scroll)
        self.add_action("Close", self.accept, role="primary")
