"""Keeps the Explain dock true: what is in sight is worked out in the background after every change of the plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QTimer

from app.collector import collector_paused, settle_collector
from app.explanation import Explanation
from engine.errors import TaktwerkError
from engine.model import Schedule
from ui.background import in_background
from ui.docks import Docks
from ui.explain.late_page import LateFindings
from ui.explain.panel import ExplainPanel
from ui.workbench import Workbench

_PAUSE_MS = 250
_ASKED = ("slot", "prices")
"""Pages that answer only when they are asked."""


class ExplainFlow(QObject):
    """Asks for one page at a time, and only while the dock is in sight.

    A plan is explained from facts of its own, so that the interface's are left alone while a thread computes.
    """

    def __init__(self, bench: Workbench, docks: Docks, panel: ExplainPanel) -> None:
        super().__init__(panel)
        self._bench, self._docks, self._panel = bench, docks, panel
        self._explained: tuple[Schedule, Explanation] | None = None
        self._fresh: set[str] = set()
        """Pages that show the present plan."""
        self._is_busy = False
        self._question: tuple[str, str | None, int] | None = None
        """What is asked as soon as the thread is free."""
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_PAUSE_MS)
        self._later.timeout.connect(self.refresh)
        bench.opened.connect(self._on_opened)
        bench.changed.connect(lambda _: self._on_changed())
        bench.selection_changed.connect(self._on_selected)
        docks.shown.connect(lambda key: self.refresh() if key == "explain" else None)
        panel.page_changed.connect(lambda _: self.refresh())
        panel.slot.asked.connect(self.ask)

    @property
    def is_busy(self) -> bool:
        """Whether something is being worked out."""
        return self._is_busy

    def refresh(self) -> None:
        """Work the page in sight out anew if it is not up to date."""
        page, session = self._panel.page(), self._bench.session
        if session is None or not self._panel.isVisible() or self._is_busy or page in self._fresh or page in _ASKED:
            return
        plan = session.working
        works: dict[str, Callable[[Explanation], Any]] = {
            "late": lambda e: LateFindings(e.late_orders(), e.delaying_resources(), e.delaying_orders()),
            "load": lambda e: (e.bottlenecks(), e.load()),
            "slack": lambda e: e.slack(),
        }
        self._start(plan, works[page], lambda found: self._show(page, plan, found))

    def ask_about(self, event_id: str, resource_id: str | None, start_ms: int) -> None:
        """Show the slot page with a slot filled in, and answer it."""
        session = self._bench.session
        if session is None:
            return
        self._docks.show("explain")
        self._panel.show_page("slot")
        page = self._panel.slot
        page.set_operation(event_id, session.facts, self._bench.zone)
        if page.event_id is None:
            self._bench.say("This operation is not in the plan any more.", "warn")
            return
        page.set_slot(resource_id, start_ms)
        page.show_answer(None)
        self.ask(event_id, resource_id, start_ms)

    def ask(self, event_id: str, resource_id: str | None, start_ms: int) -> None:
        """Answer why an operation is not at a slot."""
        session = self._bench.session
        self._question = (event_id, resource_id, start_ms)
        if session is None or self._is_busy:
            return
        self._question = None

        def done(answer: Any) -> None:
            if answer.event_id == self._panel.slot.event_id:
                self._panel.slot.show_answer(answer)

        self._start(session.working, lambda e: e.why_not(event_id, resource_id, start_ms), done)

    def _start(self, plan: Schedule, work: Callable[[Explanation], Any], done: Callable[[Any], None]) -> None:
        explanation = self._explanation(plan)
        self._set_busy(True)
        in_background(lambda: _worked_out(work, explanation), lambda found: self._finish(done, found), self._on_failed)

    def _explanation(self, plan: Schedule) -> Callable[[], Explanation]:
        """Return the way to the plan's explanation: the one there is, or a new one, made in the background."""
        if self._explained is not None and self._explained[0] is plan:
            known = self._explained[1]
            return lambda: known
        old = None if self._explained is None else self._explained[1]
        self._explained = None

        def made() -> Explanation:
            if old is not None:
                old.dismiss()
            self._explained = (plan, Explanation(plan))
            return self._explained[1]

        return made

    def _finish(self, done: Callable[[Any], None], found: Any) -> None:
        self._set_busy(False)
        done(found)
        self._go_on()

    def _go_on(self) -> None:
        """Do what was asked for meanwhile: a slot, then the page in sight."""
        if self._question is not None:
            self.ask(*self._question)
        else:
            self.refresh()

    def _show(self, page: str, plan: Schedule, found: Any) -> None:
        session = self._bench.session
        if session is None or session.working is not plan:
            return  # the plan moved on meanwhile; the next round shows the new one
        self._fresh.add(page)
        if page == "late":
            self._panel.late.show_findings(found)
        elif page == "load":
            self._panel.load.show_findings(*found)
        else:
            resources = {r.id: r.name or r.id for r in plan.snapshot.resources}
            orders = {o.id: o.name or o.id for o in plan.snapshot.orders}
            self._panel.slack.show_slack(found, resources, orders, self._bench.zone)

    def _on_failed(self, error: Exception) -> None:
        self._set_busy(False)
        if not isinstance(error, TaktwerkError):
            raise error
        self._bench.say(error.message, "warn")
        self._go_on()

    def _on_opened(self) -> None:
        self._panel.set_open(self._bench.session is not None)
        self._explained = self._question = None
        self._panel.slot.set_operation(None, None, self._bench.zone)
        self._on_changed()

    def _on_changed(self) -> None:
        self._fresh.clear()
        self._panel.slot.show_answer(None)
        self._later.start()

    def _on_selected(self, event_ids: Any) -> None:
        session = self._bench.session
        if session is not None and len(event_ids) == 1:
            self._panel.slot.set_operation(event_ids[0], session.facts, self._bench.zone)

    def _set_busy(self, is_busy: bool) -> None:
        self._is_busy = is_busy
        self._panel.set_busy(is_busy)


def _worked_out(work: Callable[[Explanation], Any], explanation: Callable[[], Explanation]) -> Any:
    """Do the work with the collector out of the way, which would hold the interface up."""
    with collector_paused():
        found = work(explanation())
        settle_collector()  # before it may run again: it would at once
    return found
