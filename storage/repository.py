"""Schedules, users, algorithms and profiles, and what all repositories share."""

from __future__ import annotations

import builtins
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Executable, RowMapping, delete, insert, select, update

from engine.errors import ErrorCode, Fault, TaktwerkError, invalid_schedule
from engine.model import Options
from storage.column_types import new_id, now
from storage.failures import not_found
from storage.rows import AlgorithmRow, ProfileRow, ScheduleRow, UserRow
from storage.tables import algorithm_profiles, algorithms, schedules, users


class Repository:
    """The rows of one kind, in the transaction of one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _first(self, statement: Executable) -> RowMapping | None:
        return self._connection.execute(statement).mappings().first()

    def _all(self, statement: Executable) -> list[RowMapping]:
        return list(self._connection.execute(statement).mappings())


class ScheduleRepository(Repository):
    """The schedules of the plant."""

    def create(self, plant_id: str, name: str) -> ScheduleRow:
        """Add a schedule without versions."""
        row = ScheduleRow(new_id(), plant_id, name, now())
        self._connection.execute(
            insert(schedules).values(id=row.id, plant_id=plant_id, name=name, created_at=row.created_at)
        )
        return row

    def get(self, schedule_id: str) -> ScheduleRow:
        """Return one schedule (E012 when there is none)."""
        row = self._first(select(schedules).where(schedules.c.id == schedule_id))
        if row is None:
            raise not_found("schedule", schedule_id)
        return ScheduleRow(**row)

    def list(self) -> builtins.list[ScheduleRow]:
        """Return every schedule, oldest first."""
        return [ScheduleRow(**row) for row in self._all(select(schedules).order_by(schedules.c.created_at))]

    def rename(self, schedule_id: str, name: str) -> None:
        """Give a schedule another name (E012 when there is none)."""
        done = self._connection.execute(update(schedules).where(schedules.c.id == schedule_id).values(name=name))
        if not done.rowcount:
            raise not_found("schedule", schedule_id)


class UserRepository(Repository):
    """Who saved what."""

    def ensure(self, name: str) -> str:
        """Return the id of the user of this name, who is added when new."""
        found = self._first(select(users.c.id).where(users.c.name == name))
        if found is not None:
            return str(found["id"])
        key = new_id()
        self._connection.execute(insert(users).values(id=key, name=name, created_at=now()))
        return key

    def list(self) -> builtins.list[UserRow]:
        """Return every user by name."""
        return [UserRow(**row) for row in self._all(select(users).order_by(users.c.name))]


class AlgorithmRepository(Repository):
    """The ways to solve that this database knows."""

    def list(self) -> builtins.list[AlgorithmRow]:
        """Return every algorithm by number."""
        return [AlgorithmRow(**row) for row in self._all(select(algorithms).order_by(algorithms.c.id))]


class ProfileRepository(Repository):
    """Named sets of options: the stock ones, and the planners' own."""

    def list(self) -> builtins.list[ProfileRow]:
        """Return every profile by number."""
        return [ProfileRow(**row) for row in self._all(select(algorithm_profiles).order_by(algorithm_profiles.c.id))]

    def get(self, profile_id: int) -> ProfileRow:
        """Return one profile (E012 when there is none)."""
        row = self._first(select(algorithm_profiles).where(algorithm_profiles.c.id == profile_id))
        if row is None:
            raise not_found("profile", str(profile_id))
        return ProfileRow(**row)

    def add(self, name: str, algorithm_id: int, options: dict[str, Any], description: str = "") -> ProfileRow:
        """Add a planner's own profile.

        Parameters
        ----------
        options
            Fields of the contract's options, in wire names; those left out keep their defaults.

        Raises
        ------
        TaktwerkError
            E001 when an option is not valid, the algorithm is unknown or the name is taken.
        """
        faults = _option_faults(options)
        if algorithm_id not in {row.id for row in AlgorithmRepository(self._connection).list()}:
            faults.append(Fault("algorithmId", algorithm_id, "there is no such algorithm"))
        if name in {row.name for row in self.list()}:
            faults.append(Fault("name", name, "there is a profile of this name; choose another"))
        if faults:
            raise invalid_schedule(faults, "profile")
        values = {"algorithm_id": algorithm_id, "name": name, "description": description, "options": options}
        self._connection.execute(insert(algorithm_profiles).values(**values, stock=False))
        return next(row for row in self.list() if row.name == name)

    def remove(self, profile_id: int) -> None:
        """Delete a planner's own profile that no run has used.

        Raises
        ------
        TaktwerkError
            E012 when there is none, E005 for one that comes with the program, E008 when a run refers to it.
        """
        if self.get(profile_id).stock:
            raise TaktwerkError(
                ErrorCode.RESOURCE_LOCKED,
                "Profiles that come with Taktwerk cannot be deleted.",
                {"profile": profile_id},
            )
        self._connection.execute(delete(algorithm_profiles).where(algorithm_profiles.c.id == profile_id))


def _option_faults(options: dict[str, Any]) -> list[Fault]:
    try:
        Options.model_validate(options)
    except ValidationError as error:
        return [
            Fault(".".join(["options", *(str(part) for part in fault["loc"])]), fault["input"], fault["msg"])
            for fault in error.errors()
        ]
    return []
