"""The project's tasks, from run and test to package. ``make <task>`` calls this; so can any shell.

Only the standard library. Every task first installs what is missing (``scripts/setup.py``).
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

import setup
from setup import ROOT, VENV_PYTHON, SetupError

SAMPLE = ROOT / "resources" / "samples" / "metal-components.json"
WEB = ROOT / "resources" / "web"
_SHOWN_LINES = 60
SOURCES = ["app", "engine", "storage", "ui", "resources", "scripts", "tests"]


def call(*command: str | Path, env: dict[str, str] | None = None) -> int:
    """Run a command in the project root and return its exit code."""
    return subprocess.run([str(part) for part in command], cwd=ROOT, env={**os.environ, **(env or {})}).returncode


def has_display() -> bool:
    """Return whether a window can be shown. An explicit QT_QPA_PLATFORM is taken at its word."""
    if platform.system() != "Linux" or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def run_app(arguments: list[str]) -> int:
    """Open the workstation on the sample plant; with no display, run the planner on it in the terminal."""
    setup.set_up()
    if not has_display():
        print("There is no display (DISPLAY and WAYLAND_DISPLAY are unset), so the window cannot open.")
        print("Planning the sample plant here instead:\n", flush=True)
        names_no_file = not arguments or arguments[0].startswith("-")
        return call(VENV_PYTHON, "-m", "app", "optimize", *([SAMPLE] if names_no_file else []), *arguments)
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    # Chromium refuses to start its sandbox as root (containers).
    env = {"QTWEBENGINE_DISABLE_SANDBOX": "1"} if is_root else None
    # Without a file the workstation opens the plan last worked on, the first time the sample plant.
    return call(VENV_PYTHON, "-m", "app", *arguments, env=env)


def javascript_tests() -> list[Path]:
    """Return the JavaScript test files."""
    folder = ROOT / "tests" / "js"
    return sorted(path for ending in ("js", "mjs") for path in folder.glob(f"**/*.test.{ending}"))


def test(arguments: list[str], full: bool) -> int:
    """Run the JavaScript tests, then the Python tests (``full``: the slow ones too)."""
    setup.set_up(node_needed=True)
    failed = 0
    scripts = javascript_tests()
    node = shutil.which("node")
    if scripts and node and not arguments:
        failed = call(node, "--test", "--test-reporter=dot", *scripts)
    selection = [] if full else ["-m", "not slow"]
    workers = [] if any(argument.startswith("-n") for argument in arguments) else ["-n", "2"]
    return call(VENV_PYTHON, "-m", "pytest", *workers, *selection, *arguments) or failed


def lint() -> int:
    """Run every checker, all of them even when one complains, and say which failed and how long each took."""
    setup.set_up(node_needed=True)
    node = shutil.which("node") or "node"
    checks: list[tuple[str, list[str | Path]]] = [
        ("ruff check", [VENV_PYTHON, "-m", "ruff", "check", "--output-format=concise", *SOURCES]),
        ("ruff format", [VENV_PYTHON, "-m", "ruff", "format", "--check", "--quiet", *SOURCES]),
        ("import contracts", [VENV_PYTHON.with_name("lint-imports"), "--no-logo"]),
        ("pyright", [node, "node_modules/pyright/index.js", "--pythonpath", VENV_PYTHON]),
    ]
    if (ROOT / "tsconfig.json").is_file():
        checks.append(("tsc --checkJs", [node, "node_modules/typescript/bin/tsc", "--noEmit", "-p", "tsconfig.json"]))
    checks += [(f"node --check {path.name}", [node, "--check", path]) for path in sorted(WEB.glob("**/*.js"))]
    failed = [name for name, command in checks if not passes(name, command)]
    print(f"lint: {len(checks)} checks, " + (f"failed: {', '.join(failed)}" if failed else "all passed"))
    return 1 if failed else 0


def passes(name: str, command: list[str | Path]) -> bool:
    """Run one checker; print its output only when it fails."""
    began = time.monotonic()
    done = subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, text=True)
    print(f"{'ok  ' if done.returncode == 0 else 'FAIL'} {name} ({time.monotonic() - began:.1f} s)", flush=True)
    if done.returncode != 0:
        lines = (done.stdout + done.stderr).splitlines()
        print("\n".join(lines[:_SHOWN_LINES]))
        if len(lines) > _SHOWN_LINES:
            print(f"... and {len(lines) - _SHOWN_LINES} more lines. See them all: {' '.join(map(str, command))}")
    return done.returncode == 0


def reformat() -> int:
    """Let ruff mend what it can."""
    setup.set_up_python()
    fixed = call(VENV_PYTHON, "-m", "ruff", "check", "--fix", *SOURCES)
    return call(VENV_PYTHON, "-m", "ruff", "format", *SOURCES) or fixed


def lock() -> int:
    """Make requirements.lock anew: one file for every platform and Python, with hashes and no index address."""
    uv = shutil.which("uv") or VENV_PYTHON.with_name("uv")
    options = "--universal --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links -q"
    inputs = ["--python-version", "3.11", "--extra", "dev", "pyproject.toml", "-o", setup.LOCK]
    failed = call(uv, "pip", "compile", *options.split(), *inputs)
    if not failed:
        lines = setup.LOCK.read_text().splitlines()
        kept = [line for line in lines if not line.startswith(("#", "--"))]
        setup.LOCK.write_text("# Made by `make lock` from pyproject.toml.\n" + "\n".join(kept) + "\n")
    return failed


def package(arguments: list[str], task: str) -> int:
    """Build the packaged program into ``dist/Taktwerk``, or try the one that is there (``package-test``)."""
    setup.set_up(node_needed=True)
    module = "scripts.package" if task == "package" else "scripts.package_smoke"
    return call(VENV_PYTHON, "-m", module, *arguments)


def main(arguments: list[str]) -> int:
    """Run the named task; the rest of the arguments go to the program or to pytest."""
    task, rest = (arguments[0], arguments[1:]) if arguments else ("help", [])
    try:
        if task == "run":
            return run_app(rest)
        if task in ("test", "test-full"):
            return test(rest, full=task == "test-full")
        if task in ("package", "package-test"):
            return package(rest, task)
        others = {"lint": lint, "format": reformat, "lock": lock}
        if task in others:
            return others[task]()
    except SetupError as error:
        setup.say(str(error))
        return 1
    except KeyboardInterrupt:
        return 130
    print(
        "usage: python scripts/tasks.py run [FILE] | test [PYTEST OPTIONS] | test-full | lint | format | lock | "
        "package [--release] | package-test"
    )
    return 0 if task == "help" else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
