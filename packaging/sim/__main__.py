"""`python -m sim` where the package is installed."""

import sys

from tilewright.sim.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
