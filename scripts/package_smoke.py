"""Try the built program on an account with nothing: ``make package-test``.

Neither Python nor the project is in the programs' environment: only a display, an empty home folder and, for root, the
word that Chromium needs. The window is driven by its keyboard shortcuts and looked at from outside, by ``taktwerk
versions list``. Linux only: needs Xvfb, openbox and xdotool.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from scripts.package_contents import PROGRAMS

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "dist" / "Taktwerk"
TOOLS = ("Xvfb", "openbox", "xdotool")
WORKSTATION, COMMAND_LINE, _ = (program.name for program in PROGRAMS)
SAMPLE = Path("_internal") / "resources" / "samples" / "metal-components.json"
T = TypeVar("T")
_START_S, _PLAN_S, _SEARCH_S, _POLL_S = 90.0, 90.0, 8.0, 0.1


class SmokeError(Exception):
    """What the built program did not do."""


@dataclass
class Account:
    """A machine account with an empty environment.

    Parameters
    ----------
    home
        Its home folder.
    display
        The number of its X display, ``None`` without one.
    folder
        The built program, wherever it stands.
    figures
        What was measured, in seconds.
    """

    home: Path
    display: int | None = None
    folder: Path = FOLDER
    figures: dict[str, float] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """All that the programs are given."""
        given = {"HOME": str(self.home)}
        if self.display is not None:
            given["DISPLAY"] = f":{self.display}"
        if os.geteuid() == 0:
            given["QTWEBENGINE_DISABLE_SANDBOX"] = "1"
        return given

    def command(self, *arguments: str | Path) -> Any:
        """Run the command line and return the JSON document it printed."""
        done = subprocess.run(
            [self.folder / COMMAND_LINE, *map(str, arguments), "--json"],
            env=self.environment,
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=180,
        )
        if done.returncode != 0:
            raise SmokeError(f"taktwerk {arguments[0]} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def measure(self, name: str, begin: float) -> None:
        """Note how long something took."""
        self.figures[name] = round(time.monotonic() - begin, 2)


def missing_tools() -> list[str]:
    """Return the tools of the window's test that are not installed."""
    return [tool for tool in TOOLS if shutil.which(tool) is None]


def try_command_line(account: Account) -> None:
    """Optimise the sample plant without a window, and look into a new database."""
    begin = time.monotonic()
    if account.command("versions", "list") != {"schedules": []}:
        raise SmokeError("A new database holds schedules.")
    account.measure("taktwerk versions list, new database", begin)
    for name in ("first", "second"):
        begin = time.monotonic()
        answer = account.command("optimize", account.folder / SAMPLE, "--time-limit", "10", "--workers", "2")
        account.measure(f"taktwerk optimize, 10 s, {name} time", begin)
        if answer["status"] != "completed":
            raise SmokeError(f"The sample plant was not optimised: {answer['status']}.")
        # Milliseconds from the start of the solver process.
        account.figures[f"first plan, {name} time"] = round(_first_plan_ms(answer) / 1000, 2)


def try_window(account: Account) -> None:
    """Open the sample plant, optimise, stop and keep, apply; a version more must be in the database."""
    begin = time.monotonic()
    log = (account.home / "workstation.txt").open("w")
    workstation = subprocess.Popen(
        [account.folder / WORKSTATION], env=account.environment, cwd=account.home, stdout=log, stderr=log
    )
    try:
        window = _until(lambda: _window(account), _START_S, "no window opened", workstation)
        account.measure("window on the screen", begin)
        _until(lambda: "Metal components" in _title(account, window), _START_S, "the plan did not open", workstation)
        account.measure("sample plant open", begin)
        if _is_evaluation(account.folder) != ("(evaluation)" in _title(account, window)):
            raise SmokeError(f"The title does not say what the program is: {_title(account, window)}")
        time.sleep(3)  # the board draws; the shortcuts would work at once
        _press(account, window, "F5")
        begin = time.monotonic()
        time.sleep(_SEARCH_S)
        picture(account, "run")
        _press(account, window, "shift+F5")
        time.sleep(3)
        picture(account, "preview")

        def applied() -> bool:
            _press(account, window, "ctrl+Return")
            time.sleep(1.0)
            return _newest(account)["number"] == 2

        _until(applied, _PLAN_S, "the plan was not applied as a version", workstation)
        account.measure("optimised and applied", begin)
        picture(account, "applied")
        if _newest(account)["source"] != "optimization":
            raise SmokeError(f"The new version is no result of an optimisation: {_newest(account)}")
        _press(account, window, "ctrl+q")
        if workstation.wait(30) != 0:
            raise SmokeError(f"The window ended with exit code {workstation.returncode}.")
    except SmokeError:
        picture(account, "failed")
        raise
    finally:
        if workstation.poll() is None:
            workstation.kill()
            workstation.wait()
        log.close()


