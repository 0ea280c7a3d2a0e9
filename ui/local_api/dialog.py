"""Tools > Local HTTP API: on or off, where it answers, and tokens for those who may ask."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QApplication, QCheckBox, QGridLayout, QHBoxLayout, QLineEdit, QSpinBox, QWidget

from app.local_api import IssuedToken
from ui.dialogs.base import Dialog
from ui.theme import set_role
from ui.widgets import Notice, button, combo, inset, label, line

_SCOPES = (("read", "Read plans"), ("plan", "Read, plan and save"), ("admin", "Everything, others' runs too"))


class LocalApiDialog(Dialog):
    """Shows a state and asks for another; nothing is decided here."""

    on_requested = Signal(int)
    """Switch on at this port."""
    off_requested = Signal()
    at_start_changed = Signal(bool)
    token_requested = Signal(str, str, int)
    """(name, scope, days) of the token wanted."""

    def __init__(self, parent: QWidget | None, user: str, port: int, is_at_start: bool) -> None:
        super().__init__("Local HTTP API", parent, heading="Let other programs plan", width=560)
        words = (
            "Scripts, an MES or an ERP on this PC can read plans, optimise and save versions while this window is "
            "open. Programs on other machines are not let in. Each needs a token."
        )
        self.body.addWidget(label(words, "muted", wrap=True))
        self.state, self.address = label("", "strong"), QLineEdit()
        self.address.setReadOnly(True)
        self.address.setAccessibleName("Address")
        self.port = inset(QSpinBox())
        self.port.setRange(1_024, 65_535)
        self.port.setGroupSeparatorShown(False)
        self.port.setValue(port)
        self.port.setAccessibleName("Port")
        self.switch = button("", self._on_switch)
        self.copy_address = button("Copy", lambda: _copy(self.address.text()))
        self.copy_address.setAccessibleName("Copy the address")
        self.at_start = QCheckBox("Switch on whenever Taktwerk starts")
        self.at_start.setChecked(is_at_start)
        self.at_start.toggled.connect(self.at_start_changed)
        self.notice = Notice("bad")
        self.body.addLayout(self._server_grid())
        self.body.addWidget(self.at_start)
        self.body.addWidget(line())
        self.body.addWidget(label("New token", "strong"))
        self._make_token_fields(user)
        self.body.addLayout(self._token_grid())
        self.body.addWidget(self.notice)
        self.add_action("Close", self.accept)
        self.show_state(None)

    def show_state(self, address: str | None) -> None:
        """Show where the API answers, ``None``: that it is off."""
        self._is_on = address is not None
        self.state.setText("On" if address else "Off")
        set_role(self.state, "chip-good" if address else "chip-none")
        self.address.setText(address or "")
        self.address.setPlaceholderText("Off: nothing answers")
        self.copy_address.setEnabled(address is not None)
        self.port.setEnabled(address is None)
        self.switch.setText("Switch off" if address else "Switch on")
        set_role(self.switch, "" if address else "primary")
        self.switch.setEnabled(True)

    def show_busy(self) -> None:
        """Something is being switched."""
        self.switch.setEnabled(False)
        self.notice.say("bad", "")

    def show_error(self, message: str) -> None:
        """Say what went wrong."""
        self.switch.setEnabled(True)
        self.notice.say("bad", message)

    def show_token(self, issued: IssuedToken, until: str) -> None:
        """Show a token this once; it is on the clipboard."""
        _copy(issued.text)
        self.token.setText(issued.text)
        self.token.setCursorPosition(0)
        self.notice.say("info", f"Copied. The token of {issued.user} is good until {until}; it is not shown again.")

    def _on_switch(self) -> None:
        if self._is_on:
            self.off_requested.emit()
        else:
            self.on_requested.emit(self.port.value())

    def _make_token_fields(self, user: str) -> None:
        self.user = QLineEdit(user)
        self.user.setAccessibleName("Name of the token")
        self.user.setPlaceholderText("Who uses it; what they save bears this name")
        self.scope = combo("What the token allows")
        for key, title in _SCOPES:
            self.scope.addItem(title, key)
        self.scope.setCurrentIndex(1)
        self.days = inset(QSpinBox())
        self.days.setRange(1, 366)
        self.days.setValue(30)
        self.days.setSuffix(" days")
        self.days.setAccessibleName("How long the token is good for")
        self.token = QLineEdit()
        self.token.setReadOnly(True)
        self.token.setAccessibleName("Token")
        self.token.setPlaceholderText("Shown once, when it is made")
        self.make = button("Make and copy", self._on_make)

    def _on_make(self) -> None:
        self.token_requested.emit(self.user.text().strip(), self.scope.currentData(), self.days.value())

    def _server_grid(self) -> QGridLayout:
        state = QHBoxLayout()
        state.setSpacing(8)
        for one in (self.state, label("Port", "muted"), self.port):
            state.addWidget(one)
        state.addStretch(1)
        grid = _grid()
        grid.addWidget(label("State", "muted"), 0, 0)
        grid.addLayout(state, 0, 1)
        grid.addWidget(self.switch, 0, 2)
        grid.addWidget(label("Address", "muted"), 1, 0)
        grid.addWidget(self.address, 1, 1)
        grid.addWidget(self.copy_address, 1, 2)
        return grid

    def _token_grid(self) -> QGridLayout:
        allowed = QHBoxLayout()
        allowed.setSpacing(8)
        allowed.addWidget(self.scope, 1)
        allowed.addWidget(self.days)
        grid = _grid()
        grid.addWidget(label("Name", "muted"), 0, 0)
        grid.addWidget(self.user, 0, 1)
        grid.addWidget(label("Allows", "muted"), 1, 0)
        grid.addLayout(allowed, 1, 1)
        grid.addWidget(self.make, 1, 2)
        grid.addWidget(label("Token", "muted"), 2, 0)
        grid.addWidget(self.token, 2, 1, 1, 2)
        return grid


def _grid() -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(12)
    grid.setVerticalSpacing(8)
    grid.setColumnMinimumWidth(0, 60)
    grid.setColumnStretch(1, 1)
    return grid


def _copy(words: str) -> None:
    QApplication.clipboard().setText(words)
