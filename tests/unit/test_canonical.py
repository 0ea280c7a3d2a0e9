"""Canonical JSON: equal data, equal bytes, and nothing else."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ErrorCode, TaktwerkError
from engine.model import Schedule
from storage import canonical
from tests.support.databases import MORNING, line_schedule, moved

_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcü", max_size=3), inner, max_size=4),
    max_leaves=12,
)


def _with_attributes(value: dict[str, Any]) -> Schedule:
    schedule = line_schedule(1)
    operation = schedule.snapshot.events[0].model_copy(update={"attributes": value})
    return schedule.model_copy(update={"snapshot": schedule.snapshot.model_copy(update={"events": (operation,)})})


def _by_value(value: Any) -> Any:
    """Make equal what is the same JSON: truth values tagged, for Python takes them for numbers."""
    if isinstance(value, bool):
        return "truth", value
    if isinstance(value, dict):
        return {key: _by_value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_by_value(item) for item in value]
    return value


@given(_JSON, _JSON)
@settings(max_examples=300, deadline=None)
def test_bytes_are_equal_exactly_when_the_data_are(a: Any, b: Any) -> None:
    assert (canonical.dumps(a) == canonical.dumps(b)) == (_by_value(a) == _by_value(b))


@given(st.dictionaries(st.text("abc", max_size=3), _JSON, max_size=4))
@settings(max_examples=100, deadline=None)
def test_a_schedule_survives_the_round_trip_with_its_hash(attributes: dict[str, Any]) -> None:
    schedule = _with_attributes(attributes)
    encoded = canonical.encode(schedule)
    again = canonical.decode(encoded.data)
    assert again == schedule
    assert canonical.encode(again) == encoded


def test_key_order_defaults_and_absent_fields_do_not_matter() -> None:
    data = line_schedule().to_json()
    turned = {key: data[key] for key in reversed(data)}
    turned["snapshot"]["events"][0] |= {"priority": None, "locked": False, "deadline": None}
    assert canonical.encode(Schedule.model_validate(turned)) == canonical.encode(line_schedule())


def test_the_same_instant_in_another_zone_is_the_same() -> None:
    schedule = line_schedule(1)
    berlin = schedule.to_json()
    berlin["metadata"]["timestamp"] = MORNING.astimezone(ZoneInfo("Europe/Berlin")).isoformat()
    assert canonical.encode(Schedule.model_validate(berlin)) == canonical.encode(schedule)


def test_a_number_counts_by_its_value_also_where_a_copy_skipped_validation() -> None:
    schedule = line_schedule(1)
    operation = schedule.snapshot.events[0]

    def hashed(**changes: Any) -> str:
        events = (operation.model_copy(update=changes),)
        snapshot = schedule.snapshot.model_copy(update={"events": events})
        return canonical.encode(schedule.model_copy(update={"snapshot": snapshot})).content_hash

    assert hashed(priority=2) == hashed(priority=2.0)
    assert hashed(percent_done=-0.0) == hashed(percent_done=0)
    assert hashed(attributes={"x": 2**70}) == hashed(attributes={"x": 2.0**70})
    assert hashed(attributes={"x": True}) != hashed(attributes={"x": 1})
    assert hashed(attributes={"x": None}) != hashed(attributes={})
    assert hashed(attributes=None) != hashed(attributes={})


def test_a_changed_operation_changes_the_hash() -> None:
    schedule = line_schedule()
    assert canonical.encode(moved(schedule, "j0-o1", 1)).content_hash != canonical.encode(schedule).content_hash


def test_the_bytes_are_plain_sorted_json_in_utc() -> None:
    data = canonical.encode(line_schedule(1)).data
    assert data == orjson.dumps(orjson.loads(data), option=orjson.OPT_SORT_KEYS)
    assert b'"timestamp":"2026-11-23T06:00:00Z"' in data


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"x": math.nan}, "attributes.x"),
        ({"x": [1, {"y": math.inf}]}, "attributes.x[1].y"),
        ({"x": "\ud800"}, "attributes.x"),
        ({"\ud800": 1}, "attributes."),
        ({"x": 10**30 + 1}, "attributes.x"),
        ({"x": 10**400}, "attributes.x"),
        ({"x": dt.date(2026, 1, 1)}, "attributes.x"),
        ({"x": b"bytes"}, "attributes.x"),
    ],
)
def test_what_json_cannot_carry_is_refused_by_name(value: dict[str, Any], path: str) -> None:
    with pytest.raises(TaktwerkError) as raised:
        canonical.encode(_with_attributes(value))
    assert raised.value.code is ErrorCode.INVALID_SCHEDULE
    assert raised.value.details["faults"][0]["path"].startswith(f"snapshot.events[0].{path}")


def test_every_fault_is_named_at_once_and_bottomless_nesting_is_one() -> None:
    with pytest.raises(TaktwerkError) as raised:
        canonical.dumps({"a": math.nan, "b": [math.inf]})
    assert [fault["path"] for fault in raised.value.details["faults"]] == ["a", "b[0]"]
    deep: Any = 1
    for _ in range(3000):
        deep = [deep]
    with pytest.raises(TaktwerkError, match="nested too deeply"):
        canonical.dumps(deep)


def test_a_frame_that_lies_about_its_size_is_stopped_at_the_limit() -> None:
    bomb = canonical.pack(bytes(4_000_000))
    assert len(bomb) < 1000
    with pytest.raises(TaktwerkError, match="unpacks to more than") as raised:
        canonical.unpack(bomb, limit=2**20)
    assert raised.value.code is ErrorCode.STORAGE
    assert canonical.unpack(bomb) == bytes(4_000_000)


def test_a_damaged_frame_never_gives_other_bytes() -> None:
    data = b'{"events":[1,2,3]}' * 50
    whole = canonical.pack(data)
    cut = [whole[:i] for i in range(len(whole))]
    flipped = [whole[:i] + bytes([whole[i] ^ bit]) + whole[i + 1 :] for i in range(len(whole)) for bit in (1, 16, 128)]
    silent = 0
    for frame in cut + flipped:
        try:
            assert canonical.unpack(frame) == data
            silent += 1
        except TaktwerkError as error:
            assert error.code is ErrorCode.STORAGE
    assert silent <= 5, "only a cut in the checksum, which follows the data, and one bit of the header mean nothing"
