"""The palette is readable, the style sheet complete, the table of actions sound."""

from collections import Counter
from pathlib import Path

import pytest
from PySide6.QtGui import QKeySequence
from pytestqt.qtbot import QtBot

import ui
from ui import palette
from ui.actions import ACTIONS, Actions, plain_text
from ui.icons import icon
from ui.theme import style_sheet

SURFACES = (palette.SURFACE, palette.SURFACE_ALT, palette.CANVAS)
PAIRS = [
    *((ink, surface) for ink in (palette.INK, palette.INK_MUTED) for surface in (*SURFACES, palette.HOVER)),
    *((palette.INK, tone.fill) for tone in palette.CATEGORIES),
    *((palette.INK, tone.fill) for tone in (*palette.LATENESS.values(), *palette.STATUS.values())),
    (palette.GOOD, palette.GOOD_SOFT),
    (palette.WARN, palette.WARN_SOFT),
    (palette.BAD, palette.BAD_SOFT),
    (palette.ACCENT_PRESSED, palette.ACCENT_SOFT),
    (palette.INK, palette.ACCENT_SOFT),
    (palette.INK_MUTED, palette.PREVIEW_SOFT),
    (palette.INK_ON_ACCENT, palette.ACCENT),
    (palette.INK_ON_ACCENT, palette.ACCENT_HOVER),
    (palette.PREVIEW, palette.SURFACE),
    (palette.ACCENT, palette.SURFACE),
]


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.2."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, two: str) -> float:
    light, dark = sorted((luminance(one), luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("ink", "surface"), PAIRS)
def test_text_is_readable_on_its_surface(ink: str, surface: str) -> None:
    assert contrast(ink, surface) >= 4.5


def test_the_style_sheet_names_known_colours_and_files() -> None:
    sheet = style_sheet()
    assert "$" not in sheet
    icons = Path(ui.__file__).parents[1] / "resources" / "icons"
    for part in sheet.split("url(icons:")[1:]:
        assert (icons / part.split(")")[0]).is_file()


def test_actions_have_unique_ids_shortcuts_and_mnemonics() -> None:
    assert max(Counter(spec.id for spec in ACTIONS).values()) == 1
    keys = Counter(QKeySequence(k).toString() for spec in ACTIONS for k in spec.shortcut)
    assert "" not in keys
    assert max(keys.values()) == 1
    for menu in {spec.menu for spec in ACTIONS}:
        letters = Counter(
            spec.text[spec.text.index("&") + 1].lower() for spec in ACTIONS if spec.menu == menu and "&" in spec.text
        )
        assert max(letters.values()) == 1, (menu, letters)


def test_every_action_has_a_tip_and_its_icon_exists(qtbot: QtBot) -> None:
    for spec in ACTIONS:
        assert spec.tip[0].isupper()
        assert not spec.tip.endswith(".")
        if spec.icon:
            assert not icon(spec.icon).isNull()


def test_the_tooltip_names_the_shortcut(qtbot: QtBot) -> None:
    actions = Actions()
    assert actions["file.save"].toolTip().endswith("(Ctrl+S)")
    actions.set_tip("edit.undo", "&Undo", "Undo: Move Saw A1")
    assert actions["edit.undo"].toolTip() == "Undo: Move Saw A1 (Ctrl+Z)"
    assert plain_text("&Open schedule…") == "Open schedule"
