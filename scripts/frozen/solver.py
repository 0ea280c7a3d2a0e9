"""The packaged solver process: the worker, on kernels that were compiled at the build."""

import sys
from pathlib import Path

from scripts.frozen.stand_ins import KERNELS, do_without_pandas, use_compiled_kernels


def main() -> int:
    """Serve one run."""
    use_compiled_kernels(Path(getattr(sys, "_MEIPASS", "")) / KERNELS)
    do_without_pandas()
    from engine.worker import main as work

    return work()
