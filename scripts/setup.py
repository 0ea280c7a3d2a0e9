"""Install what the project needs, once: the virtual environment, the web board and the system libraries.

Only the standard library, and syntax that old interpreters read, because it runs before anything is installed. Every
step leaves a stamp with a hash of its inputs; a second call sees the stamps and returns at once.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
WINDOWS = os.name == "nt"
VENV_PYTHON = VENV / ("Scripts/python.exe" if WINDOWS else "bin/python")
STAMP = ".setup-stamp"
OLDEST, NEWEST = (3, 11), (3, 13)

# What QtWebEngine and the xcb platform plugin load on a bare Debian or Ubuntu.
SYSTEM_PACKAGES = (
    "libgl1 libegl1 libglib2.0-0 libdbus-1-3 libfontconfig1 libnss3 libasound2 libgbm1 libxcomposite1 libxdamage1 "
    "libxrandr2 libxtst6 libxkbcommon0 libxkbfile1 libxcb-dri3-0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 "
    "libxcb-shape0 libxcb-xkb1 libxcb-render-util0 libxcb-image0 libxkbcommon-x11-0 libx11-xcb1"
)


class SetupError(Exception):
    """Something a person must install; the message says what and how."""


def say(text: str) -> None:
    """Print one line about what goes on, to standard error."""
    print(f"setup: {text}", file=sys.stderr, flush=True)


def run(command: list[str], quiet: bool = False) -> None:
    """Run a command in the project root and fail with its output."""
    output_to = subprocess.PIPE if quiet else sys.stderr.fileno()
    done = subprocess.run(command, cwd=ROOT, text=True, stdout=output_to, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        output = f"\n{done.stdout}" if done.stdout else ""
        raise SetupError(f"`{' '.join(command)}` failed with exit code {done.returncode}.{output}")


def fingerprint(*paths: Path, extra: str = "") -> str:
    """Return a hash of the files' contents, and of ``extra``."""
    digest = hashlib.sha256(extra.encode())
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_stamped(folder: Path, step: str, value: str) -> bool:
    """Return whether ``step`` was done in ``folder`` with the same inputs."""
    stamp = folder / f"{STAMP}-{step}"
    return stamp.is_file() and stamp.read_text() == value


def set_stamp(folder: Path, step: str, value: str) -> None:
    """Note that ``step`` is done with these inputs."""
    (folder / f"{STAMP}-{step}").write_text(value)


def version_of(python: str) -> tuple[int, int] | None:
    """Return (major, minor) of an interpreter, or None when it does not run (a pyenv shim without its version)."""
    probe = "import sys; print(*sys.version_info[:2])"
    try:
        done = subprocess.run([python, "-c", probe], capture_output=True, text=True)
    except OSError:
        return None
    parts = done.stdout.split()
    return (int(parts[0]), int(parts[1])) if done.returncode == 0 and len(parts) == 2 else None


def find_python() -> str:
    """Return a Python from 3.11 to 3.13: ``$PYTHON``, the one that runs this, or one on the path."""
    names = [os.environ.get("PYTHON", ""), sys.executable, "python3", "python3.12", "python3.13", "python3.11"]
    for name in filter(None, names):
        version = version_of(name)
        if version and OLDEST <= version <= NEWEST:
            return name
    raise SetupError("Python 3.11, 3.12 or 3.13 is needed and none was found. Install one, or set PYTHON to its path.")


def may_install() -> list[str] | None:
    """Return the prefix with which apt-get may be called without asking, or None."""
    if not shutil.which("apt-get"):
        return None
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True).returncode == 0:
        return [sudo, "-n"]
    return None


def apt_install(packages: Sequence[str], why: str) -> None:
    """Install packages by apt where that is allowed; otherwise say exactly what to type."""
    prefix = may_install()
    if prefix is None:
        hint = f"sudo apt-get install -y {' '.join(packages)}"
        raise SetupError(f"{why} Install it and try again; on Debian or Ubuntu:\n  {hint}")
    say(f"{why} Installing by apt: {' '.join(packages)}")
    run([*prefix, "apt-get", "update", "-qq"], quiet=True)
    install = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-qq"]
    run([*install, "--no-install-recommends", *(known_name(package) for package in packages)], quiet=True)


def known_name(package: str) -> str:
    """Return the package's name here: newer Debian and Ubuntu renamed some with the suffix t64."""
    policy = subprocess.run(["apt-cache", "policy", package], capture_output=True, text=True).stdout
    return f"{package}t64" if "Candidate: (none)" in policy or not policy.strip() else package


