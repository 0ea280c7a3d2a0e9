"""Two hundred faults of the solver's process: each settled in time with a code or the best plan; the next run works.

Every way to fail of ``fault_workers`` in turn, and honest workers that are killed, stopped in their tracks or robbed of
a pipe from outside at a random moment. The service stays the same one throughout, on one database.

Settled means: from the moment at which the fault can be known until the run has its end, stored and told. Two seconds
are for the program; for how long its supervising threads, and a worker on its way to its end, stood ready without being
given a processor is the machine's, and is taken off (``CpuWaits``), so that the test says the same on a busy machine as
on an idle one.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from app.optimization import OptimizationService
from engine.check import check_result
from engine.model import RunStatus
from storage.database import open_database
from tests.support import fault_workers as faults
from tests.support.cpu_waits import CpuWaits
from tests.support.fault_workers import command
from tests.support.runs import a_request, wait_until

pytestmark = [pytest.mark.logs_errors, pytest.mark.timeout(1800)]

_CODES = {"E002", "E006", "E007"}
_SETTLED_S = 2.0

_AT_ONCE = (
    faults.killed_before_hello,
    faults.killed_after_hello,
    faults.killed_while_reading,
    faults.killed_in_a_phase,
    faults.killed_with_incumbents,
    faults.killed_inside_an_incumbent,
    faults.killed_inside_the_result,
    faults.crashes,
    faults.exits_without_a_result,
    faults.closes_its_output,
    faults.sends_garbage,
    faults.sends_binary,
    faults.sends_a_huge_line,
    faults.announces_a_huge_plan,
    faults.sends_an_unknown_message,
    faults.speaks_another_version,
    faults.lies,
    faults.always_lies,
    faults.boasts,
    faults.names_a_stranger,
    faults.sends_an_unreadable_plan,
    faults.sends_random_bytes,
    faults.cuts_a_message,
    faults.repeats_its_hello,
    faults.closes_its_input,
)
"""What fails by itself; detected when it happens."""

_ENDS_ITSELF = (
    *(way for way in _AT_ONCE if way.__name__.startswith("killed_")),
    faults.crashes,
    faults.exits_without_a_result,
    faults.repeats_its_hello,
    faults.closes_its_input,
    faults.lies,
    faults.always_lies,
    faults.boasts,
    faults.names_a_stranger,
    faults.sends_an_unreadable_plan,
)
"""What is known when the worker's process is gone, for which it needs a processor as well."""

_AT_THE_LIMIT = (faults.hangs, faults.hangs_without_a_plan, faults.freezes, faults.falls_silent)
"""What is detected at the time limit."""


class Trials:
    """One service that stays, its workers, and how late each fault was settled after it could be known.

    ``late_s`` has the name of the way, what the program took of it, and what the clock says.
    """

    def __init__(self, service: OptimizationService, folder: Path) -> None:
        self.service = service
        self.stamp = folder / "stamp"
        self.late_s: list[tuple[float, float, str]] = []

    def solve(self, way: Callable[[], None], known: Callable[[], float] | None = None, **options: float) -> str:
        """Run with a worker that fails in a way, judge the end and return it.

        ``known`` does something to the worker and returns when its fault can be known; else that is when the worker
        noted for the last time that all was well.
        """
        a = a_request(**{"time_limit": 30, **options})  # type: ignore[arg-type]
        service = self.service
        self.stamp.unlink(missing_ok=True)
        service._command = [*command(way), f"STAMP={self.stamp}"]  # pyright: ignore[reportPrivateUsage]
        waits = CpuWaits(
            lambda name: name.startswith(("runner-", "run-writer")) or name.endswith("-stdout"),
            with_children=way in _ENDS_ITSELF,
        )

        def is_over() -> bool:
            waits.sample()
            return service.status(run_id).completed_at is not None

        run_id = service.submit(a)
        known_at = known() if known else None
        wait_until(is_over, 60)
        ended_at = time.monotonic()
        waits.sample()
        if known_at is None and self.stamp.exists():
            known_at = float(self.stamp.read_text())
        if known_at is not None:
            late = max(0.0, ended_at - known_at)
            self.late_s.append((late - waits.between(known_at, ended_at), late, way.__name__))
        view, response = service.status(run_id), service.result(run_id)
        assert view.status in (RunStatus.FAILED, RunStatus.COMPLETED)
        if view.status is RunStatus.FAILED:
            assert response.error is not None and response.error.code in _CODES and response.error.message
            assert (response.result is not None) == view.has_incumbent
        if response.result is not None:
            assert check_result(a, response.result.events) == []
        code = response.error.code if response.error else "-"
        return f"{view.status.value} {code} {'with' if response.result else 'without'} a plan"


