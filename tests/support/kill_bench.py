"""What the suites of kills and of full disks stand on."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.support import disk_faults
from tests.support.kill_checks import Before, state_of
from tests.support.kill_operations import template
from tests.support.kill_server import KillServer


class Bench:
    """A template folder, its state, and the process that forks what goes wrong in copies of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        template(folder / "template")
        self.before: Before = state_of(folder / "template")
        self.server = KillServer(disk_faults.compiled(folder))

    def copy(self) -> Path:
        """Return a fresh copy of the template."""
        folder = self.folder / "work"
        shutil.rmtree(folder, ignore_errors=True)
        return shutil.copytree(self.folder / "template", folder)
