"""The replay: a plan's operations simulated many times at once, each as the plan has it or later, by what goes wrong.

Nothing is decided anew. Every operation keeps its resources and its place in their sequences; it begins when it is
planned (railway scheduling: nobody is ready earlier), or later when what it waits for is late. Durations, setups and
breakdowns are drawn; work pauses over the breaks of its resources as the calendars say. An operation that must not be
interrupted begins where its *planned* work fits before the next break; if it then takes longer, it runs into the break.
An operation whose end has to wait (for another end, or a date) holds its resources until then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.model import Schedule
from engine.plan import PlanFacts
from engine.robustness.distributions import Distributions, downtime_ms, stream
from engine.robustness.network import Network, Node, PoolUse
from engine.robustness.recorder import Options, Recorder
from engine.robustness.report import RobustnessReport
from engine.working_time import Times

DEFAULT_REPLICATIONS: Final = 1_000
MOST_REPLICATIONS: Final = 1_000_000
_CELLS_AT_ONCE: Final = 12_000_000
"""Operations times replications held in memory at once: 190 MB of starts and ends."""
_MOST_SWEEPS: Final = 12
_OWNER_BITS: Final = 18
_OWNER_MASK: Final = (1 << _OWNER_BITS) - 1
_NEVER_USED: Final = -(1 << 44) << _OWNER_BITS
_PROGRESS_EVERY: Final = 64

Progress = Callable[[float], bool]
"""Told the share that is done, 0 to 1; answers whether to go on."""
_Whos = npt.NDArray[np.int16]


class Cancelled(Exception):
    """The progress listener asked for an end."""


def replay(
    schedule: Schedule,
    distributions: Distributions,
    *,
    replications: int = DEFAULT_REPLICATIONS,
    seed: int = 0,
    may_start_earlier: bool = False,
    overtime_ms: int = 0,
    facts: PlanFacts | None = None,
    progress: Progress | None = None,
) -> RobustnessReport:
    """Push random durations and breakdowns through a plan and report what becomes of it.

    Parameters
    ----------
    schedule
        The plan; operations without a placement are left out.
    distributions
        What may differ. Without any noise the replay is the plan itself.
    replications
        How often the plan is played.
    seed
        Equal seeds give equal reports.
    may_start_earlier
        Operations begin as soon as they can, not before now, their release and their earliest dates, rather than at
        their planned start at the earliest. Fixed ones (started, locked, frozen) keep theirs.
    overtime_ms
        By how much an operation that must not be interrupted may be planned to run into a break, so that a delay of a
        few minutes does not put it off to the next shift.
    facts
        ``PlanFacts(schedule)`` if the caller has them already.
    progress
        Told how far it is.

    Raises
    ------
    Cancelled
        When ``progress`` answers ``False``.
    """
    facts = facts or PlanFacts(schedule)
    network = Network(facts, may_start_earlier)
    options = Options(replications, seed, may_start_earlier, overtime_ms)
    recorder = Recorder(network, options)
    batches = -(-replications * len(network.nodes) // _CELLS_AT_ONCE) or 1
    size = -(-replications // batches)
    done = 0
    while done < replications:
        share, part = done / replications, min(size, replications - done)
        run = _Batch(network, distributions, recorder, options, (part, done))
        run.play(lambda inner, a=share, b=part / replications: progress is None or progress(a + b * inner))
        done += part
    return recorder.report()


class _Batch:
    """Some replications side by side: one array of starts and one of ends an operation."""

    def __init__(
        self,
        network: Network,
        distributions: Distributions,
        recorder: Recorder,
        options: Options,
        part: tuple[int, int],
    ) -> None:
        self._network, self._noise, self._recorder = network, distributions, recorder
        self._seed, self._overtime_ms = options.seed, options.overtime_ms
        size, self._number = part
        self._size = size
        nodes = network.nodes
        self.starts: Times = np.empty((len(nodes), size), dtype=np.int64)
        self.ends: Times = np.empty((len(nodes), size), dtype=np.int64)
        if network.has_circles:  # what is not simulated yet is taken to be as planned
            self.starts[:] = np.array([node.start_ms for node in nodes], dtype=np.int64)[:, None]
            self.ends[:] = np.array([node.end_ms for node in nodes], dtype=np.int64)[:, None]
        self._pools: list[Times] = []
        self._rows = np.arange(size)
        self._is_last = True

    def play(self, progress: Progress) -> None:
        """Simulate every operation, again until nothing changes where some wait for each other."""
        for sweep in range(_MOST_SWEEPS if self._network.has_circles else 1):
            before = (self.starts.copy(), self.ends.copy()) if self._network.has_circles else None
            self._sweep(progress, is_last=before is None)
            if before is not None and all(map(np.array_equal, before, (self.starts, self.ends))):
                break
            if before is not None and sweep == _MOST_SWEEPS - 1:
                self._recorder.has_endless_waits = True
        if self._network.has_circles:
            self._sweep(progress, is_last=True)
        self._recorder.take(self.starts, self.ends)

    def _sweep(self, progress: Progress, is_last: bool) -> None:
        self._is_last = is_last
        self._pools = [np.full((self._size, pool.units), _NEVER_USED, dtype=np.int64) for pool in self._network.pools]
        for count, i in enumerate(self._network.order):
            self._simulate(i, self._network.nodes[i])
            if count % _PROGRESS_EVERY == 0 and not progress(count / len(self._network.order)):
                raise Cancelled

    # one operation

    def _simulate(self, i: int, node: Node) -> None:
        if node.is_completed:
            self.starts[i], self.ends[i] = node.start_ms, node.end_ms
            free_from = self.starts[i]
        else:
            begin, who, free_from, owners = self._begin(node)
            work, down = self._work(node)
            end, end_who, natural = self._end(node, begin, work)
            self.starts[i], self.ends[i] = begin, end
            if self._is_last:
                self._recorder.pass_on(i, begin - node.start_ms, who, owners)
                self._recorder.hold_back(i, end - natural, end_who)
                if down is not None:
                    self._recorder.add_downtime(i, down)
        for use in node.pools:
            self._take(use, free_from, self.ends[i], i)

    def _begin(self, node: Node) -> tuple[Times, _Whos, Times, list[Times]]:
        """When it begins, the number of the link that decided, when its setup could, and who had the pools' units."""
        size = self._size
        start, who = np.full(size, node.floor_ms, dtype=np.int64), np.zeros(size, dtype=np.int16)
        if node.is_started:
            return np.full(size, node.start_ms, dtype=np.int64), who, start, []
        has_setup = node.setup_ms > 0
        ready, ready_who = (
            (np.full(size, node.setup_floor_ms, dtype=np.int64), np.zeros(size, dtype=np.int16))
            if has_setup
            else (start, who)
        )
        for number, link in enumerate(node.links, start=1):
            if not link.to_end:
                bound = (self.ends if link.from_end else self.starts)[link.before]
                if link.lag_ms:
                    bound = bound + link.lag_ms
                _raise(*((ready, ready_who) if link.before_setup else (start, who)), bound, number)
        owners: list[Times] = []
        for number, use in enumerate(node.pools, start=len(node.links) + 1):
            packed = self._free_at(use)
            _raise(ready, ready_who, packed >> _OWNER_BITS, number)
            owners.append(packed & _OWNER_MASK)
        free_from = ready
        if has_setup:
            done = node.clock.add(ready, self._setup(node))
            np.copyto(who, ready_who, where=done > start)
            np.maximum(start, done, out=start)
        if not node.work_ms:
            return start, who, free_from if has_setup else start, owners
        if node.op.interruptible:
            begin = node.clock.following(start)
        else:
            begin = node.clock.fit(start, max(1, node.work_ms - self._overtime_ms))
        return begin, who, free_from if has_setup else begin, owners

    def _work(self, node: Node) -> tuple[Times, Times | None]:
        """What working time it takes, done before and repairs included, and the repairs alone if it may break down."""
        distribution = self._noise.duration_of(node.op)
        if distribution is None or not node.work_ms:
            exact = np.full(self._size, node.work_ms, dtype=np.float64)
        else:
            rng = stream(self._seed, node.op.id, "duration", self._number)
            exact = np.maximum(np.rint(node.work_ms * distribution.draw(rng, self._size)), 1)
        down = self._downtime(node, exact) if node.work_ms else None
        whole = exact if down is None else exact + down
        return whole.astype(np.int64) + node.done_ms, None if down is None else down.astype(np.int64)

    def _downtime(self, node: Node, work: npt.NDArray[np.float64]) -> npt.NDArray[np.float64] | None:
        total = None
        for resource_id in (node.op.resource_id, *node.secondaries):
            breakdowns = self._noise.breakdowns_of(resource_id)
            if breakdowns is not None:
                rng = stream(self._seed, node.op.id, f"breakdowns/{resource_id}", self._number)
                down = np.rint(downtime_ms(breakdowns, work, rng))
                total = down if total is None else total + down
        return total

    def _setup(self, node: Node) -> Times:
        distribution = self._noise.setup_of(node.op)
        if distribution is None:
            return np.full(self._size, node.setup_ms, dtype=np.int64)
        rng = stream(self._seed, node.op.id, "setup", self._number)
        factors = distribution.draw(rng, self._size)
        return np.maximum(np.rint(node.setup_ms * factors), 1).astype(np.int64)

    def _end(self, node: Node, begin: Times, work: Times) -> tuple[Times, _Whos | None, Times]:
        """When it ends, the number of the link that held its end back, and when it would have ended without."""
        if not node.work_ms and not node.done_ms:
            natural = begin
        else:
            natural = node.clock.add(begin, work) if node.op.interruptible else begin + work
        end, who = natural, None
        for number, link in enumerate(node.links, start=1):
            if link.to_end:
                if who is None:
                    end, who = natural.copy(), np.zeros(self._size, dtype=np.int16)
                bound = (self.ends if link.from_end else self.starts)[link.before] + link.lag_ms
                _raise(end, who, bound, number)
        if node.end_floor_ms is not None:
            end = np.maximum(end, node.end_floor_ms)
        return end, who, natural

    # pools

    def _free_at(self, use: PoolUse) -> Times:
        """When so many units are free, packed with who had the last of them."""
        units = self._pools[use.pool]
        for taken, until_ms in use.outages:
            units[:, :taken] = np.maximum(units[:, :taken], until_ms << _OWNER_BITS)
            units.sort(axis=1)
        return units[:, use.units - 1].copy()

    def _take(self, use: PoolUse, free_from: Times, end: Times, i: int) -> None:
        """Take the units that became free last before the operation needs them; others may use the rest meanwhile."""
        units = self._pools[use.pool]
        if not use.units:
            return
        limit = (free_from + 1) << _OWNER_BITS
        last = np.maximum((units < limit[:, None]).sum(axis=1), use.units) - 1
        packed = (end << _OWNER_BITS) | (i + 1)
        for step in range(use.units):
            units[self._rows, last - step] = packed
        units.sort(axis=1)


def _raise(value: Times, who: _Whos, bound: Times, number: int) -> None:
    """Lift values to a bound where it is higher, and note whose it is."""
    higher = bound > value
    np.copyto(value, bound, where=higher)
    who[higher] = number
