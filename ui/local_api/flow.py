"""Switching the local HTTP API: in the background, at the start if that is wished, and off when the window closes."""

from __future__ import annotations

import datetime as dt

from PySide6.QtCore import QObject, QSettings, Signal

from app.local_api import DEFAULT_PORT, IssuedToken, LocalApi
from engine.errors import TaktwerkError
from engine.instants import from_ms
from ui import text
from ui.actions import Actions
from ui.background import in_background
from ui.local_api.dialog import LocalApiDialog
from ui.workbench import Workbench

_AT_START, _PORT = "api/atStart", "api/port"


class LocalApiFlow(QObject):
    """Between the window and the API; without one the action is disabled.

    Parameters
    ----------
    workbench, actions
        Where errors are told; where the action is.
    api
        The API.
    settings
        Remembers the port and whether it is on at the start.
    """

    changed = Signal(str)
    """The address that it answers at now; empty: it is off."""

    def __init__(self, workbench: Workbench, actions: Actions, api: LocalApi | None, settings: QSettings) -> None:
        super().__init__(workbench)
        self._bench, self._api, self._settings = workbench, api, settings
        self.dialog: LocalApiDialog | None = None
        actions["tools.api"].triggered.connect(lambda _=False: self.open())
        actions["tools.api"].setEnabled(api is not None)

    @property
    def is_at_start(self) -> bool:
        """Whether it is switched on whenever the program starts."""
        return self._settings.value(_AT_START, False, type=bool) is True

    @property
    def port(self) -> int:
        """Where it answers, as far as that is free."""
        stored = str(self._settings.value(_PORT) or "")
        return int(stored) if stored.isdigit() and 1_024 <= int(stored) <= 65_535 else DEFAULT_PORT

    def begin(self) -> None:
        """Switch it on if that is wished at the start."""
        if self._api is not None and self.is_at_start:
            self.switch_on(self.port)

    def open(self) -> LocalApiDialog | None:
        """Show the switch."""
        if self._api is None:
            return None
        self.dialog = dialog = LocalApiDialog(self._bench.window, self._api.user, self.port, self.is_at_start)
        dialog.show_state(self._api.address)
        dialog.on_requested.connect(self.switch_on)
        dialog.off_requested.connect(self.switch_off)
        dialog.at_start_changed.connect(lambda is_on: self._settings.setValue(_AT_START, is_on))
        dialog.token_requested.connect(self._issue)
        dialog.finished.connect(self._forget)
        dialog.open()
        return dialog

    def switch_on(self, port: int) -> None:
        """Let it answer."""
        api = self._api
        if api is None:
            return

        def done(address: str) -> None:
            self._settings.setValue(_PORT, port)
            self._show(address)
            self._bench.say(f"Other programs on this PC can plan through {address}.")

        self._busy()
        in_background(lambda: api.start(port), done, self._failed)

    def switch_off(self) -> None:
        """Let it answer no more."""
        api = self._api
        if api is not None:
            self._busy()
            in_background(api.stop, lambda _: self._show(""), self._failed)

    def close(self) -> None:
        """Switch it off and wait for that: the window goes."""
        if self._api is not None:
            self._api.stop()

    def _issue(self, user: str, scope: str, days: int) -> None:
        api = self._api
        if api is None:
            return

        def done(issued: IssuedToken) -> None:
            if self.dialog is not None:
                local = dt.datetime.now().astimezone().tzinfo or dt.UTC
                self.dialog.show_token(issued, text.instant(from_ms(issued.expires_at * 1000), local, year=True))

        in_background(lambda: api.issue(user, scope, days), done, self._failed)

    def _busy(self) -> None:
        if self.dialog is not None:
            self.dialog.show_busy()

    def _show(self, address: str) -> None:
        self.changed.emit(address)
        if self.dialog is not None:
            self.dialog.show_state(address or None)

    def _failed(self, error: Exception) -> None:
        if self.dialog is None or not isinstance(error, TaktwerkError):
            self._bench.show_error(error, "The HTTP API was not switched")
        else:
            self.dialog.show_error(error.message)

    def _forget(self, _: int) -> None:
        self.dialog = None
