"""From two plans to a comparison in the window: worked out in the background, kept true while the plan is edited."""

from __future__ import annotations

from functools import partial
from itertools import count
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from app.cherry_pick import Picked
from app.collector import collector_paused, settle_collector
from app.comparison import Comparison, OperationChange
from app.take_over import TakeOver
from app.versions import VersionService
from engine.errors import TaktwerkError
from engine.model import Schedule
from ui.background import in_background
from ui.compare.boards import ComparedBoards
from ui.compare.making import Compared, causes_of, let_go, loader, made
from ui.compare.panel import ComparePanel
from ui.compare.side import Side
from ui.workbench import Workbench

_PAUSE_MS = 250
_KEPT_MS, _MOST_KEPT = 12_000, 3
"""So long, and so many, comparisons that were ended are kept: by then no board draws them any more."""


class CompareFlow(QObject):
    """Compares any two plans and takes single changes over.

    Parameters
    ----------
    workbench, versions
        The open session, and where saved versions are.
    panel, boards
        What shows the comparison.
    """

    busy = Signal(str)
    shown = Signal()
    """A comparison was asked for: bring it into sight."""
    compared = Signal(object)
    """The ``Comparison`` that is shown now, ``None`` when it was ended."""

    def __init__(
        self, workbench: Workbench, versions: VersionService, panel: ComparePanel, boards: ComparedBoards
    ) -> None:
        super().__init__(workbench)
        self._bench, self._versions, self._panel, self._boards = workbench, versions, panel, boards
        self._sides: tuple[Side, Side] | None = None
        self._found: Compared | None = None
        self._of: Any = None
        self._extra: list[Side] = []
        self._past: dict[int, Compared] = {}
        self._numbers = count()
        self._asked = 0
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_PAUSE_MS)
        self._later.timeout.connect(self._work_out)
        workbench.opened.connect(self.end)
        workbench.changed.connect(lambda _: self._on_changed())
        panel.sides_chosen.connect(self.compare)
        panel.layout_chosen.connect(lambda key: boards.set_layout(key, self._titles()))
        panel.end_requested.connect(self.end)
        panel.filtered.connect(self._on_filtered)
        panel.operation_chosen.connect(boards.go_to)
        panel.order_chosen.connect(self._on_order)
        panel.take_operations.connect(lambda ids: self.take(event_ids=ids))
        panel.take_orders.connect(lambda ids: self.take(order_ids=ids))
        panel.start.clicked.connect(lambda _=False: self.compare_with_head())
        panel.show_nothing(False)

    @property
    def comparison(self) -> Comparison | None:
        """What is shown."""
        return self._found.comparison if self._found else None

    @property
    def sides(self) -> tuple[Side, Side] | None:
        """The plans that are compared: before, after."""
        return self._sides

    def compare_with_working(self, version: Any) -> None:
        """Compare a saved version with the working plan; the older one counts as before."""
        session = self._bench.session
        if session is not None:
            one, two = Side.of_version(version), Side.working()
            self.compare(*((one, two) if version.number <= session.head.number else (two, one)))

    def compare_with_head(self) -> None:
        """Compare the working plan with the version that it is based on."""
        if self._bench.session is not None:
            self.compare_with_working(self._bench.session.head)

    def compare_with_parent(self, version: Any) -> None:
        """Compare a version with the one that it was made from."""
        parent_id = version.parent_version_id
        if parent_id is None:
            self._bench.say(f"Version {version.number} is the first one: there is nothing to compare it with.", "warn")
            return
        try:
            parent = self._versions.show(parent_id)
        except TaktwerkError as error:
            self._bench.show_error(error, "The version could not be read")
            return
        self.compare(Side.of_version(parent), Side.of_version(version))

    def compare(self, before: Side, after: Side) -> None:
        """Compare two plans, until that is ended or other ones are chosen."""
        session = self._bench.session
        if session is None:
            return
        self._sides, self._of = (before, after), session
        self._extra = [side for side in (before, after) if side.plan is not None]
        self._panel.show_sides(self._offered(session), before, after)
        self.shown.emit()
        self._work_out()

    def end(self) -> None:
        """Show the working plan alone again."""
        was_on = self._sides is not None
        self._sides, self._of = None, None
        self._replace(None)
        self._asked += 1
        self._later.stop()
        self._panel.show_nothing(self._bench.session is not None)
        self._boards.show_pair(None)
        if was_on:
            self.busy.emit("")
            self.compared.emit(None)

    def take(self, *, event_ids: list[str] | tuple[str, ...] = (), order_ids: list[str] | tuple[str, ...] = ()) -> None:
        """Take operations or orders from the other plan into the working one, as one undo step."""
        session, found, sides = self._bench.session, self._found, self._sides
        if session is None or found is None or sides is None:
            return
        source_side, source, base = self._source(found.comparison, sides)
        command = TakeOver(source, source_side.name.lower(), tuple(event_ids), tuple(order_ids), base)
        onto = session.working

        def work() -> Picked:
            with collector_paused():
                return command.pick(onto)

        def done(picked: Picked) -> None:
            self.busy.emit("")
            if self._bench.session is session:
                ready: Any = TakeOver(source, command.source_name, event_ids, order_ids, base, (onto, picked))
                self._bench.execute(ready)

        def failed(error: Exception) -> None:
            self.busy.emit("")
            if isinstance(error, TaktwerkError):
                self._bench.say(error.message, "warn")
            else:
                self._bench.show_error(error, "Nothing was taken over")

        self.busy.emit("Taking over…")
        in_background(work, done, failed)

    # inside

    def _source(self, found: Comparison, sides: tuple[Side, Side]) -> tuple[Side, Schedule, Schedule | None]:
        """Which side changes are taken from, its plan, and what they are changes of."""
        before, after = sides
        if after.is_working:
            return before, found.before, None
        return after, found.after, None if before.is_working else found.before

    def _offered(self, session: Any) -> list[Side]:
        try:
            versions = self._versions.list(session.schedule_id)
        except TaktwerkError:
            versions = []
        return [Side.working(), *self._extra, *(Side.of_version(v) for v in versions)]

    def _titles(self) -> tuple[str, str]:
        return (self._sides[0].name, self._sides[1].name) if self._sides else ("", "")

    def _on_changed(self) -> None:
        if self._sides is not None and any(side.is_working for side in self._sides):
            self._later.start()

    def _work_out(self) -> None:
        session, sides = self._bench.session, self._sides
        if session is None or sides is None:
            return
        self._asked += 1
        ticket, versions, working, zone = self._asked, self._versions, session.working, self._bench.zone
        known = self._found.comparison if self._found else None
        loads = [loader(side, versions, working, known) for side in sides]
        head = session.head

        def work() -> Compared:
            with collector_paused():
                before, after = loads[0](), loads[1]()
                causes = causes_of(versions, sides, head)
                found = made(before, after, sides, causes)
                settle_collector()  # before it may run again, else it looks through all of this at once
                return found

        def done(found: Compared) -> None:
            if ticket != self._asked or self._sides != sides:
                return
            self.busy.emit("")
            self._replace(found)
            self._panel.show_comparison(found.comparison, *sides, zone)
            self._panel.set_take(*self._take_words(sides), is_on=not found.comparison.is_empty)
            self.compared.emit(found.comparison)

        def failed(error: Exception) -> None:
            if ticket == self._asked:
                self.busy.emit("")
                self.end()
                self._bench.show_error(error, "The plans could not be compared")

        self.busy.emit("Comparing…")
        self._panel.set_busy("Comparing…")
        in_background(work, done, failed)

    def _replace(self, found: Compared | None) -> None:
        """Let another comparison be the one that is shown; the one before is freed later, off this thread."""
        if self._found is not None:
            number = next(self._numbers)
            self._past[number] = self._found
            QTimer.singleShot(_KEPT_MS, self, partial(self._forget, number))
        self._found = found
        while len(self._past) > _MOST_KEPT:
            self._forget(next(iter(self._past)))

    def _forget(self, number: int) -> None:
        if number in self._past:
            let_go([self._past.pop(number)])

    def _take_words(self, sides: tuple[Side, Side]) -> tuple[str, str]:
        before, after = sides
        if after.is_working:
            return "Put back", f"Put the selected back as in {before.name.lower()}"
        return "Take over", f"Take the selected of {after.name.lower()} into the working plan"

    def _on_filtered(self, left: tuple[OperationChange, ...]) -> None:
        if self._found is None or self._sides is None:
            return
        is_all = len(left) == len(self._found.comparison.operations)
        self._boards.show_pair(self._found.pair if is_all else self._found.pair.marking(left), self._titles())

    def _on_order(self, order_id: str) -> None:
        found = self.comparison
        if found is None or not order_id:
            return
        ids = [c.event_id for c in found.changes(order_ids=(order_id,))]
        self._boards.select(tuple(ids))
        places = [p for c in found.changes(order_ids=(order_id,)) for p in (c.before, c.after) if p and p.is_scheduled]
        if places:
            self._boards.show_span(min(p.start_ms or 0 for p in places), max(p.end_ms or 0 for p in places))
