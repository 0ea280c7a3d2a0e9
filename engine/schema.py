"""JSON schemas of the contract. ``python -m engine.schema`` writes them to ``resources/schema``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from engine.model import Dto, OptimizationRequest, OptimizationResponse, Schedule

SCHEMAS: dict[str, type[Dto]] = {
    "schedule": Schedule,
    "optimization-request": OptimizationRequest,
    "optimization-response": OptimizationResponse,
}
"""Models by file name."""

FOLDER = Path(__file__).resolve().parent.parent / "resources" / "schema"


def schema_of(name: str) -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of one of ``SCHEMAS``, with wire names."""
    schema = SCHEMAS[name].model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def schema_text(name: str) -> str:
    """Return the text of a schema's file."""
    return json.dumps(schema_of(name), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def write_schemas(folder: Path = FOLDER) -> list[Path]:
    """Write every schema and return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    for name in SCHEMAS:
        file = folder / f"{name}.json"
        file.write_text(schema_text(name), encoding="utf-8", newline="\n")
        files.append(file)
    return files


if __name__ == "__main__":
    write_schemas()
