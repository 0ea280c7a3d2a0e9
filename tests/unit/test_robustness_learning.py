"""Distributions: read from a file, and learnt from completed operations."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

from engine.errors import ErrorCode, TaktwerkError
from engine.model import Status
from engine.robustness import Fixed, Lognormal, Sample, Uniform, learn, parse_distributions, samples_of
from engine.robustness.distributions import stream
from engine.robustness.learning import PRIOR_SD
from tests.support.plants import HOUR, calendar, machine, op, plant


def samples(count: int, resource: str = "M1", mean: float = 1.3, sd: float = 0.2) -> list[Sample]:
    draw = random.Random(4)
    mu, sigma = math.log(mean) - math.log1p((sd / mean) ** 2) / 2, math.sqrt(math.log1p((sd / mean) ** 2))
    return [Sample(f"{resource}-{i}", math.exp(draw.gauss(mu, sigma)), resource, None) for i in range(count)]


def duration(found: Any, resource: str) -> Lognormal:
    noise = found.distributions.resources[resource].duration
    assert isinstance(noise, Lognormal)
    return noise


def test_nothing_known_means_the_assumption() -> None:
    found = learn([])
    assert found.samples == 0
    assert (found.mean, found.sd) == (pytest.approx(1.0), pytest.approx(PRIOR_SD))
    assert not found.distributions.resources


def test_many_samples_are_believed() -> None:
    found = duration(learn(samples(3_000)), "M1")
    assert found.mean == pytest.approx(1.3, rel=0.02)
    assert found.sd == pytest.approx(0.2, rel=0.05)


def test_few_samples_are_drawn_towards_the_plant() -> None:
    many, few = samples(500, "M1", 1.0, 0.05), [Sample("x", 2.0, "M2", None)]
    found = learn(many + few)
    assert 1.0 < duration(found, "M2").mean < 1.2
    assert duration(found, "M2").sd > duration(found, "M1").sd
    one = learn(few)
    assert 1.0 < one.mean < 1.15, "one value beside ten assumed ones"


def test_the_weight_of_the_assumption_is_ten_observations() -> None:
    """Ten values of e, beside ten assumed ones with log mean m: the mean of the logs lies half way."""
    variance = math.log1p(PRIOR_SD**2)
    found = learn([Sample(str(i), math.e, None, None) for i in range(10)])
    log_mean = math.log(found.mean) - math.log1p((found.sd / found.mean) ** 2) / 2
    assert log_mean == pytest.approx((1 - variance / 2) / 2, abs=1e-4)


def test_factors_are_actual_by_planned_working_time() -> None:
    schedule = plant(
        [
            op("A", 60, on="M1", start=8 * HOUR, end=9.5 * HOUR, status=Status.COMPLETED, family="f"),
            op("B", 60, on="M1", start=9.5 * HOUR, end=11.5 * HOUR, status=Status.COMPLETED),  # 1 h of it a break
            op("C", 60, on="M2", start=0, end=120, status=Status.COMPLETED),
            op("D", 60, on="M2", start=120, end=300),
            op("E", 0, on="M2", start=120, end=120, status=Status.COMPLETED),
            op("F", 60, on="M3", start=0, end=30, status=Status.COMPLETED),
        ],
        [machine("M1", calendar="C1"), machine("M2", efficiency=0.5), machine("M3")],
        calendars=[calendar("C1", "06:00-10:00", "11:00-15:00")],
    )
    found = {sample.event_id: sample for sample in samples_of(schedule)}
    assert {key: sample.factor for key, sample in found.items()} == {"A": 1.5, "B": 1.0, "C": 1.0, "F": 0.5}
    assert (found["A"].resource_id, found["A"].family) == ("M1", "f")


def test_a_slip_of_the_pen_counts_as_ten_times() -> None:
    (sample,) = samples_of(plant([op("A", 1, on="M1", start=0, end=10_000, status=Status.COMPLETED)]))
    assert sample.factor == 10


def test_the_most_special_distribution_holds() -> None:
    found = parse_distributions(
        {
            "default": {"duration": {"type": "fixed", "value": 1}, "breakdowns": {"mtbfHours": 9, "mttrHours": 1}},
            "families": {"f": {"duration": {"type": "fixed", "value": 2}, "setup": {"type": "fixed", "value": 7}}},
            "resources": {"M1": {"duration": {"type": "fixed", "value": 3}}},
            "operations": {"X": {"duration": {"type": "uniform", "low": 1, "high": 4}}},
        }
    )
    assert found.duration_of(op("A", on="M2")) == Fixed(value=1)
    assert found.duration_of(op("A", on="M2", family="f")) == Fixed(value=2)
    assert found.duration_of(op("A", on="M1", family="f")) == Fixed(value=3)
    assert found.duration_of(op("X", on="M1")) == Uniform(type="uniform", low=1, high=4)
    assert found.setup_of(op("A", on="M1", family="f")) == Fixed(value=7)
    assert found.setup_of(op("A", on="M1")) is None
    assert found.breakdowns_of("M1") == found.default.breakdowns is not None
    assert found.breakdowns_of(None) is None
    assert found.unknown_ids({"M1"}, {"g"}, set()) == ("X", "f")


@pytest.mark.parametrize(
    "data",
    [
        {"default": {"duration": {"type": "normal", "sd": 1}}},
        {"default": {"duration": {"type": "triangular", "low": 2, "mode": 1, "high": 3}}},
        {"default": {"duration": {"type": "uniform", "low": 2, "high": 1}}},
        {"default": {"duration": {"type": "lognormal", "mean": 0, "sd": 1}}},
        {"default": {"duration": {"type": "lognormal", "sd": float("nan")}}},
        {"resources": {"M1": {"breakdowns": {"mtbfHours": 0, "mttrHours": 1}}}},
        {"machines": {}},
    ],
)
def test_faulty_distributions_are_refused(data: Any) -> None:
    with pytest.raises(TaktwerkError) as caught:
        parse_distributions(data)
    assert caught.value.code is ErrorCode.INVALID_SCHEDULE
    assert caught.value.details["faults"]


def test_luck_depends_on_the_operation_alone() -> None:
    one, same = (stream(7, "A", "duration", 0).random() for _ in range(2))
    others = {stream(*key).random() for key in ((8, "A", "duration", 0), (7, "B", "duration", 0), (7, "A", "setup", 0))}
    assert one == same and one not in others and len(others) == 3
