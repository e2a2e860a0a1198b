"""What is generated from `hw.spec` beside Verilog: C header, documentation.

``python -m hw.generate header PATH`` writes the C header.
``python -m hw.generate docs`` rewrites the pages of docs/ that `hw.reference` makes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tilewright.hw.header import write_header
from tilewright.hw.reference import write_references


def main(arguments: list[str]) -> int:
    """Entry of ``python -m hw.generate``."""
    match arguments:
        case ["header", path]:
            write_header(Path(path))
        case ["docs"]:
            write_references(Path(__file__).resolve().parents[1] / "docs")
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
