"""The canonical JSON of a request, made in steps, is that of the whole."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest

from app.collector import collector_paused, free_slowly
from app.request_json import canonical_request
from engine.errors import ErrorCode, TaktwerkError
from engine.model import OptimizationRequest
from engine.validate import parse_request
from storage import canonical
from tests.support.plants import after, block, calendar, date_rule, matrix, op, order, outage, plant, request
from tests.support.runs import a_request, big_plant


def rich_request(operations: int) -> OptimizationRequest:
    """Every kind of item, names that need escaping, attributes with odd values."""
    events = [
        op(
            f"Ö{i}",
            30 + i,
            on=f"M{i % 3}",
            start=i,
            family="f",
            order="O1",
            attributes={"b": 1.0, "a": [None, {"z": -0.0}]},
        )
        for i in range(operations)
    ]
    schedule = plant(
        events,
        dependencies=[after(f"Ö{i}", f"Ö{i + 1}", lag=0.5) for i in range(operations - 1)],
        constraints=[date_rule("startnoearlierthan", "Ö0", 5), outage("M0", 10, 20)],
        calendars=[calendar("C1", "06:00-14:00", exceptions=[("2026-01-06", "2026-01-06", False)])],
        orders=[order("O1", due=100, customer='quote " and \\ and \u2028')],
        matrices=[matrix("S1", {("f", "*"): 3, ("*", "f"): None}, default=2)],
        zone="Europe/Berlin",
    )
    return request(schedule, locked=["Ö0"], blocks=[block("M1", 0, 5)], time_limit=12.5)


@pytest.mark.parametrize("operations", [1, 2, 99, 100, 101, 250])
def test_it_equals_the_canonical_form_of_the_whole(operations: int) -> None:
    a = rich_request(operations)
    assert canonical_request(a) == canonical.dumps(a.model_dump(by_alias=True, exclude_none=True))


def test_an_empty_schedule_works_too() -> None:
    a = request(plant())
    assert canonical_request(a) == canonical.dumps(a.model_dump(by_alias=True, exclude_none=True))


def test_the_solver_reads_what_was_written() -> None:
    a = a_request(big_plant(120))
    assert canonical_request(parse_request(canonical_request(a))) == canonical_request(a)


def test_a_value_without_json_form_is_named() -> None:
    a = request(plant([op("A", 1, on="M1", attributes={"bad": float("nan")})]))
    with pytest.raises(TaktwerkError) as raised:
        canonical_request(a)
    assert raised.value.code is ErrorCode.INVALID_SCHEDULE
    assert "bad" in str(raised.value)


def test_the_collector_rests_until_the_last_of_several_pauses_ends() -> None:
    inside, leave = threading.Event(), threading.Event()

    def other() -> None:
        with collector_paused():
            inside.set()
            leave.wait(5)

    assert gc.isenabled()
    thread = threading.Thread(target=other)
    with collector_paused():
        thread.start()
        assert inside.wait(5)
        assert not gc.isenabled()
    assert not gc.isenabled()
    leave.set()
    thread.join()
    assert gc.isenabled()
    with pytest.raises(ValueError), collector_paused():
        raise ValueError
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with collector_paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_what_is_freed_slowly_is_freed_and_only_that() -> None:
    class Large:
        pass

    kept = Large()
    items = [kept, *(Large() for _ in range(1_000))]
    seen = [weakref.ref(one) for one in items]
    free_slowly(items)
    assert items == [] and [ref() for ref in seen if ref() is not None] == [kept]
