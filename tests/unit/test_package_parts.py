"""What makes the packaged program small: kernels without a compiler, libraries left out, made empty, or slimmed."""

from __future__ import annotations

import ctypes
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from scripts import package, package_icu, package_kernels, package_prune, package_unused
from scripts.frozen import stand_ins
from scripts.frozen.stand_ins import CompiledKernel, spec_of, symbol_of

needs_a_compiler = pytest.mark.skipif(
    sys.platform != "linux" or not all(map(shutil.which, ("cc", "readelf", "objdump"))), reason="Linux with a compiler"
)


class Plan(NamedTuple):
    n: int
    start: np.ndarray
    is_late: np.ndarray


SPECS = ["int64", "float64", "bool", ["int64", 1], {"fields": ["int64", ["int64", 1], ["bool", 2]]}]


def kernel() -> CompiledKernel:
    return CompiledKernel(test_a_kernel_checks_what_it_is_given, lambda *given: given, SPECS)


def given() -> list[Any]:
    return [3, 0.5, True, np.arange(4), Plan(2, np.arange(2), np.zeros((2, 3), np.bool_))]


def test_a_kernel_checks_what_it_is_given() -> None:
    fine = given()
    for _ in range(2):  # the second time, what was seen before is not looked at again
        assert tuple(map(id, fine)) == tuple(map(id, kernel()(*fine)))
    assert kernel()(np.int64(3), np.float64(0.5), np.bool_(1), *fine[3:])[0] == 3


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        (0, 3.0),
        (0, True),
        (1, 3),
        (2, 1),
        (3, np.arange(4, dtype=np.int32)),
        (3, np.arange(8)[::2]),
        (3, np.zeros((2, 2), np.int64)),
        (3, [1, 2]),
        (3, np.frombuffer(bytes(32), np.int64)),
        (4, (2, np.arange(2))),
        (4, Plan(2, np.arange(2), np.zeros((3, 2), np.bool_).T)),
        (4, Plan(2, np.arange(2.0), np.zeros((2, 3), np.bool_))),
    ],
)
def test_a_kernel_refuses_what_it_was_not_compiled_for(place: int, wrong: Any) -> None:
    arguments = given()
    arguments[place] = wrong
    with pytest.raises(TypeError, match=f"not compiled for argument {place}"):
        kernel()(*arguments)
    with pytest.raises(TypeError, match="takes 5 arguments"):
        kernel()(*given()[1:])


def test_types_of_numba_are_written_down() -> None:
    numba = pytest.importorskip("numba")
    types = numba.types
    rows = types.Array(types.int64, 2, "C")
    assert [spec_of(kind) for kind in (types.int64, types.float64, types.boolean)] == ["int64", "float64", "bool"]
    assert spec_of(rows) == ["int64", 2] and spec_of(types.Array(types.boolean, 1, "C")) == ["bool", 1]
    assert spec_of(types.Tuple((types.int64, rows))) == {"fields": ["int64", ["int64", 2]]}
    with pytest.raises(ValueError, match="not in rows"):
        spec_of(types.Array(types.int64, 1, "A"))
    with pytest.raises(ValueError, match="unicode"):
        spec_of(types.unicode_type)


def test_every_kernel_that_python_calls_is_found_and_can_be_told_apart() -> None:
    found = [kernel.py_func for kernel in package_kernels.called_kernels()]
    names = {symbol_of(function) for function in found}
    assert len(names) == len(found) > 10
    assert "engine__solve__searches__annealing__anneal" in names
    assert "engine__solve__searches__project_kernels__times" in names, "called in one method only"


PROGRAM = """
import sys
from pathlib import Path
from scripts.frozen import stand_ins
stand_ins.use_compiled_kernels(Path(sys.argv[1]))
stand_ins.do_without_pandas()
from engine.solve.searches.warm import warm
warm()
import ortools.sat.python.cp_model
import engine.solve.searches.annealing as annealing
assert type(annealing.anneal).__name__ == "CompiledKernel"
assert not [name for name in sys.modules if name.startswith(("numba.", "llvmlite", "pandas."))]
"""


@pytest.mark.slow
@pytest.mark.timeout(3600)
@needs_a_compiler
def test_the_search_runs_on_kernels_compiled_ahead() -> None:
    """Takes minutes unless ``build/kernels`` has them: everything is compiled."""
    subprocess.run([sys.executable, "-c", PROGRAM, package.compiled_kernels()], cwd=package.ROOT, check=True)


# ICU


def block(items: list[tuple[str, bytes]]) -> bytes:
    header = struct.pack("<HHHHBBBB4s", 32, 0x27DA, 20, 0, 0, 0, 2, 0, b"CmnD").ljust(32, b"\0")
    return package_icu.block_of(header, items)


