"""What is in a ``.takt`` package: the names of its parts, its limits, and its manifest as strict models."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from app.exchange.zip_guard import Limits
from engine.instants import Instant
from engine.model import Dto, Many, Text

FORMAT = "taktwerk-package"
FORMAT_VERSION = 1

MANIFEST = "manifest.json"
SCHEDULE = "schedule.json"
HISTORY = "history.json"
SIGNATURE = "signature.json"
PARTS = (SCHEDULE, HISTORY)
"""The parts that the manifest lists."""

MAX_HISTORY = 200
"""Versions that a package carries at most; the newest ones."""
LIMITS = Limits(entries=4, entry_bytes=256 * 2**20, total_bytes=384 * 2**20)
MAX_MANIFEST_BYTES = 4 * 2**20
MAX_VALUES = 12_000_000
"""Values in the JSON of one part: twice what the largest schedule that is taken has."""
MAX_HISTORY_OPERATIONS = 4_000_000
"""Versions times operations of a history; each version is built and hashed."""

Hash = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
Short = Annotated[str, StringConstraints(max_length=200)]


class Part(Dto):
    """The size and the SHA-256 of one part."""

    bytes: Annotated[int, Field(ge=0, le=LIMITS.entry_bytes)]
    sha256: Hash


class VersionNote(Dto):
    """What is known of a version but its data. ``content_hash`` is of its canonical JSON."""

    content_hash: Hash
    number: Annotated[int, Field(ge=1)] | None = None
    created_at: Instant | None = None
    created_by: Short | None = None
    source: Short | None = None
    comment: Text = ""


class Sender(Dto):
    """Who sent it, by their own account, and with which key if it is signed."""

    name: Short = ""
    public_key: Annotated[str, StringConstraints(max_length=64)] | None = None


class Manifest(Dto):
    """The versioned header of a package. ``ancestors`` are the content hashes before this version, nearest first."""

    format: Literal["taktwerk-package"]
    format_version: Literal[1]
    program: Short
    created_at: Instant
    title: Text
    sender: Sender
    version: VersionNote
    ancestors: Many[Hash] = ()
    parts: dict[str, Part]


class History(Dto):
    """Earlier versions, oldest first, the package's own one last: the oldest whole, then what changed each time."""

    versions: Many[VersionNote]
    oldest: dict[str, Any]
    deltas: Many[dict[str, Any]]


class SignatureFile(Dto):
    """A signature over the manifest's bytes, which hold the hashes of everything else."""

    algorithm: Literal["ed25519"]
    public_key: Annotated[str, StringConstraints(max_length=64)]
    signature: Annotated[str, StringConstraints(max_length=120)]


SIGNED_PREFIX = b"taktwerk-package-1\n"
"""Stands before the manifest in what is signed, so that a signature of ours never means something else."""
