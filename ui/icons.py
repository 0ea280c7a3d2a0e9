"""Line icons of our own (``resources/icons``), tinted to the palette."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from ui import palette

_SIZES = (16, 20, 24, 32, 48, 64)


@lru_cache(maxsize=256)
def icon(name: str, colour: str = palette.INK_MUTED, on: str = "") -> QIcon:
    """Return the icon ``resources/icons/<name>.svg``; ``on`` is its colour when checked (the same by default).

    Raises
    ------
    FileNotFoundError
        When there is no such icon.
    """
    source = (files("resources") / "icons" / f"{name}.svg").read_text(encoding="utf-8")
    result = QIcon()
    faces = [(colour, QIcon.Mode.Normal, QIcon.State.Off), (palette.INK_DISABLED, QIcon.Mode.Disabled, QIcon.State.Off)]
    if on and on != colour:  # else Qt takes the other one
        faces.append((on, QIcon.Mode.Normal, QIcon.State.On))
    for tint, mode, state in faces:
        renderer = QSvgRenderer(QByteArray(source.replace("currentColor", tint).encode()))
        for size in _SIZES:
            result.addPixmap(_drawn(renderer, size), mode, state)
    return result


def pixmap(name: str, size: int, colour: str = palette.INK_MUTED, ratio: float = 1.0) -> QPixmap:
    """Return the icon as a pixmap of ``size`` logical pixels at a device pixel ratio."""
    return icon(name, colour).pixmap(QSize(size, size), ratio)


def _drawn(renderer: QSvgRenderer, size: int) -> QPixmap:
    image = QPixmap(size, size)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    renderer.render(painter, QRectF(0, 0, size, size))
    painter.end()
    return image
