"""What a replay found: on-time probabilities, tardiness, makespan, hand-offs that pass delay on, buffers."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field

from engine.instants import Instant
from engine.model import Dto, Id, Many
from engine.robustness.network import LinkKind
from engine.working_time import Times

_BINS: Final = 24
_Z: Final = 1.959963984540054
"""The 97.5 % point of the normal distribution, for intervals of 95 %."""

Share = Annotated[float, Field(ge=0, le=1)]


class Spread(Dto):
    """A time's distribution, in ms; ``p10`` is undercut in a tenth of the replications."""

    planned: int
    mean: float
    p10: int
    p50: int
    p90: int
    worst: int


class Bin(Dto):
    """How many replications fell into ``[low, high)`` ms (the last one includes its end)."""

    low: int
    high: int
    count: int


class ItemRisk(Dto):
    """An order, or an operation without one, and how surely it is on time.

    ``on_time`` is the share of replications in which it ended by its due date (by its deadline where it has no due
    date), ``low`` and ``high`` its Wilson interval of 95 %; absent without a date. Tardiness in ms. ``unscheduled``
    operations of it are not in the plan and not in these figures.
    """

    id: Id
    kind: Literal["order", "operation"]
    name: str
    due_date: Instant | None = None
    planned_end: Instant
    on_time: Share | None = None
    low: Share | None = None
    high: Share | None = None
    planned_tardiness: int = 0
    expected_tardiness: float = 0.0
    p90_tardiness: int = 0
    p50_end: Instant
    p90_end: Instant
    weight: float = 1.0
    last_event: Id
    unscheduled: int = 0


class HandOff(Dto):
    """A pair of operations and the delay that passes from the first to the second.

    ``share`` of the replications in which the first one's delay decided when the second began (or ended),
    ``mean_delay`` ms by which it was then late, ``expected_delay`` both multiplied. ``buffer`` is the time between
    the two in the plan that absorbs delay. ``kind``: a dependency, neighbours in the sequence of their resource, a
    secondary resource or unit that both use, or two that must not run at once.
    """

    from_event: Id
    to_event: Id
    kind: LinkKind
    resource_id: Id | None = None
    dependency_id: Id | None = None
    share: Share
    mean_delay: float
    expected_delay: float
    buffer: int


class BrokenLimit(Dto):
    """A hard date or greatest lag that does not hold in every replication."""

    kind: str
    event_ids: Many[Id]
    constraint_id: Id | None = None
    share: Share


class ResourceBuffer(Dto):
    """What a resource has to absorb delay with.

    ``buffer`` is its idle working ms between the first and the last operation of the plan, ``buffer_share`` that of
    its working time in between. ``delayed_share`` of its operations began late, all replications taken together, on
    average by ``mean_delay`` ms (those in time count 0). ``downtime`` is the mean repair ms of a replication.
    """

    resource_id: Id
    operations: int
    buffer: int
    buffer_share: Share
    delayed_share: Share
    mean_delay: float
    downtime: float


class NoiseSource(Dto):
    """Where the distributions come from: given, or learnt from so many completed operations (0: assumed).

    ``mean`` and ``sd`` are those of the factor by which work took longer, all resources together.
    """

    kind: Literal["given", "learnt"]
    samples: int = 0
    mean: float | None = None
    sd: float | None = None


class RobustnessReport(Dto):
    """The result of a replay. Times in ms. Items with the least on-time probability first, worst hand-offs first."""

    replications: int
    seed: int
    may_start_earlier: bool
    overtime: int
    source: NoiseSource = NoiseSource(kind="given")
    operations: int
    all_on_time: Share | None
    expected_late: float
    planned_late: int
    expected_weighted_tardiness: float
    makespan: Spread
    makespan_bins: Many[Bin]
    items: Many[ItemRisk]
    hand_offs: Many[HandOff]
    broken_limits: Many[BrokenLimit]
    resources: Many[ResourceBuffer]
    notes: Many[str] = ()


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Return the Wilson score interval of 95 % for a probability.

    E. B. Wilson (1927), *Probable inference, the law of succession, and statistical inference*.
    """
    if not trials:
        return 0.0, 1.0
    share, z2 = successes / trials, _Z * _Z
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = _Z / (1 + z2 / trials) * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials * trials))
    return max(0.0, middle - half), min(1.0, middle + half)


def quantile(values: Times, share: float) -> int:
    """The least value that at least ``share`` of the values do not exceed."""
    return int(np.quantile(values, share, method="inverted_cdf"))


def spread_of(values: Times, planned: int) -> Spread:
    """Return the distribution of times, in ms."""
    p10, p50, p90 = (quantile(values, share) for share in (0.1, 0.5, 0.9))
    return Spread(planned=planned, mean=float(values.mean()), p10=p10, p50=p50, p90=p90, worst=int(values.max()))


def bins_of(values: Times) -> tuple[Bin, ...]:
    """Return a histogram of times, in ms."""
    low, high = int(values.min()), int(values.max())
    if low == high:
        return (Bin(low=low, high=high, count=len(values)),)
    counts, edges = np.histogram(values, bins=_BINS, range=(low, high))
    return tuple(
        Bin(low=round(a), high=round(b), count=int(n)) for (a, b), n in zip(pairwise(edges), counts, strict=True)
    )
