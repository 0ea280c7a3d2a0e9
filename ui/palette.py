"""The colours of the workstation: one palette for the shell (``ui/theme.py``) and the board (``resources/web``).

All text colours reach a contrast of at least 4.5 on every surface they are used on (a test computes it).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Tone:
    """A fill with its darker edge; ``INK`` is readable on every fill."""

    name: str
    fill: str
    edge: str


INK: Final = "#1D2A35"
INK_MUTED: Final = "#56656F"
INK_DISABLED: Final = "#98A4AD"
INK_ON_ACCENT: Final = "#FFFFFF"

CANVAS: Final = "#F3F5F7"
SURFACE: Final = "#FFFFFF"
SURFACE_ALT: Final = "#F8FAFB"
HOVER: Final = "#EAF0F3"
LINE: Final = "#DDE3E8"
LINE_STRONG: Final = "#BFC9D1"

ACCENT: Final = "#14708A"
ACCENT_HOVER: Final = "#115F76"
ACCENT_PRESSED: Final = "#0D4C5E"
ACCENT_SOFT: Final = "#DFF0F4"

GOOD: Final = "#1B7A4B"
GOOD_SOFT: Final = "#E3F4EA"
WARN: Final = "#935600"
WARN_SOFT: Final = "#FDF0D9"
BAD: Final = "#B9322A"
BAD_SOFT: Final = "#FBE7E5"
PREVIEW: Final = "#6D4BB8"
PREVIEW_SOFT: Final = "#EFEAF9"

NON_WORKING: Final = "#ECEFF2"
MAINTENANCE_FILL: Final = "#F0E4CC"
MAINTENANCE_EDGE: Final = "#A8802F"
SETUP_FILL: Final = "#9AA7B2"
SETUP_EDGE: Final = "#6F7F8C"
NOW_LINE: Final = "#D9480F"
FREEZE_LINE: Final = "#4C63B6"
DEPENDENCY: Final = "#7C8B97"
DEPENDENCY_HIGHLIGHT: Final = ACCENT
SELECTION: Final = ACCENT

CATEGORIES: Final[tuple[Tone, ...]] = (
    Tone("blue", "#A9CCE3", "#4F8FB8"),
    Tone("amber", "#F3D19C", "#C08727"),
    Tone("green", "#B5DDBD", "#559E68"),
    Tone("rose", "#F0BCC3", "#C4677A"),
    Tone("violet", "#CDC1E8", "#8571BF"),
    Tone("teal", "#A5DAD6", "#3F9C96"),
    Tone("orange", "#F5C3A2", "#CF7A3E"),
    Tone("olive", "#D3DBA1", "#8E9A3C"),
    Tone("sky", "#BFE3F5", "#4D9DCB"),
    Tone("mauve", "#E3BEDF", "#AA68A4"),
    Tone("sand", "#DDD0BC", "#9C845C"),
    Tone("slate", "#C5CFD8", "#6F8494"),
)
"""For orders and setup families, by ``index % 12`` in order of first appearance."""

LATENESS: Final[dict[str, Tone]] = {
    "on time": Tone("on time", "#B5DDBD", "#3F9159"),
    "at risk": Tone("at risk", "#F6D698", "#B97F16"),
    "late": Tone("late", "#F2B0A9", "#B9322A"),
    "no due date": Tone("no due date", "#D3DAE0", "#7F909D"),
}

STATUS: Final[dict[str, Tone]] = {
    "planned": Tone("planned", "#C9DDEA", "#6A98B6"),
    "released": Tone("released", "#A9CCE3", "#3F7FA8"),
    "started": Tone("started", "#A5DAD6", "#2A8A84"),
    "completed": Tone("completed", "#DFE4E8", "#93A1AC"),
}

FONT_STACK: Final[tuple[str, ...]] = (
    "Segoe UI",
    "Inter",
    "Roboto",
    "Noto Sans",
    "Liberation Sans",
    "Helvetica Neue",
    "Arial",
)
FONT_PIXELS: Final = 13
RADIUS: Final = 4
