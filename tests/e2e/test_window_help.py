"""Help > Manual in the window: F1 finds the page of every dock; contents, search, back and forward; pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QImage, QTextDocument
from pytestqt.qtbot import QtBot

from app import manual
from tests.support.windows import Workplace, make_workplace
from ui.help.flow import PAGE_OF_DOCK, place_of
from ui.help.page import PictureWindow
from ui.help.window import HelpWindow

pytestmark = pytest.mark.e2e


@pytest.fixture
def place(qtbot: QtBot, tmp_path: Path) -> Iterator[Workplace]:
    made = make_workplace(qtbot, tmp_path)
    yield made
    made.close()


@pytest.fixture
def help_window(qtbot: QtBot) -> HelpWindow:
    made = HelpWindow()
    qtbot.addWidget(made)
    made.show()
    return made


def test_f1_opens_the_page_of_every_dock(place: Workplace) -> None:
    window = place.window
    for key, target in PAGE_OF_DOCK.items():
        assert place_of(window.docks[key].widget()) == target
    assert place_of(window.board) == ("board", "")
    assert place_of(None) is None
    window.docks.show("robustness")
    window.activateWindow()
    window.robustness.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    window.robustness.setFocus()
    place.wait(lambda: place_of(window.focusWidget()) == ("robustness", ""))
    place.do("help.manual")
    shown = window.help_flow.help
    assert shown is not None
    assert shown.isVisible()
    assert shown.page.toPlainText().startswith(manual.title_of("robustness"))


def test_only_the_desk_takes_the_room_below_the_studio(place: Workplace) -> None:
    window = place.window
    place.qtbot.waitExposed(window)
    place.qtbot.wait(60)
    corner = Qt.Corner.BottomRightCorner
    assert not window.docks.is_in_front("what_if")
    assert window.corner(corner) == Qt.DockWidgetArea.RightDockWidgetArea
    window.docks.show("what_if")
    place.wait(lambda: window.corner(corner) == Qt.DockWidgetArea.BottomDockWidgetArea)
    window.docks.show("problems")
    place.wait(lambda: window.corner(corner) == Qt.DockWidgetArea.RightDockWidgetArea)


def test_contents_links_back_and_forward(help_window: HelpWindow) -> None:
    def title() -> str:
        return help_window.page.toPlainText().split("\n")[0]

    help_window.page.anchorClicked.emit(QUrl("editing.md#lock"))
    assert title() == manual.title_of("editing")
    assert help_window.page.verticalScrollBar().value() > 0
    chosen = help_window.contents.currentItem()
    assert chosen is not None
    assert chosen.text(0) == "Lock"
    item = help_window.contents.topLevelItem(manual.PAGES.index("glossary"))
    assert item is not None
    help_window.contents.itemClicked.emit(item, 0)
    assert title() == "Glossary"
    help_window.back()
    assert title() == manual.title_of("editing")
    help_window.back()
    assert title() == manual.title_of("index")
    help_window.forward()
    assert title() == manual.title_of("editing")


def test_a_search_lists_places_and_marks_the_words(help_window: HelpWindow) -> None:
    help_window.search.setText("change budget")
    assert help_window.hits.isVisible()
    help_window.search.returnPressed.emit()
    assert help_window.page.page == "what-if"
    assert help_window.page.extraSelections()
    help_window.search.setText("xyzzy")
    assert not help_window.hits.isVisible()
    assert not help_window.contents.isVisible()
    help_window.search.clear()
    assert help_window.contents.isVisible()


def test_a_page_loads_pictures_of_the_manual_and_nothing_else(help_window: HelpWindow) -> None:
    page = help_window.page
    kind = QTextDocument.ResourceType.ImageResource.value
    picture = page.loadResource(kind, QUrl("../images/history.png"))
    assert isinstance(picture, QImage)
    assert 0 < picture.width() <= page.viewport().width() * page.devicePixelRatioF()
    assert page.loadResource(kind, QUrl("../../pyproject.toml")) is None
    assert page.loadResource(QTextDocument.ResourceType.HtmlResource.value, QUrl("board.md")) is None
    page.anchorClicked.emit(QUrl("https://example.com/board.md"))
    page.anchorClicked.emit(QUrl("nowhere.md"))
    assert page.page == "index"


def test_a_picture_opens_in_its_own_size(help_window: HelpWindow, qtbot: QtBot) -> None:
    shown = PictureWindow("../images/history.png", help_window)
    shown.show()
    qtbot.waitExposed(shown)
    assert shown.width() > 300
    shown.close()


def test_without_its_pages_the_program_says_so(
    place: Workplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manual.sections.cache_clear()
    monkeypatch.setattr(manual, "manual_folder", lambda: tmp_path)
    place.do("help.manual")
    assert place.window.help_flow.help is None
    assert any(type(one).__name__ == "ErrorDialog" for one in place.window.children())
