"""Two plans on boards: one laid over the other, or both side by side with rows and time axes of one size."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from app.board.snapshot import BoardSnapshot, Compared, Diff
from engine.check import Violation, check
from engine.errors import ErrorCode, TaktwerkError
from engine.plan import PlanFacts

if TYPE_CHECKING:
    from app.comparison import OperationChange
    from app.session import PlanningSession

_MARKS: Final = {
    "added": "added",
    "scheduled": "added",
    "deleted": "removed",
    "unscheduled": "removed",
    "resource": "resource",
    "moved": "moved",
}
"""How a board marks a kind of change; all others are changed fields."""


@dataclass(frozen=True)
class BoardOverlay:
    """What a board draws in a comparison.

    Attributes
    ----------
    base
        The facts of the plan on the other side.
    marks
        How each operation that differs is marked: ``moved``, ``resource``, ``added``, ``removed`` or ``fields``.
    compared
        What the two are called, whether gestures are refused, whether ghosts are drawn.
    shown
        The facts of the plan to draw; ``None`` = the session's working plan, as it is at any time.
    violations
        Finds the rules that ``shown`` breaks.
    least_lanes, least_span
        See ``BoardSnapshot``.
    """

    base: PlanFacts
    marks: Mapping[str, str]
    compared: Compared
    shown: PlanFacts | None = None
    violations: Callable[[], Sequence[Violation]] = tuple
    least_lanes: Mapping[str, int] | None = None
    least_span: tuple[int, int] | None = None

    @property
    def is_fixed(self) -> bool:
        """Whether gestures are refused, as the shown plan is not the working one."""
        return self.compared.is_fixed

    def marking(self, marks: Mapping[str, str]) -> BoardOverlay:
        """Return the same with other marks (those that a filter leaves)."""
        return replace(self, marks=marks)

    def snapshot(self, session: PlanningSession, revision: int, previous: BoardSnapshot | None) -> BoardSnapshot:
        """Return what to draw."""
        shown = self.shown
        if previous is not None and shown is not None and previous.facts is not shown:
            previous = None
        return BoardSnapshot(
            session.facts if shown is None else shown,
            session.violations if shown is None else self.violations,
            revision,
            Diff(self.base, self.marks, self.compared),
            previous,
            self.least_lanes or {},
            self.least_span,
        )


@dataclass(frozen=True)
class BoardPair:
    """The overlay of the main board, and that of the board beside it, which shows the other plan."""

    main: BoardOverlay
    beside: BoardOverlay

    def marking(self, changes: Sequence[OperationChange]) -> BoardPair:
        """Return the same with only these changes marked."""
        marks = marks_of(changes)
        return BoardPair(self.main.marking(marks), self.beside.marking(marks))


def make_pair(
    before: PlanFacts,
    after: PlanFacts,
    changes: Sequence[OperationChange],
    names: tuple[str, str],
    *,
    is_live: bool,
) -> BoardPair:
    """Return what two boards draw of a comparison; slow for large plans, for any thread.

    Parameters
    ----------
    before, after
        Facts of the two plans that no other thread reads meanwhile; the main board shows ``after``.
    changes
        What differs.
    names
        What planners call the two.
    is_live
        Whether ``after`` is the working plan, which can be edited in the comparison.
    """
    marks = marks_of(changes)
    one, two = BoardSnapshot(before, (), 0), BoardSnapshot(after, (), 0)
    lanes: dict[str, int] = {}
    for side in (one, two):
        for row, count in zip(side.rows, side.lanes.rows, strict=True):
            if count > lanes.get(row.id, 1):
                lanes[row.id] = count
    span = min(one.axis_span[0], two.axis_span[0]), max(one.axis_span[1], two.axis_span[1])
    main = BoardOverlay(
        before,
        marks,
        Compared(names[1], names[0], not is_live),
        None if is_live else after,
        lambda: check(after.schedule),
        lanes,
        span,
    )
    other = Compared(names[0], names[1], True, has_ghosts=False)
    beside = BoardOverlay(after, marks, other, before, lambda: check(before.schedule), lanes, span)
    return BoardPair(main, beside)


def marks_of(changes: Sequence[OperationChange]) -> dict[str, str]:
    """Return how a board marks each operation that differs."""
    return {change.event_id: _MARKS.get(change.kind, "fields") for change in changes}


class StillPlan:
    """A plan that only stands on a board: what ``BoardController`` needs of a session, and no gesture is taken."""

    def __init__(self, facts: PlanFacts) -> None:
        self.facts = facts
        self.revision = 0
        self.violations: tuple[Violation, ...] = ()
        self.preview = None

    def subscribe(self, listener: Callable[[Any], None]) -> Callable[[], None]:
        """Promise to tell of changes, of which there are none."""
        return lambda: None

    def execute(self, command: Any) -> Any:
        """Refuse (E005)."""
        raise TaktwerkError(ErrorCode.RESOURCE_LOCKED, "This board only shows a plan; edit it on the main board.")

    undo = redo = execute
