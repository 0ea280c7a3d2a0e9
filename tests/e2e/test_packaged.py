"""The built program on an account with an empty environment. Skipped where ``make package`` has not been run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scripts import package, package_smoke
from scripts.package_prune import unresolved

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(420),
    pytest.mark.skipif(
        not (package_smoke.FOLDER / package_smoke.SAMPLE).is_file(), reason="there is no built program in dist/"
    ),
]


def test_the_folder_keeps_the_rules() -> None:
    assert package.faults_of(package_smoke.FOLDER) == []


@pytest.mark.skipif(sys.platform != "linux", reason="looks into ELF files")
def test_every_library_finds_what_it_needs() -> None:
    assert unresolved(package.inside(package_smoke.FOLDER)) == []


def test_the_command_line_does_the_main_job(tmp_path: Path) -> None:
    package_smoke.try_command_line(package_smoke.Account(tmp_path))


@pytest.mark.skipif(sys.platform != "linux" or bool(package_smoke.missing_tools()), reason="needs a virtual display")
def test_the_window_does_the_main_job(tmp_path: Path) -> None:
    with package_smoke.display() as number:
        package_smoke.try_window(package_smoke.Account(tmp_path, number))
