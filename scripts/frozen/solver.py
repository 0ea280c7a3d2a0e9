"""Where the packaged solver process starts. ``--compile FOLDER STAMP`` compiles the kernels, at the build."""

import sys
from multiprocessing import freeze_support
from pathlib import Path


def main(arguments: list[str]) -> int:
    """Serve one run, or compile the kernels into a folder."""
    from engine.solve.searches.kernel_cache import keep_kernels_in, use_shipped_kernels

    if arguments[:1] == ["--compile"]:
        keep_kernels_in(Path(arguments[1]), arguments[2])
        from engine.solve.searches.warm import warm

        print(f"{warm():.1f} s")
        return 0
    use_shipped_kernels()
    from engine.worker import main as work

    return work()


if __name__ == "__main__":
    freeze_support()
    sys.exit(main(sys.argv[1:]))
