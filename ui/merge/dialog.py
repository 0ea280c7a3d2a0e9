"""The conflict dialog: what both sides changed, with the three values of each, and what the merged plan would be."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QMoveEvent, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from app.merge_desk import DeskView
from app.merge_words import ConflictView
from ui.dialogs.base import Dialog
from ui.merge.cards import ChoiceCards
from ui.merge.side_panel import SidePanel
from ui.merge.table import ConflictTable
from ui.widgets import Notice, button, label

_WIDTH, _CLEAN_WIDTH, _SIDE_PX, _FOOT_PX, _COMMENT_PX = 1270, 620, 340, 12, 330
_SPARE_PX, _MOST_SETTLED = 8, 4


class ConflictDialog(Dialog):
    """Shows one merge and asks. It does not block the board: a conflict that is looked at is shown there.

    Parameters
    ----------
    view
        The merge.
    is_kept
        Whether it is stored, so that it can be finished later.
    can_rerun
        Whether the optimiser can repair it.
    has_comment
        Whether a version comes of it, which can have a comment.
    """

    chosen = Signal(str, object)
    """(key, side or ``None``) of a conflict."""
    all_chosen = Signal(str)
    rerun_requested = Signal()
    stop_requested = Signal(bool)
    """End the rerun: with its best plan, or without."""
    merge_requested = Signal(str)
    """The comment."""
    given_up = Signal()
    placed = Signal()
    """It stands elsewhere now, or has another size."""
    looked_at = Signal(object)
    """The ``ConflictView`` that is looked at."""
    go_to_event = Signal(str)

    def __init__(
        self,
        view: DeskView,
        parent: QWidget | None,
        *,
        is_kept: bool = True,
        can_rerun: bool = True,
        has_comment: bool = True,
    ) -> None:
        has_conflicts = bool(view.conflicts)
        width = _WIDTH if has_conflicts else _CLEAN_WIDTH
        super().__init__("Merge", parent, heading=view.names.heading, width=min(width, _room(parent)))
        self.setModal(False)
        self._view, self._busy, self._is_run, self._can_rerun = view, "", False, can_rerun
        self.explanation = label("", "muted", wrap=True)
        self.notice = Notice("info")
        self.table = ConflictTable(view)
        self.cards, self.side = ChoiceCards(), SidePanel()
        self.comment = QLineEdit()
        self.comment.setPlaceholderText("Comment of the new version (optional)")
        self.comment.setMaxLength(2_000)
        self.comment.setMinimumWidth(_COMMENT_PX)
        self.comment.setVisible(has_comment)
        self._lay_out(has_conflicts)
        self._add_buttons(view, is_kept=is_kept, can_rerun=can_rerun, has_conflicts=has_conflicts)
        self._connect()
        self.show_view(view)
        first = view.next_open(None) or next((one.key for one in view.conflicts), None)
        self.look_at(first)

    # what it shows

    def show_view(self, view: DeskView) -> None:
        """Show the merge as it stands now; the conflict that is looked at stays so."""
        had_notice = self.notice.isVisible()
        self._view = view
        self.table.show_view(view)
        self.explanation.setText(_explained(view))
        self.side.show_view(view)
        self._show_current()
        self._show_notice()
        self.refresh()
        if self.isVisible() and had_notice != self.notice.isVisible():
            self._fit()

    def set_busy(self, words: str, *, is_run: bool = False) -> None:
        """Say what goes on (nothing when empty); ``is_run``: a rerun, which can be stopped."""
        self._busy, self._is_run = words, is_run
        for one in (self.stop, self.cancel_run):
            one.setVisible(is_run)
        self.rerun.setVisible(self._can_rerun and not is_run)
        self.refresh()

    def say(self, kind: str, words: str) -> None:
        """Say something above the conflicts."""
        self.notice.say(kind, words)

    def refresh(self) -> None:
        """Enable what can be done now, and say why not."""
        view = self._view
        blocked = self._busy or view.blocked
        self.merge.setEnabled(not blocked)
        self.merge.setToolTip(blocked or "Make this plan the next one (Ctrl+Return)")
        self.progress.setText(view.progress)
        self.reason.setText(self._busy or view.blocked)
        self.rerun.setEnabled(not self._busy)
        for one in (self.mine, self.theirs, self.cards):
            one.setEnabled(not self.is_running)

    @property
    def is_running(self) -> bool:
        """Whether a rerun goes on."""
        return self._is_run

    @property
    def current(self) -> ConflictView | None:
        """The conflict that is looked at."""
        return self.table.current

    def look_at(self, key: str | None) -> None:
        """Select a conflict."""
        self.table.look_at(key)

    def showEvent(self, event: QShowEvent) -> None:
        """Stand at the foot of the window, so that the board above stays in sight."""
        super().showEvent(event)
        self._fit()

    def moveEvent(self, event: QMoveEvent) -> None:
        super().moveEvent(event)
        self.placed.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.placed.emit()

    # inside

    def _fit(self) -> None:
        """Be as low as the content allows, at the foot of the window."""
        outer = self.layout()
        if outer is not None:
            outer.activate()
            self.resize(self.width(), outer.totalMinimumHeightForWidth(self.width()) + _SPARE_PX)
        parent = self.parentWidget()
        if parent is not None:
            place = parent.frameGeometry()
            left = place.left() + max(0, (place.width() - self.width()) // 2)
            self.move(left, max(place.top(), place.bottom() - self.frameGeometry().height() - _FOOT_PX))

    def _lay_out(self, has_conflicts: bool) -> None:
        left = QVBoxLayout()
        left.setSpacing(8)
        left.addWidget(self.table, 1)
        left.addWidget(self.cards)
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addLayout(left, 1 if has_conflicts else 0)
        row.addWidget(self.side, 0 if has_conflicts else 1)
        if has_conflicts:
            self.side.setFixedWidth(_SIDE_PX)
        self.table.setVisible(has_conflicts)
        self.cards.setVisible(has_conflicts)
        self.body.addWidget(self.explanation)
        self.body.addWidget(self.notice)
        self.body.addLayout(row, 1)
        foot = QHBoxLayout()
        foot.setSpacing(10)
        self.progress, self.reason = label("", "strong"), label("", "muted")
        foot.addWidget(self.progress)
        foot.addWidget(self.reason, 1)
        foot.addWidget(self.comment, 0 if has_conflicts else 3)
        self.body.addLayout(foot)

    def _add_buttons(self, view: DeskView, *, is_kept: bool, can_rerun: bool, has_conflicts: bool) -> None:
        names = view.names
        self.mine = button("Accept mine", lambda: self.all_chosen.emit(names.mine))
        self.mine.setToolTip(f"Take {names.of(names.mine).name} in every conflict")
        self.theirs = button("Accept theirs", lambda: self.all_chosen.emit(names.other))
        self.theirs.setToolTip(f"Take {names.of(names.other).name} in every conflict")
        self.rerun = button("Rerun with locks", self.rerun_requested.emit, icon_name="optimize")
        self.rerun.setToolTip(
            f"Lock what {names.ours.name} placed; the optimiser then moves only what does not fit, "
            "and says what it had to move"
        )
        self.stop = button("Stop and keep", lambda: self.stop_requested.emit(True), icon_name="stop")
        self.cancel_run = button("Cancel run", lambda: self.stop_requested.emit(False))
        for one in (self.mine, self.theirs):
            self.add_left(one)
            one.setVisible(has_conflicts)
        for one in (self.rerun, self.stop, self.cancel_run):
            self.add_left(one)
        self.rerun.setVisible(can_rerun)
        for one in (self.stop, self.cancel_run):
            one.hide()
        if is_kept:
            self.give_up = self.add_action("Give up merge", self.given_up.emit, role="danger")
            self.give_up.setToolTip("Forget the merge and its choices; both plans stay as they are")
        self.later = self.add_action("Finish later" if is_kept else "Cancel", self.reject)
        if is_kept:
            self.later.setToolTip("The choices are kept; go on at any time from the Versions dock")
        self.merge = self.add_action("Merge", self._on_merge, role="primary")

    def _connect(self) -> None:
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._on_selected())
        self.table.row_activated.connect(lambda one: self.looked_at.emit(one))
        self.table.clicked.connect(lambda _: self.looked_at.emit(self.current))
        self.cards.chosen.connect(self._choose)
        self.side.go_to_event.connect(self.go_to_event)
        for position in range(3):
            keys = QShortcut(QKeySequence(str(position + 1)), self)
            keys.activated.connect(lambda at=position: self._choose(self.cards.side_at(at)))
        QShortcut(QKeySequence(Qt.Key.Key_Backspace), self.table).activated.connect(lambda: self._choose(None))
        QShortcut(QKeySequence("Ctrl+Return"), self).activated.connect(self._on_merge)

    def _choose(self, side: str | None) -> None:
        """Decide the conflict that is looked at, and look at the next one that is open."""
        one = self.current
        if one is None or self.is_running:
            self._show_current()
            return
        self.chosen.emit(one.key, side)
        following = self._view.next_open(one.key)
        if side is not None and following is not None and following != one.key:
            self.look_at(following)

    def _on_selected(self) -> None:
        self._show_current()
        if self.current is not None:
            self.looked_at.emit(self.current)

    def _on_merge(self) -> None:
        if self.merge.isEnabled():
            self.merge_requested.emit(self.comment.text().strip())

    def _show_current(self) -> None:
        key = self.current.key if self.current else None
        one = next((view for view in self._view.conflicts if view.key == key), None)
        self.cards.show_conflict(one, self._view.names, self._view.candidate.words)

    def _show_notice(self) -> None:
        view = self._view
        if view.told:
            self.notice.say("info", f"Rerun with locks: {view.told}")
        elif view.candidate.faults:
            self.notice.say("bad", view.blocked or view.candidate.faults[0].reason)
        elif view.candidate.settled:
            self.notice.say("info", "\n".join(["Decided without asking:", *view.candidate.settled[:_MOST_SETTLED]]))
        else:
            self.notice.say("info", "")


def _explained(view: DeskView) -> str:
    count = len(view.conflicts)
    if not count:
        return f"{view.names.explanation} Nothing was changed differently on both sides."
    items = "1 thing was" if count == 1 else f"{count:,} things were"
    return (
        f"{view.names.explanation} {items} changed differently on both sides; choose what to take. What only one side "
        "changed is merged without asking."
    )


def _room(parent: QWidget | None) -> int:
    return _WIDTH if parent is None else max(_CLEAN_WIDTH, parent.width() - 40)
