"""Which head a run is made for, as far as the version that it is based on tells."""

from __future__ import annotations

from collections.abc import Sequence

from app.scenarios import ancestors
from app.version_reading import VersionReader
from storage.rows import HeadRow, VersionInfo
from storage.tables import MAIN_HEAD


def heads_from(versions: Sequence[VersionInfo], heads: Sequence[HeadRow], base_version_id: str | None) -> list[str]:
    """Return the heads in use whose line contains a version: those that a run on it may have been made for."""
    infos = {info.id: info for info in versions}
    return [
        head.name
        for head in heads
        if not head.is_archived and base_version_id is not None and base_version_id in ancestors(infos, head.version_id)
    ]


def head_for(versions: VersionReader, schedule_id: str, version_id: str) -> str | None:
    """Return the head that a run on a version is for where nobody says (E012).

    That is one that stands there, else one whose line the version is on. The live plan goes before scenarios; ``None``
    where several scenarios share the version, or none has it any more.
    """
    heads = versions.heads(schedule_id)
    standing = [head.name for head in heads if not head.is_archived and head.version_id == version_id]
    for names in (standing, heads_from(versions.list(schedule_id), heads, version_id)):
        if MAIN_HEAD in names or len(names) == 1:
            return MAIN_HEAD if MAIN_HEAD in names else names[0]
    return None
