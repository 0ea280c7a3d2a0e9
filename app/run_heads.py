"""To which scenario a run of an earlier sitting belongs, as far as its base version tells."""

from __future__ import annotations

from collections.abc import Sequence

from app.scenarios import ancestors
from storage.rows import HeadRow, VersionInfo


def heads_from(versions: Sequence[VersionInfo], heads: Sequence[HeadRow], base_version_id: str | None) -> list[str]:
    """Return the heads in use whose line contains a version: those that a run on it may have been made for."""
    infos = {info.id: info for info in versions}
    return [
        head.name
        for head in heads
        if not head.is_archived and base_version_id is not None and base_version_id in ancestors(infos, head.version_id)
    ]
