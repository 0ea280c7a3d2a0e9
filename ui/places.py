"""Going places: to an operation, an order, an instant, wherever the wish came from."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject

from ui.docks import Docks
from ui.find_box import FindBox
from ui.studio.panel import StudioPanel
from ui.workbench import Workbench


class Places(QObject):
    """Brings on the board what a list, a message or a search speaks of."""

    def __init__(self, bench: Workbench, board: Any, docks: Docks, studio: StudioPanel, find_box: FindBox) -> None:
        super().__init__(bench)
        self._bench, self._board, self._docks, self._studio, self._find_box = bench, board, docks, studio, find_box

    def go_to(self, event_id: str) -> None:
        """Show an operation; one without a place is in the list of those."""
        if self._board.go_to(event_id) is False:
            session = self._bench.session
            op = session.facts.operations.get(event_id) if session else None
            if op is not None and not op.is_placed:
                self._docks.show("unscheduled")
                self._bench.say(f"{op.name} is not scheduled.", "warn")

    def go_to_place(self, resource_id: object, at_ms: object) -> None:
        """Show an instant, if there is one."""
        if isinstance(at_ms, int):
            self._board.go_to_time(at_ms)

    def go_to_now(self) -> None:
        """Show the start of the planning horizon."""
        session = self._bench.session
        if session is not None:
            self._board.go_to_time(session.facts.horizon_start_ms)

    def show_order(self, order_id: str) -> None:
        """Select the operations of an order."""
        session = self._bench.session
        if session is not None:
            self._board.select(tuple(session.facts.order_operations.get(order_id, ())))

    def optimise_around(self, event_ids: Any) -> None:
        """Set the Studio up for these operations only."""
        self._bench.select(event_ids)
        self._docks.show("studio")
        self._studio.setup.choose_selection()
        self._studio.show_page("setup")

    def focus_find(self) -> None:
        """Let the planner type what to find."""
        self._find_box.setFocus()
        self._find_box.selectAll()
