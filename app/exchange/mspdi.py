"""Microsoft Project XML (MSPDI), in and out: tasks, resources, assignments, calendars, links with lag.

Orders are summary tasks, operations the tasks below them. The format has no alternatives, setups, locks or secondary
choices; what it lacks is told when a file is written. Described in Microsoft's "Project XML Data Interchange Schema".
"""

from __future__ import annotations

from app.exchange.mspdi_read import read_project
from app.exchange.mspdi_write import write_project
from app.exchange.share import Rendered, Sharing
from engine.model import Schedule


def parse_file(content: bytes, name: str) -> tuple[Schedule, list[str]]:
    """Return the schedule in a project file, and what was taken otherwise than it stands there.

    Raises
    ------
    TaktwerkError
        E001 with every fault; E006 when it is too large; E009 when it declares entities.
    """
    return read_project(content, name)


def render_file(schedule: Schedule, sharing: Sharing) -> Rendered:
    """Return the project file of a schedule, and what it lacks."""
    return write_project(schedule, sharing.title)