def set_up_python() -> None:
    """Make ``.venv`` and install the locked packages and the project itself into it."""
    version = version_of(str(VENV_PYTHON)) if VENV_PYTHON.exists() else None
    if version is None or not OLDEST <= version <= NEWEST:
        python = find_python()
        if subprocess.run([python, "-c", "import ensurepip"], capture_output=True).returncode != 0:
            apt_install(["python3-venv"], "Python's venv module is missing.")
        say(f"making .venv with {python}")
        run([python, "-m", "venv", "--clear", str(VENV)])
        version = version_of(str(VENV_PYTHON))
    pip = [str(VENV_PYTHON), "-m", "pip", "--disable-pip-version-check"]
    packages = fingerprint(LOCK, extra=str(version))
    if not is_stamped(VENV, "packages", packages):
        say("installing the locked Python packages (about 700 MB the first time)")
        run([*pip, "install", "-q", "--require-hashes", "--only-binary", ":all:", "-r", str(LOCK)])
        set_stamp(VENV, "packages", packages)
    # The folder's path is part of it: an editable install points there.
    project = fingerprint(ROOT / "pyproject.toml", extra=f"{version} {ROOT}")
    if not is_stamped(VENV, "project", project):
        run([*pip, "install", "-q", "--no-deps", "--no-index", "--no-build-isolation", "-e", str(ROOT)], quiet=True)
        set_stamp(VENV, "project", project)
    kernels = fingerprint(*sorted((ROOT / "engine" / "solve").rglob("*.py")), extra=str(version))
    if not is_stamped(VENV, "kernels", kernels):
        say("compiling the search kernels (two minutes, once)")
        # Without them the plain Python search stands in, so a failure here stops nothing.
        subprocess.run([str(VENV_PYTHON), "-m", "engine.solve.searches.warm"], cwd=ROOT, check=False)
        set_stamp(VENV, "kernels", kernels)


def set_up_node(needed: bool) -> None:
    """Install the web board and the checking tools by ``npm ci``; without npm, go on unless ``needed``."""
    modules = ROOT / "node_modules"
    value = fingerprint(ROOT / "package.json", ROOT / "package-lock.json")
    if is_stamped(modules, "npm", value):
        return
    npm = shutil.which("npm")
    try:
        if npm is None:
            apt_install(["nodejs", "npm"], "The web board (Bryntum) needs Node.js 18 or newer with npm.")
            npm = shutil.which("npm") or "npm"
        say("installing the web board and the checking tools by npm ci")
        run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
    except SetupError as error:
        if needed:
            raise
        say(f"{error}\nsetup: going on without the Bryntum board: a plain read-only chart takes its place.")
        return
    set_stamp(modules, "npm", value)


def missing_libraries() -> list[str]:
    """Return the shared libraries that Qt's web engine and window plugin would not find."""
    probe = "import PySide6, pathlib; print(pathlib.Path(PySide6.__file__).parent)"
    folder = subprocess.run([str(VENV_PYTHON), "-c", probe], capture_output=True, text=True, check=True).stdout.strip()
    missing: set[str] = set()
    for part in ("lib/libQt6WebEngineCore.so.6", "plugins/platforms/libqxcb.so"):
        listing = subprocess.run(["ldd", str(Path(folder, "Qt", part))], capture_output=True, text=True).stdout
        missing |= {line.split()[0] for line in listing.splitlines() if "not found" in line}
    return sorted(missing)


def set_up_system() -> None:
    """On Linux, see that the system libraries of Qt are there."""
    value = fingerprint(LOCK, extra=platform.platform())
    if platform.system() != "Linux" or is_stamped(VENV, "system", value):
        return
    missing = missing_libraries()
    if missing:
        apt_install(SYSTEM_PACKAGES.split(), f"System libraries are missing: {', '.join(missing)}.")
        still = missing_libraries()
        if still:
            raise SetupError(f"These system libraries are still missing: {', '.join(still)}.")
    set_stamp(VENV, "system", value)


def set_up(node_needed: bool = False) -> None:
    """Do every step that is not done yet."""
    set_up_python()
    set_up_node(node_needed)
    set_up_system()


def main() -> int:
    """Install everything; exit code 1 with a plain message when something must be installed by hand."""
    parser = argparse.ArgumentParser(description="Install what Taktwerk needs into this folder.")
    parser.add_argument("--node-needed", action="store_true", help="fail when the web board cannot be installed")
    try:
        set_up(parser.parse_args().node_needed)
    except SetupError as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
