"""Where the packaged workstation starts."""

import sys
from multiprocessing import freeze_support

if __name__ == "__main__":
    freeze_support()
    from app.__main__ import main

    sys.exit(main())
