"""Coded errors: one exception type, one code a kind of fault, the same object on every door."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class ErrorCode(StrEnum):
    """The error codes of the contract. Codes are never reused or renumbered."""

    INVALID_SCHEDULE = "E001"
    SOLVER_TIMEOUT = "E002"
    INFEASIBLE_PROBLEM = "E003"
    VERSION_CONFLICT = "E004"
    RESOURCE_LOCKED = "E005"
    TOO_LARGE = "E006"
    INTERRUPTED = "E007"
    STORAGE = "E008"
    PACKAGE = "E009"
    UNAUTHORISED = "E010"
    RATE_LIMIT = "E011"
    NOT_FOUND = "E012"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of an input.

    ``path`` is where it stands (``snapshot.events[3].duration``), ``value`` what stood there (shortened),
    ``reason`` what is wrong and, where it helps, what to write instead.
    """

    path: str
    value: Any
    reason: str


class TaktwerkError(Exception):
    """An error a person can act on: what happened, with which values, and what to do.

    Parameters
    ----------
    code
        The contract's code.
    message
        One or two plain sentences.
    details
        JSON-able further facts (``faults``, ``conflict``, ``repairs`` ...).
    """

    def __init__(self, code: ErrorCode, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details or {}

    def __str__(self) -> str:
        return f"{self.code.value}: {self.message}"

    def to_json(self) -> dict[str, Any]:
        """Return the contract's error object ``{code, message, details}``."""
        return {"code": self.code.value, "message": self.message, "details": self.details}


def invalid_schedule(faults: list[Fault], what: str = "schedule") -> TaktwerkError:
    """Return E001 naming every fault of ``what`` at once; the message shows the first three."""
    shown = "; ".join(f"{f.path}: {f.reason}" for f in faults[:3])
    more = f"; and {len(faults) - 3} more" if len(faults) > 3 else ""
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    return TaktwerkError(
        ErrorCode.INVALID_SCHEDULE,
        f"The {what} is not valid ({count}): {shown}{more}.",
        {"faults": [asdict(f) for f in faults]},
    )
