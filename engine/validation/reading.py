"""From bytes or text to plain data: JSON that is well-formed, not too large, and says everything once."""

from __future__ import annotations

import gc
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from engine.errors import ErrorCode, Fault, TaktwerkError, invalid_schedule

ROOT = "$"
"""The path of the whole document."""

MAX_BYTES = 256 * 1024 * 1024


def read_object(data: bytes | bytearray | str | Mapping[str, Any], what: str) -> tuple[dict[str, Any], list[Fault]]:
    """Return the JSON object in ``data``, and the faults that do not keep it from being read on.

    Parameters
    ----------
    data
        JSON as bytes (UTF-8) or text, or data read from JSON already.
    what
        What it is meant to be, for messages.

    Raises
    ------
    TaktwerkError
        E006 above ``MAX_BYTES``; E001 when it is no JSON object.
    """
    if isinstance(data, Mapping):
        return dict(data), []
    if len(data) > MAX_BYTES:
        raise too_large(f"The {what} has {len(data):,} bytes", MAX_BYTES, "bytes")
    text = data if isinstance(data, str) else _decoded(bytes(data), what)
    doubled: list[_Doubled] = []

    def collect(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) == len(pairs):
            return found
        twice = _Doubled(found)
        counts = Counter(key for key, _ in pairs)
        twice.keys_twice = [key for key, count in counts.items() if count > 1][:20]
        doubled.append(twice)
        return twice

    try:
        value = json.loads(text, object_pairs_hook=collect)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise invalid_schedule([Fault(place, _near(text, error.pos), f"not JSON: {error.msg}")], what) from None
    except RecursionError:
        raise invalid_schedule([Fault(ROOT, None, f"the JSON is nested too deep to be a {what}")], what) from None
    except ValueError:
        raise invalid_schedule(
            [Fault(ROOT, None, "a number has thousands of digits; write a shorter one")], what
        ) from None
    if not isinstance(value, dict):
        raise invalid_schedule([Fault(ROOT, shortened(value), f"a {what} must be a JSON object")], what)
    found = cast(dict[str, Any], value)
    return found, _doubled_faults(found) if doubled else []


@contextmanager
def uncollected() -> Iterator[None]:
    """Hold the cycle collector off: a large schedule is many new objects without a cycle, and it would search them."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def too_large(finding: str, limit: int, unit: str) -> TaktwerkError:
    """Return E006."""
    return TaktwerkError(
        ErrorCode.TOO_LARGE,
        f"{finding}; the limit is {limit:,} {unit}. Maybe leave out what lies far in the past or future, or split it.",
        {"limit": limit, "unit": unit},
    )


def shortened(value: Any) -> Any:
    """Return a value as it may stand in an error: short, and always JSON."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else f"{str(value)[:20]}…" if abs(value) < 10**4000 else "a huge number"
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    if isinstance(value, str):
        clean = value[:400].encode("utf-8", "replace").decode()
        return clean if len(value) <= 80 else f"{clean[:80]}…"
    if isinstance(value, Mapping):
        return f"an object of {len(cast(Mapping[Any, Any], value))} fields"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(cast(list[Any], value))}"
    return type(value).__name__


class _Doubled(dict[str, Any]):
    """A JSON object in which a key stood more than once (the last one holds)."""

    keys_twice: list[str]


def _decoded(data: bytes, what: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        byte = f"0x{data[error.start]:02x}"
        reason = f"byte {error.start:,} is not UTF-8. Maybe the file was saved in another encoding; save it as UTF-8"
        raise invalid_schedule([Fault(ROOT, byte, reason)], what) from None


def _near(text: str, position: int) -> str:
    return str(shortened(text[max(0, position - 10) : position + 20]))


def _doubled_faults(root: Any) -> list[Fault]:
    """Where the objects with repeated keys stand."""
    faults: list[Fault] = []
    stack: list[tuple[str, Any]] = [("", root)]
    while stack and len(faults) < 100:
        path, value = stack.pop()
        if isinstance(value, _Doubled):
            for key in value.keys_twice:
                where = f"{path}.{key}" if path else key
                faults.append(Fault(where, shortened(value[key]), "stands twice in the same object; keep one"))
        if isinstance(value, dict):
            items = cast(dict[str, Any], value).items()
            stack.extend((f"{path}.{key}" if path else key, item) for key, item in items)
        elif isinstance(value, list):
            stack.extend((f"{path}[{i}]", item) for i, item in enumerate(cast(list[Any], value)))
    return faults
