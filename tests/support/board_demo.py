"""Shows the board with a generated plant, or saves a picture of it: for looking at it while working on it.

``python -m tests.support.board_demo [--orders 24] [--machines 3] [--colour lateness] [--dark] [--picture FILE]``
"""

from __future__ import annotations

import argparse
import os
import sys

from PySide6.QtWidgets import QApplication

from tests.support.board_page import BoardPage
from tests.support.board_plant import make_plant
from tests.support.board_session import make_session
from tests.support.qt import pause
from ui.board_view import COLOUR_KEYS
from ui.scheme import register_scheme
from ui.theme import apply_theme


def main() -> int:
    """Run the demonstration."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=24)
    parser.add_argument("--machines", type=int, default=3, help="of each of six kinds")
    parser.add_argument("--colour", choices=COLOUR_KEYS, default="order")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--dependencies", action="store_true")
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--picture", help="save the board as a PNG and end")
    options = parser.parse_args()
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        os.environ["QTWEBENGINE_DISABLE_SANDBOX"] = "1"
    if options.picture:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    register_scheme()
    application = QApplication(sys.argv[:1])
    apply_theme(application)
    page = BoardPage(make_session(make_plant(options.orders, options.machines)))
    view = page.view
    view.set_colour_by(options.colour)
    view.set_dependencies_visible(options.dependencies)
    view.set_dark(options.dark)
    if options.fit:
        view.zoom_fit()
    if not options.picture:
        return application.exec()
    pause(1_000)
    page.settle()
    view.grab_image().save(options.picture)
    page.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
