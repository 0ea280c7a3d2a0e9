"""The board's side of a session: what the page may ask, and what it may do. No Qt."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from app.board.comparison import BoardOverlay
from app.board.details import details_json, probe_json
from app.board.frame import frame_json
from app.board.snapshot import BoardSnapshot, Diff
from app.board.window import WindowRequest, bars_json, row_span, window_json
from app.commands import parse_command
from engine.errors import ErrorCode, TaktwerkError

if TYPE_CHECKING:
    from app.preview import Preview
    from app.session import Answer, PlanningSession
    from engine.plan import PlanFacts

_MOST_ECHOED_BARS: Final = 200
_MOST_MESSAGES: Final = 5
_MOST_FOUND: Final = 50


class BoardController:
    """Projects one session for the page and carries out its gestures.

    ``snapshot`` is to be called in the session's thread; the snapshot itself may be read anywhere.

    Parameters
    ----------
    session
        What is open.
    told
        Called with the session's answer to every gesture of the page, refusals included.
    """

    def __init__(self, session: PlanningSession, told: Callable[[Answer], None] = lambda _: None) -> None:
        self.session = session
        self._told = told
        self._preview: Preview | None = None
        self._overlay: BoardOverlay | None = None
        self._snapshot: BoardSnapshot | None = None
        self._shown: tuple[int, Preview | None, BoardOverlay | None] | None = None
        self._drawn = 0

    # what is shown

    @property
    def preview(self) -> Preview | None:
        """The preview laid over the plan, if there is one."""
        return self._preview

    def set_preview(self, preview: Preview | None) -> None:
        """Show a run's result over the plan, or with ``None`` the plan alone."""
        self._preview = preview

    @property
    def overlay(self) -> BoardOverlay | None:
        """The comparison that is shown, if there is one. A preview goes before it."""
        return self._overlay

    def set_overlay(self, overlay: BoardOverlay | None) -> None:
        """Show a comparison, or with ``None`` the plan alone."""
        self._overlay = overlay

    def snapshot(self) -> BoardSnapshot:
        """Return the state to draw; the same object until something changes."""
        state = (self.session.revision, self._preview, self._overlay)
        if self._snapshot is None or self._shown != state:
            self._drawn += 1
            self._shown = state
            self._snapshot = self._make()
        return self._snapshot

    def _make(self) -> BoardSnapshot:
        session, preview, previous = self.session, self._preview, self._snapshot
        if previous is not None and previous.is_of_another_plan and previous.facts is not self._facts_to_draw:
            previous = None  # mending much costs the interface's thread more than making anew costs another thread
        if preview is None and self._overlay is not None:
            return self._overlay.snapshot(session, self._drawn, previous)
        if preview is None:
            return BoardSnapshot(session.facts, session.violations, self._drawn, previous=previous)
        kinds = {change.event_id: change.kind for change in preview.changes}
        facts, diff = preview.after.facts, Diff(session.facts, kinds)
        return BoardSnapshot(facts, preview.violations, self._drawn, diff, previous=previous)

    @property
    def _facts_to_draw(self) -> PlanFacts:
        shown = self._overlay.shown if self._overlay is not None and self._preview is None else None
        return self.session.facts if shown is None else shown

    # what the page asks

    def frame(self) -> dict[str, Any]:
        """Return rows, shading, markers and spans."""
        return frame_json(self.snapshot())

    def window(self, request: WindowRequest) -> dict[str, Any]:
        """Return the bars of a part of the plan."""
        return window_json(self.snapshot(), request)

    def details(self, event_id: str) -> dict[str, Any]:
        """Return everything about one operation (E012 when it is gone)."""
        found = details_json(self.snapshot(), event_id)
        if found is None:
            raise TaktwerkError(ErrorCode.NOT_FOUND, f"There is no operation {event_id!r} in this plan any more.")
        return found

    def probe(self, event_id: str, resource_id: str | None, start_ms: int) -> dict[str, Any]:
        """Return where a dropped operation would lie, without moving it."""
        return probe_json(self.snapshot(), event_id, resource_id, start_ms)

    def place_of(self, event_id: str) -> tuple[int, int, int] | None:
        """Return (row, start ms, end ms) of a placed operation."""
        return row_span(self.snapshot(), event_id)

    def find(self, text: str) -> list[str]:
        """Return the ids of placed operations whose id, name, order, product or customer contains the text."""
        needle = text.strip().casefold()
        if not needle:
            return []
        facts = self.snapshot().facts
        orders = {
            k
            for k, o in facts.orders.items()
            if needle in f"{o.id}\n{o.name}\n{o.product or ''}\n{o.customer or ''}".casefold()
        }
        found = (
            op.id
            for op in facts.schedule.snapshot.events
            if op.id in facts.starts and (op.order_id in orders or needle in f"{op.id}\n{op.name}".casefold())
        )
        ids = sorted(found, key=lambda k: (facts.starts[k], k))
        return ids[:_MOST_FOUND]

    # what the page does

    def execute(self, data: dict[str, Any]) -> dict[str, Any]:
        """Carry out one gesture given as JSON and return the answer for the page.

        Raises
        ------
        TaktwerkError
            What the session refused it with, or E001 for a command that cannot be read.
        """
        if self._preview is not None:
            raise TaktwerkError(
                ErrorCode.RESOURCE_LOCKED,
                "The board shows a preview. Apply or discard it before you change the plan.",
                {"reason": "preview"},
            )
        if self._overlay is not None and self._overlay.is_fixed:
            raise TaktwerkError(
                ErrorCode.RESOURCE_LOCKED,
                "The board shows another plan for comparison. End the comparison before you change the plan.",
                {"reason": "comparison"},
            )
        command = parse_command(data, self.session.facts.zone)
        return self.answer_json(self.session.execute(command))

    def undo(self) -> dict[str, Any]:
        """Take the last step back."""
        return self.answer_json(self.session.undo())

    def redo(self) -> dict[str, Any]:
        """Do the last step taken back again."""
        return self.answer_json(self.session.redo())

    def answer_json(self, answer: Answer) -> dict[str, Any]:
        """Return an answer for the page: the changed bars, and what it newly breaks."""
        self._told(answer)
        if answer.error is not None:
            raise answer.error
        snapshot = self.snapshot()
        changed = answer.changed if len(answer.changed) <= _MOST_ECHOED_BARS else ()
        bars, modes = bars_json(snapshot, list(changed))
        shown = {bar["id"] for bar in bars}
        return {
            "revision": snapshot.revision,
            "label": answer.label,
            "notes": list(answer.notes),
            "bars": bars,
            "modes": modes,
            "gone": [*answer.removed, *(k for k in changed if k not in shown)],
            "newViolations": [
                {"rule": v.rule, "message": v.message, "eventIds": list(v.event_ids)}
                for v in answer.new_violations[:_MOST_MESSAGES]
            ],
            "newViolationCount": len(answer.new_violations),
            "violationCount": len(answer.violations),
        }