@contextmanager
def display() -> Iterator[int]:
    """Give a display of its own with a window manager."""
    reader, writer = os.pipe()
    server = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"]
    with subprocess.Popen(server, pass_fds=[writer], stderr=subprocess.DEVNULL) as screen:
        os.close(writer)
        manager: subprocess.Popen[bytes] | None = None
        try:
            with os.fdopen(reader) as answer:
                number = int(answer.readline())
            environment = {**os.environ, "DISPLAY": f":{number}"}
            manager = subprocess.Popen(
                ["openbox"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            time.sleep(1)
            yield number
        finally:
            for process in (manager, screen):
                if process is not None:
                    process.terminate()
                    process.wait()


def picture(account: Account, name: str) -> None:
    """Keep a picture of the screen in ``build/smoke``, where ImageMagick is installed."""
    if shutil.which("import") is None:
        return
    file = ROOT / "build" / "smoke" / f"{name}.png"
    file.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "DISPLAY": f":{account.display}"}
    subprocess.run(["import", "-window", "root", file], env=environment, timeout=30, check=False)


def _until(look: Callable[[], T], seconds: float, failure: str, process: subprocess.Popen[bytes]) -> T:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise SmokeError(f"The window ended with exit code {process.returncode}: {failure}.")
        if answer := look():
            return answer
        time.sleep(_POLL_S)
    raise SmokeError(f"Within {seconds:.0f} s {failure}.")


def _xdotool(account: Account, *arguments: str) -> str:
    environment = {**os.environ, "DISPLAY": f":{account.display}"}
    return subprocess.run(["xdotool", *arguments], env=environment, capture_output=True, text=True).stdout.strip()


def _window(account: Account) -> str:
    return _xdotool(account, "search", "--onlyvisible", "--name", "Taktwerk").partition("\n")[0]


def _title(account: Account, window: str) -> str:
    return _xdotool(account, "getwindowname", window)


def _press(account: Account, window: str, keys: str) -> None:
    _xdotool(account, "windowactivate", "--sync", window, "key", "--clearmodifiers", keys)


def _newest(account: Account) -> dict[str, Any]:
    schedules = account.command("versions", "list")["schedules"]
    return account.command("versions", "list", schedules[0]["id"])["versions"][0]


def _first_plan_ms(answer: dict[str, Any]) -> float:
    return float(answer["result"]["metrics"]["firstSolutionMs"])


def _is_evaluation(folder: Path) -> bool:
    return bool(json.loads((folder / "_internal" / "build.json").read_text(encoding="utf-8"))["evaluation"])


def main(arguments: list[str] | None = None) -> int:
    """Try the command line and the window; exit code 1 says what failed."""
    parser = argparse.ArgumentParser(description="Try the built program on an account with nothing.")
    parser.add_argument("--no-window", action="store_true", help="only the command line")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="the program, unpacked somewhere else")
    options = parser.parse_args(arguments)
    if not (options.folder / SAMPLE).is_file():
        print(
            f"package-test: there is no built program in {options.folder}. Run `make package` first.", file=sys.stderr
        )
        return 1
    missing = [] if options.no_window else missing_tools()
    if missing:
        print(f"package-test: {', '.join(missing)} must be installed to try the window.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="taktwerk-home-") as home:
        account = Account(Path(home), folder=options.folder.resolve())
        try:
            try_command_line(account)
            if not options.no_window:
                with display() as account.display, tempfile.TemporaryDirectory(prefix="taktwerk-home-") as other:
                    account.home = Path(other)
                    try_window(account)
        except (SmokeError, subprocess.TimeoutExpired) as error:
            print(f"package-test: {error}", file=sys.stderr)
            return 1
        finally:
            for name, seconds in account.figures.items():
                print(f"{seconds:8.2f} s  {name}")
    print("package-test: the built program did the main job.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
