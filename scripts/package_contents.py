"""What the packaged program is made of: its three programs, the files that go in, and those that stay out.

``build.spec`` asks here, and so does the check of the finished folder (``scripts/package.py``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Any, Final

from app.packaged import COMMAND_LINE, SOLVER, WORKSTATION
from scripts.package_licences import LEFT_OUT, distributions, key_of

GPL_ONLY: Final = (
    "Bodymovin",
    "CanvasPainter",
    "Charts",
    "Coap",
    "DataVisualization",
    "Graphs",
    "Grpc",
    "HttpServer",
    "Lottie",
    "Mqtt",
    "NetworkAuth",
    "Protobuf",
    "Quick3D",
    "QuickTimeline",
    "ShaderTools",
    "VirtualKeyboard",
    "WaylandCompositor",
)
"""Qt modules that are free under the GPL alone; what begins with such a name (``ChartsQml``) belongs to it."""

QT_USED: Final = frozenset(
    {
        *("Core", "DBus", "Gui", "Network", "OpenGL", "OpenGLWidgets", "Positioning", "PrintSupport", "Svg", "Widgets"),
        *("Qml", "QmlMeta", "QmlModels", "QmlWorkerScript", "Quick", "QuickWidgets"),
        *("WebChannel", "WebEngineCore", "WebEngineWidgets"),
        *("WaylandClient", "WaylandEglClientHwIntegration", "WlShellIntegration", "XcbQpa"),
    }
)
"""The Qt modules that the program uses, and those on which its web engine is built. All are free under the LGPL."""

QT_PLUGINS: Final = frozenset(
    {
        *("iconengines", "imageformats", "platforms", "platforminputcontexts", "platformthemes", "styles", "tls"),
        *("wayland-decoration-client", "wayland-graphics-integration-client", "wayland-shell-integration"),
        "xcbglintegrations",
    }
)
WEB_LOCALES: Final = ("en-US", "de")
LANGUAGES: Final = ("en", "de")

BOARD: Final = PurePosixPath("node_modules/@bryntum/schedulerpro")
"""Where the board's package stands, in the checkout and in the folder."""
BOARD_FILES: Final = (
    "package.json",
    "schedulerpro.module.js",
    "*.css",
    "fonts/*",
    "fontawesome/css/*",
    "fontawesome/webfonts/*.woff2",
    "locales/*.js",
)

_QT_FILE = re.compile(r"(?:lib)?Qt6?(?P<module>[A-Z3]\w*?)(?:\.abi3)?(?:\.so[.\d]*|\.dll|\.pyd|\.dylib|\.framework)")
_LANGUAGE = re.compile(r"_([a-z]{2}(?:_[A-Z]{2})?)\.qm$")
_GPL_SYSTEM = re.compile(r"lib(?:readline|gdbm)\w*\.", re.IGNORECASE)
_UNUSED = re.compile(
    r"qtwebengine_devtools|\.debug\.|libq(?:gtk3|tvirtualkeyboard)|libqpdf|qvnc|linuxfb|libqeglfs|libqvkkhr"
)
_UNUSED_PARTS = re.compile(
    r"zstandard/_cffi\.|PIL/_(?:avif|webp|imagingft|imagingcms|imagingtk)\.|numpy/_core/_\w+_tests\."
)
_LIBRARY_ONLY = {"DBus", "OpenGL", "OpenGLWidgets", "Positioning", "Qml", "Quick", "QuickWidgets"}
_OF_THE_BUILD = {"RECORD", "direct_url.json", "INSTALLER", "REQUESTED", "sboms"}
_GPL_FONT = "DarkGarden"


@dataclass(frozen=True, slots=True)
class Program:
    """One executable of the folder: all start the same archive of code, in which the name says what is done.

    Parameters
    ----------
    name
        Without an ending. No two may differ by case alone: not every file system tells them apart.
    has_console
        Whether Windows gives it a console.
    """

    name: str
    has_console: bool


PROGRAMS: Final = (
    Program(WORKSTATION, has_console=False),
    Program(COMMAND_LINE, has_console=True),
    Program(SOLVER, has_console=True),
)
START: Final = "scripts/frozen/start.py"
PACKAGES: Final = ("app", "engine", "storage", "ui", "resources")
"""Ours, as a whole: much is imported when it is needed, by name."""
HIDDEN: Final = (
    *("scripts.frozen.solver", "scripts.frozen.stand_ins", "pysqlite3.dbapi2", "tzdata", "alembic.op"),
    *("sqlalchemy.dialects.sqlite", "sqlalchemy.dialects.postgresql"),
)
_QML: Final = (
    "PySide6.QtQml",
    "PySide6.QtQuick",
)  # the web engine needs their libraries; their hooks collect all of QML
EXCLUDED: Final = ("numba", *LEFT_OUT, *_QML)
"""Libraries that ``scripts/frozen/stand_ins.py`` stands in for, and what has hooks that collect too much."""

