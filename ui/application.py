"""The Qt application: one a database, every error shown and logged, long stalls of the interface logged."""

from __future__ import annotations

import hashlib
import logging
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import (
    QCoreApplication,
    QLocale,
    QLockFile,
    QMessageLogContext,
    QObject,
    Qt,
    QTimer,
    QtMsgType,
    Signal,
    qInstallMessageHandler,
)
from PySide6.QtWidgets import QApplication, QWidget

from app.packaged import program_title
from engine.errors import TaktwerkError
from ui.icons import icon
from ui.theme import apply_theme

if TYPE_CHECKING:
    from ui.dialogs.base import Dialog
    from ui.dialogs.error import ErrorDialog

_log = logging.getLogger("taktwerk.ui")
_qt_log = logging.getLogger("taktwerk.qt")
_LEVELS: Final = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
_HARMLESS: Final = ("This plugin does not support propagateSizeHints",)
STALL_MS: Final = 200
_STALL_CHECK_MS: Final = 50


def make_application(arguments: Sequence[str] = ()) -> QApplication:
    """Return the one QApplication, themed. URL schemes must be registered before (``ui.scheme``)."""
    QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_ShareOpenGLContexts)
    QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedKingdom))
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication([sys.argv[0], *arguments])
    application.setApplicationName("Taktwerk")
    application.setApplicationDisplayName(program_title())
    application.setOrganizationName("Taktwerk")
    application.setDesktopFileName("taktwerk")
    application.setWindowIcon(icon("app"))
    apply_theme(application)
    return application


class ErrorReporter(QObject):
    """Catches what nobody else caught, in any thread, logs it and shows it once in the interface's thread."""

    _caught = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.window: QWidget | None = None
        self._shown: ErrorDialog | None = None
        self._caught.connect(self._show, Qt.ConnectionType.QueuedConnection)

    def install(self) -> None:
        """Take over the hooks of Python and the messages of Qt."""
        sys.excepthook = self._on_exception
        threading.excepthook = lambda args: self._on_exception(
            args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback
        )
        qInstallMessageHandler(_on_qt_message)

    def uninstall(self) -> None:
        """Give the hooks back."""
        sys.excepthook = sys.__excepthook__
        threading.excepthook = threading.__excepthook__
        qInstallMessageHandler(None)

    def _on_exception(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QCoreApplication.quit()
            return
        _log.error("unexpected error", exc_info=(kind, error, trace))
        self._caught.emit(error)

    def _show(self, error: BaseException) -> None:
        if self._shown is not None:
            return
        from ui.dialogs.error import ErrorDialog  # the start does not wait for what is seldom shown

        if isinstance(error, TaktwerkError):
            dialog = ErrorDialog(error, self.window)
        else:
            message = f"{type(error).__name__}: {error}. The log has the details."
            dialog = ErrorDialog({"message": message}, self.window, heading="Something unexpected went wrong")
        self._shown = dialog
        dialog.finished.connect(self._forget)
        dialog.open()

    def _forget(self, _: int) -> None:
        self._shown = None


class StallWatch(QObject):
    """Logs when the interface's thread was blocked for longer than ``STALL_MS``."""

    def __init__(self, parent: QObject | None = None, on_stall: Callable[[float], None] | None = None) -> None:
        super().__init__(parent)
        self.longest_ms = 0.0
        self._on_stall = on_stall
        self._last = time.perf_counter()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_STALL_CHECK_MS)
        self._timer.timeout.connect(self._check)
        self._timer.start()

    def _check(self) -> None:
        now = time.perf_counter()
        late_ms = (now - self._last) * 1000 - _STALL_CHECK_MS
        self._last = now
        self.longest_ms = max(self.longest_ms, late_ms)
        if late_ms > STALL_MS:
            _log.info("the interface was blocked for %.0f ms", late_ms)
            if self._on_stall is not None:
                self._on_stall(late_ms)


def lock_database(database: str, directory: Path) -> QLockFile | None:
    """Return the lock of this database for one workstation, or ``None`` when another one holds it.

    The lock of a process that died is taken over. Keep the result alive as long as the application runs.
    """
    directory.mkdir(parents=True, exist_ok=True)
    if "://" not in database:
        database = str(Path(database).expanduser().resolve())  # one file has one lock, however it is written
    name = hashlib.sha256(database.encode()).hexdigest()[:16]
    lock = QLockFile(str(directory / f"{name}.lock"))
    lock.setStaleLockTime(0)
    return lock if lock.tryLock(100) else None


def show_already_open(database: str) -> Dialog:
    """Tell that another window works on this database; the caller quits when it is closed."""
    from ui.dialogs.error import ErrorDialog

    dialog = ErrorDialog(
        {"message": f"Another Taktwerk window works on\n{database}"},
        None,
        heading="This database is already open",
        what_now="Switch to that window, or start with another --database.",
    )
    dialog.open()
    return dialog


def _on_qt_message(kind: QtMsgType, context: QMessageLogContext, message: str | None) -> Any:
    words = message or ""
    level = logging.DEBUG if words.startswith(_HARMLESS) else _LEVELS.get(kind, logging.WARNING)
    _qt_log.log(level, "%s%s", f"{context.category}: " if context.category != "default" else "", words)
