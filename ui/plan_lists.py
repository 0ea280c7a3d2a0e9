"""The lists beside the board, brought up to date with the plan: those in sight at once, the others when shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from app.preview import PlacementChange, placement_changes
from engine.diff import other_objects
from ui import text
from ui.background import in_background
from ui.docks import Docks
from ui.preview.changes import ChangesPanel
from ui.problems import ProblemsPanel
from ui.studio.panel import StudioPanel
from ui.unscheduled import UnscheduledPanel
from ui.workbench import Workbench

_FEW: Final = 500
"""More placements than this are compared off the interface's thread."""
_KEYS: Final = ("problems", "unscheduled", "changes", "studio")


class PlanLists(QObject):
    """Problems, Unscheduled, Changes, and what the Studio says of the plan.

    Each remembers what it shows, so that a gesture costs only the lists that it changes.
    """

    counted = Signal(str, int)
    """A list, and how much there is in it now."""

    def __init__(
        self,
        bench: Workbench,
        docks: Docks,
        problems: ProblemsPanel,
        unscheduled: UnscheduledPanel,
        changes: ChangesPanel,
        studio: StudioPanel,
    ) -> None:
        super().__init__(bench)
        self._bench, self._docks, self._studio = bench, docks, studio
        self._problems, self._unscheduled, self._changes = problems, unscheduled, changes
        self._panels: dict[str, QWidget] = {"problems": problems, "unscheduled": unscheduled, "changes": changes}
        self._stale: set[str] = set()
        self._shown: dict[str, Any] = {}
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self._refresh)
        docks.shown.connect(lambda _: self._later.start())

    def mark_stale(self, *keys: str) -> None:
        """The plan changed: bring some lists, or all, up to date soon."""
        self._stale.update(keys or _KEYS)
        self._later.start()

    def _refresh(self) -> None:
        session = self._bench.session
        if session is None:
            self._shown.clear()
            return
        calls = {
            "problems": self._show_problems,
            "unscheduled": self._show_unscheduled,
            "changes": self._show_changes,
            "studio": self._show_studio,
        }
        self.counted.emit("problems", len(session.violations))
        self.counted.emit("unscheduled", len(session.facts.unscheduled))
        for key in sorted(self._stale):
            if key not in self._panels or key == "changes" or self._panels[key].isVisible():
                self._stale.discard(key)
                calls[key](session)

    def _is_news(self, key: str, *state: object) -> bool:
        """Whether a list shows something else yet; what it is made of is compared by identity first."""
        if key in self._shown and self._shown[key] == state:
            return False
        self._shown[key] = state
        return True

    def _show_problems(self, session: Any) -> None:
        resources = session.working.snapshot.resources
        if self._is_news("problems", session, session.violations, resources):
            names = {r.id: r.name for r in resources}
            self._problems.show_violations(session.violations, names, self._bench.zone)

    def _show_unscheduled(self, session: Any) -> None:
        facts = session.facts
        operations = [facts.operations[key] for key in facts.unscheduled]
        snapshot = session.working.snapshot
        if self._is_news("unscheduled", session, operations, snapshot.orders, snapshot.resources):
            self._unscheduled.show_operations(operations, session.working, self._bench.zone)

    def _show_studio(self, session: Any) -> None:
        snapshot = session.working.snapshot
        locked = [op.id for op in snapshot.events if op.locked]
        if self._is_news("studio", session, locked, snapshot.resources, session.working.metadata):
            self._studio.set_plan(session.working, self._bench.zone)

    def _show_changes(self, session: Any) -> None:
        if session.preview is not None:
            changes = session.preview.changes
            heading = f"{text.count(len(changes), 'operation')} would change"
            self._list_changes(session, changes, heading, "This result changes nothing")
            return
        number, before, after = session.head.number, session.head_schedule, session.working

        def show(changes: Sequence[PlacementChange]) -> None:
            if session.working is not after or session.preview is not None:
                return
            heading = f"{text.count(len(changes), 'operation')} moved since version {number}"
            self._list_changes(session, changes, heading, f"No operation moved since version {number}")

        differing = other_objects(before.snapshot.events, after.snapshot.events)
        if differing is not None and len(differing) <= _FEW:
            show(tuple(placement_changes(before, after)))
        else:
            in_background(lambda: tuple(placement_changes(before, after)), show)

    def _list_changes(self, session: Any, changes: Sequence[PlacementChange], heading: str, none: str) -> None:
        self._docks.set_badge("changes", len(changes))
        self.counted.emit("changes", len(changes))
        if not self._changes.isVisible():
            self._stale.add("changes")
        elif self._is_news("changes", session, changes, heading, none):
            self._changes.show_changes(changes, heading, session.working, self._bench.zone, none)
