"""What may differ from the plan: distributions of the factor by which work takes longer, and of breakdowns.

A factor multiplies the planned working time: 1 is as planned, 1.2 takes a fifth longer. Breakdowns strike a resource
only while it works: the time between two is exponential with mean ``mtbf_hours`` of its working time, a repair takes an
exponential working time with mean ``mttr_hours``. What happens to one operation is drawn from a stream of its own, by
its id: two plans for the same operations meet the same luck, so that their difference is the plans'.
"""

from __future__ import annotations

import hashlib
import math
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, ValidationError, model_validator

from engine.errors import Fault, invalid_schedule
from engine.model import Dto, Id, Operation

Floats = npt.NDArray[np.float64]
HOUR_MS = 3_600_000

Factor = Annotated[float, Field(gt=0, le=1_000)]
Hours = Annotated[float, Field(gt=0, le=1_000_000)]


class Fixed(Dto):
    """Always the same factor."""

    type: Literal["fixed"] = "fixed"
    value: Factor = 1.0

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """Return ``size`` factors."""
        return np.full(size, self.value)


class Lognormal(Dto):
    """Factors with this mean and standard deviation, never negative, with a long upper tail."""

    type: Literal["lognormal"]
    mean: Factor = 1.0
    sd: Annotated[float, Field(ge=0, le=1_000)]

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """Return ``size`` factors."""
        variance = math.log1p((self.sd / self.mean) ** 2)
        return np.exp(math.log(self.mean) - variance / 2 + math.sqrt(variance) * rng.standard_normal(size))


class Triangular(Dto):
    """Factors between ``low`` and ``high``, most often near ``mode``."""

    type: Literal["triangular"]
    low: Factor
    mode: Factor
    high: Factor

    @model_validator(mode="after")
    def _in_order(self) -> Triangular:
        if not self.low <= self.mode <= self.high:
            raise ValueError("low, mode and high must rise")
        return self

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """Return ``size`` factors."""
        if self.low == self.high:
            return np.full(size, self.low)
        return rng.triangular(self.low, self.mode, self.high, size)


class Uniform(Dto):
    """Factors between ``low`` and ``high``, all equally likely."""

    type: Literal["uniform"]
    low: Factor
    high: Factor

    @model_validator(mode="after")
    def _in_order(self) -> Uniform:
        if self.low > self.high:
            raise ValueError("low must not be above high")
        return self

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """Return ``size`` factors."""
        return rng.uniform(self.low, self.high, size)


Distribution = Annotated[Fixed | Lognormal | Triangular | Uniform, Field(discriminator="type")]


class Breakdowns(Dto):
    """How often a resource fails and how long a repair takes: mean working hours, both exponential."""

    mtbf_hours: Hours
    mttr_hours: Hours


class Noise(Dto):
    """What may differ: the factor of durations, that of setups, and breakdowns. What is absent is left to the next."""

    duration: Distribution | None = None
    setup: Distribution | None = None
    breakdowns: Breakdowns | None = None


class Distributions(Dto):
    """The noise of operations, most special first: by operation, primary resource, setup family, default.

    Each of the three parts of a noise is looked up by itself. Breakdowns of resources hold for every operation that
    holds the resource, also as a secondary one.
    """

    default: Noise = Noise()
    resources: dict[Id, Noise] = {}
    families: dict[Id, Noise] = {}
    operations: dict[Id, Noise] = {}

    @staticmethod
    def none() -> Distributions:
        """Return no noise at all: everything happens as planned."""
        return Distributions()

    def duration_of(self, op: Operation) -> Distribution | None:
        """Return the distribution of the operation's working time factor, ``None`` for as planned."""
        return next((noise.duration for noise in self._noises(op) if noise.duration is not None), None)

    def setup_of(self, op: Operation) -> Distribution | None:
        """Return the distribution of its setup's factor, ``None`` for as planned."""
        return next((noise.setup for noise in self._noises(op) if noise.setup is not None), None)

    def breakdowns_of(self, resource_id: str | None) -> Breakdowns | None:
        """Return how a resource fails, ``None`` if it does not."""
        if resource_id is None:
            return None
        own = self.resources.get(resource_id)
        return own.breakdowns if own is not None and own.breakdowns is not None else self.default.breakdowns

    def unknown_ids(self, resources: set[str], families: set[str], operations: set[str]) -> tuple[str, ...]:
        """Return the ids named here that the schedule does not have."""
        missing = (self.resources.keys() - resources, self.families.keys() - families)
        return tuple(sorted({*missing[0], *missing[1], *(self.operations.keys() - operations)}))

    def _noises(self, op: Operation) -> tuple[Noise, ...]:
        found = (
            self.operations.get(op.id),
            self.resources.get(op.resource_id) if op.resource_id is not None else None,
            self.families.get(op.setup_family) if op.setup_family is not None else None,
            self.default,
        )
        return tuple(noise for noise in found if noise is not None)


def parse_distributions(data: Any, name: str = "distributions") -> Distributions:
    """Return the distributions in JSON data.

    Raises
    ------
    TaktwerkError
        E001 with every fault.
    """
    try:
        return Distributions.model_validate(data)
    except ValidationError as error:
        faults = [
            Fault(".".join(map(str, one["loc"])), str(one.get("input"))[:80], str(one["msg"]))
            for one in error.errors(include_url=False)[:100]
        ]
        raise invalid_schedule(faults, name) from None


def stream(seed: int, event_id: str, purpose: str, batch: int) -> np.random.Generator:
    """Return the random numbers of one operation for one purpose, the same whatever else is in the plan."""
    text = f"{seed}/{batch}/{purpose}/{event_id}".encode()
    key = int.from_bytes(hashlib.blake2b(text, digest_size=16).digest(), "little")
    return np.random.Generator(np.random.PCG64(key))


def downtime_ms(breakdowns: Breakdowns, work_ms: Floats, rng: np.random.Generator) -> Floats:
    """Return how long repairs hold up each of these amounts of work, in ms.

    A machine that fails only while it works has a Poisson number of failures in a given work, and their repairs add up
    to a gamma variable.
    """
    failures = rng.poisson(work_ms / (breakdowns.mtbf_hours * HOUR_MS))
    down = np.zeros(len(work_ms))
    struck = np.flatnonzero(failures)
    down[struck] = rng.standard_gamma(failures[struck]) * (breakdowns.mttr_hours * HOUR_MS)
    return down
