"""Stocks: nonrenewable resources, of which all operations together may use no more than there is.

What an operation draws depends on its mode alone. Whether modes can be chosen so that every stock suffices is a hard
question by itself (with two stocks NP-complete; Kolisch and Drexl 1997), so that plans made one operation after the
other rarely answer it by chance: ``StockModes`` chooses modes beforehand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.solve.problem.problem import OpData, Problem, ResourceData

_TOO_MUCH = 1 << 24
"""What a unit beyond a stock counts, in ticks of excess."""
_STEPS = 2_000
_KICK = 0.08


def draws_of(stocks: Sequence[ResourceData], op: OpData, mode: int) -> list[int]:
    """Return what an operation draws from each stock in one of its modes."""
    resource = op.modes[mode].resource
    drawn = {stock.index: 0 for stock in stocks}
    for demand in op.demands:
        serving = demand.on(resource)[0]
        if serving in drawn:
            drawn[serving] += demand.quantity
    return list(drawn.values())


class Stocks:
    """What is left of each stock while a plan is being built, if all that is still to come draws the least it can.

    What operations fixed by circumstance overdraw is tolerated; nothing else may be drawn from such a stock then.
    """

    def __init__(self, problem: Problem) -> None:
        stocks = problem.stocks
        draws = [[draws_of(stocks, op, k) for k in range(len(op.modes))] for op in problem.ops]
        least = [[min(column) for column in zip(*rows, strict=True)] for rows in draws]
        self._more = [
            [[units - base for units, base in zip(row, low, strict=True)] for row in rows]
            for rows, low in zip(draws, least, strict=True)
        ]
        needed = [sum(column) for column in zip(*least, strict=True)]
        given = [0] * len(stocks)
        for op in problem.ops:
            if op.is_circumstance:
                given = [a + b for a, b in zip(given, least[op.index], strict=True)]
        self._spare = [
            max(stock.stock or 0, fixed) - units for stock, fixed, units in zip(stocks, given, needed, strict=True)
        ]
        self.begin()

    def begin(self) -> None:
        """Start a new plan."""
        self._left = list(self._spare)

    def excess(self, o: int, mode: int) -> int:
        """Return by how much a mode overdraws, in ticks of excess."""
        over = (max(0, units - left) for units, left in zip(self._more[o][mode], self._left, strict=True))
        return _TOO_MUCH * sum(over)

    def take(self, o: int, mode: int) -> None:
        """Draw what an operation needs in a mode."""
        for s, units in enumerate(self._more[o][mode]):
            self._left[s] -= units

    def give_back(self, o: int, mode: int) -> None:
        """Undo ``take``."""
        for s, units in enumerate(self._more[o][mode]):
            self._left[s] += units


class StockModes:
    """Draws choices of modes that no stock is too small for.

    Parameters
    ----------
    problem
        One with stocks.
    random
        Where choices come from.
    """

    def __init__(self, problem: Problem, random: np.random.Generator) -> None:
        self._random = random
        stocks = problem.stocks
        n, most = len(problem.ops), max((len(op.modes) for op in problem.ops), default=1)
        self._count = np.array([len(op.modes) for op in problem.ops], np.int64)
        self._draws = np.zeros((n, most, len(stocks)), np.int64)
        self._work = np.full((n, most), np.iinfo(np.int64).max, np.int64)
        for op in problem.ops:
            for k, mode in enumerate(op.modes):
                self._draws[op.index, k] = draws_of(stocks, op, k)
                self._work[op.index, k] = mode.work
        self._capacity = np.array([stock.stock or 0 for stock in stocks], np.int64)
        self._is_mode = np.arange(most)[None, :] < self._count[:, None]

    def draw(self) -> list[int]:
        """Return a mode for each operation, of little work; where the search fails, one that overdraws little."""
        modes = self._within(self._random.integers(0, self._count))
        used = self._draws[np.arange(len(modes)), modes].sum(axis=0)
        for o in self._random.permutation(len(modes)):
            for k in np.argsort(self._work[o, : self._count[o]], kind="stable"):
                after = used - self._draws[o, modes[o]] + self._draws[o, k]
                if self._work[o, k] >= self._work[o, modes[o]]:
                    break
                if (after <= np.maximum(self._capacity, used)).all():
                    modes[o], used = k, after
                    break
        return modes.tolist()

    def _within(self, modes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Change one mode after the other to what overdraws least, with kicks where that leads nowhere."""
        rows = np.arange(len(modes))
        scale = np.maximum(1, self._capacity)
        best, best_over = modes, np.inf
        for _ in range(_STEPS):
            own = self._draws[rows, modes]
            used = own.sum(axis=0)
            over = float((np.maximum(0, used - self._capacity) / scale).sum())
            if over < best_over:
                best, best_over = modes.copy(), over
            if over == 0:
                break
            after = used - own[:, None, :] + self._draws
            worth = (np.maximum(0, after - self._capacity) / scale).sum(axis=2)
            worth[~self._is_mode] = np.inf
            least = float(worth.min())
            if least < over - 1e-12:
                options = np.argwhere(worth <= least + 1e-12)
                o, k = options[self._random.integers(len(options))]
                modes[o] = k
            else:
                kicked = self._random.random(len(modes)) < _KICK
                modes = np.where(kicked, self._random.integers(0, self._count), modes)
        return best