@pytest.fixture
def trials(tmp_path: Path) -> Iterator[Trials]:
    database = open_database(tmp_path / "runs.db")
    service = OptimizationService(database)
    yield Trials(service, tmp_path)
    service.close()
    database.close()


def _solver() -> psutil.Process:
    found: list[psutil.Process] = []

    def there() -> bool:
        found[:] = [p for p in psutil.Process().children() if "fault_workers.py" in " ".join(p.cmdline())]
        return bool(found)

    wait_until(there)
    return found[0]


def _from_outside(number: int, chance: random.Random) -> Callable[[], float]:
    def act() -> float:
        solver = _solver()
        time.sleep(chance.uniform(0, 0.4))
        os.kill(solver.pid, number)
        return time.monotonic()

    return act


def _in(seconds: float) -> Callable[[], float]:
    return lambda: time.monotonic() + seconds


def _one(trials: Trials, number: int, chance: random.Random) -> tuple[str, str]:
    """Make the fault of this number and return its name and how the run ended."""
    ways = (*_AT_ONCE, *_AT_THE_LIMIT, faults.eats_memory, signal.SIGKILL, signal.SIGSEGV, signal.SIGKILL)
    way = ways[number % len(ways)]
    if isinstance(way, signal.Signals):
        return way.name, trials.solve(faults.stays_alive, _from_outside(way, chance))
    if way is faults.eats_memory:
        return way.__name__, trials.solve(way, memory_limit=250)
    if way in _AT_THE_LIMIT:
        return way.__name__, trials.solve(way, _in(1.0), time_limit=1.0)
    return way.__name__, trials.solve(way)


def _many(trials: Trials, numbers: range, seed: int) -> Counter[str]:
    chance, seen = random.Random(seed), Counter[str]()
    for number in numbers:
        name, end = _one(trials, number, chance)
        seen[f"{name}: {end}"] += 1
        if number % 10 == 9:
            after = trials.solve(faults.answers_at_once)
            assert after == "completed - with a plan", f"after {name} the next run is {after}"
    assert not [p for p in psutil.Process().children() if "fault_workers.py" in " ".join(p.cmdline())], "left running"
    late, clock = sorted(trials.late_s), sorted(one[1] for one in trials.late_s)
    middle, ninth = len(late) // 2, len(late) * 9 // 10
    print(
        f"{seen.total()} faults, {len(late)} timed; settled after {late[middle][0]:.2f} s in the middle, "
        f"{late[ninth][0]:.2f} s nine in ten, {late[-1][0]:.2f} s at worst ({late[-1][2]}); by the clock, on a machine "
        f"that does other things too, {clock[middle]:.2f}, {clock[ninth]:.2f} and {clock[-1]:.2f} s"
    )
    assert late[-1][0] < _SETTLED_S, late[-5:]
    return seen


def test_some_faults_one_after_the_other(trials: Trials) -> None:
    assert _many(trials, range(22, 34), seed=3).total() == 12


@pytest.mark.slow
def test_two_hundred_faults_one_after_the_other(trials: Trials) -> None:
    seen = _many(trials, range(200), seed=4)
    print("\n" + "\n".join(f"{count:3} {what}" for what, count in sorted(seen.items())))
    assert seen.total() == 200
