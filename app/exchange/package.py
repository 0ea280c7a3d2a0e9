"""The ``.takt`` package: one version in one file, whole, verifiable, with its history and a signature if wanted.

A zip file of canonical JSON: ``manifest.json`` (header, and size and SHA-256 of every part), ``schedule.json``,
``history.json`` if asked for and ``signature.json`` if signed. Opening one writes nothing, here or anywhere.
"""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

import orjson
from pydantic import ValidationError

from app import __version__
from app.exchange import package_parts as parts
from app.exchange.package_keys import KeyRing, fingerprint, from_text, is_signed_by, to_text
from app.exchange.package_parts import History, Manifest, Part, Sender, SignatureFile, VersionNote
from app.exchange.text import too_large
from app.exchange.zip_guard import GuardedZip, damaged
from engine.diff import Delta, apply, diff
from engine.errors import ErrorCode, TaktwerkError
from engine.model import Dto, Schedule
from engine.validate import parse_schedule
from storage import canonical

SUFFIX = ".takt"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_D = TypeVar("_D", bound=Dto)


@dataclass(frozen=True, slots=True)
class Step:
    """One version: what is known of it, and its data."""

    note: VersionNote
    schedule: Schedule


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed: the key, the name they give themselves, and the name under which they are trusted here, if so."""

    public_key: bytes
    claimed_name: str
    trusted_as: str | None

    def sentence(self) -> str:
        """Return what a planner must know of it."""
        mark = fingerprint(self.public_key)
        if self.trusted_as is not None:
            return f"Signed by {self.trusted_as}, who is trusted here (key {mark})."
        who = f"{self.claimed_name!r} by their own account" if self.claimed_name else "a sender without a name"
        return f"Signed by {who}, who is not known here. Compare the key {mark} with them before you trust it."


@dataclass(frozen=True, slots=True)
class Package:
    """A package that was opened and found intact. ``history`` is oldest first and ends with ``schedule``."""

    manifest: Manifest
    schedule: Schedule
    history: tuple[Step, ...]
    signer: Signer | None

    @property
    def known_hashes(self) -> tuple[str, ...]:
        """The content hashes of the version and of those before it, nearest first."""
        return (self.manifest.version.content_hash, *self.manifest.ancestors)

    def signature_sentence(self) -> str:
        """Return whether and by whom it is signed, in one sentence."""
        return self.signer.sentence() if self.signer else "Not signed: nobody vouches for who sent it."


def is_one(content: bytes) -> bool:
    """Return whether a file is a package by its looks: a zip file whose first entry is the manifest."""
    return content[:2] == b"PK" and content[30 : 30 + len(parts.MANIFEST)] == parts.MANIFEST.encode()


def note_of(schedule: Schedule, **known: Any) -> VersionNote:
    """Return what is known of a version; the content hash is computed."""
    return VersionNote(content_hash=canonical.encode(schedule).content_hash, **known)


def write(
    schedule: Schedule,
    *,
    title: str = "",
    sender: str = "",
    note: VersionNote | None = None,
    ancestors: Sequence[str] = (),
    history: Sequence[Step] = (),
    keys: KeyRing | None = None,
    now: dt.datetime | None = None,
) -> bytes:
    """Return the package of a schedule.

    Parameters
    ----------
    title
        What planners call the schedule; its own name when empty.
    sender
        Who sends it.
    note
        What is known of the version.
    ancestors
        Content hashes of the versions before it, nearest first: where it is opened, they tell what it goes back to.
    history
        Versions to carry along, oldest first, this one last; the newest ``MAX_HISTORY`` of them are written.
    keys
        Signs the package with this user's key.

    Raises
    ------
    TaktwerkError
        E001 when an attribute has no JSON form; E008 when there is no key and none can be made.
    """
    encoded = canonical.encode(schedule)
    contents = {parts.SCHEDULE: encoded.data}
    if history:
        contents[parts.HISTORY] = _history_bytes(history[-parts.MAX_HISTORY :])
    public_key = to_text(keys.public_key()) if keys else None
    manifest = Manifest(
        format=parts.FORMAT,
        format_version=parts.FORMAT_VERSION,
        program=f"taktwerk {__version__}",
        created_at=now or dt.datetime.now(dt.UTC),
        title=title or schedule.metadata.name or f"Plant {schedule.metadata.plant_id}",
        sender=Sender(name=sender, public_key=public_key),
        version=note or VersionNote(content_hash=encoded.content_hash),
        ancestors=tuple(ancestors),
        parts={name: Part(bytes=len(data), sha256=canonical.content_hash(data)) for name, data in contents.items()},
    )
    head = canonical.dumps(manifest.to_json())
    files = {parts.MANIFEST: head, **contents}
    if keys and public_key:
        signature = to_text(keys.sign(parts.SIGNED_PREFIX + head))
        made = SignatureFile(algorithm="ed25519", public_key=public_key, signature=signature)
        files[parts.SIGNATURE] = canonical.dumps(made.to_json())
    return _zipped(files)


def read(content: bytes, name: str, keys: KeyRing | None = None) -> Package:
    """Return the package in ``content``, every hash and the signature checked.

    Parameters
    ----------
    name
        The file's name, for messages.
    keys
        Tells whether the signer is trusted; without it nobody is.

    Raises
    ------
    TaktwerkError
        E009 when it is damaged, forged, of a newer kind or holds no valid schedule; E006 when it is too large.
    """
    file = GuardedZip(content, name, parts.LIMITS)
    manifest, head = _manifest(file, name)
    signer = _signer(file, name, manifest, head, keys)
    listed = {parts.MANIFEST, *manifest.parts} | ({parts.SIGNATURE} if signer else set())
    if (
        file.has_folders
        or set(file.names) != listed
        or not set(manifest.parts) <= set(parts.PARTS)
        or parts.SCHEDULE not in manifest.parts
    ):
        raise damaged(name, "its parts are not those that its manifest lists")
    data = _part(file, name, manifest, parts.SCHEDULE)
    schedule = _schedule(data, name, parts.SCHEDULE)
    if canonical.content_hash(data) != manifest.version.content_hash:
        raise damaged(name, "the schedule is not the version that the manifest names")
    history: tuple[Step, ...] = ()
    if parts.HISTORY in manifest.parts:
        history = _history(_part(file, name, manifest, parts.HISTORY), name, schedule, manifest)
    return Package(manifest, schedule, history, signer)


# writing


def _history_bytes(steps: Sequence[Step]) -> bytes:
    schedules = [step.schedule for step in steps]
    document = {
        "versions": [step.note.to_json() for step in steps],
        "oldest": schedules[0].model_dump(by_alias=True, exclude_none=True),
        "deltas": [diff(a, b).to_json() for a, b in pairwise(schedules)],
    }
    return canonical.dumps(document, "history")


def _zipped(files: dict[str, bytes]) -> bytes:
    """Equal parts give equal bytes: entries have no time and no rights of their own."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o600 << 16
            archive.writestr(info, data)
    return out.getvalue()


