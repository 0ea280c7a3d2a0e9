"""Every line and every branch of diff and merge is exercised by their own tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_MEASURED = ["delta", "delta_parts", "diff", "merge", "merge_items", "merge_references", "merge_types", "references"]
_TESTS = ["tests/unit/test_merge.py", "tests/unit/test_comparison.py", "tests/property/test_algebra.py"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_branch_of_diff_and_merge_is_exercised(tmp_path: Path) -> None:
    data, report = tmp_path / "coverage", tmp_path / "report.json"
    coverage = [sys.executable, "-m", "coverage"]
    include = ",".join(f"engine/{name}.py" for name in _MEASURED)
    tests = ["-m", "pytest", "-q", "-m", "not slow", "-p", "no:cacheprovider", *_TESTS]
    options = ["--branch", f"--include={include}", f"--data-file={data}"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COV_"))}
    done = subprocess.run(
        [*coverage, "run", *options, *tests], cwd=_ROOT, capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stdout[-2_000:]
    made = [*coverage, "json", f"--data-file={data}", "-o", str(report)]
    subprocess.run(made, cwd=_ROOT, check=True, capture_output=True)
    files = json.loads(report.read_text())["files"]
    assert len(files) == len(_MEASURED)
    missed = {
        name: (found["missing_lines"], found["missing_branches"])
        for name, found in files.items()
        if found["missing_lines"] or found["missing_branches"]
    }
    assert missed == {}
