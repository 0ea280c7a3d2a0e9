"""The JSON schemas in ``resources/schema`` are those of the models."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from engine.schema import FOLDER, SCHEMAS, schema_of, schema_text, write_schemas


@pytest.mark.parametrize("name", SCHEMAS)
def test_files_are_current(name):
    file = FOLDER / f"{name}.json"
    assert file.read_text(encoding="utf-8") == schema_text(name), "run `python -m engine.schema`"


def test_no_other_files():
    assert {file.stem for file in FOLDER.glob("*.json")} == set(SCHEMAS)


def test_wire_names_and_closed_objects():
    operation = schema_of("schedule")["$defs"]["Operation"]
    assert operation["additionalProperties"] is False
    assert {"startDate", "endDate", "resourceId", "manuallyScheduled", "percentDone"} <= set(operation["properties"])
    assert not [name for name in operation["properties"] if "_" in name]
    assert operation["required"] == ["id", "name", "duration"]


def test_writing(tmp_path):
    files = write_schemas(tmp_path / "deep")
    assert [json.loads(f.read_text(encoding="utf-8"))["title"] for f in files] == [m.__name__ for m in SCHEMAS.values()]


def test_the_command_writes_nothing_new():
    before = {f.name: f.read_bytes() for f in FOLDER.glob("*.json")}
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-m", "engine.schema"], check=True, cwd=root)
    assert {f.name: f.read_bytes() for f in FOLDER.glob("*.json")} == before
