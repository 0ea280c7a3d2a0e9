"""What the command line loads: a command waits for no library that it does not use."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = "resources/samples/metal-components.json"
SOLVER = {"ortools", "numba", "llvmlite", "pandas"}
WINDOW = {"PySide6", "shiboken6"}
SERVER = {"fastapi", "starlette", "uvicorn", "jwt", "psutil"}
FILES = {"xlsxwriter", "reportlab", "PIL", "zstandard"}
DATABASE = {"sqlalchemy", "alembic", "pysqlite3"}
BASE = {"numpy", "pydantic", "pydantic_settings", "orjson", "rich", "structlog"}
PROGRAM = """
import json, sys
from app.__main__ import main
code = main(json.loads(sys.argv[1]))
print(json.dumps([code, sorted({name.split(".")[0] for name in sys.modules}), sorted(sys.modules)]))
"""


def loaded(home: Path, *arguments: object) -> tuple[set[str], set[str]]:
    """Run a command in a process of its own; return the packages and the modules it has loaded."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps([str(argument) for argument in arguments])],
        cwd=ROOT,
        env={**os.environ, "TAKTWERK_DATABASE": str(home / "plan.db"), "TAKTWERK_LOG_DIR": str(home / "logs")},
        capture_output=True,
        text=True,
        check=True,
    )
    code, packages, modules = json.loads(done.stdout.splitlines()[-1])
    assert code in (0, 1), done.stderr
    return set(packages), set(modules)


def test_the_libraries_are_called_so() -> None:
    """A library that is renamed or dropped must not make the tests below hold by itself."""
    names = SOLVER | WINDOW | SERVER | FILES | DATABASE | BASE
    assert not [name for name in names if importlib.util.find_spec(name) is None]


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_help_and_version_load_nothing(argument: str, tmp_path: Path) -> None:
    packages, modules = loaded(tmp_path, argument)
    assert not packages & (SOLVER | WINDOW | SERVER | FILES | DATABASE | BASE)
    assert not [name for name in modules if name.startswith("app.cli_") and name != "app.cli_late"]


@pytest.mark.parametrize("arguments", [("check", SAMPLE), ("convert", SAMPLE, "-"), ("check", "--help")])
def test_commands_on_files_load_no_database_and_no_solver(arguments: tuple[str, ...], tmp_path: Path) -> None:
    packages, _ = loaded(tmp_path, *arguments)
    assert not packages & (SOLVER | WINDOW | SERVER | FILES | DATABASE)


def test_listing_versions_loads_no_solver_and_no_server(tmp_path: Path) -> None:
    packages, modules = loaded(tmp_path, "versions", "list")
    assert "sqlalchemy" in packages
    assert not packages & (SOLVER | WINDOW | SERVER | {"xlsxwriter", "reportlab", "PIL"})
    assert not modules & {"app.cli_versions_share", "app.cli_versions_change", "app.exchange"}


@pytest.mark.parametrize("command", ["optimize", "explain", "bench", "what-if", "serve"])
def test_no_command_loads_the_solver_or_the_window_to_explain_itself(command: str, tmp_path: Path) -> None:
    packages, _ = loaded(tmp_path, command, "--help")
    assert not packages & (SOLVER | WINDOW)
