"""A page of the manual: Markdown with pictures that fit the width; nothing is ever loaded from elsewhere."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPixmap, QResizeEvent, QTextCursor, QTextDocument
from PySide6.QtWidgets import QDialog, QLabel, QScrollArea, QTextBrowser, QTextEdit, QVBoxLayout, QWidget

from app import manual
from ui import palette
from ui.help.look import dress

_MARGIN_PX = 28
_SETTLE_MS = 120
_SCREEN_SHARE = 0.9


class ManualPage(QTextBrowser):
    """Shows one page at a time; where a link leads is told, not followed."""

    asked = Signal(str, str)
    """(page, anchor) of a link that was clicked."""

    def __init__(self) -> None:
        super().__init__()
        self.page = ""
        self.setObjectName("manualPage")
        self.setAccessibleName("Page of the manual")
        self.setOpenLinks(False)
        self.setStyleSheet("QTextBrowser { border: 0; border-radius: 0; }")
        self.document().setDocumentMargin(_MARGIN_PX)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.anchorClicked.connect(self._on_link)
        self._drawn_px = 0
        self._settled = QTimer(self)
        self._settled.setSingleShot(True)
        self._settled.setInterval(_SETTLE_MS)
        self._settled.timeout.connect(self._fit)

    def show_page(self, page: str, anchor: str = "", words: str = "") -> None:
        """Show a page from its top, or from a heading, with words that were looked for marked."""
        if page != self.page:
            self.page = page
            self._draw()
        self._mark(words)
        self._scroll_to(anchor)

    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        """Return a picture of the manual as wide as there is room, and nothing else."""
        if kind != QTextDocument.ResourceType.ImageResource.value:
            return None
        folder = manual.manual_folder()
        path = (folder / QUrl(name).path()).resolve()
        if not path.is_relative_to(folder.parent.resolve()):
            return None
        picture = QImage(str(path))
        ratio = self.devicePixelRatioF()
        room = round(self._room_px() * ratio)
        if picture.width() > room:
            picture = picture.scaledToWidth(room, Qt.TransformationMode.SmoothTransformation)
        picture.setDevicePixelRatio(ratio if picture.width() == room else 1.0)
        return picture

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._settled.start()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        name = self._picture_at(event)
        if name and event.button() == Qt.MouseButton.LeftButton and not self.textCursor().hasSelection():
            PictureWindow(name, self.window()).show()
            return
        super().mouseReleaseEvent(event)

    def _picture_at(self, event: QMouseEvent) -> str:
        shape = self.cursorForPosition(event.position().toPoint()).charFormat()
        return shape.toImageFormat().name() if shape.isImageFormat() else ""

    def _room_px(self) -> int:
        return max(240, self.viewport().width() - 2 * _MARGIN_PX - 2)

    def _draw(self) -> None:
        self._drawn_px = self._room_px()
        self.setMarkdown(manual.page_text(self.page))
        dress(self.document())

    def _fit(self) -> None:
        """Draw the page anew where pictures have another width now."""
        if self.page and self._drawn_px != self._room_px():
            bar = self.verticalScrollBar()
            share = bar.value() / max(1, bar.maximum())
            self._draw()
            bar.setValue(round(share * bar.maximum()))

    def _scroll_to(self, anchor: str) -> None:
        block = self.document().begin()
        while anchor and block.isValid():
            if block.blockFormat().headingLevel() and manual.anchor_of(block.text()) == anchor:
                top = self.document().documentLayout().blockBoundingRect(block).top()
                self.verticalScrollBar().setValue(round(top) - 8)
                return
            block = block.next()
        self.verticalScrollBar().setValue(0)

    def _mark(self, words: str) -> None:
        marks = []
        for word in words.split():
            cursor = self.document().find(word)
            while not cursor.isNull():
                marks.append(_mark_at(cursor))
                cursor = self.document().find(word, cursor)
        self.setExtraSelections(marks)

    def _on_link(self, link: QUrl) -> None:
        page = link.path().removesuffix(".md") or self.page
        if not link.scheme() and page in manual.PAGES:
            self.asked.emit(page, link.fragment())


def _mark_at(cursor: QTextCursor) -> QTextEdit.ExtraSelection:
    mark = QTextEdit.ExtraSelection()
    mark.cursor = cursor  # type: ignore[attr-defined]
    mark.format.setBackground(QColor(palette.WARN_SOFT))  # type: ignore[attr-defined]
    return mark


class PictureWindow(QDialog):
    """A picture of the manual in its own size."""

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Picture")
        picture = QPixmap(str((manual.manual_folder() / name).resolve()))
        shown = QLabel()
        shown.setPixmap(picture)
        shown.setAlignment(Qt.AlignmentFlag.AlignCenter)
        scroll = QScrollArea()
        scroll.setWidget(shown)
        scroll.setAlignment(Qt.AlignmentFlag.AlignCenter)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(scroll)
        self.resize((picture.size()).boundedTo(self.screen().availableSize() * _SCREEN_SHARE))
