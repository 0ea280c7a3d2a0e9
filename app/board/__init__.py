"""The plan as the board draws it: rows, bars, shading, details. Pure projections, no Qt and no HTML."""

from app.board.controller import BoardController
from app.board.snapshot import BoardSnapshot, Diff

__all__ = ["BoardController", "BoardSnapshot", "Diff"]
