"""The stored algorithms and profiles that the Studio offers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


class AlgorithmRow(Protocol):
    """A row of ``algorithms``."""

    @property
    def id(self) -> int: ...
    @property
    def name(self) -> str: ...


class ProfileRow(Protocol):
    """A row of ``algorithm_profiles``: named options in the contract's wire names."""

    @property
    def id(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def algorithm_id(self) -> int: ...
    @property
    def options(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Catalog:
    """What there is to choose from."""

    algorithms: Sequence[AlgorithmRow] = field(default_factory=tuple)
    profiles: Sequence[ProfileRow] = field(default_factory=tuple)