def test_a_block_of_icu_data_is_read_and_written() -> None:
    items = [("icudt73l/coll/de.res", b"a" * 5), ("icudt73l/root.res", b"b" * 16), ("icudt73l/zone/pool.res", b"c")]
    written = block(items)
    found = package_icu.items_of(written)
    assert [(name, data.rstrip(b"\0")) for name, data in found] == items
    assert block(found) == written
    with pytest.raises(ValueError, match="no block"):
        package_icu.items_of(b"\x7fELF" + bytes(40))


@pytest.mark.parametrize(
    ("item", "is_kept"),
    [
        ("root.res", True),
        ("de.res", True),
        ("en_GB.res", True),
        ("coll/de_AT.res", True),
        ("coll/ucadata.icu", True),
        ("supplementalData.res", True),
        ("zone/pool.res", True),
        ("nfkc.nrm", True),
        ("ibm-5348_P100-1997.cnv", True),
        ("zh_Hant.res", False),
        ("coll/sv.res", False),
        ("translit/root.res", False),
        ("brkitr/thaidict.dict", False),
        ("gb18030.cnv", False),
    ],
)
def test_only_the_languages_of_the_program_are_kept(item: str, is_kept: bool) -> None:
    assert package_icu.is_kept(f"icudt73l/{item}") is is_kept


# libraries


@pytest.fixture
def compiled(tmp_path: Path) -> Callable[..., Path]:
    def made(name: str, source: str, *options: str) -> Path:
        (tmp_path / "source.c").write_text(source)
        library = tmp_path / name
        command = ["cc", "-shared", "-fPIC", "-o", library, tmp_path / "source.c", f"-Wl,-soname,{name}"]
        subprocess.run([*command, f"-L{tmp_path}", "-Wl,-rpath,$ORIGIN", *options], check=True)
        return library

    return made


@needs_a_compiler
def test_an_unused_library_is_made_empty_and_the_rest_still_loads(
    compiled: Callable[..., Path], tmp_path: Path
) -> None:
    unused = compiled(
        "libscip.so.1", f"char filling[200000] = {{1}}; int table[4] = {{7}};{'int run(void){return 1;}'}"
    )
    user = "extern int run(void); extern int table[4]; int two(void){return 2;} int all(void){return run() + table[0];}"
    library = compiled("libuser.so", user, "-l:libscip.so.1")
    assert package_unused.empty(tmp_path) > 150_000 and unused.stat().st_size < 50_000
    assert {one.name for one in package_unused.symbols(unused) if one.is_here} >= {"run", "table"}
    assert ctypes.CDLL(str(library)).two() == 2


@needs_a_compiler
def test_the_data_library_is_made_anew(compiled: Callable[..., Path]) -> None:
    items = [("icudt73l/de.res", b"D" * 40), ("icudt73l/fr.res", b"F" * 90_000), ("icudt73l/root.res", b"R" * 40)]
    data = ",".join(map(str, block(items)))
    library = compiled("libicudata.so.73", f"const unsigned char icudt73_dat[] = {{{data}}};")
    assert package_icu.slim(library) > 80_000
    kept = package_icu.block_of(block(items)[:32], [items[0], items[2]])
    loaded = (ctypes.c_char * len(kept)).in_dll(ctypes.CDLL(str(library)), "icudt73_dat")
    assert bytes(loaded) == kept


@needs_a_compiler
def test_libraries_that_only_need_each_other_go(compiled: Callable[..., Path], tmp_path: Path) -> None:
    inside, pillow = tmp_path / "inside", tmp_path / "inside" / "pillow.libs"
    pillow.mkdir(parents=True)
    for _ in range(2):  # the second time, the first one needs the second too
        compiled("libharfbuzz.so", "int a;", *(["-Wl,--no-as-needed", "-l:libfreetype.so"] if _ else []))
        compiled("libfreetype.so", "int b;", "-Wl,--no-as-needed", "-l:libharfbuzz.so")
    compiled("libjpeg.so", "int c;")
    compiled("_imaging.so", "int d;", "-Wl,--no-as-needed", "-l:libjpeg.so")
    for name in ("libharfbuzz.so", "libfreetype.so", "libjpeg.so"):
        shutil.move(tmp_path / name, pillow / name)
    shutil.move(tmp_path / "_imaging.so", inside / "_imaging.so")
    found = {path.name for path in package_prune._orphans(inside)}  # pyright: ignore[reportPrivateUsage]
    assert found == {"libharfbuzz.so", "libfreetype.so"}


def test_the_stand_in_of_pandas_has_the_names_that_ortools_uses() -> None:
    """Read from OR-Tools' own file: an update that uses more must be seen here, not by a planner."""
    import ortools.sat.python.cp_model as cp_model

    text = Path(str(cp_model.__file__)).read_text(encoding="utf-8")
    assert set(re.findall(r"\bpd\.(\w+)", text)) == set(stand_ins.PANDAS_NAMES)
