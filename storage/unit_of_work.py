"""One transaction and the repositories that work in it."""

from __future__ import annotations

from sqlalchemy import Connection

from storage.draft_repository import DraftRepository
from storage.failures import storage_error
from storage.head_repository import HeadRepository
from storage.mark_repository import MarkRepository
from storage.merge_repository import MergeRepository
from storage.repository import AlgorithmRepository, ProfileRepository, ScheduleRepository, UserRepository
from storage.run_repository import RunRepository
from storage.version_repository import VersionRepository


class ReadView:
    """One consistent state of the database; what changes something fails."""

    def __init__(self, connection: Connection) -> None:
        self.schedules = ScheduleRepository(connection)
        self.versions = VersionRepository(connection)
        self.heads = HeadRepository(connection)
        self.marks = MarkRepository(connection)
        self.merges = MergeRepository(connection)
        self.runs = RunRepository(connection)
        self.drafts = DraftRepository(connection)
        self.algorithms = AlgorithmRepository(connection)
        self.profiles = ProfileRepository(connection)
        self.users = UserRepository(connection)


class UnitOfWork(ReadView):
    """Changes that happen together at ``commit()``, or not at all."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._connection = connection

    def commit(self) -> None:
        """Make everything done so far lasting; it is on the disk when this returns. The unit is over then.

        Raises
        ------
        TaktwerkError
            E008 when the database could not keep it, or refused an earlier step; nothing of the unit is stored then.
        """
        if has_failed(self._connection):
            raise storage_error("The change was not saved because an earlier step of it failed. Try again.")
        self._connection.commit()
        self._connection.close()

    def close(self) -> None:
        """Roll back what was not committed. Using the unit afterwards is a fault of the program."""
        self._connection.close()


_FAILED = "taktwerk_failed"


def mark_failed(connection: Connection) -> None:
    """Note that a statement failed, so that the rest of its transaction is not committed without it."""
    connection.info[_FAILED] = True


def has_failed(connection: Connection) -> bool:
    """Return whether a statement of the present transaction failed."""
    return connection.closed or connection.invalidated or bool(connection.info.get(_FAILED))


def begin(connection: Connection) -> None:
    """Begin a transaction on a connection that may have served another."""
    connection.info.pop(_FAILED, None)
    connection.begin()
