"""How the workstation looks: the palette of ``ui/palette.py`` as a Qt palette, one font and one style sheet."""

from __future__ import annotations

from importlib.resources import files

from PySide6.QtCore import QDir
from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory, QWidget

from ui import palette

SPACE = 8
"""The grid that margins and gaps are multiples (or halves) of, in logical pixels."""


def apply_theme(application: QApplication) -> None:
    """Give the application its style, font, colours and style sheet."""
    QDir.setSearchPaths("icons", [str(files("resources") / "icons")])
    application.setStyle(QStyleFactory.create("Fusion"))
    application.setFont(ui_font())
    application.setPalette(_qt_palette())
    application.setStyleSheet(style_sheet())


def ui_font(pixels: int = palette.FONT_PIXELS, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """Return the interface font; figures in tables line up because all candidates have tabular digits."""
    font = QFont()
    font.setFamilies(list(palette.FONT_STACK))
    font.setPixelSize(pixels)
    font.setWeight(weight)
    return font


def set_role(widget: QWidget, role: str) -> None:
    """Give a widget a style role of the sheet (``primary``, ``muted``, ``heading``, ``good`` ...), now or anew."""
    if widget.property("role") == role:
        return
    widget.setProperty("role", role)
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def _qt_palette() -> QPalette:
    roles = {
        QPalette.ColorRole.Window: palette.CANVAS,
        QPalette.ColorRole.WindowText: palette.INK,
        QPalette.ColorRole.Base: palette.SURFACE,
        QPalette.ColorRole.AlternateBase: palette.SURFACE_ALT,
        QPalette.ColorRole.Text: palette.INK,
        QPalette.ColorRole.Button: palette.SURFACE,
        QPalette.ColorRole.ButtonText: palette.INK,
        QPalette.ColorRole.BrightText: palette.BAD,
        QPalette.ColorRole.ToolTipBase: palette.INK,
        QPalette.ColorRole.ToolTipText: palette.SURFACE,
        QPalette.ColorRole.PlaceholderText: palette.INK_MUTED,
        QPalette.ColorRole.Highlight: palette.ACCENT,
        QPalette.ColorRole.HighlightedText: palette.INK_ON_ACCENT,
        QPalette.ColorRole.Link: palette.ACCENT,
        QPalette.ColorRole.LinkVisited: palette.ACCENT,
        QPalette.ColorRole.Mid: palette.LINE_STRONG,
        QPalette.ColorRole.Light: palette.SURFACE,
        QPalette.ColorRole.Dark: palette.LINE_STRONG,
        QPalette.ColorRole.Shadow: palette.LINE_STRONG,
    }
    result = QPalette()
    for role, colour in roles.items():
        result.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, role, QColor(palette.INK_DISABLED))
    return result


def style_sheet() -> str:
    """Return the style sheet with the palette filled in (``$NAME`` stands for ``palette.NAME``)."""
    source = (files("resources") / "theme.qss").read_text(encoding="utf-8")
    names = sorted((name for name in dir(palette) if name.isupper()), key=len, reverse=True)
    for name in names:
        value = getattr(palette, name)
        if isinstance(value, str | int):
            source = source.replace(f"${name}", str(value))
    return source
