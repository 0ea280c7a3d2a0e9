"""A full disk at every single write: a coded error in plain words, nothing lost, and all goes on when there is room.

As in ``test_kill_every_write``, each operation's writes are counted; then the disk is full from the n-th on, for every
n, or refuses only that one. The same process then tries again with room. A small real disk proves the shim right.
"""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.disk_faults import FULL, FULL_ONCE, needs_shim
from tests.support.kill_bench import Bench
from tests.support.kill_checks import check, leftovers
from tests.support.kill_operations import OPERATIONS
from tests.support.kill_server import KillServer, Outcome

pytestmark = [needs_shim, pytest.mark.timeout(1800), pytest.mark.xdist_group("kills")]

_SAMPLE = ("edit", "save", "export xlsx", "backup")
_PLAIN = ("disk", "space", "cannot be opened")


class FullDisk(Bench):
    """Copies of a folder on which the disk is full."""

    def fill(self, operation: str, at: int, mode: int) -> Outcome:
        """Fill the disk at a write, judge what was said, try again with room, and judge what is there."""
        folder = self.copy()
        outcome = self.server.ask(operation, folder, full=True, at=at, mode=mode)
        for code, message in outcome.all("refused"):
            assert code in ("E008", "E007"), message
            assert any(word in message for word in _PLAIN) and "Errno" not in message and "Traceback" not in message
        assert outcome.all("refused") or outcome.all("end")
        assert outcome.all("again"), f"{operation} cannot be done when there is room again"
        check(operation, folder, outcome, self.before)
        assert leftovers(folder) == [], "room was not given back"
        return outcome


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FullDisk]:
    made = FullDisk(tmp_path_factory.mktemp("full"))
    yield made
    made.server.close()


def _writes(bench: FullDisk, operation: str) -> int:
    return bench.server.ask(operation, bench.copy(), full=True).writes


@pytest.mark.parametrize("operation", _SAMPLE)
def test_full_at_some_writes(bench: FullDisk, operation: str) -> None:
    writes, chance = _writes(bench, operation), random.Random(operation)
    assert bench.fill(operation, chance.randint(1, min(writes, 10)), FULL).all("refused")


@pytest.mark.slow
@pytest.mark.parametrize("operation", OPERATIONS)
def test_full_at_every_write(bench: FullDisk, operation: str) -> None:
    writes = _writes(bench, operation)
    said: dict[str, int] = {}
    refused = 0
    for at in range(1, writes + 1):
        for mode in (FULL, FULL_ONCE):
            outcome = bench.fill(operation, at, mode)
            refused += len(outcome.all("refused"))
            for _, message in outcome.all("refused"):
                words = message.replace(str(bench.folder), "…")
                said[words] = said.get(words, 0) + 1
    print(f"\n{operation}: {writes} writes, {2 * writes} faults, {refused} refused\n  {said}")
    assert refused


def _mounted(folder: Path, size: str) -> bool:
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    return shutil.which("mount") is not None and subprocess.run(command, capture_output=True).returncode == 0


@pytest.mark.slow
def test_a_disk_that_is_really_full(bench: FullDisk, tmp_path: Path) -> None:
    """A file system of 6 MB in memory, filled up by another file, for each operation."""
    disk = tmp_path / "disk"
    if not _mounted(disk, "6m"):
        pytest.skip("needs the right to mount a file system")
    server, refused = KillServer(None), 0
    try:
        for operation in OPERATIONS:
            folder = disk / "work"
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(bench.folder / "template", folder)
            outcome = server.ask(operation, folder, full=True, filler=str(disk / "filler"))
            refused += len(outcome.all("refused"))
            assert all(code in ("E008", "E007") for code, _ in outcome.all("refused")), outcome.told
            assert outcome.all("again"), operation
            check(operation, folder, outcome, bench.before)
    finally:
        server.close()
        subprocess.run(["umount", str(disk)], check=True)
    print(f"{refused} of {len(OPERATIONS)} refused")
    assert refused >= len(OPERATIONS) // 2
