"""Everything a planner can do from a menu, the tool bar or the keyboard, in one table.

The table is the single source: menus, tool bar, tooltips and the shortcut list are built from it, and the manual is
tested against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar

from ui import palette
from ui.icons import icon

MenuName = Literal["File", "Edit", "View", "Optimize", "Tools", "Help"]


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One action. ``shortcut`` lists portable key sequences, the main one first; ``tip`` is one sentence.

    ``short`` is the text beside the icon in the tool bar, empty = icon only.
    """

    id: str
    menu: MenuName
    text: str
    tip: str
    icon: str = ""
    shortcut: tuple[str, ...] = ()
    checkable: bool = False
    short: str = ""


_A = ActionSpec
ACTIONS: Final[tuple[ActionSpec, ...]] = (
    _A("file.open", "File", "&Open schedule…", "Open another schedule of this database", "open", ("Ctrl+O",)),
    _A(
        "file.import",
        "File",
        "&Import file…",
        "Take a file in, after a look at what it would change",
        "import",
        ("Ctrl+I",),
    ),
    _A("file.export", "File", "&Export…", "Hand the plan on as a file", "export", ("Ctrl+E",)),
    _A("file.save", "File", "&Save version…", "Store the working plan as a new version", "save", ("Ctrl+S",)),
    _A("file.discard", "File", "&Discard edits…", "Go back to the saved version", "discard"),
    _A("file.restore", "File", "&Restore backup…", "Put an earlier copy of the database back", "versions"),
    _A("file.quit", "File", "&Quit", "Close Taktwerk; edits are kept", "quit", ("Ctrl+Q",)),
    _A("edit.undo", "Edit", "&Undo", "Undo the last step", "undo", ("Ctrl+Z",)),
    _A("edit.redo", "Edit", "&Redo", "Redo the step undone last", "redo", ("Ctrl+Shift+Z", "Ctrl+Y")),
    _A("edit.operation", "Edit", "&Edit operation…", "Edit the selected operation", "edit", ("F2",)),
    _A(
        "edit.move",
        "Edit",
        "&Move or schedule…",
        "Give the selected operation a resource and a start",
        "schedule",
        ("Ctrl+M",),
    ),
    _A(
        "edit.lock",
        "Edit",
        "&Lock",
        "Lock the selected operations: neither you nor the optimiser can move them",
        "lock",
        ("Ctrl+L",),
    ),
    _A("edit.unlock", "Edit", "U&nlock", "Unlock the selected operations", "unlock", ("Ctrl+Shift+L",)),
    _A(
        "edit.unschedule",
        "Edit",
        "Uns&chedule",
        "Take the selected operations off the board",
        "unscheduled",
        ("Ctrl+Backspace",),
    ),
    _A(
        "edit.push",
        "Edit",
        "&Push successors",
        "When a move would break a dependency, push the operations after it",
        "push",
        ("Ctrl+P",),
        True,
    ),
    _A("edit.find", "Edit", "&Find…", "Find an operation or an order", "find", ("Ctrl+F",)),
    _A("view.zoom_in", "View", "Zoom &in", "Show less time, in more detail", "zoom-in", ("Ctrl++", "Ctrl+=")),
    _A("view.zoom_out", "View", "Zoom &out", "Show more time", "zoom-out", ("Ctrl+-",)),
    _A("view.zoom_fit", "View", "&Fit the plan", "Show the whole plan", "fit", ("Ctrl+0",)),
    _A("view.now", "View", "Go to &now", "Scroll to the start of the planning horizon", "now", ("Ctrl+H",)),
    _A(
        "view.dependencies",
        "View",
        "&Dependencies",
        "Draw the lines between dependent operations",
        "dependencies",
        ("Ctrl+D",),
        True,
    ),
    _A(
        "view.studio",
        "View",
        "Optimization &Studio",
        "Show or hide the Optimization Studio",
        "studio",
        ("Ctrl+1",),
        True,
    ),
    _A("view.versions", "View", "&Versions", "Show or hide the list of versions", "versions", ("Ctrl+2",), True),
    _A("view.problems", "View", "&Problems", "Show or hide the broken rules", "problems", ("Ctrl+3",), True),
    _A(
        "view.unscheduled",
        "View",
        "&Unscheduled",
        "Show or hide the operations without a place",
        "unscheduled",
        ("Ctrl+4",),
        True,
    ),
    _A(
        "view.changes",
        "View",
        "&Changes",
        "Show or hide what differs from the saved version or would change",
        "changes",
        ("Ctrl+5",),
        True,
    ),
    _A(
        "view.robustness",
        "View",
        "&Robustness",
        "Show or hide how the plan stands up to delays and breakdowns",
        "robustness",
        ("Ctrl+6",),
        True,
    ),
    _A(
        "view.explain",
        "View",
        "E&xplain",
        "Show or hide why orders are late, why not here, bottlenecks and slack",
        "explain",
        ("Ctrl+7",),
        True,
    ),
    _A(
        "view.compare",
        "View",
        "Co&mpare",
        "Show or hide the comparison of two plans",
        "changes",
        ("Ctrl+8",),
        True,
    ),
    _A(
        "view.what_if",
        "View",
        "&What-if",
        "Show or hide the desk that tries variants of the plan beside each other",
        "queue",
        ("Ctrl+9",),
        True,
    ),
    _A("view.reset", "View", "R&eset layout", "Put every dock back in its place"),
    _A(
        "run.optimize",
        "Optimize",
        "&Optimize",
        "Optimise the working plan with the settings of the Studio",
        "optimize",
        ("F5",),
        False,
        "Optimize",
    ),
    _A(
        "run.stop",
        "Optimize",
        "&Stop and keep",
        "End the run now and keep the best plan found so far",
        "stop",
        ("Shift+F5",),
    ),
    _A("run.cancel", "Optimize", "&Cancel run", "End the run and drop what it found", "cancel"),
    _A(
        "preview.apply",
        "Optimize",
        "&Apply preview",
        "Make the previewed plan a new version",
        "apply",
        ("Ctrl+Return",),
    ),
    _A(
        "preview.discard",
        "Optimize",
        "&Discard preview",
        "Put the preview away; the result stays in the run history",
        "discard",
        ("Ctrl+Shift+Backspace",),
    ),
    _A("tools.api", "Tools", "Local &HTTP API…", "Let scripts, an MES or an ERP on this PC plan too", "export"),
    _A("help.manual", "Help", "&Manual", "Open the manual at the page that fits", "explain", ("F1",)),
    _A("help.shortcuts", "Help", "&Keyboard shortcuts", "List every keyboard shortcut", "info", ("Ctrl+F1",)),
    _A("help.diagnostics", "Help", "&Diagnostics", "Show how Taktwerk is doing, and save a report", "info"),
    _A("help.about", "Help", "&About Taktwerk", "Show the version and the parts it is built on", "about"),
)

