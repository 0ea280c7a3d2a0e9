"""Canonical JSON of a schedule, its SHA-256, and compressed JSON with a checksum.

Equal data gives equal bytes, unequal data unequal ones: keys are sorted, absent and ``None`` fields are both left out,
times are UTC, and a number is written by its value (``1.0`` as ``1``, ``-0.0`` as ``0``). Truth values are not numbers:
``true`` and ``1`` differ here, though not in Python.
"""

from __future__ import annotations

import hashlib
import io
import math
import operator
from dataclasses import dataclass
from enum import Enum
from typing import Any, cast

import orjson
import zstandard

from engine.errors import ErrorCode, Fault, TaktwerkError, invalid_schedule
from engine.model import Schedule

MAX_UNPACKED_BYTES = 512 * 1024 * 1024
"""No stored document is larger; a frame that unpacks to more is refused."""

_LEVEL = 3
_INT_MIN, _INT_END = -(2**63), 2**64
"""The whole numbers that JSON text carries exactly here: [-2^63, 2^64)."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A schedule in canonical form: ``data`` is UTF-8 JSON, ``content_hash`` its SHA-256 in lower-case hex."""

    data: bytes
    content_hash: str


def encode(schedule: Schedule) -> Encoded:
    """Return the canonical form of a schedule.

    Raises
    ------
    TaktwerkError
        E001 when an ``attributes`` value has no JSON form (NaN, infinity, a lone surrogate, a number beyond what JSON
        carries, an object of the program); every such value is named.
    """
    data = dumps(schedule.model_dump(by_alias=True, exclude_none=True), "schedule")
    return Encoded(data, content_hash(data))


def decode(data: bytes) -> Schedule:
    """Return the schedule of canonical bytes.

    Raises
    ------
    pydantic.ValidationError
        When the bytes are not a schedule that this program knows.
    """
    return Schedule.model_validate_json(data)


def content_hash(data: bytes) -> str:
    """Return the SHA-256 of bytes in lower-case hex."""
    return hashlib.sha256(data).hexdigest()


def dumps(value: Any, what: str = "data") -> bytes:
    """Return any JSON data as canonical bytes; ``what`` names them in the error.

    Raises
    ------
    TaktwerkError
        E001 naming every value that has no JSON form.
    """
    try:
        return orjson.dumps(_normal(value), option=orjson.OPT_SORT_KEYS)
    except (ValueError, TypeError, RecursionError) as error:
        faults = _faults(value, "", 0) or [Fault("", None, str(error))]
        raise invalid_schedule(faults, what) from None


def loads(data: bytes | str) -> Any:
    """Return the JSON data of a text.

    Raises
    ------
    ValueError
        When the text is not JSON.
    """
    return orjson.loads(data)


def pack(data: bytes) -> bytes:
    """Return bytes compressed as one zstd frame that carries its own checksum."""
    return zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress(data)


def unpack(frame: bytes, limit: int = MAX_UNPACKED_BYTES) -> bytes:
    """Return the bytes of ``pack``; never more than ``limit``, whatever size the frame declares.

    Raises
    ------
    TaktwerkError
        E008 when the frame is damaged or unpacks to more than ``limit`` bytes.
    """
    out = io.BytesIO()
    try:
        with zstandard.ZstdDecompressor().stream_reader(frame) as reader:
            while chunk := reader.read(1 << 20):
                out.write(chunk)
                if out.tell() > limit:
                    raise TaktwerkError(
                        ErrorCode.STORAGE,
                        f"A stored document unpacks to more than {limit // 2**20} MiB; it is damaged or was not "
                        "written by Taktwerk.",
                    )
        whole = zstandard.frame_content_size(frame) == out.tell()
    except zstandard.ZstdError as error:
        raise _damaged_frame(str(error)) from error
    if not whole:
        raise _damaged_frame("the frame is cut short")
    return out.getvalue()


def frame(cell: Any) -> bytes:
    """Return a cell's bytes; one that another program made text of is not a frame any more, and is refused as such."""
    return cell if isinstance(cell, bytes) else str(cell).encode()


def _damaged_frame(reason: str) -> TaktwerkError:
    return TaktwerkError(
        ErrorCode.STORAGE,
        "A stored document is damaged and cannot be unpacked. Restore the database from a backup.",
        {"reason": reason},
    )


def _normal(value: Any) -> Any:
    """Return the data with every number by its value; raises ValueError or TypeError at what JSON cannot carry."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is dict:
        return {key: _normal(item) for key, item in value.items()}
    if kind is list or kind is tuple:
        return [_normal(item) for item in value]
    if kind is int or kind is float:
        return _number(value)
    if isinstance(value, Enum):
        return _normal(value.value)
    if isinstance(value, float):  # subclasses of float and things like whole numbers: what numpy computes with
        return _number(float(value))
    if hasattr(kind, "__index__"):
        return _number(operator.index(value))
    raise TypeError(f"a {kind.__name__} has no JSON form")


def _number(value: int | float) -> int | float:
    if _INT_MIN <= value < _INT_END:
        return int(value) if value == int(value) else value
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("not a finite number")
    try:
        exact = float(value) == value
    except OverflowError:
        exact = False
    if not exact:
        raise ValueError("a whole number beyond 64 bits")
    return float(value)


def _faults(value: Any, path: str, depth: int) -> list[Fault]:
    """Find where the values without a JSON form stand; only run once encoding has failed."""
    if depth > 200:
        return [Fault(path, None, "nested too deeply; flatten it")]
    if isinstance(value, dict):
        faults: list[Fault] = []
        for key, item in cast("dict[Any, Any]", value).items():
            where = f"{path}.{key}" if path else str(key)
            if not isinstance(key, str) or not _is_unicode(key):
                faults.append(Fault(where[:80], None, "a key must be plain text"))
            faults += _faults(item, where, depth + 1)
        return faults
    if isinstance(value, list | tuple):
        items = cast("tuple[Any, ...]", tuple(cast("list[Any]", value)))
        return [fault for i, item in enumerate(items) for fault in _faults(item, f"{path}[{i}]", depth + 1)]
    if isinstance(value, str) and not isinstance(value, Enum):
        return [] if _is_unicode(value) else [Fault(path, ascii(value)[:80], "the text holds half a character")]
    try:
        _normal(value)
    except (ValueError, TypeError) as error:
        return [Fault(path, repr(value)[:80], str(error))]
    return []


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
