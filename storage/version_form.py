"""How the content of a version is stored: whole, or as what changed since its parent.

Small schedules are stored whole and as plain JSON. Of larger ones a version is its parent's content and a delta, as
long as the chain of deltas back to the last whole one (a *snapshot*, compressed) is short and light; else it is a
snapshot itself. The delta to the parent is kept in either case. Nothing is stored as a delta that was not tried: parent
and delta must give the version's canonical bytes, to the last one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from storage import canonical
from storage.canonical import Encoded
from storage.document import MISFIT, Document

PLAIN_BYTES = 8 * 1024
"""A schedule of at most so many bytes is stored whole, as JSON that plain SQL can read."""

PLAIN_DELTA_BYTES = 16 * 1024
"""A delta of more bytes than this is stored compressed."""

MOST_DEPTH = 64
"""So many deltas at most stand between a version and its snapshot."""

CHAIN_SHARE = 4
"""All deltas of a chain together have at most one in so many of the bytes of the schedule."""


@dataclass(frozen=True, slots=True)
class Form:
    """The content columns of a version's row; see ``storage.tables.schedule_versions``."""

    data: bytes | None
    snapshot: bytes | None
    diff_from_parent: bytes | None
    delta: bytes | None
    delta_hash: str | None
    depth: int
    chain_bytes: int

    def columns(self) -> dict[str, Any]:
        """Return the values by column."""
        return {name: getattr(self, name) for name in Form.__dataclass_fields__}


@dataclass(frozen=True, slots=True)
class Parent:
    """What the form of a child depends on: the parent's content, and how long its chain is."""

    data: bytes
    depth: int
    chain_bytes: int


def form_of(encoded: Encoded, delta: dict[str, Any] | None, parent: Parent | None) -> Form:
    """Return how a version is to be stored.

    Parameters
    ----------
    encoded
        Its content.
    delta
        What turns the parent into it, as JSON, if there is a parent.
    parent
        ``None`` stores it whole.
    """
    packed = None if delta is None else canonical.dumps(delta)
    is_large = packed is not None and len(packed) > PLAIN_DELTA_BYTES
    kept = {
        "diff_from_parent": None if is_large else packed,
        "delta": canonical.pack(packed) if packed is not None and is_large else None,
        "delta_hash": None if packed is None else canonical.content_hash(packed),
    }
    if len(encoded.data) <= PLAIN_BYTES:
        return Form(encoded.data, None, **kept, depth=0, chain_bytes=0)
    if parent is not None and packed is not None:
        depth, size = parent.depth + 1, parent.chain_bytes + len(packed)
        is_short = depth <= MOST_DEPTH and size * CHAIN_SHARE <= len(encoded.data)
        if is_short and _rebuilds(parent.data, packed, encoded):
            return Form(None, None, **kept, depth=depth, chain_bytes=size)
    return Form(None, canonical.pack(encoded.data), **kept, depth=0, chain_bytes=0)


def _rebuilds(parent: bytes, delta: bytes, encoded: Encoded) -> bool:
    document = Document(parent)
    try:
        document.patch(canonical.loads(delta))
        return document.to_bytes() == encoded.data
    except MISFIT:
        return False
