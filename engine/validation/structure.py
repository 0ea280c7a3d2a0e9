"""Structural faults: pydantic's findings item by item, in the contract's words and paths."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

import engine.model as model
from engine.errors import Fault
from engine.validation.reading import shortened

_PLAIN: dict[str, str] = {
    "missing": "is missing",
    "string_type": "must be text",
    "string_unicode": "is not valid Unicode text",
    "string_too_short": "must not be empty",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "is far too large",
    "float_type": "must be a number",
    "finite_number": "must be a finite number, not NaN or Infinity",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "none_required": "must be null",
    "string_pattern_mismatch": "must be a clock time such as 06:00, 22:30:15 or 24:00",
    "union_tag_not_found": "is missing",
}
_TAG_FAULTS = ("union_tag_invalid", "union_tag_not_found")
_BOUNDS = {
    "greater_than_equal": ("must be at least {}", "ge"),
    "less_than_equal": ("must be at most {}", "le"),
    "greater_than": ("must be more than {}", "gt"),
    "less_than": ("must be less than {}", "lt"),
}


def faults_of_item(adapter: TypeAdapter[Any], value: Any, path: str | None, zone: Any) -> tuple[Any, list[Fault]]:
    """Return the validated item and no faults, or ``None`` and every structural fault of it.

    Without a path the faults are not told.
    """
    try:
        return adapter.validate_python(value, context={"zone": zone}, by_alias=True, by_name=False), []
    except ValidationError as error:
        return None, [] if path is None else structural_faults(error, path)


def structural_faults(error: ValidationError, path: str) -> list[Fault]:
    """Return pydantic's findings as faults below ``path``."""
    return [
        Fault(_located(path, found), shortened(_standing(found)), _reason(found))
        for found in error.errors(include_url=False)
    ]


def joined(path: str, *parts: str | int) -> str:
    """Return a path with further parts: names by dots, positions in brackets."""
    for part in parts:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{part}" if path else part
    return path


def _located(path: str, found: Any) -> str:
    loc: Sequence[str | int] = found["loc"]
    if found["type"] in _TAG_FAULTS:
        return joined(path, *loc, "type")
    # A constraint's type stands in the location between its position and its field.
    return joined(
        path, *(part for i, part in enumerate(loc) if not (i == 0 and len(loc) > 1 and part in _CONSTRAINT_TYPES))
    )


def _standing(found: Any) -> Any:
    if found["type"] == "union_tag_invalid":
        return found["ctx"]["tag"]
    return None if found["type"] in ("missing", "union_tag_not_found") else found["input"]


def _reason(found: Any) -> str:
    kind, context = found["type"], found.get("ctx") or {}
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind in _BOUNDS:
        words, key = _BOUNDS[kind]
        return words.format(f"{context[key]:,}" if isinstance(context[key], int) else f"{context[key]:g}")
    if kind == "extra_forbidden":
        return _unknown(str(found["loc"][-1]))
    if kind == "string_too_long":
        return f"is longer than {context['max_length']:,} characters"
    if kind in ("enum", "literal_error"):
        return f"must be one of {context['expected'].replace(' or ', ', ')}"
    if kind == "union_tag_invalid":
        return f"must be one of {context['expected_tags']}"
    if kind == "value_error":
        return str(context["error"])
    return str(found["msg"])


@lru_cache(maxsize=1024)
def _unknown(name: str) -> str:
    camel = to_camel(name)
    close = [camel] if camel in _WIRE_NAMES else difflib.get_close_matches(name[:60], _WIRE_NAMES, n=1, cutoff=0.75)
    if close and close[0] != name:
        return f"is not a field of the contract. Maybe `{close[0]}` is meant"
    return "is not a field of the contract here. Maybe put data of your own into `attributes`"


def _wire_names() -> list[str]:
    names: set[str] = set()
    for thing in vars(model).values():
        if isinstance(thing, type) and issubclass(thing, BaseModel):
            names |= {field.serialization_alias or key for key, field in thing.model_fields.items()}
    return sorted(names)


_WIRE_NAMES = _wire_names()
_CONSTRAINT_TYPES = frozenset(
    name
    for kind in (model.DateConstraint, model.Unavailable, model.SetConstraint)
    for name in kind.model_fields["type"].annotation.__args__  # type: ignore[union-attr]
)
