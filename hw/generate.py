"""Everything that is generated from `hw.spec`: Verilog, C header, documentation.

``python -m hw.generate header PATH`` writes the C header.
"""

from __future__ import annotations

import sys
from pathlib import Path

from hw.header import c_header, write_header

__all__ = ["c_header", "write_header"]


def main(arguments: list[str]) -> int:
    """Entry of ``python -m hw.generate``."""
    match arguments:
        case ["header", path]:
            write_header(Path(path))
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
