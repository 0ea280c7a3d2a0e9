"""Words and figures as the planner reads them."""

import datetime as dt
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from ui import text
from ui.kpis import KPIS, change

MIN, HOUR, DAY = text.MINUTE_MS, text.HOUR_MS, text.DAY_MS


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (0, "0 min"),
        (1_500, "1.5 s"),
        (59_600, "1 min"),
        (90_000, "1 min 30 s"),
        (3_599_700, "1 h"),
        (200 * MIN, "3 h 20 min"),
        (23 * HOUR + 40 * MIN, "23 h 40 min"),
        (70 * HOUR, "2 d 22 h"),
        (74 * HOUR, "3 d 2 h"),
        (9 * DAY + 4 * HOUR + 29 * MIN, "9 d 4 h"),
        (1_158 * DAY + 5 * HOUR, "1,158 d 5 h"),
        (-20 * MIN, "−20 min"),
    ],
)
def test_durations_read_in_at_most_two_units(milliseconds: int, words: str) -> None:
    assert text.duration(milliseconds) == words


@pytest.mark.parametrize(
    ("words", "milliseconds"),
    [
        ("3 h 20 min", 200 * MIN),
        ("1.5h", 90 * MIN),
        ("1,5 h", 90 * MIN),
        ("90", 90 * MIN),
        ("1 d 2 h", 26 * HOUR),
        ("30 s", 30_000),
        ("", None),
        ("soon", None),
        ("3 weeks", None),
        ("-5 min", None),
    ],
)
def test_durations_are_read_as_typed(words: str, milliseconds: int | None) -> None:
    assert text.parse_duration(words) == milliseconds


@pytest.mark.parametrize("milliseconds", [0, 1, 999, 61_500, 200 * MIN, 8 * DAY + 1])
def test_an_exact_duration_reads_back(milliseconds: int) -> None:
    assert text.parse_duration(text.exact_duration(milliseconds)) == milliseconds


def test_instants_are_in_the_plants_zone() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    moment = dt.datetime(2026, 10, 24, 22, 30, tzinfo=dt.UTC)
    assert text.instant(moment, berlin, weekday=True, year=True) == "Sun 25 Oct 2026 00:30"
    after = moment + dt.timedelta(hours=4)  # the clock went back in between
    assert text.span(moment, after, berlin) == "25 Oct 00:30 – 03:30"


def test_numbers_have_commas_a_true_minus_and_no_minus_zero() -> None:
    assert text.number(-1234.5, 1) == "−1,234.5"
    assert text.number(-0.4) == "0"
    assert text.count(1, "order") == "1 order"
    assert text.count(1200, "order") == "1,200 orders"


def kpi_values(**changed: float) -> SimpleNamespace:
    base = {"makespan_ms": 10 * HOUR, "late_orders": 3, "total_tardiness_ms": 5 * HOUR, "utilization": 0.5,
            "setup_ms": HOUR, "cost": 1000.0}  # fmt: skip
    return SimpleNamespace(**(base | changed))


@pytest.mark.parametrize(
    ("field", "after", "words", "tone"),
    [
        ("makespan_ms", 8 * HOUR, "−2 h", "good"),
        ("makespan_ms", 11 * HOUR, "+1 h", "bad"),
        ("late_orders", 4, "+1", "bad"),
        ("utilization", 0.523, "+2.3 %", "good"),
        ("utilization", 0.4, "−10.0 %", "bad"),
        ("utilization", 0.50001, "±0", "none"),
        ("cost", 1000.2, "±0", "none"),
        ("cost", 900.0, "−100", "good"),
    ],
)
def test_changes_know_which_way_is_better(field: str, after: float, words: str, tone: str) -> None:
    spec = next(spec for spec in KPIS if spec.field == field)
    shown = change(spec, kpi_values(), kpi_values(**{field: after}))
    assert (shown.text, shown.tone) == (words, tone)
