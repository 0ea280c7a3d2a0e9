"""Distributions learnt from what really happened: planned against actual working time of completed operations.

A completed operation's dates are history, its ``duration`` is still what was planned. The factor is the working time of
its resource between its actual start and end, divided by the working time it should have taken. Stops that nobody
recorded as an outage are part of it, so no breakdowns are learnt apart.

The logarithms of the factors are taken to be normal. Few values say little: mean and variance of each group are drawn
towards those of the whole plant as if ``PSEUDO`` further values agreed with them, and those of the plant in the same
way towards the assumption for a plant that nothing is known of, a factor with mean 1 and standard deviation
``PRIOR_SD`` (the normal-gamma posterior mean with that many pseudo-observations).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.model import Schedule, Status
from engine.plan import PlanFacts
from engine.robustness.distributions import Distributions, Lognormal, Noise

PSEUDO: Final = 10.0
"""The weight of what is assumed, in observations."""
PRIOR_SD: Final = 0.15
_LEAST, _MOST = 0.1, 10.0
"""Factors beyond are slips of the pen (a forgotten clock-out); they count as these."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One completed operation: by what factor it took longer, and where."""

    event_id: str
    factor: float
    resource_id: str | None
    family: str | None


@dataclass(frozen=True, slots=True)
class Learnt:
    """Distributions, and from how many operations they come. ``mean`` and ``sd`` are the whole plant's factor."""

    distributions: Distributions
    samples: int
    mean: float
    sd: float


def samples_of(schedule: Schedule, facts: PlanFacts | None = None) -> list[Sample]:
    """Return the factor of every completed operation that has a placement and took time."""
    facts = facts or PlanFacts(schedule)
    found: list[Sample] = []
    for key, start_ms in facts.starts.items():
        op = facts.operations[key]
        need_ms = facts.need_ms(op) if op.status is Status.COMPLETED else 0
        if not need_ms:
            continue
        actual_ms = facts.worked_ms[key] if op.interruptible else facts.ends[key] - start_ms
        if actual_ms > 0:
            factor = min(_MOST, max(_LEAST, actual_ms / need_ms))
            found.append(Sample(key, factor, op.resource_id, op.setup_family))
    return found


def learn(samples: Iterable[Sample]) -> Learnt:
    """Return the distributions that the samples speak for; without any, the assumption."""
    values = list(samples)
    variance = math.log1p(PRIOR_SD**2)
    whole = _posterior([math.log(s.factor) for s in values], -variance / 2, variance)
    resources = _by_group([(s.resource_id, s.factor) for s in values], whole)
    families = _by_group([(s.family, s.factor) for s in values], whole)
    default = _lognormal(*whole)
    distributions = Distributions(default=Noise(duration=default), resources=resources, families=families)
    return Learnt(distributions, len(values), default.mean, default.sd)


def _by_group(pairs: Sequence[tuple[str | None, float]], whole: tuple[float, float]) -> dict[str, Noise]:
    logs: dict[str, list[float]] = {}
    for key, factor in pairs:
        if key is not None:
            logs.setdefault(key, []).append(math.log(factor))
    return {key: Noise(duration=_lognormal(*_posterior(own, *whole))) for key, own in sorted(logs.items())}


def _posterior(logs: Sequence[float], mean: float, variance: float) -> tuple[float, float]:
    """Mean and variance of the logarithm, drawn towards the given ones as if ``PSEUDO`` values had them."""
    count = len(logs)
    if not count:
        return mean, variance
    own = float(np.mean(logs))
    apart = (own - mean) ** 2 * count * PSEUDO / (count + PSEUDO)
    squares = float(np.sum((np.asarray(logs) - own) ** 2))
    new_mean = (count * own + PSEUDO * mean) / (count + PSEUDO)
    return new_mean, (squares + PSEUDO * variance + apart) / (count + PSEUDO)


def _lognormal(mean: float, variance: float) -> Lognormal:
    """The distribution of the factor whose logarithm has this mean and variance."""
    center = math.exp(mean + variance / 2)
    return Lognormal(type="lognormal", mean=round(center, 6), sd=round(center * math.sqrt(math.expm1(variance)), 6))
