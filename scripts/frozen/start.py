"""Where the three packaged programs start: one archive of code, and the name of the program says what is done."""

import sys
from multiprocessing import freeze_support
from pathlib import Path


def main() -> int:
    """Be the program that was started."""
    from app.packaged import SOLVER, WORKSTATION

    name = Path(sys.executable).stem
    if name == SOLVER:
        from scripts.frozen import solver

        return solver.main()
    if name == WORKSTATION:
        from app.__main__ import main as workstation

        return workstation()
    from app.cli import main as command_line

    return command_line()


if __name__ == "__main__":
    freeze_support()
    sys.exit(main())
