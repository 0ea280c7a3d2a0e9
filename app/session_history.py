"""The undo steps of a session."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from app.session_jobs import BigStep
from engine.diff import Delta

_BIG_STEPS_KEPT: Final = 3


@dataclass(slots=True)
class Step:
    """One undo step. Of the last few that changed very much, it is known how to go back and forth."""

    label: str
    delta: Delta
    big: BigStep | None = None


@dataclass
class History:
    """The steps that can be taken back, and those taken back, newest last."""

    done: list[Step] = field(default_factory=list[Step])
    undone: list[Step] = field(default_factory=list[Step])

    def add(self, step: Step) -> None:
        """Take a new step down; what was taken back cannot be done again then."""
        self.done.append(step)
        self.undone.clear()
        for old in [s for s in self.done if s.big is not None][:-_BIG_STEPS_KEPT]:
            old.big = None
