"""From variants to requests, and experiments from JSON: every fault of everything at once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

from pydantic import ValidationError

from app.exchange import taktwerk_json
from app.profiles import laid_over
from app.what_if.applying import Setting, applied
from app.what_if.changes import Change, Experiment, Variant
from engine.errors import Fault, TaktwerkError, invalid_schedule
from engine.instants import zone_of
from engine.model import OptimizationRequest, Options, Schedule
from engine.validate import faults_of_request
from engine.validation.structure import structural_faults

_KINDS = [kind.model_fields["kind"].default for kind in get_args(get_args(Change)[0])]
_KIND = re.compile(rf"(?<=\])\.({'|'.join(_KINDS)})(?=\.|$)")
_MOST_FAULTS = 100


def read_experiment(content: bytes, name: str, schedule: Schedule) -> Experiment:
    """Return the experiment in a JSON file; dates without an offset are local time of the plant.

    Raises
    ------
    TaktwerkError
        E001 with every fault and its place.
    """
    document = taktwerk_json.load(content, name)
    try:
        found = Experiment.model_validate(document, context={"zone": zone_of(schedule.metadata.time_zone)})
    except ValidationError as error:
        raise invalid_schedule(_faults(error), "what-if file") from None
    names = [variant.name for variant in found.variants]
    double = [
        Fault(f"variants[{i}].name", one, "stands twice; a result is found by its name")
        for i, one in enumerate(names)
        if one in names[:i]
    ]
    if not found.variants and not found.budgets:
        double.append(Fault("variants", "", "give at least one variant, or budgets to sweep"))
    if double:
        raise invalid_schedule(double, "what-if file")
    return found


def requests_of(
    variants: Sequence[Variant],
    schedule: Schedule,
    options: Options | None = None,
    profiles: Mapping[str, int] | None = None,
) -> list[OptimizationRequest]:
    """Return the request of every variant of a plan.

    Parameters
    ----------
    options
        What holds for all variants; an option that a variant gives itself wins.
    profiles
        The stored profiles, id by name.

    Raises
    ------
    TaktwerkError
        E001 naming every fault of every variant.
    """
    faults: list[Fault] = []
    made: list[OptimizationRequest] = []
    for index, variant in enumerate(variants):
        try:
            made.append(request_of(variant, schedule, options, profiles))
        except TaktwerkError as error:
            prefix = f"variants[{index}]" if len(variants) > 1 else variant.name
            faults += [replace(fault, path=f"{prefix}.{fault.path}") for fault in _told(error)]
    if faults:
        raise invalid_schedule(faults, "what-if variant" if len(variants) == 1 else "list of what-if variants")
    return made


def request_of(
    variant: Variant,
    schedule: Schedule,
    options: Options | None = None,
    profiles: Mapping[str, int] | None = None,
) -> OptimizationRequest:
    """Return the request of one variant; parameters and errors as ``requests_of``, paths from the variant on."""
    given = laid_over(_given(options or Options()), _given(variant.options))
    setting = applied(variant, Setting(schedule, given), profiles)
    fields: dict[str, Any] = {"schedule_data": setting.schedule, "options": Options.model_validate(setting.options)}
    if setting.profile_id is not None:
        fields["profile_id"] = setting.profile_id
    request = OptimizationRequest(**fields)
    faults = faults_of_request(request)
    if faults:
        raise invalid_schedule(faults, f"plan of the variant {variant.name!r}")
    return request


def _given(options: Options) -> dict[str, Any]:
    return options.model_dump(by_alias=True, include=options.model_fields_set)


def _told(error: TaktwerkError) -> list[Fault]:
    found = error.details.get("faults")
    if not isinstance(found, list):
        return [Fault("", "", error.message)]
    return [Fault(item["path"], item["value"], item["reason"]) for item in found]


def _faults(error: ValidationError) -> list[Fault]:
    """What pydantic found; the kind of a change stands in its paths, but not in the file."""
    return [
        replace(fault, path=re.sub(r"\.type$", ".kind", _KIND.sub("", fault.path)))
        for fault in structural_faults(error, "")[:_MOST_FAULTS]
    ]