# reading


def _manifest(file: GuardedZip, name: str) -> tuple[Manifest, bytes]:
    head = file.read(parts.MANIFEST)
    if len(head) > parts.MAX_MANIFEST_BYTES:
        raise damaged(name, "its manifest is larger than any")
    data = _json(head, name, parts.MANIFEST)
    if data.get("format") != parts.FORMAT:
        raise damaged(name, "it is no Taktwerk package")
    version = data.get("formatVersion")
    if isinstance(version, bool):
        raise damaged(name, "its format has no number")
    if isinstance(version, int) and version > parts.FORMAT_VERSION:
        raise damaged(name, f"it is of format {version}; this program knows up to {parts.FORMAT_VERSION}")
    return _model(Manifest, data, name, parts.MANIFEST), head


def _signer(file: GuardedZip, name: str, manifest: Manifest, head: bytes, keys: KeyRing | None) -> Signer | None:
    stated = manifest.sender.public_key
    if parts.SIGNATURE not in file.names:
        if stated is not None:
            raise damaged(name, "its signature was taken out")
        return None
    found = _model(SignatureFile, _json(file.read(parts.SIGNATURE), name, parts.SIGNATURE), name, parts.SIGNATURE)
    try:
        public_key, signature = from_text(found.public_key, 32), from_text(found.signature, 64)
    except ValueError as error:
        raise damaged(name, f"its signature is malformed ({error})") from None
    if found.public_key != stated or not is_signed_by(public_key, signature, parts.SIGNED_PREFIX + head):
        raise damaged(name, "its signature does not fit: it was changed after it was signed")
    return Signer(public_key, manifest.sender.name, keys.name_of(public_key) if keys else None)


