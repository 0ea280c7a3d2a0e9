"""Compile the kernels of the search into one library: ``python -m scripts.package_kernels FOLDER STEPS STAMP``.

The packaged solver loads that library (``scripts/frozen/stand_ins.py``) and needs neither numba nor LLVM. What is
compiled is what Python calls; kernels that only other kernels call are inside of it. For any processor of the kind,
because one compiled for the build machine could stop with an illegal instruction elsewhere. Needs a C compiler.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from engine.solve.searches.kernel_cache import keep_kernels_in
from scripts.frozen.stand_ins import LIBRARY, SIGNATURES, spec_of, symbol_of

_PROCESSOR = "generic"


def called_kernels() -> dict[Any, str]:
    """Return the kernels that plain Python functions of the solver mention, each with one such place."""
    import engine.solve

    found: dict[Any, str] = {}
    for info in pkgutil.walk_packages(engine.solve.__path__, "engine.solve."):
        module = importlib.import_module(info.name)
        for code in _plain_code(module):
            for kernel in _mentioned(code, vars(module)):
                found.setdefault(kernel, f"{module.__name__}.{code.co_qualname}")
    return found


def _plain_code(module: ModuleType) -> Iterator[CodeType]:
    """Return the code of functions and methods that were written in a module and are no kernels."""
    for value in list(vars(module).values()):
        if getattr(value, "__module__", None) != module.__name__:
            continue
        for part in [value, *(vars(value).values() if isinstance(value, type) else ())]:
            inner = (
                getattr(part, "__func__", None) or getattr(part, "fget", None) or getattr(part, "func", None) or part
            )
            if isinstance(inner, FunctionType):
                yield from _all_code(inner.__code__)


def _all_code(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _all_code(constant)


def _mentioned(code: CodeType, names: dict[str, Any]) -> Iterator[Any]:
    for name in code.co_names:
        value = names.get(name)
        if _is_kernel(value):
            yield value
        elif isinstance(value, ModuleType) and value.__name__.startswith("engine.solve"):
            yield from filter(_is_kernel, (getattr(value, other, None) for other in code.co_names))


def _is_kernel(value: Any) -> bool:
    return hasattr(value, "py_func") and hasattr(value, "nopython_signatures")


def signature_of(kernel: Any) -> Any:
    """Return the one signature under which Python calls a kernel; literal arguments come from other kernels."""
    from numba import types

    found = [one for one in kernel.nopython_signatures if not any(isinstance(a, types.Literal) for a in one.args)]
    if len(found) != 1:
        raise SystemExit(f"{symbol_of(kernel.py_func)} has {len(found)} signatures; one is expected. See _exercise().")
    return found[0]


def _exercise() -> None:
    """Call what warming up leaves out, so that every kernel has its signature."""
    from engine.solve.searches import flow_kernels, warm
    from engine.solve.searches.flow_search import FlowMap

    problem, _ = warm._tiny_problem(5)  # pyright: ignore[reportPrivateUsage]
    flow_kernels.setup_before(FlowMap(problem).flow, 0, -1, 0)
    problem, plan = warm._tiny_problem(2)  # pyright: ignore[reportPrivateUsage]
    graph: Any = warm.search_class("graph")(problem, plan, 0)
    for share in (0.05, 0.0):  # a share that goes back begins a new cycle
        graph.turn(5, share, lambda _: None)
    project: Any = warm.search_class("project")(problem, plan, 0)
    project.solution()


def compile_kernels(folder: Path, steps: Path, stamp: str) -> int:
    """Write the library and the signatures; return how many kernels Python calls.

    Parameters
    ----------
    folder
        Where they are written.
    steps
        Where numba keeps single kernels meanwhile: a build that was broken off goes on with them.
    stamp
        Of the sources.
    """
    keep_kernels_in(steps, stamp)
    from engine.solve.searches.warm import warm

    warm()
    _exercise()
    from numba.pycc.cc import CC

    aot: Any = importlib.import_module("numba.pycc.compiler")
    flags = aot.Flags

    def without_the_lock(*given: Any) -> Any:  # as in a checkout: kernels run beside the thread that watches the clock
        made = flags(*given)
        made.release_gil = True
        return made

    aot.Flags = without_the_lock
    library = CC(LIBRARY, source_module="engine.solve.searches.warm")
    library.output_dir = str(folder)
    library.target_cpu = _PROCESSOR
    specs: dict[str, list[Any]] = {}
    for kernel in called_kernels():
        signature = signature_of(kernel)
        specs[symbol_of(kernel.py_func)] = [spec_of(kind) for kind in signature.args]
        library.export(symbol_of(kernel.py_func), signature)(kernel.py_func)
    library.compile()
    (folder / SIGNATURES).write_text(json.dumps(specs, sort_keys=True) + "\n", encoding="utf-8")
    return len(specs)


if __name__ == "__main__":
    print(f"{compile_kernels(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])} kernels were compiled.")
