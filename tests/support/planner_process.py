"""A planner without a window: opens a database, edits, optimises, and says on stdout what was acknowledged.

``python -m tests.support.planner_process DATABASE SCHEDULE_ID``: after every acknowledged edit it prints
``edit <hash of the working schedule>``; of its run ``run <id>``, ``phase <words>``, ``incumbent <objective>``; after
the result is applied ``applied <version number>``. It goes on editing until it is killed.
"""

from __future__ import annotations

import sys
import threading
import time

from app.commands import parse_command
from app.optimization import OptimizationService, RunEvent
from app.session import PlanningSession
from app.versions import VersionService
from engine.instants import format_instant, from_ms
from engine.model import OptimizationRequest, Options
from storage import canonical
from storage.database import open_database
from tests.support.plants import at_ms

_SAYING = threading.Lock()


def say(*words: object) -> None:
    """Print a line at once and whole; several threads do."""
    with _SAYING:
        sys.stdout.write(" ".join(map(str, words)) + "\n")
        sys.stdout.flush()


def plan(database_path: str, schedule_id: str, limit_s: float) -> None:
    """Edit and optimise for ever."""
    database = open_database(database_path)
    versions, runs = VersionService(database, "planner"), OptimizationService(database)
    opened = versions.open(schedule_id)
    session = PlanningSession(versions, schedule_id, opened.head, opened.schedule)
    over = threading.Event()

    def listen(event: RunEvent) -> None:
        if event.kind == "phase":
            say("phase", event.view.step)
        if event.kind == "incumbent":
            say("incumbent", event.view.objective)
        if event.kind == "finished":
            over.set()

    runs.subscribe(listen)
    edit(session, 0)
    frozen = session.working
    request = OptimizationRequest(schedule_data=frozen, options=Options(time_limit=limit_s, workers=1))
    run_id = runs.submit(request, schedule_id=schedule_id, base_version_id=session.head.id)
    say("run", run_id)
    for number in range(1, 10_000):
        edit(session, number)
        if over.is_set():
            result = runs.result(run_id).result
            assert result is not None, runs.status(run_id).error
            session.show_preview(run_id, frozen, result)
            say("preview")
            answer = session.apply_preview()
            assert answer.error is None, answer.error
            say("applied", session.head.number, canonical.encode(session.head_schedule).content_hash)
            over.clear()
        time.sleep(0.02)


def edit(session: PlanningSession, number: int) -> None:
    """Move the operation that no run may move a bit further, and say so once that is acknowledged."""
    start = format_instant(from_ms(at_ms(10_000 + number)))
    answer = session.execute(parse_command({"kind": "move", "eventId": "mine", "start": start}))
    assert answer.error is None, answer.error
    say("edit", canonical.encode(session.working).content_hash)


if __name__ == "__main__":
    plan(sys.argv[1], sys.argv[2], float(sys.argv[3]))
