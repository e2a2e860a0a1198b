"""Entry of `python -m tilewright`."""

import sys

from tilewright.sim.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
