"""The OpenAPI document. ``python -m app.api.description`` writes ``docs/openapi.json``; a test fails when it is old."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from app import __version__
from app.api.bodies import BODIES, ProgressEvent
from engine.model import OptimizationRequest, Schedule

FILE: Final = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"

_ABOUT: Final = """
Plan a plant from scripts and other programs: submit a schedule to be optimised, follow the run, apply its plan as a
version, compare, merge, roll back, export.

**Access.** `Authorization: Bearer <token>`, from `taktwerk token issue`. Scopes: `read` looks, `plan` changes plans,
`admin` sees everybody's runs too.

**Errors.** Every error is `{code, message, details}` with a code of the contract, E001 to E012.

**Once only.** A POST with `Idempotency-Key` is carried out once; asked again, the answer is the same.
"""
_TAGS: Final = [
    {"name": "runs", "description": "Optimisation runs: submit, follow, stop, cancel."},
    {"name": "schedules", "description": "Schedules: import, list, save, scenarios."},
    {"name": "versions", "description": "Versions: look, compare, apply, merge, roll back, export."},
    {"name": "server", "description": "Health, figures, profiles."},
]


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the description of an application, with the schemas of the bodies that routes read themselves."""
    if app.openapi_schema is None:
        document = get_openapi(
            title="Taktwerk",
            version=__version__.split("+")[0],
            description=_ABOUT.strip(),
            routes=app.routes,
            tags=_TAGS,
            separate_input_output_schemas=False,
        )
        schemas = document["components"]["schemas"]
        models = [(model, "validation") for model in (OptimizationRequest, Schedule, ProgressEvent, *BODIES)]
        _, found = models_json_schema(models, by_alias=True, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
        for name, schema in found["$defs"].items():
            schemas.setdefault(name, schema)
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        document["components"]["schemas"] = dict(sorted(schemas.items()))
        app.openapi_schema = document
    return app.openapi_schema


def document_text() -> str:
    """Return the text of ``docs/openapi.json``."""
    from app.api.application import bare_application

    return json.dumps(describe(bare_application()), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    FILE.write_text(document_text(), encoding="utf-8", newline="\n")
