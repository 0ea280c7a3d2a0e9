"""Stocks: all demands on a nonrenewable resource together are at most what there is of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.solve.cpsat.frame import Frame
    from engine.solve.cpsat.model import Expr, Model
    from engine.solve.cpsat.variables import OpVars


def add_stocks(model: Model, frame: Frame, made: dict[int, OpVars]) -> None:
    """Require for each stock that what is free draws no more than what stays has left.

    Where what stays overdraws it already, what is free draws nothing more.
    """
    for stock in frame.problem.stocks:
        drawn: Expr = 0
        for free in made.values():
            for demand, lits in zip(free.op.demands, free.choices, strict=True):
                lit = lits.get(stock.index, False)
                if lit is not False:
                    drawn = drawn + demand.quantity * (1 if lit is True else lit)
        left = max(0, (stock.stock or 0) - _held(frame, stock.index))
        model.require(drawn <= left)


def _held(frame: Frame, resource: int) -> int:
    """Return what the operations that stay draw."""
    problem, base, offset = frame.problem, frame.base, frame.problem.demand_offset
    total = 0
    for op in problem.ops:
        if frame.is_free[op.index] or not op.demands:
            continue
        is_fixed = base is None or op.fixed is not None
        for k, demand in enumerate(op.demands):
            serving = demand.candidates[0] if is_fixed else int(base.choice[offset[op.index] + k])
            total += demand.quantity if serving == resource else 0
    return total
