"""Stored profiles under a request: what the request gives wins over what the profile holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from engine.model import OptimizationRequest, Options

AIMS: Final = frozenset({"objective", "objectives", "weights"})
"""The three ways to say what is optimised, by wire name; a request uses one of them at most."""


def laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay options over others, by wire name; an objective, a mix or a ladder replaces any of the three."""
    kept = {key: value for key, value in below.items() if key not in AIMS} if AIMS & above.keys() else below
    return {**kept, **above}


def with_profile(request: OptimizationRequest, algorithm_id: int, options: Mapping[str, Any]) -> OptimizationRequest:
    """Return the request with what it does not give itself taken from a profile.

    Parameters
    ----------
    request
        What is asked for.
    algorithm_id, options
        The profile's algorithm, and its options by wire name.
    """
    given = request.options.model_dump(by_alias=True, include=request.options.model_fields_set)
    update: dict[str, Any] = {"options": Options.model_validate(laid_over(options, given))}
    if "algorithm_id" not in request.model_fields_set:
        update["algorithm_id"] = algorithm_id
    return request.model_copy(update=update)