def _part(file: GuardedZip, name: str, manifest: Manifest, part: str) -> bytes:
    data = file.read(part)
    listed = manifest.parts[part]
    if len(data) != listed.bytes or canonical.content_hash(data) != listed.sha256:
        raise damaged(name, f"{part} is not what was packed: its SHA-256 differs from the manifest's")
    return data


def _schedule(data: bytes, name: str, part: str) -> Schedule:
    """Return the schedule in canonical bytes; data that were written in another way are not ours."""
    _json(data, name, part)
    try:
        schedule = parse_schedule(data)
    except TaktwerkError as error:
        if error.code is not ErrorCode.INVALID_SCHEDULE:
            raise
        refusal = damaged(name, f"the schedule in {part} is not valid: {error.details['faults'][0]['reason']}")
        refusal.details["faults"] = error.details["faults"]
        raise refusal from None
    if canonical.encode(schedule).data != data:
        raise damaged(name, f"{part} is not canonical JSON")
    return schedule


def _history(data: bytes, name: str, schedule: Schedule, manifest: Manifest) -> tuple[Step, ...]:
    """Rebuild every version from the oldest, and check each against its hash."""
    found = _model(History, _json(data, name, parts.HISTORY), name, parts.HISTORY)
    count = len(found.versions)
    if not 1 <= count <= parts.MAX_HISTORY or len(found.deltas) != count - 1:
        raise damaged(name, f"its history has {count} versions and {len(found.deltas)} changes")
    if found.versions[-1].content_hash != manifest.version.content_hash:
        raise damaged(name, "its history does not end with its version")
    work = count * len(schedule.snapshot.events)
    if work > parts.MAX_HISTORY_OPERATIONS:
        raise too_large(f"The history in {name} has {count} versions of {len(schedule.snapshot.events):,} operations.")
    steps: list[Step] = []
    current = _schedule(canonical.dumps(found.oldest), name, parts.HISTORY)
    for index, note in enumerate(found.versions):
        if index:
            current = _changed(current, found.deltas[index - 1], name, index)
        if canonical.encode(current).content_hash != note.content_hash:
            raise damaged(name, f"version {index + 1} of its history has not the hash it should have")
        steps.append(Step(note, current))
    steps[-1] = Step(found.versions[-1], schedule)
    return tuple(steps)


def _changed(current: Schedule, delta: dict[str, Any], name: str, index: int) -> Schedule:
    try:
        changed = apply(Delta.from_json(delta), current)
        return parse_schedule(changed.to_json())
    except TaktwerkError as error:
        if error.code is ErrorCode.TOO_LARGE:
            raise
        raise damaged(name, f"change {index} of its history does not fit") from None
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        raise damaged(name, f"change {index} of its history is malformed") from None


def _json(data: bytes, name: str, part: str) -> dict[str, Any]:
    if sum(map(data.count, (b",", b"[", b"{"))) > parts.MAX_VALUES:  # each becomes an object many times its size
        raise too_large(f"{part} in {name} holds more than {parts.MAX_VALUES:,} values.")
    try:
        found = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise damaged(name, f"{part} is not JSON ({error.msg}, line {error.lineno})") from None
    if not isinstance(found, dict):
        raise damaged(name, f"{part} is no JSON object")
    return found


def _model(kind: type[_D], data: dict[str, Any], name: str, part: str) -> _D:
    try:
        return kind.model_validate(data, by_alias=True, by_name=False)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))[:80]
        raise damaged(name, f"{part} is malformed at {where}: {first['msg']}") from None
