"""How a page of the manual looks once Qt has read its Markdown, which no style sheet reaches."""

from __future__ import annotations

from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFrameFormat,
    QTextLength,
    QTextTable,
)

from ui import palette

_HEADING_PX = {1: 24, 2: 18, 3: 15}
_ABOVE_PX = {1: 4, 2: 22, 3: 16}
_LINE_PER_CENT = 135


def dress(document: QTextDocument) -> None:
    """Give headings, paragraphs, code and tables of a page their looks."""
    block = document.begin()
    while block.isValid():
        _dress_block(block)
        block = block.next()
    for frame in document.rootFrame().childFrames():
        if isinstance(frame, QTextTable):
            _dress_table(frame)


def _dress_block(block: QTextBlock) -> None:
    cursor = QTextCursor(block)
    level = block.blockFormat().headingLevel()
    in_table = cursor.currentTable() is not None  # pyright: ignore[reportUnnecessaryComparison]
    shape = QTextBlockFormat()
    shape.setLineHeight(_LINE_PER_CENT, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
    if level:
        shape.setTopMargin(_ABOVE_PX.get(level, 12))
        shape.setBottomMargin(6)
    elif not in_table:
        shape.setTopMargin(0)
        shape.setBottomMargin(4 if block.textList() else 9)
    if _has_picture(block):
        shape.setLineHeight(100, QTextBlockFormat.LineHeightTypes.SingleHeight.value)
        shape.setTopMargin(6)
        shape.setBottomMargin(14)
    cursor.mergeBlockFormat(shape)
    if level:
        _dress_heading(cursor, level)
    else:
        _dress_words(block)


def _dress_heading(cursor: QTextCursor, level: int) -> None:
    cursor.select(QTextCursor.SelectionType.BlockUnderCursor)
    words = QTextCharFormat()
    font = QFont()
    font.setFamilies(list(palette.FONT_STACK))
    font.setPixelSize(_HEADING_PX.get(level, 13))
    font.setWeight(QFont.Weight.DemiBold)
    words.setFont(font)
    words.setForeground(QBrush(QColor(palette.INK if level > 1 else palette.ACCENT_PRESSED)))
    cursor.mergeCharFormat(words)


def _dress_words(block: QTextBlock) -> None:
    """Keys, names and commands in the text: a quiet ground under them, links in the accent."""
    spans: list[tuple[int, int, bool]] = []
    part = block.begin()
    while not part.atEnd():
        piece = part.fragment()
        shape = piece.charFormat()
        if shape.isAnchor() or shape.fontFixedPitch():
            spans.append((piece.position(), piece.length(), shape.isAnchor()))
        part += 1
    for start, length, is_link in spans:
        cursor = QTextCursor(block)
        cursor.setPosition(start)
        cursor.setPosition(start + length, QTextCursor.MoveMode.KeepAnchor)
        look = QTextCharFormat()
        if is_link:
            look.setForeground(QBrush(QColor(palette.ACCENT)))
        else:
            look.setBackground(QBrush(QColor(palette.HOVER)))
        cursor.mergeCharFormat(look)


def _dress_table(table: QTextTable) -> None:
    shape = table.format()
    shape.setBorder(1)
    shape.setBorderBrush(QBrush(QColor(palette.LINE)))
    shape.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
    shape.setBorderCollapse(True)
    shape.setCellPadding(6)
    shape.setCellSpacing(0)
    shape.setTopMargin(4)
    shape.setBottomMargin(14)
    shape.setWidth(QTextLength(QTextLength.Type.PercentageLength, 100))
    table.setFormat(shape)
    for column in range(table.columns()):
        cell = table.cellAt(0, column)
        ground = cell.format()
        ground.setBackground(QBrush(QColor(palette.SURFACE_ALT)))
        cell.setFormat(ground)


def _has_picture(block: QTextBlock) -> bool:
    part = block.begin()
    while not part.atEnd():
        if part.fragment().charFormat().isImageFormat():
            return True
        part += 1
    return False
