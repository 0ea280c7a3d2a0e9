"""Paints one version of a history: its lanes, and two lines of text."""

from __future__ import annotations

import datetime as dt
from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from ui import palette
from ui.history.model import ROW, Chip, HistoryRow
from ui.theme import ui_font

ROW_PX: Final = 46
_LANE_PX, _FIRST_PX, _MOST_LANES = 15, 14, 7
_DOT_PX, _LINE_PX = 5.0, 2.0
_TONES: Final = {"good": palette.GOOD, "bad": palette.BAD, "none": palette.INK_MUTED}


class HistoryDelegate(QStyledItemDelegate):
    """Rows of a fixed height; texts end in an ellipsis where they do not fit."""

    def __init__(self, parent: object = None) -> None:
        super().__init__(parent)  # type: ignore[arg-type]
        self.zone: dt.tzinfo = dt.UTC
        self._font, self._strong, self._small = ui_font(), ui_font(), ui_font(12)
        self._strong.setBold(True)
        self._chip = ui_font(11)

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(200, ROW_PX)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        row: HistoryRow = index.data(ROW)
        rect: QRect = option.rect  # type: ignore[attr-defined]
        state = option.state  # type: ignore[attr-defined]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(palette.ACCENT_SOFT))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, QColor(palette.HOVER))
        left = rect.left() + _FIRST_PX
        if row.graph is not None:
            self._paint_graph(painter, rect, row)
            left += min(len(row.colours), _MOST_LANES) * _LANE_PX
        self._paint_text(painter, QRect(left, rect.top() + 4, rect.right() - left - 8, ROW_PX - 8), row)
        painter.restore()

    # the graph

    def _paint_graph(self, painter: QPainter, rect: QRect, row: HistoryRow) -> None:
        graph = row.graph
        assert graph is not None
        top, bottom, middle = float(rect.top()), float(rect.bottom() + 1), rect.top() + ROW_PX / 2
        for lane in graph.past:
            self._line(painter, row, lane, (self._x(rect, lane), top), (self._x(rect, lane), bottom))
        dot = self._x(rect, graph.lane)
        for lane in graph.above:
            self._line(painter, row, lane, (self._x(rect, lane), top), (dot, middle))
        for lane in graph.below:
            self._line(painter, row, lane, (dot, middle), (self._x(rect, lane), bottom))
        colour = QColor(self._colour(row, graph.lane))
        is_merge = len(row.version.parents) > 1
        painter.setPen(QPen(colour, _LINE_PX))
        painter.setBrush(QColor(palette.SURFACE) if is_merge else colour)
        if row.is_present:
            painter.setBrush(QColor(palette.SURFACE))
            painter.drawEllipse(QPointF(dot, middle), _DOT_PX + 2.5, _DOT_PX + 2.5)
            painter.setBrush(colour)
            painter.setPen(Qt.PenStyle.NoPen)
        painter.drawEllipse(QPointF(dot, middle), _DOT_PX - 0.5, _DOT_PX - 0.5)

    def _line(
        self, painter: QPainter, row: HistoryRow, lane: int, start: tuple[float, float], end: tuple[float, float]
    ) -> None:
        painter.setPen(QPen(QColor(self._colour(row, lane)), _LINE_PX))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        path = QPainterPath(QPointF(*start))
        half = (start[1] + end[1]) / 2
        path.cubicTo(QPointF(start[0], half), QPointF(end[0], half), QPointF(*end))
        painter.drawPath(path)

    def _x(self, rect: QRect, lane: int) -> float:
        return rect.left() + _FIRST_PX + min(lane, _MOST_LANES - 1) * _LANE_PX

    def _colour(self, row: HistoryRow, lane: int) -> str:
        return row.colours[lane] if lane < len(row.colours) else palette.INK_MUTED

    # the text

    def _paint_text(self, painter: QPainter, rect: QRect, row: HistoryRow) -> None:
        half = rect.height() // 2
        first = QRect(rect.left(), rect.top(), rect.width(), half)
        second = QRect(rect.left(), rect.top() + half, rect.width(), half)
        self._text(painter, second, row.late, self._small, _TONES[row.late_tone], right=True)
        used = QFontMetrics(self._small).horizontalAdvance(row.late) + 8
        facts = row.facts(self.zone)
        self._text(painter, second.adjusted(0, 0, -used, 0), facts, self._small, palette.INK_MUTED)
        number = str(row.version.number)
        self._text(painter, first, number, self._strong, palette.INK)
        start = first.left() + QFontMetrics(self._strong).horizontalAdvance(number) + 8
        room = first.right() - start
        for chip in row.chips:
            start += self._paint_chip(
                painter, QRect(start, first.top(), max(0, first.right() - start), half), chip, room
            )
        self._text(
            painter, QRect(start, first.top(), first.right() - start, half), row.comment, self._font, palette.INK
        )

    def _paint_chip(self, painter: QPainter, rect: QRect, chip: Chip, room: int) -> int:
        """Paint a chip at the left of a rectangle, at most 45 % of the room wide, and return what it takes."""
        metrics = QFontMetrics(self._chip)
        words = metrics.elidedText(chip.text, Qt.TextElideMode.ElideRight, min(rect.width() - 14, room * 45 // 100))
        width = metrics.horizontalAdvance(words) + 12
        if (width < 26 and words != chip.text) or rect.width() < width:
            return 0
        box = QRectF(rect.left(), rect.center().y() - 7.5, width, 16)
        colour = QColor(chip.colour)
        painter.setPen(QPen(colour, 1))
        painter.setBrush(colour if chip.is_filled else QColor(palette.SURFACE))
        painter.drawRoundedRect(box, 8, 8)
        painter.setFont(self._chip)
        painter.setPen(QColor(palette.INK_ON_ACCENT if chip.is_filled else chip.colour))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)
        return width + 5

    def _text(
        self, painter: QPainter, rect: QRect, words: str, font: object, colour: str, *, right: bool = False
    ) -> None:
        painter.setFont(font)  # type: ignore[arg-type]
        painter.setPen(QColor(colour))
        side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
        shown = QFontMetrics(painter.font()).elidedText(words, Qt.TextElideMode.ElideRight, max(0, rect.width()))
        painter.drawText(rect, int(side | Qt.AlignmentFlag.AlignVCenter), shown)
