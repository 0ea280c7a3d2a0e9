"""``kill -9`` at every single write of everything that writes: nothing acknowledged is lost, nothing is half there.

Each operation is first done once to count its writes (of data, of names, of room, to the disk). Then it is killed
before each of them, and in the middle of each, in a fresh copy of the same folder; what is found then is judged, the
operation is done again, and judged again. Some more die at random moments, one after the other in one folder.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.support.disk_faults import KILL, KILL_HALF, needs_shim
from tests.support.kill_bench import Bench
from tests.support.kill_checks import Before, check
from tests.support.kill_operations import OPERATIONS

pytestmark = [needs_shim, pytest.mark.timeout(1800), pytest.mark.xdist_group("kills")]

_HISTORY = ("save", "apply", "merge", "rollback", "import takt", "import xlsx")
_SAMPLE = ("create", "save", "import takt", "export takt", "migrate")


class Kills(Bench):
    """Copies of a folder in which operations are killed."""

    def writes_of(self, operation: str) -> int:
        """Return how many writes the operation makes."""
        outcome = self.server.ask(operation, self.copy())
        assert outcome.all("end") and outcome.writes > 0
        return outcome.writes

    def kill(self, operation: str, at: int, mode: int) -> bool:
        """Kill the operation at a write and judge; true when it was killed (it may have one write fewer today)."""
        folder = self.copy()
        outcome = self.server.ask(operation, folder, at=at, mode=mode)
        check(operation, folder, outcome, self.before)
        again = self.server.ask(operation, folder)
        assert again.all("end"), f"{operation} cannot be done again after a kill at write {at}"
        check(operation, folder, again, self.before)
        return outcome.was_killed


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kills]:
    made = Kills(tmp_path_factory.mktemp("kills"))
    yield made
    made.server.close()


@pytest.mark.parametrize("operation", _SAMPLE)
def test_killed_at_some_writes(bench: Kills, operation: str) -> None:
    writes, chance = bench.writes_of(operation), random.Random(operation)
    assert bench.kill(operation, chance.randint(1, writes - 1), chance.choice((KILL, KILL_HALF)))


@pytest.mark.slow
@pytest.mark.parametrize("operation", OPERATIONS)
def test_killed_before_and_in_every_write(bench: Kills, operation: str) -> None:
    writes = bench.writes_of(operation)
    killed = sum(bench.kill(operation, at, mode) for at in range(1, writes + 1) for mode in (KILL, KILL_HALF))
    print(f"{operation}: {writes} writes, {killed} kills")
    assert killed > 1.5 * writes, "most of them have to be hit"


@pytest.mark.slow
@pytest.mark.parametrize("operation", _HISTORY)
def test_killed_at_random_moments_one_after_the_other(bench: Kills, operation: str) -> None:
    """The folder is never made anew: each child finds what the killed ones before it left."""
    folder, chance = bench.copy(), random.Random(operation)
    took_s = bench.server.ask(operation, folder).took_s
    known, killed = dict(bench.before.versions), 0
    for _ in range(60):
        outcome = bench.server.ask(operation, folder, after_s=chance.uniform(0.0, took_s))
        killed += outcome.was_killed
        took_s = took_s if outcome.was_killed else min(took_s, outcome.took_s)
        known |= dict(outcome.all("version"))
        check(operation, folder, outcome, Before(known, {}, bench.before.files, bench.before.damaged))
    print(f"{operation}: {killed} kills in {took_s * 1000:.0f} ms each, {len(known)} versions acknowledged")
    assert killed > 20
