"""Small building blocks of the shell: sections, segmented choices, notices, empty states, date fields."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import TypeVar

from PySide6.QtCore import QDate, QDateTime, QSize, Qt, QTime, QTimeZone, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QDateTimeEdit,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QStyledItemDelegate,
    QVBoxLayout,
    QWidget,
)

from ui import palette
from ui.icons import icon, pixmap
from ui.theme import set_role

_NOTICE_LOOKS = {
    "info": ("info", palette.ACCENT_PRESSED),
    "warn": ("warning", palette.WARN),
    "bad": ("error", palette.BAD),
}


def label(text: str = "", role: str = "", *, wrap: bool = False, selectable: bool = False) -> QLabel:
    """Return a plain-text label (never rich text: what it shows may come from a file)."""
    result = QLabel(text)
    result.setTextFormat(Qt.TextFormat.PlainText)
    result.setWordWrap(wrap)
    if role:
        result.setProperty("role", role)
    if selectable:
        result.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return result


def button(
    text: str, on_click: Callable[[], object] | None = None, *, role: str = "", icon_name: str = ""
) -> QPushButton:
    """Return a push button."""
    result = QPushButton(text)
    if role:
        result.setProperty("role", role)
    if icon_name:
        tint = {"primary": palette.INK_ON_ACCENT, "danger": palette.BAD}.get(role, palette.INK_MUTED)
        result.setIcon(icon(icon_name, tint))
        result.setIconSize(QSize(18, 18))
    if on_click is not None:
        result.clicked.connect(lambda: on_click())
    return result


_Spin = TypeVar("_Spin", bound=QAbstractSpinBox)


def inset(spin: _Spin) -> _Spin:
    """Move the text of a spin box off its left edge, where style sheets cannot, and return it."""
    edit = spin.findChild(QLineEdit)
    if edit is not None:
        edit.setTextMargins(5, 0, 0, 0)
    return spin


def combo(accessible_name: str = "") -> QComboBox:
    """Return a combo box that takes the width it is given, however long its entries are."""
    result = QComboBox()
    result.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    result.setMinimumContentsLength(6)
    result.setItemDelegate(QStyledItemDelegate(result))  # only this one follows the style sheet
    result.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    if accessible_name:
        result.setAccessibleName(accessible_name)
    return result


def line(role: str = "line") -> QFrame:
    """Return a hairline (``line`` horizontal, ``vline`` vertical)."""
    result = QFrame()
    result.setProperty("role", role)
    return result


def surface(widget: QWidget) -> QWidget:
    """Give a widget the background of a panel and return it."""
    widget.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    widget.setProperty("role", "surface")
    return widget


class ElidedLabel(QLabel):
    """A one-line label that ends in an ellipsis where it does not fit, with its whole text as tooltip."""

    def __init__(self, text: str = "", role: str = "") -> None:
        super().__init__(text)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        if role:
            self.setProperty("role", role)

    def minimumSizeHint(self) -> QSize:
        return QSize(40, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        shown = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.contentsRect().width())
        self.setToolTip(self.text() if shown != self.text() else "")
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.contentsRect(), int(self.alignment() | Qt.AlignmentFlag.AlignVCenter), shown)
        painter.end()


class Section(QWidget):
    """A titled part of a form that folds; ``summary`` stands at the right of the title, also when folded."""

    toggled = Signal(bool)

    def __init__(self, title: str, content: QWidget, *, is_open: bool = True) -> None:
        super().__init__()
        self._content = content
        self._head = button(title, self._toggle, role="section")
        self._head.setIconSize(QSize(16, 16))
        self._summary = ElidedLabel("", "small")
        self._summary.setAlignment(Qt.AlignmentFlag.AlignRight)
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        head.addWidget(self._head)
        head.addWidget(self._summary, 1)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(6)
        box.addLayout(head)
        box.addWidget(content)
        self.set_open(is_open)

    @property
    def is_open(self) -> bool:
        """Whether the content shows."""
        return not self._content.isHidden()

    def set_open(self, is_open: bool) -> None:
        """Fold or unfold."""
        self._content.setVisible(is_open)
        self._head.setIcon(icon("chevron-down" if is_open else "chevron-right"))
        self._head.setAccessibleDescription("open" if is_open else "folded")

    def set_summary(self, text: str) -> None:
        """Say in a few words what the section holds."""
        self._summary.setText(text)

    def _toggle(self) -> None:
        self.set_open(not self.is_open)
        self.toggled.emit(self.is_open)


class Segmented(QWidget):
    """A row of buttons of which one is chosen."""

    changed = Signal(str)

    def __init__(self, choices: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QPushButton] = {}
        for index, (key, text) in enumerate(choices):
            one = button(text, role="segment")
            one.setCheckable(True)
            radius = "border-top-left-radius:4px;border-bottom-left-radius:4px;" if index == 0 else "margin-left:-1px;"
            if index == len(choices) - 1:
                radius += "border-top-right-radius:4px;border-bottom-right-radius:4px;"
            one.setStyleSheet(f"QPushButton{{{radius}}}")
            one.clicked.connect(lambda _=False, k=key: self.changed.emit(k))
            self._group.addButton(one)
            self._buttons[key] = one
            box.addWidget(one, 1)
        self.set_value(choices[0][0])

    def value(self) -> str:
        """Return the key of the chosen one."""
        return next(key for key, one in self._buttons.items() if one.isChecked())

    def set_value(self, key: str) -> None:
        """Choose one, silently."""
        self._buttons[key].setChecked(True)

    def set_text(self, key: str, text: str) -> None:
        """Change the text of one."""
        self._buttons[key].setText(text)


class Notice(QFrame):
    """A coloured strip with an icon and a sentence: ``info``, ``warn`` or ``bad``."""

    def __init__(self, kind: str = "info", text: str = "") -> None:
        super().__init__()
        self._icon = QLabel()
        self._text = label("", wrap=True, selectable=True)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self._text.setSizePolicy(policy)
        own = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        own.setHeightForWidth(True)
        self.setSizePolicy(own)
        self._buttons = QHBoxLayout()
        box = QHBoxLayout(self)
        box.setContentsMargins(9, 7, 9, 7)
        box.setSpacing(8)
        box.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        box.addWidget(self._text, 1)
        box.addLayout(self._buttons)
        self.say(kind, text)

    def say(self, kind: str, text: str) -> None:
        """Show a sentence; an empty one hides the strip."""
        name, colour = _NOTICE_LOOKS[kind]
        self._icon.setPixmap(pixmap(name, 18, colour, self.devicePixelRatioF()))
        self._text.setText(text)
        self.setVisible(bool(text))
        set_role(self, f"notice-{kind}")

    def text(self) -> str:
        """Return the sentence."""
        return self._text.text()

    def add_button(self, one: QPushButton) -> None:
        """Put a button at the right."""
        self._buttons.addWidget(one)


class EmptyState(QWidget):
    """What an empty list shows: an icon, what is (not) there, and what to do."""

    def __init__(self, icon_name: str, title: str, text: str = "") -> None:
        super().__init__()
        picture = QLabel()
        picture.setPixmap(pixmap(icon_name, 32, palette.INK_DISABLED, self.devicePixelRatioF()))
        picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.title = label(title, "muted", wrap=True)
        self.text = label(text, "small", wrap=True)
        box = QVBoxLayout(self)
        box.setSpacing(4)
        box.addStretch(1)
        box.addWidget(picture)
        for one in (self.title, self.text):
            one.setAlignment(Qt.AlignmentFlag.AlignCenter)
            box.addWidget(one)
        box.addStretch(2)

    def say(self, title: str, text: str = "") -> None:
        """Change the words."""
        self.title.setText(title)
        self.text.setText(text)


class DateTimeField(QWidget):
    """A date and time in the plant's zone; an optional one has a check box before it and may be absent."""

    changed = Signal()

    def __init__(self, zone: dt.tzinfo, *, optional: bool = False) -> None:
        super().__init__()
        self._zone = zone
        self._edit = inset(QDateTimeEdit())
        self._edit.setTimeZone(QTimeZone(QTimeZone.Initialization.UTC))
        self._edit.setDisplayFormat("ddd d MMM yyyy  HH:mm")
        self._edit.setCalendarPopup(True)
        self._check = QCheckBox() if optional else None
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(4)
        if self._check is not None:
            box.addWidget(self._check)
            self._check.toggled.connect(self._on_toggled)
        box.addWidget(self._edit, 1)
        self._edit.dateTimeChanged.connect(lambda _: self.changed.emit())
        self.setFocusProxy(self._check or self._edit)
        self.set_value(None if optional else dt.datetime.now(dt.UTC).replace(second=0, microsecond=0))

    def value(self) -> dt.datetime | None:
        """Return the instant in UTC, or ``None``."""
        if self._check is not None and not self._check.isChecked():
            return None
        moment = self._edit.dateTime()
        day, clock = moment.date(), moment.time()
        local = dt.datetime.combine(
            dt.date(day.year(), day.month(), day.day()),
            dt.time(clock.hour(), clock.minute(), clock.second(), clock.msec() * 1000),
            self._zone,
        )
        return local.astimezone(dt.UTC)

    def set_value(self, when: dt.datetime | None) -> None:
        """Show an instant, silently."""
        blocked = self._edit.blockSignals(True)
        if self._check is not None:
            self._check.blockSignals(True)
            self._check.setChecked(when is not None)
            self._check.blockSignals(False)
            self._edit.setEnabled(when is not None)
        if when is not None:
            local = when.astimezone(self._zone)
            clock = QTime(local.hour, local.minute, local.second, local.microsecond // 1000)
            day = QDate(local.year, local.month, local.day)
            self._edit.setDateTime(QDateTime(day, clock, QTimeZone(QTimeZone.Initialization.UTC)))
        self._edit.blockSignals(blocked)

    def suggest(self, when: dt.datetime) -> None:
        """Preset what appears when the box is ticked, without ticking it."""
        if self.value() is None:
            self.set_value(when)
            self.set_value(None)

    def set_bad(self, is_bad: bool) -> None:
        """Mark the field as wrong."""
        set_role(self._edit, "bad" if is_bad else "")

    def _on_toggled(self, is_on: bool) -> None:
        self._edit.setEnabled(is_on)
        self.changed.emit()
