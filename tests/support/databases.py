"""Small schedules, fresh databases, and child processes that write to them."""

from __future__ import annotations

import contextlib
import datetime as dt
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.model import Dependency, Metadata, Mode, Operation, Order, Resource, Schedule, Snapshot
from storage.database import Database, open_database
from storage.rows import VersionInfo
from tests.support import postgresql

MORNING = dt.datetime(2026, 11, 23, 6, tzinfo=dt.UTC)
_NO_SERVER = postgresql.missing()
needs_postgresql = pytest.mark.skipif(_NO_SERVER is not None, reason=str(_NO_SERVER))
BACKENDS = [
    "sqlite",
    pytest.param("postgresql", marks=[needs_postgresql, pytest.mark.slow, pytest.mark.xdist_group("postgresql")]),
]
"""Where the same tests run: on PostgreSQL in ``make test-full``, all in one process, for there is one database."""

_ROOT = Path(__file__).resolve().parents[2]


def line_schedule(operations: int = 3, machines: int = 2, name: str = "Line A") -> Schedule:
    """Return a schedule of jobs of ten operations, one hour each, with alternatives and dependencies."""
    events = tuple(
        Operation(
            id=f"j{i // 10}-o{i % 10}",
            name=f"Operation {i}",
            duration=3_600_000,
            resource_id=f"m{i % machines}",
            start_date=MORNING + dt.timedelta(hours=i),
            end_date=MORNING + dt.timedelta(hours=i + 1),
            order_id=f"j{i // 10}",
            setup_family=f"f{i % 7}",
            modes=tuple(Mode(resource_id=f"m{(i + k) % machines}") for k in range(min(2, machines))),
        )
        for i in range(operations)
    )
    chained = tuple(
        Dependency(id=f"d{i}", from_event=events[i].id, to_event=events[i + 1].id)
        for i in range(operations - 1)
        if i % 10 != 9
    )
    return Schedule(
        version="1",
        snapshot=Snapshot(
            resources=tuple(Resource(id=f"m{i}", name=f"Machine {i}") for i in range(machines)),
            events=events,
            dependencies=chained,
            orders=tuple(Order(id=f"j{i}", name=f"Job {i}") for i in range((operations + 9) // 10)),
        ),
        metadata=Metadata(plant_id="plant-1", timestamp=MORNING, user_id="anna", name=name),
    )


def moved(schedule: Schedule, event_id: str, minutes: int) -> Schedule:
    """Return the schedule with one operation that many minutes later."""
    shift = dt.timedelta(minutes=minutes)
    events = tuple(
        op.model_copy(update={"start_date": op.start_date + shift, "end_date": op.end_date + shift})
        if op.id == event_id and op.start_date and op.end_date
        else op
        for op in schedule.snapshot.events
    )
    return schedule.model_copy(update={"snapshot": schedule.snapshot.model_copy(update={"events": events})})


def new_address(folder: Path, backend: str = "sqlite") -> str:
    """Return the address of a database that is new: in a folder, or the server's, which is emptied."""
    if backend == "sqlite":
        return str(folder / "taktwerk.db")
    empty_server(postgresql.server_url())
    return postgresql.server_url()


@contextlib.contextmanager
def fresh_database(folder: Path, backend: str = "sqlite") -> Iterator[Database]:
    """Open an empty database and close it at the end."""
    database = open_database(new_address(folder, backend))
    try:
        yield database
    finally:
        database.close()


def first_version(database: Database, schedule: Schedule) -> VersionInfo:
    """Store a schedule with version 1 and its head ``main``."""
    with database.unit_of_work() as uow:
        row = uow.schedules.create(schedule.metadata.plant_id, schedule.metadata.name or "")
        info = uow.versions.add(row.id, None, schedule, None, "import", None, uow.users.ensure("anna"))
        uow.heads.create(row.id, "main", info.id)
        uow.commit()
    return info


def writer_process(*arguments: str) -> subprocess.Popen[str]:
    """Start ``tests/support/storage_writer.py``; it acknowledges on its standard output, a line each."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.storage_writer", *arguments],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def empty_server(url: str) -> None:
    """Drop everything in a server's database."""
    from sqlalchemy import create_engine, make_url, text

    parsed = make_url(url).set(drivername="postgresql+psycopg")
    engine = create_engine(parsed)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
