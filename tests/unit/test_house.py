"""The rules of the house that no linter knows."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_lock_has_hashes_and_no_registry_address() -> None:
    text = (ROOT / "requirements.lock").read_text()
    assert "://" not in text and "--index" not in text and "--find-links" not in text
    blocks = re.split(r"\n(?=\S)", text.strip())
    pinned = [block for block in blocks if not block.startswith("#")]
    assert len(pinned) > 40
    assert all("==" in block and "--hash=sha256:" in block for block in pinned)


def test_lock_covers_every_direct_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.split(r"[=<>;\[ ]", line)[0].lower() for line in wanted}
    locked = {line.split("==")[0] for line in (ROOT / "requirements.lock").read_text().splitlines() if "==" in line}
    assert names <= locked


def test_qt_is_pinned_by_python_version() -> None:
    """PySide6 6.12.0 aborts on Python below 3.12 (a lost reference per emitted signal)."""
    lock = (ROOT / "requirements.lock").read_text()
    assert "pyside6-essentials==6.11.3 ; python_full_version < '3.12'" in lock
    assert "pyside6-essentials==6.12.0 ; python_full_version >= '3.12'" in lock


def test_npm_lock_has_no_registry_address() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())
    assert not [name for name, entry in lock["packages"].items() if "resolved" in entry]
    assert all("integrity" in entry for name, entry in lock["packages"].items() if name)
