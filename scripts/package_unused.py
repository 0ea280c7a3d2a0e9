"""Empty stand-ins for libraries that OR-Tools is linked with and that CP-SAT never calls.

OR-Tools also has interfaces to solvers of mixed-integer programs (SCIP, HiGHS, CBC), which its one library names as
needed: it is not loaded without them. Libraries of the same names that hold the names asked for, and nothing behind
them, take 0.1 MB instead of 25. A call of one would end the solver's process at once, which its supervisor reports.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

UNUSED: Final = re.compile(r"lib(?:scip|highs|Cbc|CbcSolver|Cgl|Clp|ClpSolver|Osi|OsiCbc|OsiClp|CoinUtils)\.so")


@dataclass(frozen=True, slots=True)
class Symbol:
    """A name in a library's dynamic table."""

    name: str
    kind: str
    size: int
    is_here: bool


def symbols(library: Path) -> Iterator[Symbol]:
    """Return what a library defines for others, and what it wants of others."""
    said = subprocess.run(["readelf", "--dyn-syms", "-W", library], capture_output=True, text=True, check=True).stdout
    for line in said.splitlines():
        words = line.split()
        if len(words) >= 8 and re.fullmatch(r"\d+:", words[0]) and words[4] != "LOCAL":
            yield Symbol(words[7].split("@")[0], words[3], int(words[2], 0), words[6] != "UND")


def empty(libraries: Path) -> int:
    """Replace the unused libraries in OR-Tools' folder; return the bytes won. Needs a C compiler."""
    found = [path for path in libraries.rglob("*.so*") if path.is_file() and not path.is_symlink()]
    unused = [path for path in found if UNUSED.match(path.name)]
    wanted = {one.name for path in found if path not in unused for one in symbols(path) if not one.is_here}
    before = sum(path.stat().st_size for path in unused)
    for path in unused:
        _replace(path, [one for one in symbols(path) if one.is_here and one.name in wanted])
    return before - sum(path.stat().st_size for path in unused)


def _replace(library: Path, kept: list[Symbol]) -> None:
    """Link a library with some names, functions that trap and data of zeros, in the place of another."""
    lines = ['.section .note.GNU-stack,"",%progbits']
    for one in kept:
        lines.append(f".globl {one.name}")
        if one.kind == "FUNC":
            lines += [".text", f".type {one.name}, %function", f"{one.name}:", ".byte 0x0f, 0x0b"]
        else:
            lines += [".bss", ".balign 16", f".type {one.name}, %object", f"{one.name}:", f".zero {max(one.size, 8)}"]
            lines.append(f".size {one.name}, {one.size}")
    said = subprocess.run(["objdump", "-p", library], capture_output=True, text=True, check=True).stdout
    name = re.search(r"SONAME\s+(\S+)", said)
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder, "unused.s"), Path(folder, library.name)
        source.write_text("\n".join(lines) + "\n")
        link = ["cc", "-shared", "-nostdlib", "-s", f"-Wl,-soname,{name[1] if name else library.name}"]
        subprocess.run([*link, "-o", made, source], check=True)
        library.write_bytes(made.read_bytes())
