"""Compiled kernels that came with a packaged program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.solve.searches import kernel_cache
from engine.solve.searches.kernel_cache import KernelLocator, use_shipped_kernels

ROOT = Path(__file__).resolve().parents[2]
STAMP = "0123456789abcdef0123"


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numba's settings are left as they were."""
    for name in ("NUMBA_CACHE_LOCATOR_CLASSES", "NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES"):
        monkeypatch.setenv(name, "")
    monkeypatch.setattr(kernel_cache, "_place", {})


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    folder = tmp_path / "program" / "kernels"
    folder.mkdir(parents=True)
    (folder / "stamp").write_text(STAMP)
    (folder / "kernels.place-1.py311.nbi").write_bytes(b"index")
    return folder


def test_a_checkout_has_none(tmp_path: Path) -> None:
    assert use_shipped_kernels(tmp_path / "absent", tmp_path / "cache") is None
    assert os.environ["NUMBA_CPU_NAME"] == ""


def test_the_first_start_copies_them_and_later_ones_use_the_copy(shipped: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    (cache / "of-an-earlier-version").mkdir(parents=True)
    folder = use_shipped_kernels(shipped, cache)
    assert folder == cache / STAMP[:16] and [path.name for path in cache.iterdir()] == [STAMP[:16]]
    assert (folder / "kernels.place-1.py311.nbi").read_bytes() == b"index"
    (folder / "new.nbi").write_bytes(b"compiled here")
    assert use_shipped_kernels(shipped, cache) == folder and (folder / "new.nbi").exists()
    locator = KernelLocator.from_function(test_a_checkout_has_none, "kernels.py")
    assert locator.get_cache_path() == str(folder) and locator.get_source_stamp() == STAMP
    assert os.environ["NUMBA_CPU_NAME"] == "generic"


def test_without_a_place_to_write_they_are_used_where_they_are(shipped: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    assert use_shipped_kernels(shipped, tmp_path / "cache") == shipped


PROGRAM = """
import sys
from pathlib import Path
from engine.solve.searches.kernel_cache import keep_kernels_in
keep_kernels_in(Path(sys.argv[1]), "one")
from numba import njit
@njit(cache=True)
def twice(x):
    return x + x
assert twice(2) == 4
print(sum(twice.stats.cache_hits.values()))
"""


@pytest.mark.slow
def test_numba_finds_what_it_kept_there(tmp_path: Path) -> None:
    """In processes of their own, for numba reads its settings once."""
    (tmp_path / "program.py").write_text(PROGRAM)
    said = [
        subprocess.run(
            [sys.executable, tmp_path / "program.py", tmp_path / "kept"],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for _ in range(2)
    ]
    assert said == ["0", "1"]
    assert [path.suffix for path in sorted((tmp_path / "kept").iterdir())] == [".nbc", ".nbi"]
