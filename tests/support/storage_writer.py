"""A process that writes to a database until it is done or killed.

``edits DATABASE DRAFT_ID`` adds draft edits for ever and prints the number of each one once it is acknowledged.
``heads DATABASE SCHEDULE_ID COUNT`` adds versions, each on the head it read before; prints how often it was refused.
"""

from __future__ import annotations

import sys

from engine.errors import ErrorCode, TaktwerkError
from storage.database import Database, open_database


def write_edits(database: Database, draft_id: str) -> None:
    """Append edits without end."""
    while True:
        with database.unit_of_work() as uow:
            seq = uow.drafts.last_seq(draft_id) + 1
            uow.drafts.append(
                draft_id, seq, f"Edit {seq}", {"events": {"a": {"changed": {"duration": [seq, seq + 1]}}}}
            )
            uow.commit()
        print(seq, flush=True)


def advance_heads(database: Database, schedule_id: str, count: int) -> None:
    """Add ``count`` versions by compare-and-set, again from the start when somebody was faster."""
    refused = done = 0
    with database.read() as view:
        head = view.heads.get(schedule_id)
        encoded = view.versions.encoded(head.version_id)
    while done < count:
        with database.read() as view:
            expected = view.heads.get(schedule_id).version_id
        try:
            with database.unit_of_work() as uow:
                info = uow.versions.add(schedule_id, expected, encoded, {}, "manual", None, None)
                uow.heads.move(schedule_id, "main", expected, info.id)
                uow.commit()
            done += 1
        except TaktwerkError as error:
            is_late = str(error.details.get("kind")).startswith("SQLITE_BUSY")  # on a machine that is very busy
            if error.code is not ErrorCode.VERSION_CONFLICT and not is_late:
                raise
            refused += not is_late
    print(refused, flush=True)


if __name__ == "__main__":
    opened = open_database(sys.argv[2])
    if sys.argv[1] == "edits":
        write_edits(opened, sys.argv[3])
    else:
        advance_heads(opened, sys.argv[3], int(sys.argv[4]))
    opened.close()
