"""How the causes of lateness look."""

from __future__ import annotations

from typing import Final

from engine.explain import Kind
from ui import palette
from ui.palette import Tone

_TONES = {tone.name: tone for tone in palette.CATEGORIES}

LOOKS: Final[dict[Kind, Tone]] = {
    Kind.CAPACITY: _TONES["rose"],
    Kind.SECONDARY: _TONES["violet"],
    Kind.SECONDARY_BREAK: _TONES["mauve"],
    Kind.BREAK: Tone("break", "#CBD5DC", "#8596A2"),
    Kind.MAINTENANCE: Tone("maintenance", palette.MAINTENANCE_FILL, palette.MAINTENANCE_EDGE),
    Kind.SETUP: Tone("setup", palette.SETUP_FILL, palette.SETUP_EDGE),
    Kind.RELEASE: _TONES["sky"],
    Kind.DATE: _TONES["blue"],
    Kind.PINNED: _TONES["amber"],
    Kind.RULE: _TONES["olive"],
    Kind.SLACK: _TONES["green"],
    Kind.OVERDUE: _TONES["orange"],
    Kind.SHORTAGE: _TONES["sand"],
    Kind.LAG: _TONES["teal"],
    Kind.PROCESSING: _TONES["slate"],
}
"""A tone for every kind of part."""
