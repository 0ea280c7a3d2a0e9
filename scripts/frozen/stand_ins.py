"""Small modules in the place of two large libraries that the packaged solver does without.

*numba* compiles; the kernels are compiled at the build (``scripts/package_kernels.py``), so that nothing is left to
compile and LLVM stays out. *pandas* is named by OR-Tools in interfaces that nobody here uses.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable
from importlib.machinery import ExtensionFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import numpy as np

KERNELS: Final = "kernels"
"""The folder in the packaged program."""
LIBRARY: Final = "taktwerk_kernels"
SIGNATURES: Final = "signatures.json"
PANDAS_NAMES: Final = ("Index", "Series")
_SCALARS: Final[dict[str, tuple[type, ...]]] = {
    "int64": (int, np.int64),
    "float64": (float, np.float64),
    "bool": (bool, np.bool_),
}


def symbol_of(function: Callable[..., Any]) -> str:
    """Return the name of a kernel in the library."""
    return f"{function.__module__}.{function.__name__}".replace(".", "__")


def spec_of(kind: Any) -> Any:
    """Return how a numba type is written in ``signatures.json``.

    ``"int64"``, ``"float64"``, ``"bool"``; ``["int64", 2]`` for a two-dimensional array in rows that may be written;
    ``{"fields": [...]}`` for a tuple. Raises ``ValueError`` for what the packaged program could not check.
    """
    name = str(kind)
    if name in _SCALARS:
        return name
    if hasattr(kind, "ndim"):
        if kind.layout != "C" or not kind.mutable or not kind.aligned:
            raise ValueError(f"an array that is not in rows or may not be written: {name}")
        return [str(kind.dtype), kind.ndim]
    if hasattr(kind, "types"):
        return {"fields": [spec_of(field) for field in kind.types]}
    raise ValueError(name)


class CompiledKernel:
    """A kernel as the search calls it: what it is given is checked, for the library takes bytes as they come."""

    def __init__(self, function: Callable[..., Any], compiled: Callable[..., Any], specs: list[Any]) -> None:
        self.__name__ = function.__name__
        self.__doc__ = function.__doc__
        self.py_func = function
        self._compiled = compiled
        self._specs = specs
        self._seen: list[Any] = [None] * len(specs)

    def __call__(self, *arguments: Any) -> Any:
        """Check the arguments and call the kernel; ``TypeError`` for what it was not compiled for."""
        if len(arguments) != len(self._specs):
            raise TypeError(f"{self.__name__} takes {len(self._specs)} arguments, not {len(arguments)}")
        for place, (argument, spec) in enumerate(zip(arguments, self._specs, strict=True)):
            if argument is not self._seen[place]:
                if not _fits(argument, spec):
                    raise TypeError(f"{self.__name__} was not compiled for argument {place}: {type(argument)}")
                self._seen[place] = argument if type(spec) is not str else None
        return self._compiled(*arguments)


def _fits(value: Any, spec: Any) -> bool:
    if isinstance(spec, str):
        return type(value) in _SCALARS[spec]
    if isinstance(spec, dict):
        fields = spec["fields"]
        return isinstance(value, tuple) and len(value) == len(fields) and all(map(_fits, value, fields))
    dtype, dimensions = spec
    return (
        isinstance(value, np.ndarray)
        and value.dtype.name == dtype
        and value.ndim == dimensions
        and value.flags.carray  # in rows, aligned, may be written
    )


def use_compiled_kernels(folder: Path) -> None:
    """Put the kernels of a library in the place of numba; must be called before anything imports numba."""
    file = next(path for path in folder.iterdir() if path.name.startswith(f"{LIBRARY}."))
    loader = ExtensionFileLoader(LIBRARY, str(file))
    spec = importlib.util.spec_from_file_location(LIBRARY, file, loader=loader)
    assert spec is not None
    library = importlib.util.module_from_spec(spec)
    loader.exec_module(library)
    signatures: dict[str, list[Any]] = json.loads((folder / SIGNATURES).read_text(encoding="utf-8"))

    def njit(**_: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
            name = symbol_of(function)
            if name not in signatures:  # only other kernels call it
                return function
            return CompiledKernel(function, getattr(library, name), signatures[name])

        return compiled

    module = ModuleType("numba", "Stands in for numba: every kernel was compiled at the build.")
    module.njit = njit  # type: ignore[attr-defined]
    sys.modules["numba"] = module


def do_without_pandas() -> None:
    """Give OR-Tools the names of pandas that its interfaces mention."""
    module = ModuleType("pandas", "Stands in for pandas, of which OR-Tools uses two names.")
    for name in PANDAS_NAMES:
        setattr(module, name, type(name, (), {}))
    sys.modules["pandas"] = module