NEVER: Final = ("tkinter", "readline", "_gdbm", "_dbm", "_curses", "pydoc_data", "lib2to3", "ensurepip", "idlelib")
"""Modules of Python that nobody needs here; two of them bring in libraries that are free under the GPL alone."""


def qt_module(name: str) -> str | None:
    """Return the Qt module that a file is or binds (``Charts`` for ``libQt6Charts.so.6``), else ``None``."""
    found = _QT_FILE.fullmatch(PurePosixPath(name.replace("\\", "/")).name)
    return found["module"] if found else None


def is_gpl_only(name: str) -> bool:
    """Return whether a file is, or binds, something that is free under the GPL alone."""
    file = PurePosixPath(name.replace("\\", "/")).name
    if _GPL_SYSTEM.match(file) or file.startswith(_GPL_FONT) or "qtvirtualkeyboard" in file.lower():
        return True
    return (qt_module(name) or "").startswith(GPL_ONLY)


def is_shipped(name: str) -> bool:
    """Return whether a collected file belongs in the folder; ``name`` is its path there, with either slash."""
    path = PurePosixPath(name.replace("\\", "/"))
    is_about = any(part.endswith(".dist-info") for part in path.parts)
    if is_gpl_only(name) or (is_about and _OF_THE_BUILD & set(path.parts)):
        return False
    module = qt_module(name)
    if (module is not None and module not in QT_USED) or _UNUSED_PARTS.match(path.as_posix()):
        return False
    if "PySide6" not in path.parts:
        return True
    if "qml" in path.parts or _UNUSED.search(path.name) or (path.parts[-2] == "PySide6" and module in _LIBRARY_ONLY):
        return False
    if "plugins" in path.parts:
        return path.parts[path.parts.index("plugins") + 1] in QT_PLUGINS
    if path.parent.name == "qtwebengine_locales":
        return path.stem in WEB_LOCALES
    language = _LANGUAGE.search(path.name)
    return language is None or language[1] in LANGUAGES


def board_package(root: Path) -> dict[str, Any] | None:
    """Return the installed board's package.json, ``None`` when it is not installed."""
    file = root / BOARD / "package.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def is_trial(package: dict[str, Any]) -> bool:
    """Return whether this is the public trial: an alias keeps the name under which it was published."""
    return str(package.get("name", "")).endswith("-trial") or "trial" in str(package.get("version", ""))


def data_files(root: Path) -> list[tuple[str, str]]:
    """Return the files that are no code, each with its folder in the program, for PyInstaller."""
    found = [(path, path.parent.relative_to(root)) for path in _own_files(root)]
    board = root / BOARD
    for pattern in BOARD_FILES:
        found += [(path, path.parent.relative_to(root)) for path in sorted(board.glob(pattern)) if path.is_file()]
    for part in distributions("taktwerk"):
        found += [(Path(str(part.locate_file(file))), Path(file.parent)) for file in _stated(part)]
    return [(str(path), str(folder)) for path, folder in found]


def _own_files(root: Path) -> Iterator[Path]:
    for folder, pattern in (
        ("resources", "**/*"),
        ("storage/migrations", "**/*"),
        ("docs/manual", "*.md"),
        ("docs/images", "*.png"),
        ("docs", "openapi.json"),
    ):
        for path in sorted((root / folder).glob(pattern)):
            is_code = path.suffix == ".py" and folder == "resources"
            if path.is_file() and "__pycache__" not in path.parts and not is_code:
                yield path


def _stated(part: metadata.Distribution) -> Iterable[metadata.PackagePath]:
    """Name and version, plug-ins and licences of a distribution: what asks for them finds them."""
    for file in part.files or ():
        if ".dist-info" in file.parts[0] and not _OF_THE_BUILD & {file.name, *file.parts} and ".." not in file.parts:
            yield file


def strangers() -> list[str]:
    """Return the importable packages of this environment that the program does not require: the tools."""
    required = {key_of(part.metadata["Name"]) for part in distributions("taktwerk")}
    owners = metadata.packages_distributions()
    own = {"app", "engine", "storage", "ui", "resources"}
    return sorted(
        name
        for name, parts in owners.items()
        if name.isidentifier() and name not in own and not required & {key_of(part) for part in parts}
    )
