"""Which plan a run belongs to: a run made for one scenario is never laid over another unasked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject

from app.merge_names import plan_name
from app.run_heads import heads_from
from app.session import PlanningSession
from app.versions import VersionService
from engine.errors import TaktwerkError
from engine.model import Schedule
from ui.dialogs.base import Dialog
from ui.runs import RunView
from ui.widgets import label
from ui.workbench import Workbench


@dataclass(frozen=True)
class _Home:
    """Where a run of this sitting was started."""

    schedule_id: str
    head: str
    frozen: Schedule


class RunHomes(QObject):
    """Remembers where runs of this sitting were started, and works it out for those of earlier ones."""

    def __init__(self, workbench: Workbench, versions: VersionService) -> None:
        super().__init__(workbench)
        self._bench, self._versions = workbench, versions
        self._homes: dict[str, _Home] = {}

    def add(self, run_id: str, session: PlanningSession, frozen: Schedule) -> None:
        """Remember a run that was started on the open plan."""
        self._homes[run_id] = _Home(session.schedule_id, session.head_name, frozen)

    def head_of(self, run_id: str) -> str | None:
        """The head that a run was started on; ``None`` for one of an earlier sitting."""
        home = self._homes.get(run_id)
        return None if home is None else home.head

    def input_of(self, run_id: str) -> Schedule | None:
        """The plan that a run began with, if it was started in this sitting."""
        home = self._homes.get(run_id)
        return None if home is None else home.frozen

    def forget_others(self) -> None:
        """Forget the runs of schedules that are not open."""
        session = self._bench.session
        open_id = session.schedule_id if session is not None else None
        self._homes = {key: home for key, home in self._homes.items() if home.schedule_id == open_id}

    def find(self, view: RunView, *, here: Callable[[], None], elsewhere: Callable[[str], None]) -> Dialog | None:
        """Call ``here`` when a run belongs to the open plan, and only then; else ask, and do as is answered."""
        session = self._bench.session
        if session is None:
            return None
        heads = self._heads(view, session)
        if heads == [session.head_name]:
            here()
            return None
        return self._ask(view, session.head_name, heads, here, elsewhere)

    def _heads(self, view: RunView, session: PlanningSession) -> list[str]:
        """The heads that a run may have been made for."""
        known = self.head_of(view.run_id) or view.head_name
        try:
            heads = self._versions.heads(session.schedule_id)
            if known is not None and any(head.name == known for head in heads):
                return [known]
            # from before runs knew their heads, or its head is gone or renamed
            found = heads_from(self._versions.list(session.schedule_id), heads, view.base_version_id)
        except TaktwerkError:
            return []
        return found or [head.name for head in heads if not head.is_archived]

    def _ask(
        self,
        view: RunView,
        present: str,
        heads: list[str],
        here: Callable[[], None],
        elsewhere: Callable[[str], None],
    ) -> Dialog:
        others = [head for head in heads if head != present]
        dialog = Dialog("Another plan's run", self._bench.window, heading="For which plan is this result?")
        if len(heads) == 1:
            words = f"“{view.label}” was made for {plan_name(heads[0])}; {plan_name(present)} is open."
        else:
            named = " or ".join(plan_name(head) for head in heads[:4])
            words = f"“{view.label}” is from an earlier sitting. It was made for {named}."
        words += f" Shown here, its changes are laid over {plan_name(present)}."
        dialog.body.addWidget(label(words, wrap=True))
        dialog.add_action("Cancel", dialog.reject)
        for position, head in enumerate(others[:3]):
            role = "primary" if position == 0 and present not in heads else ""
            made = dialog.add_action(f"Open {plan_name(head)}", dialog.accept, role=role)
            made.clicked.connect(lambda _=False, to=head: elsewhere(to))
        show = dialog.add_action("Show it here", dialog.accept, role="primary" if present in heads else "")
        show.clicked.connect(lambda _=False: here())
        dialog.open()
        return dialog
