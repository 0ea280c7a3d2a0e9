"""What a packaged program may hold, and when it is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app import packaged
from scripts import package
from scripts.frozen.stand_ins import KERNELS, LIBRARY, SIGNATURES
from scripts.package_contents import (
    NEVER,
    PROGRAMS,
    QT_USED,
    board_package,
    data_files,
    is_gpl_only,
    is_shipped,
    is_trial,
    qt_module,
    strangers,
)
from scripts.package_licences import (
    LEFT_OUT,
    bill_of_materials,
    board_parts,
    distributions,
    licences_text,
    python_parts,
)

ROOT = Path(__file__).resolve().parents[2]
QT = "PySide6/Qt/lib/"


@pytest.mark.parametrize(
    "name",
    [
        QT + "libQt6Charts.so.6",
        QT + "libQt6ChartsQml.so.6",
        QT + "libQt6DataVisualization.so.6",
        QT + "libQt6GraphsWidgets.so.6",
        QT + "libQt6Quick3DRuntimeRender.so.6",
        QT + "libQt6VirtualKeyboard.so.6",
        QT + "libQt6HttpServer.so.6",
        "PySide6/QtCharts.abi3.so",
        r"PySide6\Qt6Graphs.dll",
        r"PySide6\QtNetworkAuth.pyd",
        "PySide6/Qt/lib/QtCharts.framework",
        "PySide6/Qt/plugins/platforminputcontexts/libqtvirtualkeyboardplugin.so",
        "libreadline.so.8",
        "libgdbm_compat.so.4",
        "reportlab/fonts/DarkGardenMK.pfb",
    ],
)
def test_what_is_free_under_the_gpl_alone_stays_out(name: str) -> None:
    assert is_gpl_only(name) and not is_shipped(name)


@pytest.mark.parametrize(
    "name",
    [
        "PySide6/Qt/qml/QtQuick/qmldir",
        QT + "libQt6Multimedia.so.6",
        "PySide6/QtBluetooth.abi3.so",
        "PySide6/Qt/plugins/platformthemes/libqgtk3.so",
        "PySide6/Qt/plugins/sqldrivers/libqsqlite.so",
        "PySide6/Qt/resources/qtwebengine_devtools_resources.pak",
        "PySide6/Qt/translations/qtwebengine_locales/fr.pak",
        "PySide6/Qt/translations/qtbase_pt_BR.qm",
        "fastapi-0.1.dist-info/direct_url.json",
    ],
)
def test_unused_parts_stay_out(name: str) -> None:
    assert not is_shipped(name) and not is_gpl_only(name)


@pytest.mark.parametrize(
    "name",
    [
        QT + "libQt6WebEngineCore.so.6",
        QT + "libQt6Quick.so.6",
        r"PySide6\Qt6Core.dll",
        "PySide6/QtWidgets.abi3.so",
        "PySide6/Qt/libexec/QtWebEngineProcess",
        "PySide6/Qt/plugins/platforms/libqxcb.so",
        "PySide6/Qt/plugins/imageformats/libqsvg.so",
        "PySide6/Qt/translations/qtwebengine_locales/en-US.pak",
        "PySide6/Qt/translations/qtbase_de.qm",
        QT + "libicudata.so.73",
        "fastapi-0.1.dist-info/METADATA",
        "resources/qml/x",
    ],
)
def test_needed_parts_are_shipped(name: str) -> None:
    assert is_shipped(name) and not is_gpl_only(name)


def test_no_module_that_is_used_is_free_under_the_gpl_alone() -> None:
    assert not [module for module in QT_USED if is_gpl_only(f"libQt6{module}.so.6")]
    assert qt_module("libQt6Charts.so.6") == "Charts" and qt_module("libQtCore.txt") is None


def test_programs_differ_by_more_than_case() -> None:
    assert len({program.name.lower() for program in PROGRAMS}) == len(PROGRAMS) == 3
    assert packaged.SOLVER in {program.name for program in PROGRAMS}
    assert packaged.COMMAND_LINE in {program.name for program in PROGRAMS}


def test_the_folder_has_what_the_program_reads() -> None:
    found = {f"{folder}/{Path(path).name}".replace("\\", "/") for path, folder in data_files(ROOT)}
    assert {
        "resources/web/index.html",
        "resources/samples/metal-components.json",
        "resources/theme.qss",
        "resources/export/viewer.js",
        "resources/schema/schedule.json",
        "storage/migrations/env.py",
        "storage/migrations/versions/0001_first_tables.py",
        "docs/manual/first-plan.md",
        "docs/images/board.png",
        "docs/openapi.json",
    } <= found
    assert not [name for name in found if "__pycache__" in name or name.endswith(".d.ts") or "direct_url" in name]


def test_tools_are_strangers_to_the_program() -> None:
    found = set(strangers())
    assert {"pytest", "hypothesis", "ruff"} & found >= {"pytest", "hypothesis"}
    assert {"pandas", "llvmlite"} <= found, "the program has stand-ins for them"
    assert not found & {"numba", "ortools", "PySide6", "sqlalchemy", "fastapi", "tzdata", "pysqlite3", "app", "engine"}
    assert {"readline", "_gdbm"} <= set(NEVER)


def test_one_archive_of_code_is_kept(tmp_path: Path) -> None:
    for program in PROGRAMS:
        (tmp_path / f"{program.name}.pkg").write_text("code")
    package.share_code(tmp_path)
    links = [path for path in tmp_path.iterdir() if path.is_symlink()]
    assert len(links) == 2 and all(path.read_text() == "code" for path in links)


def _install(root: Path, name: str) -> None:
    folder = root / "node_modules" / "@bryntum" / "schedulerpro"
    folder.mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps({"name": name, "version": "7.3.2"}))


def test_a_release_is_not_built_with_the_trial(tmp_path: Path) -> None:
    _install(tmp_path, "@bryntum/schedulerpro-trial")
    assert is_trial(package.board_for(False, tmp_path))
    with pytest.raises(package.PackageError, match="must not be built with the board's trial"):
        package.board_for(True, tmp_path)


def test_a_release_is_built_with_a_licensed_board(tmp_path: Path) -> None:
    _install(tmp_path, "@bryntum/schedulerpro")
    found = package.board_for(True, tmp_path)
    assert not is_trial(found)
    assert "for evaluation" not in board_parts(found, False)[0].note


def test_nothing_is_built_without_a_board(tmp_path: Path) -> None:
    assert board_package(tmp_path) is None
    with pytest.raises(package.PackageError, match="not installed"):
        package.board_for(False, tmp_path)


def _finished(folder: Path) -> None:
    names = [f"{program.name}{ending}" for program in PROGRAMS for ending in ("", ".pkg")]
    names += [package.LICENCES, package.BILL, f"_internal/{package.BUILD_FILE}"]
    kernels = (f"{LIBRARY}.cpython-311-x86_64-linux-gnu.so", SIGNATURES, package.STAMP)
    for name in [*names, *(f"_internal/{KERNELS}/{name}" for name in kernels)]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")


def test_a_finished_folder_is_looked_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "_ENDING", "")
    folder = tmp_path / "Taktwerk"
    _finished(folder)
    assert package.faults_of(folder) == []
    library = folder / "_internal" / "PySide6" / "Qt" / "lib" / "libQt6Charts.so.6"
    library.parent.mkdir(parents=True)
    library.write_text("x")
    (folder / package.LICENCES).unlink()
    monkeypatch.setattr(package, "LARGEST_MB", 0)
    faults = package.faults_of(folder)
    assert len(faults) == 3
    assert "libQt6Charts.so.6" in faults[0] and package.LICENCES in faults[1] and "at most 0 MB" in faults[2]


def test_the_bill_lists_what_the_program_needs_and_no_tools() -> None:
    parts = python_parts("taktwerk")
    bill = bill_of_materials("taktwerk", "1.0", parts)
    names = {part["name"].lower() for part in bill["components"]}
    assert {"python", "ortools", "numpy", "numba", "sqlalchemy", "fastapi"} <= names
    assert not names & {"pytest", "hypothesis", "ruff", "taktwerk", *LEFT_OUT}
    assert all(part["version"] and part["licenses"][0]["license"]["name"] for part in bill["components"])
    assert len({part["bom-ref"] for part in bill["components"]}) == len(parts)
    assert not [part.name for part in parts if part.licence == "not stated"]


def test_every_licence_has_its_text() -> None:
    parts = python_parts("taktwerk")
    without = {part.name for part in parts if not part.files and not part.note}
    assert without <= {"Python"}  # some builds of Python leave it out
    text = licences_text(parts, sorted((ROOT / "scripts" / "frozen" / "licences").glob("*.txt")))
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in text and "Qt WebEngine holds Chromium" in text
    assert len(distributions("taktwerk")) < len(parts)


def test_a_packaged_program_knows_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packaged.is_evaluation.cache_clear()
    assert not packaged.is_packaged() and packaged.program_title() == "Taktwerk"
    monkeypatch.setattr("sys.frozen", True, raising=False)
    monkeypatch.setattr("sys._MEIPASS", str(tmp_path), raising=False)
    monkeypatch.setattr("sys.executable", "/opt/taktwerk/taktwerk-workstation")
    for facts, title in (
        ('{"evaluation": false}', "Taktwerk"),
        ('{"evaluation": true}', "Taktwerk (evaluation)"),
        ("", "Taktwerk (evaluation)"),
    ):
        (tmp_path / packaged.BUILD_FILE).write_text(facts)
        packaged.is_evaluation.cache_clear()
        assert packaged.program_title() == title
    packaged.is_evaluation.cache_clear()
    assert packaged.program("taktwerk") == "/opt/taktwerk/taktwerk"
