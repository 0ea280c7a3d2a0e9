"""The slow parts of saving and applying: prepared in the session's thread, run in any, finished in the session's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.collector import collector_paused
from app.drafts import delta_bytes
from app.preview import Preview
from engine.diff import Delta, diff, invert
from engine.merge import Side
from engine.model import Schedule
from engine.plan_state import PlanState


@dataclass(frozen=True)
class SaveJob:
    """A state of the plan on its way to become a version. The planner may go on editing meanwhile.

    Attributes
    ----------
    state
        What is saved.
    store
        Stores it and returns the version's row.
    """

    state: PlanState
    store: Callable[[], Any]

    def run(self) -> Any:
        """Store the version and return its row (E004, E008); any thread."""
        with collector_paused():
            return self.store()


@dataclass(frozen=True)
class BigStep:
    """An undo step that changed very much: what taking it back and doing it again would cost too much to find anew.

    Attributes
    ----------
    before, after
        The plan's states around it.
    back
        The delta that takes it back.
    back_data, forth_data
        ``back`` and the step's own delta as a draft stores them.
    """

    before: PlanState
    after: PlanState
    back: Delta
    back_data: bytes
    forth_data: bytes

    @staticmethod
    def of(before: PlanState, after: PlanState, delta: Delta) -> BigStep:
        """Work it out."""
        back = invert(delta)
        return BigStep(before, after, back, delta_bytes(back), delta_bytes(delta))


@dataclass(frozen=True)
class Applied:
    """A previewed plan that is a version now: its row, what it changed, and the plan's states around it."""

    saved: Any
    delta: Delta
    step: BigStep


@dataclass(frozen=True)
class ApplyJob:
    """A previewed plan on its way to become a version. The plan must not be edited meanwhile.

    Attributes
    ----------
    preview
        What is applied.
    before
        The plan as it is.
    resolutions
        Which side to take where both changed the same.
    store
        Stores a preview's plan and returns the version's row.
    """

    preview: Preview
    before: PlanState
    resolutions: dict[str, Side] | None
    store: Callable[[Preview], Any]

    def run(self) -> Applied:
        """Store the version (E004, E008, E012); any thread."""
        with collector_paused():
            preview, working = self.preview, self.before.schedule
            if preview.working is not working or self.resolutions:
                preview = preview.rebased(working, self.resolutions)
            state = preview.after.seen_from(self.before)
            delta = diff(working, preview.merged)
            step = BigStep.of(self.before, state, delta)
            return Applied(self.store(preview), delta, step)


@dataclass(frozen=True)
class Fetched:
    """A stored version that the plan becomes: how it gets there, and the row of the new version if one was made."""

    delta: Delta
    step: BigStep
    saved: Any


@dataclass(frozen=True)
class VersionJob:
    """A stored version on its way to be the plan again. The plan must not be edited meanwhile.

    Attributes
    ----------
    before
        The plan as it is.
    number
        The version's.
    load
        Returns its schedule.
    store
        Makes it the next version and returns its row; ``None``: it is only opened.
    """

    before: PlanState
    number: int
    load: Callable[[], Schedule]
    store: Callable[[], Any] | None

    def run(self) -> Fetched:
        """Fetch the version (E004, E008, E012); any thread."""
        with collector_paused():
            schedule = self.load()
            state = PlanState.of(schedule, self.before.facts).seen_from(self.before)
            delta = diff(self.before.schedule, schedule)
            step = BigStep.of(self.before, state, delta)
            return Fetched(delta, step, self.store() if self.store else None)
