"""Where the packaged command line starts: ``taktwerk``, which has no window."""

import sys
from multiprocessing import freeze_support

if __name__ == "__main__":
    freeze_support()
    from app.cli import main

    sys.exit(main())