_SEPARATOR_BEFORE: Final = frozenset(
    {
        "file.save",
        "file.restore",
        "file.quit",
        "edit.operation",
        "edit.push",
        "edit.find",
        "view.dependencies",
        "view.studio",
        "view.reset",
        "preview.apply",
        "help.about",
    }
)
MENUS: Final[tuple[MenuName, ...]] = ("File", "Edit", "View", "Optimize", "Tools", "Help")


class Actions(QObject):
    """The QActions of the table, by id: ``actions["edit.undo"]``."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._by_id = {spec.id: self._made(spec) for spec in ACTIONS}

    def __getitem__(self, action_id: str) -> QAction:
        return self._by_id[action_id]

    def all(self) -> list[QAction]:
        """Return every action, in the order of the table."""
        return list(self._by_id.values())

    def fill(self, bar: QMenuBar) -> dict[MenuName, QMenu]:
        """Add the menus to the bar and return them by name."""
        menus: dict[MenuName, QMenu] = {name: bar.addMenu(f"&{name}") for name in MENUS}
        for menu in menus.values():
            menu.setToolTipsVisible(True)
        for spec in ACTIONS:
            if spec.id in _SEPARATOR_BEFORE:
                menus[spec.menu].addSeparator()
            menus[spec.menu].addAction(self._by_id[spec.id])
        return menus

    def set_tip(self, action_id: str, text: str, tip: str | None = None) -> None:
        """Change an action's text, and its tip with the shortcut behind it."""
        action = self._by_id[action_id]
        spec = _SPECS[action_id]
        action.setText(text)
        action.setToolTip(with_shortcut(tip or spec.tip, action.shortcut()))

    def _made(self, spec: ActionSpec) -> QAction:
        action = QAction(spec.text, self)
        action.setObjectName(spec.id)
        action.setCheckable(spec.checkable)
        action.setShortcuts([QKeySequence(keys) for keys in spec.shortcut])
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.setToolTip(with_shortcut(spec.tip, action.shortcut()))
        action.setStatusTip(spec.tip)
        if spec.short:
            action.setIconText(spec.short)
        if spec.icon:
            action.setIcon(icon(spec.icon, on=palette.ACCENT_PRESSED))
        return action


_SPECS: Final = {spec.id: spec for spec in ACTIONS}


def with_shortcut(tip: str, keys: QKeySequence) -> str:
    """Return the tip with the shortcut in brackets."""
    text = keys.toString(QKeySequence.SequenceFormat.NativeText)
    return f"{tip} ({text})" if text else tip


def plain_text(text: str) -> str:
    """Return a menu text without its mnemonic and dots."""
    return text.replace("&", "").rstrip("…")
